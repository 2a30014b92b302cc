//! Columns to Parquet as the log store wants it (`data.md` §3): sorted by time, zstd-1, page statistics; no
//! dictionary where nearly every value is another one, a bloom filter where a needle is sought.
//!
//! A file is encoded column by column, so that several threads can share the work.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow::compute::interleave;
use arrow::datatypes::{
    DurationMicrosecondType, Float64Type, Int32Type, Int64Type, SchemaRef, TimestampMicrosecondType,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::arrow_types;
use super::limits;
use super::stop::Stop;
use crate::engine::ingestion::schema::{Column, ColumnType, Columns};
use crate::engine::time::SimTime;

/// How many values of a column tell how it is written.
const SAMPLE: usize = 4096;
/// Rows that are put in order at a time.
const PIECE: usize = 16_384;
/// Bytes, on average, of a text that is an id: that somebody looks for as a whole, and that is worth the bytes of a
/// bloom filter.
const NEEDLE: RangeInclusive<usize> = 16..=64;

/// A Parquet file and what is in it.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub parquet: Bytes,
    pub columns: Columns,
    pub rows: u64,
    /// The earliest and the latest `TimeGenerated`.
    pub from: SimTime,
    pub to: SimTime,
}

/// One column of some batches, those in which it is missing filled up.
struct Source {
    column: Column,
    /// One array for each batch.
    arrays: Vec<ArrayRef>,
}

/// A file that is being encoded, task by task.
pub(super) struct File {
    columns: Vec<Source>,
    schema: SchemaRef,
    rows: usize,
    from: SimTime,
    to: SimTime,
    /// For each row of the file its batch and row there; None: they are in order already.
    order: Option<Vec<(usize, usize)>>,
    /// The first row of each batch, and the number of all.
    starts: Vec<usize>,
    work: Mutex<Work>,
}

struct Work {
    file: Option<SerializedFileWriter<Vec<u8>>>,
    /// By row group and column.
    writers: Vec<Vec<Option<ArrowColumnWriter>>>,
    done: Vec<Vec<Option<ArrowColumnChunk>>>,
    left: usize,
}

/// A column of a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    group: usize,
    column: usize,
}

/// Encodes records that are already laid out. The first column is `TimeGenerated`; those without any value are
/// left out.
pub fn encode(batch: &RecordBatch, columns: &Columns) -> Result<Encoded, Stop> {
    let arrays = columns.iter().zip(batch.columns());
    let batch = arrays.map(|(column, array)| (column.clone(), array.clone()));
    let file = File::new(vec![batch.collect()])?;
    let mut encoded = None;
    for task in file.tasks() {
        encoded = file.run(task)?;
    }
    encoded.map_or_else(|| file.close(), Ok)
}

/// Whether a column of records gives any of them a value.
fn given(column: &Column, array: &ArrayRef) -> bool {
    if column.kind == ColumnType::String {
        let texts = array.as_string_view();
        texts.lengths().any(|length| length > 0)
    } else {
        array.null_count() < array.len()
    }
}

