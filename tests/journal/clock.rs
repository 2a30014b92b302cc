//! Time: exact boundaries, and it runs only while somebody holds the clock.

use lockbox::engine::lockbox::request::Status;
use lockbox::engine::{Span, digest, due};
use lockbox::runtime::{ClockCommand, Host, HostError, ManualWall};

use super::stage::{dir, events, open, pending, status, ticket};
use crate::tiny::{opens_at, tiny_world};

#[test]
fn a_request_is_pending_one_microsecond_before_four_days_and_expired_at_four_days() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    assert!(host.hold_clock("test").unwrap());
    pending(&mut host);
    wall.pass(Span(Span::days(4).0 - 1));
    host.elapse().unwrap();
    assert_eq!(host.now(), opens_at() + Span(Span::days(4).0 - 1));
    assert_eq!(status(host.world()), Status::Pending);
    wall.pass(Span(1));
    host.elapse().unwrap();
    assert_eq!(status(host.world()), Status::Expired);
    assert_eq!(events(&host).last().unwrap().at, opens_at() + Span::days(4));
}

#[test]
fn time_stands_while_nobody_holds_the_clock_and_goes_on_from_there() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    wall.pass(Span::days(30));
    host.elapse().unwrap();
    assert_eq!(
        (host.now(), status(host.world())),
        (opens_at(), Status::Pending)
    );
    host.hold_clock("test").unwrap();
    wall.pass(Span::hours(1));
    drop(host);
    wall.pass(Span::days(30));
    let host = open(dir.path(), &wall);
    assert_eq!(host.now(), opens_at() + Span::hours(1));
    assert!(!host.clock_reading().running);
}

#[test]
fn rate_pause_and_resume_bend_time_only_from_the_moment_they_are_given() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    host.hold_clock("test").unwrap();
    wall.pass(Span::seconds(10));
    host.clock_set(ClockCommand::Rate(60)).unwrap();
    wall.pass(Span::seconds(10));
    host.clock_set(ClockCommand::Pause).unwrap();
    wall.pass(Span::seconds(10));
    host.clock_set(ClockCommand::Resume).unwrap();
    wall.pass(Span::seconds(1));
    assert_eq!(host.now(), opens_at() + Span::seconds(10 + 600 + 60));
}

#[test]
fn a_rate_or_an_advance_beyond_all_measure_is_refused_and_changes_nothing() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let before = host.journal().clock().unwrap();
    for command in [
        ClockCommand::Rate(86_401),
        ClockCommand::Advance(Span(i64::MAX)),
        ClockCommand::Next,
    ] {
        let outcome = host.clock_set(command);
        assert!(matches!(outcome, Err(HostError::Refused(_))), "{command:?}");
    }
    assert_eq!(host.journal().clock().unwrap(), before);
}

#[test]
fn an_advance_commits_every_due_instant_at_its_own_time_and_next_goes_to_the_next_one() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    host.clock_set(ClockCommand::Advance(Span::hours(1)))
        .unwrap();
    ticket(&mut host, "later");
    assert_eq!(
        events(&host).last().unwrap().at,
        opens_at() + Span::hours(1)
    );
    let reading = host.clock_set(ClockCommand::Next).unwrap();
    assert_eq!(reading.now, opens_at() + Span::days(4));
    assert_eq!(status(host.world()), Status::Expired);
    assert_eq!(due(host.world()), None);
}

#[test]
fn the_holder_follows_a_one_shot_that_moves_its_clock() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut console = open(dir.path(), &wall);
    console.hold_clock("console").unwrap();
    wall.pass(Span::seconds(5));
    let mut shot = open(dir.path(), &wall);
    assert!(!shot.hold_clock("shot").unwrap());
    assert!(shot.clock_reading().running);
    assert_eq!(shot.now(), opens_at() + Span::seconds(5));
    shot.clock_set(ClockCommand::Advance(Span::days(1)))
        .unwrap();
    shot.clock_set(ClockCommand::Rate(2)).unwrap();
    drop(shot);
    wall.pass(Span::seconds(5));
    assert!(console.refresh().unwrap());
    wall.pass(Span::seconds(5));
    assert_eq!(
        console.now(),
        opens_at() + Span::days(1) + Span::seconds(5 + 20)
    );
}

#[test]
fn a_world_opened_again_is_the_same_world() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    host.clock_set(ClockCommand::Advance(Span::days(5)))
        .unwrap();
    let (world, now) = (digest(host.world()), host.now());
    drop(host);
    let host = open(dir.path(), &wall);
    assert_eq!((digest(host.world()), host.now()), (world, now));
}

#[test]
fn the_same_seed_and_commands_give_the_same_event_bodies() {
    let play = |mut host: Host| {
        pending(&mut host);
        host.clock_set(ClockCommand::Advance(Span::days(5)))
            .unwrap();
        ticket(&mut host, "again");
        serde_json::to_string(&events(&host)).unwrap()
    };
    let (dir, wall) = (dir(), ManualWall::default());
    let on_disk = play(open(dir.path(), &wall));
    wall.pass(Span::days(1));
    let in_memory = play(Host::memory(tiny_world(), Box::new(wall)).unwrap());
    assert_eq!(on_disk, in_memory);
}
