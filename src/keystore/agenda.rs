//! What is to be looked at: the keys and clusters that events have touched since the keys last agreed with
//! the world. What has to be done about them is in the world and not here, so an event noted twice is once.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::World;
use crate::engine::cluster::operation::Kind;
use crate::engine::cluster::{self, encryption, support};
use crate::engine::event::{Event, Fact};
use crate::engine::ids::ResourceId;
use crate::engine::vault::key::{self, KeyIdentifier};
use crate::engine::vault::{self, trail::Outcome};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agenda {
    /// Key versions that came to be.
    pub(super) versions: BTreeSet<KeyIdentifier>,
    pub(super) clusters: BTreeMap<ResourceId, Fresh>,
    /// Keys that clusters are about to take, to be tried first.
    pub(super) trials: BTreeSet<KeyIdentifier>,
    /// The shared store's key is not there.
    pub(super) shared: bool,
    /// Something ended for good: what the world does not know any more is to be destroyed.
    pub(super) gone: bool,
}

/// Which account keys of a cluster came to be; the others must be there already, and one that is not is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fresh {
    pub microsoft: bool,
    pub customer: bool,
}

impl Agenda {
    /// All there is, for keys that have never agreed with this world.
    pub fn everything(world: &World) -> Agenda {
        let versions = world.vaults.values().flat_map(|vault| {
            vault.keys.values().flat_map(|key| {
                key.versions.iter().map(|version| KeyIdentifier {
                    vault: vault.name.clone(),
                    key: key.name.clone(),
                    version: version.id.clone(),
                })
            })
        });
        let fresh = Fresh {
            microsoft: true,
            customer: true,
        };
        let updates = world
            .running
            .iter()
            .filter_map(|id| world.operations.get(id))
            .filter(|operation| operation.kind == Kind::UpdateKey);
        Agenda {
            versions: versions.collect(),
            clusters: world
                .clusters
                .keys()
                .map(|id| (id.clone(), fresh))
                .collect(),
            trials: updates.filter_map(|o| o.key.clone()).collect(),
            shared: true,
            gone: true,
        }
    }

    /// Whether there is any key or cluster on it.
    pub fn names_any(&self) -> bool {
        !self.versions.is_empty() || !self.clusters.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        *self == Agenda::default()
    }

    /// Notes what an event touches; most touch nothing.
    pub fn note(&mut self, event: &Event) {
        match &event.fact {
            Fact::Key(key::Fact::VersionCreated {
                vault,
                key,
                version,
                ..
            }) => {
                self.versions.insert(KeyIdentifier {
                    vault: vault.clone(),
                    key: key.clone(),
                    version: version.clone(),
                });
            }
            Fact::Key(key::Fact::Deleted { purge_at: None, .. } | key::Fact::Purged { .. })
            | Fact::Vault(
                vault::Fact::Deleted { purge_at: None, .. } | vault::Fact::Purged { .. },
            )
            | Fact::Cluster(cluster::Fact::Purged { .. }) => self.gone = true,
            Fact::Cluster(fact) => match fact {
                cluster::Fact::Provisioned { cluster, .. } => {
                    self.cluster(cluster).microsoft = true;
                }
                cluster::Fact::KeyUpdateStarted { key, .. } => {
                    self.trials.insert(key.clone());
                }
                cluster::Fact::KeyUpdated { cluster, .. }
                | cluster::Fact::SoftDeleted { cluster, .. } => {
                    self.cluster(cluster);
                }
                cluster::Fact::Created { .. }
                | cluster::Fact::Updated { .. }
                | cluster::Fact::OperationFailed { .. }
                | cluster::Fact::DeleteStarted { .. }
                | cluster::Fact::Purged { .. } => {}
            },
            Fact::Support(support::Fact::ClusterRecovered { cluster }) => {
                self.cluster(cluster);
            }
            Fact::Encryption(fact) => match fact {
                // The first key of the customer: each account got a key under it just now.
                encryption::Fact::Configured { cluster } => self.cluster(cluster).customer = true,
                // A refusal changes nothing yet; a served call can bring a copy back.
                encryption::Fact::Polled { outcome, .. } if *outcome != Outcome::Served => {}
                fact => {
                    self.cluster(fact.cluster());
                }
            },
            _ => {}
        }
    }

    pub(super) fn cluster(&mut self, id: &ResourceId) -> &mut Fresh {
        self.clusters.entry(id.clone()).or_default()
    }
}
