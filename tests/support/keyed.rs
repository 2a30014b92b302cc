//! The tiny world with a vault and a cluster in it, made by Minji; time goes as far as each step needs.

use std::sync::Arc;

use imbl::OrdSet;
use lockbox::crypto::{Secret, WrapAlgorithm};
use lockbox::engine::cluster::{
    self, Body, Cluster, KeyProperties, Sku, encryption, link, support,
};
use lockbox::engine::ids::{KeyName, KeyVersionId, ResourceId, VaultName};
use lockbox::engine::vault;
use lockbox::engine::vault::access_policy::{self, CLUSTER_NEEDS, Caller, KeyPermission};
use lockbox::engine::vault::key::{self, Attributes, KeyIdentifier, KeyOperation, KeyType, Use};
use lockbox::engine::{Command, Span, workspace};
use lockbox::runtime::{ClockCommand, Host, HostError, KeyReply, KeyUse, Receipt};

use crate::tiny::person;

pub const VAULT: &str = "contoso-keys";
pub const CLUSTER: &str = "prod/web/logs";
pub const WORKSPACE: &str = "prod/web/app-logs";

/// As Minji, who owns everything.
pub fn act(host: &mut Host, command: impl Into<Command>) -> Result<Receipt, HostError> {
    host.submit(&person("minji.kim"), &command.into())
}

pub fn wait(host: &mut Host, span: Span) {
    host.clock_set(ClockCommand::Advance(span)).unwrap();
}

/// A vault whose keys a cluster may have, or one that forgets at once.
pub fn make_vault(host: &mut Host, name: &str, recoverable: bool) {
    let create = vault::Create {
        subscription: "prod".into(),
        group: "web".into(),
        name: name.into(),
        location: "koreacentral".into(),
        sku: vault::Sku::Premium,
        soft_delete: recoverable,
        purge_protection: recoverable,
        retention: Some(Span::days(7)),
    };
    act(host, vault::Command::Create(create)).unwrap();
    allow(
        host,
        name,
        Caller::Person("minji.kim".into()),
        KeyPermission::ALL,
    );
}

pub fn allow(host: &mut Host, vault: &str, principal: Caller, keys: &[KeyPermission]) {
    let set = access_policy::Command::Set {
        vault: vault.into(),
        principal,
        keys: keys.iter().copied().collect::<OrdSet<_>>(),
    };
    act(host, set).unwrap();
}

/// A new version of a key of 2048 bits, the first one or a later one.
pub fn make_key(host: &mut Host, vault: &str, name: &str) -> KeyIdentifier {
    let create = key::Command::Create {
        vault: vault.into(),
        key: name.into(),
        kty: KeyType::Rsa,
        size: 2048,
        attributes: Attributes::default(),
    };
    act(host, create).unwrap();
    newest(host, vault, name)
}

pub fn newest(host: &Host, vault: &str, name: &str) -> KeyIdentifier {
    let found = &host.world().vaults[&VaultName::from(vault)].keys[&KeyName::from(name)];
    KeyIdentifier {
        vault: vault.into(),
        key: name.into(),
        version: found.current().unwrap().id.clone(),
    }
}

pub fn set_enabled(host: &mut Host, key: &KeyIdentifier, enabled: bool) {
    let set = key::Command::SetAttributes {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        attributes: Attributes {
            enabled: Some(enabled),
            ..Attributes::default()
        },
    };
    act(host, set).unwrap();
}

pub fn delete_key(host: &mut Host, key: &KeyIdentifier) {
    let delete = key::Command::Delete {
        vault: key.vault.clone(),
        key: key.key.clone(),
    };
    act(host, delete).unwrap();
}

/// A provisioned cluster under the Microsoft key, whose identity may use the keys of [`VAULT`].
pub fn make_cluster(host: &mut Host) {
    make_vault(host, VAULT, true);
    let allowed = support::Command::AllowSubscription {
        subscription: "prod".into(),
        region: None,
    };
    host.submit(&person("sue"), &allowed.into()).unwrap();
    let put = cluster::Command::Put {
        subscription: "prod".into(),
        group: "web".into(),
        name: "logs".into(),
        body: Body {
            location: Some("koreacentral".into()),
            sku: Some(Sku {
                name: Some(cluster::SKU.into()),
                capacity: Some(1000),
            }),
            identity: Some(cluster::IDENTITY.into()),
            ..Body::default()
        },
    };
    act(host, put).unwrap();
    wait(host, Span::hours(1));
    let identity = Caller::Identity(logs(host).identity);
    allow(host, VAULT, identity, &CLUSTER_NEEDS);
}

pub fn logs(host: &Host) -> Arc<Cluster> {
    host.world().clusters[&ResourceId::from(CLUSTER)].clone()
}

pub fn state(host: &Host) -> &'static str {
    logs(host).protection.state.word()
}

pub fn start_update(host: &mut Host, key: &KeyIdentifier) -> Result<Receipt, HostError> {
    let patch = cluster::Command::Patch {
        cluster: CLUSTER.into(),
        body: Body {
            key: Some(KeyProperties::from(key)),
            ..Body::default()
        },
    };
    act(host, patch)
}

/// Puts a cluster under a key and waits until it is so.
pub fn update(host: &mut Host, key: &KeyIdentifier) {
    start_update(host, key).unwrap();
    wait(host, Span::minutes(5));
    assert_eq!(logs(host).key.as_ref(), Some(key));
}

/// The cluster under its first key.
pub fn make_protected(host: &mut Host) -> KeyIdentifier {
    make_cluster(host);
    let key = make_key(host, VAULT, "kek");
    update(host, &key);
    assert_eq!(logs(host).protection.state, encryption::Encryption::Active);
    key
}

pub fn call(key: &KeyIdentifier, operation: KeyOperation) -> Use {
    Use {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        operation,
    }
}

pub fn use_key(host: &mut Host, who: &str, call: Use, value: &[u8]) -> Result<KeyReply, HostError> {
    let wanted = KeyUse {
        call,
        algorithm: WrapAlgorithm::RsaOaep256,
        value: Secret::from(value.to_vec()),
    };
    host.use_key(&person(who), &wanted)
}

/// The version by whose name the account keys of the cluster lie in a state directory, as their files say.
pub fn wrapped_by(file: &[u8]) -> (KeyVersionId, Vec<u8>) {
    let name = usize::from(file[12]);
    let kek = std::str::from_utf8(&file[13..13 + name]).unwrap();
    (kek.into(), file[13 + name + 4..file.len() - 32].to_vec())
}

/// A workspace of its own, in the shared store.
pub fn make_workspace(host: &mut Host) {
    let put = workspace::Command::Put {
        subscription: "prod".into(),
        group: "web".into(),
        name: "app-logs".into(),
        location: Some("koreacentral".into()),
        sku: None,
        retention: None,
    };
    act(host, put).unwrap();
}

/// Links it to the cluster, and waits until it is.
pub fn make_linked(host: &mut Host) {
    let link = link::Command::Link {
        workspace: WORKSPACE.into(),
        cluster: CLUSTER.into(),
    };
    act(host, link).unwrap();
    wait(host, Span::minutes(90));
}
