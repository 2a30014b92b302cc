//! What a body must fulfil before a cluster is created or updated (`domain.md` e.1, e.2), one check a function:
//! PUT and PATCH run them in the order of the catalogue, the pre-flight runs them all.

use std::sync::Arc;

use super::{Billing, Body, Cluster, IDENTITY, KeyProperties, SKU, Sku, State, encryption};
use crate::engine::draft::Draft;
use crate::engine::errors::{self, ErrorDef};
use crate::engine::ids::{IdentityId, KeyName, ResourceId, SubscriptionId};
use crate::engine::refusal::Refusal;
use crate::engine::resources::region;
use crate::engine::text::scrub;
use crate::engine::time::SimTime;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::world::World;

/// E-CC-10: R-CMK-27.
pub(super) fn no_key_yet(body: &Body) -> Result<(), Refusal> {
    match body.key {
        None => Ok(()),
        Some(_) => Err(errors::CC_10
            .refuse()
            .target("properties.keyVaultProperties")),
    }
}

/// E-CC-12: R-CLU-31.
pub(super) fn name_free(world: &World, namesake: Option<&Cluster>) -> Result<(), Refusal> {
    let Some(deleted) = namesake.and_then(|c| c.deleted) else {
        return Ok(());
    };
    Err(errors::CC_12
        .says(format!(
            "The name is reserved by a cluster deleted in the last {}, until {} UTC.",
            world.rules.cluster_soft_delete,
            deleted.purge_at.to_seconds()
        ))
        .target("name")
        .allowed_from(deleted.purge_at))
}

/// E-CC-15.
pub(super) fn known_place(body: &Body) -> Result<Arc<str>, Refusal> {
    region(body.location.as_deref().unwrap_or_default())
}

/// The region that is asked for, known or not.
pub(super) fn place(body: &Body) -> Arc<str> {
    known_place(body).unwrap_or_else(|_| body.location.clone().unwrap_or_default())
}

/// E-CC-13: R-CMK-07.
pub(super) fn allowed(
    world: &World,
    subscription: &SubscriptionId,
    place: &str,
) -> Result<(), Refusal> {
    if world.is_allowed(subscription, place) {
        return Ok(());
    }
    Err(errors::CC_13
        .says(format!(
            "Subscription {subscription} has not been pre-approved for dedicated clusters in the region {}.",
            scrub(place)
        ))
        .target("location"))
}

/// E-CC-01: R-CLU-03.
pub(super) fn valid_name(world: &World, name: &str) -> Result<(), Refusal> {
    let rules = &world.rules;
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let fits = (rules.cluster_name_min..=rules.cluster_name_max).contains(&length)
        && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        return Ok(());
    }
    Err(errors::CC_01
        .says(format!(
            "Cluster name {} is not valid: use only letters a-z, A-Z and digits, {} to {} characters.",
            scrub(name),
            rules.cluster_name_min,
            rules.cluster_name_max
        ))
        .target("name"))
}

/// E-CC-04, 03, 05, 06.
pub(super) fn valid_sku(
    world: &World,
    subscription: &SubscriptionId,
    sku: &Sku,
) -> Result<u32, Refusal> {
    let named = sku
        .name
        .as_deref()
        .is_some_and(|n| n.eq_ignore_ascii_case(SKU));
    if !named {
        let error = if sku.capacity.is_some() {
            errors::CC_04
        } else {
            errors::CC_03
        };
        return Err(error.refuse().target("sku.name"));
    }
    let capacity = sku
        .capacity
        .ok_or_else(|| errors::CC_05.refuse().target("sku.capacity"))?;
    let rules = &world.rules;
    let limit = world.capacity_limit(subscription);
    let fits = u32::try_from(capacity)
        .ok()
        .filter(|c| (rules.capacity_min..=limit).contains(c) && c % rules.capacity_step == 0);
    fits.ok_or_else(|| {
        errors::CC_06
            .says(format!(
                "Capacity {capacity} GB/day is out of range: minimum {}, maximum {limit}, in steps of {} (see \"Usage and estimated costs\").",
                rules.capacity_min, rules.capacity_step
            ))
            .target("sku.capacity")
    })
}

/// R-CLU-26.
pub(super) fn capacity_lock(
    draft: &Draft,
    cluster: &Cluster,
    capacity: u32,
    error: &ErrorDef,
) -> Result<(), Refusal> {
    let free_at = cluster.sku_updated_at + draft.world.rules.capacity_lock;
    if capacity >= cluster.capacity || draft.now >= free_at {
        return Ok(());
    }
    Err(error
        .says(format!(
            "Capacity is locked for {} after its last update; it can be lowered from {} UTC.",
            draft.world.rules.capacity_lock,
            free_at.to_seconds()
        ))
        .target("sku.capacity")
        .allowed_from(free_at)
        .remedy(format!(
            "Wait until {} UTC, or keep at least {} GB/day.",
            free_at.to_seconds(),
            cluster.capacity
        )))
}

/// E-CC-09.
pub(super) fn valid_identity(body: &Body) -> Result<(), Refusal> {
    let given = body.identity.as_deref().unwrap_or_default();
    if given.eq_ignore_ascii_case(IDENTITY) {
        return Ok(());
    }
    let refusal = if given.is_empty() {
        errors::CC_09.refuse()
    } else {
        errors::CC_09.says(format!("The identity type {} is not known.", scrub(given)))
    };
    Err(refusal.target("identity"))
}

