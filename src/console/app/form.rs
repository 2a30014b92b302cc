//! A form being filled in: where the cursor is, what stands in the fields, and what the world says to it. After
//! every key the command is built and decided anew, with the events thrown away.

use std::ops::Range;

use super::{App, Ctx, Effect, Modal, Outcome, Typed, edit};
use crate::console::doc::{Block, Line, layout};
use crate::console::forms::{Asking, Blank, Choice, Field, Given, Kind, at_fault, build, doer};
use crate::console::input::{Code, Key};
use crate::console::rows::{Cell, ItemId, Mark};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::foresight::foresee::Tone;
use crate::engine::foresight::{self, Foresight};
use crate::engine::ids::Revision;
use crate::engine::projections::sentence::sentence;
use crate::engine::text::scrub;
use crate::engine::{Actor, Command, Event, Refusal, SimTime, World, draft};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Field(usize),
    /// What has to be typed for what nobody can undo.
    Word,
    No,
    Yes,
}

/// What would happen.
pub struct Would {
    pub actor: Actor,
    pub command: Command,
    /// What has to be typed first.
    pub word: Option<String>,
}

pub struct Form {
    pub blank: &'static Blank,
    item: Option<ItemId>,
    given: Given,
    pub fields: Vec<Field>,
    pub focus: Focus,
    /// What was typed to find a choice.
    pub sought: String,
    /// The option of a field of several the cursor is on.
    pub spot: usize,
    pub word: Typed,
    /// Lines scrolled away from where the cursor would have them.
    pub scrolled: isize,
    /// Under way; a second Enter does nothing.
    pub sent: bool,
    /// What the world answered when it was asked for good.
    answer: Option<Refusal>,
    pub verdict: Result<Would, Refusal>,
    /// What is said below the fields.
    said: Vec<Block>,
    stamp: Option<(Revision, SimTime, Actor)>,
}

/// One line of a form.
pub enum Row {
    /// A line of a field; the first carries its label.
    Field {
        field: usize,
        line: usize,
    },
    Said(Line),
}

/// Where the value of a field begins.
pub const LABEL: u16 = 18;
/// Lines of a long text on the screen.
const LONG: usize = 5;
/// Longest value of a field, in characters.
const TEXT_MAX: usize = 200;
const LONG_MAX: usize = 4_000;
/// Sentences about what would happen.
const SENTENCES: usize = 4;

impl Form {
    fn new(blank: &'static Blank, item: Option<ItemId>, given: Given) -> Form {
        Form {
            blank,
            item,
            given,
            fields: Vec::new(),
            focus: Focus::No,
            sought: String::new(),
            spot: 0,
            word: Typed::default(),
            scrolled: 0,
            sent: false,
            answer: None,
            // Replaced before anybody looks.
            verdict: Err(crate::engine::errors::SIM_01.refuse()),
            said: Vec::new(),
            stamp: None,
        }
    }

    /// Where the cursor begins: on the first field that is empty, else on the first that is not given by what
    /// the cursor was on, else on a button, which is No where something is taken away.
    fn begin(&mut self) {
        let free = |f: &Field| !f.subject;
        let empty = |f: &Field| free(f) && f.value.is_empty();
        let first = self.fields.iter().position(empty);
        let first = first.or_else(|| self.fields.iter().position(free));
        self.focus = match first {
            Some(field) => Focus::Field(field),
            None if self.blank.asks => Focus::No,
            None => Focus::Yes,
        };
    }

    /// Brings fields and verdict up to date with the world, the actor and what was typed.
    fn refresh(&mut self, world: &World, now: SimTime, actor: &Actor) {
        // Within one second of simulated time nothing is said differently.
        let second = SimTime(now.0 - now.0.rem_euclid(1_000_000));
        let stamp = (world.revision, second, actor.clone());
        if self.sent || self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        self.stamp = Some(stamp);
        let asking = Asking {
            world,
            now,
            actor,
            item: self.item.as_ref(),
            given: &self.given,
            brief: false,
        };
        self.fields = (self.blank.fields)(&asking);
        if let Focus::Field(field) = self.focus {
            self.focus = match self.fields.len().checked_sub(1) {
                Some(last) => Focus::Field(field.min(last)),
                None => Focus::No,
            };
        }
        let (verdict, said) = look(self.blank, &asking, &self.fields, self.answer.clone());
        (self.verdict, self.said) = (verdict, said);
        let wanted = self.wanted().is_some();
        if self.focus == Focus::Word && !wanted {
            self.focus = Focus::No;
        }
    }

