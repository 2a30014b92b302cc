//! Every error of clusters (`domain.md` e.1…e.3), of operations and of support, by its id.

use lockbox::engine::cluster::{KeyProperties, Sku, State, operation, wire};
use lockbox::engine::errors::{self, ErrorDef};
use lockbox::engine::ids::OperationId;
use lockbox::engine::vault::key::{self, Attributes};
use lockbox::engine::vault::network::FaultKind;
use lockbox::engine::vault::{self, access_policy};
use lockbox::engine::{Query, ask};

use super::*;

/// Whether a body of this sku is refused so, on a stage where everything else is in order.
fn sku_refused(sku: Option<Sku>, expected: &ErrorDef, target: &str) {
    let mut stage = Stage::keys();
    stage.allow("c");
    let body = Body { sku, ..good_body() };
    refused_for_good(&mut stage, "ann", put("fresh", body), expected, target);
}

#[test]
fn e_cc_01_a_name_of_other_letters_or_another_length() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let long = "a".repeat(64);
    for name in [
        "",
        "ab",
        &long,
        "a-b",
        "a b",
        "a_b",
        "a/b",
        "한국어",
        "ab\n",
    ] {
        let command = put(name, good_body());
        refused_for_good(&mut stage, "ann", command, &errors::CC_01, "name");
    }
    stage.ann(put("abc", good_body()));
    stage.ann(put(&"Z9".repeat(31), good_body()));
}

