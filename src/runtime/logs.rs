//! The host and its log data: segments follow the world after each commit, records come in, queries go out.
//! What is to be done about a file is `logs`' to know; here is when.
//!
//! ```text
//! ingest: alone → decide → seal under the key of the route → journal → acknowledge
//!         the route changed meanwhile → seal again under the new one
//! ```

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use imbl::ordmap::DiffItem;

use super::error::HostError;
use super::host::{Host, Receipt};
use crate::engine::ask::{Query, ask};
use crate::engine::event::Fact;
use crate::engine::ids::{ResourceId, SegmentId, TableName};
use crate::engine::ingestion::segment::Segment;
use crate::engine::ingestion::{self, Arrival, hour_after};
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{self, Actor, SimTime, Span, World, random};
use crate::logs::customer_storage::CustomerStorage;
use crate::logs::ingest::encode;
use crate::logs::query::{Engine, Limits};
use crate::logs::sample::Sample;
use crate::logs::sealed::Label;
use crate::logs::{Alone, Files, Segments};

/// The log data of a host.
pub(super) struct Logs {
    files: Files,
    /// What the files agreed with last; none before they were looked at.
    followed: Option<Segments>,
    /// While something is ingested: the files are nobody else's to change.
    alone: Option<Alone>,
    /// What workspaces keep in storage accounts of customers, and the world it agreed with last.
    storage: CustomerStorage,
    kept: Option<World>,
    /// Runs queries, once there was one.
    engine: Option<Arc<Engine>>,
    /// Clusters that could not be read at the last look.
    shut: BTreeSet<ResourceId>,
    /// Sample records of before this are not made any more: they could not be.
    unsampled: SimTime,
}

impl Logs {
    pub fn new(files: Files, storage: CustomerStorage) -> Logs {
        Logs {
            files,
            followed: None,
            alone: None,
            storage,
            kept: None,
            engine: None,
            shut: BTreeSet::new(),
            unsampled: SimTime(0),
        }
    }
}

/// A block of records on its way in.
#[derive(Debug, Clone)]
pub struct Block {
    pub arrival: Arrival,
    /// The records, as a Parquet file.
    pub parquet: Bytes,
}

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    pub receipt: Receipt,
    /// None: DATA LOST (E-ING-01), as the receipt says.
    pub segment: Option<Segment>,
}

impl Host {
    /// The log files of this world; none on a branch.
    pub fn files(&self) -> Option<&Files> {
        self.logs.as_ref().map(|logs| &logs.files)
    }

    /// What runs the queries of this world.
    pub(super) fn query_engine(&mut self) -> Result<Arc<Engine>, HostError> {
        let logs = self.logs.as_mut().ok_or(HostError::NoLogs)?;
        match &logs.engine {
            Some(engine) => Ok(engine.clone()),
            None => {
                let engine = Engine::new(logs.files.shelves.clone(), Limits::default())?;
                Ok(logs.engine.insert(Arc::new(engine)).clone())
            }
        }
    }

    /// What queries may take from now on. What was in memory for earlier ones is dropped, and those that are
    /// under way are stopped.
    pub fn limit_queries(&mut self, limits: Limits) -> Result<(), HostError> {
        let logs = self.logs.as_mut().ok_or(HostError::NoLogs)?;
        let engine = Engine::new(logs.files.shelves.clone(), limits)?;
        if let Some(old) = logs.engine.replace(Arc::new(engine)) {
            old.forget_all();
        }
        Ok(())
    }

    /// Drops what is remembered of segments whose keys went, and stops the queries that read them; and what is
    /// remembered of segments that are no more.
    fn forget(&mut self) {
        let Some(logs) = &mut self.logs else { return };
        let world = &self.world;
        let shut: BTreeSet<ResourceId> = (world.clusters.keys())
            .filter(|id| !world.cluster_readable(id))
            .cloned()
            .collect();
        if let Some(engine) = &logs.engine {
            let newly = shut.difference(&logs.shut);
            let segments: BTreeSet<SegmentId> = newly
                .flat_map(|cluster| world.logs.segments_on(cluster).map(|s| s.id))
                .collect();
            if !segments.is_empty() {
                engine.forget(&segments);
            }
            let now = &world.logs.segments;
            let followed = logs.followed.iter().filter(|before| !before.ptr_eq(now));
            let purged: BTreeSet<SegmentId> = followed
                .flat_map(|before| before.diff(now))
                .filter_map(|change| match change {
                    DiffItem::Remove(id, _) => Some(*id),
                    _ => None,
                })
                .collect();
            if !purged.is_empty() {
                engine.purge(&purged);
            }
        }
        logs.shut = shut;
    }

