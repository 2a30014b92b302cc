//! The console as a person meets it: the real program in a real pseudo-terminal, with a colleague's commands
//! coming from another process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "the harness serves benches too")]
mod pty;

use std::process::{Command, Output};
use std::time::Duration;

use pty::Pty;
use serde_json::Value;
use tempfile::TempDir;

const LOCKBOX: &str = env!("CARGO_BIN_EXE_lockbox");
const ENTER: &str = "\r";
const TAB: &str = "\t";
const ESC: &str = "\u{1b}";

struct Desk {
    state: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn dir(&self) -> &str {
        self.state.path().to_str().unwrap()
    }

    fn console(&self, args: &[&str], env: &[(&str, &str)], columns: u16, rows: u16) -> Pty {
        let mut all = vec!["--state", self.dir()];
        all.extend(args);
        let mut pty = Pty::spawn(LOCKBOX, &all, env, columns, rows);
        pty.wait_for("SIMULATION");
        pty
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(LOCKBOX)
            .args(["--state", self.dir()])
            .args(args)
            .output()
            .unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--format", "json"]].concat());
        assert!(
            done.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        serde_json::from_slice(&done.stdout).unwrap()
    }
}

/// Text of the screen with all white space and borders folded, to find sentences that were wrapped.
fn folded(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || "│┃┌┐└┘─║╭╮╰╯▌▐|".contains(c))
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What stands inside the frame of the dialog.
fn modal(console: &Pty) -> String {
    let screen = console.screen();
    let columns = screen.size().1.get();
    let cell = |row: u16, column: u16| {
        screen
            .cell(row, column)
            .map_or("", |c| c.contents())
            .to_owned()
    };
    let mut corners = Vec::new();
    for row in 0..screen.size().0.get() {
        for column in 0..columns {
            if matches!(cell(row, column).as_str(), "╭" | "╯") {
                corners.push((row, column));
            }
        }
    }
    let (Some(from), Some(to)) = (corners.first(), corners.last()) else {
        return String::new();
    };
    (from.0 + 1..to.0)
        .map(|row| {
            (from.1 + 1..to.1)
                .map(|column| match cell(row, column) {
                    empty if empty.is_empty() => " ".to_owned(),
                    text => text,
                })
                .collect::<String>()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Opens a ticket as the customer and asks for access as the engineer; the new Lockbox request.
fn ask_for_access(desk: &Desk) -> String {
    let before = pending(desk);
    desk.json(&[
        "ticket",
        "open",
        "--subscription",
        "contoso-prod",
        "--title",
        "web-claims-03 does not boot",
        "--description",
        "Stuck at 'Getting Windows ready' since the update.",
        "--severity",
        "critical",
        "--resource",
        "web-claims-03",
    ]);
    let ticket = desk.json(&["ticket", "list"])[0].clone();
    let number = ticket["supportTicketId"].as_str().unwrap();
    let engineer = ticket["assignedTo"].as_str().unwrap();
    let done = desk.run(&[
        "--as",
        engineer,
        "jit",
        "submit",
        "--ticket",
        number,
        "--resource",
        "web-claims-03",
        "--tried",
        "boot diagnostics, serial console",
        "--reason",
        "read the servicing log on the OS disk",
    ]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    pending(desk)
        .into_iter()
        .find(|id| !before.contains(id))
        .expect("a new pending request")
}

fn pending(desk: &Desk) -> Vec<String> {
    let list = desk.json(&["request", "list", "--pending"]);
    list.as_array()
        .unwrap()
        .iter()
        .map(|r| r["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_colleagues_request_appears_is_approved_with_keys_and_is_on_the_record() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 120, 40);
    console.send("gp");
    console.wait_for("LB-000031");
    let request = ask_for_access(&desk);
    console.wait_for(&request);
    // It expires last, so it stands at the end.
    console.send("G");
    console.send(ENTER);
    console.wait_for("read the servicing log on the OS disk");
    console.send("a");
    console.wait_for("to approve");
    let code = code_on(&console.text());
    console.send("The servicing log is fine");
    console.send(TAB);
    console.send(&code);
    console.send(TAB);
    console.send(TAB);
    console.send(ENTER);
    console.wait_until("the request is approved", |text| text.contains("Approved"));

    let grants = desk.json(&["grant", "list"]);
    let grant = grants
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["request"] == request.as_str())
        .expect("a grant");
    let instant = |key: &str| {
        grant[key]
            .as_str()
            .unwrap()
            .parse::<lockbox::engine::SimTime>()
            .unwrap()
    };
    assert_eq!(
        instant("until") - instant("from"),
        lockbox::engine::Span::hours(8)
    );
    assert_eq!(grant["status"], "active");

    let guid = desk.json(&["request", "show", &request])["requestId"]
        .as_str()
        .unwrap()
        .to_owned();
    let log = desk.json(&["activity", "list"]);
    let about: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["correlationId"] == guid.as_str())
        .map(|e| e["operationName"]["localizedValue"].as_str().unwrap())
        .collect();
    assert_eq!(about, ["Approve Lockbox Request", "Create Lockbox Request"]);

    let approvers = desk.json(&["request", "approvers", &request]);
    let mailed: Vec<&str> = approvers
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["mailed"] == true)
        .map(|a| a["person"].as_str().unwrap())
        .collect();
    assert!(
        mailed.len() >= 3,
        "contoso-prod has several Owners: {approvers}"
    );
    for owner in mailed {
        let suffix = format!("-{request}-{owner}.eml");
        let letters: Vec<_> = std::fs::read_dir(desk.state.path().join("outbox"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.to_string_lossy().ends_with(&suffix))
            .collect();
        assert_eq!(letters.len(), 1, "one mail for {owner}");
        let letter = std::fs::read_to_string(&letters[0]).unwrap();
        assert!(letter.contains("Message-ID:") && letter.contains("SIMULATION"));
    }
    assert!(desk.run(&["journal", "verify"]).status.success());
    console.send("q");
    assert_eq!(leave(&mut console), 0);
}

/// Quits, through a question if there is one.
fn leave(console: &mut Pty) -> u32 {
    console.settle(Duration::from_millis(300));
    if console.is_running() {
        console.send("y");
        console.settle(Duration::from_millis(300));
        if console.is_running() {
            console.send(ENTER);
        }
    }
    console.wait_exit()
}

/// The code the dialog wants typed: the word after "Type".
fn code_on(text: &str) -> String {
    let after = text
        .split_once("Type ")
        .unwrap_or_else(|| panic!("no code on\n{text}"))
        .1;
    after.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_contributor_reads_the_same_reason_in_json_table_and_dialog() {
    let desk = Desk::new();
    let who = "daeun.yoon";
    let args = [
        "--as",
        who,
        "request",
        "approve",
        "LB-000031",
        "--reason",
        "please",
    ];
    let table = desk.run(&args);
    let json = desk.run(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(
        (table.status.code(), json.status.code()),
        (Some(1), Some(1))
    );
    let error: Value = serde_json::from_slice(&json.stdout).unwrap();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Only an Owner of the subscription can decide this request"));
    assert!(folded(&String::from_utf8_lossy(&table.stderr)).contains(message));
    let mut console = desk.console(&["--as", who], &[], 120, 40);
    console.send("gp");
    console.wait_for("LB-000031");
    console.send("G");
    console.send(ENTER);
    console.wait_for("LB-000031");
    console.send("a");
    console.wait_until("the key bar says why not", |text| {
        text.lines()
            .rev()
            .take(3)
            .any(|line| line.contains(message))
    });
    let dialog = modal(&console);
    assert!(
        folded(&dialog).contains(message),
        "the dialog says why not:\n{dialog}"
    );
    // Enter on it changes nothing.
    console.send(ENTER);
    console.settle(Duration::from_millis(200));
    assert!(pending(&desk).contains(&"LB-000031".to_owned()));
}

#[test]
fn quit_and_signals_leave_the_shell_as_it_was() {
    for signal in [None, Some("TERM"), Some("HUP"), Some("INT")] {
        let desk = Desk::new();
        let mut console = desk.console(&[], &[], 80, 24);
        assert!(console.screen().alternate_screen() && console.screen().bracketed_paste());
        match signal {
            None => {
                console.send("q");
                leave(&mut console);
            }
            Some(name) => {
                console.signal(name);
                console.wait_exit();
            }
        }
        let screen = console.screen();
        assert!(
            !screen.alternate_screen(),
            "{signal:?}: the alternate screen is left"
        );
        assert!(!screen.hide_cursor(), "{signal:?}: the cursor shows");
        assert!(
            !screen.bracketed_paste(),
            "{signal:?}: bracketed paste is off"
        );
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "{signal:?}"
        );
    }
}

#[test]
fn suspend_gives_the_terminal_back_and_resume_paints_it_all_again() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 80, 24);
    console.settle(Duration::from_millis(200));
    console.send("\u{1a}");
    console.wait_until("the alternate screen is left", |_| true);
    for _ in 0..40 {
        console.settle(Duration::from_millis(50));
        if !console.screen().alternate_screen() {
            break;
        }
    }
    assert!(!console.screen().alternate_screen(), "suspended");
    console.signal("CONT");
    console.wait_until("it is painted again", |text| text.contains("SIMULATION"));
    assert!(console.screen().alternate_screen());
    console.send("gp");
    console.wait_for("LB-000031");
}

#[test]
fn paused_and_idle_it_writes_nothing() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 120, 40);
    console.send(" ");
    console.settle(Duration::from_millis(400));
    let before = console.raw.len();
    std::thread::sleep(Duration::from_millis(1500));
    console.settle(Duration::from_millis(50));
    assert_eq!(console.raw.len() - before, 0);
    // What is written is one synchronized update a frame.
    console.send("gp");
    console.wait_for("LB-000031");
    let text = String::from_utf8_lossy(&console.raw).into_owned();
    assert_eq!(
        text.matches("\u{1b}[?2026h").count(),
        text.matches("\u{1b}[?2026l").count()
    );
    assert!(text.contains("\u{1b}[?2026h"));
}

#[test]
fn without_colour_the_selection_still_shows() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[("NO_COLOR", "1")], 80, 24);
    console.send("gp");
    console.wait_for("LB-0000");
    console.settle(Duration::from_millis(200));
    let (rows, columns) = console.screen().size();
    let (mut coloured, mut inverse) = (0, 0);
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let Some(cell) = console.screen().cell(row, column) else {
                continue;
            };
            coloured += usize::from(
                cell.fgcolor() != vt100::Color::Default || cell.bgcolor() != vt100::Color::Default,
            );
            inverse += usize::from(cell.inverse());
        }
    }
    assert_eq!(coloured, 0);
    assert!(inverse > 10, "the row under the cursor is reversed");
}

