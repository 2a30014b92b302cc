//! The shipped drills, what a bad drill file is told, and that every number of the rules is held by a drill.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod events;
mod files;
mod numbers;
mod reports;
mod stage;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use lockbox::drill::{Drill, NamedText, read_all};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo-data/drills")
}

/// The shipped drills, by id.
fn drills() -> Vec<Drill> {
    let mut files: Vec<NamedText> = std::fs::read_dir(shipped())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| NamedText {
            text: std::fs::read_to_string(&path).unwrap(),
            name: path.display().to_string(),
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    read_all(&files).unwrap()
}

/// Does something with every item, on two threads.
fn on_two_threads<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

/// Runs the program in a directory without any state.
fn lockbox(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockbox"))
        .args(words)
        .current_dir(dir)
        .env("HOME", dir)
        .env("XDG_STATE_HOME", dir)
        .env("XDG_CONFIG_HOME", dir)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
