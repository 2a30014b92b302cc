//! Tests of world files.

use super::check::{check, elapse};
use super::{DEMO, DEMO_NAME, parse};
use crate::engine::{self, World};

fn play(text: &str) -> World {
    let file = parse("test.toml", text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let mut world = World::default();
    for (at, actor, command) in file.founding() {
        elapse(&mut world, at);
        world = engine::draft(&world, at, &actor, &command).unwrap().world;
    }
    world
}

#[test]
fn the_demo_world_checks_clean() {
    match check(DEMO_NAME, DEMO) {
        Ok(summary) => assert_eq!(summary.tenants, 3),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
    }
}

#[test]
fn the_same_file_founds_the_same_world_twice() {
    let twice = [play(DEMO), play(DEMO)].map(|world| engine::digest(&world));
    assert_eq!(twice[0], twice[1]);
}