#[test]
fn a_theme_of_ones_own_is_found_by_name_and_icons_are_drawn() {
    let desk = Desk::new();
    let config = tempfile::tempdir().unwrap();
    let themes = config.path().join("lockbox/themes");
    std::fs::create_dir_all(&themes).unwrap();
    let mine =
        "[theme]\ninherits = \"nord\"\n[surface]\nbase = { fg = \"#eeeeee\", bg = \"#010203\" }\n";
    std::fs::write(themes.join("mine.toml"), mine).unwrap();
    let env = [("XDG_CONFIG_HOME", config.path().to_str().unwrap())];
    let args = ["--theme", "mine", "--glyphs", "nerd"];
    let mut console = desk.console(&args, &env, 80, 24);
    console.send("gp");
    console.wait_for("LB-0000");
    console.settle(Duration::from_millis(200));
    let (rows, columns) = console.screen().size();
    let ground = (0..rows.get())
        .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
        .filter_map(|(row, column)| console.screen().cell(row, column))
        .filter(|cell| cell.bgcolor() == vt100::Color::Rgb(1, 2, 3))
        .count();
    assert!(ground > 500, "{ground} cells have the ground of the theme");
    let text = console.text();
    assert!(
        text.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)),
        "{text}"
    );
}

#[test]
fn resizing_and_pasting_a_megabyte_break_nothing() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 80, 24);
    for n in 0..60u16 {
        console.resize(20 + (n * 37) % 180, 5 + (n * 17) % 60);
    }
    console.resize(100, 30);
    console.send("gp");
    console.wait_for("LB-000031");
    console.send("/");
    let paste = "A\u{1b}[31m\u{202e}B".repeat(100_000);
    console.send(&format!("{ESC}[200~{paste}{ESC}[201~"));
    console.send(ESC);
    console.send(ESC);
    console.send("gp");
    console.wait_for("SIMULATION");
    assert!(console.is_running());
    assert!(!console.text().contains('\u{202e}'));
}

