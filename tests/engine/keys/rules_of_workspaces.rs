//! Workspaces, their links and their storage: R-LNK-*, R-BYOS-*, boundaries to the microsecond.

use lockbox::engine::cluster::link::Link;
use lockbox::engine::cluster::operation::{self, Kind as Job, Status};
use lockbox::engine::cluster::{State, preflight};
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::resources::ResourceKind;
use lockbox::engine::workspace::linked_storage::{self, DataSource};
use lockbox::engine::workspace::saved_search::Kind;
use lockbox::engine::workspace::{Sku, wire};
use lockbox::engine::{Answer, Query, ask};

use super::errors_of_workspaces::{save, storage, unlink_storage};
use super::*;

const MICRO: Span = Span::micros(1);

fn shown(stage: &Stage, workspace: &ResourceId, kind: Kind) -> Vec<String> {
    let query = Query::Saved {
        workspace: workspace.clone(),
        kind,
    };
    let Ok(Answer::Saved(saved)) = ask(&stage.world, stage.now, &person("ann"), &query) else {
        panic!("{kind}s of {workspace} can be listed")
    };
    saved.iter().map(|s| s.name.to_string()).collect()
}

#[test]
fn r_lnk_01_06_07_13_a_link_takes_ninety_minutes_and_leaves_the_workspace_as_it_is() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let cluster = stage.built("lac");
    stage.ann(workspace::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: "logs".into(),
        location: Some(HERE.into()),
        sku: Some(Sku::PerNode),
        retention: Some(Span::days(120)),
    });
    let workspace = id("logs");
    // The linked service names the cluster by its path.
    let body = format!(
        r#"{{"properties":{{"WriteAccessResourceId":"/subscriptions/{}/resourcegroups/data/providers/microsoft.operationalinsights/clusters/LAC"}}}}"#,
        stage.world.subscription_guid(&"c".into())
    );
    assert_eq!(
        wire::linked_cluster(&stage.world, &body),
        Ok(cluster.clone())
    );
    stage.ann(link_to(&workspace, &cluster));
    assert_eq!(stage.last_operation().status, Status::InProgress);
    let seen = |stage: &Stage| {
        (
            stage.world.linked_cluster(&workspace).cloned(),
            stage.space(&workspace).effective_sku(),
            stage.space(&workspace).retention,
            stage.route(&workspace),
        )
    };
    stage.wait(Span(Span::minutes(90).0 - 1));
    let days = Span::days(120);
    assert_eq!(seen(&stage), (None, Sku::PerNode, days, Route::Shared));
    stage.wait(MICRO);
    let target = Route::ClusterMicrosoft(cluster.clone());
    assert_eq!(
        seen(&stage),
        (Some(cluster.clone()), Sku::LaCluster, days, target)
    );
    assert_eq!(stage.last_operation().status, Status::Succeeded);
    // R-LNK-08: unlinked the same way, and its own sku is back.
    stage.ann(unlink(&workspace));
    stage.wait(Span(Span::minutes(90).0 - 1));
    assert_eq!(seen(&stage).0, Some(cluster));
    stage.wait(MICRO);
    assert_eq!(seen(&stage), (None, Sku::PerNode, days, Route::Shared));
}

#[test]
fn r_lnk_02_what_is_sent_before_the_cluster_is_built_is_lost() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let workspace = stage.workspace("logs");
    let cluster = stage.cluster("lac");
    let lost = Route::Dropped(cluster.clone(), Loss::NotProvisioned);
    assert_eq!(stage.route(&workspace), Route::Shared);
    stage.ann(link_to(&workspace, &cluster));
    let building = stage.at(&cluster).operation.unwrap();
    assert_eq!(stage.route(&workspace), lost);
    stage.wait(Span(Span::hours(1).0 - 1));
    assert_eq!(stage.route(&workspace), lost);
    stage.wait(MICRO);
    // Built, and still linking: where data went before the link.
    assert_eq!(stage.route(&workspace), Route::Shared);
    stage.wait(Span::minutes(30));
    assert_eq!(stage.route(&workspace), Route::ClusterMicrosoft(cluster));
    assert_eq!(stage.operation(building).status, Status::Succeeded);
    // A cluster that could not be built takes nothing either.
    let broken = stage.cluster("broken");
    let building = stage.last_operation().id;
    let hasty = stage.workspace("hasty");
    stage.set_rule("link-duration", "10m");
    stage.link(&hasty, &broken);
    let lost = Route::Dropped(broken, Loss::NotProvisioned);
    assert_eq!(stage.route(&hasty), lost);
    stage.simulate(operation::Command::Fail {
        operation: building,
    });
    assert_eq!(stage.route(&hasty), lost);
    // The look ahead says so.
    let early = stage.workspace("early");
    let findings = preflight::link(&stage.world, stage.now, None, &early, &id("broken"));
    assert!(findings.iter().any(|f| f.verdict.is_err()), "{findings:?}");
}

