//! What a cluster's storage does as its key comes and goes (`domain.md` c.9, completed in `design.md` §4;
//! R-CMK-38…56).
//!
//! ```text
//!                     poll: ok             refused                     unreachable              deadline
//! MicrosoftKey        (no polls)
//! Active              –                    RevocationPending           TransientOutage          –
//! RevocationPending   Active               –                           keeps its deadline       Revoked (polls first)
//! Revoked             Resuming             –                           –                        –
//! Resuming            –                    Revoked                     Revoked                  Active (polls first)
//! TransientOutage     Active               RevocationPending, from     –                        LiveSite (polls first)
//!                                          the change of permission
//! LiveSite            Active, buffer       Revoked, buffer kept to     –                        –
//!                     drained              its horizon
//! ```
//! A refusal of the vault loses new data; silence of the vault does not, within the buffer's horizon (i-4).
//!
//! Storage calls the vault every 6 to 60 seconds. These polls are a function of (account, seed), not timers:
//! only the first one after something changed is waited for, so 90 quiet days cost nothing.

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::{Cluster, State, edit};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{AccountId, AekId, ResourceId, Revision, VaultName};
use crate::engine::ingestion::segment;
use crate::engine::random;
use crate::engine::refusal::Refusal;
use crate::engine::time::{SimTime, Span};
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::vault;
use crate::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use crate::engine::vault::key::{self, KeyIdentifier, KeyOperation, Use};
use crate::engine::vault::trail::{Call, Done, Outcome};
use crate::engine::world::World;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// No key of the customer yet.
    #[default]
    MicrosoftKey,
    Active,
    RevocationPending {
        /// When the permission changed; the hour counts from here (R-CMK-40).
        changed_at: SimTime,
        enforce_at: SimTime,
    },
    Revoked,
    Resuming {
        until: SimTime,
    },
    TransientOutage {
        /// When the vault fell silent.
        since: SimTime,
        live_site_at: SimTime,
    },
    LiveSite,
}

impl Encryption {
    /// The name of the state (c.9).
    pub fn word(&self) -> &'static str {
        match self {
            Encryption::MicrosoftKey => "MmkOnly",
            Encryption::Active => "CmkActive",
            Encryption::RevocationPending { .. } => "RevocationPending",
            Encryption::Revoked => "Revoked",
            Encryption::Resuming { .. } => "Resuming",
            Encryption::TransientOutage { .. } => "TransientOutage",
            Encryption::LiveSite => "LiveSite",
        }
    }

    /// Whether storage is available: data can be read (R-CMK-41, 52).
    pub fn readable(&self) -> bool {
        !matches!(
            self,
            Encryption::Revoked | Encryption::Resuming { .. } | Encryption::LiveSite
        )
    }

    /// Whether storage may still hold the plain AEK in its cache (`design.md` §4).
    pub fn may_cache(&self) -> bool {
        !matches!(
            self,
            Encryption::MicrosoftKey | Encryption::Revoked | Encryption::LiveSite
        )
    }

    fn deadline(&self) -> Option<SimTime> {
        match self {
            Encryption::RevocationPending { enforce_at, .. } => Some(*enforce_at),
            Encryption::Resuming { until } => Some(*until),
            Encryption::TransientOutage { live_site_at, .. } => Some(*live_site_at),
            _ => None,
        }
    }
}

/// Everything about it, with the timers that are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    pub state: Encryption,
    /// Since when, and the event that led to it.
    pub since: SimTime,
    pub cause: Revision,
    /// How often storage has gone without its keys: what it opened before is not to be used again.
    pub epoch: u32,
    /// Since when the vault would refuse, and by which event; noticed or not.
    pub refused: Option<Change>,
    pub buffer: Option<Buffer>,
    /// The outcome of the last poll that was an event.
    pub last_poll: Option<(SimTime, Outcome)>,
    pub(super) deadline: Option<TimerKey>,
    pub(super) poll: Option<TimerKey>,
    /// What the next poll is waited for, and when that was.
    pub(super) poll_cause: Revision,
    pub(in crate::engine) changed_at: SimTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub at: SimTime,
    pub revision: Revision,
}

/// Data ingested while the vault is silent, under the Microsoft key (R-CMK-53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    pub since: SimTime,
    pub until: SimTime,
    /// The horizon has passed: what comes now is lost.
    pub full: bool,
    timer: Option<TimerKey>,
}

