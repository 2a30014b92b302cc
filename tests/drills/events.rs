//! Beats that wait for something, scores that are too bad, refusals in detail, and bodies as they are sent.

use lockbox::drill::{Cast, NamedText, Outcome, Run, read, rehearse, report};
use lockbox::runtime::{ClockCommand, Founding, Host, ManualWall, fingerprint};
use lockbox::world_file::WorldError;

use crate::{drills, shipped};

const WAITING: &str = r#"
[drill]
id = "waiting"
title = "Waiting"
teaches = "Nothing."
world = "worlds/cluster.toml"
subscription = "prod"

[[beat]]
after = "0m"
do = "ingest"
workspace = "law-1"
records = 5

[[beat]]
after = "10m"
do = "key-disable"
by = "kim"
vault = "kv-1"
key = "kek"

[[beat]]
on = { check = "encryption", cluster = "lac", is = "Revoked" }
until = "2h"
do = "query"
workspace = "law-1"
kql = "Drill_CL | count"
refused = "E-QRY-01"
rule = "R-CMK-43"

[[beat]]
after = "3h"
note = "The end."

[[expect]]
after = "3h"
check = "encryption"
cluster = "lac"
is = "Revoked"
"#;

fn written(text: &str) -> Result<lockbox::drill::Drill, Vec<WorldError>> {
    read(&NamedText {
        name: shipped().join("written.toml").display().to_string(),
        text: text.to_owned(),
    })
}

fn played(text: &str) -> Outcome {
    rehearse(&written(text).unwrap_or_else(|e| panic!("{e:#?}")), &[])
}

fn changed(what: &str, by: &str) -> String {
    assert!(WAITING.contains(what), "{what}");
    WAITING.replacen(what, by, 1)
}

#[test]
fn a_beat_is_played_at_the_moment_it_waits_for() {
    let outcome = played(WAITING);
    assert!(outcome.passed(), "{:#?}", report::failures(&outcome));
    let query = outcome
        .findings
        .iter()
        .find(|f| f.what.starts_with("query"))
        .unwrap();
    assert_eq!(outcome.from.until(query.at).to_string(), "1h10m");
    assert_eq!(query.expected, "E-QRY-01, R-CMK-43");
}

#[test]
fn a_presenter_is_told_what_the_next_beat_waits_for() {
    let drill = written(WAITING).unwrap();
    let founding = Founding {
        fingerprint: fingerprint("waiting"),
        commands: Box::new(drill.world.founding()),
    };
    let mut host = Host::memory(founding, Box::<ManualWall>::default()).unwrap();
    let mut run = Run::new(drill, Cast::Nobody, &host);
    while run
        .last()
        .is_none_or(|beat| !beat.describe().starts_with("key-disable"))
    {
        let at = run.due(&host).unwrap();
        host.clock_set(ClockCommand::To(at)).unwrap();
        run.act(&mut host, at);
    }
    assert_eq!(
        run.next().unwrap().describe_with_wait(),
        "when encryption of lac is Revoked: query by minji"
    );
}

#[test]
fn a_beat_that_waits_in_vain_fails_the_drill_and_the_rest_is_played() {
    let outcome = played(&changed("until = \"2h\"", "until = \"1h9m59s\""));
    let failures: Vec<_> = outcome.failures().collect();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    assert_eq!(failures[0].found, "RevocationPending");
    assert!(
        failures[0].expected.ends_with("is Revoked, by T+1h9m59s"),
        "{}",
        failures[0].expected
    );
    let last = outcome.timeline.iter().any(|told| told.text == "The end.");
    assert!(last, "what comes after is played");
}

#[test]
fn another_rule_than_expected_fails_the_drill() {
    let outcome = played(&changed("R-CMK-43", "R-CMK-41"));
    let failure = outcome.failures().next().unwrap();
    assert_eq!(failure.expected, "E-QRY-01, R-CMK-41");
    assert_eq!(failure.found, "E-QRY-01, R-CMK-43");
}

#[test]
fn a_score_beyond_what_is_aimed_at_fails_the_drill() {
    let aims = "\n[score]\nrefused_at_most = 0\nmodelled_gb_lost_at_most = 0\ntime_to_decide_at_most = \"1h\"\n";
    let outcome = played(&format!("{WAITING}{aims}"));
    let failures: Vec<&str> = outcome.failures().map(|f| f.what.as_str()).collect();
    assert_eq!(
        failures,
        [
            "score: refused commands",
            "score: GB lost in the model",
            "score: time to decide"
        ]
    );
}

#[test]
fn a_drill_ends_in_the_same_world_every_time() {
    let (first, second) = (played(WAITING), played(WAITING));
    assert_eq!(first.digest, second.digest);
    assert_eq!(first.digest.len(), 64);
    let other = played(&changed("after = \"10m\"", "after = \"11m\""));
    assert_ne!(first.digest, other.digest);
}

#[test]
fn mistakes_in_all_this_are_told_with_their_line_and_the_nearest_word() {
    // (what to replace, by what, a text of the line it stands on, nearest)
    let cases: &[(&str, &str, &str, Option<&str>)] = &[
        (
            "is = \"Revoked\" }",
            "is = \"Revokd\" }",
            "Revokd",
            Some("Revoked"),
        ),
        (
            "cluster = \"lac\", is",
            "cluster = \"lak\", is",
            "lak",
            Some("lac"),
        ),
        (
            "{ check = \"encryption\"",
            "{ chekc = \"encryption\"",
            "chekc",
            Some("check"),
        ),
        (
            "rule = \"R-CMK-43\"",
            "rule = \"R-CKM-43\"",
            "R-CKM-43",
            Some("R-CMK-43"),
        ),
        (
            "refused = \"E-QRY-01\"",
            "allowed_in = \"1h\"",
            "allowed_in",
            None,
        ),
        (
            "after = \"10m\"",
            "after = \"10m\"\nuntil = \"2h\"",
            "until = \"2h\"",
            None,
        ),
        (
            "do = \"query\"",
            "do = \"cluster-putt\"",
            "cluster-putt",
            Some("cluster-put"),
        ),
    ];
    for (what, by, word, nearest) in cases {
        let text = changed(what, by);
        let errors = written(&text).expect_err(by);
        let line = 1 + text.lines().position(|l| l.contains(word)).unwrap();
        assert!(
            errors
                .iter()
                .any(|e| e.line == line && (nearest.is_none() || e.nearest.as_deref() == *nearest)),
            "{by}: line {line}: {errors:#?}"
        );
    }
}

#[test]
fn every_error_of_creating_a_cluster_is_in_a_drill() {
    let refused: Vec<String> = (drills().iter())
        .flat_map(|drill| drill.beats.clone())
        .filter_map(|beat| Some(beat.refused?.id))
        .collect();
    for n in 1..=15 {
        let id = format!("E-CC-{n:02}");
        assert!(refused.contains(&id), "{id}");
    }
}
