//! What a condition says about `TimeGenerated`: the range outside of which it cannot hold.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use crate::engine::ingestion::schema::TIME;

/// From and to, both included.
pub type Range = (i64, i64);

const EVERYTHING: Range = (i64::MIN, i64::MAX);
const NOTHING: Range = (i64::MAX, i64::MIN);

/// A range that holds every `TimeGenerated` for which the condition can be true.
pub fn of(condition: &Expr) -> Range {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => meet(of(left), of(right)),
            Operator::Or => {
                let (a, b) = (of(left), of(right));
                (a.0.min(b.0), a.1.max(b.1))
            }
            _ => match (&**left, instant(right)) {
                (Expr::Column(column), Some(at)) if column.name == TIME => compared(*op, at),
                _ => match (&**right, instant(left), op.swap()) {
                    (Expr::Column(column), Some(at), Some(op)) if column.name == TIME => {
                        compared(op, at)
                    }
                    _ => EVERYTHING,
                },
            },
        },
        Expr::Literal(ScalarValue::Boolean(Some(false)), _) => NOTHING,
        _ => EVERYTHING,
    }
}

/// The range of both.
pub fn meet(a: Range, b: Range) -> Range {
    (a.0.max(b.0), a.1.min(b.1))
}

fn compared(op: Operator, at: i64) -> Range {
    match op {
        Operator::Eq => (at, at),
        Operator::Lt => (i64::MIN, at.saturating_sub(1)),
        Operator::LtEq => (i64::MIN, at),
        Operator::Gt => (at.saturating_add(1), i64::MAX),
        Operator::GtEq => (at, i64::MAX),
        _ => EVERYTHING,
    }
}

fn instant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampMicrosecond(at, _), _) => *at,
        _ => None,
    }
}
