//! A key as a page: its versions, newest first, with who stands and falls with each, and who may use it.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex};
use super::super::theme::Token;
use super::{Eye, cmk, shared, vault};
use crate::engine::ids::{KeyName, VaultName};
use crate::engine::vault::Vault;
use crate::engine::vault::key::{Key, KeyIdentifier, Version};
use crate::engine::{Query, Refusal, SimTime, ask, errors};

const VERSIONS: &[Column] = &[
    col("version", "VERSION", 9, 0),
    col("state", "STATE", 10, 0),
    col("created", "CREATED", 12, 3),
    flex("window", "VALID", 6, 1, 2),
    col("type", "TYPE", 12, 4),
    flex("inForce", "IN FORCE ON", 24, 6, 0),
];

pub fn find<'a>(
    eye: Eye<'a>,
    vault: &VaultName,
    key: &KeyName,
) -> Result<(&'a Vault, &'a Key), Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Vault(vault.clone()))?;
    let found = eye.world.vault(vault)?;
    let key = found.keys.get(key).ok_or_else(|| {
        errors::KV_03
            .says(format!(
                "A key with the name {key} was not found in the vault {vault}."
            ))
            .target("key")
    })?;
    Ok((found, key))
}

pub fn doc(eye: Eye, vault: &VaultName, name: &KeyName) -> Result<Doc, Refusal> {
    let (found, key) = find(eye, vault, name)?;
    let mut main = vec![
        Block::Heading(format!("{name} · key of {vault}")),
        cmk::link_facts(vec![(
            ItemId::Vault(vault.clone()),
            "Vault",
            Cell::new(vault.to_string()),
        )]),
        Block::Facts(facts(eye, found, key)),
    ];
    let rows = key
        .versions
        .iter()
        .rev()
        .map(|v| row(eye, found, key, v))
        .collect();
    cmk::section(
        &mut main,
        format!("Versions, newest first ({})", key.versions.len()),
        VERSIONS,
        rows,
        "There is no version.",
    );
    let mut side = Vec::new();
    cmk::section(
        &mut side,
        "Used by".to_owned(),
        cmk::USERS,
        cmk::user_rows(eye, cmk::of_key(vault, name)),
        "No cluster and no storage account uses it.",
    );
    cmk::section(
        &mut side,
        "Who may use keys of this vault".to_owned(),
        vault::POLICIES,
        vault::policies(eye, found),
        "Nobody may.",
    );
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Key(vault.clone(), name.clone())],
    })
}

fn facts(eye: Eye, vault: &Vault, key: &Key) -> Vec<(&'static str, Cell)> {
    let mut facts = Vec::new();
    if let Some(deleted) = &key.deleted {
        let mut until = shared::when_and_left(eye.now, deleted.purge_at);
        until.text = format!("deleted; gone for good {}", until.text).into();
        facts.push(("State", until.mark(Mark::Warn).tone(Token::Warn)));
    }
    if let Some(current) = key.current() {
        facts.push((
            "Type",
            Cell::new(format!("{}, {} bits", current.kty, current.size)),
        ));
    }
    facts.push(("If deleted", {
        let level = vault.recovery_level(eye.world.rules.vault_retention_max);
        if vault.soft_delete {
            Cell::new(format!("{level}, for {}", vault.retention))
        } else {
            Cell::new(format!("{level}: gone at once, with all data under it"))
                .mark(Mark::Warn)
                .tone(Token::Warn)
        }
    }));
    facts.push((
        "Rotation",
        Cell::new("A new version alone changes nothing; update the cluster to it.")
            .tone(Token::Muted),
    ));
    facts
}

fn row(eye: Eye, vault: &Vault, key: &Key, version: &Version) -> (Option<ItemId>, Vec<Cell>) {
    let id = KeyIdentifier {
        vault: vault.name.clone(),
        key: key.name.clone(),
        version: version.id.clone(),
    };
    let cells = vec![
        cmk::version(&version.id).tone(Token::Link),
        vault::enabled(version.enabled),
        Cell::time(version.created_at),
        window(eye.now, version),
        Cell::new(format!("{} {}", version.kty, version.size)).tone(Token::Muted),
        uses(eye, &id),
    ];
    (Some(ItemId::KeyVersion(id)), cells)
}

/// What a version is needed for, by the world as it is now.
fn uses(eye: Eye, id: &KeyIdentifier) -> Cell {
    let mut words = Vec::new();
    for (cluster, _) in cmk::users(eye, |k| k == id) {
        let name = shared::resource_name(&cluster.id);
        if cluster.key.as_ref() != Some(id) {
            words.push(format!("coming on {name}"));
            continue;
        }
        let aeks: Vec<String> = cluster
            .accounts
            .iter()
            .filter_map(|a| a.customer)
            .map(|aek| aek.to_string())
            .collect();
        words.push(match aeks.as_slice() {
            [] => name,
            [one] => format!("{name}, wraps {one}"),
            [first, rest @ ..] => format!("{name}, wraps {first} +{}", rest.len()),
        });
    }
    for account in cmk::storage_users(eye, |k| k == id) {
        words.push(shared::resource_name(&account.id));
    }
    if words.is_empty() {
        Cell::new("nothing").tone(Token::Muted)
    } else {
        Cell::new(words.join("; ")).tone(Token::Strong)
    }
}

/// When a version may wrap.
pub fn window(now: SimTime, version: &Version) -> Cell {
    let cell = match (version.not_before, version.expires) {
        (None, None) => return Cell::new("always").tone(Token::Muted),
        (Some(from), None) => Cell::new(format!("from {}", from.short())),
        (None, Some(until)) => Cell::new(format!("until {}", until.short())),
        (Some(from), Some(until)) => Cell::new(format!("{} to {}", from.short(), until.short())),
    };
    let early = version.not_before.is_some_and(|from| now < from);
    let late = version.expires.is_some_and(|until| now >= until);
    if early || late {
        cell.tone(Token::Warn)
    } else {
        cell
    }
}
