//! The chain from a vault to the data of a cluster: which of its links hold, which are about to break or to heal,
//! and when. That a link holds is a question to the world as it is ([`holds`]); when it will not any more is found
//! by letting time act on a fork, and the earliest and latest moment are what the rules leave open.
//!
//! ```text
//! vault -> key version -> AEK of each account -> data keys -> hot cache -> queries -> ingestion
//! ```

use super::{Instants, horizon};
use crate::engine::cluster::Cluster;
use crate::engine::cluster::encryption::{self, Encryption, Fact as Turn, Protection};
use crate::engine::draft::Draft;
use crate::engine::event::Fact;
use crate::engine::ids::{AccountId, ResourceId};
use crate::engine::refusal::Refusal;
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::network::Fault;
use crate::engine::words::words;
use crate::engine::world::World;

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It exists and answers.
    Vault,
    /// It lets the cluster's identity unwrap.
    Version,
    /// Storage has the account's plain AEK in its cache (R-CMK-50).
    Account(AccountId),
    /// Blocks are opened.
    DataKeys,
    /// The copies of the last days are there (R-CMK-45).
    HotCache,
    /// Questions are answered (R-CMK-43).
    Queries,
    /// What is sent is kept (R-CMK-42).
    Ingestion,
}

words! {
    State {
        Holds = "holds",
        /// It holds, and will break by itself.
        Burning = "burning",
        Broken = "broken",
        /// It is broken, and will hold by itself.
        Healing = "healing",
        /// The vault does not answer, so nobody knows.
        Unknown = "unknown",
    }
}

/// When a link breaks or heals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fuse {
    pub heals: bool,
    /// Since when it burns; not after now.
    pub lit: SimTime,
    /// The rules allow it from here on.
    pub earliest: SimTime,
    /// This world does it then, if nobody does anything.
    pub expected: SimTime,
    /// The rules demand it by then.
    pub latest: SimTime,
    pub rule: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub part: Part,
    /// What it is, by name.
    pub name: String,
    pub state: State,
    /// Why it is so, in words.
    pub why: String,
    pub rule: String,
    pub fuse: Option<Fuse>,
    /// When storage calls the vault for it next.
    pub call: Option<SimTime>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    pub links: Vec<Link>,
    /// The next call of storage that has something to notice.
    pub notice: Option<Fuse>,
}

/// The chain of a cluster as it is now.
pub fn lineage(world: &World, now: SimTime, id: &ResourceId) -> Result<Lineage, Refusal> {
    let cluster = world.cluster(id)?;
    let parts = parts(cluster);
    let fuses = fuses(world, now, id, &parts);
    let links = parts.into_iter().zip(fuses).map(|(part, fuse)| {
        let holds = holds(world, now, id, part);
        let state = match (holds, &fuse) {
            _ if silent(world, now, cluster, part) => State::Unknown,
            (true, None) => State::Holds,
            (true, Some(_)) => State::Burning,
            (false, None) => State::Broken,
            (false, Some(_)) => State::Healing,
        };
        let (why, rule) = why(world, now, cluster, part, state);
        let call = match part {
            Part::Account(account) if calls(cluster) => {
                encryption::polls(world, account, now).next()
            }
            _ => None,
        };
        Link {
            part,
            name: name(cluster, part),
            state,
            why,
            rule,
            fuse,
            call,
        }
    });
    Ok(Lineage {
        links: links.collect(),
        notice: notice(world, now, cluster),
    })
}

/// The links of a cluster's chain in their order.
pub fn parts(cluster: &Cluster) -> Vec<Part> {
    let accounts = cluster.accounts.iter().map(|a| Part::Account(a.id));
    [Part::Vault, Part::Version]
        .into_iter()
        .chain(accounts)
        .chain([
            Part::DataKeys,
            Part::HotCache,
            Part::Queries,
            Part::Ingestion,
        ])
        .collect()
}

/// Whether storage of the cluster calls a vault.
fn calls(cluster: &Cluster) -> bool {
    cluster.is_live() && cluster.protection.state != Encryption::MicrosoftKey
}

/// Whether a link of a cluster's chain holds at an instant that is not before the world's last event.
pub fn holds(world: &World, at: SimTime, id: &ResourceId, part: Part) -> bool {
    let Some(cluster) = world.clusters.get(id) else {
        return false;
    };
    let state = &cluster.protection.state;
    let key = cluster.key.as_ref();
    match part {
        Part::Vault => key.is_none_or(|key| {
            world.active_vault(&key.vault).is_ok() && world.reach(at, &key.vault).is_ok()
        }),
        Part::Version => {
            key.is_none_or(|key| encryption::entitled(world, at, cluster, key).is_ok())
        }
        _ if !cluster.is_live() => false,
        Part::Account(_) => *state == Encryption::MicrosoftKey || state.may_cache(),
        Part::DataKeys | Part::Queries => state.readable(),
        Part::HotCache => !matches!(state, Encryption::Revoked | Encryption::Resuming { .. }),
        Part::Ingestion => {
            let full = cluster.protection.buffer.is_some_and(|b| b.full);
            let lost = match state {
                Encryption::Revoked | Encryption::Resuming { .. } => true,
                Encryption::LiveSite => full,
                _ => false,
            };
            !cluster.accounts.is_empty() && !lost
        }
    }
}

