//! Simulated time: UTC at microsecond grain.
//!
//! The engine never asks what time it is, it is told. This module owns the two units (an instant and a
//! span), their one text form each, and calendar arithmetic; it must not know a wall clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant of simulated time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(pub i64);

/// A length of simulated time in microseconds. Text form: `4d`, `8h`, `3d23h59m`, `90s`, `250ms`, `1us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

impl SimTime {
    /// The last instant: its text form is the last that sorts and reads back. Adding stops here.
    pub const MAX: SimTime = SimTime(253_402_300_799_999_999);

    /// The instant as a calendar date and time. Instants outside chrono's range (years ±262 000) fold to
    /// the epoch; the parser refuses them before they get here.
    pub fn calendar(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// `2020-11-22 09:00:00`, for people.
    pub fn to_seconds(self) -> String {
        self.calendar().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `22 Nov 09:00`, for tight columns.
    pub fn short(self) -> String {
        self.calendar().format("%d %b %H:%M").to_string()
    }

    /// `Sun, 22 Nov 2020 09:00:00 GMT` (RFC 1123).
    pub fn to_http_date(self) -> String {
        self.calendar()
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    }

    /// Whole seconds since 1970.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// `YYMMDD` as a number, the date part of a support ticket number.
    pub fn yymmdd(self) -> u64 {
        let date = self.calendar();
        let part = |n: u32| u64::from(n);
        u64::from(date.year().rem_euclid(100).unsigned_abs()) * 10_000
            + part(date.month()) * 100
            + part(date.day())
    }

    /// The distance to a later instant; zero when that instant has passed.
    pub fn until(self, later: SimTime) -> Span {
        Span(later.0.saturating_sub(self.0).max(0))
    }
}

impl Span {
    pub const ZERO: Span = Span(0);

    pub const fn micros(n: i64) -> Span {
        Span(n)
    }
    pub const fn seconds(n: i64) -> Span {
        Span(n.saturating_mul(1_000_000))
    }
    pub const fn minutes(n: i64) -> Span {
        Span::seconds(n.saturating_mul(60))
    }
    pub const fn hours(n: i64) -> Span {
        Span::minutes(n.saturating_mul(60))
    }
    pub const fn days(n: i64) -> Span {
        Span::hours(n.saturating_mul(24))
    }

    /// The two largest units, for countdowns: `3d 23h`, `7h 59m`, `4m 05s`, `12s`.
    pub fn brief(self) -> String {
        let seconds = self.0.div_euclid(1_000_000);
        let (d, h, m, s) = (
            seconds / 86_400,
            seconds / 3_600 % 24,
            seconds / 60 % 60,
            seconds % 60,
        );
        if d > 0 {
            format!("{d}d {h:02}h")
        } else if h > 0 {
            format!("{h}h {m:02}m")
        } else if m > 0 {
            format!("{m}m {s:02}s")
        } else {
            format!("{s}s")
        }
    }
}

impl Add<Span> for SimTime {
    type Output = SimTime;
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0).min(SimTime::MAX.0))
    }
}

impl Sub<Span> for SimTime {
    type Output = SimTime;
    fn sub(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}

impl Sub for SimTime {
    type Output = Span;
    fn sub(self, earlier: SimTime) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for SimTime {
    /// RFC 3339 with exactly six decimals, so that text order is time order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.calendar().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// Why a piece of text is not a time or a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("{0:?} is not a time from 1970 to 9999; write 2020-11-22T09:00:00Z")]
    Instant(String),
    #[error(
        "{0:?} is not a time; write 2020-11-22T09:00:00Z, 2020-11-22 09:00, 09:00 for that time of the day, or a distance such as +30m or -2h"
    )]
    Moment(String),
    #[error("{0:?} is not a span; write for example 4d, 8h, 3d12h, 30m, 90s, 250ms or 1us")]
    Span(String),
}

impl FromStr for SimTime {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let parsed = DateTime::parse_from_rfc3339(text)
            .map(|t| t.with_timezone(&Utc))
            .or_else(|_| {
                chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
                    .map(|t| t.and_utc())
            })
            .map_err(|_| TimeError::Instant(text.to_owned()))?;
        let at = SimTime(parsed.timestamp_micros());
        if at.0 < 0 || at > SimTime::MAX {
            return Err(TimeError::Instant(text.to_owned()));
        }
        Ok(at)
    }
}

