//! A bound query as a logical plan of the query engine. Conditions stay as near to their tables as the
//! language allows, comparisons plain, so that the engine can prune files with them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column as EngineColumn, DFSchema, Result, ScalarValue, Spans, plan_err};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::expr::{InList, InSubquery};
use datafusion::logical_expr::expr_rewriter::normalize_col;
use datafusion::logical_expr::{
    Aggregate, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Subquery, TableSource, Union,
};

use super::bind::{Bound, Output, Rel, aggregate_name};
use super::types::{arrow_type, field};
use crate::engine::ingestion::schema::Column;

/// Gives the source of a table.
pub type Sources<'a> = &'a mut dyn FnMut(&str) -> Option<Arc<dyn TableSource>>;

/// The plan of a bound query over these sources. Its columns have the names, order and types of
/// [`Bound::columns`].
pub fn plan(bound: &Bound, sources: Sources<'_>) -> Result<LogicalPlan> {
    let mut planner = Planner {
        sources,
        subqueries: Vec::with_capacity(bound.subqueries.len()),
    };
    for subquery in &bound.subqueries {
        let plan = planner.rel(subquery)?;
        planner.subqueries.push(Arc::new(plan));
    }
    let root = planner.rel(&bound.root)?;
    // A bare scan names its columns after the table.
    let bare = root.schema().iter().any(|(table, _)| table.is_some());
    let extra = root.schema().fields().len() != bound.columns.len();
    if !bare && !extra {
        return Ok(root);
    }
    let outputs: Vec<Output> = bound
        .columns
        .iter()
        .map(|column| Output {
            expr: datafusion::prelude::ident(&*column.name),
            column: column.clone(),
        })
        .collect();
    planner.project(root, &outputs)
}

struct Planner<'a> {
    sources: Sources<'a>,
    subqueries: Vec<Arc<LogicalPlan>>,
}

