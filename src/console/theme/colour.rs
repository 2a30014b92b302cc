//! Colours a terminal can show: truecolor folded down to 256, 16 or none.

use ratatui::style::Color;

use super::sight::{Lab, Rgb, lab};

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

/// Chroma below which a colour passes for grey.
const GREY: f64 = 20.0;

/// As xterm has them.
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

fn indexed(i: u8) -> (u8, u8, u8) {
    if i >= 232 {
        let v = 8 + (i - 232) * 10;
        return (v, v, v);
    }
    let level = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
    let i = i - 16;
    (level(i / 36), level(i / 6 % 6), level(i % 6))
}

/// The colour where it is the same on every terminal; the first 16 are what their owner made of them.
pub fn exact(colour: Color) -> Option<Rgb> {
    match colour {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(i) if i >= 16 => Some(indexed(i)),
        _ => None,
    }
}

/// The colour as xterm shows it; nothing for the terminal's own ink and ground.
pub fn rgb(colour: Color) -> Option<Rgb> {
    exact(colour).or_else(|| match colour {
        Color::Indexed(i) => Some(ANSI.get(usize::from(i))?.1),
        named => (ANSI.iter().find(|(n, _)| *n == named)).map(|(_, value)| *value),
    })
}

/// Red, yellow, green, cyan, blue or magenta, whichever is nearest, as 0 to 5.
fn hue((r, g, b): Rgb) -> i32 {
    let [r, g, b] = [r, g, b].map(f64::from);
    let most = r.max(g).max(b);
    let span = (most - r.min(g).min(b)).max(1.0);
    let turn = if most == r {
        (g - b) / span
    } else if most == g {
        2.0 + (b - r) / span
    } else {
        4.0 + (r - g) / span
    };
    (turn.round() as i32).rem_euclid(6)
}

/// The colours of a terminal.
pub struct Shelf {
    depth: Depth,
    has: Vec<(Color, Rgb, Lab)>,
}

impl Shelf {
    pub fn of(depth: Depth) -> Shelf {
        let has: Vec<(Color, Rgb)> = match depth {
            Depth::None | Depth::True => Vec::new(),
            Depth::Ansi16 => ANSI.to_vec(),
            Depth::Ansi256 => (16..=255)
                .map(|i| (Color::Indexed(i), indexed(i)))
                .collect(),
        };
        Shelf {
            depth,
            has: has.into_iter().map(|(c, rgb)| (c, rgb, lab(rgb))).collect(),
        }
    }

    /// The colour the terminal has that looks most like it.
    pub fn nearest(&self, colour: Color) -> Color {
        let rgb = match (self.depth, exact(colour)) {
            (Depth::None, _) => return Color::Reset,
            (Depth::True, _) | (_, None) => return colour,
            (_, Some(rgb)) => rgb,
        };
        let lab = lab(rgb);
        // The few colours of a terminal with 16 are all loud: a pale green is green before it is grey.
        let by_hue = self.depth == Depth::Ansi16 && lab.chroma() > GREY;
        let distance =
            |has: Lab| (has.l - lab.l).powi(2) + (has.a - lab.a).powi(2) + (has.b - lab.b).powi(2);
        self.has
            .iter()
            .filter(|(_, other, has)| !by_hue || (has.chroma() > GREY && hue(*other) == hue(rgb)))
            .min_by(|a, b| distance(a.2).total_cmp(&distance(b.2)))
            .map_or(colour, |(nearest, ..)| *nearest)
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
            Shelf::of(Depth::Ansi16).nearest(Color::Rgb(250, 10, 10)),
            Color::LightRed
        );
        assert_eq!(
            Shelf::of(Depth::Ansi256).nearest(Color::Rgb(0, 0, 0)),
            Color::Indexed(16)
        );
        let pale = Shelf::of(Depth::Ansi16).nearest(Color::Rgb(0xa6, 0xe3, 0xa1));
        assert!(matches!(pale, Color::Green | Color::LightGreen), "{pale:?}");
        let grey = Shelf::of(Depth::Ansi256).nearest(Color::Rgb(0x8a, 0x8a, 0x8b));
        assert_eq!(grey, Color::Indexed(245));
        assert_eq!(
            Shelf::of(Depth::None).nearest(Color::Rgb(1, 2, 3)),
            Color::Reset
        );
    }
}
