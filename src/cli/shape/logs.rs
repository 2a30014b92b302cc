//! Tables and segments of workspaces, and what became of the records that came. Azure has no such objects: they
//! are ours.

use serde_json::{Value, json};

use crate::engine::World;
use crate::engine::cluster::encryption::why_unreadable;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::ingestion::table::{Amount, Table};
use crate::engine::time::Span;
use crate::logs::Files;
use crate::logs::sealed::{Label, Tier};

/// Bytes of the sealed file of a segment and of its hot copy, as they lie on disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnDisk {
    pub sealed: Option<u64>,
    pub hot: Option<u64>,
}

impl OnDisk {
    pub fn of(files: Option<&Files>, segment: &Segment) -> OnDisk {
        let size = |tier| {
            let shelves = &files?.shelves;
            // A file that cannot be looked at is as good as none here; `segments verify` says what it has.
            shelves.size(tier, segment.id).ok().flatten()
        };
        OnDisk {
            sealed: size(Label::of(segment).tier),
            hot: size(Tier::Hot),
        }
    }
}

/// Why the records of a segment cannot be read now, in words; none when they can.
pub fn why_hidden(world: &World, segment: &Segment) -> Option<String> {
    if let Store::Buffer(_) = segment.store {
        return Some("it waits in the outage buffer until the vault is back".to_owned());
    }
    let cluster = segment.store.cluster()?;
    let cluster = world.clusters.get(cluster)?;
    why_unreadable(cluster)
}

/// The key that wraps the account key of a segment.
pub fn wrapped_by(world: &World, segment: &Segment) -> Option<String> {
    match segment.class {
        KeyClass::Microsoft => Some("Microsoft".to_owned()),
        KeyClass::Customer => {
            let cluster = world.clusters.get(segment.store.cluster()?)?;
            Some(cluster.key.as_ref()?.kid())
        }
    }
}

/// The extremes of what cannot be read are hidden with it.
pub fn segment(world: &World, segment: &Segment, on_disk: OnDisk) -> Value {
    let why = why_hidden(world, segment);
    let known = why.is_none();
    let table = world.logs.table(&segment.workspace, &segment.table);
    json!({
        "id": segment.id,
        "workspace": segment.workspace.as_str(),
        "table": segment.table.as_str(),
        "store": segment.store.word(),
        "cluster": segment.store.cluster().map(ResourceId::as_str),
        "keyClass": segment.class,
        "aek": segment.aek,
        "wrappedBy": wrapped_by(world, segment),
        "hotAek": segment.hot_aek,
        "ingestedDate": segment.ingested_at,
        "rows": segment.rows,
        "rawBytes": segment.raw,
        "plainBytes": segment.plain,
        "sealedBytes": on_disk.sealed,
        "hotBytes": on_disk.hot,
        "firstTimeGenerated": known.then_some(segment.from),
        "lastTimeGenerated": known.then_some(segment.to),
        "hot": segment.hot,
        "readable": known,
        "why": why,
        "drainedFrom": segment.drained_from,
        "purgeDate": table.and_then(|t| t.purged_at(segment.id)),
    })
}

/// How a table came to be.
pub fn origin(name: &TableName) -> &'static str {
    match builtin::table(name.as_str()) {
        Some(table) if table.by_service => "service",
        Some(_) => "built-in",
        None => "custom",
    }
}

pub fn retention(world: &World, workspace: &ResourceId, table: Option<&Table>) -> Span {
    let follows = || world.workspaces.get(workspace).map(|w| w.retention);
    let own = table.and_then(|t| t.retention);
    own.or_else(follows).unwrap_or(world.rules.retention)
}

/// A table with its columns and all that came to it; `found` when anything did.
pub fn table(
    world: &World,
    workspace: &ResourceId,
    name: &TableName,
    found: Option<&Table>,
) -> Value {
    let columns: Value = world
        .columns(workspace, name)
        .iter()
        .map(|c| json!({ "name": &*c.name, "type": c.kind }))
        .collect();
    let sources: Value = found
        .into_iter()
        .flat_map(|t| &t.sources)
        .map(|(fingerprint, done)| {
            json!({
                "fingerprint": format!("{fingerprint:016x}"),
                "bytes": done.bytes,
                "lines": done.lines,
            })
        })
        .collect();
    json!({
        "name": name.as_str(),
        "workspace": workspace.as_str(),
        "origin": origin(name),
        "retentionInDays": retention(world, workspace, found).0 / Span::days(1).0,
        "ownRetention": found.is_some_and(|t| t.retention.is_some()),
        "columns": columns,
        "unfinished": sources,
    })
}

pub fn amount(amount: Amount) -> Value {
    json!({ "rows": amount.rows, "bytes": amount.bytes })
}
