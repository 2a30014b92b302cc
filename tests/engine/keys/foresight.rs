//! What is foreseen is what comes: the difference a command makes, the fuses of the chain from vault to data, the
//! ways to cut a key and the way back.

use lockbox::engine::compare::played_on;
use lockbox::engine::foresight::foresee::{Access, Tone, Undo};
use lockbox::engine::foresight::lineage::{Part, State, holds};
use lockbox::engine::foresight::way_back::Standing;
use lockbox::engine::foresight::ways::Cut;
use lockbox::engine::foresight::{Foresight, Fuse, foresee, lineage, way_back, ways_to_cut};
use lockbox::engine::ingestion::ledger::Scope as Of;

use super::*;

fn fuse(stage: &Stage, cluster: &ResourceId, part: Part) -> Option<Fuse> {
    let chain = lineage(&stage.world, stage.now, cluster).unwrap();
    let link = chain.links.into_iter().find(|l| l.part == part).unwrap();
    link.fuse
}

fn state(stage: &Stage, cluster: &ResourceId, part: Part) -> State {
    let chain = lineage(&stage.world, stage.now, cluster).unwrap();
    chain.links.iter().find(|l| l.part == part).unwrap().state
}

fn ahead(stage: &Stage, command: impl Into<Command>) -> Foresight {
    foresee(&stage.world, stage.now, &person("ann"), &command.into()).unwrap()
}

fn told(foresight: &Foresight) -> String {
    let said = foresight.said(&person("ann"));
    let lines: Vec<String> = said.into_iter().map(|s| s.text).collect();
    lines.join("\n")
}

/// Whatever chains a world has, each fuse is within its bounds, and time does what it says when it says it.
pub(super) fn fuses_burn_as_foretold(world: &World, now: SimTime) {
    for id in world.clusters.keys() {
        let chain = lineage(world, now, id).unwrap();
        for link in &chain.links {
            let held = holds(world, now, id, link.part);
            let Some(fuse) = &link.fuse else { continue };
            assert!(
                now <= fuse.earliest
                    && fuse.earliest <= fuse.expected
                    && fuse.expected <= fuse.latest,
                "{id} {link:?} at {now}"
            );
            assert_eq!(fuse.heals, !held);
            let before = played_on(world, fuse.expected - Span(1)).unwrap();
            let just = fuse.expected - Span(1);
            assert_eq!(
                holds(&before, just.max(now), id, link.part),
                held,
                "{id} {link:?} at {now}"
            );
            let then = played_on(world, fuse.expected).unwrap();
            assert_eq!(
                holds(&then, fuse.expected, id, link.part),
                !held,
                "{id} {link:?} at {now}"
            );
        }
        if let Some(notice) = &chain.notice {
            assert!(notice.earliest <= notice.expected && notice.expected <= notice.latest);
            let then = played_on(world, notice.expected).unwrap();
            let polled = then.clusters.get(id).is_none_or(|c| {
                c.protection
                    .last_poll
                    .as_ref()
                    .is_some_and(|(at, _)| *at == notice.expected)
                    || !c.is_live()
            });
            assert!(polled, "{id} {notice:?}");
        }
    }
}

#[test]
fn a_quiet_chain_holds_and_no_fuse_burns() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let chain = lineage(&stage.world, stage.now, &ready.cluster).unwrap();
    assert!(
        chain
            .links
            .iter()
            .all(|l| l.state == State::Holds && l.fuse.is_none())
    );
    assert!(chain.notice.is_none() || chain.notice.unwrap().heals);
    let accounts = chain.links.iter().filter(|l| l.call.is_some()).count();
    assert_eq!(accounts, stage.at(&ready.cluster).accounts.len());
}

