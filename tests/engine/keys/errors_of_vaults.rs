//! Every error of vaults, keys and access policies (`domain.md` e.7), by its id. What a call on the data plane
//! meets is no refusal but the outcome of the call, so there both are looked at: the fact, and what
//! `may_use` says about it.

use lockbox::engine::Fact;
use lockbox::engine::ids::KeyVersionId;
use lockbox::engine::vault::key::{KeyOperation, Use};
use lockbox::engine::vault::trail::Outcome;
use lockbox::engine::vault::{access_policy, wire};
use lockbox::engine::{Query, ask};

use super::*;

/// A vault with a key.
fn safe() -> (Stage, KeyIdentifier) {
    let mut stage = Stage::keys();
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    (stage, key)
}

fn with_key(vault: &VaultName, key: &str) -> key::Command {
    key::Command::Create {
        vault: vault.clone(),
        key: key.into(),
        kty: KeyType::Rsa,
        size: 2_048,
        attributes: Attributes::default(),
    }
}

fn the_use(key: &KeyIdentifier, operation: KeyOperation) -> Use {
    Use {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        operation,
    }
}

/// A call by Ann: accepted, and its outcome is the fact; `may_use` says the same, in full.
fn call(stage: &mut Stage, call: Use) -> Result<(), Refusal> {
    let ann = Caller::Person("ann".into());
    let said = stage.world.may_use(stage.now, &ann, &call).map(|_| ());
    let events = stage.ann(key::Command::Call(call));
    let [
        Event {
            fact: Fact::Key(key::Fact::Called { outcome, .. }),
            ..
        },
    ] = events.as_slice()
    else {
        panic!("a call leaves its outcome: {events:?}");
    };
    let expected = match &said {
        Ok(()) => Outcome::Served,
        Err(no) if matches!(no.status, 429 | 503) => Outcome::Unreachable(no.id.clone()),
        Err(no) => Outcome::Refused(no.id.clone()),
    };
    assert_eq!(*outcome, expected);
    said
}

fn may_all(stage: &mut Stage, key: &KeyIdentifier) {
    let ann = Caller::Person("ann".into());
    stage.policy(&key.vault, ann, KeyPermission::ALL);
}

fn attributes(key: &KeyIdentifier, attributes: Attributes) -> key::Command {
    key::Command::SetAttributes {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        attributes,
    }
}

fn delete_key(key: &KeyIdentifier) -> key::Command {
    key::Command::Delete {
        vault: key.vault.clone(),
        key: key.key.clone(),
    }
}

fn purge_key(key: &KeyIdentifier) -> key::Command {
    key::Command::Purge {
        vault: key.vault.clone(),
        key: key.key.clone(),
    }
}

fn recover_key(key: &KeyIdentifier) -> key::Command {
    key::Command::Recover {
        vault: key.vault.clone(),
        key: key.key.clone(),
    }
}

fn delete_vault(vault: &VaultName) -> vault::Command {
    vault::Command::Delete {
        vault: vault.clone(),
    }
}

fn update(vault: &VaultName, soft: Option<bool>, protect: Option<bool>) -> vault::Command {
    vault::Command::Update {
        vault: vault.clone(),
        soft_delete: soft,
        purge_protection: protect,
        retention: None,
    }
}

#[test]
fn e_kv_01_no_permission_in_the_policy() {
    let target = "permissions.keys";
    let (mut stage, key) = safe();
    // Owner of the subscription, Contributor and Key Vault Contributor have no policy: no role uses a key.
    for who in ["cy", "con", "kvc"] {
        for command in [
            with_key(&key.vault, "other"),
            key::Command::NewVersion {
                vault: key.vault.clone(),
                key: key.key.clone(),
            },
            key::Command::Import {
                vault: key.vault.clone(),
                key: "imported".into(),
                kty: KeyType::Rsa,
                size: 2_048,
                fingerprint: "0".repeat(64).into(),
                attributes: Attributes::default(),
            },
            attributes(
                &key,
                Attributes {
                    enabled: Some(false),
                    ..Attributes::default()
                },
            ),
            delete_key(&key),
            recover_key(&key),
            purge_key(&key),
        ] {
            let no = refused_for_good(&mut stage, who, command, &errors::KV_01, target);
            assert_eq!(no.inner.as_deref(), Some("AccessDenied"));
        }
    }
    // The creator may manage keys, not use or purge them (R-KV-03).
    refused_for_good(&mut stage, "ann", purge_key(&key), &errors::KV_01, target);
    for operation in [KeyOperation::WrapKey, KeyOperation::UnwrapKey] {
        let no = call(&mut stage, the_use(&key, operation)).unwrap_err();
        is(&no, &errors::KV_01, target);
        assert!(no.message.contains(operation.word()) && no.message.contains("safe"));
    }
    call(&mut stage, the_use(&key, KeyOperation::Get)).unwrap();
    may_all(&mut stage, &key);
    for operation in KeyOperation::ALL {
        call(&mut stage, the_use(&key, *operation)).unwrap();
    }
}

