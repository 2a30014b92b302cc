//! Why something is so: every chain ends with whoever gave the command, each step has its rule, and what is not
//! for somebody to see is not told.

use lockbox::engine::ask::sees;
use lockbox::engine::ids::Revision;
use lockbox::engine::projections::meaning::rule;
use lockbox::engine::projections::why::{About, Seen, Step, chain};
use lockbox::engine::vault::network::FaultKind;
use lockbox::engine::{Actor, Fact, Span, cluster, rules, vault};

use crate::keys::{delete, enabled, key_update};
use crate::stage::{Stage, person};

fn why(stage: &Stage, about: &About) -> Vec<Step> {
    let Some(from) = about.event(&stage.world) else {
        return Vec::new();
    };
    let read = |r: Revision| -> Result<_, ()> {
        Ok(stage.journal.iter().find(|e| e.revision == r).cloned())
    };
    chain(&stage.world, from, read).unwrap()
}

fn rules_of(steps: &[Step]) -> Vec<&str> {
    let id = |step: &Step| step.rule.map_or("-", |rule| rule.id);
    steps.iter().map(id).collect()
}

fn began(steps: &[Step]) -> &Actor {
    &steps.last().unwrap().event.actor
}

#[test]
fn a_key_that_is_refused_is_told_of_before_storage_notices() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let about = About::Cluster(ready.cluster.clone());
    // In force by a key update.
    let steps = why(&stage, &about);
    assert_eq!(rules_of(&steps)[..2], ["R-CMK-10", "R-CMK-24"]);
    stage.ann(enabled(&ready.key, false));
    let steps = why(&stage, &about);
    assert_eq!(rules_of(&steps), ["R-CMK-38"]);
    assert_eq!(began(&steps), &person("ann"));
}

#[test]
fn a_workspace_whose_data_is_lost_and_its_cluster_lead_to_the_key() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(enabled(&ready.key, false));
    let pressed = stage.world.revision;
    stage.wait(Span::hours(1));
    let workspace = About::Workspace(ready.workspace.clone());
    for about in [About::Cluster(ready.cluster.clone()), workspace] {
        let steps = why(&stage, &about);
        let expected = ["R-CMK-41", "R-CMK-49", "R-CMK-40", "R-CMK-49", "R-CMK-38"];
        assert_eq!(rules_of(&steps), expected);
        assert_eq!(steps.last().unwrap().event.revision, pressed);
    }
}

#[test]
fn an_expired_request_leads_to_the_engineer_who_asked() {
    let mut stage = Stage::new();
    let request = stage.pending();
    stage.wait(Span::days(4));
    let steps = why(&stage, &About::Request(request));
    let expected = [
        "R-LOCK-20",
        "R-LOCK-12",
        "R-LOCK-12",
        "R-LOCK-10",
        "R-LOCK-08",
    ];
    // The mails went out in between; the expiry follows from the notice.
    let found: Vec<&str> = (rules_of(&steps).into_iter())
        .filter(|id| *id != "R-LOCK-13")
        .collect();
    assert_eq!(found, expected);
    assert_eq!(began(&steps), &person("sue"));
}

#[test]
fn an_operation_that_failed_and_what_time_purged_lead_to_who_began_them() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    // A second key that is disabled before it has propagated.
    let next = stage.key(&ready.key.vault, "next");
    stage.ann(key_update(&ready.cluster, &next));
    let operation = stage.last_operation().id;
    stage.ann(enabled(&next, false));
    stage.wait(Span::minutes(5));
    assert!(stage.operation(operation).error.is_some());
    let steps = why(&stage, &About::Operation(operation));
    assert_eq!(rules_of(&steps), ["R-ASY-03", "R-CMK-24"]);
    assert_eq!(began(&steps), &person("ann"));
    // A deleted cluster, and then nothing of it.
    stage.ann(delete(&ready.cluster));
    stage.wait(Span::hours(3));
    let about = About::Cluster(ready.cluster.clone());
    assert_eq!(began(&why(&stage, &about)), &person("ann"));
    stage.wait(Span::days(15));
    let purged = (stage.journal.iter().rev())
        .find(|e| matches!(&e.fact, Fact::Cluster(cluster::Fact::Purged { .. })))
        .unwrap();
    let steps = why(&stage, &About::Event(purged.revision));
    assert_eq!(rules_of(&steps)[0], "R-CLU-32");
    assert_eq!(began(&steps), &person("ann"));
}

#[test]
fn the_end_of_a_fault_leads_to_its_beginning() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::minutes(45));
    stage.wait(Span::minutes(50));
    let about = About::Cluster(ready.cluster.clone());
    let steps = why(&stage, &about);
    assert_eq!(rules_of(&steps)[0], "R-CMK-54");
    assert_eq!(began(&steps), &Actor::Simulator);
    let sentences: Vec<&str> = steps.iter().map(|s| s.sentence.as_str()).collect();
    assert!(
        sentences.iter().any(|s| s.contains("can be reached again")),
        "{sentences:?}"
    );
}

#[test]
fn who_may_not_see_the_beginning_is_not_told_that_it_began_with_somebody_else() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(enabled(&ready.key, false));
    stage.wait(Span::hours(1));
    let steps = why(&stage, &About::Cluster(ready.cluster.clone()));
    let seen_by = |actor: &Actor| Seen::new(steps.clone(), |e| sees(&stage.world, actor, e));
    let ann = seen_by(&person("ann"));
    assert_eq!((ann.steps.len(), ann.unseen), (5, 0));
    assert_eq!(ann.beginning(), "It began with ann.");
    let stranger = seen_by(&person("nor"));
    assert_eq!((stranger.steps.len(), stranger.unseen), (0, 5));
    assert_eq!(stranger.beginning(), "What began it is not yours to see.");
    // Somebody who sees the effect and not the cause.
    let half = Seen::new(steps, |e| matches!(e.fact, Fact::Encryption(_)));
    assert_eq!((half.steps.len(), half.unseen), (4, 1));
    assert_eq!(half.beginning(), "What began it is not yours to see.");
    let nothing = Seen::new(Vec::new(), |_| true);
    assert!(nothing.beginning().starts_with("Nothing led to this"));
}

#[test]
fn a_changed_number_and_a_vault_that_is_taken_away_name_their_rules() {
    let mut stage = Stage::keys();
    let set = rules::Command::Set {
        name: "resume-latency".into(),
        value: "10m".into(),
    };
    let events = stage.simulate(set);
    assert_eq!(rule(&events[0].fact).unwrap().id, "R-CMK-46");
    let vault = stage.vault("kv-why");
    let events = stage.ann(vault::Command::Delete { vault });
    assert_eq!(rule(&events[0].fact).unwrap().id, "R-CMK-39");
}
