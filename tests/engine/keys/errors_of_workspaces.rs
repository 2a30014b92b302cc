//! Every error of workspaces, links, linked storage, saved queries, ingestion and query (`domain.md` e.4, e.5),
//! by its id.

use imbl::Vector;
use lockbox::engine::cluster::operation;
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::lockbox::ticket::TEXT_MAX;
use lockbox::engine::workspace::linked_storage::{self, DataSource};
use lockbox::engine::workspace::saved_search::{self, Kind};
use lockbox::engine::workspace::{Sku, wire};
use lockbox::engine::{Answer, Query, ask};

use super::*;

fn asked(stage: &Stage, who: &str, query: &Query) -> Result<Answer, Refusal> {
    ask(&stage.world, stage.now, &person(who), query)
}

fn delete_workspace(workspace: &ResourceId, force: bool) -> workspace::Command {
    workspace::Command::Delete {
        workspace: workspace.clone(),
        force,
    }
}

pub fn storage(
    workspace: &ResourceId,
    source: DataSource,
    names: &[&str],
) -> linked_storage::Command {
    linked_storage::Command::Link {
        workspace: workspace.clone(),
        source,
        accounts: names.iter().map(|n| id(n)).collect::<Vector<_>>(),
    }
}

pub fn unlink_storage(workspace: &ResourceId, source: DataSource) -> linked_storage::Command {
    linked_storage::Command::Unlink {
        workspace: workspace.clone(),
        source,
    }
}

pub fn save(workspace: &ResourceId, kind: Kind, name: &str) -> saved_search::Command {
    saved_search::Command::Save {
        workspace: workspace.clone(),
        kind,
        name: name.into(),
        category: "Ops".into(),
        display_name: "Errors".into(),
        query: "Event | where Level == 'Error'".into(),
    }
}

#[test]
fn e_wl_01_a_workspace_that_is_absent_or_deleted() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let gone = stage.workspace("gone");
    stage.ann(delete_workspace(&gone, false));
    for workspace in [gone, id("never")] {
        let link = link_to(&workspace, &ready.cluster);
        refused_for_good(&mut stage, "ann", link, &errors::WL_01, "workspace");
        let commands: [Command; 3] = [
            save(&workspace, Kind::Search, "x").into(),
            storage(&workspace, DataSource::Query, &["bag"]).into(),
            delete_workspace(&workspace, true).into(),
        ];
        for command in commands {
            refused_for_good(&mut stage, "ann", command, &errors::WL_01, "workspace");
        }
    }
    for text in ["never", "lugs", "/subscriptions/x"] {
        let no = stage
            .world
            .find_workspace(&Actor::Observer, text)
            .unwrap_err();
        is(&no, &errors::WL_01, "workspace");
    }
}

#[test]
fn e_wl_02_a_link_while_a_job_runs() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let cluster = &ready.cluster;
    let fresh = stage.workspace("fresh");
    stage.ann(link_to(&fresh, cluster));
    let twice = link_to(&fresh, cluster);
    refused_for_good(&mut stage, "ann", twice, &errors::WL_02, "workspace");
    // Once an unlink is done there is a link to make again.
    stage.ann(unlink(&ready.workspace));
    let link = link_to(&ready.workspace, cluster);
    let at = refused_until(&mut stage, "ann", link, &errors::WL_02, "workspace");
    assert_eq!(at, stage.now + Span::minutes(90));
}

#[test]
fn e_wl_03_a_cluster_that_is_absent_deleted_or_on_its_way_there() {
    let target = "writeAccessResourceId";
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fresh = stage.workspace("fresh");
    let link = |cluster: &ResourceId| link_to(&fresh, cluster);
    refused_for_good(
        &mut stage,
        "ann",
        link(&id("never")),
        &errors::WL_03,
        target,
    );
    let broken = stage.cluster("broken");
    let operation = stage.last_operation().id;
    stage.simulate(operation::Command::Fail { operation });
    refused_for_good(&mut stage, "ann", link(&broken), &errors::WL_03, target);
    stage.ann(delete(&broken));
    refused_for_good(&mut stage, "ann", link(&broken), &errors::WL_03, target);
    stage.ann(delete(&ready.cluster));
    refused_for_good(
        &mut stage,
        "ann",
        link(&ready.cluster),
        &errors::WL_03,
        target,
    );
}

