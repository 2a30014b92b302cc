//! The options every subcommand has, and the three ways a subcommand speaks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::failure::Failure;
use super::print::{self, Format, List, Page, col, flex, right};
use super::session::{Done, Session, default_state_dir};
use super::shape;
use crate::console::theme::{Glyphs, glyphs};
use crate::engine::event::Event;
use crate::engine::projections::sentence::sentence;
use crate::engine::{SimTime, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Signs {
    Unicode,
    Ascii,
    Nerd,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// World file to found the world from; without it, the demo world
    #[arg(long, global = true, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// Directory that holds the journal and the outbox [default: $LOCKBOX_STATE or the user's state directory]
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "memory")]
    pub state: Option<PathBuf>,
    /// Keep the world in memory only; it is gone afterwards
    #[arg(long, global = true)]
    pub memory: bool,
    /// Who acts: a person of the world, or observer, who only looks [default: as the world file says]
    #[arg(long = "as", global = true, value_name = "PERSON")]
    pub person: Option<String>,
    /// table for people; json, csv or plain for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub format: Format,
    /// Say what would happen, and change nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Look at the world as it was: a time (2020-11-22 14:00, 14:00, -2h) or an event (r123)
    #[arg(long, global = true, value_name = "MOMENT", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Write a log for debugging to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Colours of the console: auto, always or never
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto, hide_possible_values = true)]
    pub color: When,
    /// Theme of the console: one that ships, one of your own (see lockbox paths), or a file; lockbox check themes
    /// lists them
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal; F2 gives it to the console
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// Keys of your own on top of those that ship [default: keys.toml, see lockbox paths]
    #[arg(long, global = true, value_name = "FILE")]
    pub keymap: Option<PathBuf>,
    /// Signs of the console: unicode, ascii, or nerd for a font patched with icons
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "SET",
        hide_possible_values = true
    )]
    pub glyphs: Option<Signs>,
    /// Draw with ASCII characters only, short for --glyphs ascii
    #[arg(long, global = true, conflicts_with = "glyphs")]
    pub ascii: bool,
    /// Record the console in a new file (asciicast v2); lockbox replay plays it
    #[arg(long, global = true, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Change nothing: neither the world nor its clock
    #[arg(long, global = true)]
    pub readonly: bool,
    /// The console in lines, for screen readers, dumb terminals and pipes: nothing is drawn, answers are typed
    #[arg(long, global = true)]
    pub plain: bool,
}

impl Global {
    pub fn ascii(&self) -> bool {
        self.ascii || self.glyphs == Some(Signs::Ascii)
    }

    /// The signs of the flags, and where there is none, those that were set.
    pub fn glyphs(&self, set: Option<&str>) -> Glyphs {
        match (self.glyphs, set) {
            _ if self.ascii() => glyphs::ASCII,
            (None, Some("ascii")) => glyphs::ASCII,
            (None, Some("nerd")) => glyphs::NERD,
            (Some(Signs::Nerd), _) => glyphs::NERD,
            _ => glyphs::UNICODE,
        }
    }

    pub fn state_dir(&self) -> Result<PathBuf, Failure> {
        match &self.state {
            Some(dir) => Ok(dir.clone()),
            None => default_state_dir(),
        }
    }
}

/// What a subcommand has at hand.
pub struct Context {
    pub global: Global,
}

impl Context {
    pub fn session(&self) -> Result<Session, Failure> {
        Session::open(&self.global)
    }

    pub fn format(&self) -> Format {
        self.global.format
    }

    pub fn list<T>(&self, list: &List<T>) -> Result<(), Failure> {
        print::list(self.format(), list)
    }

    pub fn page(&self, page: &Page) -> Result<(), Failure> {
        print::page(self.format(), page)
    }

    /// What a command came to: a headline and the events in words; for programs, the thing it was about
    /// with its events.
    pub fn outcome(&self, done: &Done, head: &str, thing: Value) -> Result<(), Failure> {
        match self.format() {
            Format::Table | Format::Plain => {
                if done.dry_run {
                    print::line(&format!("would happen: {head}"))?;
                } else {
                    print::line(head)?;
                }
                for event in &done.events {
                    print::line(&format!("  {}", sentence(&done.world, event)))?;
                }
                self.footer(done, done.world.now);
                Ok(())
            }
            Format::Json => {
                let mut object = thing;
                object["events"] = self.events_json(&done.world, &done.events);
                object["outcomeText"] = json!(head);
                object["dryRun"] = json!(done.dry_run);
                object["eventsNotForYou"] = json!(done.unseen);
                object["revision"] = json!(done.world.revision.0);
                print::document(&print::marked(object))
            }
            Format::Csv => self.events_csv(&done.world, &done.events),
        }
    }

    /// One line on stderr: where the world stands now.
    pub fn footer(&self, done: &Done, now: SimTime) {
        let state = if done.dry_run {
            "dry run, nothing was written".to_owned()
        } else {
            done.world.revision.to_string()
        };
        if done.unseen > 0 {
            print::say(&format!(
                "{} more are not yours to see; the observer sees all: --as observer",
                done.unseen
            ));
        }
        print::say(&format!("SIMULATION · {state} · {} UTC", now.to_seconds()));
    }

    pub fn events_csv(&self, world: &World, events: &[Event]) -> Result<(), Failure> {
        self.list(&List {
            noun: ("event", "events"),
            columns: vec![right("REVISION"), col("TIME"), flex("WHAT")],
            csv: &["revision", "at", "actor", "cause", "sentence"],
            items: events.iter().collect(),
            cells: &|e| {
                vec![
                    e.revision.to_string(),
                    e.at.to_seconds(),
                    sentence(world, e),
                ]
            },
            json: &|e| shape::event(world, e),
            own_shape: false,
            notes: Vec::new(),
        })
    }

    pub fn events_json(&self, world: &World, events: &[Event]) -> Value {
        events.iter().map(|e| shape::event(world, e)).collect()
    }
}
