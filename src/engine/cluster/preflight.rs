//! A look before one leaps: everything that stands in the way of a working customer-managed key, all at once,
//! instead of one 400 after another; and the steps of the provisioning walk with what is still missing (R-CMK-17).
//! An extension where the real service answers one error at a time.

use super::{Body, Cluster, State, encryption};
use crate::engine::ask::{Query, ask};
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::time::SimTime;
use crate::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use crate::engine::vault::key::{KeyIdentifier, KeyOperation, Use};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// The walk of the seed, in its order.
    Step {
        Allow = "allow-subscription",
        VaultAndKey = "vault-and-key",
        Create = "create-cluster",
        Grant = "grant-vault-permission",
        SetKey = "set-key",
        Link = "link-workspaces",
    }
}

impl Step {
    pub fn title(self) -> &'static str {
        match self {
            Step::Allow => "Allow-list the subscription",
            Step::VaultAndKey => "Vault and key",
            Step::Create => "Create the cluster",
            Step::Grant => "Grant the vault permission",
            Step::SetKey => "Update the cluster with the key",
            Step::Link => "Link workspaces",
        }
    }
}

words! {
    /// How far a step is.
    Progress {
        Done = "done",
        Running = "running",
        /// Can be done now.
        Next = "next",
        /// Something before it is missing.
        Waits = "waits",
    }
}

/// One step of the walk for a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub step: Step,
    pub progress: Progress,
    /// What is there, or what is missing.
    pub note: String,
}

/// The provisioning checklist of a cluster, as far as the actor may see the vaults it looks at.
pub fn checklist(world: &World, now: SimTime, actor: &Actor, cluster: &Cluster) -> Vec<Standing> {
    let mut steps = Vec::new();
    let mut blocked = false;
    let mut step = |step, state: Result<String, (Progress, String)>| {
        let (progress, note) = match state {
            Ok(note) => (Progress::Done, note),
            Err((Progress::Next, note)) if blocked => (Progress::Waits, note),
            Err(other) => other,
        };
        blocked |= progress != Progress::Done;
        steps.push(Standing {
            step,
            progress,
            note,
        });
    };
    let subscription = cluster.subscription();
    step(
        Step::Allow,
        // A cluster that exists was allowed, or came with the world.
        Ok(format!("{subscription} in {}", cluster.location)),
    );
    let candidates = usable_keys(world, now, actor, cluster);
    step(
        Step::VaultAndKey,
        match (&cluster.key, candidates.first()) {
            (Some(key), _) => Ok(format!("{key}")),
            (None, Some(key)) => Ok(format!("{key} is recoverable and in the right region")),
            (None, None) => Err((
                Progress::Next,
                format!(
                    "a recoverable vault in {} with an enabled RSA key is missing",
                    cluster.location
                ),
            )),
        },
    );
    step(
        Step::Create,
        match cluster.state {
            State::Succeeded | State::Updating => Ok(format!("{}", cluster.state)),
            State::ProvisioningAccount => Err((Progress::Running, running(world, cluster))),
            other => Err((Progress::Next, format!("the cluster is {other}"))),
        },
    );
    let vault = cluster
        .key
        .as_ref()
        .or_else(|| candidates.first())
        .map(|k| k.vault.clone());
    let missing: Vec<&str> = match &vault {
        Some(vault) => CLUSTER_NEEDS
            .iter()
            .filter(|needed| {
                let held = world
                    .vaults
                    .get(vault)
                    .and_then(|v| v.policies.get(&Caller::Identity(cluster.identity)));
                !held.is_some_and(|keys| keys.contains(*needed))
            })
            .map(|p| p.word())
            .collect(),
        None => CLUSTER_NEEDS.iter().map(|p| p.word()).collect(),
    };
    step(
        Step::Grant,
        match (&vault, missing.as_slice()) {
            (Some(vault), []) => Ok(format!("get, wrapKey, unwrapKey on {vault}")),
            (_, missing) => Err((
                Progress::Next,
                format!("missing for the cluster's identity: {}", missing.join(", ")),
            )),
        },
    );
    step(
        Step::SetKey,
        match (&cluster.key, cluster.state) {
            (_, State::Updating) => Err((Progress::Running, running(world, cluster))),
            (Some(key), _) => Ok(format!(
                "{key} in force, {}",
                cluster.protection.state.word()
            )),
            (None, _) => Err((Progress::Next, "no key is set".to_owned())),
        },
    );
    let linked = cluster
        .links
        .iter()
        .filter(|w| world.linked_cluster(w).is_some())
        .count();
    step(
        Step::Link,
        match (linked, cluster.links.len() - linked) {
            (0, 0) => Err((Progress::Next, "no workspace is linked".to_owned())),
            (0, busy) => Err((Progress::Running, format!("{busy} linking"))),
            (n, 0) => Ok(format!("{n} linked")),
            (n, busy) => Ok(format!("{n} linked, {busy} under way")),
        },
    );
    steps
}