#[test]
fn e_wl_04_linked_already() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let other = stage.built("other");
    for cluster in [&ready.cluster, &other] {
        let link = link_to(&ready.workspace, cluster);
        refused_for_good(&mut stage, "ann", link, &errors::WL_04, "workspace");
    }
    // Not by the world file either.
    let attach = link::Command::Attach {
        workspace: ready.workspace,
        cluster: other,
    };
    refused_for_good(
        &mut stage,
        "simulator",
        attach,
        &errors::WL_04,
        "linked_cluster",
    );
}

#[test]
fn e_wl_05_a_third_link_within_the_window() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let first = stage.space(&ready.workspace).linked_at[0];
    let link = || link_to(&ready.workspace, &ready.cluster);
    stage.ann(unlink(&ready.workspace));
    stage.wait(Span::days(3));
    stage.ann(link());
    stage.wait(Span::hours(2));
    stage.ann(unlink(&ready.workspace));
    stage.wait(Span::hours(2));
    let at = refused_until(&mut stage, "ann", link(), &errors::WL_05, "workspace");
    assert_eq!(at, first + Span::days(30));
}

#[test]
fn e_wl_06_a_cluster_that_is_full() {
    let target = "writeAccessResourceId";
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.set_rule("workspaces-per-cluster", "2");
    let second = stage.workspace("second");
    // One that is still linking counts.
    stage.ann(link_to(&second, &ready.cluster));
    let third = stage.workspace("third");
    let link = || link_to(&third, &ready.cluster);
    refused_for_good(&mut stage, "ann", link(), &errors::WL_06, target);
    stage.ann(unlink(&ready.workspace));
    // One that is still unlinking does too.
    refused_for_good(&mut stage, "ann", link(), &errors::WL_06, target);
    stage.wait(Span::minutes(90));
    stage.ann(link());
}

#[test]
fn e_wl_07_a_cluster_of_another_region_or_tenant() {
    let target = "writeAccessResourceId";
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let mut far = workspace_here("farlogs");
    if let workspace::Command::Put { location, .. } = &mut far {
        *location = Some(ELSEWHERE.into());
    }
    stage.ann(far);
    let link = link_to(&id("farlogs"), &ready.cluster);
    refused_for_good(&mut stage, "ann", link, &errors::WL_07, target);
    // Nobody has a role in two organisations, so only the world file could try.
    let attach = link::Command::Attach {
        workspace: "f/web/log-analytics-workspace".into(),
        cluster: "c/web/log-analytics-cluster".into(),
    };
    refused_for_good(&mut stage, "simulator", attach, &errors::WL_07, target);
}

#[test]
fn e_wl_08_a_cluster_being_built_under_the_strict_guard() {
    let target = "writeAccessResourceId";
    let mut stage = Stage::keys();
    stage.allow("c");
    let workspace = stage.workspace("logs");
    let cluster = stage.cluster("lac");
    let link = link_to(&workspace, &cluster);
    assert!(stage.clone().act(&person("ann"), link.clone()).is_ok());
    stage.set_rule("strict-link-guard", "true");
    let at = refused_until(&mut stage, "ann", link, &errors::WL_08, target);
    assert_eq!(at, stage.now + Span::hours(1));
}

