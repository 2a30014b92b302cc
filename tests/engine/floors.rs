//! The house: a file imports only from its own room or from floors below, and the engine reaches nothing
//! outside itself (design.md §2).

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor. Rooms on one floor do not import each other.
const FLOORS: &[(&str, u8)] = &[
    ("crypto", 0),
    ("engine", 1),
    ("store", 2),
    ("keystore", 2),
    ("world_file", 2),
    ("logs", 3),
    ("runtime", 4),
    ("console", 5),
    ("rest", 5),
    ("drill", 5),
    ("cli", 6),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// Code without comments and string contents would be better parsed; for imports, lines are enough.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn imports_run_downward() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        let room = relative.iter().next().unwrap().to_str().unwrap();
        if room.ends_with(".rs") {
            continue;
        }
        let own = floor(room).unwrap_or_else(|| panic!("src/{room} stands on no floor"));
        let text = fs::read_to_string(&file).unwrap();
        for (n, line) in code_lines(&text) {
            assert!(
                !line.contains("crate::{"),
                "{}:{n}: one import a line, so that it can be read",
                relative.display()
            );
            assert!(
                !line.contains("super::super::super"),
                "{}:{n}: climbs out of its room",
                relative.display()
            );
            for (at, _) in line.match_indices("crate::") {
                let target: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let Some(other) = floor(&target) else {
                    continue;
                };
                checked += 1;
                assert!(
                    target == room || other < own,
                    "{}:{n}: {room} (floor {own}) imports {target} (floor {other})",
                    relative.display()
                );
            }
        }
    }
    assert!(checked > 20, "the test looked at {checked} imports only");
}

#[test]
fn the_engine_reaches_no_file_clock_thread_socket_or_terminal() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine");
    const FORBIDDEN: &[&str] = &[
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "std::io",
        "std::path",
        "Instant::now",
        "SystemTime",
        "Utc::now",
        "Local::now",
        "println!",
        "eprintln!",
        "print!(",
        "dbg!",
        "tokio",
        "ratatui",
        "crossterm",
        "rusqlite",
        "HashMap",
        "HashSet",
        "f64",
        "f32",
        "static mut",
        "thread_local",
        "OnceLock",
        "Mutex",
        "Atomic",
    ];
    let files = sources(&engine);
    assert!(files.len() > 15);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (n, line) in code_lines(&text) {
            assert!(
                !line.contains("std::{") || !file.starts_with(&engine),
                "{}:{n}: one import a line",
                file.display()
            );
            for word in FORBIDDEN {
                assert!(!line.contains(word), "{}:{n} names {word}", file.display());
            }
        }
    }
}

#[test]
fn only_the_terminal_and_the_driver_name_crossterm_and_rows_and_updates_name_no_screen() {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
    if !console.exists() {
        return;
    }
    for file in sources(&console) {
        let relative = file
            .strip_prefix(&console)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let terminal = relative.starts_with("terminal") || relative.starts_with("driver");
        let pure = relative.starts_with("app/")
            || matches!(name.as_str(), "rows.rs" | "update.rs" | "once.rs");
        for (n, line) in code_lines(&text) {
            if !terminal {
                assert!(
                    !line.contains("crossterm"),
                    "{relative}:{n} names crossterm"
                );
            }
            // The plain console is a driver too, of a terminal that is not drawn on.
            if !terminal && relative != "plain/mod.rs" {
                assert!(
                    !line.contains("Instant::now") && !line.contains("SystemTime"),
                    "{relative}:{n} reads a clock"
                );
            }
            if pure {
                assert!(!line.contains("ratatui"), "{relative}:{n} names ratatui");
            }
        }
    }
}
