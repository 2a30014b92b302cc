//! Columns as the log store lays them out: which Arrow type a Kusto type is.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::engine::ingestion::schema::{Column, ColumnType, Columns, TIME};

/// Times are UTC; GUIDs are 36 lower-case characters; dynamic is JSON text.
pub fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => DataType::Utf8View,
        ColumnType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::Timespan => DataType::Duration(TimeUnit::Microsecond),
    }
}

/// A text is never null, and every record has its time.
pub fn field(column: &Column) -> Field {
    let never = column.kind == ColumnType::String || &*column.name == TIME;
    Field::new(&*column.name, data_type(column.kind), !never)
}

pub fn schema(columns: &Columns) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// What a column holds in records that do not give it.
pub fn missing(kind: ColumnType, rows: usize) -> ArrayRef {
    match kind {
        ColumnType::String => Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(
            "", rows,
        ))),
        kind => new_null_array(&data_type(kind), rows),
    }
}