/// E-CU-09.
pub(super) fn billing(body: &Body) -> Result<Option<Billing>, Refusal> {
    let Some(text) = &body.billing else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        errors::CU_09
            .says(format!(
                "billingType must be cluster or workspaces, not {}.",
                scrub(text)
            ))
            .target("properties.billingType")
    })
}

/// E-CU-10: read-only members may be sent back unchanged, since clients do GET and PUT.
pub(super) fn read_only(cluster: &Cluster, body: &Body) -> Result<(), Refusal> {
    match &body.location {
        Some(place) if region(place).is_ok_and(|r| r == cluster.location) => Ok(()),
        Some(place) => Err(errors::CU_10
            .says(format!(
                "location is read-only: the cluster is in {}, not in {}.",
                cluster.location,
                scrub(place)
            ))
            .target("location")),
        None => Ok(()),
    }
}

/// E-CC-14: R-CLU-20, 21.
pub(super) fn quota(
    world: &World,
    subscription: &SubscriptionId,
    location: &str,
) -> Result<(), Refusal> {
    let limit = world.rules.clusters_per_region as usize;
    let there = world
        .clusters
        .values()
        .filter(|c| c.is_live() && c.subscription() == *subscription && *c.location == *location)
        .count();
    if there < limit {
        return Ok(());
    }
    Err(errors::CC_14
        .says(format!(
            "Limit of {limit} clusters for region {} and subscription {subscription} is reached.",
            scrub(location)
        ))
        .target("location"))
}

/// E-CU-01, 05, 06, or for a PUT E-CC-11: one operation at a time (R-CLU-16).
pub(super) fn may_update(
    draft: &Draft,
    cluster: &Cluster,
    body: &Body,
    otherwise: &ErrorDef,
) -> Result<(), Refusal> {
    let error = match cluster.state {
        State::Succeeded => return Ok(()),
        State::Deleting if body.key.is_some() => &errors::CU_06,
        State::Deleting => &errors::CU_01,
        _ => otherwise,
    };
    let running = cluster
        .operation
        .and_then(|id| draft.world.operations.get(&id));
    let mut refusal = error.refuse().target("cluster");
    refusal.message = match running {
        Some(operation) => format!(
            "{} {} is {} ({}), until about {} UTC.",
            error.message,
            operation.kind,
            operation.status,
            operation.id,
            operation.expected_end.to_seconds()
        ),
        None => format!("{} The cluster is {}.", error.message, cluster.state),
    };
    match running {
        // When a delete is done there is nothing to update: time cures nothing.
        Some(_) if cluster.state == State::Deleting => {}
        Some(operation) => {
            refusal = refusal
                .allowed_from(operation.expected_end)
                .remedy(format!("Wait for it: lockbox op wait {}.", operation.id));
        }
        None => {
            refusal = refusal.remedy("Delete the cluster and create one under another name.");
        }
    }
    Err(refusal)
}

/// E-CU-02: the triple, with a vault's address for the vault.
pub(super) fn key_identifier(key: &KeyProperties) -> Result<KeyIdentifier, Refusal> {
    let malformed = |what: String| {
        errors::CU_02
            .says(format!("Key properties are present but malformed: {what}."))
            .target("properties.keyVaultProperties")
    };
    let member = |name: &str, value: &Option<Arc<str>>| {
        value
            .clone()
            .filter(|v| !v.trim().is_empty())
            .ok_or_else(|| malformed(format!("{name} is missing")))
    };
    let uri = member("keyVaultUri", &key.key_vault_uri)?;
    let name = member("keyName", &key.key_name)?;
    let version = member("keyVersion", &key.key_version)?;
    if uri.contains("/keys/") {
        return Err(malformed(
            "keyVaultUri is the address of the vault, not the identifier of a key".to_owned(),
        ));
    }
    let vault = crate::engine::vault::wire::vault_of_uri(&uri).ok_or_else(|| {
        malformed(format!(
            "keyVaultUri {} is not https://NAME.vault.azure.net",
            scrub(&uri)
        ))
    })?;
    Ok(KeyIdentifier {
        vault,
        key: KeyName(name),
        version: version.to_ascii_lowercase().into(),
    })
}

/// The key of a PUT, if it is another one than that in force.
pub(super) fn changed_key(
    body: &Body,
    cluster: &Cluster,
) -> Result<Option<KeyIdentifier>, Refusal> {
    let key = body.key.as_ref().map(key_identifier).transpose()?;
    Ok(key.filter(|key| Some(key) != cluster.key.as_ref()))
}

/// E-CU-07, then E-CU-03 and E-CU-04 as the service checks them.
pub(crate) fn validate_key(
    world: &World,
    now: SimTime,
    user: &ResourceId,
    location: &str,
    identity: IdentityId,
    key: &KeyIdentifier,
) -> Result<(), Refusal> {
    if let Ok(vault) = world.active_vault(&key.vault) {
        let why = if world.same_tenant(&vault.id, user) {
            (*vault.location != *location).then(|| {
                format!(
                    "the vault {} is in {} and {} in {location}",
                    vault.name,
                    vault.location,
                    scrub(user.name())
                )
            })
        } else {
            // Where another organisation keeps its vault is not told.
            Some(format!(
                "the vault {} belongs to another organisation",
                vault.name
            ))
        };
        if let Some(why) = why {
            return Err(errors::CU_07
                .says(format!(
                    "Vault, cluster and workspaces must be in the same region and tenant; {why}."
                ))
                .target("properties.keyVaultProperties.keyVaultUri"));
        }
    }
    encryption::validate(world, now, identity, key)
}
