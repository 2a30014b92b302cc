//! Instants and lengths of time.

use std::fmt::Write;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

use super::kernel::Rows;
use crate::engine::ingestion::schema::ColumnType;
use crate::logs::kql::literal::{
    DATETIME_MAX, DATETIME_MIN, DAY, HOUR, MINUTE, SECOND, day_number,
};

/// From where multiples are counted.
pub fn origin(kind: ColumnType) -> i64 {
    match kind {
        ColumnType::Datetime => DATETIME_MIN,
        _ => 0,
    }
}

/// The greatest multiple of a positive step that is not above a value.
pub fn bin(at: i64, step: i64, origin: i64) -> i64 {
    let past = at.wrapping_sub(origin).rem_euclid(step);
    at.wrapping_sub(past)
}

fn calendar(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

fn valid(micros: i64) -> Option<i64> {
    (DATETIME_MIN..=DATETIME_MAX)
        .contains(&micros)
        .then_some(micros)
}

/// The parts of time that functions take by name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Year,
    Quarter,
    Month,
    Week,
    /// Of so many microseconds.
    Fixed(i64),
    Nanosecond,
}

/// Names of parts.
pub const PARTS: [&str; 11] = [
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
];

fn part(name: &str) -> Option<Part> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" => Part::Year,
        "quarter" => Part::Quarter,
        "month" => Part::Month,
        "week" | "week_of_year" | "weekofyear" => Part::Week,
        "day" => Part::Fixed(DAY),
        "hour" => Part::Fixed(HOUR),
        "minute" => Part::Fixed(MINUTE),
        "second" => Part::Fixed(SECOND),
        "millisecond" => Part::Fixed(1_000),
        "microsecond" => Part::Fixed(1),
        "nanosecond" => Part::Nanosecond,
        _ => return None,
    })
}

/// Whole months since year 0.
fn months(at: DateTime<Utc>) -> i64 {
    i64::from(at.year()) * 12 + i64::from(at.month0())
}

/// The first instant of a month counted so.
fn month_start(months: i64) -> Option<i64> {
    Some(day_number(months.div_euclid(12), months.rem_euclid(12) + 1, 1)? * DAY)
}

/// Sunday 0001-01-07, at which weeks start.
const SUNDAY: i64 = DATETIME_MIN + 6 * DAY;

/// The start of the period that holds an instant, some periods later.
fn start_of(part: Part, micros: i64, later: i64) -> Option<i64> {
    let at = calendar(micros)?;
    let start = match part {
        Part::Year => day_number(i64::from(at.year()).checked_add(later)?, 1, 1)? * DAY,
        Part::Quarter => month_start((months(at) / 3).checked_add(later)?.checked_mul(3)?)?,
        Part::Month => month_start(months(at).checked_add(later)?)?,
        Part::Week => bin(micros, 7 * DAY, SUNDAY).checked_add(later.checked_mul(7 * DAY)?)?,
        Part::Fixed(size) => bin(micros, size, 0).checked_add(later.checked_mul(size)?)?,
        Part::Nanosecond => return None,
    };
    valid(start)
}

fn start(rows: &Rows, row: usize, part: Part) -> Option<i64> {
    start_of(part, rows.long(0, row)?, rows.long(1, row).unwrap_or(0))
}

fn end(rows: &Rows, row: usize, part: Part) -> Option<i64> {
    let later = rows.long(1, row).unwrap_or(0).checked_add(1)?;
    Some(start_of(part, rows.long(0, row)?, later)? - 1)
}

pub fn startofday(rows: &Rows, row: usize) -> Option<i64> {
    start(rows, row, Part::Fixed(DAY))
}
pub fn startofweek(rows: &Rows, row: usize) -> Option<i64> {
    start(rows, row, Part::Week)
}
pub fn startofmonth(rows: &Rows, row: usize) -> Option<i64> {
    start(rows, row, Part::Month)
}
pub fn startofyear(rows: &Rows, row: usize) -> Option<i64> {
    start(rows, row, Part::Year)
}
pub fn endofday(rows: &Rows, row: usize) -> Option<i64> {
    end(rows, row, Part::Fixed(DAY))
}
pub fn endofweek(rows: &Rows, row: usize) -> Option<i64> {
    end(rows, row, Part::Week)
}
pub fn endofmonth(rows: &Rows, row: usize) -> Option<i64> {
    end(rows, row, Part::Month)
}
pub fn endofyear(rows: &Rows, row: usize) -> Option<i64> {
    end(rows, row, Part::Year)
}

