//! The ways to cut a cluster off from its key, side by side: what each does, how soon, what is lost, and the way
//! back; and the way out of the loss, to unlink. Each can be done: it carries its command and what would follow.

use super::foresee::{Foresight, foresee};
use super::lineage::{Fuse, Part, lineage};
use crate::engine::Command;
use crate::engine::cluster::Cluster;
use crate::engine::cluster::link;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::ResourceId;
use crate::engine::refusal::Refusal;
use crate::engine::time::{SimTime, Span};
use crate::engine::vault;
use crate::engine::vault::access_policy::{self, CLUSTER_NEEDS, Caller};
use crate::engine::vault::key::{self, Attributes, KeyIdentifier};
use crate::engine::vault::network::{self, FaultKind};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    Cut {
        DisableVersion = "disable the version",
        DeleteKey = "delete the key",
        DeletePolicy = "delete the policy",
        RemovePermission = "remove a permission",
        DeleteVault = "delete the vault",
        Outage = "outage (simulated)",
        Unlink = "unlink, to escape",
    }
}

impl Cut {
    pub fn effect(self) -> &'static str {
        match self {
            Cut::Outage => "storage out of reach; new data is buffered",
            Cut::Unlink => "new data to the shared store, Microsoft key",
            _ => "storage out of reach; new data is dropped",
        }
    }

    pub fn lost(self) -> &'static str {
        match self {
            Cut::Outage => "nothing, until the buffer is full",
            Cut::Unlink => "what is dropped until it is done; one link operation",
            Cut::DeleteVault => "new data; hot cache; all keys of the vault with it",
            _ => "new data; hot cache",
        }
    }

    pub fn back(self) -> &'static str {
        match self {
            Cut::DisableVersion => "enable this very version",
            Cut::DeleteKey => "recover the key, within its retention",
            Cut::DeletePolicy => "set the policy with get, wrapKey, unwrapKey",
            Cut::RemovePermission => "give the permission back",
            Cut::DeleteVault => "recover the vault, within its retention",
            Cut::Outage => "the vault answers again",
            Cut::Unlink => "link again; 2 times in 30 days",
        }
    }

    /// The rule behind it.
    pub fn rule(self) -> &'static str {
        match self {
            Cut::DisableVersion | Cut::DeletePolicy => "R-CMK-38",
            Cut::DeleteKey | Cut::RemovePermission | Cut::DeleteVault => "R-CMK-39",
            Cut::Outage => "R-CMK-52",
            Cut::Unlink => "R-LNK-14",
        }
    }
}

/// One way, as it stands now.
#[derive(Debug, Clone)]
pub struct Way {
    pub cut: Cut,
    /// Who does it: the person asking, or the simulator.
    pub by: Actor,
    pub command: Option<Command>,
    /// What would follow, or why it cannot be done now.
    pub verdict: Result<Box<Foresight>, Box<Refusal>>,
    /// When the data is out of reach then, or new data goes elsewhere; none if that does not follow.
    pub fuse: Option<Fuse>,
}

/// All the ways to cut off a cluster, for somebody, now.
pub fn ways_to_cut(
    world: &World,
    now: SimTime,
    actor: &Actor,
    id: &ResourceId,
) -> Result<Vec<Way>, Refusal> {
    let cluster = world.live_cluster(id)?;
    let ways = Cut::ALL.iter().map(|cut| {
        let by = match cut {
            Cut::Outage => Actor::Simulator,
            _ => actor.clone(),
        };
        let command = command(world, cluster, *cut);
        let verdict = match &command {
            Ok(command) => foresee(world, now, &by, command).map_err(Box::new),
            Err(no) => Err(Box::new(no.clone())),
        };
        let fuse = verdict.as_ref().ok().and_then(|f| takes(f, *cut, id));
        Way {
            cut: *cut,
            by,
            command: command.ok(),
            verdict: verdict.map(Box::new),
            fuse,
        }
    });
    Ok(ways.collect())
}

/// When a way has done what it is for.
fn takes(foresight: &Foresight, cut: Cut, id: &ResourceId) -> Option<Fuse> {
    if cut == Cut::Unlink {
        let at = foresight.moved.first()?.at;
        return Some(Fuse {
            heals: true,
            lit: foresight.now,
            earliest: foresight.now,
            expected: at,
            latest: at,
            rule: "R-LNK-14",
        });
    }
    let chain = lineage(&foresight.then, foresight.now, id).ok()?;
    let queries = chain.links.into_iter().find(|l| l.part == Part::Queries)?;
    queries.fuse.filter(|fuse| !fuse.heals)
}

/// Takes the first workspace off the cluster.
fn unlink(world: &World, cluster: &Cluster) -> Result<Command, Refusal> {
    let linked = cluster
        .links
        .iter()
        .find(|w| world.linked_cluster(w) == Some(&cluster.id));
    let workspace = linked.ok_or_else(|| errors::WU_03.says("No workspace is linked to it."))?;
    Ok(link::Command::Unlink {
        workspace: workspace.clone(),
    }
    .into())
}

/// What has to be done for it, while the cluster has a key.
fn command(world: &World, cluster: &Cluster, cut: Cut) -> Result<Command, Refusal> {
    let key = cluster.key.as_ref().ok_or_else(|| {
        errors::KV_03
            .says("The cluster has no key of yours yet: there is nothing to cut.")
            .remedy("Set its key first.")
    })?;
    let identity = Caller::Identity(cluster.identity);
    let vault = key.vault.clone();
    Ok(match cut {
        Cut::DisableVersion => enabled(key, false),
        Cut::DeleteKey => key::Command::Delete {
            vault,
            key: key.key.clone(),
        }
        .into(),
        Cut::DeletePolicy => access_policy::Command::Delete {
            vault,
            principal: identity,
        }
        .into(),
        Cut::RemovePermission => {
            let held = world
                .vaults
                .get(&vault)
                .and_then(|v| v.policies.get(&identity));
            let [_, _, unwrap] = CLUSTER_NEEDS;
            let mut keys = held.cloned().unwrap_or_default();
            if keys.remove(&unwrap).is_none() {
                return Err(errors::KV_18.says(format!(
                    "The cluster does not hold {unwrap} on {vault}, so there is nothing to remove."
                )));
            }
            access_policy::Command::Set {
                vault,
                principal: identity,
                keys,
            }
            .into()
        }
        Cut::DeleteVault => vault::Command::Delete { vault }.into(),
        Cut::Outage => network::Command::Inject {
            vault,
            kind: FaultKind::Outage,
            length: longer_than_bridged(world),
        }
        .into(),
        Cut::Unlink => return unlink(world, cluster),
    })
}

/// An outage that the caches do not bridge.
fn longer_than_bridged(world: &World) -> Span {
    let rules = &world.rules;
    Span(
        rules
            .outage_threshold
            .0
            .saturating_mul(3)
            .max(rules.poll_max.0),
    )
}

/// Enables or disables exactly a version.
pub fn enabled(key: &KeyIdentifier, enabled: bool) -> Command {
    key::Command::SetAttributes {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        attributes: Attributes {
            enabled: Some(enabled),
            ..Attributes::default()
        },
    }
    .into()
}
