//! Changed cells as the fewest bytes: colours are sent one by one when they change, a space takes whatever
//! ink is in the pen, and neighbours need no cursor movement.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What the terminal would paint with now.
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const SET: [(Modifier, &str); 5] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
];

/// Appends the bytes that bring the cells onto the screen. The pen is clean before and after.
pub fn encode<'a>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = (u16, u16, &'a Cell)>) {
    encode_from(out, None, cells);
}

/// Like [`encode`], with the cursor where it says; cells that lie there in a row need no movement at all.
pub fn encode_from<'a>(
    out: &mut Vec<u8>,
    mut at: Option<(u16, u16)>,
    cells: impl IntoIterator<Item = (u16, u16, &'a Cell)>,
) {
    let mut pen = Pen {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };
    for (x, y, cell) in cells {
        if at != Some((x, y)) {
            push(out, &format!("\x1b[{};{}H", y + 1, x + 1));
        }
        pen.change(out, cell);
        push(out, cell.symbol());
        let width = u16::try_from(crate::console::text::width(cell.symbol())).unwrap_or(1);
        at = Some((x + width.max(1), y));
    }
    push(out, "\x1b[0m");
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

impl Pen {
    fn change(&mut self, out: &mut Vec<u8>, cell: &Cell) {
        let wanted = cell.modifier;
        let ink_shows = wanted.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
        let fg = if cell.symbol() == " " && !ink_shows {
            self.fg
        } else {
            cell.fg
        };
        let mut codes = String::new();
        if !wanted.contains(self.modifier) {
            codes.push_str("0;");
            *self = Pen {
                fg: Color::Reset,
                bg: Color::Reset,
                modifier: Modifier::empty(),
            };
        }
        for (modifier, code) in SET {
            if wanted.contains(modifier) && !self.modifier.contains(modifier) {
                codes.push_str(code);
                codes.push(';');
            }
        }
        if fg != self.fg {
            colour(&mut codes, fg, 30);
        }
        if cell.bg != self.bg {
            colour(&mut codes, cell.bg, 40);
        }
        (self.fg, self.bg, self.modifier) = (fg, cell.bg, wanted);
        if codes.pop().is_some() {
            push(out, "\x1b[");
            push(out, &codes);
            push(out, "m");
        }
    }
}

/// The code of a colour; `base` is 30 for ink and 40 for ground.
fn colour(codes: &mut String, colour: Color, base: u8) {
    let plain = |n: u8| format!("{};", base + n);
    let bright = |n: u8| format!("{};", base + 60 + n);
    codes.push_str(&match colour {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(i) => format!("{};5;{i};", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b};", base + 8),
    });
}