    fn touched(&mut self) {
        self.answer = None;
        self.stamp = None;
    }

    fn give(&mut self, field: usize, value: String) {
        if let Some(field) = self.fields.get(field) {
            self.given.insert(field.name, value);
            self.touched();
        }
    }

    /// What has to be typed before a yes counts.
    pub fn wanted(&self) -> Option<&str> {
        self.verdict.as_ref().ok()?.word.as_deref()
    }

    pub fn word_right(&self) -> bool {
        self.wanted()
            .is_none_or(|wanted| wanted == self.word.0.trim())
    }

    /// Fields and buttons in the order of Tab.
    pub fn order(&self) -> Vec<Focus> {
        let mut order: Vec<Focus> = (0..self.fields.len()).map(Focus::Field).collect();
        if self.wanted().is_some() {
            order.push(Focus::Word);
        }
        order.extend(if self.blank.asks {
            [Focus::No, Focus::Yes]
        } else {
            [Focus::Yes, Focus::No]
        });
        order
    }

    pub fn turn(&mut self, forward: bool) {
        let order = self.order();
        let at = order.iter().position(|f| *f == self.focus).unwrap_or(0);
        let step = if forward { 1 } else { order.len() - 1 };
        self.go(order[(at + step) % order.len()]);
    }

    pub fn go(&mut self, focus: Focus) {
        self.focus = focus;
        self.sought.clear();
        self.spot = 0;
        self.scrolled = 0;
    }

    /// A key that no action took.
    pub fn key(&mut self, key: Key) {
        if self.sent {
            return;
        }
        match self.focus {
            Focus::Word => {
                self.word.key(key);
            }
            Focus::Field(field) => self.in_field(field, key),
            Focus::No | Focus::Yes => match key.code {
                Code::Left => self.turn(false),
                Code::Right => self.turn(true),
                // Typing begins the word; nothing is done by it.
                _ if key.typed().is_some_and(|c| c != ' ') && self.wanted().is_some() => {
                    self.go(Focus::Word);
                    self.word.key(key);
                }
                _ => {}
            },
        }
    }

    fn in_field(&mut self, at: usize, key: Key) {
        let Some(field) = self.fields.get(at) else {
            return;
        };
        let plain = !key.ctrl && !key.alt;
        match &field.kind {
            Kind::Text { long } => {
                let mut value = field.value.clone();
                if edit(&mut value, key, if *long { LONG_MAX } else { TEXT_MAX }) {
                    self.give(at, value);
                }
            }
            Kind::Number { step } => match key.code {
                Code::Left if plain => self.step(at, *step, false),
                Code::Right if plain => self.step(at, *step, true),
                _ if key.typed().is_some_and(|c| !c.is_ascii_digit()) => {}
                _ => {
                    let mut value = field.value.clone();
                    if edit(&mut value, key, 9) {
                        self.give(at, value);
                    }
                }
            },
            Kind::One(options) => match key.code {
                Code::Left if plain => self.pick(at, false),
                Code::Right if plain => self.pick(at, true),
                // A switch.
                Code::Char(' ') if plain && options.len() == 2 => self.pick(at, true),
                _ => self.seek(at, key),
            },
            Kind::Several(options) => {
                let count = options.len();
                match key.code {
                    Code::Left => self.spot = self.spot.saturating_sub(1),
                    Code::Right => self.spot = (self.spot + 1).min(count.saturating_sub(1)),
                    Code::Char(' ') => self.toggle(at, self.spot),
                    _ => {
                        let typed = key.typed().map(|c| c.to_lowercase().to_string());
                        let next = typed.and_then(|c| {
                            let begins =
                                |i: &usize| options[*i].text.to_lowercase().starts_with(&c);
                            (self.spot + 1..count).chain(0..count).find(begins)
                        });
                        self.spot = next.unwrap_or(self.spot);
                    }
                }
            }
        }
    }