#[test]
fn e_wl_09_what_is_no_id_of_a_cluster() {
    let target = "writeAccessResourceId";
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let subscription = stage.world.subscription_guid(&"c".into());
    let path = format!(
        "/subscriptions/{subscription}/resourceGroups/data/providers/Microsoft.OperationalInsights/clusters/lac"
    );
    let body = |path: &str| format!(r#"{{"properties":{{"writeAccessResourceId":"{path}"}}}}"#);
    for body in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"properties":{}}"#.to_owned(),
        r#"{"properties":{"writeAccessResourceId":7}}"#.to_owned(),
        body(""),
        body("lac"),
        body(&path.replace("clusters", "workspaces")),
        body(&path.replace(&subscription, "00000000-0000-4000-8000-000000000000")),
        body(&format!("{path}/more")),
        body(path.trim_end_matches("lac")),
    ] {
        let no = wire::linked_cluster(&stage.world, &body).unwrap_err();
        is(&no, &errors::WL_09, target);
    }
    for path in [
        path.clone(),
        path.to_uppercase(),
        path.replace("lac", "LAC"),
    ] {
        let found = wire::linked_cluster(&stage.world, &body(&path));
        if path == path.to_uppercase() {
            // Groups are written as they are.
            assert!(found.is_ok());
            continue;
        }
        assert_eq!(found, Ok(ready.cluster.clone()));
    }
}

#[test]
fn e_wu_01_unlinking_a_workspace_that_is_absent_or_deleted() {
    let mut stage = Stage::keys();
    let gone = stage.workspace("gone");
    stage.ann(delete_workspace(&gone, false));
    for workspace in [gone, id("never")] {
        let command = unlink(&workspace);
        refused_for_good(&mut stage, "ann", command, &errors::WU_01, "workspace");
    }
}

#[test]
fn e_wu_02_unlinking_while_a_job_runs() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fresh = stage.workspace("fresh");
    stage.ann(link_to(&fresh, &ready.cluster));
    let at = refused_until(
        &mut stage,
        "ann",
        unlink(&fresh),
        &errors::WU_02,
        "workspace",
    );
    assert_eq!(at, stage.now + Span::minutes(90));
    stage.ann(unlink(&ready.workspace));
    let again = unlink(&ready.workspace);
    refused_for_good(&mut stage, "ann", again, &errors::WU_02, "workspace");
}

#[test]
fn e_wu_03_nothing_to_unlink() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    refused_for_good(
        &mut stage,
        "ann",
        unlink(&workspace),
        &errors::WU_03,
        "workspace",
    );
}

fn with_sku(name: &str, sku: Sku) -> workspace::Command {
    let mut command = workspace_here(name);
    if let workspace::Command::Put { sku: wanted, .. } = &mut command {
        *wanted = Some(sku);
    }
    command
}

#[test]
fn e_ws_01_another_sku_while_linked() {
    let mut stage = Stage::keys();
    stage.ready();
    for sku in Sku::ALL.iter().filter(|s| **s != Sku::LaCluster) {
        let command = with_sku("logs", *sku);
        refused_for_good(&mut stage, "ann", command, &errors::WS_01, "sku.name");
    }
    // What GET shows can be sent back (GH-3).
    stage.ann(with_sku("logs", Sku::LaCluster));
    stage.ann(workspace_here("logs"));
}

#[test]
fn e_ws_02_a_name_that_is_not_unique() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let in_group = |group: &str, location: &str| workspace::Command::Put {
        subscription: "c".into(),
        group: group.into(),
        name: "logs".into(),
        location: Some(location.into()),
        sku: None,
        retention: None,
    };
    // A living namesake in another group.
    let foreign = in_group("web", HERE);
    refused_for_good(&mut stage, "ann", foreign, &errors::WS_02, "name");
    // A deleted one, there or here, until it is gone; in the same group and region it would be recovered.
    stage.ann(delete_workspace(&workspace, false));
    let deleted = stage.now;
    for command in [in_group("web", HERE), in_group("data", ELSEWHERE)] {
        let at = refused_until(&mut stage, "ann", command, &errors::WS_02, "name");
        assert_eq!(at, deleted + Span::days(14));
    }
    stage.ann(in_group("data", HERE));
    assert_eq!(stage.space(&workspace).deleted, None);
}