impl Planner<'_> {
    fn rel(&mut self, rel: &Rel) -> Result<LogicalPlan> {
        match rel {
            Rel::Scan(table) => match (self.sources)(table) {
                Some(source) => {
                    let name = datafusion::common::TableReference::bare(Arc::clone(table));
                    LogicalPlanBuilder::scan(name, source, None)?.build()
                }
                None => plan_err!("the table {table} has no source"),
            },
            Rel::One => LogicalPlanBuilder::empty(true).build(),
            Rel::Rows { columns, values } => literal_rows(columns, values),
            Rel::Filter(input, condition) => {
                let input = self.rel(input)?;
                let condition = self.resolved(condition)?;
                LogicalPlanBuilder::from(input).filter(condition)?.build()
            }
            Rel::Project(input, outputs) => {
                let input = self.rel(input)?;
                self.project(input, outputs)
            }
            Rel::Aggregate {
                input,
                keys,
                aggregates,
            } => {
                let input = self.rel(input)?;
                let keys = self.outputs(&input, keys)?;
                let aggregates = aggregates
                    .iter()
                    .enumerate()
                    .map(|(at, expr)| {
                        let expr = normalize_col(self.resolved(expr)?, &input)?;
                        Ok(expr.alias(aggregate_name(at)))
                    })
                    .collect::<Result<Vec<_>>>()?;
                let aggregate = Aggregate::try_new(Arc::new(input), keys, aggregates)?;
                Ok(LogicalPlan::Aggregate(aggregate))
            }
            Rel::Distinct(input) => {
                let input = self.rel(input)?;
                LogicalPlanBuilder::from(input).distinct()?.build()
            }
            Rel::Sort(input, keys, fetch) => {
                let input = self.rel(input)?;
                let keys = keys
                    .iter()
                    .map(|key| Ok(key.with_expr(self.resolved(&key.expr)?)))
                    .collect::<Result<Vec<_>>>()?;
                LogicalPlanBuilder::from(input)
                    .sort_with_limit(keys, *fetch)?
                    .build()
            }
            Rel::Limit(input, count) => {
                let input = self.rel(input)?;
                LogicalPlanBuilder::from(input)
                    .limit(0, Some(*count))?
                    .build()
            }
            Rel::FirstOf(input, keys, columns) => {
                let input = self.rel(input)?;
                let named = |names: &[Arc<str>]| {
                    names
                        .iter()
                        .map(|name| datafusion::prelude::ident(&**name))
                        .collect::<Vec<_>>()
                };
                LogicalPlanBuilder::from(input)
                    .distinct_on(named(keys), named(columns), None)?
                    .build()
            }
            Rel::Join {
                left,
                right,
                kind,
                on,
            } => {
                let left = self.rel(left)?;
                let right = self.rel(right)?;
                let name = |name: &Arc<str>| EngineColumn::new_unqualified(&**name);
                let keys: (Vec<EngineColumn>, Vec<EngineColumn>) =
                    on.iter().map(|(l, r)| (name(l), name(r))).unzip();
                LogicalPlanBuilder::from(left)
                    .join(right, *kind, keys, None)?
                    .build()
            }
            Rel::Union(legs) => {
                let legs = legs
                    .iter()
                    .map(|leg| self.rel(leg).map(Arc::new))
                    .collect::<Result<Vec<_>>>()?;
                match <[Arc<LogicalPlan>; 1]>::try_from(legs) {
                    Ok([only]) => Ok(Arc::unwrap_or_clone(only)),
                    Err(legs) => Ok(LogicalPlan::Union(Union::try_new_with_loose_types(legs)?)),
                }
            }
            Rel::Expand(input, columns) => {
                let input = self.rel(input)?;
                let columns = columns
                    .iter()
                    .map(|name| EngineColumn::new_unqualified(&**name))
                    .collect();
                LogicalPlanBuilder::from(input)
                    .unnest_columns_with_options(columns, Default::default())?
                    .build()
            }
        }
    }

    fn project(&mut self, input: LogicalPlan, outputs: &[Output]) -> Result<LogicalPlan> {
        let exprs = self.outputs(&input, outputs)?;
        LogicalPlanBuilder::from(input).project(exprs)?.build()
    }

    /// Computed columns under their names, each in the Arrow type of its own type.
    fn outputs(&mut self, input: &LogicalPlan, outputs: &[Output]) -> Result<Vec<Expr>> {
        outputs
            .iter()
            .map(|output| {
                let expr = normalize_col(self.resolved(&output.expr)?, input)?;
                let schema: &DFSchema = input.schema();
                let wanted = arrow_type(output.column.kind);
                let given = expr.get_type(schema)?;
                let lists = matches!(given, arrow::datatypes::DataType::List(_));
                let expr = match given == wanted || lists {
                    true => expr,
                    false => expr.cast_to(&wanted, schema)?,
                };
                Ok(expr.alias(&*output.column.name))
            })
            .collect()
    }

    /// Puts tables where an expression has a place for them.
    fn resolved(&self, expr: &Expr) -> Result<Expr> {
        if self.subqueries.is_empty() {
            return Ok(expr.clone());
        }
        let subquery = |id: &str, what: &str| {
            let number = id.strip_prefix(what)?.trim().parse::<usize>().ok()?;
            let plan = self.subqueries.get(number)?;
            Some(Subquery {
                subquery: Arc::clone(plan),
                outer_ref_columns: Vec::new(),
                spans: Spans::new(),
            })
        };
        let resolved = expr.clone().transform_down(|expr| {
            Ok(match expr {
                Expr::InList(InList {
                    expr,
                    list,
                    negated,
                }) => match list.as_slice() {
                    [Expr::Placeholder(place)] => match subquery(&place.id, "$in") {
                        Some(subquery) => Transformed::yes(Expr::InSubquery(InSubquery::new(
                            expr, subquery, negated,
                        ))),
                        None => return plan_err!("there is no table for {}", place.id),
                    },
                    _ => Transformed::no(Expr::InList(InList::new(expr, list, negated))),
                },
                Expr::Placeholder(place) => match subquery(&place.id, "$scalar") {
                    Some(subquery) => Transformed::yes(Expr::ScalarSubquery(subquery)),
                    None => return plan_err!("there is no table for {}", place.id),
                },
                other => Transformed::no(other),
            })
        })?;
        Ok(resolved.data)
    }
}

fn literal_rows(columns: &[Column], values: &[Vec<ScalarValue>]) -> Result<LogicalPlan> {
    let fields: Vec<_> = columns.iter().map(|c| field(&c.name, c.kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns
        .iter()
        .zip(values)
        .map(|(column, values)| match values.is_empty() {
            true => Ok(arrow::array::new_empty_array(&arrow_type(column.kind))),
            false => ScalarValue::iter_to_array(values.iter().cloned()),
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    let table = MemTable::try_new(schema, vec![vec![batch]])?;
    LogicalPlanBuilder::scan("literal", provider_as_source(Arc::new(table)), None)?.build()
}