    fn step(&mut self, at: usize, step: u64, up: bool) {
        let value: u64 = self.fields[at].value.parse().unwrap_or(0);
        let value = if up {
            value.saturating_add(step)
        } else {
            value.saturating_sub(step)
        };
        self.give(at, value.to_string());
    }

    /// The options a search leaves; all without one.
    fn offers(&self, at: usize) -> Vec<&Choice> {
        let Some(Kind::One(options)) = self.fields.get(at).map(|f| &f.kind) else {
            return Vec::new();
        };
        found(options, &self.sought)
    }

    /// The next or previous of what a search leaves.
    pub fn pick(&mut self, at: usize, forward: bool) {
        let offers = self.offers(at);
        if offers.is_empty() {
            return;
        }
        let value = &self.fields[at].value;
        let now = offers.iter().position(|o| o.key == *value).unwrap_or(0);
        let step = if forward { 1 } else { offers.len() - 1 };
        let next = offers[(now + step) % offers.len()].key.clone();
        self.give(at, next);
    }

    /// Typing finds a choice; a key that would leave none is not taken.
    fn seek(&mut self, at: usize, key: Key) {
        let mut sought = self.sought.clone();
        if !edit(&mut sought, key, TEXT_MAX) {
            return;
        }
        let Some(Kind::One(options)) = self.fields.get(at).map(|f| &f.kind) else {
            return;
        };
        let value = &self.fields[at].value;
        let offers = found(options, &sought);
        // Beginnings before what only holds the words; what is chosen stays while it fits.
        let needle = sought.to_lowercase();
        let best = offers
            .iter()
            .find(|o| !sought.is_empty() && o.text.to_lowercase().starts_with(&needle))
            .or_else(|| offers.iter().find(|o| o.key == *value))
            .or(offers.first());
        if let Some(best) = best {
            let key = best.key.clone();
            self.sought = sought;
            self.give(at, key);
        }
    }

    pub fn toggle(&mut self, at: usize, option: usize) {
        let Some(field) = self.fields.get(at) else {
            return;
        };
        let Kind::Several(options) = &field.kind else {
            return;
        };
        let on: Vec<&str> = options
            .iter()
            .enumerate()
            .filter(|(i, o)| field.value.lines().any(|k| k == o.key) != (*i == option))
            .map(|(_, o)| o.key.as_str())
            .collect();
        self.spot = option;
        self.give(at, on.join("\n"));
    }

    pub fn newline(&mut self) {
        if let Focus::Field(at) = self.focus
            && let Some(field) = self.fields.get(at)
            && field.kind == (Kind::Text { long: true })
            && field.value.chars().count() < LONG_MAX
        {
            self.give(at, format!("{}\n", field.value));
        }
    }

    /// Pasted text: lines stay in a long text, whatever a terminal would act on goes.
    /// Characters of the text the focus is on.
    pub fn typed(&self) -> Option<usize> {
        match self.focus {
            Focus::Word => Some(self.word.0.chars().count()),
            Focus::Field(at) => Some(self.fields.get(at)?.value.chars().count()),
            _ => None,
        }
    }

    pub fn paste(&mut self, pasted: &str) {
        if self.sent {
            return;
        }
        match self.focus {
            Focus::Word => self.word.paste(pasted),
            Focus::Field(at) => {
                let Some(field) = self.fields.get(at) else {
                    return;
                };
                let clean = pasted.replace("\r\n", "\n").replace(['\r', '\t'], " ");
                let calm = |c: &char| !crate::engine::text::acts(*c);
                let room = |max: usize| max.saturating_sub(field.value.chars().count());
                let more: String = match &field.kind {
                    Kind::Text { long: true } => clean
                        .chars()
                        .filter(|c| *c == '\n' || calm(c))
                        .take(room(LONG_MAX))
                        .collect(),
                    Kind::Text { long: false } => {
                        let line = clean.trim().replace('\n', " ");
                        line.chars().filter(calm).take(room(TEXT_MAX)).collect()
                    }
                    Kind::Number { .. } => {
                        let digits = clean.chars().filter(char::is_ascii_digit);
                        digits.take(room(9)).collect()
                    }
                    Kind::One(options) => {
                        let exact = options.iter().find(|o| o.key == clean.trim());
                        if let Some(key) = exact.map(|o| o.key.clone()) {
                            self.give(at, key);
                        }
                        return;
                    }
                    Kind::Several(_) => return,
                };
                let value = format!("{}{more}", field.value);
                self.give(at, value);
            }
            Focus::No | Focus::Yes => {}
        }
    }

