//! Two futures side by side: the same figures of two worlds at one instant, and what differs. The worlds may have
//! parted at any event; whichever is behind is played on until the instant. Only the modelled ledger is compared: a
//! branch has no data that really came.

use std::collections::BTreeSet;

use super::ask::{Answer, Query, ask};
use super::ids::{GrantId, ResourceId, Revision};
use super::ingestion::ledger::{Modelled, Scope};
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

/// Compares two worlds at an instant, both brought there, in the eyes of an actor: of what belongs to others nothing
/// is counted or named (i-32). `since` is when they parted.
pub fn compare(
    actor: &Actor,
    left: &World,
    right: &World,
    since: SimTime,
    at: SimTime,
) -> Result<Comparison, Refusal> {
    let at = at.max(left.now).max(right.now);
    let worlds = [played_on(left, at)?, played_on(right, at)?];
    let [one, two] = &worlds;
    let (left, right) = (Eyes::new(actor, one, at)?, Eyes::new(actor, two, at)?);
    let mut rows = Vec::new();
    let mut row = |what: &str, figure, loss, of: &dyn Fn(&Eyes) -> u128| {
        rows.push(Row {
            what: what.to_owned(),
            figure,
            left: of(&left),
            right: of(&right),
            loss,
        });
    };
    row("dropped for good, modelled", Figure::Bytes, true, &|w| {
        w.modelled(Modelled::lost)
    });
    row("records dropped, modelled", Figure::Count, true, &|w| {
        w.world.records(w.modelled(Modelled::lost))
    });
    row(
        "in the outage buffer, modelled",
        Figure::Bytes,
        true,
        &|w| w.modelled(|m| m.buffered),
    );
    row("stored and hidden, modelled", Figure::Bytes, true, &|w| {
        w.modelled(|m| m.hidden)
    });
    row("in the hot cache, modelled", Figure::Bytes, false, &|w| {
        w.modelled(|m| m.hot)
    });
    row(
        "scheduled queries failed, modelled",
        Figure::Count,
        true,
        &|w| w.queries_failed(since),
    );
    row("requests expired", Figure::Count, true, &|w| {
        w.requests(Status::Expired)
    });
    row("requests denied", Figure::Count, false, &|w| {
        w.requests(Status::Denied)
    });
    row("requests waiting", Figure::Count, false, &|w| {
        w.count(&Query::Pending)
    });
    row("grants ever given", Figure::Count, false, &|w| {
        w.count(&Query::Grants)
    });
    row("grants in force", Figure::Count, false, &|w| {
        w.grants_in_force()
    });
    row("operations failed", Figure::Count, true, &|w| {
        w.operations_failed()
    });
    let clusters = one.clusters.keys().chain(two.clusters.keys());
    let clusters: BTreeSet<&ResourceId> = clusters
        .filter(|id| left.sees(id) || right.sees(id))
        .collect();
    for id in clusters {
        // Two clusters of different groups may have one name.
        let what = format!("{id} could not be read");
        row(&what, Figure::Time, true, &|w| {
            let Span(micros) = w.world.outages(id, since, at);
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

/// A world at an instant as an actor sees it.
struct Eyes<'a> {
    actor: &'a Actor,
    world: &'a World,
    at: SimTime,
    /// Whose data is counted.
    scopes: Vec<Scope>,
}

impl<'a> Eyes<'a> {
    fn new(actor: &'a Actor, world: &'a World, at: SimTime) -> Result<Self, Refusal> {
        let mut scopes = Vec::new();
        if *actor == Actor::Observer {
            // Workspaces that are gone for good included.
            scopes.push(Scope::All);
        } else {
            for deleted in [false, true] {
                let query = Query::Workspaces { deleted };
                if let Answer::Workspaces(ids) = ask(world, at, actor, &query)? {
                    scopes.extend(ids.into_iter().map(Scope::Workspace));
                }
            }
        }
        Ok(Eyes {
            actor,
            world,
            at,
            scopes,
        })
    }

    fn modelled(&self, of: impl Fn(&Modelled) -> u128) -> u128 {
        let figures = self.scopes.iter().map(|s| self.world.modelled(s, self.at));
        figures.map(|modelled| of(&modelled)).sum()
    }

    fn queries_failed(&self, since: SimTime) -> u128 {
        let failed = |s: &Scope| self.world.scheduled_queries(s, since, self.at).1;
        self.scopes.iter().map(|s| u128::from(failed(s))).sum()
    }

    fn answer(&self, query: &Query) -> Option<Answer> {
        ask(self.world, self.at, self.actor, query).ok()
    }

    fn requests(&self, status: Status) -> u128 {
        let status = Some(status);
        self.count(&Query::Requests { status })
    }

    fn count(&self, query: &Query) -> u128 {
        let found = match self.answer(query) {
            Some(Answer::Requests(ids)) => ids.len(),
            Some(Answer::Grants(ids)) => ids.len(),
            _ => 0,
        };
        found as u128
    }

    fn grants_in_force(&self) -> u128 {
        let active = &self.world.lockbox.active;
        let sees = |id: &&GrantId| self.answer(&Query::Grant(**id)).is_some();
        active.iter().map(|(_, id)| id).filter(sees).count() as u128
    }

    fn operations_failed(&self) -> u128 {
        let Some(Answer::Operations(ids)) = self.answer(&Query::Operations) else {
            return 0;
        };
        let found = ids.iter().filter_map(|id| self.world.operations.get(id));
        found.filter(|o| o.error.is_some()).count() as u128
    }

    /// Deleted clusters are nobody's but the observer's here.
    fn sees(&self, cluster: &ResourceId) -> bool {
        *self.actor == Actor::Observer || self.answer(&Query::Cluster(cluster.clone())).is_some()
    }
}