#[test]
fn e_ws_03_a_workspace_that_is_not_valid() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let long = "w".repeat(64);
    for name in ["", "abc", &long, "-abc", "abc-", "a_bc", "로그로그"] {
        let command = workspace_here(name);
        refused_for_good(&mut stage, "ann", command, &errors::WS_03, "name");
    }
    let with = |name: &str, place: &str, span: Option<Span>| workspace::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        location: Some(place.into()),
        sku: None,
        retention: span,
    };
    for span in [
        Span::ZERO,
        Span::days(29),
        Span::days(731),
        Span::hours(1_000),
    ] {
        for name in ["fresh", "logs"] {
            let command = with(name, HERE, Some(span));
            refused_for_good(
                &mut stage,
                "ann",
                command,
                &errors::WS_03,
                "properties.retentionInDays",
            );
        }
    }
    let moved = with("logs", ELSEWHERE, None);
    refused_for_good(&mut stage, "ann", moved, &errors::WS_03, "location");
    for name in ["fresh", "logs"] {
        let command = with_sku(name, Sku::LaCluster);
        refused_for_good(&mut stage, "ann", command, &errors::WS_03, "sku.name");
    }
    let recover = workspace::Command::Recover { workspace };
    refused_for_good(&mut stage, "ann", recover, &errors::WS_03, "workspace");
}

#[test]
fn e_ws_04_a_linked_workspace_is_not_deleted() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let linking = stage.workspace("linking");
    stage.ann(link_to(&linking, &ready.cluster));
    for workspace in [&linking, &ready.workspace] {
        for force in [false, true] {
            let command = delete_workspace(workspace, force);
            refused_for_good(&mut stage, "ann", command, &errors::WS_04, "workspace");
        }
    }
    stage.ann(unlink(&ready.workspace));
    let unlinking = delete_workspace(&ready.workspace, false);
    refused_for_good(&mut stage, "ann", unlinking, &errors::WS_04, "workspace");
    stage.wait(Span::minutes(90));
    stage.ann(delete_workspace(&ready.workspace, false));
}

#[test]
fn e_ls_01_another_data_source() {
    for text in ["", "Queries", "query ", "Everything"] {
        let no = wire::data_source(text).unwrap_err();
        is(&no, &errors::LS_01, "dataSourceType");
    }
    let near = wire::data_source("Quer").unwrap_err();
    assert!(near.remedy.contains("Query"), "{}", near.remedy);
    for source in DataSource::ALL {
        assert_eq!(
            wire::data_source(&source.word().to_lowercase()),
            Ok(*source)
        );
    }
}

#[test]
fn e_ls_02_not_exactly_one_storage_account() {
    let target = "storageAccountIds";
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    for source in [DataSource::Query, DataSource::Alerts] {
        for names in [&[][..], &["bag", "box"]] {
            let command = storage(&workspace, source, names);
            refused_for_good(&mut stage, "ann", command, &errors::LS_02, target);
        }
    }
    let none = storage(&workspace, DataSource::CustomLogs, &[]);
    refused_for_good(&mut stage, "ann", none, &errors::LS_02, target);
    stage.ann(storage(&workspace, DataSource::CustomLogs, &["bag", "box"]));
}

#[test]
fn e_ls_03_a_storage_account_of_another_region() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let command = storage(&workspace, DataSource::Query, &["far"]);
    refused_for_good(
        &mut stage,
        "ann",
        command,
        &errors::LS_03,
        "storageAccountIds",
    );
}

#[test]
fn e_ls_04_an_unknown_storage_account() {
    let target = "storageAccountIds";
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let command = storage(&workspace, DataSource::Query, &["bog"]);
    let no = refused_for_good(&mut stage, "ann", command, &errors::LS_04, target);
    assert!(no.remedy.contains("bag"), "{}", no.remedy);
    let set = linked_storage::Command::SetKey {
        account: id("bog"),
        key: None,
    };
    refused_for_good(&mut stage, "ann", set, &errors::LS_04, target);
    let no = stage
        .world
        .find_storage_account(&Actor::Observer, "bog")
        .unwrap_err();
    is(&no, &errors::LS_04, target);
}

