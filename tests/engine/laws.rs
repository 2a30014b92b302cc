//! Laws over random histories: the properties of `domain.md` §d.10 that concern Lockbox, determinism, and
//! that a refusal leaves no trace.

use lockbox::engine::ids::{GrantId, JitId, RequestId, TicketId};
use lockbox::engine::lockbox::jit::{Exclusion, Level, Reach};
use lockbox::engine::lockbox::request::{Operation, Status};
use lockbox::engine::lockbox::{grant, jit, request, ticket};
use lockbox::engine::people::{self, Assignment, Principal, Role, Scope, SupportPlan};
use lockbox::engine::projections::activity_log::Subject;
use lockbox::engine::{Actor, Command, Event, Fact, Span, World, digest, evolve, rules, story};
use proptest::prelude::*;

use crate::stage::{Stage, access, opening, person};

const CAST: [&str; 15] = [
    "ann", "bo", "cy", "con", "rea", "gro", "kvc", "fay", "nor", "sue", "dev", "mfa", "bare",
    "lea", "man",
];
const THINGS: [&str; 7] = [
    "c/web/vm-windows",
    "c/web/classic-vm",
    "c/web/storage-account",
    "c/data/watched",
    "f/web/vm-linux",
    "f/web/sql-database",
    "n/web/vm",
];

#[derive(Debug, Clone)]
enum Move {
    Act(usize, Box<Command>),
    Simulate(Box<Command>),
    /// A scripted story under this name, some of whose steps will be refused, beginning in so many hours.
    Tell(u8, i64),
    Wait(Span),
}

fn ticket_id(n: u32) -> TicketId {
    TicketId::new(201_122, n)
}

fn moves() -> impl Strategy<Value = Move> {
    let small = 1..8u32;
    let who = 0..CAST.len();
    let act = |c: Command| Box::new(c);
    let submit = (
        small.clone(),
        prop::sample::subsequence(THINGS.to_vec(), 1..3),
        0..3usize,
        any::<bool>(),
        0..4u8,
    )
        .prop_map(|(t, things, level, platform, exclusion)| {
            let mut s = access(ticket_id(t), &things);
            s.level = Level::ALL[level];
            s.reach = if platform {
                Reach::Platform
            } else {
                Reach::CustomerData
            };
            s.exclusion = match exclusion {
                0 => Some(Exclusion::Emergency),
                1 => Some(Exclusion::Inadvertent),
                _ => None,
            };
            s.tried = Some("telemetry".into());
            s
        });
    // Most acts by somebody who may; the rest by anybody, to be refused.
    let engineers = prop_oneof![4 => Just(9usize), 2 => Just(10usize), 1 => who.clone()];
    let owners =
        prop_oneof![3 => Just(0usize), 2 => Just(1usize), 2 => Just(7usize), 1 => who.clone()];
    prop_oneof![
        4 => (prop_oneof![Just(("c", 3usize)), Just(("f", 7)), Just(("n", 8)), Just(("c", 4))])
            .prop_map(move |(s, w)| Move::Act(w, act(ticket::Command::Open(opening(s)).into()))),
        2 => (small.clone(), engineers.clone(), prop_oneof![Just("dev"), Just("mfa"), Just("bare"), Just("lea")])
            .prop_map(move |(t, w, to)| Move::Act(w, act(ticket::Command::Escalate { ticket: ticket_id(t), to: to.into(), text: "".into() }.into()))),
        6 => (engineers.clone(), submit.clone()).prop_map(move |(w, s)| Move::Act(w, act(jit::Command::Submit(s).into()))),
        1 => (engineers.clone(), submit).prop_map(move |(w, s)| Move::Act(w, act(request::Command::Initiate(s).into()))),
        2 => (small.clone(), any::<bool>(), prop_oneof![Just(13usize), Just(14usize)]).prop_map(move |(j, yes, w)| {
            let jit = JitId(j);
            let c = if yes { jit::Command::Approve { jit, reason: "ok".into() } } else { jit::Command::Deny { jit, reason: "no".into() } };
            Move::Act(w, act(c.into()))
        }),
        6 => (owners.clone(), small.clone(), any::<bool>()).prop_map(move |(w, r, approve)|
            Move::Act(w, act(request::Command::Decide { request: RequestId(r), approve, reason: "r".into() }.into()))),
        4 => (engineers.clone(), small.clone(), prop::sample::select(THINGS.to_vec())).prop_map(move |(w, g, thing)|
            Move::Act(w, act(grant::Command::Connect { grant: GrantId(g), resource: thing.into() }.into()))),
        2 => (engineers.clone(), small.clone()).prop_map(move |(w, g)|
            Move::Act(w, act(grant::Command::Act { grant: GrantId(g), text: "dir".into() }.into()))),
        1 => (engineers, small.clone()).prop_map(move |(w, g)| Move::Act(w, act(grant::Command::End { grant: GrantId(g) }.into()))),
        1 => (owners, small.clone()).prop_map(move |(w, g)|
            Move::Act(w, act(grant::Command::Revoke { grant: GrantId(g), reason: "r".into() }.into()))),
        1 => (who, small.clone()).prop_map(move |(w, t)|
            Move::Act(w, act(ticket::Command::Close { ticket: ticket_id(t), text: "".into() }.into()))),
        1 => (small, 0..6u8).prop_map(move |(r, what)| {
            let of = |who: &str| Assignment { scope: Scope::Subscription("c".into()), principal: Principal::Person(who.into()), role: Role::Owner };
            let c: Command = match what {
                0 => people::Command::Assign(of("con")).into(),
                1 => people::Command::Unassign(of("ann")).into(),
                2 => people::Command::SetPlan { tenant: "northwind".into(), plan: SupportPlan::Developer }.into(),
                3 => rules::Command::Set { name: "latency-decide".into(), value: "10m".into() }.into(),
                4 => rules::Command::Set { name: "latency-initialize".into(), value: "5m".into() }.into(),
                _ => request::Command::Fail { request: RequestId(r) }.into(),
            };
            Move::Simulate(act(c))
        }),
        1 => (0..3u8, 0..4i64).prop_map(|(n, hours)| Move::Tell(n, hours)),
        4 => prop_oneof![
            Just(Span::minutes(7)), Just(Span::hours(1)), Just(Span::hours(8)), Just(Span(Span::days(4).0 - 1)), Just(Span::days(1)), Just(Span::micros(1)),
        ].prop_map(Move::Wait),
    ]
}

