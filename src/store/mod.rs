//! The durable journal: every event, in order, chained by hash. World = fold of what is kept here.
//!
//! Owns the files `journal.db` and `snapshots/` of a state directory. Knows the engine's `Event` and `World`
//! as data and nothing of what they mean, nor of clocks, threads of control, or faces.

pub mod journal;
pub mod memory;
mod snapshot;
pub mod sqlite;
mod wal;

pub use journal::{ClockRow, Journal, JournalError, Report};
pub use memory::MemoryJournal;
pub use sqlite::SqliteJournal;
