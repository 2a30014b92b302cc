//! One version of a key as a page: its attributes, what stands and falls with it, and what would happen if it
//! were disabled now, found by trying it on a copy of the world.

use std::collections::BTreeMap;

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, ItemId, Mark};
use super::super::theme::Token;
use super::{Eye, cmk, key, shared, vault};
use crate::engine::cluster::encryption;
use crate::engine::ids::ResourceId;
use crate::engine::vault::Vault;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::{Attributes, Command, KeyIdentifier, Version};
use crate::engine::{Actor, Fact, Refusal, SimTime, World, draft, due, errors};

pub fn doc(eye: Eye, id: &KeyIdentifier) -> Result<Doc, Refusal> {
    let (found, key) = key::find(eye, &id.vault, &id.key)?;
    let version = key.version(&id.version).ok_or_else(|| {
        errors::KV_03
            .says(format!("The key {} has no version {}.", id.key, id.version))
            .target("version")
    })?;
    let current = key.current().is_some_and(|c| c.id == version.id);
    let head = cmk::version(&id.version).text;
    let mut main = vec![
        Block::Heading(format!("{head} · version of {}/{}", id.vault, id.key)),
        cmk::link_facts(vec![
            (
                ItemId::Vault(id.vault.clone()),
                "Vault",
                Cell::new(id.vault.to_string()),
            ),
            (
                ItemId::Key(id.vault.clone(), id.key.clone()),
                "Key",
                Cell::new(id.key.to_string()),
            ),
        ]),
        Block::Facts(facts(eye, id, version, current)),
    ];
    cmk::section(
        &mut main,
        "Needed by".to_owned(),
        cmk::USERS,
        cmk::user_rows(eye, |k| k == id),
        "Nobody: it wraps nothing that is in use.",
    );
    let side = if version.enabled {
        let mut blocks = vec![Block::Heading("If it is disabled now".into())];
        blocks.extend(if_disabled(eye, found, id));
        blocks
    } else {
        vec![
            Block::Heading("It is disabled".into()),
            Block::Text(
                Cell::new("The vault refuses every use of it. Enabling it lets service resume.")
                    .tone(Token::Warn),
            ),
        ]
    };
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::KeyVersion(id.clone())],
    })
}

fn facts(
    eye: Eye,
    id: &KeyIdentifier,
    version: &Version,
    current: bool,
) -> Vec<(&'static str, Cell)> {
    let mut facts = vec![
        ("State", vault::enabled(version.enabled)),
        (
            "Current",
            if current {
                Cell::new("yes, the newest version")
            } else {
                Cell::new("no, there is a newer version").tone(Token::Muted)
            },
        ),
        (
            "Type",
            Cell::new(format!("{}, {} bits", version.kty, version.size)),
        ),
        ("Valid", key::window(eye.now, version)),
        ("Created", cmk::instant(version.created_at)),
        ("Changed", cmk::instant(version.updated_at)),
    ];
    if let Some(print) = &version.imported {
        facts.push(("Imported", Cell::named(print).tone(Token::Muted)));
    }
    facts.push(("kid", Cell::new(id.kid())));
    facts
}

/// What becomes of one cluster.
#[derive(Default)]
struct Fate {
    noticed: Option<SimTime>,
    revoked: Option<SimTime>,
}

/// Steps of time a what-if looks at; a quiet hour has a few dozen.
const STEPS: usize = 500;

