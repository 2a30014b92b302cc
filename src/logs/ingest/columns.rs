//! Records into typed columns, one block at a time. A record goes in whole or not at all.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, Int32Array, Int64Array,
    NullBufferBuilder, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, OffsetBuffer};

use super::arrow_types;
use super::infer::Seen;
use super::limits;
use super::reject::Fault;
use super::stop::Stop;
use super::values::{self, Value};
use crate::engine::ingestion::schema::{Column, ColumnType, Columns, TIME};
use crate::engine::ingestion::table::{COLUMNS_MAX, valid_column};
use crate::engine::time::SimTime;

/// The columns of a table as they fill.
pub(in crate::logs) struct Rows {
    lanes: Vec<Lane>,
    places: HashMap<Arc<str>, usize>,
    /// Which lane the n-th field of a record went to last time: records mostly look alike.
    order: Vec<usize>,
    rows: usize,
    /// `TimeGenerated` of a record that has none.
    ingested_at: SimTime,
    /// Fields that are in no column yet, as far as this block was looked through for them.
    fresh: Vec<(Arc<str>, Seen)>,
    /// Whether it was.
    learned: bool,
    /// Whether a field came that has no column yet.
    unknown: bool,
    /// Texts cut off at the limit; of the record that is being taken.
    cut: u64,
    cut_in_record: u64,
}

impl Rows {
    pub fn new(columns: &Columns, ingested_at: SimTime) -> Rows {
        let mut rows = Rows {
            lanes: Vec::new(),
            places: HashMap::new(),
            order: Vec::new(),
            rows: 0,
            ingested_at,
            fresh: Vec::new(),
            learned: false,
            unknown: false,
            cut: 0,
            cut_in_record: 0,
        };
        rows.add(Column::new(TIME, ColumnType::Datetime));
        for column in columns.iter().filter(|c| &*c.name != TIME) {
            rows.add(column.clone());
        }
        rows
    }

