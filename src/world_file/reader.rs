//! Reads fields out of parsed TOML and remembers every mistake with its place. Knows types and words, not
//! what a world is.

use std::cell::RefCell;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Lines, WorldError};
use crate::engine::text::{Untrusted, acts, scrub};
use crate::engine::time::{SimTime, Span};
use crate::engine::words::{UnknownWord, nearest};

/// More mistakes than this help nobody.
const ERRORS_MAX: usize = 200;

pub(crate) struct Reader {
    file: String,
    lines: Lines,
    errors: RefCell<Vec<WorldError>>,
}

impl Reader {
    pub fn new(file: &str, text: &str) -> Reader {
        Reader {
            file: file.to_owned(),
            lines: Lines::new(text),
            errors: RefCell::default(),
        }
    }

    pub fn wrong(&self, at: usize, field: &str, message: impl Into<String>, nearest: Option<&str>) {
        let (line, column) = self.lines.place(at);
        let mut errors = self.errors.borrow_mut();
        if errors.len() < ERRORS_MAX {
            errors.push(WorldError {
                file: self.file.clone(),
                line,
                column,
                field: field.to_owned(),
                message: message.into(),
                nearest: nearest.map(str::to_owned),
            });
        }
    }

    /// The line a place is on, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.place(at).0
    }

    /// Everything found so far, in the order of the file.
    pub fn errors(&self) -> Vec<WorldError> {
        let mut errors = self.errors.borrow().clone();
        errors.sort_by_key(|e| (e.line, e.column));
        errors.dedup();
        errors
    }
}

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub value: T,
    pub at: usize,
    pub field: String,
}

/// One table of the file, its unknown keys already reported.
pub(crate) struct Fields<'a> {
    pub reader: &'a Reader,
    table: &'a DeTable<'a>,
    pub at: usize,
    pub path: String,
}