#[test]
fn e_cc_02_a_body_that_is_missing_or_malformed() {
    let mut stage = Stage::keys();
    for (body, target) in [
        ("", "body"),
        ("null", "body"),
        ("[]", "body"),
        ("\"x\"", "body"),
        ("{", "body"),
        (r#"{"sku":1}"#, "sku"),
        (r#"{"sku":{"name":7}}"#, "name"),
        (r#"{"sku":{"capacity":"much"}}"#, "body"),
        (r#"{"sku":{"capacity":-1}}"#, "body"),
        (r#"{"sku":{"capacity":1000.5}}"#, "body"),
        (r#"{"identity":"SystemAssigned"}"#, "identity"),
        (r#"{"identity":{"type":1}}"#, "type"),
        (r#"{"properties":[]}"#, "properties"),
        (r#"{"properties":{"billingType":1}}"#, "billingType"),
        (r#"{"location":1}"#, "location"),
    ] {
        let refusal = wire::body(&stage.world, None, body).unwrap_err();
        is(&refusal, &errors::CC_02, target);
    }
    let whole = format!(
        r#"{{"identity":{{"type":"SystemAssigned"}},"sku":{{"name":"capacityReservation","Capacity":1000}},
            "properties":{{"BillingType":"cluster"}},"location":"{HERE}"}}"#
    );
    let body = Body {
        billing: Some("cluster".into()),
        ..good_body()
    };
    assert_eq!(wire::body(&stage.world, None, &whole), Ok(body));
    // A PATCH that names nothing.
    stage.allow("c");
    let cluster = stage.built("fresh");
    let nothing = patch(&cluster, Body::default());
    refused_for_good(&mut stage, "ann", nothing, &errors::CC_02, "body");
}

#[test]
fn e_cc_03_another_sku_without_a_capacity() {
    for name in [None, Some("standard".into()), Some("".into())] {
        let sku = Sku {
            name,
            capacity: None,
        };
        sku_refused(Some(sku), &errors::CC_03, "sku.name");
    }
}

#[test]
fn e_cc_04_a_capacity_without_the_sku() {
    for name in [None, Some("PerGB2018".into())] {
        let sku = Sku {
            name,
            capacity: Some(1_000),
        };
        sku_refused(Some(sku), &errors::CC_04, "sku.name");
    }
}

#[test]
fn e_cc_05_the_sku_without_a_capacity() {
    let sku = Sku {
        capacity: None,
        ..sku(0)
    };
    sku_refused(Some(sku), &errors::CC_05, "sku.capacity");
}

#[test]
fn e_cc_06_a_capacity_out_of_range_or_step() {
    for capacity in [0, 1, 999, 1_001, 1_050, 2_950, 3_001, 3_100, u64::MAX] {
        sku_refused(Some(sku(capacity)), &errors::CC_06, "sku.capacity");
    }
}

#[test]
fn e_cc_07_a_capacity_lowered_by_put_within_its_lock() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let body = |capacity| Body {
        sku: Some(sku(capacity)),
        ..good_body()
    };
    let created = stage.now;
    stage.ann(put("lac", body(1_500)));
    stage.wait(Span::hours(1));
    let lower = put("lac", body(1_400));
    let at = refused_until(&mut stage, "ann", lower, &errors::CC_07, "sku.capacity");
    assert_eq!(at, created + Span::days(30));
    stage.ann(put("lac", body(1_500)));
    stage.ann(put("lac", body(1_600)));
}

#[test]
fn e_cc_08_no_sku() {
    sku_refused(None, &errors::CC_08, "sku");
}

#[test]
fn e_cc_09_no_identity_or_another_one() {
    let mut stage = Stage::keys();
    stage.allow("c");
    for identity in [None, Some(""), Some("None"), Some("UserAssigned")] {
        let body = Body {
            identity: identity.map(Into::into),
            ..good_body()
        };
        let command = put("fresh", body);
        refused_for_good(&mut stage, "ann", command, &errors::CC_09, "identity");
    }
}

#[test]
fn e_cc_10_a_key_at_creation() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let target = "properties.keyVaultProperties";
    for key in [KeyProperties::from(&key), KeyProperties::default()] {
        let body = Body {
            key: Some(key),
            ..good_body()
        };
        let command = put("fresh", body);
        refused_for_good(&mut stage, "ann", command, &errors::CC_10, target);
    }
}

/// Also in a form that an update would refuse: the name is looked at first, and then that there is a key at all.
#[test]
fn e_cc_10_a_key_at_creation_in_any_form() {
    let mut stage = Stage::keys();
    stage.allow("c");
    for key in [r#"{"kyName":"kek"}"#, r#""kek""#, "[]", "{}"] {
        let json = format!(
            r#"{{"identity":{{"type":"SystemAssigned"}},"sku":{{"name":"capacityReservation","capacity":1000}},
                "properties":{{"keyVaultProperties":{key}}},"location":"{HERE}"}}"#
        );
        let body = wire::body(&stage.world, None, &json).unwrap();
        let target = "properties.keyVaultProperties";
        let command = put("fresh", body.clone());
        refused_for_good(&mut stage, "ann", command, &errors::CC_10, target);
        refused_for_good(&mut stage, "ann", put("a-b", body), &errors::CC_01, "name");
    }
}

#[test]
fn e_cc_11_a_put_while_something_runs() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let again = || put("lac", good_body());
    let at = refused_until(&mut stage, "ann", again(), &errors::CC_11, "cluster");
    assert_eq!(at, stage.now + Span::hours(1));
    stage.wait(Span::hours(1));
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    stage.grant(&cluster, &vault);
    stage.ann(key_update(&cluster, &key));
    let at = refused_until(&mut stage, "ann", again(), &errors::CC_11, "cluster");
    assert_eq!(at, stage.now + Span::minutes(5));
    // A cluster that could not be built never comes out of it by itself.
    let broken = stage.cluster("broken");
    let operation = stage.last_operation().id;
    stage.simulate(operation::Command::Fail { operation });
    assert_eq!(stage.at(&broken).state, State::Failed);
    let command = put("broken", good_body());
    refused_for_good(&mut stage, "ann", command, &errors::CC_11, "cluster");
}

#[test]
fn e_cc_12_the_name_of_a_deleted_cluster() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.ann(delete(&cluster));
    let deleted = stage.now;
    for name in ["lac", "LAC"] {
        let again = put(name, good_body());
        let at = refused_until(&mut stage, "ann", again, &errors::CC_12, "name");
        assert_eq!(at, deleted + Span::days(14));
    }
}

#[test]
fn e_cc_13_a_subscription_that_is_not_allowed_there() {
    let mut stage = Stage::keys();
    let create = || put("fresh", good_body());
    refused_for_good(&mut stage, "ann", create(), &errors::CC_13, "location");
    let elsewhere = support::Command::AllowSubscription {
        subscription: "c".into(),
        region: Some(ELSEWHERE.into()),
    };
    stage.act(&person("sue"), elsewhere).unwrap();
    refused_for_good(&mut stage, "ann", create(), &errors::CC_13, "location");
    let here = support::Command::AllowSubscription {
        subscription: "c".into(),
        region: Some(HERE.into()),
    };
    stage.act(&person("sue"), here).unwrap();
    stage.ann(create());
}

#[test]
fn e_cc_14_a_third_cluster_in_the_region() {
    let mut stage = Stage::keys();
    stage.allow("c");
    stage.cluster("one");
    stage.cluster("two");
    let third = || put("three", good_body());
    refused_for_good(&mut stage, "ann", third(), &errors::CC_14, "location");
    stage.wait(Span::hours(1));
    stage.ann(delete(&id("one")));
    stage.ann(third());
    // Support cannot recover beyond the quota either.
    let recover = support::Command::RecoverCluster { cluster: id("one") };
    refused_for_good(&mut stage, "sue", recover, &errors::CC_14, "location");
}

#[test]
fn e_cc_15_a_region_that_does_not_exist() {
    let mut stage = Stage::keys();
    stage.allow("c");
    for location in [None, Some("koreasuoth"), Some("the moon")] {
        let body = Body {
            location: location.map(Into::into),
            ..good_body()
        };
        let no = refused_for_good(
            &mut stage,
            "ann",
            put("fresh", body),
            &errors::CC_15,
            "location",
        );
        if location == Some("koreasuoth") {
            assert!(no.remedy.contains(HERE), "{}", no.remedy);
        }
    }
}

/// Everything that can be wrong with a PUT is wrong, and is put right one by one: each time the first fault in
/// the order of e.1 is the answer.
#[test]
fn the_first_fault_in_the_order_of_the_catalogue_is_the_answer() {
    let mut stage = Stage::keys();
    // E-CC-02 comes before anything is decided.
    let form = wire::body(&stage.world, None, "{").unwrap_err();
    assert_eq!(form.id, "E-CC-02");

    // A name that does not exist yet.
    let mut name = "a-b";
    let mut body = Body {
        location: Some("nowhere".into()),
        key: Some(KeyProperties::default()),
        ..Body::default()
    };
    let expect = |stage: &mut Stage, name: &str, body: &Body, error: &ErrorDef| {
        let refusal = stage
            .act(&person("ann"), put(name, body.clone()))
            .unwrap_err();
        assert_eq!(refusal.id, error.id, "{refusal:?}");
    };
    expect(&mut stage, name, &body, &errors::CC_01);
    name = "gone";
    expect(&mut stage, name, &body, &errors::CC_08);
    body.sku = Some(Sku {
        name: Some("standard".into()),
        capacity: Some(7),
    });
    expect(&mut stage, name, &body, &errors::CC_04);
    body.sku = Some(Sku {
        name: Some("standard".into()),
        capacity: None,
    });
    expect(&mut stage, name, &body, &errors::CC_03);
    body.sku = Some(Sku {
        capacity: None,
        ..sku(7)
    });
    expect(&mut stage, name, &body, &errors::CC_05);
    body.sku = Some(sku(7));
    expect(&mut stage, name, &body, &errors::CC_06);
    body.sku = Some(sku(1_000));
    expect(&mut stage, name, &body, &errors::CC_09);
    body.identity = Some(IDENTITY.into());
    expect(&mut stage, name, &body, &errors::CC_10);
    body.key = None;

    // The name is that of a deleted cluster, in a subscription that is not allowed in the region any more
    // than the region exists, with two clusters there.
    let mut reserved = Stage::keys();
    let only_here = support::Command::AllowSubscription {
        subscription: "c".into(),
        region: Some(HERE.into()),
    };
    reserved.act(&person("sue"), only_here).unwrap();
    let gone = reserved.built("gone");
    reserved.ann(delete(&gone));
    reserved.built("one");
    reserved.built("two");
    expect(&mut reserved, name, &body, &errors::CC_12);
    name = "fresh";
    expect(&mut reserved, name, &body, &errors::CC_13);
    body.location = Some(HERE.into());
    expect(&mut reserved, name, &body, &errors::CC_14);
    body.location = Some("nowhere".into());
    reserved.allow("c");
    expect(&mut reserved, name, &body, &errors::CC_15);
    body.location = Some(ELSEWHERE.into());
    reserved.ann(put(name, body.clone()));

    // The same name again, which exists by now: 07 stands between 06 and 09, 11 after them.
    body.sku = Some(sku(2_000));
    body.location = Some(HERE.into());
    let other = "locked";
    reserved.ann(delete(&id("one")));
    reserved.ann(put(other, body.clone()));
    body.sku = Some(sku(7));
    body.identity = None;
    expect(&mut reserved, other, &body, &errors::CC_06);
    body.sku = Some(sku(1_000));
    expect(&mut reserved, other, &body, &errors::CC_07);
    body.sku = Some(sku(2_000));
    expect(&mut reserved, other, &body, &errors::CC_09);
    body.identity = Some(IDENTITY.into());
    expect(&mut reserved, other, &body, &errors::CC_11);
    reserved.wait(Span::hours(1));
    reserved.ann(put(other, body));
}

#[test]
fn e_cu_01_capacity_or_billing_of_a_cluster_being_deleted() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(delete(&ready.cluster));
    let billing = Body {
        billing: Some("workspaces".into()),
        ..Body::default()
    };
    for command in [
        capacity(&ready.cluster, 2_000),
        patch(&ready.cluster, billing),
        put("lac", good_body()),
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::CU_01, "cluster");
    }
}

