//! The modelled ledger: where the data of each workspace would have gone, if as much came as its rate says. Its
//! counters are integrals of the rate over the spans of each route, closed when a route changes; what is true at
//! an instant follows from them and is never counted by the second. It is never summed with the physical ledger
//! ([`super::table::Tally`]), which counts the records that really came (`design.md` §3).
//!
//! ```text
//! sent --> under the customer's key | under the Microsoft key | buffered | dropped for good
//! buffered --vault back--> drained: stored under the customer's key      --horizon over and revoked--> dropped
//! stored --retention; cluster or workspace gone--> purged
//! stored and not purged: hidden while its cluster cannot be read; hot for its days otherwise
//! ```

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::rate::{Burst, Flow, Rate, Shape, Volume, bytes};
use super::route::{Loss, Route};
use crate::engine::cluster::encryption::{self, Encryption, entitled, why_unreadable};
use crate::engine::cluster::{self, support};
use crate::engine::event::{Event, Fact};
use crate::engine::ids::{ResourceId, Revision, VaultName};
use crate::engine::random;
use crate::engine::time::{SimTime, Span};
use crate::engine::workspace;
use crate::engine::world::World;

/// What the modelled ledger remembers of workspaces and clusters, those that are gone included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    pub loads: OrdMap<ResourceId, Arc<Load>>,
    /// How each cluster's key and storage fared, oldest first.
    pub turns: OrdMap<ResourceId, Vector<Turn>>,
}

/// What a workspace sent, and where that went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    seed: u64,
    /// Each from an instant on.
    pub rates: Vector<(SimTime, Rate)>,
    pub bursts: Vector<Burst>,
    /// Where it went, oldest first; each lasts until the next.
    pub stretches: Vector<Stretch>,
    /// What became of what was buffered.
    settled: Vector<Settled>,
    /// Retentions, oldest first.
    kept: Vector<Kept>,
    /// Clusters that are gone for good, with all that lay on them by then.
    gone: Vector<(SimTime, ResourceId)>,
}

/// A span of time in which everything went one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: SimTime,
    /// None: the workspace is deleted, and nothing comes.
    pub route: Option<Route>,
    /// The event that led here.
    pub revision: Revision,
    /// What was sent before, by fate.
    before: Volumes,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Volumes {
    customer: Volume,
    microsoft: Volume,
    buffered: Volume,
    /// In the order of [`Loss::ALL`].
    dropped: [Volume; LOSSES],
}

const LOSSES: usize = Loss::ALL.len();

impl Volumes {
    fn add(&mut self, route: Option<&Route>, volume: Volume) {
        match route {
            Some(Route::ClusterCustomer(_)) => self.customer += volume,
            Some(Route::Shared | Route::ClusterMicrosoft(_)) => self.microsoft += volume,
            Some(Route::Buffer(_)) => self.buffered += volume,
            Some(Route::Dropped(_, why)) => self.dropped[*why as usize] += volume,
            None => {}
        }
    }
}

/// The buffer of a cluster was drained, or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Settled {
    at: SimTime,
    cluster: ResourceId,
    drained: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    retention: Span,
    /// What came before this was purged when the retention changed.
    floor: SimTime,
}

/// Data of a span of time in one store.
struct Stored<'a> {
    from: SimTime,
    until: SimTime,
    cluster: Option<&'a ResourceId>,
}

#[derive(Default)]
struct Kinds {
    purged: Volume,
    hidden: Volume,
    hot: Volume,
}

/// Something happened to a cluster's key or storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub at: SimTime,
    pub revision: Revision,
    /// Whether its data can be read from here on.
    pub readable: bool,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    State(Encryption),
    /// The vault would refuse from now on, noticed or not: the id of the error.
    Refused(String),
    /// The vault would serve again.
    Allowed,
    Deleted,
    Recovered,
    Purged,
}

/// Bytes by what became of them, at one instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modelled {
    /// Ingested under the customer's key at once.
    pub customer: u128,
    /// Ingested under the Microsoft key.
    pub microsoft: u128,
    /// In the outage buffer now.
    pub buffered: u128,
    /// From the buffer into the store, under the customer's key.
    pub drained: u128,
    /// Lost for good, in the order of [`Loss::ALL`].
    pub dropped: [u128; LOSSES],
    /// Purged by retention, or with a cluster or workspace.
    pub purged: u128,
    /// Stored, and not to be read now.
    pub hidden: u128,
    /// Of what can be read, what the hot cache holds (R-CMK-05).
    pub hot: u128,
}

