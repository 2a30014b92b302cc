//! Dedicated clusters: how they are, under which key, and what runs. Deleted ones last.

use super::super::rows::{Cell, Column, ItemId, Row, col, data, flex, right};
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    flex("cluster", "CLUSTER", 12, 2, 0),
    col("state", "STATE", 21, 0),
    col("encryption", "ENCRYPTION", 19, 0),
    col("progress", "RUNNING", 13, 1),
    flex("key", "KEY IN FORCE", 18, 3, 3),
    right("links", "LINKS", 9, 2),
    right("capacity", "GB/DAY", 6, 4),
    col("location", "REGION", 14, 5),
    flex("subscription", "SUBSCRIPTION", 14, 1, 6),
    data("operation"),
    data("billingType"),
    data("id"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let live = Query::Clusters {
        subscription: None,
        group: None,
    };
    let mut all = Vec::new();
    for query in [live, Query::DeletedClusters] {
        if let Answer::Clusters(ids) = ask(eye.world, eye.now, eye.actor, &query)? {
            all.extend(ids.into_iter().map(ItemId::Cluster));
        }
    }
    Ok(all)
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Cluster(resource) = id else {
        return None;
    };
    let cluster = eye.world.clusters.get(resource)?;
    let operation = cluster
        .operation
        .and_then(|id| eye.world.operations.get(&id));
    let mut state = cmk::cluster_state(cluster.state);
    let mut encryption = cmk::encryption(&cluster.protection.state);
    if let Some(deleted) = &cluster.deleted {
        let left = shared::left(eye.now, deleted.purge_at).text;
        state.raw = Some(cluster.state.word().into());
        state.text = format!("deleted, {left}").into();
        encryption = Cell::new("support can recover").tone(Token::Muted);
    } else if cluster.accounts.is_empty() {
        encryption = Cell::none();
    }
    Some(Row {
        id: id.clone(),
        cells: vec![
            cmk::resource(resource).tone(Token::Id),
            state,
            encryption,
            operation.map_or_else(Cell::none, |o| cmk::progress(eye.now, o, 8)),
            cluster
                .key
                .as_ref()
                .map_or_else(|| Cell::new("Microsoft key").tone(Token::Muted), cmk::key),
            Cell::new(format!(
                "{}/{}",
                cluster.links.len(),
                eye.world.rules.workspaces_per_cluster
            ))
            .raw(cluster.links.len()),
            Cell::new(cluster.capacity.to_string()).raw(cluster.capacity),
            cmk::place(&cluster.location),
            shared::subscription(eye.world, &cluster.subscription()),
            operation.map_or_else(Cell::none, |o| Cell::new(o.id.to_string())),
            Cell::new(cluster.billing.word()),
            Cell::new(resource.to_string()),
        ],
    })
}
