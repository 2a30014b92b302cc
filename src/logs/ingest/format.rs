//! The formats that can be read, and telling them apart.

use super::stop::Stop;
use crate::engine::ingestion::table::valid_column;
use crate::engine::words::words;

words! {
    /// How records are written in the input. Each of them may be gzipped.
    Format {
        /// One JSON object a line.
        Ndjson = "ndjson",
        /// An array of JSON objects. The commas between them are not asked for.
        Json = "json",
        /// RFC 4180 with a header line that names the columns.
        Csv = "csv",
        /// RFC 5424, or RFC 3164 in the forms that are met.
        Syslog = "syslog",
    }
}

/// The format of an input by its first bytes (after gzip and byte order mark) and, where they leave it open, by
/// the name of the file.
pub fn detect(head: &[u8], file: Option<&str>) -> Result<Format, Stop> {
    let text = head.trim_ascii_start();
    match text.first() {
        Some(b'{') => return Ok(Format::Ndjson),
        Some(b'[') if text[1..].trim_ascii_start().first() != Some(&b'{') => {}
        Some(b'[') => return Ok(Format::Json),
        Some(b'<') if text.get(1).is_some_and(u8::is_ascii_digit) => return Ok(Format::Syslog),
        _ => {}
    }
    let by_name = file.and_then(|file| {
        let lower = file.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        match plain.rsplit_once('.')?.1 {
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "json" if text.first() == Some(&b'[') => Some(Format::Json),
            "json" => Some(Format::Ndjson),
            "csv" => Some(Format::Csv),
            "log" | "syslog" => Some(Format::Syslog),
            _ => None,
        }
    });
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let by_line = || {
        let line = std::str::from_utf8(first).ok()?;
        if super::syslog::looks_like(line) {
            return Some(Format::Syslog);
        }
        let names = line.contains(',')
            && line
                .split(',')
                .all(|name| valid_column(name.trim().trim_matches('"')).is_ok());
        names.then_some(Format::Csv)
    };
    // An empty input has no records in any format.
    let nothing = text.is_empty().then_some(Format::Ndjson);
    by_name.or_else(by_line).or(nothing).ok_or(Stop::Format)
}
