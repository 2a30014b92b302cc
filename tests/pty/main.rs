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

#[path = "../support/journey.rs"]
mod journey;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use journey::{ENTER, ESC, TAB, folded};
use pty::Pty;
use serde_json::Value;
use tempfile::TempDir;

const LOCKBOX: &str = env!("CARGO_BIN_EXE_lockbox");

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
    // crossterm's reader leaves keys lying that come in the instant of a resize.
    console.settle(Duration::from_millis(150));
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

#[test]
fn a_presenter_revokes_watches_restores_rewinds_branches_and_compares_by_keys_alone() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 120, 40);
    journey::present(&mut console);
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

/// A recording so far, played back: what a terminal shows at its end.
fn played(path: &Path) -> vt100::Parser {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(
        (&head["version"], &head["title"]),
        (&2.into(), &"lockbox (simulation)".into())
    );
    let side = |n: &str| n.parse::<std::num::NonZeroU16>().unwrap();
    let mut emulator = vt100::Parser::new(
        side(&head["height"].to_string()),
        side(&head["width"].to_string()),
        0,
    );
    for line in lines {
        let (_, kind, data): (f64, String, String) = serde_json::from_str(line).unwrap();
        match kind.as_str() {
            "o" => emulator.process(data.as_bytes()),
            "r" => {
                let (columns, rows) = data.split_once('x').unwrap();
                emulator.screen_mut().set_size(side(rows), side(columns));
            }
            other => panic!("{other} in\n{line}"),
        }
    }
    emulator
}

#[test]
fn a_recording_ends_as_the_terminal_does_also_when_the_console_is_killed() {
    let desk = Desk::new();
    let path = desk.state.path().join("a.cast");
    let name = path.to_str().unwrap();
    let mut console = desk.console(&["--record", name], &[], 100, 30);
    console.send(" ");
    console.wait_for("paused");
    console.resize(120, 40);
    // crossterm's reader leaves keys lying that come in the instant of a resize.
    console.wait_for("Insurance Co., Ltd.)");
    console.send("gp");
    console.wait_for("LB-000031");
    console.send("jj?");
    console.wait_for("Help: ");
    console.settle(Duration::from_millis(300));
    console.signal("KILL");
    console.wait_exit();
    let shown = played(&path);
    assert_eq!(shown.screen().size(), console.screen().size());
    assert_eq!(
        shown.screen().contents_formatted(),
        console.screen().contents_formatted()
    );
    assert!(shown.screen().contents().contains("Help: "));

    // It is not written over, and the console does not open.
    let before = std::fs::read(&path).unwrap();
    let args = ["--memory", "--record", name];
    let mut again = Pty::spawn(LOCKBOX, &args, &[], 100, 30);
    again.wait_for("cannot be written");
    assert_eq!(again.wait_exit(), 2);
    assert!(!String::from_utf8_lossy(&again.raw).contains("\u{1b}[?1049h"));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    // Played, it shows the same and leaves the terminal as it was.
    let mut replay = Pty::spawn(LOCKBOX, &["replay", name, "--speed", "100"], &[], 120, 40);
    let last = console.text();
    replay.wait_until("the last frame is played", |text| text == last);
    assert_eq!(replay.wait_exit(), 0);
    assert!(!replay.screen().alternate_screen() && !replay.screen().hide_cursor());
    let mut small = Pty::spawn(LOCKBOX, &["replay", name], &[], 100, 30);
    small.wait_for("is 120x40, and the terminal only 100x30");
    assert_eq!(small.wait_exit(), 2);
}

