//! Values as a query or a field writes them: instants, lengths of time, and their text forms. Used by the
//! lexer for literals and by the conversion functions for data, so that both read the same.

use chrono::{DateTime, NaiveDate};
use winnow::ascii::{Caseless, digit1, space0, space1};
use winnow::combinator::{alt, opt, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::take_while;

use crate::engine::ingestion::schema::ColumnType;

/// A constant of the language.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of every type but string, which has none.
    Null(ColumnType),
    Bool(bool),
    Int(i32),
    Long(i64),
    Real(f64),
    String(String),
    /// Microseconds since 1970.
    Datetime(i64),
    /// Microseconds.
    Timespan(i64),
    Guid(String),
    /// JSON text.
    Dynamic(String),
}

impl Value {
    pub fn kind(&self) -> ColumnType {
        match self {
            Value::Null(kind) => *kind,
            Value::Bool(_) => ColumnType::Bool,
            Value::Int(_) => ColumnType::Int,
            Value::Long(_) => ColumnType::Long,
            Value::Real(_) => ColumnType::Real,
            Value::String(_) => ColumnType::String,
            Value::Datetime(_) => ColumnType::Datetime,
            Value::Timespan(_) => ColumnType::Timespan,
            Value::Guid(_) => ColumnType::Guid,
            Value::Dynamic(_) => ColumnType::Dynamic,
        }
    }
}

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// 0001-01-01T00:00:00Z, from which `bin` counts.
pub const DATETIME_MIN: i64 = -62_135_596_800 * SECOND;
/// The last microsecond of 9999.
pub const DATETIME_MAX: i64 = 253_402_300_799_999_999;

/// Names of units of time, with their microseconds.
const UNITS: [(&[&str], f64); 7] = [
    (&["d", "day", "days"], DAY as f64),
    (&["h", "hr", "hrs", "hour", "hours"], HOUR as f64),
    (&["m", "min", "minute", "minutes"], MINUTE as f64),
    (&["s", "sec", "second", "seconds"], SECOND as f64),
    (
        &["ms", "milli", "millis", "millisecond", "milliseconds"],
        1_000.0,
    ),
    (
        &["micro", "micros", "microsecond", "microseconds", "us"],
        1.0,
    ),
    (&["tick", "ticks"], 0.1),
];

/// `number` of a unit in microseconds; none if the unit is not one, or the span too long.
pub fn of_unit(number: f64, unit: &str) -> Option<i64> {
    let size = UNITS
        .iter()
        .find(|(names, _)| names.contains(&unit))
        .map(|(_, size)| size)?;
    let micros = (number * size).round();
    (micros.abs() < 9.2e18).then_some(micros as i64)
}

type Text<'a, 'b> = &'a mut &'b str;

fn digits(min: usize, max: usize) -> impl Fn(Text<'_, '_>) -> Result<i64, EmptyError> {
    move |i| {
        take_while(min..=max, |c: char| c.is_ascii_digit())
            .parse_to()
            .parse_next(i)
    }
}

/// The digits after a decimal point, as microseconds; finer ones are cut.
fn fraction(i: Text<'_, '_>) -> Result<i64, EmptyError> {
    preceded('.', digit1)
        .map(|text: &str| {
            text.bytes()
                .chain(std::iter::repeat(b'0'))
                .take(6)
                .fold(0, |n, digit| n * 10 + i64::from(digit - b'0'))
        })
        .parse_next(i)
}

/// `10:30`, `10:30:59`, `10:30:59.1234567`, in microseconds.
fn clock(i: Text<'_, '_>) -> Result<i64, EmptyError> {
    let hour = digits(1, 2).verify(|h| *h < 24).parse_next(i)?;
    let minute = preceded(':', digits(2, 2).verify(|m| *m < 60)).parse_next(i)?;
    let second = opt(preceded(':', digits(2, 2).verify(|s| *s < 60))).parse_next(i)?;
    let rest = if second.is_some() {
        opt(fraction).parse_next(i)?.unwrap_or(0)
    } else {
        0
    };
    Ok(hour * HOUR + minute * MINUTE + second.unwrap_or(0) * SECOND + rest)
}

