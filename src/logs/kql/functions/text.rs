//! Strings: tests with the language's idea of case and terms, and functions.

use super::kernel::{LONGEST_STRING, Rows};
use crate::logs::kql::ast::TextTest;

/// A test against one string, ready for many.
pub struct Test {
    test: TextTest,
    needle: String,
    any_case: bool,
    /// The tested string in lower case; kept for its memory.
    lower: String,
}

impl Test {
    pub fn new(test: TextTest, needle: &str) -> Test {
        use TextTest as T;
        let any_case = matches!(
            test,
            T::Equal
                | T::Has
                | T::HasPrefix
                | T::HasSuffix
                | T::Contains
                | T::StartsWith
                | T::EndsWith
        );
        Test {
            test,
            needle: if any_case {
                needle.to_lowercase()
            } else {
                needle.to_owned()
            },
            any_case,
            lower: String::new(),
        }
    }

    pub fn holds(&mut self, text: &str) -> bool {
        if !self.any_case {
            return holds(self.test, text, &self.needle);
        }
        self.lower.clear();
        if text.is_ascii() {
            self.lower.push_str(text);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(text.chars().flat_map(char::to_lowercase));
        }
        holds(self.test, &self.lower, &self.needle)
    }
}

/// Whether a term starts (or ends) between these: at most one of them belongs to a term.
fn apart(before: Option<char>, after: Option<char>) -> bool {
    let term = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !(term(before) && term(after))
}

fn holds(test: TextTest, text: &str, needle: &str) -> bool {
    use TextTest as T;
    match test {
        T::Equal => text == needle,
        T::Contains | T::ContainsCs => text.contains(needle),
        T::StartsWith | T::StartsWithCs => text.starts_with(needle),
        T::EndsWith | T::EndsWithCs => text.ends_with(needle),
        T::Has | T::HasCs => occurs(text, needle, true, true),
        T::HasPrefix | T::HasPrefixCs => occurs(text, needle, true, false),
        T::HasSuffix | T::HasSuffixCs => occurs(text, needle, false, true),
        // The query engine's own.
        T::Regex => false,
    }
}

/// Whether the needle occurs where a term starts, and where one ends.
fn occurs(text: &str, needle: &str, start: bool, end: bool) -> bool {
    if needle.is_empty() {
        return true;
    }
    // Most rows have none: the plain search is the fast one.
    if !text.contains(needle) {
        return false;
    }
    let step = needle.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    while let Some(found) = text[from..].find(needle) {
        let at = from + found;
        let after = at + needle.len();
        let starts = apart(text[..at].chars().next_back(), needle.chars().next());
        let ends = apart(needle.chars().next_back(), text[after..].chars().next());
        if (starts || !start) && (ends || !end) {
            return true;
        }
        from = at + step;
    }
    false
}

/// Where the character with this number starts; the end of the text if it has fewer.
fn offset(text: &str, characters: usize) -> usize {
    text.char_indices()
        .nth(characters)
        .map_or(text.len(), |(at, _)| at)
}

/// `substring(source, start, length)`: from the end for a start below zero.
pub fn substring(rows: &Rows, row: usize, out: &mut String) -> bool {
    let (text, Some(start)) = (rows.text(0, row), rows.long(1, row)) else {
        return false;
    };
    let start = if start < 0 {
        let length = text.chars().count() as i64;
        (length + start).max(0)
    } else {
        start
    };
    let rest = &text[offset(text, usize::try_from(start).unwrap_or(usize::MAX))..];
    let length = match rows.long(2, row) {
        Some(length) => usize::try_from(length).unwrap_or(0),
        None => usize::MAX,
    };
    out.push_str(&rest[..offset(rest, length)]);
    true
}

/// `indexof(source, lookup, start, length, occurrence)`, in characters; -1 if there is none.
pub fn indexof(rows: &Rows, row: usize) -> Option<i64> {
    let (text, lookup) = (rows.text(0, row), rows.text(1, row));
    let start = rows.long(2, row).unwrap_or(0);
    let start = if start < 0 {
        (text.chars().count() as i64 + start).max(0)
    } else {
        start
    };
    let skipped = usize::try_from(start).ok()?;
    let from = offset(text, skipped);
    let rest = match rows.long(3, row) {
        Some(length) if length >= 0 => {
            &text[from..from + offset(&text[from..], usize::try_from(length).ok()?)]
        }
        _ => &text[from..],
    };
    let occurrence = usize::try_from(rows.long(4, row).unwrap_or(1) - 1).ok()?;
    let at = rest.match_indices(lookup).nth(occurrence);
    Some(at.map_or(-1, |(at, _)| {
        (skipped.min(text.chars().count()) + rest[..at].chars().count()) as i64
    }))
}

pub fn replace_string(rows: &Rows, row: usize, out: &mut String) -> bool {
    let (text, lookup, with) = (rows.text(0, row), rows.text(1, row), rows.text(2, row));
    if lookup.is_empty() {
        out.push_str(text);
        return true;
    }
    let mut last = 0;
    for (at, found) in text.match_indices(lookup) {
        out.push_str(&text[last..at]);
        out.push_str(with);
        last = at + found.len();
        if out.len() > LONGEST_STRING {
            return true;
        }
    }
    out.push_str(&text[last..]);
    true
}

pub fn strcat(rows: &Rows, row: usize, out: &mut String) -> bool {
    for column in 0..rows.arity() {
        out.push_str(rows.text(column, row));
        if out.len() > LONGEST_STRING {
            break;
        }
    }
    true
}

pub fn strcat_delim(rows: &Rows, row: usize, out: &mut String) -> bool {
    for column in 1..rows.arity() {
        if column > 1 {
            out.push_str(rows.text(0, row));
        }
        out.push_str(rows.text(column, row));
        if out.len() > LONGEST_STRING {
            break;
        }
    }
    true
}

pub fn countof(rows: &Rows, row: usize) -> Option<i64> {
    let lookup = rows.text(1, row);
    if lookup.is_empty() {
        return Some(0);
    }
    // Occurrences may overlap.
    let (text, step) = (
        rows.text(0, row),
        lookup.chars().next().map_or(1, char::len_utf8),
    );
    let (mut count, mut from) = (0, 0);
    while let Some(at) = text[from..].find(lookup) {
        count += 1;
        from += at + step;
    }
    Some(count)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(rows: &Rows, row: usize, out: &mut String) -> bool {
    use sha2::Digest;
    use std::fmt::Write;
    sha2::Sha256::digest(rows.text(0, row).as_bytes())
        .iter()
        .all(|byte| write!(out, "{byte:02x}").is_ok())
}

pub fn base64_encode(rows: &Rows, row: usize, out: &mut String) -> bool {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode_string(rows.text(0, row), out);
    true
}

pub fn base64_decode(rows: &Rows, row: usize, out: &mut String) -> bool {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(rows.text(0, row));
    match bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => out.push_str(&text),
        None => return false,
    }
    true
}
