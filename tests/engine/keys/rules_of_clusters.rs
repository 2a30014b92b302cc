//! Clusters and the customer-managed key as concepts: R-CMK-01…33, R-CLU-*, R-ASY-*. The states of encryption
//! (R-CMK-38…56) are in the room beside.

use lockbox::engine::cluster::operation::{self, Kind, Status};
use lockbox::engine::cluster::preflight::{self, Progress, Step};
use lockbox::engine::cluster::{Billing, State, wire};
use lockbox::engine::vault::trail::{Done, Outcome};
use lockbox::engine::workspace::linked_storage;
use lockbox::engine::workspace::saved_search::Kind as Saved;
use lockbox::engine::{Answer, Query, ask};

use super::errors_of_workspaces::save;
use super::*;

const MICRO: Span = Span::micros(1);

fn shown(stage: &Stage, cluster: &ResourceId) -> serde_json::Value {
    wire::cluster(&stage.world, stage.at(cluster))
}

#[test]
fn r_cmk_01_03_without_configuration_everything_is_under_the_microsoft_key() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    assert_eq!(stage.route(&workspace), Route::Shared);
    stage.ann(save(&workspace, Saved::Search, "errors"));
    let saved = stage.space(&workspace).shown(Saved::Search).next().unwrap();
    assert_eq!(saved.kept_in, None);
    // A linked cluster without a key has the Microsoft key too; only clusters can have another.
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.link(&workspace, &cluster);
    assert_eq!(stage.route(&workspace), Route::ClusterMicrosoft(cluster));
}

#[test]
fn r_cmk_02_22_a_software_or_hardware_key_generated_or_imported() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let cluster = stage.built("lac");
    stage.grant(&cluster, &vault);
    for kty in [KeyType::Rsa, KeyType::RsaHsm] {
        for size in kty.sizes() {
            for imported in [false, true] {
                let name = format!("k{size}{imported}{}", kty.is_hsm());
                let (vault, key) = (vault.clone(), KeyName::from(name.as_str()));
                let attributes = Attributes::default();
                stage.ann(if imported {
                    key::Command::Import {
                        vault,
                        key,
                        kty,
                        size: *size,
                        fingerprint: "ab".repeat(32).into(),
                        attributes,
                    }
                } else {
                    key::Command::Create {
                        vault,
                        key,
                        kty,
                        size: *size,
                        attributes,
                    }
                });
                let key = stage.current(&"safe".into(), &name);
                stage.set_key(&cluster, &key);
                assert_eq!(stage.at(&cluster).key, Some(key));
            }
        }
    }
}

#[test]
fn r_cmk_04_r_clu_06_07_08_capacity_from_1000_to_3000_in_steps_of_100_more_by_support() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    for size in [1_000, 1_100, 2_900, 3_000] {
        stage.ann(capacity(&cluster, size));
        assert_eq!(u64::from(stage.at(&cluster).capacity), size);
    }
    let more = capacity(&cluster, 5_000);
    refused(
        &mut stage,
        "ann",
        more.clone(),
        &errors::CU_08,
        "sku.capacity",
    );
    let raise = support::Command::RaiseCapacity {
        subscription: "c".into(),
        capacity: 5_000,
    };
    stage.act(&person("man"), raise).unwrap();
    stage.ann(more);
    let yet_more = capacity(&cluster, 5_100);
    refused(&mut stage, "ann", yet_more, &errors::CU_08, "sku.capacity");
    // It is the subscription that was raised.
    assert_eq!(stage.world.capacity_limit(&"c".into()), 5_000);
    assert_eq!(stage.world.capacity_limit(&"d".into()), 3_000);
}

