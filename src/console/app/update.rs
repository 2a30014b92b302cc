//! Inputs in, effects out.

use super::dialog::{Dialog, Focus, Question};
use super::geometry::{self, Hit};
use super::page::{Page, list_area};
use super::{App, Ctx, Effect, Input, Modal, Outcome, Tempo, Typed};
use crate::console::actions::ACTIONS;
use crate::console::blades::{Blade, blocks, opens, people, query};
use crate::console::input::{Key, Resolution};
use crate::console::theme::Token;
use crate::engine::draft;
use crate::engine::lockbox::request::Operation;
use crate::engine::text::scrub;

/// Steps of `+` and `-`.
pub const RATES: [u32; 7] = [1, 2, 10, 60, 600, 3_600, 86_400];
const WHEEL: isize = 3;

impl App {
    pub fn update(&mut self, ctx: &Ctx, input: Input) -> Vec<Effect> {
        let effects = match input {
            Input::Key(key) => {
                self.toast = None;
                self.key(ctx, key)
            }
            Input::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Input::Click(x, y) => {
                self.toast = None;
                self.click(ctx, x, y)
            }
            Input::Wheel(lines) => {
                match (&self.modal, &self.page().blade) {
                    (None, Blade::Ingestion(_)) => {
                        self.ingestion.zoom_by(lines < 0);
                    }
                    _ => self.shift(ctx, isize::from(lines) * WHEEL),
                }
                Vec::new()
            }
            Input::Resize(width, height) => {
                self.resize((width, height));
                Vec::new()
            }
        };
        self.refresh(ctx);
        effects
    }

    fn key(&mut self, ctx: &Ctx, key: Key) -> Vec<Effect> {
        self.pending.push(key);
        let keymap = self.keymap.clone();
        match keymap.resolve(&self.scopes(), &self.pending) {
            Resolution::Action(action) => {
                self.pending.clear();
                self.run(ctx, action)
            }
            Resolution::Pending(_) => Vec::new(),
            Resolution::Nothing => {
                let alone = self.pending.len() == 1;
                let keys = std::mem::take(&mut self.pending);
                if alone && self.takes_text() {
                    self.text(ctx, key);
                } else if self.modal.is_none() && !self.filtering {
                    self.unknown(&keys);
                }
                Vec::new()
            }
        }
    }

    /// A key that means nothing here says so.
    fn unknown(&mut self, keys: &[Key]) {
        let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
        let keys = keys.join(" ");
        let elsewhere = ACTIONS
            .iter()
            .any(|a| a.keys.contains(&keys.as_str()) && a.scope.is_of_a_blade());
        let text = if elsewhere {
            format!("{keys} does nothing on this blade; ? shows what does.")
        } else {
            format!("{keys} does nothing; ? shows what does.")
        };
        self.say(scrub(&text).into_owned(), Token::ToastWarn);
    }

    /// Does an action, or says why not.
    pub fn run(&mut self, ctx: &Ctx, action: usize) -> Vec<Effect> {
        let def = &ACTIONS[action];
        if let Some(why) = (def.why_disabled)(self, ctx) {
            self.say(why, Token::ToastWarn);
            if !def.explains_itself {
                return Vec::new();
            }
        }
        (def.run)(self, ctx)
    }

    fn text(&mut self, ctx: &Ctx, key: Key) {
        let actor = self.actor.clone();
        match &mut self.modal {
            Some(Modal::Palette { typed, cursor }) => {
                typed.key(key);
                *cursor = 0;
            }
            Some(Modal::People {
                typed,
                cursor,
                first,
            }) => {
                typed.key(key);
                (*cursor, *first) = (0, 0);
            }
            Some(Modal::Prompt { typed, .. }) => {
                typed.key(key);
            }
            Some(Modal::Dialog(dialog)) => {
                let refused = dialog.refusal(ctx, &actor).is_some();
                dialog.key(key, refused);
            }
            Some(Modal::Form(form)) => form.key(key),
            Some(Modal::Help { .. }) => {}
            None if self.filtering => {
                let page = self.page_mut();
                let mut typed = Typed(std::mem::take(&mut page.filter));
                typed.key(key);
                page.filter = typed.0;
                page.go(0);
            }
            None => self.query_key(ctx, key),
        }
    }

