//! A workspace as a page: its link, where its data lies and goes, and what is saved in it.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex};
use super::super::theme::Token;
use super::{Eye, Of, cmk, logs, shared};
use crate::engine::ids::ResourceId;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Answer, Query, Refusal, ask, errors};

const PLACEMENTS: &[Column] = &[
    flex("cluster", "CLUSTER", 12, 2, 0),
    col("from", "FROM", 12, 0),
    col("until", "UNTIL", 12, 0),
    col("state", "ENCRYPTION", 19, 1),
];

const STORAGE: &[Column] = &[
    col("source", "FOR", 11, 0),
    flex("account", "STORAGE ACCOUNT", 14, 2, 0),
    flex("key", "ITS KEY", 14, 2, 1),
];

const SAVED: &[Column] = &[
    flex("name", "NAME", 14, 2, 0),
    flex("title", "TITLE", 12, 2, 1),
    flex("kept", "KEPT IN", 12, 1, 2),
];

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Workspace(id.clone()))?;
    let workspace = eye.world.workspace(id, &errors::WL_01)?;
    let name = shared::resource_name(id);
    let mut main = vec![
        Block::Heading(format!("{name} · workspace")),
        Block::Facts(facts(eye, workspace)),
    ];
    main.push(Block::Heading("Link".into()));
    if let Some(cluster) = workspace.link.cluster() {
        main.push(cmk::link_facts(vec![(
            ItemId::Cluster(cluster.clone()),
            "Cluster",
            cmk::resource(cluster),
        )]));
    }
    main.push(Block::Facts(link_facts(eye, workspace)));
    if let Some(row) = workspace
        .link
        .operation()
        .and_then(|id| cmk::running(eye, id))
    {
        main.push(Block::Links {
            columns: cmk::RUNNING,
            rows: vec![row],
        });
    }
    let placements = placements(eye, workspace);
    cmk::section(
        &mut main,
        "Where its data lies".to_owned(),
        PLACEMENTS,
        placements,
        "In the shared store, under the Microsoft key.",
    );
    main.extend(log_data(eye, workspace));
    let mut side = Vec::new();
    let storage = storage(eye, workspace);
    cmk::section(
        &mut side,
        "Linked storage".to_owned(),
        STORAGE,
        storage,
        "No storage account is linked.",
    );
    if !workspace.keeps_query_history() {
        side.push(Block::Text(
            Cell::new("Query history is off, and queries cannot be pinned to a dashboard.")
                .mark(Mark::Info)
                .tone(Token::Muted),
        ));
    }
    for kind in Kind::ALL {
        saved(eye, &mut side, id, *kind);
    }
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Workspace(id.clone())],
    })
}

/// What its tables keep and lost, and the ways there.
fn log_data(eye: Eye, workspace: &Workspace) -> Vec<Block> {
    if workspace.deleted.is_some() {
        return Vec::new();
    }
    let id = &workspace.id;
    let entries = &eye.world.logs;
    let tables: Vec<_> = entries.tables_of(id).collect();
    let segments = tables.iter().flat_map(|(_, t)| entries.segments_of(t));
    let kept = logs::kept(eye, segments.map(|s| &**s));
    let used = u64::try_from(tables.len()).unwrap_or(u64::MAX);
    let words = match used {
        0 => "nothing came yet".to_owned(),
        n => format!("{} in use", logs::counted(n, "table", "tables")),
    };
    let mut blocks = vec![
        Block::Heading("Log data".into()),
        cmk::link_facts(vec![
            (ItemId::Tables(id.clone()), "Tables", Cell::new(words)),
            logs::to_segments(Of::Workspace(id.clone()), "Segments", &kept.all),
        ]),
    ];
    let mut facts = Vec::new();
    if kept.all.segments > 0 {
        facts.push(("Hot cache", Cell::new(kept.hot.says())));
    }
    if kept.hidden.segments > 0 && logs::may_know(eye, id) {
        facts.push(("Hidden", logs::hidden(&kept)));
    }
    if tables.iter().any(|(_, t)| t.tally.dropped().rows > 0) {
        let tallies = tables.iter().map(|(_, t)| &t.tally);
        facts.push(("DATA LOST", logs::dropped(tallies)));
    }
    blocks.push(Block::Facts(facts));
    blocks
}

fn facts(eye: Eye, workspace: &Workspace) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let mut facts = Vec::new();
    if let Some(deleted) = &workspace.deleted {
        let mut until = shared::when_and_left(eye.now, deleted.purge_at);
        until.text = format!("deleted; can be recovered until {}", until.text).into();
        facts.push(("State", until.mark(Mark::Off).tone(Token::Warn)));
    } else {
        facts.push(("New data", data(eye, &workspace.id)));
        facts.push(("Readable", why_readable(eye, &workspace.id)));
    }
    facts.extend([
        ("Kept for", Cell::new(workspace.retention.to_string())),
        ("SKU", Cell::new(workspace.effective_sku().word())),
        ("Region", Cell::named(&workspace.location)),
        (
            "Subscription",
            shared::subscription(world, &workspace.id.subscription()),
        ),
        ("Customer id", Cell::new(world.customer_guid(workspace))),
        ("Created", cmk::instant(workspace.created_at)),
    ]);
    facts
}