#[test]
fn e_ls_05_write_on_one_side_only() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let link = || storage(&workspace, DataSource::Query, &["bag"]);
    // The workspace only; the storage account only; neither.
    for who in ["lac", "sac", "rea"] {
        refused_for_good(&mut stage, who, link(), &errors::LS_05, "scope");
    }
    stage.act(&person("con"), link()).unwrap();
    for who in ["lac", "sac", "rea"] {
        let command = unlink_storage(&workspace, DataSource::Query);
        refused_for_good(&mut stage, who, command, &errors::LS_05, "scope");
    }
}

#[test]
fn e_ls_06_nothing_to_unlink() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    let command = unlink_storage(&workspace, DataSource::Alerts);
    refused_for_good(&mut stage, "ann", command, &errors::LS_06, "dataSourceType");
}

#[test]
fn e_ss_01_an_unknown_saved_query() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    stage.ann(save(&workspace, Kind::Search, "errors"));
    for (kind, name) in [(Kind::Search, "error"), (Kind::Alert, "errors")] {
        let command = saved_search::Command::Delete {
            workspace: workspace.clone(),
            kind,
            name: name.into(),
        };
        refused_for_good(&mut stage, "ann", command, &errors::SS_01, "name");
        let no = stage.world.saved(stage.now, &workspace, kind, name);
        is(&no.unwrap_err(), &errors::SS_01, "name");
    }
}

#[test]
fn e_ss_02_a_saved_query_that_is_not_valid() {
    let mut stage = Stage::keys();
    let workspace = stage.workspace("logs");
    let long = "s".repeat(129);
    for name in ["", "a b", "a/b", "질의", &long] {
        let command = save(&workspace, Kind::Search, name);
        refused_for_good(&mut stage, "ann", command, &errors::SS_02, "name");
    }
    let too_long = "x".repeat(TEXT_MAX + 1);
    for (field, text) in [("category", " "), ("displayName", ""), ("query", &too_long)] {
        let mut command = save(&workspace, Kind::Search, "errors");
        if let saved_search::Command::Save {
            category,
            display_name,
            query,
            ..
        } = &mut command
        {
            let at_fault = match field {
                "category" => category,
                "displayName" => display_name,
                _ => query,
            };
            *at_fault = text.into();
        }
        refused_for_good(&mut stage, "ann", command, &errors::SS_02, field);
    }
    for body in [
        "",
        "{}",
        r#"{"properties":{"category":"c","displayName":"d"}}"#,
        r#"{"properties":{"category":1,"displayName":"d","query":"q"}}"#,
    ] {
        let no = wire::saved_search(&workspace, Kind::Search, "x", body).unwrap_err();
        is(&no, &errors::SS_02, "properties");
    }
    let body = r#"{"etag":"W/\"1\"","properties":{"category":"Ops","displayName":"Errors",
        "query":"Event | where Level == 'Error'","version":2}}"#;
    let parsed = wire::saved_search(&workspace, Kind::Search, "errors", body).unwrap();
    assert_eq!(parsed, save(&workspace, Kind::Search, "errors"));
}