    fn paste(&mut self, text: &str) {
        if self.modal.is_none() && self.edits() {
            if let Some(desk) = self.desk() {
                desk.paste(text);
            }
            return;
        }
        match &mut self.modal {
            Some(Modal::Palette { typed, cursor }) => {
                typed.paste(text);
                *cursor = 0;
            }
            Some(Modal::People {
                typed,
                cursor,
                first,
            }) => {
                typed.paste(text);
                (*cursor, *first) = (0, 0);
            }
            Some(Modal::Prompt { typed, .. }) => typed.paste(text),
            Some(Modal::Dialog(dialog)) => dialog.paste(text),
            Some(Modal::Form(form)) => form.paste(text),
            Some(Modal::Help { .. }) => {}
            None if self.filtering => {
                let page = self.page_mut();
                let mut typed = Typed(std::mem::take(&mut page.filter));
                typed.paste(text);
                page.filter = typed.0;
                page.go(0);
            }
            None => {}
        }
    }

    fn click(&mut self, ctx: &Ctx, x: u16, y: u16) -> Vec<Effect> {
        match self.hits.at(x, y).cloned() {
            Some(Hit::Row(id)) => {
                if self.page().cursor.as_ref() == Some(&id) {
                    match self.page().blade {
                        Blade::Revocation(_) => self.cut(ctx),
                        _ => self.open_item(ctx),
                    }
                } else {
                    self.page_mut().select(&id);
                }
                Vec::new()
            }
            Some(Hit::Action(action)) => self.run(ctx, action),
            Some(Hit::Crumb(depth)) => {
                self.stack.truncate(depth + 1);
                self.filtering = false;
                Vec::new()
            }
            Some(Hit::Choice(index)) => {
                let chosen = match &mut self.modal {
                    Some(Modal::Palette { cursor, .. } | Modal::People { cursor, .. }) => {
                        std::mem::replace(cursor, index) == index
                    }
                    _ => false,
                };
                if chosen {
                    return self.choose(ctx);
                }
                Vec::new()
            }
            Some(Hit::Focus(focus)) => {
                if let Some(Modal::Dialog(dialog)) = &mut self.modal {
                    dialog.focus = focus;
                }
                if matches!(focus, Focus::No | Focus::Yes) {
                    return self.press(ctx);
                }
                Vec::new()
            }
            Some(Hit::Part(focus)) => self.click_form(ctx, focus),
            Some(Hit::Spot(field, option)) => {
                if let Some(form) = self.form() {
                    form.go(super::form::Focus::Field(field));
                    form.toggle(field, option);
                }
                Vec::new()
            }
            Some(Hit::Chart(plot)) => {
                let at = x.saturating_sub(plot.x);
                self.ingestion.point(at);
                Vec::new()
            }
            Some(Hit::Backdrop) | None => Vec::new(),
        }
    }

    /// Moves the cursor, or scrolls what has none.
    pub fn shift(&mut self, ctx: &Ctx, by: isize) {
        let height = usize::from(geometry::body(self.size).height);
        let people = match &self.modal {
            Some(Modal::People { typed, .. }) => self.personas(ctx, &typed.0).len(),
            Some(Modal::Palette { typed, .. }) => self.offers(&typed.0).len(),
            _ => 0,
        };
        let asking = matches!(self.page().blade, Blade::Query(_));
        let dumped = match self.page().blade {
            Blade::Blocks(segment) => {
                let body = geometry::body(self.size);
                let looked = self.blocks.of(segment);
                Some(looked.map_or(0, |l| blocks::view::lines_of(l, body)))
            }
            _ => None,
        };
        match &mut self.modal {
            Some(Modal::Help { first }) => {
                let last = ACTIONS.len().saturating_sub(height / 2);
                *first = first.saturating_add_signed(by).min(last);
            }
            Some(Modal::Palette { cursor, .. } | Modal::People { cursor, .. }) => {
                *cursor = cursor
                    .saturating_add_signed(by)
                    .min(people.saturating_sub(1));
            }
            Some(Modal::Dialog(_) | Modal::Prompt { .. }) => {}
            Some(Modal::Form(form)) => form.scroll(by),
            None => {
                if asking {
                    let width = self.size.0.saturating_sub(2);
                    if let Some(desk) = self.desk() {
                        desk.move_by(by, width);
                    }
                    return;
                }
                let page = self.page_mut();
                if let Some(lines) = dumped {
                    let last = lines.saturating_sub(height.saturating_sub(2));
                    page.first = page.first.saturating_add_signed(by).min(last);
                } else if page.blade.is_list() {
                    page.go(page.index.saturating_add_signed(by));
                } else {
                    page.scroll(by, height);
                }
            }
        }
    }

