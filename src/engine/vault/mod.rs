//! Key vaults (`domain.md` c.5, R-KV-*, E-KV-*): the vault itself here, its keys, access policies and network
//! in the files beside.
//!
//! ```text
//! (none) --create--> Active{softDelete?, purgeProtection?}
//! Active{sd=no} --enable soft delete--> Active{sd}                one way
//! Active{sd, pp=no} --enable purge protection--> Active{sd, pp}   one way
//! Active --delete [sd]--> SoftDeleted        Active --delete [sd=no]--> gone
//! SoftDeleted --recover--> Active            SoftDeleted --purge [pp=no], retention over--> gone
//! ```
//! A vault is named by its DNS label, which nobody else in the cloud may have, deleted vaults included.

pub mod access_policy;
pub mod key;
pub mod network;
pub mod trail;
pub mod wire;

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::cluster::encryption;
use super::draft::Draft;
use super::errors;
use super::event::Actor;
use super::ids::{KeyName, PersonId, ResourceId, Revision, SubscriptionId, VaultName};
use super::people::Action;
use super::refusal::Refusal;
use super::resources::{Resource, ResourceKind, SoftDeleted, region};
use super::text::scrub;
use super::time::{SimTime, Span};
use super::timers::Timer;
use super::words::{did_you_mean, nearest, words};
use super::world::World;
use access_policy::{Caller, KeyPermission};
use key::Key;
use network::Fault;
use trail::{Call, Done};

words! {
    /// Premium vaults hold keys in hardware (f.10).
    Sku {
        Standard = "standard",
        Premium = "premium",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    pub name: VaultName,
    pub id: ResourceId,
    pub location: Arc<str>,
    pub sku: Sku,
    pub soft_delete: bool,
    pub purge_protection: bool,
    /// How long a deleted vault or key can be recovered (R-KV-05).
    pub retention: Span,
    pub created_at: SimTime,
    pub deleted: Option<SoftDeleted>,
    pub keys: OrdMap<KeyName, Arc<Key>>,
    pub policies: OrdMap<Caller, OrdSet<KeyPermission>>,
    pub fault: Option<Fault>,
    /// The audit trail: every call and its outcome, oldest first. Routine polls of storage are not in it; they
    /// are a function of time (`cluster::encryption::polls`).
    pub trail: Vector<Call>,
}

impl Vault {
    /// R-CMK-21: what a cluster's key needs.
    pub fn recoverable(&self) -> bool {
        self.soft_delete && self.purge_protection
    }

    /// `attributes.recoveryLevel` of its keys (c.6), which is what the service looks at.
    pub fn recovery_level(&self, longest: Span) -> &'static str {
        match (
            self.soft_delete,
            self.purge_protection,
            self.retention < longest,
        ) {
            (false, ..) => "Purgeable",
            (true, false, false) => "Recoverable+Purgeable",
            (true, false, true) => "CustomizedRecoverable+Purgeable",
            (true, true, false) => "Recoverable",
            (true, true, true) => "CustomizedRecoverable",
        }
    }

    /// `vaultUri`.
    pub fn uri(&self) -> String {
        uri(&self.name)
    }

    pub fn subscription(&self) -> SubscriptionId {
        self.id.subscription()
    }

    pub fn group(&self) -> &str {
        self.id.parts().1
    }

    pub fn is_active(&self) -> bool {
        self.deleted.is_none()
    }
}

/// The part of a vault's address after its name.
pub const DNS_SUFFIX: &str = ".vault.azure.net";

