//! From bytes to Parquet files ready to be sealed: NDJSON, JSON arrays, CSV and syslog, each also gzipped.
//!
//! A record lands whole or is rejected with its line and the reason; nothing else keeps it out. What a reading
//! takes:
//!
//! * Text is UTF-8, with or without a byte order mark. An empty line is no record.
//! * Fields go by name into the columns of the table; names compare with case. A field that is in no column makes
//!   one, typed by the values it has in the block of 4 MiB where it first comes: bool, long, real, datetime (ISO
//!   8601 in full), string, dynamic; whole numbers and others make real, other mixtures string, with an object or
//!   array among them dynamic. A field that is always null makes none.
//! * A value that does not fit its column, a name that cannot be a column's, a column too many, a field that
//!   stands twice reject the record. What is converted stands at [`columns`]; the limits in [`limits`].
//! * `TimeGenerated` that is missing or null is the ingestion time.
//!
//! This module knows no key, no store and no World; whoever takes a [`Chunk`] seals, journals and acknowledges it,
//! and goes on from its `end_offset` after a crash.

pub mod arrow_types;
mod columns;
mod csv;
mod cut;
mod encode;
mod flow;
mod format;
mod infer;
mod json;
pub mod limits;
mod reject;
mod source;
mod stop;
mod syslog;
#[cfg(test)]
mod tests;
mod values;

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::bytes::Bytes;

pub(in crate::logs) use columns::{Rows, write_json};
pub use encode::{Encoded, encode};
pub use flow::Chunks;
pub use format::Format;
pub(in crate::logs) use reject::Fault;
pub use stop::Stop;
pub(in crate::logs) use values::Value;

use crate::engine::ingestion::schema::Columns;
use crate::engine::time::SimTime;

/// How an input is to be read.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// The columns the table has; none for a new one.
    pub columns: Columns,
    /// None: told from the first bytes, or by the name of the file.
    pub format: Option<Format>,
    pub file: Option<String>,
    /// The time of a record that carries none.
    pub ingested_at: SimTime,
    /// Where to go on: the `end_offset` of the last chunk that was acknowledged.
    pub from_offset: u64,
    /// Threads that work, at least one.
    pub threads: usize,
    /// Bytes that fill a chunk; [`limits::CHUNK`] as a rule.
    pub chunk: u64,
}

impl Ingest {
    pub fn new(columns: Columns, ingested_at: SimTime) -> Ingest {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        Ingest {
            columns,
            format: None,
            file: None,
            ingested_at,
            from_offset: 0,
            threads,
            chunk: limits::CHUNK,
        }
    }

    /// Begins to read. What cannot be read ends the chunks with an error, after all that could be.
    pub fn read(self, input: impl Read + Send + 'static) -> Chunks {
        Chunks::start(self, Box::new(input))
    }
}

/// Records in one Parquet file, and where they stood in the input.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Sorted by `TimeGenerated`. Empty when every record was rejected: there is nothing to seal then.
    pub parquet: Bytes,
    /// Those in the file: a column without any value is not in it.
    pub columns: Columns,
    pub rows: u64,
    /// Bytes of the records that are in it, as they arrived.
    pub raw: u64,
    /// The earliest and the latest `TimeGenerated`.
    pub from: SimTime,
    pub to: SimTime,
    /// Lines of the input it covers, from 1.
    pub lines: Range<u64>,
    /// Bytes of the plain input up to its end; where to go on.
    pub end_offset: u64,
    pub rejected: u64,
    /// A line of JSON for each reject: its line, the reason, the field, how it begins. After
    /// [`limits::REJECTS`] bytes they are only counted.
    pub rejects: Bytes,
    /// Texts that were cut off at [`limits::TEXT`].
    pub cut: u64,
}

/// How far a reading is.
#[derive(Debug, Default)]
pub struct Progress {
    arrived: Arc<AtomicU64>,
    bytes: AtomicU64,
    rows: AtomicU64,
    rejected: AtomicU64,
}

impl Progress {
    /// Bytes taken from the input as it is, compressed or not: what a file's size is compared with.
    pub fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Bytes parsed, after decompression.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }
}
