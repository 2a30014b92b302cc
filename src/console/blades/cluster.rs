//! A cluster as a page: what runs, how its encryption stands and until when, under which key each account's
//! key lies, the walk to a working key, and the workspaces.

use std::collections::BTreeMap;

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex};
use super::super::theme::Token;
use super::{Eye, Of, checklist, cmk, logs, shared, vault};
use crate::engine::cluster::Cluster;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::cluster::preflight;
use crate::engine::ids::ResourceId;
use crate::engine::vault::access_policy::Caller;
use crate::engine::{Query, Refusal, ask};

const LINEAGE: &[Column] = &[
    flex("kek", "KEK", 22, 2, 0),
    col("account", "ACCOUNT", 9, 0),
    col("aek", "AEK", 10, 0),
    flex("since", "WRAPS", 12, 1, 1),
];

const LINKS: &[Column] = &[
    flex("workspace", "WORKSPACE", 12, 2, 0),
    col("link", "LINK", 11, 0),
    flex("route", "NEW DATA GOES TO", 22, 2, 0),
    col("readable", "READABLE", 8, 1),
];

/// The cluster, if the actor may see it; one that was deleted as long as support can recover it.
pub fn find<'a>(eye: Eye<'a>, id: &ResourceId) -> Result<&'a Cluster, Refusal> {
    match ask(eye.world, eye.now, eye.actor, &Query::Cluster(id.clone())) {
        Ok(_) => eye.world.cluster(id).map(|c| &**c),
        Err(no) => match eye.world.clusters.get(id) {
            Some(deleted) if !deleted.is_live() && cmk::sees_cluster(eye, id) => Ok(deleted),
            _ => Err(no),
        },
    }
}

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let cluster = find(eye, id)?;
    let name = shared::resource_name(id);
    let mut main = vec![
        Block::Heading(format!("{name} · dedicated cluster")),
        Block::Facts(head(eye, cluster)),
    ];
    if let Some(row) = cluster.operation.and_then(|id| cmk::running(eye, id)) {
        main.push(Block::Heading("Running".into()));
        main.push(Block::Links {
            columns: cmk::RUNNING,
            rows: vec![row],
        });
    }
    if cluster.is_live() && !cluster.accounts.is_empty() {
        main.push(Block::Heading("Encryption".into()));
        main.push(Block::Facts(encryption(eye, cluster)));
    }
    if let Some(key) = &cluster.key {
        main.push(cmk::link_facts(vec![
            (
                ItemId::Vault(key.vault.clone()),
                "Vault",
                Cell::new(key.vault.to_string()),
            ),
            (
                ItemId::Key(key.vault.clone(), key.key.clone()),
                "Key",
                Cell::new(key.key.to_string()),
            ),
            (
                ItemId::KeyVersion(key.clone()),
                "Version",
                Cell::new(key.version.to_string()),
            ),
        ]));
    }
    main.extend(log_data(eye, cluster));
    let links = links(eye, cluster);
    let title = format!(
        "Workspaces ({} of {})",
        cluster.links.len(),
        eye.world.rules.workspaces_per_cluster
    );
    cmk::section(&mut main, title, LINKS, links, "No workspace is linked.");
    let mut side = Vec::new();
    if cluster.is_live() {
        side.push(Block::Heading("The way to your own key".into()));
        side.push(Block::Pairs(
            preflight::checklist(eye.world, eye.now, eye.actor, cluster)
                .iter()
                .map(checklist::pair)
                .collect(),
        ));
    }
    if !cluster.accounts.is_empty() {
        side.push(Block::Heading(
            "Key wrapping: KEK over AEK, by account".into(),
        ));
        side.push(Block::Links {
            columns: LINEAGE,
            rows: lineage(cluster),
        });
    }
    side.push(Block::Heading("Resource".into()));
    side.push(Block::Facts(facts(eye, cluster)));
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Cluster(id.clone())],
    })
}

fn head(eye: Eye, cluster: &Cluster) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![("State", cmk::cluster_state(cluster.state))];
    if let Some(deleted) = &cluster.deleted {
        let mut until = shared::when_and_left(eye.now, deleted.purge_at);
        until.text = format!("support can recover it until {}", until.text).into();
        facts.push(("Deleted", until.tone(Token::Warn)));
        facts.push((
            "Name",
            Cell::new("reserved until then; links are not restored").tone(Token::Muted),
        ));
    }
    facts.push((
        "Capacity",
        Cell::new(format!("{} GB/day", cluster.capacity)),
    ));
    facts.push(("Region", Cell::named(&cluster.location)));
    facts
}

