//! Why reading ends before the input does. What came before stays.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

use super::limits;
use super::reject::Fault;

#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error(
        "the format cannot be told from the input; say which it is: ndjson, json, csv or syslog"
    )]
    Format,
    #[error("the input is in {0}; only UTF-8 is read. Convert it first: iconv -f {0} -t UTF-8")]
    Encoding(&'static str),
    #[error("the header of the CSV input cannot be used: {0}")]
    Header(String),
    #[error(
        "the input is a gzip bomb: {compressed} bytes give more than {expanded}; at most {} for one are read",
        limits::GZIP_RATIO
    )]
    Bomb { compressed: u64, expanded: u64 },
    #[error("the input cannot be read on after {offset} bytes: {source}")]
    Read { offset: u64, source: std::io::Error },
    #[error("records cannot be written as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    #[error("records cannot be laid out in columns: {0}")]
    Arrow(#[from] ArrowError),
    #[error("a thread that reads the input ended in a panic")]
    Panic,
}

impl Stop {
    /// A record of our own that does not fit its table.
    pub(in crate::logs) fn misfit(fault: &Fault) -> Stop {
        let field = fault.field.as_deref().unwrap_or("the record");
        let text = format!("{field}: {}", fault.reason);
        Stop::Arrow(ArrowError::InvalidArgumentError(text))
    }
}
