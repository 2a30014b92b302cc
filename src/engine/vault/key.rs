//! Keys of a vault and their versions (`domain.md` c.6, R-KV-*), and the calls that use them.
//!
//! ```text
//! Key:     (none) --create, import--> Present --new version--> Present    current = newest
//!          Present --delete [sd]--> Deleted --recover--> Present
//!          Deleted --purge [pp=no], retention over--> gone        Present --delete [sd=no]--> gone
//! Version: Enabled <--set attributes--> Disabled
//!          outside its validity window: wrap refused, get and unwrap served
//! ```
//! The World holds ids only; the key material is the hardware's (`keystore`, R-CMK-16).

use std::fmt;
use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::access_policy::{CLUSTER_NEEDS, Caller, KeyPermission};
use super::trail::{self, Call, Done, Outcome};
use super::{Sku, Vault};
use crate::engine::cluster::encryption;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{KeyName, KeyVersionId, PersonId, Revision, VaultName};
use crate::engine::random;
use crate::engine::refusal::Refusal;
use crate::engine::resources::SoftDeleted;
use crate::engine::text::scrub;
use crate::engine::time::SimTime;
use crate::engine::timers::Timer;
use crate::engine::words::{did_you_mean, nearest, words};
use crate::engine::world::World;

words! {
    /// `kty` on the wire.
    KeyType {
        Rsa = "RSA",
        /// In hardware; needs a premium vault.
        RsaHsm = "RSA-HSM",
        Ec = "EC",
        EcHsm = "EC-HSM",
    }
}

impl KeyType {
    pub fn is_rsa(self) -> bool {
        matches!(self, KeyType::Rsa | KeyType::RsaHsm)
    }

    pub fn is_hsm(self) -> bool {
        matches!(self, KeyType::RsaHsm | KeyType::EcHsm)
    }

    /// Sizes in bits it comes in; an EC key is on the curve P-256.
    pub fn sizes(self) -> &'static [u32] {
        if self.is_rsa() {
            &[2048, 3072, 4096]
        } else {
            &[256]
        }
    }
}

words! {
    /// What can be done with a key on the data plane.
    KeyOperation {
        Get = "get",
        WrapKey = "wrapKey",
        UnwrapKey = "unwrapKey",
    }
}

impl KeyOperation {
    pub fn permission(self) -> KeyPermission {
        match self {
            KeyOperation::Get => KeyPermission::Get,
            KeyOperation::WrapKey => KeyPermission::WrapKey,
            KeyOperation::UnwrapKey => KeyPermission::UnwrapKey,
        }
    }

    fn done(self) -> Done {
        match self {
            KeyOperation::Get => Done::KeyGet,
            KeyOperation::WrapKey => Done::KeyWrap,
            KeyOperation::UnwrapKey => Done::KeyUnwrap,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub name: KeyName,
    /// Oldest first; the last is the current one.
    pub versions: Vector<Version>,
    pub deleted: Option<SoftDeleted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub id: KeyVersionId,
    pub kty: KeyType,
    /// In bits.
    pub size: u32,
    pub created_at: SimTime,
    pub updated_at: SimTime,
    pub enabled: bool,
    pub not_before: Option<SimTime>,
    pub expires: Option<SimTime>,
    /// SHA-256 of the public key that was imported; none when it was generated here.
    pub imported: Option<Arc<str>>,
}

/// Which key a cluster's storage uses: `keyVaultUri`, `keyName`, `keyVersion`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyIdentifier {
    pub vault: VaultName,
    pub key: KeyName,
    pub version: KeyVersionId,
}

impl fmt::Display for KeyIdentifier {
    /// Short, for people: `vault/key/1a2b3c4d…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.to_string();
        let head: String = version.chars().take(8).collect();
        write!(f, "{}/{}/{head}…", self.vault, self.key)
    }
}

impl KeyIdentifier {
    /// `kid` (R-KV-06).
    pub fn kid(&self) -> String {
        format!(
            "{}/keys/{}/{}",
            super::uri(&self.vault),
            self.key,
            self.version
        )
    }
}

