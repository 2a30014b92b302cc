//! The shipped drills pass, and a drill that fails still says everything.

use std::fs;

use lockbox::drill::{rehearse, report};

use crate::{drills, lockbox, on_two_threads, shipped, stderr, stdout};

#[test]
fn all_shipped_drills_pass() {
    let drills = drills();
    assert!(drills.len() >= 38, "only {} drills", drills.len());
    on_two_threads(&drills, |drill| {
        let outcome = rehearse(drill, &[]);
        assert!(outcome.passed(), "{:#?}", report::failures(&outcome));
    });
}

#[test]
fn a_drill_comes_to_the_same_every_time() {
    let drills = drills();
    let drill = drills
        .iter()
        .find(|d| d.id == "s24-disable-and-restore")
        .unwrap();
    let told = |_| report::report(report::Format::Json, &[rehearse(drill, &[])]);
    let all: Vec<String> = (0..2).map(told).collect();
    assert_eq!(all[0], all[1]);
}

#[test]
fn a_failed_expectation_names_time_and_difference_and_the_report_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let drill = shipped().join("s24-disable-and-restore.toml");
    let drill = drill.to_str().unwrap();
    for (name, part) in [
        ("report.txt", "NOT  T+2h39m59s"),
        ("report.json", "\"failed\": 1"),
        ("report.html", "<svg"),
    ] {
        let words = [
            "drill",
            "run",
            drill,
            "--set-rule",
            "resume-latency=20m",
            "--report",
            name,
        ];
        let output = lockbox(dir.path(), &words);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let told = stdout(&output);
        assert!(told.contains("T+2h39m59s"), "{told}");
        assert!(
            told.contains("expected Resuming, found CmkActive"),
            "{told}"
        );
        let written = fs::read_to_string(dir.path().join(name)).unwrap();
        assert!(written.contains(part), "{name}:\n{written}");
        // What is expected after the failure is in it too.
        assert!(written.contains("outage of lac"), "{name}");
    }
}

#[test]
fn text_of_strangers_does_not_act_in_the_html() {
    let drills = drills();
    let mut drill = drills.iter().find(|d| d.id == "s02-deny").unwrap().clone();
    drill.title = "<script>alert(1)</script>\u{1b}[2J".to_owned();
    let page = report::report(report::Format::Html, &[rehearse(&drill, &[])]);
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;"));
    assert!(!page.contains('\u{1b}'));
}

#[test]
fn the_score_says_how_long_it_took_until_somebody_did_something() {
    let drills = drills();
    let drill = drills
        .iter()
        .find(|d| d.id == "s24-disable-and-restore")
        .unwrap();
    let score = rehearse(drill, &[]).score;
    assert_eq!(score.records_lost, 6);
    assert_eq!(score.time_to_notice.unwrap().to_string(), "2h");
    let drill = drills.iter().find(|d| d.id == "s01-happy-approve").unwrap();
    let score = rehearse(drill, &[]).score;
    assert_eq!(score.time_to_decide.unwrap().to_string(), "58m");
}

#[test]
fn a_directory_is_run_in_one_go_a_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("drills");
    fs::create_dir_all(folder.join("worlds")).unwrap();
    for name in ["s02-deny.toml", "s06-race.toml", "worlds/support.toml"] {
        fs::copy(shipped().join(name), folder.join(name)).unwrap();
    }
    let output = lockbox(dir.path(), &["drill", "run", "drills"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = stdout(&output);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.ends_with("2 of 2 drills passed\n"), "{told}");
    let listed = lockbox(dir.path(), &["drill", "list", "drills"]);
    assert!(
        stdout(&listed).contains("An Owner denies"),
        "{}",
        stdout(&listed)
    );
}
