//! Themes: a file of named styles resolved once into an array by token.
//!
//! Order for a token: the file, the files it inherits, what can be made of the rest. Colours are then folded to
//! what the terminal shows; a terminal without colour, `NO_COLOR` and `--color never` get `monochrome`, which
//! speaks by modifiers and glyphs alone.

pub mod colour;
mod derive;
pub mod file;
pub mod glyphs;
pub mod measure;
pub mod sight;
pub mod token;

use std::borrow::Cow;
use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

pub use colour::Depth;
pub use file::{Mode, ThemeError};
pub use glyphs::Glyphs;
pub use token::Token;

use crate::engine::text::scrub;
use crate::engine::words::nearest;
use colour::Shelf;
use file::Sheet;

macro_rules! shipped {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../themes/", $id, ".toml")))),*]
    };
}

/// The themes that ship, by the name `--theme` takes.
pub const SHIPPED: &[(&str, &str)] = shipped![
    "terminal",
    "catppuccin-mocha",
    "catppuccin-latte",
    "gruvbox-dark",
    "nord",
    "solarized-dark",
    "solarized-light",
    "dracula",
    "high-contrast",
    "okabe-ito",
    "monochrome",
];

const INHERITS_MAX: usize = 8;

/// The theme of who names none.
pub fn default_id(depth: Depth) -> &'static str {
    match depth {
        Depth::None => "monochrome",
        Depth::Ansi16 => "terminal",
        Depth::Ansi256 | Depth::True => "catppuccin-mocha",
    }
}

/// A theme file of the person's own, read by whoever may read files.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its name without directory and ending.
    pub id: String,
    pub file: String,
    /// Or why it cannot be read.
    pub text: Result<String, String>,
}

/// Themes by name: the person's own before those that ship.
#[derive(Debug, Clone, Default)]
pub struct Library {
    pub own: Vec<Own>,
}

/// A theme in a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub name: String,
    pub mode: Mode,
}

/// The themes that ship.
pub fn shipped() -> Vec<Listed> {
    Library::default().list()
}

/// Styles by token and the signs beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub name: String,
    pub mode: Mode,
    styles: Vec<Style>,
    pub glyphs: Glyphs,
}

impl Theme {
    /// The style of a token over whatever lies below it.
    pub fn style(&self, token: Token) -> Style {
        self.styles[token as usize]
    }

    /// As `Library::load`, of those that ship.
    pub fn load(
        chosen: Option<&str>,
        file: Option<&str>,
        depth: Depth,
        glyphs: Glyphs,
    ) -> Result<Theme, ThemeError> {
        Library::default().load(chosen, file, depth, glyphs)
    }
}

/// A sheet with all it inherits under it.
struct Whole {
    name: String,
    mode: Mode,
    styles: BTreeMap<Token, Style>,
}

impl Library {
    /// Names `--theme` takes, each once.
    fn ids(&self) -> impl Iterator<Item = &str> {
        let shipped = SHIPPED.iter().map(|(id, _)| *id);
        let hidden = |id: &str| self.own.iter().any(|own| own.id == id);
        let own = self.own.iter().map(|own| own.id.as_str());
        own.chain(shipped.filter(move |id| !hidden(id)))
    }

    /// All themes; one that cannot be read by its file name alone.
    pub fn list(&self) -> Vec<Listed> {
        self.ids()
            .map(|id| {
                let whole = self
                    .find(id, "")
                    .and_then(|(file, text)| self.whole(&file, file::parse(&file, text)?, id));
                match whole {
                    Ok(Whole { name, mode, .. }) => (name, mode),
                    Err(_) => (id.to_owned(), Mode::Any),
                }
            })
            .zip(self.ids())
            .map(|((name, mode), id)| Listed {
                id: id.to_owned(),
                name,
                mode,
            })
            .collect()
    }

    /// A theme by name, or a file's text under its file name. `None` is the default.
    pub fn load(
        &self,
        chosen: Option<&str>,
        file: Option<&str>,
        depth: Depth,
        glyphs: Glyphs,
    ) -> Result<Theme, ThemeError> {
        let id = match depth {
            Depth::None => default_id(depth),
            _ => chosen.unwrap_or(default_id(depth)),
        };
        let (file, text) = match file {
            Some(text) if depth != Depth::None => (Cow::Borrowed(id), text),
            _ => self.find(id, "")?,
        };
        let Whole { name, mode, styles } = self.whole(&file, file::parse(&file, text)?, id)?;
        Ok(Theme {
            name,
            mode,
            styles: fold(&styles, depth),
            glyphs,
        })
    }

