//! Key Vault: R-KV-01…08, boundaries to the microsecond.

use lockbox::engine::vault::access_policy;
use lockbox::engine::vault::key::{KeyOperation, Use};
use lockbox::engine::{Answer, Query, ask};

use super::*;

const MICRO: Span = Span::micros(1);

fn unprotected(stage: &mut Stage, name: &str, days: i64) -> VaultName {
    stage.ann(vault::Command::Create(vault::Create {
        purge_protection: false,
        retention: Some(Span::days(days)),
        ..vault_here(name)
    }));
    VaultName::new(name)
}

fn on(vault: &VaultName) -> [vault::Command; 3] {
    let vault = || vault.clone();
    [
        vault::Command::Delete { vault: vault() },
        vault::Command::Recover { vault: vault() },
        vault::Command::Purge { vault: vault() },
    ]
}

fn on_key(key: &KeyIdentifier) -> [key::Command; 3] {
    let (vault, key) = (&key.vault, &key.key);
    [
        key::Command::Delete {
            vault: vault.clone(),
            key: key.clone(),
        },
        key::Command::Recover {
            vault: vault.clone(),
            key: key.clone(),
        },
        key::Command::Purge {
            vault: vault.clone(),
            key: key.clone(),
        },
    ]
}

#[test]
fn r_kv_01_the_switches_go_one_way() {
    let mut stage = Stage::keys();
    stage.ann(vault::Command::Create(vault::Create {
        soft_delete: false,
        purge_protection: false,
        ..vault_here("bare")
    }));
    let vault: VaultName = "bare".into();
    let update = |soft_delete, purge_protection| vault::Command::Update {
        vault: "bare".into(),
        soft_delete,
        purge_protection,
        retention: None,
    };
    // Protection needs soft delete; turning off what is off is nothing.
    refused(
        &mut stage,
        "ann",
        update(None, Some(true)),
        &errors::KV_15,
        "properties.enablePurgeProtection",
    );
    stage.ann(update(Some(false), Some(false)));
    stage.ann(update(Some(true), None));
    refused(
        &mut stage,
        "ann",
        update(Some(false), None),
        &errors::KV_08,
        "properties.enableSoftDelete",
    );
    stage.ann(update(None, Some(true)));
    refused(
        &mut stage,
        "ann",
        update(None, Some(false)),
        &errors::KV_07,
        "properties.enablePurgeProtection",
    );
    assert!(stage.world.vaults[&vault].recoverable());
}

#[test]
fn r_kv_02_what_is_deleted_is_only_listed_shown_recovered_and_purged() {
    let mut stage = Stage::keys();
    let vault = unprotected(&mut stage, "safe", 30);
    let key = stage.key(&vault, "kek");
    let ann = Caller::Person("ann".into());
    stage.policy(&vault, ann.clone(), KeyPermission::ALL);
    let whole = stage.world.vaults[&vault].keys.clone();
    // A key: nothing uses or changes it; recovered it is as it was.
    let [remove, recover, purge] = on_key(&key);
    stage.ann(remove.clone());
    for operation in KeyOperation::ALL {
        let call = Use {
            vault: vault.clone(),
            key: key.key.clone(),
            version: Some(key.version.clone()),
            operation: *operation,
        };
        let no = stage.world.may_use(stage.now, &ann, &call).unwrap_err();
        assert_eq!(no.id, "E-KV-03");
    }
    stage.ann(recover);
    assert_eq!(stage.world.vaults[&vault].keys, whole);
    stage.ann(remove);
    stage.ann(purge);
    assert!(stage.world.vaults[&vault].keys.is_empty());
    // A vault.
    stage.key(&vault, "kek");
    let [remove, recover, purge] = on(&vault);
    stage.ann(remove.clone());
    let lists = |deleted| {
        let query = Query::Vaults { deleted };
        let Ok(Answer::Vaults(names)) = ask(&stage.world, stage.now, &person("ann"), &query) else {
            panic!()
        };
        names.contains(&vault)
    };
    assert!(lists(true) && !lists(false));
    let shown = Query::Vault(vault.clone());
    assert!(ask(&stage.world, stage.now, &person("ann"), &shown).is_ok());
    let policy = access_policy::Command::Set {
        vault: vault.clone(),
        principal: ann,
        keys: permissions(KeyPermission::ALL),
    };
    refused(&mut stage, "ann", policy, &errors::KV_14, "vault");
    stage.ann(recover);
    assert_eq!(stage.world.vaults[&vault].keys.len(), 1);
    stage.ann(remove);
    stage.ann(purge);
    assert!(!stage.world.vaults.contains_key(&vault));
    stage.restart();
}

