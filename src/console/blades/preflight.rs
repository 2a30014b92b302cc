//! Everything that stands in the way of a cluster's key, and of its links, at once instead of one refusal after
//! another (extension).

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, flex};
use super::super::theme::Token;
use super::{Eye, cluster, cmk, shared};
use crate::engine::cluster::Cluster;
use crate::engine::cluster::preflight::{self, Finding};
use crate::engine::ids::ResourceId;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::{Answer, Query, Refusal, ask};

const LINKS: &[Column] = &[
    flex("workspace", "", 14, 2, 0),
    flex("verdict", "", 24, 1, 0),
];

/// Workspaces the page looks at; nearest first.
const SHOWN: usize = 12;

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let found = cluster::find(eye, id)?;
    let name = shared::resource_name(id);
    let mut main = vec![
        Block::Heading(format!("{name} · pre-flight check (ext)")),
        cmk::link_facts(vec![(
            ItemId::Cluster(id.clone()),
            "Cluster",
            cmk::resource(id),
        )]),
    ];
    match candidate(eye, found) {
        Some(key) => {
            let findings = preflight::set_key(eye.world, eye.now, eye.actor.person(), found, &key);
            main.push(cmk::link_facts(vec![(
                ItemId::KeyVersion(key.clone()),
                "Key",
                cmk::key(&key),
            )]));
            main.push(Block::Heading(format!(
                "Setting this key: {}",
                verdict(&findings)
            )));
            main.push(Block::Pairs(findings.iter().map(pair).collect()));
            main.extend(remedies(&findings));
        }
        None => main.push(Block::Text(
            Cell::new("There is no key you may look at: create a vault and a key first, or act as their owner.")
                .mark(Mark::Warn)
                .tone(Token::Warn),
        )),
    }
    let mut side = vec![Block::Heading("Linking a workspace".into())];
    side.extend(links(eye, found));
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Cluster(id.clone())],
    })
}

/// The key that would most likely serve: the newest version of the one in force, then any that fits, then any.
fn candidate(eye: Eye, cluster: &Cluster) -> Option<KeyIdentifier> {
    let newest = |id: &KeyIdentifier| {
        let key = eye.world.vaults.get(&id.vault)?.keys.get(&id.key)?;
        Some(KeyIdentifier {
            version: key.current()?.id.clone(),
            ..id.clone()
        })
    };

    let sees = |id: &KeyIdentifier| {
        ask(
            eye.world,
            eye.now,
            eye.actor,
            &Query::Vault(id.vault.clone()),
        )
        .is_ok()
    };
    if let Some(key) = &cluster.key {
        let key = newest(key).unwrap_or_else(|| key.clone());
        return Some(key).filter(sees);
    }
    let fitting = preflight::usable_keys(eye.world, eye.now, eye.actor, cluster);
    fitting.into_iter().next().or_else(|| {
        eye.world
            .vaults
            .values()
            .flat_map(|vault| {
                vault.keys.values().filter_map(|key| {
                    Some(KeyIdentifier {
                        vault: vault.name.clone(),
                        key: key.name.clone(),
                        version: key.current()?.id.clone(),
                    })
                })
            })
            .find(|k| sees(k))
    })
}

fn verdict(findings: &[Finding]) -> String {
    match findings.iter().filter(|f| f.verdict.is_err()).count() {
        0 => "nothing in the way".to_owned(),
        n => format!("{n} in the way"),
    }
}

fn pair(finding: &Finding) -> (Cell, Cell) {
    // Short enough for the narrow column.
    let what = finding.what.replace("permission ", "may ");
    match &finding.verdict {
        Ok(fine) => (
            Cell::new(what).mark(Mark::Ok).tone(Token::Ok),
            Cell::named(fine).tone(Token::Muted),
        ),
        Err(no) => (
            Cell::new(what).mark(Mark::Bad).tone(Token::Danger),
            Cell::new(format!("{} ({}, {})", no.message, no.id, no.rule)),
        ),
    }
}

/// What to do about what is in the way, each remedy once.
fn remedies(findings: &[Finding]) -> Vec<Block> {
    let mut remedies: Vec<String> = Vec::new();
    for no in findings.iter().filter_map(|f| f.verdict.as_ref().err()) {
        let mut remedy = no.remedy.clone();
        if let Some(at) = no.allowed_from {
            remedy.push_str(&format!(" Possible from {} UTC.", at.to_seconds()));
        }
        if !remedy.trim().is_empty() && !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    if remedies.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("What to do".into())];
    blocks.extend(
        remedies
            .into_iter()
            .map(|r| Block::Text(Cell::named(&r).mark(Mark::Info))),
    );
    blocks
}

/// Workspaces the actor may see that are not linked to it, those of its region first, each with all that is in
/// its way.
fn links(eye: Eye, cluster: &Cluster) -> Vec<Block> {
    let query = Query::Workspaces { deleted: false };
    let Ok(Answer::Workspaces(mut ids)) = ask(eye.world, eye.now, eye.actor, &query) else {
        return Vec::new();
    };
    ids.retain(|id| !cluster.links.contains(id));
    ids.sort_by_key(|id| {
        let found = eye.world.workspaces.get(id);
        found.is_none_or(|w| w.location != cluster.location)
    });
    if ids.is_empty() {
        let line = "There is no workspace that could be linked.";
        return vec![Block::Text(Cell::new(line).tone(Token::Muted))];
    }
    let mut blocks = Vec::new();
    for id in ids.iter().take(SHOWN) {
        let findings = preflight::link(eye.world, eye.now, eye.actor.person(), id, &cluster.id);
        let bad: Vec<&Refusal> = findings
            .iter()
            .filter_map(|f| f.verdict.as_ref().err().map(|no| &**no))
            .collect();
        let verdict = if bad.is_empty() {
            Cell::new("can be linked").mark(Mark::Ok).tone(Token::Ok)
        } else {
            Cell::new(verdict(&findings))
                .mark(Mark::Bad)
                .tone(Token::Danger)
        };
        blocks.push(Block::Links {
            columns: LINKS,
            rows: vec![(
                Some(ItemId::Workspace(id.clone())),
                vec![cmk::resource(id).tone(Token::Link), verdict],
            )],
        });
        blocks.push(Block::Facts(
            bad.iter()
                .map(|no| ("", Cell::new(format!("{} ({})", no.message, no.id))))
                .collect(),
        ));
    }
    if ids.len() > SHOWN {
        let line = format!("and {} more", ids.len() - SHOWN);
        blocks.push(Block::Text(Cell::new(line).tone(Token::Muted)));
    }
    blocks
}
