//! What type the column of a new field gets.

use super::values::{self, Value};
use crate::engine::ingestion::schema::ColumnType;

/// What values of a field were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Bool,
    Long,
    Real,
    Datetime,
    Text,
    Dynamic,
}

impl Seen {
    /// A value that carries its type, as in JSON. A text in full ISO 8601 is a time. None: there is no value.
    pub fn typed(value: &Value<'_>) -> Option<Seen> {
        Some(match value {
            Value::Missing => return None,
            Value::Bool(_) => Seen::Bool,
            Value::Long(_) => Seen::Long,
            Value::Huge(_) | Value::Real(_) => Seen::Real,
            Value::Instant(_) => Seen::Datetime,
            Value::Text(text) if values::instant(text).is_some() => Seen::Datetime,
            Value::Text(_) => Seen::Text,
            Value::Nested(_) => Seen::Dynamic,
        })
    }

    /// A value of which there is only text, as in CSV. Digits after a leading zero are no number: codes are
    /// written so.
    pub fn untyped(value: &Value<'_>) -> Option<Seen> {
        let Value::Text(text) = value else {
            return Seen::typed(value);
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        Some(if values::boolean(text).is_some() {
            Seen::Bool
        } else if !code && values::long(text).is_some() {
            Seen::Long
        } else if !code && text.contains('.') && values::real(text).is_some() {
            Seen::Real
        } else {
            return Seen::typed(value);
        })
    }

    /// What holds both.
    pub fn with(self, other: Seen) -> Seen {
        match (self, other) {
            (one, two) if one == two => one,
            (Seen::Long | Seen::Real, Seen::Long | Seen::Real) => Seen::Real,
            (Seen::Dynamic, _) | (_, Seen::Dynamic) => Seen::Dynamic,
            _ => Seen::Text,
        }
    }

    pub fn kind(self) -> ColumnType {
        match self {
            Seen::Bool => ColumnType::Bool,
            Seen::Long => ColumnType::Long,
            Seen::Real => ColumnType::Real,
            Seen::Datetime => ColumnType::Datetime,
            Seen::Text => ColumnType::String,
            Seen::Dynamic => ColumnType::Dynamic,
        }
    }
}
