//! A drill beside people at a console.

use lockbox::drill::{Cast, Drill, Outcome, Part, rehearse};
use lockbox::engine::lockbox::request;
use lockbox::engine::{Actor, SimTime, Span};
use lockbox::runtime::{ClockCommand, Founding, Handle, Host, SystemWall};

use super::{drills, on_two_threads};

/// A drill on a handle, with time standing at its beginning.
fn staged(drill: &Drill, cast: Cast) -> (Handle, std::sync::mpsc::Receiver<Outcome>) {
    let founding = Founding {
        fingerprint: drill.fingerprint.clone(),
        commands: Box::new(drill.world.founding()),
    };
    let mut host = Host::memory(founding, Box::new(SystemWall::default())).unwrap();
    host.clock_set(ClockCommand::Pause).unwrap();
    let (part, outcome) = Part::new(drill.clone(), cast, &host);
    let handle = Handle::staged(host, Some("the test"), Some(Box::new(part))).unwrap();
    (handle, outcome)
}

fn clock(handle: &Handle, command: ClockCommand) -> SimTime {
    handle.clock(command).blocking_recv().unwrap().unwrap().now
}

fn last(drill: &Drill) -> SimTime {
    let beats = drill.beats.iter().map(|beat| beat.at);
    let ends = drill.expectations.iter().map(|e| e.when.until());
    beats.chain(ends).max().unwrap()
}

#[test]
fn every_drill_on_a_stage_ends_as_it_does_headless_whatever_jumps_time_makes() {
    on_two_threads(&drills(), |drill| {
        let headless = rehearse(drill, &[]);
        let (handle, outcome) = staged(drill, Cast::Everybody);
        // Half the way in one jump, the rest event by event, and what is left at once.
        let (from, to) = (drill.opens_at, last(drill));
        clock(&handle, ClockCommand::To(from + Span((to - from).0 / 2)));
        for _ in 0..10 {
            let _ = handle.clock(ClockCommand::Next).blocking_recv().unwrap();
        }
        if handle.views().borrow().clock.now < to {
            clock(&handle, ClockCommand::To(to));
        }
        drop(handle);
        let outcome = outcome.recv().unwrap();
        assert_eq!(outcome.findings, headless.findings, "{}", drill.id);
        assert!(outcome.passed(), "{}", drill.id);
    });
}

fn drill(id: &str) -> Drill {
    drills().into_iter().find(|drill| drill.id == id).unwrap()
}

#[test]
fn who_plays_a_part_does_it_or_fails_what_was_expected_and_others_play_by_themselves() {
    let drill = drill("early-revoke");
    let minutes = |n| drill.opens_at + Span::minutes(n);
    let minji = Cast::AllBut("minji".into());

    let (handle, outcome) = staged(&drill, minji.clone());
    clock(&handle, ClockCommand::To(minutes(6)));
    let view = handle.views().borrow().clone();
    let request = view.world.lockbox.requests.get_max().unwrap().0;
    assert!(
        view.world.lockbox.requests[&request].decision.is_none(),
        "her part is hers"
    );
    let cue = view.cue.clone().unwrap();
    assert!(cue.next.starts_with("Expected at "), "{}", cue.next);
    let decide = request::Command::Decide {
        request,
        approve: true,
        reason: "Go.".into(),
    };
    let by = |name: &str| Actor::Person(name.into());
    let refused = handle.submit(by("con"), decide.clone().into());
    assert!(refused.blocking_recv().unwrap().is_err());
    let done = handle.submit(by("minji"), decide.into());
    done.blocking_recv().unwrap().unwrap();
    clock(&handle, ClockCommand::To(minutes(60)));
    drop(handle);
    let played = outcome.recv().unwrap();
    // At six minutes she approves; the engineer, who connects by himself at ten, gets in.
    assert!(
        played.passed(),
        "{:?}",
        played.failures().collect::<Vec<_>>()
    );
    assert_eq!(played.score.refused, 1, "what was wrongly tried counts");
    assert_eq!(played.score.time_to_decide, Some(Span::minutes(4)));

    let (handle, outcome) = staged(&drill, minji);
    clock(&handle, ClockCommand::To(minutes(60)));
    drop(handle);
    let slept = outcome.recv().unwrap();
    assert!(!slept.passed());
    assert_eq!(
        slept.score.time_to_decide, None,
        "nobody else decides for her"
    );
}

#[test]
fn a_drill_that_is_left_before_its_end_has_failed() {
    let drill = drill("s01-happy-approve");
    let (handle, outcome) = staged(&drill, Cast::Everybody);
    clock(&handle, ClockCommand::To(drill.opens_at + Span::minutes(1)));
    drop(handle);
    let outcome = outcome.recv().unwrap();
    let left = outcome
        .failures()
        .find(|finding| finding.what == "the drill");
    assert_eq!(left.unwrap().found, "left before");
}

#[test]
fn a_presenter_does_everything_and_reads_what_comes_next() {
    let drill = drill("early-revoke");
    let (handle, _outcome) = staged(&drill, Cast::Nobody);
    let cue = |handle: &Handle| handle.views().borrow().cue.clone().unwrap();
    assert!(cue(&handle).note.contains("Access is taken back early"));
    clock(
        &handle,
        ClockCommand::To(drill.opens_at + Span::minutes(20)),
    );
    assert!(cue(&handle).note.contains("Azure has no such button"));
    assert!(cue(&handle).next.ends_with("act"), "{}", cue(&handle).next);
    assert_eq!(handle.views().borrow().world.lockbox.requests.len(), 0);
}