/// Whether nobody can know, because the vault does not answer.
fn silent(world: &World, now: SimTime, cluster: &Cluster, part: Part) -> bool {
    let silent = |vault| world.active_vault(vault).is_ok() && world.reach(now, vault).is_err();
    matches!(part, Part::Vault | Part::Version)
        && cluster.key.as_ref().is_some_and(|key| silent(&key.vault))
}

/// When each of the links changes by itself.
fn fuses(world: &World, now: SimTime, id: &ResourceId, parts: &[Part]) -> Vec<Option<Fuse>> {
    let rules = &world.rules;
    let mut fuses: Vec<Option<Fuse>> = vec![None; parts.len()];
    let start: Vec<bool> = parts.iter().map(|p| holds(world, now, id, *p)).collect();
    // A fault can last longer than all the rest.
    let until = fault(world, id).map_or(now, |f| f.until.max(now)) + horizon(rules);
    let mut before = world.clone();
    for then in Instants::new(world, now, until) {
        for ((fuse, part), held) in fuses.iter_mut().zip(parts).zip(&start) {
            if fuse.is_none() && holds(&then.world, then.now, id, *part) != *held {
                *fuse = Some(burn(now, &before, &then, id, *part, !held));
            }
        }
        if fuses.iter().all(Option::is_some) {
            break;
        }
        before = then.world;
    }
    fuses
}

/// What is wrong between a cluster's storage and its vault.
fn fault<'a>(world: &'a World, id: &ResourceId) -> Option<&'a Fault> {
    let key = world.clusters.get(id)?.key.as_ref()?;
    world.vaults.get(&key.vault)?.fault.as_ref()
}

/// The state a cluster was in with a deadline, before an instant or within it.
fn deadline(
    before: &World,
    then: &Draft,
    id: &ResourceId,
    of: impl Fn(&Turn) -> Option<(SimTime, SimTime)>,
    was: impl Fn(&Protection) -> Option<(SimTime, SimTime)>,
) -> Option<(SimTime, SimTime)> {
    let within = then.events.iter().find_map(|event| match &event.fact {
        Fact::Encryption(turn) if turn.cluster() == id => of(turn),
        _ => None,
    });
    within.or_else(|| was(&before.clusters.get(id)?.protection))
}

