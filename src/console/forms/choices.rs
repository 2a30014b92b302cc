//! Fields that several forms have: which vault, key, cluster, workspace, subscription, region. What the cursor
//! is on stands in them first, and only what the actor may see is on offer.

use std::sync::Arc;

use super::{Asking, Choice, Field, Filled};
use crate::console::rows::ItemId;
use crate::engine::cluster::operation::Operation;
use crate::engine::cluster::preflight;
use crate::engine::errors;
use crate::engine::ids::{KeyName, KeyVersionId, PersonId, ResourceId, SubscriptionId, VaultName};
use crate::engine::people::{Role, Side};
use crate::engine::resources::REGIONS;
use crate::engine::text::scrub;
use crate::engine::vault::Vault;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::{Key, KeyIdentifier, Version};
use crate::engine::workspace::Workspace;
use crate::engine::workspace::saved_search::{self, Saved};
use crate::engine::{Actor, Answer, Query, Refusal, ask};

fn named(id: &ResourceId) -> Choice {
    Choice::new(id.as_str(), id.to_string())
}

impl<'a> Asking<'a> {
    /// What the actor may see of a list; nothing where even asking is refused.
    fn seen(&self, query: &Query) -> Option<Answer> {
        ask(self.world, self.now, self.actor, query).ok()
    }

