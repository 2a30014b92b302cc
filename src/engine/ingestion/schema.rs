//! Columns of a table: their names and Kusto types.

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use crate::engine::words::words;

words! {
    /// The scalar types of the Kusto Query Language that a column can have.
    ColumnType {
        Bool = "bool",
        /// 32 bits.
        Int = "int",
        /// 64 bits.
        Long = "long",
        /// IEEE 754 double.
        Real = "real",
        /// Never null: a missing one is empty.
        String = "string",
        /// UTC, at microsecond grain.
        Datetime = "datetime",
        /// At microsecond grain.
        Timespan = "timespan",
        Guid = "guid",
        /// JSON.
        Dynamic = "dynamic",
    }
}

/// Every table has this column: when what a record tells of happened.
pub const TIME: &str = "TimeGenerated";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: Arc<str>,
    pub kind: ColumnType,
}

impl Column {
    pub fn new(name: &str, kind: ColumnType) -> Column {
        Column {
            name: name.into(),
            kind,
        }
    }
}

/// The columns of a table in the order in which they came.
pub type Columns = Vector<Column>;
