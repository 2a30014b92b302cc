//! A damaged, cut, foreign or newer journal is refused with a clear message and never repaired.

use std::fs;
use std::path::Path;

use lockbox::engine::digest;
use lockbox::engine::ids::Revision;
use lockbox::runtime::{ClockCommand, Host, HostError, ManualWall};
use lockbox::store::{Journal, JournalError, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;

use super::stage::{dir, events, open, pending, ticket};
use crate::tiny::{open_ticket, person, tiny_world};

/// A closed journal with some events; its last revision.
fn written() -> (TempDir, u64) {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    let head = host.world().revision.0;
    drop(host);
    (dir, head)
}

fn tamper(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join("journal.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn verify(dir: &Path) -> Result<lockbox::store::Report, JournalError> {
    SqliteJournal::open(&dir.join("journal.db"))?.verify()
}

fn reopen(dir: &Path) -> Result<Host, HostError> {
    let wall = Box::new(ManualWall::default());
    Host::open_at(dir, None, || Ok(tiny_world()), wall)
}

#[test]
fn a_change_in_any_column_of_any_event_is_found() {
    let (dir, head) = written();
    assert_eq!(verify(dir.path()).unwrap().head, Revision(head));
    let whole = fs::read(dir.path().join("journal.db")).unwrap();
    for revision in [1, head / 2, head] {
        for change in [
            "at = at + 1",
            "at = at - 1",
            "body = replace(body, '\"revision\":', '\"revision\": ')",
            "body = substr(body, 1, length(body) - 1) || ']'",
            "body = body || ' '",
            "body = ''",
            "hash = zeroblob(32)",
            "hash = x'00'",
            "revision = revision + 1000",
        ] {
            tamper(
                dir.path(),
                &format!("UPDATE events SET {change} WHERE revision = {revision}"),
            );
            let found = verify(dir.path());
            assert!(
                matches!(found, Err(JournalError::Damaged { .. })),
                "{change} at {revision}: {found:?}"
            );
            fs::write(dir.path().join("journal.db"), &whole).unwrap();
        }
    }
    assert!(verify(dir.path()).is_ok());
}

#[test]
fn a_flipped_byte_anywhere_in_an_event_row_of_the_file_is_found() {
    let (dir, _) = written();
    let path = dir.path().join("journal.db");
    let whole = fs::read(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let rows: Vec<(String, Vec<u8>)> = connection
        .prepare("SELECT body, hash FROM events ORDER BY revision")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(connection);
    let mut flips = 0;
    for (body, hash) in rows.iter().step_by(5) {
        // A row's instant (8 bytes), body and hash lie side by side. SQLite leaves stale copies of moved rows
        // in the free part of its pages; the flip goes into every copy.
        let row = [body.as_bytes(), hash].concat();
        let copies: Vec<usize> = whole
            .windows(row.len())
            .enumerate()
            .filter_map(|(start, window)| (window == row).then_some(start))
            .collect();
        assert!(!copies.is_empty(), "a row lies in the file in one piece");
        for offset in (0..row.len() + 8).step_by(7) {
            let mut flipped = whole.clone();
            for start in &copies {
                flipped[start - 8 + offset] ^= 1 << (offset % 8);
            }
            fs::write(&path, &flipped).unwrap();
            let found = verify(dir.path());
            assert!(found.is_err(), "the flip at byte {offset} went unnoticed");
            flips += 1;
        }
    }
    assert!(flips > 100);
    fs::write(&path, &whole).unwrap();
    assert!(verify(dir.path()).is_ok());
}

#[test]
fn a_cut_tail_is_found_on_opening_and_nothing_is_repaired() {
    let (dir, head) = written();
    tamper(
        dir.path(),
        &format!("DELETE FROM events WHERE revision = {head}"),
    );
    let before = fs::read(dir.path().join("journal.db")).unwrap();
    let error = reopen(dir.path()).err().unwrap();
    let text = error.to_string();
    assert!(
        matches!(error, HostError::Journal(JournalError::Damaged { .. })),
        "{text}"
    );
    for said in ["journal.db", "is damaged", "backup"] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(fs::read(dir.path().join("journal.db")).unwrap(), before);
}

#[test]
fn events_taken_out_of_the_middle_or_put_out_of_order_are_found_on_opening() {
    let (dir, head) = written();
    let whole = fs::read(dir.path().join("journal.db")).unwrap();
    for change in [
        "DELETE FROM events WHERE revision = 3".to_owned(),
        "DELETE FROM events".to_owned(),
        "DELETE FROM head".to_owned(),
        format!("UPDATE head SET revision = {}", head - 1),
    ] {
        tamper(dir.path(), &change);
        let error = reopen(dir.path()).err().unwrap();
        assert!(
            matches!(error, HostError::Journal(JournalError::Damaged { .. })),
            "{change}: {error}"
        );
        fs::write(dir.path().join("journal.db"), &whole).unwrap();
    }
}

#[test]
fn a_journal_of_a_newer_format_is_refused_with_both_numbers() {
    let (dir, _) = written();
    tamper(
        dir.path(),
        "UPDATE meta SET value = 99 WHERE key = 'format'",
    );
    let error = reopen(dir.path()).err().unwrap();
    assert!(matches!(
        error,
        HostError::Journal(JournalError::NewerFormat { found: 99, .. })
    ));
    assert!(error.to_string().contains("99"));
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let dir = dir();
    let path = dir.path().join("journal.db");
    fs::write(
        &path,
        "not a database, but long enough to have a header to look at; really, \
        one hundred bytes are what SQLite wants to see here",
    )
    .unwrap();
    let error = reopen(dir.path()).err().unwrap();
    assert!(
        matches!(error, HostError::Journal(JournalError::NotAJournal { .. })),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    tamper(dir.path(), "CREATE TABLE other (x)");
    let error = reopen(dir.path()).err().unwrap();
    assert!(
        matches!(error, HostError::Journal(JournalError::NotAJournal { .. })),
        "{error}"
    );
}

#[test]
fn a_refused_command_and_a_preview_leave_the_journal_byte_for_byte() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    drop(host);
    let path = dir.path().join("journal.db");
    let before = fs::read(&path).unwrap();
    let mut host = open(dir.path(), &wall);
    let refused = host.submit(&person("sue"), &open_ticket("not mine to open"));
    assert!(matches!(refused, Err(HostError::Refused(_))));
    assert!(
        !host
            .preview(&person("con"), &open_ticket("what if"))
            .unwrap()
            .is_empty()
    );
    drop(host);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_refused_command_does_not_even_make_time_act() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    host.hold_clock("test").unwrap();
    wall.pass(lockbox::engine::Span::days(5));
    let before = events(&host);
    let refused = host.submit(&person("sue"), &open_ticket("not mine to open"));
    assert!(matches!(refused, Err(HostError::Refused(_))));
    assert_eq!(events(&host), before);
}

/// A journal long enough for a snapshot, with the digest of its world.
fn long() -> (TempDir, [u8; 32]) {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let journal = dir.path().join("journal.db");
    Connection::open(&journal)
        .unwrap()
        .execute_batch("PRAGMA wal_autocheckpoint = 100000")
        .unwrap();
    while host.world().revision.0 < 8_300 {
        ticket(&mut host, "one of many");
    }
    let digest = digest(host.world());
    drop(host);
    (dir, digest)
}

#[test]
fn a_bad_snapshot_is_passed_over_and_the_world_is_the_same() {
    let (dir, expected) = long();
    let folder = dir.path().join("snapshots");
    let snapshot = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&snapshot).unwrap();
    let world = || digest(reopen(dir.path()).unwrap().world());
    assert_eq!(world(), expected);
    for at in [0, 8, 24, 40, 70, 200, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&snapshot, flipped).unwrap();
        assert_eq!(world(), expected, "the flip at byte {at} was believed");
    }
    fs::write(&snapshot, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(world(), expected);
    // With the snapshot gone the fold begins at the first event.
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(world(), expected);
}

#[test]
fn opening_checks_what_lies_behind_the_snapshot_and_verify_checks_everything() {
    let (dir, expected) = long();
    tamper(
        dir.path(),
        "UPDATE events SET at = at + 1 WHERE revision = 50",
    );
    assert_eq!(digest(reopen(dir.path()).unwrap().world()), expected);
    let found = verify(dir.path());
    assert!(
        matches!(
            found,
            Err(JournalError::Damaged {
                revision: Some(Revision(50)),
                ..
            })
        ),
        "{found:?}"
    );
    tamper(dir.path(), "DELETE FROM events WHERE revision = 8250");
    assert!(reopen(dir.path()).is_err());
}

#[test]
fn a_journal_of_another_world_than_the_named_one_is_refused_by_name() {
    let (dir, _) = written();
    let wall = || Box::new(ManualWall::default());
    let other = Host::open_at(dir.path(), Some("another"), || Ok(tiny_world()), wall());
    let text = other.err().unwrap().to_string();
    assert!(text.contains("Tiny"), "{text}");
    assert!(Host::open_at(dir.path(), Some("tiny"), || Ok(tiny_world()), wall()).is_ok());
    assert!(Host::open_at(dir.path(), None, || Ok(tiny_world()), wall()).is_ok());
}

#[test]
fn a_founding_that_fails_leaves_no_journal_and_the_next_one_starts_afresh() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut steps = crate::tiny::tiny_steps();
    let doubled = steps[1].clone();
    steps.push(doubled);
    let failed = Host::open_at(
        dir.path(),
        None,
        || Ok(crate::tiny::founding(steps)),
        Box::new(wall.clone()),
    );
    assert!(matches!(failed.err(), Some(HostError::Founding { .. })));
    assert!(!dir.path().join("journal.db").exists());
    fs::write(dir.path().join("founding.db"), "left by a crash").unwrap();
    let mut host = open(dir.path(), &wall);
    host.clock_set(ClockCommand::Pause).unwrap();
    assert!(!dir.path().join("founding.db").exists());
}

/// What a crash leaves: the database and its write-ahead log, copied while a host is writing.
fn crashed(events: &mut Vec<lockbox::engine::Event>) -> (TempDir, Vec<u8>) {
    let (live, wall) = (dir(), ManualWall::default());
    let mut host = open(live.path(), &wall);
    for _ in 0..10 {
        ticket(&mut host, "in the log only");
    }
    *events = super::stage::events(&host);
    let copy = dir();
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(live.path().join(name), copy.path().join(name)).unwrap();
    }
    let log = fs::read(copy.path().join("journal.db-wal")).unwrap();
    (copy, log)
}

