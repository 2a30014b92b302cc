//! What the console remembers between keys, as plain state: the stack of blades, the modal, the toast.
//!
//! `update` turns an input into effects as data. No clock, no file, no screen: time and the world come in
//! with each call, and the same inputs give the same state.

pub mod dialog;
pub mod form;
pub mod geometry;
mod haystack;
pub mod page;
pub mod palette;
pub mod places;
pub mod telling;
pub mod travel;
pub mod update;
pub mod views;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actions::Scope;
use super::blades::blocks::{Blocks, Looked};
use super::blades::ingestion::Ingestion;
use super::blades::people;
use super::blades::query::{Answered, Desk, Focus, Shown, Spent, State};
use super::blades::revocation::Revocation;
use super::blades::{Blade, Eye, Related, related};
use super::input::{Key, Keymap};
use super::programs::{self, Program};
use super::rows::ItemId;
use super::theme::Token;
use crate::engine::ids::{ResourceId, SegmentId};
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Actor, Command, Event, Refusal, SimTime, World};
use crate::logs::query::Progress;
use crate::runtime::{Ask, Cue, Tables};
use dialog::Dialog;
use form::Form;
use geometry::Hits;
use page::Page;
use places::Places;
use telling::{Look, Telling};
use travel::{Arrived, Asked, At, Captions, Travel};
use views::Views;

/// The world and the clock as they are now.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    pub world: &'a World,
    pub now: SimTime,
    pub clock: Clock<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Clock<'a> {
    pub running: bool,
    pub paused: bool,
    pub rate: u32,
    /// This console makes time run.
    pub ours: bool,
    pub holder: Option<&'a str>,
    /// What was to happen lags behind the clock, in words.
    pub behind: Option<&'a str>,
    /// What went wrong beside the world.
    pub trouble: Option<&'a str>,
}

/// What a person or the terminal did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    Paste(String),
    Click(u16, u16),
    /// Lines, down is positive.
    Wheel(i8),
    Resize(u16, u16),
}

/// What to do to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tempo {
    Pause,
    Resume,
    Rate(u32),
    Next,
    NextConsequence,
    To(SimTime),
}

/// What the driver has to do. Only the driver does anything.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Submit {
        actor: Actor,
        command: Box<Command>,
        /// What to say when it is done; none says what happened.
        done: Option<String>,
    },
    Clock(Tempo),
    /// A question, by its number.
    Ask {
        actor: Actor,
        ask: Ask,
        run: u64,
    },
    /// The question of this number is not of interest any more.
    CancelQuery(u64),
    /// The text of a saved query.
    SavedText {
        actor: Actor,
        workspace: ResourceId,
        kind: Kind,
        name: String,
    },
    /// Into the clipboard.
    Copy(String),
    /// Another theme.
    Theme(Look),
    /// Whether the mouse is the console's.
    Mouse(bool),
    /// Into a file of the current directory.
    Export {
        name: String,
        text: String,
    },
    /// What the screen shows, into files of the current directory whose names begin so.
    Picture {
        stem: String,
    },
    /// A block of a segment.
    Peek {
        actor: Actor,
        segment: SegmentId,
        block: u64,
    },
    /// To look from elsewhere in time.
    Travel(Travel),
    /// A program of the person's own, with its words.
    Program {
        name: String,
        words: Vec<String>,
    },
    Suspend,
    Repaint,
    Quit,
}

/// How a submitted command or a clock order ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done(String),
    /// A command was carried out.
    Happened(Vec<Event>),
    Refused(Box<Refusal>),
    /// A question came back.
    Answered {
        run: u64,
        answered: Answered,
    },
    /// A saved query is here to be run.
    SavedText {
        workspace: ResourceId,
        text: String,
    },
    /// Elsewhere in time, or news from there.
    Arrived(Arrived),
    /// A block was looked at.
    Looked(Box<Result<Looked, String>>),
    Broken(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    pub tone: Token,
}

/// A line being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(pub String);

const TYPED_MAX: usize = 200;