impl Protection {
    /// The next poll that is waited for.
    pub fn next_watched_poll(&self) -> Option<SimTime> {
        self.poll.map(|key| key.at)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Storage called the vault, for the first time after something had changed.
    Polled {
        cluster: ResourceId,
        account: AccountId,
        key: KeyIdentifier,
        outcome: Outcome,
    },
    /// The first key of the customer is in force.
    Configured {
        cluster: ResourceId,
    },
    RevocationNoticed {
        cluster: ResourceId,
        changed_at: SimTime,
        enforce_at: SimTime,
    },
    RevocationLifted {
        cluster: ResourceId,
    },
    Revoked {
        cluster: ResourceId,
    },
    Resuming {
        cluster: ResourceId,
        until: SimTime,
    },
    Resumed {
        cluster: ResourceId,
    },
    OutageNoticed {
        cluster: ResourceId,
        since: SimTime,
        live_site_at: SimTime,
    },
    OutageBridged {
        cluster: ResourceId,
    },
    LiveSiteBegan {
        cluster: ResourceId,
        buffer_until: SimTime,
    },
    LiveSiteEnded {
        cluster: ResourceId,
    },
    BufferFull {
        cluster: ResourceId,
    },
    /// What was buffered is in the store, under the customer's key (R-CMK-54).
    BufferDrained {
        cluster: ResourceId,
    },
    BufferLost {
        cluster: ResourceId,
    },
}

impl Fact {
    pub fn cluster(&self) -> &ResourceId {
        match self {
            Fact::Polled { cluster, .. }
            | Fact::Configured { cluster }
            | Fact::RevocationNoticed { cluster, .. }
            | Fact::RevocationLifted { cluster }
            | Fact::Revoked { cluster }
            | Fact::Resuming { cluster, .. }
            | Fact::Resumed { cluster }
            | Fact::OutageNoticed { cluster, .. }
            | Fact::OutageBridged { cluster }
            | Fact::LiveSiteBegan { cluster, .. }
            | Fact::LiveSiteEnded { cluster }
            | Fact::BufferFull { cluster }
            | Fact::BufferDrained { cluster }
            | Fact::BufferLost { cluster } => cluster,
        }
    }
}

/// Something that happens to a cluster's encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Ok,
    Refused,
    Unreachable,
    /// The state's own deadline, with what a poll at that instant says.
    DeadlineOk,
    DeadlineRefused,
    DeadlineUnreachable,
    /// A key update succeeded: the key in force can be used.
    KeyUpdated,
    BufferEnds,
}

impl Input {
    pub const ALL: [Input; 8] = [
        Input::Ok,
        Input::Refused,
        Input::Unreachable,
        Input::DeadlineOk,
        Input::DeadlineRefused,
        Input::DeadlineUnreachable,
        Input::KeyUpdated,
        Input::BufferEnds,
    ];

    fn of(outcome: &Outcome, deadline: bool) -> Input {
        match (outcome, deadline) {
            (Outcome::Served, false) => Input::Ok,
            (Outcome::Refused(_), false) => Input::Refused,
            (Outcome::Unreachable(_), false) => Input::Unreachable,
            (Outcome::Served, true) => Input::DeadlineOk,
            (Outcome::Refused(_), true) => Input::DeadlineRefused,
            (Outcome::Unreachable(_), true) => Input::DeadlineUnreachable,
        }
    }
}

