//! Every way the HSM can say no: what is wrong, where, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::envelope::CryptoError;
use super::hsm::WrapAlgorithm;

#[derive(Debug, thiserror::Error)]
pub enum HsmError {
    #[error(
        "{id:?} cannot name a key part: a key version id has 1 to 64 characters, each 0-9 or a-f"
    )]
    BadId { id: String },

    #[error(
        "the HSM holds no private part of key version {id}: it was never made here, or it has been destroyed. If it should be here, restore {} from a backup; without it, what it wrapped cannot be opened.",
        path.display()
    )]
    NoSuchKey { id: String, path: PathBuf },

    #[error(
        "no imported key with the fingerprint {fingerprint:?} waits to be adopted: import the key file again"
    )]
    NoSuchImport { fingerprint: String },

    #[error(
        "key version {id} holds another private part than the one to be adopted, with the fingerprint {fingerprint}. Give the imported key another id, or destroy the one that is there."
    )]
    IdTaken { id: String, fingerprint: String },

    #[error("{what}. {remedy}.")]
    NotImportable { what: String, remedy: &'static str },

    #[error(
        "{} is cut short: it has {found} bytes and should have at least {wanted}. Restore it from a backup of the state directory, or destroy the key.",
        path.display()
    )]
    Truncated {
        path: PathBuf,
        found: usize,
        wanted: usize,
    },

    #[error(
        "{} is no sealed key part: it does not begin as one does. Restore it from a backup of the state directory, or destroy the key.",
        path.display()
    )]
    NotSealed { path: PathBuf },

    #[error(
        "{} has sealed-part format {found}, and this lockbox knows up to {known}. Use a newer lockbox, or another --state directory.",
        path.display()
    )]
    NewerFormat {
        path: PathBuf,
        found: u16,
        known: u16,
    },

    #[error(
        "{} does not open: it was changed, or it is the sealed part of another key under this name. Restore it from a backup of the state directory, or destroy the key.",
        path.display()
    )]
    Tampered { path: PathBuf },

    #[error(
        "{} was sealed under another root key than {}. Put back the root.key it was sealed under, or restore both from one backup.",
        path.display(),
        root.display()
    )]
    OtherRoot { path: PathBuf, root: PathBuf },

    #[error(
        "{} is missing, and {parts} sealed key parts lie beside it. Put root.key back, or give another --state directory: without it these keys cannot be opened.",
        path.display()
    )]
    RootMissing { path: PathBuf, parts: usize },

    #[error(
        "{} has {found} bytes, and a root key file has {wanted}. Put the right root.key back from a backup, or give another --state directory: without it the keys beside it cannot be opened.",
        path.display()
    )]
    RootLength {
        path: PathBuf,
        found: usize,
        wanted: usize,
    },

    #[error(
        "{} is damaged: its check value does not match its key. Put the right root.key back from a backup, or give another --state directory: without it the keys beside it cannot be opened.",
        path.display()
    )]
    RootWrong { path: PathBuf },

    #[error("cannot {doing} {}: {source}. {remedy}.", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        remedy: &'static str,
        source: io::Error,
    },

    #[error(
        "a wrapped value does not unwrap with key version {id} and {algorithm}: it was wrapped by another key version or algorithm, or it was changed. Use the key version it was wrapped by, or restore it from a backup."
    )]
    DoesNotUnwrap {
        id: String,
        algorithm: WrapAlgorithm,
    },

    #[error(
        "{found} bytes are too long to be wrapped by key version {id} with {algorithm}: it takes up to {most}. Wrap a key, and seal the data under that key."
    )]
    TooLong {
        id: String,
        algorithm: WrapAlgorithm,
        found: usize,
        most: usize,
    },

    #[error(
        "key version {id} is an elliptic-curve key, and those cannot wrap or unwrap. Use an RSA key of 2048, 3072 or 4096 bits."
    )]
    CannotWrap { id: String },

    #[error(
        "{} is missing: it is the provider's own key, and what was sealed under it cannot be opened without it. Restore it from a backup of the state directory.",
        path.display()
    )]
    NoProviderKey { path: PathBuf },

    #[error(
        "what the provider sealed as {label:?} does not open: it was cut short or changed, or it was sealed as something else or under another provider key. Restore it from a backup, together with the hsm folder of that time."
    )]
    DoesNotOpen { label: String },

    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl HsmError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HsmError {
        let path = path.to_owned();
        move |source| HsmError::Io {
            path,
            doing,
            remedy: "See that the directory exists, is yours, can be written and has room, or give another one with --state",
            source,
        }
    }

    /// The library refused what it should always be able to do.
    pub(super) fn library(doing: &'static str) -> HsmError {
        HsmError::Crypto(CryptoError::Library { doing })
    }
}