#[test]
fn a_disabled_version_burns_towards_the_hour_and_heals_within_the_half_hour() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let changed = stage.now;
    stage.enable(&ready.key, false);
    assert_eq!(state(&stage, &ready.cluster, Part::Version), State::Broken);
    let burning = fuse(&stage, &ready.cluster, Part::Queries).unwrap();
    assert_eq!(
        (
            burning.heals,
            burning.earliest,
            burning.latest,
            burning.rule
        ),
        (false, changed, changed + Span::hours(1), "R-CMK-40")
    );
    let chain = lineage(&stage.world, stage.now, &ready.cluster).unwrap();
    let notice = chain.notice.unwrap();
    assert!(notice.expected <= changed + Span::seconds(60));
    stage.until(burning.expected);
    for part in [
        Part::DataKeys,
        Part::HotCache,
        Part::Queries,
        Part::Ingestion,
    ] {
        assert_eq!(
            state(&stage, &ready.cluster, part),
            State::Broken,
            "{part:?}"
        );
    }
    let restored = stage.now;
    stage.enable(&ready.key, true);
    let healing = fuse(&stage, &ready.cluster, Part::Queries).unwrap();
    assert!(healing.heals && healing.rule == "R-CMK-46");
    assert!(healing.latest <= restored + Span::seconds(60) + Span::minutes(30));
    let account = stage.at(&ready.cluster).accounts[0].id;
    let unwrapped = fuse(&stage, &ready.cluster, Part::Account(account)).unwrap();
    assert!(unwrapped.expected < healing.expected);
    stage.until(healing.expected);
    assert_eq!(state(&stage, &ready.cluster, Part::Queries), State::Holds);
}

#[test]
fn an_outage_leaves_the_vault_unknown_and_the_buffer_burns_last() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let began = stage.now;
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(9));
    assert_eq!(state(&stage, &ready.cluster, Part::Vault), State::Unknown);
    let queries = fuse(&stage, &ready.cluster, Part::Queries).unwrap();
    assert_eq!(
        (queries.expected, queries.rule),
        (began + Span::minutes(30), "R-CMK-52")
    );
    let ingestion = fuse(&stage, &ready.cluster, Part::Ingestion).unwrap();
    assert_eq!(
        (ingestion.expected, ingestion.rule),
        (began + Span::minutes(30) + Span::hours(6), "R-CMK-53")
    );
    assert!(fuse(&stage, &ready.cluster, Part::HotCache).is_none());
}

#[test]
fn what_is_foreseen_of_disabling_a_key_is_what_comes() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let foresight = ahead(&stage, enabled(&ready.key, false));
    let [change] = foresight.clusters.as_slice() else {
        panic!("{:?}", foresight.clusters);
    };
    let Access::Lost { fuse, until: None } = &change.access else {
        panic!("{change:?}");
    };
    assert!(change.erased.is_some() && change.hourly > 0);
    let text = told(&foresight);
    for part in [
        "loses access to its data by",
        "an hour are lost for good",
        "14d of hot cache are erased",
        "scheduled queries fail",
        "Reversible at any time: enable the version again",
        "If you do nothing:",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    stage.enable(&ready.key, false);
    stage.until(foresight.until);
    let lost = stage
        .world
        .modelled(&Of::Cluster(ready.cluster.clone()), stage.now)
        .lost();
    assert_eq!(change.dropped, [lost, 0]);
    assert_eq!(stage.at(&ready.cluster).protection.since, fuse.expected);
}

#[test]
fn giving_the_key_back_in_time_is_foreseen_to_keep_the_access() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.enable(&ready.key, false);
    stage.wait(Span::minutes(10));
    let foresight = ahead(&stage, enabled(&ready.key, true));
    assert!(matches!(foresight.clusters[0].access, Access::Kept(_)));
    let good = foresight.said(&person("ann"));
    assert_eq!(good[0].tone, Tone::Good);
    // Too late, it comes back only.
    stage.wait(Span::hours(1));
    let foresight = ahead(&stage, enabled(&ready.key, true));
    let Access::Back(fuse) = &foresight.clusters[0].access else {
        panic!("{:?}", foresight.clusters);
    };
    stage.enable(&ready.key, true);
    stage.until(fuse.expected);
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);
}

