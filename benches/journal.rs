//! What the journal and the world cost: durable appends beside a bare append+fdatasync loop, decide+evolve in
//! memory, a clone of the World, and opening a journal of a million events. One table, one run:
//! `cargo bench --bench journal` (`-- --quick` for a small one).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/tiny.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod tiny;

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use lockbox::engine::ids::Revision;
use lockbox::engine::{self, Command, Event, Span, World};
use lockbox::runtime::{Host, ManualWall};
use lockbox::store::{ClockRow, Journal, SqliteJournal};

struct Size {
    rounds: usize,
    appends: usize,
    requests: usize,
    events: u64,
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let size = if quick {
        Size {
            rounds: 3,
            appends: 50,
            requests: 2_000,
            events: 50_000,
        }
    } else {
        Size {
            rounds: 10,
            appends: 200,
            requests: 100_000,
            events: 1_000_000,
        }
    };
    println!("{:<58} {:>14}  aim", "", "");
    appends(&size);
    decisions();
    clones(&size);
    opening(&size);
}

fn row(what: &str, figure: impl std::fmt::Display, aim: &str) {
    println!("{what:<58} {figure:>14}  {aim}");
}

/// Acts on a world in memory.
fn act(world: &mut World, who: &str, command: &Command) -> Vec<Event> {
    let draft = engine::draft(world, world.now, &tiny::person(who), command).unwrap();
    *world = draft.world;
    draft.events
}

fn tiny_world() -> World {
    let mut world = World::default();
    for (at, actor, command) in tiny::tiny_steps() {
        world = engine::draft(&world, at, &actor, &command).unwrap().world;
    }
    world
}

/// One whole course: ticket, JIT request, Lockbox request, decision.
fn course(world: &mut World, approve: bool) -> Vec<Event> {
    let mut events = act(world, "con", &tiny::open_ticket("Machine does not start"));
    let submit = tiny::submit_jit(tiny::newest_ticket(world));
    events.extend(act(world, "sue", &submit));
    let decide = tiny::decide(world, approve);
    events.extend(act(world, "minji.kim", &decide));
    events
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn appends(size: &Size) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let path = dir.path().join("journal.db");
    SqliteJournal::create(&path).unwrap().finish().unwrap();
    let mut journal = SqliteJournal::open(&path).unwrap();
    let mut bare = File::create(dir.path().join("bare")).unwrap();
    let mut world = World::default();
    for (at, actor, command) in tiny::tiny_steps() {
        let draft = engine::draft(&world, at, &actor, &command).unwrap();
        journal.append(world.revision, &draft.events).unwrap();
        world = draft.world;
    }
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..size.rounds {
        let mut batches = Vec::new();
        for _ in 0..size.appends {
            batches.push(act(&mut world, "con", &tiny::open_ticket("Does not start")));
        }
        let start = Instant::now();
        for events in &batches {
            let before = Revision(events[0].revision.0 - 1);
            journal.append(before, events).unwrap();
        }
        ours += start.elapsed();
        let start = Instant::now();
        for events in &batches {
            let mut bytes = Vec::new();
            for event in events {
                serde_json::to_writer(&mut bytes, event).unwrap();
            }
            bare.write_all(&bytes).unwrap();
            bare.sync_data().unwrap();
        }
        theirs += start.elapsed();
    }
    let count = size.rounds * size.appends;
    let (ours, theirs) = (per_second(count, ours), per_second(count, theirs));
    row(
        "durable appends per second (one command each)",
        format!("{ours:.0}"),
        "",
    );
    row(
        "bare append+fdatasync per second, same bytes",
        format!("{theirs:.0}"),
        "",
    );
    row("ratio", format!("{:.2}", ours / theirs), ">= 0.8");
}

fn decisions() {
    let mut world = tiny_world();
    let start = Instant::now();
    let (mut commands, mut events) = (0, 0);
    while start.elapsed() < Duration::from_secs(2) {
        events += course(&mut world, true).len();
        commands += 3;
    }
    let took = start.elapsed();
    row(
        "decide+evolve in memory, commands per second",
        format!("{:.0}", per_second(commands, took)),
        "",
    );
    row(
        "                         events per second",
        format!("{:.0}", per_second(events, took)),
        "",
    );
}

fn clones(size: &Size) {
    let cost = |requests: usize| {
        let mut world = tiny_world();
        for n in 0..requests {
            course(&mut world, n % 2 == 0);
        }
        const TIMES: u32 = 100_000;
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(black_box(&world).clone());
        }
        start.elapsed().as_nanos() / u128::from(TIMES)
    };
    row("World clone with 100 requests, ns", cost(100), "");
    row(
        &format!("World clone with {} requests, ns", size.requests),
        cost(size.requests),
        "the same",
    );
}

/// A journal of whole courses, with a snapshot as old as they get.
fn build(path: &Path, events: u64) -> usize {
    let mut journal = SqliteJournal::create(path).unwrap();
    let mut world = World::default();
    let mut batch = Vec::new();
    for (at, actor, command) in tiny::tiny_steps() {
        let draft = engine::draft(&world, at, &actor, &command).unwrap();
        world = draft.world;
        batch.extend(draft.events);
    }
    let (mut n, mut kept) = (0_u64, false);
    while world.revision.0 < events {
        batch.extend(course(&mut world, n.is_multiple_of(2)));
        n += 1;
        let last = world.revision.0 >= events;
        let snapshot = !kept && world.revision.0 + 8_100 >= events;
        if batch.len() > 8_192 || last || snapshot {
            let before = Revision(batch[0].revision.0 - 1);
            journal.append(before, &batch).unwrap();
            batch.clear();
        }
        if snapshot {
            journal.put_snapshot(&world).unwrap();
            kept = true;
        }
    }
    journal.set_founded(world.revision, "tiny").unwrap();
    journal.set_outbox(u32::MAX).unwrap();
    let clock = ClockRow {
        sim: world.now,
        paused: true,
        ..ClockRow::default()
    };
    journal.set_clock(&clock).unwrap();
    journal.finish().unwrap();
    world.lockbox.requests.len()
}

fn opening(size: &Size) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let requests = build(&dir.path().join("journal.db"), size.events);
    let open = || {
        let start = Instant::now();
        let wall = Box::new(ManualWall::default());
        let host = Host::open_at(dir.path(), None, || unreachable!(), wall).unwrap();
        (start.elapsed(), host)
    };
    let best = (0..3).map(|_| open().0).min().unwrap();
    let what = format!(
        "opening {} events ({requests} requests) from a snapshot, ms",
        size.events
    );
    row(&what, best.as_millis(), "< 1000");
    let mut host = open().1;
    host.clock_set(lockbox::runtime::ClockCommand::Advance(Span::seconds(1)))
        .unwrap();
    let start = Instant::now();
    host.submit(&tiny::person("con"), &tiny::open_ticket("one more"))
        .unwrap();
    row(
        "one durable command on it, us",
        start.elapsed().as_micros(),
        "",
    );
    let start = Instant::now();
    host.journal().verify().unwrap();
    row(
        "journal verify, the whole chain, ms",
        start.elapsed().as_millis(),
        "",
    );
    drop(host);
    std::fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
    row(
        "opening it without a snapshot, ms",
        open().0.as_millis(),
        "",
    );
}