#[test]
fn r_kv_03_a_purge_needs_a_right_of_its_own() {
    let mut stage = Stage::keys();
    let vault = unprotected(&mut stage, "safe", 30);
    let key = stage.key(&vault, "kek");
    let [remove, _, purge] = on_key(&key);
    stage.ann(remove);
    refused(
        &mut stage,
        "ann",
        purge.clone(),
        &errors::KV_01,
        "permissions.keys",
    );
    let ann = Caller::Person("ann".into());
    stage.policy(&vault, ann, &[KeyPermission::Purge]);
    stage.ann(purge);
    let [remove, _, purge] = on(&vault);
    stage.ann(remove);
    // Contributor and Key Vault Contributor delete vaults, an Owner purges them (b.3).
    for who in ["con", "kvc", "rea"] {
        refused(&mut stage, who, purge.clone(), &errors::ARM_03, "scope");
    }
    stage.ann(purge);
}

#[test]
fn r_kv_06_a_key_in_other_case_is_the_same_key() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let first = ready.key.clone();
    assert_eq!(first.key.as_str(), "kek");
    let second = stage.key(&first.vault, "KEK");
    assert_ne!(first.version, second.version);
    let keys = &stage.world.vaults[&first.vault].keys;
    assert_eq!(keys.len(), 1);
    let key = keys.values().next().unwrap();
    assert_eq!((key.name.as_str(), key.versions.len()), ("kek", 2));
    stage.ann(key_update(&ready.cluster, &second));
    stage.wait(Span::hours(1));
    assert_eq!(stage.at(&ready.cluster).key, Some(second.clone()));
    // Deleted by either name, it keeps both.
    let [remove, ..] = on_key(&second);
    stage.policy(
        &first.vault,
        Caller::Person("ann".into()),
        KeyPermission::ALL,
    );
    stage.ann(remove);
    refused(
        &mut stage,
        "ann",
        key::Command::Create {
            vault: first.vault.clone(),
            key: "Kek".into(),
            kty: KeyType::Rsa,
            size: 2_048,
            attributes: Attributes::default(),
        },
        &errors::KV_04,
        "name",
    );
}

#[test]
fn r_kv_04_names_of_deleted_vaults_and_keys_are_taken() {
    let mut stage = Stage::keys();
    let vault = unprotected(&mut stage, "safe", 30);
    let key = stage.key(&vault, "kek");
    stage.policy(&vault, Caller::Person("ann".into()), KeyPermission::ALL);
    let [remove, _, purge] = on_key(&key);
    stage.ann(remove);
    let again = key::Command::Create {
        vault: vault.clone(),
        key: "kek".into(),
        kty: KeyType::Rsa,
        size: 2_048,
        attributes: Attributes::default(),
    };
    refused_until(&mut stage, "ann", again.clone(), &errors::KV_04, "name");
    stage.ann(purge);
    stage.ann(again);
    let [remove, _, purge] = on(&vault);
    stage.ann(remove);
    let again = || vault::Command::Create(vault_here("safe"));
    refused_until(&mut stage, "ann", again(), &errors::KV_09, "name");
    stage.ann(purge);
    stage.ann(again());
    assert!(stage.world.vaults[&vault].keys.is_empty());
}