    /// Rows or lines that fit on the screen.
    pub fn screenful(&self) -> isize {
        let body = geometry::body(self.size);
        let rows = if self.page().blade.is_list() {
            geometry::list_rows(list_area(
                &self.page().blade,
                body,
                self.ingestion.no_legend,
            ))
        } else {
            usize::from(body.height)
        };
        isize::try_from(rows.max(1)).unwrap_or(1)
    }

    pub fn open(&mut self, blade: Blade) {
        // The same page again is not a new step; a blade further down is gone back to.
        if let Some(depth) = self.stack.iter().position(|p| p.blade == blade) {
            self.stack.truncate(depth + 1);
        } else {
            self.stack.push(Page::new(blade));
        }
    }

    /// A blade that stands alone: from anywhere it lies directly on the overview.
    pub fn jump(&mut self, blade: Blade) {
        self.stack.truncate(1);
        self.open(blade);
    }

    pub fn open_item(&mut self, ctx: &Ctx) {
        if let Some(blade) = self.item().and_then(|id| opens(ctx.world, &id)) {
            self.open(blade);
        }
    }

    /// One step back, whatever is open.
    pub fn back(&mut self) {
        if self.modal.take().is_some() {
            return;
        }
        if self.filtering {
            self.filtering = false;
            self.page_mut().filter.clear();
        } else if !self.page().filter.is_empty() {
            self.page_mut().filter.clear();
        } else if self.stack.len() > 1 {
            self.stack.pop();
        }
    }

    pub fn ask_question(&mut self, question: Question) {
        self.modal = Some(Modal::Dialog(Box::new(Dialog::new(question))));
    }

    pub fn filter_operation(&mut self, operation: Option<Operation>) {
        let page = self.page_mut();
        page.operation = operation;
        page.go(0);
    }

