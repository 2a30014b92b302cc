//! Colours a terminal can show: truecolor folded down to 256, 16 or none.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    None,
    Ansi16,
    Ansi256,
    True,
}

impl Depth {
    /// What `NO_COLOR`, `COLORTERM` and `TERM` promise.
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Depth {
        if var("NO_COLOR").is_some_and(|v| !v.is_empty()) {
            return Depth::None;
        }
        let term = var("TERM").unwrap_or_default();
        let colorterm = var("COLORTERM").unwrap_or_default();
        if colorterm == "truecolor" || colorterm == "24bit" || term.contains("direct") {
            Depth::True
        } else if term.contains("256") || colorterm.contains("256") || term.contains("kitty") {
            Depth::Ansi256
        } else if term.is_empty() || term == "dumb" || term.starts_with("vt") {
            Depth::None
        } else {
            Depth::Ansi16
        }
    }
}

const ANSI: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 0, 0)),
    (Color::Green, (0, 205, 0)),
    (Color::Yellow, (205, 205, 0)),
    (Color::Blue, (0, 0, 238)),
    (Color::Magenta, (205, 0, 205)),
    (Color::Cyan, (0, 205, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (127, 127, 127)),
    (Color::LightRed, (255, 0, 0)),
    (Color::LightGreen, (0, 255, 0)),
    (Color::LightYellow, (255, 255, 0)),
    (Color::LightBlue, (92, 92, 255)),
    (Color::LightMagenta, (255, 0, 255)),
    (Color::LightCyan, (0, 255, 255)),
    (Color::White, (255, 255, 255)),
];

/// Distance as an eye weighs it ("redmean"), good enough to pick a neighbour.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let [dr, dg, db] =
        [(a.0, b.0), (a.1, b.1), (a.2, b.2)].map(|(x, y)| i32::from(x) - i32::from(y));
    let mean = (i32::from(a.0) + i32::from(b.0)) / 2;
    (((512 + mean) * dr * dr) >> 8) + 4 * dg * dg + (((767 - mean) * db * db) >> 8)
}

fn indexed(i: u8) -> (u8, u8, u8) {
    if i >= 232 {
        let v = 8 + (i - 232) * 10;
        return (v, v, v);
    }
    let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
    let i = i - 16;
    (level(i / 36), level(i / 6 % 6), level(i % 6))
}

/// The colour as red, green and blue; nothing for the terminal's own.
pub fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(i) if i >= 16 => Some(indexed(i)),
        Color::Indexed(i) => Some(ANSI[usize::from(i)].1),
        named => (ANSI.iter().find(|(n, _)| *n == named)).map(|(_, value)| *value),
    }
}

/// The nearest colour the terminal has.
pub fn fold(color: Color, depth: Depth) -> Color {
    let rgb = match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(i) if i >= 16 => indexed(i),
        named => {
            return if depth == Depth::None {
                Color::Reset
            } else {
                named
            };
        }
    };
    match depth {
        Depth::True => color,
        Depth::None => Color::Reset,
        Depth::Ansi256 => {
            if matches!(color, Color::Indexed(_)) {
                return color;
            }
            let nearest = (16..=255u8).min_by_key(|i| distance(rgb, indexed(*i)));
            Color::Indexed(nearest.unwrap_or(16))
        }
        Depth::Ansi16 => ANSI
            .iter()
            .min_by_key(|(_, value)| distance(rgb, *value))
            .map_or(Color::Reset, |(color, _)| *color),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_more_colours_than_it_promises() {
        let env = |pairs: &'static [(&str, &str)]| {
            Depth::from_env(move |name| {
                pairs
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| (*v).to_owned())
            })
        };
        assert_eq!(
            env(&[("COLORTERM", "truecolor"), ("TERM", "xterm")]),
            Depth::True
        );
        assert_eq!(env(&[("TERM", "screen-256color")]), Depth::Ansi256);
        assert_eq!(env(&[("TERM", "linux")]), Depth::Ansi16);
        assert_eq!(env(&[("TERM", "dumb")]), Depth::None);
        assert_eq!(
            env(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]),
            Depth::None
        );
    }

    #[test]
    fn folding_keeps_hue() {
        assert_eq!(
            fold(Color::Rgb(250, 10, 10), Depth::Ansi16),
            Color::LightRed
        );
        assert_eq!(
            fold(Color::Rgb(0, 0, 0), Depth::Ansi256),
            Color::Indexed(16)
        );
        assert_eq!(fold(Color::Rgb(1, 2, 3), Depth::None), Color::Reset);
    }
}
