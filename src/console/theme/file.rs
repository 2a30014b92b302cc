//! Theme files: TOML with `[theme]`, `[palette]` and one section a surface. Every mistake names its file,
//! line and key, and the word that was probably meant.

use std::collections::BTreeMap;
use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::token::Token;
use crate::engine::text::scrub;
use crate::engine::words::nearest;

/// What is wrong with a theme file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ThemeError {
    pub file: String,
    pub line: usize,
    pub message: String,
}

/// The ground a theme is made for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    Dark,
    Light,
    /// Whatever ground the terminal has.
    #[default]
    Any,
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Dark, Mode::Light, Mode::Any];

    pub fn word(self) -> &'static str {
        match self {
            Mode::Dark => "dark",
            Mode::Light => "light",
            Mode::Any => "any",
        }
    }
}

/// A theme as its file has it: no colour folded, no gap filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    pub name: String,
    pub mode: Option<Mode>,
    /// The theme below this one, and the line that says so.
    pub inherits: Option<(String, usize)>,
    pub styles: BTreeMap<Token, Style>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a colour in quotes or a style like { fg = \"#rrggbb\", bold = true } belongs here"
)]
enum Given {
    Colour(String),
    Style(BTreeMap<String, toml::Value>),
}

type Section = BTreeMap<Spanned<String>, Spanned<Given>>;

const HEAD: &[&str] = &[
    "name", "id", "mode", "inherits", "author", "license", "source", "notes",
];
const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];
const ANSI: &[(&str, Color)] = &[
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    palette: BTreeMap<String, Color>,
}

/// What a file has, and all that is wrong with it in the order of its lines.
pub fn read(file: &str, text: &str) -> (Sheet, Vec<ThemeError>) {
    let mut reader = Reader {
        file,
        text,
        palette: BTreeMap::new(),
    };
    let mut sheet = Sheet::default();
    let sections: BTreeMap<Spanned<String>, Section> = match toml::from_str(text) {
        Ok(sections) => sections,
        Err(e) => {
            let wrong = reader.wrong(&e.span().unwrap_or(0..0), e.message());
            return (sheet, vec![wrong]);
        }
    };
    let mut wrong = Vec::new();
    let palette = sections.iter().find(|(n, _)| n.get_ref() == "palette");
    for (name, given) in palette.into_iter().flat_map(|(_, entries)| entries) {
        let colour = reader.entry(given).unwrap_or_else(|e| {
            wrong.push(e);
            // What uses the name is not wrong as well.
            Color::Reset
        });
        reader.palette.insert(name.get_ref().clone(), colour);
    }
    for (section, entries) in &sections {
        match section.get_ref().as_str() {
            "palette" => {}
            "theme" => reader.head(entries, &mut sheet, &mut wrong),
            name => reader.section(name, &section.span(), entries, &mut sheet, &mut wrong),
        }
    }
    wrong.sort_by_key(|e| e.line);
    (sheet, wrong)
}

/// What a file has, or the first thing that is wrong with it.
pub fn parse(file: &str, text: &str) -> Result<Sheet, ThemeError> {
    let (sheet, wrong) = read(file, text);
    match wrong.into_iter().next() {
        Some(first) => Err(first),
        None => Ok(sheet),
    }
}

