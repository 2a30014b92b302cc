//! Workspaces: on which cluster, where new data goes, and whether it can be read. Deleted ones last.

use super::super::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex, right};
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    flex("workspace", "WORKSPACE", 19, 4, 0),
    flex("link", "LINK", 16, 2, 0),
    flex("route", "NEW DATA GOES TO", 27, 1, 0),
    col("readable", "READABLE", 8, 0),
    right("retention", "KEPT", 6, 2),
    col("sku", "SKU", 10, 5),
    right("saved", "QUERIES", 7, 4),
    col("location", "REGION", 14, 3),
    flex("subscription", "SUBSCRIPTION", 14, 1, 6),
    data("cluster"),
    data("id"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let mut all = Vec::new();
    for deleted in [false, true] {
        let query = Query::Workspaces { deleted };
        if let Answer::Workspaces(ids) = ask(eye.world, eye.now, eye.actor, &query)? {
            all.extend(ids.into_iter().map(ItemId::Workspace));
        }
    }
    Ok(all)
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Workspace(resource) = id else {
        return None;
    };
    let workspace = eye.world.workspaces.get(resource)?;
    let mut link = cmk::link(workspace);
    if let Some(deleted) = &workspace.deleted {
        let left = shared::left(eye.now, deleted.purge_at).text;
        link = Cell::new(format!("deleted, {left}"))
            .mark(Mark::Off)
            .tone(Token::Neutral)
            .raw("deleted");
    }
    let saved: usize = Kind::ALL.iter().map(|k| workspace.shown(*k).count()).sum();
    Some(Row {
        id: id.clone(),
        cells: vec![
            cmk::resource(resource).tone(Token::Id),
            link,
            cmk::route(eye, resource),
            cmk::readable(eye, resource),
            Cell::new(workspace.retention.to_string()),
            Cell::new(workspace.effective_sku().word()).tone(Token::Muted),
            Cell::number(saved),
            cmk::place(&workspace.location),
            shared::subscription(eye.world, &resource.subscription()),
            workspace
                .link
                .cluster()
                .map_or_else(Cell::none, |c| Cell::new(c.to_string())),
            Cell::new(resource.to_string()),
        ],
    })
}
