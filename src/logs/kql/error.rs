//! What is wrong with a query, where, what would have been right, and how to show it.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::span::Span;
use crate::engine::text::scrub;
use crate::engine::words;

/// Why a query cannot run, at a place in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KqlError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In bytes of the query.
    pub span: Range<usize>,
    /// A sentence without its place and its remedy.
    pub message: String,
    /// What could stand there instead.
    pub expected: Vec<String>,
    /// The known name most like the unknown one.
    pub nearest: Option<String>,
}

impl std::error::Error for KqlError {}

impl fmt::Display for KqlError {
    /// One sentence: `Line 1, column 14: there is no column Lvel; did you mean Level?`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Line {}, column {}: {}",
            self.line,
            self.column,
            scrub(&self.message)
        )?;
        match (&self.nearest, self.expected.as_slice()) {
            (Some(nearest), _) => write!(f, "; did you mean {}?", scrub(nearest)),
            (None, []) => f.write_str("."),
            (None, [one]) => write!(f, "; expected {one}."),
            (None, [most @ .., last]) => {
                write!(f, "; expected {} or {last}.", most.join(", "))
            }
        }
    }
}

impl KqlError {
    /// The line of the query with a caret under each character that is meant. Text that would act on a
    /// terminal is shown, not obeyed.
    pub fn caret(&self, text: &str) -> String {
        let start = text
            .get(..self.span.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let line = text
            .get(start..)
            .unwrap_or_default()
            .split('\n')
            .next()
            .unwrap_or_default();
        let from = (self.span.start - start).min(line.len());
        let to = self.span.end.saturating_sub(start).clamp(from, line.len());
        let width = |part: &str| scrub(&part.replace('\t', " ")).width();
        format!(
            "{}\n{}{}",
            scrub(&line.replace('\t', " ")),
            " ".repeat(line.get(..from).map_or(0, width)),
            "^".repeat(line.get(from..to).map_or(1, width).max(1)),
        )
    }
}

/// A finding before its line and column are counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub span: Span,
    message: String,
    expected: Vec<String>,
    nearest: Option<String>,
}

impl Fault {
    pub fn new(span: Span, message: impl Into<String>) -> Fault {
        Fault {
            span,
            message: message.into(),
            expected: Vec::new(),
            nearest: None,
        }
    }

    pub fn expecting(mut self, expected: Vec<String>) -> Fault {
        self.expected = expected;
        self
    }

    /// Names the known name most like `word`.
    pub fn near<'a>(mut self, word: &str, known: impl Iterator<Item = &'a str>) -> Fault {
        self.nearest = words::nearest(word, known).map(str::to_owned);
        self
    }

    /// Counts lines and characters. A place outside the text, or inside a character, moves to the nearest
    /// one that is not.
    pub fn place(self, text: &str) -> KqlError {
        let floor = |at: usize| {
            let mut at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(self.span.start);
        let end = floor(self.span.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        KqlError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span: start..end,
            message: self.message,
            expected: self.expected,
            nearest: self.nearest,
        }
    }
}