/// Where new data goes, and when it is lost, why.
fn data(eye: Eye, id: &ResourceId) -> Cell {
    let mut cell = cmk::route(eye, id);
    let query = Query::Route(id.clone());
    if let Ok(Answer::Route(route)) = ask(eye.world, eye.now, eye.actor, &query)
        && let Some(loss) = route.loss()
    {
        cell.text = loss.message.into();
    }
    cell
}

fn why_readable(eye: Eye, id: &ResourceId) -> Cell {
    let mut cell = cmk::readable(eye, id);
    if let Err(no) = ask(eye.world, eye.now, eye.actor, &Query::Readable(id.clone())) {
        cell.text = no.message.into();
    }
    cell
}

fn link_facts(eye: Eye, workspace: &Workspace) -> Vec<(&'static str, Cell)> {
    let rules = &eye.world.rules;
    let used = workspace.links_since(eye.now - rules.link_window);
    let limit = rules.link_operations as usize;
    let mut quota = format!(
        "{} of {limit} links used in {}",
        used.len(),
        rules.link_window
    );
    let spent = used.len() >= limit;
    if spent && let Some(first) = used.get(used.len() - limit) {
        let at = *first + rules.link_window;
        quota.push_str(&format!("; the next is free from {} UTC", at.to_seconds()));
    }
    vec![
        ("Link", cmk::link_state(&workspace.link)),
        (
            "Quota",
            Cell::new(quota).tone(if spent { Token::Warn } else { Token::Text }),
        ),
    ]
}

fn placements(eye: Eye, workspace: &Workspace) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    workspace
        .placements
        .iter()
        .rev()
        .map(|place| {
            let cluster = eye.world.clusters.get(&place.cluster);
            let state = match cluster {
                Some(c) if c.is_live() => cmk::encryption(&c.protection.state),
                Some(c) => cmk::cluster_state(c.state),
                None => Cell::new("gone").tone(Token::Muted),
            };
            (
                cluster.map(|c| ItemId::Cluster(c.id.clone())),
                vec![
                    cmk::resource(&place.cluster).tone(Token::Link),
                    Cell::time(place.from),
                    place
                        .until
                        .map_or_else(|| Cell::new("now").tone(Token::Muted), Cell::time),
                    state,
                ],
            )
        })
        .collect()
}

fn storage(eye: Eye, workspace: &Workspace) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    workspace
        .storage
        .iter()
        .flat_map(|(source, accounts)| accounts.iter().map(move |id| (*source, id)))
        .map(|(source, id)| {
            let key = eye
                .world
                .storage_accounts
                .get(id)
                .and_then(|a| a.key.as_ref());
            (
                Some(ItemId::StorageAccount(id.clone())),
                vec![
                    Cell::new(source.word()),
                    cmk::resource(id).tone(Token::Link),
                    key.map_or_else(|| Cell::new("Microsoft key").tone(Token::Muted), cmk::key),
                ],
            )
        })
        .collect()
}

fn saved(eye: Eye, blocks: &mut Vec<Block>, id: &ResourceId, kind: Kind) {
    let title = match kind {
        Kind::Search => "Saved searches",
        Kind::Alert => "Log alerts",
    };
    let query = Query::Saved {
        workspace: id.clone(),
        kind,
    };
    let found = match ask(eye.world, eye.now, eye.actor, &query) {
        Ok(Answer::Saved(found)) => found,
        Ok(_) => Vec::new(),
        Err(no) => {
            blocks.push(Block::Heading(title.to_owned()));
            blocks.push(Block::Text(
                Cell::new(no.message).mark(Mark::Bad).tone(Token::Danger),
            ));
            return;
        }
    };
    let rows: Vec<_> = found
        .iter()
        .map(|saved| {
            let item = ItemId::Saved(id.clone(), kind, saved.name.clone());
            let kept = match &saved.kept_in {
                Some(account) => cmk::resource(account),
                None => Cell::new("workspace").tone(Token::Muted),
            };
            let cells = vec![
                Cell::named(&saved.name).tone(Token::Link),
                Cell::untrusted(&saved.display_name),
                kept,
            ];
            (Some(item), cells)
        })
        .collect();
    let empty = match kind {
        Kind::Search => "No search is saved.",
        Kind::Alert => "There is no log alert.",
    };
    cmk::section(
        blocks,
        format!("{title} ({})", rows.len()),
        SAVED,
        rows,
        empty,
    );
}
