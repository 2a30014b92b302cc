//! Mails become files, once, whatever crashes.

use std::fs;
use std::path::Path;

use lockbox::engine::lockbox::request;
use lockbox::engine::story::{Ask, Deed, Step, Story};
use lockbox::engine::{Actor, Span, digest, story};
use lockbox::runtime::{ClockCommand, Host, ManualWall};

use super::stage::{dir, open, pending};
use crate::tiny::{self, opens_at};

fn mails(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir.join("outbox")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_owner_gets_one_mail_file_threaded_by_request() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    pending(&mut host);
    let names = ["000001-LB-000001-bo.eml", "000002-LB-000001-minji.kim.eml"];
    assert_eq!(mails(dir.path()), names);
    let text = |name: &str| fs::read_to_string(dir.path().join("outbox").join(name)).unwrap();
    let line = |name: &str, header: &str| {
        let text = text(name);
        let found = text.lines().find(|l| l.starts_with(header));
        found.unwrap().to_owned()
    };
    assert_eq!(line(names[0], "References:"), line(names[1], "References:"));
    assert_ne!(line(names[0], "Message-ID:"), line(names[1], "Message-ID:"));
    assert!(line(names[1], "Date:").contains("Sun, 22 Nov 2020 09:00:00"));
    assert!(text(names[1]).contains("To: =?utf-8?"));
}

#[test]
fn a_crash_between_the_event_and_its_file_is_made_good_at_the_next_opening() {
    let (dir, wall) = (dir(), ManualWall::default());
    // A host without an outbox stands for a process that died right after its commit.
    let mut host = open(dir.path(), &wall);
    let journal = lockbox::store::SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let mut dying = Host::on(Box::new(journal), Box::new(wall.clone())).unwrap();
    pending(&mut dying);
    drop(dying);
    assert_eq!(mails(dir.path()).len(), 0);
    host.refresh().unwrap();
    assert_eq!(mails(dir.path()).len(), 2);
    fs::remove_dir_all(dir.path().join("outbox")).unwrap();
    drop(host);
    drop(open(dir.path(), &wall));
    assert_eq!(
        mails(dir.path()).len(),
        0,
        "a delivered mail is not sent again"
    );
}

#[test]
fn at_founding_only_mails_that_still_wait_for_an_answer_are_written() {
    let (dir, wall) = (dir(), ManualWall::default());
    let ask = Ask {
        resources: imbl::Vector::unit(tiny::MACHINE.into()),
        level: lockbox::engine::lockbox::jit::Level::Reader,
        reach: lockbox::engine::lockbox::jit::Reach::CustomerData,
        exclusion: None,
        duration: lockbox::engine::lockbox::jit::Duration::Default,
        justification: "look".into(),
    };
    let lockbox::engine::Command::Ticket(lockbox::engine::lockbox::ticket::Command::Open(opening)) =
        tiny::open_ticket("old")
    else {
        unreachable!()
    };
    let start = opens_at() - Span::days(10);
    let tell = |id: &str, begins: lockbox::engine::SimTime, decided: bool| {
        let step = |hours: i64, by: &str, deed: Deed| Step {
            at: begins + Span::hours(hours),
            by: Some(by.into()),
            deed,
        };
        let tried = Deed::TryTools {
            text: "telemetry".into(),
            sufficed: false,
        };
        let mut steps = vec![
            step(0, "con", Deed::Open(opening.clone())),
            step(1, "sue", tried),
            step(2, "sue", Deed::Submit(ask.clone())),
        ];
        if decided {
            let reason = "no".into();
            steps.push(step(3, "bo", Deed::Deny { reason }));
        }
        story::Command::Add(Story {
            id: id.into(),
            steps: steps.into_iter().collect(),
        })
    };
    let mut steps: Vec<tiny::Step> = tiny::tiny_steps()
        .into_iter()
        .map(|(_, actor, command)| (start, actor, command))
        .collect();
    for (id, at, decided) in [
        ("denied", start, true),
        ("expired", start, false),
        ("waits", opens_at() - Span::days(1), false),
        ("comes", opens_at() + Span::days(1), false),
    ] {
        steps.push((start, Actor::Simulator, tell(id, at, decided).into()));
    }
    let found = || Ok(tiny::founding(steps.clone()));
    let mut host = Host::open_at(dir.path(), None, found, Box::new(wall.clone())).unwrap();
    assert_eq!(host.now(), opens_at());
    let statuses: Vec<_> = host
        .world()
        .lockbox
        .requests
        .values()
        .map(|r| r.status)
        .collect();
    use request::Status::{Denied, Expired, Pending};
    assert_eq!(statuses, [Denied, Expired, Pending]);
    assert_eq!(
        mails(dir.path()),
        ["000005-LB-000003-bo.eml", "000006-LB-000003-minji.kim.eml"]
    );
    // A world with stories is the fold of its journal too.
    let before = digest(host.world());
    drop(host);
    host = open(dir.path(), &wall);
    assert_eq!(digest(host.world()), before);
    host.clock_set(ClockCommand::Advance(Span::days(2)))
        .unwrap();
    assert_eq!(mails(dir.path()).len(), 4);
    assert!(host.world().stories.underway.is_empty());
    assert!(host.world().stories.skipped.is_empty());
}