fn running(world: &World, cluster: &Cluster) -> String {
    match cluster.operation.and_then(|id| world.operations.get(&id)) {
        Some(operation) => format!(
            "{} until about {} UTC",
            operation.id,
            operation.expected_end.to_seconds()
        ),
        None => cluster.state.to_string(),
    }
}

/// Keys that could serve a cluster but for the policy: recoverable vault, region and tenant, RSA, enabled; of
/// vaults the actor may see.
pub fn usable_keys(
    world: &World,
    now: SimTime,
    actor: &Actor,
    cluster: &Cluster,
) -> Vec<KeyIdentifier> {
    let tenant = world.tenant_of(&cluster.subscription());
    let mut keys = Vec::new();
    for vault in world.vaults.values() {
        let fits = vault.is_active()
            && vault.recoverable()
            && vault.location == cluster.location
            && world.tenant_of(&vault.subscription()) == tenant
            && ask(world, now, actor, &Query::Vault(vault.name.clone())).is_ok();
        if !fits {
            continue;
        }
        for key in vault.keys.values().filter(|k| k.deleted.is_none()) {
            let Some(version) = key.current() else {
                continue;
            };
            let in_time = version.not_before.is_none_or(|from| now >= from)
                && version.expires.is_none_or(|until| now < until);
            if version.enabled && version.kty.is_rsa() && in_time {
                keys.push(KeyIdentifier {
                    vault: vault.name.clone(),
                    key: key.name.clone(),
                    version: version.id.clone(),
                });
            }
        }
    }
    // First those of a vault that knows the cluster already.
    let caller = Caller::Identity(cluster.identity);
    keys.sort_by_key(|key| {
        let vault = world.vaults.get(&key.vault);
        !vault.is_some_and(|v| v.policies.contains_key(&caller))
    });
    keys
}

/// Something that is in order, or in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// What is fine, or the refusal one would meet.
    pub verdict: Result<String, Box<Refusal>>,
}

