//! Log data from the command line: in, asked, cut off, back, and gone for good; with real files and real keys.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::keys::{WORLD, place};
use super::{HOSTILE, Place, Said, is_inert, program, run_in, thief};

/// In one record only.
const NEEDLE: &str = "f00dfeedf00dfeedf00dfeedf00dfeed";
const ROWS: u64 = 2_500;

/// A cluster under a key of a vault that forgets after 7 days, as far as `until`.
fn made(until: Until) -> Place {
    static UNLINKED: OnceLock<tempfile::TempDir> = OnceLock::new();
    static LINKED: OnceLock<tempfile::TempDir> = OnceLock::new();
    match until {
        Until::Unlinked => place(&UNLINKED, |place| {
            let world = place.write("world.toml", WORLD);
            place.run(&["--world", &world, "clock", "show"]).ok();
            for line in [
                "support allow-subscription prod --as sue",
                "cluster create lacluster --group prod/rg --location koreacentral --capacity 1000",
                "op wait 1 --advance",
                "vault create kv-logs --group prod/rg --location koreacentral --soft-delete true --purge-protection true --retention-days 7 --yes",
                "key create kv-logs/kek",
                "policy set kv-logs --principal lacluster --keys get,wrapKey,unwrapKey",
                "policy set kv-logs --principal minji --keys get,list,create,update,delete,recover,purge",
            ] {
                place.line(line).ok();
            }
        }),
        Until::Linked => place(&LINKED, |place| {
            let before = made(Until::Unlinked);
            super::copy(before.dir.path(), place.dir.path());
            place.link();
        }),
    }
}

enum Until {
    Unlinked,
    Linked,
}

impl Place {
    /// Runs a line of words.
    fn line(&self, line: &str) -> Said {
        self.run(&line.split(' ').collect::<Vec<_>>())
    }

    fn line_json(&self, line: &str) -> Value {
        self.json(&line.split(' ').collect::<Vec<_>>())
    }

    /// Puts the cluster under its key and law-1 onto it.
    fn link(&self) {
        for line in [
            "cluster set-key lacluster --vault kv-logs --key kek",
            "op wait 2 --advance",
            "link create law-1 lacluster",
            "op wait 3 --advance",
        ] {
            self.line(line).ok();
        }
    }

    fn ingest(&self, workspace: &str, table: &str, file: &str) -> Value {
        self.json(&["ingest", "--workspace", workspace, "--table", table, file])
    }

    fn ask(&self, query: &str) -> Said {
        self.run(&["--format", "json", "query", "--workspace", "law-1", query])
    }

    /// The rows of an answer.
    #[track_caller]
    fn rows(&self, query: &str) -> Value {
        self.ask(query).ok().json()["rows"].take()
    }

    #[track_caller]
    fn count(&self, table: &str) -> u64 {
        let rows = self.rows(&format!("{table} | count"));
        rows[0]["Count"].as_u64().unwrap()
    }

    /// E-QRY-01, exit code 1.
    #[track_caller]
    fn cut_off(&self, query: &str) -> Value {
        let said = self.ask(query);
        assert_eq!(said.code, 1, "{query}: {}{}", said.out, said.err);
        let error = said.json()["error"].take();
        assert_eq!(error["id"], "E-QRY-01", "{query}: {error:#}");
        error
    }

    fn segments(&self, of: &str) -> Vec<Value> {
        let list = self.line_json(&format!("segments list {of}"));
        list.as_array().unwrap().clone()
    }

    /// What became of the records of law-1.
    fn records(&self) -> Value {
        self.line_json("workspace show law-1")["records"].take()
    }

