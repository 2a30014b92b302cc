//! A windowed table: only the rows that fit are made, columns go by priority.

use super::canvas::Canvas;
use crate::console::app::geometry::{Area, Hit, list_rows};
use crate::console::app::{App, Ctx};
use crate::console::rows::{Align, Column, Row, Slot, fit};
use crate::console::text;
use crate::console::theme::Token;

/// The current blade as a table.
pub fn list(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    let page = app.page();
    if page.ids.is_empty() {
        let (what, next) = if page.filter.is_empty() {
            page.blade.emptiness()
        } else {
            ("No row has these words.", "Esc drops the filter.")
        };
        empty(canvas, area, what, next);
        return;
    }
    let columns = page.blade.columns();
    let inner = area.inset(2);
    let slots = fit(columns, inner.width);
    header(canvas, columns, &slots, inner);
    let eye = app.eye(ctx);
    let height = list_rows(area);
    let shown = page.ids.iter().enumerate().skip(page.first).take(height);
    for (y, (index, id)) in (area.y + 1..).zip(shown) {
        let whole = Area::new(area.x, y, area.width, 1);
        if let Some(row) = page.blade.row(eye, id) {
            cells(canvas, columns, &slots, inner.x, y, &row);
        }
        if index == page.index {
            canvas.tint(whole, Token::SelectedRow);
            let glyph = canvas.theme.glyphs.cursor;
            canvas.text(area.x, y, 1, glyph, Token::Accent);
        }
        canvas.hits.add(whole, Hit::Row(id.clone()));
    }
    thumb(
        canvas,
        area.lines(1, area.height),
        page.first,
        height,
        page.ids.len(),
    );
}

pub fn header(canvas: &mut Canvas, columns: &[Column], slots: &[Slot], area: Area) {
    for slot in slots {
        let column = &columns[slot.column];
        let used = u16::try_from(text::width(column.title)).unwrap_or(0);
        let shift = match column.align {
            Align::Left => 0,
            Align::Right => slot.width.saturating_sub(used),
        };
        canvas.text(
            area.x + slot.x + shift,
            area.y,
            slot.width - shift.min(slot.width),
            column.title,
            Token::TableHeader,
        );
    }
}

pub fn cells(canvas: &mut Canvas, columns: &[Column], slots: &[Slot], x: u16, y: u16, row: &Row) {
    for slot in slots {
        if let Some(cell) = row.cells.get(slot.column) {
            canvas.cell(x + slot.x, y, slot.width, cell, columns[slot.column].align);
        }
    }
}

/// Where in a long list the window is.
fn thumb(canvas: &mut Canvas, area: Area, first: usize, height: usize, count: usize) {
    if count <= height || area.height == 0 {
        return;
    }
    let tall = usize::from(area.height);
    let size = (height * tall / count).max(1);
    let top = (first * (tall - size)).div_ceil((count - height).max(1));
    for y in top..top + size {
        let Ok(y) = u16::try_from(y) else { return };
        let glyph = canvas.theme.glyphs.thumb;
        canvas.text(area.right() - 1, area.y + y, 1, glyph, Token::Faint);
    }
}

/// An empty list says so, and what to do.
pub fn empty(canvas: &mut Canvas, area: Area, what: &str, next: &str) {
    let width = area.width.saturating_sub(4).min(72);
    let wrapped = |said, token| {
        let lines = text::wrap(said, usize::from(width));
        lines.into_iter().map(move |line| (line, token))
    };
    let top = area.y + (area.height.saturating_sub(3)) / 3;
    let lines = wrapped(what, Token::Strong).chain(wrapped(next, Token::Muted));
    for (y, (line, token)) in (top..area.bottom()).zip(lines) {
        let used = u16::try_from(text::width(&line)).unwrap_or(0);
        let x = area.x + area.width.saturating_sub(used) / 2;
        canvas.text(x, y, area.right().saturating_sub(x), &line, token);
    }
}