#[test]
fn r_cmk_07_r_clu_01_02_03_04_05_09_an_allowed_subscription_and_a_whole_body_make_a_cluster() {
    let mut stage = Stage::keys();
    // Each missing part has its error (E-CC-01…15); with all of them it is made, billingType or not.
    refused(
        &mut stage,
        "ann",
        put("lac", good_body()),
        &errors::CC_13,
        "location",
    );
    stage.allow("c");
    let body = Body {
        sku: Some(Sku {
            name: Some("CAPACITYRESERVATION".into()),
            ..sku(1_000)
        }),
        identity: Some("systemassigned".into()),
        location: Some("Korea South".into()),
        ..good_body()
    };
    stage.ann(put("lac", body.clone()));
    stage.ann(put(
        "lac2",
        Body {
            billing: Some("workspaces".into()),
            ..body
        },
    ));
    let (one, two) = (stage.at(&id("lac")), stage.at(&id("lac2")));
    assert_eq!(
        (one.billing, two.billing),
        (Billing::Cluster, Billing::Workspaces)
    );
    assert_eq!(&*one.location, HERE);
    assert_eq!(shown(&stage, &one.id)["sku"]["name"], SKU);
}

#[test]
fn r_cmk_08_r_clu_15_one_identity_for_one_cluster_minted_at_creation() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let (one, two) = (stage.cluster("one"), stage.cluster("two"));
    let principal = |stage: &Stage, cluster: &ResourceId| {
        shown(stage, cluster)["identity"]["principalId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = principal(&stage, &one);
    assert_ne!(first, principal(&stage, &two));
    assert_eq!(
        stage.world.find_principal(&Actor::Observer, &first),
        Ok(stage.identity(&one)),
        "at once, while it is being built"
    );
    // A cluster of the same name made later has another identity.
    stage.wait(Span::hours(1));
    stage.ann(delete(&one));
    stage.wait(Span::days(14));
    stage.cluster("one");
    assert_ne!(first, principal(&stage, &one));
}

#[test]
fn r_cmk_09_15_24_50_storage_calls_the_vault_as_the_cluster() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let identity = stage.identity(&ready.cluster);
    let trail = &stage.world.vaults[&ready.key.vault].trail;
    let calls: Vec<_> = trail
        .iter()
        .filter(|c| c.caller == Some(identity.clone()))
        .map(|c| (c.done, c.outcome.clone()))
        .collect();
    // Validated, then the key of each of the two accounts wrapped; then unwrapped at the first poll after it.
    let served = |done| (done, Outcome::Served);
    assert_eq!(
        calls,
        [
            served(Done::KeyGet),
            served(Done::KeyWrap),
            served(Done::KeyUnwrap),
            served(Done::KeyWrap),
            served(Done::KeyWrap),
            served(Done::KeyUnwrap),
        ]
    );
    // Later polls are a function of time, not on the record.
    let before = stage.journal.len();
    stage.wait(Span::days(60));
    assert_eq!(stage.journal.len(), before);
}

#[test]
fn r_cmk_10_29_32_after_the_key_update_new_data_is_under_the_key_and_old_data_stays_readable() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let cluster = stage.built("lac");
    let workspace = stage.workspace("logs");
    stage.link(&workspace, &cluster);
    stage.grant(&cluster, &vault);
    let microsoft: Vec<_> = stage
        .at(&cluster)
        .accounts
        .iter()
        .map(|a| a.microsoft)
        .collect();
    stage.ann(key_update(&cluster, &key));
    stage.wait(Span(Span::minutes(5).0 - 1));
    assert_eq!(
        stage.route(&workspace),
        Route::ClusterMicrosoft(cluster.clone())
    );
    stage.wait(MICRO);
    assert_eq!(
        stage.route(&workspace),
        Route::ClusterCustomer(cluster.clone())
    );
    // The keys of what was written before are still there, beside the new ones.
    for (account, before) in stage.at(&cluster).accounts.iter().zip(microsoft) {
        assert_eq!(account.microsoft, before);
        assert_ne!(account.customer, Some(before));
    }
    assert!(stage.readable(&workspace));
}

#[test]
fn r_cmk_11_after_an_unlink_new_data_goes_to_the_shared_store_and_all_stays_readable() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(unlink(&ready.workspace));
    assert_eq!(
        stage.route(&ready.workspace),
        Route::ClusterCustomer(ready.cluster.clone())
    );
    stage.wait(Span::minutes(90));
    assert_eq!(stage.route(&ready.workspace), Route::Shared);
    assert!(stage.readable(&ready.workspace));
}

