//! Text into values, and values into text: instants, time spans, GUIDs, numbers.

use crate::engine::time::SimTime;

/// What a field holds, before its column is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::logs) enum Value<'a> {
    /// JSON null, or an empty field.
    Missing,
    Bool(bool),
    Long(i64),
    /// Beyond what a long holds.
    Huge(u64),
    Real(f64),
    /// Microseconds since 1970.
    Instant(i64),
    Text(&'a str),
    /// A JSON object or array, as JSON text.
    Nested(&'a str),
}

/// The digits at the front, as a number: at most `max` of them.
fn digits(text: &mut &[u8], min: usize, max: usize) -> Option<i64> {
    let n = text.iter().take(max).take_while(|b| b.is_ascii_digit());
    let n = n.count();
    if n < min {
        return None;
    }
    let (front, rest) = text.split_at(n);
    *text = rest;
    Some(front.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

fn take(text: &mut &[u8], any: &[u8]) -> Option<u8> {
    let (first, rest) = text.split_first()?;
    any.contains(first).then(|| {
        *text = rest;
        *first
    })
}

/// Microseconds since 1970 of `2026-11-22T09:00:00.123456Z` (ISO 8601 in full, as in RFC 3339). The `T` may be a
/// space; seconds, their fraction and the zone may be left out (UTC then); what is finer than a microsecond is
/// cut off. A leap second is none of it.
pub(super) fn instant(text: &str) -> Option<i64> {
    let mut t = text.as_bytes();
    let year = digits(&mut t, 4, 4)?;
    take(&mut t, b"-")?;
    let month = digits(&mut t, 2, 2)?;
    take(&mut t, b"-")?;
    let day = digits(&mut t, 2, 2)?;
    take(&mut t, b"Tt ")?;
    let hour = digits(&mut t, 2, 2)?;
    take(&mut t, b":")?;
    let minute = digits(&mut t, 2, 2)?;
    let mut second = 0;
    let mut micros = 0;
    if take(&mut t, b":").is_some() {
        second = digits(&mut t, 2, 2)?;
        if take(&mut t, b".,").is_some() {
            micros = fraction(&mut t)?;
        }
    }
    let zone = match take(&mut t, b"Zz+-") {
        None | Some(b'Z' | b'z') => 0,
        Some(sign) => {
            let hours = digits(&mut t, 2, 2)?;
            take(&mut t, b":");
            let minutes = digits(&mut t, 0, 2)?;
            let seconds = hours * 3_600 + minutes * 60;
            if hours > 23 || minutes > 59 {
                return None;
            }
            if sign == b'-' { -seconds } else { seconds }
        }
    };
    let fits = t.is_empty()
        && year > 0
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let seconds = hour * 3_600 + minute * 60 + second - zone;
    fits.then(|| (day_number(year, month, day) * 86_400 + seconds) * 1_000_000 + micros)
}

/// The digits of a fraction of a second in microseconds.
fn fraction(t: &mut &[u8]) -> Option<i64> {
    let before = t.len();
    let mut micros = digits(t, 1, 6)?;
    for _ in before - t.len()..6 {
        micros *= 10;
    }
    let finer = t.iter().take_while(|b| b.is_ascii_digit()).count();
    *t = &t[finer..];
    Some(micros)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day last.
    let year = if month < 3 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Whether a record may carry this instant: from 1970 to 9999.
pub(super) fn in_sim_time(micros: i64) -> bool {
    (0..=SimTime::MAX.0).contains(&micros)
}

/// An instant from the year 1 to 9999.
pub(super) fn in_calendar(micros: i64) -> bool {
    (-62_135_596_800_000_000..=SimTime::MAX.0).contains(&micros)
}

/// Microseconds of `[-][d.]hh:mm:ss[.fffffff]`, as Kusto writes a timespan, or of `4d`, `8h`, `30m`, `90s`,
/// `250ms`.
pub(super) fn timespan(text: &str) -> Option<i64> {
    if let Ok(span) = text.parse::<crate::engine::time::Span>() {
        return Some(span.0);
    }
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut t = text.as_bytes();
    let mut days = 0;
    let mut hours = digits(&mut t, 1, 8)?;
    if take(&mut t, b".").is_some() {
        days = hours;
        hours = digits(&mut t, 2, 2)?;
    }
    take(&mut t, b":")?;
    let minutes = digits(&mut t, 2, 2)?;
    take(&mut t, b":")?;
    let seconds = digits(&mut t, 2, 2)?;
    let mut micros = 0;
    if take(&mut t, b".").is_some() {
        micros = fraction(&mut t)?;
    }
    let fits = t.is_empty() && hours < 24 && minutes < 60 && seconds < 60 && days < 10_675_199;
    let total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    fits.then_some(sign * (total * 1_000_000 + micros))
}

/// A GUID as 36 lower-case characters; braces around it and missing hyphens are put right.
pub(super) fn guid(text: &str) -> Option<[u8; 36]> {
    let inner = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or(text)
        .as_bytes();
    let hyphens = match inner.len() {
        36 => true,
        32 => false,
        _ => return None,
    };
    let mut out = [b'-'; 36];
    let mut from = inner.iter();
    for (i, place) in out.iter_mut().enumerate() {
        if matches!(i, 8 | 13 | 18 | 23) {
            if hyphens && from.next() != Some(&b'-') {
                return None;
            }
            continue;
        }
        let digit = from.next().filter(|b| b.is_ascii_hexdigit())?;
        *place = digit.to_ascii_lowercase();
    }
    Some(out)
}

/// A whole number in text: an optional sign and digits, nothing else.
pub(super) fn long(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// A finite number in text.
pub(super) fn real(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|n| plain && n.is_finite())
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sim(text: &str) -> Option<SimTime> {
        instant(text).map(SimTime)
    }

    #[test]
    fn instants_are_read_as_chrono_reads_them() {
        for text in [
            "2026-11-22T09:00:00Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.999999Z",
            "2026-03-01T00:00:00.5+09:00",
            "1999-12-31T23:59:59.1-11:30",
            "9999-12-31T23:59:59.999999Z",
            "1600-02-29T12:00:00Z",
            "0001-01-01T00:00:00Z",
        ] {
            let expected = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            assert_eq!(instant(text), Some(expected.timestamp_micros()), "{text}");
        }
        let nine = "2026-11-22T09:00:00.000000Z".parse::<SimTime>().unwrap();
        for text in [
            "2026-11-22T09:00",
            "2026-11-22 09:00:00",
            "2026-11-22t09:00:00z",
            "2026-11-22T18:00:00+0900",
            "2026-11-22T18:00:00+09",
            "2026-11-22T09:00:00.0000009Z",
        ] {
            assert_eq!(sim(text), Some(nine), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "2026-11-22",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T09:00:60Z",
            "2026-11-22T09:00:00Zx",
            "2026-11-22T09:00:00.Z",
            "2026-11-22T09:00:00+99:00",
            "26-11-22T09:00:00Z",
            "0000-01-01T00:00:00Z",
            "２026-11-22T09:00:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn timespans_are_read_as_kusto_writes_them() {
        let hour = 3_600_000_000;
        for (text, micros) in [
            ("01:30:00", hour * 3 / 2),
            ("1.02:00:00", 26 * hour),
            ("-00:00:01.5", -1_500_000),
            ("00:00:00.0000001", 0),
            ("90m", hour * 3 / 2),
        ] {
            assert_eq!(timespan(text), Some(micros), "{text}");
        }
        for text in ["", "1", "25:00:00", "1:2:3", "99999999.00:00:00", "soon"] {
            assert_eq!(timespan(text), None, "{text}");
        }
    }

    #[test]
    fn a_guid_has_one_form() {
        let form = "0b1f6471-1bf0-4dda-aec3-111122223333";
        for text in [
            form,
            "0B1F64711BF04DDAAEC3111122223333",
            "{0b1f6471-1bf0-4dda-aec3-111122223333}",
        ] {
            assert_eq!(guid(text).unwrap().as_slice(), form.as_bytes());
        }
        assert!(guid("0b1f6471-1bf0-4dda-aec3-11112222333g").is_none());
        assert!(guid("0b1f6471+1bf0-4dda-aec3-111122223333").is_none());
        assert!(guid("").is_none());
    }
}
