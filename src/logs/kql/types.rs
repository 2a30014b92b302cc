//! How values of the language lie in Arrow: the one place that says so.

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast, lit};

use super::literal::Value;
use super::span::Span;
use crate::engine::ingestion::schema::ColumnType;

/// The Arrow type of a column.
pub fn arrow_type(kind: ColumnType) -> DataType {
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

pub(super) fn field(name: &str, kind: ColumnType) -> Field {
    Field::new(name, arrow_type(kind), true)
}

/// A value as the query engine holds it.
pub(super) fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Null(ColumnType::String) => ScalarValue::Utf8View(Some(String::new())),
        Value::Null(kind) => ScalarValue::try_from(&arrow_type(*kind)).unwrap_or(ScalarValue::Null),
        Value::Bool(flag) => ScalarValue::Boolean(Some(*flag)),
        Value::Int(n) => ScalarValue::Int32(Some(*n)),
        Value::Long(n) => ScalarValue::Int64(Some(*n)),
        Value::Real(x) => ScalarValue::Float64(Some(*x)),
        Value::String(text) | Value::Guid(text) | Value::Dynamic(text) => {
            ScalarValue::Utf8View(Some(text.clone()))
        }
        Value::Datetime(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), None),
        Value::Timespan(micros) => ScalarValue::DurationMicrosecond(Some(*micros)),
    }
}

/// An expression whose type and place are known.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub expr: Expr,
    pub kind: ColumnType,
    pub span: Span,
}

impl Typed {
    pub fn new(expr: Expr, kind: ColumnType, span: Span) -> Typed {
        Typed { expr, kind, span }
    }

    pub fn literal(value: &Value, span: Span) -> Typed {
        Typed::new(lit(scalar(value)), value.kind(), span)
    }

    /// Its value, if it is the same for every row and known now.
    pub fn constant(&self) -> Option<&ScalarValue> {
        match &self.expr {
            Expr::Literal(value, _) => Some(value),
            _ => None,
        }
    }

    /// Its text, if it is a constant string.
    pub fn text(&self) -> Option<&str> {
        match self.constant() {
            Some(ScalarValue::Utf8View(text)) => Some(text.as_deref().unwrap_or_default()),
            _ => None,
        }
    }

    /// Its number, if it is a constant whole one.
    pub fn whole(&self) -> Option<i64> {
        match self.constant() {
            Some(ScalarValue::Int64(n)) => *n,
            Some(ScalarValue::Int32(n)) => n.map(i64::from),
            _ => None,
        }
    }

    /// Whether a row can have none. Strings are never null.
    pub fn nullable(&self) -> bool {
        self.kind != ColumnType::String && self.constant().is_none_or(ScalarValue::is_null)
    }

    /// In another type that Arrow converts to; what does not fit is null.
    pub fn cast(self, kind: ColumnType) -> Typed {
        let target = arrow_type(kind);
        let expr = match &self.expr {
            _ if arrow_type(self.kind) == target => self.expr,
            Expr::Literal(value, _) => value
                .cast_to(&target)
                .map(lit)
                .unwrap_or_else(|_| lit(scalar(&Value::Null(kind)))),
            _ => cast(self.expr, target),
        };
        Typed { expr, kind, ..self }
    }
}

/// The type that holds the values of both, for numbers.
pub(super) fn wider(a: ColumnType, b: ColumnType) -> Option<ColumnType> {
    use ColumnType::{Int, Long, Real};
    match (a, b) {
        _ if a == b => Some(a),
        (Int, Long) | (Long, Int) => Some(Long),
        (Int | Long, Real) | (Real, Int | Long) => Some(Real),
        _ => None,
    }
}

pub(super) fn is_number(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Int | ColumnType::Long | ColumnType::Real)
}
