//! The fields of a step on vaults, keys, clusters and workspaces, read into the deed it is.

use std::sync::Arc;

use super::Do;
use crate::engine::cluster::{self, Body, link, support};
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::ingestion;
use crate::engine::ingestion::rate::{Rate, Shape};
use crate::engine::resources::{REGIONS, ResourceKind, region};
use crate::engine::story::keys::{Counted, Deed, Nth};
use crate::engine::text::scrub;
use crate::engine::time::Span;
use crate::engine::vault::key::{self, Attributes, KeyType};
use crate::engine::vault::network::{self, FaultKind};
use crate::engine::vault::{self, Sku};
use crate::engine::words::nearest;
use crate::engine::workspace::saved_search::{self, Kind};
use crate::engine::workspace::{self, linked_storage};
use crate::world_file::build::Build;
use crate::world_file::reader::{Fields, Placed};
use crate::world_file::things::Things;

/// One step, with what it may name.
pub(in crate::world_file) struct Teller<'b, 'a> {
    pub build: &'b Build<'a>,
    pub things: &'b Things,
    /// The story's subscription.
    pub home: &'b SubscriptionId,
}

impl Teller<'_, '_> {
    /// None when something is wrong, which has been reported.
    pub fn deed(&self, t: &Fields<'_>, what: Do) -> Option<Deed> {
        Some(match what {
            Do::VaultCreate
            | Do::VaultUpdate
            | Do::VaultDelete
            | Do::VaultRecover
            | Do::VaultPurge => Deed::Vault(self.vault(t, what)?),
            Do::KeyCreate
            | Do::KeyNewVersion
            | Do::KeyEnable
            | Do::KeyDisable
            | Do::KeySetDates
            | Do::KeyDelete
            | Do::KeyRecover
            | Do::KeyPurge => self.key(t, what)?,
            Do::PolicySet => {
                let (principal, vault) = (self.principal(t), self.things.vault(t));
                if !t.has("keys") {
                    t.missing("keys");
                }
                Deed::SetPolicy {
                    keys: t.words("keys").into_iter().collect(),
                    principal: principal?,
                    vault: vault?,
                }
            }
            Do::PolicyDelete => {
                let (principal, vault) = (self.principal(t), self.things.vault(t));
                Deed::DeletePolicy {
                    principal: principal?,
                    vault: vault?,
                }
            }
            Do::ClusterCreate
            | Do::ClusterSetCapacity
            | Do::ClusterSetBilling
            | Do::ClusterDelete => Deed::Cluster(Box::new(self.cluster_command(t, what)?)),
            Do::ClusterSetKey => {
                let (cluster, key) = (self.cluster(t), self.version(t));
                Deed::SetKey {
                    cluster: cluster?,
                    key: key?,
                }
            }
            Do::WorkspaceCreate
            | Do::WorkspaceUpdate
            | Do::WorkspaceDelete
            | Do::WorkspaceRecover => Deed::Workspace(self.workspace_command(t, what)?),
            Do::Link => {
                let (workspace, cluster) = (self.workspace(t), self.cluster(t));
                Deed::Link(link::Command::Link {
                    workspace: workspace?,
                    cluster: cluster?,
                })
            }
            Do::Unlink => Deed::Link(link::Command::Unlink {
                workspace: self.workspace(t)?,
            }),
            Do::StorageLink | Do::StorageUnlink | Do::StorageSetKey => self.storage(t, what)?,
            Do::SearchSave | Do::SearchDelete => Deed::Search(self.search(t, what)?),
            Do::AllowSubscription => Deed::Support(support::Command::AllowSubscription {
                subscription: self.home.clone(),
                region: if t.has("region") {
                    Some(place(t, "region")?)
                } else {
                    None
                },
            }),
            Do::RaiseCapacity => Deed::Support(support::Command::RaiseCapacity {
                subscription: self.home.clone(),
                capacity: required_number(t, "capacity")?,
            }),
            Do::RecoverCluster => Deed::Support(support::Command::RecoverCluster {
                cluster: self.cluster(t)?,
            }),
            Do::Outage => {
                let vault = self.things.vault(t);
                if !t.has("for") {
                    t.missing("for");
                }
                Deed::Fault(network::Command::Inject {
                    kind: t.word("kind").unwrap_or(FaultKind::Outage),
                    length: t.span("for")?,
                    vault: vault?,
                })
            }
            Do::OutageEnd => Deed::Fault(network::Command::Clear {
                vault: self.things.vault(t)?,
            }),
            Do::SetRate => {
                let workspace = self.workspace(t);
                let gb_per_day = required_number(t, "gb_per_day");
                let shape = t.word("shape").unwrap_or(Shape::Office);
                Deed::Ingestion(ingestion::Command::SetRate {
                    workspace: workspace?,
                    rate: Rate {
                        gb_per_day: gb_per_day?,
                        shape,
                    },
                })
            }
            Do::Burst => {
                let (workspace, more) = (self.workspace(t), required_number(t, "gb_per_day"));
                if !t.has("for") {
                    t.missing("for");
                }
                Deed::Ingestion(ingestion::Command::Burst {
                    length: t.span("for")?,
                    workspace: workspace?,
                    gb_per_day: more?,
                })
            }
            Do::FailOperation => {
                let kinds = [ResourceKind::Cluster, ResourceKind::Workspace];
                Deed::FailOperation {
                    on: self.resource(t, "on", &kinds)?,
                }
            }
        })
    }

