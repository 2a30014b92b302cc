//! The way back to a cluster's data, as a checklist: what is to be restored, in which order, by whom; what then
//! comes by itself; and what stays lost.

use super::ways::enabled;
use crate::engine::Command;
use crate::engine::cluster::Cluster;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::decide;
use crate::engine::event::Actor;
use crate::engine::ids::{PersonId, ResourceId};
use crate::engine::ingestion::ledger::Scope;
use crate::engine::refusal::Refusal;
use crate::engine::text::{bytes, scrub};
use crate::engine::time::SimTime;
use crate::engine::vault;
use crate::engine::vault::access_policy::{self, CLUSTER_NEEDS, Caller};
use crate::engine::vault::key::{self, KeyIdentifier};
use crate::engine::vault::network;
use crate::engine::words::words;
use crate::engine::world::World;

/// Persons that are asked whether they may do a step; a bound, not a rule.
const ASKED: usize = 200;
/// Persons that are named for a step.
const NAMED: usize = 2;

words! {
    Standing {
        Done = "done",
        /// Can be done now.
        Now = "now",
        /// After a step before it, or by itself.
        Later = "later",
        Impossible = "impossible",
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    pub standing: Standing,
    /// How it stands, and what to mind.
    pub note: String,
    pub rule: &'static str,
    /// What does it, and who may.
    pub does: Option<(Actor, Command)>,
    pub who: Vec<PersonId>,
}

/// What leads back to the data of a cluster.
pub fn way_back(
    world: &World,
    now: SimTime,
    actor: &Actor,
    id: &ResourceId,
) -> Result<Vec<Step>, Refusal> {
    let cluster = world.cluster(id)?;
    let mut steps = Vec::new();
    if let Some(key) = &cluster.key {
        steps = vec![
            vault_step(world, key),
            key_step(world, key),
            version_step(world, key),
            policy_step(world, cluster, key),
            network_step(world, now, key),
        ];
        // What is deleted cannot be worked on: later steps wait for the first that is not done.
        let mut open = false;
        for step in &mut steps {
            if open && step.standing == Standing::Now {
                step.standing = Standing::Later;
            }
            open |= matches!(step.standing, Standing::Now | Standing::Impossible)
                && step.rule != POLICY;
        }
        for step in &mut steps {
            who(world, now, actor, step);
        }
        steps.extend(by_itself(world, now, cluster));
    }
    steps.extend(links(world, now, cluster));
    steps.push(lost(world, now, cluster));
    Ok(steps)
}

const POLICY: &str = "R-CMK-23";

fn step(title: &str, standing: Standing, note: String, rule: &'static str) -> Step {
    Step {
        title: title.to_owned(),
        standing,
        note,
        rule,
        does: None,
        who: Vec::new(),
    }
}

fn vault_step(world: &World, key: &KeyIdentifier) -> Step {
    let title = "Recover the vault";
    let name = &key.vault;
    match world.vaults.get(name) {
        None => step(
            title,
            Standing::Impossible,
            format!("{name} is purged, and its keys with it: nothing opens the data again."),
            "R-KV-03",
        ),
        Some(vault) => match &vault.deleted {
            None => step(
                title,
                Standing::Done,
                format!("{name} is there."),
                "R-KV-02",
            ),
            Some(deleted) => Step {
                does: Some((
                    Actor::Observer,
                    vault::Command::Recover {
                        vault: name.clone(),
                    }
                    .into(),
                )),
                ..step(
                    title,
                    Standing::Now,
                    format!(
                        "{name} can be recovered until {} UTC.",
                        deleted.purge_at.short()
                    ),
                    "R-KV-02",
                )
            },
        },
    }
}

fn key_step(world: &World, key: &KeyIdentifier) -> Step {
    let title = "Recover the key";
    let name = &key.key;
    let found = world.vaults.get(&key.vault).and_then(|v| v.keys.get(name));
    match found {
        None => step(
            title,
            Standing::Impossible,
            format!("{name} is purged: nothing opens the data again."),
            "R-KV-03",
        ),
        Some(found) => match &found.deleted {
            None => step(
                title,
                Standing::Done,
                format!("{name} is there."),
                "R-KV-02",
            ),
            Some(deleted) => Step {
                does: Some((
                    Actor::Observer,
                    key::Command::Recover {
                        vault: key.vault.clone(),
                        key: name.clone(),
                    }
                    .into(),
                )),
                ..step(
                    title,
                    Standing::Now,
                    format!(
                        "{name} can be recovered until {} UTC.",
                        deleted.purge_at.short()
                    ),
                    "R-KV-02",
                )
            },
        },
    }
}

/// The version the cluster points at, and no other.
fn version_step(world: &World, key: &KeyIdentifier) -> Step {
    let title = "Enable the version the cluster points at";
    let found = world
        .vaults
        .get(&key.vault)
        .and_then(|v| v.keys.get(&key.key));
    let head = |id: &crate::engine::ids::KeyVersionId| {
        let head: String = id.to_string().chars().take(8).collect();
        format!("{head}…")
    };
    let Some(version) = found.and_then(|k| k.version(&key.version)) else {
        return step(
            title,
            Standing::Impossible,
            format!("{} does not exist any more.", head(&key.version)),
            "R-KV-07",
        );
    };
    let newest = found.and_then(|k| k.current()).map(|v| &v.id);
    let trap = match newest.filter(|id| **id != key.version) {
        Some(newest) => format!(
            " Not the newest one, {}: enabling that does not help (R-CMK-48).",
            head(newest)
        ),
        None => String::new(),
    };
    if version.enabled {
        let note = format!("{} is enabled.{trap}", head(&version.id));
        return step(title, Standing::Done, note, "R-CMK-47");
    }
    Step {
        does: Some((Actor::Observer, enabled(key, true))),
        ..step(
            title,
            Standing::Now,
            format!("{} is disabled.{trap}", head(&version.id)),
            "R-CMK-47",
        )
    }
}

fn policy_step(world: &World, cluster: &Cluster, key: &KeyIdentifier) -> Step {
    let title = "Give the cluster all three permissions";
    let identity = Caller::Identity(cluster.identity);
    let held = world
        .vaults
        .get(&key.vault)
        .and_then(|v| v.policies.get(&identity))
        .cloned()
        .unwrap_or_default();
    let missing: Vec<&str> = CLUSTER_NEEDS
        .iter()
        .filter(|needed| !held.contains(*needed))
        .map(|p| p.word())
        .collect();
    if missing.is_empty() {
        let note = "It has get, wrapKey and unwrapKey.".to_owned();
        return step(title, Standing::Done, note, POLICY);
    }
    let keys = held.iter().copied().chain(CLUSTER_NEEDS).collect();
    let set = access_policy::Command::Set {
        vault: key.vault.clone(),
        principal: identity,
        keys,
    };
    Step {
        does: Some((Actor::Observer, set.into())),
        ..step(
            title,
            Standing::Now,
            format!("Missing: {}.", missing.join(", ")),
            POLICY,
        )
    }
}

fn network_step(world: &World, now: SimTime, key: &KeyIdentifier) -> Step {
    let title = "The vault answers";
    let vault = world.vaults.get(&key.vault);
    match vault
        .and_then(|v| v.fault.as_ref())
        .filter(|f| f.until > now)
    {
        None => step(
            title,
            Standing::Done,
            "It can be reached.".into(),
            "R-CMK-51",
        ),
        Some(fault) => Step {
            does: Some((
                Actor::Simulator,
                network::Command::Clear {
                    vault: key.vault.clone(),
                }
                .into(),
            )),
            ..step(
                title,
                Standing::Now,
                format!(
                    "{} until {} UTC; the simulator can end it sooner.",
                    fault.kind,
                    fault.until.short()
                ),
                "R-CMK-51",
            )
        },
    }
}

/// Who may do a step, beginning with whoever asks.
fn who(world: &World, now: SimTime, actor: &Actor, step: &mut Step) {
    let Some((by, command)) = &mut step.does else {
        return;
    };
    if *by == Actor::Simulator {
        return;
    }
    *by = actor.clone();
    // A step that waits cannot be tried yet: what stands before it would be the answer.
    if step.standing != Standing::Now {
        return;
    }
    let may = |id: &&PersonId| {
        let person = Actor::Person((*id).clone());
        decide(world, now, &person, command).is_ok()
    };
    let persons = world.people.persons.keys().take(ASKED);
    step.who = persons.filter(may).take(NAMED).cloned().collect();
    if let Actor::Person(me) = actor
        && decide(world, now, actor, command).is_ok()
    {
        step.who.retain(|id| id != me);
        step.who.insert(0, me.clone());
        step.who.truncate(NAMED);
    }
}

/// What comes by itself once the vault serves the key.
fn by_itself(world: &World, now: SimTime, cluster: &Cluster) -> Vec<Step> {
    let rules = &world.rules;
    let protection = &cluster.protection;
    let call = protection.next_watched_poll().filter(|at| *at > now);
    let (called, resumed) = match &protection.state {
        Encryption::Active | Encryption::MicrosoftKey if protection.refused.is_none() => {
            (Standing::Done, Standing::Done)
        }
        Encryption::Resuming { .. } => (Standing::Done, Standing::Later),
        _ => (Standing::Later, Standing::Later),
    };
    let note = match (called, call) {
        (Standing::Done, _) => "It has been served.".to_owned(),
        (_, Some(at)) => format!(
            "The next one comes at {} UTC, in {}.",
            at.calendar().format("%H:%M:%S"),
            now.until(at).brief()
        ),
        (_, None) => format!(
            "Every {} to {}.",
            rules.poll_min.brief(),
            rules.poll_max.brief()
        ),
    };
    let resume = match &protection.state {
        Encryption::Resuming { until } => format!(
            "Service is back at {} UTC, in {}.",
            until.short(),
            now.until(*until).brief()
        ),
        _ if resumed == Standing::Done => "Queries are answered, data is kept.".to_owned(),
        _ => format!("Within {} of that call.", rules.resume_latency.brief()),
    };
    vec![
        step("Wait for storage's next call", called, note, "R-CMK-49"),
        step("Wait until service resumes", resumed, resume, "R-CMK-46"),
    ]
}

/// Workspaces that were taken off it, and how often they can be linked still.
fn links(world: &World, now: SimTime, cluster: &Cluster) -> Option<Step> {
    let rules = &world.rules;
    let left = world.workspaces.values().find(|w| {
        let was_here = w.placements.iter().any(|p| p.cluster == cluster.id);
        w.deleted.is_none() && was_here && w.link.cluster().is_none()
    })?;
    let used = left.links_since(now - rules.link_window);
    let name = scrub(left.id.name());
    let limit = rules.link_operations as usize;
    let (standing, note) = match used.len() < limit {
        true => (
            Standing::Now,
            format!(
                "{name} used {} of {limit} link operations of the last {}.",
                used.len(),
                rules.link_window
            ),
        ),
        false => {
            let free = used[used.len() - limit] + rules.link_window;
            (
                Standing::Later,
                format!("{name} used its {limit}; again from {} UTC.", free.short()),
            )
        }
    };
    Some(step(
        "Link again what was unlinked",
        standing,
        note,
        "R-LNK-11",
    ))
}

/// What no step brings back.
fn lost(world: &World, now: SimTime, cluster: &Cluster) -> Step {
    let lost = world
        .modelled(&Scope::Cluster(cluster.id.clone()), now)
        .lost();
    let title = "What was dropped comes back";
    match lost {
        0 => step(
            title,
            Standing::Done,
            "Nothing was dropped.".to_owned(),
            "R-CMK-42",
        ),
        lost => step(
            title,
            Standing::Impossible,
            format!("{} stay lost for ever (modelled).", bytes(lost)),
            "R-CMK-42",
        ),
    }
}