/// The fuse of a link that changes at an instant: `before` is the world until then.
fn burn(
    now: SimTime,
    before: &World,
    then: &Draft,
    id: &ResourceId,
    part: Part,
    heals: bool,
) -> Fuse {
    let rules = &before.rules;
    let at = then.now;
    // An instant that is set: since whatever set it.
    let exactly = |lit: SimTime, rule| Fuse {
        heals,
        lit: lit.min(now),
        earliest: at,
        expected: at,
        latest: at,
        rule,
    };
    let within = |earliest: SimTime, latest: SimTime, rule| Fuse {
        heals,
        lit: earliest.min(now),
        earliest: earliest.max(now),
        expected: at,
        latest,
        rule,
    };
    match part {
        Part::Vault if heals => {
            return exactly(fault(before, id).map_or(now, |f| f.since), "R-CMK-54");
        }
        Part::Vault | Part::Version => return exactly(now, "R-CMK-39"),
        _ => {}
    }
    let turn = then
        .events
        .iter()
        .rev()
        .find_map(|event| match &event.fact {
            Fact::Encryption(
                Turn::Polled { .. } | Turn::BufferDrained { .. } | Turn::BufferLost { .. },
            ) => None,
            Fact::Encryption(turn) if turn.cluster() == id => Some(turn),
            _ => None,
        });
    // What storage notices at its next call was changed then.
    let changed = then.world.clusters.get(id).map(|c| c.protection.changed_at);
    let changed = changed.unwrap_or(at);
    let by_a_call = within(changed, changed + rules.poll_max, "R-CMK-49");
    match turn {
        Some(Turn::Revoked { .. }) => {
            let pending = deadline(
                before,
                then,
                id,
                |turn| match turn {
                    Turn::RevocationNoticed {
                        changed_at,
                        enforce_at,
                        ..
                    } => Some((*changed_at, *enforce_at)),
                    _ => None,
                },
                |was| match was.state {
                    Encryption::RevocationPending {
                        changed_at,
                        enforce_at,
                    } => Some((changed_at, enforce_at)),
                    _ => None,
                },
            );
            match pending {
                Some((changed, enforced)) => within(
                    changed,
                    enforced.max(changed + rules.revocation_latency),
                    "R-CMK-40",
                ),
                // It had been out of reach already.
                None => by_a_call,
            }
        }
        Some(Turn::Resumed { .. }) => {
            let resuming = deadline(
                before,
                then,
                id,
                |turn| match turn {
                    Turn::Resuming { until, .. } => Some((at, *until)),
                    _ => None,
                },
                |was| match was.state {
                    Encryption::Resuming { until } => Some((was.since, until)),
                    _ => None,
                },
            );
            let (since, until) = resuming.unwrap_or((at, at));
            // The half hour counts from a call; one that is still to come may come late.
            let called = match since > now {
                true => since.max(changed + rules.poll_max),
                false => since,
            };
            within(
                changed.min(at),
                until.max(called + rules.resume_latency),
                "R-CMK-46",
            )
        }
        Some(Turn::LiveSiteBegan { .. }) => {
            let outage = deadline(
                before,
                then,
                id,
                |turn| match turn {
                    Turn::OutageNoticed {
                        since,
                        live_site_at,
                        ..
                    } => Some((*since, *live_site_at)),
                    _ => None,
                },
                |was| match was.state {
                    Encryption::TransientOutage {
                        since,
                        live_site_at,
                    } => Some((since, live_site_at)),
                    _ => None,
                },
            );
            let (since, begins) = outage.unwrap_or((at, at));
            let about = since + rules.outage_threshold;
            Fuse {
                lit: since.min(now),
                ..within(about.min(begins), about.max(begins), "R-CMK-52")
            }
        }
        Some(Turn::Resuming { .. } | Turn::LiveSiteEnded { .. }) => by_a_call,
        Some(Turn::BufferFull { .. }) => {
            let buffer = before.clusters.get(id).and_then(|c| c.protection.buffer);
            exactly(buffer.map_or(now, |b| b.since), "R-CMK-53")
        }
        _ => exactly(now, "R-CLU-34"),
    }
}

/// The next call that notices a change.
fn notice(world: &World, now: SimTime, cluster: &Cluster) -> Option<Fuse> {
    let expected = cluster.protection.next_watched_poll()?;
    let changed = cluster.protection.changed_at;
    Some(Fuse {
        heals: cluster.protection.refused.is_none(),
        lit: changed.min(now),
        earliest: changed.max(now),
        expected,
        latest: changed + world.rules.poll_max,
        rule: "R-CMK-49",
    })
}

fn name(cluster: &Cluster, part: Part) -> String {
    let key = cluster.key.as_ref();
    match part {
        Part::Vault => key.map_or_else(|| "no vault of yours".into(), |k| k.vault.to_string()),
        Part::Version => key.map_or_else(|| "the Microsoft key".into(), ToString::to_string),
        Part::Account(id) => {
            let account = cluster.accounts.iter().find(|a| a.id == id);
            let aek = account.map(|a| a.customer.unwrap_or(a.microsoft));
            aek.map_or_else(|| id.to_string(), |aek| format!("{aek} of {id}"))
        }
        Part::DataKeys => "data keys".into(),
        Part::HotCache => "hot cache".into(),
        Part::Queries => "queries".into(),
        Part::Ingestion => "ingestion".into(),
    }
}

/// Why a link stands as it does, and the rule behind it.
fn why(
    world: &World,
    now: SimTime,
    cluster: &Cluster,
    part: Part,
    state: State,
) -> (String, String) {
    let rules = &world.rules;
    let say = |words: String, rule: &str| (words, rule.to_owned());
    let Some(key) = &cluster.key else {
        return match part {
            Part::Vault | Part::Version => say(
                "No key of yours is set: the data is under the Microsoft key.".into(),
                "R-CMK-10",
            ),
            _ if !cluster.is_live() => deleted(cluster),
            Part::Ingestion if cluster.accounts.is_empty() => say(
                "The cluster is still being built: what is sent is lost.".into(),
                "R-LNK-02",
            ),
            _ => say("Works under the Microsoft key.".into(), "R-CMK-10"),
        };
    };
    match part {
        Part::Vault => {
            if let Err(no) = world.active_vault(&key.vault) {
                return say(no.message, "R-CMK-39");
            }
            match world.reach(now, &key.vault) {
                Err(no) => say(no.message, "R-CMK-51"),
                Ok(()) => say("It is there and answers.".into(), "R-CMK-09"),
            }
        }
        Part::Version if state == State::Unknown => say(
            "Nobody can ask: the vault does not answer.".into(),
            "R-CMK-51",
        ),
        Part::Version => match encryption::entitled(world, now, cluster, key) {
            Ok(()) => say(
                "Enabled; the cluster may get, wrapKey and unwrapKey.".into(),
                "R-CMK-23",
            ),
            Err(no) => (no.message, no.rule),
        },
        _ if !cluster.is_live() => deleted(cluster),
        _ => by_state(world, &cluster.protection, part, rules.poll_min),
    }
}