#[test]
fn r_cmk_13_every_storage_account_has_an_account_key_of_its_own() {
    let mut stage = Stage::keys();
    stage.set_rule("accounts-per-cluster", "5");
    let ready = stage.ready();
    stage.built("other");
    let mut keys = std::collections::BTreeSet::new();
    for cluster in [&ready.cluster, &id("other")] {
        let accounts = &stage.at(cluster).accounts;
        assert_eq!(accounts.len(), 5);
        for account in accounts {
            assert!(keys.insert(account.microsoft));
            assert!(account.customer.is_none_or(|aek| keys.insert(aek)));
        }
    }
    assert_eq!(keys.len(), 15);
}

#[test]
fn r_cmk_17_the_walk_goes_step_by_step_and_the_checklist_knows_where_it_is() {
    let mut stage = Stage::keys();
    let progress = |stage: &Stage| {
        let cluster = stage.at(&id("lac"));
        preflight::checklist(&stage.world, stage.now, &person("ann"), cluster)
            .into_iter()
            .map(|s| s.progress)
            .collect::<Vec<_>>()
    };
    use Progress::{Done, Next, Running, Waits};
    assert_eq!(Step::ALL.len(), 6);
    stage.allow("c");
    let cluster = stage.cluster("lac");
    assert_eq!(progress(&stage)[..3], [Done, Next, Running]);
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    assert_eq!(progress(&stage), [Done, Done, Running, Waits, Waits, Waits]);
    stage.wait(Span::hours(1));
    assert_eq!(progress(&stage), [Done, Done, Done, Next, Waits, Waits]);
    stage.grant(&cluster, &vault);
    assert_eq!(progress(&stage), [Done, Done, Done, Done, Next, Waits]);
    stage.ann(key_update(&cluster, &key));
    assert_eq!(progress(&stage)[3..], [Done, Running, Waits]);
    stage.wait(Span::minutes(5));
    assert_eq!(progress(&stage)[4..], [Done, Next]);
    let workspace = stage.workspace("logs");
    stage.ann(link_to(&workspace, &cluster));
    assert_eq!(progress(&stage)[4..], [Done, Running]);
    stage.wait(Span::minutes(90));
    assert_eq!(progress(&stage), [Done; 6]);
}

#[test]
fn r_cmk_19_20_r_clu_17_one_region_and_tenant_while_subscriptions_may_differ() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    // A vault and a workspace of the other subscription of the organisation.
    stage.ann(vault::Command::Create(vault::Create {
        subscription: "d".into(),
        ..vault_here("other-safe")
    }));
    let key = stage.key(&"other-safe".into(), "kek");
    stage.grant(&ready.cluster, &key.vault);
    stage.set_key(&ready.cluster, &key);
    assert_eq!(stage.at(&ready.cluster).key, Some(key));
    let mut other = workspace_here("otherlogs");
    if let workspace::Command::Put { subscription, .. } = &mut other {
        *subscription = "d".into();
    }
    stage.ann(other);
    stage.link(&"d/data/otherlogs".into(), &ready.cluster);
    assert_eq!(
        stage.world.linked_cluster(&"d/data/otherlogs".into()),
        Some(&ready.cluster)
    );
    // Another region: the look ahead says so before anything is tried (E-CU-07 and E-WL-07 otherwise).
    stage.ann(vault::Command::Create(vault::Create {
        location: ELSEWHERE.into(),
        ..vault_here("far-safe")
    }));
    let far = stage.key(&"far-safe".into(), "kek");
    let findings = preflight::set_key(
        &stage.world,
        stage.now,
        None,
        stage.at(&ready.cluster),
        &far,
    );
    let wrong: Vec<_> = findings
        .iter()
        .filter_map(|f| Some((f.what, f.verdict.as_ref().err()?.id.as_str())))
        .collect();
    assert!(wrong.contains(&("region", "E-CU-07")), "{wrong:?}");
    assert!(
        !wrong.iter().any(|(what, _)| *what == "tenant"),
        "{wrong:?}"
    );
}