/// The table above: what follows an input in a state. Nothing follows where it says nothing new.
pub fn reaction(world: &World, cluster: &Cluster, now: SimTime, input: Input) -> Vec<Fact> {
    use Encryption as E;
    let rules = &world.rules;
    let id = || cluster.id.clone();
    let protection = &cluster.protection;
    let notice = || {
        let changed_at = protection.refused.map_or(now, |c| c.at);
        Fact::RevocationNoticed {
            cluster: id(),
            changed_at,
            enforce_at: (changed_at + rules.revocation_latency).max(now),
        }
    };
    let outage = || {
        let fault = cluster
            .key
            .as_ref()
            .and_then(|key| world.vaults.get(&key.vault))
            .and_then(|vault| vault.fault.as_ref());
        let since = fault.map_or(now, |f| f.since);
        Fact::OutageNoticed {
            cluster: id(),
            since,
            live_site_at: (since + rules.outage_threshold).max(now),
        }
    };
    // Like the hour of a revocation, the half hour counts from the change: within 30 minutes of the poll too.
    let resuming = || Fact::Resuming {
        cluster: id(),
        until: (protection.changed_at + rules.resume_latency).max(now),
    };
    let drained = || {
        protection
            .buffer
            .map(|_| Fact::BufferDrained { cluster: id() })
    };
    let with = |first: Fact, then: Option<Fact>| std::iter::once(first).chain(then).collect();
    let revoked = || {
        // A buffer is kept to its horizon; where that has passed, it is lost with the key.
        let lost = protection.buffer.filter(|b| b.full);
        let lost = lost.map(|_| Fact::BufferLost { cluster: id() });
        with(Fact::Revoked { cluster: id() }, lost)
    };
    match (&protection.state, input) {
        (E::MicrosoftKey, Input::KeyUpdated) => vec![Fact::Configured { cluster: id() }],
        (E::MicrosoftKey, _) => Vec::new(),

        (E::Active, Input::Refused) => vec![notice()],
        (E::Active, Input::Unreachable) => vec![outage()],

        (E::RevocationPending { .. }, Input::Ok | Input::DeadlineOk | Input::KeyUpdated) => {
            vec![Fact::RevocationLifted { cluster: id() }]
        }
        (E::RevocationPending { .. }, Input::DeadlineRefused | Input::DeadlineUnreachable) => {
            vec![Fact::Revoked { cluster: id() }]
        }

        (E::Revoked, Input::Ok | Input::KeyUpdated) => vec![resuming()],
        (E::Revoked, Input::BufferEnds) => vec![Fact::BufferLost { cluster: id() }],

        (
            E::Resuming { .. },
            Input::Refused
            | Input::Unreachable
            | Input::DeadlineRefused
            | Input::DeadlineUnreachable,
        ) => revoked(),
        (E::Resuming { .. }, Input::DeadlineOk) => with(Fact::Resumed { cluster: id() }, drained()),

        (E::TransientOutage { .. }, Input::Ok | Input::DeadlineOk | Input::KeyUpdated) => {
            vec![Fact::OutageBridged { cluster: id() }]
        }
        (E::TransientOutage { .. }, Input::Refused | Input::DeadlineRefused) => vec![notice()],
        (E::TransientOutage { .. }, Input::DeadlineUnreachable) => vec![Fact::LiveSiteBegan {
            cluster: id(),
            buffer_until: now + rules.buffer_horizon,
        }],

        (E::LiveSite, Input::Ok | Input::KeyUpdated) => {
            with(Fact::LiveSiteEnded { cluster: id() }, drained())
        }
        (E::LiveSite, Input::Refused) => revoked(),

        (E::Resuming { .. } | E::LiveSite, Input::BufferEnds) => {
            vec![Fact::BufferFull { cluster: id() }]
        }

        // No new outcome, or a deadline the state does not have.
        (
            E::Active,
            Input::Ok
            | Input::DeadlineOk
            | Input::DeadlineRefused
            | Input::DeadlineUnreachable
            | Input::KeyUpdated
            | Input::BufferEnds,
        )
        | (E::RevocationPending { .. }, Input::Refused | Input::Unreachable | Input::BufferEnds)
        | (
            E::Revoked,
            Input::Refused
            | Input::Unreachable
            | Input::DeadlineOk
            | Input::DeadlineRefused
            | Input::DeadlineUnreachable,
        )
        | (E::Resuming { .. }, Input::Ok | Input::KeyUpdated)
        | (E::TransientOutage { .. }, Input::Unreachable | Input::BufferEnds)
        | (
            E::LiveSite,
            Input::Unreachable
            | Input::DeadlineOk
            | Input::DeadlineRefused
            | Input::DeadlineUnreachable,
        ) => Vec::new(),
    }
}

fn react(draft: &mut Draft, cluster: &ResourceId, cause: Revision, input: Input) {
    let Some(found) = draft.world.clusters.get(cluster).cloned() else {
        return;
    };
    draft.because(cause, Actor::Storage, |draft| {
        for fact in reaction(&draft.world, &found, draft.now, input) {
            draft.emit(fact);
        }
    });
}

/// The call storage makes: unwrap the AEK with the key in force, as the cluster's identity.
fn unwrap_call(key: &KeyIdentifier) -> Use {
    Use {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        operation: KeyOperation::UnwrapKey,
    }
}