impl File {
    /// Each batch has the columns of those before it in the same order and perhaps more, `TimeGenerated` first. A
    /// column without any value is left out.
    pub fn new(batches: Vec<Vec<(Column, ArrayRef)>>) -> Result<File, Stop> {
        let mut starts = vec![0];
        let mut rows = 0;
        for batch in &batches {
            rows += batch.first().map_or(0, |(_, time)| time.len());
            starts.push(rows);
        }
        let mut columns = Vec::new();
        let widest = batches.last().map_or(&[][..], Vec::as_slice);
        for (place, (column, _)) in widest.iter().enumerate() {
            let here = |batch: &Vec<(Column, ArrayRef)>| batch.get(place).map(|(_, a)| a.clone());
            let known = batches.iter().filter_map(here);
            if place > 0 && !known.clone().any(|array| given(column, &array)) {
                continue;
            }
            let arrays = batches.iter().zip(starts.windows(2)).map(|(batch, rows)| {
                here(batch).unwrap_or_else(|| arrow_types::missing(column.kind, rows[1] - rows[0]))
            });
            columns.push(Source {
                arrays: arrays.collect(),
                column: column.clone(),
            });
        }
        drop(batches);
        let times: Vec<&TimestampMicrosecondArray> = match columns.first() {
            Some(time) => time.arrays.iter().map(|a| a.as_primitive()).collect(),
            None => Vec::new(),
        };
        let order = order(&times);
        let instants = || times.iter().flat_map(|t| t.values().iter().copied());
        let from = SimTime(instants().min().unwrap_or_default());
        let to = SimTime(instants().max().unwrap_or_default());
        let described: Columns = columns.iter().map(|s| s.column.clone()).collect();
        let schema = arrow_types::schema(&described);
        let properties = properties(&columns, rows.min(limits::ROW_GROUP));
        let (file, factory) = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?
            .into_serialized_writer()?;
        let groups = rows.div_ceil(limits::ROW_GROUP);
        let mut writers = Vec::new();
        for group in 0..groups {
            let of_group = factory.create_column_writers(group)?;
            writers.push(of_group.into_iter().map(Some).collect());
        }
        let nothing = || (0..columns.len()).map(|_| None).collect();
        let work = Mutex::new(Work {
            file: Some(file),
            writers,
            done: (0..groups).map(|_| nothing()).collect(),
            left: groups * columns.len(),
        });
        Ok(File {
            schema,
            rows,
            from,
            to,
            order,
            starts,
            work,
            columns,
        })
    }

    /// What has to be done, the most first.
    pub fn tasks(&self) -> Vec<Task> {
        let mut places: Vec<usize> = (0..self.columns.len()).collect();
        places.sort_by_cached_key(|place| {
            let arrays = &self.columns[*place].arrays;
            std::cmp::Reverse(
                arrays
                    .iter()
                    .map(|a| a.get_buffer_memory_size())
                    .sum::<usize>(),
            )
        });
        let groups = 0..self.rows.div_ceil(limits::ROW_GROUP);
        groups
            .flat_map(|group| places.iter().map(move |&column| Task { group, column }))
            .collect()
    }

    /// Does one task. The last one of all gives the file.
    pub fn run(&self, task: Task) -> Result<Option<Encoded>, Stop> {
        let writer = self.lock().writers[task.group][task.column].take();
        let Some(mut writer) = writer else {
            return Ok(None);
        };
        let start = task.group * limits::ROW_GROUP;
        let end = (start + limits::ROW_GROUP).min(self.rows);
        let field = self.schema.field(task.column);
        let arrays = &self.columns[task.column].arrays;
        let mut write = |array: &ArrayRef| -> Result<(), Stop> {
            for leaf in compute_leaves(field, array)? {
                writer.write(&leaf)?;
            }
            Ok(())
        };
        match &self.order {
            None => {
                for (array, first) in arrays.iter().zip(&self.starts) {
                    let from = start.max(*first);
                    let to = end.min(first + array.len());
                    if from < to {
                        write(&array.slice(from - first, to - from))?;
                    }
                }
            }
            Some(order) => {
                let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
                for piece in order[start..end].chunks(PIECE) {
                    write(&interleave(&arrays, piece)?)?;
                }
            }
        }
        let chunk = writer.close()?;
        let mut work = self.lock();
        work.done[task.group][task.column] = Some(chunk);
        work.left -= 1;
        if work.left > 0 {
            return Ok(None);
        }
        drop(work);
        self.close().map(Some)
    }

