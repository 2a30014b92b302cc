//! Segments: the files of sealed log records the World knows of (`domain.md` c.13). What is in them, and how
//! they are sealed, is the log store's.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::Arrival;
use super::route::{Loss, Route};
use super::table::{Table, arm, retention_of};
use crate::engine::cluster::Account;
use crate::engine::ids::{AekId, ResourceId, SegmentId, TableName};
use crate::engine::time::SimTime;
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// Whose key wraps the account key a block is sealed under. It never changes (§d.10, property 4).
    KeyClass {
        Microsoft = "microsoft",
        Customer = "customer",
    }
}

impl KeyClass {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            KeyClass::Microsoft => "Microsoft key",
            KeyClass::Customer => "customer key",
        }
    }
}

/// Which store a segment lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    Shared,
    Cluster(ResourceId),
    /// Of a cluster, while its vault is silent (R-CMK-53).
    Buffer(ResourceId),
}

impl Store {
    pub fn cluster(&self) -> Option<&ResourceId> {
        match self {
            Store::Shared => None,
            Store::Cluster(id) | Store::Buffer(id) => Some(id),
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Store::Shared => "shared",
            Store::Cluster(_) => "cluster",
            Store::Buffer(_) => "buffer",
        }
    }
}

/// One file of sealed records of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub id: SegmentId,
    pub workspace: ResourceId,
    pub table: TableName,
    pub store: Store,
    pub class: KeyClass,
    /// What it is sealed under.
    pub aek: AekId,
    /// What its hot copy is sealed under: always a Microsoft key (R-CMK-06).
    pub hot_aek: AekId,
    pub ingested_at: SimTime,
    pub rows: u64,
    /// Bytes as they arrived.
    pub raw: u64,
    /// Bytes of the Parquet file inside.
    pub plain: u64,
    /// The earliest and latest `TimeGenerated` in it.
    pub from: SimTime,
    pub to: SimTime,
    /// Whether the hot cache has a copy (R-CMK-05, 45).
    pub hot: bool,
    /// The buffered segment its records come from (R-CMK-54).
    pub drained_from: Option<SegmentId>,
}

/// How many sample records of a table are made an hour, and up to when they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub per_hour: u32,
    pub until: Option<SimTime>,
}

/// All segments and tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logs {
    pub segments: OrdMap<SegmentId, Arc<Segment>>,
    pub tables: OrdMap<(ResourceId, TableName), Arc<Table>>,
    /// Tables of which sample records are made.
    pub samples: OrdMap<(ResourceId, TableName), Sample>,
    /// What lies on a cluster, its buffer included.
    on_cluster: OrdMap<ResourceId, OrdSet<SegmentId>>,
    /// How many numbers were dealt to segments.
    dealt: u32,
}

impl Logs {
    pub fn table(&self, workspace: &ResourceId, name: &TableName) -> Option<&Arc<Table>> {
        self.tables.get(&(workspace.clone(), name.clone()))
    }

    /// The tables of a workspace, by name.
    pub fn tables_of<'a>(
        &'a self,
        workspace: &'a ResourceId,
    ) -> impl Iterator<Item = (&'a TableName, &'a Arc<Table>)> {
        self.tables
            .range((workspace.clone(), TableName::from(""))..)
            .take_while(move |((of, _), _)| of == workspace)
            .map(|((_, name), table)| (name, table))
    }

    /// The segments of a table, oldest first.
    pub fn segments_of<'a>(
        &'a self,
        table: &'a Table,
    ) -> impl DoubleEndedIterator<Item = &'a Arc<Segment>> {
        table.segments.iter().filter_map(|id| self.segments.get(id))
    }

    /// The segments that lie on a cluster, its buffer included.
    pub fn segments_on<'a>(
        &'a self,
        cluster: &ResourceId,
    ) -> impl Iterator<Item = &'a Arc<Segment>> {
        let ids = self.on_cluster.get(cluster);
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.segments.get(id))
    }

    /// Changes a table; one that is not there yet begins empty.
    pub(super) fn edit(
        &mut self,
        workspace: &ResourceId,
        name: &TableName,
        change: impl FnOnce(&mut Table),
    ) {
        let key = (workspace.clone(), name.clone());
        let table = self.tables.entry(key).or_default();
        change(Arc::make_mut(table));
    }
}

/// Where a segment is put: its store, and the account keys for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Berth {
    store: Store,
    class: KeyClass,
    aek: AekId,
    hot_aek: AekId,
}

