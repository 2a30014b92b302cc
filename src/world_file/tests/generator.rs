//! Made-up stories: as many as asked, in the mix asked, in order, the same every time.

use super::play;
use crate::engine::{Command, SimTime};
use crate::world_file::{WorldFile, check, parse};

const GENERATED: &str = include_str!("../../../demo-data/hundred-thousand.toml");

/// The generated world with fewer requests, so that a test build plays it quickly.
fn generated(requests: u64, pending: u64) -> String {
    GENERATED
        .replace("requests = 100_000", &format!("requests = {requests}"))
        .replace("pending = 2_000", &format!("pending = {pending}"))
}

#[test]
fn the_generator_gives_exactly_the_number_asked_and_exactly_that_many_wait() {
    for (requests, pending) in [(1_500, 120), (40, 40), (25, 0), (1, 1)] {
        let world = play(&generated(requests, pending));
        assert_eq!(world.lockbox.requests.len() as u64, requests);
        assert_eq!(world.lockbox.pending.len() as u64, pending);
        assert!(
            world.stories.skipped.is_empty(),
            "{:?}",
            world.stories.skipped
        );
    }
}

#[test]
fn generated_requests_wait_as_long_as_the_rules_of_their_world_say() {
    for expiry in ["2d", "9d"] {
        let text = generated(400, 60) + &format!("\n[rules]\nrequest-expiry = \"{expiry}\"\n");
        let world = play(&text);
        assert_eq!(world.rules.request_expiry.to_string(), expiry);
        assert_eq!(world.lockbox.pending.len(), 60);
    }
}

#[test]
fn the_generated_mix_is_the_one_asked_for() {
    let summary = check("g.toml", &generated(2_000, 100)).unwrap();
    let count = |status: &str| summary.statuses.get(status).copied().unwrap_or(0);
    assert!((100..=220).contains(&count("Denied")), "{summary:?}");
    assert!((200..=380).contains(&count("Expired")), "{summary:?}");
    assert!((20..=110).contains(&count("Revoked")), "{summary:?}");
    assert!((1_200..=1_600).contains(&count("Completed")), "{summary:?}");
}

#[test]
fn generated_stories_come_in_order_of_time_the_same_every_time_and_begin_at_once() {
    let file = parse("g.toml", GENERATED).unwrap();
    let heads = |n: usize| -> Vec<_> { file.founding().take(n).collect() };
    let first = heads(3_000);
    assert_eq!(first, heads(3_000));
    assert!(first.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    // All hundred thousand, without playing them: in order, none missing, the last one lets time pass.
    let mut before = SimTime::default();
    let mut stories = 0;
    let mut last = None;
    for (at, _, command) in file.founding() {
        assert!(at >= before);
        before = at;
        stories += usize::from(matches!(command, Command::Story(_)));
        last = Some((at, command));
    }
    assert_eq!(stories, 100_000);
    assert_eq!(last, Some((file.opens_at(), Command::Elapse)));
}

#[test]
fn another_seed_makes_another_history() {
    let other = GENERATED.replace("seed = 7", "seed = 8");
    let (a, b) = (parse("a", GENERATED).unwrap(), parse("b", &other).unwrap());
    let tail = |file: &WorldFile| file.founding().skip(60).take(50).collect::<Vec<_>>();
    assert_ne!(tail(&a), tail(&b));
}
