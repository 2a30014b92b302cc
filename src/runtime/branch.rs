//! What-if worlds: a branch begins in a world of the record, live or past, and goes on by itself in memory, with the
//! engine and the modelled ledger and without keys or log data. Its parent does not know of it. On request it is
//! written down as a state directory of its own, its parent's history before it.

use std::fs;
use std::path::Path;

use super::clock::Wall;
use super::error::{HostError, WRITABLE};
use super::host::{CHUNK, Host, journal_path};
use crate::engine::ids::Revision;
use crate::engine::{SimTime, World};
use crate::store::{ClockRow, Journal, MemoryJournal, SqliteJournal, sqlite};

/// A file of this name marks a state directory as a branch: there are no keys and no log data in it.
const MARK: &str = "branch";

/// Whether a state directory holds a branch that was written down.
pub(super) fn is_branch(dir: &Path) -> bool {
    dir.join(MARK).exists()
}

fn begun(
    mut journal: MemoryJournal,
    world: &World,
    at: SimTime,
    wall: Box<dyn Wall>,
) -> Result<Host, HostError> {
    journal.set_clock(&ClockRow {
        sim: at.max(world.now),
        rate: 1,
        paused: true,
        ..ClockRow::default()
    })?;
    Host::on(Box::new(journal), wall)
}

impl Host {
    /// A branch that begins in a world, at an instant that is not before its last event. Time stands.
    pub fn branch(world: &World, at: SimTime, wall: Box<dyn Wall>) -> Result<Host, HostError> {
        begun(MemoryJournal::from(world.clone()), world, at, wall)
    }

    /// The same, in a world of a record, which is read for what led to the branch and never written.
    pub fn branch_of(
        parent: Box<dyn Journal>,
        world: &World,
        at: SimTime,
        wall: Box<dyn Wall>,
    ) -> Result<Host, HostError> {
        begun(MemoryJournal::after(parent, world.clone()), world, at, wall)
    }

    /// Writes a branch into a directory that is new or empty; `parent` reads the record it began in.
    pub fn save_branch(&self, parent: &dyn Journal, dir: &Path) -> Result<(), HostError> {
        let new = !dir.exists();
        if new {
            fs::create_dir_all(dir).map_err(HostError::io("create", dir, WRITABLE))?;
        } else if fs::read_dir(dir)
            .map_err(HostError::io("read", dir, WRITABLE))?
            .next()
            .is_some()
        {
            return Err(HostError::NotEmpty {
                path: dir.to_owned(),
            });
        }
        let written = self.write_branch(parent, dir);
        if written.is_err() {
            // What could not be written whole is not left there.
            let _ = sqlite::sweep(dir, "branch.db");
            let _ = fs::remove_file(dir.join(MARK));
            if new {
                let _ = fs::remove_dir(dir);
            }
        }
        written
    }

    fn write_branch(&self, parent: &dyn Journal, dir: &Path) -> Result<(), HostError> {
        let mark = dir.join(MARK);
        let base = self.journal.origin().revision;
        fs::write(&mark, format!("{base}\n")).map_err(HostError::io("write", &mark, WRITABLE))?;
        let temporary = dir.join("branch.db");
        let mut into = SqliteJournal::create(&temporary)?;
        copy(parent, &mut into, Revision(0), Some(base))?;
        copy(self.journal.as_ref(), &mut into, base, None)?;
        let founded = parent.founded()?.unwrap_or(base);
        let fingerprint = parent.fingerprint()?.unwrap_or_default();
        into.set_founded(founded, &fingerprint)?;
        let row = into.clock()?.unwrap_or_default();
        into.set_clock(&ClockRow {
            sim: self.now(),
            rate: 1,
            paused: true,
            ..row
        })?;
        into.finish()?;
        let path = journal_path(dir);
        fs::rename(&temporary, &path)
            .and_then(|()| fs::File::open(dir)?.sync_all())
            .map_err(HostError::io("write", &path, WRITABLE))
    }
}

fn copy(
    from: &dyn Journal,
    into: &mut SqliteJournal,
    after: Revision,
    until: Option<Revision>,
) -> Result<(), HostError> {
    let mut done = after;
    loop {
        let mut events = from.read_after(done, CHUNK)?;
        let full = events.len() == CHUNK;
        events.retain(|event| until.is_none_or(|until| event.revision <= until));
        let Some(last) = events.last().map(|event| event.revision) else {
            return Ok(());
        };
        into.append(done, &events)?;
        done = last;
        if !full {
            return Ok(());
        }
    }
}