#[test]
fn e_cu_02_key_properties_that_are_malformed() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let good = KeyProperties::from(&ready.key);
    let target = "properties.keyVaultProperties";
    let uri = |text: &str| KeyProperties {
        key_vault_uri: Some(text.into()),
        ..good.clone()
    };
    for key in [
        KeyProperties::default(),
        KeyProperties {
            key_vault_uri: None,
            ..good.clone()
        },
        KeyProperties {
            key_name: None,
            ..good.clone()
        },
        KeyProperties {
            key_version: None,
            ..good.clone()
        },
        KeyProperties {
            key_version: Some(" ".into()),
            ..good.clone()
        },
        uri(&ready.key.kid()),
        uri("http://safe.vault.azure.net"),
        uri("safe"),
        uri("https://safe.example.com"),
        uri("https://.vault.azure.net"),
    ] {
        let command = patch(&ready.cluster, key_body(key));
        refused_for_good(&mut stage, "ann", command, &errors::CU_02, target);
    }
    for body in [
        r#"{"properties":{"keyVaultProperties":"x"}}"#,
        r#"{"properties":{"keyVaultProperties":[]}}"#,
        // i-16: the typo of one sample.
        r#"{"properties":{"keyVaultProperties":{"keyVaultUri":"https://safe.vault.azure.net","kyName":"kek","keyVersion":"1"}}}"#,
        r#"{"properties":{"keyVaultProperties":{"keyName":1}}}"#,
    ] {
        let cluster = stage.at(&ready.cluster);
        let refusal = wire::body(&stage.world, Some(cluster), body).unwrap_err();
        is(&refusal, &errors::CU_02, target);
    }
}