#[test]
fn a_query_is_completed_asked_drawn_cancelled_and_refused_when_a_colleague_takes_the_key() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 100, 30);
    console.send("gw");
    console.wait_for("Workspaces");
    console.send("/law-jp-claims\r");
    console.send("Q");
    console.wait_for("Not asked yet.");
    console.send("AppR");
    console.send(TAB);
    console.wait_for("AppRequests");
    console.send(" | summarize n = count() by ResultCode | sort by n");
    console.send("\u{12}");
    console.wait_for("blocks opened");
    console.wait_until("the count of what went well", |text| {
        folded(text).contains("ResultCode n 200")
    });
    let rows = desk.run(&[
        "query",
        "--workspace",
        "law-jp-claims",
        "AppRequests | where ResultCode == '200' | count",
        "--format",
        "csv",
    ]);
    let count = String::from_utf8(rows.stdout).unwrap();
    let count = count.lines().last().unwrap().to_owned();
    console.wait_until("the same count", |text| {
        folded(text).contains(&format!("200 {count}"))
    });

    // Drawn, and wrong.
    console.send("e\u{15}");
    console
        .send("AppRequests | summarize n = count() by bin(TimeGenerated, 1h) | render timechart ");
    console.send("\u{12}");
    console.wait_for("└──");
    console.send("e\u{15}");
    console.send("AppRequests | where Sucess == false ");
    console.send("\u{12}");
    console.wait_for("did you mean Success?");
    console.wait_for("^^^^^^");

    // Every pair of records: it would take long, and is cancelled.
    console.send("\u{15}");
    console.send("AppRequests | extend k = 1 | join kind=inner (AppRequests | extend k = 1 | project k, m = Name) on k | join kind=inner (AppRequests | extend k = 1 | project k, o = Name) on k | summarize count() by m, o");
    console.send("\u{12}");
    console.wait_for("Esc cancels");
    console.send(ESC);
    console.wait_for("was cancelled");

    // The key of this cluster was disabled before the world opened; its hour is over at 09:42.
    console.send("\u{15}");
    console.send("AppRequests | count");
    assert!(desk.run(&["clock", "advance", "42m"]).status.success());
    console.send("\u{12}");
    console.wait_for("E-QRY-01");
    console.wait_for("was revoked");
    // F7: what can be read, if not all can.
    console.send("\u{1b}[18~\u{12}");
    console.wait_for("PARTIAL: 1 segment is left out.");
    console.send(ESC);
    console.wait_for("1/1 of");
    console.send("q");
    assert_eq!(leave(&mut console), 0);
}

