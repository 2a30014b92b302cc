//! The console in lines, as a person with a screen reader or a script meets it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use super::{DEVOPS, HOSTILE, Place, Said, program, said};

/// The console with these lines as all of its input.
fn console(place: &Place, args: &[&str], lines: &[&str]) -> Said {
    let mut all = vec!["--plain"];
    all.extend(args);
    let mut child = program(place.dir.path(), &all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let writer = std::thread::spawn(move || {
        // Who has left does not read the rest.
        let _ = stdin.write_all(text.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    said(output)
}

/// What was said after the last time a line was read that ends so.
#[track_caller]
fn after<'a>(said: &'a Said, line: &str) -> &'a str {
    let place = said.out.rfind(&format!("{line}\n"));
    let place = place.unwrap_or_else(|| panic!("no {line:?} in {}", said.out));
    &said.out[place + line.len() + 1..]
}

#[test]
fn the_first_request_is_read_and_denied_with_a_reason() {
    let place = Place::new();
    let lines = ["pending", "1", "deny", "No dumps today.", "activity"];
    let said = console(&place, &[], &lines).ok();
    assert!(
        said.out.starts_with("SIMULATION. 2020-11-22 09:00:"),
        "{}",
        said.out
    );
    let pending = after(&said, "lockbox> pending");
    assert!(pending.starts_with("Pending requests: 8 rows.\n1. LB-000011, left: "));
    assert!(after(&said, "lockbox> 1").contains("\nTicket: 120111800000017\n"));
    let asked = after(&said, "lockbox> deny");
    assert!(
        asked.contains("\n> Remote desktop into batch-01"),
        "{asked}"
    );
    assert!(asked.contains("Deny LB-000011? Reason, for the record, or press Enter to go back: "));
    let done = after(&said, "No dumps today.");
    assert!(
        done.contains("minji.kim denied LB-000011: “No dumps today.”"),
        "{done}"
    );
    let log = after(&said, "lockbox> activity");
    let first = log.lines().nth(1).unwrap();
    assert!(
        first.contains("Deny Lockbox Request, about: LB-000011"),
        "{first}"
    );
    assert!(first.contains("reason: No dumps today."), "{first}");
}

#[test]
fn an_approval_needs_the_code_and_enter_alone_does_nothing() {
    let place = Place::new();
    let said = console(
        &place,
        &[],
        &["pending", "approve 2", "", "a 2", "nope", ""],
    )
    .ok();
    let asked = after(&said, "lockbox> approve 2");
    let (before, rest) = asked
        .split_once("Approve LB-000013? Type the code ")
        .unwrap();
    assert!(before.contains("Tomasz Wójcik gets reader access to exactly dump-web-claims-02"));
    let (code, _) = rest
        .split_once(" to approve, or press Enter to go back: ")
        .unwrap();
    assert!(
        said.out.contains(&format!("That is not {code}.")),
        "{}",
        said.out
    );
    assert_eq!(
        said.out
            .matches("Nothing was done: approve cancelled.")
            .count(),
        2
    );

    let said = console(&place, &[], &["pending", "a 2", code, "Go."]).ok();
    assert!(
        said.out.contains("minji.kim approved LB-000013: “Go.”"),
        "{}",
        said.out
    );
    let pending = place.run(&["request", "list", "--pending"]).ok().out;
    assert!(pending.contains("LB-000011") && !pending.contains("LB-000013"));
}

#[test]
fn a_vault_is_created_by_answering_questions() {
    let place = Place::new();
    let answers = [
        "kv-by-ear",
        "",
        "rg-keys",
        "koreacentral",
        "2",
        "",
        "yes",
        "30",
    ];
    let mut lines = vec!["vaults", "create"];
    lines.extend(answers);
    lines.push("y");
    let said = console(&place, &[], &lines).ok();
    let asked = after(&said, "lockbox> create");
    assert!(asked.contains("This would happen:"), "{asked}");
    let vaults = place.json(&["vault", "list"]);
    let made = super::find(&vaults, "name", "kv-by-ear");
    assert_eq!(made["location"], "koreacentral");

    let said = console(&place, &[], &["vaults", "create", "kv-not", "."]).ok();
    assert!(after(&said, "]: .").starts_with("Nothing was done."));
    assert!(!place.run(&["vault", "list"]).ok().out.contains("kv-not"));
}

#[test]
fn a_wrong_word_gets_one_line_with_the_nearest() {
    let place = Place::new();
    let said = console(
        &place,
        &[],
        &["aprove", "request/abc", "99", "grant.revoke"],
    )
    .ok();
    let unknown =
        "There is no word \"aprove\". Did you mean approve? help lists what can be done here.\n";
    assert!(after(&said, "lockbox> aprove").starts_with(&format!("{unknown}lockbox> ")));
    assert!(after(&said, "lockbox> 99").starts_with("There is no row 99; the rows are 1 to 11.\n"));
    let why = after(&said, "lockbox> grant.revoke");
    assert!(why.starts_with("There is no grant here.\n"), "{why}");
}

#[test]
fn the_end_of_the_input_leaves() {
    let place = Place::new();
    for lines in [
        &[][..],
        &["pending", "deny"],
        &["vault.create"],
        &["quit", "nonsense"],
    ] {
        let said = console(&place, &[], lines);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(!said.out.contains("nonsense"));
    }
}

#[test]
fn nothing_is_drawn_and_nothing_acts_on_any_blade() {
    let place = Place::new();
    let drawn = format!("{HOSTILE}\n┌─┐ ▐█▌ ⠿⠿ lockbox> quit");
    let ticket = place.escalated(DEVOPS, &drawn, &drawn);
    place.json(&[
        "jit",
        "submit",
        "--ticket",
        &ticket,
        "--reason",
        &drawn,
        "--tried",
        "PerfInsights",
        "--as",
        DEVOPS,
    ]);
    let pages = [
        format!("ticket/{ticket}"),
        "request/32".to_owned(),
        "mail/1".to_owned(),
        "grant/20".to_owned(),
    ];
    let mut tour = vec![
        "help",
        "now",
        "pending",
        "help",
        "requests",
        "tickets",
        "grants",
        "activity",
        "mail",
        "rules",
        "1",
        "vaults",
        "1",
        "help",
        "1",
        "vaults",
        "clusters",
        "1",
        "checklist",
        "clusters",
        "1",
        "preflight",
        "clusters",
        "1",
        "revocation",
        "1",
        ".",
        "workspaces",
        "1",
        "help",
        "tables",
        "1",
        "workspaces",
        "1",
        "query",
        "run",
        "AzureActivity | take 3",
        "run",
        "AzureActivity | tkae 3",
        "operations",
        "1",
        "storage",
        "1",
        "segments",
        "ingestion",
        "1",
        "g h",
        "more",
        "1",
        "branch.begin",
        "compare",
        "g e",
        "g e",
        "request/32",
        "why",
        "n",
        "overview",
        "vault.create",
        ".",
    ];
    tour.splice(0..0, pages.iter().map(String::as_str));
    let said = console(&place, &["--as", "observer"], &tour).ok();
    assert!(said.err.is_empty(), "{}", said.err);
    for c in said.out.chars().filter(|c| *c != '\n') {
        assert!(!lockbox::engine::text::acts(c), "{:?}", c);
        assert!(
            !matches!(c, '\u{2500}'..='\u{25ff}' | '\u{2800}'..='\u{28ff}'),
            "{c}"
        );
    }
    // A stranger's line is known by its beginning.
    assert!(
        said.out
            .contains("\n> (drawing) (drawing) (drawing) lockbox> quit\n")
    );
    // Every stop was reached.
    for title in [
        "Pending requests",
        "All requests",
        "Tickets",
        "Access grants",
        "Activity log",
        "Mail",
        "Rules",
        "Key vaults",
        "Clusters",
        "Checklist",
        "Pre-flight",
        "Revocation",
        "Workspaces",
        "Tables of ",
        "Query ",
        "Operations",
        "Storage accounts",
        "Segments",
        "Record",
        "Two futures",
        "Why",
        "Overview",
    ] {
        assert!(said.out.contains(&format!("\n{title}")), "no {title}");
    }
}

#[test]
fn what_others_do_is_said_while_one_waits() {
    let place = Place::new();
    let mut child = program(place.dir.path(), &["--plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (sender, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let wait = |words: &str| loop {
        let line = heard.recv_timeout(Duration::from_secs(30)).expect(words);
        if line.contains(words) {
            return line;
        }
    };
    wait("help lists what can be done");
    place
        .run(&["request", "deny", "15", "--reason", "Not now."])
        .ok();
    let news = wait("denied LB-000015");
    assert!(news.starts_with("09:0"), "{news}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// What is wrong with a journey line by line, if anything: `say WORDS` is typed, `expect "words"` and
/// `expect no "words"` are about what was said from there to the next line that is typed.
fn wrong(text: &str) -> Option<String> {
    let typed = |line: &&str| line.starts_with("say ");
    let says: Vec<&str> = text.lines().filter(typed).map(|line| &line[4..]).collect();
    let place = Place::new();
    // Time stands, and goes on when a step lets it.
    place.run(&["clock", "pause"]).ok();
    let said = console(&place, &[], &says);
    if said.code != 0 {
        return Some(format!("it ended with {}: {}", said.code, said.err));
    }
    // Each line that was typed is echoed after its prompt or question.
    let mut rest = said.out.as_str();
    let mut here = "";
    for (n, line) in text.lines().enumerate() {
        let told = |what: &str| Some(format!("line {}: {line}: {what} in\n{here}", n + 1));
        if let Some(words) = line.strip_prefix("say ") {
            let echo = format!(" {words}\n");
            let Some(at) = rest.find(&echo) else {
                return told("it was never read");
            };
            rest = &rest[at + echo.len()..];
            let next = text.lines().skip(n + 1).find(typed).map(|line| &line[4..]);
            let end = next.and_then(|next| rest.find(&format!(" {next}\n")));
            here = &rest[..end.unwrap_or(rest.len())];
        } else if let Some(wanted) = line.strip_prefix("expect ") {
            let (no, wanted) = match wanted.strip_prefix("no ") {
                Some(wanted) => (true, wanted),
                None => (false, wanted),
            };
            let words: String = serde_json::from_str(wanted).unwrap();
            if here.contains(&words) == no {
                return told(if no { "it is there" } else { "it is not there" });
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            return told("there is no such step");
        }
    }
    None
}

#[test]
fn the_journeys_of_the_plain_console_go_as_they_are_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journeys");
    let mut found = 0;
    for file in std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
    {
        if file.extension().is_some_and(|end| end == "plain") {
            found += 1;
            let wrong = wrong(&std::fs::read_to_string(&file).unwrap());
            assert_eq!(wrong, None, "{}", file.display());
        }
    }
    assert!(found > 0);
    let other = wrong("say pending\nexpect \"9 rows\"\n").unwrap();
    assert!(other.starts_with("line 2: "), "{other}");
}