    fn add(&mut self, column: Column) {
        self.places.insert(column.name.clone(), self.lanes.len());
        self.lanes.push(Lane::new(column));
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Begins a block; what is in it is dropped.
    pub fn begin(&mut self) {
        for lane in &mut self.lanes {
            lane.truncate(0);
        }
        self.rows = 0;
        self.cut = 0;
        self.cut_in_record = 0;
        self.learned = false;
        self.unknown = false;
    }

    /// A field was met whose column has to be made first: look through the block, then begin it anew.
    pub fn must_learn(&self) -> bool {
        self.unknown && !self.learned
    }

    /// Takes note of a field that is in no column yet. To be called for every field of the block.
    pub(super) fn learn(&mut self, name: &str, seen: Option<Seen>) {
        let Some(seen) = seen.filter(|_| !self.places.contains_key(name)) else {
            return;
        };
        if let Some((_, all)) = self.fresh.iter_mut().find(|(n, _)| &**n == name) {
            *all = all.with(seen);
        } else if valid_column(name).is_ok() && self.lanes.len() + self.fresh.len() < COLUMNS_MAX {
            self.fresh.push((name.into(), seen));
        }
    }

    /// Makes the columns that were noted, and begins the block anew.
    pub fn learned(&mut self) {
        for (name, seen) in std::mem::take(&mut self.fresh) {
            self.add(Column::new(&name, seen.kind()));
        }
        self.begin();
        self.learned = true;
    }

    /// The n-th field of the record.
    #[inline]
    pub fn field(&mut self, n: usize, name: &str, value: Value<'_>) -> Result<(), Fault> {
        let place = match self.order.get(n) {
            Some(place) if &*self.lanes[*place].column.name == name => *place,
            _ => match self.places.get(name) {
                Some(place) => {
                    let place = *place;
                    if n < COLUMNS_MAX {
                        if self.order.len() <= n {
                            self.order.resize(n + 1, 0);
                        }
                        self.order[n] = place;
                    }
                    place
                }
                None => return self.no_column(name, value),
            },
        };
        let lane = &mut self.lanes[place];
        if lane.data.len() > self.rows {
            return Err(Fault::field(name, "the field stands twice in the record"));
        }
        match lane.put(value) {
            Ok(cut) => {
                self.cut_in_record += u64::from(cut);
                if place == 0 { self.time_fits() } else { Ok(()) }
            }
            Err(reason) => Err(Fault::field(name, reason)),
        }
    }

    /// `TimeGenerated` must be an instant the World can tell of.
    fn time_fits(&self) -> Result<(), Fault> {
        let Data::Long(times) = &self.lanes[0].data else {
            return Ok(());
        };
        match times.get(self.rows) {
            Some(time) if !values::in_sim_time(*time) => {
                Err(Fault::field(TIME, "the time is not from 1970 to 9999"))
            }
            _ => Ok(()),
        }
    }

    #[cold]
    fn no_column(&mut self, name: &str, value: Value<'_>) -> Result<(), Fault> {
        if value == Value::Missing {
            return Ok(());
        }
        self.unknown = true;
        if !self.learned {
            return Ok(());
        }
        let reason = match valid_column(name) {
            Ok(()) => format!("the table has {COLUMNS_MAX} columns already"),
            Err(reason) => reason,
        };
        Err(Fault::field(name, reason))
    }

    /// The record is taken.
    pub fn end(&mut self) {
        for (place, lane) in self.lanes.iter_mut().enumerate() {
            if lane.data.len() == self.rows {
                match &mut lane.data {
                    Data::Long(times) if place == 0 => {
                        times.push(self.ingested_at.0);
                        lane.nulls.append_non_null();
                    }
                    _ => lane.put_missing(),
                }
            }
        }
        self.rows += 1;
        self.cut += std::mem::take(&mut self.cut_in_record);
    }

    /// The record is not taken.
    pub fn undo(&mut self) {
        for lane in &mut self.lanes {
            lane.truncate(self.rows);
        }
        self.cut_in_record = 0;
    }

    /// The columns of the block, and how many texts were cut off at the limit.
    pub fn finish(&mut self) -> Result<(Vec<(Column, ArrayRef)>, u64), Stop> {
        let rows = std::mem::take(&mut self.rows);
        let filled = self.lanes.iter_mut().map(|lane| lane.finish(rows));
        Ok((
            filled.collect::<Result<_, _>>()?,
            std::mem::take(&mut self.cut),
        ))
    }
}

impl Rows {
    /// All that is in it as one batch, every column of the table in its order.
    pub fn batch(&mut self) -> Result<RecordBatch, Stop> {
        let (columns, arrays): (Columns, Vec<ArrayRef>) = self.finish()?.0.into_iter().unzip();
        Ok(RecordBatch::try_new(arrow_types::schema(&columns), arrays)?)
    }
}

struct Lane {
    column: Column,
    data: Data,
    nulls: NullBufferBuilder,
}

/// Text values one after the other, and where each ends.
#[derive(Default)]
struct Texts {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

enum Data {
    Bool(Vec<bool>),
    Int(Vec<i32>),
    /// Times and time spans too, in microseconds.
    Long(Vec<i64>),
    Real(Vec<f64>),
    /// Strings, GUIDs and JSON.
    Texts(Texts),
}

impl Data {
    fn new(kind: ColumnType, rows: usize, bytes: usize) -> Data {
        match kind {
            ColumnType::Bool => Data::Bool(Vec::with_capacity(rows)),
            ColumnType::Int => Data::Int(Vec::with_capacity(rows)),
            ColumnType::Long | ColumnType::Datetime | ColumnType::Timespan => {
                Data::Long(Vec::with_capacity(rows))
            }
            ColumnType::Real => Data::Real(Vec::with_capacity(rows)),
            ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => {
                let mut offsets = Vec::with_capacity(rows + 1);
                offsets.push(0);
                let bytes = Vec::with_capacity(bytes);
                Data::Texts(Texts { offsets, bytes })
            }
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            Data::Bool(v) => v.len(),
            Data::Int(v) => v.len(),
            Data::Long(v) => v.len(),
            Data::Real(v) => v.len(),
            Data::Texts(t) => t.offsets.len() - 1,
        }
    }
}

impl Texts {
    #[inline]
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// What was written since the last end is a value. A block is far smaller than 2 GB.
    fn end(&mut self) {
        self.offsets.push(self.bytes.len() as i32);
    }
}

impl Lane {
    fn new(column: Column) -> Lane {
        Lane {
            data: Data::new(column.kind, 0, 0),
            nulls: NullBufferBuilder::new(0),
            column,
        }
    }