/// What a poll at this instant would say (R-CMK-09, 15).
pub fn poll_outcome(world: &World, cluster: &Cluster, now: SimTime) -> Option<Outcome> {
    let key = cluster.key.as_ref()?;
    // A vault that is gone refuses as much as one that says no (R-CMK-39).
    Some(key::outcome(&world.storage_may_unwrap(now, cluster, key)))
}

/// The first poll after something changed.
pub(crate) fn poll_in_time(draft: &mut Draft, id: &ResourceId) {
    poll(draft, id, false);
}

/// The deadline of a state has come; storage looks once more before it acts on it.
pub(crate) fn deadline_in_time(draft: &mut Draft, id: &ResourceId) {
    poll(draft, id, true);
}

fn poll(draft: &mut Draft, id: &ResourceId, deadline: bool) {
    let Some(found) = draft.world.clusters.get(id).cloned() else {
        return;
    };
    let (Some(key), Some(outcome)) = (
        found.key.clone(),
        poll_outcome(&draft.world, &found, draft.now),
    ) else {
        return;
    };
    let account = next_poller(&draft.world, &found, draft.now - Span(1)).map(|(_, a)| a);
    let input = Input::of(&outcome, deadline);
    let cause = if deadline {
        found.protection.cause
    } else {
        found.protection.poll_cause
    };
    let polled = draft.because(cause, Actor::Storage, |draft| {
        draft.emit(Fact::Polled {
            cluster: id.clone(),
            account: account.unwrap_or(AccountId(0)),
            key,
            outcome,
        })
    });
    react(draft, id, polled, input);
}

/// The horizon of the buffer has come.
pub(crate) fn buffer_in_time(draft: &mut Draft, id: &ResourceId) {
    let Some(cause) = draft.world.clusters.get(id).map(|c| c.protection.cause) else {
        return;
    };
    react(draft, id, cause, Input::BufferEnds);
}

/// A key update has propagated, or cannot.
pub(super) fn propagate(draft: &mut Draft, operation: &Operation) {
    let id = &operation.cluster;
    let (Some(found), Some(key)) = (draft.world.clusters.get(id).cloned(), operation.key.clone())
    else {
        return;
    };
    if let Err(refusal) = can_rewrap(&draft.world, draft.now, &found, &key) {
        draft.emit(super::Fact::OperationFailed {
            cluster: id.clone(),
            operation: operation.id,
            failure: refusal.into(),
        });
        return;
    }
    // R-CMK-15: storage wraps each account's AEK with the new key.
    let mut dealt = draft.world.aeks;
    let mut aeks = Vector::new();
    for account in &found.accounts {
        let aek = account.customer.unwrap_or_else(|| {
            dealt += 1;
            AekId(dealt)
        });
        aeks.push_back((account.id, aek));
        let call = Use {
            operation: KeyOperation::WrapKey,
            ..unwrap_call(&key)
        };
        key::served(draft, Caller::Identity(found.identity), call);
    }
    let updated = draft.emit(super::Fact::KeyUpdated {
        cluster: id.clone(),
        operation: operation.id,
        key,
        aeks,
    });
    react(draft, id, updated, Input::KeyUpdated);
}

/// Whether the AEKs can come under a new key: it can still be used, and the version they are under still
/// exists. The hardware re-wraps inside itself, also from a version that is disabled or no longer granted:
/// the update is the customer's own order (R-CMK-56, i-5; SIM). A purged version is gone for good.
fn can_rewrap(
    world: &World,
    now: SimTime,
    cluster: &Cluster,
    key: &KeyIdentifier,
) -> Result<(), Refusal> {
    validate(world, now, cluster.identity, key)?;
    match &cluster.key {
        Some(old) if !world.key_material(old) => Err(errors::CU_03
            .says(format!(
                "The version {old} that wraps the data's keys was purged, so they cannot be opened any more."
            ))
            .target("properties.keyVaultProperties")
            .remedy("Nothing opens this data again.")),
        _ => Ok(()),
    }
}

