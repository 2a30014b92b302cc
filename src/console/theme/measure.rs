//! A theme in figures: how well its text is read, and how well its statuses are told apart.

use super::colour::rgb;
use super::sight::{Eyes, Rgb, contrast, nearest_pair};
use super::{Theme, Token};

/// What must be read everywhere.
pub const INKS: [(&str, Token); 6] = [
    ("text", Token::Text),
    ("muted", Token::Muted),
    ("ok", Token::Ok),
    ("info", Token::Info),
    ("warn", Token::Warn),
    ("danger", Token::Danger),
];

/// The contrast of an ink on a ground and, over that ground, in the selected row. `None` where a colour is the
/// terminal's own, which nobody here knows.
pub fn contrasts(theme: &Theme, ink: Token, ground: Token) -> [Option<f64>; 2] {
    let ink = theme.style(ink);
    let ground = theme.style(ground).bg;
    let row = theme.style(Token::SelectedRow);
    // Reversed or not, the contrast is the same.
    [(ink.fg, ground), (row.fg.or(ink.fg), row.bg.or(ground))].map(|(ink, ground)| {
        let (ink, ground) = (ink.and_then(rgb)?, ground.and_then(rgb)?);
        Some(contrast(ink, ground))
    })
}

/// The smallest difference between any two of ok, info, warn and danger.
pub fn apart(theme: &Theme, eyes: Eyes) -> Option<f64> {
    let statuses: Option<Vec<Rgb>> = [Token::Ok, Token::Info, Token::Warn, Token::Danger]
        .into_iter()
        .map(|token| theme.style(token).fg.and_then(rgb))
        .collect();
    nearest_pair(&statuses?, eyes)
}