impl Modelled {
    pub fn lost(&self) -> u128 {
        self.dropped.iter().sum()
    }

    /// All that was sent.
    pub fn sent(&self) -> u128 {
        self.customer + self.microsoft + self.buffered + self.drained + self.lost()
    }

    /// What lies in a store: neither lost nor purged, and not in the buffer.
    pub fn stored(&self) -> u128 {
        (self.customer + self.microsoft + self.drained).saturating_sub(self.purged)
    }

    fn add(&mut self, more: &Modelled) {
        self.customer += more.customer;
        self.microsoft += more.microsoft;
        self.buffered += more.buffered;
        self.drained += more.drained;
        for (to, more) in self.dropped.iter_mut().zip(more.dropped) {
            *to += more;
        }
        self.purged += more.purged;
        self.hidden += more.hidden;
        self.hot += more.hot;
    }
}

/// Of what figures are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    /// What went to a cluster.
    Cluster(ResourceId),
    Workspace(ResourceId),
}

impl Scope {
    /// Whether what took this route is in it.
    pub(super) fn holds(&self, route: Option<&Route>) -> bool {
        match self {
            Scope::Cluster(id) => route.and_then(Route::cluster) == Some(id),
            Scope::All | Scope::Workspace(_) => true,
        }
    }
}

impl Load {
    pub(super) fn flow(&self) -> Flow {
        Flow::new(self.seed, &self.rates, &self.bursts)
    }

    /// The rate in force at an instant.
    pub fn rate(&self, at: SimTime) -> Option<Rate> {
        self.rates
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .map(|(_, rate)| *rate)
    }

    /// What was sent until an instant, by fate; what was buffered whatever became of it.
    fn until(&self, flow: &Flow, at: SimTime) -> Volumes {
        let Some(now) = self.stretches.iter().rev().find(|s| s.from <= at) else {
            return Volumes::default();
        };
        let mut volumes = now.before;
        volumes.add(now.route.as_ref(), flow.between(now.from, at));
        volumes
    }

    /// Everything goes another way from an instant on.
    fn turn(&mut self, at: SimTime, revision: Revision, route: Option<Route>) {
        let before = self.until(&self.flow(), at);
        let next = Stretch {
            from: at,
            route,
            revision,
            before,
        };
        match self.stretches.back_mut() {
            // Several events of one instant: the last one counts.
            Some(last) if last.from == at => *last = next,
            _ => self.stretches.push_back(next),
        }
    }

    fn settle(&mut self, at: SimTime, cluster: &ResourceId, drained: bool) {
        let cluster = cluster.clone();
        self.settled.push_back(Settled {
            at,
            cluster,
            drained,
        });
    }

    fn keep(&mut self, at: SimTime, retention: Span) {
        let floor = self.horizon(at);
        self.kept.push_back(Kept { retention, floor });
    }

    /// What came before this is purged at an instant.
    fn horizon(&self, at: SimTime) -> SimTime {
        self.kept
            .back()
            .map_or(SimTime(0), |kept| kept.floor.max(at - kept.retention))
    }

    /// The figures of a scope at an instant that is not before the last event.
    fn modelled(&self, world: &World, scope: &Scope, at: SimTime) -> Modelled {
        let flow = self.flow();
        let mut kept = Kinds::default();
        let mut sent = Volumes::default();
        let mut drained = 0;
        for (stretch, until) in self.spans(at) {
            let Some(route) = &stretch.route else {
                continue;
            };
            if !scope.holds(Some(route)) {
                continue;
            }
            let span = Stored {
                from: stretch.from,
                until,
                cluster: route.cluster(),
            };
            let volume = flow.between(stretch.from, until);
            match route {
                Route::Buffer(cluster) => {
                    let settles = |s: &&Settled| s.cluster == *cluster && s.at >= until;
                    match self.settled.iter().find(settles) {
                        None => sent.buffered += volume,
                        Some(settled) if settled.drained => {
                            drained += volume;
                            self.keeps(world, &flow, at, &span, &mut kept);
                        }
                        Some(_) => sent.dropped[Loss::BufferFull as usize] += volume,
                    }
                }
                Route::Dropped(..) => sent.add(Some(route), volume),
                Route::Shared | Route::ClusterMicrosoft(_) | Route::ClusterCustomer(_) => {
                    sent.add(Some(route), volume);
                    self.keeps(world, &flow, at, &span, &mut kept);
                }
            }
        }
        Modelled {
            customer: bytes(sent.customer),
            microsoft: bytes(sent.microsoft),
            buffered: bytes(sent.buffered),
            drained: bytes(drained),
            dropped: sent.dropped.map(bytes),
            purged: bytes(kept.purged),
            hidden: bytes(kept.hidden),
            hot: bytes(kept.hot),
        }
    }