#[test]
fn e_cu_03_a_key_that_cannot_be_validated() {
    let target = "properties.keyVaultProperties";
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let cluster = stage.built("lac");
    let update = |key: &KeyIdentifier| key_update(&cluster, key);
    // No policy, and each policy from which one permission is missing.
    refused_for_good(&mut stage, "ann", update(&key), &errors::CU_03, target);
    let identity = stage.identity(&cluster);
    for missing in CLUSTER_NEEDS {
        let rest: Vec<_> = CLUSTER_NEEDS
            .into_iter()
            .filter(|p| *p != missing)
            .collect();
        stage.policy(&vault, identity.clone(), &rest);
        let no = refused_for_good(&mut stage, "ann", update(&key), &errors::CU_03, target);
        assert!(no.message.contains(missing.word()), "{}", no.message);
    }
    stage.grant(&cluster, &vault);
    // Unknown vault, key and version.
    for unknown in [
        KeyIdentifier {
            vault: "nowhere".into(),
            ..key.clone()
        },
        KeyIdentifier {
            key: "nokey".into(),
            ..key.clone()
        },
        KeyIdentifier {
            version: "0".repeat(32).into(),
            ..key.clone()
        },
    ] {
        refused_for_good(&mut stage, "ann", update(&unknown), &errors::CU_03, target);
    }
    // Disabled.
    stage.enable(&key, false);
    refused_for_good(&mut stage, "ann", update(&key), &errors::CU_03, target);
    stage.enable(&key, true);
    // Not valid yet: that passes. Expired: that does not.
    let window = |from, until| key::Command::SetAttributes {
        vault: vault.clone(),
        key: key.key.clone(),
        version: None,
        attributes: Attributes {
            enabled: None,
            not_before: from,
            expires: until,
        },
    };
    let valid_at = stage.now + Span::hours(2);
    stage.ann(window(Some(valid_at), None));
    let at = refused_until(&mut stage, "ann", update(&key), &errors::CU_03, target);
    assert_eq!(at, valid_at);
    stage.ann(window(None, Some(valid_at + Span::hours(1))));
    stage.until(valid_at + Span::hours(1) - Span::micros(1));
    assert!(stage.clone().act(&person("ann"), update(&key)).is_ok());
    stage.until(valid_at + Span::hours(1));
    refused_for_good(&mut stage, "ann", update(&key), &errors::CU_03, target);
    // No key for wrapping.
    stage.ann(key::Command::Create {
        vault: vault.clone(),
        key: "curve".into(),
        kty: KeyType::Ec,
        size: 256,
        attributes: Attributes::default(),
    });
    let curve = stage.current(&vault, "curve");
    refused_for_good(&mut stage, "ann", update(&curve), &errors::CU_03, target);
    // Out of reach, and throttled.
    let other = stage.key(&vault, "other");
    for kind in FaultKind::ALL {
        stage.fault(&vault, *kind, Span::minutes(10));
        let at = refused_until(&mut stage, "ann", update(&other), &errors::CU_03, target);
        assert_eq!(at, stage.now + Span::minutes(10));
        stage.simulate(network::Command::Clear {
            vault: vault.clone(),
        });
    }
    // A deleted key, and a deleted vault.
    stage.ann(key::Command::Delete {
        vault: vault.clone(),
        key: other.key.clone(),
    });
    refused_for_good(&mut stage, "ann", update(&other), &errors::CU_03, target);
    stage.ann(vault::Command::Delete {
        vault: vault.clone(),
    });
    refused_for_good(&mut stage, "ann", update(&key), &errors::CU_03, target);
}

