//! Storage accounts of the customer: under which key, and which workspaces keep what in them.

use super::super::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex, right};
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::ids::ResourceId;
use crate::engine::workspace::linked_storage::{DataSource, StorageAccount};
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    flex("account", "STORAGE ACCOUNT", 15, 2, 0),
    flex("key", "KEY", 18, 4, 0),
    col("opens", "OPENS", 6, 0),
    flex("linked", "LINKED BY", 13, 3, 0),
    right("queries", "QUERIES", 7, 1),
    col("location", "REGION", 14, 2),
    flex("subscription", "SUBSCRIPTION", 14, 1, 3),
    data("id"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let query = Query::StorageAccounts;
    let Answer::StorageAccounts(ids) = ask(eye.world, eye.now, eye.actor, &query)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::StorageAccount).collect())
}

/// Workspaces the actor may see that have the account linked, and for what.
pub fn linked(eye: Eye, account: &ResourceId) -> Vec<(ResourceId, DataSource)> {
    let query = Query::Workspaces { deleted: false };
    let Ok(Answer::Workspaces(ids)) = ask(eye.world, eye.now, eye.actor, &query) else {
        return Vec::new();
    };
    ids.iter()
        .filter_map(|id| eye.world.workspaces.get(id))
        .flat_map(|w| {
            w.storage
                .iter()
                .filter(|(_, accounts)| accounts.contains(account))
                .map(|(source, _)| (w.id.clone(), *source))
        })
        .collect()
}

/// Whether what is kept in it can be read (R-BYOS-11).
pub fn opens(eye: Eye, account: &StorageAccount) -> Cell {
    match eye.world.storage_opens(eye.now, &account.id) {
        Ok(()) => Cell::new("yes").mark(Mark::Ok).tone(Token::Ok).raw(true),
        Err(_) => Cell::new("no")
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(false),
    }
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::StorageAccount(resource) = id else {
        return None;
    };
    let account = eye.world.storage_accounts.get(resource)?;
    let linked = linked(eye, resource);
    let words: Vec<String> = linked
        .iter()
        .map(|(w, source)| format!("{} {source}", shared::resource_name(w)))
        .collect();
    let queries: usize = eye
        .world
        .workspaces
        .values()
        .flat_map(|w| w.queries.values())
        .filter(|s| s.kept_in.as_ref() == Some(resource))
        .count();
    Some(Row {
        id: id.clone(),
        cells: vec![
            cmk::resource(resource).tone(Token::Id),
            account
                .key
                .as_ref()
                .map_or_else(|| Cell::new("Microsoft key").tone(Token::Muted), cmk::key),
            opens(eye, account),
            if words.is_empty() {
                Cell::none()
            } else {
                Cell::new(words.join(", "))
            },
            Cell::number(queries),
            cmk::place(&account.location),
            shared::subscription(eye.world, &resource.subscription()),
            Cell::new(resource.to_string()),
        ],
    })
}