    fn files(&self, shelf: &str) -> BTreeSet<String> {
        let Ok(folder) = fs::read_dir(self.path("logs").join(shelf)) else {
            return BTreeSet::new();
        };
        folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn ids(segments: &[Value]) -> BTreeSet<String> {
    segments
        .iter()
        .map(|s| s["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Requests of one hour, one of them the needle, and one line that is none.
fn requests(rows: u64, first: u64) -> String {
    let mut text = String::new();
    for n in first..first + rows {
        let (minute, second) = (n / 60 % 60, n % 60);
        let code = if n % 10 == 0 { 500 } else { 200 };
        let operation = match n {
            1_234 => NEEDLE.to_owned(),
            n => format!("{:032x}", n * 7_919),
        };
        text += &format!(
            "{{\"TimeGenerated\":\"2020-11-22T08:{minute:02}:{second:02}Z\",\"Name\":\"GET /claims/{{id}}\",\"Url\":\"https://claims.example/{n}\",\"Success\":{},\"ResultCode\":\"{code}\",\"DurationMs\":{},\"OperationId\":\"{operation}\",\"Number\":{n}}}\n",
            code == 200,
            n % 97,
        );
        if n == first {
            text += "{\"TimeGenerated\": \"2020-11-22T08:00:00Z\", \"Name\"\n";
        }
    }
    text
}

/// The five classes of `data.md` §3.5, and two that look at values.
const QUERIES: [&str; 7] = [
    "AppRequests | count",
    "AppRequests | summarize min(TimeGenerated), max(TimeGenerated)",
    "AppRequests | where TimeGenerated > datetime(2030-01-01)",
    "AppRequests | where ResultCode == '500' | summarize n = count(), s = sum(Number)",
    "AppRequests | sort by Number asc | take 1",
    "AppRequests | where OperationId == 'f00dfeedf00dfeedf00dfeedf00dfeed' | project Number, Url",
    "AppRequests | summarize n = count(), avg(DurationMs) by ResultCode | sort by ResultCode asc",
];

#[test]
fn a_revoked_key_cuts_data_off_a_restored_one_brings_it_back_and_a_purged_one_never_does() {
    let place = made(Until::Linked);
    // Nothing of the input lies where it is looked for later.
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("requests.ndjson");
    fs::write(&file, requests(ROWS, 0)).unwrap();
    let file = file.to_str().unwrap();
    let came = place.ingest("law-1", "AppRequests", file);
    assert_eq!(came["rows"], ROWS);
    assert_eq!(came["stored"], ROWS);
    assert_eq!(came["rejected"], 1);
    assert_eq!(came["dataLost"], false);
    assert_eq!(came["segments"][0]["keyClass"], "customer");
    let rejects = fs::read_to_string(came["rejects"].as_str().unwrap()).unwrap();
    let reject: Value = serde_json::from_str(&rejects).unwrap();
    assert_eq!(reject["line"], 2);
    assert!(
        reject["reason"]
            .as_str()
            .unwrap()
            .contains("malformed JSON")
    );
    // Another workspace, in the shared store.
    place.ingest("law-2", "AppRequests", file);
    let before: Vec<Value> = QUERIES.iter().map(|q| place.rows(q)).collect();
    assert_eq!(before[0], json!([{ "Count": ROWS }]));
    assert_eq!(before[3], json!([{ "n": 250, "s": 311_250 }]));
    assert_eq!(
        before[5],
        json!([{ "Number": 1_234, "Url": "https://claims.example/1234" }])
    );

    // Somebody who has all files but those inside the hardware opens nothing; with it, everything.
    let state = place.dir.path();
    let loot = thief::on(state, false, NEEDLE);
    assert_eq!((loot.files, loot.customer, loot.microsoft), (4, 0, 0));
    assert_eq!((loot.plain, loot.answered), (0, false));
    let loot = thief::on(state, true, NEEDLE);
    assert!(loot.customer > 0 && loot.microsoft > 0, "{loot:?}");
    assert_eq!((loot.plain, loot.answered), (0, true));

    place.line("key disable kv-logs/kek").ok();
    place.line("clock advance 1h").ok();
    for query in QUERIES {
        let error = place.cut_off(query);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("was revoked"), "{message}");
        assert!(!error["remedy"].as_str().unwrap().is_empty());
    }
    let mine = ids(&place.segments("--cluster lacluster"));
    assert_eq!(mine.len(), 1);
    assert!(place.files("hot").is_disjoint(&mine));
    let theirs = ids(&place.segments("--workspace law-2"));
    assert_eq!(place.files("hot"), theirs, "others keep their hot copies");
    let cold = place.files("cold");
    let said = place
        .line(&format!(
            "--format json ingest --workspace law-1 --table AppRequests {file}"
        ))
        .ok();
    assert!(
        said.err.contains("DATA LOST: 2,500 records"),
        "{}",
        said.err
    );
    assert!(
        is_inert(&said.err),
        "no bar but on a terminal: {}",
        said.err
    );
    let lost = said.json();
    assert_eq!(lost["dataLost"], true);
    assert_eq!(lost["stored"], 0);
    assert_eq!(lost["lost"]["rows"], ROWS);
    assert_eq!(lost["lost"]["reasons"][0]["why"], "revoked");
    assert_eq!(lost["segments"], json!([]));
    assert_eq!(place.files("cold"), cold, "nothing of it is written");
    let records = place.records();
    assert_eq!(records["dropped"]["rows"], ROWS);
    assert_eq!(records["hidden"]["rows"], ROWS);
    assert_eq!(records["hot"]["rows"], 0);
    let loot = thief::on(state, false, NEEDLE);
    assert_eq!((loot.customer, loot.microsoft), (0, 0));
    assert_eq!((loot.plain, loot.answered), (0, false));
    let checked = place.line_json("segments verify --all");
    let of_mine: Vec<&Value> = checked
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| mine.contains(c["segment"].as_str().unwrap()))
        .collect();
    assert_eq!(of_mine.len(), 1);
    assert_eq!(of_mine[0]["verdict"], "closed");
    assert_eq!(of_mine[0]["error"]["id"], "E-QRY-01");

    place.line("key enable kv-logs/kek").ok();
    place.line("clock advance 30m").ok();
    let after: Vec<Value> = QUERIES.iter().map(|q| place.rows(q)).collect();
    assert_eq!(after, before, "the dropped records are gone for good");
    assert!(place.files("hot").is_superset(&mine));
    assert_eq!(place.records()["dropped"]["rows"], ROWS);

    // Nobody can purge it before its time; then it is gone, and what was under it with it.
    place.line("key delete kv-logs/kek --yes").ok();
    place.refused(&["key", "purge", "kv-logs/kek", "--yes"], "E-KV-05");
    place.line("clock advance 8d").ok();
    place.cut_off(QUERIES[0]);
    let loot = thief::on(state, true, NEEDLE);
    assert_eq!(loot.customer, 0, "not even with the hardware");
    assert!(loot.microsoft > 0, "{loot:?}");
    assert_eq!((loot.plain, loot.answered), (0, false));
    assert_eq!(thief::on(state, false, NEEDLE).microsoft, 0);
}

#[test]
fn an_outage_of_five_minutes_changes_nothing() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "AppRequests", &file);
    place
        .line("fault inject kv-logs --kind outage --for 5m")
        .ok();
    for _ in 0..6 {
        assert_eq!(place.count("AppRequests") % ROWS, 0);
        place.line("clock advance 1m").ok();
    }
    let came = place.ingest("law-1", "AppRequests", &file);
    assert_eq!(came["segments"][0]["store"], "cluster");
    assert_eq!(place.count("AppRequests"), 2 * ROWS);
    assert_eq!(place.records()["buffered"]["rows"], 0);
}

#[test]
fn after_an_outage_of_45_minutes_every_buffered_row_is_there_once_under_the_customers_key() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "AppRequests", &file);
    place
        .line("fault inject kv-logs --kind outage --for 45m")
        .ok();
    place.line("clock advance 31m").ok();
    let error = place.cut_off(QUERIES[0]);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("out of reach for too long"), "{message}");
    let more = place.write("more.ndjson", requests(ROWS, ROWS));
    let came = place.ingest("law-1", "AppRequests", &more);
    assert_eq!(came["dataLost"], false);
    assert_eq!(came["segments"][0]["store"], "buffer");
    assert_eq!(came["segments"][0]["keyClass"], "microsoft");
    assert_eq!(place.files("buffer").len(), 1);
    assert_eq!(place.records()["inBuffer"]["rows"], ROWS);

    place.line("clock advance 16m").ok();
    assert_eq!(place.count("AppRequests"), 2 * ROWS);
    let sum = 2 * ROWS * (2 * ROWS - 1) / 2;
    assert_eq!(
        place.rows("AppRequests | distinct Number | summarize n = count(), s = sum(Number)"),
        json!([{ "n": 2 * ROWS, "s": sum }])
    );
    let segments = place.segments("--workspace law-1");
    assert!(segments.iter().all(|s| s["keyClass"] == "customer"));
    assert_eq!(segments.len(), 2);
    assert_eq!(segments[1]["drainedFrom"], came["segments"][0]["id"]);
    assert_eq!(place.files("buffer"), BTreeSet::new());
    let records = place.records();
    assert_eq!(records["buffered"]["rows"], ROWS);
    assert_eq!(records["drained"]["rows"], ROWS);
    place.line("segments verify --all").ok();
}

