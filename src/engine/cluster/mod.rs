//! Log Analytics dedicated clusters (`domain.md` c.8, R-CLU-*, E-CC-*, E-CU-*, E-CG-*, E-CD-*): the resource
//! itself here; its operations, links, encryption and what support does for it in the files beside.
//!
//! ```text
//! (none) --put--> ProvisioningAccount --done--> Succeeded        --fails--> Failed
//! Succeeded --key update--> Updating --propagated, fails--> Succeeded
//! Succeeded --capacity, billing--> Succeeded
//! Succeeded | Failed --delete [no links]--> SoftDeleted
//! Succeeded | Failed --delete [links]--> Deleting --all unlinked--> SoftDeleted
//! SoftDeleted --support recovers--> Succeeded        SoftDeleted --14 days--> purged, name free
//! ```

pub(super) mod checks;
pub mod encryption;
pub mod link;
pub mod operation;
pub mod preflight;
pub mod support;
pub mod wire;

use std::sync::Arc;

use imbl::{OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::ask::{hidden, visible};
use super::draft::Draft;
use super::errors;
use super::event::Actor;
use super::ids::{
    AccountId, AekId, IdentityId, OperationId, PersonId, ResourceId, Revision, SubscriptionId,
};
use super::ingestion::segment;
use super::people::Action;
use super::random;
use super::refusal::Refusal;
use super::resources::{Named, Resource, ResourceKind, SoftDeleted, the_one};
use super::text::scrub;
use super::time::SimTime;
use super::timers::Timer;
use super::vault::access_policy::Caller;
use super::vault::key::KeyIdentifier;
use super::words::{did_you_mean, nearest, words};
use super::workspace;
use super::world::World;
use checks::{
    allowed, billing, capacity_lock, changed_key, key_identifier, known_place, may_update,
    name_free, no_key_yet, place, quota, read_only, valid_identity, valid_name, valid_sku,
    validate_key,
};
use encryption::Protection;
use operation::{Begin, Failure, Kind};

words! {
    /// `provisioningState`; a soft-deleted cluster answers 404 and has none (R-CLU-19).
    State {
        ProvisioningAccount = "ProvisioningAccount",
        Succeeded = "Succeeded",
        Updating = "Updating",
        Deleting = "Deleting",
        Failed = "Failed",
        SoftDeleted = "SoftDeleted",
    }
}

words! {
    /// `billingType` (R-CLU-10).
    Billing {
        Cluster = "cluster",
        Workspaces = "workspaces",
    }
}

/// The one SKU (R-CLU-04).
pub const SKU: &str = "capacityReservation";
/// The one kind of identity (R-CLU-09).
pub const IDENTITY: &str = "SystemAssigned";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub id: ResourceId,
    pub location: Arc<str>,
    /// Its system-assigned identity; the GUIDs of the wire follow from it.
    pub identity: IdentityId,
    /// In GB a day.
    pub capacity: u32,
    /// `sku.lastSkuUpdate`: starts the capacity lock (R-CLU-27).
    pub sku_updated_at: SimTime,
    pub billing: Billing,
    pub state: State,
    pub created_at: SimTime,
    /// The one that runs (R-CLU-16).
    pub operation: Option<OperationId>,
    /// `keyVaultProperties`: always the last successful update.
    pub key: Option<KeyIdentifier>,
    /// Its storage accounts, once it is provisioned.
    pub accounts: Vector<Account>,
    pub protection: Protection,
    /// Workspaces linking, linked or unlinking.
    pub links: OrdSet<ResourceId>,
    pub deleted: Option<SoftDeleted>,
}

/// A storage account of the cluster with its account encryption keys (R-CMK-13). The keys themselves are the
/// key store's; here are their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// Wrapped by the Microsoft-managed key; what was written before a key was configured (R-CMK-29).
    pub microsoft: AekId,
    /// Wrapped by the cluster's key in force.
    pub customer: Option<AekId>,
}