    fn vault(&self, t: &Fields<'_>, what: Do) -> Option<vault::Command> {
        if what == Do::VaultCreate {
            let (group, name, location) = (self.group(t), t.name("name"), place(t, "location"));
            return Some(vault::Command::Create(vault::Create {
                subscription: self.home.clone(),
                sku: t.word("sku").unwrap_or(Sku::Standard),
                soft_delete: t.flag("soft_delete", false),
                purge_protection: t.flag("purge_protection", false),
                retention: days(t),
                group: group?,
                name: name?.value.into(),
                location: location?,
            }));
        }
        let vault = self.things.vault(t)?;
        Some(match what {
            Do::VaultUpdate => vault::Command::Update {
                vault,
                soft_delete: t.optional_flag("soft_delete"),
                purge_protection: t.optional_flag("purge_protection"),
                retention: None,
            },
            Do::VaultDelete => vault::Command::Delete { vault },
            Do::VaultRecover => vault::Command::Recover { vault },
            _ => vault::Command::Purge { vault },
        })
    }

    fn key(&self, t: &Fields<'_>, what: Do) -> Option<Deed> {
        let dates = || Attributes {
            enabled: t.optional_flag("enabled"),
            not_before: t.time("not_before"),
            expires: t.time("expires"),
        };
        let attributes = match what {
            Do::KeyEnable | Do::KeyDisable => Attributes {
                enabled: Some(what == Do::KeyEnable),
                ..Attributes::default()
            },
            Do::KeySetDates => dates(),
            _ => {
                let (vault, key) = self.things.key(t)?;
                return Some(Deed::Key(match what {
                    Do::KeyCreate => key::Command::Create {
                        vault,
                        key,
                        kty: t.word("type").unwrap_or(KeyType::Rsa),
                        size: number(t, "size").unwrap_or(2048),
                        attributes: dates(),
                    },
                    Do::KeyNewVersion => key::Command::NewVersion { vault, key },
                    Do::KeyDelete => key::Command::Delete { vault, key },
                    Do::KeyRecover => key::Command::Recover { vault, key },
                    _ => key::Command::Purge { vault, key },
                }));
            }
        };
        Some(Deed::SetAttributes {
            key: self.version(t)?,
            attributes,
        })
    }

    fn cluster_command(&self, t: &Fields<'_>, what: Do) -> Option<cluster::Command> {
        let billing: Option<cluster::Billing> = t.word("billing");
        let billing = billing.map(|b| b.word().into());
        if what == Do::ClusterCreate {
            let (group, name, location) = (self.group(t), t.name("name"), place(t, "location"));
            let capacity = required_number(t, "capacity");
            return Some(cluster::Command::Put {
                subscription: self.home.clone(),
                group: group?,
                name: name?.value.into(),
                body: Body {
                    location: Some(location?),
                    sku: Some(sku(capacity?)),
                    identity: Some(cluster::IDENTITY.into()),
                    billing,
                    key: None,
                },
            });
        }
        let cluster = self.cluster(t);
        let body = match what {
            Do::ClusterDelete => {
                return cluster.map(|cluster| cluster::Command::Delete { cluster });
            }
            Do::ClusterSetCapacity => Body {
                sku: Some(sku(required_number(t, "capacity")?)),
                ..Body::default()
            },
            _ => {
                if !t.has("billing") {
                    t.missing("billing");
                }
                Body {
                    billing: Some(billing?),
                    ..Body::default()
                }
            }
        };
        cluster.map(|cluster| cluster::Command::Patch { cluster, body })
    }

    fn workspace_command(&self, t: &Fields<'_>, what: Do) -> Option<workspace::Command> {
        let (sku, retention) = (t.word("sku"), days(t));
        if what == Do::WorkspaceCreate {
            let (group, name, location) = (self.group(t), t.name("name"), place(t, "location"));
            return Some(workspace::Command::Put {
                subscription: self.home.clone(),
                group: group?,
                name: name?.value.into(),
                location: Some(location?),
                sku,
                retention,
            });
        }
        let workspace = self.workspace(t)?;
        Some(match what {
            Do::WorkspaceUpdate => {
                let (subscription, group, name) = workspace.parts();
                workspace::Command::Put {
                    subscription,
                    group: group.into(),
                    name: name.into(),
                    location: None,
                    sku,
                    retention,
                }
            }
            Do::WorkspaceDelete => workspace::Command::Delete {
                workspace,
                force: t.flag("force", false),
            },
            _ => workspace::Command::Recover { workspace },
        })
    }