#[test]
fn what_cannot_be_undone_is_said_with_the_date_until_which_it_can() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let delete = key::Command::Delete {
        vault: ready.key.vault.clone(),
        key: ready.key.key.clone(),
    };
    let foresight = ahead(&stage, delete);
    let retention = stage.world.vaults[&ready.key.vault].retention;
    let Some(Undo::Until(at, _)) = &foresight.undo else {
        panic!("{:?}", foresight.undo);
    };
    assert_eq!(*at, stage.now + retention);
    let unlinked = ahead(&stage, unlink(&ready.workspace));
    assert_eq!(unlinked.moved[0].route, Route::Shared);
    assert_eq!(unlinked.moved[0].at, stage.now + Span::minutes(90));
    let no = foresee(
        &stage.world,
        stage.now,
        &person("rea"),
        &unlink(&ready.workspace).into(),
    );
    assert!(no.is_err());
}

#[test]
fn who_may_not_see_a_cluster_is_told_only_that_there_is_one() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let foresight = ahead(&stage, enabled(&ready.key, false));
    let said = foresight.said(&person("fay"));
    let text: Vec<String> = said.into_iter().map(|s| s.text).collect();
    let text = text.join("\n");
    assert!(text.contains("1 cluster that you may not see"), "{text}");
    assert!(!text.contains(ready.cluster.name()), "{text}");
}

#[test]
fn every_way_to_cut_a_key_says_when_and_can_be_done() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let ways = ways_to_cut(&stage.world, stage.now, &person("ann"), &ready.cluster).unwrap();
    assert_eq!(ways.len(), Cut::ALL.len());
    for way in &ways {
        let command = way.command.clone().unwrap();
        let fuse = way
            .fuse
            .as_ref()
            .unwrap_or_else(|| panic!("{:?} has no fuse", way.cut));
        let mut then = stage.clone();
        then.act(&way.by, command).unwrap();
        let part = Part::Queries;
        if way.cut == Cut::Unlink {
            then.until(fuse.expected);
            assert_eq!(then.route(&ready.workspace), Route::Shared);
            continue;
        }
        then.until(fuse.expected - Span(1));
        assert!(
            holds(&then.world, then.now, &ready.cluster, part),
            "{:?}",
            way.cut
        );
        then.until(fuse.expected);
        assert!(
            !holds(&then.world, then.now, &ready.cluster, part),
            "{:?}",
            way.cut
        );
    }
    // Who may not do it is told why.
    let ways = ways_to_cut(&stage.world, stage.now, &person("rea"), &ready.cluster).unwrap();
    assert!(
        ways.iter()
            .all(|w| w.cut == Cut::Outage || w.verdict.is_err())
    );
}

#[test]
fn the_way_back_names_the_version_the_cluster_points_at_and_ends_in_what_stays_lost() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.ann(key::Command::NewVersion {
        vault: ready.key.vault.clone(),
        key: ready.key.key.clone(),
    });
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(2));
    let back =
        |stage: &Stage| way_back(&stage.world, stage.now, &person("ann"), &ready.cluster).unwrap();
    let steps = back(&stage);
    let todo: Vec<_> = steps
        .iter()
        .filter(|s| s.standing == Standing::Now)
        .collect();
    assert_eq!(todo.len(), 1, "{steps:?}");
    assert!(
        todo[0].note.contains("enabling that does not help"),
        "{todo:?}"
    );
    assert_eq!(todo[0].who[0], "ann".into());
    let last = steps.last().unwrap();
    assert_eq!(
        (last.standing, last.rule),
        (Standing::Impossible, "R-CMK-42")
    );
    let (actor, command) = todo[0].does.clone().unwrap();
    stage.act(&actor, command).unwrap();
    stage.wait(Span::minutes(31));
    let steps = back(&stage);
    let (_, rest) = steps.split_last().unwrap();
    assert!(
        rest.iter().all(|s| s.standing == Standing::Done),
        "{steps:?}"
    );
}
