//! `kill -9` at any moment loses nothing acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockbox::engine::ids::TicketId;
use lockbox::engine::random;
use lockbox::runtime::ManualWall;

use super::stage::{dir, open, ticket};
use crate::tiny::{newest_ticket, opens_at};

const CHILD: &str = "LOCKBOX_TEST_WRITER";
const HOLDS: &str = "LOCKBOX_TEST_HOLDS";
const KILLS: u64 = 200;

/// Not a test of its own: what the killed process does. Opens tickets and says each one it was acknowledged;
/// or holds the clock.
#[test]
fn writer() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let mut host = open(Path::new(&dir), &ManualWall::default());
    let mut out = std::io::stdout().lock();
    if std::env::var_os(HOLDS).is_some() {
        assert!(host.hold_clock("child").unwrap());
        writeln!(out, "\nready").unwrap();
        loop {
            std::thread::park();
        }
    }
    writeln!(out, "\nready").unwrap();
    loop {
        ticket(&mut host, "before the kill");
        writeln!(out, "acknowledged {}", newest_ticket(host.world())).unwrap();
    }
}

type Lines = Box<dyn Iterator<Item = String>>;

/// A child that is ready, and what it says from then on.
fn ready(mut command: Command) -> (Child, Lines) {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.any(|line| line == "ready"), "the child did not start");
    (child, Box::new(lines))
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crash::writer", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

#[test]
fn two_hundred_kills_at_random_moments_lose_no_acknowledged_command() {
    let (dir, wall) = (dir(), ManualWall::default());
    drop(open(dir.path(), &wall));
    let mut acknowledged: Vec<TicketId> = Vec::new();
    for kill in 0..KILLS / 2 {
        // Two processes write at once, and both are killed.
        let mut children = [(); 2].map(|()| ready(command(dir.path())));
        for (nth, (child, _)) in (0..).zip(&mut children) {
            let random = random::bytes(2020, "kill", kill * 2 + nth);
            let micros = u64::from(u16::from_le_bytes([random[0], random[1]])) / 2;
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        for (_, lines) in children {
            acknowledged.extend(lines.filter_map(|line| {
                let id = line.strip_prefix("acknowledged ")?;
                // The last line may be cut off in the middle.
                (id.len() == 15).then(|| id.parse::<TicketId>().unwrap())
            }));
        }
        if kill % 25 == 24 {
            let host = open(dir.path(), &wall);
            host.journal().verify().unwrap();
        }
    }
    let host = open(dir.path(), &wall);
    host.journal().verify().unwrap();
    assert!(
        acknowledged.len() > 200,
        "the children hardly wrote anything"
    );
    for id in &acknowledged {
        assert!(
            host.world().lockbox.tickets.contains_key(id),
            "{id} is lost"
        );
    }
}

#[test]
fn the_clock_of_a_killed_console_is_free_at_once_and_time_stands_where_it_was_saved() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    let (mut child, _lines) = {
        let mut command = command(dir.path());
        command.env(HOLDS, "1");
        ready(command)
    };
    assert!(!host.hold_clock("parent").unwrap());
    assert!(host.clock_reading().running);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!host.clock_reading().running);
    assert_eq!(host.now(), opens_at());
    assert!(host.hold_clock("parent").unwrap());
}
