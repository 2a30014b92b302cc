//! Access policies of a vault (`domain.md` c.7): which principal may do what with its keys. The right to use a
//! key comes from here only, never from a role (b.3).
//!
//! ```text
//! Absent --set--> Present --set--> Present'        Present --delete--> Absent
//! ```

use std::fmt;

use imbl::OrdSet;
use serde::{Deserialize, Serialize};

use super::Vault;
use super::trail::{self, Done};
use crate::engine::cluster::encryption;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{IdentityId, PersonId, ResourceId, Revision, VaultName};
use crate::engine::people::{Action, Side};
use crate::engine::random;
use crate::engine::refusal::Refusal;
use crate::engine::text::scrub;
use crate::engine::time::SimTime;
use crate::engine::words::{did_you_mean, nearest, words};
use crate::engine::world::World;

words! {
    /// Key permissions this simulation knows.
    KeyPermission {
        Get = "get",
        List = "list",
        Create = "create",
        Import = "import",
        Update = "update",
        Delete = "delete",
        Recover = "recover",
        Purge = "purge",
        WrapKey = "wrapKey",
        UnwrapKey = "unwrapKey",
    }
}

/// R-PERM-06: what the identity of a cluster needs.
pub const CLUSTER_NEEDS: [KeyPermission; 3] = [
    KeyPermission::Get,
    KeyPermission::WrapKey,
    KeyPermission::UnwrapKey,
];

/// Who stands at the vault's door: a person or the managed identity of a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    Person(PersonId),
    Identity(IdentityId),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Person(id) => id.fmt(f),
            Caller::Identity(id) => id.fmt(f),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Replaces the permissions of a principal; none at all is refused, delete the policy instead.
    Set {
        vault: VaultName,
        principal: Caller,
        keys: OrdSet<KeyPermission>,
    },
    Delete {
        vault: VaultName,
        principal: Caller,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Set {
        vault: VaultName,
        principal: Caller,
        keys: OrdSet<KeyPermission>,
    },
    Deleted {
        vault: VaultName,
        principal: Caller,
    },
}

impl Fact {
    pub fn vault(&self) -> &VaultName {
        match self {
            Fact::Set { vault, .. } | Fact::Deleted { vault, .. } => vault,
        }
    }
}

/// What the creator of a vault gets: everything to manage keys, nothing to use them, and no purge (R-KV-03).
pub(super) fn creators() -> OrdSet<KeyPermission> {
    use KeyPermission::*;
    OrdSet::from_iter([Get, List, Create, Import, Update, Delete, Recover])
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    let (Command::Set { vault, .. } | Command::Delete { vault, .. }) = command;
    let found = draft.world.active_vault(vault)?.clone();
    draft.world.authorize(
        &by,
        Action::PolicyWrite,
        &found.subscription(),
        found.group(),
    )?;
    match command {
        Command::Set {
            vault,
            principal,
            keys,
        } => {
            known(&draft.world, &found, principal)?;
            if keys.is_empty() {
                return Err(errors::KV_15
                    .says("A policy without any permission says nothing.")
                    .target("permissions")
                    .rule("R-PERM-06")
                    .remedy(
                        "Name permissions such as get wrapKey unwrapKey, or delete the policy.",
                    ));
            }
            draft.emit(Fact::Set {
                vault: vault.clone(),
                principal: principal.clone(),
                keys: keys.clone(),
            });
        }
        Command::Delete { vault, principal } => {
            if !found.policies.contains_key(principal) {
                let named = draft.world.caller_name(principal);
                return Err(errors::KV_18
                    .says(format!("The vault {vault} has no policy for {named}."))
                    .target("principal")
                    .rule("R-PERM-06")
                    .remedy("List the policies: lockbox policy list."));
            }
            draft.emit(Fact::Deleted {
                vault: vault.clone(),
                principal: principal.clone(),
            });
        }
    }
    Ok(())
}

/// c.7: no policy before the identity exists; and one directory knows its own principals only (R-CMK-20).
fn known(world: &World, vault: &Vault, principal: &Caller) -> Result<(), Refusal> {
    let (tenant, fault) = match principal {
        Caller::Person(id) => {
            let person = world.person(id).map_err(|no| no.target("principal"))?;
            match &person.side {
                Side::Customer(tenant) => (Some(tenant), id.to_string()),
                Side::Vendor(_) => (None, id.to_string()),
            }
        }
        Caller::Identity(id) => {
            let owner = world.identity_owner(*id);
            let tenant = owner.and_then(|owner| world.tenant_of(&owner.subscription()));
            (tenant, id.to_string())
        }
    };
    if tenant.is_some() && tenant == world.tenant_of(&vault.subscription()) {
        return Ok(());
    }
    Err(errors::KV_15
        .says(format!(
            "{fault} is no principal of the directory of the vault {}.",
            vault.name
        ))
        .target("principal")
        .rule("R-PERM-07")
        .remedy("Name somebody of the organisation, or a cluster: its identity comes with it."))
}

pub(crate) fn evolve(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    actor: &Actor,
    fact: &Fact,
) {
    let (vault, done) = match fact {
        Fact::Set {
            vault,
            principal,
            keys,
        } => {
            super::edit(world, vault, |v| {
                v.policies.insert(principal.clone(), keys.clone());
            });
            (vault, Done::PolicySet)
        }
        Fact::Deleted { vault, principal } => {
            super::edit(world, vault, |v| {
                v.policies.remove(principal);
            });
            (vault, Done::PolicyDelete)
        }
    };
    trail::management(world, at, revision, actor, vault, done, None);
    encryption::reconsider(world, vault, at, revision);
}