#[test]
fn e_ss_03_stored_queries_whose_key_cannot_be_used() {
    let target = "storageAccount";
    let mut stage = Stage::keys();
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "own");
    let identity = Caller::Identity(stage.world.storage_accounts[&id("bag")].identity);
    stage.policy(&vault, identity.clone(), &CLUSTER_NEEDS);
    stage.ann(linked_storage::Command::SetKey {
        account: id("bag"),
        key: Some(key.clone()),
    });
    let workspace = stage.workspace("logs");
    stage.ann(storage(&workspace, DataSource::Query, &["bag"]));
    stage.ann(save(&workspace, Kind::Search, "errors"));
    let list = Query::Saved {
        workspace: workspace.clone(),
        kind: Kind::Search,
    };
    assert!(asked(&stage, "ann", &list).is_ok());
    stage.enable(&key, false);
    let another = save(&workspace, Kind::Search, "another");
    let remove = saved_search::Command::Delete {
        workspace: workspace.clone(),
        kind: Kind::Search,
        name: "errors".into(),
    };
    for command in [another.clone(), remove] {
        refused_for_good(&mut stage, "ann", command, &errors::SS_03, target);
    }
    is(
        &asked(&stage, "ann", &list).unwrap_err(),
        &errors::SS_03,
        target,
    );
    stage.enable(&key, true);
    // Silence is cured by time.
    stage.fault(&vault, FaultKind::Outage, Span::minutes(20));
    let at = refused_until(&mut stage, "ann", another, &errors::SS_03, target);
    assert_eq!(at, stage.now + Span::minutes(20));
}

#[test]
fn e_qry_01_data_that_cannot_be_read() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let query = Query::Readable(ready.workspace.clone());
    assert_eq!(asked(&stage, "rea", &query), Ok(Answer::Yes));
    let mut revoked = stage.clone();
    revoked.enable(&ready.key, false);
    revoked.wait(Span::hours(1));
    let no = asked(&revoked, "rea", &query).unwrap_err();
    is(&no, &errors::QRY_01, "workspace");
    revoked.enable(&ready.key, true);
    revoked.wait(Span::minutes(2));
    assert!(matches!(
        revoked.encryption(&ready.cluster),
        Encryption::Resuming { .. }
    ));
    let no = asked(&revoked, "rea", &query).unwrap_err();
    is(&no, &errors::QRY_01, "workspace");
    let resumes = no.allowed_from.unwrap();
    revoked.until(resumes - Span::micros(1));
    assert!(asked(&revoked, "rea", &query).is_err());
    revoked.until(resumes);
    assert_eq!(asked(&revoked, "rea", &query), Ok(Answer::Yes));
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(1));
    stage.wait(Span::minutes(30));
    let no = asked(&stage, "rea", &query).unwrap_err();
    is(&no, &errors::QRY_01, "workspace");
}

#[test]
fn e_qry_02_a_workspace_that_is_absent_or_deleted() {
    let mut stage = Stage::keys();
    let gone = stage.workspace("gone");
    stage.ann(delete_workspace(&gone, false));
    for workspace in [gone, id("never"), "x".into()] {
        for query in [
            Query::Readable(workspace.clone()),
            Query::Route(workspace.clone()),
        ] {
            let no = asked(&stage, "ann", &query).unwrap_err();
            is(&no, &errors::QRY_02, "workspace");
        }
    }
}

#[test]
fn e_ing_01_accepted_and_lost() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let lost = |stage: &Stage, workspace: &ResourceId| {
        let answer = asked(stage, "ann", &Query::Route(workspace.clone()));
        let Ok(Answer::Route(route)) = answer else {
            panic!("{answer:?}")
        };
        route.loss().map(|no| {
            is(&no, &errors::ING_01, "workspace");
            assert!(no.message.starts_with("DATA LOST"), "{}", no.message);
            route
        })
    };
    assert_eq!(lost(&stage, &ready.workspace), None);
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(1));
    assert_eq!(
        lost(&stage, &ready.workspace),
        Some(Route::Dropped(ready.cluster.clone(), Loss::Revoked))
    );
    let early = stage.cluster("early");
    let workspace = stage.workspace("hasty");
    stage.ann(link_to(&workspace, &early));
    let route = lost(&stage, &workspace).unwrap();
    assert_eq!(route, Route::Dropped(early, Loss::NotProvisioned));
    // There is no key yet that could be restored.
    let no = route.loss().unwrap();
    assert_eq!(no.rule, "R-LNK-02");
    assert!(no.remedy.contains("provisioned"), "{}", no.remedy);
}