#[test]
fn a_replay_pauses_skips_what_is_long_and_stops() {
    let desk = Desk::new();
    let path = desk.state.path().join("a.cast");
    let events = "{\"version\":2,\"width\":40,\"height\":5}
[0.1,\"o\",\"\\u001b[Hfirst\\u001b]0;title\\u0007\"]
[1.1,\"o\",\"\\u001b[Hsecond\"]
[3600,\"o\",\"\\u001b[Hthird\"]
[7200,\"o\",\"\\u001b[Hfourth\"]
";
    std::fs::write(&path, events).unwrap();
    let name = path.to_str().unwrap();
    let mut replay = Pty::spawn(LOCKBOX, &["replay", name], &[], 80, 24);
    replay.wait_for("first");
    replay.send(" ");
    replay.linger(Duration::from_millis(1500));
    assert!(replay.text().contains("first"), "it is paused");
    replay.send(" ");
    replay.wait_for("second");
    replay.send("q");
    assert_eq!(replay.wait_exit(), 0);
    assert!(!String::from_utf8_lossy(&replay.raw).contains("title"));
    let args = ["replay", name, "--idle-limit", "0.5"];
    let mut replay = Pty::spawn(LOCKBOX, &args, &[], 80, 24);
    replay.wait_for("fourth");
    replay.signal("TERM");
    assert_eq!(replay.wait_exit(), 0);
    assert!(!replay.screen().alternate_screen());
}

#[test]
fn a_screenshot_is_three_files_beside_each_other() {
    let desk = Desk::new();
    let here = tempfile::tempdir().unwrap();
    let dir = here.path().to_str().unwrap();
    let args = ["--state", desk.dir()];
    let mut console = Pty::spawn_in(dir, LOCKBOX, &args, &[], 120, 40);
    console.wait_for("SIMULATION");
    console.send(" gp");
    console.wait_for("LB-000031");
    // Also over what lies on top; twice in the same second of the simulation.
    console.send("?");
    console.wait_for("Help: ");
    console.settle(Duration::from_millis(300));
    let shown = console.text();
    console.send("\u{1b}[19~");
    console.wait_for(".txt, .ansi and .svg in the current directory.");
    console.send("\u{1b}[19~");
    console.wait_for("-2.txt");
    let mut names: Vec<String> = std::fs::read_dir(here.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let stem = names[0].split_once("-2.").unwrap().0.to_owned();
    assert!(stem.starts_with("lockbox-2020-11-22-09-0"), "{names:?}");
    let mut wanted: Vec<String> = ["", "-2"]
        .iter()
        .flat_map(|n| ["txt", "ansi", "svg"].map(|end| format!("{stem}{n}.{end}")))
        .collect();
    wanted.sort();
    assert_eq!(names, wanted);
    let read = |end: &str| std::fs::read_to_string(here.path().join(format!("{stem}.{end}")));
    let text = read("txt").unwrap();
    assert!(
        text.lines().eq(shown.lines().map(str::trim_end)),
        "{text}\nis not\n{shown}"
    );
    assert!(read("svg").unwrap().contains(">Help: "));
    assert!(read("ansi").unwrap().contains("\u{1b}["));
}

#[test]
#[ignore = "run by the next one, on a terminal of its own"]
fn panics_on_the_alternate_screen() {
    let _guard = lockbox::console::terminal::Guard::take().unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back_and_its_report_can_be_read() {
    let program = std::env::current_exe().unwrap();
    let words = [
        "--ignored",
        "--exact",
        "--nocapture",
        "panics_on_the_alternate_screen",
    ];
    let mut terminal = Pty::spawn(program.to_str().unwrap(), &words, &[], 100, 30);
    terminal.wait_exit();
    terminal.settle(Duration::from_millis(100));
    assert!(String::from_utf8_lossy(&terminal.raw).contains("\u{1b}[?1049h"));
    let screen = terminal.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    // Not left on the screen that went.
    assert!(
        terminal.text().contains("on purpose"),
        "{}",
        terminal.text()
    );
}

#[test]
fn programs_of_ones_own_run_on_what_the_cursor_is_on_and_a_broken_file_stops_nothing() {
    let desk = Desk::new();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("lockbox");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("commands.toml");
    let commands = r#"
        [[command]]
        name = "say"
        key = "ctrl-o"
        run = ["printf", "it is %s here\\nand more", "{id}"]
        [[command]]
        name = "fail"
        run = ["sh", "-c", "echo no such luck >&2; exit 3"]
    "#;
    std::fs::write(&file, commands).unwrap();
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&[], &env, 100, 30);
    console.send("gp");
    console.wait_for("LB-000031");
    console.send("\u{f}");
    console.wait_for("say: it is LB-000011 here");
    console.send(":!fail");
    console.send(ENTER);
    console.wait_for("fail: no such luck");
    console.send(":!sai");
    console.send(ENTER);
    console.wait_for("Did you mean say?");
    console.send("q");
    assert_eq!(leave(&mut console), 0);

    std::fs::write(&file, commands.replace("{id}", "{idd}")).unwrap();
    let mut console = desk.console(&[], &env, 200, 30);
    console.wait_for("commands.toml:5: {idd} stands for nothing. Did you mean id?");
    console.send("q");
    assert_eq!(leave(&mut console), 0);
    let told = Command::new(LOCKBOX)
        .args(["check", "commands"])
        .envs(env)
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2));
}

/// A configuration directory of one's own with one file in it.
fn configured(name: &str, text: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("lockbox").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    home
}

fn ground(console: &mut Pty) -> vt100::Color {
    console.settle(Duration::from_millis(20));
    console.screen().cell(10, 10).unwrap().bgcolor()
}

const MOCHA: vt100::Color = vt100::Color::Rgb(0x1e, 0x1e, 0x2e);
const LATTE: vt100::Color = vt100::Color::Rgb(0xef, 0xf1, 0xf5);

#[test]
fn the_theme_follows_the_ground_of_the_terminal_and_what_is_typed_meanwhile_is_kept() {
    let desk = Desk::new();
    let mut console = desk.console(&[], &[], 100, 30);
    assert_eq!(ground(&mut console), MOCHA);
    // A key before the answers, and the answers of a light terminal with kitty's keyboard.
    console.send("g\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\p\u{1b}[?0u\u{1b}[?62;22c");
    console.wait_for("LB-000031");
    console.wait_for("Pending requests");
    assert_eq!(ground(&mut console), LATTE);
    let raw = String::from_utf8_lossy(&console.raw).into_owned();
    assert!(raw.contains("\u{1b}[>1u"), "keys can be told apart");
    console.send("q");
    assert_eq!(leave(&mut console), 0);
    let raw = String::from_utf8_lossy(&console.raw).into_owned();
    assert!(raw.contains("\u{1b}[<u"), "and it is taken back");

    // Somebody who chose is not overruled, and a terminal that says nothing keeps nobody waiting.
    let mut console = desk.console(&["--theme", "nord"], &[], 100, 30);
    let nord = ground(&mut console);
    console.send("\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\\u{1b}[?62c");
    console.send("gp");
    console.wait_for("Pending requests");
    assert_eq!(ground(&mut console), nord);
    assert!(!String::from_utf8_lossy(&console.raw).contains("\u{1b}[>1u"));
    // One that comes when nobody waits any more is no key: no letter of it opens anything.
    console.settle(Duration::from_millis(300));
    let before = console.text();
    console.send("\u{1b}]11;rgb:aaaa/dddd/aaaa\u{1b}\\");
    console.settle(Duration::from_millis(300));
    assert!(!console.text().contains("Approve LB-") && !console.text().contains("Go to, or do"));
    assert!(before.contains("Pending requests") && console.text().contains("Pending requests"));
    console.send("?");
    console.wait_for("Help: Pending requests");
}

#[test]
fn themes_are_tried_kept_and_read_again_when_their_file_changes() {
    let desk = Desk::new();
    let own = |colour: &str| {
        format!(
            "[theme]\nname = \"Mine\"\ninherits = \"nord\"\n[surface]\nbase = {{ fg = \"#ffffff\", bg = \"{colour}\" }}\n"
        )
    };
    let home = configured("themes/mine.toml", &own("#000040"));
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&["--theme", "mine"], &env, 100, 30);
    assert_eq!(ground(&mut console), vt100::Color::Rgb(0, 0, 0x40));
    let path = home.path().join("lockbox/themes/mine.toml");
    std::fs::write(&path, own("#004000")).unwrap();
    for _ in 0..60 {
        console.settle(Duration::from_millis(50));
        if ground(&mut console) == vt100::Color::Rgb(0, 0x40, 0) {
            break;
        }
    }
    assert_eq!(ground(&mut console), vt100::Color::Rgb(0, 0x40, 0));
    std::fs::write(&path, "[surface]\nbsae = 3\n").unwrap();
    console.wait_for("mine.toml:2:");
    assert_eq!(
        ground(&mut console),
        vt100::Color::Rgb(0, 0x40, 0),
        "the last good one stays"
    );
    std::fs::write(&path, own("#400000")).unwrap();
    for _ in 0..60 {
        if ground(&mut console) == vt100::Color::Rgb(0x40, 0, 0) {
            break;
        }
        console.settle(Duration::from_millis(50));
    }

    // Tried while the cursor is on it, and put back.
    console.send("gy");
    console.wait_for("High Contrast");
    console.send("G");
    console.settle(Duration::from_millis(200));
    let tried = ground(&mut console);
    console.send(ESC);
    console.settle(Duration::from_millis(300));
    assert_ne!(ground(&mut console), tried);
    console.send("gy");
    console.wait_for("High Contrast");
    console.send("G");
    console.settle(Duration::from_millis(200));
    console.send(ENTER);
    console.settle(Duration::from_millis(200));
    assert_eq!(ground(&mut console), tried);
}

#[test]
fn the_window_has_a_title_the_mouse_is_given_back_and_the_desktop_is_told_once() {
    let desk = Desk::new();
    let config = "notify = \"osc9\"\nbell = true\nnotify-before = \"1h\"\n";
    let home = configured("config.toml", config);
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&["--no-mouse"], &env, 100, 30);
    let none = vt100::MouseProtocolMode::None;
    assert_eq!(console.screen().mouse_protocol_mode(), none);
    console.send("\u{1b}OQ");
    console.wait_for("The mouse is the console's");
    assert_ne!(console.screen().mouse_protocol_mode(), none);
    console.send("\u{1b}OQ");
    console.wait_for("The mouse selects text");
    assert_eq!(console.screen().mouse_protocol_mode(), none);
    console.send("gp");
    console.wait_for("LB-000031");
    console.settle(Duration::from_millis(300));
    let raw = String::from_utf8_lossy(&console.raw).into_owned();
    assert!(raw.contains("\u{1b}[22;2t"));
    let title = "\u{1b}]2;lockbox · Pending requests · 8 waiting\u{1b}\\";
    let titles: Vec<&str> = raw
        .split("\u{1b}]2;")
        .skip(1)
        .map(|t| &t[..40.min(t.len())])
        .collect();
    assert!(raw.contains(title), "{titles:?}");
    // LB-000011 has forty minutes left.
    let note = "\u{7}\u{1b}]9;LB-000011 expires in ";
    assert_eq!(raw.matches(note).count(), 1, "{raw:?}");
    console.send("g!");
    console.wait_for("What was said");
    console.wait_for("and nobody has decided.");
    console.send(ESC);
    console.wait_until("it is closed", |text| !text.contains("What was said"));
    console.send("\u{1b}[24~");
    console.send("j");
    console.wait_for("frames/s");
    console.send("y");
    console.wait_for("Copied to the clipboard");
    assert!(String::from_utf8_lossy(&console.raw).contains("\u{1b}]52;c;"));
    console.send("q");
    assert_eq!(leave(&mut console), 0);
    assert!(String::from_utf8_lossy(&console.raw).contains("\u{1b}[23;2t"));
}

#[test]
fn a_broken_configuration_stops_nothing_and_is_told_by_line() {
    let desk = Desk::new();
    let home = configured("config.toml", "mouse = true\nbel = true\n");
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&[], &env, 160, 30);
    console.wait_for("config.toml:2: there is no setting bel. Did you mean bell?");
    console.send("q");
    assert_eq!(leave(&mut console), 0);
    assert!(
        console
            .text()
            .contains("config.toml:2: there is no setting bel"),
        "said where it stays"
    );
    let told = Command::new(LOCKBOX)
        .args(["check", "config"])
        .envs(env)
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2));
    let home = configured("keys.toml", "[[bind]]\non = \"a\"\ndo = \"request.deny\"\n");
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&[], &env, 160, 30);
    console.wait_for("The keys that ship stand: ");
    console.send("q");
    assert_eq!(leave(&mut console), 0);
}

#[test]
fn the_clipboard_may_be_a_program_of_ones_own() {
    let desk = Desk::new();
    let home = tempfile::tempdir().unwrap();
    let copied = home.path().join("copied");
    let config = format!(
        "[clipboard]\ncommand = [\"tee\", {:?}]\n",
        copied.display().to_string()
    );
    std::fs::create_dir_all(home.path().join("lockbox")).unwrap();
    std::fs::write(home.path().join("lockbox/config.toml"), config).unwrap();
    let env = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let mut console = desk.console(&[], &env, 100, 30);
    console.send("gp");
    console.wait_for("LB-000031");
    console.send("y");
    console.wait_for("clipboard: LB-000011");
    assert_eq!(std::fs::read_to_string(copied).unwrap(), "LB-000011");
    assert!(!String::from_utf8_lossy(&console.raw).contains("\u{1b}]52;"));
}