fn told(name: u8, from: lockbox::engine::SimTime) -> story::Story {
    let step = |hours: i64, by: Option<&str>, deed| story::Step {
        at: from + Span::hours(hours),
        by: by.map(Into::into),
        deed,
    };
    let ask = story::Ask {
        resources: imbl::vector!["c/web/vm-windows".into()],
        level: Level::Reader,
        reach: Reach::CustomerData,
        exclusion: None,
        duration: jit::Duration::Default,
        justification: "look".into(),
    };
    story::Story {
        id: format!("story-{name}").into(),
        steps: imbl::vector![
            step(0, Some("con"), story::Deed::Open(opening("c"))),
            step(
                1,
                None,
                story::Deed::Approve {
                    reason: "too early, skipped".into()
                }
            ),
            step(
                1,
                None,
                story::Deed::TryTools {
                    text: "telemetry".into(),
                    sufficed: false
                }
            ),
            step(2, None, story::Deed::Submit(ask)),
            step(
                5,
                Some("ann"),
                story::Deed::Approve {
                    reason: "ok".into()
                }
            ),
            step(
                6,
                None,
                story::Deed::Connect {
                    resource: "c/web/vm-windows".into()
                }
            ),
            step(
                7,
                None,
                story::Deed::Connect {
                    resource: "c/web/vm-linux".into()
                }
            ),
            step(8, None, story::Deed::End),
        ],
    }
}

fn play(stage: &mut Stage, moves: &[Move]) {
    for step in moves {
        match step {
            Move::Wait(span) => stage.wait(*span),
            Move::Act(..) | Move::Simulate(_) | Move::Tell(..) => {
                stage.elapse();
                let (world, length) = (stage.world.clone(), stage.journal.len());
                let result = match step {
                    Move::Act(who, command) => stage.act(&person(CAST[*who]), (**command).clone()),
                    Move::Simulate(command) => stage.act(&Actor::Simulator, (**command).clone()),
                    Move::Tell(name, hours) => {
                        let story = told(*name, stage.now + Span::hours(*hours));
                        stage.act(&Actor::Simulator, story::Command::Add(story))
                    }
                    Move::Wait(_) => continue,
                };
                match result {
                    Ok(events) => {
                        assert!(!events.is_empty(), "an accepted command leaves an event")
                    }
                    Err(_) => assert!(
                        stage.world == world && stage.journal.len() == length,
                        "a refusal leaves the world as it was"
                    ),
                }
            }
        }
        stage.elapse();
        invariants(&stage.world, stage.now);
    }
}

