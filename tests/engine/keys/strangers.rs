//! What one organisation, or one person in it, may learn of another's vaults and clusters: nothing, not even
//! by a name, a hint or the way something is refused.

use lockbox::engine::cluster::preflight;
use lockbox::engine::{Answer, Query, ask};

use super::*;

/// Fabrikam has a vault and a cluster called like Contoso's.
fn neighbours() -> (Stage, Ready) {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.allow("f");
    let fay = person("fay");
    let cluster = cluster::Command::Put {
        subscription: "f".into(),
        group: "data".into(),
        name: "lac".into(),
        body: good_body(),
    };
    stage.act(&fay, cluster).unwrap();
    let vault = vault::Command::Create(vault::Create {
        subscription: "f".into(),
        ..vault_here("fabrikams")
    });
    stage.act(&fay, vault).unwrap();
    stage.wait(Span::hours(2));
    (stage, ready)
}

#[test]
fn a_name_means_what_one_may_see() {
    let (stage, ready) = neighbours();
    let find = |who: &str, text: &str| stage.world.find_cluster(&person(who), text);
    // "lac" is a person of Contoso, too; as a cluster it is one's own.
    assert_eq!(find("ann", "lac"), Ok(ready.cluster.clone()));
    assert_eq!(find("fay", "lac"), Ok("f/data/lac".into()));
    // The observer sees both, and is asked which.
    let no = stage
        .world
        .find_cluster(&Actor::Observer, "lac")
        .unwrap_err();
    assert!(no.remedy.contains("f/data/lac"), "{}", no.remedy);
    // No hint at what is somebody else's.
    for no in [
        find("fay", "la").unwrap_err(),
        stage
            .world
            .find_workspace(&person("fay"), "log")
            .unwrap_err(),
        stage
            .world
            .find_storage_account(&person("fay"), "bagg")
            .unwrap_err(),
        stage
            .world
            .find_principal(&person("fay"), "anm")
            .unwrap_err(),
    ] {
        for text in ["logs", "bag", "ann", "c/data"] {
            assert!(!no.remedy.contains(text), "{}", no.remedy);
        }
    }
}

#[test]
fn a_bare_number_is_a_name_before_it_is_the_number_of_an_identity() {
    let mut stage = Stage::keys();
    stage.allow("c");
    stage.set_rule("clusters-per-region", "3");
    let cluster = stage.built("007");
    let meant = stage.world.find_principal(&person("ann"), "007");
    assert_eq!(meant, Ok(stage.identity(&cluster)));
    let other = Caller::Identity(lockbox::engine::ids::IdentityId(1));
    assert_eq!(
        stage.world.find_principal(&person("ann"), "MI-1"),
        Ok(other)
    );
}

#[test]
fn a_policy_stays_within_the_directory_of_its_vault() {
    let (mut stage, ready) = neighbours();
    let foreign = stage.identity(&ready.cluster);
    for principal in [Caller::Person("ann".into()), foreign] {
        let set = access_policy::Command::Set {
            vault: VaultName::new("fabrikams"),
            principal,
            keys: permissions(&CLUSTER_NEEDS),
        };
        let no = stage.act(&person("fay"), set).unwrap_err();
        is(&no, &errors::KV_15, "principal");
        assert_eq!(no.rule, "R-PERM-07");
    }
}