fn encryption(eye: Eye, cluster: &Cluster) -> Vec<(&'static str, Cell)> {
    let protection = &cluster.protection;
    let state = &protection.state;
    let mut cell = cmk::encryption(state);
    cell.text = format!("{}. {}", state.word(), cmk::encryption_means(state)).into();
    let mut facts = vec![("State", cell), ("Since", cmk::instant(protection.since))];
    let deadline = match state {
        Encryption::RevocationPending { enforce_at, .. } => Some(("Cut off", *enforce_at)),
        Encryption::Resuming { until } => Some(("Resumes", *until)),
        Encryption::TransientOutage { live_site_at, .. } => Some(("Bridged until", *live_site_at)),
        _ => None,
    };
    if let Some((label, at)) = deadline {
        facts.push((label, shared::when_and_left(eye.now, at)));
    }
    if let Some(refused) = &protection.refused {
        let line = format!("since {}", refused.at.short());
        facts.push(("Vault refuses", Cell::new(line).tone(Token::Danger)));
    }
    if let Some((at, outcome)) = &protection.last_poll {
        let mut cell = cmk::outcome(outcome);
        cell.text = format!("{}, {} UTC", outcome.word(), at.to_seconds()).into();
        facts.push(("Last change", cell));
    }
    if let Some((_, next)) = vault::routine(eye, cluster) {
        let left = shared::left(eye.now, next).text;
        let line = format!("{} UTC, in {left} (computed)", cmk::clock(next).text);
        facts.push(("Next call", Cell::new(line)));
    }
    if let Some(buffer) = &protection.buffer {
        let cell = if buffer.full {
            Cell::new("full: what comes now is lost")
                .mark(Mark::Bad)
                .tone(Token::Danger)
        } else {
            let mut until = shared::when_and_left(eye.now, buffer.until);
            until.text =
                format!("since {}, holds until {}", buffer.since.short(), until.text).into();
            until
        };
        facts.push(("Buffer", cell));
    }
    facts
}

/// What lies on it, under which key, what of it is hot, and what cannot be read.
fn log_data(eye: Eye, cluster: &Cluster) -> Vec<Block> {
    let mut seen: BTreeMap<&ResourceId, bool> = BTreeMap::new();
    let here = eye.world.logs.segments_on(&cluster.id).map(|s| &**s);
    let mine = here.filter(|s| {
        let sees = seen.entry(&s.workspace);
        *sees.or_insert_with(|| logs::sees(eye, &s.workspace))
    });
    let kept = logs::kept(eye, mine);
    if kept.all.segments == 0 {
        return Vec::new();
    }
    let mut facts = Vec::new();
    if kept.hidden.segments > 0 {
        facts.push(("Hidden", logs::hidden(&kept)));
    }
    for (label, sum) in [
        ("Your key", kept.customer),
        ("Microsoft key", kept.microsoft),
        ("Outage buffer", kept.buffered),
        ("Hot cache", kept.hot),
    ] {
        if sum.segments > 0 || label == "Hot cache" {
            facts.push((label, Cell::new(sum.says())));
        }
    }
    vec![
        Block::Heading("Log data".into()),
        cmk::link_facts(vec![logs::to_segments(
            Of::Cluster(cluster.id.clone()),
            "Segments",
            &kept.all,
        )]),
        Block::Facts(facts),
    ]
}

fn facts(eye: Eye, cluster: &Cluster) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let free_at = cluster.sku_updated_at + world.rules.capacity_lock;
    let identity = Caller::Identity(cluster.identity);
    vec![
        (
            "Capacity",
            if free_at > eye.now {
                Cell::new(format!("cannot be lowered before {} UTC", free_at.short()))
            } else {
                Cell::new("can be raised and lowered")
            },
        ),
        ("Billing", Cell::new(format!("by {}", cluster.billing))),
        (
            "Identity",
            Cell::new(format!(
                "{}, principal {}",
                cluster.identity,
                world.principal_guid(&identity)
            )),
        ),
        ("Cluster id", Cell::new(world.cluster_guid(cluster))),
        (
            "Subscription",
            shared::subscription(world, &cluster.subscription()),
        ),
        ("Group", Cell::named(cluster.group())),
        ("Created", cmk::instant(cluster.created_at)),
    ]
}

/// The tree of keys, each KEK once: yours first, then Microsoft's.
fn lineage(cluster: &Cluster) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    let leaf = |account: String, aek: String, wraps: &'static str| {
        (
            None,
            vec![
                Cell::new(""),
                Cell::new(account),
                Cell::new(aek),
                Cell::new(wraps).tone(Token::Muted),
            ],
        )
    };
    let root = |id: Option<ItemId>, kek: Cell| {
        (id, vec![kek, Cell::new(""), Cell::new(""), Cell::new("")])
    };
    let mut rows = Vec::new();
    if let Some(key) = &cluster.key {
        rows.push(root(
            Some(ItemId::KeyVersion(key.clone())),
            cmk::key(key).tone(Token::Link),
        ));
        for account in &cluster.accounts {
            if let Some(aek) = account.customer {
                rows.push(leaf(
                    account.id.to_string(),
                    aek.to_string(),
                    "data since the key",
                ));
            }
        }
    }
    rows.push(root(None, Cell::new("Microsoft-managed key")));
    for account in &cluster.accounts {
        rows.push(leaf(
            account.id.to_string(),
            account.microsoft.to_string(),
            "data before a key",
        ));
    }
    rows
}

fn links(eye: Eye, cluster: &Cluster) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    cluster
        .links
        .iter()
        .filter(|w| {
            ask(
                eye.world,
                eye.now,
                eye.actor,
                &Query::Workspace((*w).clone()),
            )
            .is_ok()
        })
        .filter_map(|w| {
            let workspace = eye.world.workspaces.get(w)?;
            Some((
                Some(ItemId::Workspace(w.clone())),
                vec![
                    cmk::resource(w).tone(Token::Link),
                    cmk::link_state(&workspace.link),
                    cmk::route(eye, w),
                    cmk::readable(eye, w),
                ],
            ))
        })
        .collect()
}
