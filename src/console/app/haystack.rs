//! The text of a list's rows, written down once: looking for the next letter of a filter is then quick however
//! long the list is.

use std::rc::Rc;

use memchr::memmem;

use crate::console::blades::{Blade, Eye, people};
use crate::console::rows::ItemId;

pub struct Haystack {
    rows: Rc<Vec<ItemId>>,
    /// Lower case, a line for each cell.
    text: String,
    /// Where each row ends in it.
    ends: Vec<usize>,
    words: Vec<String>,
    /// The rows with all the words.
    found: Vec<usize>,
}

impl Haystack {
    pub fn new(blade: &Blade, eye: Eye, rows: Rc<Vec<ItemId>>) -> Haystack {
        let mut text = String::new();
        let mut ends = Vec::with_capacity(rows.len());
        for id in rows.iter() {
            let row = match id {
                ItemId::Person(_) | ItemId::Observer => people::row(eye, id),
                _ => blade.row(eye, id),
            };
            for cell in row.iter().flat_map(|row| &row.cells) {
                lower(&mut text, &cell.text);
                text.push('\n');
            }
            ends.push(text.len());
        }
        Haystack {
            found: (0..rows.len()).collect(),
            rows,
            text,
            ends,
            words: Vec::new(),
        }
    }

    /// The rows in which every word occurs in a cell; the words are in lower case.
    pub fn find(&mut self, words: Vec<String>) -> Vec<ItemId> {
        // With longer words, what was found so far is enough to look through.
        let narrows = self.words.len() <= words.len()
            && self.words.iter().zip(&words).all(|(o, n)| n.starts_with(o));
        let before = match narrows {
            true => std::mem::take(&mut self.found),
            false => (0..self.rows.len()).collect(),
        };
        let finders: Vec<_> = words.iter().map(memmem::Finder::new).collect();
        let has = |row: &usize| {
            finders
                .iter()
                .all(|word| word.find(self.row(*row)).is_some())
        };
        self.found = before.into_iter().filter(has).collect();
        self.words = words;
        self.found.iter().map(|i| self.rows[*i].clone()).collect()
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text.as_bytes()[start..self.ends[row]]
    }
}

fn lower(text: &mut String, cell: &str) {
    let start = text.len();
    if cell.is_ascii() {
        text.push_str(cell);
        text[start..].make_ascii_lowercase();
    } else {
        text.push_str(&cell.to_lowercase());
    }
}
