//! The command line as a script or a person meets it: the real binary, on state directories of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use lockbox::engine::text::acts;
use serde_json::Value;

#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/plain.rs"]
mod plain;
#[path = "cli/thief.rs"]
mod thief;

const OWNER: &str = "minji.kim";
const CONTRIBUTOR: &str = "hyejin.jung";
const DEVOPS: &str = "daniel.okafor";
const RESOURCE: &str = "contoso-prod/rg-claims-web/web-claims-02";
/// Everybody who is Owner of contoso-prod and has a mailbox.
const MAILED: [&str; 5] = [
    "dohyun.choi",
    "junho.park",
    "minji.kim",
    "noemi.szabo",
    "seoyeon.lee",
];
const HOSTILE: &str = "=1+1\t\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m \u{202e}evil\u{202c} a\u{200b}b\u{2066}c \u{e0041}\r\nrefused: nothing\u{2028}\u{7f}";

/// A state directory of its own, with the demo world founded in it.
struct Place {
    dir: tempfile::TempDir,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {}{}", self.out, self.err))
    }

    #[track_caller]
    fn ok(self) -> Said {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }
}

/// The demo world is founded once; every test gets a copy.
fn founded() -> &'static Path {
    static FOUNDED: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOUNDED
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            run_in(dir.path(), &["clock", "show"]).ok();
            dir
        })
        .path()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn program(state: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockbox"));
    command
        .args(args)
        .env_clear()
        .env("LOCKBOX_STATE", state)
        .stdin(Stdio::null());
    command
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().expect("ended by a signal"),
        out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        err: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

fn run_in(state: &Path, args: &[&str]) -> Said {
    said(program(state, args).output().unwrap())
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        copy(founded(), dir.path());
        Place { dir }
    }

    fn run(&self, args: &[&str]) -> Said {
        run_in(self.dir.path(), args)
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--format", "json"];
        all.extend(args);
        self.run(&all).ok().json()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The whole record, to compare before and after.
    fn journal(&self) -> String {
        self.run(&["journal", "export"]).ok().out
    }

    /// A ticket on the usual resource, escalated to a DevOps engineer; gives its id.
    fn escalated(&self, to: &str, title: &str, text: &str) -> String {
        let opened = self.json(&[
            "ticket",
            "open",
            "--resource",
            RESOURCE,
            "--title",
            title,
            "--description",
            text,
            "--problem",
            text,
        ]);
        let id = opened["supportTicketId"].as_str().unwrap().to_owned();
        let assigned = opened["assignedTo"].as_str().unwrap().to_owned();
        self.json(&[
            "ticket", "escalate", &id, "--to", to, "--reason", text, "--as", &assigned,
        ]);
        id
    }

    /// A JIT request by the engineer the ticket was escalated to.
    fn submit(&self, ticket: &str, by: &str, more: &[&str]) -> Value {
        let mut args = vec![
            "jit",
            "submit",
            "--ticket",
            ticket,
            "--reason",
            "Look at the event log.",
            "--tried",
            "PerfInsights",
            "--as",
            by,
        ];
        args.extend(more);
        self.json(&args)
    }

    /// A pending Lockbox request; gives its id.
    fn pending(&self) -> String {
        let ticket = self.escalated(DEVOPS, "Slow portal", "It is slow.");
        let jit = self.submit(&ticket, DEVOPS, &[]);
        assert_eq!(jit["outcome"], "awaitingCustomer");
        jit["request"].as_str().unwrap().to_owned()
    }
}

fn find<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    list.as_array()
        .unwrap()
        .iter()
        .find(|item| item[key] == value)
        .unwrap_or_else(|| panic!("no {key} {value} in {list:#}"))
}

/// Every key of a JSON value is one word of letters and digits.
fn camel_case(value: &Value, place: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                // Counts by status have the statuses as keys.
                let plain = key.chars().all(|c| c.is_ascii_alphanumeric());
                assert!(plain, "{key} in {place}");
                camel_case(value, place);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| camel_case(v, place)),
        _ => {}
    }
}

fn micros(at: &Value) -> i64 {
    at.as_str()
        .unwrap()
        .parse::<lockbox::engine::SimTime>()
        .unwrap()
        .0
}