impl SimTime {
    /// A time as people write it, near another one: in full, without seconds, as a time of the same day, or as a
    /// distance from it.
    pub fn near(now: SimTime, text: &str) -> Result<SimTime, TimeError> {
        let text = text.trim();
        let wrong = || TimeError::Moment(text.to_owned());
        if let Some(after) = text.strip_prefix('+') {
            return after
                .parse()
                .map(|span: Span| now + span)
                .map_err(|_| wrong());
        }
        if let Some(before) = text.strip_prefix('-') {
            let span: Span = before.parse().map_err(|_| wrong())?;
            return Ok((now - span).max(SimTime(0)));
        }
        let date = now.calendar().format("%Y-%m-%d");
        let forms = [
            text.to_owned(),
            format!("{text}:00"),
            format!("{date} {text}"),
            format!("{date} {text}:00"),
            format!("{text} 00:00:00"),
        ];
        let read = forms.iter().find_map(|form| form.parse().ok());
        read.ok_or_else(wrong)
    }
}

const UNITS: [(&str, i64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (unit, size) in UNITS {
            let size = size.unsigned_abs();
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let fail = || TimeError::Span(text.to_owned());
        let mut rest = text.trim();
        if rest == "0" {
            return Ok(Span::ZERO);
        }
        if rest.is_empty() {
            return Err(fail());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.len()
                - tail
                    .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                    .len();
            let (unit, tail) = tail.split_at(letters);
            let size = UNITS.iter().find(|(u, _)| *u == unit).ok_or_else(fail)?.1;
            let number: i64 = number.parse().map_err(|_| fail())?;
            total = number
                .checked_mul(size)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(fail)?;
            rest = tail;
        }
        Ok(Span(total))
    }
}

macro_rules! text_in_json_number_in_snapshots {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_i64(self.0)
                }
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    i64::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}
text_in_json_number_in_snapshots!(SimTime);
text_in_json_number_in_snapshots!(Span);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it_near_another_one() {
        let now: SimTime = "2020-11-22T09:30:00Z".parse().unwrap();
        for (text, expected) in [
            ("2020-11-23T01:02:03Z", "2020-11-23T01:02:03Z"),
            ("2020-11-23 01:02:03", "2020-11-23T01:02:03Z"),
            ("2020-11-23 01:02", "2020-11-23T01:02:00Z"),
            ("2020-11-23", "2020-11-23T00:00:00Z"),
            (" 14:05 ", "2020-11-22T14:05:00Z"),
            ("14:05:06", "2020-11-22T14:05:06Z"),
            ("+90m", "2020-11-22T11:00:00Z"),
            ("-2h", "2020-11-22T07:30:00Z"),
        ] {
            assert_eq!(
                SimTime::near(now, text),
                Ok(expected.parse().unwrap()),
                "{text}"
            );
        }
        for text in ["", "noon", "25:00", "+", "-3 weeks", "2020-13-01"] {
            assert!(SimTime::near(now, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_reads_back_what_it_prints() {
        for span in [
            Span::ZERO,
            Span::days(4),
            Span(Span::days(4).0 - 1),
            Span::hours(8),
            Span::micros(1),
        ] {
            assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
        assert_eq!(Span::days(4).to_string(), "4d");
        assert_eq!(
            Span(Span::days(4).0 - 1).to_string(),
            "3d23h59m59s999ms999us"
        );
    }

    #[test]
    fn nonsense_and_overflow_are_refused_as_spans() {
        for text in ["", "4", "d", "4x", "-4d", "9223372036854775807d", "4d 5h"] {
            assert!(text.parse::<Span>().is_err(), "{text:?} passed");
        }
    }

    #[test]
    fn an_instant_reads_back_what_it_prints() {
        let t: SimTime = "2020-11-22T09:00:00Z".parse().unwrap();
        assert_eq!(t.to_string(), "2020-11-22T09:00:00.000000Z");
        assert_eq!(t.to_string().parse::<SimTime>(), Ok(t));
        assert_eq!(t.yymmdd(), 201_122);
        assert_eq!(t.to_http_date(), "Sun, 22 Nov 2020 09:00:00 GMT");
        assert!("yesterday".parse::<SimTime>().is_err());
    }
}
