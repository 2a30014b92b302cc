//! How a world comes into being: the commands of its file, run in order of time into a new journal.

use std::fs::File;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{HostError, WRITABLE};
use super::host::{Host, SNAPSHOT_EVERY, due_by};
use super::keys::Keys;
use super::logs::Logs;
use crate::engine::{self, Actor, Command, Event, SimTime, World};
use crate::keystore::{Agenda, Keystore};
use crate::logs::Files;
use crate::logs::customer_storage::CustomerStorage;
use crate::store::{ClockRow, Journal, SqliteJournal, sqlite};

/// What a world file asks for.
pub struct Founding {
    /// See [`fingerprint`].
    pub fingerprint: String,
    /// In order of time. The first founds the world; after the last, time goes on to `opens_at`.
    pub commands: Box<dyn Iterator<Item = (SimTime, Actor, Command)>>,
}

/// Tells one world file from another.
pub fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Events kept back for one transaction.
const BATCH: usize = 8_192;

/// Founds the world in `dir` unless somebody did so meanwhile. The journal gets its name when it is complete.
pub(super) fn found_in(
    dir: &Path,
    journal: &Path,
    wall: i64,
    founding: impl FnOnce() -> Result<Founding, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<(), HostError> {
    let lock_path = dir.join("founding.lock");
    let lock = File::create(&lock_path).map_err(HostError::io("create", &lock_path, WRITABLE))?;
    lock.lock()
        .map_err(HostError::io("lock", &lock_path, WRITABLE))?;
    if journal.exists() {
        return Ok(());
    }
    Keystore::empty(dir)?;
    sqlite::sweep(dir, "founding.db").map_err(HostError::io("tidy", dir, WRITABLE))?;
    let temporary = dir.join("founding.db");
    let snapshots = dir.join("snapshots");
    if snapshots.exists() {
        std::fs::remove_dir_all(&snapshots).map_err(HostError::io("tidy", &snapshots, WRITABLE))?;
    }
    let mut unfinished = SqliteJournal::create(&temporary)?;
    let outcome = founding()
        .map_err(HostError::World)
        .and_then(|founding| run(&mut unfinished, wall, founding))
        .and_then(|world| {
            if world.revision.0 >= SNAPSHOT_EVERY {
                unfinished.put_snapshot(&world)?;
            }
            Ok(())
        });
    if let Err(error) = outcome {
        drop(unfinished);
        sqlite::sweep(dir, "founding.db").map_err(HostError::io("tidy", dir, WRITABLE))?;
        return Err(error);
    }
    unfinished.finish()?;
    std::fs::rename(&temporary, journal)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(HostError::io("write", journal, WRITABLE))
}

/// Runs a founding into an empty journal and returns the world as it opens.
pub(super) fn run(
    journal: &mut dyn Journal,
    wall: i64,
    founding: Founding,
) -> Result<World, HostError> {
    let mut batch = Batch {
        world: World::default(),
        journal,
        events: Vec::with_capacity(BATCH),
    };
    for (step, (at, actor, command)) in founding.commands.enumerate() {
        batch.elapse(at)?;
        let draft = engine::draft(&batch.world, at, &actor, &command)
            .map_err(|refusal| HostError::Founding { step, refusal })?;
        batch.take(draft)?;
    }
    let opens_at = batch.world.opens_at;
    batch.elapse(opens_at)?;
    batch.flush()?;
    let Batch { world, journal, .. } = batch;
    journal.set_founded(world.revision, &founding.fingerprint)?;
    journal.set_clock(&ClockRow {
        sim: opens_at.max(world.now),
        wall,
        rate: 1,
        ..ClockRow::default()
    })?;
    Ok(world)
}

struct Batch<'a> {
    world: World,
    journal: &'a mut dyn Journal,
    events: Vec<Event>,
}

impl Batch<'_> {
    fn elapse(&mut self, until: SimTime) -> Result<(), HostError> {
        while let Some(draft) = due_by(&self.world, until) {
            self.take(draft?)?;
        }
        Ok(())
    }

    fn take(&mut self, draft: engine::Draft) -> Result<(), HostError> {
        self.world = draft.world;
        self.events.extend(draft.events);
        if self.events.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), HostError> {
        let before = self.world.revision.0 - self.events.len() as u64;
        self.journal
            .append(engine::ids::Revision(before), &self.events)?;
        self.events.clear();
        Ok(())
    }
}

impl Host {
    /// A world that is founded now and ends with the process; it writes no file. The keys of its founding are
    /// made when something is done in it: whoever only looks does not wait for them.
    pub fn memory(founding: Founding, wall: Box<dyn super::Wall>) -> Result<Host, HostError> {
        let mut journal = crate::store::MemoryJournal::default();
        run(&mut journal, wall.unix(), founding)?;
        let mut host = Host::on(Box::new(journal), wall)?;
        host.keys = Some(Keys::new(
            Keystore::in_memory()?,
            Agenda::everything(host.world()),
        ));
        host.logs = Some(Logs::new(Files::in_memory(), CustomerStorage::in_memory()));
        Ok(host)
    }
}