/// Opens the revocation of the cluster in Korea from wherever one is.
fn revocation(console: &mut Pty) {
    console.send("gc");
    console.wait_for("› Clusters");
    console.send("/la-cluster-kr\r");
    console.send("R");
    console.wait_for("FROM THE VAULT TO THE DATA");
}

/// From consequence to consequence, until the screen shows something.
fn onward(console: &mut Pty, what: &str) {
    for _ in 0..60 {
        if console.text().contains(what) {
            break;
        }
        console.send("}");
        console.settle(Duration::from_millis(80));
    }
    console.wait_for(what);
}

/// Asks the workspace that lies on it how many requests there are.
fn ask(console: &mut Pty, first: bool) {
    console.send("gw");
    console.wait_for("› Workspaces");
    console.send("/law-payments\r");
    console.send("Q");
    if first {
        console.wait_for("Not asked yet.");
        console.send("AppRequests | count");
    }
    console.send("\u{12}");
}

/// From a question back to the list; a key too soon after Esc would be one with Alt.
fn back(console: &mut Pty) {
    console.send(ESC);
    console.wait_until("the list of workspaces", |text| {
        !text.contains("Query law-payments")
    });
}

#[test]
fn a_presenter_revokes_watches_restores_rewinds_branches_and_compares_by_keys_alone() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 120, 40);
    revocation(&mut console);
    console.wait_for("CmkActive");

    // Disabled after a preview.
    console.send(ENTER);
    console.wait_until("what follows", |text| {
        folded(text).contains("la-cluster-kr loses access to its data")
    });
    console.send(TAB);
    console.send(ENTER);
    console.wait_for("burning");

    // The fuses burn at 60 times the speed.
    for rate in [" 2x", " 10x", " 60x"] {
        console.send("=");
        console.wait_for(rate);
    }
    console.wait_until("the fuse burns down", |text| folded(text).contains("58m"));
    console.wait_until("the fuse burns on", |text| folded(text).contains("57m"));
    onward(&mut console, "✖ Revoked");
    console.wait_for("for ever");

    // A question fails, and the loss counts.
    ask(&mut console, true);
    console.wait_for("E-QRY-01");
    back(&mut console);
    revocation(&mut console);
    console.wait_until("bytes are lost", |text| {
        let text = folded(text);
        text.contains("✖ dropped") && text.contains("for ever")
    });

    // Restored, by the step of the way back.
    for _ in 0..9 {
        console.send("j");
    }
    console.send(ENTER);
    console.wait_for("Enabled");
    console.send(TAB);
    console.send(ENTER);
    onward(&mut console, "CmkActive");
    ask(&mut console, false);
    console.wait_until("an answer", |text| {
        text.contains("blocks opened") && !text.contains("Esc cancels")
    });
    back(&mut console);

    // Back to just before it was disabled.
    console.send("go ");
    console.wait_for("paused");
    for _ in 0..200 {
        console.send("{");
        console.settle(Duration::from_millis(80));
        if folded(&console.text()).contains("DISABLED") {
            break;
        }
    }
    console.wait_for("PAST");
    console.wait_for("DISABLED");
    console.send("<");
    console.wait_until("what was before", |text| !text.contains("DISABLED"));

    // The past is read-only; a branch of it is not.
    console.send("gb");
    console.wait_for("BRANCH of");
    console.send("gx");
    console.wait_for("Two futures");
    console.wait_until("what was lost and what was not", |text| {
        folded(text).contains("dropped for good, modelled")
    });
    console.send("ge");
    console.wait_until("the live world", |text| !text.contains("BRANCH of"));
    console.send("q");
    assert_eq!(leave(&mut console), 0);
}

#[test]
fn a_part_of_a_drill_is_played_at_the_console_and_scored() {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report.json");
    let drill = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/demo-data/drills/early-revoke.toml"
    );
    let args = [
        "drill",
        "join",
        drill,
        "--as",
        "bo",
        "--report",
        report.to_str().unwrap(),
    ];
    let mut console = Pty::spawn(LOCKBOX, &args, &[], 120, 40);
    console.wait_for("A ticket is opened.");
    console.wait_for("Expected at");
    // Others go on by themselves: the next event is one of theirs.
    console.send("n");
    console.wait_for("09:01:00");
    console.send("@");
    console.wait_for("Go to");
    console.send("+2h");
    console.send(ENTER);
    console.wait_for("The drill is over");
    console.wait_for("minji approved LB-000001");
    console.send("q");
    assert_eq!(
        leave(&mut console),
        1,
        "what was expected of bo did not come"
    );
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let text = report.to_string();
    assert!(
        text.contains("early-revoke") && text.contains("\"met\":false"),
        "{text}"
    );
}
