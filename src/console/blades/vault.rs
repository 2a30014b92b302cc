//! A vault as a page: what protects its keys, the keys, who may do what with them, and every call.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex, right};
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::cluster::encryption;
use crate::engine::cluster::{Cluster, encryption::Encryption};
use crate::engine::ids::{KeyName, VaultName};
use crate::engine::vault::Vault;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::Key;
use crate::engine::{Query, Refusal, SimTime, Span, ask};

const KEYS: &[Column] = &[
    flex("key", "KEY", 12, 2, 0),
    col("type", "TYPE", 12, 2),
    right("versions", "VERSIONS", 8, 1),
    col("current", "CURRENT", 10, 0),
    flex("neededBy", "NEEDED BY", 14, 2, 0),
];

const DELETED: &[Column] = &[
    flex("key", "KEY", 12, 2, 0),
    right("versions", "VERSIONS", 8, 1),
    flex("purge", "GONE FOR GOOD", 24, 2, 0),
];

pub const POLICIES: &[Column] = &[
    flex("principal", "PRINCIPAL", 12, 2, 0),
    col("kind", "KIND", 7, 2),
    col("keys", "MAY", 25, 0),
    flex("missing", "LACKS", 8, 2, 1),
];

const POLLS: &[Column] = &[
    flex("cluster", "CLUSTER", 10, 2, 0),
    col("last", "LAST", 8, 0),
    col("next", "NEXT", 8, 0),
    col("answer", "ANSWER NOW", 13, 0),
];

const TRAIL: &[Column] = &[
    col("at", "TIME (UTC)", 12, 0),
    flex("caller", "CALLER", 8, 2, 1),
    flex("call", "CALL", 11, 1, 0),
    flex("key", "KEY", 10, 3, 2),
    col("outcome", "OUTCOME", 13, 0),
    col("error", "ERROR", 8, 3),
];

/// Calls the page shows; the vault remembers all.
const SHOWN: usize = 100;

pub fn doc(eye: Eye, name: &VaultName) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Vault(name.clone()))?;
    let vault = eye.world.vault(name)?;
    let mut main = vec![
        Block::Heading(format!("{name} · key vault")),
        Block::Facts(facts(eye, vault)),
    ];
    let present = vault.keys.values().filter(|k| k.deleted.is_none());
    let rows: Vec<_> = present.map(|k| key_row(eye, vault, k)).collect();
    cmk::section(
        &mut main,
        format!("Keys ({})", rows.len()),
        KEYS,
        rows,
        "There is no key.",
    );
    let deleted: Vec<_> = vault
        .keys
        .values()
        .filter_map(|k| deleted_row(eye, vault, k))
        .collect();
    if !deleted.is_empty() {
        let title = format!("Deleted keys ({})", deleted.len());
        cmk::section(&mut main, title, DELETED, deleted, "");
    }
    let mut side = Vec::new();
    let rows = policies(eye, vault);
    cmk::section(
        &mut side,
        format!("Access policies ({})", vault.policies.len()),
        POLICIES,
        rows,
        "Nobody may use its keys.",
    );
    cmk::section(
        &mut side,
        "Used by".to_owned(),
        cmk::USERS,
        cmk::user_rows(eye, |k| k.vault == *name),
        "No cluster and no storage account uses a key of it.",
    );
    let polls = polls(eye, name);
    if !polls.is_empty() {
        side.push(Block::Heading("Routine calls of storage (computed)".into()));
        side.push(Block::Table {
            columns: POLLS,
            rows: polls,
        });
    }
    side.push(Block::Heading(format!(
        "Audit trail, latest first ({})",
        vault.trail.len()
    )));
    side.extend(trail(eye, vault));
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Vault(name.clone())],
    })
}