#[test]
fn r_cmk_21_a_vault_is_recoverable_with_both_switches_which_are_off_in_a_vault_of_the_world_file() {
    let mut stage = Stage::keys();
    let bare = &stage.world.vaults[&VaultName::from("key-vault")];
    assert!(!bare.soft_delete && !bare.purge_protection && !bare.recoverable());
    let longest = stage.world.rules.vault_retention_max;
    for (soft, protect, days, level) in [
        (false, false, 90, "Purgeable"),
        (true, false, 90, "Recoverable+Purgeable"),
        (true, false, 89, "CustomizedRecoverable+Purgeable"),
        (true, true, 90, "Recoverable"),
        (true, true, 7, "CustomizedRecoverable"),
    ] {
        let name = format!("v{days}{soft}{protect}");
        stage.ann(vault::Command::Create(vault::Create {
            soft_delete: soft,
            purge_protection: protect,
            retention: Some(Span::days(days)),
            ..vault_here(&name)
        }));
        let vault = &stage.world.vaults[&VaultName::new(&name)];
        assert_eq!(vault.recovery_level(longest), level);
        assert_eq!(vault.recoverable(), !level.contains("Purgeable"));
    }
}

#[test]
fn r_cmk_23_28_each_permission_of_the_three_is_needed() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let cluster = stage.built("lac");
    let identity = stage.identity(&cluster);
    for needs in [
        &[KeyPermission::WrapKey, KeyPermission::UnwrapKey][..],
        &[KeyPermission::Get, KeyPermission::UnwrapKey],
        &[KeyPermission::Get, KeyPermission::WrapKey],
    ] {
        stage.policy(&vault, identity.clone(), needs);
        let update = key_update(&cluster, &key);
        let no = refused(
            &mut stage,
            "ann",
            update,
            &errors::CU_03,
            "properties.keyVaultProperties",
        );
        let missing = CLUSTER_NEEDS.iter().find(|p| !needs.contains(p)).unwrap();
        assert!(no.message.contains(missing.word()) && no.remedy.contains(missing.word()));
    }
    stage.policy(&vault, identity, &CLUSTER_NEEDS);
    stage.set_key(&cluster, &key);
}

#[test]
fn r_cmk_24_25_26_r_asy_01_03_04_06_a_key_update_shows_on_the_operation_and_on_the_cluster() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let cluster = stage.built("lac");
    stage.grant(&cluster, &vault);
    let started = stage.now;
    stage.ann(key_update(&cluster, &key));
    let operation = stage.last_operation().id;
    let both = |stage: &Stage| {
        let operation = wire::operation(&stage.world, stage.operation(operation));
        let cluster = shown(stage, &cluster);
        (operation, cluster)
    };
    stage.wait(Span(Span::minutes(5).0 - 1));
    let (running, before) = both(&stage);
    assert_eq!(running["status"], "Updating");
    assert_eq!(running["startTime"], started.to_string());
    assert_eq!(running.get("endTime"), None, "i-14");
    assert_eq!(before["properties"]["provisioningState"], "Updating");
    assert_eq!(before["properties"].get("keyVaultProperties"), None);
    stage.wait(MICRO);
    let (done, after) = both(&stage);
    assert_eq!(done["status"], "Succeeded");
    assert_eq!(done["endTime"], stage.now.to_string());
    assert_eq!(after["properties"]["provisioningState"], "Succeeded");
    let properties = &after["properties"]["keyVaultProperties"];
    assert_eq!(properties["keyVaultUri"], "https://safe.vault.azure.net");
    assert_eq!(properties["keyName"], "kek");
    assert_eq!(properties["keyVersion"], key.version.as_str());
    // The version is named; nobody follows the newest (R-CMK-47).
    stage.key(&vault, "kek");
    stage.wait(Span::days(1));
    assert_eq!(stage.at(&cluster).key, Some(key));
}

#[test]
fn r_cmk_27_the_identity_comes_before_the_policy_before_the_key() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let with_key = Body {
        key: Some(KeyProperties::from(&key)),
        ..good_body()
    };
    refused(
        &mut stage,
        "ann",
        put("lac", with_key.clone()),
        &errors::CC_10,
        "properties.keyVaultProperties",
    );
    let cluster = stage.built("lac");
    stage.grant(&cluster, &vault);
    // The same body updates what exists (i-39).
    stage.ann(put("lac", with_key));
    stage.wait(Span::minutes(5));
    assert_eq!(stage.at(&cluster).key, Some(key));
}

