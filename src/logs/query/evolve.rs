//! Columns as a table has them now, out of segments that were written when it had others (schema evolution). A
//! column a segment has not is empty there: "" in a text, null in everything else. One whose type was another is
//! cast, and what cannot be is as empty. Columns the table has no more are not read.

use std::sync::Arc;

use arrow::compute::{CastOptions, can_cast_types};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::util::display::FormatOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, case, is_null, lit};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};

/// Rewrites what a query asks of a table's columns into what can be asked of those of a segment.
#[derive(Debug)]
pub(super) struct Evolve;

impl PhysicalExprAdapterFactory for Evolve {
    fn create(
        &self,
        logical_file_schema: SchemaRef,
        physical_file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>> {
        Ok(Arc::new(Columns {
            now: logical_file_schema,
            then: physical_file_schema,
        }))
    }
}

#[derive(Debug)]
struct Columns {
    now: SchemaRef,
    then: SchemaRef,
}

impl PhysicalExprAdapter for Columns {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform_up(|expr| match expr.downcast_ref::<Column>() {
            Some(column) => self.column(column.name()).map(Transformed::yes),
            None => Ok(Transformed::no(expr)),
        })
        .data()
    }
}

impl Columns {
    fn column(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        let now = self.now.field_with_name(name)?;
        let Some((index, then)) = self.then.column_with_name(name) else {
            return empty(now);
        };
        let (from, to) = (then.data_type(), now.data_type());
        let mut found: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, index));
        if from != to {
            if !can_cast_types(from, to) {
                return empty(now);
            }
            let or_null = CastOptions {
                safe: true,
                format_options: FormatOptions::default(),
            };
            let cast = Arc::new(Field::new(name, to.clone(), true));
            found = Arc::new(CastExpr::new_with_target_field(found, cast, Some(or_null)));
        }
        if !now.is_nullable() && (then.is_nullable() || from != to) {
            let nothing = is_null(found.clone())?;
            return case(None, vec![(nothing, empty(now)?)], Some(found));
        }
        Ok(found)
    }
}

/// What a column holds where there is nothing.
fn empty(field: &Field) -> Result<Arc<dyn PhysicalExpr>> {
    let value = match field.data_type() {
        DataType::Utf8View if !field.is_nullable() => ScalarValue::Utf8View(Some(String::new())),
        // A segment without times is none that this lockbox wrote; its records are as old as can be.
        kind if !field.is_nullable() => ScalarValue::new_zero(kind)?,
        kind => ScalarValue::try_from(kind)?,
    };
    Ok(lit(value))
}
