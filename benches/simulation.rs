//! What simulated time costs: the world's own timers beside a bare binary heap and nexosim on the same load, the
//! events of a large world a second, and simulated days a second. One table, one run:
//! `cargo bench --bench simulation` (`-- --quick` for a small one). nexosim is built on first use, in
//! `benches/peers/nexosim`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::process::Command as Process;
use std::time::Instant;

use lockbox::engine::ids::RequestId;
use lockbox::engine::random::quick;
use lockbox::engine::timers::{Timer, Timers};
use lockbox::engine::{self, Actor, Command, SimTime, Span, World};
use lockbox::world_file;

const ROUNDS: usize = 3;
const MINUTE: u64 = 60_000_000;

fn main() {
    let small = std::env::args().any(|a| a == "--quick");
    let events = if small { 200_000 } else { 3_000_000 };
    println!("{:<64} {:>14}", "", "a second");
    for timers in [1_000, 100_000] {
        // In turn, so that a busy moment of the machine meets all alike.
        let mut best = [0.0_f64; 3];
        for _ in 0..ROUNDS {
            let round = [
                heap(timers, events),
                own(timers, events),
                nexosim(timers, events),
            ];
            for (best, figure) in best.iter_mut().zip(round) {
                *best = best.max(figure);
            }
        }
        let names = [
            "bare binary heap",
            "the world's timers (persistent, ordered)",
            "nexosim 1, one thread",
        ];
        for (name, figure) in names.iter().zip(best) {
            row(&format!("{timers} timers re-armed, events: {name}"), figure);
        }
    }
    let large = if small {
        include_str!("../demo-data/hundred-thousand.toml")
            .replace("100_000", "2_000")
            .replace("2_000\nseed", "200\nseed")
    } else {
        include_str!("../demo-data/hundred-thousand.toml").to_owned()
    };
    world("large world", &large);
    world("demo world", include_str!("../demo-data/contoso.toml"));
}

fn row(what: &str, figure: f64) {
    println!("{what:<64} {figure:>14.0}");
}

/// A dice of its own for each load, the same for all engines.
struct Dice(u64);

impl Dice {
    fn delay(&mut self) -> i64 {
        self.0 += 1;
        i64::try_from(1 + quick(7, self.0) % MINUTE).unwrap()
    }
}

fn heap(timers: u64, events: u64) -> f64 {
    let mut dice = Dice(0);
    let mut heap: BinaryHeap<Reverse<(i64, u64)>> =
        (0..timers).map(|n| Reverse((dice.delay(), n))).collect();
    let start = Instant::now();
    for _ in 0..events {
        let mut next = heap.peek_mut().unwrap();
        next.0.0 += dice.delay();
    }
    black_box(heap.len());
    events as f64 / start.elapsed().as_secs_f64()
}

fn own(timers: u64, events: u64) -> f64 {
    let mut dice = Dice(0);
    let mut queue = Timers::default();
    for n in 0..timers {
        let timer = Timer::RequestExpires(RequestId(u32::try_from(n).unwrap()));
        queue.set(SimTime(dice.delay()), timer);
    }
    let start = Instant::now();
    for _ in 0..events {
        let (key, timer) = queue.next().unwrap();
        let timer = timer.clone();
        queue.cancel(key);
        queue.set(SimTime(key.at.0 + dice.delay()), timer);
    }
    black_box(queue.len());
    events as f64 / start.elapsed().as_secs_f64()
}

fn nexosim(timers: u64, events: u64) -> f64 {
    let manifest = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/peers/nexosim/Cargo.toml"
    );
    let output = Process::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--release",
            "--locked",
            "--manifest-path",
            manifest,
            "--",
        ])
        .args([timers.to_string(), events.to_string()])
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stdout);
    told.trim()
        .parse()
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Everything until an instant; how many events and instants that were.
fn elapse(world: &mut World, until: SimTime) -> (usize, usize) {
    let (mut events, mut instants) = (0, 0);
    while let Some(due) = engine::due(world).filter(|due| *due <= until) {
        let draft = engine::draft(world, due, &Actor::Time, &Command::Elapse).unwrap();
        events += draft.events.len();
        instants += 1;
        *world = draft.world;
    }
    (events, instants)
}

fn world(name: &str, text: &str) {
    let file = world_file::parse("world.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let (mut world, mut events) = (World::default(), 0);
    let start = Instant::now();
    for (at, actor, command) in file.founding() {
        events += elapse(&mut world, at).0;
        let draft = engine::draft(&world, at, &actor, &command).unwrap();
        events += draft.events.len();
        world = draft.world;
    }
    let opens_at = world.opens_at;
    events += elapse(&mut world, opens_at).0;
    let seconds = start.elapsed().as_secs_f64();
    row(
        &format!("{name}: {events} events with all they lead to"),
        events as f64 / seconds,
    );
    let days = 90;
    let start = Instant::now();
    let (events, instants) = elapse(&mut world, opens_at + Span::days(days));
    let seconds = start.elapsed().as_secs_f64();
    row(
        &format!("{name}: days, {days} of them with {events} events at {instants} instants"),
        days as f64 / seconds,
    );
}
