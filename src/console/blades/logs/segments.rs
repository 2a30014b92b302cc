//! Sealed segments, newest first: where each lies, under which key, hot or cold, and whether it can be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Eye, Of, bytes, class, cmk, count, heat, may_know, sees, store};
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex, right};
use crate::console::theme::Token;
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::segment::Segment;
use crate::engine::{Query, Refusal, ask, errors};

pub const COLUMNS: &[Column] = &[
    col("segment", "SEGMENT", 10, 0),
    flex("table", "TABLE", 11, 2, 0),
    flex("workspace", "WORKSPACE", 10, 2, 5),
    flex("store", "STORE", 12, 2, 2),
    col("class", "SEALED UNDER", 13, 0),
    col("aek", "ACCOUNT KEY", 11, 3),
    col("hot", "HOT", 4, 1),
    right("records", "RECORDS", 9, 0),
    right("bytes", "BYTES", 7, 4),
    col("readable", "READABLE", 8, 0),
    col("ingested", "CAME", 12, 6),
    data("from"),
    data("to"),
    data("purgedAt"),
    data("drainedFrom"),
];

/// Those the actor may see: whoever sees a workspace sees what its ledger counts.
pub fn ids(eye: Eye, of: &Of) -> Result<Vec<ItemId>, Refusal> {
    let logs = &eye.world.logs;
    let mut seen: BTreeMap<ResourceId, bool> = BTreeMap::new();
    let mut sees = |segment: &&Arc<Segment>| match seen.get(&segment.workspace) {
        Some(known) => *known,
        None => {
            let sees = sees(eye, &segment.workspace);
            seen.insert(segment.workspace.clone(), sees);
            sees
        }
    };
    let found: Vec<_> = match of {
        Of::All => {
            // Whoever may not even ask for workspaces is told so.
            let query = Query::Workspaces { deleted: false };
            ask(eye.world, eye.now, eye.actor, &query)?;
            logs.segments.values().filter(&mut sees).collect()
        }
        Of::Cluster(id) => {
            super::super::cluster::find(eye, id)?;
            logs.segments_on(id).filter(&mut sees).collect()
        }
        Of::Workspace(id) => {
            let query = Query::Workspace(id.clone());
            ask(eye.world, eye.now, eye.actor, &query)?;
            let tables = logs.tables_of(id);
            let mut all: Vec<_> = tables.flat_map(|(_, t)| logs.segments_of(t)).collect();
            all.sort_by_key(|s| s.id);
            all
        }
        Of::Table(id, name) => {
            let query = Query::Workspace(id.clone());
            ask(eye.world, eye.now, eye.actor, &query)?;
            eye.world.active_workspace(id, &errors::WL_01)?;
            let table = eye.world.table(id, name)?;
            table
                .into_iter()
                .flat_map(|t| logs.segments_of(t))
                .collect()
        }
    };
    let ids = found.into_iter().rev().map(|s| ItemId::Segment(s.id));
    Ok(ids.collect())
}

pub fn readable(eye: Eye, segment: &Segment) -> Cell {
    if !may_know(eye, &segment.workspace) {
        return Cell::none();
    }
    if eye.world.segment_readable(segment) {
        Cell::new("yes").mark(Mark::Ok).tone(Token::Ok).raw(true)
    } else {
        Cell::new("no")
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(false)
    }
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Segment(number) = id else {
        return None;
    };
    let segment = eye.world.logs.segments.get(number)?;
    let table = eye.world.logs.table(&segment.workspace, &segment.table);
    let purged = table.and_then(|t| t.purged_at(*number));
    // The extremes of records that cannot be read are not told (R-CMK-43).
    let open = eye.world.segment_readable(segment) && may_know(eye, &segment.workspace);
    let extreme = |at| {
        if open { Cell::time(at) } else { Cell::none() }
    };
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(segment.id.to_string()).tone(Token::Id),
            Cell::named(segment.table.as_str()),
            cmk::resource(&segment.workspace),
            store(&segment.store),
            class(segment.class),
            Cell::new(segment.aek.to_string()).tone(Token::Muted),
            heat(segment.hot),
            count(segment.rows),
            bytes(segment.raw),
            readable(eye, segment),
            Cell::time(segment.ingested_at),
            extreme(segment.from),
            extreme(segment.to),
            purged.map_or_else(Cell::none, Cell::time),
            segment
                .drained_from
                .map_or_else(Cell::none, |id| Cell::new(id.to_string())),
        ],
    })
}