impl<'a> Fields<'a> {
    /// A table with the keys it may have.
    pub fn new(
        reader: &'a Reader,
        table: &'a DeTable<'a>,
        at: usize,
        path: impl Into<String>,
        known: &[&str],
    ) -> Fields<'a> {
        let fields = Fields {
            reader,
            table,
            at,
            path: path.into(),
        };
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                reader.wrong(
                    key.span().start,
                    &fields.field(name),
                    format!(
                        "There is no field {}; known are {}.",
                        scrub(name),
                        known.join(", ")
                    ),
                    nearest(name, known.iter().copied()),
                );
            }
        }
        fields
    }

    /// Reports keys that this kind of table has, but not in this case.
    pub fn only(&self, case: &str, known: &[&str]) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                self.reader.wrong(
                    key.span().start,
                    &self.field(name),
                    format!("{case} has no field {name}; it has {}.", known.join(", ")),
                    nearest(name, known.iter().copied()),
                );
            }
        }
    }

    pub fn field(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn raw(&self, key: &str) -> Option<(&'a DeValue<'a>, usize)> {
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| (value.get_ref(), value.span().start))
    }

    pub fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// Place of a field, or of its table when it is not there.
    pub fn place(&self, key: &str) -> usize {
        self.raw(key).map_or(self.at, |(_, at)| at)
    }

    pub fn wrong(&self, key: &str, message: impl Into<String>, nearest: Option<&str>) {
        self.reader
            .wrong(self.place(key), &self.field(key), message, nearest);
    }

    fn wanted(&self, key: &str, what: &str, found: &DeValue<'_>) {
        self.wrong(
            key,
            format!("This is {}; {what} is wanted.", kind(found)),
            None,
        );
    }

    pub fn missing(&self, key: &str) {
        self.reader.wrong(
            self.at,
            &self.field(key),
            format!("The field {key} is missing."),
            None,
        );
    }

    pub fn text(&self, key: &str) -> Option<Placed<&'a str>> {
        let (value, at) = self.raw(key)?;
        match value {
            DeValue::String(text) => Some(Placed {
                value: text.as_ref(),
                at,
                field: self.field(key),
            }),
            other => {
                self.wanted(key, "a text in quotes", other);
                None
            }
        }
    }

    /// A text, if it is one; says nothing when it is not.
    pub fn peek(&self, key: &str) -> Option<&'a str> {
        self.raw(key)?.0.as_str()
    }

    pub fn required(&self, key: &str) -> Option<Placed<&'a str>> {
        if !self.has(key) {
            self.missing(key);
        }
        self.text(key)
    }

    /// Text from strangers: may hold anything, but not nothing.
    pub fn untrusted(&self, key: &str) -> Untrusted {
        let Some(text) = self.required(key) else {
            return Untrusted::default();
        };
        if text.value.trim().is_empty() {
            self.wrong(key, "This is empty.", None);
        }
        text.value.into()
    }

    pub fn untrusted_or(&self, key: &str, otherwise: &str) -> Untrusted {
        self.text(key).map_or(otherwise, |text| text.value).into()
    }

    /// An id or a name that stands in ids: visible characters, no blank, no slash.
    pub fn name(&self, key: &str) -> Option<Placed<&'a str>> {
        let text = self.required(key)?;
        let bad = |c: char| c.is_whitespace() || acts(c) || c == '/';
        if text.value.is_empty() || text.value.chars().any(bad) {
            self.wrong(
                key,
                "A name has at least one character, no blank, no slash and nothing invisible.",
                None,
            );
            return None;
        }
        Some(text)
    }

    pub fn flag(&self, key: &str, otherwise: bool) -> bool {
        self.optional_flag(key).unwrap_or(otherwise)
    }

    pub fn optional_flag(&self, key: &str) -> Option<bool> {
        let (value, _) = self.raw(key)?;
        match value {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.wanted(key, "true or false", other);
                None
            }
        }
    }

    pub fn number(&self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let (value, _) = self.raw(key)?;
        let DeValue::Integer(number) = value else {
            self.wanted(key, "a whole number", value);
            return None;
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|n| range.contains(n));
        if parsed.is_none() {
            self.wrong(
                key,
                format!(
                    "{number} is out of range; it is {} to {}.",
                    range.start(),
                    range.end()
                ),
                None,
            );
        }
        parsed
    }

    /// A word of a closed vocabulary.
    pub fn word<T: FromStr<Err = UnknownWord>>(&self, key: &str) -> Option<T> {
        self.known(&self.text(key)?)
    }

    /// A list of such words.
    pub fn words<T: FromStr<Err = UnknownWord>>(&self, key: &str) -> Vec<T> {
        let texts = self.texts(key);
        texts.iter().filter_map(|text| self.known(text)).collect()
    }

    fn known<T: FromStr<Err = UnknownWord>>(&self, text: &Placed<&str>) -> Option<T> {
        text.value
            .parse()
            .map_err(|unknown: UnknownWord| {
                let message = format!(
                    "{:?} is not known; known are {}.",
                    unknown.word, unknown.known
                );
                let near = unknown.nearest.as_deref();
                self.reader.wrong(text.at, &text.field, message, near);
            })
            .ok()
    }

    pub fn required_word<T: FromStr<Err = UnknownWord>>(&self, key: &str) -> Option<T> {
        if !self.has(key) {
            self.missing(key);
        }
        self.word(key)
    }

    /// An instant, as a text or as TOML's own offset date-time.
    pub fn time(&self, key: &str) -> Option<SimTime> {
        let (value, _) = self.raw(key)?;
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            other => {
                self.wanted(key, "a time such as \"2020-11-22T09:00:00Z\"", other);
                return None;
            }
        };
        text.parse()
            .map_err(|e| self.wrong(key, format!("{e}."), None))
            .ok()
    }

    pub fn span(&self, key: &str) -> Option<Span> {
        let text = self.text(key)?;
        text.value
            .parse()
            .map_err(|e| self.wrong(key, format!("{e}."), None))
            .ok()
    }

    /// A list of texts; one text alone stands for a list of one.
    pub fn texts(&self, key: &str) -> Vec<Placed<&'a str>> {
        let Some((value, at)) = self.raw(key) else {
            return Vec::new();
        };
        match value {
            DeValue::String(text) => vec![Placed {
                value: text.as_ref(),
                at,
                field: self.field(key),
            }],
            DeValue::Array(list) => list
                .iter()
                .enumerate()
                .filter_map(|(i, item)| {
                    let field = format!("{}[{i}]", self.field(key));
                    let at = item.span().start;
                    match item.get_ref() {
                        DeValue::String(text) => Some(Placed {
                            value: text.as_ref(),
                            at,
                            field,
                        }),
                        other => {
                            self.reader.wrong(
                                at,
                                &field,
                                format!("This is {}; a text in quotes is wanted.", kind(other)),
                                None,
                            );
                            None
                        }
                    }
                })
                .collect(),
            other => {
                self.wanted(key, "a list of texts", other);
                Vec::new()
            }
        }
    }

    /// A table in this one.
    pub fn table(&self, key: &str, known: &[&str]) -> Option<Fields<'a>> {
        let (value, at) = self.raw(key)?;
        match value {
            DeValue::Table(table) => {
                Some(Fields::new(self.reader, table, at, self.field(key), known))
            }
            other => {
                self.wanted(key, "a table", other);
                None
            }
        }
    }

    /// The tables of `[[key]]`.
    pub fn tables(&self, key: &str, known: &[&str]) -> Vec<Fields<'a>> {
        let Some((value, _)) = self.raw(key) else {
            return Vec::new();
        };
        let DeValue::Array(list) = value else {
            self.wanted(key, &format!("a list, written [[{key}]],"), value);
            return Vec::new();
        };
        list.iter()
            .enumerate()
            .filter_map(|(i, item)| {
                let (path, at) = (format!("{}[{i}]", self.field(key)), item.span().start);
                match item.get_ref() {
                    DeValue::Table(table) => Some(Fields::new(self.reader, table, at, path, known)),
                    other => {
                        self.reader.wrong(
                            at,
                            &path,
                            format!("This is {}; a table is wanted.", kind(other)),
                            None,
                        );
                        None
                    }
                }
            })
            .collect()
    }

    /// Every key with its text, for tables whose keys are data.
    pub fn entries(&self) -> Vec<(Placed<&'a str>, Option<Placed<&'a str>>)> {
        self.table
            .keys()
            .map(|key| {
                let name: &'a str = key.get_ref();
                let placed = Placed {
                    value: name,
                    at: key.span().start,
                    field: self.field(name),
                };
                (placed, self.text(name))
            })
            .collect()
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The root table of a document, with what is wrong with its TOML.
pub(crate) fn document<'a>(reader: &Reader, text: &'a str) -> Spanned<DeTable<'a>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.wrong(
            at,
            "",
            format!("This is not TOML: {}.", error.message()),
            None,
        );
    }
    root
}