    /// What became by an instant of something that was stored.
    fn keeps(&self, world: &World, flow: &Flow, at: SimTime, span: &Stored, sum: &mut Kinds) {
        let gone = |(at, cluster): &(SimTime, ResourceId)| {
            Some(cluster) == span.cluster && *at >= span.until
        };
        let kept_from = match self.gone.iter().any(gone) {
            true => span.until,
            false => self.horizon(at).max(span.from).min(span.until),
        };
        sum.purged += flow.between(span.from, kept_from);
        let cluster = span.cluster.and_then(|id| world.clusters.get(id));
        if cluster.is_some_and(|c| why_unreadable(c).is_some()) {
            sum.hidden += flow.between(kept_from, span.until);
        } else {
            let hot_from = kept_from.max(at - world.rules.hot_window).min(span.until);
            sum.hot += flow.between(hot_from, span.until);
        }
    }

    /// Its stretches up to an instant, each with its end.
    pub(super) fn spans(&self, at: SimTime) -> impl Iterator<Item = (&Stretch, SimTime)> {
        let ends = self.stretches.iter().skip(1).map(|next| next.from);
        let ends = ends.chain(std::iter::once(SimTime::MAX));
        let begun = move |(s, _): &(&Stretch, SimTime)| s.from < at;
        let ended = move |(s, end): (_, SimTime)| (s, end.min(at));
        self.stretches.iter().zip(ends).take_while(begun).map(ended)
    }
}

impl World {
    /// The figures of the modelled ledger at an instant, which is not before the world's last event: the past
    /// is looked at in the world as it was.
    pub fn modelled(&self, scope: &Scope, at: SimTime) -> Modelled {
        let mut sum = Modelled::default();
        for load in self.loads(scope) {
            sum.add(&load.modelled(self, scope, at));
        }
        sum
    }

    /// What was sent within a scope.
    pub(super) fn loads(&self, scope: &Scope) -> Vec<&Arc<Load>> {
        match scope {
            Scope::Workspace(id) => self.intake.loads.get(id).into_iter().collect(),
            Scope::All => self.intake.loads.values().collect(),
            Scope::Cluster(_) => {
                let touches = |load: &&Arc<Load>| {
                    load.stretches.iter().any(|s| scope.holds(s.route.as_ref()))
                };
                self.intake.loads.values().filter(touches).collect()
            }
        }
    }

    /// Records a number of bytes stands for, at the average size of the rules.
    pub fn records(&self, bytes: u128) -> u128 {
        bytes / u128::from(self.rules.record_size.max(1))
    }

    /// Since when what a workspace sends is lost; none while it is not.
    pub fn lost_since(&self, workspace: &ResourceId) -> Option<SimTime> {
        let load = self.intake.loads.get(workspace)?;
        let lost = |s: &&Stretch| matches!(s.route, Some(Route::Dropped(..)));
        load.stretches
            .iter()
            .rev()
            .take_while(lost)
            .last()
            .map(|s| s.from)
    }

    /// How long within a span a cluster's data could not be read.
    pub fn outages(&self, cluster: &ResourceId, from: SimTime, to: SimTime) -> Span {
        let shut = self.shut(cluster, from, to);
        Span(shut.map(|(from, to)| to.0 - from.0).sum())
    }

