//! Painted frames: no cell holds a character that acts, and what a stranger writes stays behind the bar.

use lockbox::console::app::Input;
use lockbox::console::blades::{Blade, WORDS};
use lockbox::engine::{Actor, World};
use ratatui::buffer::Buffer;

use super::batches;
use super::worlds::{Hostile, Life, named, world};
use crate::scene::Scene;
use crate::stage::{Stage, person};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];
/// Kinds of frames; beside them, a list and the persona picker. A string gets one of them.
const PAGES: usize = 5;
const DIALOGS: usize = 4;

#[test]
fn hostile_strings_are_painted_without_an_acting_character_and_stay_in_their_box() {
    batches(|n, texts| {
        // A frame costs far more than a line of text, so every fourth string gets some.
        let texts: Vec<String> = texts.iter().skip(n % 4).step_by(4).cloned().collect();
        let hostile = world(&texts);
        for (i, life) in hostile.lives.iter().enumerate() {
            let number = n * hostile.lives.len() + i;
            let size = SIZES[number % 2];
            let world = named(&hostile.stage.world, &life.text);
            match number / 2 % (PAGES + DIALOGS + 2) {
                list @ 0..PAGES => page(&hostile, world, life, list, size),
                what if what < PAGES + DIALOGS => dialog(&hostile, world, life, what - PAGES, size),
                what if what == PAGES + DIALOGS => {
                    let blade = WORDS[number / 22 % WORDS.len()].1.clone();
                    list(&hostile, world, blade, size);
                }
                _ => picker(&hostile, world, life, size),
            }
        }
    });
}

fn scene(hostile: &Hostile, world: World, actor: Actor, size: (u16, u16)) -> Scene {
    let stage = Stage {
        world,
        now: hostile.stage.now,
        journal: Vec::new(),
    };
    Scene::new(stage, actor, size)
}

fn list(hostile: &Hostile, world: World, blade: Blade, size: (u16, u16)) {
    let mut scene = scene(hostile, world, Actor::Observer, size);
    scene.app.jump(blade);
    scene.check();
    scene.press("j j G").check();
}

fn page(hostile: &Hostile, world: World, life: &Life, which: usize, size: (u16, u16)) {
    let mail = hostile.stage.world.lockbox.mails.len();
    let blade = match which {
        0 => Blade::Request(life.pending),
        1 => Blade::Ticket(life.ticket),
        2 => Blade::Ticket(life.closed),
        3 => Blade::Grant(life.grant),
        _ => Blade::parse(&world, &Actor::Observer, &format!("mail/{mail}")).unwrap(),
    };
    let mut scene = scene(hostile, world, Actor::Observer, size);
    scene.app.jump(blade);
    scene.check();
    scene.press("pgdn").check();
}

fn dialog(hostile: &Hostile, world: World, life: &Life, which: usize, size: (u16, u16)) {
    // A Contributor gets the refusal instead of the question.
    let who = if which == 3 { "con" } else { "ann" };
    let mut scene = scene(hostile, world, person(who), size);
    let (blade, key) = match which {
        1 => (Blade::Request(life.pending), "d"),
        2 if life.grant.0 % 2 == 1 => (Blade::Grant(life.grant), "R"),
        _ => (Blade::Request(life.pending), "a"),
    };
    scene.app.jump(blade);
    scene.press(key).check();
    let buffer = scene.screen().backend().buffer().clone();
    if which == 3 {
        assert!(stranger_lines(&buffer).is_none());
    } else {
        let lines = stranger_lines(&buffer).unwrap_or_default();
        assert!(lines > 0, "no box in\n{}", scene.text());
    }
    // What is pasted as a reason is painted too, and goes on the record.
    scene.press("tab");
    scene.input(Input::Paste(life.text.clone()));
    scene.check();
}

fn picker(hostile: &Hostile, world: World, life: &Life, size: (u16, u16)) {
    let mut scene = scene(hostile, world, Actor::Observer, size);
    scene.press("P").check();
    scene.input(Input::Paste(life.text.clone()));
    scene.check();
    scene
        .press("esc g t /")
        .input(Input::Paste(life.text.clone()));
    scene.check();
}

/// Walks down the dialog: from the label of the box to the controls, every line begins with the bar and ends
/// inside the frame. Gives the lines of the box, or nothing where there is no box.
fn stranger_lines(buffer: &Buffer) -> Option<usize> {
    let at = |x: u16, y: u16| buffer[(x, y)].symbol();
    let (width, height) = (buffer.area.width, buffer.area.height);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let corners: Vec<(u16, u16)> = places
        .clone()
        .filter(|(x, y)| "┌╭╔".contains(at(*x, *y)) && bottom(buffer, *x, *y).is_some())
        .collect();
    let (left, top) = *corners.last().expect("a dialog is open");
    let foot = bottom(buffer, left, top).unwrap();
    let right = (left + 1..width)
        .find(|x| "┐╮╗".contains(at(*x, top)))
        .unwrap();
    for y in top + 1..foot {
        assert_eq!(at(left, y), at(left, top + 1), "the frame has a hole");
        assert_eq!(at(right, y), at(left, top + 1), "the frame has a hole");
        assert_eq!(at(left + 1, y), " ");
        assert_eq!(at(right - 1, y), " ");
    }
    let label = (top + 1..foot).find(|y| at(left + 2, *y) == "┏")?;
    let row = |y: u16| -> String { (left + 1..right).map(|x| at(x, y)).collect() };
    let controls = (label..foot)
        .find(|y| row(*y).trim_start().starts_with("Reason"))
        .expect("the reason is still asked for");
    assert!((controls..foot).any(|y| row(y).contains("No, go back")));
    let mut lines = 0;
    for y in label + 1..controls {
        if !row(y).trim().is_empty() {
            assert_eq!(at(left + 2, y), "┃", "{:?} is outside of the box", row(y));
            assert_eq!(at(left + 3, y), " ");
            lines += 1;
        }
    }
    Some(lines)
}

/// Where the frame that begins here ends, if one does.
fn bottom(buffer: &Buffer, x: u16, y: u16) -> Option<u16> {
    let side = buffer.cell((x, y + 1))?.symbol();
    "│║".contains(side).then_some(())?;
    (y + 1..buffer.area.height).find(|y| "└╰╚".contains(buffer[(x, *y)].symbol()))
}