fn facts(eye: Eye, vault: &Vault) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let mut facts = vec![("State", cmk::vault_state(eye.now, vault))];
    if let Some(deleted) = &vault.deleted {
        facts.push((
            "Recoverable",
            Cell::new(format!("until {} UTC", deleted.purge_at.to_seconds())),
        ));
    }
    if let Some(fault) = vault.fault.as_ref().filter(|f| f.until > eye.now) {
        let mut until = shared::when_and_left(eye.now, fault.until);
        until.text = format!(
            "since {}, ends {}",
            fault.since.short(),
            until.text.trim_end()
        )
        .into();
        facts.push(("Fault", until.mark(Mark::Warn).tone(Token::Danger)));
    }
    facts.push(("Keys safe", {
        let level = vault.recovery_level(world.rules.vault_retention_max);
        if vault.recoverable() {
            Cell::new(format!("yes, {level}"))
                .mark(Mark::Ok)
                .tone(Token::Ok)
        } else {
            let lacks = if vault.soft_delete {
                "purge protection"
            } else {
                "soft delete and purge protection"
            };
            Cell::new(format!(
                "no, {level}: {lacks} missing, so no cluster takes its keys"
            ))
            .mark(Mark::Warn)
            .tone(Token::Warn)
        }
    }));
    facts.push((
        "Retention",
        if vault.soft_delete {
            Cell::new(format!("{} after a delete", vault.retention))
        } else {
            Cell::new("none: what is deleted is gone at once").tone(Token::Warn)
        },
    ));
    facts.extend([
        ("URI", Cell::new(vault.uri())),
        ("Region", Cell::named(&vault.location)),
        ("SKU", Cell::new(vault.sku.word())),
        (
            "Subscription",
            shared::subscription(world, &vault.subscription()),
        ),
        ("Group", Cell::named(vault.group())),
        ("Created", cmk::instant(vault.created_at)),
    ]);
    facts
}

/// `clprod 1a2b3c4d…` for each cluster that needs a version of a key.
fn needed_by(eye: Eye, vault: &VaultName, key: &KeyName) -> Cell {
    let users = cmk::users(eye, cmk::of_key(vault, key));
    if users.is_empty() {
        return Cell::none();
    }
    let words: Vec<String> = users
        .iter()
        .flat_map(|(cluster, needed)| {
            needed.iter().map(|k| {
                let head = cmk::version(&k.version).text;
                format!("{} {head}", shared::resource_name(&cluster.id))
            })
        })
        .collect();
    let cell = Cell::new(words.join(", "));
    // A version that is needed and cannot be used is what cuts clusters off.
    let broken = users.iter().flat_map(|(_, needed)| needed).any(|k| {
        let found = eye.world.vaults.get(vault).and_then(|v| v.keys.get(key));
        !found
            .filter(|found| found.deleted.is_none())
            .and_then(|found| found.version(&k.version))
            .is_some_and(|v| v.enabled)
    });
    if broken {
        cell.mark(Mark::Warn).tone(Token::Danger)
    } else {
        cell
    }
}

fn key_row(eye: Eye, vault: &Vault, key: &Key) -> (Option<ItemId>, Vec<Cell>) {
    let id = ItemId::Key(vault.name.clone(), key.name.clone());
    let (kind, current) = match key.current() {
        Some(version) => (
            Cell::new(format!("{} {}", version.kty, version.size)),
            enabled(version.enabled),
        ),
        None => (Cell::none(), Cell::none()),
    };
    (
        Some(id),
        vec![
            Cell::new(key.name.to_string()).tone(Token::Link),
            kind,
            Cell::number(key.versions.len()),
            current,
            needed_by(eye, &vault.name, &key.name),
        ],
    )
}

pub fn enabled(enabled: bool) -> Cell {
    if enabled {
        Cell::new("enabled").mark(Mark::Ok).tone(Token::Ok)
    } else {
        Cell::new("disabled").mark(Mark::Bad).tone(Token::Danger)
    }
}

fn deleted_row(eye: Eye, vault: &Vault, key: &Key) -> Option<(Option<ItemId>, Vec<Cell>)> {
    let deleted = key.deleted?;
    Some((
        Some(ItemId::Key(vault.name.clone(), key.name.clone())),
        vec![
            Cell::new(key.name.to_string()).tone(Token::Link),
            Cell::number(key.versions.len()),
            shared::when_and_left(eye.now, deleted.purge_at).tone(Token::Text),
        ],
    ))
}