/// All findings about creating a cluster: what `create` checks one by one. A person's right to do it is looked
/// at too.
pub fn create(
    world: &World,
    by: Option<&PersonId>,
    subscription: &SubscriptionId,
    group: &str,
    name: &str,
    body: &Body,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |what, verdict: Result<String, Refusal>| {
        findings.push(Finding {
            what,
            verdict: verdict.map_err(Box::new),
        });
    };
    look(
        "resource group",
        world
            .resource_group(subscription, group)
            .map(|()| "it is there".to_owned()),
    );
    if let Some(by) = by {
        let may = world.authorize(by, Action::ClusterWrite, subscription, group);
        let stranger = may.is_err();
        look(
            "permission",
            may.map(|()| format!("{by} may write clusters here")),
        );
        // Who may create nothing here is not told what there is.
        if stranger {
            return findings;
        }
    }
    look(
        "name",
        super::valid_name(world, name).map(|()| "letters and digits only".to_owned()),
    );
    let id = world.cluster_named(subscription, group, name);
    let namesake = world.clusters.get(&id);
    look(
        "name reservation",
        super::name_free(world, namesake.map(|c| &**c)).map(|()| match namesake {
            Some(_) => "a cluster of this name exists and would be updated".to_owned(),
            None => "no cluster has it, deleted or not".to_owned(),
        }),
    );
    look(
        "sku and capacity",
        match &body.sku {
            Some(sku) => super::valid_sku(world, subscription, sku)
                .map(|capacity| format!("{capacity} GB/day")),
            None => Err(errors::CC_08.refuse().target("sku")),
        },
    );
    look(
        "identity",
        super::valid_identity(body).map(|()| super::IDENTITY.to_owned()),
    );
    look(
        "billing",
        super::billing(body)
            .map(|billing| billing.unwrap_or(super::Billing::Cluster).word().to_owned()),
    );
    look(
        "key",
        super::no_key_yet(body).map(|()| "none yet, it comes by an update".to_owned()),
    );
    let place = super::place(body);
    look(
        "allow-listing",
        super::allowed(world, subscription, &place)
            .map(|()| format!("{subscription} is pre-approved there")),
    );
    look(
        "quota",
        super::quota(world, subscription, &place).map(|()| {
            format!(
                "fewer than {} in the region",
                world.rules.clusters_per_region
            )
        }),
    );
    look(
        "region",
        super::known_place(body).map(|place| place.to_string()),
    );
    findings
}

/// All findings about giving a cluster a key: what `set-key` checks one by one, and what links would meet.
pub fn set_key(
    world: &World,
    now: SimTime,
    by: Option<&PersonId>,
    cluster: &Cluster,
    key: &KeyIdentifier,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |what, verdict: Result<String, Refusal>| {
        findings.push(Finding {
            what,
            verdict: verdict.map_err(Box::new),
        });
    };
    if let Some(by) = by {
        look(
            "permission",
            world
                .authorize_on(by, Action::ClusterWrite, &cluster.id)
                .map(|()| format!("{by} may write the cluster")),
        );
    }
    look(
        "cluster state",
        match cluster.state {
            State::Succeeded => Ok("Succeeded, nothing runs".to_owned()),
            State::Deleting => Err(errors::CU_06.refuse().target("cluster")),
            state => Err(errors::CU_05
                .says(format!("The cluster is {state}."))
                .target("cluster")),
        },
    );
    let vault = world.vaults.get(&key.vault);
    look(
        "vault",
        match world.active_vault(&key.vault) {
            Ok(vault) => Ok(format!("{} is there", vault.name)),
            Err(no) => Err(no),
        },
    );
    look(
        "network",
        world
            .reach(now, &key.vault)
            .map(|()| "the vault can be reached".to_owned()),
    );
    if let Some(vault) = vault {
        look(
            "region",
            if vault.location == cluster.location {
                Ok(format!("both in {}", cluster.location))
            } else {
                Err(errors::CU_07
                    .says(format!(
                        "The vault is in {} and the cluster in {}.",
                        vault.location, cluster.location
                    ))
                    .target("location"))
            },
        );
        let tenant = |id: &SubscriptionId| world.tenant_of(id).cloned();
        look(
            "tenant",
            if tenant(&vault.subscription()) == tenant(&cluster.subscription()) {
                Ok("the same organisation".to_owned())
            } else {
                Err(errors::CU_07
                    .says("The vault belongs to another organisation.")
                    .target("tenant"))
            },
        );
        look(
            "recoverability",
            if vault.recoverable() {
                Ok("soft delete and purge protection are on".to_owned())
            } else {
                Err(errors::CU_04
                    .says(format!(
                        "soft delete {}, purge protection {}",
                        if vault.soft_delete { "on" } else { "off" },
                        if vault.purge_protection { "on" } else { "off" }
                    ))
                    .target("vault"))
            },
        );
        let caller = Caller::Identity(cluster.identity);
        for operation in KeyOperation::ALL {
            let call = Use {
                vault: key.vault.clone(),
                key: key.key.clone(),
                version: Some(key.version.clone()),
                operation: *operation,
            };
            let what = match operation {
                KeyOperation::Get => "permission get",
                KeyOperation::WrapKey => "permission wrapKey",
                KeyOperation::UnwrapKey => "permission unwrapKey",
            };
            look(
                what,
                world
                    .entitled(now, &caller, &call)
                    .map(|_| "the cluster's identity may, and the key answers".to_owned()),
            );
        }
    }
    if let Some(old) = &cluster.key {
        look(
            "re-wrap",
            if world.key_material(old) {
                Ok(format!("the data's keys can come from {old}"))
            } else {
                Err(errors::CU_03
                    .says(format!("{old} was purged; what it wraps is lost."))
                    .target("keyVersion"))
            },
        );
    }
    findings
}