    fn close(&self) -> Result<Encoded, Stop> {
        let mut work = self.lock();
        let done = std::mem::take(&mut work.done);
        let mut parquet = Vec::new();
        if let Some(mut file) = work.file.take() {
            for group in done {
                let mut writer = file.next_row_group()?;
                for chunk in group.into_iter().flatten() {
                    chunk.append_to_row_group(&mut writer)?;
                }
                writer.close()?;
            }
            parquet = file.into_inner()?;
        }
        Ok(Encoded {
            parquet: parquet.into(),
            columns: self.columns.iter().map(|s| s.column.clone()).collect(),
            rows: self.rows as u64,
            from: self.from,
            to: self.to,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows by time, equal times as they came; None: they are so already.
fn order(times: &[&TimestampMicrosecondArray]) -> Option<Vec<(usize, usize)>> {
    let instants = || times.iter().flat_map(|t| t.values().iter());
    if instants().is_sorted() {
        return None;
    }
    let places = times
        .iter()
        .enumerate()
        .flat_map(|(batch, t)| (0..t.len()).map(move |row| (batch, row)));
    let mut keyed: Vec<(i64, (usize, usize))> = instants().copied().zip(places).collect();
    // Stable, and quick where runs are in order already.
    keyed.sort_by_key(|(time, _)| *time);
    Some(keyed.into_iter().map(|(_, place)| place).collect())
}

fn properties(columns: &[Source], rows: usize) -> WriterProperties {
    let by_time = SortingColumn {
        column_idx: 0,
        descending: false,
        nulls_first: false,
    };
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(limits::ROW_GROUP))
        .set_sorting_columns(Some(vec![by_time]));
    for source in columns {
        properties = column_properties(properties, source, rows);
    }
    properties.build()
}

fn column_properties(
    properties: WriterPropertiesBuilder,
    source: &Source,
    rows: usize,
) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(&*source.column.name);
    // A batch of fill-ups says nothing; the fullest of them does.
    let Some(array) = source
        .arrays
        .iter()
        .max_by_key(|a| a.len() - a.null_count())
    else {
        return properties;
    };
    let sample = array.slice(0, array.len().min(SAMPLE));
    let look = Look::at(source.column.kind, &sample);
    let many = look.distinct * 2 > sample.len();
    let mut properties = properties;
    if many {
        properties = properties.set_column_dictionary_enabled(path.clone(), false);
        // Smaller than plain and zstd by a quarter; for doubles every other encoding is larger.
        if matches!(
            source.column.kind,
            ColumnType::Int | ColumnType::Long | ColumnType::Datetime | ColumnType::Timespan
        ) {
            properties =
                properties.set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED);
        }
    }
    if look.needle {
        properties = properties
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(path, rows as u64);
    }
    properties
}

/// What the first values of a column are like.
struct Look {
    distinct: usize,
    /// Ids: texts of one word, hardly one of them twice, or all of them hexadecimal.
    needle: bool,
}

impl Look {
    fn at(kind: ColumnType, sample: &ArrayRef) -> Look {
        let distinct = match kind {
            ColumnType::Bool => count(sample.as_boolean(), BooleanArray::iter),
            ColumnType::Int => count(sample.as_primitive::<Int32Type>(), |a| a.iter()),
            ColumnType::Long => count(sample.as_primitive::<Int64Type>(), |a| a.iter()),
            ColumnType::Real => count(sample.as_primitive::<Float64Type>(), |a| {
                a.iter().map(|n| n.map(f64::to_bits))
            }),
            ColumnType::Datetime => count(sample.as_primitive::<TimestampMicrosecondType>(), |a| {
                a.iter()
            }),
            ColumnType::Timespan => count(sample.as_primitive::<DurationMicrosecondType>(), |a| {
                a.iter()
            }),
            ColumnType::String | ColumnType::Guid | ColumnType::Dynamic => {
                count(sample.as_string_view(), |a| a.iter())
            }
        };
        let needle = match kind {
            ColumnType::Guid => true,
            ColumnType::String => {
                let texts = sample.as_string_view().iter().flatten();
                let given: Vec<&str> = texts.filter(|t| !t.is_empty()).collect();
                let bytes: usize = given.iter().map(|t| t.len()).sum();
                let long = bytes / given.len().max(1);
                let seldom_twice = distinct * 10 >= given.len() * 9;
                let words = || given.iter().any(|t| t.contains(' '));
                let ids = || {
                    let id = |b: u8| b.is_ascii_hexdigit() || b == b'-';
                    given.iter().all(|t| t.len() >= 16 && t.bytes().all(id))
                };
                NEEDLE.contains(&long) && (seldom_twice && !words() || distinct > 16 && ids())
            }
            _ => false,
        };
        Look { distinct, needle }
    }
}

/// How many different values there are, nothing being one of them.
fn count<'a, A, I>(array: &'a A, values: impl Fn(&'a A) -> I) -> usize
where
    I: Iterator<Item: Hash>,
{
    let hashes: HashSet<u64> = values(array)
        .map(|value| {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    hashes.len()
}