#[test]
fn a_ticket_becomes_a_request_a_grant_and_a_trail() {
    let place = Place::new();
    let file = place.write(
        "ticket.json",
        format!(
            r#"{{"properties": {{"title": "Portal is slow", "description": "Since Friday.", "severity": "critical",
                "contactDetails": {{"firstName": "Minji", "country": "KOR"}},
                "technicalTicketDetails": {{"resourceId": "{RESOURCE}"}}}}}}"#
        ),
    );
    let ticket = place.json(&["ticket", "open", "--file", &file]);
    assert_eq!(ticket["severity"], "critical");
    assert_eq!(ticket["contactDetails"]["country"], "KOR");
    let ticket_id = ticket["supportTicketId"].as_str().unwrap();
    let assigned = ticket["assignedTo"].as_str().unwrap();
    place.json(&["ticket", "say", ticket_id, "Please hurry."]);
    place.json(&["ticket", "review", ticket_id, "On it.", "--as", assigned]);
    place.json(&[
        "ticket",
        "tools",
        ticket_id,
        "PerfInsights",
        "--as",
        assigned,
    ]);
    place.json(&[
        "ticket", "escalate", ticket_id, "--to", DEVOPS, "--as", assigned,
    ]);
    let conversation = &place.json(&["ticket", "show", ticket_id])["conversation"];
    assert_eq!(conversation.as_array().unwrap().len(), 5);

    let jit = place.submit(ticket_id, DEVOPS, &["--level", "reader", "--duration", "8"]);
    let request = jit["request"].as_str().unwrap();
    let guid = place.json(&["request", "show", request])["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    for form in [
        request.to_owned(),
        request.trim_start_matches("LB-").to_owned(),
        guid.clone(),
        format!("LockboxRequest_{guid}"),
    ] {
        let shown = place.json(&["request", "show", &form]);
        assert_eq!(shown["id"], request);
        assert_eq!(shown["status"], "Pending");
        assert_eq!(shown["statusTitle"], "Customer Notified (Pending)");
        assert_eq!(shown["supportRequest"], ticket_id);
        assert_eq!(shown["duration"], "8");
    }
    find(
        &place.json(&["request", "list", "--pending"]),
        "id",
        request,
    );

    let approved = place.json(&["request", "approve", request, "--reason", "Needed."]);
    assert_eq!(approved["status"], "Approved");
    let grant = approved["grant"].as_str().unwrap();
    let grants = place.json(&["grant", "list"]);
    let listed = find(&grants, "id", grant);
    assert_eq!(listed["status"], "active");
    assert_eq!(listed["engineer"], DEVOPS);
    assert_eq!(listed["resources"][0], RESOURCE);
    assert_eq!(listed["request"], request);
    assert_eq!(
        micros(&listed["until"]) - micros(&listed["from"]),
        8 * 3_600_000_000
    );

    for (operation, caller) in [
        ("create", "Microsoft Customer Lockbox"),
        ("approve", "minji.kim@contoso.example"),
    ] {
        let log = place.json(&["activity", "list", "--operation", operation, "--back", "1d"]);
        let entry = find(&log, "correlationId", &guid);
        assert_eq!(entry["caller"], caller);
        assert_eq!(
            entry["resourceProviderName"]["value"],
            "Microsoft.CustomerLockbox"
        );
    }

    place.json(&["grant", "connect", grant, "--as", DEVOPS]);
    place.json(&["grant", "act", grant, "Get-EventLog", "--as", DEVOPS]);
    let shown = place.json(&["grant", "show", grant]);
    assert_eq!(shown["sessions"][0]["actions"][0]["text"], "Get-EventLog");
    let ids: Vec<_> = shown["windowsEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["eventId"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [4624, 4688]);
    assert_eq!(
        place.json(&["grant", "end", grant, "--as", DEVOPS])["status"],
        "closed"
    );
    assert_eq!(
        place.json(&["request", "show", request])["status"],
        "Completed"
    );
    let history = place.run(&["request", "history", request]).ok();
    assert!(history.out.contains("Approving by"), "{}", history.out);
    let over = place.json(&["request", "history"]);
    assert_eq!(find(&over, "id", request)["status"], "Completed");
    assert_eq!(
        place.json(&["ticket", "close", ticket_id])["status"],
        "Closed"
    );
}

#[test]
fn a_new_request_puts_one_rfc_5322_mail_per_owner_into_the_outbox() {
    let place = Place::new();
    let request = place.pending();
    let mut to = BTreeSet::new();
    for entry in fs::read_dir(place.path("outbox")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().unwrap(), "eml");
        let text = fs::read_to_string(&path).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        if !head.contains(&request) {
            continue;
        }
        for field in ["From:", "To:", "Subject:", "Date:", "Message-ID:"] {
            assert!(head.contains(field), "{field} is missing in {head}");
        }
        assert!(body.contains(&request));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        to.insert(name);
    }
    assert_eq!(to.len(), MAILED.len(), "{to:?}");
    for person in MAILED {
        assert!(to.iter().any(|f| f.ends_with(person)), "{person} in {to:?}");
    }
    // Everybody reads their own mail, the observer everybody's.
    let mine = place.json(&["mail", "list"]);
    let mine = find(&mine, "request", &request);
    assert_eq!(mine["person"], OWNER);
    let id = mine["id"].as_str().unwrap();
    assert!(place.run(&["mail", "show", id]).ok().out.contains(&request));
    assert_eq!(
        place.run(&["mail", "show", id, "--as", CONTRIBUTOR]).code,
        3
    );
    place.json(&["mail", "show", id, "--as", "observer"]);
}

#[test]
fn a_contributor_is_refused_with_the_same_reason_for_people_and_programs() {
    let place = Place::new();
    let request = place.pending();
    let before = place.journal();
    let args = [
        "request",
        "approve",
        &request,
        "--reason",
        "ok",
        "--as",
        CONTRIBUTOR,
    ];
    let people = place.run(&args);
    let program = place.run(&[&args[..], &["--format", "json"]].concat());
    let dry = place.run(&[&args[..], &["--dry-run"]].concat());
    let csv = place.run(&[&args[..], &["--format", "csv"]].concat());
    assert_eq!(
        [people.code, program.code, dry.code, csv.code],
        [1, 1, 1, 1]
    );
    let error = &program.json()["error"];
    assert_eq!(error["code"], "AuthorizationFailed");
    assert_eq!(error["status"], 403);
    assert_eq!(error["id"], "E-LB-03");
    assert_eq!(error["rule"], "R-LOCK-28");
    assert!(program.err.is_empty(), "{}", program.err);
    for said in [&people, &dry, &csv] {
        assert!(said.out.is_empty(), "{}", said.out);
        let lines: Vec<&str> = said.err.lines().collect();
        assert_eq!(lines.len(), 4, "{}", said.err);
        assert_eq!(
            lines[0],
            format!("refused:   {}", error["message"].as_str().unwrap())
        );
        assert!(lines[1].starts_with("why:       R-LOCK-28 "));
        assert_eq!(
            lines[2],
            format!("to do:     {}", error["remedy"].as_str().unwrap())
        );
        assert!(lines[3].contains("E-LB-03"));
    }
    assert_eq!(place.journal(), before);
}

#[test]
fn what_is_decided_already_says_its_status_in_the_error_body() {
    let place = Place::new();
    let request = place.pending();
    place.json(&["request", "deny", &request, "--reason", "No need."]);
    let again = place.run(&[
        "--format", "json", "request", "approve", &request, "--reason", "ok",
    ]);
    assert_eq!(again.code, 1);
    let error = &again.json()["error"];
    assert_eq!(error["code"], "RequestNotPending");
    assert_eq!(error["additionalInfo"][0]["type"], "RequestStatus");
    assert_eq!(
        error["additionalInfo"][0]["info"]["currentStatus"],
        "Denied"
    );
}

