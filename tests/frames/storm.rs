//! 200 000 random keys, pastes, clicks and resizes: nothing panics, every frame is whole, the cursor is always
//! somewhere, and Esc leads home.

use lockbox::console::app::form::Focus;
use lockbox::console::app::{Input, Modal};
use lockbox::console::input::{Code, Key};
use lockbox::engine::Actor;

use crate::every::{Content, contents};
use crate::scene::{HOSTILE, Scene};
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
        const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzgggvcwikjjjkaadRPGn:?/ +-<>{}@,.=_01234한🔑\
            KDAXFEBLUSCMWQTIHVYZ";
        let letters: Vec<char> = LETTERS.chars().collect();
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
            3 | 4 => Input::Click(self.side(140), self.side(44)),
            5 => Input::Wheel(self.one_of(&[-1, 1, i8::MIN, i8::MAX])),
            _ => Input::Key(self.key()),
        }
    }
}

/// The cursor is on something that is there.
fn cursor_is_somewhere(scene: &Scene) {
    let app = &scene.app;
    let page = app.page();
    match &page.cursor {
        Some(cursor) => assert_eq!(page.ids.get(page.index), Some(cursor)),
        None => assert!(!page.blade.is_list() || page.ids.is_empty()),
    }
    let offered = match &app.modal {
        Some(Modal::Palette { typed, cursor }) => Some((*cursor, scene.offers(&typed.0))),
        Some(Modal::Columns { cursor }) => Some((*cursor, page.blade.columns().len())),
        Some(Modal::Bookmarks { cursor }) => Some((*cursor, app.places.marks.len())),
        Some(Modal::People { typed, cursor, .. }) => {
            Some((*cursor, scene.personas(&typed.0).len()))
        }
        Some(Modal::Form(form)) => match form.focus {
            Focus::Field(at) => Some((at, form.fields.len())),
            _ => None,
        },
        _ => None,
    };
    if let Some((at, count)) = offered {
        assert!(at < count.max(1), "{at} of {count}");
    }
}

/// A frame is looked at now and then; every 100 steps Esc leads home, and from there one goes to some blade and sits
/// down as somebody.
fn storm(seed: u64, content: &Content, steps: usize) {
    let mut dice = Dice(seed);
    let blades = content.blades();
    let mut scene = Scene::new(content.stage.clone(), person("ann"), (80, 24));
    for step in 1..=steps {
        let input = dice.input();
        let said = format!("seed {seed}, step {step}, {input:?}");
        scene.input(input);
        cursor_is_somewhere(&scene);
        if step % 25 == 0 {
            scene.check();
        }
        if step % 100 > 0 {
            continue;
        }
        scene.press("esc esc esc esc esc esc esc esc").check();
        let app = &scene.app;
        assert!(app.modal.is_none() && !app.filtering, "{said}");
        assert!(app.pending.is_empty(), "{said}");
        // Away from what the storm made of the world, now and then.
        if step % 4_000 == 0 {
            scene = Scene::new(content.stage.clone(), person("ann"), (80, 24));
        }
        scene.app.actor = match dice.one_of(&["observer", "ann", "ann", "minji", "fay", "sue"]) {
            "observer" => Actor::Observer,
            who => person(who),
        };
        let at = usize::try_from(dice.roll(blades.len() as u64)).unwrap();
        scene.app.jump(blades[at].1.clone());
        scene.check();
    }
}

#[test]
fn a_hundred_thousand_inputs_with_nothing_and_with_one_of_everything() {
    let [none, one, ..] = contents();
    storm(7, &none, 50_000);
    storm(11, &one, 50_000);
}

#[test]
fn a_hundred_thousand_inputs_with_much_of_everything_and_in_many_scripts() {
    let [.., many, wide] = contents();
    storm(13, &many, 50_000);
    storm(17, &wide, 50_000);
}