impl Key {
    pub fn version(&self, id: &KeyVersionId) -> Option<&Version> {
        self.versions.iter().find(|v| v.id == *id)
    }

    /// The newest version; a key has at least one.
    pub fn current(&self) -> Option<&Version> {
        self.versions.last()
    }
}

/// A new version's attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    pub enabled: Option<bool>,
    pub not_before: Option<SimTime>,
    pub expires: Option<SimTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A new key, or a new version of one that exists.
    Create {
        vault: VaultName,
        key: KeyName,
        kty: KeyType,
        size: u32,
        attributes: Attributes,
    },
    /// As [`Command::Create`], with material from outside that the key store holds ready under its fingerprint.
    Import {
        vault: VaultName,
        key: KeyName,
        kty: KeyType,
        size: u32,
        fingerprint: Arc<str>,
        attributes: Attributes,
    },
    /// A new version of the same type and size (R-CMK-47: that alone changes nothing for a cluster).
    NewVersion {
        vault: VaultName,
        key: KeyName,
    },
    /// Without a version, the current one. None leaves an attribute as it is.
    SetAttributes {
        vault: VaultName,
        key: KeyName,
        version: Option<KeyVersionId>,
        attributes: Attributes,
    },
    Delete {
        vault: VaultName,
        key: KeyName,
    },
    Recover {
        vault: VaultName,
        key: KeyName,
    },
    Purge {
        vault: VaultName,
        key: KeyName,
    },
    /// Data plane: always accepted, and its outcome is the fact.
    Call(Use),
}

/// A use of a key by the person acting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub vault: VaultName,
    pub key: KeyName,
    /// None is the current version.
    pub version: Option<KeyVersionId>,
    pub operation: KeyOperation,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    VersionCreated {
        vault: VaultName,
        key: KeyName,
        version: KeyVersionId,
        kty: KeyType,
        size: u32,
        attributes: Attributes,
        imported: Option<Arc<str>>,
    },
    AttributesSet {
        vault: VaultName,
        key: KeyName,
        version: KeyVersionId,
        attributes: Attributes,
    },
    /// Still to be recovered until `purge_at`; without soft delete it is gone at once.
    Deleted {
        vault: VaultName,
        key: KeyName,
        purge_at: Option<SimTime>,
    },
    Recovered {
        vault: VaultName,
        key: KeyName,
    },
    Purged {
        vault: VaultName,
        key: KeyName,
    },
    Called {
        caller: Caller,
        vault: VaultName,
        key: KeyName,
        version: Option<KeyVersionId>,
        operation: KeyOperation,
        outcome: Outcome,
    },
}

