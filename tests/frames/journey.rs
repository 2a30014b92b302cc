//! Journeys as text: what a person does and sees, one step a line. `tests/journeys/README.md` describes the steps;
//! every `.journey` file there is found and run on the real console with the real engine.

use std::fs;
use std::path::Path;

use lockbox::console::app::geometry::Hit;
use lockbox::console::app::{Input, Modal};
use lockbox::console::input::{Keymap, key, keyfile};
use lockbox::console::text::width;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::ids::Revision;
use lockbox::engine::projections::sentence::sentence;
use lockbox::engine::{Actor, Span};
use lockbox::world_file;

use crate::keys::keys;
use crate::logs::{logs, revoked};
use crate::scene::{Scene, many, one, twenty, wide};
use crate::stage::{Stage, person};

/// What a step comes to.
type Done = Result<(), String>;

struct Journey {
    size: (u16, u16),
    actor: Actor,
    stage: Stage,
    /// The keys in force, when they are not those that ship.
    keymap: Option<Keymap>,
    /// Made by the first step that needs a screen.
    scene: Option<Scene>,
    /// What is on the record before anybody does anything.
    before: Revision,
}

/// Runs a journey; an error is the number of its line, what was expected, and the screen.
fn run(text: &str) -> Result<(), (usize, String)> {
    let mut journey = Journey {
        size: (80, 24),
        actor: person("ann"),
        stage: Stage::new(),
        keymap: None,
        scene: None,
        before: Revision(0),
    };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        journey.step(verb, rest.trim()).map_err(|what| {
            let screen = journey.scene.as_mut().map_or_else(Vec::new, Scene::lines);
            let screen = screen.join("\n");
            (number, format!("{line}\n  {what}\n{screen}"))
        })?;
    }
    match journey.scene {
        Some(_) => Ok(()),
        None => Err((1, "nothing is done in it".to_owned())),
    }
}

impl Journey {
    fn step(&mut self, verb: &str, rest: &str) -> Done {
        match verb {
            "size" | "world" | "as" | "keys" if self.scene.is_some() => {
                return Err("stands before everything else".to_owned());
            }
            "size" => self.size = size(rest)?,
            "world" => self.stage = stage(rest)?,
            "keys" => {
                let read = keyfile::read("keys.toml", &quoted(rest)?);
                self.keymap = Some(read.map_err(|wrong| wrong.join("; "))?);
            }
            "as" if rest == "observer" => self.actor = Actor::Observer,
            "as" => self.actor = person(rest),
            _ => return self.on_screen(verb, rest),
        }
        Ok(())
    }

    fn on_screen(&mut self, verb: &str, rest: &str) -> Done {
        if self.scene.is_none() {
            self.before = self.stage.world.revision;
            let (stage, actor) = (self.stage.clone(), self.actor.clone());
            let shipped = Keymap::defaults().map_err(|e| e.to_string())?;
            let keymap = self.keymap.take().unwrap_or(shipped);
            self.scene = Some(Scene::with_keys(stage, actor, self.size, keymap));
        }
        let Some(scene) = &mut self.scene else {
            return Err("there is no screen".to_owned());
        };
        match verb {
            "press" => {
                for key in key::sequence(rest).map_err(|e| e.to_string())? {
                    scene.key(key);
                }
            }
            "type" => {
                scene.type_text(rest);
            }
            // The letters a dialog asks for.
            "code" => {
                let Some(Modal::Dialog(dialog)) = &scene.app.modal else {
                    return Err("no dialog asks for letters".to_owned());
                };
                let wanted = dialog.wanted(&scene.stage.world).unwrap_or_default();
                scene.type_text(&wanted);
            }
            "paste" => {
                scene.input(Input::Paste(quoted(rest)?));
            }
            "click" => {
                let (x, y) = place(scene, &quoted(rest)?)?;
                scene.input(Input::Click(x, y));
            }
            "wheel" => {
                let lines = rest.parse().map_err(|_| "wheel takes a number")?;
                scene.input(Input::Wheel(lines));
            }
            "resize" => {
                let (width, height) = size(rest)?;
                scene.input(Input::Resize(width, height));
            }
            "wait" => {
                let span: Span = rest.parse().map_err(|_| "wait takes a time such as 2h")?;
                scene.stage.wait(span);
            }
            "theme" => {
                scene.theme = Theme::load(Some(rest), None, Depth::True, glyphs::UNICODE)
                    .map_err(|e| e.to_string())?;
            }
            _ => return expect(scene, self.before, verb, rest),
        }
        // Whatever was done, the frame after it is whole.
        scene.check();
        Ok(())
    }
}