    pub fn scroll(&mut self, by: isize) {
        self.scrolled = self.scrolled.saturating_add(by).clamp(-100, 100);
    }

    /// The field the world finds fault with.
    pub fn fault(&self) -> Option<usize> {
        at_fault(&self.fields, self.verdict.as_ref().err()?)
    }

    /// What is said below the fields.
    pub fn said(&self) -> &[Block] {
        &self.said
    }

    /// Whether nothing was typed yet where something is needed.
    pub fn is_fresh(&self, field: &Field) -> bool {
        let text = matches!(field.kind, Kind::Text { .. });
        text && field.value.is_empty() && !self.given.contains_key(field.name)
    }

    /// The options of a field of several as they stand in `room` columns: line, column, option.
    pub fn spots(options: &[Choice], room: u16) -> Vec<(usize, u16, usize)> {
        let (mut line, mut x) = (0, 0);
        let mut spots = Vec::with_capacity(options.len());
        for (i, option) in options.iter().enumerate() {
            let width = spot_width(option).min(room);
            if x > 0 && x + width > room {
                (line, x) = (line + 1, 0);
            }
            spots.push((line, x, i));
            x += width + 2;
        }
        spots
    }

    /// The last lines of a long text, scrubbed and wrapped.
    pub fn long_lines(value: &str, room: u16) -> Vec<String> {
        let mut lines: Vec<String> = value
            .split('\n')
            .flat_map(|line| text::wrap(&scrub(line), usize::from(room)))
            .collect();
        let first = lines.len().saturating_sub(LONG);
        lines.split_off(first)
    }

    fn height(&self, field: &Field, room: u16) -> usize {
        match &field.kind {
            Kind::Text { long: true } => Form::long_lines(&field.value, room).len().max(2),
            Kind::Several(options) => {
                let spots = Form::spots(options, room);
                spots.last().map_or(1, |(line, ..)| line + 1)
            }
            _ => 1,
        }
    }

    /// Everything between title and buttons, in lines of `width` columns, and those that should be in sight.
    pub fn rows(&self, width: u16) -> (Vec<Row>, Range<usize>) {
        let room = width.saturating_sub(LABEL);
        let refusal = self.verdict.as_ref().err();
        let fault = self.fault();
        let mut rows = Vec::new();
        let mut sight = 0..0;
        for (i, field) in self.fields.iter().enumerate() {
            let begin = rows.len();
            let height = self.height(field, room);
            rows.extend((0..height).map(|line| Row::Field { field: i, line }));
            let focused = self.focus == Focus::Field(i);
            if focused && !field.hint.is_empty() {
                let hint = Block::Text(Cell::new(field.hint).tone(Token::Hint));
                rows.extend(indented(&[hint], width));
            }
            // Nobody is scolded for what they have not come to yet.
            if let Some(no) = refusal.filter(|_| fault == Some(i) && !self.is_fresh(field)) {
                rows.extend(indented(&refusal_blocks(no), width));
            }
            if focused {
                sight = begin..rows.len();
            }
        }
        let mut said = Vec::new();
        if let Some(no) = refusal.filter(|_| fault.is_none()) {
            said.extend(refusal_blocks(no));
        }
        said.extend(self.said.iter().cloned());
        if !said.is_empty() {
            rows.push(Row::Said(Line::default()));
            rows.extend(layout(&said, width).into_iter().map(Row::Said));
        }
        if !matches!(self.focus, Focus::Field(_)) {
            sight = rows.len()..rows.len();
        }
        (rows, sight)
    }
}

pub fn spot_width(option: &Choice) -> u16 {
    u16::try_from(text::width(&option.text))
        .unwrap_or(u16::MAX)
        .saturating_add(4)
}

