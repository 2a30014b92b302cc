//! What a query may read (R-CMK-11, 29, 43; R-LNK-09; E-QRY-01). Everything about data that cannot be read is
//! hidden, its number of records and its extremes too: the answer is decided here, before any file is touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::segment::{Segment, Store};
use crate::engine::cluster::Cluster;
use crate::engine::cluster::encryption::{Encryption, why_unreadable};
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{ResourceId, SegmentId, TableName};
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::time::SimTime;
use crate::engine::world::World;

/// A table a query looks into, and the span of `TimeGenerated` it can need, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    pub table: TableName,
    pub from: SimTime,
    pub to: SimTime,
}

/// What a query gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Segments of the touched tables within their spans, oldest first.
    pub segments: Vec<Arc<Segment>>,
    /// How many segments are left out of a partial result, and why.
    pub hidden: usize,
    pub why: Option<Refusal>,
}

impl World {
    /// Whether the data of a cluster can be read now.
    pub fn cluster_readable(&self, id: &ResourceId) -> bool {
        self.clusters
            .get(id)
            .is_some_and(|c| why_unreadable(c).is_none())
    }

    /// The segment, as long as it was not purged.
    pub fn segment(&self, id: SegmentId) -> Result<&Arc<Segment>, Refusal> {
        self.logs.segments.get(&id).ok_or_else(|| {
            errors::QRY_04
                .says(format!("There is no segment {id}."))
                .target("segment")
        })
    }

    /// Whether a segment can be read now. A buffered one cannot until it is drained, and until then it is among
    /// what a query is told it misses.
    pub fn segment_readable(&self, segment: &Segment) -> bool {
        match &segment.store {
            Store::Shared => true,
            Store::Cluster(id) => self.cluster_readable(id),
            Store::Buffer(_) => false,
        }
    }

    /// Whether somebody may query a workspace, whatever is in it. The observer may.
    pub fn may_query(&self, actor: &Actor, workspace: &ResourceId) -> Result<(), Refusal> {
        match actor {
            Actor::Observer => Ok(()),
            Actor::Person(by) => {
                self.person(by)?;
                self.authorize_on(by, Action::QueryRead, workspace)
            }
            _ => Err(errors::PPL_02.says("This needs a person to do it.")),
        }
    }

    /// E-QRY-01 about one segment; none when it can be read.
    pub fn hidden_by(&self, segment: &Segment) -> Option<Refusal> {
        match segment.store.cluster() {
            Some(cluster) if !self.segment_readable(segment) => {
                self.inaccessible(&segment.workspace, cluster)
            }
            _ => None,
        }
    }

    /// Which time it is that storage has the keys of a segment: another number whenever they were gone in between.
    pub fn epoch(&self, segment: &Segment) -> u64 {
        let cluster = segment.store.cluster();
        let cluster = cluster.and_then(|id| self.clusters.get(id));
        cluster.map_or(0, |c| u64::from(c.protection.epoch))
    }

    /// What a query over tables of a workspace reads now, or E-QRY-01. While the workspace is linked to a
    /// cluster that cannot be read, every query fails; one over the past fails when its span touches data on
    /// such a cluster (i-38). A partial result leaves out what cannot be read.
    pub fn reads(
        &self,
        now: SimTime,
        workspace: &ResourceId,
        tables: impl IntoIterator<Item = impl std::borrow::Borrow<Touched>>,
        partial: bool,
    ) -> Result<Reads, Refusal> {
        let (reads, _) = self.look(now, workspace, tables)?;
        match reads.why {
            Some(no) if !partial => Err(no),
            _ => Ok(reads),
        }
    }

    /// What there is to read and what is hidden, and which cluster hides it.
    pub(super) fn look(
        &self,
        now: SimTime,
        workspace: &ResourceId,
        tables: impl IntoIterator<Item = impl std::borrow::Borrow<Touched>>,
    ) -> Result<(Reads, Option<&ResourceId>), Refusal> {
        let found = self.active_workspace(workspace, &errors::QRY_02)?;
        let linked = found.placements.iter().filter(|p| p.until.is_none());
        let mut hides = linked
            .map(|p| &p.cluster)
            .find(|id| !self.cluster_readable(id));
        // A table may be touched more than once.
        let mut within = BTreeMap::new();
        for touched in tables {
            let touched = touched.borrow();
            let Some(table) = self.logs.table(workspace, &touched.table) else {
                continue;
            };
            let overlaps = |s: &&Arc<Segment>| {
                touched.from <= touched.to && s.from <= touched.to && s.to >= touched.from
            };
            // What is due to be purged is not read, whether time has acted already or not.
            let kept = |s: &&Arc<Segment>| table.purged_at(s.id).is_none_or(|at| at > now);
            let segments = self.logs.segments_of(table).filter(overlaps).filter(kept);
            within.extend(segments.map(|s| (s.id, s)));
        }
        let mut reads = Reads::default();
        for segment in within.into_values() {
            if self.segment_readable(segment) {
                reads.segments.push(segment.clone());
            } else {
                reads.hidden += 1;
                hides = hides.or(segment.store.cluster());
            }
        }
        reads.why = hides.and_then(|cluster| self.inaccessible(workspace, cluster));
        Ok((reads, hides))
    }

    /// E-QRY-01 about data on a cluster; none when that can be read, or is gone.
    pub(in crate::engine) fn inaccessible(
        &self,
        workspace: &ResourceId,
        cluster: &ResourceId,
    ) -> Option<Refusal> {
        let cluster: &Arc<Cluster> = self.clusters.get(cluster)?;
        let why = why_unreadable(cluster)?;
        let refusal = errors::QRY_01
            .says(format!(
                "Query failed: data of {workspace} is inaccessible, because {why}."
            ))
            .target("workspace");
        Some(match cluster.protection.state {
            _ if !cluster.is_live() => refusal.remedy("Ask support to recover the cluster."),
            Encryption::Resuming { until } => refusal
                .allowed_from(until)
                .remedy(format!("Wait until {} UTC.", until.to_seconds())),
            Encryption::LiveSite => refusal.remedy("Wait until the vault can be reached again."),
            _ => refusal,
        })
    }
}