/// `https://{vault}.vault.azure.net`.
pub fn uri(vault: &VaultName) -> String {
    format!("https://{vault}{DNS_SUFFIX}")
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    pub subscription: SubscriptionId,
    pub group: Arc<str>,
    pub name: Arc<str>,
    pub location: Arc<str>,
    pub sku: Sku,
    /// i-21: off unless asked for.
    pub soft_delete: bool,
    pub purge_protection: bool,
    /// None takes the longest.
    pub retention: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Create(Create),
    Update {
        vault: VaultName,
        soft_delete: Option<bool>,
        purge_protection: Option<bool>,
        retention: Option<Span>,
    },
    Delete {
        vault: VaultName,
    },
    Recover {
        vault: VaultName,
    },
    Purge {
        vault: VaultName,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Created {
        vault: VaultName,
        id: ResourceId,
        location: Arc<str>,
        sku: Sku,
        soft_delete: bool,
        purge_protection: bool,
        retention: Span,
        /// The creator's own policy, as the command-line client of the cloud makes it.
        owner: Option<Caller>,
    },
    Updated {
        vault: VaultName,
        soft_delete: bool,
        purge_protection: bool,
    },
    /// Still to be recovered until `purge_at`; without soft delete it is gone at once.
    Deleted {
        vault: VaultName,
        purge_at: Option<SimTime>,
    },
    Recovered {
        vault: VaultName,
    },
    Purged {
        vault: VaultName,
    },
}

impl Fact {
    pub fn vault(&self) -> &VaultName {
        match self {
            Fact::Created { vault, .. }
            | Fact::Updated { vault, .. }
            | Fact::Deleted { vault, .. }
            | Fact::Recovered { vault }
            | Fact::Purged { vault } => vault,
        }
    }
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Create(create) => decide_create(draft, by, create),
        Command::Update {
            vault,
            soft_delete,
            purge_protection,
            retention,
        } => {
            let found = may(draft, &by, Action::VaultWrite, vault)?;
            draft.world.active_vault(vault)?;
            if found.purge_protection && *purge_protection == Some(false) {
                return Err(errors::KV_07
                    .refuse()
                    .target("properties.enablePurgeProtection"));
            }
            if found.soft_delete && *soft_delete == Some(false) {
                return Err(errors::KV_08.refuse().target("properties.enableSoftDelete"));
            }
            if let Some(span) = retention
                && *span != found.retention
            {
                return Err(errors::KV_15
                    .says(format!(
                        "The retention of {vault} is {} and cannot be changed once it is set.",
                        found.retention
                    ))
                    .target("properties.softDeleteRetentionInDays")
                    .remedy("Leave it out; a new vault can have another one."));
            }
            let soft_delete = soft_delete.unwrap_or(found.soft_delete);
            let purge_protection = purge_protection.unwrap_or(found.purge_protection);
            needs_soft_delete(soft_delete, purge_protection)?;
            draft.emit(Fact::Updated {
                vault: vault.clone(),
                soft_delete,
                purge_protection,
            });
            Ok(())
        }
        Command::Delete { vault } => {
            let found = may(draft, &by, Action::VaultDelete, vault)?;
            draft.world.active_vault(vault)?;
            let purge_at = found.soft_delete.then(|| draft.now + found.retention);
            draft.emit(Fact::Deleted {
                vault: vault.clone(),
                purge_at,
            });
            Ok(())
        }
        Command::Recover { vault } => {
            may(draft, &by, Action::VaultWrite, vault)?;
            draft.world.deleted_vault(vault)?;
            draft.emit(Fact::Recovered {
                vault: vault.clone(),
            });
            Ok(())
        }
        Command::Purge { vault } => {
            let found = may(draft, &by, Action::VaultPurge, vault)?;
            draft.world.deleted_vault(vault)?;
            if found.purge_protection {
                let at = found.deleted.map(|d| d.purge_at);
                let mut refusal = errors::KV_06.refuse().target("vault");
                refusal.allowed_from = at;
                if let Some(at) = at {
                    refusal = refusal.remedy(format!(
                        "Purge protection is on; the service purges it at {} UTC.",
                        at.to_seconds()
                    ));
                }
                return Err(refusal);
            }
            draft.emit(Fact::Purged {
                vault: vault.clone(),
            });
            Ok(())
        }
    }
}

/// The vault, deleted or not, if the person may do this to it.
fn may(
    draft: &Draft,
    by: &PersonId,
    action: Action,
    vault: &VaultName,
) -> Result<Arc<Vault>, Refusal> {
    let found = draft.world.vault(vault)?.clone();
    let subscription = found.subscription();
    draft
        .world
        .authorize(by, action, &subscription, found.group())?;
    Ok(found)
}

