//! A buffer with a theme: text cut at grapheme ends, fills, frames, and the clickable pieces.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::app::geometry::{Area, Hits};
use crate::console::rows::{Align, Cell};
use crate::console::text;
use crate::console::theme::{Theme, Token};

pub struct Canvas<'a> {
    pub buf: &'a mut Buffer,
    pub theme: &'a Theme,
    pub hits: Hits,
}

pub fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}

impl<'a> Canvas<'a> {
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme) -> Self {
        Canvas {
            buf,
            theme,
            hits: Hits::default(),
        }
    }

    /// What fits of an area on the buffer.
    fn clip(&self, area: Area) -> Rect {
        rect(area).intersection(self.buf.area)
    }

    /// Lays a token's colours over what is there.
    pub fn tint(&mut self, area: Area, token: Token) {
        let style = self.theme.style(token);
        self.tint_with(area, style);
    }

    pub fn tint_with(&mut self, area: Area, style: Style) {
        let clip = self.clip(area);
        self.buf.set_style(clip, style);
    }

    /// Blanks an area in a token's colours.
    pub fn fill(&mut self, area: Area, token: Token) {
        let clip = self.clip(area);
        let style = self.theme.style(Token::Base).patch(self.theme.style(token));
        // A wide character that begins left of the area must not reach into it.
        if clip.x > self.buf.area.x {
            for y in clip.top()..clip.bottom() {
                let before = &mut self.buf[(clip.x - 1, y)];
                if text::width(before.symbol()) > 1 {
                    before.set_symbol(" ");
                }
            }
        }
        for y in clip.top()..clip.bottom() {
            for x in clip.left()..clip.right() {
                let cell = &mut self.buf[(x, y)];
                cell.reset();
                cell.set_style(style);
            }
        }
    }

    /// Text in at most `width` columns; `…` where it is cut. Returns the columns used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, token: Token) -> u16 {
        let style = self.theme.style(token);
        self.text_with(x, y, width, text, style)
    }

    pub fn text_with(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let room = self.buf.area.right().saturating_sub(x).min(width);
        if room == 0 || y >= self.buf.area.bottom() {
            return 0;
        }
        let cut = text::cut(text, usize::from(room));
        let (end, _) = self.buf.set_stringn(x, y, &cut, usize::from(room), style);
        end - x
    }

    /// A cell of a table or page with its mark. Returns the columns used.
    pub fn cell(&mut self, x: u16, y: u16, width: u16, cell: &Cell, align: Align) -> u16 {
        let used = u16::try_from(cell.width()).unwrap_or(width).min(width);
        let mut at = match align {
            Align::Left => x,
            Align::Right => x + (width - used),
        };
        let end = x + width;
        if let Some(mark) = cell.mark {
            let glyph = self.theme.glyphs.mark(mark);
            at += self.text(at, y, (end - at).min(2), glyph, cell.tone);
            at += 1;
        }
        if let Some(gauge) = cell.gauge {
            let width = gauge.width.min(end.saturating_sub(at));
            let done = u32::from(gauge.permille.min(1_000)) * u32::from(width) / 1_000;
            for n in 0..width {
                let (glyph, tone) = if u32::from(n) < done {
                    (self.theme.glyphs.full, cell.tone)
                } else {
                    (self.theme.glyphs.track, Token::Faint)
                };
                self.text(at + n, y, 1, glyph, tone);
            }
            at += width + 1;
        }
        for eighths in &cell.spark {
            if at < end {
                let glyph = self.theme.glyphs.chart.steps[usize::from(*eighths).min(8)];
                at += self.text(at, y, 1, glyph, cell.tone);
            }
        }
        if at < end {
            at += self.text(at, y, end - at, &cell.text, cell.tone);
        }
        at - x
    }

    /// A horizontal rule.
    pub fn rule(&mut self, x: u16, y: u16, width: u16, token: Token) {
        let glyph = self.theme.glyphs.rule;
        let style = self.theme.style(token);
        for x in x..x.saturating_add(width).min(self.buf.area.right()) {
            if y < self.buf.area.bottom() {
                self.buf[(x, y)].set_symbol(glyph).set_style(style);
            }
        }
    }

    /// A frame with a title; returns the inside.
    pub fn frame(&mut self, area: Area, border: Token, title: &str, title_token: Token) -> Area {
        let clip = self.clip(area);
        if clip.width < 2 || clip.height < 2 {
            return Area::default();
        }
        let [tl, tr, br, bl, across, down] = self.theme.glyphs.frame;
        let style = self.theme.style(border);
        let (left, right) = (clip.left(), clip.right() - 1);
        let (top, bottom) = (clip.top(), clip.bottom() - 1);
        let mut put = |x, y, glyph: &str| {
            self.buf[(x, y)].set_symbol(glyph).set_style(style);
        };
        for x in left + 1..right {
            put(x, top, across);
            put(x, bottom, across);
        }
        for y in top + 1..bottom {
            put(left, y, down);
            put(right, y, down);
        }
        put(left, top, tl);
        put(right, top, tr);
        put(right, bottom, br);
        put(left, bottom, bl);
        if !title.is_empty() && clip.width > 6 {
            let text = format!(" {title} ");
            self.text(left + 2, top, clip.width - 4, &text, title_token);
        }
        Area::new(left + 1, top + 1, clip.width - 2, clip.height - 2)
    }

    /// A modal: a framed box over everything, with what lies behind out of reach of the mouse.
    pub fn modal(&mut self, area: Area, border: Token, title: &str) -> Area {
        let whole = self.buf.area;
        self.hits.add(
            Area::new(whole.x, whole.y, whole.width, whole.height),
            crate::console::app::geometry::Hit::Backdrop,
        );
        self.fill(area, Token::Overlay);
        self.frame(area, border, title, Token::ModalTitle).inset(1)
    }
}
