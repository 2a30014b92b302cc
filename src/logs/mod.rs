//! The log store: records sealed under account keys, hot copies of the recent ones, and queries over them. The
//! engine decides what may be read and what is lost; this room obeys and proves it. It has no way to a plain
//! account key but the one `keystore` gives.

pub mod ingest;
mod obey;
pub mod sample;
pub mod sealed;
pub mod service_tables;
pub mod shelves;

pub use obey::{Alone, Files, LogsError, Segments};