#[test]
fn r_kv_05_retention_is_seven_to_ninety_days_ninety_by_default_and_exact() {
    let mut stage = Stage::keys();
    let plain = stage.vault("plain");
    assert_eq!(stage.world.vaults[&plain].retention, Span::days(90));
    for days in [7, 33, 90] {
        let vault = unprotected(&mut stage, &format!("safe{days}"), days);
        let key = stage.key(&vault, "kek");
        let [remove, recover, _] = on_key(&key);
        stage.ann(remove);
        let deleted = stage.now;
        stage.until(deleted + Span::days(days) - MICRO);
        assert!(stage.clone().act(&person("ann"), recover.clone()).is_ok());
        stage.until(deleted + Span::days(days));
        refused(&mut stage, "ann", recover, &errors::KV_03, "key");
        let [remove, recover, _] = on(&vault);
        stage.ann(remove);
        let deleted = stage.now;
        stage.until(deleted + Span::days(days) - MICRO);
        assert!(stage.clone().act(&person("ann"), recover.clone()).is_ok());
        stage.until(deleted + Span::days(days));
        refused(&mut stage, "ann", recover, &errors::KV_14, "vault");
    }
    // Recovering calls the purge off.
    let [remove, recover, _] = on(&plain);
    stage.ann(remove);
    stage.ann(recover);
    stage.wait(Span::days(100));
    assert!(stage.world.vaults[&plain].is_active());
    // Without soft delete it is gone at once.
    stage.ann(vault::Command::Create(vault::Create {
        soft_delete: false,
        purge_protection: false,
        ..vault_here("bare")
    }));
    let bare: VaultName = "bare".into();
    let key = stage.key(&bare, "kek");
    let [remove, ..] = on_key(&key);
    stage.ann(remove);
    assert!(stage.world.vaults[&bare].keys.is_empty());
    let [remove, ..] = on(&bare);
    stage.ann(remove);
    assert!(!stage.world.vaults.contains_key(&bare));
    stage.restart();
}

#[test]
fn r_kv_06_every_version_has_an_id_of_32_hexadecimal_digits() {
    let mut stage = Stage::keys();
    let vault = stage.vault("safe");
    let mut ids = std::collections::BTreeSet::new();
    for key in ["one", "two", "one", "one"] {
        let key = stage.key(&vault, key);
        let version = key.version.as_str();
        assert_eq!(version.len(), 32);
        assert!(
            version
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
        assert_eq!(
            key.kid(),
            format!("https://safe.vault.azure.net/keys/{}/{version}", key.key)
        );
        assert!(ids.insert(key.version.clone()));
    }
    assert_eq!(
        stage.world.vaults[&vault].keys[&KeyName::from("one")]
            .versions
            .len(),
        3
    );
}

#[test]
fn r_kv_08_disabled_or_without_a_policy_is_403_unknown_is_404() {
    let mut stage = Stage::keys();
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let (ann, con) = (Caller::Person("ann".into()), Caller::Person("con".into()));
    stage.policy(&vault, ann.clone(), KeyPermission::ALL);
    let status = |stage: &Stage, who: &Caller, key: &str, operation| {
        let call = Use {
            vault: vault.clone(),
            key: key.into(),
            version: None,
            operation,
        };
        let answer = stage.world.may_use(stage.now, who, &call);
        answer.map_or_else(|no| no.status, |_| 200)
    };
    for operation in KeyOperation::ALL {
        assert_eq!(status(&stage, &ann, "kek", *operation), 200);
        assert_eq!(status(&stage, &con, "kek", *operation), 403);
        assert_eq!(status(&stage, &ann, "kak", *operation), 404);
        // Who may not know is told nothing of what there is.
        assert_eq!(status(&stage, &con, "kak", *operation), 403);
    }
    stage.enable(&key, false);
    for operation in KeyOperation::ALL {
        assert_eq!(status(&stage, &ann, "kek", *operation), 403);
    }
}