#[test]
fn e_kv_02_a_disabled_version() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    stage.enable(&key, false);
    for operation in KeyOperation::ALL {
        let no = call(&mut stage, the_use(&key, *operation)).unwrap_err();
        is(&no, &errors::KV_02, "key");
        assert_eq!(no.inner.as_deref(), Some("KeyDisabled"));
    }
    // Another version of the key is none of its business.
    let new = stage.key(&key.vault, "kek");
    call(&mut stage, the_use(&new, KeyOperation::UnwrapKey)).unwrap();
    stage.enable(&key, true);
    call(&mut stage, the_use(&key, KeyOperation::UnwrapKey)).unwrap();
}

#[test]
fn e_kv_03_an_unknown_or_deleted_key() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    let other_version = KeyIdentifier {
        version: KeyVersionId::from("f".repeat(32)),
        ..key.clone()
    };
    let no = call(&mut stage, the_use(&other_version, KeyOperation::Get)).unwrap_err();
    is(&no, &errors::KV_03, "version");
    let unknown = KeyIdentifier {
        key: "kak".into(),
        ..key.clone()
    };
    let no = call(&mut stage, the_use(&unknown, KeyOperation::WrapKey)).unwrap_err();
    is(&no, &errors::KV_03, "key");
    assert!(no.remedy.contains("kek"), "{}", no.remedy);
    for command in [
        delete_key(&unknown),
        recover_key(&unknown),
        purge_key(&unknown),
        attributes(
            &unknown,
            Attributes {
                enabled: Some(true),
                ..Attributes::default()
            },
        ),
        key::Command::NewVersion {
            vault: key.vault.clone(),
            key: "kak".into(),
        },
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::KV_03, "key");
    }
    stage.ann(delete_key(&key));
    let no = call(&mut stage, the_use(&key, KeyOperation::UnwrapKey)).unwrap_err();
    is(&no, &errors::KV_03, "key");
    assert!(no.remedy.contains("recover"), "{}", no.remedy);
    refused_for_good(&mut stage, "ann", delete_key(&key), &errors::KV_03, "key");
}

#[test]
fn e_kv_04_the_name_of_a_deleted_key() {
    let (mut stage, key) = safe();
    stage.ann(delete_key(&key));
    let deleted = stage.now;
    let again = with_key(&key.vault, "kek");
    let at = refused_until(&mut stage, "ann", again.clone(), &errors::KV_04, "name");
    assert_eq!(at, deleted + Span::days(90));
    let no = stage.act(&person("ann"), again).unwrap_err();
    assert_eq!(no.inner.as_deref(), Some("ObjectIsDeletedButRecoverable"));
}

#[test]
fn e_kv_05_a_key_is_not_purged_under_protection() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    stage.ann(delete_key(&key));
    let no = refused(&mut stage, "ann", purge_key(&key), &errors::KV_05, "key");
    let at = no.allowed_from.unwrap();
    assert_eq!(at, stage.now + Span::days(90));
    stage.until(at - Span::micros(1));
    refused(&mut stage, "ann", purge_key(&key), &errors::KV_05, "key");
    // What was asked for then happens by itself.
    stage.until(at);
    assert!(stage.world.vaults[&key.vault].keys.is_empty());
}

