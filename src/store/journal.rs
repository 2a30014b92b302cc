//! What a journal is, whatever it is kept in, and every way it can say no.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::engine::ids::Revision;
use crate::engine::{Event, SimTime, World};

/// Version of the layout written by this build. A journal with a greater one is refused.
pub const FORMAT: i64 = 1;

/// A link of the hash chain.
pub type Hash = [u8; 32];

/// What the first event is chained to.
pub const GENESIS: Hash = [0; 32];

/// The link of an event: everything before it, its number, its instant and its text.
pub fn link(before: &Hash, revision: Revision, at: SimTime, body: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(revision.0.to_le_bytes());
    hash.update(at.0.to_le_bytes());
    hash.update(body.as_bytes());
    hash.finalize().into()
}

/// A durable sequence of events with a clock row beside it.
pub trait Journal: Send {
    /// The last revision, as any process would see it.
    fn head(&self) -> Result<Revision, JournalError>;

    /// Appends in one transaction, durable on return. `Conflict` when the head is not `expected`.
    fn append(&mut self, expected: Revision, events: &[Event]) -> Result<(), JournalError>;

    /// Up to `limit` events after `revision`, oldest first, each checked against the one before it.
    fn read_after(&self, revision: Revision, limit: usize) -> Result<Vec<Event>, JournalError>;

    /// Where simulated time stands; none in a world without one yet.
    fn clock(&self) -> Result<Option<ClockRow>, JournalError>;

    /// Replaces the clock row if its version is still `row.version`; false when somebody was faster. The
    /// stored row has the next version.
    fn set_clock(&mut self, row: &ClockRow) -> Result<bool, JournalError>;

    /// The last event of the world's founding: what lies at or before it is history.
    fn founded(&self) -> Result<Option<Revision>, JournalError>;

    /// Fingerprint of the world file the journal was founded with.
    fn fingerprint(&self) -> Result<Option<String>, JournalError>;

    /// Says that the founding is complete.
    fn set_founded(&mut self, revision: Revision, fingerprint: &str) -> Result<(), JournalError>;

    /// How many mails of the world lie in the outbox.
    fn outbox(&self) -> Result<u32, JournalError>;

    fn set_outbox(&mut self, mails: u32) -> Result<(), JournalError>;

    /// Up to which event the keys of the world agree with it; 0 where they never did.
    fn keystore(&self) -> Result<Revision, JournalError>;

    /// Never goes back: an earlier revision than the kept one changes nothing.
    fn set_keystore(&mut self, revision: Revision) -> Result<(), JournalError>;

    /// The newest usable snapshot. A bad one is passed over, because the fold gives the same world.
    fn latest_snapshot(&self) -> Result<Option<World>, JournalError>;

    /// Keeps a snapshot, in the background where that takes time.
    fn put_snapshot(&mut self, world: &World) -> Result<(), JournalError>;

    /// What the first event is folded onto: nothing, or the world a branch began in.
    fn origin(&self) -> World {
        World::default()
    }

    /// Another reader of the same journal, for another thread.
    fn reader(&self) -> Result<Box<dyn Journal>, JournalError>;

    /// Checks everything from the first event on.
    fn verify(&self) -> Result<Report, JournalError>;
}

/// The mapping between wall time and simulated time, as the processes share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockRow {
    /// Counts the changes, so that two processes do not overwrite each other's.
    pub version: u64,
    /// The simulated instant that was saved.
    pub sim: SimTime,
    /// The wall time at which it was saved, in microseconds since 1970.
    pub wall: i64,
    /// Simulated seconds per second, 0 to 86 400.
    pub rate: u32,
    pub paused: bool,
    /// Who holds or last held the clock, for people.
    pub holder: String,
}

/// A journal found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub events: u64,
    pub head: Revision,
    /// The last link of the chain, in hexadecimal.
    pub hash: String,
}

/// Why a journal cannot be used, or not now.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else appended first.
    #[error("the journal is at {head} already")]
    Conflict { head: Revision },

    #[error("{} is damaged{}: {what}. {remedy}", path.display(), revision.map(|r| format!(" at {r}")).unwrap_or_default())]
    Damaged {
        path: PathBuf,
        revision: Option<Revision>,
        what: String,
        remedy: &'static str,
    },

    #[error(
        "{} has journal format {found}, and this lockbox knows up to {known}. Use a newer lockbox, or another --state directory.",
        path.display()
    )]
    NewerFormat {
        path: PathBuf,
        found: i64,
        known: i64,
    },

    #[error(
        "{} is not a lockbox journal. Give another directory with --state.",
        path.display()
    )]
    NotAJournal { path: PathBuf },

    #[error(
        "{} is in use by another process for too long. Try again, or look which lockbox still runs.",
        path.display()
    )]
    Busy { path: PathBuf },

    #[error("cannot {doing} {}: {source}. {remedy}", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        remedy: &'static str,
        source: std::io::Error,
    },

    #[error(
        "the journal {} failed: {source}. See that the disk has room and the directory can be written, or give another --state directory.",
        path.display()
    )]
    Sqlite {
        path: PathBuf,
        source: rusqlite::Error,
    },

    /// A bug: the caller handed over events that do not follow the head.
    #[error("event {found} cannot follow {expected}")]
    Discontinuous { expected: Revision, found: Revision },
}

/// What to do about a damaged journal; lockbox never repairs one.
pub(super) const RESTORE: &str = "Restore it from a backup, or give another --state directory; lockbox never repairs a journal by itself";

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
