//! The limits of what is taken in, and why they are what they are. What goes beyond one is rejected, skipped or
//! cut, and counted; nothing beyond a limit is ever held in memory. Those of tables and names of columns are the
//! World's (`engine::ingestion::table`).

/// Bytes of one record and so of one line; Log Analytics takes no more than 1 MB in one call. A longer one is
/// skipped as it is read.
pub const RECORD: usize = 1 << 20;
/// Bytes of a text value. Log Analytics cuts a longer one off, and so do we, between characters.
pub const TEXT: usize = 32 * 1024;
/// How deep arrays and objects may lie within each other in one record.
pub const DEPTH: usize = 64;
/// Bytes read, cut into records and parsed in one go: large enough to be fast, small enough to hold several.
/// The type of a field that is in no column yet is settled by its values in the block where it first comes.
pub const BLOCK: usize = 4 << 20;
/// Bytes as they arrive that fill a chunk, and so a segment: about 13 MB on disk.
pub const CHUNK: u64 = 128 << 20;
/// Rows that fill a chunk, however short they are.
pub const ROWS: usize = 2 * ROW_GROUP;
/// Rows of a Parquet row group (`data.md` §0).
pub const ROW_GROUP: usize = 262_144;
/// Chunks that are made and not yet taken: bounds the memory.
pub const AHEAD: usize = 2;
/// Bytes that gzip may give before its ratio is looked at.
pub const GZIP_FREE: u64 = 64 << 20;
/// Bytes out for each byte in. Logs come to 10 or 30, the most gzip can do is about 1030.
pub const GZIP_RATIO: u64 = 250;
/// Bytes of a rejected record that are kept.
pub const REJECT_TEXT: usize = 1000;
/// Bytes of rejects kept for one chunk; those after it are only counted.
pub const REJECTS: usize = 4 << 20;