impl World {
    /// The resource a managed identity belongs to or, when that is gone, belonged to.
    pub fn identity_owner(&self, id: IdentityId) -> Option<&ResourceId> {
        self.identities
            .get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// `principalId` of a managed identity, or the object id of a person (R-PERM-07).
    pub fn principal_guid(&self, caller: &Caller) -> String {
        match caller {
            Caller::Person(id) => random::guid_of(self.seed, "person", id.as_str()),
            Caller::Identity(id) => random::guid(self.seed, "principal", id.0),
        }
    }

    /// A principal for people: a person's id, a cluster's name. An identity whose resource is gone is told from
    /// that of a successor of the same name.
    pub fn caller_name(&self, caller: &Caller) -> String {
        match caller {
            Caller::Person(id) => id.to_string(),
            Caller::Identity(id) => match self.identity_owner(*id) {
                Some(owner) if self.current_identity(owner) == Some(*id) => {
                    scrub(owner.name()).into_owned()
                }
                Some(owner) => format!("{id} (formerly {})", scrub(owner.name())),
                None => id.to_string(),
            },
        }
    }

    /// The principal somebody means by a person's id, the name or id of a cluster or storage account, the
    /// number of an identity as it is written (`MI-000007`), or a principal id (R-PERM-07). Everybody of an
    /// organisation finds the principals of its directory, and no others.
    pub fn find_principal(&self, actor: &Actor, text: &str) -> Result<Caller, Refusal> {
        if let Some(caller) = self.principal_of_guid(text) {
            return Ok(caller);
        }
        let home = match actor {
            Actor::Person(id) => match &self.person(id)?.side {
                Side::Customer(tenant) => Some(tenant),
                Side::Vendor(_) => None,
            },
            _ => None,
        };
        let persons: Vec<&PersonId> = self
            .people
            .persons
            .values()
            .filter(|p| home.is_none_or(|t| matches!(&p.side, Side::Customer(own) if own == t)))
            .map(|p| &p.id)
            .collect();
        let identities: Vec<(IdentityId, &ResourceId)> = self
            .identities
            .iter()
            .enumerate()
            .map(|(place, owner)| {
                let number = u32::try_from(place + 1).unwrap_or(u32::MAX);
                (IdentityId(number), owner)
            })
            .filter(|(_, owner)| home.is_none() || self.tenant_of(&owner.subscription()) == home)
            .collect();
        // A bare number may be a cluster's name.
        let numbered = text
            .parse::<IdentityId>()
            .ok()
            .filter(|_| text.contains('-'));
        if let Some((id, _)) = identities.iter().find(|(id, _)| Some(*id) == numbered) {
            return Ok(Caller::Identity(*id));
        }
        // What it could be, each with a text that means nothing else.
        let mut named: Vec<(Caller, String)> = persons
            .iter()
            .filter(|id| id.as_str() == text)
            .map(|id| Caller::Person((*id).clone()))
            .map(|caller| (caller.clone(), self.principal_guid(&caller)))
            .collect();
        for (identity, owner) in &identities {
            let means = owner.name().eq_ignore_ascii_case(text)
                || owner.as_str().eq_ignore_ascii_case(text);
            if means && self.current_identity(owner) == Some(*identity) {
                named.push((Caller::Identity(*identity), owner.to_string()));
            }
        }
        match named.as_slice() {
            [(caller, _)] => Ok(caller.clone()),
            [] => {
                let known = persons
                    .iter()
                    .map(|id| id.as_str())
                    .chain(identities.iter().map(|(_, owner)| owner.name()));
                Err(errors::KV_15
                    .says(format!("There is no principal {}.", scrub(text)))
                    .target("principal")
                    .rule("R-PERM-07")
                    .remedy(did_you_mean(
                        nearest(text, known),
                        "Name a person, or a cluster: its identity comes with it (c.7).",
                    )))
            }
            several => {
                let texts: Vec<&str> = several.iter().map(|(_, text)| text.as_str()).collect();
                Err(errors::KV_15
                    .says(format!(
                        "{} is the name of {} principals.",
                        scrub(text),
                        several.len()
                    ))
                    .target("principal")
                    .rule("R-PERM-07")
                    .remedy(format!("Say which: {}.", texts.join(", "))))
            }
        }
    }

    /// The principal with this object id.
    pub fn principal_of_guid(&self, guid: &str) -> Option<Caller> {
        let identity = random::number_of(self.seed, "principal", guid)
            .map(IdentityId)
            .filter(|id| self.identity_owner(*id).is_some())
            .map(Caller::Identity);
        identity.or_else(|| {
            self.people
                .persons
                .keys()
                .map(|id| Caller::Person(id.clone()))
                .find(|caller| self.principal_guid(caller).eq_ignore_ascii_case(guid))
        })
    }

    /// The identity a resource has now.
    fn current_identity(&self, owner: &ResourceId) -> Option<IdentityId> {
        let cluster = self.clusters.get(owner).map(|c| c.identity);
        cluster.or_else(|| self.storage_accounts.get(owner).map(|s| s.identity))
    }
}
