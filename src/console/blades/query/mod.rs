//! The query blade: a desk for each workspace with the text being written and what came of the last question.
//! Plain state; the driver asks and brings the answer. The texts asked are kept for the session only, because
//! they may be sensitive (R-BYOS-01), and not at all where a workspace keeps no history (R-BYOS-07).

pub mod answer;
pub mod chart;
pub mod view;

pub use answer::Shown;

use std::time::Duration;

use tui_textarea::{CursorMove, DataCursor, Input as TextInput, Key as TextKey, TextArea};

use crate::console::input::{Code, Key};
use crate::console::text;
use crate::engine::ids::ResourceId;
use crate::engine::text::scrub;
use crate::engine::{Refusal, SimTime};
use crate::logs::kql::{Catalog, KqlError, Offer, What, complete};
use crate::logs::query::{Progress, Stats};
use crate::runtime::{Ask, HostError};

/// Offers at once.
const OFFERS: usize = 60;
/// Longest text of a query, in characters.
const TEXT_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Editor,
    Answer,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    Cells(Box<Shown>),
    Mistakes(Vec<KqlError>),
    Refused(Box<Refusal>),
    Broken(String),
}

impl Answered {
    pub fn failed(error: HostError) -> Answered {
        match error {
            HostError::Query(mistakes) => Answered::Mistakes(mistakes),
            HostError::Refused(refusal) => Answered::Refused(Box::new(refusal)),
            other => Answered::Broken(scrub(&other.to_string()).into_owned()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum State {
    Idle,
    Running { run: u64, progress: Progress },
    Ended(Answered),
}

/// What the questions of this console took so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub answered: u64,
    /// Sealed bytes that were read for them.
    pub bytes: u64,
    /// How long the last one took.
    pub last: Option<Duration>,
}

impl Spent {
    pub fn add(&mut self, stats: &Stats) {
        self.answered += 1;
        self.bytes = self.bytes.saturating_add(stats.bytes);
        self.last = Some(stats.elapsed);
    }
}

/// One workspace's desk.
pub struct Desk {
    pub editor: TextArea<'static>,
    pub focus: Focus,
    /// Ask for what can be read, if not all can.
    pub partial: bool,
    pub state: State,
    /// The text the state is about.
    pub asked: String,
    history: Vec<String>,
    /// The place in the history that is shown.
    place: Option<usize>,
    /// Row and first row of the answer, in the order it is shown.
    pub row: usize,
    pub first: usize,
    /// The column that is marked; the first one shown.
    pub column: usize,
    /// The marked row alone, with all its columns; the first line of it on the screen.
    pub detail: Option<usize>,
    /// Draw what the query asks to be drawn.
    pub chart: bool,
    /// What could stand at the cursor.
    pub popup: Option<Popup>,
}

/// What could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Popup {
    /// Where in the text what is chosen goes, in bytes, up to the cursor.
    from: usize,
    pub offers: Vec<Offer>,
    pub index: usize,
    /// Somebody went to one; Enter takes it.
    chosen: bool,
}

impl Popup {
    fn step(&mut self, down: bool) {
        // The first step down goes to the first, which Tab would take anyway.
        if !std::mem::replace(&mut self.chosen, true) && down {
            return;
        }
        let count = self.offers.len().max(1);
        let by = if down { 1 } else { count - 1 };
        self.index = (self.index + by) % count;
    }
}

impl Default for Desk {
    fn default() -> Desk {
        Desk {
            editor: TextArea::default(),
            focus: Focus::Editor,
            partial: false,
            state: State::Idle,
            asked: String::new(),
            history: Vec::new(),
            place: None,
            row: 0,
            first: 0,
            column: 0,
            detail: None,
            chart: true,
            popup: None,
        }
    }
}

impl Desk {
    pub fn text(&self) -> String {
        self.editor.lines().join("\n")
    }

    pub fn set_text(&mut self, text: &str) {
        let clean: String = text
            .chars()
            .filter(|c| *c == '\n' || !crate::engine::text::acts(*c))
            .take(TEXT_MAX)
            .collect();
        self.editor = TextArea::from(clean.split('\n'));
        self.editor.move_cursor(CursorMove::Bottom);
        self.editor.move_cursor(CursorMove::End);
        self.popup = None;
    }

    pub fn answer(&self) -> Option<&Shown> {
        match &self.state {
            State::Ended(Answered::Cells(shown)) => Some(shown),
            _ => None,
        }
    }

    pub fn running(&self) -> Option<u64> {
        match &self.state {
            State::Running { run, .. } => Some(*run),
            _ => None,
        }
    }

    /// A key for the text, or for what is offered.
    pub fn key(&mut self, key: Key, catalog: &dyn Catalog) {
        let moves = matches!(key.code, Code::Up | Code::Down) && !key.ctrl && !key.alt;
        if let Some(popup) = self.popup.as_mut().filter(|_| moves) {
            return popup.step(key.code == Code::Down);
        }
        if key.code == Code::Enter && self.popup.as_ref().is_some_and(|p| p.chosen) {
            return self.accept();
        }
        let code = match key.code {
            Code::Char(c) if key.ctrl || key.typed().is_some() => TextKey::Char(c),
            Code::Enter => TextKey::Enter,
            Code::Backspace => TextKey::Backspace,
            Code::Delete => TextKey::Delete,
            Code::Up => TextKey::Up,
            Code::Down => TextKey::Down,
            Code::Left => TextKey::Left,
            Code::Right => TextKey::Right,
            Code::Home => TextKey::Home,
            Code::End => TextKey::End,
            Code::PageUp => TextKey::PageUp,
            Code::PageDown => TextKey::PageDown,
            _ => return,
        };
        let grows = key.typed().is_some() || key.code == Code::Enter;
        if grows && self.text().chars().count() >= TEXT_MAX {
            return;
        }
        let changed = self.editor.input(TextInput {
            key: code,
            ctrl: key.ctrl,
            alt: key.alt,
            shift: key.shift,
        });
        // Offers follow what is typed; going elsewhere ends them.
        match changed && key.code != Code::Enter {
            true => self.offer(catalog, false),
            false => self.popup = None,
        }
    }

    /// The cursor as a place in the text, in bytes.
    fn at(&self) -> usize {
        let DataCursor(line, column) = self.editor.cursor();
        let lines = self.editor.lines();
        let before: usize = lines.iter().take(line).map(|l| l.len() + 1).sum();
        let within = lines.get(line).map_or(0, |l| {
            l.char_indices().nth(column).map_or(l.len(), |(at, _)| at)
        });
        before + within
    }

    /// Looks for what could stand at the cursor; `asked` also where nothing was typed yet.
    fn offer(&mut self, catalog: &dyn Catalog, asked: bool) {
        let at = self.at();
        let (from, mut offers) = complete(&self.text(), at, catalog);
        offers.truncate(OFFERS);
        self.popup = (!offers.is_empty() && (at > from || asked)).then_some(Popup {
            from,
            offers,
            index: 0,
            chosen: false,
        });
    }

    /// Tab: writes the offer that is marked, or looks for offers.
    pub fn complete(&mut self, catalog: &dyn Catalog) {
        match self.popup {
            Some(_) => self.accept(),
            None => self.offer(catalog, true),
        }
    }

    fn accept(&mut self) {
        let Some(popup) = self.popup.take() else {
            return;
        };
        let Some(offer) = popup.offers.get(popup.index) else {
            return;
        };
        let (text, at) = (self.text(), self.at());
        let typed = text.get(popup.from..at).map_or(0, |t| t.chars().count());
        for _ in 0..typed {
            self.editor.delete_char();
        }
        let called = text.get(at..).is_some_and(|rest| rest.starts_with('('));
        let open = if offer.what == What::Function && !called {
            "("
        } else {
            ""
        };
        self.editor.insert_str(format!("{}{open}", offer.text));
    }

    pub fn paste(&mut self, text: &str) {
        let room = TEXT_MAX.saturating_sub(self.text().chars().count());
        let clean: String = text
            .replace("\r\n", "\n")
            .replace('\t', "    ")
            .chars()
            .filter(|c| *c == '\n' || !crate::engine::text::acts(*c))
            .take(room)
            .collect();
        self.editor.insert_str(clean);
        self.popup = None;
    }

    /// The question as it stands; it goes into the history where one is kept.
    pub fn ask(&mut self, workspace: &ResourceId, run: u64, remember: bool) -> Option<Ask> {
        let text = self.text();
        if text.trim().is_empty() {
            return None;
        }
        if remember && self.history.last() != Some(&text) {
            self.history.push(text.clone());
        }
        (self.place, self.popup) = (None, None);
        self.asked.clone_from(&text);
        self.state = State::Running {
            run,
            progress: Progress::default(),
        };
        Some(Ask {
            workspace: workspace.clone(),
            text,
            span: None,
            partial: self.partial,
        })
    }

    /// To an older or newer text of the history.
    pub fn recall(&mut self, older: bool) -> bool {
        let last = self.history.len().checked_sub(1);
        let to = match (self.place, older) {
            (None, true) => last,
            (None, false) => None,
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) => Some(at + 1).filter(|at| Some(*at) <= last),
        };
        let Some(text) = to.and_then(|at| self.history.get(at)).cloned() else {
            return false;
        };
        self.place = to;
        self.set_text(&text);
        true
    }

    pub fn ended(&mut self, run: u64, answered: Answered) {
        if self.running() != Some(run) {
            return;
        }
        (self.row, self.first, self.column, self.detail) = (0, 0, 0, None);
        self.chart = true;
        if let Answered::Cells(shown) = &answered
            && shown.rows > 0
        {
            self.focus = Focus::Answer;
        }
        self.state = State::Ended(answered);
    }

    /// Sorts by the marked column: up, down, as it came.
    pub fn sort(&mut self) {
        let column = self.column;
        if let State::Ended(Answered::Cells(shown)) = &mut self.state {
            shown.sort(column);
            (self.row, self.first) = (0, 0);
        }
    }

    /// Rows of the answer.
    pub fn rows(&self) -> usize {
        self.answer().map_or(0, |s| s.rows)
    }

    /// By rows; by lines where one row is shown whole.
    pub fn move_by(&mut self, by: isize, width: u16) {
        if let (Some(first), Some(shown)) = (self.detail, self.answer()) {
            let last = detail_lines(shown, self.row, width).len().saturating_sub(1);
            self.detail = Some(first.saturating_add_signed(by).min(last));
            return;
        }
        let last = self.rows().saturating_sub(1);
        self.row = self.row.saturating_add_signed(by).min(last);
    }

    /// By columns; from row to row where one is shown whole.
    pub fn move_column(&mut self, right: bool) {
        if self.detail.is_some() {
            let last = self.rows().saturating_sub(1);
            self.detail = Some(0);
            self.row = match right {
                true => (self.row + 1).min(last),
                false => self.row.saturating_sub(1),
            };
            return;
        }
        let last = self
            .answer()
            .map_or(0, |s| s.columns.len().saturating_sub(1));
        self.column = match right {
            true => (self.column + 1).min(last),
            false => self.column.saturating_sub(1),
        };
    }

    /// The marked row as text, a column a line.
    pub fn row_text(&self) -> Option<String> {
        let shown = self.answer().filter(|s| s.rows > 0)?;
        let line = |c| format!("{}: {}", shown.title(c), shown.text(self.row, c));
        let lines: Vec<String> = (0..shown.columns.len()).map(line).collect();
        Some(lines.join("\n"))
    }

    /// The marked cell.
    pub fn cell_text(&self) -> Option<String> {
        let shown = self.answer().filter(|s| s.rows > 0)?;
        Some(shown.text(self.row, self.column))
    }

    /// All rows of the answer as a file, in the order they are shown in.
    pub fn export(&self, json: bool, now: SimTime) -> Option<String> {
        let shown = self.answer()?;
        Some(if json { shown.json(now) } else { shown.csv() })
    }
}

/// Columns before the values of a row that is shown whole.
const NAMES: u16 = 24;

/// A row with all its columns: which column, on its first line, and a line of its value.
fn detail_lines(shown: &Shown, row: usize, width: u16) -> Vec<(Option<usize>, String)> {
    let room = usize::from(width.saturating_sub(NAMES + 1).max(8));
    let mut lines = Vec::new();
    for column in 0..shown.columns.len() {
        let mut name = Some(column);
        for line in shown.lines(row, column) {
            for part in text::wrap(&line, room) {
                lines.push((name.take(), part));
            }
        }
    }
    lines
}
