//! Rewinding: to random points of a journal of 100 000 events, by revision and by instant, after the one fold that
//! keeps the worlds on the way; stepping back; and what the kept worlds cost in memory. One table, one run:
//! `cargo bench --bench past` (`-- --quick` for a small one).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/tiny.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod tiny;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use lockbox::engine::ids::Revision;
use lockbox::engine::{self, Command, Event, SimTime, Span, World};
use lockbox::runtime::{Look, Only, Past};
use lockbox::store::{Journal, SqliteJournal};

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let (events, looks) = if quick {
        (5_000, 100)
    } else {
        (100_000, 1_000)
    };
    println!("{:<62} {:>14}  aim", "", "");
    let dir = tempfile::tempdir_in(".").unwrap();
    let path = dir.path().join("journal.db");
    let (first, last) = build(&path, events);

    let before = resident();
    let mut past = Past::new(Box::new(SqliteJournal::open(&path).unwrap()));
    let start = Instant::now();
    let head = past.look(Look::Revision(Revision(1))).unwrap().head;
    let first_look = start.elapsed();
    row(
        &format!(
            "the first look at {} events, which keeps worlds, ms",
            head.0
        ),
        first_look.as_millis(),
        "",
    );
    row(
        "memory it takes, MiB",
        resident().saturating_sub(before) / 1_024,
        "",
    );

    let mut dice = 7_u64;
    let mut roll = |below: u64| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    let mut times = Vec::new();
    for _ in 0..looks {
        let look = Look::Revision(Revision(1 + roll(head.0)));
        times.push(timed(&mut past, look));
    }
    spread("to a random event", &mut times, "p95 <= 50 ms");
    let length = (last.0 - first.0).unsigned_abs();
    let mut times = Vec::new();
    for _ in 0..looks {
        let into = i64::try_from(roll(length)).unwrap();
        times.push(timed(&mut past, Look::Instant(first + Span(into))));
    }
    spread("to a random instant", &mut times, "p95 <= 50 ms");
    for only in [Only::Everything, Only::Consequences] {
        let mut times = Vec::new();
        for _ in 0..looks {
            let from = Revision(2 + roll(head.0 - 2));
            let start = Instant::now();
            let _ = black_box(past.look(Look::Before { from, only }));
            times.push(start.elapsed());
        }
        let what = match only {
            Only::Everything => "to the event before a random one",
            Only::Consequences => "to the consequence before a random event",
        };
        spread(what, &mut times, "p95 <= 50 ms");
    }
}

fn timed(past: &mut Past, look: Look) -> Duration {
    let start = Instant::now();
    black_box(past.look(look).unwrap());
    start.elapsed()
}

fn spread(what: &str, times: &mut [Duration], aim: &str) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let figure = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    row(&format!("{what}, p50 ms"), figure(at(50)), "");
    row(&format!("{what}, p95 ms"), figure(at(95)), aim);
    row(&format!("{what}, worst ms"), figure(at(100)), "");
}

fn row(what: &str, figure: impl std::fmt::Display, aim: &str) {
    println!("{what:<62} {figure:>14}  {aim}");
}

/// Memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// A journal of whole courses, a minute apart: its first and last instant.
fn build(path: &Path, events: u64) -> (SimTime, SimTime) {
    let mut journal = SqliteJournal::create(path).unwrap();
    let (mut world, mut batch) = (World::default(), Vec::new());
    for (at, actor, command) in tiny::tiny_steps() {
        let draft = engine::draft(&world, at, &actor, &command).unwrap();
        world = draft.world;
        batch.extend(draft.events);
    }
    let mut now = world.now;
    let mut approve = false;
    while world.revision.0 < events {
        now = now + Span::minutes(1);
        elapse(&mut world, now, &mut batch);
        approve = !approve;
        act(
            &mut world,
            now,
            "con",
            &tiny::open_ticket("Does not start"),
            &mut batch,
        );
        let submit = tiny::submit_jit(tiny::newest_ticket(&world));
        act(&mut world, now, "sue", &submit, &mut batch);
        let decide = tiny::decide(&world, approve);
        act(&mut world, now, "minji.kim", &decide, &mut batch);
        if batch.len() > 8_192 || world.revision.0 >= events {
            let before = Revision(batch[0].revision.0 - 1);
            journal.append(before, &batch).unwrap();
            batch.clear();
        }
    }
    journal.finish().unwrap();
    (tiny::opens_at(), now)
}

fn act(world: &mut World, now: SimTime, who: &str, command: &Command, batch: &mut Vec<Event>) {
    let draft = engine::draft(world, now, &tiny::person(who), command).unwrap();
    *world = draft.world;
    batch.extend(draft.events);
}

fn elapse(world: &mut World, now: SimTime, batch: &mut Vec<Event>) {
    let draft = engine::draft(world, now, &engine::Actor::Time, &Command::Elapse).unwrap();
    *world = draft.world;
    batch.extend(draft.events);
}