#[test]
fn rotation_rewrites_no_segment_and_data_from_before_the_key_is_queried_with_the_rest() {
    let place = made(Until::Unlinked);
    let old = place.write("old.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "AppRequests", &old);
    place.link();
    let new = place.write("new.ndjson", requests(ROWS, ROWS));
    place.ingest("law-1", "AppRequests", &new);
    let look = || -> Vec<(u64, Vec<u8>)> {
        place
            .files("cold")
            .iter()
            .map(|name| {
                let path = place.path("logs/cold").join(name);
                let inode = fs::metadata(&path).unwrap().ino();
                (inode, fs::read(path).unwrap())
            })
            .collect()
    };
    let (files, kid) = (look(), || {
        place.line_json("cluster show lacluster")["kid"].take()
    });
    assert_eq!(files.len(), 2);
    let before = kid();
    place.line("key new-version kv-logs/kek").ok();
    let begun = place.line_json("cluster set-key lacluster --vault kv-logs --key kek");
    let operation = begun["operation"].as_str().unwrap();
    place.line(&format!("op wait {operation} --advance")).ok();
    assert_ne!(kid(), before);
    assert_eq!(look(), files);
    let classes: Vec<Value> = place
        .segments("--workspace law-1")
        .iter()
        .map(|s| json!([s["keyClass"], s["store"], s["wrappedBy"]]))
        .collect();
    assert_eq!(
        classes,
        [
            json!(["microsoft", "shared", "Microsoft"]),
            json!(["customer", "cluster", kid()])
        ]
    );
    assert_eq!(place.count("AppRequests"), 2 * ROWS);
    let sides =
        place.rows("AppRequests | summarize n = count() by old = Number < 2500 | sort by old asc");
    assert_eq!(
        sides,
        json!([{ "old": false, "n": ROWS }, { "old": true, "n": ROWS }])
    );
    place.line("segments verify --all").ok();
}

#[test]
fn a_partial_answer_has_what_can_be_read_and_says_what_is_missing() {
    let place = made(Until::Unlinked);
    let old = place.write("old.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "AppRequests", &old);
    place.link();
    let new = place.write("new.ndjson", requests(ROWS, ROWS));
    place.ingest("law-1", "AppRequests", &new);
    let ask = |more: &[&str]| {
        let mut words = vec!["--format", "json", "query", "--workspace", "law-1"];
        words.extend(["AppRequests | count"].iter().chain(more));
        place.run(&words)
    };
    let whole = ask(&["--partial"]).ok().json();
    assert_eq!(whole["rows"][0]["Count"], 2 * ROWS);
    assert_eq!(whole["partial"], false);
    place.line("key disable kv-logs/kek").ok();
    place.line("clock advance 1h").ok();
    assert_eq!(ask(&[]).code, 1);
    let said = ask(&["--partial"]).ok();
    let part = said.json();
    assert_eq!(part["rows"][0]["Count"], ROWS);
    assert_eq!(part["partial"], true);
    assert_eq!(part["hiddenSegments"], 1);
    assert_eq!(part["error"]["id"], "E-QRY-01");
    assert!(
        said.err.contains("PARTIAL: 1 segment is left out"),
        "{}",
        said.err
    );
    // The records are of 08:00 to 09:00, hours ago.
    let last = ask(&["--partial", "--last", "1h"]).ok().json();
    assert_eq!(last["rows"][0]["Count"], 0);
}

/// Bytes of a block, for which one need not wait long.
const SMALL: &str = "1000000";

fn long_file(place: &Place) -> (String, u64) {
    let rows = 120_000;
    (place.write("long.ndjson", requests(rows, 0)), rows)
}

/// Starts to ingest a file and ends that by a signal once a block is in.
fn interrupted(place: &Place, file: &str, signal: &str) -> std::process::Output {
    let child = program(
        place.dir.path(),
        &[
            "--format",
            "json",
            "ingest",
            "--workspace",
            "law-1",
            "--table",
            "Long_CL",
            "--block",
            SMALL,
            file,
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let before = Instant::now();
    while place.files("hot").is_empty() && before.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let killed = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupted_ingest_goes_on_where_it_was_and_no_row_is_missing_or_doubled() {
    for signal in ["-INT", "-KILL"] {
        let place = made(Until::Linked);
        let (file, rows) = long_file(&place);
        let ended = interrupted(&place, &file, signal);
        if signal == "-INT" {
            assert_eq!(ended.status.code(), Some(1));
            let said: Value = serde_json::from_slice(&ended.stdout).unwrap();
            assert_eq!(said["complete"], false);
            let done = said["rows"].as_u64().unwrap();
            assert!(0 < done && done < rows, "{said:#}");
            let words = String::from_utf8(ended.stderr).unwrap();
            assert!(words.contains("--resume"), "{words}");
        } else {
            assert_eq!(ended.status.code(), None);
        }
        let ingest = format!("ingest --workspace law-1 --table Long_CL {file}");
        let again = place.line(&format!("--format json {ingest}"));
        assert_eq!(again.code, 2, "{signal}: {}", again.out);
        let error = again.json()["error"].take();
        assert_eq!(error["code"], "IngestInterrupted");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("up to line"), "{message}");
        let shown = place.line_json("tables show Long_CL --workspace law-1");
        assert_eq!(shown["unfinished"].as_array().unwrap().len(), 1);

        let rest = place.line_json(&format!("{ingest} --resume"));
        assert_eq!(rest["complete"], true);
        assert!(rest["rows"].as_u64().unwrap() < rows, "{signal}");
        assert_eq!(
            place.rows("Long_CL | summarize n = count(), s = sum(Number)"),
            json!([{ "n": rows, "s": rows * (rows - 1) / 2 }]),
            "{signal}"
        );
        let distinct = place.rows("Long_CL | distinct Number | count");
        assert_eq!(distinct[0]["Count"], rows);
        let rejects = fs::read_to_string(format!("{file}.rejects")).unwrap();
        assert_eq!(rejects.lines().count(), 1, "{signal}: {rejects}");
        let over = place.line(&format!("--format json {ingest} --resume"));
        assert_eq!(over.json()["error"]["code"], "NothingToResume");
    }
}

#[test]
fn every_format_is_told_from_its_bytes_and_what_is_none_is_refused() {
    let place = made(Until::Linked);
    let time = "2020-11-22T08:00:00Z";
    for (name, text) in [
        (
            "a.json",
            format!("[{{\"TimeGenerated\":\"{time}\",\"A\":1}},\n{{\"A\":2}}]"),
        ),
        ("a.csv", format!("TimeGenerated,A\n{time},3\n{time},4\n")),
    ] {
        let file = place.write(name, text);
        assert_eq!(
            place.ingest("law-1", "Mixed_CL", &file)["rows"],
            2,
            "{name}"
        );
    }
    assert_eq!(
        place.rows("Mixed_CL | summarize n = count(), s = sum(A)"),
        json!([{ "n": 4, "s": 10 }])
    );
    let file = place.write(
        "messages",
        "<34>1 2020-11-22T08:00:00Z web-1 su - ID47 - 'su root' failed\n<13>Nov 22 08:00:01 web-2 cron[7]: done\n",
    );
    assert_eq!(place.ingest("law-1", "Syslog", &file)["rows"], 2);
    assert_eq!(
        place.rows("Syslog | sort by TimeGenerated asc | project Computer, ProcessName"),
        json!([
            { "Computer": "web-1", "ProcessName": "su" },
            { "Computer": "web-2", "ProcessName": "cron" }
        ])
    );
    let piped = {
        let mut child = program(
            place.dir.path(),
            &[
                "--format",
                "json",
                "ingest",
                "--workspace",
                "law-1",
                "--table",
                "Piped_CL",
                "-",
            ],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(b"{\"A\":1}\n").unwrap();
        drop(pipe);
        child.wait_with_output().unwrap()
    };
    assert!(piped.status.success());
    assert_eq!(place.count("Piped_CL"), 1);

    let ingest = |file: &str, more: &str| {
        let said = place.line(&format!(
            "--format json ingest --workspace law-1 --table Mixed_CL {file}{more}"
        ));
        (said.code, said.json())
    };
    let journal = place.journal();
    let strange = place.write("strange", b"\x7fELF\x02\x01\x01\x00\x00\x00".as_slice());
    let (code, json) = ingest(&strange, "");
    assert_eq!(
        (code, &json["error"]["code"]),
        (2, &json!("UnreadableInput"))
    );
    let (code, json) = ingest("/nowhere/at/all", "");
    assert_eq!((code, &json["error"]["code"]), (2, &json!("InvalidFile")));
    let (code, json) = ingest(&strange, " --resume");
    assert_eq!(
        (code, &json["error"]["code"]),
        (2, &json!("NothingToResume"))
    );
    // Not one record: exit 2, and where they went.
    let broken = place.write("broken.ndjson", "{\"A\": \n{\"A\"\n");
    let (code, json) = ingest(&broken, "");
    assert_eq!(
        (code, &json["rejected"], &json["rows"]),
        (2, &json!(2), &json!(0))
    );
    let rejects = PathBuf::from(json["rejects"].as_str().unwrap());
    assert_eq!(fs::read_to_string(rejects).unwrap().lines().count(), 2);
    // Where they cannot be written down, nothing goes in.
    let (code, json) = ingest(
        &place.write("mixed.ndjson", "{\"A\":9}\n{\"A\""),
        " --rejects /nowhere/r",
    );
    assert_eq!((code, &json["error"]["target"]), (2, &json!("rejects")));
    assert_eq!(place.journal(), journal);
    for (table, id) in [("Usage", "E-ING-02"), ("Nope", "E-ING-02")] {
        let broken = broken.as_str();
        place.refused(
            &["ingest", "--workspace", "law-1", "--table", table, broken],
            id,
        );
    }
    let as_reader = [
        "ingest",
        "--workspace",
        "law-1",
        "--table",
        "A_CL",
        &broken,
        "--as",
        "rea",
    ];
    place.refused(&as_reader, "E-ARM-03");
    assert_eq!(place.journal(), journal);
}

#[test]
fn a_wrong_query_is_told_with_its_place_and_a_dry_run_leaves_no_trace() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    let dry = place.line_json(&format!(
        "--dry-run ingest --workspace law-1 --table AppRequests {file}"
    ));
    assert_eq!((&dry["rows"], &dry["dryRun"]), (&json!(ROWS), &json!(true)));
    assert_eq!(place.files("cold"), BTreeSet::new());
    place.ingest("law-1", "AppRequests", &file);
    let query = |text: &str| place.run(&["query", "--workspace", "law-1", text]);
    let said = query("AppRequests\n| where Nme == 'x'");
    assert_eq!(said.code, 2);
    assert_eq!(said.out, "");
    for part in [
        "Line 2, column 9",
        "did you mean Name?",
        "\n  | where Nme == 'x'\n          ^^^\n",
        "E-QRY-03",
    ] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    let error = place.ask("AppRequests | where Nme == 1").json()["error"].take();
    assert_eq!(error["details"][0]["nearest"], "Name");
    assert_eq!(error["details"][0]["column"], 21);
    for text in [HOSTILE, "", "|", "AppRequests |", "'", "\u{1b}[2J"] {
        let said = query(text);
        assert_eq!(said.code, 2, "{text:?}: {}", said.out);
        assert!(is_inert(&said.err), "{text:?}: {}", said.err);
    }
    let journal = place.journal();
    let dry = place.line("--dry-run --format json query --workspace law-1 AppRequests|count");
    assert_eq!(dry.ok().json()[0]["name"], "Count");
    assert_eq!(place.journal(), journal);
    // A stranger's text obeys nothing and is no formula.
    let text = "AppRequests | take 1 | project a = '=1+1\u{1b}[2J', b = dynamic({\"x\": [1, 2]}), c = 1h, d = TimeGenerated";
    for format in ["table", "json", "csv", "plain"] {
        let said = place.run(&["--format", format, "query", "--workspace", "law-1", text]);
        let said = said.ok();
        // Tabs are between the cells of a plain list.
        let out = said.out.replace('\t', " ");
        assert!(is_inert(&out), "{format}: {out}");
    }
    let csv = place.run(&["--format", "csv", "query", "--workspace", "law-1", text]);
    assert_eq!(
        csv.ok().out,
        "a,b,c,d\n'=1+1⟨U+001B⟩[2J,\"{\"\"x\"\":[1,2]}\",01:00:00,2020-11-22T08:00:00Z\n"
    );
    let answer = place.ask(text).ok().json();
    assert_eq!(answer["simulation"], true);
    assert_eq!(
        answer["columns"][1],
        json!({ "name": "b", "type": "dynamic" })
    );
    assert_eq!(answer["rows"][0]["b"], json!({ "x": [1, 2] }));
    let chart = query("AppRequests | summarize count() by ResultCode | render piechart").ok();
    assert!(chart.out.contains("(90.0 %)"), "{}", chart.out);
    assert!(chart.out.contains('█'), "{}", chart.out);
    // Exit codes of what is not there and of who may not.
    let code = |words: &[&str]| place.run(words).code;
    assert_eq!(code(&["query", "--workspace", "nope", "print 1"]), 3);
    assert_eq!(
        code(&["query", "--workspace", "law-1", "print 1", "--as", "sue"]),
        1
    );
    assert_eq!(
        code(&["query", "--workspace", "law-1", "print 1", "--as", "rea"]),
        0
    );
}

#[test]
fn saved_queries_run_by_name() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "AppRequests", &file);
    let text = "AppRequests | where Success == false | count";
    place.json(&["search", "save", "law-1", "failed", "--query", text]);
    place.json(&[
        "search",
        "save",
        "law-1",
        "alarm",
        "--query",
        "AppRequests | take 1",
        "--alert",
    ]);
    let ran = place.line_json("search run failed --workspace law-1");
    assert_eq!(ran["rows"], json!([{ "Count": 250 }]));
    let ran = place.line_json("search run alarm --workspace law-1 --alert");
    assert_eq!(ran["rowCount"], 1);
    assert_eq!(place.line("search run alarm --workspace law-1").code, 3);

    // In a storage account of one's own, under one's own key.
    for line in [
        "policy set kv-logs --principal stqueries --keys get,wrapKey,unwrapKey",
        "storage set-key stqueries --vault kv-logs --key kek",
        "storage link law-1 stqueries --type Query --yes",
    ] {
        place.line(line).ok();
    }
    assert_eq!(place.line("search run failed --workspace law-1").code, 3);
    place.json(&["search", "save", "law-1", "failed", "--query", text]);
    let run = "--format json search run failed --workspace law-1";
    assert_eq!(place.line(run).ok().json()["rows"][0]["Count"], 250);
    place.line("key disable kv-logs/kek").ok();
    let said = place.line(run);
    assert_eq!(said.code, 1);
    assert_eq!(said.json()["error"]["id"], "E-SS-03");
}

#[test]
fn a_damaged_block_is_named_moved_away_and_leaves_the_rest_readable() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    for table in ["Bad_CL", "Good_CL"] {
        place.ingest("law-1", table, &file);
    }
    let segments = place.segments("--workspace law-1 --table Bad_CL");
    let id = segments[0]["id"].as_str().unwrap();
    let path = place.path("logs/cold").join(id);
    let mut bytes = fs::read(&path).unwrap();
    let place_of_flip = bytes.len() - 40;
    bytes[place_of_flip] ^= 1;
    fs::write(&path, bytes).unwrap();
    let verify = |more: &str| {
        let said = place.line(&format!("--format json segments verify {more}"));
        (said.code, said.json())
    };
    let (code, checks) = verify(id);
    assert_eq!(code, 1);
    assert_eq!(checks[0]["verdict"], "damaged");
    assert_eq!(checks[0]["path"], path.to_str().unwrap());
    let blocks = checks[0]["blocks"].as_u64().unwrap();
    assert_eq!(checks[0]["block"], blocks - 1);
    let (code, checks) = verify("--all --quarantine");
    assert_eq!(code, 1);
    let moved = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["verdict"] == "damaged")
        .unwrap();
    assert!(PathBuf::from(moved["movedTo"].as_str().unwrap()).exists());
    assert!(!path.exists());
    assert_eq!(place.count("Good_CL"), ROWS);
    assert_eq!(
        run_in(place.dir.path(), &["segments", "show", "99"]).code,
        3
    );
}

