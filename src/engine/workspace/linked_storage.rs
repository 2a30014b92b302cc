//! Storage accounts of the customer linked to a workspace (`domain.md` c.14, R-BYOS-*, E-LS-*), and the key such
//! an account may have of its own.
//!
//! ```text
//! NotLinked --link--> Linked --link another--> Linked'        Linked --unlink--> NotLinked
//! ```
//! Linking for `Query` removes the saved searches the workspace has (R-BYOS-06); [`World::wiped_by`] says which.

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::saved_search::{Kind, Saved, slot};
use crate::engine::ask::{hidden, visible};
use crate::engine::cluster::checks::validate_key;
use crate::engine::cluster::encryption;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{IdentityId, PersonId, ResourceId};
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::resources::{Named, Resource, ResourceKind, the_one};
use crate::engine::text::scrub;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::words::{did_you_mean, nearest, words};
use crate::engine::world::World;

words! {
    /// `dataSourceType` (f.5).
    DataSource {
        CustomLogs = "CustomLogs",
        AzureWatson = "AzureWatson",
        Query = "Query",
        Ingestion = "Ingestion",
        Alerts = "Alerts",
    }
}

impl DataSource {
    /// E-LS-02.
    pub fn takes_one(self) -> bool {
        matches!(self, DataSource::Query | DataSource::Alerts)
    }
}

/// A storage account of the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageAccount {
    pub id: ResourceId,
    pub location: Arc<str>,
    pub identity: IdentityId,
    /// Its own customer-managed key (R-BYOS-02); none is the Microsoft key.
    pub key: Option<KeyIdentifier>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Replaces what is linked for this kind of data.
    Link {
        workspace: ResourceId,
        source: DataSource,
        accounts: Vector<ResourceId>,
    },
    Unlink {
        workspace: ResourceId,
        source: DataSource,
    },
    /// The account's own key; none goes back to the Microsoft key.
    SetKey {
        account: ResourceId,
        key: Option<KeyIdentifier>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Founded {
        account: ResourceId,
        location: Arc<str>,
        identity: IdentityId,
    },
    Linked {
        workspace: ResourceId,
        source: DataSource,
        accounts: Vector<ResourceId>,
        /// Saved searches the link removed from the workspace.
        wiped: Vector<Arc<str>>,
    },
    Unlinked {
        workspace: ResourceId,
        source: DataSource,
    },
    KeySet {
        account: ResourceId,
        key: Option<KeyIdentifier>,
    },
}