/// The policies of a vault, and clusters that use it without one.
pub fn policies(eye: Eye, vault: &Vault) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    let mut callers: Vec<Caller> = vault.policies.keys().cloned().collect();
    for (cluster, _) in cmk::users(eye, |k| k.vault == vault.name) {
        let caller = Caller::Identity(cluster.identity);
        if !callers.contains(&caller) {
            callers.push(caller);
        }
    }
    callers
        .into_iter()
        .flat_map(|caller| {
            let may: Vec<&str> = vault
                .policies
                .get(&caller)
                .into_iter()
                .flatten()
                .map(|p| p.word())
                .collect();
            let kind = cmk::caller_kind(eye.world, &caller);
            let missing = cmk::missing(vault, &caller);
            let lacks = if kind == "cluster" && !missing.is_empty() {
                Cell::new(missing.join(", ")).tone(Token::Danger)
            } else {
                Cell::none()
            };
            let name = cmk::caller(eye.world, &caller).tone(Token::Link);
            let kind = Cell::new(kind).tone(Token::Muted);
            let item = Some(ItemId::Policy(vault.name.clone(), caller));
            if may.is_empty() {
                let may = Cell::new("nothing").tone(Token::Danger);
                return vec![(item, vec![name, kind, may, lacks])];
            }
            // Three to a line, so that none is cut off.
            let mut lines: Vec<_> = may
                .chunks(3)
                .map(|few| {
                    (
                        None,
                        vec![Cell::new(""), Cell::new(""), Cell::new(few.join(", "))],
                    )
                })
                .collect();
            if let Some(first) = lines.first_mut() {
                let may = first.1.pop().unwrap_or_else(Cell::none);
                *first = (item, vec![name, kind, may, lacks]);
            }
            lines
        })
        .collect()
}

/// The last and the next routine call of each cluster that uses the vault. They are no events: storage calls
/// at instants that follow from the seed.
fn polls(eye: Eye, vault: &VaultName) -> Vec<Vec<Cell>> {
    cmk::users(eye, |k| k.vault == *vault)
        .into_iter()
        .filter_map(|(cluster, _)| {
            let (last, next) = routine(eye, cluster)?;
            let answer = encryption::poll_outcome(eye.world, cluster, eye.now)?;
            Some(vec![
                cmk::resource(&cluster.id),
                last.map_or_else(Cell::none, cmk::clock),
                cmk::clock(next),
                cmk::outcome(&answer),
            ])
        })
        .collect()
}

/// When storage of a cluster called last, and when it calls next.
pub fn routine(eye: Eye, cluster: &Cluster) -> Option<(Option<SimTime>, SimTime)> {
    if !cluster.is_live() || cluster.protection.state == Encryption::MicrosoftKey {
        return None;
    }
    let (next, _) = encryption::next_poller(eye.world, cluster, eye.now)?;
    let back = eye.now - Span(eye.world.rules.poll_max.0.saturating_mul(3));
    let last = cluster
        .accounts
        .iter()
        .filter_map(|a| {
            encryption::polls(eye.world, a.id, back)
                .take_while(|at| *at <= eye.now)
                .last()
        })
        .max();
    Some((last, next))
}

fn trail(eye: Eye, vault: &Vault) -> Vec<Block> {
    let rows: Vec<Vec<Cell>> = vault
        .trail
        .iter()
        .rev()
        .take(SHOWN)
        .map(|call| {
            let caller = call.caller.as_ref().map_or_else(
                || Cell::new("the service").tone(Token::Muted),
                |c| cmk::caller(eye.world, c),
            );
            let key = call.key.as_ref().map_or_else(Cell::none, |(key, version)| {
                let head = version.as_ref().map(|v| cmk::version(v).text);
                Cell::new(match head {
                    Some(head) => format!("{key}/{head}"),
                    None => key.to_string(),
                })
            });
            let error = call.outcome.error().map(str::to_owned);
            vec![
                Cell::time(call.at),
                caller,
                Cell::new(call.done.word()),
                key,
                cmk::outcome(&call.outcome),
                error.map_or_else(Cell::none, |id| Cell::new(id).tone(Token::Muted)),
            ]
        })
        .collect();
    let mut blocks = Vec::new();
    if rows.is_empty() {
        blocks.push(Block::Text(
            Cell::new("Nobody has called it yet.").tone(Token::Muted),
        ));
        return blocks;
    }
    blocks.push(Block::Table {
        columns: TRAIL,
        rows,
    });
    if vault.trail.len() > SHOWN {
        let line = format!("and {} earlier calls", vault.trail.len() - SHOWN);
        blocks.push(Block::Text(Cell::new(line).tone(Token::Muted)));
    }
    blocks
}