fn decide_create(draft: &mut Draft, by: PersonId, create: &Create) -> Result<(), Refusal> {
    let world = &draft.world;
    world.resource_group(&create.subscription, &create.group)?;
    world.authorize(&by, Action::VaultWrite, &create.subscription, &create.group)?;
    let name = VaultName::new(&create.name);
    valid_name(&create.name)?;
    let location = region(&create.location)?;
    let rules = &world.rules;
    let retention = create.retention.unwrap_or(rules.vault_retention);
    let day = Span::days(1).0;
    if retention < rules.vault_retention_min
        || retention > rules.vault_retention_max
        || retention.0 % day != 0
    {
        return Err(errors::KV_15
            .says(format!(
                "The retention {retention} is out of range: whole days from {} to {}.",
                rules.vault_retention_min, rules.vault_retention_max
            ))
            .target("properties.softDeleteRetentionInDays")
            .remedy("Give a number of days in that range; it cannot be changed later."));
    }
    needs_soft_delete(create.soft_delete, create.purge_protection)?;
    unused(world, &name)?;
    let id = Resource::id_for(&create.subscription, &create.group, name.as_str());
    draft.emit(Fact::Created {
        vault: name,
        id,
        location,
        sku: create.sku,
        soft_delete: create.soft_delete,
        purge_protection: create.purge_protection,
        retention,
        owner: Some(Caller::Person(by)),
    });
    Ok(())
}

fn needs_soft_delete(soft_delete: bool, purge_protection: bool) -> Result<(), Refusal> {
    if purge_protection && !soft_delete {
        return Err(errors::KV_15
            .says("Purge protection needs soft delete.")
            .target("properties.enablePurgeProtection")
            .rule("R-KV-01")
            .remedy("Turn on soft delete as well."));
    }
    Ok(())
}

/// Vault names of the platform: 3 to 24 letters, digits and inner hyphens, a letter first.
fn valid_name(name: &str) -> Result<(), Refusal> {
    let fits = (3..=24).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.contains("--");
    if fits {
        return Ok(());
    }
    Err(errors::KV_15
        .says(format!("The vault name {} is not valid.", scrub(name)))
        .target("name")
        .remedy("Use 3 to 24 letters, digits and single hyphens inside, beginning with a letter."))
}

/// E-KV-09, and the name somebody else in the cloud has.
pub(super) fn unused(world: &World, name: &VaultName) -> Result<(), Refusal> {
    match world.vaults.get(name) {
        None => Ok(()),
        Some(taken) => match taken.deleted {
            Some(deleted) => Err(errors::KV_09
                .says(format!("A vault {name} exists in deleted state."))
                .target("name")
                .allowed_from(deleted.purge_at)),
            None => Err(errors::KV_16
                .says(format!(
                    "The vault name {name} is taken; names are unique in the whole cloud."
                ))
                .target("name")),
        },
    }
}

/// A vault of the world file, with both switches off (i-21).
pub(super) fn found(draft: &mut Draft, resource: &Resource) {
    let retention = draft.world.rules.vault_retention;
    draft.emit(Fact::Created {
        vault: VaultName::new(&resource.name),
        id: resource.id.clone(),
        location: resource.location.clone(),
        sku: Sku::Standard,
        soft_delete: false,
        purge_protection: false,
        retention,
        owner: None,
    });
}

/// The retention of a deleted vault is over.
pub(super) fn purge_in_time(draft: &mut Draft, name: &VaultName) {
    let deleted = draft.world.vaults.get(name).and_then(|v| v.deleted);
    draft.following(deleted.map(|d| d.revision), |draft| {
        draft.emit(Fact::Purged {
            vault: name.clone(),
        })
    });
}

