//! What a drill file that does not fit together is told.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::{lockbox, shipped, stderr, stdout};

const HEAD: &str =
    "[drill]\nid = \"mine\"\ntitle = \"Mine\"\nteaches = \"Nothing.\"\nworld = \"empty.toml\"\n";
const EXPECT: &str = "\n[[expect]]\nafter = \"1h\"\ncheck = \"count\"\nof = \"requests\"\nis = 0\n";

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let world = shipped().join("worlds/empty.toml");
    fs::copy(world, dir.path().join("empty.toml")).unwrap();
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

/// What the program says of a beat or expectation, which begins on line 7; the drill ends in a good expectation.
fn told_of(part: &str) -> String {
    let dir = folder();
    write(
        dir.path(),
        "mine.toml",
        &format!("{HEAD}\n{part}\n{EXPECT}"),
    );
    let output = lockbox(dir.path(), &["drill", "run", "mine.toml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_eq!(stdout(&output), "", "nothing runs");
    stderr(&output)
}

#[test]
fn a_mistake_is_told_with_its_line_and_the_nearest_word() {
    let cases = [
        (
            "[[beat]]\nafter = \"1m\"\ndo = \"key-disble\"",
            ":9:",
            "key-disable",
        ),
        ("[[beat]]\nafter = \"1m\"\ndo = \"ingst\"", ":9:", "ingest"),
        ("[[beat]]\nafter = \"1m\"\nnot = \"x\"", ":9:", "note"),
        (
            "[[beat]]\nafter = \"1m\"\ndo = \"vault-delete\"\nby = \"kin\"\nvault = \"kv\"",
            ":10:",
            "kim",
        ),
        (
            "[[beat]]\nafter = \"1m\"\ndo = \"ingest\"\nworkspace = \"law1\"\nrecords = 1",
            ":10:",
            "law-1",
        ),
        (
            "[[beat]]\nafter = \"1m\"\ndo = \"allow-subscription\"\nby = \"sue\"\nrefused = \"E-CC-99\"",
            ":11:",
            "E-CC-",
        ),
        (
            "[[expect]]\nafter = \"1m\"\ncheck = \"requst\"\nis = \"Pending\"",
            ":9:",
            "request",
        ),
        (
            "[[expect]]\nafter = \"1m\"\ncheck = \"request\"\nis = \"Pendin\"",
            ":10:",
            "Pending",
        ),
        (
            "[[expect]]\nafter = \"1m\"\ncheck = \"count\"\nof = \"mail\"\nis = 1",
            ":10:",
            "mails",
        ),
    ];
    for (part, line, nearest) in cases {
        let told = told_of(part);
        assert!(told.contains(&format!("mine.toml{line}")), "{part}\n{told}");
        assert!(
            told.contains(&format!("Did you mean {nearest}")),
            "{part}\n{told}"
        );
    }
}

#[test]
fn a_time_that_cannot_be_is_told_with_its_line() {
    for (part, line) in [
        ("[[beat]]\nafter = \"soon\"\nnote = \"x\"", ":8:"),
        (
            "[[beat]]\nat = \"2019-01-01T00:00:00Z\"\nnote = \"x\"",
            ":8:",
        ),
        ("[[beat]]\nnote = \"x\"", ":7:"),
        (
            "[[expect]]\nafter = \"2h\"\nuntil = \"1h\"\ncheck = \"request\"\nis = \"none\"",
            ":9:",
        ),
    ] {
        let told = told_of(part);
        assert!(told.contains(&format!("mine.toml{line}")), "{part}\n{told}");
    }
}

#[test]
fn nothing_runs_when_one_of_several_drills_is_bad() {
    let dir = folder();
    write(dir.path(), "a-good.toml", &format!("{HEAD}{EXPECT}"));
    write(
        dir.path(),
        "b-bad.toml",
        &format!("{HEAD}\n[[beat]]\nafter = \"1m\"\n{EXPECT}"),
    );
    let output = lockbox(dir.path(), &["drill", "run", "a-good.toml", "b-bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert!(
        stderr(&output).contains("b-bad.toml:7:"),
        "{}",
        stderr(&output)
    );
    let alone = lockbox(dir.path(), &["drill", "run", "a-good.toml"]);
    assert_eq!(alone.status.code(), Some(0), "{}", stderr(&alone));
}

#[test]
fn a_world_that_is_not_there_is_told_by_the_drill_that_names_it() {
    let dir = folder();
    let head = HEAD.replace("empty.toml", "nowhere.toml");
    write(dir.path(), "mine.toml", &format!("{head}{EXPECT}"));
    let output = lockbox(dir.path(), &["drill", "check", "mine.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("mine.toml:5:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_rule_that_does_not_exist_gets_the_nearest() {
    let dir = folder();
    let words = ["drill", "run", "x.toml", "--set-rule", "resume-latenc=10m"];
    let output = lockbox(dir.path(), &words);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("resume-latency"),
        "{}",
        stderr(&output)
    );
}
