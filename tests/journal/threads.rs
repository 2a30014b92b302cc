//! The engine thread: answers, views, and other processes' events.

use std::sync::Arc;
use std::time::Duration;

use lockbox::engine::lockbox::request::Status;
use lockbox::engine::{Span, digest};
use lockbox::runtime::{ClockCommand, Handle, Host, HostError, ManualWall, SystemWall, View};
use tokio::sync::watch::Receiver;

use super::stage::{dir, open, pending, status, ticket};
use crate::tiny::{open_ticket, person, tiny_world};

/// Far longer than anything here takes; only a failure waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

fn real(dir: &std::path::Path) -> Host {
    Host::open_at(
        dir,
        None,
        || Ok(tiny_world()),
        Box::new(SystemWall::default()),
    )
    .unwrap()
}

/// Runs the future on a runtime of its own.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(async {
            tokio::time::timeout(PATIENCE, future)
                .await
                .expect("this takes too long")
        })
}

/// The first view for which it holds.
fn until(views: &mut Receiver<Arc<View>>, holds: impl Fn(&View) -> bool) -> Arc<View> {
    wait(async { views.wait_for(|view| holds(view)).await.unwrap().clone() })
}

#[test]
fn a_command_is_answered_and_the_next_view_shows_it() {
    let dir = dir();
    let handle = Handle::spawn(real(dir.path()), Some("test")).unwrap();
    let mut views = handle.views();
    let done = wait(handle.submit(person("con"), open_ticket("hello")))
        .unwrap()
        .unwrap();
    let view = until(&mut views, |v| v.world.revision >= done.revision);
    assert_eq!(view.world.lockbox.tickets.len(), 1);
    let refused = wait(handle.submit(person("sue"), open_ticket("hello"))).unwrap();
    assert!(matches!(refused, Err(HostError::Refused(_))));
}

#[test]
fn a_command_of_another_process_shows_up_without_being_asked_for() {
    let dir = dir();
    let handle = Handle::spawn(real(dir.path()), Some("test")).unwrap();
    let mut views = handle.views();
    let mut other = open(dir.path(), &ManualWall::default());
    for n in 1..20 {
        ticket(&mut other, "from elsewhere");
        until(&mut views, |v| v.world.lockbox.tickets.len() == n);
    }
    // A clock set elsewhere shows up too.
    other.clock_set(ClockCommand::Pause).unwrap();
    until(&mut views, |v| v.clock.paused);
    other
        .clock_set(ClockCommand::Advance(Span::days(2)))
        .unwrap();
    let now = other.now();
    until(&mut views, |v| v.clock.now == now);
}

#[test]
fn a_fast_clock_makes_requests_expire_by_itself_and_pausing_stops_it() {
    let dir = dir();
    let mut host = real(dir.path());
    pending(&mut host);
    let handle = Handle::spawn(host, Some("test")).unwrap();
    let mut views = handle.views();
    wait(handle.clock(ClockCommand::Rate(86_400)))
        .unwrap()
        .unwrap();
    until(&mut views, |v| status(&v.world) == Status::Expired);
    wait(handle.clock(ClockCommand::Pause)).unwrap().unwrap();
    let paused = until(&mut views, |v| !v.clock.running);
    drop(handle);
    let host = real(dir.path());
    assert_eq!(host.now(), paused.clock.now);
    assert!(host.clock_reading().paused);
}

#[test]
fn the_next_console_takes_the_clock_when_the_first_one_ends() {
    let dir = dir();
    let first = Handle::spawn(real(dir.path()), Some("first")).unwrap();
    let second = Handle::spawn(real(dir.path()), Some("second")).unwrap();
    let mut views = second.views();
    assert!(!views.borrow().clock.ours);
    assert_eq!(views.borrow().clock.holder.as_deref(), Some("first"));
    drop(first);
    let view = until(&mut views, |v| v.clock.ours);
    assert!(view.clock.running);
}

#[test]
fn a_paused_world_publishes_nothing_while_nothing_happens() {
    let dir = dir();
    let mut host = real(dir.path());
    pending(&mut host);
    host.clock_set(ClockCommand::Pause).unwrap();
    let handle = Handle::spawn(host, Some("test")).unwrap();
    let mut views = handle.views();
    views.mark_unchanged();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!views.has_changed().unwrap());
    assert_eq!(
        digest(&views.borrow().world),
        digest(&real(dir.path()).world().clone())
    );
}

#[test]
fn a_world_in_memory_runs_on_a_thread_too() {
    let host = Host::memory(tiny_world(), Box::new(SystemWall::default())).unwrap();
    let handle = Handle::spawn(host, Some("test")).unwrap();
    let mut views = handle.views();
    assert!(views.borrow().clock.running);
    wait(handle.submit(person("con"), open_ticket("hello")))
        .unwrap()
        .unwrap();
    until(&mut views, |v| v.world.lockbox.tickets.len() == 1);
}
