//! Names and types: a query against the tables there are, at one moment of simulated time. What comes out
//! has no unknown name and no wrong type in it, and says which tables it will read, and of what time.

mod expr;
mod names;
mod operators;
mod reach;
mod render;

use std::sync::{Arc, LazyLock};

use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, JoinType};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use imbl::OrdMap;

pub use render::{Chart, Render};

use super::ast::{Definition, Query, Statement};
use super::error::{Fault, KqlError};
use super::span::Span;
use super::types::Typed;
use crate::engine::ingestion::schema::{Column, Columns, TIME};
use crate::engine::time::SimTime;

/// The tables a query may name.
pub trait Catalog {
    /// None if there is no such table.
    fn columns(&self, table: &str) -> Option<Columns>;
    fn tables(&self) -> Vec<String>;
}

/// A table that a query reads, and of what time: a row outside cannot change the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    pub table: Arc<str>,
    /// The earliest `TimeGenerated` that matters; `i64::MIN` if the query does not say.
    pub from: SimTime,
    /// The latest one, itself included; `i64::MAX` if the query does not say. Before `from` if no row can
    /// matter.
    pub to: SimTime,
}

/// A query that can be planned.
#[derive(Debug)]
pub struct Bound {
    /// Of the result, in order.
    pub columns: Vec<Column>,
    /// How to draw it.
    pub render: Option<Render>,
    /// A table once for each time it is read.
    pub touches: Vec<Touch>,
    pub(super) root: Rel,
    /// Tables inside expressions, by number.
    pub(super) subqueries: Vec<Rel>,
}

/// A table operator, its columns named as in the language and nowhere twice.
#[derive(Debug, Clone)]
pub(super) enum Rel {
    Scan(Arc<str>),
    /// One row without columns.
    One,
    Rows {
        columns: Vec<Column>,
        /// By column.
        values: Vec<Vec<ScalarValue>>,
    },
    Filter(Box<Rel>, Expr),
    Project(Box<Rel>, Vec<Output>),
    Aggregate {
        input: Box<Rel>,
        keys: Vec<Output>,
        /// Named by [`aggregate_name`].
        aggregates: Vec<Expr>,
    },
    Distinct(Box<Rel>),
    Sort(
        Box<Rel>,
        Vec<datafusion::logical_expr::SortExpr>,
        Option<usize>,
    ),
    Limit(Box<Rel>, usize),
    /// The first row for each value of these columns.
    FirstOf(Box<Rel>, Vec<Arc<str>>, Vec<Arc<str>>),
    Join {
        left: Box<Rel>,
        right: Box<Rel>,
        kind: JoinType,
        /// A column of the left, one of the right.
        on: Vec<(Arc<str>, Arc<str>)>,
    },
    Union(Vec<Rel>),
    /// One row for each item of these columns, which are arrays in JSON, side by side.
    Expand(Box<Rel>, Vec<Arc<str>>),
}

/// A column that is computed.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub expr: Expr,
    pub column: Column,
}

/// The column that holds an aggregate until the language's own columns are computed from it.
pub(super) fn aggregate_name(number: usize) -> String {
    format!("\u{1}{number}")
}

/// Something was wrong and has been reported.
#[derive(Debug, Clone, Copy)]
struct Failed;

type Outcome<T> = Result<T, Failed>;

/// Names that `let` and parameters give.
type Scope = OrdMap<Arc<str>, Meaning>;

#[derive(Debug, Clone)]
enum Meaning {
    Scalar(Typed),
    /// Read again wherever it is named.
    Defined(Arc<Definition>, Scope),
}

/// A table while it is being bound.
#[derive(Debug, Clone)]
struct Table {
    rel: Rel,
    columns: Vec<Column>,
    /// False after a mistake that leaves columns unknown: no more is said about them.
    complete: bool,
    /// The touches whose `TimeGenerated` this table's is, unchanged.
    heads: Vec<usize>,
    name: Option<Arc<str>>,
}

/// Steps in which one query is bound: names that stand for long texts may multiply them.
const MOST_WORK: usize = 50_000;
/// Definitions within definitions.
const DEEPEST: usize = 100;
/// Operators on the way of a row, definitions written out.
const MOST_OPERATORS: usize = 200;
const MOST_COLUMNS: usize = 1_000;
const MOST_FAULTS: usize = 20;

struct Binder<'a> {
    catalog: &'a dyn Catalog,
    /// Microseconds since 1970.
    now: i64,
    faults: Vec<Fault>,
    touches: Vec<Touch>,
    subqueries: Vec<Rel>,
    work: usize,
    depth: usize,
    operators: usize,
    render: Option<Render>,
}

/// Binds a query to the tables of a catalog. `now()` is the time given.
pub fn bind(query: &Query, catalog: &dyn Catalog, now: SimTime) -> Result<Bound, Vec<KqlError>> {
    let mut binder = Binder {
        catalog,
        now: now.0,
        faults: Vec::new(),
        touches: Vec::new(),
        subqueries: Vec::new(),
        work: 0,
        depth: 0,
        operators: 0,
        render: None,
    };
    let table = binder.query(&query.statements);
    match table {
        Ok(table) if binder.faults.is_empty() => Ok(Bound {
            columns: table.columns,
            render: binder.render,
            touches: binder.touches,
            root: table.rel,
            subqueries: binder.subqueries,
        }),
        _ => {
            let mut faults = binder.faults;
            faults.sort_by_key(|fault| fault.span.start);
            faults.dedup();
            Err(faults
                .into_iter()
                .map(|fault| fault.place(query.text()))
                .collect())
        }
    }
}