#[test]
fn e_kv_06_a_vault_is_not_purged_under_protection() {
    let (mut stage, key) = safe();
    stage.ann(delete_vault(&key.vault));
    let purge = || vault::Command::Purge {
        vault: key.vault.clone(),
    };
    let no = refused(&mut stage, "ann", purge(), &errors::KV_06, "vault");
    let at = no.allowed_from.unwrap();
    assert_eq!(at, stage.now + Span::days(90));
    stage.until(at - Span::micros(1));
    refused(&mut stage, "ann", purge(), &errors::KV_06, "vault");
    stage.until(at);
    assert!(!stage.world.vaults.contains_key(&key.vault));
}

#[test]
fn e_kv_07_purge_protection_is_not_switched_off() {
    let (mut stage, key) = safe();
    for soft in [None, Some(true), Some(false)] {
        let off = update(&key.vault, soft, Some(false));
        refused_for_good(
            &mut stage,
            "ann",
            off,
            &errors::KV_07,
            "properties.enablePurgeProtection",
        );
    }
}

#[test]
fn e_kv_08_soft_delete_is_not_switched_off() {
    let (mut stage, key) = safe();
    let off = update(&key.vault, Some(false), None);
    refused_for_good(
        &mut stage,
        "ann",
        off,
        &errors::KV_08,
        "properties.enableSoftDelete",
    );
}

#[test]
fn e_kv_09_the_name_of_a_deleted_vault() {
    let (mut stage, key) = safe();
    stage.ann(delete_vault(&key.vault));
    let deleted = stage.now;
    for name in ["safe", "SAFE"] {
        let again = vault::Command::Create(vault_here(name));
        let at = refused_until(&mut stage, "ann", again, &errors::KV_09, "name");
        assert_eq!(at, deleted + Span::days(90));
    }
    // Somebody else's deleted vault has its name in the whole cloud.
    let elsewhere = vault::Command::Create(vault::Create {
        subscription: "f".into(),
        ..vault_here("safe")
    });
    refused(&mut stage, "fay", elsewhere, &errors::KV_09, "name");
}

#[test]
fn e_kv_10_wrapping_outside_the_validity_window() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    let from = stage.now + Span::hours(1);
    let until = from + Span::hours(1);
    stage.ann(attributes(
        &key,
        Attributes {
            enabled: None,
            not_before: Some(from),
            expires: Some(until),
        },
    ));
    let wrap = || the_use(&key, KeyOperation::WrapKey);
    let micro = Span::micros(1);
    for (at, inner, allowed_from) in [
        (from - micro, Some("KeyNotYetValid"), Some(from)),
        (from, None, None),
        (until - micro, None, None),
        (until, Some("KeyExpired"), None),
    ] {
        stage.until(at);
        match (inner, call(&mut stage, wrap())) {
            (None, answer) => answer.unwrap(),
            (Some(inner), answer) => {
                let no = answer.unwrap_err();
                is(&no, &errors::KV_10, "key");
                assert_eq!(no.inner.as_deref(), Some(inner));
                assert_eq!(no.allowed_from, allowed_from);
            }
        }
        for served in [KeyOperation::Get, KeyOperation::UnwrapKey] {
            call(&mut stage, the_use(&key, served)).unwrap();
        }
    }
}

#[test]
fn e_kv_11_throttled() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    stage.fault(&key.vault, FaultKind::Throttling, Span::minutes(3));
    let make = with_key(&key.vault, "other");
    let at = refused_until(&mut stage, "ann", make, &errors::KV_11, "vault");
    assert_eq!(at, stage.now + Span::minutes(3));
    let no = call(&mut stage, the_use(&key, KeyOperation::Get)).unwrap_err();
    is(&no, &errors::KV_11, "vault");
    stage.until(at);
    call(&mut stage, the_use(&key, KeyOperation::Get)).unwrap();
}