#[test]
fn e_cu_04_a_vault_that_is_not_recoverable() {
    let target = "properties.keyVaultProperties";
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    for (name, soft_delete) in [("bare", false), ("half", true)] {
        stage.ann(vault::Command::Create(vault::Create {
            soft_delete,
            purge_protection: false,
            ..vault_here(name)
        }));
        let key = stage.key(&name.into(), "kek");
        stage.grant(&cluster, &name.into());
        let update = key_update(&cluster, &key);
        let no = refused_for_good(&mut stage, "ann", update.clone(), &errors::CU_04, target);
        assert!(no.message.contains("Purgeable"), "{}", no.message);
        stage.ann(vault::Command::Update {
            vault: name.into(),
            soft_delete: Some(true),
            purge_protection: Some(true),
            retention: None,
        });
        assert!(stage.clone().act(&person("ann"), update).is_ok());
    }
}

#[test]
fn e_cu_05_an_update_while_something_runs() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    stage.grant(&cluster, &vault);
    let billing = Body {
        billing: Some("workspaces".into()),
        ..Body::default()
    };
    let end = stage.now + Span::hours(1);
    for command in [
        capacity(&cluster, 2_000),
        patch(&cluster, billing.clone()),
        key_update(&cluster, &key),
    ] {
        let at = refused_until(&mut stage, "ann", command, &errors::CU_05, "cluster");
        assert_eq!(at, end);
    }
    stage.until(end);
    stage.ann(key_update(&cluster, &key));
    let end = stage.now + Span::minutes(5);
    for command in [
        capacity(&cluster, 2_000),
        patch(&cluster, billing),
        key_update(&cluster, &key),
    ] {
        let at = refused_until(&mut stage, "ann", command, &errors::CU_05, "cluster");
        assert_eq!(at, end);
    }
}

