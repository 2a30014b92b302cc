//! Makes the README's recording: the presenter's journey, in the real console in a real pseudo-terminal, at the
//! pace of a person: `cargo bench --bench demo -- demo.cast`. `lockbox replay demo.cast` plays it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/pty.rs"]
#[allow(dead_code, reason = "the harness serves tests too")]
mod pty;

#[path = "../tests/support/journey.rs"]
mod journey;

use std::time::Duration;

use pty::Pty;

fn main() {
    // Cargo says of itself that this is a bench.
    let file = std::env::args()
        .skip(1)
        .find(|word| !word.starts_with("--"));
    let Some(file) = file else {
        println!("demo: nothing is recorded without a file: cargo bench --bench demo -- demo.cast");
        return;
    };
    // Cargo runs it in the directory of the package.
    let args = ["--memory", "--record", &file];
    let mut console = Pty::spawn(env!("CARGO_BIN_EXE_lockbox"), &args, &[], 120, 40);
    console.wait_until("it opens, or says why not", |text| {
        text.contains("SIMULATION") || text.contains("code:")
    });
    assert!(console.screen().alternate_screen(), "{}", console.text());
    console.pace = Duration::from_millis(1_200);
    journey::present(&mut console);
    console.linger(Duration::from_secs(3));
    console.signal("TERM");
    assert_eq!(console.wait_exit(), 0);
    println!("{file} is recorded; play it: lockbox replay {file}");
}
