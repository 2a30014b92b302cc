//! What a story does with vaults, keys, clusters and workspaces, as the ordinary commands of their rooms.
//!
//! A step is written down before the world is played, when no key version and no managed identity exists yet. So
//! a version is counted and a principal is named, and both are looked up when the step is done.

use std::sync::Arc;

use imbl::OrdSet;
use serde::{Deserialize, Serialize};

use crate::engine::cluster::{self, Body, link, operation, support};
use crate::engine::command::Command;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{KeyName, ResourceId, VaultName};
use crate::engine::ingestion;
use crate::engine::refusal::Refusal;
use crate::engine::vault::access_policy::{self, KeyPermission};
use crate::engine::vault::key::{self, Attributes, KeyIdentifier};
use crate::engine::vault::{self, network};
use crate::engine::workspace::{self, linked_storage, saved_search};
use crate::engine::world::World;

/// A version of a key by its place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nth {
    /// The newest.
    Current,
    /// From 1, the oldest.
    Number(u32),
}

/// A key version, to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub vault: VaultName,
    pub key: KeyName,
    pub version: Nth,
}

impl Counted {
    fn find(&self, world: &World) -> Result<KeyIdentifier, Refusal> {
        let Counted {
            vault,
            key,
            version,
        } = self;
        let versions = world
            .vaults
            .get(vault)
            .and_then(|v| v.keys.get(key))
            .map(|k| &k.versions);
        let found = match version {
            Nth::Current => versions.and_then(|v| v.last()),
            Nth::Number(n) => versions.and_then(|v| v.get((*n as usize).checked_sub(1)?)),
        };
        let found = found.ok_or_else(|| {
            let wanted = match version {
                Nth::Current => "no version".to_owned(),
                Nth::Number(n) => format!("no version number {n}"),
            };
            errors::KV_03
                .says(format!(
                    "The key {key} in the vault {vault} has {wanted} yet."
                ))
                .target("version")
        })?;
        Ok(KeyIdentifier {
            vault: vault.clone(),
            key: key.clone(),
            version: found.id.clone(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Vault(vault::Command),
    Key(key::Command),
    SetAttributes {
        key: Counted,
        attributes: Attributes,
    },
    /// The principal as [`World::find_principal`] knows it.
    SetPolicy {
        vault: VaultName,
        principal: Arc<str>,
        keys: OrdSet<KeyPermission>,
    },
    DeletePolicy {
        vault: VaultName,
        principal: Arc<str>,
    },
    Cluster(Box<cluster::Command>),
    SetKey {
        cluster: ResourceId,
        key: Counted,
    },
    Link(link::Command),
    Workspace(workspace::Command),
    Search(saved_search::Command),
    Storage(linked_storage::Command),
    SetStorageKey {
        account: ResourceId,
        key: Counted,
    },
    Support(support::Command),
    /// The simulator's, as is the next one.
    Fault(network::Command),
    /// What runs on this cluster or workspace fails.
    FailOperation {
        on: ResourceId,
    },
    /// What a workspace sends in the model.
    Ingestion(ingestion::Command),
}

impl Deed {
    /// Whether no person can do it.
    pub fn is_the_simulators(&self) -> bool {
        matches!(
            self,
            Deed::Fault(_) | Deed::FailOperation { .. } | Deed::Ingestion(_)
        )
    }

    /// The command it is in the world as it stands; a principal's name means one of the actor's own directory.
    pub(super) fn command(&self, world: &World, actor: &Actor) -> Result<Command, Refusal> {
        Ok(match self {
            Deed::Vault(command) => command.clone().into(),
            Deed::Key(command) => command.clone().into(),
            Deed::SetAttributes { key, attributes } => {
                let found = key.find(world)?;
                key::Command::SetAttributes {
                    vault: found.vault,
                    key: found.key,
                    version: Some(found.version),
                    attributes: attributes.clone(),
                }
                .into()
            }
            Deed::SetPolicy {
                vault,
                principal,
                keys,
            } => access_policy::Command::Set {
                vault: vault.clone(),
                principal: world.find_principal(actor, principal)?,
                keys: keys.clone(),
            }
            .into(),
            Deed::DeletePolicy { vault, principal } => access_policy::Command::Delete {
                vault: vault.clone(),
                principal: world.find_principal(actor, principal)?,
            }
            .into(),
            Deed::Cluster(command) => (**command).clone().into(),
            Deed::SetKey { cluster, key } => cluster::Command::Patch {
                cluster: cluster.clone(),
                body: Body {
                    key: Some((&key.find(world)?).into()),
                    ..Body::default()
                },
            }
            .into(),
            Deed::Link(command) => command.clone().into(),
            Deed::Workspace(command) => command.clone().into(),
            Deed::Search(command) => command.clone().into(),
            Deed::Storage(command) => command.clone().into(),
            Deed::SetStorageKey { account, key } => linked_storage::Command::SetKey {
                account: account.clone(),
                key: Some(key.find(world)?),
            }
            .into(),
            Deed::Support(command) => command.clone().into(),
            Deed::Fault(command) => command.clone().into(),
            Deed::Ingestion(command) => command.clone().into(),
            Deed::FailOperation { on } => {
                let of_cluster = world.clusters.get(on).and_then(|c| c.operation);
                let of_link = || world.workspaces.get(on).and_then(|w| w.link.operation());
                let operation = of_cluster.or_else(of_link).ok_or_else(|| {
                    errors::FLT_01
                        .says(format!("No operation runs on {on}."))
                        .target("on")
                })?;
                operation::Command::Fail { operation }.into()
            }
        })
    }
}