impl Fact {
    /// The workspace or storage account it is about.
    pub fn resource(&self) -> &ResourceId {
        match self {
            Fact::Linked { workspace, .. } | Fact::Unlinked { workspace, .. } => workspace,
            Fact::Founded { account, .. } | Fact::KeySet { account, .. } => account,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Link {
            workspace,
            source,
            accounts,
        } => {
            let world = &draft.world;
            let found = world.active_workspace(workspace, &errors::WL_01)?;
            if accounts.is_empty() || source.takes_one() && accounts.len() != 1 {
                return Err(errors::LS_02
                    .says(format!(
                        "{} storage accounts were named for {source}; exactly one is allowed for Query and for Alerts.",
                        accounts.len()
                    ))
                    .target("storageAccountIds"));
            }
            may_link(world, &by, workspace, accounts)?;
            for account in accounts {
                let storage = world.storage_account(account)?;
                if storage.location != found.location {
                    return Err(errors::LS_03
                        .says(format!(
                            "Storage account must be in the workspace's region; {account} is in {} and the workspace in {}.",
                            storage.location, found.location
                        ))
                        .target("storageAccountIds"));
                }
            }
            let wiped = match source {
                DataSource::Query => world
                    .wiped_by(workspace)
                    .iter()
                    .map(|s| s.name.clone())
                    .collect(),
                _ => Vector::new(),
            };
            draft.emit(Fact::Linked {
                workspace: workspace.clone(),
                source: *source,
                accounts: accounts.clone(),
                wiped,
            });
        }
        Command::Unlink { workspace, source } => {
            let world = &draft.world;
            let found = world.active_workspace(workspace, &errors::WL_01)?;
            let accounts = found
                .storage
                .get(source)
                .ok_or_else(|| errors::LS_06.refuse().target("dataSourceType"))?;
            may_link(world, &by, workspace, accounts)?;
            draft.emit(Fact::Unlinked {
                workspace: workspace.clone(),
                source: *source,
            });
        }
        Command::SetKey { account, key } => {
            let world = &draft.world;
            world.authorize_on(&by, Action::StorageWrite, account)?;
            let found = world.storage_account(account)?;
            let identity = found.identity;
            if let Some(key) = key {
                validate_key(world, draft.now, account, &found.location, identity, key)?;
            }
            let set = draft.emit(Fact::KeySet {
                account: account.clone(),
                key: key.clone(),
            });
            if let Some(key) = key {
                draft.because(set, Actor::Storage, |draft| {
                    encryption::record_validation(draft, &Caller::Identity(identity), key);
                });
            }
        }
    }
    Ok(())
}

/// E-LS-05: R-PERM-05, both sides.
fn may_link(
    world: &World,
    by: &PersonId,
    workspace: &ResourceId,
    accounts: &Vector<ResourceId>,
) -> Result<(), Refusal> {
    let both = |no: Refusal| {
        errors::LS_05
            .says(format!(
                "Write permission on workspace and storage account is required. {}",
                no.message
            ))
            .target("scope")
    };
    world
        .authorize_on(by, Action::WorkspaceWrite, workspace)
        .map_err(both)?;
    for account in accounts {
        world
            .authorize_on(by, Action::StorageWrite, account)
            .map_err(both)?;
    }
    Ok(())
}

/// A storage account of the world file.
pub(crate) fn found(draft: &mut Draft, resource: &Resource) {
    let identity = IdentityId(u32::try_from(draft.world.identities.len() + 1).unwrap_or(u32::MAX));
    draft.emit(Fact::Founded {
        account: resource.id.clone(),
        location: resource.location.clone(),
        identity,
    });
}

pub(crate) fn evolve(world: &mut World, fact: &Fact) {
    match fact {
        Fact::Founded {
            account,
            location,
            identity,
        } => {
            world.identities.push_back(account.clone());
            world.storage_accounts.insert(
                account.clone(),
                Arc::new(StorageAccount {
                    id: account.clone(),
                    location: location.clone(),
                    identity: *identity,
                    key: None,
                }),
            );
        }
        Fact::Linked {
            workspace,
            source,
            accounts,
            wiped,
        } => super::edit(world, workspace, |w| {
            w.storage.insert(*source, accounts.clone());
            for name in wiped {
                w.queries.remove(&slot(Kind::Search, None, name));
            }
        }),
        Fact::Unlinked { workspace, source } => super::edit(world, workspace, |w| {
            w.storage.remove(source);
        }),
        Fact::KeySet { account, key } => {
            if let Some(found) = world.storage_accounts.get_mut(account) {
                Arc::make_mut(found).key = key.clone();
            }
        }
    }
}

impl World {
    /// The storage account, or E-LS-04.
    pub fn storage_account(&self, id: &ResourceId) -> Result<&Arc<StorageAccount>, Refusal> {
        self.storage_accounts.get(id).ok_or_else(|| {
            let home = id.subscription();
            let known = self
                .storage_accounts
                .keys()
                .filter(|k| k.subscription() == home)
                .map(ResourceId::as_str);
            errors::LS_04
                .says(format!("Storage account {id} not found."))
                .target("storageAccountIds")
                .remedy(did_you_mean(
                    nearest(id.as_str(), known),
                    "List the storage accounts: lockbox storage list.",
                ))
        })
    }

    /// The storage account somebody means by its full id, its ARM path, `group/name` or its name, among those
    /// they may see. A full id means itself to anybody.
    pub fn find_storage_account(&self, actor: &Actor, text: &str) -> Result<ResourceId, Refusal> {
        let exact = ResourceId::from(text);
        if self.storage_accounts.contains_key(&exact)
            || hidden(self, actor, Action::StorageRead, &exact)
        {
            return Ok(exact);
        }
        let mut sees = visible(self, actor, Action::StorageRead);
        let seen: Vec<&ResourceId> = self.storage_accounts.keys().filter(|id| sees(id)).collect();
        let arm_type = ResourceKind::StorageAccount.arm_type();
        let hits = seen
            .iter()
            .copied()
            .filter(|id| self.means(id, arm_type, text))
            .collect();
        the_one(&Named {
            text,
            hits,
            nouns: "storage accounts",
            target: "storageAccountIds",
            missing: errors::LS_04.says(format!("Storage account {} not found.", scrub(text))),
            nearest: nearest(text, seen.iter().map(|id| id.name())),
            otherwise: "List the storage accounts: lockbox storage list.",
        })
    }

    /// The saved searches that linking storage for `Query` removes for good (R-BYOS-06): those the workspace
    /// keeps itself.
    pub fn wiped_by(&self, workspace: &ResourceId) -> Vec<Arc<Saved>> {
        let Some(found) = self.workspaces.get(workspace) else {
            return Vec::new();
        };
        found
            .queries
            .values()
            .filter(|s| s.kind == Kind::Search && s.kept_in.is_none())
            .cloned()
            .collect()
    }
}
