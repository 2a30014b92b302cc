//! A host on a state directory of its own, with a wall clock that moves when told.

use std::path::Path;

use lockbox::engine::ids::Revision;
use lockbox::engine::lockbox::request::Status;
use lockbox::engine::{Event, World};
use lockbox::runtime::{Host, ManualWall, Receipt};
use tempfile::TempDir;

use crate::tiny::{newest_ticket, open_ticket, person, submit_jit, tiny_world};

pub fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn open(dir: &Path, wall: &ManualWall) -> Host {
    Host::open_at(dir, None, || Ok(tiny_world()), Box::new(wall.clone())).unwrap()
}

pub fn ticket(host: &mut Host, title: &str) -> Receipt {
    host.submit(&person("con"), &open_ticket(title)).unwrap()
}

/// Ends with a request that waits for the customer.
pub fn pending(host: &mut Host) {
    ticket(host, "stuck");
    let submit = submit_jit(newest_ticket(host.world()));
    host.submit(&person("sue"), &submit).unwrap();
    assert_eq!(status(host.world()), Status::Pending);
}

pub fn status(world: &World) -> Status {
    world.lockbox.requests.get_max().unwrap().1.status
}

pub fn events(host: &Host) -> Vec<Event> {
    host.journal().read_after(Revision(0), usize::MAX).unwrap()
}
