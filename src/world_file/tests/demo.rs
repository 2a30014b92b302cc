//! The demo world shows everything there is to see and keeps its promises.

use std::collections::BTreeSet;

use super::{events, play};
use crate::engine::lockbox::jit::{self, Bypass};
use crate::engine::lockbox::ticket::Phase;
use crate::engine::lockbox::{grant, request::Status};
use crate::engine::resources::ResourceKind;
use crate::engine::text::{Untrusted, acts};
use crate::engine::{Span, World};
use crate::world_file::check::{check, elapse};
use crate::world_file::{DEMO, DEMO_NAME};

#[test]
fn the_demo_world_checks_clean() {
    match check(DEMO_NAME, DEMO) {
        Ok(summary) => assert_eq!(summary.tenants, 3),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
    }
}

#[test]
fn the_same_file_gives_the_same_events_twice() {
    let [a, b] = [events(DEMO), events(DEMO)];
    assert!(a.len() > 500, "{}", a.len());
    assert_eq!(a, b);
}

fn statuses(world: &World) -> BTreeSet<Status> {
    world.lockbox.requests.values().map(|r| r.status).collect()
}

#[test]
fn the_demo_world_holds_everything_there_is_to_see() {
    let world = play(DEMO);
    assert!(world.stories.skipped.is_empty());
    assert_eq!(world.people.tenants.len(), 3);
    assert!(world.people.persons.len() >= 40);
    assert!(world.resources.resources.len() >= 60);
    assert!(
        world.lockbox.tickets.len() >= 30,
        "{}",
        world.lockbox.tickets.len()
    );
    let all: BTreeSet<Status> = Status::ALL.iter().copied().collect();
    assert_eq!(statuses(&world), all);
    let phases: BTreeSet<Phase> = world.lockbox.tickets.values().map(|t| t.phase).collect();
    assert_eq!(phases.len(), Phase::ALL.len(), "{phases:?}");
    let bypasses: BTreeSet<Bypass> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.bypass)
        .collect();
    assert_eq!(bypasses.len(), Bypass::ALL.len(), "{bypasses:?}");
    let readable: BTreeSet<bool> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.readable)
        .collect();
    assert_eq!(
        readable.len(),
        2,
        "an exposure that could be read and one that could not"
    );
    let kinds: BTreeSet<_> = world.resources.resources.values().map(|r| r.kind).collect();
    assert_eq!(kinds.len(), ResourceKind::ALL.len(), "{kinds:?}");
    let states: BTreeSet<_> = world.lockbox.jits.values().map(|j| j.state).collect();
    assert_eq!(states.len(), jit::State::ALL.len(), "{states:?}");
    let grants: BTreeSet<_> = world.lockbox.grants.values().map(|g| g.status).collect();
    assert_eq!(grants.len(), grant::Status::ALL.len(), "{grants:?}");
}

#[test]
fn the_demo_queue_of_the_default_person_is_worth_triaging() {
    let world = play(DEMO);
    let me = world.default_person.clone().unwrap();
    assert_eq!(me.as_str(), "minji.kim");
    assert!(world.owners(&"contoso-prod".into()).contains(&me));
    let mine: Vec<_> = world
        .lockbox
        .pending
        .iter()
        .filter_map(|(_, id)| world.lockbox.requests.get(id))
        .filter(|r| r.subscription.as_str() == "contoso-prod")
        .collect();
    assert!((6..=10).contains(&mine.len()), "{}", mine.len());
    let now = world.opens_at;
    assert!(
        mine.iter()
            .any(|r| now.until(r.expires_at) <= Span::hours(1))
    );
    assert!(
        mine.iter()
            .any(|r| r.created_at.until(now) <= Span::minutes(10))
    );
    let hostile = |text: &Untrusted| {
        text.raw()
            .chars()
            .any(|c| acts(c) && c != '\n' && c != '\r')
    };
    assert!(mine.iter().any(|r| hostile(&r.justification)));
    assert!(
        mine.iter()
            .any(|r| r.justification.raw().len() > 1_000 && r.justification.raw().contains("접속"))
    );
    let unanswerable = world
        .lockbox
        .requests
        .values()
        .filter(|r| world.nobody_can_approve(r));
    assert!(unanswerable.count() >= 1);
    let open_sessions = world.lockbox.grants.values().filter(|g| {
        g.status == grant::Status::Active
            && g.sessions
                .iter()
                .any(|s| s.closed_at.is_none() && !s.actions.is_empty())
    });
    let guests: BTreeSet<bool> = open_sessions
        .flat_map(|g| &g.sessions)
        .filter_map(|s| world.resources.resources.get(&s.resource))
        .map(|r| r.kind.windows_guest())
        .collect();
    assert_eq!(guests.len(), 2, "a Windows and a Linux session are open");
}

#[test]
fn five_untouched_days_skip_nothing_and_bring_news() {
    let mut world = play(DEMO);
    let before = (world.lockbox.tickets.len(), world.lockbox.requests.len());
    assert!(world.stories.underway.len() >= 10);
    let end = world.opens_at + Span::days(5);
    elapse(&mut world, end);
    assert!(
        world.stories.skipped.is_empty(),
        "{:?}",
        world.stories.skipped
    );
    assert!(world.lockbox.tickets.len() >= before.0 + 8);
    assert!(world.lockbox.requests.len() >= before.1 + 10);
    assert!(world.stories.underway.is_empty());
}