/// R-CMK-21, 23, 28: what the service checks before it takes a key, as the identity that will use it.
pub(crate) fn validate(
    world: &World,
    now: SimTime,
    identity: crate::engine::ids::IdentityId,
    key: &KeyIdentifier,
) -> Result<(), Refusal> {
    let target = "properties.keyVaultProperties";
    let caller = Caller::Identity(identity);
    let uses = |operation| Use {
        operation,
        ..unwrap_call(key)
    };
    let failed = |refusal: Refusal| {
        let mut no = errors::CU_03
            .says(format!(
                "The key could not be validated in Key Vault: {}",
                refusal.message
            ))
            .target(target)
            .remedy(refusal.remedy);
        no.allowed_from = refusal.allowed_from;
        no
    };
    world
        .may_use(now, &caller, &uses(KeyOperation::Get))
        .map_err(failed)?;
    let vault = world.active_vault(&key.vault).map_err(failed)?;
    if !vault.recoverable() {
        let missing = match (vault.soft_delete, vault.purge_protection) {
            (false, _) => "soft delete and purge protection",
            (true, _) => "purge protection",
        };
        return Err(errors::CU_04
            .says(format!(
                "The key is not recoverable ({}): turn on {missing} for the vault {}.",
                vault.recovery_level(world.rules.vault_retention_max),
                vault.name
            ))
            .target(target)
            .remedy(format!(
                "lockbox vault update {} --soft-delete true --purge-protection true",
                vault.name
            )));
    }
    for operation in [KeyOperation::WrapKey, KeyOperation::UnwrapKey] {
        world
            .may_use(now, &caller, &uses(operation))
            .map_err(failed)?;
    }
    Ok(())
}

/// The calls of [`validate`], on the vault's record.
pub(crate) fn record_validation(draft: &mut Draft, caller: &Caller, key: &KeyIdentifier) {
    for operation in KeyOperation::ALL {
        let call = Use {
            operation: *operation,
            ..unwrap_call(key)
        };
        key::served(draft, caller.clone(), call);
    }
}

/// A poll of one account: which, and when. Within every window of (min + max) / 2 an account polls once, at a
/// seeded place in the first (max − min) / 2, so that two polls are never closer than min nor further than max.
pub fn polls(
    world: &World,
    account: AccountId,
    after: SimTime,
) -> impl Iterator<Item = SimTime> + use<> {
    let (least, most) = (world.rules.poll_min.0, world.rules.poll_max.0);
    let window = (least + most) / 2;
    let play = ((most - least) / 2).max(0);
    let seed = world.seed;
    let place = move |n: i64| {
        let purpose = format!("poll/{}", account.0);
        let bytes = random::bytes(seed, &purpose, n.unsigned_abs());
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[..8]);
        let jitter = u64::from_le_bytes(eight) % (play.unsigned_abs() + 1);
        SimTime(n * window + i64::try_from(jitter).unwrap_or(0))
    };
    let first = after.0.div_euclid(window.max(1));
    (first..).map(place).filter(move |at| *at > after)
}

/// The account of a cluster that polls next after an instant, and when.
pub fn next_poller(
    world: &World,
    cluster: &Cluster,
    after: SimTime,
) -> Option<(SimTime, AccountId)> {
    cluster
        .accounts
        .iter()
        .filter_map(|a| Some((polls(world, a.id, after).next()?, a.id)))
        .min()
}

/// Something about a vault changed: every cluster that uses a key of it is looked at again, and its storage
/// will notice at its next poll.
pub(crate) fn reconsider(world: &mut World, vault: &VaultName, at: SimTime, revision: Revision) {
    let users: Vec<ResourceId> = world
        .clusters
        .values()
        .filter(|c| c.key.as_ref().is_some_and(|k| k.vault == *vault))
        .map(|c| c.id.clone())
        .collect();
    for cluster in users {
        look_again(world, &cluster, at, revision);
    }
}

fn look_again(world: &mut World, id: &ResourceId, at: SimTime, revision: Revision) {
    let Some(found) = world.clusters.get(id).cloned() else {
        return;
    };
    let Some(key) = &found.key else { return };
    let entitled = entitled(world, at, &found, key).is_ok();
    let refused = match (entitled, found.protection.refused) {
        (true, _) => None,
        (false, Some(earlier)) => Some(earlier),
        (false, None) => Some(Change { at, revision }),
    };
    // A deleted cluster has no storage that polls.
    let poll = match found.protection.poll {
        Some(set) => Some(set),
        None if found.state == State::SoftDeleted => None,
        None => next_poller(world, &found, at)
            .map(|(when, _)| world.timers.set(when, Timer::ClusterPolls(id.clone()))),
    };
    edit(world, id, |c| {
        c.protection.refused = refused;
        c.protection.poll = poll;
        c.protection.poll_cause = revision;
        c.protection.changed_at = at;
    });
}