/// `Z`, `+09:00`, `-0530`, in microseconds east.
fn zone(i: Text<'_, '_>) -> Result<i64, EmptyError> {
    let offset = |i: Text<'_, '_>| {
        let sign = alt(('+'.value(1), '-'.value(-1))).parse_next(i)?;
        let hour = digits(2, 2).parse_next(i)?;
        let minute = preceded(opt(':'), digits(2, 2)).parse_next(i)?;
        Ok(sign * (hour * HOUR + minute * MINUTE))
    };
    alt((
        alt((Caseless("Z"), Caseless("GMT"), Caseless("UTC"))).value(0),
        offset,
    ))
    .parse_next(i)
}

/// `2024`, `2024-05`, `2024-05-01`, days since 1970.
fn date(i: Text<'_, '_>) -> Result<i64, EmptyError> {
    let year = digits(4, 4).parse_next(i)?;
    let month = opt(preceded('-', digits(1, 2))).parse_next(i)?;
    let day = if month.is_some() {
        opt(preceded('-', digits(1, 2))).parse_next(i)?
    } else {
        None
    };
    day_number(year, month.unwrap_or(1), day.unwrap_or(1)).ok_or(EmptyError)
}

/// Days since 1970 of a date of the calendar.
pub fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let (year, month, day) = (
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()?,
        u32::try_from(day).ok()?,
    );
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp() / 86_400)
}

/// Reads an instant as Kusto does: ISO 8601 with parts left out from the right, or RFC 1123. UTC unless it
/// names a zone.
pub fn datetime(text: &str) -> Option<i64> {
    let text = text.trim();
    let mut iso = |i: Text<'_, '_>| -> Result<i64, EmptyError> {
        let days = date.parse_next(i)?;
        let time =
            opt(preceded(alt((Caseless("T").void(), space1.void())), clock)).parse_next(i)?;
        let zone = opt(preceded(space0, zone)).parse_next(i)?;
        Ok(days * DAY + time.unwrap_or(0) - zone.unwrap_or(0))
    };
    let micros = iso.parse(text).ok().or_else(|| {
        DateTime::parse_from_rfc2822(text)
            .ok()
            .map(|at| at.timestamp_micros())
    })?;
    (DATETIME_MIN..=DATETIME_MAX)
        .contains(&micros)
        .then_some(micros)
}

/// Reads a length of time: `1d`, `1.5h`, `-3.04:05:06.789`, or a number of days.
pub fn timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut clocked = |i: Text<'_, '_>| -> Result<i64, EmptyError> {
        let days = opt(terminated(digits(1, 8), '.')).parse_next(i)?;
        Ok(days.unwrap_or(0) * DAY + clock.parse_next(i)?)
    };
    if let Ok(micros) = clocked.parse(rest) {
        return Some(sign * micros);
    }
    let split = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at(split);
    let unit = if unit.is_empty() { "d" } else { unit.trim() };
    Some(sign * of_unit(number.parse().ok()?, unit)?)
}

/// `2024-05-01T10:00:00.0000000Z`
pub fn datetime_text(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S%.6f0Z")
        .to_string()
}

/// `1.02:03:04.5000000`; whole seconds without decimals.
pub fn timespan_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let rest = micros.unsigned_abs();
    let part = |size: i64| rest / size.unsigned_abs();
    let days = match part(DAY) {
        0 => String::new(),
        days => format!("{days}."),
    };
    let decimals = match rest % SECOND.unsigned_abs() {
        0 => String::new(),
        micros => format!(".{micros:06}0"),
    };
    format!(
        "{sign}{days}{:02}:{:02}:{:02}{decimals}",
        part(HOUR) % 24,
        part(MINUTE) % 60,
        part(SECOND) % 60
    )
}

/// `1.5`, `1`, `NaN`, `Infinity`, `-Infinity`.
pub fn real_text(x: f64) -> String {
    if x.is_nan() {
        "NaN".to_owned()
    } else if x.is_infinite() {
        if x > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if x != 0.0 && !(1e-5..1e15).contains(&x.abs()) {
        format!("{x:e}")
    } else {
        format!("{x}")
    }
}

/// A GUID in its usual form, in lower case.
pub fn guid(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or(text);
    let shape = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    shape.then(|| text.to_ascii_lowercase())
}

/// A whole number, decimal or `0x` hexadecimal, with its sign.
pub fn long(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let size = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    i64::try_from(if negative { -size } else { size }).ok()
}

/// A number with a decimal point, or a word for one that is none.
pub fn real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" | "infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        _ if text.ends_with(|c: char| c.is_ascii_alphabetic()) => None,
        _ => text.parse().ok(),
    }
}

pub fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
