//! Themes: a file of named styles resolved once into an array by token.
//!
//! Order for a token: the file, the files it inherits, the token it falls back to. Colours are then folded
//! to what the terminal shows; a terminal without colour, `NO_COLOR` and `--color never` get `monochrome`,
//! which speaks by modifiers and glyphs alone.

pub mod colour;
pub mod file;
pub mod glyphs;
pub mod sight;
pub mod token;

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

pub use colour::Depth;
pub use file::ThemeError;
pub use glyphs::Glyphs;
pub use token::Token;

use crate::engine::words::nearest;
use file::Sheet;

/// The themes that ship, by the name `--theme` takes.
pub const SHIPPED: &[(&str, &str)] = &[
    (
        "catppuccin-mocha",
        include_str!("../../../themes/catppuccin-mocha.toml"),
    ),
    (
        "catppuccin-latte",
        include_str!("../../../themes/catppuccin-latte.toml"),
    ),
    (
        "monochrome",
        include_str!("../../../themes/monochrome.toml"),
    ),
];

const DEFAULT: &str = "catppuccin-mocha";
const INHERITS_MAX: usize = 8;

/// Styles by token and the signs beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub name: String,
    styles: Vec<Style>,
    pub glyphs: Glyphs,
}

impl Theme {
    /// The style of a token over whatever lies below it.
    pub fn style(&self, token: Token) -> Style {
        self.styles[token as usize]
    }

    /// A shipped theme by name, or a file's text under its file name. `None` is the default.
    pub fn load(
        chosen: Option<&str>,
        file: Option<&str>,
        depth: Depth,
        glyphs: Glyphs,
    ) -> Result<Theme, ThemeError> {
        let name = if depth == Depth::None {
            "monochrome"
        } else {
            chosen.unwrap_or(DEFAULT)
        };
        let sheet = match file {
            Some(text) if depth != Depth::None => file::parse(name, text)?,
            _ => file::parse(name, shipped(name, name)?)?,
        };
        let styles = resolve(name, sheet.clone())?;
        let name = if sheet.name.is_empty() {
            name.to_owned()
        } else {
            sheet.name
        };
        let styles = Token::ALL
            .iter()
            .map(|token| fold(pick(&styles, *token), depth))
            .collect();
        Ok(Theme {
            name,
            styles,
            glyphs,
        })
    }
}

fn shipped(file: &str, name: &str) -> Result<&'static str, ThemeError> {
    SHIPPED
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| {
            let names = SHIPPED.iter().map(|(n, _)| *n);
            let hint = nearest(name, names.clone())
                .map(|near| format!("did you mean {near}? "))
                .unwrap_or_default();
            ThemeError {
                file: file.to_owned(),
                line: 1,
                message: format!(
                    "there is no theme {name:?}; {hint}shipped are {}",
                    names.collect::<Vec<_>>().join(", ")
                ),
            }
        })
}

/// The sheet with what it inherits under it.
fn resolve(file: &str, mut sheet: Sheet) -> Result<BTreeMap<Token, Style>, ThemeError> {
    let mut styles = sheet.styles.clone();
    let mut depth = 0;
    while let Some(parent) = sheet.inherits.take() {
        depth += 1;
        if depth > INHERITS_MAX {
            return Err(ThemeError {
                file: file.to_owned(),
                line: 1,
                message: "inherits runs in a circle".to_owned(),
            });
        }
        sheet = file::parse(&parent, shipped(file, &parent)?)?;
        for (token, style) in &sheet.styles {
            styles.entry(*token).or_insert(*style);
        }
    }
    Ok(styles)
}

fn pick(styles: &BTreeMap<Token, Style>, token: Token) -> Style {
    let mut token = token;
    loop {
        if let Some(style) = styles.get(&token) {
            return *style;
        }
        let next = token.fallback();
        if next == token {
            return Style::new();
        }
        token = next;
    }
}