/// How many boundaries of a part lie between two instants.
pub fn datetime_diff(rows: &Rows, row: usize) -> Option<i64> {
    let (later, earlier) = (rows.long(1, row)?, rows.long(2, row)?);
    let (a, b) = (calendar(later)?, calendar(earlier)?);
    Some(match part(rows.text(0, row))? {
        Part::Year => i64::from(a.year()) - i64::from(b.year()),
        Part::Quarter => months(a) / 3 - months(b) / 3,
        Part::Month => months(a) - months(b),
        Part::Week => (bin(later, 7 * DAY, SUNDAY) - bin(earlier, 7 * DAY, SUNDAY)) / (7 * DAY),
        Part::Fixed(size) => later.div_euclid(size) - earlier.div_euclid(size),
        Part::Nanosecond => later.checked_sub(earlier)?.checked_mul(1_000)?,
    })
}

pub fn datetime_add(rows: &Rows, row: usize) -> Option<i64> {
    let (amount, micros) = (rows.long(1, row)?, rows.long(2, row)?);
    let by_months = |size: i64| {
        let at = calendar(micros)?;
        let start = month_start(months(at).checked_add(amount.checked_mul(size)?)?)?;
        let next = month_start(months(calendar(start)?) + 1)?;
        let days = (next - start) / DAY;
        let day = i64::from(at.day0()).min(days - 1);
        valid(start + day * DAY + micros.rem_euclid(DAY))
    };
    match part(rows.text(0, row))? {
        Part::Year => by_months(12),
        Part::Quarter => by_months(3),
        Part::Month => by_months(1),
        Part::Week => valid(micros.checked_add(amount.checked_mul(7 * DAY)?)?),
        Part::Fixed(size) => valid(micros.checked_add(amount.checked_mul(size)?)?),
        Part::Nanosecond => valid(micros.checked_add(amount / 1_000)?),
    }
}

pub fn datetime_part(rows: &Rows, row: usize) -> Option<i64> {
    let micros = rows.long(1, row)?;
    let at = calendar(micros)?;
    Some(match rows.text(0, row).to_ascii_lowercase().as_str() {
        "year" => i64::from(at.year()),
        "quarter" => i64::from(at.month0() / 3 + 1),
        "month" => i64::from(at.month()),
        "week_of_year" | "weekofyear" => i64::from(at.iso_week().week()),
        "day" => i64::from(at.day()),
        "dayofyear" => i64::from(at.ordinal()),
        "hour" => i64::from(at.hour()),
        "minute" => i64::from(at.minute()),
        "second" => i64::from(at.second()),
        "millisecond" => micros.rem_euclid(SECOND) / 1_000,
        "microsecond" => micros.rem_euclid(SECOND),
        "nanosecond" => micros.rem_euclid(SECOND) * 1_000,
        _ => return None,
    })
}

/// Since the last Sunday, in whole days.
pub fn dayofweek(rows: &Rows, row: usize) -> Option<i64> {
    let at = calendar(rows.long(0, row)?)?;
    Some(i64::from(at.weekday().num_days_from_sunday()) * DAY)
}
pub fn dayofmonth(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.day()))
}
pub fn dayofyear(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.ordinal()))
}
pub fn hourofday(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.hour()))
}
pub fn monthofyear(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.month()))
}
pub fn getyear(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.year()))
}
pub fn week_of_year(rows: &Rows, row: usize) -> Option<i64> {
    Some(i64::from(calendar(rows.long(0, row)?)?.iso_week().week()))
}

/// `make_datetime(year, month, day, hour, minute, second)`
pub fn make_datetime(rows: &Rows, row: usize) -> Option<i64> {
    let part = |column, least| match rows.arity() > column {
        true => rows.long(column, row),
        false => Some(least),
    };
    let small = |n: i64| u32::try_from(n).ok();
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(part(0, 1)?).ok()?,
        small(part(1, 1)?)?,
        small(part(2, 1)?)?,
    )?;
    let clock = date.and_hms_opt(small(part(3, 0)?)?, small(part(4, 0)?)?, 0)?;
    let seconds = match rows.arity() > 5 {
        true => rows.real(5, row)?,
        false => 0.0,
    };
    if !(0.0..60.0).contains(&seconds) {
        return None;
    }
    valid(clock.and_utc().timestamp_micros() + (seconds * SECOND as f64).round() as i64)
}