#[test]
fn a_request_is_pending_to_the_last_microsecond_and_then_expired() {
    let place = Place::new();
    let request = place.pending();
    let status = || place.json(&["request", "show", &request])["status"].clone();
    place.json(&["clock", "advance", "3d23h59m59s999999us"]);
    assert_eq!(status(), "Pending");
    let would = place.run(&["clock", "advance", "1us", "--dry-run"]).ok();
    assert!(would.out.contains(&format!("{request} expired")));
    assert_eq!(status(), "Pending");
    let did = place.run(&["clock", "advance", "1us"]).ok();
    assert!(
        did.out.contains(&format!("{request} expired")),
        "{}",
        did.out
    );
    assert_eq!(status(), "Expired");
    find(
        &place.json(&[
            "request",
            "list",
            "--filter",
            "properties/status eq 'Expired'",
        ]),
        "id",
        &request,
    );
}

#[test]
fn a_grant_ends_at_eight_hours_and_its_session_with_it() {
    let place = Place::new();
    let request = place.pending();
    let approved = place.json(&["request", "approve", &request, "--reason", "ok"]);
    let grant = approved["grant"].as_str().unwrap();
    place.json(&["grant", "connect", grant, "web-claims-02", "--as", DEVOPS]);
    place.json(&["clock", "advance", "7h59m59s999999us"]);
    assert_eq!(place.json(&["grant", "show", grant])["status"], "active");
    place.json(&["clock", "advance", "1us"]);
    let over = place.json(&["grant", "show", grant]);
    assert_eq!(over["status"], "expired");
    assert_eq!(over["sessions"][0]["forced"], true);
    let late = place.run(&["grant", "act", grant, "dir", "--as", DEVOPS]);
    assert_eq!(late.code, 1, "{}", late.out);
}

#[test]
fn an_owner_revokes_and_the_session_ends_by_force() {
    let place = Place::new();
    let request = place.pending();
    let approved = place.json(&["request", "approve", &request, "--reason", "ok"]);
    let grant = approved["grant"].as_str().unwrap();
    place.json(&["grant", "connect", grant, "--as", DEVOPS]);
    let revoked = place
        .run(&["grant", "revoke", grant, "--reason", "Enough."])
        .ok();
    assert!(revoked.out.contains("extension"), "{}", revoked.out);
    let shown = place.json(&["grant", "show", grant]);
    assert_eq!(shown["revoked"]["reason"], "Enough.");
    assert_eq!(shown["sessions"][0]["forced"], true);
    assert_eq!(
        place.json(&["request", "show", &request])["status"],
        "Revoked"
    );
}

#[test]
fn jit_submit_says_what_came_of_it() {
    let place = Place::new();
    let text = |by: &str, more: &[&str]| {
        let ticket = place.escalated(by, "Slow", "Slow.");
        let jit = place.submit(&ticket, by, more);
        let shown = place.run(&["jit", "show", jit["id"].as_str().unwrap(), "--as", by]);
        (jit, shown.ok().out)
    };
    let (jit, shown) = text("greg.mulligan", &[]);
    assert_eq!(jit["outcome"], "rejected");
    assert_eq!(jit["rule"], "no-strong-identity");
    assert!(shown.contains("was rejected by JIT rule no-strong-identity"));

    let (jit, shown) = text("yuto.nakamura", &["--level", "operator"]);
    assert_eq!(jit["outcome"], "awaitingInternalApproval");
    assert_eq!(jit["internalApprover"], "support-lead");
    assert!(shown.contains("awaits internal approval by a customer support lead"));
    let id = jit["id"].as_str().unwrap();
    let wrong = place.run(&["jit", "approve", id, "--as", DEVOPS]);
    assert_eq!(wrong.code, 1);
    let cleared = place.json(&[
        "jit",
        "approve",
        id,
        "--reason",
        "Fine.",
        "--as",
        "marcus.chen",
    ]);
    assert_eq!(cleared["outcome"], "awaitingCustomer");
    assert!(cleared["request"].is_string());

    let (jit, shown) = text(DEVOPS, &["--exclusion", "emergency"]);
    assert_eq!(jit["outcome"], "grantedPastCustomer");
    assert_eq!(jit["bypass"]["reason"], "emergency");
    assert_eq!(jit["bypass"]["rule"], "R-LOCK-33");
    assert!(jit["grant"].is_string());
    assert!(shown.contains("granted past the customer"));

    let (jit, _) = text("yuto.nakamura", &["--level", "operator"]);
    let id = jit["id"].as_str().unwrap();
    let denied = place.json(&["jit", "deny", id, "--reason", "No.", "--as", "marcus.chen"]);
    assert_eq!(denied["outcome"], "rejected");
    let all = place.json(&["jit", "list", "--as", "observer"]);
    assert_eq!(find(&all, "id", id)["state"], "rejected-internally");
}

#[test]
fn request_initiate_refuses_where_a_jit_request_would_pass_the_customer_by() {
    let place = Place::new();
    let ticket = place.escalated(DEVOPS, "Slow", "Slow.");
    let initiate = [
        "request", "initiate", "--ticket", &ticket, "--reason", "Drill.", "--as", DEVOPS,
    ];
    let made = place.json(&initiate);
    assert_eq!(made["status"], "Pending");
    let dump = place.json(&[
        "ticket",
        "open",
        "--as",
        "daeun.yoon",
        "--resource",
        "contoso-legacy/rg-classic/classic-dc-01",
        "--title",
        "Down",
        "--description",
        "Down.",
    ]);
    let ticket = dump["supportTicketId"].as_str().unwrap();
    let by = dump["assignedTo"].as_str().unwrap();
    let refused = place.run(&[
        "--format", "json", "request", "initiate", "--ticket", ticket, "--reason", "Drill.",
        "--as", by,
    ]);
    assert_eq!(refused.code, 1, "{}{}", refused.out, refused.err);
    assert_eq!(refused.json()["error"]["id"], "E-LB-07");
}