fn fold(style: Style, depth: Depth) -> Style {
    let mut folded = style;
    folded.fg = style.fg.map(|c| colour::fold(c, depth));
    folded.bg = style.bg.map(|c| colour::fold(c, depth));
    // Selection must show even when two dark greys fold into one colour.
    if depth == Depth::Ansi16 && folded.bg == Some(Color::Black) && style.fg.is_none() {
        folded.bg = None;
        folded = folded.add_modifier(Modifier::REVERSED);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, depth: Depth) -> Theme {
        Theme::load(Some(name), None, depth, glyphs::UNICODE).unwrap()
    }

    #[test]
    fn every_shipped_theme_loads_at_every_depth() {
        for (name, _) in SHIPPED {
            for depth in [Depth::True, Depth::Ansi256, Depth::Ansi16, Depth::None] {
                let theme = load(name, depth);
                assert_eq!(theme.styles.len(), Token::ALL.len());
            }
        }
    }

    #[test]
    fn without_colour_no_colour_is_used_and_the_cursor_still_shows() {
        let theme = load("catppuccin-mocha", Depth::None);
        for style in &theme.styles {
            for colour in [style.fg, style.bg].into_iter().flatten() {
                assert_eq!(colour, Color::Reset);
            }
        }
        let row = theme.style(Token::SelectedRow);
        assert!(row.add_modifier.contains(Modifier::REVERSED));
    }

    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(r, g, b) = colour else {
            panic!("{colour:?} is not rgb")
        };
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn text_and_statuses_keep_a_contrast_of_4_5_also_on_the_selected_row() {
        use Token::{Accent, Danger, Info, Muted, Ok, Text, Warn};
        for name in ["catppuccin-mocha", "catppuccin-latte"] {
            let theme = load(name, Depth::True);
            let base = theme.style(Token::Base).bg.unwrap();
            let selected = theme.style(Token::SelectedRow).bg.unwrap();
            for token in [Text, Muted, Ok, Info, Warn, Danger, Accent] {
                let ink = theme.style(token).fg.unwrap();
                for (place, ground, least) in [("base", base, 4.4), ("selected", selected, 3.4)] {
                    let (a, b) = (luminance(ink), luminance(ground));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(
                        contrast >= least,
                        "{name} {token:?} on {place}: {contrast:.2}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_mistake_names_file_line_key_and_the_nearest_word() {
        let wrong = |text: &str| file::parse("mine.toml", text).unwrap_err().to_string();
        assert_eq!(
            wrong("[surface]\nbase = 3\n"),
            "mine.toml:2: a colour in quotes or a style like { fg = \"#rrggbb\", bold = true } belongs here"
        );
        assert_eq!(
            wrong("[theme]\nname = \"x\"\n[status]\nwran = \"#ffffff\"\n"),
            "mine.toml:4: [status] key \"wran\" is not known; did you mean warn?"
        );
        assert_eq!(
            wrong("[staus]\nok = \"#ffffff\"\n"),
            "mine.toml:1: section \"staus\" is not known; did you mean status?"
        );
        assert_eq!(
            wrong("[palette]\nink = \"#fff\"\n"),
            "mine.toml:2: \"#fff\" is no colour; write \"#rrggbb\""
        );
        assert_eq!(
            wrong("[palette]\nink = \"#ffffff\"\n[text]\nnormal = \"inc\"\n"),
            "mine.toml:4: colour \"inc\" is not known; did you mean ink?"
        );
        assert!(wrong("[text\n").starts_with("mine.toml:1: "));
        assert!(wrong("[text]\nnormal = { bolt = true }\n").contains("did you mean bold?"));
    }

    #[test]
    fn a_small_theme_is_complete() {
        let text = "[theme]\nname = \"Small\"\ninherits = \"catppuccin-mocha\"\n[status]\nok = \"#00ff00\"\n";
        let theme =
            Theme::load(Some("small.toml"), Some(text), Depth::True, glyphs::ASCII).unwrap();
        assert_eq!(theme.name, "Small");
        assert_eq!(theme.style(Token::Approved).fg, Some(Color::Rgb(0, 255, 0)));
        assert!(theme.style(Token::Base).bg.is_some());
    }
}
