//! Tables of a workspace: what each keeps, for how long, and what it lost. Built-in ones that nothing came to
//! stand last.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Eye, bytes, count, dropped, kept, readable, share, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, flex, right};
use crate::console::theme::Token;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::table::Table;
use crate::engine::workspace::Workspace;
use crate::engine::{Query, Refusal, Span, ask, errors};

pub const COLUMNS: &[Column] = &[
    flex("table", "TABLE", 16, 2, 0),
    right("records", "RECORDS", 9, 0),
    right("bytes", "BYTES", 7, 0),
    flex("lost", "DATA LOST", 16, 3, 0),
    col("readable", "READABLE", 8, 1),
    right("hot", "HOT", 4, 2),
    right("retention", "KEPT", 4, 3),
    col("purge", "NEXT PURGE", 10, 4),
    col("kind", "KIND", 10, 5),
    right("columns", "COLUMNS", 7, 6),
    right("segments", "SEGMENTS", 8, 7),
];

pub fn ids(eye: Eye, workspace: &ResourceId) -> Result<Vec<ItemId>, Refusal> {
    let query = Query::Workspace(workspace.clone());
    ask(eye.world, eye.now, eye.actor, &query)?;
    eye.world.active_workspace(workspace, &errors::WL_01)?;
    let mut names: Vec<TableName> = eye
        .world
        .logs
        .tables_of(workspace)
        .map(|(name, _)| name.clone())
        .collect();
    let known: BTreeSet<TableName> = names.iter().cloned().collect();
    let unused = builtin::names().map(TableName::from);
    names.extend(unused.filter(|name| !known.contains(name)));
    let table = |name| ItemId::Table(workspace.clone(), name);
    Ok(names.into_iter().map(table).collect())
}

/// Who fills a table.
pub fn kind(name: &TableName) -> &'static str {
    match builtin::table(name.as_str()) {
        Some(table) if table.by_service => "by service",
        Some(_) => "built-in",
        None => "custom",
    }
}

/// How long a table keeps its data: its own time, or the workspace's.
pub fn retention(workspace: &Workspace, table: Option<&Arc<Table>>) -> Span {
    table
        .and_then(|t| t.retention)
        .unwrap_or(workspace.retention)
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Table(resource, name) = id else {
        return None;
    };
    let world = eye.world;
    let workspace = world.workspaces.get(resource)?;
    let table = world.logs.table(resource, name);
    let kept = kept(
        eye,
        table
            .into_iter()
            .flat_map(|t| world.logs.segments_of(t))
            .map(|s| &**s),
    );
    let retention = retention(workspace, table);
    let purge = kept.oldest.map_or_else(Cell::none, |oldest| {
        shared::left(eye.now, oldest + retention)
    });
    let used = table.is_some();
    let cells = vec![
        Cell::named(name.as_str()).tone(Token::Id),
        count(kept.all.rows),
        bytes(kept.all.raw),
        table.map_or_else(Cell::none, |t| dropped([&t.tally])),
        readable(eye, resource, &kept),
        share(kept.hot.plain, kept.all.plain),
        Cell::new(retention.to_string()),
        purge,
        Cell::new(kind(name)).tone(Token::Muted),
        Cell::number(world.columns(resource, name).len()),
        count(kept.all.segments),
    ];
    // What nothing came to does not call for attention.
    let quiet = |cell: Cell| if used { cell } else { cell.tone(Token::Faint) };
    Some(Row {
        id: id.clone(),
        cells: cells.into_iter().map(quiet).collect(),
    })
}