    fn truncate(&mut self, rows: usize) {
        match &mut self.data {
            Data::Bool(v) => v.truncate(rows),
            Data::Int(v) => v.truncate(rows),
            Data::Long(v) => v.truncate(rows),
            Data::Real(v) => v.truncate(rows),
            Data::Texts(t) => {
                t.offsets.truncate(rows + 1);
                t.bytes
                    .truncate(t.offsets.last().map_or(0, |end| *end as usize));
            }
        }
        self.nulls.truncate(rows);
    }

    fn put_missing(&mut self) {
        match &mut self.data {
            Data::Bool(v) => v.push(false),
            Data::Int(v) => v.push(0),
            Data::Long(v) => v.push(0),
            Data::Real(v) => v.push(0.0),
            Data::Texts(t) => t.end(),
        }
        match self.column.kind {
            ColumnType::String => self.nulls.append_non_null(),
            _ => self.nulls.append_null(),
        }
    }

    /// Puts a value in, converted where nothing is lost by it:
    ///
    /// | column | takes, besides its own |
    /// |---|---|
    /// | bool | the texts true and false in any case, the numbers 0 and 1 |
    /// | int, long | a number without a fraction, a text of digits; within its range |
    /// | real | any number, also as text; not NaN, not infinity |
    /// | string | everything, as it would stand in JSON; beyond 32 KB it is cut off |
    /// | datetime | ISO 8601 text; milliseconds since 1970 as number or text of digits |
    /// | timespan | `[d.]hh:mm:ss[.f]`, or `4d`, `8h`, `90s` |
    /// | guid | with hyphens or without, in braces or not |
    /// | dynamic | everything; a text that is a JSON object or array is that |
    ///
    /// An empty text is a missing value. Returns whether a text was cut off, or why the value does not fit.
    fn put(&mut self, value: Value<'_>) -> Result<bool, String> {
        let kind = self.column.kind;
        let misfit = || Err(misfit(kind, value));
        let Some(value) = present(kind, value) else {
            // An explicit null is as good as none; a time that is null comes with the ingestion time.
            if &*self.column.name != TIME {
                self.put_missing();
            }
            return Ok(false);
        };
        let mut cut = false;
        match (&mut self.data, kind) {
            (Data::Texts(texts), ColumnType::String) => match value {
                Value::Text(text) => {
                    let short = shortened(text);
                    cut = short.len() < text.len();
                    texts.push(short);
                }
                Value::Nested(json) => {
                    let short = shortened(json);
                    cut = short.len() < json.len();
                    texts.push(short);
                }
                Value::Instant(at) => texts.push(&SimTime(at).to_string()),
                value => {
                    write_json(&mut texts.bytes, value);
                    texts.end();
                }
            },
            (Data::Texts(texts), ColumnType::Guid) => match value {
                Value::Text(text) => match values::guid(text) {
                    Some(guid) => {
                        texts.bytes.extend_from_slice(&guid);
                        texts.end();
                    }
                    None => return misfit(),
                },
                _ => return misfit(),
            },
            (Data::Texts(texts), _) => {
                match value {
                    Value::Text(text) if is_json(text) => {
                        texts.bytes.extend_from_slice(text.trim().as_bytes());
                    }
                    value => write_json(&mut texts.bytes, value),
                }
                texts.end();
            }
            (Data::Real(reals), _) => match real(value) {
                Some(n) => reals.push(n),
                None => return misfit(),
            },
            (Data::Bool(bools), _) => match boolean(value) {
                Some(b) => bools.push(b),
                None => return misfit(),
            },
            (Data::Int(ints), _) => match long(value).and_then(|n| n.try_into().ok()) {
                Some(n) => ints.push(n),
                None => return misfit(),
            },
            (Data::Long(longs), kind) => {
                let n = match kind {
                    ColumnType::Datetime => instant(value),
                    ColumnType::Timespan => timespan(value),
                    _ => long(value),
                };
                match n {
                    Some(n) => longs.push(n),
                    None => return misfit(),
                }
            }
        }
        self.nulls.append_non_null();
        Ok(cut)
    }