#[test]
fn e_kv_12_a_token_that_is_missing_or_for_somebody_else() {
    let (mut stage, key) = safe();
    stage.allow("c");
    let cluster = stage.built("lac");
    let oid = stage.world.principal_guid(&stage.identity(&cluster));
    let claims = |aud: &str, oid: &str| format!(r#"{{"aud":"{aud}","oid":"{oid}"}}"#);
    for (token, target) in [
        (None, "authorization"),
        (Some(String::new()), "authorization"),
        (Some("{}".to_owned()), "authorization"),
        (Some("[]".to_owned()), "authorization"),
        (
            Some(claims("https://management.azure.com", &oid)),
            "authorization",
        ),
        (Some(claims(wire::AUDIENCE, "nobody-at-all")), "oid"),
        // A name is no object id, even one that somebody has.
        (Some(claims(wire::AUDIENCE, "ann")), "oid"),
    ] {
        let no = wire::caller(&stage.world, token.as_deref()).unwrap_err();
        is(&no, &errors::KV_12, target);
    }
    for audience in [wire::AUDIENCE, "https://vault.azure.net/"] {
        let token = claims(audience, &oid);
        let caller = wire::caller(&stage.world, Some(&token)).unwrap();
        assert_eq!(caller, stage.identity(&cluster));
    }
    assert_eq!(wire::kid(&key.kid()), Some(key));
}

#[test]
fn e_kv_13_out_of_reach() {
    let (mut stage, key) = safe();
    for kind in [FaultKind::Transient, FaultKind::Outage] {
        stage.fault(&key.vault, kind, Span::minutes(3));
        let make = with_key(&key.vault, "other");
        let at = refused_until(&mut stage, "ann", make, &errors::KV_13, "vault");
        assert_eq!(at, stage.now + Span::minutes(3));
        let no = call(&mut stage, the_use(&key, KeyOperation::Get)).unwrap_err();
        is(&no, &errors::KV_13, "vault");
        stage.until(at);
        call(&mut stage, the_use(&key, KeyOperation::Get)).unwrap();
    }
}

#[test]
fn e_kv_14_a_vault_that_is_absent_or_deleted() {
    let (mut stage, key) = safe();
    let no = ask(
        &stage.world,
        stage.now,
        &person("ann"),
        &Query::Vault("sofe".into()),
    );
    let no = no.unwrap_err();
    is(&no, &errors::KV_14, "vault");
    assert!(no.remedy.contains("safe"), "{}", no.remedy);
    let absent: VaultName = "absent".into();
    let call = |vault: &VaultName| {
        key::Command::Call(Use {
            vault: vault.clone(),
            ..the_use(&key, KeyOperation::Get)
        })
    };
    let principal = Caller::Person("ann".into());
    let policy = |vault: &VaultName| access_policy::Command::Delete {
        vault: vault.clone(),
        principal: principal.clone(),
    };
    refused_for_good(&mut stage, "ann", call(&absent), &errors::KV_14, "vault");
    stage.ann(delete_vault(&key.vault));
    for vault in [absent, key.vault.clone()] {
        let commands: [Command; 4] = [
            with_key(&vault, "other").into(),
            update(&vault, None, Some(true)).into(),
            delete_vault(&vault).into(),
            policy(&vault).into(),
        ];
        for command in commands {
            refused_for_good(&mut stage, "ann", command, &errors::KV_14, "vault");
        }
    }
}

#[test]
fn e_kv_15_a_vault_that_is_not_valid() {
    let (mut stage, key) = safe();
    let create = vault::Command::Create;
    for name in [
        "",
        "ab",
        "1abc",
        "-abc",
        "abc-",
        "a--b",
        "a_b",
        "a b",
        "금고",
        "abcdefghijklmnopqrstuvwxy",
    ] {
        let command = create(vault_here(name));
        refused_for_good(&mut stage, "ann", command, &errors::KV_15, "name");
    }
    for retention in [Span::ZERO, Span::days(6), Span::days(91), Span::hours(200)] {
        let command = create(vault::Create {
            retention: Some(retention),
            ..vault_here("fresh")
        });
        refused_for_good(
            &mut stage,
            "ann",
            command,
            &errors::KV_15,
            "properties.softDeleteRetentionInDays",
        );
    }
    let changed = vault::Command::Update {
        vault: key.vault.clone(),
        soft_delete: None,
        purge_protection: None,
        retention: Some(Span::days(30)),
    };
    refused_for_good(
        &mut stage,
        "ann",
        changed,
        &errors::KV_15,
        "properties.softDeleteRetentionInDays",
    );
    let unprotected = create(vault::Create {
        soft_delete: false,
        ..vault_here("fresh")
    });
    refused_for_good(
        &mut stage,
        "ann",
        unprotected,
        &errors::KV_15,
        "properties.enablePurgeProtection",
    );
    // Policies.
    let policy = |principal: Caller, keys: &[KeyPermission]| access_policy::Command::Set {
        vault: key.vault.clone(),
        principal,
        keys: permissions(keys),
    };
    for (command, target) in [
        (policy(Caller::Person("ann".into()), &[]), "permissions"),
        (
            policy(Caller::Person("sue".into()), &CLUSTER_NEEDS),
            "principal",
        ),
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::KV_15, target);
    }
    for text in ["", "nobody", "MI-000099"] {
        let no = stage
            .world
            .find_principal(&Actor::Observer, text)
            .unwrap_err();
        is(&no, &errors::KV_15, "principal");
    }
}

