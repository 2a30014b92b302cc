//! The world as it was: at any event or instant of the journal, rebuilt from the nearest of some worlds kept in
//! memory. A thread of its own with a reader of its own, so that nobody waits for a disk. The past is looked at and
//! never changed.

use std::sync::mpsc::{self, Receiver, Sender};

use tokio::sync::oneshot;

use super::error::HostError;
use super::host::CHUNK;
use crate::engine::ids::Revision;
use crate::engine::projections::meaning::is_consequence;
use crate::engine::projections::why::{self, About, Step};
use crate::engine::time::TimeError;
use crate::engine::{self, Actor, Event, Refusal, SimTime, World, errors};
use crate::sharing::sharing;
use crate::store::Journal;

/// Events between two worlds that are kept (`design.md` §2).
const EVERY: u64 = 512;
/// Events read at once where few are wanted.
const NEAR: usize = 512;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Right after an event.
    Revision(Revision),
    /// After an event and all it led to at once: where a branch can begin.
    Whole(Revision),
    /// After everything that happened by an instant.
    Instant(SimTime),
    /// Right after the event that follows another one, or comes before it.
    Next {
        from: Revision,
        only: Only,
    },
    Before {
        from: Revision,
        only: Only,
    },
}

/// The number of an event as people write it: `r123`.
pub fn revision(text: &str) -> Option<Revision> {
    text.trim().strip_prefix('r')?.parse().ok().map(Revision)
}

impl Look {
    /// A moment as people write it: an event, or a time near the present one.
    pub fn at(now: SimTime, text: &str) -> Result<Look, TimeError> {
        match revision(text) {
            Some(revision) => Ok(Look::Whole(revision)),
            None => SimTime::near(now, text).map(Look::Instant),
        }
    }
}

/// Which events a step stops at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    Everything,
    Consequences,
}

/// The world at one moment of the past.
#[derive(Debug, Clone)]
pub struct Glimpse {
    pub world: World,
    pub at: SimTime,
    /// What happened last by then.
    pub event: Option<Event>,
    /// The last event of the journal, when it was looked at.
    pub head: Revision,
}

/// Worlds of a journal, rebuilt.
pub struct Past {
    reader: Box<dyn Journal>,
    /// Every so many events, oldest first; never empty. They share what did not change between them.
    kept: Vec<World>,
    /// The latest world that was folded to.
    tip: World,
}

impl Past {
    pub fn new(reader: Box<dyn Journal>) -> Past {
        let origin = reader.origin();
        Past {
            reader,
            kept: vec![origin.clone()],
            tip: origin,
        }
    }

    pub fn look(&mut self, look: Look) -> Result<Glimpse, HostError> {
        let head = self.catch_up()?;
        match look {
            Look::Revision(revision) => self.after(revision, head),
            Look::Whole(revision) => self.after(self.whole(revision)?, head),
            Look::Instant(at) => self.by(at, head),
            Look::Next { from, only } => match self.next(from, only)? {
                Some(revision) => self.after(revision, head),
                None => Err(end("Nothing of the kind happened after that.").into()),
            },
            Look::Before { from, only } => match self.before(from, only)? {
                Some(revision) => self.after(revision, head),
                None => Err(self.beginning()?.into()),
            },
        }
    }

    /// Up to `count` events after one, oldest first.
    pub fn events(&self, after: Revision, count: usize) -> Result<Vec<Event>, HostError> {
        Ok(self.reader.read_after(after, count)?)
    }

    pub fn event(&self, revision: Revision) -> Result<Option<Event>, HostError> {
        let Some(before) = revision.0.checked_sub(1) else {
            return Ok(None);
        };
        let found = self.reader.read_after(Revision(before), 1)?;
        Ok(found.into_iter().find(|event| event.revision == revision))
    }

    /// Why something is so in a world of this journal.
    pub fn why(&self, world: &World, about: &About) -> Result<Vec<Step>, HostError> {
        match about.event(world) {
            Some(revision) => why::chain(world, revision, |r| self.event(r)),
            None => Ok(Vec::new()),
        }
    }

    /// Folds what is new, and keeps a world every so often.
    fn catch_up(&mut self) -> Result<Revision, HostError> {
        sharing(|| self.fold_on())
    }

    fn fold_on(&mut self) -> Result<Revision, HostError> {
        let base = self.kept[0].revision.0;
        loop {
            let events = self.reader.read_after(self.tip.revision, CHUNK)?;
            for event in &events {
                engine::evolve(&mut self.tip, event);
                if (event.revision.0 - base).is_multiple_of(EVERY) {
                    self.kept.push(self.tip.clone());
                }
            }
            if events.len() < CHUNK {
                return Ok(self.tip.revision);
            }
        }
    }

    /// The last kept world for which this holds; it holds for the first ones only.
    fn nearest(&self, fits: impl Fn(&World) -> bool) -> Option<World> {
        let fitting = self.kept.partition_point(fits);
        Some(self.kept[fitting.checked_sub(1)?].clone())
    }

    fn after(&self, revision: Revision, head: Revision) -> Result<Glimpse, HostError> {
        let Some(mut world) = self.nearest(|w| w.revision <= revision) else {
            return Err(self.beginning()?.into());
        };
        if revision > head || revision == Revision(0) {
            return Err(end(format!(
                "There is no event {revision}; the record goes from r1 to {head}."
            ))
            .into());
        }
        let missing = usize::try_from(revision.0 - world.revision.0).unwrap_or(0);
        let events = self.reader.read_after(world.revision, missing)?;
        events.iter().for_each(|e| engine::evolve(&mut world, e));
        let event = match events.into_iter().next_back() {
            Some(last) => Some(last),
            None => self.event(revision)?,
        };
        Ok(Glimpse {
            at: world.now,
            world,
            event,
            head,
        })
    }

