//! Saying yes, no, or no more: the one place where a person changes the world from the console. The cursor
//! begins on No; a yes needs a short code typed as shown.

use tui_textarea::{CursorMove, Input as TextInput, Key as TextKey, TextArea};

use super::{Ctx, Typed};
use crate::console::input::{Code, Key};
use crate::engine::ids::{GrantId, RequestId};
use crate::engine::lockbox::{grant, request};
use crate::engine::text::Untrusted;
use crate::engine::{Actor, Command, Refusal, World, decide, random};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    Approve(RequestId),
    Deny(RequestId),
    Revoke(GrantId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Reason,
    Code,
    No,
    Yes,
}

pub struct Dialog {
    pub question: Question,
    /// The same for what else is marked; a yes decides each by itself.
    pub others: Vec<Question>,
    /// How those that came back went.
    pub went: Went,
    pub reason: TextArea<'static>,
    pub code: Typed,
    pub focus: Focus,
    /// Under way; a second Enter does nothing.
    pub sent: bool,
    /// What the world answered.
    pub answer: Option<Refusal>,
}

/// How decisions that were made together went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Went {
    pub done: usize,
    /// What the world said to the others.
    pub refused: Vec<String>,
}

const REASON_MAX: usize = 2_000;

impl Dialog {
    pub fn new(question: Question) -> Dialog {
        Dialog {
            question,
            others: Vec::new(),
            went: Went::default(),
            reason: TextArea::default(),
            code: Typed::default(),
            focus: Focus::No,
            sent: false,
            answer: None,
        }
    }

    /// All that a yes decides.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        std::iter::once(self.question).chain(self.others.iter().copied())
    }

    pub fn verb(&self) -> &'static str {
        match self.question {
            Question::Approve(_) => "approve",
            Question::Deny(_) => "deny",
            Question::Revoke(_) => "revoke",
        }
    }

    /// What must be typed before a yes counts; none for one denial.
    pub fn wanted(&self, world: &World) -> Option<String> {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
        if !self.others.is_empty() {
            // Of many, the count is what must be meant.
            let count = 1 + self.others.len();
            return Some(format!("{} {count}", self.verb().to_uppercase()));
        }
        match self.question {
            Question::Approve(id) => {
                let bytes = random::bytes(world.seed, "approval-code", u64::from(id.0));
                let letter = |b: &u8| char::from(LETTERS[usize::from(*b) % LETTERS.len()]);
                Some(bytes.iter().take(4).map(letter).collect())
            }
            Question::Deny(_) => None,
            Question::Revoke(_) => Some("REVOKE".to_owned()),
        }
    }

    pub fn code_right(&self, world: &World) -> bool {
        self.wanted(world)
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(self.code.0.trim()))
    }

    pub fn reason_text(&self) -> Untrusted {
        self.reason.lines().join("\n").trim().to_owned().into()
    }

    pub fn command(&self) -> Command {
        self.command_for(self.question)
    }

    pub fn command_for(&self, question: Question) -> Command {
        let reason = self.reason_text();
        match question {
            Question::Approve(request) => request::Command::Decide {
                request,
                approve: true,
                reason,
            }
            .into(),
            Question::Deny(request) => request::Command::Decide {
                request,
                approve: false,
                reason,
            }
            .into(),
            Question::Revoke(grant) => grant::Command::Revoke { grant, reason }.into(),
        }
    }

    /// Why the world would say no, now; the words are the command line's.
    pub fn refusal(&self, ctx: &Ctx, actor: &Actor) -> Option<Refusal> {
        if self.sent {
            return None;
        }
        if self.answer.is_some() {
            return self.answer.clone();
        }
        // Of many, only what all of them are refused for stands in the way.
        let mut refusals = self
            .questions()
            .map(|question| self.refusal_of(ctx, actor, question));
        let first = refusals.next().flatten()?;
        refusals.all(|other| other.is_some()).then_some(first)
    }

    /// Why the world would say no to one of them.
    pub fn refusal_of(&self, ctx: &Ctx, actor: &Actor, question: Question) -> Option<Refusal> {
        decide(ctx.world, ctx.now, actor, &self.command_for(question)).err()
    }

    /// Fields and buttons in the order of Tab.
    pub fn order(&self, refused: bool) -> &'static [Focus] {
        match (refused, self.question) {
            (true, _) => &[Focus::No],
            (false, Question::Deny(_)) if self.others.is_empty() => {
                &[Focus::Reason, Focus::No, Focus::Yes]
            }
            (false, _) => &[Focus::Reason, Focus::Code, Focus::No, Focus::Yes],
        }
    }

    pub fn turn(&mut self, refused: bool, forward: bool) {
        let order = self.order(refused);
        let at = order.iter().position(|f| *f == self.focus).unwrap_or(0);
        let step = if forward { 1 } else { order.len() - 1 };
        self.focus = order[(at + step) % order.len()];
    }

    /// A key that no action took.
    pub fn key(&mut self, key: Key, refused: bool) {
        if self.sent || refused {
            return;
        }
        match self.focus {
            Focus::Code => {
                self.code.key(key);
            }
            Focus::Reason => self.edit(key),
            Focus::No | Focus::Yes => match key.code {
                Code::Left | Code::Up => self.turn(refused, false),
                Code::Right | Code::Down => self.turn(refused, true),
                // Typing begins the reason; nothing is decided by it.
                _ if key.typed().is_some_and(|c| c != ' ') => {
                    self.focus = Focus::Reason;
                    self.edit(key);
                }
                _ => {}
            },
        }
    }

    fn edit(&mut self, key: Key) {
        let full = self.reason.lines().iter().map(String::len).sum::<usize>() >= REASON_MAX;
        let text_key = match key.code {
            Code::Char(_) if !key.ctrl && !key.alt && (key.typed().is_none() || full) => return,
            Code::Char(c) => TextKey::Char(c),
            Code::Backspace => TextKey::Backspace,
            Code::Delete => TextKey::Delete,
            Code::Up => TextKey::Up,
            Code::Down => TextKey::Down,
            Code::Left => TextKey::Left,
            Code::Right => TextKey::Right,
            Code::Home => TextKey::Home,
            Code::End => TextKey::End,
            _ => return,
        };
        self.reason.input(TextInput {
            key: text_key,
            ctrl: key.ctrl,
            alt: key.alt,
            shift: key.shift,
        });
    }

    pub fn newline(&mut self) {
        if self.focus == Focus::Reason && self.reason.lines().len() < 20 {
            self.reason.insert_newline();
        }
    }

    /// Characters of the text the focus is on.
    pub fn typed(&self) -> Option<usize> {
        match self.focus {
            Focus::Code => Some(self.code.0.chars().count()),
            Focus::Reason => {
                let lines = self.reason.lines().iter();
                Some(lines.map(|line| line.chars().count()).sum())
            }
            Focus::No | Focus::Yes => None,
        }
    }

    /// Pasted text: lines stay, whatever a terminal would act on goes.
    pub fn paste(&mut self, text: &str) {
        match self.focus {
            Focus::Code => self.code.paste(text),
            Focus::Reason => {
                let used: usize = self.reason.lines().iter().map(String::len).sum();
                let clean: String = text
                    .replace("\r\n", "\n")
                    .replace(['\r', '\t'], " ")
                    .chars()
                    .filter(|c| *c == '\n' || !crate::engine::text::acts(*c))
                    .take(REASON_MAX.saturating_sub(used))
                    .collect();
                self.reason.insert_str(clean);
                self.reason.move_cursor(CursorMove::End);
            }
            Focus::No | Focus::Yes => {}
        }
    }
}