    /// Makes the files follow the world, as far as any segment is concerned.
    pub(super) fn obey(&mut self) -> Result<(), HostError> {
        self.forget();
        let Some(logs) = &self.logs else {
            return Ok(());
        };
        let same = |logs: &Logs, now: &Segments| {
            (logs.followed.as_ref()).is_some_and(|before| before.ptr_eq(now) || before == now)
        };
        // Whoever imports a key holds the keys, which come after the files.
        if same(logs, &self.world.logs.segments) || self.imports() {
            return Ok(());
        }
        let own = match &logs.alone {
            Some(_) => None,
            None => Some(logs.files.alone()?),
        };
        // What others did to the files is on the record by now, and must not be undone.
        self.fold()?;
        self.conform()?;
        let (Some(logs), Some(keys)) = (&mut self.logs, &self.keys) else {
            return Ok(());
        };
        if let Some(alone) = own.as_ref().or(logs.alone.as_ref()) {
            let (world, before) = (&self.world, logs.followed.as_ref());
            logs.files.obey(alone, keys.keystore(), world, before)?;
            logs.followed = Some(world.logs.segments.clone());
        }
        Ok(())
    }

    /// Makes the storage accounts of customers hold what workspaces keep there.
    pub(super) fn keep(&mut self) -> Result<(), HostError> {
        let (Some(logs), Some(keys)) = (&mut self.logs, &self.keys) else {
            return Ok(());
        };
        let world = &self.world;
        let same = logs.kept.as_ref().is_some_and(|kept| {
            kept.workspaces.ptr_eq(&world.workspaces)
                && kept.storage_accounts.ptr_eq(&world.storage_accounts)
                && kept.vaults.ptr_eq(&world.vaults)
        });
        if !same {
            logs.storage.obey(keys.keystore(), world)?;
            logs.kept = Some(world.clone());
        }
        Ok(())
    }

    /// The text of a saved query for somebody who may read it: from the storage account that keeps it, opened
    /// by the account's key, or from the workspace.
    pub fn saved_text(
        &mut self,
        actor: &Actor,
        workspace: &ResourceId,
        kind: Kind,
        name: &str,
    ) -> Result<String, HostError> {
        self.refresh()?;
        self.conform()?;
        self.keep()?;
        let (world, now) = (&self.world, self.now());
        let query = Query::Saved {
            workspace: workspace.clone(),
            kind,
        };
        ask(world, now, actor, &query)?;
        let saved = world.saved(now, workspace, kind, name)?;
        let Some(account) = &saved.kept_in else {
            return Ok(saved.query.raw().to_owned());
        };
        let (Some(logs), Some(keys)) = (&self.logs, &self.keys) else {
            return Err(HostError::NoLogs);
        };
        let keystore = keys.keystore();
        Ok(logs
            .storage
            .read(keystore, world, now, workspace, saved, account)?)
    }

    /// Takes in a block of records as somebody. It is sealed and durable before it is on the record, and on the
    /// record when this returns; or it is lost for good, which is on the record too.
    pub fn ingest(&mut self, actor: &Actor, block: &Block) -> Result<Ingested, HostError> {
        loop {
            if let Some(ingested) = self.ingest_at(actor, block, None)? {
                return Ok(ingested);
            }
        }
    }

    /// [`Host::ingest`] at an instant before anything else is due, or now. None: at that instant somebody else did
    /// something first.
    fn ingest_at(
        &mut self,
        actor: &Actor,
        block: &Block,
        at: Option<SimTime>,
    ) -> Result<Option<Ingested>, HostError> {
        let logs = self.logs.as_mut().ok_or(HostError::NoLogs)?;
        logs.alone = Some(logs.files.alone()?);
        let mut sealed = None;
        let outcome = self.ingest_alone(actor, block, &mut sealed, at);
        let alone = self.logs.as_mut().and_then(|logs| logs.alone.take());
        if let (Err(_) | Ok(None), Some(segment), Some(alone)) = (&outcome, &sealed, &alone)
            && !self.world.logs.segments.contains_key(&segment.id)
            && let Some(files) = self.files()
        {
            files.unseal(alone, segment)?;
        }
        outcome
    }

    fn ingest_alone(
        &mut self,
        actor: &Actor,
        block: &Block,
        sealed: &mut Option<Segment>,
        at: Option<SimTime>,
    ) -> Result<Option<Ingested>, HostError> {
        let command = ingestion::Command::Ingest(block.arrival.clone()).into();
        loop {
            let now = match at {
                Some(at) => at,
                None => self.catch_up(actor, &command)?,
            };
            let draft = engine::draft(&self.world, now, actor, &command)?;
            let segment = draft.events.iter().find_map(|event| match &event.fact {
                Fact::Ingestion(ingestion::Fact::Stored { segment, .. }) => Some(segment.clone()),
                _ => None,
            });
            // A number that was taken meanwhile, or another route: seal again.
            if sealed.as_ref().map(Label::of) != segment.as_ref().map(Label::of) {
                let (Some(logs), Some(keys)) = (&self.logs, &self.keys) else {
                    return Err(HostError::NoLogs);
                };
                if let Some(alone) = &logs.alone {
                    if let Some(old) = sealed.take() {
                        logs.files.unseal(alone, &old)?;
                    }
                    if let Some(segment) = &segment {
                        let (world, parquet) = (&self.world, &block.parquet);
                        (logs.files).seal(alone, keys.keystore(), world, segment, parquet)?;
                        *sealed = Some(segment.clone());
                    }
                }
            }
            if let Some(receipt) = self.commit(draft)? {
                return Ok(Some(Ingested { receipt, segment }));
            }
            if at.is_some() {
                return Ok(None);
            }
        }
    }
}