/// A cluster that was deleted works again: its deadlines and its polls come back.
pub(super) fn wake(world: &mut World, id: &ResourceId, at: SimTime, revision: Revision) {
    arm(world, id, at);
    look_again(world, id, at, revision);
}

/// A cluster is deleted: nothing of it happens by time any more.
pub(super) fn sleep(world: &mut World, id: &ResourceId) {
    let Some(found) = world.clusters.get(id).cloned() else {
        return;
    };
    let protection = &found.protection;
    let buffer = protection.buffer.and_then(|b| b.timer);
    for key in [protection.deadline, protection.poll, buffer]
        .into_iter()
        .flatten()
    {
        world.timers.cancel(key);
    }
    edit(world, id, |c| {
        c.protection.epoch += 1;
        c.protection.deadline = None;
        c.protection.poll = None;
        if let Some(buffer) = &mut c.protection.buffer {
            buffer.timer = None;
        }
    });
}

/// Sets the timers the state wants.
fn arm(world: &mut World, id: &ResourceId, at: SimTime) {
    let Some(found) = world.clusters.get(id).cloned() else {
        return;
    };
    if let Some(old) = found.protection.deadline {
        world.timers.cancel(old);
    }
    let deadline = found.protection.state.deadline().map(|due| {
        world
            .timers
            .set(due.max(at), Timer::EncryptionDue(id.clone()))
    });
    let buffer = found.protection.buffer.map(|mut buffer| {
        if buffer.timer.is_none() && !buffer.full {
            let due = buffer.until.max(at);
            buffer.timer = Some(world.timers.set(due, Timer::BufferEnds(id.clone())));
        }
        buffer
    });
    edit(world, id, |c| {
        c.protection.deadline = deadline;
        c.protection.buffer = buffer;
    });
}

fn enter(world: &mut World, id: &ResourceId, at: SimTime, revision: Revision, state: Encryption) {
    edit(world, id, |c| {
        c.protection.state = state;
        c.protection.since = at;
        c.protection.cause = revision;
    });
    arm(world, id, at);
}

/// Its horizon is not waited for any more.
fn cancel_buffer(world: &mut World, id: &ResourceId) {
    let timer = world
        .clusters
        .get(id)
        .and_then(|c| c.protection.buffer)
        .and_then(|b| b.timer);
    if let Some(timer) = timer {
        world.timers.cancel(timer);
    }
}

/// A new key is in force: what was known of the old one is no longer of interest.
pub(super) fn key_in_force(world: &mut World, id: &ResourceId, at: SimTime, revision: Revision) {
    let old = world.clusters.get(id).and_then(|c| c.protection.poll);
    if let Some(old) = old {
        world.timers.cancel(old);
    }
    edit(world, id, |c| {
        c.protection.refused = None;
        c.protection.last_poll = None;
        c.protection.poll = None;
    });
    look_again(world, id, at, revision);
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    let id = fact.cluster();
    match fact {
        Fact::Polled {
            key,
            outcome,
            cluster,
            ..
        } => {
            let Some(found) = world.clusters.get(cluster).cloned() else {
                return;
            };
            // A poll at a deadline leaves the one that is waited for where it is.
            let fired = found.protection.poll.filter(|timer| timer.at <= at);
            if let Some(fired) = fired {
                world.timers.cancel(fired);
            }
            edit(world, cluster, |c| {
                if fired.is_some() {
                    c.protection.poll = None;
                }
                c.protection.last_poll = Some((at, outcome.clone()));
            });
            let call = Call {
                revision,
                at,
                caller: Some(Caller::Identity(found.identity)),
                done: Done::KeyUnwrap,
                key: Some((key.key.clone(), Some(key.version.clone()))),
                outcome: outcome.clone(),
            };
            vault::edit(world, &key.vault, |v| v.trail.push_back(call));
        }
        Fact::Resumed { .. } => {
            enter(world, id, at, revision, Encryption::Active);
            segment::refill_hot(world, at, id);
        }
        Fact::Configured { .. }
        | Fact::RevocationLifted { .. }
        | Fact::OutageBridged { .. }
        | Fact::LiveSiteEnded { .. } => enter(world, id, at, revision, Encryption::Active),
        Fact::RevocationNoticed {
            changed_at,
            enforce_at,
            ..
        } => {
            let state = Encryption::RevocationPending {
                changed_at: *changed_at,
                enforce_at: *enforce_at,
            };
            enter(world, id, at, revision, state);
        }
        Fact::Revoked { .. } => {
            edit(world, id, |c| c.protection.epoch += 1);
            enter(world, id, at, revision, Encryption::Revoked);
            segment::erase_hot(world, at, id);
        }
        Fact::Resuming { until, .. } => {
            enter(
                world,
                id,
                at,
                revision,
                Encryption::Resuming { until: *until },
            );
        }
        Fact::OutageNoticed {
            since,
            live_site_at,
            ..
        } => {
            let state = Encryption::TransientOutage {
                since: *since,
                live_site_at: *live_site_at,
            };
            enter(world, id, at, revision, state);
        }
        Fact::LiveSiteBegan { buffer_until, .. } => {
            edit(world, id, |c| {
                c.protection.epoch += 1;
                c.protection.buffer.get_or_insert(Buffer {
                    since: at,
                    until: *buffer_until,
                    full: false,
                    timer: None,
                });
            });
            enter(world, id, at, revision, Encryption::LiveSite);
        }
        Fact::BufferFull { .. } => {
            cancel_buffer(world, id);
            edit(world, id, |c| {
                if let Some(buffer) = &mut c.protection.buffer {
                    buffer.full = true;
                    buffer.timer = None;
                }
            });
        }
        Fact::BufferDrained { .. } | Fact::BufferLost { .. } => {
            cancel_buffer(world, id);
            edit(world, id, |c| c.protection.buffer = None);
            match fact {
                Fact::BufferDrained { .. } => segment::drain(world, at, id),
                _ => segment::lose_buffer(world, at, id),
            }
        }
    }
}