impl Fact {
    pub fn vault(&self) -> &VaultName {
        match self {
            Fact::VersionCreated { vault, .. }
            | Fact::AttributesSet { vault, .. }
            | Fact::Deleted { vault, .. }
            | Fact::Recovered { vault, .. }
            | Fact::Purged { vault, .. }
            | Fact::Called { vault, .. } => vault,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Create {
            vault,
            key,
            kty,
            size,
            attributes,
        } => {
            let found = managed(draft, &by, vault, KeyPermission::Create)?;
            new_version(draft, &found, key, *kty, *size, attributes, None)
        }
        Command::Import {
            vault,
            key,
            kty,
            size,
            fingerprint,
            attributes,
        } => {
            let found = managed(draft, &by, vault, KeyPermission::Import)?;
            if !kty.is_rsa() {
                return Err(errors::KV_17
                    .says("Only RSA keys can be imported here.")
                    .target("kty"));
            }
            let imported = Some(fingerprint.clone());
            new_version(draft, &found, key, *kty, *size, attributes, imported)
        }
        Command::NewVersion { vault, key } => {
            let found = managed(draft, &by, vault, KeyPermission::Create)?;
            let current = present(&found, key)?.current().cloned();
            let Some(current) = current else {
                return Ok(());
            };
            let fresh = Attributes::default();
            new_version(draft, &found, key, current.kty, current.size, &fresh, None)
        }
        Command::SetAttributes {
            vault,
            key,
            version,
            attributes,
        } => {
            let found = managed(draft, &by, vault, KeyPermission::Update)?;
            let version = version_of(&found, key, version.as_ref())?;
            let window = Attributes {
                enabled: attributes.enabled,
                not_before: attributes.not_before.or(version.not_before),
                expires: attributes.expires.or(version.expires),
            };
            valid_window(&window)?;
            if *attributes == Attributes::default() {
                return Err(errors::KV_17
                    .says("No attribute was given, so nothing would change.")
                    .target("attributes")
                    .remedy("Give enabled, not-before or expires."));
            }
            draft.emit(Fact::AttributesSet {
                vault: vault.clone(),
                key: key.clone(),
                version: version.id.clone(),
                attributes: attributes.clone(),
            });
            Ok(())
        }
        Command::Delete { vault, key } => {
            let found = managed(draft, &by, vault, KeyPermission::Delete)?;
            present(&found, key)?;
            draft.emit(Fact::Deleted {
                vault: vault.clone(),
                key: key.clone(),
                purge_at: found.soft_delete.then(|| draft.now + found.retention),
            });
            Ok(())
        }
        Command::Recover { vault, key } => {
            let found = managed(draft, &by, vault, KeyPermission::Recover)?;
            deleted(&found, key)?;
            draft.emit(Fact::Recovered {
                vault: vault.clone(),
                key: key.clone(),
            });
            Ok(())
        }
        Command::Purge { vault, key } => {
            let found = managed(draft, &by, vault, KeyPermission::Purge)?;
            let at = deleted(&found, key)?.purge_at;
            if found.purge_protection {
                return Err(errors::KV_05
                    .refuse()
                    .target("key")
                    .allowed_from(at)
                    .remedy(format!(
                        "The service purges it at {} UTC, when the retention is over.",
                        at.to_seconds()
                    )));
            }
            draft.emit(Fact::Purged {
                vault: vault.clone(),
                key: key.clone(),
            });
            Ok(())
        }
        Command::Call(call) => {
            // A vault that was never there has no trail to write to.
            draft.world.vault(&call.vault)?;
            served(draft, Caller::Person(by), call.clone());
            Ok(())
        }
    }
}

/// Puts a use of a key on the record, with its outcome.
pub(crate) fn served(draft: &mut Draft, caller: Caller, call: Use) {
    let answer = draft
        .world
        .may_use(draft.now, &caller, &call)
        .map(|v| v.id.clone());
    let outcome = outcome(&answer);
    draft.emit(Fact::Called {
        caller,
        vault: call.vault,
        key: call.key,
        version: answer.ok().or(call.version),
        operation: call.operation,
        outcome,
    });
}

/// A refusal of the vault is one thing, no answer another (i-4).
pub fn outcome<T>(answer: &Result<T, Refusal>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Served,
        Err(refusal) if matches!(refusal.status, 429 | 503) => {
            Outcome::Unreachable(refusal.id.clone())
        }
        Err(refusal) => Outcome::Refused(refusal.id.clone()),
    }
}

/// The vault, if it can be reached and the person's policy has the permission.
fn managed(
    draft: &Draft,
    by: &PersonId,
    vault: &VaultName,
    permission: KeyPermission,
) -> Result<Arc<Vault>, Refusal> {
    let world = &draft.world;
    let found = world.active_vault(vault)?.clone();
    world.reach(draft.now, vault)?;
    world.permitted(&found, &Caller::Person(by.clone()), permission)?;
    Ok(found)
}

