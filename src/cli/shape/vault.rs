//! Vaults, keys and access policies (`domain.md` f.10, f.11), with times as RFC 3339.

use serde_json::{Value, json};

use crate::engine::World;
use crate::engine::random;
use crate::engine::resources::ResourceKind;
use crate::engine::time::Span;
use crate::engine::vault::Vault;
use crate::engine::vault::access_policy::{Caller, KeyPermission};
use crate::engine::vault::key::{Key, KeyIdentifier, Version};
use crate::engine::vault::network::Fault;
use crate::engine::vault::trail::Call;

/// Days of a retention.
fn days(span: Span) -> i64 {
    span.0 / Span::days(1).0
}

pub fn vault(world: &World, vault: &Vault) -> Value {
    let subscription = vault.subscription();
    let tenant = world
        .tenant_of(&subscription)
        .map(|t| random::guid_of(world.seed, "tenant", t.as_str()));
    json!({
        "id": super::arm_id(world, &vault.id, ResourceKind::KeyVault),
        "name": vault.name.as_str(),
        "type": ResourceKind::KeyVault.arm_type(),
        "location": &*vault.location,
        "properties": {
            "tenantId": tenant,
            "vaultUri": vault.uri(),
            "sku": { "family": "A", "name": vault.sku },
            "enableSoftDelete": vault.soft_delete,
            "enablePurgeProtection": vault.purge_protection,
            "softDeleteRetentionInDays": days(vault.retention),
            "accessPolicies": vault
                .policies
                .iter()
                .map(|(caller, keys)| policy(world, caller, keys))
                .collect::<Value>(),
        },
        "resource": vault.id.as_str(),
        "state": state(vault),
        "recoverable": vault.recoverable(),
        "recoveryLevel": vault.recovery_level(world.rules.vault_retention_max),
        "createdDate": vault.created_at,
        "deletionDate": vault.deleted.map(|d| d.at),
        "scheduledPurgeDate": vault.deleted.map(|d| d.purge_at),
        "fault": vault.fault.as_ref().map(fault),
        "keyCount": vault.keys.len(),
    })
}

/// Whether it is there, in one word.
pub fn state(vault: &Vault) -> &'static str {
    match vault.is_active() {
        true => "active",
        false => "deleted",
    }
}

pub fn fault(fault: &Fault) -> Value {
    json!({ "kind": fault.kind, "since": fault.since, "until": fault.until, "extension": true })
}

pub fn policy<'a>(
    world: &World,
    caller: &Caller,
    keys: impl IntoIterator<Item = &'a KeyPermission>,
) -> Value {
    let kind = match caller {
        Caller::Person(_) => "person",
        Caller::Identity(_) => "identity",
    };
    json!({
        "objectId": world.principal_guid(caller),
        "principal": world.caller_name(caller),
        "kind": kind,
        "permissions": { "keys": keys.into_iter().collect::<Vec<_>>() },
    })
}

pub fn key(vault: &Vault, key: &Key) -> Value {
    let current = key.current();
    json!({
        "vault": vault.name.as_str(),
        "name": key.name.as_str(),
        "kid": current.map(|v| kid(vault, key, v)),
        "kty": current.map(|v| v.kty),
        "keySize": current.map(|v| v.size),
        "state": key_state(key),
        "currentVersion": current.map(|v| v.id.as_str()),
        "versionCount": key.versions.len(),
        "createdDate": key.versions.front().map(|v| v.created_at),
        "deletedDate": key.deleted.map(|d| d.at),
        "scheduledPurgeDate": key.deleted.map(|d| d.purge_at),
    })
}

/// Deleted, or how its current version is, in one word.
pub fn key_state(key: &Key) -> &'static str {
    match (key.deleted, key.current()) {
        (Some(_), _) => "deleted",
        (None, Some(version)) if !version.enabled => "disabled",
        (None, _) => "enabled",
    }
}

fn kid(vault: &Vault, key: &Key, version: &Version) -> String {
    identifier(vault, key, version).kid()
}

pub fn identifier(vault: &Vault, key: &Key, version: &Version) -> KeyIdentifier {
    KeyIdentifier {
        vault: vault.name.clone(),
        key: key.name.clone(),
        version: version.id.clone(),
    }
}

pub fn version(world: &World, vault: &Vault, key: &Key, version: &Version) -> Value {
    json!({
        "kid": kid(vault, key, version),
        "vault": vault.name.as_str(),
        "name": key.name.as_str(),
        "version": version.id.as_str(),
        "kty": version.kty,
        "keySize": version.size,
        "current": key.current().is_some_and(|c| c.id == version.id),
        "imported": version.imported.as_deref(),
        "attributes": {
            "enabled": version.enabled,
            "notBefore": version.not_before,
            "expires": version.expires,
            "created": version.created_at,
            "updated": version.updated_at,
            "recoveryLevel": vault.recovery_level(world.rules.vault_retention_max),
        },
    })
}

pub fn call(world: &World, call: &Call) -> Value {
    let (key, version) = call.key.clone().unzip();
    json!({
        "revision": call.revision.0,
        "at": call.at,
        "caller": call.caller.as_ref().map(|c| world.caller_name(c)),
        "callerObjectId": call.caller.as_ref().map(|c| world.principal_guid(c)),
        "operationName": call.done,
        "key": key,
        "version": version.flatten(),
        "result": call.outcome.word(),
        "error": call.outcome.error(),
        "computed": false,
    })
}