#[test]
fn e_cu_06_a_key_for_a_cluster_being_deleted() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(delete(&ready.cluster));
    let update = key_update(&ready.cluster, &ready.key);
    refused_for_good(&mut stage, "ann", update, &errors::CU_06, "cluster");
}

#[test]
fn e_cu_07_a_vault_of_another_region_or_tenant() {
    let target = "properties.keyVaultProperties.keyVaultUri";
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.ann(vault::Command::Create(vault::Create {
        location: ELSEWHERE.into(),
        ..vault_here("far")
    }));
    let far = stage.key(&"far".into(), "kek");
    stage.grant(&cluster, &"far".into());
    let foreign = vault::Create {
        subscription: "f".into(),
        ..vault_here("foreign")
    };
    stage
        .act(&person("fay"), vault::Command::Create(foreign))
        .unwrap();
    let foreign = KeyIdentifier {
        vault: "foreign".into(),
        ..far.clone()
    };
    for key in [far, foreign] {
        let update = key_update(&cluster, &key);
        refused_for_good(&mut stage, "ann", update, &errors::CU_07, target);
    }
}

#[test]
fn e_cu_08_a_capacity_that_cannot_be_updated_so() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    let with = |sku: Sku| {
        patch(
            &cluster,
            Body {
                sku: Some(sku),
                ..Body::default()
            },
        )
    };
    for (sku, code, target) in [
        (
            Sku {
                capacity: None,
                ..sku(0)
            },
            errors::CC_05.code,
            "sku.capacity",
        ),
        (
            Sku {
                name: Some("Free".into()),
                capacity: None,
            },
            errors::CC_03.code,
            "sku.name",
        ),
        (
            Sku {
                name: None,
                capacity: Some(1_000),
            },
            errors::CC_04.code,
            "sku.name",
        ),
        (sku(900), errors::CC_06.code, "sku.capacity"),
        (sku(1_010), errors::CC_06.code, "sku.capacity"),
        (sku(3_100), errors::CC_06.code, "sku.capacity"),
    ] {
        let no = refused_for_good(&mut stage, "ann", with(sku), &errors::CU_08, target);
        assert_eq!(no.code, code);
    }
    stage.ann(capacity(&cluster, 1_200));
    let raised = stage.now;
    let lower = capacity(&cluster, 1_100);
    let at = refused_until(&mut stage, "ann", lower, &errors::CU_08, "sku.capacity");
    assert_eq!(at, raised + Span::days(30));
}

#[test]
fn e_cu_09_another_billing_type() {
    let target = "properties.billingType";
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    for text in ["", "both", "Workspace"] {
        let body = Body {
            billing: Some(text.into()),
            ..Body::default()
        };
        let command = patch(&cluster, body.clone());
        refused_for_good(&mut stage, "ann", command, &errors::CU_09, target);
        let command = put(
            "lac",
            Body {
                billing: body.billing,
                ..good_body()
            },
        );
        refused_for_good(&mut stage, "ann", command, &errors::CU_09, target);
    }
    for text in ["Workspaces", "CLUSTER"] {
        stage.ann(patch(
            &cluster,
            Body {
                billing: Some(text.into()),
                ..Body::default()
            },
        ));
    }
}