fn new_version(
    draft: &mut Draft,
    vault: &Vault,
    key: &KeyName,
    kty: KeyType,
    size: u32,
    attributes: &Attributes,
    imported: Option<Arc<str>>,
) -> Result<(), Refusal> {
    let name = key.as_str();
    let fits = (1..=127).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !fits {
        return Err(errors::KV_17
            .says(format!("The key name {} is not valid.", scrub(name)))
            .target("name")
            .remedy("Use 1 to 127 letters, digits and hyphens."));
    }
    if let Some(deleted) = vault.keys.get(key).and_then(|k| k.deleted) {
        return Err(errors::KV_04
            .says(format!(
                "Key {key} is deleted but recoverable; its name cannot be reused."
            ))
            .target("name")
            .inner("ObjectIsDeletedButRecoverable")
            .allowed_from(deleted.purge_at));
    }
    if !kty.sizes().contains(&size) {
        let sizes: Vec<String> = kty.sizes().iter().map(ToString::to_string).collect();
        return Err(errors::KV_17
            .says(format!("A {kty} key cannot have {size} bits."))
            .target("key_size")
            .remedy(format!("Give one of {}.", sizes.join(", "))));
    }
    if kty.is_hsm() && vault.sku != Sku::Premium {
        return Err(errors::KV_17
            .says(format!(
                "{kty} keys need a premium vault, and {} is {}.",
                vault.name, vault.sku
            ))
            .target("kty")
            .remedy("Make a software key, or a premium vault."));
    }
    valid_window(attributes)?;
    let number = draft.world.key_versions + 1;
    let bytes = random::bytes(draft.world.seed, "key-version", number);
    let version: String = bytes.iter().take(16).map(|b| format!("{b:02x}")).collect();
    draft.emit(Fact::VersionCreated {
        vault: vault.name.clone(),
        key: key.clone(),
        version: version.into(),
        kty,
        size,
        attributes: attributes.clone(),
        imported,
    });
    Ok(())
}

fn valid_window(attributes: &Attributes) -> Result<(), Refusal> {
    match (attributes.not_before, attributes.expires) {
        (Some(from), Some(until)) if until <= from => Err(errors::KV_17
            .says("The key would expire before it becomes valid.")
            .target("attributes.exp")
            .remedy("Give an expiry after not-before.")),
        _ => Ok(()),
    }
}

fn not_found(vault: &Vault, key: &KeyName) -> Refusal {
    let known = vault.keys.keys().map(KeyName::as_str);
    errors::KV_03
        .says(format!(
            "No key {key} in the vault {}; if deleted recently it may be recoverable.",
            vault.name
        ))
        .target("key")
        .remedy(did_you_mean(
            nearest(key.as_str(), known),
            "List the keys: lockbox key list.",
        ))
}

fn present<'a>(vault: &'a Vault, key: &KeyName) -> Result<&'a Arc<Key>, Refusal> {
    match vault.keys.get(key) {
        Some(found) => match found.deleted {
            None => Ok(found),
            Some(deleted) => Err(not_found(vault, key).remedy(format!(
                "It is deleted and can be recovered until {} UTC: lockbox key recover.",
                deleted.purge_at.to_seconds()
            ))),
        },
        None => Err(not_found(vault, key)),
    }
}

fn deleted(vault: &Vault, key: &KeyName) -> Result<SoftDeleted, Refusal> {
    let found = vault.keys.get(key).ok_or_else(|| not_found(vault, key))?;
    found.deleted.ok_or_else(|| {
        errors::KV_18
            .says(format!("The key {key} is not deleted."))
            .target("key")
            .remedy("Delete it first: lockbox key delete.")
    })
}

fn version_of<'a>(
    vault: &'a Vault,
    key: &KeyName,
    version: Option<&KeyVersionId>,
) -> Result<&'a Version, Refusal> {
    let found = present(vault, key)?;
    let hit = match version {
        Some(id) => found.version(id),
        None => found.current(),
    };
    hit.ok_or_else(|| {
        let id = version.map_or("", KeyVersionId::as_str);
        let known = found.versions.iter().map(|v| v.id.as_str());
        errors::KV_03
            .says(format!(
                "No key {key}/{} in the vault {}; if deleted recently it may be recoverable.",
                scrub(id),
                vault.name
            ))
            .target("version")
            .remedy(did_you_mean(
                nearest(id, known),
                "List the versions: lockbox key versions.",
            ))
    })
}