/// How far back sample records reach when a world opens, and when time jumps (`design.md` §3).
const SAMPLED: Span = Span::hours(24);

impl Host {
    /// Makes the sample records of the tables a world file marks: those of the last day before the world opens,
    /// once. They come from the customer's machines, so they go where the route leads.
    pub(super) fn make_samples(&mut self) -> Result<(), HostError> {
        let waiting: Vec<(ResourceId, TableName)> = (self.world.logs.samples.iter())
            .filter(|(_, sample)| sample.until.is_none())
            .map(|(place, _)| place.clone())
            .collect();
        let to = self.world.opens_at;
        for (workspace, table) in waiting {
            if let Some(block) = self.sample(&workspace, &table, to - SAMPLED, to)? {
                self.ingest(&Actor::Simulator, &block)?;
            }
        }
        Ok(())
    }

    /// Up to when sample records are made of each table of which they are made at all.
    fn sampled(&self) -> impl Iterator<Item = (SimTime, &ResourceId, &TableName)> {
        let unsampled = self.logs.as_ref().map(|logs| logs.unsampled);
        let samples = self.world.logs.samples.iter();
        samples.filter_map(move |((workspace, table), sample)| {
            let made = sample.until?.max(unsampled?);
            let live = self.world.workspaces.get(workspace)?.deleted.is_none();
            live.then_some((made, workspace, table))
        })
    }

    /// When the next sample records are to be made.
    pub(super) fn next_samples(&self) -> Option<SimTime> {
        self.sampled().map(|(made, ..)| hour_after(made)).min()
    }

    /// When the next sample records are to be made, and of which table, if time goes on to `until`: those of each
    /// hour that is over by then, and no older than a day.
    pub(super) fn sample_due(&self, until: SimTime) -> Option<(SimTime, &ResourceId, &TableName)> {
        let oldest = hour_after(until - SAMPLED);
        let dues = self.sampled().map(|(made, workspace, table)| {
            let due = hour_after(made.max(oldest));
            (due, workspace, table)
        });
        dues.filter(|(due, ..)| *due <= until).min()
    }

    /// Makes the sample records of the hour before an instant. They take the route of that instant. What cannot be
    /// made is left out: time does not wait for it.
    pub(super) fn sample_hour(
        &mut self,
        at: SimTime,
        workspace: &ResourceId,
        table: &TableName,
    ) -> Result<(), HostError> {
        let before = self.world.revision;
        let made = match self.sample(workspace, table, at - Span::hours(1), at) {
            Ok(Some(block)) => self
                .ingest_at(&Actor::Simulator, &block, Some(at))
                .map(|_| ()),
            other => other.map(|_| ()),
        };
        if self.world.revision == before
            && let Some(logs) = &mut self.logs
        {
            logs.unsampled = at;
        }
        made
    }

    fn sample(
        &self,
        workspace: &ResourceId,
        table: &TableName,
        from: SimTime,
        to: SimTime,
    ) -> Result<Option<Block>, HostError> {
        let place = (workspace.clone(), table.clone());
        let per_hour = self.world.logs.samples.get(&place).map(|s| s.per_hour);
        // A world file marks no other tables.
        let (Some(per_hour), Ok(kind)) = (per_hour, table.as_str().parse()) else {
            return Ok(None);
        };
        let purpose = format!("sample/{}", workspace.as_str());
        let hour = from.0.div_euclid(Span::hours(1).0);
        let mark = random::bytes(self.world.seed, &purpose, hour.unsigned_abs());
        let mut own = [0; 8];
        own.copy_from_slice(&mark[..8]);
        let hours = (to.0 - from.0) / Span::hours(1).0;
        let sample = Sample {
            table: kind,
            seed: u64::from_le_bytes(own),
            subscription: self.world.subscription_guid(&workspace.subscription()),
            from,
            to,
            count: u64::from(per_hour) * hours.unsigned_abs(),
        };
        let columns = self.world.columns(workspace, table);
        let encoded = encode(&sample.batch()?, &columns)?;
        let mut sent = Counted(0);
        // Counting takes whatever comes.
        let _ = sample.ndjson(&mut sent);
        let arrival = Arrival {
            workspace: workspace.clone(),
            table: table.clone(),
            columns: encoded.columns,
            rows: encoded.rows,
            raw: sent.0,
            plain: encoded.parquet.len() as u64,
            from: encoded.from,
            to: encoded.to,
            source: None,
        };
        let parquet = encoded.parquet;
        Ok(Some(Block { arrival, parquet }))
    }
}

/// Counts bytes.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
