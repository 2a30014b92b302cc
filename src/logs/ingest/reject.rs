//! What was not taken, and why: one line of JSON each, bounded.

use serde::Serialize;

use super::limits;
use crate::engine::ingestion::table::COLUMN_NAME_MAX;
use crate::engine::text::scrub;

/// Why a record is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::logs) struct Fault {
    /// The field it lies in, as it was written.
    pub field: Option<String>,
    pub reason: String,
}

impl Fault {
    pub fn record(reason: impl Into<String>) -> Fault {
        Fault {
            field: None,
            reason: reason.into(),
        }
    }

    pub fn field(name: &str, reason: impl Into<String>) -> Fault {
        Fault {
            field: Some(name.to_owned()),
            reason: reason.into(),
        }
    }
}

/// The rejects of one chunk.
#[derive(Debug, Default)]
pub(super) struct Rejects {
    pub count: u64,
    /// Lines of JSON.
    pub lines: Vec<u8>,
}

#[derive(Serialize)]
struct Line<'a> {
    line: u64,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    text: &'a str,
}

impl Rejects {
    /// To come back to when records are taken once more.
    pub fn mark(&self) -> (u64, usize) {
        (self.count, self.lines.len())
    }

    pub fn back_to(&mut self, mark: (u64, usize)) {
        self.count = mark.0;
        self.lines.truncate(mark.1);
    }

    pub fn push(&mut self, line: u64, fault: &Fault, record: &[u8]) {
        self.count += 1;
        if self.lines.len() >= limits::REJECTS {
            return;
        }
        let head = &record[..record.len().min(limits::REJECT_TEXT)];
        let whole = String::from_utf8_lossy(head);
        // The cut may fall within a character.
        let whole = match head.len() < record.len() {
            true => whole.trim_end_matches(char::REPLACEMENT_CHARACTER),
            false => &whole,
        };
        let text = scrub(whole);
        let field = fault.field.as_deref().map(shorten);
        let line = Line {
            line,
            reason: &scrub(&fault.reason),
            field: field.as_deref(),
            text: &text,
        };
        // Strings and a number: nothing in it can fail to be written.
        if serde_json::to_writer(&mut self.lines, &line).is_ok() {
            self.lines.push(b'\n');
        }
    }
}

/// A field's name as it may be shown: scrubbed, and no longer than two column names.
fn shorten(name: &str) -> String {
    let shown: String = name.chars().take(2 * COLUMN_NAME_MAX).collect();
    scrub(&shown).into_owned()
}
