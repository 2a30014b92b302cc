//! Pages: lines that were laid out before, from where one scrolled to.

use super::canvas::Canvas;
use crate::console::app::geometry::{self, Area, Hit};
use crate::console::app::page::Page;
use crate::console::doc::{Bar, Line};
use crate::console::rows::{Align, Cell, Mark};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::Refusal;
use crate::engine::text::scrub;

pub fn page(canvas: &mut Canvas, page: &Page, body: Area) {
    let (main, side) = geometry::streams(body, !page.lines.1.is_empty());
    stream(canvas, main, &page.lines.0, page.first);
    links(canvas, main, &page.lines.0, page, true);
    if let Some(side) = side {
        let down = canvas.theme.glyphs.frame[5];
        for y in body.y..body.bottom() {
            canvas.text(side.x - 2, y, 1, down, Token::Border);
        }
        stream(canvas, side, &page.lines.1, page.first);
        links(canvas, side, &page.lines.1, page, false);
    }
}

/// What of a stream can be clicked, and where the cursor is.
fn links(canvas: &mut Canvas, area: Area, lines: &[Line], page: &Page, left: bool) {
    let shown = lines.iter().enumerate().skip(page.first);
    for (y, (n, line)) in (area.y..area.bottom()).zip(shown) {
        let Some(id) = &line.link else { continue };
        let row = Area::new(area.x.saturating_sub(1), y, area.width + 1, 1);
        if page.selected() == Some((left, n)) {
            canvas.tint(row, Token::SelectedRow);
            let glyph = canvas.theme.glyphs.cursor;
            canvas.text(row.x, y, 1, glyph, Token::Accent);
        }
        canvas.hits.add(row, Hit::Row(id.clone()));
    }
}

pub fn stream(canvas: &mut Canvas, area: Area, lines: &[Line], first: usize) {
    let shown = lines.iter().skip(first);
    for (y, line) in (area.y..area.bottom()).zip(shown) {
        let mut end = 0;
        let glyphs = canvas.theme.glyphs;
        match line.bar {
            Bar::None => {}
            Bar::Top => {
                canvas.text(area.x, y, 1, glyphs.bar_top, Token::StrangerBar);
            }
            Bar::Side => {
                canvas.text(area.x, y, 1, glyphs.bar, Token::StrangerBar);
            }
        }
        for piece in &line.pieces {
            if piece.x < area.width {
                let room = area.width - piece.x;
                let used = canvas.cell(area.x + piece.x, y, room, &piece.cell, Align::Left);
                end = end.max(piece.x + used);
            }
        }
        if line.rule && end + 1 < area.width {
            canvas.rule(area.x + end + 1, y, area.width - end - 1, Token::Border);
        }
    }
}

/// A refusal in full: what, which rule, what to do.
pub fn refusal(canvas: &mut Canvas, area: Area, refusal: &Refusal) {
    let inner = area.inset(2);
    let lines = refusal_lines(refusal, usize::from(inner.width));
    for (y, (line, token, mark)) in (area.y + 1..area.bottom()).zip(lines) {
        let mut cell = Cell::new(line).tone(token);
        cell.mark = mark;
        canvas.cell(inner.x, y, inner.width, &cell, Align::Left);
    }
}

pub fn refusal_lines(refusal: &Refusal, width: usize) -> Vec<(String, Token, Option<Mark>)> {
    let mut lines = Vec::new();
    for (i, line) in text::wrap(&refusal.to_string(), width.saturating_sub(2))
        .into_iter()
        .enumerate()
    {
        let (line, mark) = if i == 0 {
            (line, Some(Mark::Bad))
        } else {
            (format!("  {line}"), None)
        };
        lines.push((line, Token::Danger, mark));
    }
    let rule = format!(
        "{} · {} · rule {}",
        refusal.status, refusal.code, refusal.rule
    );
    for line in text::wrap(&rule, width.saturating_sub(2)) {
        lines.push((format!("  {line}"), Token::Muted, None));
    }
    for line in text::wrap(&scrub(&refusal.remedy), width.saturating_sub(2)) {
        lines.push((format!("  {line}"), Token::Text, None));
    }
    if let Some(at) = refusal.allowed_from {
        let line = format!("  Allowed from {} UTC.", at.to_seconds());
        lines.push((line, Token::Text, None));
    }
    lines
}