/// The retention of a deleted key is over.
pub(crate) fn purge_in_time(draft: &mut Draft, vault: &VaultName, key: &KeyName) {
    let found = draft.world.vaults.get(vault).and_then(|v| v.keys.get(key));
    let deleted = found.and_then(|k| k.deleted);
    draft.following(deleted.map(|d| d.revision), |draft| {
        draft.emit(Fact::Purged {
            vault: vault.clone(),
            key: key.clone(),
        })
    });
}

pub(crate) fn evolve(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    actor: &Actor,
    fact: &Fact,
) {
    let managed = |world: &mut World, vault: &VaultName, done, key: &KeyName, version| {
        let on = Some((key.clone(), version));
        trail::management(world, at, revision, actor, vault, done, on);
    };
    match fact {
        Fact::VersionCreated {
            vault,
            key,
            version,
            kty,
            size,
            attributes,
            imported,
        } => {
            world.key_versions += 1;
            let new = Version {
                id: version.clone(),
                kty: *kty,
                size: *size,
                created_at: at,
                updated_at: at,
                enabled: attributes.enabled.unwrap_or(true),
                not_before: attributes.not_before,
                expires: attributes.expires,
                imported: imported.clone(),
            };
            super::edit(world, vault, |v| {
                let slot = v.keys.entry(key.clone()).or_insert_with(|| {
                    Arc::new(Key {
                        name: key.clone(),
                        versions: Vector::new(),
                        deleted: None,
                    })
                });
                Arc::make_mut(slot).versions.push_back(new);
            });
            let done = match imported {
                Some(_) => Done::KeyImport,
                None => Done::KeyCreate,
            };
            managed(world, vault, done, key, Some(version.clone()));
        }
        Fact::AttributesSet {
            vault,
            key,
            version,
            attributes,
        } => {
            edit(world, vault, key, |k| {
                if let Some(v) = k.versions.iter_mut().find(|v| v.id == *version) {
                    v.enabled = attributes.enabled.unwrap_or(v.enabled);
                    v.not_before = attributes.not_before.or(v.not_before);
                    v.expires = attributes.expires.or(v.expires);
                    v.updated_at = at;
                }
            });
            managed(world, vault, Done::KeyUpdate, key, Some(version.clone()));
        }
        Fact::Deleted {
            vault,
            key,
            purge_at,
        } => {
            managed(world, vault, Done::KeyDelete, key, None);
            match purge_at {
                Some(purge_at) => {
                    let timer = world
                        .timers
                        .set(*purge_at, Timer::KeyPurges(vault.clone(), key.clone()));
                    edit(world, vault, key, |k| {
                        k.deleted = Some(SoftDeleted {
                            at,
                            revision,
                            purge_at: *purge_at,
                            timer,
                        });
                    });
                }
                None => super::edit(world, vault, |v| {
                    v.keys.remove(key);
                }),
            }
        }
        Fact::Recovered { vault, key } => {
            undelete(world, vault, key);
            edit(world, vault, key, |k| k.deleted = None);
            managed(world, vault, Done::KeyRecover, key, None);
        }
        Fact::Purged { vault, key } => {
            undelete(world, vault, key);
            super::edit(world, vault, |v| {
                v.keys.remove(key);
            });
            managed(world, vault, Done::KeyPurge, key, None);
        }
        Fact::Called {
            caller,
            vault,
            key,
            version,
            operation,
            outcome,
        } => {
            let call = Call {
                revision,
                at,
                caller: Some(caller.clone()),
                done: operation.done(),
                key: Some((key.clone(), version.clone())),
                outcome: outcome.clone(),
            };
            super::edit(world, vault, |v| v.trail.push_back(call));
            return;
        }
    }
    encryption::reconsider(world, fact.vault(), at, revision);
}