pub(super) fn evolve(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    actor: &Actor,
    fact: &Fact,
) {
    match fact {
        Fact::Created {
            vault,
            id,
            location,
            sku,
            soft_delete,
            purge_protection,
            retention,
            owner,
        } => {
            let policies = owner
                .iter()
                .map(|owner| (owner.clone(), access_policy::creators()))
                .collect();
            world.resources.insert(id, ResourceKind::KeyVault, location);
            world.vaults.insert(
                vault.clone(),
                Arc::new(Vault {
                    name: vault.clone(),
                    id: id.clone(),
                    location: location.clone(),
                    sku: *sku,
                    soft_delete: *soft_delete,
                    purge_protection: *purge_protection,
                    retention: *retention,
                    created_at: at,
                    deleted: None,
                    keys: OrdMap::new(),
                    policies,
                    fault: None,
                    trail: Vector::new(),
                }),
            );
            trail::management(world, at, revision, actor, vault, Done::VaultPut, None);
        }
        Fact::Updated {
            vault,
            soft_delete,
            purge_protection,
        } => {
            edit(world, vault, |v| {
                v.soft_delete = *soft_delete;
                v.purge_protection = *purge_protection;
            });
            trail::management(world, at, revision, actor, vault, Done::VaultPatch, None);
        }
        Fact::Deleted { vault, purge_at } => {
            trail::management(world, at, revision, actor, vault, Done::VaultDelete, None);
            if let Some(found) = world.vaults.get(vault) {
                let id = found.id.clone();
                world.resources.remove(&id);
            }
            match purge_at {
                Some(purge_at) => {
                    let timer = world
                        .timers
                        .set(*purge_at, Timer::VaultPurges(vault.clone()));
                    let purge_at = *purge_at;
                    edit(world, vault, |v| {
                        v.deleted = Some(SoftDeleted {
                            at,
                            revision,
                            purge_at,
                            timer,
                        });
                    });
                }
                None => gone(world, vault),
            }
            encryption::reconsider(world, vault, at, revision);
        }
        Fact::Recovered { vault } => {
            if let Some(found) = world.vaults.get(vault).cloned() {
                if let Some(deleted) = found.deleted {
                    world.timers.cancel(deleted.timer);
                }
                world
                    .resources
                    .insert(&found.id, ResourceKind::KeyVault, &found.location);
            }
            edit(world, vault, |v| v.deleted = None);
            trail::management(world, at, revision, actor, vault, Done::VaultRecover, None);
            encryption::reconsider(world, vault, at, revision);
        }
        Fact::Purged { vault } => gone(world, vault),
    }
}

/// Nothing of it is left but the journal; its timers go too.
fn gone(world: &mut World, name: &VaultName) {
    let Some(found) = world.vaults.remove(name) else {
        return;
    };
    let keys = found.keys.values().filter_map(|k| k.deleted);
    for deleted in keys.chain(found.deleted) {
        world.timers.cancel(deleted.timer);
    }
    if let Some(fault) = &found.fault {
        world.timers.cancel(fault.timer);
    }
}

pub(super) fn edit(world: &mut World, name: &VaultName, change: impl FnOnce(&mut Vault)) {
    if let Some(vault) = world.vaults.get_mut(name) {
        change(Arc::make_mut(vault));
    }
}

impl World {
    /// The vault of this name, deleted or not.
    pub fn vault(&self, name: &VaultName) -> Result<&Arc<Vault>, Refusal> {
        self.vaults.get(name).ok_or_else(|| {
            let known = self.vaults.keys().map(VaultName::as_str);
            errors::KV_14
                .says(format!("There is no vault {name}."))
                .target("vault")
                .remedy(did_you_mean(
                    nearest(name.as_str(), known),
                    "List the vaults: lockbox vault list.",
                ))
        })
    }

    pub fn active_vault(&self, name: &VaultName) -> Result<&Arc<Vault>, Refusal> {
        let found = self.vault(name)?;
        match found.deleted {
            None => Ok(found),
            Some(deleted) => Err(errors::KV_14
                .says(format!(
                    "The vault {name} is deleted; it can be recovered until {} UTC.",
                    deleted.purge_at.to_seconds()
                ))
                .target("vault")
                .remedy("Recover it: lockbox vault recover.")),
        }
    }

    fn deleted_vault(&self, name: &VaultName) -> Result<&Arc<Vault>, Refusal> {
        let found = self.vault(name)?;
        if found.deleted.is_none() {
            return Err(errors::KV_18
                .says(format!("The vault {name} is not deleted."))
                .target("vault")
                .remedy("Delete it first: lockbox vault delete."));
        }
        Ok(found)
    }
}
