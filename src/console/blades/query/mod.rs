//! The query blade: a desk for each workspace with the text being written and what came of the last question.
//! Plain state; the driver asks and brings the answer. The texts asked are kept for the session only, because
//! they may be sensitive (R-BYOS-01), and not at all where a workspace keeps no history (R-BYOS-07).

pub mod chart;
pub mod complete;
pub mod view;

use tui_textarea::{CursorMove, DataCursor, Input as TextInput, Key as TextKey, TextArea};

use crate::console::input::{Code, Key};
use crate::console::text;
use crate::engine::Refusal;
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::schema::Column;
use crate::engine::text::scrub;
use crate::logs::kql::{KqlError, Render};
use crate::logs::query::Progress;
use crate::logs::value::Values;
use crate::runtime::{Ask, HostError, Reply};

/// Rows of an answer that are kept for the screen.
const ROWS_MAX: usize = 10_000;
/// Longest text of a query, in characters.
const TEXT_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Editor,
    Answer,
}

/// An answer as a screen needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub columns: Vec<Column>,
    /// Scrubbed; row by row.
    pub cells: Vec<Vec<String>>,
    pub numbers: Vec<Vec<Option<f64>>>,
    /// Rows of the whole answer.
    pub rows: usize,
    pub truncated: bool,
    /// Segments a partial answer leaves out, and why.
    pub hidden: usize,
    pub why: Option<Refusal>,
    pub render: Option<Render>,
    /// What it cost, in words.
    pub cost: String,
}

impl Shown {
    pub fn new(reply: &Reply) -> Shown {
        let answer = &reply.answer;
        let (mut cells, mut numbers) = (Vec::new(), Vec::new());
        for batch in &answer.batches {
            let columns = batch.columns().iter().zip(&reply.columns);
            let values: Vec<Values> = columns.map(|(a, c)| Values::new(a, c.kind)).collect();
            for row in 0..batch.num_rows().min(ROWS_MAX - cells.len()) {
                let texts = values.iter().map(|v| scrub(&v.text(row)).into_owned());
                cells.push(texts.collect());
                numbers.push(values.iter().map(|v| v.number(row)).collect());
            }
        }
        let stats = answer.stats;
        Shown {
            columns: reply.columns.clone(),
            cells,
            numbers,
            rows: answer.rows,
            truncated: answer.truncated,
            hidden: reply.hidden,
            why: reply.why.clone(),
            render: reply.render.clone(),
            cost: format!(
                "{} ms · {} segments, {} in memory, {} pruned · {} blocks opened, {} sealed",
                stats.elapsed.as_millis(),
                stats.segments,
                stats.in_memory,
                stats.pruned,
                text::count(stats.blocks),
                text::bytes(stats.bytes)
            ),
        }
    }
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
    pub sort: Option<(usize, bool)>,
    /// Rows in the order of the sort.
    pub order: Vec<usize>,
    /// Draw what the query asks to be drawn.
    pub chart: bool,
    /// What was offered at the last Tab, and which of it stands in the text.
    offers: Option<(Vec<String>, usize, usize)>,
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
            sort: None,
            order: Vec::new(),
            chart: true,
            offers: None,
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
        self.offers = None;
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

    /// A key for the text.
    pub fn key(&mut self, key: Key) {
        self.offers = None;
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
        self.editor.input(TextInput {
            key: code,
            ctrl: key.ctrl,
            alt: key.alt,
            shift: key.shift,
        });
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
        self.offers = None;
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
        self.place = None;
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
        (self.row, self.first, self.column, self.sort) = (0, 0, 0, None);
        self.chart = true;
        if let Answered::Cells(shown) = &answered {
            self.order = (0..shown.cells.len()).collect();
            if shown.rows > 0 {
                self.focus = Focus::Answer;
            }
        }
        self.state = State::Ended(answered);
    }