    /// The spans, within a span, in which a cluster's data could not be read.
    fn shut(
        &self,
        cluster: &ResourceId,
        from: SimTime,
        to: SimTime,
    ) -> impl Iterator<Item = (SimTime, SimTime)> + use<'_> {
        let turns = self.intake.turns.get(cluster).into_iter().flatten();
        let ends = turns.clone().skip(1).map(|turn| turn.at);
        let ends = ends.chain(std::iter::once(SimTime::MAX));
        turns
            .zip(ends)
            .filter(|(turn, _)| !turn.readable)
            .map(move |(turn, end)| (turn.at.max(from), end.min(to)))
            .filter(|(from, to)| from < to)
    }

    /// How many of the scheduled queries of the workspaces of a scope were served and failed within a span, both
    /// modelled: each workspace is queried once in every `query-interval`, and the query fails while the data of a
    /// cluster it is linked to cannot be read (R-CMK-43).
    pub fn scheduled_queries(&self, scope: &Scope, from: SimTime, to: SimTime) -> (u64, u64) {
        let interval = self.rules.query_interval.0.max(1);
        // Instants of the schedule from one instant until before another.
        let count = |from: SimTime, to: SimTime| {
            let before = |at: SimTime| (at.0 + interval - 1).div_euclid(interval);
            u64::try_from((before(to) - before(from)).max(0)).unwrap_or(0)
        };
        let (mut all, mut failed) = (0, 0);
        for load in self.loads(scope) {
            for (stretch, until) in load.spans(to) {
                let (from, until) = (stretch.from.max(from), until.min(to));
                if from >= until || stretch.route.is_none() || !scope.holds(stretch.route.as_ref())
                {
                    continue;
                }
                all += count(from, until);
                if let Some(cluster) = stretch.route.as_ref().and_then(Route::cluster) {
                    failed += self
                        .shut(cluster, from, until)
                        .map(|(a, b)| count(a, b))
                        .sum::<u64>();
                }
            }
        }
        (all - failed, failed)
    }
}

/// The ledger follows an event that the world has just been evolved by.
pub(in crate::engine) fn follow(world: &mut World, event: &Event) {
    let (at, revision) = (event.at, event.revision);
    match &event.fact {
        Fact::Workspace(fact) => of_workspace(world, at, revision, fact),
        Fact::Link(fact) => reroute(world, at, revision, fact.workspace()),
        Fact::Cluster(fact) => {
            let id = fact.cluster();
            let what = match fact {
                cluster::Fact::SoftDeleted { .. } => Some(What::Deleted),
                cluster::Fact::Purged { .. } => Some(What::Purged),
                _ => None,
            };
            if let Some(what) = what {
                note(world, at, revision, id, what);
            }
            if matches!(fact, cluster::Fact::Purged { .. }) {
                edit_all(
                    world,
                    |load| load.gone.push_back((at, id.clone())),
                    |load| {
                        load.stretches
                            .iter()
                            .any(|s| s.route.as_ref().and_then(Route::cluster) == Some(id))
                    },
                );
            }
            if let cluster::Fact::KeyUpdated { key, .. } = fact {
                permissions(world, at, revision, &key.vault);
            }
            reroute_linked(world, at, revision, id);
        }
        Fact::Support(support::Fact::ClusterRecovered { cluster }) => {
            note(world, at, revision, cluster, What::Recovered);
        }
        Fact::Encryption(encryption::Fact::Polled { .. }) => {}
        Fact::Encryption(fact) => {
            let id = fact.cluster();
            match fact {
                encryption::Fact::BufferDrained { .. } | encryption::Fact::BufferLost { .. } => {
                    let drained = matches!(fact, encryption::Fact::BufferDrained { .. });
                    edit_all(
                        world,
                        |load| load.settle(at, id, drained),
                        |load| {
                            let buffers = |s: &Stretch| matches!(&s.route, Some(Route::Buffer(to)) if to == id);
                            load.stretches.iter().any(buffers)
                        },
                    );
                }
                encryption::Fact::BufferFull { .. } => {}
                _ => {
                    let state = world.clusters.get(id).map(|c| c.protection.state.clone());
                    if let Some(state) = state {
                        note(world, at, revision, id, What::State(state));
                    }
                }
            }
            reroute_linked(world, at, revision, id);
        }
        Fact::Vault(fact) => permissions(world, at, revision, fact.vault()),
        Fact::Key(fact) => permissions(world, at, revision, fact.vault()),
        Fact::Policy(fact) => permissions(world, at, revision, fact.vault()),
        Fact::Ingestion(super::Fact::RateSet { workspace, rate }) => {
            edit(world, workspace, |load| load.rates.push_back((at, *rate)));
        }
        Fact::Ingestion(super::Fact::Burst {
            workspace,
            until,
            gb_per_day,
        }) => {
            let burst = Burst {
                from: at,
                until: *until,
                gb_per_day: *gb_per_day,
            };
            edit(world, workspace, |load| load.bursts.push_back(burst));
        }
        _ => {}
    }
}