fn found<'a>(options: &'a [Choice], sought: &str) -> Vec<&'a Choice> {
    let needle = sought.to_lowercase();
    options
        .iter()
        .filter(|o| o.text.to_lowercase().contains(&needle))
        .collect()
}

/// Lines under a field, beside its label where there is room for that.
fn indented(blocks: &[Block], width: u16) -> Vec<Row> {
    let by = if width < 2 * LABEL { 2 } else { LABEL };
    let mut lines = layout(blocks, width.saturating_sub(by));
    for line in &mut lines {
        for piece in &mut line.pieces {
            piece.x += by;
        }
    }
    lines.into_iter().map(Row::Said).collect()
}

fn refusal_blocks(refusal: &Refusal) -> Vec<Block> {
    let say = |text: String, tone| Block::Text(Cell::new(text).tone(tone));
    let mut blocks = vec![
        Block::Text(
            Cell::new(refusal.to_string())
                .mark(Mark::Bad)
                .tone(Token::Danger),
        ),
        say(
            format!(
                "{} · {} {} · rule {}",
                refusal.id, refusal.status, refusal.code, refusal.rule
            ),
            Token::Muted,
        ),
        say(scrub(&refusal.remedy).into_owned(), Token::Text),
    ];
    if let Some(at) = refusal.allowed_from {
        blocks.push(say(
            format!("Allowed from {} UTC.", at.to_seconds()),
            Token::Text,
        ));
    }
    blocks
}

/// What the world says to a form, and what there is to know before.
fn look(
    blank: &'static Blank,
    asking: &Asking,
    fields: &[Field],
    answer: Option<Refusal>,
) -> (Result<Would, Refusal>, Vec<Block>) {
    let command = match build(blank, asking, fields) {
        Ok(command) => command,
        Err(no) => return (Err(no), Vec::new()),
    };
    let actor = doer(blank, asking.actor);
    let then = match answer {
        Some(no) => Err(no),
        None => draft(asking.world, asking.now, &actor, &command),
    };
    let mut said = Vec::new();
    let verdict = match then {
        Err(no) => Err(no),
        Ok(then) => {
            said = sentences(&then.world, &then.events);
            let foresight = foresight::foresee::of(asking.world, &command, then);
            said.extend(foreseen(&foresight, asking.actor));
            let word = (blank.word)(asking.world, &command);
            Ok(Would {
                actor,
                command: command.clone(),
                word,
            })
        }
    };
    said.extend((blank.notes)(asking, &command, verdict.is_ok()));
    (verdict, said)
}

/// What follows from something, in sentences, for somebody.
pub fn foreseen(foresight: &Foresight, viewer: &Actor) -> Vec<Block> {
    let block = |tone: Tone, text: String| {
        let cell = Cell::new(text);
        Block::Text(match tone {
            Tone::Good => cell.mark(Mark::Ok).tone(Token::Ok),
            Tone::Bad => cell.mark(Mark::Bad).tone(Token::Danger),
            Tone::Warn => cell.mark(Mark::Warn).tone(Token::Warn),
            Tone::Note => cell.mark(Mark::Info).tone(Token::Muted),
        })
    };
    let said = foresight.said(viewer).into_iter();
    said.map(|said| block(said.tone, said.text)).collect()
}

/// Events that have not happened, in the sentences they would have.
fn sentences(world: &World, events: &[Event]) -> Vec<Block> {
    let mut said = vec![Block::Text(
        Cell::new("This would happen:").tone(Token::Muted),
    )];
    for event in events.iter().take(SENTENCES) {
        said.push(Block::Text(
            Cell::new(sentence(world, event)).mark(Mark::Info),
        ));
    }
    if events.len() > SENTENCES {
        let rest = events.len() - SENTENCES;
        let more = format!(
            "and {}.",
            foresight::counted(rest as u64, "more event", "more events")
        );
        said.push(Block::Text(Cell::new(more).tone(Token::Hint)));
    }
    said
}

