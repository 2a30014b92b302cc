//! A journal that lasts as long as the process: for tests, `--memory` and branches. Clones share their content, as
//! two processes share a file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::{ClockRow, GENESIS, Journal, JournalError, Report, hex, link};
use crate::engine::ids::Revision;
use crate::engine::{Event, World};

#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Of a branch: the world it began in, and the record that led there.
    origin: Option<World>,
    parent: Option<Parent>,
    events: Vec<Event>,
    clock: Option<ClockRow>,
    founded: Option<(Revision, String)>,
    outbox: u32,
    keystore: Revision,
}

/// A record that is only read.
struct Parent(Box<dyn Journal>);

impl std::fmt::Debug for Parent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parent")
    }
}

impl MemoryJournal {
    /// The journal of a branch whose causes lead back into the record it began in: what lies before its own
    /// events is read there.
    pub fn after(parent: Box<dyn Journal>, origin: World) -> MemoryJournal {
        let journal = MemoryJournal::from(origin);
        journal.kept().parent = Some(Parent(parent));
        journal
    }

    /// The journal of a branch: its first event follows the last one of a world.
    pub fn from(origin: World) -> MemoryJournal {
        let journal = MemoryJournal::default();
        journal.kept().origin = Some(origin);
        journal
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change is a single step, so a panic elsewhere leaves nothing half-done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn base(&self) -> Revision {
        self.origin
            .as_ref()
            .map_or(Revision(0), |world| world.revision)
    }

    fn head(&self) -> Revision {
        Revision(self.base().0 + self.events.len() as u64)
    }
}

impl Journal for MemoryJournal {
    fn head(&self) -> Result<Revision, JournalError> {
        Ok(self.kept().head())
    }

    fn append(&mut self, expected: Revision, events: &[Event]) -> Result<(), JournalError> {
        let mut kept = self.kept();
        let head = kept.head();
        if head != expected {
            return Err(JournalError::Conflict { head });
        }
        kept.events.extend_from_slice(events);
        Ok(())
    }

    fn read_after(&self, revision: Revision, limit: usize) -> Result<Vec<Event>, JournalError> {
        let kept = self.kept();
        let base = kept.base();
        let mut events = match &kept.parent {
            Some(Parent(parent)) if revision < base => {
                let before = usize::try_from(base.0 - revision.0).unwrap_or(usize::MAX);
                parent.read_after(revision, limit.min(before))?
            }
            _ => Vec::new(),
        };
        let after = revision.0.saturating_sub(base.0);
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let room = limit - events.len();
        events.extend(kept.events.iter().skip(after).take(room).cloned());
        Ok(events)
    }

    fn clock(&self) -> Result<Option<ClockRow>, JournalError> {
        Ok(self.kept().clock.clone())
    }

    fn set_clock(&mut self, row: &ClockRow) -> Result<bool, JournalError> {
        let mut kept = self.kept();
        if kept.clock.as_ref().map_or(0, |c| c.version) != row.version {
            return Ok(false);
        }
        kept.clock = Some(ClockRow {
            version: row.version + 1,
            ..row.clone()
        });
        Ok(true)
    }

    fn founded(&self) -> Result<Option<Revision>, JournalError> {
        Ok(self.kept().founded.as_ref().map(|(revision, _)| *revision))
    }

    fn fingerprint(&self) -> Result<Option<String>, JournalError> {
        Ok(self.kept().founded.as_ref().map(|(_, text)| text.clone()))
    }

    fn set_founded(&mut self, revision: Revision, fingerprint: &str) -> Result<(), JournalError> {
        self.kept().founded = Some((revision, fingerprint.to_owned()));
        Ok(())
    }

    fn outbox(&self) -> Result<u32, JournalError> {
        Ok(self.kept().outbox)
    }

    fn set_outbox(&mut self, mails: u32) -> Result<(), JournalError> {
        self.kept().outbox = mails;
        Ok(())
    }

    fn keystore(&self) -> Result<Revision, JournalError> {
        Ok(self.kept().keystore)
    }

    fn set_keystore(&mut self, revision: Revision) -> Result<(), JournalError> {
        let mut kept = self.kept();
        kept.keystore = kept.keystore.max(revision);
        Ok(())
    }

    fn latest_snapshot(&self) -> Result<Option<World>, JournalError> {
        Ok(self.kept().origin.clone())
    }

    fn put_snapshot(&mut self, _world: &World) -> Result<(), JournalError> {
        Ok(())
    }

    fn origin(&self) -> World {
        self.kept().origin.clone().unwrap_or_default()
    }

    fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(self.clone()))
    }

    fn verify(&self) -> Result<Report, JournalError> {
        let kept = self.kept();
        let hash = kept.events.iter().fold(GENESIS, |before, event| {
            // An Event is plain data, so it always serialises.
            let body = serde_json::to_string(event).unwrap_or_default();
            link(&before, event.revision, event.at, &body)
        });
        Ok(Report {
            events: kept.events.len() as u64,
            head: kept.head(),
            hash: hex(&hash),
        })
    }
}
