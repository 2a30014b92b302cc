//! Segments: the files of sealed log records the World knows of (`domain.md` c.13). What is in them, and how
//! they are sealed, is the log store's.

use serde::{Deserialize, Serialize};

use crate::engine::ids::{AekId, ResourceId, SegmentId, TableName};
use crate::engine::time::SimTime;
use crate::engine::words::words;

words! {
    /// Whose key wraps the account key a block is sealed under. It never changes (§d.10, property 4).
    KeyClass {
        Microsoft = "microsoft",
        Customer = "customer",
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