/// What holds in every state.
fn invariants(world: &World, now: lockbox::engine::SimTime) {
    let lockbox = &world.lockbox;
    for (id, g) in &lockbox.grants {
        let jit = &lockbox.jits[&g.jit];
        // 1. No grant without an approval by a valid approver, unless a bypass reason is recorded.
        match (g.request, g.bypass) {
            (Some(request), None) => {
                let decision = lockbox.requests[&request]
                    .decision
                    .as_ref()
                    .expect("approved");
                assert!(decision.approve && decision.at <= g.from);
            }
            (None, Some(_)) => assert_eq!(jit.bypass, g.bypass),
            other => panic!("{id}: {other:?}"),
        }
        // 3. No session outlives its grant.
        let over = g.ended_at.unwrap_or(g.until);
        assert!(over <= g.until && (g.status == grant::Status::Active) == g.ended_at.is_none());
        for session in &g.sessions {
            assert!(session.opened_at < over || session.closed_at.is_some());
            match session.closed_at {
                Some(closed) => assert!(closed <= over),
                None => assert!(g.status == grant::Status::Active && now < g.until),
            }
            assert!(g.resources.contains(&session.resource));
        }
        assert_eq!(
            lockbox.active.contains(&(g.until, *id)),
            g.status == grant::Status::Active
        );
    }
    for (id, r) in &lockbox.requests {
        // 2. No request is Pending for longer than four days.
        if r.status == Status::Pending {
            assert!(now < r.expires_at, "{id} is pending past its expiry");
        }
        assert_eq!(r.expires_at - r.created_at, Span::days(4));
        assert_eq!(
            lockbox.pending.contains(&(r.expires_at, *id)),
            r.status == Status::Pending
        );
        // R-AUD-03.
        let count = |op| {
            let wanted = Subject::Lockbox {
                request: *id,
                operation: op,
            };
            let entries = world.activity.iter();
            entries.filter(|a| a.subject == wanted).count()
        };
        assert_eq!(count(Operation::Create), 1);
        let outcome = count(Operation::Approve) + count(Operation::Deny) + count(Operation::Expire);
        assert!(outcome <= 1);
        let access = r.grant.is_some();
        let approved = r.decision.as_ref().is_some_and(|d| d.approve);
        assert!(!access || approved, "access only after a yes");
    }
    for (who, load) in &lockbox.load {
        let open = lockbox
            .tickets
            .values()
            .filter(|t| t.phase.is_open() && t.assigned_to.as_ref() == Some(who))
            .count();
        assert_eq!(*load as usize, open, "the load of {who}");
    }
    // Time acts for exactly what still waits.
    let waiting = lockbox
        .requests
        .values()
        .filter(|r| r.timer.is_some())
        .count()
        + lockbox
            .grants
            .values()
            .filter(|g| g.timer.is_some())
            .count()
        + world.stories.underway.len();
    assert_eq!(world.timers.len(), waiting);
    assert!(world.timers.next().is_none_or(|(key, _)| key.at > now));
}

/// The history itself.
pub fn history(journal: &[Event]) {
    for (n, event) in journal.iter().enumerate() {
        assert_eq!(event.revision.0, n as u64 + 1, "revisions are contiguous");
        assert!(
            event.cause.is_none_or(|c| c < event.revision),
            "a cause comes before its effect"
        );
        assert!(
            n == 0 || journal[n - 1].at <= event.at,
            "time does not run backwards"
        );
        if let Fact::Grant(grant::Fact::Started { .. }) = event.fact {
            assert!(event.cause.is_some(), "a grant never comes from nowhere");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_lockbox_properties_hold_over_random_histories(moves in prop::collection::vec(moves(), 1..80)) {
        let mut stage = Stage::new();
        play(&mut stage, &moves);
        stage.wait(Span::days(12));
        invariants(&stage.world, stage.now);
        history(&stage.journal);
        prop_assert!(stage.world.lockbox.pending.is_empty() && stage.world.lockbox.active.is_empty());
    }

    #[test]
    fn the_same_seed_and_commands_give_the_same_journal_and_the_world_is_its_fold(moves in prop::collection::vec(moves(), 1..60)) {
        let mut one = Stage::seeded(42);
        play(&mut one, &moves);
        let mut two = Stage::seeded(42);
        play(&mut two, &moves);
        let bytes = |s: &Stage| serde_json::to_vec(&s.journal).unwrap();
        prop_assert_eq!(bytes(&one), bytes(&two));
        let read: Vec<Event> = serde_json::from_slice(&bytes(&one)).unwrap();
        let mut folded = World::default();
        for event in &read {
            evolve(&mut folded, event);
        }
        prop_assert_eq!(digest(&folded), digest(&one.world));
        let snapshot = postcard::to_stdvec(&folded).unwrap();
        let thawed: World = postcard::from_bytes(&snapshot).unwrap();
        prop_assert_eq!(thawed, one.world);
    }
}
