//! The past and branches: what was is rebuilt exactly, playing on from it gives what happened, and no branch changes
//! what it began in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lockbox::engine::compare::{compare, played_on};
use lockbox::engine::ids::Revision;
use lockbox::engine::ingestion::ledger::Scope;
use lockbox::engine::projections::meaning::is_consequence;
use lockbox::engine::projections::why::About;
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, SimTime, Span, World, digest, evolve};
use lockbox::runtime::{ClockCommand, Handle, Host, HostError, Look, ManualWall, Only, Past};
use lockbox::store::{Journal, SqliteJournal};
use proptest::prelude::*;

use super::stage::{dir, events, open, pending};
use crate::keyed::{
    CLUSTER, WORKSPACE, logs, make_linked, make_protected, make_workspace, set_enabled, wait,
};

fn past(host: &Host) -> Past {
    Past::new(host.journal().reader().unwrap())
}

fn refusal(error: HostError) -> String {
    match error {
        HostError::Refused(refusal) => refusal.message,
        other => panic!("{other}"),
    }
}

/// The world after so many events, folded from the first one on.
fn naive(host: &Host, revision: u64) -> World {
    let mut world = host.journal().origin();
    for event in events(host).iter().filter(|e| e.revision.0 <= revision) {
        evolve(&mut world, event);
    }
    world
}

/// A cluster under a key that is revoked, and back again.
fn revoked_and_back(host: &mut Host) {
    make_workspace(host);
    let key = make_protected(host);
    make_linked(host);
    set_enabled(host, &key, false);
    wait(host, Span::hours(3));
    set_enabled(host, &key, true);
    wait(host, Span::hours(2));
}

#[test]
fn every_world_of_the_record_is_rebuilt_exactly_and_steps_lead_from_one_to_the_next() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    revoked_and_back(&mut host);
    let mut past = past(&host);
    let all = events(&host);
    let head = host.world().revision;
    for event in &all {
        let glimpse = past.look(Look::Revision(event.revision)).unwrap();
        assert_eq!(
            digest(&glimpse.world),
            digest(&naive(&host, event.revision.0))
        );
        assert_eq!(
            (glimpse.event.as_ref(), glimpse.at),
            (Some(event), event.at)
        );
        assert_eq!(glimpse.head, head);
        for (only, stops) in [(Only::Everything, false), (Only::Consequences, true)] {
            let fits = |e: &&lockbox::engine::Event| !stops || is_consequence(e);
            let from = event.revision;
            let after = all.iter().filter(|e| e.revision > from).find(fits);
            let next = past.look(Look::Next { from, only });
            assert_eq!(
                next.ok().map(|g| g.world.revision),
                after.map(|e| e.revision)
            );
            let earlier = all.iter().rev().filter(|e| e.revision < from).find(fits);
            let before = past.look(Look::Before { from, only });
            assert_eq!(
                before.ok().map(|g| g.world.revision),
                earlier.map(|e| e.revision)
            );
        }
        let by = past.look(Look::Instant(event.at)).unwrap();
        assert!(by.world.now == event.at && by.world.revision >= event.revision);
        let just_before = past.look(Look::Instant(event.at - Span::micros(1)));
        assert!(just_before.is_err() || just_before.unwrap().world.revision < event.revision);
    }
    // What was not is said to be not.
    let begins = all[0].at;
    let no = past
        .look(Look::Instant(begins - Span::micros(1)))
        .unwrap_err();
    assert!(refusal(no).contains(&format!("begins at {} UTC", begins.to_seconds())));
    let no = past.look(Look::Revision(Revision(0))).unwrap_err();
    assert!(refusal(no).contains("from r1 to"));
    let no = past.look(Look::Revision(Revision(head.0 + 1))).unwrap_err();
    assert!(refusal(no).contains(&format!("r1 to {head}")));
    // New events are there at once.
    pending(&mut host);
    let newest = past.look(Look::Revision(host.world().revision)).unwrap();
    assert_eq!(digest(&newest.world), digest(host.world()));
}

#[test]
fn a_state_is_traced_back_to_the_person_and_the_command_with_its_rules() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    set_enabled(&mut host, &key, false);
    let pressed = host.world().revision;
    wait(&mut host, Span::hours(2));
    assert_eq!(logs(&host).protection.state.word(), "Revoked");
    for about in [
        About::Cluster(CLUSTER.into()),
        About::Workspace(WORKSPACE.into()),
    ] {
        let steps = past(&host).why(host.world(), &about).unwrap();
        let rules: Vec<&str> = steps.iter().filter_map(|s| s.rule).map(|r| r.id).collect();
        assert_eq!(
            rules,
            ["R-CMK-41", "R-CMK-49", "R-CMK-40", "R-CMK-49", "R-CMK-38"],
            "{about:?}"
        );
        let last = steps.last().unwrap();
        assert_eq!(last.event.revision, pressed);
        assert_eq!(last.event.actor, crate::tiny::person("minji.kim"));
        assert!(last.sentence.contains("DISABLED"), "{}", last.sentence);
    }
}

