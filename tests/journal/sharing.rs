//! Two processes on one state directory.

use std::sync::{Arc, Barrier};

use lockbox::engine::lockbox::request::Status;
use lockbox::engine::{SimTime, digest};
use lockbox::runtime::{Host, HostError, ManualWall};
use lockbox::store::{Journal, SqliteJournal};

use super::stage::{dir, events, open, pending, status, ticket};
use crate::tiny::{decide, person, tiny_world};

#[test]
fn two_hosts_that_decide_one_request_at_once_decide_it_exactly_once() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut first = open(dir.path(), &wall);
    for _ in 0..20 {
        pending(&mut first);
        let barrier = Arc::new(Barrier::new(2));
        let race = |who: &'static str, approve: bool| {
            let (barrier, path, wall) = (barrier.clone(), dir.path().to_owned(), wall.clone());
            std::thread::spawn(move || {
                let mut host = open(&path, &wall);
                let command = decide(host.world(), approve);
                barrier.wait();
                host.submit(&person(who), &command)
            })
        };
        let (one, two) = (race("minji.kim", true), race("bo", false));
        let outcomes = [one.join().unwrap(), two.join().unwrap()];
        assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
        let refusal = outcomes.into_iter().find_map(Result::err).unwrap();
        let HostError::Refused(refusal) = refusal else {
            panic!("the loser got {refusal}");
        };
        assert_eq!(refusal.id, "E-LB-04");
        first.refresh().unwrap();
        assert_ne!(status(first.world()), Status::Pending);
    }
    assert!(first.journal().verify().is_ok());
}

#[test]
fn a_host_folds_what_another_one_appended_before_it_decides() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut one = open(dir.path(), &wall);
    let mut two = open(dir.path(), &wall);
    ticket(&mut one, "first");
    ticket(&mut two, "second");
    assert!(one.refresh().unwrap());
    assert!(!one.refresh().unwrap());
    assert_eq!(digest(one.world()), digest(two.world()));
    assert_eq!(one.world().lockbox.tickets.len(), 2);
}

#[test]
fn many_writers_lose_nothing_and_keep_the_chain() {
    let (dir, wall) = (dir(), ManualWall::default());
    drop(open(dir.path(), &wall));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (path, wall) = (dir.path().to_owned(), wall.clone());
            std::thread::spawn(move || {
                let mut host = open(&path, &wall);
                for _ in 0..25 {
                    ticket(&mut host, "one of a hundred");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let host = open(dir.path(), &wall);
    assert_eq!(host.world().lockbox.tickets.len(), 100);
    assert!(host.journal().verify().is_ok());
    let times: Vec<SimTime> = events(&host).iter().map(|e| e.at).collect();
    assert!(times.is_sorted());
}

#[test]
fn two_processes_that_open_an_empty_directory_found_one_world() {
    let (dir, wall) = (dir(), ManualWall::default());
    let openers: Vec<_> = (0..4)
        .map(|_| {
            let (path, wall) = (dir.path().to_owned(), wall.clone());
            std::thread::spawn(move || open(&path, &wall).world().revision)
        })
        .collect();
    let revisions: Vec<_> = openers.into_iter().map(|o| o.join().unwrap()).collect();
    assert!(revisions.iter().all(|r| *r == revisions[0]));
    let journal = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    assert_eq!(journal.head().unwrap(), revisions[0]);
}

#[test]
fn only_one_process_holds_the_clock_and_another_takes_it_when_that_one_is_gone() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut one = open(dir.path(), &wall);
    let mut two = open(dir.path(), &wall);
    assert!(one.hold_clock("one").unwrap());
    assert!(!two.hold_clock("two").unwrap());
    two.refresh().unwrap();
    assert_eq!(two.clock_reading().holder.as_deref(), Some("one"));
    drop(one);
    assert_eq!(two.clock_reading().holder, None);
    assert!(two.hold_clock("two").unwrap());
}

#[test]
fn a_world_in_memory_lives_without_any_file() {
    let mut host = Host::memory(tiny_world(), Box::new(ManualWall::default())).unwrap();
    pending(&mut host);
    assert!(host.dir().is_none());
    assert!(host.journal().verify().is_ok());
}