#[test]
fn tables_say_what_came_how_long_it_stays_and_who_may_know() {
    let place = made(Until::Linked);
    let file = place.write("requests.ndjson", requests(ROWS, 0));
    place.ingest("law-1", "Own_CL", &file);
    let tables = place.line_json("tables list --workspace law-1");
    let own = super::find(&tables, "name", "Own_CL");
    assert_eq!(own["origin"], "custom");
    assert_eq!(own["records"]["stored"]["rows"], ROWS);
    assert_eq!(own["records"]["customerKey"]["rows"], ROWS);
    assert_eq!(super::find(&tables, "name", "Usage")["origin"], "service");
    super::camel_case(&tables, "tables list");
    let set = place.line_json("tables retention Own_CL --workspace law-1 --days 60");
    assert_eq!(set["retentionInDays"], 60);
    let shown = place.line_json("tables show Own_CL --workspace law-1");
    assert_eq!(shown["ownRetention"], true);
    let number = super::find(&shown["columns"], "name", "Number");
    assert_eq!(number["type"], "long");
    super::camel_case(&shown, "tables show");
    let segments = place.segments("--table Own_CL");
    super::camel_case(&Value::Array(segments.clone()), "segments list");
    let id = segments[0]["id"].as_str().unwrap().to_owned();
    super::camel_case(
        &place.line_json(&format!("segments show {id}")),
        "segments show",
    );
    place.refused(
        &[
            "tables",
            "retention",
            "Own_CL",
            "--workspace",
            "law-1",
            "--days",
            "3",
        ],
        "E-WS-03",
    );
    place.refused(
        &["tables", "show", "Nope_CL", "--workspace", "law-1"],
        "E-QRY-03",
    );
    // The vendor runs the platform; what a customer keeps in a workspace is not theirs to see.
    place.refused(
        &["tables", "list", "--workspace", "law-1", "--as", "sue"],
        "E-ARM-03",
    );
    place.refused(&["segments", "show", &id, "--as", "sue"], "E-QRY-04");
    assert_eq!(place.line_json("segments list --as sue"), json!([]));
    assert_eq!(
        place.line_json("workspace show law-1 --as sue")["records"],
        Value::Null
    );
}
