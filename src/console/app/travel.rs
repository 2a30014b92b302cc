//! Where in time one looks from: at the live edge, at a moment of the past, or in a branch. What the console knows of
//! it, and what people ask for; the worlds themselves are the driver's.

use std::collections::VecDeque;

use super::{App, Ctx, Effect, Modal, Tempo, Typed};
use crate::console::blades::Blade;
use crate::console::blades::history::Told;
use crate::console::rows::ItemId;
use crate::console::theme::Token;
use crate::engine::compare::Comparison;
use crate::engine::ids::Revision;
use crate::engine::projections::meaning;
use crate::engine::projections::sentence::sentence;
use crate::engine::projections::why::{About, Seen, Step};
use crate::engine::text::scrub;
use crate::engine::{Event, SimTime, ask};
use crate::runtime::{Look, Only};

/// Where one is in time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct At {
    /// The branch one is in.
    pub branch: Option<Parted>,
    /// The moment of the past that is looked at.
    pub past: Option<Moment>,
}

/// Where a branch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parted {
    pub revision: Revision,
    pub at: SimTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub revision: Revision,
    /// The last event of the record.
    pub head: Revision,
    /// What happened last by then.
    pub said: String,
    /// The beginning of the digest of that world.
    pub digest: String,
}

/// What somebody asks the driver for.
#[derive(Debug, Clone, PartialEq)]
pub enum Travel {
    Look(Look),
    /// Out of the past, and then out of the branch.
    Back,
    Branch,
    Save(String),
    Compare,
    History,
    Why(About),
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Arrived {
    At(Box<At>),
    Compared(Box<Comparison>),
    History(Vec<Event>),
    Because(Vec<Step>),
    /// The beginning of the digest of the world after an event.
    Digest(Revision, String),
    /// What happened meanwhile, to be captioned.
    Meanwhile(Vec<Event>),
}

impl PartialEq for Arrived {
    /// They are told once and never compared.
    fn eq(&self, _: &Arrived) -> bool {
        false
    }
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Moment,
    Directory,
    /// A file for the list.
    File,
}

/// One sentence for each consequence, for people who watch.
#[derive(Debug, Clone, Default)]
pub struct Captions {
    pub lines: VecDeque<Caption>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    pub at: SimTime,
    pub text: String,
    pub rule: Option<&'static str>,
}

/// Lines of the screen that captions take, their frame included.
pub const CAPTIONS: u16 = 6;
const KEPT: usize = 3;

impl App {
    /// The revision one looks at steps to another.
    pub fn step_in_time(&mut self, ctx: &Ctx, back: bool, only: Only) -> Vec<Effect> {
        let from = ctx.world.revision;
        let look = match back {
            true => Look::Before { from, only },
            false => Look::Next { from, only },
        };
        vec![Effect::Travel(Travel::Look(look))]
    }

    /// Why one cannot step on: at the live edge nothing has happened yet.
    pub fn why_not_on(&self) -> Option<String> {
        let live = self.at.past.is_none();
        live.then(|| "This is the live edge; n lets time go on to what comes next.".to_owned())
    }

    pub fn ask_line(&mut self, asked: Asked) -> Vec<Effect> {
        self.modal = Some(Modal::Prompt {
            asked,
            typed: Typed::default(),
        });
        Vec::new()
    }

    /// Enter in a line that was asked for.
    pub(super) fn answer_line(&mut self, ctx: &Ctx, asked: Asked, typed: Typed) -> Vec<Effect> {
        let text = typed.0.trim();
        let wrong = match asked {
            Asked::Moment => match Look::at(ctx.now, text) {
                // What is to come is reached by letting time go on.
                Ok(Look::Instant(at)) if at > ctx.now && self.at.past.is_none() => {
                    return vec![Effect::Clock(Tempo::To(at))];
                }
                Ok(look) => return vec![Effect::Travel(Travel::Look(look))],
                Err(error) => error.to_string(),
            },
            Asked::Directory if !text.is_empty() => {
                return vec![Effect::Travel(Travel::Save(text.to_owned()))];
            }
            Asked::File => return self.export_list(ctx, text),
            Asked::Directory => "Give a directory that is new or empty".to_owned(),
        };
        self.say(format!("{}.", scrub(&wrong)), Token::ToastWarn);
        self.modal = Some(Modal::Prompt { asked, typed });
        Vec::new()
    }

    /// Of what one may ask why.
    pub fn about(&self) -> Option<About> {
        Some(match self.item()? {
            ItemId::Event(revision) | ItemId::Activity(revision) => About::Event(revision),
            ItemId::Cluster(id) => About::Cluster(id),
            ItemId::Workspace(id) | ItemId::Tables(id) | ItemId::Table(id, _) => {
                About::Workspace(id)
            }
            ItemId::Request(id) => About::Request(id),
            ItemId::Operation(id) => About::Operation(id),
            _ => return None,
        })
    }

    /// The driver came back.
    pub(super) fn arrived(&mut self, ctx: &Ctx, arrived: Arrived) {
        let sees = |event: &Event| ask::sees(ctx.world, &self.actor, event);
        match arrived {
            Arrived::At(at) => {
                self.at = *at;
                // A revision means another world here.
                self.stack.iter_mut().for_each(super::page::Page::forget);
                self.ingestion.forget();
                self.modal = None;
            }
            Arrived::Digest(revision, digest) => {
                if let Some(past) = self.at.past.as_mut().filter(|p| p.revision == revision) {
                    past.digest = digest;
                }
            }
            Arrived::Compared(both) => self.open_anew(Blade::Compare(Told::new(*both))),
            Arrived::History(events) => {
                let seen = events.into_iter().filter(sees).collect();
                self.open_anew(Blade::History(Told::new(seen)));
            }
            Arrived::Because(steps) => {
                self.open_anew(Blade::Why(Told::new(Seen::new(steps, sees))));
            }
            Arrived::Meanwhile(events) => {
                let told = events
                    .iter()
                    .filter(|e| meaning::is_consequence(e) && sees(e));
                let told: Vec<Caption> = told
                    .map(|event| Caption {
                        at: event.at,
                        text: sentence(ctx.world, event),
                        rule: meaning::rule(&event.fact).map(|rule| rule.id),
                    })
                    .collect();
                let Some(captions) = &mut self.captions else {
                    return;
                };
                captions.lines.extend(told);
                let over = captions.lines.len().saturating_sub(KEPT);
                captions.lines.drain(..over);
            }
        }
    }

    /// Opens a blade in the place of an earlier one of its kind.
    fn open_anew(&mut self, blade: Blade) {
        let kind = std::mem::discriminant(&blade);
        let same = |page: &super::page::Page| std::mem::discriminant(&page.blade) == kind;
        if let Some(depth) = self.stack.iter().position(same) {
            self.stack.truncate(depth.max(1));
        }
        self.open(blade);
    }

    /// Captions and cue on or off; the blades get the rest of the screen.
    pub fn present(&mut self) {
        self.captions = match self.captions.take() {
            Some(_) => None,
            None => Some(Captions::default()),
        };
        self.resize(self.full);
    }

    pub(super) fn resize(&mut self, full: (u16, u16)) {
        self.full = full;
        let taken = if self.captions.is_some() { CAPTIONS } else { 0 };
        self.size = (full.0, full.1.saturating_sub(taken));
    }
}