#[test]
fn r_cmk_30_a_cluster_stays_where_it_is() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    let away = cluster::Command::Move {
        cluster: cluster.clone(),
        subscription: "d".into(),
        group: "data".into(),
    };
    refused(&mut stage, "ann", away, &errors::CL_07, "cluster");
    assert!(stage.world.clusters.contains_key(&cluster));
}

#[test]
fn r_cmk_31_a_cluster_takes_a_key_as_a_storage_account_takes_one() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    let account = Caller::Identity(stage.world.storage_accounts[&id("bag")].identity);
    let set = |key: &KeyIdentifier| linked_storage::Command::SetKey {
        account: id("bag"),
        key: Some(key.clone()),
    };
    let target = "properties.keyVaultProperties";
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    stage.ann(vault::Command::Create(vault::Create {
        purge_protection: false,
        ..vault_here("half")
    }));
    let half = stage.key(&"half".into(), "kek");
    refused(&mut stage, "ann", set(&key), &errors::CU_03, target);
    refused(
        &mut stage,
        "ann",
        key_update(&cluster, &key),
        &errors::CU_03,
        target,
    );
    for vault in [&key.vault, &half.vault] {
        stage.policy(vault, account.clone(), &CLUSTER_NEEDS);
        stage.grant(&cluster, vault);
    }
    refused(&mut stage, "ann", set(&half), &errors::CU_04, target);
    refused(
        &mut stage,
        "ann",
        key_update(&cluster, &half),
        &errors::CU_04,
        target,
    );
    stage.ann(set(&key));
    stage.ann(key_update(&cluster, &key));
}

#[test]
fn r_cmk_33_r_clu_35_37_support_recovers_a_cluster_with_its_data_and_without_its_links() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(delete(&ready.cluster));
    assert!(stage.readable(&ready.workspace));
    stage.wait(Span::minutes(90));
    assert!(
        !stage.readable(&ready.workspace),
        "the data lies on a deleted cluster"
    );
    assert_eq!(stage.route(&ready.workspace), Route::Shared);
    stage.wait(Span::days(13));
    let recover = || support::Command::RecoverCluster {
        cluster: ready.cluster.clone(),
    };
    refused(&mut stage, "ann", recover(), &errors::SUP_05, "");
    stage.act(&person("sue"), recover()).unwrap();
    let cluster = stage.at(&ready.cluster);
    assert_eq!((cluster.state, cluster.deleted), (State::Succeeded, None));
    assert_eq!(cluster.key.as_ref(), Some(&ready.key));
    assert!(cluster.links.is_empty());
    assert!(stage.readable(&ready.workspace));
    stage.link(&ready.workspace, &ready.cluster);
    assert_eq!(
        stage.route(&ready.workspace),
        Route::ClusterCustomer(ready.cluster.clone())
    );
    stage.restart();
}

#[test]
fn r_clu_35_a_key_that_went_while_the_cluster_was_deleted_is_noticed_when_it_comes_back() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(unlink(&ready.workspace));
    stage.wait(Span::hours(2));
    stage.ann(delete(&ready.cluster));
    stage.enable(&ready.key, false);
    stage.wait(Span::days(2));
    assert_eq!(
        stage.encryption(&ready.cluster),
        Encryption::Active,
        "nobody looks"
    );
    let recover = support::Command::RecoverCluster {
        cluster: ready.cluster.clone(),
    };
    stage.act(&person("sue"), recover).unwrap();
    stage.wait(Span::seconds(60));
    // Its hour is long over.
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Revoked);
}

#[test]
fn r_clu_35_a_cluster_that_was_never_built_is_not_made_whole_by_a_recovery() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let operation = stage.last_operation().id;
    stage.simulate(operation::Command::Fail { operation });
    stage.ann(delete(&cluster));
    let recover = support::Command::RecoverCluster {
        cluster: cluster.clone(),
    };
    stage.act(&person("sue"), recover).unwrap();
    assert_eq!(stage.at(&cluster).state, State::Failed);
}