/// Why data of a cluster cannot be read now, in words.
pub fn why_unreadable(cluster: &Cluster) -> Option<String> {
    let since = match cluster.deleted {
        Some(deleted) => deleted.at,
        None => cluster.protection.since,
    };
    let since = since.to_seconds();
    match (&cluster.state, &cluster.protection.state) {
        (State::SoftDeleted, _) => Some(format!(
            "the cluster {} is deleted, since {since} UTC",
            cluster.id
        )),
        (_, Encryption::Revoked) => Some(format!(
            "the key of cluster {} was revoked, in force since {since} UTC",
            cluster.id
        )),
        (_, Encryption::Resuming { until }) => Some(format!(
            "the key of cluster {} is back since {since} and service resumes at {} UTC",
            cluster.id,
            until.to_seconds()
        )),
        (_, Encryption::LiveSite) => Some(format!(
            "the vault of cluster {} has been out of reach for too long, since {since} UTC",
            cluster.id
        )),
        _ => None,
    }
}

/// Whether the vault lets the cluster's identity unwrap, reached or not. It needs all three permissions, not
/// only the one it uses most (R-CMK-23, 39); the key's validity window does not matter to an unwrap (c.6).
pub(in crate::engine) fn entitled(
    world: &World,
    now: SimTime,
    cluster: &Cluster,
    key: &KeyIdentifier,
) -> Result<(), Refusal> {
    let caller = Caller::Identity(cluster.identity);
    let vault = world.active_vault(&key.vault)?;
    for permission in CLUSTER_NEEDS {
        world.permitted(vault, &caller, permission)?;
    }
    world.entitled(now, &caller, &unwrap_call(key)).map(|_| ())
}

impl World {
    /// The event that shut a cluster's storage: what a failed query and a lost record are a consequence of.
    pub(in crate::engine) fn shut_by(&self, cluster: &ResourceId) -> Option<Revision> {
        let found = self.clusters.get(cluster).filter(|c| c.is_live())?;
        (!found.protection.state.readable()).then_some(found.protection.cause)
    }

    /// Whether the vault serves the cluster's storage an unwrap with a key now.
    pub fn storage_may_unwrap(
        &self,
        now: SimTime,
        cluster: &Cluster,
        key: &KeyIdentifier,
    ) -> Result<(), Refusal> {
        self.active_vault(&key.vault)?;
        self.reach(now, &key.vault)?;
        entitled(self, now, cluster, key)
    }

    /// Whether the material of a key version exists, enabled or not, deleted or not; a purge destroys it.
    pub fn key_material(&self, key: &KeyIdentifier) -> bool {
        self.vaults
            .get(&key.vault)
            .and_then(|v| v.keys.get(&key.key))
            .is_some_and(|k| k.version(&key.version).is_some())
    }
}
