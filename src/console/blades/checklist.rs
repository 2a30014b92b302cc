//! The provisioning walk of a cluster, step by step: what is done, what is missing, and the command for it.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, ItemId, Mark};
use super::super::theme::Token;
use super::{Eye, cluster, cmk, shared};
use crate::engine::cluster::Cluster;
use crate::engine::cluster::preflight::{self, Progress, Standing, Step};
use crate::engine::ids::ResourceId;
use crate::engine::{Query, Refusal, ask};

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let found = cluster::find(eye, id)?;
    let name = shared::resource_name(id);
    let steps = preflight::checklist(eye.world, eye.now, eye.actor, found);
    let done = steps
        .iter()
        .filter(|s| s.progress == Progress::Done)
        .count();
    let mut main = vec![
        Block::Heading(format!(
            "{name} · {done} of {} steps to your own key are done",
            steps.len()
        )),
        cmk::link_facts(vec![(
            ItemId::Cluster(id.clone()),
            "Cluster",
            cmk::resource(id),
        )]),
    ];
    for (n, standing) in steps.iter().enumerate() {
        main.push(Block::Gap);
        let (mark, tone) = look(standing.progress);
        main.push(Block::Text(
            Cell::new(format!(
                "{} {} · {}",
                n + 1,
                standing.step.title(),
                standing.progress
            ))
            .mark(mark)
            .tone(tone),
        ));
        main.push(Block::Facts(facts(eye, found, standing)));
        if standing.progress == Progress::Running {
            main.extend(running(eye, found));
        }
    }
    Ok(Doc {
        main,
        side: Vec::new(),
        about: vec![ItemId::Cluster(id.clone())],
    })
}

fn look(progress: Progress) -> (Mark, Token) {
    match progress {
        Progress::Done => (Mark::Ok, Token::Ok),
        Progress::Running => (Mark::Busy, Token::Info),
        Progress::Next => (Mark::Waiting, Token::Warn),
        Progress::Waits => (Mark::Off, Token::Muted),
    }
}

/// A step in two cells, for the page of the cluster.
pub fn pair(standing: &Standing) -> (Cell, Cell) {
    let (mark, tone) = look(standing.progress);
    // What the step is called where there is little room.
    let short = match standing.step {
        Step::Allow => "Allow-list",
        Step::VaultAndKey => "Vault and key",
        Step::Create => "Cluster",
        Step::Grant => "Permission",
        Step::SetKey => "Key set",
        Step::Link => "Workspaces",
    };
    (
        Cell::new(short).mark(mark).tone(tone),
        Cell::named(&standing.note),
    )
}

fn facts(eye: Eye, cluster: &Cluster, standing: &Standing) -> Vec<(&'static str, Cell)> {
    let label = match standing.progress {
        Progress::Done => "  there",
        Progress::Running => "  running",
        Progress::Next | Progress::Waits => "  now",
    };
    let mut facts = vec![(label, Cell::named(&standing.note))];
    if matches!(standing.progress, Progress::Next | Progress::Waits) {
        facts.extend(
            commands(eye, cluster, standing.step)
                .into_iter()
                .map(|command| ("  to do", Cell::named(&command).tone(Token::Accent))),
        );
    }
    facts
}

/// What one types to do a step.
fn commands(eye: Eye, cluster: &Cluster, step: Step) -> Vec<String> {
    let name = cluster.id.name();
    let region = &cluster.location;
    let group = format!("{}/{}", cluster.subscription(), cluster.group());
    let candidates = preflight::usable_keys(eye.world, eye.now, eye.actor, cluster);
    let vault = cluster
        .key
        .as_ref()
        .or(candidates.first())
        .map_or("VAULT", |k| k.vault.as_str());
    match step {
        Step::Allow => vec![format!(
            "lockbox support allow-subscription {} --location {region}",
            cluster.subscription()
        )],
        Step::VaultAndKey => vec![
            format!(
                "lockbox vault create VAULT --group {group} --location {region} --soft-delete true --purge-protection true"
            ),
            "lockbox key create VAULT/KEY".to_owned(),
        ],
        Step::Create => vec![
            format!("lockbox cluster delete {name}"),
            format!("lockbox cluster create {name} --group {group} --location {region}"),
        ],
        Step::Grant => vec![format!(
            "lockbox policy set {vault} --principal {name} --keys get,wrapKey,unwrapKey"
        )],
        Step::SetKey => vec![match candidates.first() {
            Some(key) => format!(
                "lockbox cluster set-key {name} --vault {} --key {} --version {}",
                key.vault, key.key, key.version
            ),
            None => format!("lockbox cluster set-key {name} --vault VAULT --key KEY"),
        }],
        Step::Link => vec![format!("lockbox link create WORKSPACE {name}")],
    }
}

/// The bars of what runs for a cluster: its own operation, and links on their way.
fn running(eye: Eye, cluster: &Cluster) -> Option<Block> {
    let links = cluster
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
        .filter_map(|w| eye.world.workspaces.get(w)?.link.operation());
    let rows: Vec<_> = cluster
        .operation
        .into_iter()
        .chain(links)
        .filter_map(|id| cmk::running(eye, id))
        .collect();
    (!rows.is_empty()).then_some(Block::Links {
        columns: cmk::RUNNING,
        rows,
    })
}