fn deleted(cluster: &Cluster) -> (String, String) {
    let at = cluster.deleted.map_or(cluster.created_at, |d| d.at);
    let until = cluster.deleted.map_or(at, |d| d.purge_at);
    (
        format!(
            "The cluster is deleted since {} UTC; support can recover it until {} UTC.",
            at.short(),
            until.short()
        ),
        "R-CLU-30".to_owned(),
    )
}

/// Of the links behind the key, by what storage does.
fn by_state(
    world: &World,
    protection: &Protection,
    part: Part,
    poll_min: Span,
) -> (String, String) {
    let rules = &world.rules;
    let refused = protection.refused.is_some();
    let hour = rules.revocation_latency.brief();
    let (words, rule) = match (part, &protection.state) {
        (Part::Account(_), Encryption::Active) if refused => (
            format!("Still in the cache; given up within {hour} of the change."),
            "R-CMK-40",
        ),
        (Part::Account(_), Encryption::Active | Encryption::MicrosoftKey) => (
            format!(
                "In the cache; unwrapped anew every {} to {}.",
                poll_min.brief(),
                rules.poll_max.brief()
            ),
            "R-CMK-49",
        ),
        (Part::Account(_), Encryption::RevocationPending { .. }) => (
            format!("The vault said no. Given up within {hour} of the change."),
            "R-CMK-40",
        ),
        (Part::Account(_), Encryption::Revoked) => (
            "Given up: nothing unwraps it while the vault says no.".to_owned(),
            "R-CMK-41",
        ),
        (Part::Account(_), Encryption::Resuming { .. }) => {
            ("Unwrapped again.".to_owned(), "R-CMK-46")
        }
        (Part::Account(_), Encryption::TransientOutage { .. }) => (
            format!(
                "Kept in the cache for about {} without the vault.",
                rules.outage_threshold.brief()
            ),
            "R-CMK-51",
        ),
        (Part::Account(_), Encryption::LiveSite) => (
            "Given up: the vault has been silent for too long.".to_owned(),
            "R-CMK-52",
        ),
        (Part::DataKeys, state) if state.readable() => {
            ("Each block opens under its AEK.".to_owned(), "R-CMK-13")
        }
        (Part::DataKeys, Encryption::Resuming { .. }) => (
            "Storage is not back yet: no block opens.".to_owned(),
            "R-CMK-46",
        ),
        (Part::DataKeys, _) => (
            "No block opens: the AEK is gone. The data stays.".to_owned(),
            "R-CMK-44",
        ),
        (Part::HotCache, Encryption::Revoked) => ("Erased; nothing is hot.".to_owned(), "R-CMK-45"),
        (Part::HotCache, Encryption::Resuming { .. }) => (
            "Erased; filled again when service resumes.".to_owned(),
            "R-CMK-45",
        ),
        (Part::HotCache, Encryption::LiveSite) => {
            ("Still there, and out of reach.".to_owned(), "R-CMK-52")
        }
        (Part::HotCache, _) => (
            format!("Holds the last {} of data.", rules.hot_window),
            "R-CMK-05",
        ),
        (Part::Queries, state) if state.readable() => ("Answered.".to_owned(), "R-CMK-43"),
        (Part::Queries, Encryption::LiveSite) => (
            "Every query on its workspaces fails.".to_owned(),
            "R-CMK-52",
        ),
        (Part::Queries, _) => (
            "Every query on its workspaces fails.".to_owned(),
            "R-CMK-43",
        ),
        (Part::Ingestion, Encryption::Revoked | Encryption::Resuming { .. }) => {
            ("What is sent is dropped for ever.".to_owned(), "R-CMK-42")
        }
        (Part::Ingestion, Encryption::LiveSite) => match protection.buffer {
            Some(buffer) if buffer.full => (
                "The buffer is full: what is sent is dropped for ever.".to_owned(),
                "R-CMK-53",
            ),
            _ => (
                "Buffered under the Microsoft key, for several hours.".to_owned(),
                "R-CMK-53",
            ),
        },
        (Part::Ingestion, Encryption::MicrosoftKey) => {
            ("Stored under the Microsoft key.".to_owned(), "R-CMK-10")
        }
        (Part::Ingestion, _) => ("Stored under your key.".to_owned(), "R-CMK-11"),
        (Part::Vault | Part::Version, _) => (String::new(), ""),
    };
    (words, rule.to_owned())
}
