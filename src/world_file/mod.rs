//! Worlds as TOML: text → [`WorldFile`] → [`Founding`], the commands that make the world. Pure: the caller
//! brings name and text. The schema is described in `demo-data/README.md`.
//!
//! Every mistake is reported with file, line, column, field and the nearest valid word, all of them at once.
//! Must not know a journal, a clock or a file.

mod build;
mod check;
mod error;
mod founding;
mod generate;
mod generator;
mod key_story;
mod people;
pub(crate) mod reader;
mod resources;
mod rules;
pub(crate) mod script;
mod steps;
mod story;
mod things;

pub use check::{Summary, check};
pub use error::WorldError;
pub use founding::Founding;

use build::Build;
use reader::{Fields, Reader};

use crate::engine::time::{SimTime, Span};
use crate::engine::{Command, World, world};

/// The demo world that is there when no other is named.
pub const DEMO_NAME: &str = "contoso.toml";
/// Its text.
pub const DEMO: &str = include_str!("../../demo-data/contoso.toml");

/// Largest world file, in bytes.
pub const SIZE_MAX: usize = 8 * 1024 * 1024;

/// A world file that fits together.
#[derive(Debug, Clone)]
pub struct WorldFile {
    commands: Vec<Command>,
    stories: Vec<story::Told>,
    plan: Option<generator::Plan>,
    /// As its commands leave it, before any story.
    world: World,
    locales: people::Locales,
    /// What is there, and what the stories make.
    things: things::Things,
    history_from: SimTime,
    opens_at: SimTime,
}

impl WorldFile {
    /// What to run, in order, to make this world.
    pub fn founding(&self) -> Founding {
        Founding::new(self)
    }

    pub fn opens_at(&self) -> SimTime {
        self.opens_at
    }

    /// The same world from another seed. What its file generates stays as it is.
    pub fn with_seed(mut self, other: u64) -> WorldFile {
        for command in &mut self.commands {
            if let Command::World(world::Command::Found { seed, .. }) = command {
                *seed = other;
            }
        }
        self
    }
}

const ROOT: &[&str] = &[
    "world",
    "tenant",
    "management_group",
    "person",
    "group",
    "subscription",
    "resource_group",
    "assignment",
    "rules",
    "jit_rule",
    "story",
    "generate",
];

/// Reads a world file. Nothing is run but the founding of people and things; see [`check`] for the rest.
pub fn parse(file: &str, text: &str) -> Result<WorldFile, Vec<WorldError>> {
    let reader = Reader::new(file, text);
    let read = read(&reader, text);
    match reader.errors() {
        errors if errors.is_empty() => read.ok_or(errors),
        errors => Err(errors),
    }
}

fn read(reader: &Reader, text: &str) -> Option<WorldFile> {
    if text.len() > SIZE_MAX {
        let size = text.len();
        reader.wrong(
            0,
            "",
            format!("A world file has at most {SIZE_MAX} bytes; this one has {size}."),
            None,
        );
        return None;
    }
    let document = reader::document(reader, text);
    // What follows a broken line is guesswork; its mistakes would only confuse.
    if !reader.errors().is_empty() {
        return None;
    }
    let root = Fields::new(reader, document.get_ref(), 0, "", ROOT);
    let mut build = Build {
        reader,
        world: World::default(),
        history_from: SimTime::default(),
        opens_at: SimTime::default(),
        commands: Vec::new(),
    };
    let (vendor_domain, default_person) = heading(&mut build, &root);
    let locales = people::tenants(&mut build, &root);
    people::persons(&mut build, &root, &vendor_domain);
    people::groups(&mut build, &root);
    resources::subscriptions(&mut build, &root);
    resources::resources(&mut build, &root);
    people::assignments(&mut build, &root);
    rules::numbers(&mut build, &root);
    rules::jit_rules(&mut build, &root);
    if let Some(text) = default_person
        && let Some(person) = build.person(&text)
    {
        build.put(&root, world::Command::Default { person });
    }
    let (stories, things) = story::stories(&build, &root, &locales);
    let plan = generate::generate(&build, &root, &locales);
    Some(WorldFile {
        commands: build.commands,
        stories,
        plan,
        world: build.world,
        locales,
        things,
        history_from: build.history_from,
        opens_at: build.opens_at,
    })
}

const WORLD: &[&str] = &[
    "name",
    "seed",
    "history_from",
    "opens_at",
    "default_person",
    "vendor_domain",
];

/// `[world]`. Gives the vendor's mail domain and who acts by default, who is not known yet.
fn heading<'a>(
    build: &mut Build<'_>,
    root: &Fields<'a>,
) -> (String, Option<reader::Placed<&'a str>>) {
    if !root.has("world") {
        root.missing("world");
    }
    let Some(w) = root.table("world", WORLD) else {
        return (String::new(), None);
    };
    for key in ["seed", "opens_at"] {
        if !w.has(key) {
            w.missing(key);
        }
    }
    build.opens_at = w.time("opens_at").unwrap_or_default();
    build.history_from = if w.has("history_from") {
        w.time("history_from").unwrap_or(build.opens_at)
    } else {
        build.opens_at - Span::days(14)
    };
    if build.history_from > build.opens_at {
        w.wrong(
            "history_from",
            "The history begins after the world opens.",
            None,
        );
    }
    let found = world::Command::Found {
        name: w.untrusted("name"),
        seed: w.number("seed", 0..=u64::MAX).unwrap_or_default(),
        opens_at: build.opens_at,
    };
    build.put(&w, found);
    let vendor_domain = w
        .text("vendor_domain")
        .map_or("microsoft.example", |d| d.value)
        .to_owned();
    (vendor_domain, w.text("default_person"))
}

#[cfg(test)]
mod tests;