#[test]
fn who_could_approve_is_said_of_everybody() {
    let place = Place::new();
    let request = place.pending();
    let list = place.json(&["request", "approvers", &request]);
    assert_eq!(find(&list, "person", OWNER)["mayApprove"], true);
    let other = find(&list, "person", CONTRIBUTOR);
    assert_eq!(other["mayApprove"], false);
    assert_eq!(other["whyNot"], "is Contributor, not Owner");
    assert_eq!(find(&list, "person", "sungmin.oh")["mailed"], false);
    let all = list.as_array().unwrap();
    let split = all.iter().take_while(|a| a["mayApprove"] == true).count();
    assert!(all[split..].iter().all(|a| a["whyNot"].is_string()));
}

#[test]
fn a_dry_run_tells_what_would_happen_and_writes_nothing() {
    let place = Place::new();
    let ticket = place.escalated(DEVOPS, "Slow", "Slow.");
    let request = place.pending();
    let approved = place.pending();
    let grant = place.json(&["request", "approve", &approved, "--reason", "ok"]);
    let grant = grant["grant"].as_str().unwrap();
    let before = place.journal();
    let clock = place.json(&["clock", "show"]);
    let commands: Vec<Vec<&str>> = vec![
        vec![
            "ticket",
            "open",
            "--resource",
            RESOURCE,
            "--title",
            "t",
            "--description",
            "d",
        ],
        vec!["ticket", "say", &ticket, "hello"],
        vec!["ticket", "tools", &ticket, "all", "--as", DEVOPS],
        vec![
            "ticket", "escalate", &ticket, "--to", DEVOPS, "--as", DEVOPS,
        ],
        vec!["ticket", "close", &ticket],
        vec![
            "jit", "submit", "--ticket", &ticket, "--reason", "r", "--tried", "all", "--as", DEVOPS,
        ],
        vec![
            "request", "initiate", "--ticket", &ticket, "--reason", "r", "--as", DEVOPS,
        ],
        vec!["request", "approve", &request, "--reason", "ok"],
        vec!["request", "deny", &request, "--reason", "no"],
        vec!["grant", "connect", grant, "--as", DEVOPS],
        vec!["grant", "end", grant, "--as", DEVOPS],
        vec!["grant", "revoke", grant, "--reason", "enough"],
        vec!["clock", "advance", "9d"],
        vec!["clock", "next"],
        vec!["clock", "rate", "60"],
        vec!["clock", "pause"],
    ];
    for command in &commands {
        let mut args = vec!["--dry-run"];
        args.extend(command);
        let said = place.run(&args).ok();
        assert!(said.out.starts_with("would "), "{args:?}: {}", said.out);
        assert!(said.err.contains("dry run"), "{}", said.err);
        args.extend(["--format", "json"]);
        let said = place.run(&args).ok().json();
        assert_eq!(said["dryRun"], true);
        assert_eq!(said["simulation"], true);
        assert!(said["events"].is_array());
    }
    assert_eq!(place.journal(), before);
    assert_eq!(place.json(&["clock", "show"]), clock);
    let denied = place.run(&[
        "--dry-run",
        "request",
        "approve",
        &request,
        "--reason",
        "x",
        "--as",
        CONTRIBUTOR,
    ]);
    assert_eq!(denied.code, 1);
    let missing = place.run(&["--dry-run", "request", "approve", "99999", "--reason", "x"]);
    assert_eq!(missing.code, 3);
}

/// Nothing that a terminal, a mail reader or the bidi algorithm would act on, line ends aside.
fn is_inert(text: &str) -> bool {
    !text.chars().any(|c| acts(c) && c != '\n')
}

#[test]
fn text_from_strangers_reaches_no_sink_raw_in_any_format() {
    let place = Place::new();
    let ticket = place.escalated(DEVOPS, HOSTILE, HOSTILE);
    place.json(&["ticket", "say", &ticket, HOSTILE]);
    let jit = place.json(&[
        "jit",
        "submit",
        "--ticket",
        &ticket,
        "--reason",
        HOSTILE,
        "--tried",
        HOSTILE,
        "--duration",
        HOSTILE,
        "--as",
        DEVOPS,
    ]);
    let (jit, request) = (
        jit["id"].as_str().unwrap(),
        jit["request"].as_str().unwrap(),
    );
    let approved = place.json(&["request", "approve", request, "--reason", HOSTILE]);
    let grant = approved["grant"].as_str().unwrap();
    place.json(&["grant", "connect", grant, "--as", DEVOPS]);
    place.json(&["grant", "act", grant, HOSTILE, "--as", DEVOPS]);
    let revoked = place
        .run(&["grant", "revoke", grant, "--reason", HOSTILE])
        .ok();
    assert!(is_inert(&revoked.out), "{}", revoked.out);

    let log = place.path("log.txt");
    let log = log.to_str().unwrap();
    let reads: Vec<Vec<&str>> = vec![
        vec!["ticket", "list"],
        vec!["ticket", "show", &ticket],
        vec!["jit", "list"],
        vec!["jit", "show", jit],
        vec!["request", "list"],
        vec!["request", "show", request],
        vec!["request", "history", request],
        vec!["request", "approvers", request],
        vec!["grant", "list"],
        vec!["grant", "show", grant],
        vec!["mail", "list"],
        vec!["mail", "show", "1"],
        vec!["activity", "list"],
        vec!["journal", "export"],
        // What the person types is echoed in errors, and it may be a stranger's text too.
        vec!["request", "show", HOSTILE],
        vec!["ticket", "show", HOSTILE],
        vec!["rules", HOSTILE],
        vec!["clock", "advance", HOSTILE],
        vec![HOSTILE],
        vec!["request", "list", "--filter", HOSTILE],
        vec!["ticket", "open", "--file", HOSTILE],
        vec!["check", "world", HOSTILE],
        vec!["man", HOSTILE],
        vec!["grant", "connect", grant, HOSTILE],
        vec![
            "ticket",
            "open",
            "--subscription",
            HOSTILE,
            "--title",
            "t",
            "--description",
            "d",
        ],
        vec!["ticket", "escalate", &ticket, "--to", HOSTILE],
    ];
    for format in ["table", "json", "csv", "plain"] {
        for read in &reads {
            let mut args = vec!["--as", "observer", "--format", format, "--log-file", log];
            args.extend(read);
            let said = place.run(&args);
            // The tabs of plain lists are ours; a stranger's is a space there.
            let out = match format {
                "plain" => said.out.replace('\t', " "),
                _ => said.out,
            };
            assert!(is_inert(&out), "{args:?}: {}", out.escape_debug());
            assert!(is_inert(&said.err), "{args:?}: {}", said.err.escape_debug());
        }
        let as_hostile = place.run(&["--as", HOSTILE, "--format", format, "request", "list"]);
        assert_eq!(as_hostile.code, 3);
        assert!(is_inert(&(as_hostile.out + &as_hostile.err)));
    }
    assert!(is_inert(&fs::read_to_string(log).unwrap()));
    // A program still reads exactly what was written.
    let shown = place.json(&["ticket", "show", &ticket]);
    assert_eq!(shown["title"], HOSTILE);
    assert_eq!(shown["description"], HOSTILE);
    let plain = place.run(&["--format", "plain", "ticket", "list"]).ok().out;
    let tabs: BTreeSet<usize> = plain.lines().map(|l| l.matches('\t').count()).collect();
    assert_eq!(tabs, BTreeSet::from([6]));
    // A person cannot mistake a stranger's lines for the program's own.
    let page = place.run(&["ticket", "show", &ticket]).ok().out;
    assert!(page.contains("| refused: nothing"));
    assert!(!page.lines().any(|line| line.starts_with("refused")));
}

