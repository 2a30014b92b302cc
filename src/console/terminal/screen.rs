//! Frames: only what changed, in one write, inside a synchronised update; nothing at all when nothing did.

use std::fs::File;
use std::io::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::encode::encode;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

pub struct Screen<W> {
    shown: Buffer,
    next: Buffer,
    /// The bytes of one frame.
    page: Vec<u8>,
    whole: bool,
    out: W,
}

impl Screen<File> {
    pub fn stdout() -> io::Result<Self> {
        Ok(Screen::new(super::out()?))
    }
}

impl<W: Write> Screen<W> {
    pub fn new(out: W) -> Self {
        Screen {
            page: Vec::new(),
            shown: Buffer::empty(Rect::ZERO),
            next: Buffer::empty(Rect::ZERO),
            whole: true,
            out,
        }
    }

    /// Sends what is no frame: it moves no cursor and shows nothing.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// The frame that is on the screen.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }

    /// The bytes of the last frame that was written.
    pub fn page(&self) -> &[u8] {
        &self.page
    }

    /// The next frame is painted whole, because nobody knows what is on the screen.
    pub fn forget(&mut self) {
        self.whole = true;
    }

    /// Paints a frame and sends what changed. Returns the bytes written.
    pub fn draw(&mut self, area: Rect, paint: impl FnOnce(&mut Buffer)) -> io::Result<usize> {
        self.whole |= self.shown.area != area;
        if self.next.area != area {
            self.next.resize(area);
        }
        self.next.reset();
        paint(&mut self.next);
        if self.whole {
            self.shown = Buffer::empty(area);
        }
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && !self.whole {
            return Ok(0);
        }
        self.page.clear();
        self.page.extend_from_slice(BEGIN);
        if self.whole {
            self.page.extend_from_slice(CLEAR);
        }
        encode(&mut self.page, changes);
        self.page.extend_from_slice(END);
        self.whole = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.out.write_all(&self.page)?;
        Ok(self.page.len())
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier, Style};

    struct Counting(Vec<usize>);

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_and_an_unchanged_frame_none() {
        let area = Rect::new(0, 0, 40, 10);
        let mut screen = Screen::new(Counting(Vec::new()));
        let hello = |buf: &mut Buffer| buf.set_string(3, 3, "hello 한국어", Style::new());
        screen.draw(area, hello).unwrap();
        assert_eq!(screen.out.0.len(), 1);
        assert_eq!(screen.draw(area, hello).unwrap(), 0);
        assert_eq!(screen.out.0.len(), 1);
        screen.forget();
        assert!(screen.draw(area, hello).unwrap() > 0);
        screen.draw(Rect::new(0, 0, 20, 5), |_| {}).unwrap();
        assert_eq!(screen.out.0.len(), 3);
    }

    /// What a terminal would make of all frames so far, cell by cell.
    pub fn same(emulator: &vt100::Screen, buffer: &Buffer) {
        let colour = |c: Color| match c {
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            Color::Indexed(i) => vt100::Color::Idx(i),
            Color::LightRed => vt100::Color::Idx(9),
            _ => vt100::Color::Default,
        };
        for y in 0..buffer.area.height {
            let mut x = 0;
            while x < buffer.area.width {
                let wanted = &buffer[(x, y)];
                let got = emulator.cell(y, x).unwrap();
                let symbol = if got.has_contents() {
                    got.contents()
                } else {
                    " "
                };
                assert_eq!(symbol, wanted.symbol(), "at {x},{y}");
                assert_eq!(got.bgcolor(), colour(wanted.bg), "ground at {x},{y}");
                let has = |m| wanted.modifier.contains(m);
                if symbol != " " {
                    assert_eq!(got.fgcolor(), colour(wanted.fg), "ink at {x},{y}");
                    assert_eq!(got.bold(), has(Modifier::BOLD));
                }
                assert_eq!(got.inverse(), has(Modifier::REVERSED), "at {x},{y}");
                assert_eq!(got.underline(), has(Modifier::UNDERLINED));
                x += u16::try_from(crate::console::text::width(wanted.symbol()).max(1)).unwrap();
            }
        }
    }

    #[test]
    fn a_terminal_shows_exactly_the_frame_after_any_frame_before() {
        const WORDS: [&str; 7] = ["한국어", "plain", "🔑", "é", "x", "   ", "東京-1"];
        const INKS: [Color; 5] = [
            Color::Reset,
            Color::Rgb(1, 2, 3),
            Color::Rgb(200, 100, 0),
            Color::Indexed(99),
            Color::LightRed,
        ];
        const MODIFIERS: [Modifier; 4] = [
            Modifier::empty(),
            Modifier::BOLD,
            Modifier::REVERSED,
            Modifier::UNDERLINED,
        ];
        let (width, height) = (40u16, 8u16);
        let mut screen = Screen::new(Vec::new());
        let mut emulator =
            vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        let mut seed = 5usize;
        let mut dice = |sides: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % sides
        };
        for _ in 0..300 {
            let marks: Vec<_> = (0..12)
                .map(|_| {
                    let style = Style::new()
                        .fg(INKS[dice(5)])
                        .bg(INKS[dice(5)])
                        .add_modifier(MODIFIERS[dice(4)]);
                    (dice(40), dice(8), WORDS[dice(7)], style)
                })
                .collect();
            let area = Rect::new(0, 0, width, height);
            screen
                .draw(area, |buf| {
                    for (x, y, word, style) in &marks {
                        let (x, y) = (u16::try_from(*x).unwrap(), u16::try_from(*y).unwrap());
                        let blank = " ".repeat(usize::from(width - x));
                        buf.set_stringn(x, y, blank, usize::from(width - x), *style);
                        buf.set_stringn(x, y, word, usize::from(width - x), *style);
                        // What a wide character to the left loses its half to becomes a space.
                        if x > 0 && crate::console::text::width(buf[(x - 1, y)].symbol()) > 1 {
                            buf[(x - 1, y)].set_symbol(" ");
                        }
                    }
                })
                .unwrap();
            emulator.process(&std::mem::take(&mut screen.out));
            same(emulator.screen(), &screen.shown);
        }
    }
}
