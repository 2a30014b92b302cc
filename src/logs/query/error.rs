//! Every way a query can end without an answer.

use datafusion::common::DataFusionError;

use crate::engine::Refusal;
use crate::logs::sealed_store::ReadError;

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Who asked may not, or the data is not accessible.
    #[error(transparent)]
    Refused(#[from] Refusal),

    #[error("the query was cancelled.")]
    Cancelled,

    /// Keys went while it ran, and the gate has nothing against it now.
    #[error("the keys of what the query reads changed while it ran. Ask again.")]
    KeysChanged,

    #[error(transparent)]
    Read(#[from] ReadError),

    #[error(
        "the query needs more than the {limit} bytes of memory it may have. Ask for fewer rows or columns, or for a shorter time."
    )]
    TooMuchMemory { limit: usize },

    #[error("the query failed: {0}")]
    Failed(DataFusionError),

    #[error("the query engine cannot be started: {0}. See that this machine has threads to give.")]
    NoThreads(std::io::Error),
}