#[test]
fn r_lnk_03_08_link_and_unlink_need_write_on_both() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fresh = stage.workspace("fresh");
    for who in ["rea", "lar", "kvc", "sac", "fay"] {
        let link = link_to(&fresh, &ready.cluster);
        refused(&mut stage, who, link, &errors::ARM_03, "scope");
        let unlink = unlink(&ready.workspace);
        refused(&mut stage, who, unlink, &errors::ARM_03, "scope");
    }
    // Write on the group of the workspace only: gro has it on `web`.
    let mut there = workspace_here("there");
    if let workspace::Command::Put { group, .. } = &mut there {
        *group = "web".into();
    }
    stage.ann(there);
    let link = link_to(&"c/web/there".into(), &ready.cluster);
    refused(&mut stage, "gro", link.clone(), &errors::ARM_03, "scope");
    stage.act(&person("lac"), link).unwrap();
    stage.wait(Span::minutes(90));
    let unlink = unlink(&"c/web/there".into());
    refused(&mut stage, "gro", unlink.clone(), &errors::ARM_03, "scope");
    stage.act(&person("lac"), unlink).unwrap();
}

#[test]
fn r_lnk_04_05_12_region_other_cluster_and_running_job_each_stand_in_the_way() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let other = stage.built("other");
    let mut far = workspace_here("farlogs");
    if let workspace::Command::Put { location, .. } = &mut far {
        *location = Some(ELSEWHERE.into());
    }
    stage.ann(far);
    let target = "writeAccessResourceId";
    let link = link_to(&id("farlogs"), &ready.cluster);
    refused(&mut stage, "ann", link, &errors::WL_07, target);
    let link = link_to(&ready.workspace, &other);
    refused(&mut stage, "ann", link, &errors::WL_04, "workspace");
    stage.ann(unlink(&ready.workspace));
    let link = link_to(&ready.workspace, &other);
    let at = refused_until(&mut stage, "ann", link.clone(), &errors::WL_02, "workspace");
    stage.until(at);
    stage.ann(link);
    let again = unlink(&ready.workspace);
    refused_until(&mut stage, "ann", again, &errors::WU_02, "workspace");
    assert_eq!(stage.world.running.len(), 1);
}

#[test]
fn r_lnk_09_data_from_before_an_unlink_is_readable_as_long_as_the_cluster_and_its_key_are() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(unlink(&ready.workspace));
    stage.wait(Span::minutes(90));
    let unlinked = stage.now;
    assert!(stage.readable(&ready.workspace));
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(1));
    assert!(!stage.readable(&ready.workspace), "i-38");
    assert_eq!(
        stage.route(&ready.workspace),
        Route::Shared,
        "nothing new is lost"
    );
    // When retention has purged what lay there, nothing hides the rest.
    let retention = stage.space(&ready.workspace).retention;
    stage.until(unlinked + retention - MICRO);
    assert!(!stage.readable(&ready.workspace));
    stage.until(unlinked + retention);
    assert!(stage.readable(&ready.workspace));
}

#[test]
fn r_lnk_10_a_thousand_workspaces_and_no_more() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    for n in 1..1_000 {
        let name = format!("ws{n:04}");
        stage.simulate(resources::Command::Add(Resource {
            id: id(&name),
            subscription: "c".into(),
            group: "data".into(),
            name: name.as_str().into(),
            kind: ResourceKind::Workspace,
            location: HERE.into(),
            encrypted_in_transit: false,
            events_to: None,
        }));
        if n < 999 {
            stage.simulate(link::Command::Attach {
                workspace: id(&name),
                cluster: ready.cluster.clone(),
            });
        }
    }
    assert_eq!(stage.at(&ready.cluster).links.len(), 999);
    stage.ann(link_to(&id("ws0999"), &ready.cluster));
    let more = stage.workspace("more");
    let link = link_to(&more, &ready.cluster);
    refused(
        &mut stage,
        "ann",
        link,
        &errors::WL_06,
        "writeAccessResourceId",
    );
}

