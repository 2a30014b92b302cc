//! Drills: a world, what is done in it at which time, and what is expected of it. They run the same way every
//! time, against the real engine, the real keys and the real sealed store, and end in a report.
//!
//! ```text
//! file     TOML → Drill: beats and expectations; every mistake with its line and the nearest word
//! check    what an expectation looks at, and how what is found compares with what is wanted
//! runner   plays a drill on a host, whole or instant by instant
//! part     plays it beside people at a console
//! report   what came of drills as text, JSON and one HTML file
//! ```
//!
//! The steps of beats are those of world files and are read there (`world_file::script`). Must not know a terminal.

pub mod check;
pub mod file;
mod pages;
pub mod part;
pub mod report;
pub mod runner;

use std::sync::Arc;

use crate::engine::ids::{PersonId, ResourceId, SubscriptionId, TableName};
use crate::engine::story::Deed;
use crate::engine::time::{SimTime, Span};
use crate::world_file::WorldFile;
use check::{Check, Wanted};

pub use file::{NamedText, read, read_all};
pub use part::Part;
pub use runner::{Cast, Outcome, Run, rehearse};

/// A drill that fits together.
#[derive(Debug, Clone)]
pub struct Drill {
    /// As the file was named.
    pub file: String,
    pub id: String,
    pub title: String,
    /// What one learns from it, in a sentence or two.
    pub teaches: String,
    pub world: WorldFile,
    /// Tells the world file from others.
    pub fingerprint: String,
    pub opens_at: SimTime,
    pub home: SubscriptionId,
    /// In order of time, and in the order of the file within an instant.
    pub beats: Vec<Beat>,
    /// In order of the instants at which they are first looked at.
    pub expectations: Vec<Expectation>,
    pub aims: Aims,
}

/// How much is too much: a score beyond this fails the drill.
#[derive(Debug, Clone, Default)]
pub struct Aims {
    /// Where they stand, from 1.
    pub line: usize,
    pub refused: Option<u64>,
    pub records_lost: Option<u64>,
    /// In GB.
    pub modelled_lost: Option<u64>,
    pub time_to_notice: Option<Span>,
    pub time_to_decide: Option<Span>,
}

/// Something that is done or said at an instant, or as soon as something is so.
#[derive(Debug, Clone)]
pub struct Beat {
    /// When; of one that waits for something, how long it waits.
    pub at: SimTime,
    pub on: Option<Trigger>,
    /// From 1.
    pub line: usize,
    pub action: Option<Action>,
    /// One plain sentence for whoever watches.
    pub note: String,
    /// What a presenter says.
    pub say: String,
    /// What it must be refused with.
    pub refused: Option<Refused>,
}

/// What a beat waits for.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Since when it is looked at.
    pub from: SimTime,
    pub check: Check,
    pub wanted: Wanted,
}

#[derive(Debug, Clone)]
pub struct Refused {
    /// Of the error.
    pub id: String,
    /// The rule behind it, where that matters.
    pub rule: Option<String>,
    /// How much later it will be allowed, where that matters.
    pub allowed_in: Option<Span>,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// A step of a world file's story.
    Do {
        word: &'static str,
        by: Option<PersonId>,
        deeds: Vec<Deed>,
    },
    /// A PUT of a cluster with its body as it was written.
    Put(Put),
    /// Records that really come.
    Ingest(Records),
    /// A question that is really asked.
    Query(Question),
}

#[derive(Debug, Clone)]
pub struct Put {
    pub by: PersonId,
    pub subscription: SubscriptionId,
    pub group: Arc<str>,
    pub name: Arc<str>,
    /// JSON, right or wrong.
    pub body: String,
}

/// Records of a table: numbered from 1, with a text of so many characters.
#[derive(Debug, Clone)]
pub struct Records {
    pub by: PersonId,
    pub workspace: ResourceId,
    pub table: TableName,
    pub count: u64,
    pub length: u64,
}

#[derive(Debug, Clone)]
pub struct Question {
    pub by: PersonId,
    pub workspace: ResourceId,
    pub kql: String,
    /// Also when not all can be read.
    pub partial: bool,
}

/// What must be so.
#[derive(Debug, Clone)]
pub struct Expectation {
    pub line: usize,
    pub when: When,
    pub check: Check,
    pub wanted: Wanted,
    /// Why it must be so, in a sentence; may be empty.
    pub because: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(SimTime),
    /// At every instant from the first to the second.
    Always(SimTime, SimTime),
    /// At some instant from the first to the second.
    By(SimTime, SimTime),
}

impl When {
    /// When it is looked at first.
    pub fn from(self) -> SimTime {
        match self {
            When::At(at) | When::Always(at, _) | When::By(at, _) => at,
        }
    }

    /// When it is looked at last.
    pub fn until(self) -> SimTime {
        match self {
            When::At(at) | When::Always(_, at) | When::By(_, at) => at,
        }
    }
}
