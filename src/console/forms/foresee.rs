//! What an act leads to: the world with it and the world without it, an hour and a half on, compared. And what a
//! key protects now.

use std::collections::BTreeMap;

use super::Asking;
use super::vault::warn;
use crate::console::blades::shared;
use crate::console::doc::Block;
use crate::console::rows::{Cell, Mark};
use crate::console::theme::Token;
use crate::engine::ids::{KeyName, ResourceId, VaultName};
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::{Actor, Command, SimTime, World, draft, due};

/// Steps of time after which the look ahead ends; a bound, not a rule.
const STEPS: usize = 5_000;

/// How it goes on with a cluster's data.
struct Outlook {
    /// Whether it can be read at the end, and since when that is so.
    readable: bool,
    since: SimTime,
    /// When it was first out of reach.
    lost: Option<SimTime>,
}

type Outlooks = BTreeMap<ResourceId, Outlook>;

fn outlook(mut world: World, now: SimTime) -> Outlooks {
    let rules = &world.rules;
    let until = now + rules.revocation_latency + rules.resume_latency;
    let mut seen = Outlooks::new();
    look(&world, now, &mut seen);
    for _ in 0..STEPS {
        let Some(at) = due(&world).filter(|at| *at <= until) else {
            break;
        };
        let at = at.max(now);
        let Ok(then) = draft(&world, at, &Actor::Time, &Command::Elapse) else {
            break;
        };
        world = then.world;
        look(&world, at, &mut seen);
    }
    seen
}

/// A cluster that is deleted stands as it last was: that it is deleted is said by itself.
fn look(world: &World, at: SimTime, seen: &mut Outlooks) {
    for cluster in world.clusters.values().filter(|c| c.is_live()) {
        let readable = cluster.protection.state.readable();
        let outlook = seen.entry(cluster.id.clone()).or_insert(Outlook {
            readable,
            since: at,
            lost: None,
        });
        if outlook.readable != readable {
            (outlook.readable, outlook.since) = (readable, at);
        }
        if !readable {
            outlook.lost.get_or_insert(at);
        }
    }
}

/// Whether a command can give a cluster its data or take it away.
pub fn matters(command: &Command) -> bool {
    matches!(
        command,
        Command::Vault(_)
            | Command::Key(_)
            | Command::Policy(_)
            | Command::Fault(_)
            | Command::Cluster(_)
    )
}

/// Clusters that lose or regain their data because of what was done in `then`, a world that follows from
/// the asker's.
pub fn consequences(asking: &Asking, then: &World) -> Vec<Block> {
    if asking.world.clusters.is_empty() {
        return Vec::new();
    }
    let without = outlook(asking.world.clone(), asking.now);
    let with = outlook(then.clone(), asking.now);
    let (mut blocks, mut unseen) = (Vec::new(), 0);
    for (id, then) in &with {
        let Some(before) = without.get(id) else {
            continue;
        };
        let loses = then.lost.filter(|_| before.lost.is_none());
        let regains = then.readable && !before.readable;
        if loses.is_none() && !regains {
            continue;
        }
        if !asking.sees_cluster(id) {
            unseen += 1;
            continue;
        }
        let name = shared::resource_name(id);
        let Some(lost) = loses else {
            blocks.push(Block::Text(
                Cell::new(format!(
                    "{name} can be used again {}.",
                    when(asking, then.since)
                ))
                .mark(Mark::Ok)
                .tone(Token::Ok),
            ));
            continue;
        };
        let whose = match asking.world.clusters.get(id).map_or(0, |c| c.links.len()) {
            0 => String::new(),
            n => format!(
                " of {}",
                counted(n, "linked workspace", "linked workspaces")
            ),
        };
        let until = if then.readable {
            format!(", until {} UTC", then.since.short())
        } else {
            String::new()
        };
        blocks.push(Block::Text(
            Cell::new(format!(
                "{name} loses access to its data {}{until}: the data{whose} cannot be read, and what arrives is lost or kept waiting.",
                when(asking, lost)
            ))
            .mark(Mark::Bad)
            .tone(Token::Danger),
        ));
    }
    if unseen > 0 {
        blocks.push(warn(format!(
            "It also changes access to {} that you may not see.",
            counted(unseen, "cluster", "clusters")
        )));
    }
    blocks
}

/// `at once`, or `by 22 Nov 10:00 UTC, in 1h 00m`.
fn when(asking: &Asking, at: SimTime) -> String {
    if at <= asking.now {
        return "at once".to_owned();
    }
    let left = asking.now.until(at).brief();
    format!("by {} UTC, in {left}", at.short())
}

/// `1 workspace`, `3 workspaces`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// What a vault's keys, or one of them, protect now.
pub fn users(asking: &Asking, vault: &VaultName, key: Option<&KeyName>) -> Vec<Block> {
    let uses = |used: &Option<KeyIdentifier>| {
        used.as_ref()
            .is_some_and(|used| used.vault == *vault && key.is_none_or(|key| used.key == *key))
    };
    let clusters = asking.world.clusters.values();
    let clusters = clusters.filter(|c| uses(&c.key)).map(|c| &c.id);
    let accounts = asking.world.storage_accounts.values();
    let accounts = accounts.filter(|a| uses(&a.key)).map(|a| &a.id);
    let mut names: Vec<String> = clusters
        .chain(accounts)
        .map(shared::resource_name)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let mut list = names.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    vec![warn(format!("In use by {list}."))]
}

/// Names in one sentence.
const NAMED: usize = 5;