#[test]
fn csv_has_one_record_a_thing_and_no_formulas() {
    let place = Place::new();
    let ticket = place.escalated(DEVOPS, "=cmd|' /C calc'!A0", "Slow.");
    for (list, key) in [
        (vec!["ticket", "list"], "supportTicketId"),
        (vec!["request", "list"], "id"),
        (vec!["grant", "list"], "id"),
        (vec!["mail", "list"], "id"),
        (vec!["activity", "list"], "eventTimestamp"),
        (vec!["rules"], "id"),
    ] {
        let mut args = vec!["--format", "csv"];
        args.extend(&list);
        let csv = place.run(&args).ok().out;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().unwrap().clone();
        assert_eq!(&header[0], key);
        assert_eq!(&header[header.len() - 1], "simulation");
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        let same = place.json(&list);
        assert_eq!(records.len(), same.as_array().unwrap().len(), "{list:?}");
        for field in records.iter().flat_map(|r| r.iter()) {
            assert!(!field.trim_start().starts_with(['=', '+', '-', '@']));
        }
    }
    let csv = place
        .run(&["--format", "csv", "ticket", "show", &ticket])
        .ok();
    assert!(csv.out.contains("'=cmd|"), "{}", csv.out);
}

#[test]
fn every_bad_input_gives_one_clear_error_and_leaves_the_world_alone() {
    let place = Place::new();
    let request = place.pending();
    let before = place.journal();
    let not_json = place.write("a.json", "{ \"title\": ");
    let bad_severity = place.write(
        "b.json",
        format!(r#"{{"title":"t","description":"d","severity":"criticl","technicalTicketDetails":{{"resourceId":"{RESOURCE}"}}}}"#),
    );
    let nowhere = place.write(
        "c.json",
        r#"{"title":"t","description":"d","severity":"critical","technicalTicketDetails":{"resourceId":"web-claims-0x2"}}"#,
    );
    let not_text = place.write("d.json", [0xff, 0xfe, 0x00]);
    let bad_world = place.write("w.toml", "[world]\nname = \"x\"\nsed = 1\n");
    let cases: Vec<(i32, &str, Vec<&str>)> = vec![
        (2, "line 1", vec!["ticket", "open", "--file", &not_json]),
        (
            2,
            "critical",
            vec!["ticket", "open", "--file", &bad_severity],
        ),
        (
            3,
            "web-claims-0",
            vec!["ticket", "open", "--file", &nowhere],
        ),
        (2, "UTF-8", vec!["ticket", "open", "--file", &not_text]),
        (
            2,
            "cannot be read",
            vec!["ticket", "open", "--file", "/no/such/file"],
        ),
        (2, "--title", vec!["ticket", "open", "--resource", "x"]),
        (
            2,
            "subscription",
            vec!["ticket", "open", "--title", "t", "--description", "d"],
        ),
        (2, "4d", vec!["clock", "advance", "soon"]),
        (2, "4d", vec!["clock", "advance", "4x"]),
        (2, "9999", vec!["clock", "advance", "90000000d"]),
        (2, "86400", vec!["clock", "rate", "86401"]),
        (2, "86400", vec!["clock", "rate", "fast"]),
        (2, "'-1'", vec!["clock", "rate", "-1"]),
        (2, "LB-000042", vec!["request", "show", "GR-000001"]),
        (2, "GR-000042", vec!["grant", "show", "one"]),
        (2, "120112200000042", vec!["ticket", "show", "42"]),
        (3, "LB-099999", vec!["request", "show", "99999"]),
        (3, "GR-099999", vec!["grant", "show", "99999"]),
        (3, "ML-099999", vec!["mail", "show", "99999"]),
        (3, "minji.kim", vec!["request", "list", "--as", "minji.kin"]),
        (2, "reason", vec!["request", "approve", &request]),
        (
            2,
            "empty",
            vec!["request", "approve", &request, "--reason", " "],
        ),
        (
            2,
            "$filter",
            vec!["request", "list", "--filter", "status eq Pending"],
        ),
        (2, "Pending", vec!["request", "list", "--status", "Pendng"]),
        (
            2,
            "approve",
            vec!["activity", "list", "--operation", "aprove"],
        ),
        (2, "seed", vec!["--world", &bad_world, "request", "list"]),
        (2, "seed", vec!["check", "world", &bad_world]),
        (3, "Did you mean R-LOCK-", vec!["rules", "R-LOCK-99"]),
        (2, "request", vec!["man", "reqest"]),
        (2, "ticket", vec!["tiket", "list"]),
        (
            1,
            "look",
            vec![
                "request", "approve", &request, "--reason", "x", "--as", "observer",
            ],
        ),
    ];
    for (code, hint, args) in &cases {
        let said = place.run(args);
        assert_eq!(said.code, *code, "{args:?}: {}{}", said.out, said.err);
        assert!(said.out.is_empty(), "{args:?}: {}", said.out);
        assert!(
            said.err.contains(hint),
            "{args:?} does not say {hint}: {}",
            said.err
        );
        assert!(!said.err.contains("Backtrace") && !said.err.contains("panicked"));
        assert!(said.err.lines().count() <= 8, "{args:?}: {}", said.err);
    }
    assert_eq!(place.journal(), before);
    // The same as JSON, where it is not clap that speaks.
    let said = place.run(&["--format", "json", "ticket", "open", "--file", &not_json]);
    assert_eq!(said.code, 2);
    assert_eq!(said.json()["error"]["id"], "E-SUP-03");
    let said = place.run(&["--format", "json", "--world", &bad_world, "rules"]);
    assert_eq!(said.code, 2);
    let details = said.json()["error"]["details"].to_string();
    assert!(details.contains("w.toml:"), "{details}");
}

#[test]
fn a_world_file_that_is_wrong_founds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let world = dir.path().join("w.toml");
    fs::write(&world, "[world]\nseed = \"seven\"\n").unwrap();
    let state = dir.path().join("state");
    let said = run_in(
        &state,
        &["--world", world.to_str().unwrap(), "clock", "show"],
    );
    assert_eq!(said.code, 2);
    assert!(!state.exists());
}

