//! The log store: records sealed under account keys, hot copies of the recent ones, and queries over them. The
//! engine decides what may be read and what is lost; this room obeys and proves it. It has no way to a plain
//! account key but the one `keystore` gives.

pub mod customer_storage;
pub mod ingest;
pub mod kql;
mod obey;
pub mod query;
pub mod sample;
pub mod sealed;
pub mod sealed_store;
pub mod service_tables;
pub mod shelves;
pub mod value;

pub use obey::{Alone, Files, LogsError, Segments};