    /// The key a cluster or storage account under the cursor uses.
    fn key_in_use(&self) -> Option<&'a KeyIdentifier> {
        match self.item? {
            ItemId::Cluster(id) => self.world.clusters.get(id)?.key.as_ref(),
            ItemId::StorageAccount(id) => self.world.storage_accounts.get(id)?.key.as_ref(),
            _ => None,
        }
    }

    fn operation_here(&self) -> Option<&'a Operation> {
        match self.item? {
            ItemId::Operation(id) => self.world.operations.get(id).map(|o| &**o),
            _ => None,
        }
    }

    /// The vault the cursor's thing is in or uses; for a cluster without a key, one that would do.
    pub fn vault_here(&self) -> Option<VaultName> {
        match self.item? {
            ItemId::Vault(vault) | ItemId::Key(vault, _) | ItemId::Policy(vault, _) => {
                Some(vault.clone())
            }
            ItemId::KeyVersion(version) => Some(version.vault.clone()),
            ItemId::Cluster(id) => {
                let cluster = self.world.clusters.get(id)?;
                let fits = || preflight::usable_keys(self.world, self.now, self.actor, cluster);
                let key = cluster.key.clone().or_else(|| fits().into_iter().next());
                key.map(|k| k.vault)
                    .filter(|v| self.open_vault(v).is_some())
            }
            _ => self.key_in_use().map(|k| k.vault.clone()),
        }
    }

    fn key_here(&self, vault: &VaultName) -> Option<KeyName> {
        match self.item? {
            ItemId::Key(v, key) if v == vault => Some(key.clone()),
            ItemId::KeyVersion(id) if id.vault == *vault => Some(id.key.clone()),
            _ => {
                let used = self.key_in_use()?;
                (used.vault == *vault).then(|| used.key.clone())
            }
        }
    }

    fn version_here(&self, vault: &VaultName, key: &KeyName) -> Option<KeyVersionId> {
        match self.item? {
            ItemId::KeyVersion(id) if id.vault == *vault && id.key == *key => {
                Some(id.version.clone())
            }
            _ => None,
        }
    }

    fn cluster_here(&self) -> Option<ResourceId> {
        match self.item? {
            ItemId::Cluster(id) => Some(id.clone()),
            ItemId::Workspace(id) => self.world.workspaces.get(id)?.link.cluster().cloned(),
            _ => self.operation_here().map(|o| o.cluster.clone()),
        }
    }

    pub fn workspace_here(&self) -> Option<ResourceId> {
        match self.item? {
            ItemId::Workspace(id)
            | ItemId::Saved(id, ..)
            | ItemId::Tables(id)
            | ItemId::Table(id, _) => Some(id.clone()),
            _ => self.operation_here()?.workspace.clone(),
        }
    }

    /// Where the thing under the cursor lies.
    fn place_here(&self) -> Option<&'a ResourceId> {
        match self.item? {
            ItemId::Vault(vault) | ItemId::Key(vault, _) | ItemId::Policy(vault, _) => {
                self.world.vaults.get(vault).map(|v| &v.id)
            }
            ItemId::KeyVersion(key) => self.world.vaults.get(&key.vault).map(|v| &v.id),
            ItemId::Cluster(id)
            | ItemId::Workspace(id)
            | ItemId::StorageAccount(id)
            | ItemId::Saved(id, ..) => Some(id),
            _ => self.operation_here().map(Operation::target),
        }
    }

    /// A vault; those that are deleted, or those that are not.
    pub fn vault(&self, deleted: bool) -> Field {
        let own = self.vault_here();
        self.one(
            "vault",
            if deleted { "Deleted vault" } else { "Vault" },
            "the vault it is about",
            own.map(|v| Choice::plain(v.as_str())),
            || match self.seen(&Query::Vaults { deleted }) {
                Some(Answer::Vaults(vaults)) => {
                    vaults.iter().map(|v| Choice::plain(v.as_str())).collect()
                }
                _ => Vec::new(),
            },
        )
        .subject()
    }

    /// The vault of a name, if the actor may look into it.
    pub fn open_vault(&self, vault: &VaultName) -> Option<&'a Vault> {
        self.seen(&Query::Vault(vault.clone()))?;
        self.world.vaults.get(vault).map(|v| &**v)
    }

    /// A key of a vault; those that are deleted, or those that are not.
    pub fn key(&self, vault: &str, deleted: bool) -> Field {
        let vault = VaultName::new(vault);
        let own = self.key_here(&vault);
        let keys = || -> Vec<Choice> {
            let found = self.open_vault(&vault);
            let keys = found.into_iter().flat_map(|v| v.keys.values());
            keys.filter(|k| k.deleted.is_some() == deleted)
                .map(|k| Choice::plain(k.name.as_str()))
                .collect()
        };
        self.one(
            "key",
            if deleted { "Deleted key" } else { "Key" },
            "the key it is about",
            own.map(|k| Choice::plain(k.as_str())),
            keys,
        )
        .subject()
    }

    /// A version of a key, newest first.
    pub fn version(&self, vault: &str, key: &str) -> Field {
        let (vault, key) = (VaultName::new(vault), KeyName::from(key));
        let own = self.version_here(&vault, &key);
        let found = self.found_key(&vault, &key);
        let current = found.and_then(Key::current).map(|v| v.id.clone());
        let shown = |version: &Version| {
            let state = if version.enabled {
                "enabled"
            } else {
                "disabled"
            };
            let newest = if current.as_ref() == Some(&version.id) {
                ", the newest"
            } else {
                ""
            };
            let text = format!(
                "{}… from {}, {state}{newest}",
                scrub(&version.id.as_str().chars().take(8).collect::<String>()),
                version.created_at.short()
            );
            Choice::new(version.id.as_str(), text)
        };
        let own = own.map(|id| {
            let version = found.and_then(|k| k.version(&id));
            version.map_or_else(|| Choice::plain(id.as_str()), shown)
        });
        self.one("version", "Version", "the version it is about", own, || {
            let versions = found.into_iter().flat_map(|k| k.versions.iter().rev());
            versions.map(shown).collect()
        })
        .subject()
    }

    pub fn found_key(&self, vault: &VaultName, key: &KeyName) -> Option<&'a Key> {
        self.open_vault(vault)?.keys.get(key).map(|k| &**k)
    }

    /// A cluster; those that are deleted, or those that are not.
    pub fn cluster(&self, deleted: bool) -> Field {
        self.one(
            "cluster",
            if deleted {
                "Deleted cluster"
            } else {
                "Cluster"
            },
            "the dedicated cluster",
            self.cluster_here().as_ref().map(named),
            || {
                let query = if deleted {
                    Query::DeletedClusters
                } else {
                    Query::Clusters {
                        subscription: None,
                        group: None,
                    }
                };
                match self.seen(&query) {
                    Some(Answer::Clusters(ids)) => ids.iter().map(named).collect(),
                    _ => Vec::new(),
                }
            },
        )
        .at(&["linked_cluster", "writeAccessResourceId"])
        .subject()
    }

    pub fn workspace(&self, deleted: bool) -> Field {
        self.one(
            "workspace",
            if deleted {
                "Deleted workspace"
            } else {
                "Workspace"
            },
            "the Log Analytics workspace",
            self.workspace_here().as_ref().map(named),
            || match self.seen(&Query::Workspaces { deleted }) {
                Some(Answer::Workspaces(ids)) => ids.iter().map(named).collect(),
                _ => Vec::new(),
            },
        )
        .subject()
    }

    /// Storage accounts the actor may see.
    pub fn accounts(&self) -> Vec<Choice> {
        match self.seen(&Query::StorageAccounts) {
            Some(Answer::StorageAccounts(ids)) => ids.iter().map(named).collect(),
            _ => Vec::new(),
        }
    }

    pub fn account_here(&self) -> Option<ResourceId> {
        match self.item? {
            ItemId::StorageAccount(id) => Some(id.clone()),
            _ => None,
        }
    }

    pub fn account(&self) -> Field {
        let own = self.account_here();
        self.one(
            "account",
            "Storage account",
            "the customer's own storage account",
            own.as_ref().map(named),
            || self.accounts(),
        )
        .at(&["storageAccount"])
        .subject()
    }

    /// An operation that runs.
    pub fn operation(&self) -> Field {
        let own = self.operation_here().map(|o| o.id);
        let shown = |id: &crate::engine::ids::OperationId| {
            let found = self.world.operations.get(id);
            let text = found.map_or_else(
                || id.to_string(),
                |o| format!("{id} {} {}", o.kind, scrub(o.target().name())),
            );
            Choice::new(id.to_string(), text)
        };
        self.one(
            "operation",
            "Operation",
            "one that runs",
            own.as_ref().map(shown),
            || match self.seen(&Query::Operations) {
                Some(Answer::Operations(ids)) => ids
                    .iter()
                    .filter(|id| self.world.running.contains(*id))
                    .map(shown)
                    .collect(),
                _ => Vec::new(),
            },
        )
        .subject()
    }

    /// Subscriptions of the actor's organisation, those first in which the actor has a role that writes; all
    /// for the vendor and the observer.
    pub fn subscription(&self) -> Field {
        let own = self.place_here().map(ResourceId::subscription);
        let tenant = match self.actor {
            Actor::Person(id) => match self.world.people.persons.get(id).map(|p| &p.side) {
                Some(Side::Customer(tenant)) => Some(tenant),
                _ => None,
            },
            _ => None,
        };
        let shown = |id: &SubscriptionId| Choice::plain(id.as_str());
        self.one(
            "subscription",
            "Subscription",
            "the subscription that pays for it",
            own.as_ref().map(shown),
            || {
                let all = self.world.resources.subscriptions.values();
                let ours = all.filter(|s| tenant.is_none_or(|t| s.tenant == *t));
                let mut ids: Vec<&SubscriptionId> = ours.map(|s| &s.id).collect();
                if let Actor::Person(person) = self.actor {
                    ids.sort_by_key(|id| {
                        let roles = self.world.roles(person, id);
                        let writes = |role: &Role| *role != Role::Reader;
                        (!roles.iter().any(writes), roles.is_empty())
                    });
                }
                ids.into_iter().map(shown).collect()
            },
        )
    }

    pub fn group(&self, subscription: &str) -> Field {
        let here = self.place_here().map(ResourceId::parts);
        let own = here
            .filter(|(s, ..)| s.as_str() == subscription)
            .map(|(_, group, _)| Choice::plain(group));
        self.one(
            "group",
            "Resource group",
            "a resource group of the subscription",
            own,
            || {
                let all = self.world.resources.groups.iter();
                all.filter(|(s, _)| s.as_str() == subscription)
                    .map(|(_, group)| Choice::plain(group))
                    .collect()
            },
        )
        .at(&["scope"])
    }

    /// A region; first the one where the subscription has something already.
    pub fn region(&self, subscription: &str) -> Field {
        let world = self.world;
        let mine = |id: &ResourceId| id.subscription().as_str() == subscription;
        let here = self.place_here();
        let near = |mine: &dyn Fn(&ResourceId) -> bool| {
            let clusters = world.clusters.values().map(|c| (&c.id, &c.location));
            let vaults = world.vaults.values().map(|v| (&v.id, &v.location));
            let workspaces = world.workspaces.values().map(|w| (&w.id, &w.location));
            clusters
                .chain(vaults)
                .chain(workspaces)
                .find(|(id, _)| mine(id))
                .map(|(_, location)| location.clone())
        };
        let own = near(&|id| here == Some(id)).or_else(|| near(&mine));
        self.one(
            "location",
            "Region",
            "key vault, cluster and workspaces must be in one region",
            own.map(|region| Choice::plain(&region)),
            || REGIONS.iter().map(|r| Choice::plain(r)).collect(),
        )
    }

    /// A person of the organisation a vault belongs to, or the managed identity of a resource of it.
    pub fn principal(&self, vault: &str, only_with_policy: bool) -> Field {
        let vault = VaultName::new(vault);
        let found = self.open_vault(&vault);
        let shown = |caller: &Caller| {
            let name = self.world.caller_name(caller);
            match caller {
                Caller::Person(id) => Choice::new(id.as_str(), name),
                Caller::Identity(id) => {
                    Choice::new(id.to_string(), format!("{name}, its identity"))
                }
            }
        };
        let own = match self.item {
            Some(ItemId::Policy(v, caller)) if *v == vault => Some(caller.clone()),
            Some(ItemId::Cluster(id)) => {
                let cluster = self.world.clusters.get(id);
                cluster.map(|c| Caller::Identity(c.identity))
            }
            Some(ItemId::StorageAccount(id)) => {
                let account = self.world.storage_accounts.get(id);
                account.map(|a| Caller::Identity(a.identity))
            }
            _ => None,
        };
        let options = || -> Vec<Choice> {
            let Some(found) = found else {
                return Vec::new();
            };
            if only_with_policy {
                return found.policies.keys().map(shown).collect();
            }
            let tenant = self.world.tenant_of(&found.subscription());
            let here = |id: &ResourceId| self.world.tenant_of(&id.subscription()) == tenant;
            let clusters = self.world.clusters.values();
            let clusters = clusters.filter(|c| c.is_live() && here(&c.id));
            let clusters = clusters.map(|c| Caller::Identity(c.identity));
            let accounts = self.world.storage_accounts.values();
            let accounts = accounts.filter(|a| here(&a.id));
            let accounts = accounts.map(|a| Caller::Identity(a.identity));
            let people = self.world.people.persons.values();
            let people =
                people.filter(|p| matches!(&p.side, Side::Customer(t) if Some(t) == tenant));
            let people = people.map(|p| Caller::Person(p.id.clone()));
            clusters
                .chain(accounts)
                .chain(people)
                .map(|c| shown(&c))
                .collect()
        };
        self.one(
            "principal",
            "Who",
            "a person, or the identity of a cluster or storage account",
            own.as_ref().map(shown),
            options,
        )
    }

    /// Vault, key and version for a cluster or storage account: one that would do stands there first.
    pub fn key_identifier(&self, cluster: Option<&ResourceId>) -> [Field; 3] {
        const VAULT: &[&str] = &[
            "location",
            "tenant",
            "properties.keyVaultProperties.keyVaultUri",
        ];
        const KEY: &[&str] = &["permissions.keys", "properties.keyVaultProperties"];
        const VERSION: &[&str] = &["keyVersion"];
        let fits = cluster
            .and_then(|id| self.world.clusters.get(id))
            .and_then(|c| {
                let usable = preflight::usable_keys(self.world, self.now, self.actor, c);
                let other = usable.iter().find(|k| Some(*k) != c.key.as_ref());
                other.or(usable.first()).cloned()
            });
        let mut vault = self.vault(false).at(VAULT);
        if let (Some(fits), None) = (&fits, self.given.get("vault")) {
            vault.value = fits.vault.as_str().to_owned();
        }
        let mut key = self.key(&vault.value, false).at(KEY);
        if let (Some(fits), None) = (&fits, self.given.get("key"))
            && fits.vault.as_str() == vault.value
        {
            key.value = fits.key.as_str().to_owned();
        }
        let mut version = self.version(&vault.value, &key.value).at(VERSION);
        let hints = [
            "soft delete and purge protection must be on",
            "an RSA key",
            "later versions change nothing until they are set here too",
        ];
        for (field, hint) in [&mut vault, &mut key, &mut version].into_iter().zip(hints) {
            field.subject = false;
            field.hint = hint;
        }
        [vault, key, version]
    }

    /// A saved search or alert query the cursor is on, if it can be read.
    pub fn saved_here(&self) -> Option<Arc<Saved>> {
        match self.item? {
            ItemId::Saved(workspace, kind, name) => self.saved(workspace, *kind, name),
            _ => None,
        }
    }

    pub fn saved(
        &self,
        workspace: &ResourceId,
        kind: saved_search::Kind,
        name: &str,
    ) -> Option<Arc<Saved>> {
        let all = self.all_saved(workspace, kind);
        all.into_iter().find(|s| &*s.name == name)
    }

    /// The saved queries of a kind the actor can read now.
    pub fn all_saved(&self, workspace: &ResourceId, kind: saved_search::Kind) -> Vec<Arc<Saved>> {
        let query = Query::Saved {
            workspace: workspace.clone(),
            kind,
        };
        match self.seen(&query) {
            Some(Answer::Saved(all)) => all,
            _ => Vec::new(),
        }
    }

    pub fn open_workspace(&self, id: &ResourceId) -> Option<&'a Workspace> {
        self.seen(&Query::Workspace(id.clone()))?;
        self.world.workspaces.get(id).map(|w| &**w)
    }

    /// Whether the actor may look at a cluster.
    pub fn sees_cluster(&self, id: &ResourceId) -> bool {
        self.seen(&Query::Cluster(id.clone())).is_some()
    }
}

impl Filled<'_> {
    pub fn vault(&self) -> VaultName {
        VaultName::new(self.text("vault"))
    }

    pub fn key(&self) -> KeyName {
        self.text("key").into()
    }

    pub fn version(&self) -> KeyVersionId {
        self.text("version").into()
    }

    pub fn subscription(&self) -> SubscriptionId {
        self.text("subscription").into()
    }

    pub fn cluster(&self) -> ResourceId {
        self.text("cluster").into()
    }

    pub fn workspace(&self) -> ResourceId {
        self.text("workspace").into()
    }

    pub fn key_identifier(&self) -> KeyIdentifier {
        KeyIdentifier {
            vault: self.vault(),
            key: self.key(),
            version: self.version(),
        }
    }

    /// The principal a choice stands for.
    pub fn principal(&self, asking: &Asking) -> Result<Caller, Refusal> {
        let text = self.text("principal");
        let person = PersonId::from(text);
        if asking.world.people.persons.contains_key(&person) {
            return Ok(Caller::Person(person));
        }
        text.parse().map(Caller::Identity).map_err(|_| {
            errors::KV_15
                .says(format!("There is no principal {}.", scrub(text)))
                .target("principal")
        })
    }
}