#[test]
fn r_clu_10_11_12_25_an_update_names_only_what_changes() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let before = stage.at(&ready.cluster).clone();
    stage.ann(patch(
        &ready.cluster,
        Body {
            billing: Some("workspaces".into()),
            ..Body::default()
        },
    ));
    let after = stage.at(&ready.cluster).clone();
    assert_eq!(after.billing, Billing::Workspaces);
    assert_eq!(
        cluster::Cluster {
            billing: before.billing,
            ..after
        },
        before
    );
    stage.ann(capacity(&ready.cluster, 1_800));
    let after = stage.at(&ready.cluster);
    assert_eq!(
        (after.capacity, after.billing),
        (1_800, Billing::Workspaces)
    );
    assert_eq!(after.key, before.key);
    // Both at once, with a key: the capacity is set now, the key when it has propagated.
    let new = stage.key(&ready.key.vault, "kek");
    stage.ann(patch(
        &ready.cluster,
        Body {
            sku: Some(sku(1_900)),
            ..key_body(KeyProperties::from(&new))
        },
    ));
    assert_eq!(stage.at(&ready.cluster).capacity, 1_900);
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
    stage.wait(Span::minutes(5));
    assert_eq!(stage.at(&ready.cluster).key, Some(new));
}

#[test]
fn r_clu_13_14_r_asy_02_07_a_cluster_takes_an_hour_to_build_and_its_operation_has_a_path() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let operation = stage.last_operation().clone();
    assert_eq!(
        (operation.kind, operation.status),
        (Kind::CreateCluster, Status::InProgress)
    );
    let path = stage.world.operation_path(&operation);
    assert_eq!(
        path,
        format!(
            "/subscriptions/{}/providers/Microsoft.OperationalInsights/locations/{HERE}/operationStatuses/{}",
            stage.world.subscription_guid(&"c".into()),
            stage.world.operation_guid(operation.id)
        )
    );
    assert_eq!(wire::operation(&stage.world, &operation)["id"], path);
    let state = |stage: &Stage| shown(stage, &cluster)["properties"]["provisioningState"].clone();
    stage.wait(Span(Span::hours(1).0 - 1));
    assert_eq!(state(&stage), "ProvisioningAccount");
    assert!(stage.at(&cluster).accounts.is_empty());
    stage.wait(MICRO);
    assert_eq!(state(&stage), "Succeeded");
    assert_eq!(stage.at(&cluster).accounts.len(), 2);
}

#[test]
fn r_clu_16_nothing_is_updated_while_an_operation_runs() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let new = stage.key(&ready.key.vault, "kek");
    stage.ann(key_update(&ready.cluster, &new));
    let at = stage.now + Span::minutes(5);
    for command in [
        capacity(&ready.cluster, 2_000),
        key_update(&ready.cluster, &ready.key),
    ] {
        let cured = refused_until(&mut stage, "ann", command, &errors::CU_05, "cluster");
        assert_eq!(cured, at);
    }
    assert_eq!(stage.world.running.len(), 1);
}

#[test]
fn r_clu_18_clusters_are_listed_by_group_and_by_subscription() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    let of_the_world: ResourceId = "c/web/log-analytics-cluster".into();
    let list = |who: &str, subscription: Option<&str>, group: Option<&str>| {
        let query = Query::Clusters {
            subscription: subscription.map(Into::into),
            group: group.map(Into::into),
        };
        ask(&stage.world, stage.now, &person(who), &query)
    };
    let some =
        |ids: &[&ResourceId]| Ok(Answer::Clusters(ids.iter().map(|i| (*i).clone()).collect()));
    assert_eq!(list("rea", Some("c"), Some("data")), some(&[&cluster]));
    assert_eq!(list("rea", Some("c"), Some("web")), some(&[&of_the_world]));
    assert_eq!(
        list("rea", Some("c"), None),
        some(&[&cluster, &of_the_world])
    );
    assert_eq!(list("rea", None, None), some(&[&cluster, &of_the_world]));
    assert_eq!(list("rea", Some("f"), None), some(&[]));
    assert_eq!(list("kvc", None, None), some(&[]));
    assert_eq!(
        list("rea", Some("x"), None).unwrap_err().code,
        "SubscriptionNotFound"
    );
    assert_eq!(
        list("rea", Some("c"), Some("x")).unwrap_err().code,
        "ResourceGroupNotFound"
    );
}