#[test]
fn what_comes_of_a_branch_is_traced_back_over_the_moment_it_began_in() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let key = make_protected(&mut host);
    set_enabled(&mut host, &key, false);
    let pressed = host.world().revision;
    let parent = host.journal().reader().unwrap();
    let clock = Box::new(wall.clone());
    let mut branch = Host::branch_of(parent, host.world(), host.now(), clock).unwrap();
    wait(&mut branch, Span::hours(2));
    let about = About::Cluster(CLUSTER.into());
    let steps = past(&branch).why(branch.world(), &about).unwrap();
    assert_eq!(steps.len(), 5);
    assert_eq!(steps.last().unwrap().event.revision, pressed);
    let all = branch
        .journal()
        .read_after(Revision(0), usize::MAX)
        .unwrap();
    let numbers: Vec<u64> = all.iter().map(|e| e.revision.0).collect();
    assert_eq!(numbers, Vec::from_iter(1..=branch.world().revision.0));
    assert_eq!(host.world().revision, pressed);
}

#[test]
fn a_branch_goes_its_own_way_and_its_parent_stays_as_it_is() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    let parted = host.world().revision;
    let at = host.now();
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(4));
    let (parent, record) = (digest(host.world()), host.journal().verify().unwrap());

    let base = past(&host).look(Look::Revision(parted)).unwrap();
    let mut branch = Host::branch(&base.world, at, Box::new(wall.clone())).unwrap();
    assert_eq!((branch.now(), branch.world().revision), (at, parted));
    wait(&mut branch, Span::hours(4));
    let outage = network::Command::Inject {
        vault: key.vault.clone(),
        kind: FaultKind::Outage,
        length: Span::minutes(10),
    };
    branch.submit(&Actor::Simulator, &outage.into()).unwrap();
    wait(&mut branch, Span::hours(1));
    assert_eq!(logs(&branch).protection.state.word(), "CmkActive");
    assert_eq!(host.journal().verify().unwrap(), record);
    assert_eq!(digest(host.world()), parent);

    // Side by side at the later of the two.
    let both = compare(
        &Actor::Observer,
        host.world(),
        branch.world(),
        at,
        branch.now(),
    )
    .unwrap();
    let figure = |what: &str| {
        let row = both.rows.iter().find(|r| r.what.starts_with(what)).unwrap();
        (row.left, row.right)
    };
    let lost = host.world().modelled(&Scope::All, host.now()).lost();
    let (left, right) = figure("dropped for good");
    assert!(
        left > lost && lost > 0 && right == 0,
        "{left} {lost} {right}"
    );
    let (down, up) = figure("prod/web/logs could not be read");
    assert_eq!((down, up), (u128::from(Span::hours(4).0.unsigned_abs()), 0));
    assert_eq!(figure("scheduled queries failed"), (48, 0));
    assert_ne!(both.digests[0], both.digests[1]);

    // Its own past reaches back to where it began, and no further.
    let mut own = past(&branch);
    let no = own.look(Look::Instant(at - Span::hours(1))).unwrap_err();
    assert!(refusal(no).contains("This branch begins at"));
    let first = own
        .look(Look::Next {
            from: parted,
            only: Only::Everything,
        })
        .unwrap();
    assert_eq!(first.world.revision, parted.next());
}

#[test]
fn a_branch_that_is_written_down_is_a_whole_record_and_cannot_be_written_just_anywhere() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    revoked_and_back(&mut host);
    let base = past(&host).look(Look::Whole(Revision(20))).unwrap();
    let mut branch = Host::branch(&base.world, base.at, Box::new(wall.clone())).unwrap();
    wait(&mut branch, Span::days(3));
    let parent = host.journal().reader().unwrap();
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("what-if");
    branch.save_branch(parent.as_ref(), &saved).unwrap();
    let journal = SqliteJournal::open(&saved.join("journal.db")).unwrap();
    assert_eq!(journal.verify().unwrap().head, branch.world().revision);
    let reopened = open(&saved, &wall);
    assert_eq!(digest(reopened.world()), digest(branch.world()));
    assert_eq!(reopened.now(), branch.now());
    drop(reopened);

    // Not over something, and not where nothing can be written; nothing is left there.
    let no = branch.save_branch(parent.as_ref(), &saved).unwrap_err();
    assert!(no.to_string().contains("is not empty"), "{no}");
    let closed = place.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let rooted = fs::write(closed.join("probe"), "").is_ok();
    if !rooted {
        let no = branch.save_branch(parent.as_ref(), &closed).unwrap_err();
        assert!(no.to_string().contains("can be written"), "{no}");
    }
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let no = branch
        .save_branch(parent.as_ref(), &file.join("below"))
        .unwrap_err();
    assert!(no.to_string().contains("can be written"), "{no}");
}

#[test]
fn a_branch_whose_writer_was_killed_is_no_place_for_another_world() {
    let dir = dir();
    fs::write(dir.path().join("branch"), "7\n").unwrap();
    fs::write(dir.path().join("branch.db"), "half").unwrap();
    let founding = || panic!("nothing is founded there");
    let opened = Host::open_at(dir.path(), None, founding, Box::<ManualWall>::default());
    let Err(error) = opened else {
        panic!("it opened");
    };
    assert!(
        error.to_string().contains("not written down whole"),
        "{error}"
    );
    assert!(!dir.path().join("journal.db").exists());
}