    /// Enter in a menu.
    pub fn choose(&mut self, ctx: &Ctx) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.modal.take() {
            Some(Modal::Palette { typed, cursor }) => {
                if let Some(action) = self.offers(&typed.0).get(cursor) {
                    return self.run(ctx, *action);
                }
                self.say(
                    format!("There is no command {:?}.", typed.0),
                    Token::ToastWarn,
                );
            }
            Some(Modal::People { typed, cursor, .. }) => {
                let chosen = self.personas(ctx, &typed.0).into_iter().nth(cursor);
                if let Some(actor) = chosen.as_ref().and_then(people::actor) {
                    self.actor = actor;
                    effects = self.clear_desks();
                    let who = crate::console::blades::shared::actor_name(ctx.world, &self.actor);
                    self.say(format!("You act as {who} now."), Token::ToastOk);
                }
            }
            Some(Modal::Prompt { asked, typed }) => return self.answer_line(ctx, asked, typed),
            other => self.modal = other,
        }
        effects
    }

    /// Enter in the dialog.
    pub fn press(&mut self, ctx: &Ctx) -> Vec<Effect> {
        let actor = self.actor.clone();
        let Some(Modal::Dialog(dialog)) = &mut self.modal else {
            return Vec::new();
        };
        let refused = dialog.refusal(ctx, &actor).is_some();
        match dialog.focus {
            _ if refused => self.modal = None,
            _ if dialog.sent => {}
            Focus::No => {
                let verb = dialog.verb();
                self.modal = None;
                self.say(
                    format!("Nothing was done: {verb} cancelled."),
                    Token::ToastInfo,
                );
            }
            Focus::Reason => dialog.turn(false, true),
            Focus::Code if dialog.code_right(ctx.world) => dialog.focus = Focus::Yes,
            // As on the command line: what goes on the record says why.
            Focus::Yes if dialog.code_right(ctx.world) && dialog.reason_text().is_blank() => {
                dialog.focus = Focus::Reason;
                self.say(
                    "Give a reason first; it goes on the record.",
                    Token::ToastWarn,
                );
            }
            Focus::Yes if dialog.code_right(ctx.world) => {
                dialog.sent = true;
                let command = Box::new(dialog.command());
                // Where the service takes its time, access has not begun with the decision.
                let begun = draft(ctx.world, ctx.now, &actor, &command).is_ok_and(|then| {
                    then.world.lockbox.active.len() > ctx.world.lockbox.active.len()
                });
                let done = match dialog.question {
                    Question::Approve(id) if begun => format!("{id} approved; access has begun."),
                    Question::Approve(id) => {
                        format!("{id} approved; access begins when the service is done.")
                    }
                    Question::Deny(id) => format!("{id} denied; no access is given."),
                    Question::Revoke(id) => format!("{id} revoked; open sessions were closed."),
                };
                return vec![Effect::Submit {
                    actor,
                    command,
                    done: Some(done),
                }];
            }
            // Whoever types on must not find it in the reason.
            Focus::Code | Focus::Yes => {
                dialog.focus = Focus::Code;
                let wanted = dialog.wanted(ctx.world).unwrap_or_default();
                self.say(format!("Type {wanted} first."), Token::ToastWarn);
            }
        }
        Vec::new()
    }

    /// A command the driver submitted came back.
    pub fn finished(&mut self, ctx: &Ctx, outcome: Outcome) {
        let sent = matches!(&self.modal, Some(Modal::Dialog(d)) if d.sent);
        let Some(outcome) = self.form_finished(outcome) else {
            self.refresh(ctx);
            return;
        };
        match outcome {
            Outcome::Happened(events) => {
                self.say(super::form::told(ctx.world, &events), Token::ToastOk);
            }
            Outcome::Done(text) => {
                if sent {
                    self.modal = None;
                }
                if !text.is_empty() {
                    self.say(text, Token::ToastOk);
                }
            }
            Outcome::Refused(refusal) => match &mut self.modal {
                Some(Modal::Dialog(dialog)) if sent => {
                    dialog.sent = false;
                    dialog.answer = Some(*refusal);
                }
                _ => self.say(refusal.to_string(), Token::ToastWarn),
            },
            Outcome::Arrived(arrived) => self.arrived(ctx, arrived),
            Outcome::Looked(looked) => self.blocks.looked = Some(*looked),
            Outcome::Answered { run, answered } => {
                if let query::Answered::Cells(shown) = &answered {
                    self.spent.add(&shown.stats);
                }
                for desk in self.desks.values_mut() {
                    desk.ended(run, answered.clone());
                }
            }
            Outcome::SavedText { workspace, text } => {
                let desk = self.desks.entry(workspace.clone()).or_default();
                desk.set_text(&text);
                desk.focus = query::Focus::Editor;
                self.open(Blade::Query(workspace));
            }
            Outcome::Broken(text) => {
                if let Some(Modal::Dialog(dialog)) = &mut self.modal {
                    dialog.sent = false;
                }
                self.say(text, Token::ToastWarn);
            }
        }
        self.refresh(ctx);
    }

    /// Says so when a request begins to wait that was not there before.
    pub(super) fn notice(&mut self, ctx: &Ctx) {
        let count = ctx.world.lockbox.requests.len();
        let news = match &self.waiting {
            Some((actor, before)) if *actor == self.actor && *before < count => Some(*before),
            _ => None,
        };
        let free = match &self.toast {
            Some(toast) => toast.tone == Token::ToastInfo,
            None => true,
        };
        if news.is_some() && free {
            let newest = Blade::Pending
                .ids(self.eye(ctx), None)
                .ok()
                .and_then(|ids| ids.into_iter().max());
            if let Some(crate::console::rows::ItemId::Request(id)) = newest
                && usize::try_from(id.0).is_ok_and(|n| news.is_some_and(|before| n > before))
            {
                self.say(format!("{id} waits for a decision."), Token::ToastInfo);
            }
        }
        if self
            .waiting
            .as_ref()
            .is_none_or(|(a, n)| *a != self.actor || *n != count)
        {
            self.waiting = Some((self.actor.clone(), count));
        }
    }

    pub fn tempo(&self, ctx: &Ctx, faster: bool) -> Tempo {
        let rate = ctx.clock.rate;
        let next = if faster {
            RATES.iter().find(|r| **r > rate)
        } else {
            RATES.iter().rev().find(|r| **r < rate)
        };
        let ends = if faster {
            RATES[RATES.len() - 1]
        } else {
            RATES[0]
        };
        Tempo::Rate(next.copied().unwrap_or(ends))
    }
}