impl World {
    /// Where the next segment goes; none when the route loses it. The accounts of a cluster take turns.
    pub(super) fn berth(&self, route: &Route) -> Option<Berth> {
        let (store, class, account) = match route {
            Route::Shared => {
                return Some(Berth {
                    store: Store::Shared,
                    class: KeyClass::Microsoft,
                    aek: AekId::SHARED,
                    hot_aek: AekId::SHARED,
                });
            }
            Route::ClusterMicrosoft(id) => (
                Store::Cluster(id.clone()),
                KeyClass::Microsoft,
                self.next_account(id)?,
            ),
            Route::ClusterCustomer(id) => (
                Store::Cluster(id.clone()),
                KeyClass::Customer,
                self.next_account(id)?,
            ),
            Route::Buffer(id) => (
                Store::Buffer(id.clone()),
                KeyClass::Microsoft,
                self.next_account(id)?,
            ),
            Route::Dropped(..) => return None,
        };
        let aek = match class {
            KeyClass::Microsoft => account.microsoft,
            KeyClass::Customer => account.customer?,
        };
        Some(Berth {
            store,
            class,
            aek,
            hot_aek: account.microsoft,
        })
    }

    fn next_account(&self, cluster: &ResourceId) -> Option<Account> {
        let accounts = &self.clusters.get(cluster)?.accounts;
        let turn = usize::try_from(self.logs.dealt).ok()? % accounts.len().max(1);
        accounts.get(turn).copied()
    }
}

pub(super) fn new(world: &World, arrival: &Arrival, berth: Berth, now: SimTime) -> Segment {
    let hot = !matches!(berth.store, Store::Buffer(_));
    Segment {
        id: SegmentId(world.logs.dealt + 1),
        workspace: arrival.workspace.clone(),
        table: arrival.table.clone(),
        store: berth.store,
        class: berth.class,
        aek: berth.aek,
        hot_aek: berth.hot_aek,
        ingested_at: now,
        rows: arrival.rows,
        raw: arrival.raw,
        plain: arrival.plain,
        from: arrival.from,
        to: arrival.to,
        hot,
        drained_from: None,
    }
}

pub(super) fn insert(world: &mut World, segment: Segment) {
    let id = segment.id;
    world.logs.dealt = world.logs.dealt.max(id.0);
    if let Some(cluster) = segment.store.cluster() {
        world
            .logs
            .on_cluster
            .entry(cluster.clone())
            .or_default()
            .insert(id);
    }
    let purge_at = segment.ingested_at + retention_of(world, &segment.workspace, &segment.table);
    let cool_at = segment.ingested_at + world.rules.hot_window;
    let (workspace, table) = (segment.workspace.clone(), segment.table.clone());
    let hot = segment.hot;
    world.logs.segments.insert(id, Arc::new(segment));
    world.logs.edit(&workspace, &table, |t| {
        t.segments.insert(id);
        t.purges.set(id, Some(purge_at));
        t.hot.set(id, hot.then_some(cool_at));
    });
}

/// Takes a segment out of everything. What it held is gone with it.
fn remove(world: &mut World, id: SegmentId) -> Option<Arc<Segment>> {
    let gone = world.logs.segments.remove(&id)?;
    if let Some(cluster) = gone.store.cluster()
        && let Some(there) = world.logs.on_cluster.get_mut(cluster)
    {
        there.remove(&id);
        if there.is_empty() {
            world.logs.on_cluster.remove(cluster);
        }
    }
    world.logs.edit(&gone.workspace, &gone.table, |t| {
        t.segments.remove(&id);
        t.purges.set(id, None);
        t.hot.set(id, None);
    });
    Some(gone)
}

pub(super) fn purge(world: &mut World, id: SegmentId) {
    if let Some(gone) = remove(world, id) {
        world.logs.edit(&gone.workspace, &gone.table, |t| {
            t.tally.purged.add(gone.rows, gone.raw);
        });
    }
}

/// Puts a segment into the hot cache until an instant, or takes it out.
pub(super) fn set_hot(world: &mut World, id: SegmentId, until: Option<SimTime>) {
    let Some(segment) = world.logs.segments.get_mut(&id) else {
        return;
    };
    let segment = Arc::make_mut(segment);
    segment.hot = until.is_some();
    let (workspace, table) = (segment.workspace.clone(), segment.table.clone());
    world
        .logs
        .edit(&workspace, &table, |t| t.hot.set(id, until));
}