#[test]
fn the_clock_goes_to_a_time_and_to_the_next_consequence() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    set_enabled(&mut host, &key, false);
    let states = [("RevocationPending"), ("Revoked")];
    for state in states {
        host.clock_set(ClockCommand::NextConsequence).unwrap();
        assert_eq!(logs(&host).protection.state.word(), state);
    }
    let to = host.now() + Span::days(2);
    assert_eq!(host.clock_set(ClockCommand::To(to)).unwrap().now, to);
    let before = digest(host.world());
    let no = host
        .clock_set(ClockCommand::To(to - Span::micros(1)))
        .unwrap_err();
    assert!(refusal(no).contains("time does not run backwards"));
    assert_eq!((host.now(), digest(host.world())), (to, before));
}

#[test]
fn a_handle_answers_about_the_past_while_the_engine_goes_on() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    revoked_and_back(&mut host);
    let expected = digest(&naive(&host, 40));
    let handle = Handle::spawn(host, None).unwrap();
    let glimpse = handle
        .look(Look::Revision(Revision(40)))
        .blocking_recv()
        .unwrap()
        .unwrap();
    assert_eq!(digest(&glimpse.world), expected);
    let events = handle
        .events(Revision(30), 3)
        .blocking_recv()
        .unwrap()
        .unwrap();
    let numbers: Vec<u64> = events.iter().map(|e| e.revision.0).collect();
    assert_eq!(numbers, [31, 32, 33]);
}

/// A move of somebody who plays: wait, press, or look back.
#[derive(Debug, Clone)]
enum Move {
    Wait(i64),
    Enable(bool),
    Outage(i64),
    Rewind(u64),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (1..20_000i64).prop_map(Move::Wait),
        any::<bool>().prop_map(Move::Enable),
        (1..600i64).prop_map(Move::Outage),
        any::<u64>().prop_map(Move::Rewind),
    ]
}

/// The world every walk begins in.
fn stage() -> (World, SimTime, lockbox::engine::vault::key::KeyIdentifier) {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    (host.world().clone(), host.now(), key)
}

#[test]
fn rewinding_and_playing_forward_is_as_never_having_rewound() {
    let (world, at, key) = stage();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let walks = prop::collection::vec(moves(), 1..14);
    let walk = |walk: Vec<Move>| {
        let wall = ManualWall::default();
        let mut rewinds = Host::branch(&world, at, Box::new(wall.clone())).unwrap();
        let mut never = Host::branch(&world, at, Box::new(wall)).unwrap();
        let mut past = past(&rewinds);
        for step in walk {
            let both = [&mut rewinds, &mut never];
            match step {
                Move::Wait(seconds) => both.map(|h| wait(h, Span::seconds(seconds))),
                Move::Enable(on) => both.map(|host| {
                    let vault = &host.world().vaults[&key.vault];
                    if vault.fault.is_none() {
                        set_enabled(host, &key, on);
                    }
                }),
                Move::Outage(minutes) => both.map(|host| {
                    let inject = network::Command::Inject {
                        vault: key.vault.clone(),
                        kind: FaultKind::Outage,
                        length: Span::minutes(minutes),
                    };
                    // A second fault is refused, and leaves no trace.
                    let _ = host.submit(&Actor::Simulator, &inject.into());
                }),
                Move::Rewind(pick) => {
                    let (base, head) = (world.revision.0, rewinds.world().revision.0);
                    if head == base {
                        continue;
                    }
                    let to = base + 1 + pick % (head - base);
                    let mut then = past.look(Look::Whole(Revision(to))).unwrap().world;
                    let (start, to) = (then.clone(), then.revision);
                    // What is done in a branch of it is nobody's business here.
                    let other = ManualWall::default();
                    let mut branch = Host::branch(&then, then.now, Box::new(other)).unwrap();
                    wait(&mut branch, Span::hours(1));
                    let since = rewinds.journal().read_after(to, usize::MAX).unwrap();
                    since.iter().for_each(|event| evolve(&mut then, event));
                    prop_assert_eq!(digest(&then), digest(rewinds.world()));
                    // Time alone leads on from there to the same, as long as nobody did anything.
                    let alone = |e: &lockbox::engine::Event| {
                        !matches!(e.actor, Actor::Person(_) | Actor::Simulator)
                    };
                    if since.iter().all(alone) {
                        let on = played_on(&start, rewinds.now()).unwrap();
                        prop_assert_eq!(digest(&on), digest(rewinds.world()));
                    }
                    continue;
                }
            };
            prop_assert_eq!(digest(rewinds.world()), digest(never.world()));
        }
        prop_assert_eq!(
            rewinds.journal().verify().unwrap(),
            never.journal().verify().unwrap()
        );
        Ok(())
    };
    runner.run(&walks, walk).unwrap();
}
