//! Every way the key store can say no: what is wrong, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::crypto::HsmError;
use crate::engine::Refusal;
use crate::engine::ids::AekId;

#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The vault says no, or what was given is not what it takes. Nothing is wrong with the keys.
    #[error(transparent)]
    Refused(#[from] Refusal),

    #[error(transparent)]
    Hsm(#[from] HsmError),

    #[error(
        "{} is missing, and keys of this world were made under it. Put the hsm folder back from a backup, or give another --state directory: without it nothing under these keys can be opened.",
        path.display()
    )]
    RootGone { path: PathBuf },

    #[error(
        "{} holds {keys} keys of a world whose journal is not there. Put journal.db back from a backup, give another --state directory, or remove hsm and keystore there to begin a new world without them.",
        path.display()
    )]
    OtherWorld { path: PathBuf, keys: usize },

    #[error(
        "{} is missing: it is an account key of a cluster, and what is under it cannot be opened without it. Put it back from a backup of the state directory.",
        path.display()
    )]
    Lost { path: PathBuf },

    #[error("{} is cut short: it has {found} bytes and should have {wanted}. {RESTORE}", path.display())]
    Truncated {
        path: PathBuf,
        found: usize,
        wanted: usize,
    },

    #[error("{} is no wrapped account key: {what}. {RESTORE}", path.display())]
    Foreign { path: PathBuf, what: String },

    #[error(
        "{} has account-key format {found}, and this lockbox knows up to {known}. Use a newer lockbox, or another --state directory.",
        path.display()
    )]
    NewerFormat {
        path: PathBuf,
        found: u16,
        known: u16,
    },

    #[error("cannot {doing} {}: {source}. See that the directory exists, is yours, can be written and has room, or give another one with --state.", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },

    /// Purged versions that are not destroyed yet, and the first account key that keeps them, with the error
    /// that keeps it from coming under another version.
    #[error(
        "what was purged is not destroyed yet: key version {versions}. {aek} may still be wrapped by it: {cause} Then the next command destroys it; so does the purge of the cluster."
    )]
    Held {
        versions: String,
        aek: AekId,
        cause: Box<KeystoreError>,
    },

    /// The world says that a real operation goes well, and it does not. Nothing more goes on the record
    /// until it does.
    #[error(
        "the world says that {what}, and the hardware says otherwise: {why} Put journal.db, hsm and keystore back from one backup, or give another --state directory."
    )]
    Disagreement {
        what: String,
        /// A whole sentence.
        why: String,
    },
}

const RESTORE: &str = "Put it back from a backup of the state directory.";

impl KeystoreError {
    pub fn is_disagreement(&self) -> bool {
        matches!(self, KeystoreError::Disagreement { .. })
    }

    /// Which of several errors is to be told.
    pub(super) fn gravity(&self) -> u8 {
        match self {
            KeystoreError::Disagreement { .. } => 2,
            KeystoreError::Held { .. } => 1,
            _ => 0,
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeystoreError {
        let path = path.to_owned();
        move |source| KeystoreError::Io {
            path,
            doing,
            source,
        }
    }
}
