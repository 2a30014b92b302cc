//! The synchronous core: a World, its journal, its clock, its outbox and its keys. One-shot commands use it
//! directly; a console puts it on a thread of its own (`handle`).
//!
//! ```text
//! submit: fold what others appended → elapse what is due → decide → append → evolve → effects
//!         somebody appended meanwhile → fold that and decide again
//! ```

use std::path::{Path, PathBuf};

use super::branch::is_branch;
use super::clock::{
    ClockCommand, ClockLock, Reading, SAVE_EVERY, SystemWall, Wall, advanced, checked_rate,
    forward, next_consequence, next_due, scaled, standing,
};
use super::effects::Outbox;
use super::error::{HostError, WRITABLE};
use super::founding::{Founding, found_in};
use super::keys::Keys;
use super::logs::Logs;
use crate::engine::ids::Revision;
use crate::engine::{self, Actor, Command, Draft, Event, Refusal, SimTime, World};
use crate::logs::Files;
use crate::logs::customer_storage::CustomerStorage;
use crate::sharing::sharing;
use crate::store::{ClockRow, Journal, JournalError, SqliteJournal};

/// Events folded in one read.
pub(super) const CHUNK: usize = 4_096;
/// Events between two snapshots.
pub(super) const SNAPSHOT_EVERY: u64 = 8_192;

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub events: Vec<Event>,
    /// The journal's head right after it.
    pub revision: Revision,
    pub at: SimTime,
}

pub struct Host {
    pub(super) world: World,
    pub(super) journal: Box<dyn Journal>,
    row: ClockRow,
    wall: Box<dyn Wall>,
    holding: Holding,
    outbox: Option<Outbox>,
    /// None on a branch, which runs without keys.
    pub(super) keys: Option<Keys>,
    /// None on a branch, which has no files.
    pub(super) logs: Option<Logs>,
    dir: Option<PathBuf>,
    snapshot_at: Revision,
    trouble: Option<String>,
}

/// Who makes time run.
enum Holding {
    /// Nobody else can: a world in memory.
    Alone { held: Option<Anchor> },
    Shared {
        lock: ClockLock,
        held: Option<Anchor>,
    },
}

/// While this process holds the clock: a simulated instant and the steady wall time that belongs to it.
#[derive(Clone, Copy)]
struct Anchor {
    sim: SimTime,
    steady: i64,
    /// Steady wall time of the last save.
    saved: i64,
}

impl Holding {
    fn anchor(&self) -> Option<Anchor> {
        match self {
            Holding::Alone { held } | Holding::Shared { held, .. } => *held,
        }
    }

    fn set_anchor(&mut self, anchor: Option<Anchor>) {
        match self {
            Holding::Alone { held } | Holding::Shared { held, .. } => *held = anchor,
        }
    }
}

/// What time does at the next due instant, if that comes by `until`. All timers of one instant belong to it.
pub(super) fn due_by(world: &World, until: SimTime) -> Option<Result<Draft, HostError>> {
    let due = engine::due(world).filter(|due| *due <= until)?;
    Some(engine::draft(world, due, &Actor::Time, &Command::Elapse).map_err(HostError::Refused))
}

