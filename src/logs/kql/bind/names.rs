//! What columns are called: by the query, after what they are computed from, or `Column1`; and how a name
//! that is taken gets a number.

use std::sync::Arc;

use super::super::ast::{Expr, ExprKind};
use super::super::functions::{self, Naming, aggregates};
use super::super::literal::Value;
use crate::engine::ingestion::schema::Column;

/// The name an expression gives its column, if any.
pub fn of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Member(of, name) => Some(format!("{}_{}", self::of(of)?, name.text)),
        ExprKind::Index(of, index) => {
            let index = match &index.kind {
                ExprKind::Literal(Value::String(key)) => key.clone(),
                ExprKind::Literal(Value::Long(at)) => at.to_string(),
                _ => return None,
            };
            Some(format!("{}_{index}", self::of(of)?))
        }
        ExprKind::Call(name, args) => {
            let first = args.first().and_then(of);
            if let Some(aggregate) = aggregates::find(&name.text) {
                return match aggregates::naming(aggregate) {
                    Naming::First => first,
                    _ => Some(format!(
                        "{}_{}",
                        aggregate.prefix,
                        first.unwrap_or_default()
                    )),
                };
            }
            match functions::find(&name.text)?.naming {
                Naming::None => None,
                Naming::First => first,
                Naming::Prefix => Some(format!("{}_{}", name.text, first?)),
            }
        }
        _ => None,
    }
}

/// The name itself, or with the first number behind it that nobody has.
pub fn free(name: &str, taken: &[Column]) -> Arc<str> {
    let is_free = |name: &str| taken.iter().all(|column| &*column.name != name);
    if is_free(name) {
        return name.into();
    }
    (1..=taken.len() + 1)
        .map(|number| format!("{name}{number}"))
        .find(|name| is_free(name))
        .unwrap_or_else(|| name.to_owned())
        .into()
}