impl Reader<'_> {
    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    fn wrong(&self, at: &Range<usize>, message: &str) -> ThemeError {
        ThemeError {
            file: scrub(self.file).into_owned(),
            line: self.line(at),
            message: message.lines().map(scrub).collect::<Vec<_>>().join(" "),
        }
    }

    fn unknown<'a>(
        &self,
        what: &str,
        word: &str,
        at: &Range<usize>,
        known: impl Iterator<Item = &'a str>,
    ) -> ThemeError {
        let hint = nearest(word, known)
            .map(|near| format!("; did you mean {}?", scrub(near)))
            .unwrap_or_default();
        self.wrong(at, &format!("{what} {word:?} is not known{hint}"))
    }

    fn entry(&self, given: &Spanned<Given>) -> Result<Color, ThemeError> {
        let at = given.span();
        match given.get_ref() {
            Given::Colour(colour) => self.colour(colour, &at),
            Given::Style(_) => Err(self.wrong(&at, "a palette entry is one colour, \"#rrggbb\"")),
        }
    }

    fn head(&self, entries: &Section, sheet: &mut Sheet, wrong: &mut Vec<ThemeError>) {
        for (key, value) in entries {
            if let Err(e) = self.headline(key, value, sheet) {
                wrong.push(e);
            }
        }
    }

    fn headline(
        &self,
        key: &Spanned<String>,
        value: &Spanned<Given>,
        sheet: &mut Sheet,
    ) -> Result<(), ThemeError> {
        let (name, at) = (key.get_ref().as_str(), value.span());
        if !HEAD.contains(&name) {
            return Err(self.unknown("theme key", name, &key.span(), HEAD.iter().copied()));
        }
        let Given::Colour(text) = value.get_ref() else {
            return Err(self.wrong(&at, &format!("{name} is one text")));
        };
        match name {
            "name" => sheet.name.clone_from(text),
            "inherits" => sheet.inherits = Some((text.clone(), self.line(&at))),
            "mode" => {
                let mode = Mode::ALL.into_iter().find(|m| m.word() == text);
                let words = Mode::ALL.iter().map(|m| m.word());
                sheet.mode = Some(mode.ok_or_else(|| self.unknown("mode", text, &at, words))?);
            }
            _ => {}
        }
        Ok(())
    }

    fn section(
        &self,
        name: &str,
        at: &Range<usize>,
        entries: &Section,
        sheet: &mut Sheet,
        wrong: &mut Vec<ThemeError>,
    ) {
        let places = || Token::ALL.iter().map(|t| t.place());
        if !places().any(|p| p.0 == name) {
            let known = places().map(|p| p.0).chain(["theme", "palette"]);
            wrong.push(self.unknown("section", name, at, known));
            return;
        }
        for (key, given) in entries {
            let token = Token::ALL
                .iter()
                .find(|t| t.place() == (name, key.get_ref().as_str()))
                .ok_or_else(|| {
                    let known = places().filter(|p| p.0 == name).map(|p| p.1);
                    self.unknown(&format!("[{name}] key"), key.get_ref(), &key.span(), known)
                });
            match token.and_then(|token| Ok((token, self.style(given)?))) {
                Ok((token, style)) => {
                    sheet.styles.insert(*token, style);
                }
                Err(e) => wrong.push(e),
            }
        }
    }

    fn style(&self, given: &Spanned<Given>) -> Result<Style, ThemeError> {
        let at = given.span();
        let fields = match given.get_ref() {
            Given::Colour(colour) => return Ok(Style::new().fg(self.colour(colour, &at)?)),
            Given::Style(fields) => fields,
        };
        let mut style = Style::new();
        for (key, value) in fields {
            if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| name == key) {
                match value.as_bool() {
                    Some(true) => style = style.add_modifier(*modifier),
                    Some(false) => style = style.remove_modifier(*modifier),
                    None => return Err(self.wrong(&at, &format!("{key} is true or false"))),
                }
                continue;
            }
            let colour = match (key.as_str(), value.as_str()) {
                ("fg" | "bg", Some(colour)) => self.colour(colour, &at)?,
                ("fg" | "bg", None) => {
                    return Err(self.wrong(&at, &format!("{key} is a colour in quotes")));
                }
                _ => {
                    let known = MODIFIERS.iter().map(|(n, _)| *n).chain(["fg", "bg"]);
                    return Err(self.unknown("style key", key, &at, known));
                }
            };
            style = if key == "fg" {
                style.fg(colour)
            } else {
                style.bg(colour)
            };
        }
        Ok(style)
    }

    fn colour(&self, text: &str, at: &Range<usize>) -> Result<Color, ThemeError> {
        if let Some(colour) = self.palette.get(text) {
            return Ok(*colour);
        }
        if text == "default" {
            return Ok(Color::Reset);
        }
        if let Some(hex) = text.strip_prefix('#') {
            return u32::from_str_radix(hex, 16)
                .ok()
                .filter(|_| hex.len() == 6)
                .map(|n| {
                    let [_, r, g, b] = n.to_be_bytes();
                    Color::Rgb(r, g, b)
                })
                .ok_or_else(|| {
                    self.wrong(at, &format!("{text:?} is no colour; write \"#rrggbb\""))
                });
        }
        if let Some(name) = text.strip_prefix("ansi:") {
            return ANSI
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, colour)| *colour)
                .ok_or_else(|| {
                    self.unknown("ansi colour", name, at, ANSI.iter().map(|(n, _)| *n))
                });
        }
        if let Some(index) = text.strip_prefix("index:") {
            return index
                .parse()
                .map(Color::Indexed)
                .map_err(|_| self.wrong(at, &format!("{text:?} is not index:0 to index:255")));
        }
        let known = self.palette.keys().map(String::as_str);
        Err(self.unknown("colour", text, at, known))
    }
}
