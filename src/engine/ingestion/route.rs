//! The route of new data: which store, under whose key, or lost and why (R-CMK-10, 11, 29, 42, 53; R-LNK-02).

use serde::{Deserialize, Serialize};

use crate::engine::cluster::Cluster;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::cluster::link::Link;
use crate::engine::errors;
use crate::engine::ids::ResourceId;
use crate::engine::refusal::Refusal;
use crate::engine::words::words;
use crate::engine::world::World;

/// Where data that arrives now is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The Log Analytics store, under the Microsoft key.
    Shared,
    /// The cluster, under the Microsoft key: it has no key of the customer yet.
    ClusterMicrosoft(ResourceId),
    /// The cluster, under the customer's key.
    ClusterCustomer(ResourceId),
    /// The outage buffer, under the Microsoft key; later the cluster, under the customer's.
    Buffer(ResourceId),
    /// Lost for good.
    Dropped(ResourceId, Loss),
}

words! {
    /// Why data is lost; there is no other reason (§d.10, property 6).
    Loss {
        Revoked = "revoked",
        NotProvisioned = "linked-before-provisioned",
        BufferFull = "buffer-full",
    }
}

impl Loss {
    /// The rule it follows from.
    pub fn rule(self) -> &'static str {
        match self {
            Loss::Revoked => "R-CMK-42",
            Loss::NotProvisioned => "R-LNK-02",
            Loss::BufferFull => "R-CMK-53",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Loss::Revoked => "the cluster's key is revoked",
            Loss::NotProvisioned => "the cluster is not provisioned yet",
            Loss::BufferFull => "the vault has been out of reach for longer than the buffer holds",
        }
    }

    /// What stops it.
    pub fn remedy(self) -> &'static str {
        match self {
            Loss::Revoked => errors::ING_01.remedy,
            Loss::NotProvisioned => {
                "Wait until the cluster is provisioned; to stop the loss earlier, unlink the workspace once it is linked."
            }
            Loss::BufferFull => "Make the vault reachable again, or unlink the workspace.",
        }
    }
}

impl Route {
    /// The cluster it goes to, or is lost at.
    pub fn cluster(&self) -> Option<&ResourceId> {
        match self {
            Route::Shared => None,
            Route::ClusterMicrosoft(id)
            | Route::ClusterCustomer(id)
            | Route::Buffer(id)
            | Route::Dropped(id, _) => Some(id),
        }
    }

    /// In a few words.
    pub fn words(&self) -> &'static str {
        match self {
            Route::Shared => "shared store, Microsoft key",
            Route::ClusterMicrosoft(_) => "cluster, Microsoft key",
            Route::ClusterCustomer(_) => "cluster, your key",
            Route::Buffer(_) => "outage buffer, Microsoft key",
            Route::Dropped(..) => "DATA LOST",
        }
    }

    /// E-ING-01: accepted by the front end, and lost.
    pub fn loss(&self) -> Option<Refusal> {
        let Route::Dropped(cluster, why) = self else {
            return None;
        };
        Some(
            errors::ING_01
                .says(format!(
                    "DATA LOST: what is sent is accepted and dropped for good, because {} ({}) ({cluster}).",
                    why.sentence(),
                    why.rule()
                ))
                .target("workspace")
                .rule(why.rule())
                .remedy(why.remedy()),
        )
    }
}

impl World {
    /// Where data of a workspace goes now. The target changes when a link or unlink is done, not before
    /// (R-LNK-14: unlinking stops the loss once it is done).
    pub fn route(&self, workspace: &ResourceId) -> Result<Route, Refusal> {
        let found = self.active_workspace(workspace, &errors::QRY_02)?;
        let cluster = found.link.cluster().and_then(|id| self.clusters.get(id));
        let Some(cluster) = cluster else {
            return Ok(Route::Shared);
        };
        Ok(match &found.link {
            // i-1: linked too early; the cluster is still being built, or could not be.
            _ if cluster.accounts.is_empty() => {
                Route::Dropped(cluster.id.clone(), Loss::NotProvisioned)
            }
            Link::Linked { .. } | Link::Unlinking { .. } => into(cluster),
            Link::Unlinked | Link::Linking { .. } => Route::Shared,
        })
    }
}

fn into(cluster: &Cluster) -> Route {
    let id = cluster.id.clone();
    let full = cluster.protection.buffer.is_some_and(|b| b.full);
    match &cluster.protection.state {
        Encryption::MicrosoftKey => Route::ClusterMicrosoft(id),
        Encryption::Active
        | Encryption::RevocationPending { .. }
        | Encryption::TransientOutage { .. } => Route::ClusterCustomer(id),
        Encryption::Revoked | Encryption::Resuming { .. } => Route::Dropped(id, Loss::Revoked),
        Encryption::LiveSite if full => Route::Dropped(id, Loss::BufferFull),
        Encryption::LiveSite => Route::Buffer(id),
    }
}