    fn storage(&self, t: &Fields<'_>, what: Do) -> Option<Deed> {
        if what == Do::StorageSetKey {
            let account = self.resource(t, "account", &[ResourceKind::StorageAccount]);
            // Without a key of its own it goes back to the Microsoft key.
            if ["vault", "key", "version"].iter().any(|key| t.has(key)) {
                let key = self.version(t);
                return Some(Deed::SetStorageKey {
                    account: account?,
                    key: key?,
                });
            }
            return Some(Deed::Storage(linked_storage::Command::SetKey {
                account: account?,
                key: None,
            }));
        }
        let workspace = self.workspace(t);
        let source = t.required_word("source");
        if what == Do::StorageUnlink {
            return Some(Deed::Storage(linked_storage::Command::Unlink {
                workspace: workspace?,
                source: source?,
            }));
        }
        if !t.has("accounts") {
            t.missing("accounts");
        }
        let kinds = [ResourceKind::StorageAccount];
        let accounts = t
            .texts("accounts")
            .iter()
            .filter_map(|text| self.things.find(self.home, t, text, &kinds))
            .collect();
        Some(Deed::Storage(linked_storage::Command::Link {
            workspace: workspace?,
            source: source?,
            accounts,
        }))
    }

    fn search(&self, t: &Fields<'_>, what: Do) -> Option<saved_search::Command> {
        let (workspace, name) = (self.workspace(t), t.name("name"));
        let kind = t.word("kind").unwrap_or(Kind::Search);
        if what == Do::SearchDelete {
            return Some(saved_search::Command::Delete {
                workspace: workspace?,
                kind,
                name: name?.value.into(),
            });
        }
        Some(saved_search::Command::Save {
            kind,
            category: t.untrusted("category"),
            display_name: t.untrusted("display_name"),
            query: t.untrusted("query"),
            workspace: workspace?,
            name: name?.value.into(),
        })
    }

    fn resource(&self, t: &Fields<'_>, key: &str, kinds: &[ResourceKind]) -> Option<ResourceId> {
        let text = t.required(key)?;
        self.things.find(self.home, t, &text, kinds)
    }

    fn cluster(&self, t: &Fields<'_>) -> Option<ResourceId> {
        self.resource(t, "cluster", &[ResourceKind::Cluster])
    }

    fn workspace(&self, t: &Fields<'_>) -> Option<ResourceId> {
        self.resource(t, "workspace", &[ResourceKind::Workspace])
    }

    fn group(&self, t: &Fields<'_>) -> Option<Arc<str>> {
        let text = t.required("group")?;
        self.build
            .knows_resource_group(self.home, &text)
            .then(|| text.value.into())
    }

    /// A person, or a cluster or storage account for its managed identity.
    fn principal(&self, t: &Fields<'_>) -> Option<Arc<str>> {
        let text = t.required("principal")?;
        let persons = &self.build.world.people.persons;
        if persons.contains_key(&PersonId::from(text.value)) {
            return Some(text.value.into());
        }
        let kinds = [ResourceKind::Cluster, ResourceKind::StorageAccount];
        let known = persons.keys().map(|id| id.as_str());
        let near = nearest(text.value, known.chain(self.things.names(&kinds)));
        if let Some(near) = near.filter(|near| persons.contains_key(&PersonId::from(*near))) {
            let message = format!("There is no principal {}.", scrub(text.value));
            t.wrong("principal", message, Some(near));
            return None;
        }
        let found = self.things.find(self.home, t, &text, &kinds)?;
        Some(found.as_str().into())
    }

    /// `vault`, `key`, and `version`: a number from 1, or `"current"`.
    fn version(&self, t: &Fields<'_>) -> Option<Counted> {
        let version = match t.peek("version") {
            Some("current") => Nth::Current,
            _ if t.has("version") => Nth::Number(number_from(t, "version", 1)?),
            _ => Nth::Current,
        };
        let (vault, key) = self.things.key(t)?;
        Some(Counted {
            vault,
            key,
            version,
        })
    }
}

fn sku(capacity: u32) -> cluster::Sku {
    cluster::Sku {
        name: Some(cluster::SKU.into()),
        capacity: Some(capacity.into()),
    }
}

/// A region of the cloud.
fn place(t: &Fields<'_>, key: &str) -> Option<Arc<str>> {
    let text: Placed<&str> = t.required(key)?;
    region(text.value)
        .map_err(|no| {
            let near = nearest(text.value, REGIONS.iter().copied());
            t.wrong(key, no.message, near);
        })
        .ok()
}

fn days(t: &Fields<'_>) -> Option<Span> {
    let days = number(t, "retention_days")?;
    Some(Span::days(days.into()))
}

fn required_number(t: &Fields<'_>, key: &str) -> Option<u32> {
    if !t.has(key) {
        t.missing(key);
    }
    number(t, key)
}

fn number(t: &Fields<'_>, key: &str) -> Option<u32> {
    number_from(t, key, 0)
}

fn number_from(t: &Fields<'_>, key: &str, least: u64) -> Option<u32> {
    let number = t.number(key, least..=1_000_000)?;
    u32::try_from(number).ok()
}