/// The purge of a deleted key will not come.
fn undelete(world: &mut World, vault: &VaultName, key: &KeyName) {
    let deleted = world
        .vaults
        .get(vault)
        .and_then(|v| v.keys.get(key))
        .and_then(|k| k.deleted);
    if let Some(deleted) = deleted {
        world.timers.cancel(deleted.timer);
    }
}

fn edit(world: &mut World, vault: &VaultName, key: &KeyName, change: impl FnOnce(&mut Key)) {
    super::edit(world, vault, |v| {
        if let Some(key) = v.keys.get_mut(key) {
            change(Arc::make_mut(key));
        }
    });
}

impl World {
    /// The key of a vault, deleted or not.
    pub fn key(&self, vault: &VaultName, key: &KeyName) -> Result<&Arc<Key>, Refusal> {
        let found = self.vault(vault)?;
        found.keys.get(key).ok_or_else(|| not_found(found, key))
    }

    /// Whether the vault serves a use of a key by a caller now: reachable, permitted, there, enabled, and for
    /// wrapKey within its validity window (R-KV-08, E-KV-01…03, 10, 11, 13). Gives the version that is used.
    pub fn may_use(&self, now: SimTime, caller: &Caller, call: &Use) -> Result<&Version, Refusal> {
        self.active_vault(&call.vault)?;
        self.reach(now, &call.vault)?;
        self.entitled(now, caller, call)
    }

    /// As [`World::may_use`], whether the vault can be reached or not.
    pub(crate) fn entitled(
        &self,
        now: SimTime,
        caller: &Caller,
        call: &Use,
    ) -> Result<&Version, Refusal> {
        let vault = self.active_vault(&call.vault)?;
        self.permitted(vault, caller, call.operation.permission())?;
        let version = version_of(vault, &call.key, call.version.as_ref())?;
        if !version.enabled {
            return Err(errors::KV_02
                .says(format!(
                    "Operation {} is not allowed on a disabled key.",
                    call.operation
                ))
                .target("key")
                .inner("KeyDisabled"));
        }
        if call.operation == KeyOperation::WrapKey {
            let early = version.not_before.filter(|from| now < *from);
            let late = version.expires.filter(|until| now >= *until);
            if early.is_some() || late.is_some() {
                let mut refusal = errors::KV_10.refuse().target("key").inner(match early {
                    Some(_) => "KeyNotYetValid",
                    None => "KeyExpired",
                });
                refusal.allowed_from = early;
                return Err(refusal);
            }
        }
        if call.operation != KeyOperation::Get && !version.kty.is_rsa() {
            return Err(errors::KV_17
                .says(format!(
                    "{} needs an RSA key, and {} is {}.",
                    call.operation, call.key, version.kty
                ))
                .target("key")
                .remedy("Only an RSA key can wrap another key."));
        }
        Ok(version)
    }

    /// E-KV-01: the caller's policy has the permission.
    pub(crate) fn permitted(
        &self,
        vault: &Vault,
        caller: &Caller,
        permission: KeyPermission,
    ) -> Result<(), Refusal> {
        let has = vault
            .policies
            .get(caller)
            .is_some_and(|keys| keys.contains(&permission));
        if has {
            return Ok(());
        }
        let named = self.caller_name(caller);
        // A policy is set as a whole, so the remedy names what is held already.
        let held = vault.policies.get(caller).cloned().unwrap_or_default();
        let needed = match caller {
            Caller::Identity(_) => CLUSTER_NEEDS.as_slice(),
            Caller::Person(_) => &[permission],
        };
        let wanted: Vec<&str> = KeyPermission::ALL
            .iter()
            .filter(|p| held.contains(*p) || needed.contains(p) || **p == permission)
            .map(|p| p.word())
            .collect();
        Err(errors::KV_01
            .says(format!(
                "The caller {named} has no keys {permission} permission on vault {}.",
                vault.name
            ))
            .target("permissions.keys")
            .inner("AccessDenied")
            .remedy(format!(
                "Add it to the access policy: lockbox policy set {} --principal {named} --keys {}.",
                vault.name,
                wanted.join(",")
            )))
    }
}
