//! Wall time ↔ simulated time. Pure mapping, and the lock that says who makes time run.
//!
//! Time runs only while somebody holds the clock, which the kernel proves by a lock on `clock.lock`: it is
//! released even by `kill -9`. Otherwise time stands at the last saved instant, so nothing expires over a
//! weekend with the lid closed.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::error::{HostError, WRITABLE};
use crate::engine::projections::meaning::is_consequence;
use crate::engine::{self, Actor, Command, Refusal, SimTime, Span, World, errors};
use crate::store::ClockRow;

/// A day in a second.
pub const RATE_MAX: u32 = 86_400;
/// How often a running clock is saved, in microseconds of wall time.
pub const SAVE_EVERY: i64 = 10_000_000;
/// How far others trust a saved instant: a holder that has not saved for longer was asleep with its machine.
const TRUST: i64 = SAVE_EVERY + 5_000_000;

/// Where wall time comes from.
pub trait Wall: Send {
    /// Microseconds since 1970, to be shared with other processes.
    fn unix(&self) -> i64;
    /// Microseconds from some start, which never go back and do not count a sleeping machine.
    fn steady(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemWall {
    start: Instant,
}

impl Default for SystemWall {
    fn default() -> Self {
        SystemWall {
            start: Instant::now(),
        }
    }
}

impl Wall for SystemWall {
    fn unix(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
    }
    fn steady(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

/// A clock that moves when it is told to, for tests and headless drills. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct ManualWall(Arc<AtomicI64>);

impl ManualWall {
    pub fn pass(&self, span: Span) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Wall for ManualWall {
    fn unix(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
    fn steady(&self) -> i64 {
        self.unix()
    }
}

/// What a person can do to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockCommand {
    Pause,
    Resume,
    /// Simulated seconds per second.
    Rate(u32),
    Advance(Span),
    /// To the next instant at which something happens.
    Next,
    /// To the next instant at which something happens that is a consequence.
    NextConsequence,
    /// To an instant that is not in the past.
    To(SimTime),
}

/// The clock as read at one moment. A face computes the time of its own frames with [`Reading::now_at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Simulated time when this was read.
    pub now: SimTime,
    pub read: Instant,
    /// Simulated seconds per second while time runs.
    pub rate: u32,
    pub paused: bool,
    /// Somebody holds the clock, it is not paused and its rate is not 0.
    pub running: bool,
    /// Who holds the clock, in words.
    pub holder: Option<String>,
    /// This process holds it.
    pub ours: bool,
    /// Changes when the clock is set.
    pub version: u64,
}

impl Reading {
    /// Simulated time at a later moment, if nothing is changed meanwhile.
    pub fn now_at(&self, moment: Instant) -> SimTime {
        if !self.running {
            return self.now;
        }
        let passed = moment.saturating_duration_since(self.read).as_micros();
        self.now + scaled(i64::try_from(passed).unwrap_or(i64::MAX), self.rate)
    }
}

/// Wall microseconds as simulated ones.
pub(super) fn scaled(wall: i64, rate: u32) -> Span {
    Span(wall.max(0).saturating_mul(i64::from(rate)))
}

/// Wall microseconds until `due`, rounded up; none when time does not run that fast.
pub(super) fn wall_until(now: SimTime, due: SimTime, rate: u32) -> Option<i64> {
    let rate = i64::from(rate);
    (rate > 0).then(|| {
        let left = now.until(due).0;
        left / rate + i64::from(left % rate > 0)
    })
}

/// The time a saved row gives to a process that does not hold the clock itself.
pub(super) fn standing(row: &ClockRow, held: bool, wall: i64) -> SimTime {
    if held && !row.paused {
        row.sim + scaled((wall - row.wall).clamp(0, TRUST), row.rate)
    } else {
        row.sim
    }
}

/// The instant `span` after `now`, within what can be written down.
pub fn advanced(now: SimTime, span: Span) -> Result<SimTime, Refusal> {
    if span.0 < 0 || span > now.until(SimTime::MAX) {
        return Err(errors::SIM_04
            .says(format!(
                "The clock cannot be advanced by {span}; the last instant is {}.",
                SimTime::MAX
            ))
            .target("clock")
            .remedy("Give a span like 4d, 8h or 30m."));
    }
    Ok(now + span)
}

/// The instant at which something happens next.
pub fn next_due(world: &World, now: SimTime) -> Result<SimTime, Refusal> {
    engine::due(world).map(|due| now.max(due)).ok_or_else(|| {
        errors::SIM_04
            .says("Nothing is due: no request waits, no grant or operation runs, no story goes on.")
            .target("clock")
            .remedy("Open a ticket, or advance the clock by a span.")
    })
}

/// The instant of the next event that is a consequence: something that changes what somebody can do, has or loses.
pub fn next_consequence(world: &World, now: SimTime) -> Result<SimTime, Refusal> {
    let mut world = world.clone();
    loop {
        let due = next_due(&world, now)?;
        let draft = engine::draft(&world, due, &Actor::Time, &Command::Elapse)?;
        if draft.events.iter().any(is_consequence) {
            return Ok(due);
        }
        world = draft.world;
    }
}

/// An instant to go on to, which is not in the past.
pub fn forward(now: SimTime, at: SimTime) -> Result<SimTime, Refusal> {
    if at < now || at > SimTime::MAX {
        return Err(errors::SIM_04
            .says(format!(
                "The clock cannot go to {at}: it is {now}, and time does not run backwards."
            ))
            .target("clock")
            .remedy(
                "Give a later time; look at an earlier one with --at, or rewind in the console.",
            ));
    }
    Ok(at)
}

pub fn checked_rate(rate: u32) -> Result<u32, Refusal> {
    if rate > RATE_MAX {
        return Err(errors::SIM_04
            .says(format!(
                "The clock cannot run at {rate} simulated seconds a second."
            ))
            .target("rate")
            .remedy(format!(
                "Give a rate from 0 (standing) to {RATE_MAX} (a day in a second)."
            )));
    }
    Ok(rate)
}

/// `clock.lock` of a state directory, held or not.
#[derive(Debug)]
pub(super) struct ClockLock {
    file: File,
    path: std::path::PathBuf,
    held: bool,
}

impl ClockLock {
    pub fn open(dir: &Path) -> Result<Self, HostError> {
        let path = dir.join("clock.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(HostError::io("open", &path, WRITABLE))?;
        Ok(ClockLock {
            file,
            path,
            held: false,
        })
    }

    /// Takes the clock if nobody has it.
    pub fn take(&mut self) -> Result<bool, HostError> {
        if !self.held {
            self.held = answer(self.file.try_lock(), &self.path)?;
        }
        Ok(self.held)
    }

    /// Waits until nobody has it. For a thread of its own.
    pub fn wait(mut self) -> Result<Self, HostError> {
        self.file
            .lock()
            .map_err(HostError::io("lock", &self.path, WRITABLE))?;
        self.held = true;
        Ok(self)
    }

    pub fn give_back(&mut self) -> Result<(), HostError> {
        if std::mem::take(&mut self.held) {
            self.file
                .unlock()
                .map_err(HostError::io("unlock", &self.path, WRITABLE))?;
        }
        Ok(())
    }

    pub fn ours(&self) -> bool {
        self.held
    }

    /// Whether any process holds the clock.
    pub fn somebodys(&self) -> Result<bool, HostError> {
        if self.held {
            return Ok(true);
        }
        let free = answer(self.file.try_lock_shared(), &self.path)?;
        if free {
            self.file
                .unlock()
                .map_err(HostError::io("unlock", &self.path, WRITABLE))?;
        }
        Ok(!free)
    }
}

fn answer(outcome: Result<(), TryLockError>, path: &Path) -> Result<bool, HostError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(HostError::io("lock", path, WRITABLE)(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: ClockRow = ClockRow {
        version: 1,
        sim: SimTime(1_000_000),
        wall: 50,
        rate: 60,
        paused: false,
        holder: String::new(),
    };

    #[test]
    fn time_runs_at_its_rate_only_while_somebody_holds_the_clock() {
        assert_eq!(standing(&ROW, true, 50 + 2_000_000), SimTime(121_000_000));
        assert_eq!(standing(&ROW, false, 50 + 2_000_000), ROW.sim);
        let paused = ClockRow {
            paused: true,
            ..ROW
        };
        assert_eq!(standing(&paused, true, 50 + 2_000_000), ROW.sim);
    }

    #[test]
    fn a_wall_clock_that_jumps_back_or_slept_for_days_does_not_move_the_world() {
        assert_eq!(standing(&ROW, true, -1_000_000_000), ROW.sim);
        let asleep = standing(&ROW, true, 50 + Span::days(3).0);
        assert_eq!(asleep, ROW.sim + scaled(TRUST, ROW.rate));
    }

    #[test]
    fn waiting_for_an_instant_never_ends_before_it() {
        let (now, due) = (SimTime(0), SimTime(61));
        assert_eq!(wall_until(now, due, 60), Some(2));
        assert_eq!(wall_until(now, now, 60), Some(0));
        assert_eq!(wall_until(now, due, 0), None);
    }

    #[test]
    fn an_advance_stays_within_what_can_be_written_and_a_rate_within_a_day_a_second() {
        assert!(advanced(SimTime(0), Span::days(4)).is_ok());
        assert!(advanced(SimTime(0), Span(i64::MAX)).is_err());
        assert!(advanced(SimTime(0), Span(-1)).is_err());
        assert!(checked_rate(86_400).is_ok());
        assert!(checked_rate(86_401).is_err());
    }
}