fn pieces(format: &str) -> impl Iterator<Item = &str> {
    let mut rest = format;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length: usize = rest
            .chars()
            .take_while(|c| *c == first)
            .map(char::len_utf8)
            .sum();
        let (piece, tail) = rest.split_at(length);
        rest = tail;
        Some(piece)
    })
}

fn fraction(micros: i64, digits: usize) -> String {
    format!("{:06}0", micros.rem_euclid(SECOND))[..digits.min(7)].to_owned()
}

/// `format_datetime(at, "yyyy-MM-dd HH:mm:ss")`
pub fn format_datetime(rows: &Rows, row: usize, out: &mut String) -> bool {
    let Some((micros, at)) = rows
        .long(0, row)
        .and_then(|micros| Some((micros, calendar(micros)?)))
    else {
        return false;
    };
    pieces(rows.text(1, row)).all(|piece| {
        let hour = (at.hour() + 11) % 12 + 1;
        match piece {
            "d" => write!(out, "{}", at.day()),
            "dd" => write!(out, "{:02}", at.day()),
            "h" => write!(out, "{hour}"),
            "hh" => write!(out, "{hour:02}"),
            "H" => write!(out, "{}", at.hour()),
            "HH" => write!(out, "{:02}", at.hour()),
            "m" => write!(out, "{}", at.minute()),
            "mm" => write!(out, "{:02}", at.minute()),
            "M" => write!(out, "{}", at.month()),
            "MM" => write!(out, "{:02}", at.month()),
            "s" => write!(out, "{}", at.second()),
            "ss" => write!(out, "{:02}", at.second()),
            "y" => write!(out, "{}", at.year() % 100),
            "yy" => write!(out, "{:02}", at.year() % 100),
            "yyyy" => write!(out, "{:04}", at.year()),
            "t" | "tt" => write!(out, "{}", if at.hour() < 12 { "AM" } else { "PM" }),
            _ if piece.starts_with('f') => write!(out, "{}", fraction(micros, piece.len())),
            _ if piece.starts_with('F') => write!(
                out,
                "{}",
                fraction(micros, piece.len()).trim_end_matches('0')
            ),
            _ => out.write_str(piece),
        }
        .is_ok()
    })
}

/// `format_timespan(length, "d.hh:mm:ss")`
pub fn format_timespan(rows: &Rows, row: usize, out: &mut String) -> bool {
    let Some(micros) = rows.long(0, row) else {
        return false;
    };
    let size = i64::try_from(micros.unsigned_abs()).unwrap_or(i64::MAX);
    pieces(rows.text(1, row)).all(|piece| {
        let width = piece.len().min(20);
        match piece.chars().next() {
            Some('d') => write!(out, "{:0width$}", size / DAY),
            Some('h' | 'H') => write!(out, "{:0width$}", size / HOUR % 24),
            Some('m') => write!(out, "{:0width$}", size / MINUTE % 60),
            Some('s') => write!(out, "{:0width$}", size / SECOND % 60),
            Some('f') => write!(out, "{}", fraction(size, width)),
            Some('F') => write!(out, "{}", fraction(size, width).trim_end_matches('0')),
            _ => out.write_str(piece),
        }
        .is_ok()
    })
}

/// A length of time, `real` times as long.
pub fn times(rows: &Rows, row: usize) -> Option<i64> {
    fits(rows.long(0, row)? as f64 * rows.real(1, row)?)
}

pub fn divided(rows: &Rows, row: usize) -> Option<i64> {
    fits(rows.long(0, row)? as f64 / rows.real(1, row)?)
}

fn fits(micros: f64) -> Option<i64> {
    (micros.abs() < 9.2e18).then_some(micros.round() as i64)
}

pub fn ratio(rows: &Rows, row: usize) -> Option<f64> {
    Some(rows.long(0, row)? as f64 / rows.long(1, row)? as f64)
}

/// The sum or difference of instants and lengths of time, if it exists.
pub fn plus(rows: &Rows, row: usize) -> Option<i64> {
    rows.long(0, row)?.checked_add(rows.long(1, row)?)
}

pub fn minus(rows: &Rows, row: usize) -> Option<i64> {
    rows.long(0, row)?.checked_sub(rows.long(1, row)?)
}

/// What is left of the first after multiples of the second: never below zero.
pub fn modulo(rows: &Rows, row: usize) -> Option<i64> {
    let (at, step) = (rows.long(0, row)?, rows.long(1, row)?);
    (step != 0).then(|| at.checked_rem_euclid(step))?
}