fn of_workspace(world: &mut World, at: SimTime, revision: Revision, fact: &workspace::Fact) {
    let id = fact.workspace();
    match fact {
        workspace::Fact::Created { retention, .. } => {
            let number = world.workspaces.get(id).map_or(0, |w| u64::from(w.number));
            let (seed, gb_per_day) = (world.seed, world.rules.ingestion_rate);
            let rate = Rate {
                gb_per_day,
                shape: Shape::Office,
            };
            let load = world.intake.loads.entry(id.clone()).or_default();
            let load = Arc::make_mut(load);
            load.seed = random::quick(seed, number);
            load.rates.push_back((at, rate));
            load.keep(at, *retention);
        }
        workspace::Fact::Updated {
            retention: Some(retention),
            ..
        } => {
            edit(world, id, |load| load.keep(at, *retention));
        }
        workspace::Fact::Gone { .. } => edit(world, id, |load| {
            let kept = Kept {
                retention: Span::ZERO,
                floor: at,
            };
            load.kept.push_back(kept);
        }),
        _ => {}
    }
    reroute(world, at, revision, id);
}

fn edit(world: &mut World, workspace: &ResourceId, change: impl FnOnce(&mut Load)) {
    if let Some(load) = world.intake.loads.get_mut(workspace) {
        change(Arc::make_mut(load));
    }
}

fn edit_all(world: &mut World, change: impl Fn(&mut Load), which: impl Fn(&Load) -> bool) {
    let ids = world.intake.loads.iter().filter(|(_, load)| which(load));
    let ids: Vec<ResourceId> = ids.map(|(id, _)| id.clone()).collect();
    for id in ids {
        edit(world, &id, &change);
    }
}

/// Where a workspace's data goes now, if that changed.
fn reroute(world: &mut World, at: SimTime, revision: Revision, workspace: &ResourceId) {
    let route = world.route(workspace).ok();
    let last = world
        .intake
        .loads
        .get(workspace)
        .map(|load| load.stretches.back());
    if last.is_some_and(|last| last.is_none_or(|last| last.route != route)) {
        edit(world, workspace, |load| load.turn(at, revision, route));
    }
}

fn reroute_linked(world: &mut World, at: SimTime, revision: Revision, cluster: &ResourceId) {
    let links = world.clusters.get(cluster).map(|c| c.links.clone());
    for workspace in links.iter().flatten() {
        reroute(world, at, revision, workspace);
    }
}

fn note(world: &mut World, at: SimTime, revision: Revision, cluster: &ResourceId, what: What) {
    let found = world.clusters.get(cluster);
    let readable = found.is_none_or(|c| why_unreadable(c).is_none());
    let turn = Turn {
        at,
        revision,
        readable,
        what,
    };
    world
        .intake
        .turns
        .entry(cluster.clone())
        .or_default()
        .push_back(turn);
}

/// What a change in a vault means for the clusters whose key is in it: they find out later.
fn permissions(world: &mut World, at: SimTime, revision: Revision, vault: &VaultName) {
    let users = world.clusters.values().filter(|c| c.is_live());
    let changed: Vec<(ResourceId, What)> = users
        .filter_map(|cluster| {
            let key = cluster.key.as_ref().filter(|key| key.vault == *vault)?;
            let turns = self::turns(world, &cluster.id);
            let before = turns.rev().find_map(|turn| match &turn.what {
                What::Refused(_) => Some(true),
                What::Allowed => Some(false),
                _ => None,
            });
            let refused = entitled(world, at, cluster, key).err();
            let what = match (before.unwrap_or(false), refused) {
                (false, Some(refusal)) => What::Refused(refusal.id.to_owned()),
                (true, None) => What::Allowed,
                _ => return None,
            };
            Some((cluster.id.clone(), what))
        })
        .collect();
    for (cluster, what) in changed {
        note(world, at, revision, &cluster, what);
    }
}

fn turns<'a>(
    world: &'a World,
    cluster: &ResourceId,
) -> impl DoubleEndedIterator<Item = &'a Turn> + use<'a> {
    world.intake.turns.get(cluster).into_iter().flatten()
}
