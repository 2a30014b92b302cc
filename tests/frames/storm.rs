//! 20 000 random keys, pastes, clicks and resizes: nothing panics, no frame is broken, and Esc leads home.

use lockbox::console::app::Input;
use lockbox::console::input::{Code, Key};

use crate::keys::keys;
use crate::scene::{HOSTILE, Scene, many, wide};
use crate::stage::person;

/// A small generator, so that a failure can be run again.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn key(&mut self) -> Key {
        const CODES: [Code; 14] = [
            Code::Enter,
            Code::Enter,
            Code::Esc,
            Code::Tab,
            Code::Backspace,
            Code::Delete,
            Code::Up,
            Code::Down,
            Code::Left,
            Code::Right,
            Code::Home,
            Code::End,
            Code::PageUp,
            Code::PageDown,
        ];
        let mut key = if self.roll(3) == 0 {
            Key::plain(CODES[usize::try_from(self.roll(14)).unwrap()])
        } else {
            let letters = "abcdefghijklmnoprstuvwxyzgggvcwikjjkaadRPGn:?/ +-01234한🔑KDAXFEBLUSCMW";
            let n = usize::try_from(self.roll(letters.chars().count() as u64)).unwrap();
            Key::char(letters.chars().nth(n).unwrap())
        };
        key.ctrl = self.roll(12) == 0;
        key.alt = self.roll(30) == 0;
        key.shift = matches!(key.code, Code::Tab) && self.roll(2) == 0;
        key
    }

    pub fn input(&mut self) -> Input {
        let side = |dice: &mut Dice, most| u16::try_from(1 + dice.roll(most)).unwrap();
        match self.roll(40) {
            0 => Input::Resize(side(self, 200), side(self, 60)),
            1 => Input::Resize(80, 24),
            2 => Input::Paste(HOSTILE.repeat(1 + usize::try_from(self.roll(20)).unwrap())),
            3 | 4 => Input::Click(side(self, 120), side(self, 40)),
            5 => Input::Wheel(if self.roll(2) == 0 { 1 } else { -1 }),
            _ => Input::Key(self.key()),
        }
    }
}

#[test]
fn twenty_thousand_keys_and_resizes_neither_panic_nor_break_the_screen() {
    for (seed, stage) in [(7, many()), (11, wide()), (13, keys())] {
        let mut dice = Dice(seed);
        let mut scene = Scene::new(stage, person("ann"), (80, 24));
        for step in 0..7_000 {
            let resized = {
                let input = dice.input();
                let resized = matches!(input, Input::Resize(..));
                scene.input(input);
                resized
            };
            if resized || step % 5 == 0 {
                scene.check();
            }
            if step % 250 == 0 {
                scene.press("esc esc esc esc esc esc esc esc");
                assert_eq!(scene.app.stack.len(), 1, "step {step}");
                assert!(scene.app.modal.is_none() && !scene.app.filtering);
            }
        }
    }
}