#[test]
fn another_world_file_than_the_one_of_the_journal_is_refused() {
    let place = Place::new();
    let world = place.write(
        "other.toml",
        lockbox::world_file::DEMO.replacen("# ", "#  ", 1),
    );
    let said = place.run(&["--world", &world, "clock", "show"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--state"), "{}", said.err);
}

#[test]
fn a_damaged_journal_is_refused_and_not_repaired() {
    let place = Place::new();
    let path = place.path("journal.db");
    let mut bytes = fs::read(&path).unwrap();
    // Inside the text of events: the chain must notice.
    let places: Vec<usize> = (0..bytes.len() - 9)
        .filter(|at| &bytes[*at..at + 9] == b"minji.kim")
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] = b'x';
    }
    fs::write(&path, &bytes).unwrap();
    for format in ["table", "json"] {
        let said = place.run(&["--format", format, "journal", "verify"]);
        assert_eq!(said.code, 2, "{}{}", said.out, said.err);
        let both = said.out + &said.err;
        assert!(both.contains("damaged"), "{both}");
        assert!(!both.contains("Backtrace"));
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
    fs::write(
        &path,
        b"this is no journal at all, but long enough to look at",
    )
    .unwrap();
    let said = place.run(&["request", "list"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("not a lockbox journal"), "{}", said.err);
}

#[test]
fn the_journal_verifies_and_exports_every_event() {
    let place = Place::new();
    let report = place.json(&["journal", "verify"]);
    let lines: Vec<Value> = place
        .journal()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(report["events"], lines.len());
    assert_eq!(report["ok"], true);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["revision"], number + 1);
        assert_eq!(line["simulation"], true);
    }
    let tail = place.run(&["journal", "export", "--after", "10"]).ok().out;
    assert_eq!(tail.lines().count(), lines.len() - 10);
}

#[test]
fn a_customer_is_not_told_what_goes_on_inside_the_vendor() {
    let place = Place::new();
    let ahead = |by: &str| place.json(&["--dry-run", "clock", "advance", "2d", "--as", by]);
    let (mine, all) = (ahead(OWNER), ahead("observer"));
    let count = |v: &Value| v["events"].as_array().unwrap().len() as u64;
    assert!(all.to_string().contains("past the customer"));
    assert!(!mine.to_string().contains("past the customer"));
    assert!(!mine.to_string().contains("JIT rule"));
    let unseen = mine["eventsNotForYou"].as_u64().unwrap();
    assert_eq!(count(&mine) + unseen, count(&all));
    assert!(count(&mine) > 0);
}

#[test]
fn every_event_of_the_demo_world_and_its_future_has_one_plain_sentence() {
    use lockbox::engine::{ids::Revision, projections::sentence::sentence, time::Span};
    use lockbox::runtime::{ClockCommand, Founding, Host, ManualWall};
    let file = lockbox::world_file::parse("demo", lockbox::world_file::DEMO).unwrap();
    let founding = Founding {
        fingerprint: String::new(),
        commands: Box::new(file.founding()),
    };
    let mut host = Host::memory(founding, Box::new(ManualWall::default())).unwrap();
    host.clock_set(ClockCommand::Advance(Span::days(30)))
        .unwrap();
    let events = host.journal().read_after(Revision(0), usize::MAX).unwrap();
    assert!(events.len() > 500);
    for event in &events {
        let said = sentence(host.world(), event);
        assert!(!said.chars().any(acts), "{}", said.escape_debug());
        assert!(said.ends_with('.') && said.len() > 12, "{said}");
    }
}

#[test]
fn keys_for_programs_are_camel_case_everywhere() {
    let place = Place::new();
    let world = place.write("w.toml", lockbox::world_file::DEMO);
    for args in [
        vec!["ticket", "list"],
        vec!["ticket", "show", "120112100000043"],
        vec!["request", "list"],
        vec!["request", "show", "31"],
        vec!["request", "history", "31"],
        vec!["request", "approvers", "31"],
        vec!["jit", "list", "--as", "observer"],
        vec!["grant", "list"],
        vec!["grant", "show", "5"],
        vec!["mail", "list"],
        vec!["activity", "list"],
        vec!["clock", "next"],
        vec!["journal", "verify"],
        vec!["rules"],
        vec!["rules", "R-LOCK-10"],
        vec!["rules", "E-LB-03"],
        vec!["check", "world", &world],
        vec!["paths"],
    ] {
        camel_case(&place.json(&args), &args.join(" "));
    }
}