impl App {
    /// Opens a blank form about something.
    pub fn fill_in(&mut self, ctx: &Ctx, blank: &'static Blank, item: Option<ItemId>) {
        let mut form = Form::new(blank, item, Given::new());
        form.refresh(ctx.world, ctx.now, &self.actor);
        form.begin();
        self.modal = Some(Modal::Form(Box::new(form)));
    }

    /// Opens a form that is filled in already; the cursor is on a button.
    pub fn confirm(&mut self, ctx: &Ctx, blank: &'static Blank, item: ItemId, given: Given) {
        let mut form = Form::new(blank, Some(item), given);
        form.refresh(ctx.world, ctx.now, &self.actor);
        form.focus = match blank.asks {
            true => Focus::No,
            false => Focus::Yes,
        };
        self.modal = Some(Modal::Form(Box::new(form)));
    }

    pub(super) fn refresh_form(&mut self, ctx: &Ctx) {
        if let Some(Modal::Form(form)) = &mut self.modal {
            form.refresh(ctx.world, ctx.now, &self.actor);
        }
    }

    pub fn form(&mut self) -> Option<&mut Form> {
        match &mut self.modal {
            Some(Modal::Form(form)) => Some(form),
            _ => None,
        }
    }

    /// Enter in a form.
    pub fn press_form(&mut self, ctx: &Ctx) -> Vec<Effect> {
        self.refresh_form(ctx);
        let Some(form) = self.form() else {
            return Vec::new();
        };
        if form.sent {
            return Vec::new();
        }
        let (tone, says) = match (form.focus, &form.verdict) {
            (Focus::No, _) => {
                self.modal = None;
                (Token::ToastInfo, "Nothing was done.".to_owned())
            }
            (Focus::Field(_), _) => {
                form.turn(true);
                return Vec::new();
            }
            (Focus::Word, _) if form.word_right() => {
                form.go(Focus::Yes);
                return Vec::new();
            }
            (_, Err(no)) => {
                let says = no.to_string();
                if let Some(field) = at_fault(&form.fields, no) {
                    form.go(Focus::Field(field));
                }
                (Token::ToastWarn, says)
            }
            (Focus::Yes, Ok(would)) if form.word_right() => {
                let effect = Effect::Submit {
                    actor: would.actor.clone(),
                    command: Box::new(would.command.clone()),
                    done: None,
                };
                form.sent = true;
                return vec![effect];
            }
            (Focus::Word | Focus::Yes, Ok(_)) => {
                let says = format!("Type {} first.", form.wanted().unwrap_or_default());
                form.go(Focus::Word);
                (Token::ToastWarn, says)
            }
        };
        self.say(says, tone);
        Vec::new()
    }

    /// A click on a field goes there, on the choice one is on takes the next, on a button presses it.
    pub(super) fn click_form(&mut self, ctx: &Ctx, focus: Focus) -> Vec<Effect> {
        let Some(form) = self.form() else {
            return Vec::new();
        };
        match focus {
            Focus::Field(field) if form.focus == focus => form.pick(field, true),
            Focus::Field(_) | Focus::Word => form.go(focus),
            Focus::No | Focus::Yes => {
                form.go(focus);
                return self.press_form(ctx);
            }
        }
        Vec::new()
    }

    /// A form that was sent came back; what is left for others to handle.
    pub(super) fn form_finished(&mut self, outcome: Outcome) -> Option<Outcome> {
        let Some(form) = self.form().filter(|form| form.sent) else {
            return Some(outcome);
        };
        match outcome {
            Outcome::Refused(refusal) => {
                form.sent = false;
                form.touched();
                form.answer = Some(*refusal);
                None
            }
            Outcome::Broken(_) => {
                form.sent = false;
                Some(outcome)
            }
            Outcome::Happened(_) => {
                self.modal = None;
                Some(outcome)
            }
            // An order to the clock, or a look at a file, came back.
            Outcome::Done(_)
            | Outcome::Looked(_)
            | Outcome::Arrived(_)
            | Outcome::Answered { .. }
            | Outcome::SavedText { .. } => Some(outcome),
        }
    }
}

/// What happened, in the words of its first event.
pub fn told(world: &World, events: &[Event]) -> String {
    events
        .first()
        .map_or_else(String::new, |event| sentence(world, event))
}
