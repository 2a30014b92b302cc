//! What the log store costs.
//!
//! ```text
//! cargo bench --bench logs               lockbox alone: language, revocation, 10 000 segments  (-- --quick)
//! benches/peers/run                      ingest and queries beside other engines, the above included
//! ```
//!
//! For the second it is a worker that is asked by lines of JSON, as the peers are (`benches/peers/engine.py`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

mod alone;
#[path = "../../tests/support/keyed.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod keyed;
mod parse;
mod stage;
#[path = "../../tests/support/tiny.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod tiny;
mod worker;

use std::path::PathBuf;

fn main() {
    // Cargo adds a word of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| w != "--bench")
        .collect();
    let after = |flag: &str| {
        let place = words.iter().position(|word| word == flag)?;
        words.get(place + 1)
    };
    match words.first().map(String::as_str) {
        Some("worker") => worker::serve(&words[1]),
        Some("parse") => parse::measure(words[1].as_ref()),
        _ => alone::measure(&alone::Size {
            quick: words.iter().any(|word| word == "--quick"),
            json: words.iter().any(|word| word == "--json"),
            dir: after("--dir").map_or_else(|| PathBuf::from("target/bench-logs"), PathBuf::from),
        }),
    }
}