#[test]
fn who_may_do_nothing_is_not_told_what_there_is() {
    let (mut stage, ready) = neighbours();
    let lac = ready.cluster.clone();
    stage.ann(vault::Command::Delete {
        vault: ready.key.vault.clone(),
    });
    let fay = person("fay");
    let deeds: Vec<Command> = vec![
        cluster::Command::Delete {
            cluster: lac.clone(),
        }
        .into(),
        cluster::Command::Delete {
            cluster: id("nothing"),
        }
        .into(),
        link_to(&ready.workspace, &id("nothing")).into(),
        link_to(&id("nothing"), &lac).into(),
        workspace::Command::Recover {
            workspace: id("nothing"),
        }
        .into(),
        vault::Command::Delete {
            vault: ready.key.vault.clone(),
        }
        .into(),
        vault::Command::Recover {
            vault: ready.key.vault.clone(),
        }
        .into(),
    ];
    for deed in deeds {
        let no = stage.act(&fay, deed.clone()).unwrap_err();
        assert_eq!(no.id, "E-ARM-03", "{deed:?}: {no:?}");
        assert_eq!(no.allowed_from, None, "{deed:?}");
    }
    assert!(stage.world.storage_accounts.contains_key(&id("bag")));
    // Nor by a question, with the full id of something that is there or of something that is not.
    for (cluster, workspace, account) in [
        (lac.clone(), ready.workspace.clone(), id("bag")),
        (id("nothing"), id("nothing"), id("nothing")),
    ] {
        let world = &stage.world;
        assert_eq!(
            world.find_cluster(&fay, cluster.as_str()),
            Ok(cluster.clone())
        );
        assert_eq!(
            world.find_workspace(&fay, workspace.as_str()),
            Ok(workspace.clone())
        );
        assert_eq!(
            world.find_storage_account(&fay, account.as_str()),
            Ok(account.clone())
        );
        for question in [
            Query::Cluster(cluster),
            Query::Workspace(workspace.clone()),
            Query::Readable(workspace.clone()),
            Query::Route(workspace),
            Query::StorageAccount(account),
        ] {
            let no = ask(world, stage.now, &fay, &question).unwrap_err();
            assert_eq!(no.id, "E-ARM-03", "{question:?}: {no:?}");
        }
    }
    // Who may look is told.
    let missing = ask(
        &stage.world,
        stage.now,
        &person("ann"),
        &Query::Cluster(id("nothing")),
    );
    assert_eq!(missing.unwrap_err().id, "E-CG-01");
    // Nor by looking before the leap.
    let by = "fay".into();
    let looks = [
        preflight::link(&stage.world, stage.now, Some(&by), &ready.workspace, &lac),
        preflight::create(
            &stage.world,
            Some(&by),
            &"c".into(),
            "data",
            "lac",
            &good_body(),
        ),
    ];
    for findings in looks {
        let last = findings.last().unwrap();
        assert_eq!(last.what, "permission");
        assert_eq!(last.verdict.as_ref().unwrap_err().id, "E-ARM-03");
        assert!(findings.len() <= 2, "{findings:?}");
    }
}

#[test]
fn the_vendor_sees_no_activity_on_vaults_and_storage() {
    let (stage, _) = neighbours();
    let about = |who: &Actor| -> Vec<String> {
        let query = Query::Activity {
            operation: None,
            back: None,
        };
        let Ok(Answer::Activity(places)) = ask(&stage.world, stage.now, who, &query) else {
            panic!("no activity");
        };
        let entries = places.iter().map(|i| &stage.world.activity[*i]);
        entries.map(|a| format!("{:?}", a.subject)).collect()
    };
    assert!(about(&person("ann")).iter().any(|a| a.contains("safe")));
    let seen = about(&person("sue"));
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|a| !a.contains("safe")), "{seen:?}");
}

#[test]
fn an_identity_that_is_gone_is_told_from_its_successor() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let cluster = stage.built("lacc");
    let former = stage.identity(&cluster);
    stage.grant(&cluster, &vault);
    stage.ann(cluster::Command::Delete { cluster });
    stage.wait(Span::days(14));
    let successor = stage.built("lacc");
    let present = stage.identity(&successor);
    assert_ne!(former, present);
    assert_eq!(stage.world.caller_name(&present), "lacc");
    let named = stage.world.caller_name(&former);
    assert!(named.ends_with("(formerly lacc)"), "{named}");
}

#[test]
fn a_cluster_the_world_file_named_can_be_put_as_it_is() {
    let mut stage = Stage::keys();
    // Its name has hyphens, which no new cluster may have (E-CC-01).
    let name = "log-analytics-cluster";
    let existing = ResourceId::from("c/web/log-analytics-cluster");
    let shown = cluster::wire::cluster(&stage.world, stage.at(&existing)).to_string();
    let body = cluster::wire::body(&stage.world, Some(stage.at(&existing)), &shown).unwrap();
    let put = |name: &str| cluster::Command::Put {
        subscription: "c".into(),
        group: "web".into(),
        name: name.into(),
        body: body.clone(),
    };
    // In any case of its letters it is the same one.
    for name in [name, "Log-Analytics-CLUSTER"] {
        stage.ann(put(name));
    }
    let no = stage.act(&person("ann"), put("another-name")).unwrap_err();
    assert_eq!(no.id, "E-CC-01");
}

#[test]
fn support_never_lowers_what_it_raised() {
    let mut stage = Stage::keys();
    let raise = |capacity| support::Command::RaiseCapacity {
        subscription: "c".into(),
        capacity,
    };
    stage.act(&person("sue"), raise(5_000)).unwrap();
    let no = stage.act(&person("sue"), raise(3_100)).unwrap_err();
    is(&no, &errors::SUP_06, "capacity");
    assert_eq!(stage.world.capacity_limit(&"c".into()), 5_000);
}
