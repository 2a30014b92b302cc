//! Tests of world files: the demo world, made-up worlds, and every way to get one wrong.

mod demo;
mod generator;
mod keys;
mod mistakes;

use super::check::elapse;
use super::parse;
use crate::engine::{self, Actor, Command, Event, World};

/// The world at the moment it opens.
fn play(text: &str) -> World {
    let file = parse("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mut world = World::default();
    for (at, actor, command) in file.founding() {
        elapse(&mut world, at);
        world = engine::draft(&world, at, &actor, &command).unwrap().world;
    }
    world
}

/// Everything that happens until then.
fn events(text: &str) -> Vec<Event> {
    let file = parse("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let (mut world, mut all) = (World::default(), Vec::new());
    let mut run = |world: &mut World, at, actor: &Actor, command: &Command| {
        let draft = engine::draft(world, at, actor, command).unwrap();
        all.extend(draft.events);
        *world = draft.world;
    };
    for (at, actor, command) in file.founding() {
        while let Some(due) = engine::due(&world).filter(|due| *due <= at) {
            run(&mut world, due, &Actor::Time, &Command::Elapse);
        }
        run(&mut world, at, &actor, &command);
    }
    all
}
