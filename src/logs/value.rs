//! Values of an answer, as text for people and as JSON for programs: the one place that says how a type of the
//! language is written.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Float64Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::util::display::array_value_to_string;
use serde_json::{Number, Value, json};

use crate::engine::ingestion::schema::ColumnType;

const MICROS: u64 = 1_000_000;

/// One column of an answer, or of a part of it.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    array: &'a ArrayRef,
    kind: ColumnType,
}

impl<'a> Values<'a> {
    /// `kind` is what the column has in the language; one that the engine lays out in another way is written as
    /// the engine would.
    pub fn new(array: &'a ArrayRef, kind: ColumnType) -> Values<'a> {
        Values { array, kind }
    }

    /// Whether numbers and times stand in it, which people read from the right.
    pub fn is_number(kind: ColumnType) -> bool {
        matches!(
            kind,
            ColumnType::Int | ColumnType::Long | ColumnType::Real | ColumnType::Timespan
        )
    }

    /// For people; empty for null. It may be anything a stranger wrote: whoever shows it scrubs it.
    pub fn text(&self, row: usize) -> String {
        match self.value(row) {
            Cell::Null => String::new(),
            Cell::Bool(flag) => flag.to_string(),
            Cell::Whole(n) => n.to_string(),
            Cell::Real(x) => real(x),
            // A text within JSON is shown as the text it is.
            Cell::Text(text) if self.kind == ColumnType::Dynamic && text.starts_with('"') => {
                serde_json::from_str(&text).unwrap_or(text)
            }
            Cell::Text(text) => text,
            Cell::Datetime(micros) => datetime(micros, " ", ""),
            Cell::Timespan(micros) => timespan(micros),
        }
    }

    /// Times in ISO 8601; a number that JSON does not have is its name.
    pub fn json(&self, row: usize) -> Value {
        match self.value(row) {
            Cell::Null => Value::Null,
            Cell::Bool(flag) => json!(flag),
            Cell::Whole(n) => json!(n),
            Cell::Real(x) => Number::from_f64(x).map_or_else(|| json!(real(x)), Value::Number),
            Cell::Text(text) => match self.kind {
                // What is stored as dynamic is JSON; what a query makes of it may be any text.
                ColumnType::Dynamic => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                _ => Value::String(text),
            },
            Cell::Datetime(micros) => json!(datetime(micros, "T", "Z")),
            Cell::Timespan(micros) => json!(timespan(micros)),
        }
    }

    /// As a number to draw: a timespan in seconds. None for null and for what is none.
    pub fn number(&self, row: usize) -> Option<f64> {
        match self.value(row) {
            Cell::Whole(n) => Some(n as f64),
            Cell::Real(x) if x.is_finite() => Some(x),
            Cell::Timespan(micros) => Some(micros as f64 / MICROS as f64),
            _ => None,
        }
    }

    fn value(&self, row: usize) -> Cell {
        let array = self.array;
        if array.is_null(row) {
            return Cell::Null;
        }
        match array.data_type() {
            DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
            DataType::Int32 => Cell::Whole(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::Int64 => Cell::Whole(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Cell::Real(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8View => Cell::Text(array.as_string_view().value(row).to_owned()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Cell::Datetime(array.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            DataType::Duration(TimeUnit::Microsecond) => {
                Cell::Timespan(array.as_primitive::<DurationMicrosecondType>().value(row))
            }
            _ => Cell::Text(array_value_to_string(array, row).unwrap_or_default()),
        }
    }
}

enum Cell {
    Null,
    Bool(bool),
    Whole(i64),
    Real(f64),
    Text(String),
    Datetime(i64),
    Timespan(i64),
}

/// The shortest text that reads back as the same number.
fn real(x: f64) -> String {
    if x.is_nan() {
        "NaN".to_owned()
    } else if x.is_infinite() {
        if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if x != 0.0 && !(1e-5..1e16).contains(&x.abs()) {
        format!("{x:e}")
    } else {
        x.to_string()
    }
}

/// `2020-11-22T09:00:00.5Z`: as many digits of a second as it has.
fn datetime(micros: i64, between: &str, end: &str) -> String {
    match chrono::DateTime::from_timestamp_micros(micros) {
        Some(at) => {
            let at = at.naive_utc();
            let fraction = fraction(u64::from(at.and_utc().timestamp_subsec_micros()));
            format!(
                "{}{between}{}{fraction}{end}",
                at.format("%Y-%m-%d"),
                at.format("%H:%M:%S")
            )
        }
        // Beyond every calendar.
        None => format!("{micros} us"),
    }
}

/// `1.02:03:04.5`, as the language writes it.
fn timespan(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let all = micros.unsigned_abs();
    let seconds = all / MICROS;
    let days = match seconds / 86_400 {
        0 => String::new(),
        days => format!("{days}."),
    };
    format!(
        "{sign}{days}{:02}:{:02}:{:02}{}",
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        fraction(all % MICROS)
    )
}

fn fraction(micros: u64) -> String {
    match micros {
        0 => String::new(),
        micros => format!(".{micros:06}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, DurationMicrosecondArray, Float64Array, Int64Array, StringViewArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn both(array: ArrayRef, kind: ColumnType) -> Vec<(String, Value)> {
        let values = Values::new(&array, kind);
        (0..array.len())
            .map(|row| (values.text(row), values.json(row)))
            .collect()
    }

    fn pair(text: &str, json: Value) -> (String, Value) {
        (text.to_owned(), json)
    }

    #[test]
    fn each_type_is_written_as_the_language_writes_it_and_null_is_nothing() {
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        assert_eq!(
            both(flags, ColumnType::Bool),
            [pair("true", json!(true)), pair("", Value::Null)]
        );
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN]));
        assert_eq!(
            both(whole, ColumnType::Long),
            [pair("-9223372036854775808", json!(i64::MIN))]
        );
        let reals: ArrayRef = Arc::new(Float64Array::from(vec![0.1, 2.0, f64::NAN, 1e-9, -1e300]));
        assert_eq!(
            both(reals, ColumnType::Real),
            [
                pair("0.1", json!(0.1)),
                pair("2", json!(2.0)),
                pair("NaN", json!("NaN")),
                pair("1e-9", json!(1e-9)),
                pair("-1e300", json!(-1e300)),
            ]
        );
        let at = 1_606_035_600_500_000;
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![at, i64::MAX]));
        let times = both(times, ColumnType::Datetime);
        assert_eq!(
            times[0],
            pair("2020-11-22 09:00:00.5", json!("2020-11-22T09:00:00.5Z"))
        );
        let spans: ArrayRef = Arc::new(DurationMicrosecondArray::from(vec![
            0,
            -93_784_000_001,
            i64::MIN,
        ]));
        let spans = both(spans, ColumnType::Timespan);
        assert_eq!(spans[0], pair("00:00:00", json!("00:00:00")));
        assert_eq!(
            spans[1],
            pair("-1.02:03:04.000001", json!("-1.02:03:04.000001"))
        );
    }

    #[test]
    fn dynamic_is_json_within_json_and_a_string_never_is() {
        let text: ArrayRef = Arc::new(StringViewArray::from(vec![r#"{"a":[1]}"#, "not json"]));
        let dynamic: Vec<Value> = both(text.clone(), ColumnType::Dynamic)
            .into_iter()
            .map(|(_, json)| json)
            .collect();
        assert_eq!(dynamic, [json!({"a": [1]}), json!("not json")]);
        assert_eq!(both(text, ColumnType::String)[0].1, json!(r#"{"a":[1]}"#));
    }
}