    fn by(&self, at: SimTime, head: Revision) -> Result<Glimpse, HostError> {
        let begins = self.begins()?;
        let branched = self.kept[0].revision > Revision(0);
        if at < begins || (branched && at < self.kept[0].now) {
            return Err(self.beginning()?.into());
        }
        let Some(mut world) = self.nearest(|w| w.now <= at) else {
            return Err(self.beginning()?.into());
        };
        let mut last = None;
        'folding: loop {
            let events = self.reader.read_after(world.revision, NEAR)?;
            let ends = events.len() < NEAR;
            for event in events {
                if event.at > at {
                    break 'folding;
                }
                engine::evolve(&mut world, &event);
                last = Some(event);
            }
            if ends {
                break;
            }
        }
        let event = match last {
            Some(event) => Some(event),
            None => self.event(world.revision)?,
        };
        Ok(Glimpse {
            world,
            at,
            event,
            head,
        })
    }

    /// The last event of what an event is part of: what services and time did at the same instant because of it.
    fn whole(&self, revision: Revision) -> Result<Revision, HostError> {
        let Some(event) = self.event(revision)? else {
            return Ok(revision);
        };
        let mut last = revision;
        loop {
            let more = self.reader.read_after(last, CHUNK)?;
            let follows = |e: &&Event| {
                let own = matches!(e.actor, Actor::Person(_) | Actor::Simulator);
                e.at == event.at && (!own || e.cause.is_some_and(|cause| cause >= revision))
            };
            let following = more.iter().take_while(follows).count();
            match following.checked_sub(1) {
                Some(n) => last = more[n].revision,
                None => return Ok(last),
            }
            if following < CHUNK {
                return Ok(last);
            }
        }
    }

    fn next(&self, from: Revision, only: Only) -> Result<Option<Revision>, HostError> {
        let mut after = from;
        loop {
            let events = self.reader.read_after(after, NEAR)?;
            if let Some(found) = events.iter().find(|event| only.stops_at(event)) {
                return Ok(Some(found.revision));
            }
            match events.last() {
                Some(last) if events.len() == NEAR => after = last.revision,
                _ => return Ok(None),
            }
        }
    }

    fn before(&self, from: Revision, only: Only) -> Result<Option<Revision>, HostError> {
        let base = self.kept[0].revision.0;
        let mut until = from.0;
        while until > base + 1 {
            let start = until.saturating_sub(1 + EVERY).max(base);
            let count = usize::try_from(until - 1 - start).unwrap_or(0);
            let events = self.reader.read_after(Revision(start), count)?;
            if let Some(found) = events.iter().rev().find(|event| only.stops_at(event)) {
                return Ok(Some(found.revision));
            }
            until = start + 1;
        }
        Ok(None)
    }

    /// The first instant of the record.
    fn begins(&self) -> Result<SimTime, HostError> {
        let first = self.reader.read_after(self.kept[0].revision, 1)?;
        Ok(first.first().map_or(self.kept[0].now, |event| event.at))
    }

    fn beginning(&self) -> Result<Refusal, HostError> {
        let (begins, base) = (self.begins()?, self.kept[0].revision);
        let what = match base {
            Revision(0) => format!("The record begins at {} UTC, with r1.", begins.to_seconds()),
            base => format!(
                "This branch begins at {} UTC, after {base}.",
                self.kept[0].now.to_seconds()
            ),
        };
        Ok(end(what))
    }
}

impl Only {
    fn stops_at(self, event: &Event) -> bool {
        self == Only::Everything || is_consequence(event)
    }
}

fn end(what: impl Into<String>) -> Refusal {
    errors::SIM_04
        .says(what)
        .target("at")
        .remedy("Give a time or an event of the record: lockbox journal show.")
}

pub(super) enum Message {
    Look(Look, oneshot::Sender<Result<Glimpse, HostError>>),
    Events(
        Revision,
        usize,
        oneshot::Sender<Result<Vec<Event>, HostError>>,
    ),
    Why(
        Box<World>,
        About,
        oneshot::Sender<Result<Vec<Step>, HostError>>,
    ),
}

/// Starts the thread; it ends when the sender is gone.
pub(super) fn spawn(reader: Box<dyn Journal>) -> Result<Sender<Message>, HostError> {
    let (messages, inbox) = mpsc::channel();
    std::thread::Builder::new()
        .name("past".to_owned())
        .spawn(move || serve(reader, inbox))
        .map_err(|_| HostError::Stopped)?;
    Ok(messages)
}

fn serve(reader: Box<dyn Journal>, inbox: Receiver<Message>) {
    let mut past = Past::new(reader);
    while let Ok(message) = inbox.recv() {
        // Who does not wait any more gets no answer.
        match message {
            Message::Look(look, reply) => {
                let _ = reply.send(past.look(look));
            }
            Message::Events(after, count, reply) => {
                let _ = reply.send(past.events(after, count));
            }
            Message::Why(world, about, reply) => {
                let _ = reply.send(past.why(&world, &about));
            }
        }
    }
}