/// All findings about linking a workspace to a cluster.
pub fn link(
    world: &World,
    now: SimTime,
    by: Option<&PersonId>,
    workspace: &ResourceId,
    cluster: &ResourceId,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |what, verdict: Result<String, Refusal>| {
        findings.push(Finding {
            what,
            verdict: verdict.map_err(Box::new),
        });
    };
    if let Some(by) = by {
        let may = world
            .authorize_on(by, Action::WorkspaceWrite, workspace)
            .and_then(|()| world.authorize_on(by, Action::ClusterWrite, cluster));
        let stranger = may.is_err();
        look(
            "permission",
            may.map(|()| format!("{by} may write workspace and cluster")),
        );
        // Who may link nothing here is not told what there is.
        if stranger {
            return findings;
        }
    }
    let found = world.active_workspace(workspace, &errors::WL_01);
    let to = world.live_cluster(cluster);
    look("workspace", found.clone().map(|w| w.id.to_string()));
    look(
        "cluster",
        match &to {
            Ok(c) if !c.takes_links() => {
                Err(errors::WL_03.says(format!("The cluster {} is {}.", c.id, c.state)))
            }
            Ok(c) => Ok(format!("{} is {}", c.id, c.state)),
            Err(no) => Err(no.clone()),
        },
    );
    let (Ok(found), Ok(to)) = (found, to) else {
        return findings;
    };
    look(
        "job",
        match found.link.operation() {
            None => Ok("no link or unlink runs".to_owned()),
            Some(id) => Err(errors::WL_02.says(format!("{id} runs."))),
        },
    );
    look(
        "link",
        match found.link.linked_to() {
            None => Ok("not linked yet".to_owned()),
            Some(other) => Err(errors::WL_04.says(format!("It is linked to {other}."))),
        },
    );
    let rules = &world.rules;
    let used = found.links_since(now - rules.link_window);
    let limit = rules.link_operations as usize;
    look(
        "quota of links",
        if used.len() < limit {
            Ok(format!(
                "{} of {limit} in the last {}",
                used.len(),
                rules.link_window
            ))
        } else {
            let at = used[used.len() - limit] + rules.link_window;
            Err(errors::WL_05
                .says(format!("{} of {limit} are used up.", used.len()))
                .allowed_from(at))
        },
    );
    look(
        "room in the cluster",
        if to.links.len() < rules.workspaces_per_cluster as usize {
            Ok(format!(
                "{} of {}",
                to.links.len(),
                rules.workspaces_per_cluster
            ))
        } else {
            Err(errors::WL_06.refuse())
        },
    );
    look(
        "region",
        if found.location == to.location {
            Ok(format!("both in {}", to.location))
        } else {
            Err(errors::WL_07.says(format!(
                "The workspace is in {} and the cluster in {}.",
                found.location, to.location
            )))
        },
    );
    look(
        "provisioned",
        match to.state {
            State::ProvisioningAccount if rules.strict_link_guard => Err(errors::WL_08.refuse()),
            // i-2: accepted, and the loss is the customer's.
            State::ProvisioningAccount => {
                Ok("WARNING: still being built; what is ingested meanwhile is lost".to_owned())
            }
            state => Ok(state.to_string()),
        },
    );
    look(
        "encryption",
        match encryption::why_unreadable(to) {
            None => Ok(to.protection.state.word().to_owned()),
            Some(why) => Err(errors::QRY_01.says(format!("Data would be lost: {why}."))),
        },
    );
    findings
}