#[test]
fn r_lnk_11_two_links_in_a_rolling_window_of_thirty_days_unlinks_and_failures_aside() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = stage.workspace("fresh");
    let link = || link_to(&workspace, &ready.cluster);
    // One that fails does not count.
    stage.ann(link());
    let operation = stage.last_operation().id;
    stage.simulate(operation::Command::Fail { operation });
    assert_eq!(stage.space(&workspace).link, Link::Unlinked);
    let mut stamps = Vec::new();
    for _ in 0..2 {
        stamps.push(stage.now);
        stage.link(&workspace, &ready.cluster);
        stage.ann(unlink(&workspace));
        stage.wait(Span::days(5));
    }
    let at = refused_until(&mut stage, "ann", link(), &errors::WL_05, "workspace");
    assert_eq!(at, stamps[0] + Span::days(30));
    stage.until(at);
    stage.link(&workspace, &ready.cluster);
    stage.ann(unlink(&workspace));
    stage.wait(Span::hours(2));
    let at = refused_until(&mut stage, "ann", link(), &errors::WL_05, "workspace");
    assert_eq!(at, stamps[1] + Span::days(30));
}

#[test]
fn r_lnk_14_unlinking_during_a_revocation_stops_the_loss_when_it_is_done() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(1));
    stage.ann(unlink(&ready.workspace));
    stage.wait(Span(Span::minutes(90).0 - 1));
    let lost = Route::Dropped(ready.cluster.clone(), Loss::Revoked);
    assert_eq!(stage.route(&ready.workspace), lost);
    stage.wait(MICRO);
    assert_eq!(stage.route(&ready.workspace), Route::Shared);
}

#[test]
fn r_lnk_15_linking_again_after_a_recovery_uses_the_same_quota() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let first = stage.space(&ready.workspace).linked_at[0];
    for round in 0..2 {
        stage.ann(delete(&ready.cluster));
        stage.wait(Span::hours(2));
        let recover = support::Command::RecoverCluster {
            cluster: ready.cluster.clone(),
        };
        stage.act(&person("sue"), recover).unwrap();
        assert_eq!(stage.at(&ready.cluster).state, State::Succeeded);
        let link = link_to(&ready.workspace, &ready.cluster);
        if round == 0 {
            stage.ann(link);
            stage.wait(Span::hours(2));
        } else {
            let at = refused_until(&mut stage, "ann", link, &errors::WL_05, "workspace");
            assert_eq!(at, first + Span::days(30));
        }
    }
}

#[test]
fn r_lnk_20_a_deleted_workspace_comes_back_within_fourteen_days() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    stage.ann(save(&workspace, Kind::Search, "errors"));
    let whole = stage.space(&workspace).clone();
    let remove = |force| workspace::Command::Delete {
        workspace: workspace.clone(),
        force,
    };
    let recover = || workspace::Command::Recover {
        workspace: workspace.clone(),
    };
    for back in [Command::from(recover()), workspace_here("logs").into()] {
        stage.ann(remove(false));
        let deleted = stage.now;
        stage.until(deleted + Span::days(14) - MICRO);
        stage.ann(back);
        assert_eq!(*stage.space(&workspace), whole);
    }
    stage.ann(remove(false));
    stage.wait(Span::days(14));
    refused(&mut stage, "ann", recover(), &errors::WL_01, "workspace");
    stage.ann(workspace_here("logs"));
    assert!(
        stage.space(&workspace).queries.is_empty(),
        "another of the name"
    );
    stage.ann(remove(true));
    refused(&mut stage, "ann", recover(), &errors::WL_01, "workspace");
    stage.restart();
}

#[test]
fn a_job_that_fails_leaves_the_link_as_it_was() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let before = stage.space(&ready.workspace).link.clone();
    stage.ann(unlink(&ready.workspace));
    let operation = stage.last_operation().id;
    assert_eq!(stage.operation(operation).kind, Job::Unlink);
    stage.wait(Span::minutes(45));
    stage.simulate(operation::Command::Fail { operation });
    assert_eq!(stage.space(&ready.workspace).link, before);
    stage.wait(Span::hours(2));
    assert_eq!(
        stage.route(&ready.workspace),
        Route::ClusterCustomer(ready.cluster.clone())
    );
}