#[test]
fn e_cu_10_a_read_only_member_that_is_changed() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let found = stage.at(&ready.cluster);
    let shown = wire::cluster(&stage.world, found);
    // What GET answers can be PUT back as it is (`az … update`).
    let echo = wire::body(&stage.world, Some(found), &shown.to_string()).unwrap();
    let before = found.clone();
    stage.ann(put("lac", echo));
    assert_eq!(*stage.at(&ready.cluster), before, "nothing changed");
    for (pointer, target) in [
        ("/id", "id"),
        ("/name", "name"),
        ("/type", "type"),
        ("/sku/lastSkuUpdate", "sku.lastSkuUpdate"),
        ("/identity/principalId", "identity.principalId"),
        ("/identity/tenantId", "identity.tenantId"),
        (
            "/properties/provisioningState",
            "properties.provisioningState",
        ),
        ("/properties/clusterId", "properties.clusterId"),
    ] {
        let mut changed = shown.clone();
        *changed.pointer_mut(pointer).unwrap() = "other".into();
        let found = stage.at(&ready.cluster);
        let no = wire::body(&stage.world, Some(found), &changed.to_string()).unwrap_err();
        is(&no, &errors::CU_10, target);
    }
    // GH-9.
    let mut changed = shown.clone();
    changed["properties"]["associatedWorkspaces"] = serde_json::json!([]);
    let found = stage.at(&ready.cluster);
    let no = wire::body(&stage.world, Some(found), &changed.to_string()).unwrap_err();
    is(&no, &errors::CU_10, "properties.associatedWorkspaces");
    // The region, which only a decision can compare.
    let moved = Body {
        location: Some(ELSEWHERE.into()),
        ..good_body()
    };
    for command in [
        put("lac", moved.clone()),
        patch(
            &ready.cluster,
            Body {
                location: moved.location,
                ..Body::default()
            },
        ),
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::CU_10, "location");
    }
}

#[test]
fn e_cl_07_a_cluster_is_not_moved() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    for (subscription, group) in [("c", "web"), ("d", "data")] {
        let away = cluster::Command::Move {
            cluster: ready.cluster.clone(),
            subscription: subscription.into(),
            group: group.into(),
        };
        refused_for_good(&mut stage, "ann", away, &errors::CL_07, "cluster");
    }
}

#[test]
fn e_cg_01_a_cluster_that_is_absent_or_deleted() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.ann(delete(&cluster));
    for id in [cluster, id("never")] {
        let no = ask(
            &stage.world,
            stage.now,
            &person("ann"),
            &Query::Cluster(id.clone()),
        );
        let no = no.unwrap_err();
        is(&no, &errors::CG_01, "cluster");
        assert!(no.remedy.contains("soft-deleted"), "{}", no.remedy);
        let command = capacity(&id, 2_000);
        refused_for_good(&mut stage, "ann", command, &errors::CG_01, "cluster");
    }
    for text in ["never", "lacc", "/subscriptions/x"] {
        assert_eq!(
            stage
                .world
                .find_cluster(&Actor::Observer, text)
                .unwrap_err()
                .id,
            "E-CG-01"
        );
    }
}

#[test]
fn e_cd_01_a_delete_while_something_runs() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let at = refused_until(
        &mut stage,
        "ann",
        delete(&cluster),
        &errors::CD_01,
        "cluster",
    );
    assert_eq!(at, stage.now + Span::hours(1));
    stage.until(at);
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    stage.grant(&cluster, &vault);
    stage.ann(key_update(&cluster, &key));
    let at = refused_until(
        &mut stage,
        "ann",
        delete(&cluster),
        &errors::CD_01,
        "cluster",
    );
    assert_eq!(at, stage.now + Span::minutes(5));
    stage.until(at);
    // Twice.
    let workspace = stage.workspace("logs");
    stage.link(&workspace, &cluster);
    stage.ann(delete(&cluster));
    refused_for_good(
        &mut stage,
        "ann",
        delete(&cluster),
        &errors::CD_01,
        "cluster",
    );
}

#[test]
fn e_cd_02_nothing_to_delete() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.ann(delete(&cluster));
    for id in [cluster, id("never")] {
        refused_for_good(&mut stage, "ann", delete(&id), &errors::CD_02, "cluster");
    }
}