impl Binder<'_> {
    fn query(&mut self, statements: &[Statement]) -> Outcome<Table> {
        let mut scope = Scope::new();
        let mut result = Err(Failed);
        for statement in statements {
            match statement {
                Statement::Let(..) => self.define(statement, &mut scope),
                Statement::Tabular(pipeline) => {
                    result = self.pipeline(pipeline, &scope, true);
                    if let Ok(table) = &result
                        && table.columns.is_empty()
                        && table.complete
                    {
                        result = self.fail(Fault::new(pipeline.span, "the result has no column"));
                    }
                }
            }
        }
        if result.is_err() && self.faults.is_empty() {
            let end = Span::default();
            self.report(Fault::new(end, "the query has no result: it needs a table"));
        }
        result
    }

    /// A definition is read where it is named; a scalar is worth its value at once.
    fn define(&mut self, statement: &Statement, scope: &mut Scope) {
        let Statement::Let(name, definition) = statement else {
            return;
        };
        let mut meaning = Meaning::Defined(Arc::clone(definition), scope.clone());
        if let Definition::Value(pipeline) = &**definition {
            // Read here only to report its mistakes, also when nobody names it: its tables are counted where
            // it is named.
            let (touches, subqueries) = (self.touches.len(), self.subqueries.len());
            let operators = self.operators;
            let bound = if self.is_table(pipeline, scope) {
                self.pipeline(pipeline, scope, false).err()
            } else {
                match self.lone_scalar(pipeline, scope) {
                    Ok(typed) if typed.constant().is_some() => {
                        meaning = Meaning::Scalar(typed);
                        None
                    }
                    Ok(_) => None,
                    Err(failed) => Some(failed),
                }
            };
            self.touches.truncate(touches);
            self.subqueries.truncate(subqueries);
            self.operators = operators;
            if bound.is_some() {
                meaning = Meaning::Scalar(Typed::literal(
                    &super::literal::Value::Null(
                        crate::engine::ingestion::schema::ColumnType::Dynamic,
                    ),
                    name.span,
                ));
            }
        }
        scope.insert(Arc::clone(&name.text), meaning);
    }

    fn report(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }

    fn fail<T>(&mut self, fault: Fault) -> Outcome<T> {
        self.report(fault);
        Err(Failed)
    }

    /// Reports a fault as a failure.
    fn checked<T>(&mut self, result: Result<T, Fault>) -> Outcome<T> {
        result.map_err(|fault| {
            self.report(fault);
            Failed
        })
    }

    /// Counts work, so that definitions cannot multiply it without a bound.
    fn spend(&mut self, work: usize, span: Span) -> Outcome<()> {
        self.work = self.work.saturating_add(work);
        if self.work > MOST_WORK {
            let message = "the query is too large when its definitions are written out";
            return self.fail(Fault::new(span, message));
        }
        Ok(())
    }

    /// Runs a step one level deeper.
    fn deeper<T>(&mut self, span: Span, step: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.spend(1, span)?;
        if self.depth >= DEEPEST {
            let message = "definitions are nested too deep here";
            return self.fail(Fault::new(span, message));
        }
        self.depth += 1;
        let outcome = step(self);
        self.depth -= 1;
        outcome
    }

    /// A table of the catalog, whole.
    fn scan(&mut self, name: &str, span: Span) -> Outcome<Table> {
        let Some(columns) = self.catalog.columns(name) else {
            let tables = self.catalog.tables();
            let fault = Fault::new(span, format!("there is no table {name}"));
            return self.fail(fault.near(name, tables.iter().map(String::as_str)));
        };
        self.spend(columns.len(), span)?;
        let table: Arc<str> = name.into();
        self.touches.push(Touch {
            table: Arc::clone(&table),
            from: SimTime(i64::MIN),
            to: SimTime(i64::MAX),
        });
        let timed = columns.iter().any(|column| &*column.name == TIME);
        Ok(Table {
            rel: Rel::Scan(Arc::clone(&table)),
            columns: columns.into_iter().collect(),
            complete: true,
            heads: timed
                .then_some(self.touches.len() - 1)
                .into_iter()
                .collect(),
            name: Some(table),
        })
    }
}

static OPTIONS: LazyLock<Arc<ConfigOptions>> = LazyLock::new(Arc::default);
static NO_COLUMNS: LazyLock<Arc<DFSchema>> = LazyLock::new(|| Arc::new(DFSchema::empty()));

/// The value of an expression without columns.
pub(super) fn evaluate(expr: Expr) -> Result<ScalarValue, DataFusionError> {
    if let Expr::Literal(value, _) = expr {
        return Ok(value);
    }
    let context = SimplifyContext::builder()
        .with_config_options(Arc::clone(&OPTIONS))
        .with_schema(Arc::clone(&NO_COLUMNS))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let expr = simplifier.coerce(expr, &NO_COLUMNS)?;
    match simplifier.simplify(expr)? {
        Expr::Literal(value, _) => Ok(value),
        other => Err(DataFusionError::Plan(format!("{other} is no constant"))),
    }
}