#[test]
fn a_number_out_of_range_is_not_explained_by_a_missing_right() {
    let said = Place::new().run(&["clock", "rate", "86401"]);
    assert_eq!(said.code, 2);
    assert!(!said.err.contains("R-PERM-08"), "{}", said.err);
}

#[test]
fn the_clock_is_paused_rated_and_jumps_to_what_is_next() {
    let place = Place::new();
    place.pending();
    let show = place.run(&["clock", "show"]).ok();
    assert!(show.out.contains("LB-000025 is Denied"), "{}", show.out);
    let outsider = place.run(&["--as", "klaus.brandt", "clock", "show"]).ok();
    assert!(
        !outsider.out.contains("LB-"),
        "another organisation's: {}",
        outsider.out
    );
    assert_eq!(place.json(&["clock", "rate", "60"])["rate"], 60);
    assert_eq!(place.json(&["clock", "pause"])["paused"], true);
    assert_eq!(place.json(&["clock", "resume"])["paused"], false);
    let next = place.json(&["clock", "show"])["next"].clone();
    let moved = place.json(&["clock", "next"]);
    assert_eq!(moved["now"], next);
    assert!(!moved["events"].as_array().unwrap().is_empty());
    let advanced = place.run(&["clock", "advance", "20d"]).ok();
    assert!(advanced.out.contains("expired"), "{}", advanced.out);
    assert_eq!(
        place.json(&["request", "list", "--pending"]),
        Value::Array(vec![])
    );
}

#[test]
fn a_world_in_memory_writes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let said = run_in(&state, &["--memory", "request", "list", "--format", "json"]);
    assert!(said.ok().json().is_array());
    assert!(!state.exists());
}

