//! Which thing of a world a person means, where the world alone does not say it, and what depends on it.

use std::sync::Arc;

use super::args::{GroupArg, VersionArg};
use super::failure::Failure;
use super::session::Session;
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::{KeyVersionId, ResourceId, SubscriptionId};
use crate::engine::resources::ResourceKind;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::{Refusal, World, errors};

/// A subscription by its short name or GUID.
pub fn subscription(world: &World, text: &str) -> Result<SubscriptionId, Refusal> {
    let by_guid = world
        .resources
        .subscriptions
        .keys()
        .find(|id| world.subscription_guid(id).eq_ignore_ascii_case(text));
    match by_guid {
        Some(id) => Ok(id.clone()),
        None => Ok(world.subscription(&text.into())?.id.clone()),
    }
}

/// A resource group that exists; its name compares without case.
pub fn group(world: &World, arg: &GroupArg) -> Result<(SubscriptionId, Arc<str>), Refusal> {
    let subscription = subscription(world, &arg.subscription)?;
    let known = world
        .resources
        .groups
        .iter()
        .find(|(s, g)| *s == subscription && g.eq_ignore_ascii_case(&arg.group));
    if let Some(found) = known {
        return Ok(found.clone());
    }
    world.resource_group(&subscription, &arg.group)?;
    Ok((subscription, arg.group.as_str().into()))
}

/// Digits of a version that are enough to name it.
const SHORTEST: usize = 8;

/// The version a person names in full or by its first digits; none when none was named. One that does not
/// exist is left to the world to refuse.
pub fn version(world: &World, arg: &VersionArg) -> Result<Option<KeyVersionId>, Failure> {
    let Some(text) = &arg.version else {
        return Ok(None);
    };
    let text = text.to_ascii_lowercase();
    let key = world.key(&arg.vault, &arg.key)?;
    let hits: Vec<&KeyVersionId> = key
        .versions
        .iter()
        .map(|v| &v.id)
        .filter(|id| {
            id.as_str() == text || (text.len() >= SHORTEST && id.as_str().starts_with(&text))
        })
        .collect();
    match hits.as_slice() {
        [one] => Ok(Some((*one).clone())),
        [] => Ok(Some(text.into())),
        several => Err(Failure::bad_input(
            "InvalidKeyVersion",
            "version",
            format!("{text} begins {} versions of {}.", several.len(), arg.key),
            "Give more digits of the version.",
        )),
    }
}

/// The version a cluster or storage account is to use: the one named, or the current one. Also whether it was
/// named.
pub fn key(session: &Session, arg: &VersionArg) -> Result<(KeyIdentifier, bool), Failure> {
    let world = session.world();
    let (version, named) = match &arg.version {
        // Whether a vault and a version exist is for the service to validate.
        Some(text) if world.key(&arg.vault, &arg.key).is_err() => (text.as_str().into(), true),
        Some(_) => (version(world, arg)?.unwrap_or_else(|| "".into()), true),
        None => {
            session.ask(&Query::Vault(arg.vault.clone()))?;
            let key = world.key(&arg.vault, &arg.key)?;
            let current = key.current().map(|v| v.id.clone());
            (current.unwrap_or_else(|| "".into()), false)
        }
    };
    let key = KeyIdentifier {
        vault: arg.vault.clone(),
        key: arg.key.clone(),
        version,
    };
    Ok((key, named))
}

/// The clusters the actor may see, also deleted ones that can be recovered.
fn clusters(session: &Session) -> Result<Vec<ResourceId>, Failure> {
    let live = Query::Clusters {
        subscription: None,
        group: None,
    };
    let mut all = Vec::new();
    for query in [live, Query::DeletedClusters] {
        if let Answer::Clusters(ids) = session.ask(&query)? {
            all.extend(ids);
        }
    }
    Ok(all)
}

/// The cluster a person means, or the refusal that there is none to be seen, for who has a better word for
/// that. A name of several is refused here.
pub fn cluster(session: &Session, text: &str) -> Result<Result<ResourceId, Refusal>, Failure> {
    let world = session.world();
    let no = match world.find_cluster(session.actor(), text) {
        Ok(id) => return Ok(Ok(id)),
        Err(no) => no,
    };
    let arm_type = ResourceKind::Cluster.arm_type();
    match clusters(session)?
        .iter()
        .any(|id| world.means(id, arm_type, text))
    {
        true => Err(no.into()),
        false => Ok(Err(no)),
    }
}

/// The workspace a person means and may look into.
pub fn workspace_to_read(session: &Session, text: &str) -> Result<ResourceId, Failure> {
    let id = session.world().find_workspace(session.actor(), text)?;
    session.world().may_query(session.actor(), &id)?;
    session.world().active_workspace(&id, &errors::WL_01)?;
    Ok(id)
}

/// Something that needs a key version to open what it keeps.
pub struct User {
    pub id: ResourceId,
    pub key: KeyIdentifier,
    pub how: &'static str,
}

/// What needs keys, as far as the actor may see it: clusters, also deleted ones that can be recovered, and
/// storage accounts with a key of their own.
pub fn users(session: &Session, of: impl Fn(&KeyIdentifier) -> bool) -> Result<Vec<User>, Failure> {
    let world = session.world();
    let mut users = Vec::new();
    let ids = clusters(session)?;
    for cluster in ids.iter().filter_map(|id| world.clusters.get(id)) {
        let in_force = match cluster.is_live() {
            true => "in force at cluster",
            false => "in force at deleted cluster",
        };
        let coming = cluster
            .operation
            .and_then(|id| world.operations.get(&id))
            .and_then(|operation| operation.key.clone());
        for (key, how) in [
            (cluster.key.clone(), in_force),
            (coming, "coming to cluster"),
        ] {
            users.extend(key.filter(&of).map(|key| User {
                id: cluster.id.clone(),
                key,
                how,
            }));
        }
    }
    if let Answer::StorageAccounts(ids) = session.ask(&Query::StorageAccounts)? {
        for account in ids.iter().filter_map(|id| world.storage_accounts.get(id)) {
            users.extend(account.key.clone().filter(&of).map(|key| User {
                id: account.id.clone(),
                key,
                how: "key of storage account",
            }));
        }
    }
    Ok(users)
}

impl User {
    /// `in force at cluster contoso-prod/rg/lacluster`.
    pub fn words(&self) -> String {
        format!("{} {}", self.how, self.id)
    }
}
