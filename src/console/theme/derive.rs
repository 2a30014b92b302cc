//! What a theme leaves out, made of what it says: a file with grounds, text, one accent, borders and statuses is
//! whole. Where its colours are the terminal's own, modifiers stand in for shades.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::colour::rgb;
use super::sight::{Rgb, contrast, mix};
use super::token::Token;

/// Least contrast of what must be read, also on the selected row.
const READABLE: f64 = 4.5;
/// Of what is quieter than text on the ground, so that it is readable on the selected row too.
const MUTED: f64 = 5.4;
const FAINT: f64 = 3.0;

pub fn style(token: Token, given: &BTreeMap<Token, Style>) -> Style {
    if let Some(style) = given.get(&token) {
        return *style;
    }
    let of = |token| style(token, given);
    let reversed = Modifier::REVERSED | Modifier::BOLD;
    let fg = |colour| Style::new().fg(colour);
    match token {
        Token::Base => fg(Color::Reset).bg(Color::Reset),
        Token::Text => fg(of(Token::Base).fg.unwrap_or(Color::Reset)),
        Token::Accent => fg(Color::Blue),
        Token::Ok => fg(Color::Green),
        Token::Info => fg(Color::Cyan),
        Token::Warn => fg(Color::Yellow),
        Token::Danger => fg(Color::Red),
        Token::Raised => match grounds(given) {
            Some((ground, ink)) => of(Token::Base).bg(colour(mix(ground, ink, 0.05))),
            None => of(Token::Base),
        },
        Token::Field => match grounds(given) {
            Some((ground, ink)) => Style::new().bg(colour(mix(ground, ink, 0.14))),
            None => Style::new().add_modifier(Modifier::UNDERLINED),
        },
        Token::SelectedRow => match grounds(given) {
            Some(grounds) => Style::new().bg(colour(row(grounds, given))),
            None => Style::new().add_modifier(Modifier::REVERSED),
        },
        // For a beat only; what changed also says so in words.
        Token::Changed => {
            let bold = Style::new().add_modifier(Modifier::BOLD);
            let accent = of(Token::Accent).fg.and_then(rgb);
            match (grounds(given), accent) {
                (Some((ground, _)), Some(accent)) => bold.bg(colour(mix(ground, accent, 0.14))),
                _ => bold,
            }
        }
        Token::Muted => quiet(given, 0.4, MUTED),
        Token::Faint => quiet(given, 0.6, FAINT),
        Token::Border => of(Token::Faint),
        Token::Strong => of(Token::Text).add_modifier(Modifier::BOLD),
        Token::Link => of(Token::Accent).add_modifier(Modifier::UNDERLINED),
        Token::Match => of(Token::Accent).add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Token::TableHeader => of(Token::Muted).add_modifier(Modifier::BOLD),
        // Reversed, an ink has the ground it lies on as its own ink, whatever that is.
        Token::Simulation => of(Token::Warn).add_modifier(reversed),
        Token::ButtonFocused => of(Token::Accent).add_modifier(reversed),
        Token::ButtonDanger => of(Token::Danger).add_modifier(reversed),
        _ => of(token.fallback()),
    }
}

fn colour((r, g, b): Rgb) -> Color {
    Color::Rgb(r, g, b)
}

/// The ground and the text on it, where both are known colours.
fn grounds(given: &BTreeMap<Token, Style>) -> Option<(Rgb, Rgb)> {
    let ground = style(Token::Base, given).bg.and_then(rgb)?;
    let ink = style(Token::Text, given).fg.and_then(rgb)?;
    Some((ground, ink))
}

/// Text so far on its way to the ground as its contrast allows.
fn quiet(given: &BTreeMap<Token, Style>, part: f64, least: f64) -> Style {
    let text = style(Token::Text, given);
    let Some((ground, ink)) = grounds(given) else {
        return text.add_modifier(Modifier::DIM);
    };
    text.fg(colour(
        steps(part, 0.0)
            .map(|part| mix(ink, ground, part))
            .find(|quiet| contrast(*quiet, ground) >= least)
            .unwrap_or(ink),
    ))
}

/// The strongest shade of the ground on which text and statuses can still be read.
fn row((ground, ink): (Rgb, Rgb), given: &BTreeMap<Token, Style>) -> Rgb {
    const LEAST: f64 = 0.06;
    let inks: Vec<Rgb> = [
        Token::Text,
        Token::Muted,
        Token::Ok,
        Token::Info,
        Token::Warn,
        Token::Danger,
    ]
    .into_iter()
    .filter_map(|token| style(token, given).fg.and_then(rgb))
    .collect();
    let shade = |part| mix(ground, ink, part);
    steps(0.16, LEAST)
        .map(shade)
        .find(|row| inks.iter().all(|ink| contrast(*ink, *row) >= READABLE))
        .unwrap_or_else(|| shade(LEAST))
}

/// From one part down to another.
fn steps(from: f64, to: f64) -> impl Iterator<Item = f64> {
    (0..=20).map(move |n| from + (to - from) * f64::from(n) / 20.0)
}