#[test]
fn e_kv_16_a_name_somebody_has() {
    let (mut stage, _) = safe();
    for name in ["safe", "Safe", "key-vault"] {
        let command = vault::Command::Create(vault_here(name));
        refused_for_good(&mut stage, "ann", command, &errors::KV_16, "name");
        let foreign = vault::Command::Create(vault::Create {
            subscription: "f".into(),
            ..vault_here(name)
        });
        refused_for_good(&mut stage, "fay", foreign, &errors::KV_16, "name");
    }
}

#[test]
fn e_kv_17_a_key_that_is_not_valid() {
    let (mut stage, key) = safe();
    stage.ann(vault::Command::Create(vault::Create {
        sku: vault::Sku::Standard,
        ..vault_here("plain")
    }));
    let create = |vault: &str, name: &str, kty, size, attributes| key::Command::Create {
        vault: vault.into(),
        key: name.into(),
        kty,
        size,
        attributes,
    };
    let open = Attributes::default;
    let backwards = Attributes {
        enabled: None,
        not_before: Some(stage.now),
        expires: Some(stage.now),
    };
    let long = "k".repeat(128);
    for (command, target) in [
        (create("safe", "", KeyType::Rsa, 2_048, open()), "name"),
        (create("safe", &long, KeyType::Rsa, 2_048, open()), "name"),
        (create("safe", "a_b", KeyType::Rsa, 2_048, open()), "name"),
        (create("safe", "키", KeyType::Rsa, 2_048, open()), "name"),
        (create("safe", "k", KeyType::Rsa, 1_024, open()), "key_size"),
        (create("safe", "k", KeyType::Rsa, 2_047, open()), "key_size"),
        (create("safe", "k", KeyType::Ec, 2_048, open()), "key_size"),
        (create("plain", "k", KeyType::RsaHsm, 2_048, open()), "kty"),
        (create("plain", "k", KeyType::EcHsm, 256, open()), "kty"),
        (
            create("safe", "k", KeyType::Rsa, 2_048, backwards.clone()),
            "attributes.exp",
        ),
        (attributes(&key, open()), "attributes"),
        (attributes(&key, backwards), "attributes.exp"),
        (
            key::Command::Import {
                vault: key.vault.clone(),
                key: "k".into(),
                kty: KeyType::Ec,
                size: 256,
                fingerprint: "0".repeat(64).into(),
                attributes: open(),
            },
            "kty",
        ),
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::KV_17, target);
    }
    // An EC key may exist; it wraps nothing.
    stage.ann(create("safe", "curve", KeyType::Ec, 256, open()));
    may_all(&mut stage, &key);
    let curve = stage.current(&key.vault, "curve");
    let no = call(&mut stage, the_use(&curve, KeyOperation::WrapKey)).unwrap_err();
    is(&no, &errors::KV_17, "key");
    call(&mut stage, the_use(&curve, KeyOperation::Get)).unwrap();
}

#[test]
fn e_kv_18_what_is_not_deleted_is_neither_recovered_nor_purged() {
    let (mut stage, key) = safe();
    may_all(&mut stage, &key);
    let vault = || key.vault.clone();
    let commands: [(Command, &str); 5] = [
        (recover_key(&key).into(), "key"),
        (purge_key(&key).into(), "key"),
        (vault::Command::Recover { vault: vault() }.into(), "vault"),
        (vault::Command::Purge { vault: vault() }.into(), "vault"),
        (
            access_policy::Command::Delete {
                vault: vault(),
                principal: Caller::Person("con".into()),
            }
            .into(),
            "principal",
        ),
    ];
    for (command, target) in commands {
        refused_for_good(&mut stage, "ann", command, &errors::KV_18, target);
    }
}