impl Host {
    /// Opens the world of a state directory; founds it when there is none, and makes its keys follow it.
    /// `expected` is the fingerprint of the world file somebody named: a journal of another world is then
    /// refused. `Keystore` when the keys of this world cannot be used, before anything is written. Hardware
    /// that contradicts the world is [`Host::trouble`] to whoever only looks; nothing can be done until the
    /// two agree.
    pub fn open(
        dir: &Path,
        expected: Option<&str>,
        founding: impl FnOnce() -> Result<Founding, Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<Host, HostError> {
        Host::open_at(dir, expected, founding, Box::new(SystemWall::default()))
    }

    /// [`Host::open`] with a wall clock of one's own.
    pub fn open_at(
        dir: &Path,
        expected: Option<&str>,
        founding: impl FnOnce() -> Result<Founding, Box<dyn std::error::Error + Send + Sync>>,
        wall: Box<dyn Wall>,
    ) -> Result<Host, HostError> {
        std::fs::create_dir_all(dir).map_err(HostError::io("create", dir, WRITABLE))?;
        let path = journal_path(dir);
        if !path.exists() {
            if is_branch(dir) {
                let path = dir.to_owned();
                return Err(HostError::HalfABranch { path });
            }
            found_in(dir, &path, wall.unix(), founding)?;
        }
        let journal = SqliteJournal::open(&path)?;
        if let Some(expected) = expected
            && journal.fingerprint()?.as_deref() != Some(expected)
        {
            let first = journal.read_after(Revision(0), 1)?;
            let mut world = World::default();
            first.iter().for_each(|e| engine::evolve(&mut world, e));
            return Err(HostError::OtherWorld {
                path,
                name: world.name.to_string(),
            });
        }
        let mut host = Host::on(Box::new(journal), wall)?;
        if !is_branch(dir) {
            host.keys = Some(Keys::open(dir, &host.world, host.journal.as_ref())?);
            host.logs = Some(Logs::new(
                Files::in_folder(dir),
                CustomerStorage::in_folder(dir),
            ));
            host.outbox = Some(Outbox::new(dir));
        }
        host.holding = Holding::Shared {
            lock: ClockLock::open(dir)?,
            held: None,
        };
        host.dir = Some(dir.to_owned());
        match host.settled() {
            Err(HostError::Keystore(error)) if error.is_disagreement() => {
                host.trouble = Some(error.to_string());
            }
            settled => settled?,
        }
        host.heed(Host::tidy_keys)?;
        host.heed(Host::make_samples)?;
        Ok(host)
    }

    /// On a founded journal, with the clock for itself, no outbox and no keys.
    pub fn on(journal: Box<dyn Journal>, wall: Box<dyn Wall>) -> Result<Host, HostError> {
        let world = journal.latest_snapshot()?.unwrap_or_default();
        let row = journal.clock()?.unwrap_or_default();
        let mut host = Host {
            snapshot_at: world.revision,
            world,
            journal,
            row,
            wall,
            holding: Holding::Alone { held: None },
            outbox: None,
            keys: None,
            logs: None,
            dir: None,
            trouble: None,
        };
        host.fold_to_the_end()?;
        Ok(host)
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn journal(&self) -> &dyn Journal {
        self.journal.as_ref()
    }

    /// The state directory; none for a world in memory.
    pub fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// What went wrong beside the world (a mail that could not be written, a snapshot, a key that did not
    /// follow); tried again later.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Simulated time, now.
    pub fn now(&self) -> SimTime {
        let mapped = match self.holding.anchor() {
            Some(_) if self.row.paused => self.row.sim,
            Some(anchor) => anchor.sim + scaled(self.wall.steady() - anchor.steady, self.row.rate),
            None => standing(&self.row, self.held_by_somebody(), self.wall.unix()),
        };
        mapped.max(self.world.now)
    }

    /// Folds what other processes did. True when anything changed.
    pub fn refresh(&mut self) -> Result<bool, HostError> {
        let (before, version) = (self.world.revision, self.row.version);
        self.fold()?;
        self.reread_clock()?;
        let changed = before != self.world.revision;
        if changed {
            self.settled()?;
        }
        Ok(changed || version != self.row.version)
    }

    /// Does everything that is due, one transaction per due instant. Returns how many instants there were.
    pub fn elapse(&mut self) -> Result<usize, HostError> {
        let now = self.now();
        let mut instants = 0;
        while self.elapse_one(now)? {
            instants += 1;
        }
        Ok(instants)
    }

    /// When something is to be done next: by the world's own time, or because sample records are to be made.
    pub(super) fn due(&self) -> Option<SimTime> {
        let due = engine::due(&self.world).into_iter();
        due.chain(self.next_samples()).min()
    }

    /// Does what is due at the next instant, if that comes by `until`.
    pub(super) fn elapse_one(&mut self, until: SimTime) -> Result<bool, HostError> {
        // What is sent before an instant takes the route of before.
        if let Some((at, workspace, table)) = self.sample_due(until)
            && engine::due(&self.world).is_none_or(|due| at <= due)
        {
            let (workspace, table) = (workspace.clone(), table.clone());
            self.heed(|host| host.sample_hour(at, &workspace, &table))?;
            return Ok(true);
        }
        loop {
            let Some(draft) = due_by(&self.world, until) else {
                return Ok(false);
            };
            if self.commit(draft?)?.is_some() {
                return Ok(true);
            }
        }
    }

    /// Runs a command as somebody, at the present time. A refusal leaves the journal as it is.
    ///
    /// `Keystore` comes when the hardware contradicts the world. If that comes of this command, it is on the
    /// record all the same; from then on nothing more is, until the two agree again.
    pub fn submit(&mut self, actor: &Actor, command: &Command) -> Result<Receipt, HostError> {
        loop {
            let now = self.catch_up(actor, command)?;
            let draft = engine::draft(&self.world, now, actor, command)?;
            if let Some(receipt) = self.commit(draft)? {
                return Ok(receipt);
            }
        }
    }

    /// Folds what others did and does what is due, unless the command would be refused after that. Returns the
    /// instant it is now.
    pub(super) fn catch_up(
        &mut self,
        actor: &Actor,
        command: &Command,
    ) -> Result<SimTime, HostError> {
        self.refresh()?;
        let now = self.now();
        if self.due().is_some_and(|due| due <= now) {
            // On a fork first, so that a refused command does not even make time act.
            self.preview(actor, command)?;
            while self.elapse_one(now)? {}
        }
        Ok(now)
    }

    /// What a command would do now. Nothing is written.
    pub fn preview(&self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let now = self.now();
        let fork = engine::draft(&self.world, now, &Actor::Time, &Command::Elapse)?;
        engine::decide(&fork.world, now, actor, command)
    }

    /// The clock, now.
    pub fn clock_reading(&self) -> Reading {
        let held = self.held_by_somebody();
        Reading {
            now: self.now(),
            read: std::time::Instant::now(),
            rate: self.row.rate,
            paused: self.row.paused,
            running: held && !self.row.paused && self.row.rate > 0,
            holder: held.then(|| self.row.holder.clone()),
            ours: self.holding.anchor().is_some(),
            version: self.row.version,
        }
    }

    /// Changes the clock and does what has become due by that.
    pub fn clock_set(&mut self, command: ClockCommand) -> Result<Reading, HostError> {
        self.clock_move(command)?;
        self.elapse()?;
        Ok(self.clock_reading())
    }

    /// Changes the clock and leaves what has become due to whoever elapses.
    pub(super) fn clock_move(&mut self, command: ClockCommand) -> Result<(), HostError> {
        loop {
            self.refresh()?;
            if command != ClockCommand::Pause {
                // Time does not go on without the record.
                self.heed(Host::conform)?;
            }
            let now = self.now();
            let mut row = ClockRow {
                sim: now,
                ..self.row.clone()
            };
            match command {
                ClockCommand::Pause => row.paused = true,
                ClockCommand::Resume => {
                    row.paused = false;
                    row.rate = row.rate.max(1);
                }
                ClockCommand::Rate(rate) => row.rate = checked_rate(rate)?,
                ClockCommand::Advance(span) => row.sim = advanced(now, span)?,
                ClockCommand::Next => row.sim = next_due(&self.world, now)?,
                ClockCommand::NextConsequence => row.sim = next_consequence(&self.world, now)?,
                ClockCommand::To(at) => row.sim = forward(now, at)?,
            }
            if self.save(row)? {
                return Ok(());
            }
        }
    }

    /// Puts the clock to an instant at which nothing later has been done, and does what is due by then.
    pub(super) fn stand(&mut self, at: SimTime, paused: bool) -> Result<(), HostError> {
        loop {
            let row = ClockRow {
                sim: at.max(self.world.now),
                paused,
                ..self.row.clone()
            };
            if self.save(row)? {
                break;
            }
            self.refresh()?;
        }
        while self.elapse_one(at)? {}
        Ok(())
    }

    /// Makes time run in this process, unless another one does so already.
    pub fn hold_clock(&mut self, holder: &str) -> Result<bool, HostError> {
        if self.holding.anchor().is_some() {
            return Ok(true);
        }
        if let Holding::Shared { lock, .. } = &mut self.holding
            && !lock.take()?
        {
            return Ok(false);
        }
        self.begin_holding(holder)?;
        Ok(true)
    }

    /// The lock of `clock.lock` came to this process by waiting for it.
    pub(super) fn hold_with(&mut self, got: ClockLock, holder: &str) -> Result<(), HostError> {
        if let Holding::Shared { lock, .. } = &mut self.holding {
            *lock = got;
        }
        self.begin_holding(holder)
    }

    fn begin_holding(&mut self, holder: &str) -> Result<(), HostError> {
        loop {
            self.refresh()?;
            self.heed(Host::conform)?;
            // Whoever held the clock before is gone: time stood since its last save.
            let sim = self.row.sim.max(self.world.now);
            let steady = self.wall.steady();
            self.holding.set_anchor(Some(Anchor {
                sim,
                steady,
                saved: steady,
            }));
            let row = ClockRow {
                sim,
                holder: holder.to_owned(),
                ..self.row.clone()
            };
            if self.save(row)? {
                return Ok(());
            }
        }
    }

    /// Lets time stand at the present instant.
    pub fn release_clock(&mut self) -> Result<(), HostError> {
        while self.holding.anchor().is_some() {
            let row = ClockRow {
                sim: self.now(),
                ..self.row.clone()
            };
            if self.save(row)? {
                self.holding.set_anchor(None);
            } else {
                self.refresh()?;
            }
        }
        if let Holding::Shared { lock, .. } = &mut self.holding {
            lock.give_back()?;
        }
        Ok(())
    }

    /// Saves a running clock when that is due, so that a crash costs seconds of simulated time and no more.
    pub(super) fn keep_time(&mut self) -> Result<(), HostError> {
        if self.save_in() == Some(0) {
            let row = ClockRow {
                sim: self.now(),
                ..self.row.clone()
            };
            if !self.save(row)? {
                self.reread_clock()?;
            }
        }
        Ok(())
    }

    /// Wall microseconds until the clock wants to be saved; none while it stands or is not ours.
    pub(super) fn save_in(&self) -> Option<i64> {
        let anchor = self.holding.anchor()?;
        (!self.row.paused && self.row.rate > 0)
            .then(|| (anchor.saved + SAVE_EVERY - self.wall.steady()).max(0))
    }

    /// Writes the clock row as of now. False when somebody changed it meanwhile.
    fn save(&mut self, row: ClockRow) -> Result<bool, HostError> {
        let row = ClockRow {
            wall: self.wall.unix(),
            ..row
        };
        let saved = self.journal.set_clock(&row)?;
        if saved {
            self.row = ClockRow {
                version: row.version + 1,
                ..row
            };
            self.anchor_to(self.row.sim);
        }
        Ok(saved)
    }

    fn reread_clock(&mut self) -> Result<(), HostError> {
        let row = self.journal.clock()?.unwrap_or_default();
        if row.version != self.row.version {
            let sim = standing(&row, true, self.wall.unix());
            self.row = row;
            self.anchor_to(sim);
        }
        Ok(())
    }

    /// If we hold the clock, it is `sim` now.
    fn anchor_to(&mut self, sim: SimTime) {
        let steady = self.wall.steady();
        if self.holding.anchor().is_some() {
            self.holding.set_anchor(Some(Anchor {
                sim,
                steady,
                saved: steady,
            }));
        }
    }

    fn held_by_somebody(&self) -> bool {
        match &self.holding {
            Holding::Alone { held } => held.is_some(),
            // A lock that cannot be asked is nobody's: time then stands, which loses nothing.
            Holding::Shared { lock, .. } => lock.somebodys().unwrap_or(false),
        }
    }

    /// A waiting place for the clock, for a thread of its own; none where nobody else can have it.
    pub(super) fn clock_queue(&self) -> Result<Option<ClockLock>, HostError> {
        match (&self.holding, &self.dir) {
            (Holding::Shared { lock, .. }, Some(dir)) if !lock.ours() => {
                ClockLock::open(dir).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Appends a decision and takes its world. None when somebody else appended first: theirs is folded then.
    pub(super) fn commit(&mut self, draft: Draft) -> Result<Option<Receipt>, HostError> {
        let decided_on = self.world.revision;
        // What the keys could not follow before is tried again, and may stand in the way.
        self.heed(Host::conform)?;
        if self.world.revision != decided_on {
            return Ok(None);
        }
        let receipt = Receipt {
            revision: draft.world.revision,
            at: draft.now,
            events: draft.events,
        };
        if receipt.events.is_empty() {
            // Time can act without a fact; the world it leaves has one timer less.
            self.world = draft.world;
            return Ok(Some(receipt));
        }
        match self.journal.append(self.world.revision, &receipt.events) {
            Ok(()) => {
                self.world = draft.world;
                self.note_for_keys(&receipt.events);
                self.settled()?;
                Ok(Some(receipt))
            }
            Err(JournalError::Conflict { .. }) => {
                self.refresh()?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Folds what the journal has and this world has not.
    pub(super) fn fold(&mut self) -> Result<(), HostError> {
        if self.journal.head()? == self.world.revision {
            return Ok(());
        }
        self.fold_to_the_end()
    }

    /// Reads on until the end of the journal, which is checked on the way.
    fn fold_to_the_end(&mut self) -> Result<(), HostError> {
        sharing(|| self.fold_on())
    }

    fn fold_on(&mut self) -> Result<(), HostError> {
        loop {
            let events = self.journal.read_after(self.world.revision, CHUNK)?;
            for event in &events {
                engine::evolve(&mut self.world, event);
            }
            self.note_for_keys(&events);
            if events.len() < CHUNK {
                return Ok(());
            }
        }
    }

    /// The world moved on: keys, segments, mails and snapshot follow. What fails here fails beside the world: the
    /// command is on the record, and the next one tries again. Only a contradiction between the world and the
    /// hardware is an error.
    fn settled(&mut self) -> Result<(), HostError> {
        self.trouble = None;
        self.heed(Host::conform)?;
        self.heed(Host::obey)?;
        self.heed(Host::keep)?;
        self.heed(Host::effects)?;
        self.heed(Host::snapshot)
    }

    /// Does something beside the world and remembers the first trouble with it.
    pub(super) fn heed(
        &mut self,
        effect: impl FnOnce(&mut Host) -> Result<(), HostError>,
    ) -> Result<(), HostError> {
        match effect(self) {
            Err(HostError::Keystore(error)) if error.is_disagreement() => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "an effect failed");
                self.trouble.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn effects(&mut self) -> Result<(), HostError> {
        match &self.outbox {
            Some(outbox) => outbox.deliver(&self.world, self.journal.as_mut()),
            None => Ok(()),
        }
    }

    fn snapshot(&mut self) -> Result<(), HostError> {
        if self.world.revision.0 >= self.snapshot_at.0 + SNAPSHOT_EVERY {
            self.snapshot_at = self.world.revision;
            self.journal.put_snapshot(&self.world)?;
        }
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The kernel releases the lock in any case; then time stands at the last save.
        if let Err(error) = self.release_clock() {
            tracing::warn!(%error, "the clock was not saved");
        }
    }
}

/// Where the journal of a state directory lies.
pub fn journal_path(dir: &Path) -> PathBuf {
    dir.join("journal.db")
}
