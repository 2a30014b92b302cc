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

/// A theme as its file has it: no colour folded, no gap filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    pub name: String,
    pub inherits: Option<String>,
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

pub fn parse(file: &str, text: &str) -> Result<Sheet, ThemeError> {
    let mut reader = Reader {
        file,
        text,
        palette: BTreeMap::new(),
    };
    let sections: BTreeMap<Spanned<String>, Section> = toml::from_str(text).map_err(|e| {
        let at = e.span().unwrap_or(0..0);
        reader.wrong(&at, e.message())
    })?;
    let mut sheet = Sheet::default();
    let of = |name: &str| sections.iter().find(|(n, _)| n.get_ref() == name);
    if let Some((_, palette)) = of("palette") {
        for (name, given) in palette {
            let Given::Colour(colour) = given.get_ref() else {
                return Err(
                    reader.wrong(&given.span(), "a palette entry is one colour, \"#rrggbb\"")
                );
            };
            let colour = reader.colour(colour, &given.span())?;
            reader.palette.insert(name.get_ref().clone(), colour);
        }
    }
    for (section, entries) in &sections {
        match section.get_ref().as_str() {
            "palette" => {}
            "theme" => reader.head(entries, &mut sheet)?,
            name => reader.section(name, &section.span(), entries, &mut sheet)?,
        }
    }
    Ok(sheet)
}

impl Reader<'_> {
    fn wrong(&self, at: &Range<usize>, message: &str) -> ThemeError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        ThemeError {
            file: scrub(self.file).into_owned(),
            line: before.matches('\n').count() + 1,
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

    fn head(&self, entries: &Section, sheet: &mut Sheet) -> Result<(), ThemeError> {
        for (key, value) in entries {
            if !HEAD.contains(&key.get_ref().as_str()) {
                return Err(self.unknown(
                    "theme key",
                    key.get_ref(),
                    &key.span(),
                    HEAD.iter().copied(),
                ));
            }
            let Given::Colour(text) = value.get_ref() else {
                return Err(self.wrong(&value.span(), &format!("{} is one text", key.get_ref())));
            };
            match key.get_ref().as_str() {
                "name" => sheet.name = text.clone(),
                "inherits" => sheet.inherits = Some(text.clone()),
                _ => {}
            }
        }
        Ok(())
    }

    fn section(
        &self,
        name: &str,
        at: &Range<usize>,
        entries: &Section,
        sheet: &mut Sheet,
    ) -> Result<(), ThemeError> {
        let sections = Token::ALL.iter().map(|t| t.place().0);
        if !sections.clone().any(|s| s == name) {
            return Err(self.unknown("section", name, at, sections.chain(["theme", "palette"])));
        }
        for (key, given) in entries {
            let token = Token::ALL
                .iter()
                .find(|t| t.place() == (name, key.get_ref().as_str()))
                .ok_or_else(|| {
                    let known = Token::ALL
                        .iter()
                        .map(|t| t.place())
                        .filter(|p| p.0 == name)
                        .map(|p| p.1);
                    self.unknown(&format!("[{name}] key"), key.get_ref(), &key.span(), known)
                })?;
            let style = self.style(given)?;
            sheet.styles.insert(*token, style);
        }
        Ok(())
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
