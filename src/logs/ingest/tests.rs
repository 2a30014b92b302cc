use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::schema::{Column, ColumnType, TIME};
use crate::engine::ingestion::table::COLUMNS_MAX;

const NOW: &str = "2026-11-22T09:00:00Z";

fn now() -> SimTime {
    NOW.parse().unwrap()
}

/// What a reading gave.
#[derive(Default)]
struct Got {
    chunks: Vec<Chunk>,
    stop: Option<Stop>,
}

impl Got {
    fn of(chunks: Chunks) -> Got {
        let mut got = Got::default();
        for item in chunks {
            match item {
                Ok(chunk) => got.chunks.push(chunk),
                Err(stop) => got.stop = Some(stop),
            }
        }
        got
    }

    fn rows(&self) -> u64 {
        self.chunks.iter().map(|c| c.rows).sum()
    }

    fn rejected(&self) -> u64 {
        self.chunks.iter().map(|c| c.rejected).sum()
    }

    fn rejects(&self) -> Vec<Value> {
        let lines = self
            .chunks
            .iter()
            .flat_map(|c| c.rejects.split(|b| *b == b'\n'));
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// Line and reason of each reject.
    fn reasons(&self) -> Vec<(u64, String)> {
        let of = |r: Value| {
            let reason = r["reason"].as_str().unwrap().to_owned();
            (r["line"].as_u64().unwrap(), reason)
        };
        self.rejects().into_iter().map(of).collect()
    }

    /// Every row as text by column; what is missing is not there.
    fn table(&self) -> Vec<BTreeMap<String, String>> {
        self.chunks.iter().flat_map(table).collect()
    }

    fn one(&self) -> BTreeMap<String, String> {
        let table = self.table();
        assert_eq!(table.len(), 1, "{:?}", self.reasons());
        table.into_iter().next().unwrap()
    }
}

fn batch(chunk: &Chunk) -> Option<RecordBatch> {
    if chunk.parquet.is_empty() {
        return None;
    }
    let reader = ParquetRecordBatchReaderBuilder::try_new(chunk.parquet.clone()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    Some(concat_batches(&schema, &batches).unwrap())
}

fn table(chunk: &Chunk) -> Vec<BTreeMap<String, String>> {
    let Some(batch) = batch(chunk) else {
        return Vec::new();
    };
    let options = FormatOptions::default();
    let mut rows = vec![BTreeMap::new(); batch.num_rows()];
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let text = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
        for (n, row) in rows.iter_mut().enumerate() {
            let empty = field.data_type() == &DataType::Utf8View
                && !field.is_nullable()
                && array.as_string_view().value(n).is_empty();
            if !array.is_null(n) && !empty {
                row.insert(field.name().clone(), text.value(n).to_string());
            }
        }
    }
    rows
}

fn kinds(chunk: &Chunk) -> Vec<(String, ColumnType)> {
    let of = |c: &Column| (c.name.to_string(), c.kind);
    chunk.columns.iter().map(of).collect()
}

fn with(columns: &[(&str, ColumnType)]) -> Ingest {
    let columns = columns.iter().map(|(name, kind)| Column::new(name, *kind));
    Ingest::new(columns.collect(), now())
}

fn read(ingest: Ingest, input: impl Into<Vec<u8>>) -> Got {
    Got::of(ingest.read(Cursor::new(input.into())))
}

fn json_lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Rows with a value of every kind, in order of time.
fn samples() -> Vec<Value> {
    (0..1_000)
        .map(|n| {
            json!({
                "TimeGenerated": format!("2026-11-22T08:{:02}:{:02}.{:06}Z", n / 60, n % 60, n),
                "Host": format!("vm-{}", n % 7),
                "Message": format!("이벤트 {n}, \"quoted\"\nnext line \\ slash \u{1}"),
                "Ok": n % 3 == 0,
                "Count": n * 1_000_003 - 5,
                "Ratio": f64::from(n) / 8.0 + 0.5,
                "Seen": format!("2026-11-21T00:00:{:02}Z", n % 60),
            })
        })
        .collect()
}

/// The rows as a table shows them.
fn expected(rows: &[Value]) -> Vec<BTreeMap<String, String>> {
    let show = |name: &str, value: &Value| match (name, value) {
        ("TimeGenerated" | "Seen", Value::String(at)) => {
            let at: SimTime = at.parse().unwrap();
            let text = at.calendar().naive_utc().format("%Y-%m-%dT%H:%M:%S%.f");
            text.to_string()
        }
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    };
    rows.iter()
        .map(|row| {
            let fields = row.as_object().unwrap().iter();
            fields
                .map(|(name, value)| (name.clone(), show(name, value)))
                .collect()
        })
        .collect()
}

fn csv_text(rows: &[Value]) -> Vec<u8> {
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(&names).unwrap();
    for row in rows {
        let fields = names.iter().map(|name| match &row[*name] {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        });
        writer.write_record(fields).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn every_format_round_trips_every_value_plain_and_gzipped() {
    let rows = samples();
    let array = serde_json::to_vec_pretty(&rows).unwrap();
    let crlf = json_lines(&rows).replace('\n', "\r\n");
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend_from_slice(json_lines(&rows).as_bytes());
    for (what, bytes) in [
        ("ndjson", json_lines(&rows).into_bytes()),
        ("ndjson with CR LF", crlf.into_bytes()),
        ("ndjson with a byte order mark", marked),
        ("json", array),
        ("csv", csv_text(&rows)),
    ] {
        for bytes in [gzip(&bytes), bytes] {
            let got = read(with(&[]), bytes);
            assert!(got.stop.is_none(), "{what}: {:?}", got.stop);
            assert_eq!(got.reasons(), [], "{what}");
            assert_eq!(got.table(), expected(&rows), "{what}");
            let mut found = kinds(&got.chunks[0]);
            found.sort();
            let names = ["Count", "Host", "Message", "Ok", "Ratio", "Seen", TIME];
            let types = [
                ColumnType::Long,
                ColumnType::String,
                ColumnType::String,
                ColumnType::Bool,
                ColumnType::Real,
                ColumnType::Datetime,
                ColumnType::Datetime,
            ];
            let wanted: Vec<_> = names.map(str::to_owned).into_iter().zip(types).collect();
            assert_eq!(found, wanted, "{what}");
        }
    }
}

#[test]
fn both_kinds_of_syslog_land_in_the_columns_of_the_table_syslog() {
    let lines = "\
<34>1 2026-11-22T08:14:15.003Z web01 su 77 ID47 [ex@1 user=\"li\\\"sa\" n=\"2\"][b@2] \u{feff}'su root' failed
<13>Nov 22 08:14:16 10.0.0.7 sshd[4711]: Accepted publickey for svc1
Dec 31 23:59:59 db01 cron[9]: last year's
2026-11-22T08:14:17.5+09:00 db01 systemd: Started.
no message at all
";
    let got = read(
        Ingest::new(builtin::columns("Syslog").unwrap(), now()),
        lines,
    );
    assert_eq!(got.rows(), 4);
    let reasons = got.reasons();
    assert_eq!(reasons.len(), 1);
    assert_eq!(reasons[0].0, 5);
    let mut rows = got.table();
    rows.sort_by_key(|row| row["SyslogMessage"].clone());
    let su = &rows[0];
    let expect = |row: &BTreeMap<String, String>, wanted: &[(&str, &str)]| {
        for (name, value) in wanted {
            assert_eq!(row.get(*name).map(String::as_str), Some(*value), "{name}");
        }
    };
    expect(
        su,
        &[
            ("TimeGenerated", "2026-11-22T08:14:15.003"),
            ("EventTime", "2026-11-22T08:14:15.003"),
            ("Facility", "auth"),
            ("SeverityLevel", "crit"),
            ("HostName", "web01"),
            ("Computer", "web01"),
            ("ProcessName", "su"),
            ("ProcessID", "77"),
            ("MsgId", "ID47"),
            (
                "StructuredData",
                r#"{"ex@1":{"user":"li\"sa","n":"2"},"b@2":{}}"#,
            ),
            ("SyslogMessage", "'su root' failed"),
            ("SourceSystem", "Linux"),
        ],
    );
    expect(
        &rows[1],
        &[
            ("TimeGenerated", "2026-11-22T08:14:16"),
            ("HostIP", "10.0.0.7"),
            ("Facility", "user"),
            ("SeverityLevel", "notice"),
            ("ProcessID", "4711"),
            ("SyslogMessage", "Accepted publickey for svc1"),
        ],
    );
    expect(&rows[2], &[("TimeGenerated", "2026-11-21T23:14:17.500")]);
    expect(&rows[3], &[("TimeGenerated", "2025-12-31T23:59:59")]);
    assert!(!rows[3].contains_key("Facility"));
}

#[test]
fn a_leap_day_without_a_year_is_the_last_one_there_was() {
    let got = read(with(&[]), "<13>Feb 29 12:00:00 h a[1]: x\n");
    assert_eq!(got.one()["TimeGenerated"], "2024-02-29T12:00:00");
}

#[test]
fn the_format_is_told_by_the_content_and_else_by_the_name() {
    let told = |head: &str, file: Option<&str>| format::detect(head.as_bytes(), file).ok();
    assert_eq!(told("{\"a\":1}", Some("x.csv")), Some(Format::Ndjson));
    assert_eq!(told(" [\n {\"a\":1}]", None), Some(Format::Json));
    assert_eq!(told("[]", Some("x.json")), Some(Format::Json));
    assert_eq!(
        told("<13>Nov 22 08:14:16 h a: b", None),
        Some(Format::Syslog)
    );
    assert_eq!(told("Nov 22 08:14:16 h a: b", None), Some(Format::Syslog));
    assert_eq!(told("TimeGenerated,Host\n", None), Some(Format::Csv));
    assert_eq!(told("Host\n", Some("hosts.csv.gz")), Some(Format::Csv));
    assert_eq!(told("", None), Some(Format::Ndjson));
    assert_eq!(told("dear all, hello", None), None);
    let got = read(with(&[]), "dear all");
    assert!(matches!(got.stop, Some(Stop::Format)));
}

#[test]
fn bad_lines_are_rejected_with_line_and_reason_and_the_rest_lands() {
    let ingest = with(&[
        ("Count", ColumnType::Long),
        ("Small", ColumnType::Int),
        ("Id", ColumnType::Guid),
    ]);
    let input: &[&[u8]] = &[
        b"{\"Count\":1}",
        b"{\"Count\":",
        b"{\"Count\":\"many\"}",
        b"{\"Count\":1.5}",
        b"{\"TimeGenerated\":\"yesterday\"}",
        b"{\"TimeGenerated\":\"1969-12-31T23:59:59Z\"}",
        b"{\"TimeGenerated\":99999999999999999}",
        b"{\"Text\":\"\xff\"}",
        b"[1,2]",
        b"{\"Count\":1} {}",
        b"{\"Count\":1,\"Count\":2}",
        b"{\"user-name\":1}",
        b"{\"Small\":2147483648}",
        b"{\"Id\":\"not one\"}",
        b"",
        b"   ",
        b"{\"Count\":2}",
    ];
    let got = read(ingest, input.join(&b'\n'));
    let reasons = got.reasons();
    let lines: Vec<u64> = reasons.iter().map(|r| r.0).collect();
    assert_eq!(lines, (2..=14).collect::<Vec<_>>());
    for (line, part) in [
        (2, "malformed JSON"),
        (3, "\"many\" does not fit a column of type long"),
        (4, "1.5 does not fit a column of type long"),
        (5, "\"yesterday\" does not fit a column of type datetime"),
        (6, "not from 1970 to 9999"),
        (7, "does not fit a column of type datetime"),
        (8, "not UTF-8"),
        (9, "no JSON object"),
        (10, "malformed JSON"),
        (11, "stands twice"),
        (12, "is no name of a column"),
        (13, "2147483648 does not fit a column of type int"),
        (14, "does not fit a column of type guid"),
    ] {
        let reason = &reasons.iter().find(|r| r.0 == line).unwrap().1;
        assert!(reason.contains(part), "{line}: {reason}");
    }
    let rejects = got.rejects();
    assert_eq!(rejects[0]["text"], "{\"Count\":");
    assert_eq!(rejects[1]["field"], "Count");
    assert_eq!(got.rows(), 2);
    assert_eq!(got.chunks[0].lines, 1..18);
    assert_eq!(kinds(&got.chunks[0]).len(), 2, "only what has values");
}

#[test]
fn values_are_converted_where_nothing_is_lost() {
    let ingest = with(&[
        ("B", ColumnType::Bool),
        ("I", ColumnType::Int),
        ("L", ColumnType::Long),
        ("R", ColumnType::Real),
        ("S", ColumnType::String),
        ("D", ColumnType::Datetime),
        ("T", ColumnType::Timespan),
        ("G", ColumnType::Guid),
        ("J", ColumnType::Dynamic),
    ]);
    let guid = "0B1F64711BF04DDAAEC3111122223333";
    let got = read(
        ingest,
        json_lines(&[
            json!({"TimeGenerated": 1_000, "B": "TRUE", "I": "7", "L": 3.0, "R": 2, "S": 1.5,
                   "D": 1_500.25, "T": "1.02:00:00", "G": guid, "J": "{\"a\": [1]}"}),
            json!({"TimeGenerated": "2000", "B": 0, "I": 8.0, "L": "-4", "R": "2.5", "S": {"a": [1, null]},
                   "D": "2026-11-22T09:00:00+09:00", "T": "90s", "J": "{not json"}),
            json!({"TimeGenerated": null, "B": null, "I": "", "L": null, "S": 18_446_744_073_709_551_615_u64,
                   "J": 5}),
        ]),
    );
    assert_eq!(got.reasons(), []);
    let row = |fields: &[(&str, &str)]| -> BTreeMap<String, String> {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        fields.iter().map(own).collect()
    };
    let mut table = got.table();
    for row in &mut table {
        row.remove("T");
    }
    assert_eq!(
        table,
        [
            row(&[
                ("TimeGenerated", "1970-01-01T00:00:01"),
                ("B", "true"),
                ("I", "7"),
                ("L", "3"),
                ("R", "2.0"),
                ("S", "1.5"),
                ("D", "1970-01-01T00:00:01.500250"),
                ("G", "0b1f6471-1bf0-4dda-aec3-111122223333"),
                ("J", "{\"a\": [1]}"),
            ]),
            row(&[
                ("TimeGenerated", "1970-01-01T00:00:02"),
                ("B", "false"),
                ("I", "8"),
                ("L", "-4"),
                ("R", "2.5"),
                ("S", "{\"a\":[1,null]}"),
                ("D", "2026-11-22T00:00:00"),
                ("J", "\"{not json\""),
            ]),
            row(&[
                ("TimeGenerated", "2026-11-22T09:00:00"),
                ("S", "18446744073709551615"),
                ("J", "5"),
            ]),
        ]
    );
    let columns = batch(&got.chunks[0]).unwrap();
    let spans = columns.column_by_name("T").unwrap();
    let spans = spans.as_primitive::<arrow::datatypes::DurationMicrosecondType>();
    assert_eq!(spans.values()[..2], [93_600_000_000, 90_000_000]);
    assert!(spans.is_null(2));
}

#[test]
fn a_new_field_is_typed_by_all_it_holds_where_it_first_comes() {
    let got = read(
        with(&[]),
        json_lines(&[
            json!({"a": 1, "b": 1, "c": true, "d": "2026-11-22T09:00:00Z", "e": null, "f": [1], "g": 1}),
            json!({"a": 2, "b": 1.5, "c": "x", "d": "later", "e": null, "f": {"x": 1}, "g": {"y": null}}),
        ]),
    );
    assert_eq!(got.reasons(), []);
    let kinds = kinds(&got.chunks[0]);
    let of = |name: &str| kinds.iter().find(|k| k.0 == name).map(|k| k.1);
    assert_eq!(of("a"), Some(ColumnType::Long));
    assert_eq!(of("b"), Some(ColumnType::Real));
    assert_eq!(of("c"), Some(ColumnType::String));
    assert_eq!(of("d"), Some(ColumnType::String));
    assert_eq!(of("e"), None);
    assert_eq!(of("f"), Some(ColumnType::Dynamic));
    assert_eq!(of("g"), Some(ColumnType::Dynamic));
    let table = got.table();
    assert_eq!(table[0]["b"], "1.0");
    assert_eq!(table[0]["c"], "true");
    assert_eq!(table[1]["g"], "{\"y\":null}");
}

#[test]
fn names_of_columns_compare_with_case() {
    let got = read(
        with(&[("Host", ColumnType::String)]),
        "{\"host\":\"a\",\"Host\":\"b\",\"timegenerated\":1}\n",
    );
    let row = got.one();
    assert_eq!((row["host"].as_str(), row["Host"].as_str()), ("a", "b"));
    assert_eq!(row["timegenerated"], "1");
    assert_eq!(row["TimeGenerated"], "2026-11-22T09:00:00");
}

#[test]
fn an_explosion_of_columns_stops_at_the_limit_and_the_rest_lands() {
    let mut rows: Vec<Value> = (0..2_000)
        .map(|n| json!({ (format!("f{n}")): n }))
        .collect();
    rows.push(json!({"f0": 7}));
    let got = read(with(&[]), json_lines(&rows));
    let room = COLUMNS_MAX - 1;
    assert_eq!(got.rows(), room as u64 + 1);
    assert_eq!(got.rejected(), 2_000 - room as u64);
    assert!(got.reasons()[0].1.contains("500 columns"));
    assert_eq!(got.chunks[0].columns.len(), COLUMNS_MAX);
}

/// Gives a pattern again and again without holding it.
struct Endless {
    pattern: Vec<u8>,
    at: usize,
    left: usize,
}

impl Endless {
    fn of(pattern: &[u8], bytes: usize) -> Endless {
        Endless {
            pattern: pattern.repeat(1 + 65_536 / pattern.len()),
            at: 0,
            left: bytes,
        }
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = into.len().min(self.left).min(self.pattern.len() - self.at);
        into[..n].copy_from_slice(&self.pattern[self.at..self.at + n]);
        self.at = (self.at + n) % self.pattern.len();
        self.left -= n;
        Ok(n)
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_skipped_and_the_rest_lands() {
    let long = 100_000_000;
    let text = format!("\"TimeGenerated\":\"{NOW}\"");
    let quoted = || Cursor::new(b"\"}".to_vec()).chain(Cursor::new(b"\n".to_vec()));
    let lines = Cursor::new(format!("{{{text}}}\n{{\"x\":\""))
        .chain(Endless::of(b"x", long))
        .chain(quoted())
        .chain(Cursor::new(format!("{{{text},\"Last\":true}}\n")));
    let array = Cursor::new(format!("[{{{text}}},\n{{\"x\":\""))
        .chain(Endless::of(b"x", long))
        .chain(quoted())
        .chain(Cursor::new(format!(", {{{text},\"Last\":true}}]")));
    let csv = Cursor::new(format!("TimeGenerated,Last\n{NOW},\n\""))
        .chain(Endless::of(b"x", long))
        .chain(Cursor::new(b"\",y\n".to_vec()))
        .chain(Cursor::new(format!("{NOW},true\n")));
    let readers: [(Format, Box<dyn Read + Send>, u64); 3] = [
        (Format::Ndjson, Box::new(lines), 2),
        (Format::Json, Box::new(array), 2),
        (Format::Csv, Box::new(csv), 3),
    ];
    for (format, input, line) in readers {
        let ingest = Ingest {
            format: Some(format),
            ..with(&[])
        };
        let got = Got::of(ingest.read(input));
        assert!(got.stop.is_none(), "{format}: {:?}", got.stop);
        assert_eq!(got.rows(), 2, "{format}: {:?}", got.reasons());
        let reasons = got.reasons();
        assert_eq!(reasons.len(), 1, "{format}");
        assert_eq!(reasons[0].0, line, "{format}");
        assert!(reasons[0].1.contains("at most 1048576"), "{}", reasons[0].1);
        assert!(got.rejects()[0]["text"].as_str().unwrap().len() <= limits::REJECT_TEXT);
        assert_eq!(got.table()[1]["Last"], "true", "{format}");
    }
}

#[test]
fn a_gzip_bomb_is_stopped_and_what_came_before_stays() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(b"{\"a\":1}\n").unwrap();
    std::io::copy(&mut Endless::of(b"\n", 80 << 20), &mut bomb).unwrap();
    let got = read(with(&[]), bomb.finish().unwrap());
    assert!(
        matches!(got.stop, Some(Stop::Bomb { .. })),
        "{:?}",
        got.stop
    );
    assert_eq!(got.rows(), 1);
}

#[test]
fn a_truncated_gzip_gives_its_whole_records_and_then_the_error() {
    let rows = samples();
    let whole = gzip(json_lines(&rows).as_bytes());
    let got = read(with(&[]), &whole[..whole.len() / 2]);
    assert!(
        matches!(got.stop, Some(Stop::Read { .. })),
        "{:?}",
        got.stop
    );
    let table = got.table();
    assert!(!table.is_empty());
    assert_eq!(table, expected(&rows[..table.len()]));
    assert_eq!(got.rejected(), 0, "what was cut is not judged");
}

#[test]
fn an_encoding_that_is_not_read_is_named_once() {
    let utf16: Vec<u8> = "\u{feff}{\"a\":1}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let got = read(with(&[]), utf16);
    assert!(got.chunks.is_empty());
    let text = got.stop.unwrap().to_string();
    assert!(text.contains("UTF-16") && text.contains("iconv"), "{text}");
}

#[test]
fn json_too_deep_is_rejected_and_a_long_text_is_cut_between_characters() {
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(100), "]".repeat(100));
    let long = json!({ "S": format!("x{}", "한".repeat(20_000)) });
    let got = read(
        with(&[("S", ColumnType::String)]),
        format!("{deep}{long}\n"),
    );
    assert!(got.reasons()[0].1.contains("nested more than 64"));
    let text = &got.one()["S"];
    assert_eq!(text.len(), limits::TEXT - 1);
    assert_eq!(got.chunks[0].cut, 1);
}

#[test]
fn an_array_that_is_broken_off_or_followed_by_text_says_so() {
    for (text, rows, part) in [
        ("[{\"a\":1},{\"a\":", 1, "ends within a record"),
        ("[{\"a\":1},{\"a\":2}", 2, "not closed"),
        ("[{\"a\":1}] and more", 1, "follows the end"),
        ("[{\"a\":1},2,\"x\",[3]]", 1, "no JSON object"),
        ("[{\"a\":1}}]", 1, "malformed"),
    ] {
        let got = read(with(&[]), text);
        assert!(got.stop.is_none());
        assert_eq!(got.rows(), rows, "{text}");
        assert!(
            got.reasons()[0].1.contains(part),
            "{text}: {:?}",
            got.reasons()
        );
    }
}

#[test]
fn csv_rows_that_do_not_match_the_header_are_rejected() {
    let got = read(
        with(&[]),
        "a,b\n1,2\n1\n1,2,3\n\"x, \"\"y\"\"\nz\",007\n\n\"open,1\n",
    );
    let reasons = got.reasons();
    let lines: Vec<u64> = reasons.iter().map(|r| r.0).collect();
    assert_eq!(lines, [3, 4, 8]);
    assert!(reasons[0].1.contains("1 fields, the header 2"));
    assert!(reasons[2].1.contains("within quotes"));
    let table = got.table();
    assert_eq!(table[1]["a"], "x, \"y\"\nz");
    assert_eq!(table[1]["b"], "007", "a code is no number");
    for header in ["a,a\n1,2\n", "a,b c\n1,2\n"] {
        let ingest = Ingest {
            format: Some(Format::Csv),
            ..with(&[])
        };
        let got = read(ingest, header);
        assert!(matches!(got.stop, Some(Stop::Header(_))), "{header}");
    }
}

#[test]
fn an_empty_input_gives_nothing() {
    for format in Format::ALL {
        let ingest = Ingest {
            format: Some(*format),
            ..with(&[])
        };
        let got = read(ingest, "");
        assert!(got.stop.is_none() && got.rows() == 0, "{format}");
    }
}

#[test]
fn rows_out_of_order_are_sorted_by_time_and_equal_times_stay_as_they_came() {
    let rows: Vec<Value> = (0..50_000)
        .map(|n: i64| json!({"TimeGenerated": n * 7_919 % 1_000, "N": n, "T": format!("row {n}")}))
        .collect();
    let got = read(with(&[]), json_lines(&rows));
    let batch = batch(&got.chunks[0]).unwrap();
    let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
    let numbers = batch.column_by_name("N").unwrap();
    let numbers = numbers.as_primitive::<arrow::datatypes::Int64Type>();
    let texts = batch.column_by_name("T").unwrap().as_string_view();
    let pairs: Vec<(i64, i64)> = times
        .values()
        .iter()
        .copied()
        .zip(numbers.values().iter().copied())
        .collect();
    assert!(pairs.is_sorted());
    assert_eq!(pairs.len(), 50_000);
    assert!(
        numbers
            .values()
            .iter()
            .zip(texts.iter())
            .all(|(n, t)| t == Some(&format!("row {n}")))
    );
    let chunk = &got.chunks[0];
    assert_eq!((chunk.from, chunk.to), (SimTime(0), SimTime(999_000)));
}

/// More than one block, so that columns come later and chunks are several.
fn many(rows: usize) -> String {
    let mut text = String::new();
    for n in 0..rows {
        let later = if n > rows / 2 {
            ",\"Later\":\"2026-11-22T09:00:00Z\""
        } else {
            ""
        };
        let bad = if n % 1_000 == 17 { "x" } else { "" };
        let pad = "p".repeat(n % 300);
        text.push_str(&format!(
            "{{\"TimeGenerated\":{n},\"N\":{n},\"Pad\":\"{pad}\"{later}}}{bad}\n"
        ));
    }
    text
}

#[test]
fn chunks_come_in_order_and_are_the_same_with_any_number_of_threads() {
    let text = many(60_000);
    let run = |threads| {
        read(
            Ingest {
                threads,
                chunk: 1,
                ..with(&[])
            },
            text.clone(),
        )
    };
    let one = run(1);
    assert!(one.chunks.len() > 2, "{}", one.chunks.len());
    assert_eq!(one.rows() + one.rejected(), 60_000);
    assert_eq!(one.rejected(), 60);
    for threads in [2, 4] {
        let more = run(threads);
        assert_eq!(more.chunks.len(), one.chunks.len());
        for (a, b) in more.chunks.iter().zip(&one.chunks) {
            assert!(a.parquet == b.parquet && a.rejects == b.rejects);
            assert_eq!(
                (a.end_offset, a.lines.clone()),
                (b.end_offset, b.lines.clone())
            );
        }
    }
    let mut line = 1;
    for chunk in &one.chunks {
        assert_eq!(chunk.lines.start, line);
        line = chunk.lines.end;
    }
    assert_eq!(one.chunks.last().unwrap().end_offset, text.len() as u64);
    assert!(!kinds(&one.chunks[0]).iter().any(|k| k.0 == "Later"));
    let numbers: Vec<String> = one
        .table()
        .into_iter()
        .map(|mut row| row.remove("N").unwrap())
        .collect();
    let wanted = (0..60_000)
        .filter(|n| n % 1_000 != 17)
        .map(|n| n.to_string());
    assert!(numbers.into_iter().eq(wanted));
}

#[test]
fn a_reading_goes_on_where_an_earlier_one_ended() {
    let lines = many(60_000);
    let array = format!(
        "[{}]\n",
        lines.replace("x\n", "\n").trim_end().replace('\n', ",\n")
    );
    let rows: Vec<Value> = array_rows(&array);
    let csv = csv_text(
        &rows
            .iter()
            .map(|r| json!({"N": r["N"], "Pad": r["Pad"]}))
            .collect::<Vec<_>>(),
    );
    for (format, bytes) in [
        (Format::Ndjson, lines.into_bytes()),
        (Format::Json, array.into_bytes()),
        (Format::Csv, csv),
    ] {
        let whole = |from_offset, columns| {
            let ingest = Ingest {
                format: Some(format),
                from_offset,
                columns,
                chunk: 1,
                ..with(&[])
            };
            read(ingest, bytes.clone())
        };
        let first = whole(0, Columns::new());
        assert!(first.stop.is_none());
        for n in [0, first.chunks.len() / 2, first.chunks.len() - 1] {
            let known = first.chunks[n].columns.clone();
            let rest = whole(first.chunks[n].end_offset, known);
            let expected = &first.chunks[n + 1..];
            assert_eq!(rest.chunks.len(), expected.len(), "{format} {n}");
            for (a, b) in rest.chunks.iter().zip(expected) {
                assert_eq!(
                    (a.rows, a.rejected, a.end_offset),
                    (b.rows, b.rejected, b.end_offset)
                );
                assert_eq!((&a.lines, &a.rejects), (&b.lines, &b.rejects), "{format}");
                assert!(a.parquet == b.parquet, "{format}");
            }
        }
        let nothing = whole(u64::MAX, Columns::new());
        assert!(
            nothing.stop.is_none() && nothing.chunks.is_empty(),
            "{format}"
        );
    }
}

fn array_rows(array: &str) -> Vec<Value> {
    serde_json::from_str(array).unwrap()
}

#[test]
fn dropping_the_chunks_ends_the_threads() {
    let ingest = Ingest {
        format: Some(Format::Ndjson),
        chunk: 1,
        ..with(&[])
    };
    let mut chunks = ingest.read(Endless::of(b"{\"a\":1}\n", usize::MAX));
    assert!(chunks.next().unwrap().unwrap().rows > 0);
    drop(chunks);
}

#[test]
fn what_a_file_is_written_with_follows_from_what_is_in_it() {
    let rows: Vec<Value> = (0..20_000)
        .map(|n: u64| {
            let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            json!({
                "TimeGenerated": n * 1_000,
                "Host": format!("vm-{}", n % 9),
                "Id": format!("{id:016x}{:016x}", !id),
                "Message": format!("request {n} of host {} is done", n % 9),
            })
        })
        .collect();
    let got = read(with(&[]), json_lines(&rows));
    let reader = ParquetRecordBatchReaderBuilder::try_new(got.chunks[0].parquet.clone()).unwrap();
    let group = reader.metadata().row_group(0);
    let column = |name: &str| {
        let mut columns = group.columns().iter();
        columns.find(|c| c.column_path().string() == name).unwrap()
    };
    assert!(column("Host").dictionary_page_offset().is_some());
    assert!(column("Message").dictionary_page_offset().is_none());
    assert!(column("Id").dictionary_page_offset().is_none());
    assert!(column("Id").bloom_filter_offset().is_some());
    assert!(column("Message").bloom_filter_offset().is_none());
    assert!(column("Host").bloom_filter_offset().is_none());
    assert!(column("TimeGenerated").offset_index_offset().is_some());
    let sorting = group.sorting_columns().unwrap();
    assert_eq!((sorting[0].column_idx, sorting[0].descending), (0, false));
}

#[test]
fn records_that_are_laid_out_already_are_encoded_the_same_way() {
    let rows = samples();
    let got = read(with(&[]), json_lines(&rows));
    let chunk = &got.chunks[0];
    let again = encode(&batch(chunk).unwrap(), &chunk.columns).unwrap();
    assert_eq!(again.rows, chunk.rows);
    assert_eq!((again.from, again.to), (chunk.from, chunk.to));
    assert_eq!(again.columns, chunk.columns);
    assert!(again.parquet == chunk.parquet);
    let nothing = encode(&batch(chunk).unwrap().slice(0, 0), &chunk.columns).unwrap();
    assert_eq!(nothing.rows, 0);
    assert!(ParquetRecordBatchReaderBuilder::try_new(nothing.parquet).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-11-22T09:00:00Z")),
        Just(json!("true")),
        Just(json!("12")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_name(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-f]",
        1 => Just(TIME.to_owned()),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_json_comes_every_record_lands_or_is_rejected(rows in prop::collection::vec(any_json(), 0..12)) {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let ingest = || Ingest {
            format: Some(Format::Ndjson),
            ..with(&[("a", ColumnType::Long), ("b", ColumnType::String), ("c", ColumnType::Dynamic)])
        };
        let lines = read(ingest(), text);
        prop_assert!(lines.stop.is_none());
        prop_assert_eq!(lines.rows() + lines.rejected(), rows.len() as u64);
        prop_assert_eq!(lines.rejects().len() as u64, lines.rejected());
        prop_assert_eq!(lines.table().len() as u64, lines.rows());
        let array = Ingest { format: Some(Format::Json), ..ingest() };
        let array = read(array, serde_json::to_vec_pretty(&rows).unwrap());
        prop_assert_eq!(array.table(), lines.table());
    }

    #[test]
    fn whatever_bytes_come_nothing_panics(bytes in any::<Vec<u8>>(), format in 0..4_usize, zip in any::<bool>()) {
        let format = Format::ALL[format];
        let ingest = Ingest { format: Some(format), ..with(&[]) };
        read(ingest, if zip { gzip(&bytes) } else { bytes });
    }

    #[test]
    fn whatever_syslog_comes_nothing_panics(line in "(<[0-9]{1,4}>)?[0-9]? ?([A-Z][a-z]{2} [ 0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}|-|\\PC*) \\PC*") {
        let ingest = Ingest { format: Some(Format::Syslog), ..with(&[]) };
        let got = read(ingest, line.clone());
        let records = u64::from(!line.trim().is_empty());
        prop_assert_eq!(got.rows() + got.rejected(), records);
    }

    #[test]
    fn csv_is_cut_where_the_csv_library_cuts_it(
        rows in prop::collection::vec(prop::collection::vec("[a\",\n\r ]{0,6}", 2..=2), 1..8)
    ) {
        let mut writer = ::csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(["x", "y"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let ingest = Ingest {
            format: Some(Format::Csv),
            ..with(&[("x", ColumnType::String), ("y", ColumnType::String)])
        };
        let got = read(ingest, writer.into_inner().unwrap());
        prop_assert_eq!(got.reasons(), []);
        let texts: Vec<[String; 2]> = got.table().into_iter().map(|mut row| {
            ["x", "y"].map(|name| row.remove(name).unwrap_or_default())
        }).collect();
        let wanted: Vec<[String; 2]> = rows.iter().map(|r| [r[0].clone(), r[1].clone()]).collect();
        prop_assert_eq!(texts, wanted);
    }
}