fn if_disabled(eye: Eye, vault: &Vault, id: &KeyIdentifier) -> Vec<Block> {
    let off = Command::SetAttributes {
        vault: id.vault.clone(),
        key: id.key.clone(),
        version: Some(id.version.clone()),
        attributes: Attributes {
            enabled: Some(false),
            ..Attributes::default()
        },
    };
    let others = vault.policies.keys().filter_map(|caller| match caller {
        Caller::Person(person) => Some(Actor::Person(person.clone())),
        Caller::Identity(_) => None,
    });
    let mut refusal = None;
    let done = std::iter::once(eye.actor.clone())
        .chain(others)
        .find_map(|actor| {
            draft(eye.world, eye.now, &actor, &off.clone().into())
                .map_err(|no| refusal = Some(no))
                .ok()
        });
    let Some(done) = done else {
        let why = refusal.map_or_else(String::new, |no| format!(" {no}"));
        return vec![Block::Text(
            Cell::new(format!("Nobody can disable it now.{why}")).tone(Token::Muted),
        )];
    };
    let rules = &eye.world.rules;
    let horizon = eye.now + rules.revocation_latency + rules.poll_max + rules.poll_max;
    let (then, fates) = play(done.world, eye.now, horizon);
    let mut blocks = Vec::new();
    for (cluster, _) in cmk::users(eye, |k| k == id) {
        blocks.extend(fate_of(eye, &then, &cluster.id, fates.get(&cluster.id)));
    }
    let unseen = fates
        .iter()
        .filter(|(id, fate)| fate.revoked.is_some() && !cmk::sees_cluster(eye, id))
        .count();
    if unseen > 0 {
        let line = format!("{unseen} more of clusters you may not see are cut off.");
        blocks.push(Block::Text(Cell::new(line).tone(Token::Warn)));
    }
    for account in cmk::storage_users(eye, |k| k == id) {
        let line = format!(
            "{}: the queries kept there cannot be read, at once.",
            shared::resource_name(&account.id)
        );
        blocks.push(Block::Text(
            Cell::new(line).mark(Mark::Bad).tone(Token::Danger),
        ));
    }
    if blocks.is_empty() {
        blocks.push(Block::Text(
            Cell::new("Nothing else changes: no cluster and no storage account depends on it.")
                .tone(Token::Muted),
        ));
    }
    blocks
}

/// Lets time act on a copy of the world up to an instant.
fn play(mut world: World, now: SimTime, until: SimTime) -> (World, BTreeMap<ResourceId, Fate>) {
    let mut fates: BTreeMap<ResourceId, Fate> = BTreeMap::new();
    for _ in 0..STEPS {
        let Some(at) = due(&world).filter(|at| *at <= until) else {
            break;
        };
        let elapse = crate::engine::Command::Elapse;
        let Ok(step) = draft(&world, at.max(now), &Actor::Time, &elapse) else {
            break;
        };
        for event in &step.events {
            match &event.fact {
                Fact::Encryption(encryption::Fact::RevocationNoticed { cluster, .. }) => {
                    let fate = fates.entry(cluster.clone()).or_default();
                    fate.noticed.get_or_insert(event.at);
                }
                Fact::Encryption(encryption::Fact::Revoked { cluster }) => {
                    let fate = fates.entry(cluster.clone()).or_default();
                    fate.revoked.get_or_insert(event.at);
                }
                _ => {}
            }
        }
        world = step.world;
    }
    (world, fates)
}

fn fate_of(eye: Eye, then: &World, id: &ResourceId, fate: Option<&Fate>) -> Vec<Block> {
    let name = shared::resource_name(id);
    let Some(cluster) = eye.world.clusters.get(id) else {
        return Vec::new();
    };
    let noticed = fate.and_then(|f| f.noticed);
    let revoked = fate.and_then(|f| f.revoked);
    if noticed.is_none() && revoked.is_none() {
        let line = format!(
            "{name}: nothing more changes within the hour, it is {} already.",
            cluster.protection.state.word()
        );
        return vec![Block::Text(Cell::new(line).tone(Token::Muted))];
    }
    let mut facts = Vec::new();
    if let Some(at) = noticed {
        facts.push((
            "Noticed",
            Cell::new(format!(
                "{} UTC, at the next call of storage",
                at.to_seconds()
            )),
        ));
    }
    if let Some(at) = revoked {
        let mut when = shared::when_and_left(eye.now, at);
        when.text = format!("{}, at the latest", when.text).into();
        facts.push(("Cut off", when.mark(Mark::Bad).tone(Token::Danger)));
    }
    // What the copy says of its workspaces once time has passed there.
    let lost: Vec<String> = cluster
        .links
        .iter()
        .filter(|w| then.readable(then.now, w).is_err())
        .map(shared::resource_name)
        .collect();
    facts.push((
        "Workspaces",
        match lost.as_slice() {
            [] => Cell::new("none is linked").tone(Token::Muted),
            names => {
                let shown = names.len().min(5);
                let more = match names.len() - shown {
                    0 => String::new(),
                    n => format!(" and {n} more"),
                };
                Cell::new(format!(
                    "{}{more}: no query is answered, and what they send is lost",
                    names[..shown].join(", ")
                ))
                .tone(Token::Danger)
            }
        },
    ));
    vec![
        Block::Text(Cell::new(format!("Cluster {name}")).tone(Token::Strong)),
        Block::Facts(facts),
    ]
}
