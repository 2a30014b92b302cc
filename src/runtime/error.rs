//! Everything that can keep a host from doing what it was asked.

use std::path::{Path, PathBuf};

use datafusion::common::DataFusionError;

use crate::engine::Refusal;
use crate::keystore::KeystoreError;
use crate::logs::LogsError;
use crate::logs::customer_storage::StorageError;
use crate::logs::ingest::Stop;
use crate::logs::kql::KqlError;
use crate::logs::query::QueryError;
use crate::logs::sealed::SealedError;
use crate::store::JournalError;

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The world says no; nothing was written.
    #[error("{0}")]
    Refused(#[from] Refusal),

    #[error(transparent)]
    Journal(#[from] JournalError),

    #[error("cannot {doing} {}: {source}. {remedy}.", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        remedy: &'static str,
        source: std::io::Error,
    },

    /// The world file could not be had; the error is the one the caller's closure returned.
    #[error("{0}")]
    World(Box<dyn std::error::Error + Send + Sync>),

    /// A command of the world file was refused while founding.
    #[error("the world cannot be founded: step {step}: {refusal}")]
    Founding { step: usize, refusal: Refusal },

    #[error(
        "{} holds the world {name:?}, which was founded from another world file than the one given. Give another --state directory, or leave --world out.",
        path.display()
    )]
    OtherWorld { path: PathBuf, name: String },

    /// The keys of the world cannot be used.
    #[error(transparent)]
    Keystore(KeystoreError),

    #[error(
        "this world is run without its keys, so none can be used or brought in. Use the world it was taken from."
    )]
    NoKeys,

    /// The log store cannot follow the world, or cannot be read.
    #[error(transparent)]
    Logs(LogsError),

    /// Records cannot be made into a block.
    #[error("{0}")]
    Records(Stop),

    /// What a workspace keeps in a storage account cannot be had.
    #[error(transparent)]
    Storage(StorageError),

    /// A query ended without an answer.
    #[error(transparent)]
    Unanswered(QueryError),

    /// A query cannot be run as it is written; each mistake with its place.
    #[error("{}", mistakes(.0))]
    Query(Vec<KqlError>),

    #[error(
        "this world is run without its log data, so none can be sent or queried. Use the world it was taken from."
    )]
    NoLogs,

    #[error("{} is not empty. Give a directory that is new or empty.", path.display())]
    NotEmpty { path: PathBuf },

    #[error(
        "{} holds a branch that was not written down whole. Remove the directory and save the branch again.",
        path.display()
    )]
    HalfABranch { path: PathBuf },

    /// The engine thread is gone.
    #[error("the engine has stopped. Start lockbox again; nothing acknowledged is lost.")]
    Stopped,
}

impl From<KeystoreError> for HostError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::Refused(refusal) => HostError::Refused(refusal),
            error => HostError::Keystore(error),
        }
    }
}

/// All of them, a line each.
fn mistakes(errors: &[KqlError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl From<QueryError> for HostError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Refused(refusal) => HostError::Refused(refusal),
            error => HostError::Unanswered(error),
        }
    }
}

impl From<DataFusionError> for HostError {
    fn from(error: DataFusionError) -> Self {
        HostError::Unanswered(QueryError::Failed(error))
    }
}

impl From<SealedError> for HostError {
    fn from(error: SealedError) -> Self {
        HostError::Logs(error.into())
    }
}

impl From<Stop> for HostError {
    fn from(stop: Stop) -> Self {
        HostError::Records(stop)
    }
}

impl From<StorageError> for HostError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Key(error) => error.into(),
            error => HostError::Storage(error),
        }
    }
}

impl From<LogsError> for HostError {
    fn from(error: LogsError) -> Self {
        match error {
            LogsError::Key(error) => error.into(),
            error => HostError::Logs(error),
        }
    }
}

impl HostError {
    pub(super) fn io(
        doing: &'static str,
        path: &Path,
        remedy: &'static str,
    ) -> impl FnOnce(std::io::Error) -> HostError {
        let path = path.to_owned();
        move |source| HostError::Io {
            path,
            doing,
            remedy,
            source,
        }
    }
}

pub(super) const WRITABLE: &str =
    "See that the directory exists, can be written and has room, or give another one with --state";
