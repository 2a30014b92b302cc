//! What is wrong with a world file, and where. Knows text and offsets, nothing of worlds.

use std::fmt;

use crate::engine::text::scrub;

/// One mistake in a world file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct WorldError {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Path of the field, `story[2].step[0].do`; empty for the file as a whole.
    pub field: String,
    /// One or two sentences.
    pub message: String,
    /// The nearest valid word, where one is near.
    pub nearest: Option<String>,
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", scrub(&self.file), self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", scrub(&self.field))?;
        }
        f.write_str(&scrub(&self.message))?;
        if let Some(nearest) = &self.nearest {
            write!(f, " Did you mean {}?", scrub(nearest))?;
        }
        Ok(())
    }
}

impl std::error::Error for WorldError {}

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    pub fn new(text: &str) -> Lines {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(i, _)| i + 1))
            .collect();
        Lines {
            text: text.to_owned(),
            starts,
        }
    }

    /// Line and column of a byte offset, both from 1.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..offset.min(self.text.len()))
            .map_or(0, |before| before.chars().count());
        (line, column + 1)
    }
}