impl Cluster {
    pub fn subscription(&self) -> SubscriptionId {
        self.id.subscription()
    }

    pub fn group(&self) -> &str {
        self.id.parts().1
    }

    pub fn is_live(&self) -> bool {
        self.state != State::SoftDeleted
    }

    /// Whether workspaces can be linked to it; while it is built they can, to their loss (R-LNK-02).
    fn takes_links(&self) -> bool {
        !matches!(self.state, State::Deleting | State::Failed)
    }

    /// Its state when nothing runs; one that was never built has no storage and stays failed.
    fn rests_as(&self) -> State {
        match self.accounts.is_empty() {
            true => State::Failed,
            false => State::Succeeded,
        }
    }
}

/// The body of a PUT or PATCH, as it was sent: what is missing or wrong in it is decided, not assumed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    pub location: Option<Arc<str>>,
    pub sku: Option<Sku>,
    /// `identity.type`.
    pub identity: Option<Arc<str>>,
    /// `properties.billingType`.
    pub billing: Option<Arc<str>>,
    /// `properties.keyVaultProperties`.
    pub key: Option<KeyProperties>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sku {
    pub name: Option<Arc<str>>,
    /// In GB a day.
    pub capacity: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyProperties {
    pub key_vault_uri: Option<Arc<str>>,
    pub key_name: Option<Arc<str>>,
    pub key_version: Option<Arc<str>>,
}

impl From<&KeyIdentifier> for KeyProperties {
    fn from(key: &KeyIdentifier) -> Self {
        KeyProperties {
            key_vault_uri: Some(super::vault::uri(&key.vault).into()),
            key_name: Some(key.key.0.clone()),
            key_version: Some(key.version.0.clone()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Creates, or updates what exists (i-39).
    Put {
        subscription: SubscriptionId,
        group: Arc<str>,
        name: Arc<str>,
        body: Body,
    },
    /// Only what is to change (R-CLU-11).
    Patch {
        cluster: ResourceId,
        body: Body,
    },
    Delete {
        cluster: ResourceId,
    },
    /// Always refused (R-CMK-30).
    Move {
        cluster: ResourceId,
        subscription: SubscriptionId,
        group: Arc<str>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Created {
        cluster: ResourceId,
        location: Arc<str>,
        identity: IdentityId,
        capacity: u32,
        billing: Billing,
        /// None for a cluster of the world file, which is there at once.
        building: Option<(OperationId, SimTime)>,
    },
    Provisioned {
        cluster: ResourceId,
        operation: Option<OperationId>,
        accounts: Vector<(AccountId, AekId)>,
    },
    /// Capacity or billing was set.
    Updated {
        cluster: ResourceId,
        capacity: Option<u32>,
        billing: Option<Billing>,
    },
    KeyUpdateStarted {
        cluster: ResourceId,
        operation: OperationId,
        key: KeyIdentifier,
        ends_at: SimTime,
    },
    /// The key is in force; each account's AEK is wrapped by it (R-CMK-24, 55).
    KeyUpdated {
        cluster: ResourceId,
        operation: OperationId,
        key: KeyIdentifier,
        aeks: Vector<(AccountId, AekId)>,
    },
    /// A create or key update failed.
    OperationFailed {
        cluster: ResourceId,
        operation: OperationId,
        failure: Failure,
    },
    /// With links: each workspace is unlinked first.
    DeleteStarted {
        cluster: ResourceId,
        operation: OperationId,
        expected_end: SimTime,
    },
    SoftDeleted {
        cluster: ResourceId,
        operation: Option<OperationId>,
        purge_at: SimTime,
    },
    /// Cluster and data are gone for good, the name is free (R-CLU-32).
    Purged { cluster: ResourceId },
}

impl Fact {
    pub fn cluster(&self) -> &ResourceId {
        match self {
            Fact::Created { cluster, .. }
            | Fact::Provisioned { cluster, .. }
            | Fact::Updated { cluster, .. }
            | Fact::KeyUpdateStarted { cluster, .. }
            | Fact::KeyUpdated { cluster, .. }
            | Fact::OperationFailed { cluster, .. }
            | Fact::DeleteStarted { cluster, .. }
            | Fact::SoftDeleted { cluster, .. }
            | Fact::Purged { cluster } => cluster,
        }
    }
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Put {
            subscription,
            group,
            name,
            body,
        } => put(draft, &by, subscription, group, name, body),
        Command::Patch { cluster, body } => {
            draft
                .world
                .authorize_on(&by, Action::ClusterWrite, cluster)?;
            let found = draft.world.live_cluster(cluster)?.clone();
            patch(draft, &by, &found, body)
        }
        Command::Delete { cluster } => delete(draft, &by, cluster),
        Command::Move { cluster, .. } => {
            draft
                .world
                .authorize_on(&by, Action::ClusterWrite, cluster)?;
            draft.world.live_cluster(cluster)?;
            Err(errors::CL_07.refuse().target("cluster"))
        }
    }
}

/// PUT: the checks of e.1 in their order; the first that fails is the answer.
fn put(
    draft: &mut Draft,
    by: &PersonId,
    subscription: &SubscriptionId,
    group: &Arc<str>,
    name: &Arc<str>,
    body: &Body,
) -> Result<(), Refusal> {
    draft.world.resource_group(subscription, group)?;
    draft
        .world
        .authorize(by, Action::ClusterWrite, subscription, group)?;
    let id = draft.world.cluster_named(subscription, group, name);
    let namesake = draft.world.clusters.get(&id).cloned();
    let live = namesake.as_ref().filter(|c| c.is_live());
    // A cluster of the world file may have another name than one could give.
    if live.is_none() {
        valid_name(&draft.world, name)?;
    }
    let sku = body
        .sku
        .as_ref()
        .ok_or_else(|| errors::CC_08.refuse().target("sku"))?;
    let capacity = valid_sku(&draft.world, subscription, sku)?;
    if let Some(existing) = live {
        capacity_lock(draft, existing, capacity, &errors::CC_07)?;
    }
    valid_identity(body)?;
    let Some(existing) = live else {
        let billing = billing(body)?.unwrap_or(Billing::Cluster);
        return create(draft, &id, namesake.as_deref(), body, capacity, billing);
    };
    may_update(draft, existing, body, &errors::CC_11)?;
    read_only(existing, body)?;
    let billing = billing(body)?.filter(|b| *b != existing.billing);
    let key = changed_key(body, existing)?;
    if let Some(key) = &key {
        validate_key(
            &draft.world,
            draft.now,
            &existing.id,
            &existing.location,
            existing.identity,
            key,
        )?;
    }
    // A PUT that sends everything back unchanged changes nothing, but was a write.
    let updated = draft.emit(Fact::Updated {
        cluster: id,
        capacity: Some(capacity).filter(|c| *c != existing.capacity),
        billing,
    });
    if let Some(key) = key {
        draft.because(updated, Actor::Person(by.clone()), |draft| {
            start_key_update(draft, existing, key);
        });
    }
    Ok(())
}

fn create(
    draft: &mut Draft,
    id: &ResourceId,
    namesake: Option<&Cluster>,
    body: &Body,
    capacity: u32,
    billing: Billing,
) -> Result<(), Refusal> {
    let world = &draft.world;
    let (subscription, _, _) = id.parts();
    no_key_yet(body)?;
    name_free(world, namesake)?;
    let wanted = place(body);
    allowed(world, &subscription, &wanted)?;
    quota(world, &subscription, &wanted)?;
    let location = known_place(body)?;
    let ends_at = draft.now + world.rules.cluster_provisioning;
    let fact = Fact::Created {
        cluster: id.clone(),
        location,
        identity: next_identity(world),
        capacity,
        billing,
        building: Some((operation::next(world), ends_at)),
    };
    draft.emit(fact);
    Ok(())
}

fn next_identity(world: &World) -> IdentityId {
    IdentityId(u32::try_from(world.identities.len() + 1).unwrap_or(u32::MAX))
}

/// PATCH: form first, then the state, then what is asked for (e.2).
fn patch(draft: &mut Draft, by: &PersonId, found: &Cluster, body: &Body) -> Result<(), Refusal> {
    if *body == Body::default() {
        return Err(errors::CC_02
            .says("The update says nothing that is to change.")
            .target("body")
            .remedy("Give sku, billingType or keyVaultProperties."));
    }
    let key = body.key.as_ref().map(key_identifier).transpose()?;
    let billing = billing(body)?;
    may_update(draft, found, body, &errors::CU_05)?;
    read_only(found, body)?;
    if body.identity.is_some() {
        valid_identity(body)?;
    }
    // E-CU-08 stands for the capacity errors of e.1.
    let as_update = |no: Refusal| Refusal {
        id: errors::CU_08.id.to_owned(),
        ..no
    };
    let capacity = match &body.sku {
        Some(sku) => {
            let capacity =
                valid_sku(&draft.world, &found.subscription(), sku).map_err(as_update)?;
            capacity_lock(draft, found, capacity, &errors::CC_07).map_err(as_update)?;
            Some(capacity)
        }
        None => None,
    };
    if let Some(key) = &key {
        validate_key(
            &draft.world,
            draft.now,
            &found.id,
            &found.location,
            found.identity,
            key,
        )?;
    }
    let mut cause = None;
    if capacity.is_some() || billing.is_some() || key.is_none() {
        cause = Some(draft.emit(Fact::Updated {
            cluster: found.id.clone(),
            capacity,
            billing,
        }));
    }
    match (key, cause) {
        (Some(key), Some(cause)) => draft.because(cause, Actor::Person(by.clone()), |draft| {
            start_key_update(draft, found, key);
        }),
        (Some(key), None) => start_key_update(draft, found, key),
        (None, _) => {}
    }
    Ok(())
}

fn start_key_update(draft: &mut Draft, cluster: &Cluster, key: KeyIdentifier) {
    let started = draft.emit(Fact::KeyUpdateStarted {
        cluster: cluster.id.clone(),
        operation: operation::next(&draft.world),
        key: key.clone(),
        ends_at: draft.now + draft.world.rules.key_propagation,
    });
    draft.because(started, Actor::Storage, |draft| {
        encryption::record_validation(draft, &Caller::Identity(cluster.identity), &key);
    });
}

fn delete(draft: &mut Draft, by: &PersonId, id: &ResourceId) -> Result<(), Refusal> {
    draft.world.authorize_on(by, Action::ClusterWrite, id)?;
    let found = match draft.world.live_cluster(id) {
        Ok(found) => found.clone(),
        Err(missing) => {
            return Err(errors::CD_02
                .says(format!("There is nothing to delete: {}", missing.message))
                .target("cluster")
                .remedy(missing.remedy));
        }
    };
    match found.state {
        State::Succeeded | State::Failed => {}
        state => {
            let running = found
                .operation
                .and_then(|id| draft.world.operations.get(&id));
            let mut refusal = errors::CD_01
                .says(match state {
                    State::ProvisioningAccount => errors::CD_01.message.to_owned(),
                    State::Updating => {
                        "A cluster cannot be deleted while it is updated.".to_owned()
                    }
                    _ => "The cluster is being deleted already.".to_owned(),
                })
                .target("cluster");
            if let Some(operation) = running {
                refusal = refusal.remedy(format!("Wait for it: lockbox op wait {}.", operation.id));
                // What is being deleted already cannot be deleted later either.
                if state != State::Deleting {
                    refusal = refusal.allowed_from(operation.expected_end);
                }
                if state != State::ProvisioningAccount {
                    refusal = refusal.rule("R-CLU-16");
                }
            }
            return Err(refusal);
        }
    }
    if found.links.is_empty() {
        soft_delete(draft, id, None);
        return Ok(());
    }
    let started = draft.emit(Fact::DeleteStarted {
        cluster: id.clone(),
        operation: operation::next(&draft.world),
        expected_end: draft.now + draft.world.rules.unlink_duration,
    });
    draft.because(started, Actor::LogAnalytics, |draft| {
        link::unlink_all(draft, id);
        deleted_when_unlinked(draft, id);
    });
    Ok(())
}

fn soft_delete(draft: &mut Draft, id: &ResourceId, operation: Option<OperationId>) {
    draft.emit(Fact::SoftDeleted {
        cluster: id.clone(),
        operation,
        purge_at: draft.now + draft.world.rules.cluster_soft_delete,
    });
}

fn deleted_when_unlinked(draft: &mut Draft, id: &ResourceId) {
    let Some(found) = draft.world.clusters.get(id) else {
        return;
    };
    if found.state == State::Deleting && found.links.is_empty() {
        let operation = found.operation;
        soft_delete(draft, id, operation);
    }
}

/// The cluster is built: its storage accounts are there, each with an AEK of its own.
fn provisioned(draft: &mut Draft, id: &ResourceId, operation: Option<OperationId>) {
    let world = &draft.world;
    let accounts = (1..=world.rules.accounts_per_cluster)
        .map(|n| (AccountId(world.accounts + n), AekId(world.aeks + n)))
        .collect();
    draft.emit(Fact::Provisioned {
        cluster: id.clone(),
        operation,
        accounts,
    });
}

/// A cluster of the world file: there at once, at the least capacity, under the Microsoft key.
pub(super) fn found(draft: &mut Draft, resource: &Resource) {
    let capacity = draft.world.rules.capacity_min;
    draft.emit(Fact::Created {
        cluster: resource.id.clone(),
        location: resource.location.clone(),
        identity: next_identity(&draft.world),
        capacity,
        billing: Billing::Cluster,
        building: None,
    });
    provisioned(draft, &resource.id, None);
}

/// The 14 days of a deleted cluster are over.
pub(super) fn purge_in_time(draft: &mut Draft, id: &ResourceId) {
    let deleted = draft.world.clusters.get(id).and_then(|c| c.deleted);
    draft.following(deleted.map(|d| d.revision), |draft| {
        draft.emit(Fact::Purged {
            cluster: id.clone(),
        })
    });
}

pub(super) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Created {
            cluster,
            location,
            identity,
            capacity,
            billing,
            building,
        } => {
            world
                .resources
                .insert(cluster, ResourceKind::Cluster, location);
            world.identities.push_back(cluster.clone());
            world.clusters.insert(
                cluster.clone(),
                Arc::new(Cluster {
                    id: cluster.clone(),
                    location: location.clone(),
                    identity: *identity,
                    capacity: *capacity,
                    sku_updated_at: at,
                    billing: *billing,
                    state: State::ProvisioningAccount,
                    created_at: at,
                    operation: building.map(|(operation, _)| operation),
                    key: None,
                    accounts: Vector::new(),
                    protection: Protection {
                        since: at,
                        cause: revision,
                        ..Protection::default()
                    },
                    links: OrdSet::new(),
                    deleted: None,
                }),
            );
            if let Some((id, ends_at)) = building {
                let begin = Begin {
                    id: *id,
                    kind: Kind::CreateCluster,
                    cluster,
                    workspace: None,
                    key: None,
                    ends_at: *ends_at,
                };
                operation::begin(world, at, revision, begin);
            }
        }
        Fact::Provisioned {
            cluster,
            operation,
            accounts,
        } => {
            finish(world, at, cluster, *operation, None);
            for (account, aek) in accounts {
                world.accounts = world.accounts.max(account.0);
                world.aeks = world.aeks.max(aek.0);
            }
            edit(world, cluster, |c| {
                c.state = State::Succeeded;
                c.accounts = accounts
                    .iter()
                    .map(|(id, microsoft)| Account {
                        id: *id,
                        microsoft: *microsoft,
                        customer: None,
                    })
                    .collect();
            });
        }
        Fact::Updated {
            cluster,
            capacity,
            billing,
        } => edit(world, cluster, |c| {
            if let Some(capacity) = capacity {
                c.capacity = *capacity;
                c.sku_updated_at = at;
            }
            c.billing = billing.unwrap_or(c.billing);
        }),
        Fact::KeyUpdateStarted {
            cluster,
            operation,
            key,
            ends_at,
        } => {
            let begin = Begin {
                id: *operation,
                kind: Kind::UpdateKey,
                cluster,
                workspace: None,
                key: Some(key),
                ends_at: *ends_at,
            };
            operation::begin(world, at, revision, begin);
            edit(world, cluster, |c| {
                c.state = State::Updating;
                c.operation = Some(*operation);
            });
        }
        Fact::KeyUpdated {
            cluster,
            operation,
            key,
            aeks,
        } => {
            finish(world, at, cluster, Some(*operation), None);
            for (_, aek) in aeks {
                world.aeks = world.aeks.max(aek.0);
            }
            edit(world, cluster, |c| {
                c.state = State::Succeeded;
                c.key = Some(key.clone());
                for account in c.accounts.iter_mut() {
                    account.customer = aeks
                        .iter()
                        .find(|(id, _)| *id == account.id)
                        .map(|(_, aek)| *aek);
                }
            });
            encryption::key_in_force(world, cluster, at, revision);
        }
        Fact::OperationFailed {
            cluster,
            operation,
            failure,
        } => {
            finish(world, at, cluster, Some(*operation), Some(failure));
            // The old key is kept (c.8).
            edit(world, cluster, |c| c.state = c.rests_as());
        }
        Fact::DeleteStarted {
            cluster,
            operation,
            expected_end,
        } => {
            let begin = Begin {
                id: *operation,
                kind: Kind::DeleteCluster,
                cluster,
                workspace: None,
                key: None,
                ends_at: *expected_end,
            };
            operation::begin(world, at, revision, begin);
            edit(world, cluster, |c| {
                c.state = State::Deleting;
                c.operation = Some(*operation);
            });
        }
        Fact::SoftDeleted {
            cluster,
            operation,
            purge_at,
        } => {
            finish(world, at, cluster, *operation, None);
            encryption::sleep(world, cluster);
            world.resources.remove(cluster);
            let timer = world
                .timers
                .set(*purge_at, Timer::ClusterPurges(cluster.clone()));
            edit(world, cluster, |c| {
                c.state = State::SoftDeleted;
                c.deleted = Some(SoftDeleted {
                    at,
                    revision,
                    purge_at: *purge_at,
                    timer,
                });
            });
        }
        Fact::Purged { cluster } => {
            if let Some(deleted) = world.clusters.remove(cluster).and_then(|c| c.deleted) {
                world.timers.cancel(deleted.timer);
            }
            workspace::forget_cluster(world, cluster);
            segment::forget_cluster(world, at, cluster);
        }
    }
}

fn finish(
    world: &mut World,
    at: SimTime,
    cluster: &ResourceId,
    operation: Option<OperationId>,
    failure: Option<&Failure>,
) {
    if let Some(operation) = operation {
        operation::finish(world, at, operation, failure);
        edit(world, cluster, |c| c.operation = None);
    }
}

pub(super) fn edit(world: &mut World, id: &ResourceId, change: impl FnOnce(&mut Cluster)) {
    if let Some(cluster) = world.clusters.get_mut(id) {
        change(Arc::make_mut(cluster));
    }
}

impl World {
    /// The cluster, deleted or not.
    pub fn cluster(&self, id: &ResourceId) -> Result<&Arc<Cluster>, Refusal> {
        self.clusters.get(id).ok_or_else(|| {
            let home = id.subscription();
            let known = self
                .clusters
                .keys()
                .filter(|k| k.subscription() == home)
                .map(ResourceId::as_str);
            errors::CG_01
                .says(format!("Cluster {id} not found; it may have been deleted."))
                .target("cluster")
                .remedy(did_you_mean(
                    nearest(id.as_str(), known),
                    errors::CG_01.remedy,
                ))
        })
    }

    /// The cluster, if it is not deleted (R-CLU-19).
    pub fn live_cluster(&self, id: &ResourceId) -> Result<&Arc<Cluster>, Refusal> {
        let found = self.cluster(id)?;
        match found.deleted {
            None => Ok(found),
            Some(deleted) => Err(errors::CG_01
                .says(format!(
                    "Cluster {id} not found; it was deleted at {} UTC.",
                    deleted.at.to_seconds()
                ))
                .target("cluster")
                .remedy(format!(
                    "It is soft-deleted until {} UTC: ask support to recover it or use another name.",
                    deleted.purge_at.to_seconds()
                ))),
        }
    }

    /// The id a cluster of this name has or would get: names compare without case, so there is only one of it.
    pub fn cluster_named(
        &self,
        subscription: &SubscriptionId,
        group: &str,
        name: &str,
    ) -> ResourceId {
        let taken = |id: &&ResourceId| {
            let (s, g, n) = id.parts();
            s == *subscription && g == group && n.eq_ignore_ascii_case(name)
        };
        let found = self.clusters.keys().find(taken).cloned();
        found.unwrap_or_else(|| Resource::id_for(subscription, group, name))
    }

    /// The cluster somebody means by its full id, its ARM path, `group/name` or its name, among those they may
    /// see; also a deleted one. A full id means itself to anybody.
    pub fn find_cluster(&self, actor: &Actor, text: &str) -> Result<ResourceId, Refusal> {
        let exact = ResourceId::from(text);
        if self.clusters.contains_key(&exact) || hidden(self, actor, Action::ClusterRead, &exact) {
            return Ok(exact);
        }
        let mut sees = visible(self, actor, Action::ClusterRead);
        let seen: Vec<&ResourceId> = self.clusters.keys().filter(|id| sees(id)).collect();
        let arm_type = ResourceKind::Cluster.arm_type();
        let hits = seen
            .iter()
            .copied()
            .filter(|id| self.means(id, arm_type, text))
            .collect();
        the_one(&Named {
            text,
            hits,
            nouns: "clusters",
            target: "cluster",
            missing: errors::CG_01.says(format!(
                "Cluster {} not found; it may have been deleted.",
                scrub(text)
            )),
            nearest: nearest(text, seen.iter().map(|id| id.name())),
            otherwise: errors::CG_01.remedy,
        })
    }

    /// Whether a text names a resource: by its id, its ARM path, `group/name` or its name.
    pub(crate) fn means(&self, id: &ResourceId, arm_type: &str, text: &str) -> bool {
        let (subscription, group, name) = id.parts();
        let same = |a: &str| a.eq_ignore_ascii_case(text);
        same(id.as_str())
            || same(name)
            || same(&format!("{group}/{name}"))
            || (text.starts_with('/')
                && same(&format!(
                    "/subscriptions/{}/resourceGroups/{group}/providers/{arm_type}/{name}",
                    self.subscription_guid(&subscription)
                )))
    }

    /// `properties.clusterId`.
    pub fn cluster_guid(&self, cluster: &Cluster) -> String {
        random::guid(self.seed, "cluster", cluster.identity.0)
    }
}