#[test]
fn r_clu_19_30_31_32_36_a_deleted_cluster_keeps_its_name_and_data_for_fourteen_days() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.cluster("lac");
    // R-CLU-36: not while it is built.
    refused_until(
        &mut stage,
        "ann",
        delete(&cluster),
        &errors::CD_01,
        "cluster",
    );
    stage.wait(Span::hours(1));
    stage.ann(delete(&cluster));
    let deleted = stage.now;
    let get = Query::Cluster(cluster.clone());
    let see = |stage: &Stage| ask(&stage.world, stage.now, &person("ann"), &get).unwrap_err();
    assert!(see(&stage).remedy.contains("soft-deleted until"));
    let dead = ask(
        &stage.world,
        stage.now,
        &person("ann"),
        &Query::DeletedClusters,
    );
    assert_eq!(dead, Ok(Answer::Clusters(vec![cluster.clone()])));
    stage.until(deleted + Span::days(14) - MICRO);
    let recover = support::Command::RecoverCluster {
        cluster: cluster.clone(),
    };
    assert!(stage.clone().act(&person("sue"), recover.clone()).is_ok());
    refused(
        &mut stage,
        "ann",
        put("lac", good_body()),
        &errors::CC_12,
        "name",
    );
    stage.until(deleted + Span::days(14));
    stage.restart();
    refused(&mut stage, "sue", recover, &errors::CG_01, "cluster");
    assert!(!stage.world.clusters.contains_key(&cluster));
    stage.ann(put("lac", good_body()));
}

#[test]
fn r_clu_32_data_of_a_purged_cluster_is_no_data_of_its_namesake() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(delete(&ready.cluster));
    stage.wait(Span::hours(2));
    stage.wait(Span::days(14));
    assert!(
        stage.readable(&ready.workspace),
        "what is gone hides nothing"
    );
    // A new cluster of the name, deleted in its turn: the workspace never had anything on it.
    let again = stage.built("lac");
    stage.ann(delete(&again));
    assert!(stage.readable(&ready.workspace));
}

#[test]
fn r_clu_20_21_two_clusters_for_each_region_and_subscription() {
    let mut stage = Stage::keys();
    stage.allow("c");
    stage.allow("d");
    let create = |subscription: &str, name: &str, place: &str| cluster::Command::Put {
        subscription: subscription.into(),
        group: "data".into(),
        name: name.into(),
        body: Body {
            location: Some(place.into()),
            ..good_body()
        },
    };
    for (subscription, place) in [("c", HERE), ("c", ELSEWHERE), ("d", HERE)] {
        for name in ["one", "two"] {
            let name = format!("{name}{place}");
            stage.ann(create(subscription, &name, place));
        }
        let third = create(subscription, "three", place);
        refused(&mut stage, "ann", third, &errors::CC_14, "location");
    }
    // A deleted one does not count.
    stage.wait(Span::hours(1));
    stage.ann(delete(&id(&format!("one{HERE}"))));
    stage.ann(create("c", "three", HERE));
}

#[test]
fn r_clu_26_27_every_accepted_capacity_restarts_thirty_days_in_which_it_is_not_lowered() {
    let mut stage = Stage::keys();
    stage.allow("c");
    stage.ann(put(
        "lac",
        Body {
            sku: Some(sku(2_000)),
            ..good_body()
        },
    ));
    let cluster = id("lac");
    let stamp = |stage: &Stage| shown(stage, &cluster)["sku"]["lastSkuUpdate"].clone();
    assert_eq!(stamp(&stage), "Sun, 22 Nov 2020 09:00:00 GMT");
    // From the creation.
    stage.wait(Span::days(10));
    let lower = || capacity(&cluster, 1_500);
    let at = refused_until(&mut stage, "ann", lower(), &errors::CU_08, "sku.capacity");
    assert_eq!(at, "2020-12-22T09:00:00Z".parse().unwrap());
    // Up at any time, and the days begin anew.
    stage.ann(capacity(&cluster, 2_100));
    assert_eq!(stamp(&stage), "Wed, 02 Dec 2020 09:00:00 GMT");
    let at = refused_until(&mut stage, "ann", lower(), &errors::CU_08, "sku.capacity");
    assert_eq!(at, "2021-01-01T09:00:00Z".parse().unwrap());
    stage.until(at);
    stage.ann(lower());
    let lower = capacity(&cluster, 1_400);
    refused_until(&mut stage, "ann", lower, &errors::CU_08, "sku.capacity");
}