fn expect(scene: &mut Scene, before: Revision, verb: &str, rest: &str) -> Done {
    let wanted = |found: bool, otherwise: String| found.then_some(()).ok_or(otherwise);
    match verb {
        "expect" => match rest.strip_prefix("no ") {
            Some(rest) => wanted(!shows(scene, &quoted(rest)?), "it is there".into()),
            None => wanted(shows(scene, &quoted(rest)?), "it is not there".into()),
        },
        "row" => {
            let row = row(scene).ok_or("the cursor is on no row that can be seen")?;
            wanted(row.contains(&quoted(rest)?), format!("the row is {row:?}"))
        }
        "rows" => {
            let count = scene.app.page().ids.len();
            wanted(rest == count.to_string(), format!("there are {count}"))
        }
        "modal" => {
            let corner = scene.theme.glyphs.frame[0];
            let title = format!(" {}", quoted(rest)?);
            let titled = |line: &String| {
                let frame = line.split_once(corner);
                frame.is_some_and(|(_, title_on)| title_on.contains(&title))
            };
            let found = scene.app.modal.is_some() && scene.lines().iter().any(titled);
            wanted(found, "nothing of this title lies over the blade".into())
        }
        "no" if rest == "modal" => {
            let none = scene.app.modal.is_none();
            wanted(none, "something lies over the blade".into())
        }
        "toast" => {
            let toast = scene.app.toast.as_ref();
            let said = toast.map_or_else(String::new, |t| t.text.clone());
            wanted(said.contains(&quoted(rest)?), format!("it says {said:?}"))
        }
        "wears" => {
            let name = &scene.theme.name;
            wanted(*name == quoted(rest)?, format!("the theme is {name:?}"))
        }
        "blade" => {
            let title = scene.app.page().blade.title();
            wanted(title == quoted(rest)?, format!("this is {title:?}"))
        }
        "event" => {
            let part = quoted(rest)?;
            let events = scene.stage.journal.iter().filter(|e| e.revision > before);
            let said: Vec<String> = events.map(|e| sentence(&scene.stage.world, e)).collect();
            let found = said.iter().any(|s| s.contains(&part));
            wanted(found, format!("on the record is\n  {}", said.join("\n  ")))
        }
        _ => Err("there is no such step".to_owned()),
    }
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once('x');
    let parsed = parts.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    parsed.ok_or_else(|| "a size is written 80x24".to_owned())
}

fn quoted(text: &str) -> Result<String, String> {
    serde_json::from_str(text).map_err(|_| "words stand between double quotes".to_owned())
}

/// A stage by its name, or what a file of `demo-data` founds.
fn stage(name: &str) -> Result<Stage, String> {
    match name {
        "empty" => Ok(Stage::new()),
        "one" => Ok(one()),
        "many" => Ok(many()),
        "twenty" => Ok(twenty()),
        "wide" => Ok(wide()),
        "keys" => Ok(keys()),
        "logs" => Ok(logs()),
        "revoked" => Ok(revoked()),
        file => founded(file),
    }
}

fn founded(file: &str) -> Result<Stage, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("demo-data").join(file)).map_err(|e| e.to_string())?;
    let world = world_file::parse(file, &text).map_err(|e| format!("{e:?}"))?;
    let mut stage = Stage {
        world: Default::default(),
        now: world.opens_at(),
        journal: Vec::new(),
    };
    for (at, actor, command) in world.founding() {
        stage.now = at;
        stage.act(&actor, command).map_err(|no| no.to_string())?;
    }
    stage.now = world.opens_at().max(stage.now);
    stage.elapse();
    Ok(stage)
}

/// Whether words are on the screen, on one line or wrapped.
fn shows(scene: &mut Scene, words: &str) -> bool {
    let screen = scene.lines().join("\n");
    screen.contains(words) || folded(&screen).contains(&folded(words))
}

/// Text with all white space and borders folded.
fn folded(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || "│┃|".contains(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where words stand that can be clicked.
fn place(scene: &mut Scene, words: &str) -> Result<(u16, u16), String> {
    let lines = scene.lines();
    let mut seen = false;
    for (y, line) in (0..).zip(&lines) {
        for (at, _) in line.match_indices(words) {
            seen = true;
            let x = u16::try_from(width(&line[..at])).unwrap_or(0);
            match scene.app.hits.at(x, y) {
                None | Some(Hit::Backdrop) => {}
                Some(_) => return Ok((x, y)),
            }
        }
    }
    Err(match seen {
        true => "it cannot be clicked".to_owned(),
        false => "it is not there".to_owned(),
    })
}

/// The line of the row the cursor is on.
fn row(scene: &mut Scene) -> Option<String> {
    let lines = scene.lines();
    let app = &scene.app;
    let hit = match &app.modal {
        Some(Modal::Palette { cursor, .. } | Modal::People { cursor, .. }) => Hit::Choice(*cursor),
        Some(_) => return None,
        None => Hit::Row(app.page().cursor.clone()?),
    };
    let of_it = |y: u16| (0..app.size.0).any(|x| app.hits.at(x, y) == Some(&hit));
    let found = (0..).zip(lines).find(|(y, _)| of_it(*y));
    found.map(|(_, line)| line)
}

#[test]
fn every_journey_goes_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journeys");
    let files = fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "journey"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no journey in {}", folder.display());
    let failed: Vec<String> = files
        .iter()
        .filter_map(|path| {
            let (line, what) = run(&fs::read_to_string(path).unwrap()).err()?;
            let name = path.file_name().unwrap_or_default().display();
            Some(format!("tests/journeys/{name}:{line}: {what}"))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn a_journey_that_goes_otherwise_says_where_and_what() {
    for (text, line, what) in [
        ("size 80x24\npress g p\nrows 2", 3, "there are 0"),
        ("press g p\nexpect no \"No request\"", 2, "it is there"),
        ("# words\n\nexpect \"nowhere\"", 3, "it is not there"),
        ("press g v\nrow \"kv-none\"", 2, "the row is"),
        ("no modal\nmodal \"Help\"", 2, "nothing of this title"),
        ("press g g\ntoast \"hello\"", 2, "it says \"\""),
        ("blade \"Mail\"", 1, "this is \"Overview\""),
        ("wait 2h\nevent \"approved\"", 2, "on the record is"),
        ("press ?\nclick \"Overview\"", 2, "cannot be clicked"),
        ("press entre", 1, "is not a key"),
        ("press j\nas bo", 2, "before everything else"),
        ("jump", 1, "no such step"),
        ("expect nowhere", 1, "double quotes"),
        ("size 80x24", 1, "nothing is done"),
    ] {
        let (at, told) = run(text).unwrap_err();
        assert_eq!(at, line, "{text}: {told}");
        assert!(told.contains(what), "{text}: {told}");
    }
}
