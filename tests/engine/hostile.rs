//! Text from strangers: 5 000 hostile strings go in through every field, and from no sink comes a character
//! that acts on whatever shows it.

mod binary;
mod frames;
mod names;
mod sinks;
mod strings;
mod worlds;

use lockbox::engine::Refusal;
use lockbox::engine::text::acts;
use strings::Strings;

const STRINGS: usize = 5_000;
/// Strings that share a world.
const BATCH: usize = 25;

fn strings() -> Vec<String> {
    Strings::seeded(20_201_122).take(STRINGS).collect()
}

/// Runs something on every batch, on two threads.
fn batches(work: impl Fn(usize, &[String]) + Sync) {
    let strings = strings();
    let work = &work;
    std::thread::scope(|scope| {
        for half in 0..2 {
            let batches = strings.chunks(BATCH).enumerate();
            let mine = batches.filter(move |(n, _)| n % 2 == half);
            scope.spawn(move || mine.for_each(|(n, batch)| work(n, batch)));
        }
    });
}

/// Nothing in it acts, but for the line feeds the sink makes itself.
#[track_caller]
fn inert(what: &dyn std::fmt::Debug, out: &str) {
    if let Some(c) = out.chars().find(|c| acts(*c) && *c != '\n') {
        let at = out.find(c).unwrap();
        let near: String = out[at..].chars().take(60).collect();
        let before: String = out[..at].chars().rev().take(60).collect();
        let before: String = before.chars().rev().collect();
        panic!("{what:?} lets {c:?} out: {before:?} · {near:?}");
    }
}

#[track_caller]
fn one_inert_line(what: &dyn std::fmt::Debug, out: &str) {
    inert(what, out);
    assert!(!out.contains('\n'), "{what:?} breaks the line: {out:?}");
}

#[track_caller]
fn inert_refusal(what: &dyn std::fmt::Debug, refusal: &Refusal) {
    one_inert_line(what, &refusal.to_string());
    let json = serde_json::to_string(refusal).unwrap();
    one_inert_line(what, &json);
    for text in [
        Some(&refusal.message),
        Some(&refusal.remedy),
        Some(&refusal.code),
        Some(&refusal.rule),
        refusal.target.as_ref(),
        refusal.current_status.as_ref(),
    ] {
        one_inert_line(what, text.map_or("", String::as_str));
    }
}

#[test]
fn the_strings_are_as_hostile_as_they_should_be() {
    let strings = strings();
    let all: std::collections::BTreeSet<&String> = strings.iter().collect();
    assert_eq!(all.len(), STRINGS);
    assert!(strings.iter().all(|s| !s.trim().is_empty()));
    let text = strings.concat();
    let every = (0..0x20)
        .chain(0x7f..0xa0)
        .chain(0x202a..0x202f)
        .chain(0x2066..0x206a);
    for c in every.chain(0xe0020..0xe0080).filter_map(char::from_u32) {
        assert!(text.contains(c), "{c:?} is missing");
    }
}