#[test]
fn nothing_is_interactive_without_a_terminal() {
    let place = Place::new();
    let said = place.run(&[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("lockbox once overview"), "{}", said.err);
    assert!(said.err.contains("lockbox --plain"), "{}", said.err);
    assert!(said.out.is_empty());
}

#[test]
fn a_replay_wants_a_recording_and_a_terminal_and_a_recording_a_console() {
    let place = Place::new();
    let bad = place.write(
        "bad.cast",
        "{\"version\":2,\"width\":9,\"height\":9}\n[0]\n",
    );
    let said = place.run(&["replay", &bad]);
    assert_eq!(said.code, 2);
    let told = "bad.cast, line 2: an event is written [SECONDS, \"o\", TEXT].";
    assert!(said.err.contains(told), "{}", said.err);
    let good = place.write("good.cast", "{\"version\":2,\"width\":9,\"height\":9}\n");
    let said = place.run(&["replay", &good]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("NoTerminal"), "{}", said.err);
    for (option, value) in [("--speed", "0"), ("--speed", "nan"), ("--idle-limit", "-1")] {
        let said = place.run(&["replay", &good, &format!("{option}={value}")]);
        assert_eq!(said.code, 2, "{option} {value}");
        assert!(said.err.contains("write a number from"), "{}", said.err);
    }
    let said = place.run(&["--readonly", "clock", "advance", "1h"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("Leave --readonly out"), "{}", said.err);
    let said = place.run(&["--record", "never.cast", "clock", "show"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("Only the console is recorded"),
        "{}",
        said.err
    );
    assert!(!Path::new("never.cast").exists());
}

#[test]
fn keys_are_listed_checked_and_in_the_manual() {
    let place = Place::new();
    let keys = place.json(&["keys"]);
    let approve = find(&keys, "action", "request.approve");
    assert_eq!(approve["keys"][0], "a");
    let said = place.run(&["man"]);
    assert!(said.out.contains(".SH KEYS") && said.out.contains("request.approve"));
    let file = place.write("keys.toml", "[[bind]]\non = \"a\"\ndo = \"request.deny\"\n");
    let said = place.run(&["check", "keys", &file]);
    assert_eq!(said.code, 2);
    assert!(
        said.err
            .contains("keys.toml:2: a means request.approve in request; unbind that first"),
        "{}",
        said.err
    );
    let file = place.write(
        "good.toml",
        "[[bind]]\non = \"ctrl-b\"\ndo = \"app.help\"\n",
    );
    let said = place.run(&["check", "keys", &file]);
    assert_eq!(said.code, 0);
    assert!(
        said.err
            .contains("terminals and multiplexers take it themselves"),
        "{}",
        said.err
    );
}

#[test]
fn a_blade_prints_once_as_the_console_would_show_it() {
    let place = Place::new();
    let request = place.pending();
    let guid_free = place.json(&["once", "pending"]);
    assert!(guid_free.to_string().contains(&request));
    assert_eq!(guid_free[0]["simulation"], true);
    for blade in [
        "overview", "pending", "requests", "tickets", "grants", "activity", "mail", "rules",
    ] {
        for format in ["table", "plain", "json", "csv"] {
            let said = place.run(&["--format", format, "once", blade]).ok();
            assert!(is_inert(&said.out.replace('\t', " ")), "{blade} {format}");
            assert!((said.out + &said.err).to_lowercase().contains("simulation"));
        }
    }
    let page = place.run(&["once", &format!("request/{request}")]).ok();
    assert!(page.out.contains("web-claims-02"), "{}", page.out);
    let unknown = place.run(&["once", "overvew"]);
    assert_eq!(unknown.code, 3);
    assert!(unknown.err.contains("Did you mean overview?"));
}

/// With a config directory that has these themes.
fn with_themes(place: &Place, themes: &[(&str, &str)], args: &[&str]) -> Said {
    let config = place.path("config");
    let dir = config.join("lockbox/themes");
    fs::create_dir_all(&dir).unwrap();
    for (id, text) in themes {
        fs::write(dir.join(format!("{id}.toml")), text).unwrap();
    }
    let mut command = program(place.dir.path(), args);
    command
        .env("HOME", place.dir.path())
        .env("XDG_CONFIG_HOME", &config);
    said(command.output().unwrap())
}

#[test]
fn theme_files_are_measured_and_every_mistake_is_told_with_its_line() {
    let place = Place::new();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/themes/monochrome.toml");
    place.run(&["check", "theme", shipped]).ok();
    let bad = place.write("bad.toml", "[palette]\nx = \"no colour\"\n[staus]\n");
    let said = place.run(&["check", "themes", shipped, &bad]);
    assert_eq!(said.code, 2);
    assert!(said.out.contains("monochrome") && said.out.contains("2 mistakes"));
    assert!(said.err.contains("bad.toml:2: "), "{}", said.err);
    assert!(
        said.err
            .contains("bad.toml:3: section \"staus\" is not known; did you mean status?"),
        "{}",
        said.err
    );
    let json = place.run(&["check", "themes", &bad, "--format", "json"]);
    assert_eq!(
        (
            json.code,
            json.json()[0]["mistakes"].as_array().unwrap().len()
        ),
        (2, 2)
    );
}

#[test]
fn own_themes_are_checked_beside_those_that_ship() {
    let place = Place::new();
    let dim = "[theme]\nname = \"Dim\"\ninherits = \"nord\"\n[status]\nwarn = \"#806000\"\n";
    let args = ["check", "themes", "--format", "json"];
    let all = with_themes(
        &place,
        &[("dim", dim), ("child", "[theme]\ninherits = \"dim\"\n")],
        &args,
    );
    let all = all.ok().json();
    assert!(all.as_array().unwrap().len() >= 13);
    let nord = find(&all, "id", "nord");
    for own in ["dim", "child"] {
        let own = find(&all, "id", own);
        assert_eq!(own["mode"], "dark");
        assert_eq!(own["contrast"]["ok"], nord["contrast"]["ok"]);
        assert!(own["contrast"]["warn"]["ground"].as_f64().unwrap() < 3.0);
    }
    assert!(nord["contrast"]["warn"]["ground"].as_f64().unwrap() > 7.0);
    let okabe = find(&all, "id", "okabe-ito");
    assert!(okabe["statusesApart"]["protanopia"].as_f64().unwrap() > 15.0);
    // Shown on a narrow table too, with what is too faint marked.
    let table = with_themes(&place, &[], &["check", "themes"]).ok();
    let row = table.out.lines().find(|l| l.starts_with("dim ")).unwrap();
    assert!(row.contains("2.1!/2.6!"), "{row}");
    let told = with_themes(&place, &[], &["paths", "--format", "json"])
        .ok()
        .json();
    let dir = place.path("config/lockbox/themes");
    assert_eq!(told["themes"], dir.to_str().unwrap());
}

#[test]
fn help_completions_and_manual_pages_come_from_one_definition() {
    let place = Place::new();
    let help = place.run(&["--help"]).ok();
    for word in ["ticket", "jit", "request", "grant", "journal", "--dry-run"] {
        assert!(help.out.contains(word), "{word}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).ok().out;
        assert!(script.contains("approvers"), "{shell}");
    }
    let page = place.run(&["man"]).ok().out;
    assert!(page.contains(".TH"), "{page}");
    let page = place.run(&["man", "request", "approve"]).ok().out;
    assert!(page.contains("\\-\\-reason"), "{page}");
}

#[test]
fn rules_are_listed_with_their_numbers_and_shown_one_by_one() {
    let place = Place::new();
    let rules = place.json(&["rules"]);
    let expiry = find(&rules, "id", "R-LOCK-19");
    assert_eq!(expiry["numbers"][0]["value"], "4d");
    for name in ["R-LOCK-19", "r-lock-19", "request-expiry"] {
        let page = place.run(&["rules", name]).ok().out;
        assert!(
            page.contains("S0 §workflow-8") && page.contains("4d"),
            "{page}"
        );
    }
    assert!(
        place
            .run(&["rules", "R-LOCK-10"])
            .ok()
            .out
            .contains("no-strong-identity")
    );
    assert!(
        place
            .run(&["rules", "E-LB-03"])
            .ok()
            .out
            .contains("R-LOCK-28")
    );
}

#[test]
fn a_world_file_is_checked_without_a_world() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let world = dir.path().join("contoso.toml");
    fs::write(&world, lockbox::world_file::DEMO).unwrap();
    let said = run_in(
        &state,
        &[
            "check",
            "world",
            world.to_str().unwrap(),
            "--format",
            "json",
        ],
    );
    assert_eq!(said.ok().json()["tenants"], 3);
    assert!(!state.exists());
}

#[test]
fn paths_are_told_without_touching_them() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let told = run_in(&state, &["paths", "--format", "json"]).ok().json();
    assert_eq!(told["state"], state.to_str().unwrap());
    assert_eq!(told["journalExists"], false);
    assert!(!state.exists());
    let other = run_in(&state, &["paths", "--state", "/x", "--format", "json"]);
    assert_eq!(other.ok().json()["journal"], "/x/journal.db");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let place = Place::new();
    for args in [
        &["journal", "export"][..],
        &["request", "list"],
        &["ticket", "list", "--format", "json"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let mut child = program(place.dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let said = said(child.wait_with_output().unwrap());
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        assert!(!said.err.contains("panicked"), "{args:?}: {}", said.err);
    }
}

#[test]
fn data_goes_to_stdout_and_talk_to_stderr_with_the_word_simulation() {
    let place = Place::new();
    let list = place.run(&["request", "list"]).ok();
    assert!(list.out.starts_with("ID "));
    assert!(!list.out.contains("SIMULATION") && list.err.contains("SIMULATION"));
    let request = place.pending();
    let page = place.run(&["request", "show", &request]).ok();
    assert!(page.out.lines().next().unwrap().contains("SIMULATION"));
    assert!(page.err.is_empty(), "{}", page.err);
    let list = place.run(&["--format", "json", "request", "list"]).ok();
    assert!(list.err.is_empty(), "{}", list.err);
    assert_eq!(list.json()[0]["simulation"], true);
    let log = place.path("log.txt");
    let logged = place.run(&["request", "list", "--log-file", log.to_str().unwrap()]);
    assert!(!logged.ok().err.contains("INFO"));
    assert!(!fs::read_to_string(log).unwrap().is_empty());
}