fn ids_on(world: &World, cluster: &ResourceId) -> Vec<Arc<Segment>> {
    world.logs.segments_on(cluster).cloned().collect()
}

fn arm_all(world: &mut World, at: SimTime, touched: &[Arc<Segment>]) {
    let workspaces: OrdSet<&ResourceId> = touched.iter().map(|s| &s.workspace).collect();
    for workspace in workspaces {
        arm(world, at, workspace);
    }
}

/// Revocation deletes the hot cache (R-CMK-45).
pub(in crate::engine) fn erase_hot(world: &mut World, at: SimTime, cluster: &ResourceId) {
    let there = ids_on(world, cluster);
    for segment in there.iter().filter(|s| s.hot) {
        set_hot(world, segment.id, None);
    }
    arm_all(world, at, &there);
}

/// The key is back: what was ingested in the last days is hot again.
pub(in crate::engine) fn refill_hot(world: &mut World, at: SimTime, cluster: &ResourceId) {
    let window = world.rules.hot_window;
    let there = ids_on(world, cluster);
    let recent = |s: &&Arc<Segment>| {
        !s.hot && matches!(s.store, Store::Cluster(_)) && s.ingested_at + window > at
    };
    for segment in there.iter().filter(recent) {
        set_hot(world, segment.id, Some(segment.ingested_at + window));
    }
    arm_all(world, at, &there);
}

/// What was buffered is written to the store, under the customer's key (R-CMK-54): new segments, since no
/// block ever changes its key.
pub(in crate::engine) fn drain(world: &mut World, at: SimTime, cluster: &ResourceId) {
    let Some(accounts) = world.clusters.get(cluster).map(|c| c.accounts.clone()) else {
        return;
    };
    let there = ids_on(world, cluster);
    let buffered = |s: &&Arc<Segment>| matches!(s.store, Store::Buffer(_));
    for old in there.iter().filter(buffered) {
        let account = accounts.iter().find(|a| a.microsoft == old.aek);
        let Some(aek) = account.and_then(|a| a.customer) else {
            continue;
        };
        remove(world, old.id);
        insert(
            world,
            Segment {
                id: SegmentId(world.logs.dealt + 1),
                store: Store::Cluster(cluster.clone()),
                class: KeyClass::Customer,
                aek,
                hot: old.ingested_at + world.rules.hot_window > at,
                drained_from: Some(old.id),
                ..Segment::clone(old)
            },
        );
        world.logs.edit(&old.workspace, &old.table, |t| {
            t.tally.drained.add(old.rows, old.raw);
        });
    }
    arm_all(world, at, &there);
}

/// The horizon of the buffer has passed and the key is revoked: what was buffered is lost.
pub(in crate::engine) fn lose_buffer(world: &mut World, at: SimTime, cluster: &ResourceId) {
    let there = ids_on(world, cluster);
    let buffered = |s: &&Arc<Segment>| matches!(s.store, Store::Buffer(_));
    for old in there.iter().filter(buffered) {
        remove(world, old.id);
        world.logs.edit(&old.workspace, &old.table, |t| {
            t.tally.lost(Loss::BufferFull, old.rows, old.raw);
        });
    }
    arm_all(world, at, &there);
}

/// A cluster is gone for good, with all that lay on it (R-CLU-32).
pub(in crate::engine) fn forget_cluster(world: &mut World, at: SimTime, cluster: &ResourceId) {
    let there = ids_on(world, cluster);
    for segment in &there {
        purge(world, segment.id);
    }
    arm_all(world, at, &there);
}

/// A workspace is gone for good, with its tables.
pub(in crate::engine) fn forget_workspace(world: &mut World, workspace: &ResourceId) {
    let tables: Vec<(TableName, Arc<Table>)> = world
        .logs
        .tables_of(workspace)
        .map(|(name, table)| (name.clone(), table.clone()))
        .collect();
    for (name, table) in tables {
        for id in &table.segments {
            remove(world, *id);
        }
        if let Some(timer) = table.timer {
            world.timers.cancel(timer);
        }
        world.logs.tables.remove(&(workspace.clone(), name));
    }
    let of_it = |(of, _): &(ResourceId, TableName)| of == workspace;
    let samples: Vec<_> = world
        .logs
        .samples
        .keys()
        .filter(|key| of_it(key))
        .cloned()
        .collect();
    for key in samples {
        world.logs.samples.remove(&key);
    }
}