#[test]
fn what_a_crash_left_in_the_write_ahead_log_is_all_there() {
    let mut expected = Vec::new();
    let (dir, _) = crashed(&mut expected);
    assert_eq!(events(&reopen(dir.path()).unwrap()), expected);
}

#[test]
fn a_flipped_byte_in_the_write_ahead_log_is_refused_and_not_taken_for_its_end() {
    let (dir, log) = crashed(&mut Vec::new());
    let path = dir.path().join("journal.db-wal");
    let database = fs::read(dir.path().join("journal.db")).unwrap();
    // The last two transactions cannot be told from the torn end of a crash; none has more than four pages.
    let proven = log.len() - 8 * (4096 + 24);
    for at in (0..proven).step_by(997) {
        let mut flipped = log.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, &flipped).unwrap();
        let error = reopen(dir.path()).err();
        assert!(
            matches!(
                error,
                Some(HostError::Journal(JournalError::Damaged { .. }))
            ),
            "the flip at byte {at}: {error:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), flipped, "nothing is repaired");
        assert_eq!(fs::read(dir.path().join("journal.db")).unwrap(), database);
    }
}

#[test]
fn the_torn_end_of_a_crash_is_no_damage() {
    let mut written = Vec::new();
    let (dir, log) = crashed(&mut written);
    let path = dir.path().join("journal.db-wal");
    fs::write(&path, &log[..log.len() - 1_000]).unwrap();
    let read = events(&reopen(dir.path()).unwrap());
    assert!(read.len() < written.len() && written.starts_with(&read));
    assert!(verify(dir.path()).is_ok());
}
