//! `kill -9` at any moment loses nothing acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockbox::engine::ids::TicketId;
use lockbox::engine::random;
use lockbox::runtime::ManualWall;

use super::stage::{dir, open, ticket};
use crate::tiny::newest_ticket;

const CHILD: &str = "LOCKBOX_TEST_WRITER";
const KILLS: u64 = 200;

/// Not a test of its own: what the killed process does. Opens tickets and says each one it was acknowledged.
#[test]
fn writer() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let mut host = open(Path::new(&dir), &ManualWall::default());
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nready").unwrap();
    loop {
        ticket(&mut host, "before the kill");
        writeln!(out, "acknowledged {}", newest_ticket(host.world())).unwrap();
    }
}

fn spawn(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::writer", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn two_hundred_kills_at_random_moments_lose_no_acknowledged_command() {
    let (dir, wall) = (dir(), ManualWall::default());
    drop(open(dir.path(), &wall));
    let mut acknowledged: Vec<TicketId> = Vec::new();
    for kill in 0..KILLS {
        let mut child = spawn(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while lines.next().unwrap().unwrap() != "ready" {}
        let random = random::bytes(2020, "kill", kill);
        let micros = u64::from(u16::from_le_bytes([random[0], random[1]])) / 2;
        std::thread::sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| {
            let id = line.strip_prefix("acknowledged ")?;
            // The last line may be cut off in the middle.
            (id.len() == 15).then(|| id.parse::<TicketId>().unwrap())
        }));
        if kill % 50 == 49 {
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