#[test]
fn r_clu_33_34_r_asy_04_a_delete_unlinks_every_workspace_by_a_job_of_its_own_within_ninety_minutes()
{
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let second = stage.workspace("second");
    stage.link(&second, &ready.cluster);
    let linking = stage.workspace("linking");
    stage.ann(link_to(&linking, &ready.cluster));
    let half_way = stage.last_operation().id;
    stage.wait(Span::minutes(10));
    let before = stage.world.operations.len();
    stage.ann(delete(&ready.cluster));
    let started = stage.now;
    let deleting = stage.at(&ready.cluster).operation.unwrap();
    assert_eq!(stage.operation(deleting).status, Status::Deleting);
    assert_eq!(
        stage.world.operations.len(),
        before + 3,
        "the delete and two unlinks"
    );
    // What was still linking is called off, and does not count as a link (i-10).
    assert_eq!(stage.operation(half_way).status, Status::Failed);
    assert!(stage.space(&linking).linked_at.is_empty());
    stage.until(started + Span::minutes(90) - MICRO);
    assert_eq!(stage.at(&ready.cluster).state, State::Deleting);
    assert_eq!(
        stage.route(&second),
        Route::ClusterCustomer(ready.cluster.clone())
    );
    stage.until(started + Span::minutes(90));
    assert_eq!(stage.at(&ready.cluster).state, State::SoftDeleted);
    assert_eq!(stage.operation(deleting).status, Status::Succeeded);
    for workspace in [&ready.workspace, &second, &linking] {
        assert_eq!(stage.route(workspace), Route::Shared);
        assert_eq!(stage.world.linked_cluster(workspace), None);
    }
}

#[test]
fn r_clu_34_an_unlink_that_fails_keeps_the_cluster() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(delete(&ready.cluster));
    let (deleting, unlinking) = (
        stage.at(&ready.cluster).operation.unwrap(),
        stage.space(&ready.workspace).link.operation().unwrap(),
    );
    stage.simulate(operation::Command::Fail {
        operation: unlinking,
    });
    assert_eq!(stage.operation(deleting).status, Status::Failed);
    assert_eq!(stage.at(&ready.cluster).state, State::Succeeded);
    assert_eq!(
        stage.route(&ready.workspace),
        Route::ClusterCustomer(ready.cluster.clone())
    );
    stage.ann(delete(&ready.cluster));
    stage.wait(Span::minutes(90));
    assert_eq!(stage.at(&ready.cluster).state, State::SoftDeleted);
}

#[test]
fn r_asy_05_08_a_delete_without_links_is_done_at_once_and_only_three_words_end_an_operation() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    let before = stage.world.operations.len();
    stage.ann(delete(&cluster));
    assert_eq!(stage.at(&cluster).state, State::SoftDeleted);
    assert_eq!(stage.world.operations.len(), before, "no operation at all");
    for status in Status::ALL {
        let ends = matches!(status.word(), "Succeeded" | "Failed" | "Canceled");
        assert_eq!(status.is_terminal(), ends, "{status}");
    }
}

#[test]
fn r_asy_03_a_failed_operation_shows_code_and_message_and_leaves_what_was() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let new = stage.key(&ready.key.vault, "kek");
    stage.ann(key_update(&ready.cluster, &new));
    let operation = stage.last_operation().id;
    stage.simulate(operation::Command::Fail { operation });
    let shown = wire::operation(&stage.world, stage.operation(operation));
    assert_eq!(shown["status"], "Failed");
    assert_eq!(shown["error"]["code"], "InternalServerError");
    assert!(shown["endTime"].is_string());
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
    assert_eq!(stage.at(&ready.cluster).state, State::Succeeded);
    stage.wait(Span::hours(1));
    assert_eq!(stage.at(&ready.cluster).key.as_ref(), Some(&ready.key));
}