impl Typed {
    /// Takes a key; whether it was one for a line.
    pub fn key(&mut self, key: Key) -> bool {
        edit(&mut self.0, key, TYPED_MAX)
    }

    pub fn paste(&mut self, text: &str) {
        let room = TYPED_MAX.saturating_sub(self.0.chars().count());
        let line = text.lines().next().unwrap_or_default();
        let clean = line.chars().filter(|c| !crate::engine::text::acts(*c));
        self.0.extend(clean.take(room));
    }
}

/// A key at the end of a text of at most so many characters; whether it was one for a text.
fn edit(text: &mut String, key: Key, most: usize) -> bool {
    use super::input::Code;
    match (key.code, key.ctrl) {
        (Code::Backspace, false) => {
            text.pop();
        }
        (Code::Char('u'), true) => text.clear(),
        (Code::Char('w'), true) => {
            let end = text.trim_end().rfind(' ').map_or(0, |i| i + 1);
            text.truncate(end);
        }
        _ => match key.typed() {
            Some(c) if text.chars().count() < most => text.push(c),
            _ => return false,
        },
    }
    true
}

/// What lies over the blades.
pub enum Modal {
    Help {
        first: usize,
    },
    Palette {
        typed: Typed,
        cursor: usize,
    },
    People {
        typed: Typed,
        cursor: usize,
        first: usize,
    },
    /// The columns of a list: which stand where, and which is sorted by.
    Columns {
        cursor: usize,
    },
    /// Bookmarks, to go to.
    Bookmarks {
        cursor: usize,
    },
    /// What was said, the newest first.
    Notices {
        first: usize,
    },
    /// Themes, each tried while the cursor is on it; and the one before.
    Themes {
        cursor: usize,
        before: String,
    },
    /// One line that somebody is asked for.
    Prompt {
        asked: Asked,
        typed: Typed,
    },
    Dialog(Box<Dialog>),
    Form(Box<Form>),
}

pub struct App {
    pub actor: Actor,
    /// Never empty; the first is the overview.
    pub stack: Vec<Page>,
    pub views: Views,
    pub places: Places,
    /// How much of a list's room what its row is about takes, in hundredths; none when that is not shown.
    pub detail: Option<u16>,
    /// Nothing is changed: not the world, and not its clock.
    pub readonly: bool,
    /// Programs of the person's own.
    pub programs: Vec<Program>,
    pub modal: Option<Modal>,
    /// The filter line of the current list is being typed.
    pub filtering: bool,
    pub toast: Option<Toast>,
    pub telling: Telling,
    /// Keys of a sequence that is not finished.
    pub pending: Vec<Key>,
    /// How often what comes next is to be done.
    pub count: Option<u16>,
    /// What `.` does again: a place in the action table.
    pub again: Option<usize>,
    /// What blades have of the screen, and all of it.
    pub size: (u16, u16),
    pub full: (u16, u16),
    /// Where in time one looks from.
    pub at: At,
    /// Sentences about what happens; none when nobody presents.
    pub captions: Option<Captions>,
    pub cue: Cue,
    /// What of the last frame can be clicked.
    pub hits: Hits,
    /// What the cursor's thing belongs to, as of the last look.
    pub near: Related,
    pub blocks: Blocks,
    /// The desks of the query blade, by workspace.
    pub desks: BTreeMap<ResourceId, Desk>,
    /// The number of the last question.
    pub asked: u64,
    pub spent: Spent,
    pub ingestion: Ingestion,
    pub revocation: Revocation,
    keymap: Arc<Keymap>,
    /// Waiting requests at the last look, to notice new ones.
    waiting: Option<(Actor, usize)>,
}

impl App {
    pub fn new(actor: Actor, keymap: Keymap, size: (u16, u16)) -> App {
        App {
            actor,
            stack: vec![Page::new(Blade::Overview)],
            views: Views::default(),
            places: Places::default(),
            detail: None,
            readonly: false,
            programs: Vec::new(),
            modal: None,
            filtering: false,
            toast: None,
            telling: Telling::default(),
            pending: Vec::new(),
            count: None,
            again: None,
            size,
            full: size,
            at: At::default(),
            captions: None,
            cue: Cue::default(),
            hits: Hits::default(),
            near: Related::default(),
            blocks: Blocks::default(),
            desks: BTreeMap::new(),
            asked: 0,
            spent: Spent::default(),
            ingestion: Ingestion::default(),
            revocation: Revocation::default(),
            keymap: Arc::new(keymap),
            waiting: None,
        }
    }