#[test]
fn e_sup_05_only_the_vendor_supports() {
    let mut stage = Stage::keys();
    for command in [
        support::Command::AllowSubscription {
            subscription: "c".into(),
            region: None,
        },
        support::Command::RaiseCapacity {
            subscription: "c".into(),
            capacity: 5_000,
        },
        support::Command::RecoverCluster { cluster: id("lac") },
    ] {
        refused_for_good(&mut stage, "ann", command, &errors::SUP_05, "");
    }
}

#[test]
fn e_sup_06_what_support_cannot_do() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    let raise = |capacity| support::Command::RaiseCapacity {
        subscription: "c".into(),
        capacity,
    };
    for (command, target) in [
        (
            support::Command::AllowSubscription {
                subscription: "c".into(),
                region: None,
            },
            "subscription",
        ),
        (raise(0), "capacity"),
        (raise(3_000), "capacity"),
        (raise(3_050), "capacity"),
        (support::Command::RecoverCluster { cluster }, "cluster"),
    ] {
        refused_for_good(&mut stage, "sue", command, &errors::SUP_06, target);
    }
    let absent = support::Command::RecoverCluster { cluster: id("no") };
    refused_for_good(&mut stage, "sue", absent, &errors::CG_01, "cluster");
}

#[test]
fn e_arm_07_an_unknown_operation() {
    let mut stage = Stage::keys();
    let unknown = OperationId(7);
    let no = ask(
        &stage.world,
        stage.now,
        &person("ann"),
        &Query::Operation(unknown),
    );
    is(&no.unwrap_err(), &errors::ARM_07, "operation");
    let fail = operation::Command::Fail { operation: unknown };
    refused_for_good(&mut stage, "simulator", fail, &errors::ARM_07, "operation");
    for text in [
        "",
        "7",
        "OP-000007",
        "e0e0e0e0-0000-4000-8000-000000000000",
        "한",
    ] {
        let no = stage.world.find_operation(text).unwrap_err();
        is(&no, &errors::ARM_07, "operation");
    }
    stage.allow("c");
    stage.cluster("lac");
    let operation = stage.last_operation().id;
    let guid = stage.world.operation_guid(operation);
    for text in [guid.to_uppercase(), "op-1".into(), "1".into()] {
        assert_eq!(stage.world.find_operation(&text), Ok(operation));
    }
}

#[test]
fn e_flt_01_a_fault_that_cannot_be_injected() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let vault = ready.key.vault.clone();
    let inject = |length| network::Command::Inject {
        vault: vault.clone(),
        kind: FaultKind::Outage,
        length,
    };
    for length in [Span::ZERO, Span(-1), Span(Span::days(365).0 + 1)] {
        refused_for_good(
            &mut stage,
            "simulator",
            inject(length),
            &errors::FLT_01,
            "for",
        );
    }
    let clear = || network::Command::Clear {
        vault: vault.clone(),
    };
    refused_for_good(&mut stage, "simulator", clear(), &errors::FLT_01, "vault");
    stage.simulate(inject(Span::days(365)));
    let twice = inject(Span::hours(1));
    refused_for_good(&mut stage, "simulator", twice, &errors::FLT_01, "vault");
    stage.simulate(clear());
    // An operation that is over, and the delete of a cluster, which ends with its unlinks.
    let over = stage.last_operation().id;
    let fail = |operation| operation::Command::Fail { operation };
    refused_for_good(
        &mut stage,
        "simulator",
        fail(over),
        &errors::FLT_01,
        "operation",
    );
    stage.ann(delete(&ready.cluster));
    let deleting = stage.at(&ready.cluster).operation.unwrap();
    refused_for_good(
        &mut stage,
        "simulator",
        fail(deleting),
        &errors::FLT_01,
        "operation",
    );
    // Faults are nobody's but the simulator's.
    refused_for_good(&mut stage, "ann", clear(), &errors::SIM_01, "");
    // A policy for a principal nobody has is no fault but a form of the vault.
    let nobody = access_policy::Command::Set {
        vault,
        principal: Caller::Identity(lockbox::engine::ids::IdentityId(999)),
        keys: permissions(&CLUSTER_NEEDS),
    };
    refused_for_good(&mut stage, "ann", nobody, &errors::KV_15, "principal");
}