#[test]
fn r_byos_01_06_10_new_queries_lie_in_the_linked_account_and_the_old_searches_are_gone() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    for kind in [Kind::Search, Kind::Alert] {
        stage.ann(save(&workspace, kind, "old"));
    }
    // What a link would take away can be seen before.
    let wiped: Vec<_> = stage
        .world
        .wiped_by(&workspace)
        .iter()
        .map(|s| s.name.clone())
        .collect();
    assert_eq!(wiped, ["old".into()]);
    stage.ann(storage(&workspace, DataSource::Alerts, &["bag"]));
    assert_eq!(
        shown(&stage, &workspace, Kind::Search),
        ["old"],
        "alerts only"
    );
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    assert!(shown(&stage, &workspace, Kind::Search).is_empty());
    assert_eq!(shown(&stage, &workspace, Kind::Alert), ["old"]);
    for kind in [Kind::Search, Kind::Alert] {
        stage.ann(save(&workspace, kind, "new"));
        let saved = stage
            .world
            .saved(stage.now, &workspace, kind, "new")
            .unwrap();
        assert_eq!(saved.kept_in, Some(id("bag")));
    }
    // Another account shows what lies in it; unlinked, the workspace keeps new ones itself again.
    stage.ann(storage(&workspace, DataSource::Query, &["box"]));
    assert!(shown(&stage, &workspace, Kind::Search).is_empty());
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    assert_eq!(shown(&stage, &workspace, Kind::Search), ["new"]);
    stage.ann(unlink_storage(&workspace, DataSource::Query));
    assert!(shown(&stage, &workspace, Kind::Search).is_empty());
    stage.ann(save(&workspace, Kind::Search, "mine"));
    let saved = stage
        .world
        .saved(stage.now, &workspace, Kind::Search, "mine");
    assert_eq!(saved.unwrap().kept_in, None);
    // A namesake in the workspace leaves the one in the account alone; the link takes only the former.
    stage.ann(save(&workspace, Kind::Search, "new"));
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    assert_eq!(shown(&stage, &workspace, Kind::Search), ["new"]);
    let saved = stage
        .world
        .saved(stage.now, &workspace, Kind::Search, "new");
    assert_eq!(saved.unwrap().kept_in, Some(id("bag")));
}

#[test]
fn r_byos_04_08_one_account_of_the_region_serves_searches_and_alerts() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let target = "storageAccountIds";
    for (names, error) in [
        (&["far"][..], &errors::LS_03),
        (&["bag", "box"], &errors::LS_02),
    ] {
        for source in [DataSource::Query, DataSource::Alerts] {
            let link = storage(&workspace, source, names);
            refused(&mut stage, "ann", link, error, target);
        }
    }
    for source in [DataSource::Query, DataSource::Alerts] {
        stage.ann(storage(&workspace, source, &["bag"]));
    }
    for kind in Kind::ALL {
        assert_eq!(stage.space(&workspace).keeps(*kind), Some(&id("bag")));
    }
}

#[test]
fn r_byos_07_09_with_storage_linked_for_queries_there_is_no_history_and_no_pin() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    stage.ann(storage(&workspace, DataSource::Alerts, &["bag"]));
    assert!(stage.space(&workspace).keeps_query_history());
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    assert!(!stage.space(&workspace).keeps_query_history());
    stage.ann(unlink_storage(&workspace, DataSource::Query));
    assert!(stage.space(&workspace).keeps_query_history());
}

#[test]
fn r_byos_02_11_the_account_has_the_clusters_key_or_its_own_and_goes_dark_with_it() {
    for same in [true, false] {
        let mut stage = Stage::keys();
        let ready = stage.ready();
        let vault = ready.key.vault.clone();
        let own = if same {
            ready.key.clone()
        } else {
            stage.key(&vault, "own")
        };
        let identity = Caller::Identity(stage.world.storage_accounts[&id("bag")].identity);
        stage.policy(&vault, identity.clone(), &CLUSTER_NEEDS);
        stage.ann(linked_storage::Command::SetKey {
            account: id("bag"),
            key: Some(own.clone()),
        });
        stage.ann(storage(&ready.workspace, DataSource::Query, &["bag"]));
        stage.ann(save(&ready.workspace, Kind::Search, "errors"));
        assert_eq!(shown(&stage, &ready.workspace, Kind::Search), ["errors"]);
        stage.enable(&own, false);
        let opens = |stage: &Stage| {
            let saved = stage
                .world
                .saved(stage.now, &ready.workspace, Kind::Search, "errors");
            saved.map(|_| ()).map_err(|no| no.id)
        };
        assert_eq!(opens(&stage), Err("E-SS-03".to_owned()));
        stage.wait(Span::hours(1));
        // The data of the workspace goes with the cluster's key only.
        assert_eq!(stage.readable(&ready.workspace), !same);
        stage.enable(&own, true);
        assert_eq!(opens(&stage), Ok(()));
        // Under the Microsoft key nothing of the customer's counts.
        stage.ann(linked_storage::Command::SetKey {
            account: id("bag"),
            key: None,
        });
        stage.enable(&own, false);
        assert_eq!(opens(&stage), Ok(()));
    }
}
