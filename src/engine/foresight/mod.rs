//! What follows: the world forked, something done in the fork or nothing, and time let act on it. From two such
//! futures comes what a command leads to ([`foresee`]), from one when each link between a vault and the data of a
//! cluster breaks or heals ([`lineage`]), and from these the ways to cut a key and the way back.
//!
//! Nothing here knows a rule of its own: what happens is what `decide` and time do, and the bounds of a countdown
//! are the numbers of [`Rules`](super::rules::Rules).

pub mod elsewhere;
pub mod foresee;
pub mod lineage;
pub mod way_back;
pub mod ways;

use super::draft::Draft;
use super::event::{Actor, Event};
use super::rules::Rules;
use super::time::{SimTime, Span};
use super::world::World;
use super::{Command, draft, due};

pub use foresee::{Foresight, foresee};
pub use lineage::{Fuse, Lineage, lineage};
pub use way_back::way_back;
pub use ways::ways_to_cut;

/// Instants a fork is played on at most; a bound, not a rule.
const INSTANTS: usize = 5_000;

/// How far one looks ahead: through a revocation and its end, and through an outage until its buffer is full.
pub fn horizon(rules: &Rules) -> Span {
    let spans = [
        rules.revocation_latency,
        rules.resume_latency,
        rules.outage_threshold,
        rules.buffer_horizon,
        rules.poll_max,
        rules.poll_max,
    ];
    Span(spans.iter().fold(0, |sum, span| sum.saturating_add(span.0)))
}

/// The instants at which time acts on a fork of a world, each with the world after it.
struct Instants {
    world: World,
    now: SimTime,
    until: SimTime,
    left: usize,
}

impl Instants {
    fn new(world: &World, now: SimTime, until: SimTime) -> Instants {
        Instants {
            world: world.clone(),
            now,
            until,
            left: INSTANTS,
        }
    }
}

impl Iterator for Instants {
    type Item = Draft;

    fn next(&mut self) -> Option<Draft> {
        let at = due(&self.world).filter(|at| *at <= self.until)?;
        self.left = self.left.checked_sub(1)?;
        let then = draft(
            &self.world,
            at.max(self.now),
            &Actor::Time,
            &Command::Elapse,
        )
        .ok()?;
        self.world = then.world.clone();
        Some(then)
    }
}

/// A fork of a world in which time has acted until an instant.
#[derive(Debug, Clone)]
struct Future {
    world: World,
    /// What happened on the way.
    events: Vec<Event>,
}

impl Future {
    fn of(world: &World, now: SimTime, until: SimTime) -> Future {
        let mut future = Future {
            world: world.clone(),
            events: Vec::new(),
        };
        for then in Instants::new(world, now, until) {
            future.events.extend(then.events);
            future.world = then.world;
        }
        future
    }
}

/// `1 workspace`, `3 workspaces`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    let which = if n == 1 { one } else { many };
    format!("{} {which}", super::text::count(n))
}
