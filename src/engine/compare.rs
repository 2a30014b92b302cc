//! Two futures side by side: the same figures of two worlds at one instant, and what differs. The worlds may have
//! parted at any event; whichever is behind is played on until the instant. Only the modelled ledger is compared: a
//! branch has no data that really came.

use std::collections::BTreeSet;

use super::cluster::operation;
use super::ids::{ResourceId, Revision};
use super::ingestion::ledger::Scope;
use super::lockbox::request::Status;
use super::refusal::Refusal;
use super::time::{SimTime, Span};
use super::world::World;
use super::{Actor, Command, digest, draft, due};

/// Instants a world is played on at most; a bound, not a rule.
const INSTANTS: usize = 200_000;

/// A figure that can be told of any world since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// In the unit of the number.
    Bytes,
    Count,
    /// In microseconds.
    Time,
}

/// One line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub what: String,
    pub figure: Figure,
    pub left: u128,
    pub right: u128,
    /// Whether more of it is worse.
    pub loss: bool,
}

/// What differs between two worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub at: SimTime,
    /// Since when losses are counted: where the worlds parted.
    pub since: SimTime,
    pub rows: Vec<Row>,
    /// Of the whole states, each at its own last event.
    pub digests: [[u8; 32]; 2],
    pub revisions: [Revision; 2],
}

/// A world with everything done that is due until an instant.
pub fn played_on(world: &World, until: SimTime) -> Result<World, Refusal> {
    let mut world = world.clone();
    for _ in 0..INSTANTS {
        let Some(at) = due(&world).filter(|at| *at <= until) else {
            break;
        };
        world = draft(&world, at, &Actor::Time, &Command::Elapse)?.world;
    }
    Ok(world)
}

/// Compares two worlds at an instant, both brought there. `since` is when they parted.
pub fn compare(
    left: &World,
    right: &World,
    since: SimTime,
    at: SimTime,
) -> Result<Comparison, Refusal> {
    let at = at.max(left.now).max(right.now);
    let worlds = [played_on(left, at)?, played_on(right, at)?];
    let [one, two] = &worlds;
    let mut rows = Vec::new();
    let mut row = |what: &str, figure, loss, of: &dyn Fn(&World) -> u128| {
        rows.push(Row {
            what: what.to_owned(),
            figure,
            left: of(one),
            right: of(two),
            loss,
        });
    };
    row("dropped for good, modelled", Figure::Bytes, true, &|w| {
        w.modelled(&Scope::All, at).lost()
    });
    row("records dropped, modelled", Figure::Count, true, &|w| {
        w.records(w.modelled(&Scope::All, at).lost())
    });
    row(
        "in the outage buffer, modelled",
        Figure::Bytes,
        true,
        &|w| w.modelled(&Scope::All, at).buffered,
    );
    row("stored and hidden, modelled", Figure::Bytes, true, &|w| {
        w.modelled(&Scope::All, at).hidden
    });
    row("in the hot cache, modelled", Figure::Bytes, false, &|w| {
        w.modelled(&Scope::All, at).hot
    });
    row(
        "scheduled queries failed, modelled",
        Figure::Count,
        true,
        &|w| u128::from(w.scheduled_queries(&Scope::All, since, at).1),
    );
    let requests = |w: &World, status: Status| {
        let with = w.lockbox.requests.values().filter(|r| r.status == status);
        with.count() as u128
    };
    row("requests expired", Figure::Count, true, &|w| {
        requests(w, Status::Expired)
    });
    row("requests denied", Figure::Count, false, &|w| {
        requests(w, Status::Denied)
    });
    row("requests waiting", Figure::Count, false, &|w| {
        w.lockbox.pending.len() as u128
    });
    row("grants ever given", Figure::Count, false, &|w| {
        w.lockbox.grants.len() as u128
    });
    row("grants in force", Figure::Count, false, &|w| {
        w.lockbox.active.len() as u128
    });
    row("operations failed", Figure::Count, true, &|w| {
        let failed = |o: &&std::sync::Arc<operation::Operation>| o.error.is_some();
        w.operations.values().filter(failed).count() as u128
    });
    let clusters: BTreeSet<&ResourceId> = one.clusters.keys().chain(two.clusters.keys()).collect();
    for id in clusters {
        let what = format!("{} could not be read", id.name());
        row(&what, Figure::Time, true, &|w| {
            let Span(micros) = w.outages(id, since, at);
            u128::from(micros.unsigned_abs())
        });
    }
    Ok(Comparison {
        at,
        since,
        digests: [digest(one), digest(two)],
        revisions: [one.revision, two.revision],
        rows,
    })
}
