//! What people are told beside the blade they look at: messages and those before them, requests that begin to wait or
//! are about to expire, and how quick the console is. The theme is chosen here too.

use std::collections::{BTreeSet, VecDeque};

use super::{App, Ctx, Effect, Modal, Toast};
use crate::console::blades::Blade;
use crate::console::rows::ItemId;
use crate::console::theme::{Listed, Token};
use crate::engine::ids::{RequestId, Revision};
use crate::engine::lockbox::request;
use crate::engine::{Actor, SimTime, Span, decide};

/// Messages that are kept.
const KEPT: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub at: SimTime,
    pub toast: Toast,
}

/// How quick the console is; the last frame but the one that shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// From a key to the frame it caused, in microseconds.
    pub key: u64,
    /// Bytes of the frame.
    pub bytes: usize,
    /// Frames in the second before it.
    pub frames: usize,
    /// How long the frame took to make, in microseconds.
    pub made: u64,
}

pub struct Telling {
    /// The newest last.
    pub notices: VecDeque<Notice>,
    /// Simulated time at the last look.
    pub now: SimTime,
    /// How long before its end a waiting request is told of.
    pub before: Span,
    /// How many requests wait, of which world and for whom.
    counted: Option<((Revision, Actor), usize)>,
    /// Of which requests it was told.
    warned: BTreeSet<RequestId>,
    /// What the driver passes on: to bell and desktop.
    pub notes: Vec<String>,
    /// Shown when somebody wants to see it.
    pub pace: Option<Pace>,
    /// Whether the mouse is the console's.
    pub mouse: bool,
    pub themes: Vec<Listed>,
    /// The one in force.
    pub theme: String,
}

impl Default for Telling {
    fn default() -> Telling {
        Telling {
            notices: VecDeque::new(),
            now: SimTime::default(),
            before: Span::minutes(30),
            counted: None,
            warned: BTreeSet::new(),
            notes: Vec::new(),
            pace: None,
            mouse: true,
            themes: Vec::new(),
            theme: String::new(),
        }
    }
}

/// What to do about the theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Only as long as the cursor is on it.
    Try(String),
    Keep(String),
}

impl App {
    pub fn say(&mut self, text: impl Into<String>, tone: Token) {
        let toast = Toast {
            text: text.into(),
            tone,
        };
        let last = self.telling.notices.back();
        if last.is_none_or(|last| last.toast != toast || last.at != self.telling.now) {
            self.telling.notices.push_back(Notice {
                at: self.telling.now,
                toast: toast.clone(),
            });
            let over = self.telling.notices.len().saturating_sub(KEPT);
            self.telling.notices.drain(..over);
        }
        self.toast = Some(toast);
    }

    /// Tells of a request once when its end is near, if the actor may decide it.
    pub(super) fn warn(&mut self, ctx: &Ctx) {
        self.telling.now = ctx.now;
        if self.at.past.is_some() {
            return;
        }
        let near = ctx.now + self.telling.before;
        let pending = ctx.world.lockbox.pending.iter();
        let due: Vec<_> = pending
            .take_while(|(expires, _)| *expires <= near)
            .filter(|(_, id)| !self.telling.warned.contains(id))
            .copied()
            .collect();
        for (expires, id) in due {
            self.telling.warned.insert(id);
            let deny = request::Command::Decide {
                request: id,
                approve: false,
                reason: "".into(),
            };
            if decide(ctx.world, ctx.now, &self.actor, &deny.into()).is_ok() {
                let left = ctx.now.until(expires).brief();
                self.tell_everywhere(format!("{id} expires in {left}, and nobody has decided."));
            }
        }
    }

    /// On the screen, and to bell and desktop where they are wanted.
    pub(super) fn tell_everywhere(&mut self, text: String) {
        self.telling.notes.push(text.clone());
        self.say(text, Token::ToastWarn);
    }

    pub fn open_notices(&mut self) {
        self.modal = Some(Modal::Notices { first: 0 });
    }

    pub fn open_themes(&mut self) {
        let here = self
            .telling
            .themes
            .iter()
            .position(|t| t.id == self.telling.theme);
        self.modal = Some(Modal::Themes {
            cursor: here.unwrap_or(0),
            before: self.telling.theme.clone(),
        });
    }

    /// The theme the cursor is on, for as long as it is.
    pub(super) fn try_theme(&self) -> Vec<Effect> {
        let Some(Modal::Themes { cursor, .. }) = &self.modal else {
            return Vec::new();
        };
        let theme = self.telling.themes.get(*cursor);
        theme
            .map(|theme| Effect::Theme(Look::Try(theme.id.clone())))
            .into_iter()
            .collect()
    }

    /// Keeps it, or goes back to the one before.
    pub fn end_themes(&mut self, keep: bool) -> Vec<Effect> {
        let Some(Modal::Themes { cursor, before }) = self.modal.take() else {
            return Vec::new();
        };
        let chosen = self
            .telling
            .themes
            .get(cursor)
            .map(|theme| theme.id.clone());
        match chosen.filter(|_| keep) {
            Some(id) => {
                self.telling.theme.clone_from(&id);
                vec![Effect::Theme(Look::Keep(id))]
            }
            None => vec![Effect::Theme(Look::Keep(before))],
        }
    }

    pub fn turn_mouse(&mut self) -> Vec<Effect> {
        self.telling.mouse ^= true;
        let says = match self.telling.mouse {
            true => "The mouse is the console's; hold Shift to select text.",
            false => "The mouse selects text; F2 gives it back to the console.",
        };
        self.say(says, Token::ToastInfo);
        vec![Effect::Mouse(self.telling.mouse)]
    }

    /// What the cursor is on, or what is marked, as text.
    pub fn copy_ids(&mut self) -> Vec<Effect> {
        let page = self.page();
        let marked: Vec<String> = page.marks.iter().map(ItemId::name).collect();
        let text = match marked.is_empty() {
            false => marked.join("\n"),
            true => self.item().map_or_else(String::new, |item| item.name()),
        };
        match text.is_empty() {
            true => {
                self.say("There is nothing to copy here.", Token::ToastWarn);
                Vec::new()
            }
            false => vec![Effect::Copy(text)],
        }
    }

    /// `lockbox · Pending requests · 8 waiting`
    pub fn title(&mut self, ctx: &Ctx) -> String {
        // Of what the actor may see, counted when that may have changed.
        let stamp = (ctx.world.revision, self.actor.clone());
        if self
            .telling
            .counted
            .as_ref()
            .is_none_or(|(old, _)| *old != stamp)
        {
            let waiting = Blade::Pending.ids(self.eye(ctx), None);
            self.telling.counted = Some((stamp, waiting.map_or(0, |ids| ids.len())));
        }
        let waiting = self
            .telling
            .counted
            .as_ref()
            .map_or(0, |(_, waiting)| *waiting);
        format!(
            "lockbox · {} · {waiting} waiting",
            self.page().blade.title()
        )
    }
}