    /// The keys in force.
    pub fn keymap(&self) -> &Keymap {
        &self.keymap
    }

    pub fn page(&self) -> &Page {
        // The stack is made with one page and the last one is never popped.
        &self.stack[self.stack.len() - 1]
    }

    pub fn page_mut(&mut self) -> &mut Page {
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    pub fn eye<'a>(&'a self, ctx: &Ctx<'a>) -> Eye<'a> {
        Eye {
            world: ctx.world,
            now: ctx.now,
            actor: &self.actor,
        }
    }

    /// The thing the cursor is on, or the page is about; nothing where the actor may not look.
    pub fn item(&self) -> Option<ItemId> {
        let page = self.page();
        if page.refusal.is_some() {
            return None;
        }
        page.cursor.clone().or_else(|| page.blade.subject())
    }

    /// What the cursor's thing belongs to; on a page, also what the page is about.
    pub fn related(&self, ctx: &Ctx) -> Related {
        let Some(item) = self.item() else {
            return Related::default();
        };
        let near = related(ctx.world, &item);
        match self.page().blade.subject() {
            Some(subject) if subject != item => near.or(related(ctx.world, &subject)),
            _ => near,
        }
    }

    /// Scopes in which keys mean something now, innermost first.
    pub fn scopes(&self) -> Vec<Scope> {
        match &self.modal {
            Some(Modal::Help { .. }) => return vec![Scope::Help, Scope::Move, Scope::Always],
            Some(Modal::Notices { .. }) => return vec![Scope::Help, Scope::Move, Scope::Always],
            Some(Modal::Bookmarks { .. }) => {
                return vec![Scope::Bookmarks, Scope::Move, Scope::Always];
            }
            Some(Modal::Themes { .. }) => return vec![Scope::Themes, Scope::Move, Scope::Always],
            Some(Modal::Columns { .. }) => {
                return vec![Scope::Columns, Scope::Move, Scope::Always];
            }
            Some(Modal::Palette { .. } | Modal::People { .. } | Modal::Prompt { .. }) => {
                return vec![Scope::Menu, Scope::Always];
            }
            Some(Modal::Dialog(_)) => return vec![Scope::Dialog, Scope::Always],
            Some(Modal::Form(_)) => return vec![Scope::Form, Scope::Always],
            None => {}
        }
        if self.filtering {
            return vec![Scope::Filter, Scope::Always];
        }
        self.blade_scopes()
    }

    /// The scopes of the blade, also while something lies over it.
    pub fn blade_scopes(&self) -> Vec<Scope> {
        let blade = &self.page().blade;
        if let Blade::Query(id) = blade
            && self.page().refusal.is_none()
        {
            return match self.desks.get(id).map(|d| d.focus) {
                Some(Focus::Answer) => {
                    vec![Scope::Answer, Scope::Move, Scope::Global, Scope::Always]
                }
                _ => vec![Scope::Query, Scope::Always],
            };
        }
        let mut scopes = Vec::with_capacity(10);
        if let Blade::Blocks(_) = blade {
            scopes.push(Scope::Blocks);
        }
        if let Blade::Ingestion(_) = blade {
            scopes.push(Scope::Ingestion);
        }
        if let Blade::Revocation(_) = blade {
            scopes.push(Scope::Revocation);
        }
        if let Blade::History(_) = blade {
            scopes.push(Scope::History);
        }
        if *blade == Blade::Activity {
            scopes.push(Scope::Activity);
        }
        match blade {
            Blade::Overview | Blade::Pending | Blade::Requests | Blade::Request(_) => {
                scopes.push(Scope::Request);
            }
            _ => {}
        }
        match blade {
            Blade::Overview | Blade::Grants | Blade::Grant(_) | Blade::Request(_) => {
                scopes.push(Scope::Grant);
            }
            _ => {}
        }
        // What the cursor is on comes before what the page is about, and that before what a list may hold.
        let page = self.page();
        let things =
            [page.cursor.as_ref(), blade.subject().as_ref()].map(|t| t.and_then(Scope::of_a_thing));
        for scope in things
            .into_iter()
            .chain([Scope::of_a_list(blade)])
            .flatten()
        {
            if page.refusal.is_none() && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if self.near.workspace.is_some() && page.refusal.is_none() {
            scopes.push(Scope::Logs);
        }
        scopes.extend([Scope::Item, Scope::Move]);
        if blade.is_list() {
            scopes.push(Scope::List);
        } else if !self.page().ids.is_empty() {
            scopes.push(Scope::Links);
        }
        scopes.extend([Scope::Support, Scope::Global, Scope::Always]);
        scopes
    }

    /// Whether printable keys are text now.
    pub fn takes_text(&self) -> bool {
        self.filtering
            || (self.modal.is_none() && self.edits())
            || matches!(
                self.modal,
                Some(
                    Modal::Palette { .. }
                        | Modal::People { .. }
                        | Modal::Prompt { .. }
                        | Modal::Dialog(_)
                        | Modal::Form(_)
                )
            )
    }

    /// Whether a query is being written.
    pub fn edits(&self) -> bool {
        let Blade::Query(id) = &self.page().blade else {
            return false;
        };
        let desk = self.desks.get(id);
        self.page().refusal.is_none() && desk.is_none_or(|d| d.focus == Focus::Editor)
    }

    /// The desk of the query blade that is open.
    pub fn desk(&mut self) -> Option<&mut Desk> {
        let Blade::Query(id) = &self.page().blade else {
            return None;
        };
        let id = id.clone();
        Some(self.desks.entry(id).or_default())
    }

    /// Somebody else sits down: what was asked and answered is not theirs, and nobody waits for what runs.
    pub(super) fn clear_desks(&mut self) -> Vec<Effect> {
        self.spent = Spent::default();
        let desks = std::mem::take(&mut self.desks);
        let running = desks.values().filter_map(Desk::running);
        running.map(Effect::CancelQuery).collect()
    }

    /// A key for the query that is written.
    pub(super) fn query_key(&mut self, ctx: &Ctx, key: Key) {
        let Blade::Query(workspace) = self.page().blade.clone() else {
            return;
        };
        let tables = Tables {
            world: ctx.world,
            workspace: &workspace,
        };
        if let Some(desk) = self.desk() {
            desk.key(key, &tables);
        }
    }

    /// The question of this number is so far.
    pub fn progressed(&mut self, number: u64, so_far: Progress) {
        for desk in self.desks.values_mut() {
            if let State::Running { run, progress } = &mut desk.state
                && *run == number
            {
                *progress = so_far;
            }
        }
    }

    /// The answer on the query blade that is open.
    pub fn desks_answer(&self) -> Option<&Shown> {
        let Blade::Query(id) = &self.page().blade else {
            return None;
        };
        self.desks.get(id)?.answer()
    }

    /// Runs a program of the person's own on what the cursor is on.
    pub(super) fn run_program(&mut self, ctx: &Ctx, program: &Program) -> Vec<Effect> {
        if self.readonly {
            self.say(super::actions::READ_ONLY, Token::ToastWarn);
            return Vec::new();
        }
        let id = self.item().map_or_else(String::new, |item| item.name());
        let shown = programs::Shown {
            id,
            blade: self.page().blade.title(),
            person: match &self.actor {
                Actor::Person(id) => id.to_string(),
                _ => String::new(),
            },
            time: ctx.now.to_string(),
        };
        vec![Effect::Program {
            name: program.name.clone(),
            words: program.words(&shown),
        }]
    }

    /// Whom the persona picker offers.
    pub fn personas(&self, ctx: &Ctx, typed: &str) -> Vec<ItemId> {
        people::ids(self.eye(ctx), typed)
    }
}
