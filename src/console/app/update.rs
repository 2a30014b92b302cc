//! Inputs in, effects out.

use super::dialog::{Dialog, Focus, Question};
use super::geometry::{self, Hit};
use super::page::list_area;
use super::palette::Offer;
use super::travel::Travel;
use super::{App, Ctx, Effect, Input, Modal, Outcome, Tempo, Typed};
use crate::console::actions::{ACTIONS, Danger, Scope};
use crate::console::blades::{Blade, blocks, opens, people, query};
use crate::console::input::{Code, Key, Resolution};
use crate::console::paint::help;
use crate::console::rows::ItemId;
use crate::console::theme::Token;
use crate::engine::draft;
use crate::engine::ids::Revision;
use crate::engine::lockbox::request::Operation;
use crate::engine::text::{acts, scrub};
use crate::engine::words::{did_you_mean, nearest};
use crate::runtime::Look;

/// Steps of `+` and `-`.
pub const RATES: [u32; 7] = [1, 2, 10, 60, 600, 3_600, 86_400];
const WHEEL: isize = 3;
/// How often a count does what is more than a move.
const STEPS_MOST: u16 = 50;

impl App {
    pub fn update(&mut self, ctx: &Ctx, input: Input) -> Vec<Effect> {
        let effects = match input {
            Input::Key(key) => {
                self.toast = None;
                self.page_mut().changed.clear();
                self.key(ctx, key)
            }
            Input::Paste(text) => {
                self.toast = None;
                let before = self.typed();
                self.paste(&text);
                self.say_what_fitted(before, &text);
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
        // A sequence that is not finished is given up, and nothing else.
        let gives_up = key == Key::plain(Code::Esc);
        if gives_up && self.modal.is_none() && (!self.pending.is_empty() || self.count.is_some()) {
            self.pending.clear();
            self.count = None;
            return Vec::new();
        }
        self.pending.push(key);
        let keymap = self.keymap.clone();
        match keymap.resolve(&self.scopes(), &self.pending) {
            Resolution::Action(action) => {
                self.pending.clear();
                match self.count.take() {
                    Some(count) => self.run_often(ctx, action, count),
                    None => self.run(ctx, action),
                }
            }
            Resolution::Nothing if self.counts(key) => {
                self.pending.clear();
                Vec::new()
            }
            Resolution::Pending(_) => Vec::new(),
            Resolution::Nothing => {
                self.count = None;
                let alone = self.pending.len() == 1;
                let keys = std::mem::take(&mut self.pending);
                let own = self.programs.iter().find(|own| own.keys == keys).cloned();
                if let Some(own) = own.filter(|_| !self.takes_text() && self.modal.is_none()) {
                    return self.run_program(ctx, &own);
                }
                if alone && self.takes_text() {
                    self.text(ctx, key);
                } else if self.modal.is_none() && !self.filtering {
                    self.unknown(&keys);
                }
                Vec::new()
            }
        }
    }

    /// Takes a digit of a count.
    fn counts(&mut self, key: Key) -> bool {
        let digit = key.typed().and_then(|c| c.to_digit(10));
        let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
            return false;
        };
        let first = self.count.is_none();
        if self.modal.is_some()
            || self.takes_text()
            || self.pending.len() != 1
            || first && digit == 0
        {
            return false;
        }
        // Four digits; the rest is not taken.
        let count = self.count.unwrap_or(0);
        self.count = Some(if count < 1_000 {
            count * 10 + digit
        } else {
            count
        });
        true
    }

    /// Does what can be done several times so often; `12G` goes to a row. Nothing is decided by a count.
    fn run_often(&mut self, ctx: &Ctx, action: usize, count: u16) -> Vec<Effect> {
        let def = &ACTIONS[action];
        if def.name == "move.bottom" && self.modal.is_none() && self.page().blade.is_list() {
            self.page_mut().go(usize::from(count).saturating_sub(1));
            return Vec::new();
        }
        let steps = [
            "clock.next",
            "past.before",
            "past.next",
            "past.consequence-before",
            "past.consequence-next",
            "list.mark",
        ];
        if def.scope != Scope::Move && !steps.contains(&def.name) {
            if def.danger != Danger::Safe {
                self.say(
                    "A count does nothing here; it was left out.",
                    Token::ToastInfo,
                );
            }
            return self.run(ctx, action);
        }
        // A step of time is work; nobody counts far more of them than they can look at.
        let most = if def.scope == Scope::Move {
            count
        } else {
            count.min(STEPS_MOST)
        };
        (0..most).flat_map(|_| self.run(ctx, action)).collect()
    }

    /// What was done last and is neither a way nor a move, once more on what the cursor is on now.
    pub fn run_again(&mut self, ctx: &Ctx) -> Vec<Effect> {
        match self.again {
            Some(action) => self.run(ctx, action),
            None => {
                self.say(
                    "Nothing was done yet that could be done again.",
                    Token::ToastInfo,
                );
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
            .enumerate()
            .any(|(n, a)| a.scope.is_of_a_blade() && self.keymap.keys_of(n).contains(&keys));
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
        let ways = [
            "go.",
            "app.",
            "move.",
            "list.open",
            "list.filter",
            "link.",
            "help.",
            "menu.",
            "filter.",
            "columns.",
            "dialog.",
            "form.",
        ];
        if !ways.iter().any(|way| def.name.starts_with(way)) {
            self.again = Some(action);
        }
        if let Some(why) = self.why_not(def, ctx) {
            self.say(why, Token::ToastWarn);
            if !def.explains_itself || self.readonly {
                return Vec::new();
            }
        }
        let mut effects = (def.run)(self, ctx);
        if def.scope == Scope::Move {
            effects.extend(self.try_theme());
        }
        effects
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
            Some(
                Modal::Help { .. }
                | Modal::Columns { .. }
                | Modal::Notices { .. }
                | Modal::Bookmarks { .. }
                | Modal::Themes { .. },
            ) => {}
            None if self.filtering => {
                let mut typed = Typed(self.page().view.filter.clone());
                typed.key(key);
                self.set_filter(typed.0);
            }
            None => self.query_key(ctx, key),
        }
    }

    /// Characters of the text that is being typed; none where nothing takes text.
    fn typed(&self) -> Option<usize> {
        let count = |text: &str| text.chars().count();
        match &self.modal {
            Some(
                Modal::Palette { typed, .. }
                | Modal::People { typed, .. }
                | Modal::Prompt { typed, .. },
            ) => Some(count(&typed.0)),
            Some(Modal::Dialog(dialog)) => dialog.typed(),
            Some(Modal::Form(form)) => form.typed(),
            Some(
                Modal::Help { .. }
                | Modal::Columns { .. }
                | Modal::Notices { .. }
                | Modal::Bookmarks { .. }
                | Modal::Themes { .. },
            ) => None,
            None if self.filtering => Some(count(&self.page().view.filter)),
            None => match &self.page().blade {
                Blade::Query(id) if self.edits() => {
                    let desk = self.desks.get(id);
                    Some(desk.map_or(0, |desk| count(&desk.text())))
                }
                _ => None,
            },
        }
    }

    /// What was pasted and did not fit is not passed over.
    fn say_what_fitted(&mut self, before: Option<usize>, pasted: &str) {
        let (Some(before), Some(after)) = (before, self.typed()) else {
            self.say("Nothing takes text here.", Token::ToastWarn);
            return;
        };
        let asked = pasted.trim().chars().filter(|c| !acts(*c)).count();
        let taken = after.saturating_sub(before);
        if taken < asked {
            let says =
                format!("{taken} of {asked} pasted characters were taken; no more fit here.");
            self.say(says, Token::ToastWarn);
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
            Some(
                Modal::Help { .. }
                | Modal::Columns { .. }
                | Modal::Notices { .. }
                | Modal::Bookmarks { .. }
                | Modal::Themes { .. },
            ) => {}
            None if self.filtering => {
                let mut typed = Typed(self.page().view.filter.clone());
                typed.paste(text);
                self.set_filter(typed.0);
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
            Some(Hit::Column(column)) => {
                self.sort_by(column);
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
                    Some(
                        Modal::Palette { cursor, .. }
                        | Modal::People { cursor, .. }
                        | Modal::Columns { cursor }
                        | Modal::Bookmarks { cursor }
                        | Modal::Themes { cursor, .. },
                    ) => std::mem::replace(cursor, index) == index,
                    _ => false,
                };
                if matches!(self.modal, Some(Modal::Themes { .. })) {
                    return match chosen {
                        true => self.end_themes(true),
                        false => self.try_theme(),
                    };
                }
                if chosen && matches!(self.modal, Some(Modal::Bookmarks { .. })) {
                    return self.open_bookmark(ctx);
                }
                if chosen && matches!(self.modal, Some(Modal::Columns { .. })) {
                    self.toggle_column();
                } else if chosen {
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
            Some(Hit::Scrub(bar)) => {
                let head = self.at.past.as_ref().map_or(0, |past| past.head.0);
                let part = u64::from(x.saturating_sub(bar.x));
                let revision = head * part / u64::from(bar.width.saturating_sub(1).max(1));
                let look = Look::Revision(Revision(revision.max(1)));
                vec![Effect::Travel(Travel::Look(look))]
            }
            Some(Hit::Backdrop) | None => Vec::new(),
        }
    }

    /// Moves the cursor, or scrolls what has none.
    pub fn shift(&mut self, ctx: &Ctx, by: isize) {
        let height = usize::from(geometry::body(self.size).height);
        let last = match &self.modal {
            Some(Modal::Help { .. }) => help::last(self, ctx, geometry::body(self.size)),
            Some(Modal::People { typed, .. }) => {
                self.personas(ctx, &typed.0).len().saturating_sub(1)
            }
            Some(Modal::Palette { typed, .. }) => {
                self.offers(ctx, &typed.0).len().saturating_sub(1)
            }
            _ => 0,
        };
        let (notices, themes) = (self.telling.notices.len(), self.telling.themes.len());
        let marks = self.places.marks.len();
        let page = self.page();
        let columns = page.view.ordered(page.blade.columns()).len();
        let asking = matches!(page.blade, Blade::Query(_));
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
                *first = (*first).min(last).saturating_add_signed(by).min(last);
            }
            Some(Modal::Palette { cursor, .. } | Modal::People { cursor, .. }) => {
                *cursor = cursor.saturating_add_signed(by).min(last);
            }
            Some(Modal::Notices { first }) => {
                *first = first
                    .saturating_add_signed(by)
                    .min(notices.saturating_sub(1));
            }
            Some(Modal::Bookmarks { cursor }) => {
                *cursor = cursor
                    .saturating_add_signed(by)
                    .min(marks.saturating_sub(1));
            }
            Some(Modal::Themes { cursor, .. }) => {
                *cursor = cursor
                    .saturating_add_signed(by)
                    .min(themes.saturating_sub(1));
            }
            Some(Modal::Columns { cursor }) => {
                *cursor = cursor
                    .saturating_add_signed(by)
                    .min(columns.saturating_sub(1));
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
                    page.follow = false;
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
                self.detail,
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
            self.stack.push(self.views.page(blade));
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
            self.change_view(|view| view.filter.clear());
        } else if !self.page().marks.is_empty() {
            self.page_mut().marks.clear();
        } else if !self.page().view.filter.is_empty() {
            self.change_view(|view| view.filter.clear());
        } else if self.stack.len() > 1 {
            self.stack.pop();
        }
    }

    /// Asks about what is marked, and where nothing is, about what the cursor is on.
    pub fn ask_question(&mut self, question: Question) {
        let same = |id: &ItemId| match (question, id) {
            (Question::Approve(_), ItemId::Request(id)) => Some(Question::Approve(*id)),
            (Question::Deny(_), ItemId::Request(id)) => Some(Question::Deny(*id)),
            (Question::Revoke(_), ItemId::Grant(id)) => Some(Question::Revoke(*id)),
            _ => None,
        };
        let mut marked = self.page().marks.iter().filter_map(same);
        let mut dialog = Dialog::new(marked.next().unwrap_or(question));
        dialog.others = marked.collect();
        self.modal = Some(Modal::Dialog(Box::new(dialog)));
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
            Some(Modal::Palette { typed, .. }) if typed.0.starts_with('!') => {
                let name = typed.0[1..].trim();
                match self.programs.iter().find(|own| own.name == name).cloned() {
                    Some(own) => return self.run_program(ctx, &own),
                    None => {
                        let near = nearest(name, self.programs.iter().map(|own| own.name.as_str()));
                        let hint =
                            did_you_mean(near, "They stand in commands.toml; see lockbox paths.");
                        let says =
                            format!("There is no program {:?} of yours. {hint}", scrub(name));
                        self.say(says, Token::ToastWarn);
                    }
                }
            }
            Some(Modal::Palette { typed, cursor }) => {
                let alias = typed.0.trim().to_lowercase();
                if let Some(action) = self.keymap.aliases.get(&alias) {
                    return self.run(ctx, *action);
                }
                match self
                    .offers(ctx, &typed.0)
                    .into_iter()
                    .nth(cursor)
                    .map(|o| o.offer)
                {
                    Some(Offer::Action(action)) => return self.run(ctx, action),
                    Some(Offer::Thing(id)) => {
                        if let Some(blade) = opens(ctx.world, &id) {
                            self.open(blade);
                        }
                        return Vec::new();
                    }
                    Some(Offer::Person(id)) => return self.act_as(ctx, &id),
                    None => {}
                }
                self.say(
                    format!("There is no command {:?}.", typed.0),
                    Token::ToastWarn,
                );
            }
            Some(Modal::People { typed, cursor, .. }) => {
                let chosen = self.personas(ctx, &typed.0).into_iter().nth(cursor);
                if let Some(id) = chosen {
                    effects = self.act_as(ctx, &id);
                }
            }
            Some(Modal::Prompt { asked, typed }) => return self.answer_line(ctx, asked, typed),
            other => self.modal = other,
        }
        effects
    }

    /// Somebody else sits down.
    fn act_as(&mut self, ctx: &Ctx, id: &ItemId) -> Vec<Effect> {
        let Some(actor) = people::actor(id) else {
            return Vec::new();
        };
        self.actor = actor;
        // Where somebody else was is theirs.
        self.places = super::places::Places::default();
        let effects = self.clear_desks();
        let who = crate::console::blades::shared::actor_name(ctx.world, &self.actor);
        self.say(format!("You act as {who} now."), Token::ToastOk);
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
                if !dialog.others.is_empty() {
                    let each = dialog.questions().map(|question| Effect::Submit {
                        actor: actor.clone(),
                        command: Box::new(dialog.command_for(question)),
                        done: Some(String::new()),
                    });
                    return each.collect();
                }
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

    /// One of several decisions came back; after the last it is said how they went.
    fn decided_one(&mut self, outcome: &Outcome) -> bool {
        let Some(Modal::Dialog(dialog)) = &mut self.modal else {
            return false;
        };
        if !dialog.sent || dialog.others.is_empty() {
            return false;
        }
        match outcome {
            Outcome::Done(_) => dialog.went.done += 1,
            Outcome::Refused(refusal) => dialog.went.refused.push(refusal.message.clone()),
            Outcome::Broken(why) => dialog.went.refused.push(why.clone()),
            _ => return false,
        }
        let went = dialog.went.clone();
        if went.done + went.refused.len() <= dialog.others.len() {
            return true;
        }
        let verb = match dialog.question {
            Question::Approve(_) => "approved",
            Question::Deny(_) => "denied",
            Question::Revoke(_) => "revoked",
        };
        self.modal = None;
        self.page_mut().marks.clear();
        let (said, tone) = match went.refused.first() {
            None => (format!("{} {verb}.", went.done), Token::ToastOk),
            Some(why) => (
                format!("{} {verb}, {} not: {why}", went.done, went.refused.len()),
                Token::ToastWarn,
            ),
        };
        self.say(said, tone);
        true
    }

    /// A command the driver submitted came back.
    pub fn finished(&mut self, ctx: &Ctx, outcome: Outcome) {
        let sent = matches!(&self.modal, Some(Modal::Dialog(d)) if d.sent);
        if self.decided_one(&outcome) {
            self.refresh(ctx);
            return;
        }
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
                self.tell_everywhere(format!("{id} waits for a decision."));
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