    /// Sorts by the marked column; the other way the second time, and then as it came.
    pub fn sort(&mut self) {
        let Some(shown) = self.answer().cloned() else {
            return;
        };
        let column = self.column;
        self.sort = match self.sort {
            Some((by, true)) if by == column => Some((column, false)),
            Some((by, false)) if by == column => None,
            _ => Some((column, true)),
        };
        self.order = (0..shown.cells.len()).collect();
        if let Some((by, descending)) = self.sort {
            self.order.sort_by(|a, b| {
                let (x, y) = (shown.numbers[*a][by], shown.numbers[*b][by]);
                let order = match (x, y) {
                    (Some(x), Some(y)) => x.total_cmp(&y),
                    _ => shown.cells[*a][by].cmp(&shown.cells[*b][by]),
                };
                if descending { order.reverse() } else { order }
            });
        }
        (self.row, self.first) = (0, 0);
    }

    pub fn move_by(&mut self, by: isize) {
        let last = self.order.len().saturating_sub(1);
        self.row = self.row.saturating_add_signed(by).min(last);
    }

    pub fn move_column(&mut self, right: bool) {
        let last = self
            .answer()
            .map_or(0, |s| s.columns.len().saturating_sub(1));
        self.column = match right {
            true => (self.column + 1).min(last),
            false => self.column.saturating_sub(1),
        };
    }

    /// Puts the next of what could stand at the cursor there.
    pub fn complete(&mut self, offer: impl FnOnce(&str, usize) -> Vec<String>) {
        let DataCursor(line, column) = self.editor.cursor();
        if let Some((words, at, length)) = self.offers.take() {
            let next = (at + 1) % words.len();
            for _ in 0..length {
                self.editor.delete_char();
            }
            self.editor.insert_str(&words[next]);
            let length = words[next].chars().count();
            self.offers = Some((words, next, length));
            return;
        }
        let lines = self.editor.lines();
        let before: String = lines[line].chars().take(column).collect();
        let above = lines[..line].iter().map(|l| l.len() + 1).sum::<usize>();
        let words = offer(&self.text(), above + before.len());
        let Some(first) = words.first().cloned() else {
            return;
        };
        let begun = complete::word_before(&before).chars().count();
        for _ in 0..begun {
            self.editor.delete_char();
        }
        self.editor.insert_str(&first);
        self.offers = Some((words, 0, first.chars().count()));
    }

    /// What the last Tab offers, and which of it stands in the text.
    pub fn offered(&self) -> Option<(&[String], usize)> {
        self.offers
            .as_ref()
            .map(|(words, at, _)| (words.as_slice(), *at))
    }

    /// The marked row as text, a column a line.
    pub fn row_text(&self) -> Option<String> {
        let shown = self.answer()?;
        let row = shown.cells.get(*self.order.get(self.row)?)?;
        let lines = shown.columns.iter().zip(row);
        let lines: Vec<String> = lines.map(|(c, v)| format!("{}: {v}", c.name)).collect();
        Some(lines.join("\n"))
    }

    /// The answer as a file.
    pub fn export(&self, json: bool) -> Option<String> {
        let shown = self.answer()?;
        let rows = self.order.iter().map(|at| &shown.cells[*at]);
        if json {
            let objects: Vec<serde_json::Value> = rows
                .map(|row| {
                    let fields = shown.columns.iter().zip(row);
                    let fields = fields.map(|(c, v)| (c.name.to_string(), v.clone().into()));
                    serde_json::Value::Object(fields.collect())
                })
                .collect();
            let body = serde_json::json!({ "simulation": true, "rows": objects });
            return serde_json::to_string_pretty(&body).ok();
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let head = shown.columns.iter().map(|c| c.name.as_bytes());
        writer.write_record(head).ok()?;
        for row in rows {
            writer.write_record(row).ok()?;
        }
        String::from_utf8(writer.into_inner().ok()?).ok()
    }
}