    fn finish(&mut self, rows: usize) -> Result<(Column, ArrayRef), Stop> {
        let bytes = match &self.data {
            Data::Texts(texts) => texts.bytes.len(),
            _ => 0,
        };
        let next = Data::new(self.column.kind, rows, bytes + bytes / 16);
        let data = std::mem::replace(&mut self.data, next);
        let nulls = self.nulls.finish();
        let array: ArrayRef = match data {
            Data::Bool(v) => Arc::new(BooleanArray::new(BooleanBuffer::from(v), nulls)),
            Data::Int(v) => Arc::new(Int32Array::new(v.into(), nulls)),
            Data::Long(v) => match self.column.kind {
                ColumnType::Datetime => Arc::new(TimestampMicrosecondArray::new(v.into(), nulls)),
                ColumnType::Timespan => Arc::new(DurationMicrosecondArray::new(v.into(), nulls)),
                _ => Arc::new(Int64Array::new(v.into(), nulls)),
            },
            Data::Real(v) => Arc::new(Float64Array::new(v.into(), nulls)),
            Data::Texts(t) => {
                let offsets = OffsetBuffer::new(t.offsets.into());
                let texts = StringArray::try_new(offsets, Buffer::from_vec(t.bytes), nulls)?;
                Arc::new(StringViewArray::from(&texts))
            }
        };
        Ok((self.column.clone(), array))
    }
}

/// The value, if there is one.
#[inline]
fn present(kind: ColumnType, value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Missing => None,
        Value::Text("") if kind != ColumnType::String => None,
        value => Some(value),
    }
}

#[cold]
fn misfit(kind: ColumnType, value: Value<'_>) -> String {
    let mut shown = Vec::new();
    match value {
        Value::Text(text) => {
            let start: String = text.chars().take(40).collect();
            write_json_text(&mut shown, &start);
        }
        Value::Nested(_) => shown.extend_from_slice(b"an object or array"),
        value => write_json(&mut shown, value),
    }
    format!(
        "{} does not fit a column of type {kind}",
        String::from_utf8_lossy(&shown)
    )
}

fn shortened(text: &str) -> &str {
    if text.len() <= limits::TEXT {
        return text;
    }
    &text[..text.floor_char_boundary(limits::TEXT)]
}

/// A text that holds a JSON object or array.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Writing JSON into memory cannot fail for a text and a number.
pub(super) fn write_json_text(into: &mut Vec<u8>, text: &str) {
    let _ = serde_json::to_writer(into, text);
}

/// The value as JSON; a time as its text.
pub(in crate::logs) fn write_json(into: &mut Vec<u8>, value: Value<'_>) {
    let _ = match value {
        Value::Missing => serde_json::to_writer(into, &()),
        Value::Bool(b) => serde_json::to_writer(into, &b),
        Value::Long(n) => serde_json::to_writer(into, &n),
        Value::Huge(n) => serde_json::to_writer(into, &n),
        Value::Real(n) => serde_json::to_writer(into, &n),
        Value::Instant(at) => serde_json::to_writer(into, &SimTime(at).to_string()),
        Value::Text(text) => serde_json::to_writer(into, text),
        Value::Nested(json) => {
            into.extend_from_slice(json.as_bytes());
            Ok(())
        }
    };
}

fn boolean(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(b),
        Value::Long(n @ (0 | 1)) => Some(n == 1),
        Value::Text(text) => values::boolean(text),
        _ => None,
    }
}

fn long(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Long(n) => Some(n),
        Value::Real(n) => whole(n),
        Value::Text(text) => values::long(text),
        _ => None,
    }
}

/// A number without a fraction, as far as a double counts them one by one.
fn whole(n: f64) -> Option<i64> {
    (n.fract() == 0.0 && n.abs() <= 9_007_199_254_740_992.0).then_some(n as i64)
}

#[inline]
fn real(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Real(n) => Some(n),
        Value::Long(n) => Some(n as f64),
        Value::Huge(n) => Some(n as f64),
        Value::Text(text) => values::real(text),
        _ => None,
    }
}

#[inline]
fn instant(value: Value<'_>) -> Option<i64> {
    let at = match value {
        Value::Text(text) => values::instant(text)
            .or_else(|| values::long(text).and_then(|ms| ms.checked_mul(1_000))),
        Value::Instant(at) => Some(at),
        Value::Long(ms) => ms.checked_mul(1_000),
        Value::Real(ms) => whole((ms * 1_000.0).round()),
        _ => None,
    };
    at.filter(|at| values::in_calendar(*at))
}

fn timespan(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Text(text) => values::timespan(text),
        _ => None,
    }
}
