//! 200 000 random keys, pastes, clicks and resizes: nothing panics, every frame is whole, the cursor is always
//! somewhere, and Esc leads home.

use lockbox::console::app::{Input, Modal};
use lockbox::console::input::{Code, Key};
use lockbox::engine::Actor;

use crate::ingestion::usual;
use crate::keys::keys;
use crate::logs::revoked;
use crate::scene::{HOSTILE, Scene, many, wide};
use crate::stage::{Stage, person};

/// A small generator, so that a failure can be run again.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn side(&mut self, most: u64) -> u16 {
        u16::try_from(1 + self.roll(most)).unwrap()
    }

    fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[usize::try_from(self.roll(things.len() as u64)).unwrap()]
    }

    fn key(&mut self) -> Key {
        const CODES: [Code; 20] = [
            Code::Enter,
            Code::Enter,
            Code::Enter,
            Code::Esc,
            Code::Tab,
            Code::Tab,
            Code::Backspace,
            Code::Delete,
            Code::Insert,
            Code::Up,
            Code::Down,
            Code::Left,
            Code::Right,
            Code::Home,
            Code::End,
            Code::PageUp,
            Code::PageDown,
            Code::F(3),
            Code::F(5),
            Code::F(1),
        ];
        const LETTERS: &[char] = &[];
        let _ = LETTERS;
        let letters: Vec<char> =
            "abcdefghijklmnopqrstuvwxyzgggvcwikjjjkaadRPGn:?/ +-<>{}@,.=_01234한🔑KDAXFEBLUSCMWQTIHVYZ".chars().collect();
        let mut key = match self.roll(3) {
            0 => Key::plain(self.one_of(&CODES)),
            _ => Key::char(self.one_of(&letters)),
        };
        key.ctrl = self.roll(12) == 0;
        key.alt = self.roll(30) == 0;
        key.shift = matches!(key.code, Code::Tab) && self.roll(2) == 0;
        key
    }

    pub fn input(&mut self) -> Input {
        match self.roll(40) {
            0 => Input::Resize(self.side(300), self.side(100)),
            1 => Input::Resize(80, 24),
            2 => Input::Paste(HOSTILE.repeat(1 + usize::try_from(self.roll(20)).unwrap())),
            3 | 4 => Input::Click(self.side(120), self.side(40)),
            5 => Input::Wheel(self.one_of(&[-1, 1, i8::MIN, i8::MAX])),
            _ => Input::Key(self.key()),
        }
    }
}

/// The cursor is on something that is there: a row of the list, a link of the page, a field or button.
fn focus_is_somewhere(scene: &Scene) {
    let app = &scene.app;
    let page = app.page();
    match &page.cursor {
        Some(cursor) => assert_eq!(page.ids.get(page.index), Some(cursor)),
        None => assert!(!page.blade.is_list() || page.ids.is_empty()),
    }
    match &app.modal {
        Some(Modal::Palette { typed, cursor }) => {
            assert!(*cursor < app.offers(&typed.0).len().max(1));
        }
        _ => {}
    }
}

fn storm(seed: u64, stage: Stage, actor: Actor, steps: usize) {
    let mut dice = Dice(seed);
    let mut scene = Scene::new(stage, actor, (80, 24));
    let start = std::time::Instant::now();
    let mut slow: std::collections::BTreeMap<String, (u32, std::time::Duration)> =
        Default::default();
    for step in 1..=steps {
        let input = dice.input();
        let name = format!("{:?}", scene.app.page().blade)
            .split(['(', ' '])
            .next()
            .unwrap()
            .to_owned();
        let t = std::time::Instant::now();
        scene.input(input);
        let e = slow.entry(name).or_default();
        e.0 += 1;
        e.1 += t.elapsed();
        focus_is_somewhere(&scene);
        let t = std::time::Instant::now();
        if step % 40 == 0 {
            scene.check();
        }
        let e = slow.entry("check".into()).or_default();
        e.1 += t.elapsed();
        if step % 250 == 0 {
            scene.press("esc esc esc esc esc esc esc esc");
            let app = &scene.app;
            assert!(
                app.modal.is_none() && !app.filtering && app.pending.is_empty(),
                "step {step}"
            );
        }
    }
    eprintln!(
        "{seed} {:?} journal {}",
        start.elapsed(),
        scene.stage.journal.len()
    );
    for (n, (c, d)) in slow {
        eprintln!("  {n} {c} {d:?}");
    }
}

#[test]
fn probe() {
    let n = 5000;
    storm(7, many(), person("ann"), n);
    storm(11, wide(), person("minji"), n);
    storm(13, keys(), person("ann"), n);
    storm(17, revoked(), person("ann"), n);
    storm(19, usual(), Actor::Observer, n);
    storm(23, many(), person("con"), n);
    storm(29, wide(), person("sue"), n);
}
