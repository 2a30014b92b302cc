//! The real program: every list and every page, in every format, on worlds whose file is hostile.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::worlds::file;
use super::{inert, strings};

const WORLDS: usize = 20;
const TEXTS: usize = 6;
const FORMATS: [&str; 4] = ["table", "plain", "csv", "json"];

#[test]
fn the_program_lets_nothing_out_on_stdout_or_stderr() {
    let strings = strings();
    // Spread over the kinds of strings.
    let texts: Vec<String> = strings
        .iter()
        .step_by(strings.len() / (WORLDS * TEXTS))
        .cloned()
        .collect();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let worlds = texts.chunks(TEXTS).enumerate().take(WORLDS);
            let mine = worlds.filter(move |(n, _)| n % 2 == half);
            scope.spawn(move || mine.for_each(|(n, texts)| one_world(n, texts)));
        }
    });
}

struct Place<'a> {
    dir: &'a Path,
    world: String,
}

impl Place<'_> {
    fn run(&self, format: &str, args: &[&str]) -> (i32, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_lockbox"))
            .args(["--world", &self.world, "--format", format])
            .args(args)
            .env_clear()
            .env("LOCKBOX_STATE", self.dir.join("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        );
        let what = (format, args);
        inert(&what, &err);
        match format {
            // The tabs between the columns.
            "plain" => inert(&what, &out.replace('\t', " ")),
            _ => inert(&what, &out),
        }
        if format == "json" {
            let read = |text: &str| serde_json::from_str::<Value>(text).is_ok();
            let lines = args.contains(&"export") && out.lines().all(read);
            // What the parser of arguments refuses, it refuses on stderr alone.
            let usage = status.code() == Some(2) && out.is_empty();
            assert!(
                read(&out) || lines || usage,
                "{what:?} gives no JSON; {err}"
            );
        }
        (status.code().unwrap(), out)
    }

    fn done(&self, format: &str, args: &[&str]) -> String {
        let (code, out) = self.run(format, args);
        assert_eq!(code, 0, "{args:?}: {out}");
        out
    }
}

fn one_world(n: usize, texts: &[String]) {
    let dir = tempfile::tempdir().unwrap();
    let world = dir.path().join("world.toml");
    std::fs::write(&world, file(texts)).unwrap();
    let place = Place {
        dir: dir.path(),
        world: world.to_str().unwrap().to_owned(),
    };
    let ticket = ticket(&place, &texts[n % texts.len()]);
    let ids = |list: &[&str], key: &str| -> Vec<String> {
        let out: Value = serde_json::from_str(&place.done("json", list)).unwrap();
        let id = |thing: &Value| thing[key].as_str().unwrap().to_owned();
        out.as_array().unwrap().iter().map(id).collect()
    };
    let pick = |ids: Vec<String>| ids[n % ids.len()].clone();
    let jit = pick(ids(&["--as", "observer", "jit", "list"], "id"));
    let request = pick(ids(&["--as", "observer", "request", "list"], "id"));
    let grant = pick(ids(&["--as", "observer", "grant", "list"], "id"));
    let mail = pick(ids(&["--as", "observer", "mail", "list"], "id"));
    let text = texts[(n + 1) % texts.len()].replace('\0', "");
    let page = |kind: &str, id: &str| format!("{kind}/{id}");
    let (of_request, of_ticket) = (page("request", &request), page("ticket", &ticket));
    let (of_grant, of_mail) = (page("grant", &grant), page("mail", &mail));
    let commands: [Vec<&str>; 30] = [
        vec!["ticket", "list"],
        vec!["ticket", "show", &ticket],
        vec!["jit", "list"],
        vec!["jit", "show", &jit],
        vec!["request", "list"],
        vec!["request", "show", &request],
        vec!["request", "history", &request],
        vec!["request", "approvers", &request],
        vec!["grant", "list"],
        vec!["grant", "show", &grant],
        vec!["mail", "list"],
        vec!["mail", "show", &mail],
        vec!["activity", "list"],
        vec!["journal", "export"],
        vec!["journal", "verify"],
        vec!["clock", "show"],
        vec!["rules"],
        vec!["paths"],
        vec!["check", "world", &place.world],
        vec!["once", "overview"],
        vec!["once", "pending"],
        vec!["once", "requests"],
        vec!["once", "tickets"],
        vec!["once", "grants"],
        vec!["once", "activity"],
        vec!["once", "mail"],
        vec!["once", &of_request],
        vec!["once", &of_ticket],
        vec!["once", &of_grant],
        vec!["once", &of_mail],
    ];
    let wrong: [Vec<&str>; 7] = [
        vec!["once", &text],
        vec!["request", "show", &text],
        vec!["rules", &text],
        vec!["request", "list", "--filter", &text],
        vec!["check", "world", &text],
        vec!["ticket", "open", "--file", &text],
        vec![&text],
    ];
    for (k, args) in commands.iter().chain(&wrong).enumerate() {
        let format = FORMATS[(n + k) % FORMATS.len()];
        let mut all = vec!["--as", "observer"];
        all.extend(args);
        let (code, out) = place.run(format, &all);
        let expected: &[i32] = if k < commands.len() { &[0] } else { &[2, 3] };
        assert!(expected.contains(&code), "{format} {args:?}: {code} {out}");
    }
    let nobody = place.run(FORMATS[n % 4], &["--as", &text, "request", "list"]);
    assert_eq!(nobody.0, 3, "{}", nobody.1);
}

/// Opens a ticket from a JSON file with a hostile string in every field; a program reads it back as it was.
fn ticket(place: &Place, text: &str) -> String {
    let ticket = json!({ "properties": {
        "title": text, "description": text, "severity": "critical", "problemClassificationId": text,
        "subscription": "s0",
        "contactDetails": {
            "firstName": text, "lastName": text, "primaryEmailAddress": text, "preferredContactMethod": text,
            "preferredTimeZone": text, "preferredSupportLanguage": text, "country": text,
        },
    }});
    let path = place.dir.join("ticket.json");
    std::fs::write(&path, ticket.to_string()).unwrap();
    let path = path.to_str().unwrap();
    for format in FORMATS {
        let args = [
            "--as",
            "owner0",
            "--dry-run",
            "ticket",
            "open",
            "--file",
            path,
        ];
        place.done(format, &args);
    }
    let out = place.done(
        "json",
        &["--as", "owner0", "ticket", "open", "--file", path],
    );
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(shown["title"], text);
    assert_eq!(
        shown["contactDetails"],
        ticket["properties"]["contactDetails"]
    );
    let id = shown["supportTicketId"].as_str().unwrap().to_owned();
    for said in ["table", "json"] {
        let clean: String = text.chars().filter(|c| *c != '\0').collect();
        place.done(said, &["--as", "owner0", "ticket", "say", &id, &clean]);
    }
    id
}