    /// A theme's file and text. A file never finds itself: one that is named like what it inherits means the other.
    fn find(&self, id: &str, asks: &str) -> Result<(Cow<'_, str>, &str), ThemeError> {
        let wrong = |file: &str, message| ThemeError {
            file: scrub(file).into_owned(),
            line: 1,
            message,
        };
        if let Some(own) = self.own.iter().find(|own| own.id == id && own.file != asks) {
            return match &own.text {
                Ok(text) => Ok((Cow::Borrowed(&own.file), text)),
                Err(why) => Err(wrong(&own.file, format!("cannot be read: {why}"))),
            };
        }
        if let Some((id, text)) = SHIPPED.iter().find(|(known, _)| *known == id) {
            return Ok((Cow::Borrowed(id), text));
        }
        let hint = nearest(id, self.ids())
            .map(|near| format!("did you mean {}? ", scrub(near)))
            .unwrap_or_default();
        let all: Vec<_> = self.ids().map(scrub).collect();
        let says = format!(
            "there is no theme {id:?}; {hint}there are {}",
            all.join(", ")
        );
        Err(wrong(if asks.is_empty() { id } else { asks }, says))
    }

    fn whole(&self, file: &str, sheet: Sheet, id: &str) -> Result<Whole, ThemeError> {
        let Sheet {
            name,
            mut mode,
            mut inherits,
            mut styles,
        } = sheet;
        let mut asks = file.to_owned();
        let mut depth = 0;
        while let Some((parent, line)) = inherits.take() {
            depth += 1;
            if depth > INHERITS_MAX {
                return Err(ThemeError {
                    file: scrub(file).into_owned(),
                    line,
                    message: "inherits runs in a circle".to_owned(),
                });
            }
            let (from, text) = self
                .find(&parent, &asks)
                .map_err(|e| match e.file == asks {
                    true => ThemeError { line, ..e },
                    false => e,
                })?;
            let below = file::parse(&from, text)?;
            for (token, style) in below.styles {
                styles.entry(token).or_insert(style);
            }
            mode = mode.or(below.mode);
            inherits = below.inherits;
            asks = from.into_owned();
        }
        Ok(Whole {
            name: if name.is_empty() { id.to_owned() } else { name },
            mode: mode.unwrap_or_default(),
            styles,
        })
    }
}

/// Where two statuses fold into one colour, all four take the terminal's own for them.
fn told_apart<'a>(
    given: &'a BTreeMap<Token, Style>,
    shelf: &Shelf,
) -> Cow<'a, BTreeMap<Token, Style>> {
    const OWN: [(Token, Color); 4] = [
        (Token::Ok, Color::Green),
        (Token::Info, Color::Cyan),
        (Token::Warn, Color::Yellow),
        (Token::Danger, Color::Red),
    ];
    let folded = OWN.map(|(token, _)| derive::style(token, given).fg.and_then(colour::rgb));
    let [Some(ok), Some(info), Some(warn), Some(danger)] = folded else {
        return Cow::Borrowed(given);
    };
    let folded = [ok, info, warn, danger].map(|(r, g, b)| shelf.nearest(Color::Rgb(r, g, b)));
    if (1..4).all(|n| !folded[..n].contains(&folded[n])) {
        return Cow::Borrowed(given);
    }
    let mut given = given.clone();
    for (token, own) in OWN {
        given.entry(token).or_default().fg = Some(own);
    }
    Cow::Owned(given)
}

/// Every token's style in the colours the terminal has.
fn fold(given: &BTreeMap<Token, Style>, depth: Depth) -> Vec<Style> {
    let shelf = Shelf::of(depth);
    let given = match depth {
        Depth::Ansi16 => told_apart(given, &shelf),
        _ => Cow::Borrowed(given),
    };
    let mut styles: Vec<Style> = Token::ALL
        .iter()
        .map(|token| {
            let style = derive::style(*token, &given);
            Style {
                fg: style.fg.map(|c| shelf.nearest(c)),
                bg: style.bg.map(|c| shelf.nearest(c)),
                ..style
            }
        })
        .collect();
    let ground = |styles: &[Style], token: Token| styles[token as usize].bg;
    // With 16 colours there is no shade between ground and ink, and elsewhere two shades may fold into one.
    let row = styles[Token::SelectedRow as usize];
    let shade = row.fg.is_none() && row.bg.is_some_and(|c| c != Color::Reset);
    let plain = row.fg.is_none() && row.add_modifier.is_empty();
    let same = plain && (row.bg.is_none() || row.bg == ground(&styles, Token::Base));
    if !row.add_modifier.contains(Modifier::REVERSED) && (same || (shade && depth == Depth::Ansi16))
    {
        styles[Token::SelectedRow as usize] = Style { bg: None, ..row }.reversed();
    }
    let field = styles[Token::Field as usize];
    if field.bg.is_none() || field.bg == ground(&styles, Token::Overlay) {
        styles[Token::Field as usize] = field.underlined();
    }
    styles
}

#[cfg(test)]
mod tests;
