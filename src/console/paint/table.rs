//! A windowed table: only the rows that fit are made, columns go by priority.

use super::canvas::Canvas;
use super::lines;
use crate::console::app::geometry::{self, Area, Hit, list_rows};
use crate::console::app::page::Page;
use crate::console::app::{App, Ctx};
use crate::console::blades::opens;
use crate::console::doc::{Block, layout};
use crate::console::rows::{Align, Column, Row, Slot};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::text::scrub;

/// The list, and what the row under its cursor is about where somebody wants to see that.
pub fn with_detail(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area) {
    let Some(share) = app.detail else {
        return list(canvas, app, ctx, body);
    };
    let (area, pane) = geometry::detail(body, share);
    list(canvas, app, ctx, area);
    let beside = pane.y == body.y;
    let inner = if beside {
        for y in pane.y..pane.bottom() {
            let line = canvas.theme.glyphs.frame[5];
            canvas.text(pane.x, y, 1, line, Token::Border);
        }
        Area {
            x: pane.x + 2,
            width: pane.width.saturating_sub(3),
            ..pane
        }
    } else {
        canvas.rule(pane.x, pane.y, pane.width, Token::Border);
        pane.lines(1, pane.height).inset(1)
    };
    let blade = app.item().and_then(|id| opens(ctx.world, &id));
    let eye = app.eye(ctx);
    let blocks = match blade.and_then(|blade| blade.doc(eye).ok()) {
        Some(doc) => [doc.main, doc.side].concat(),
        // A row that is all there is of its thing is told in full.
        None => match app
            .page()
            .cursor
            .as_ref()
            .and_then(|id| app.page().blade.row(eye, id))
        {
            Some(row) => whole(app.page().blade.columns(), row),
            None => return,
        },
    };
    let laid = layout(&blocks, inner.width);
    lines::stream(canvas, inner, &laid, 0);
}

fn whole(columns: &'static [Column], row: Row) -> Vec<Block> {
    let named = columns.iter().zip(row.cells);
    let facts = named.filter(|(column, _)| !column.title.is_empty());
    vec![Block::Facts(
        facts.map(|(column, cell)| (column.title, cell)).collect(),
    )]
}

/// The current blade as a table.
pub fn list(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    let page = app.page();
    if page.ids.is_empty() {
        let (what, next) = if page.view.filter.is_empty() {
            page.blade.emptiness()
        } else {
            ("No row is kept by the filter.", "Esc drops it.")
        };
        empty(
            canvas,
            area,
            what,
            &unknown(page).unwrap_or_else(|| next.to_owned()),
        );
        return;
    }
    let columns = page.blade.columns();
    let inner = area.inset(2);
    let slots = page.view.slots(columns, inner.width);
    header(canvas, columns, &slots, inner);
    titles(canvas, page, columns, &slots, inner);
    let eye = app.eye(ctx);
    let height = list_rows(area);
    let shown = page.ids.iter().enumerate().skip(page.first).take(height);
    for (y, (index, id)) in (area.y + 1..).zip(shown) {
        let whole = Area::new(area.x, y, area.width, 1);
        if let Some(row) = page.blade.row(eye, id) {
            cells(canvas, columns, &slots, inner.x, y, &row);
        }
        if page.changed.contains(id) {
            canvas.tint(whole, Token::Changed);
        }
        if index == page.index {
            canvas.tint(whole, Token::SelectedRow);
            let glyph = canvas.theme.glyphs.cursor;
            canvas.text(area.x, y, 1, glyph, Token::Accent);
        }
        if page.marks.contains(id) {
            let glyph = canvas.theme.glyphs.marked;
            canvas.text(area.x + 1, y, 1, glyph, Token::Accent);
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

/// A field of the filter that is no column.
fn unknown(page: &Page) -> Option<String> {
    let (field, near) = page.unknown.as_ref()?;
    let field = scrub(field);
    Some(match near {
        Some(near) => format!("{field} is no column; did you mean {near}? Esc drops the filter."),
        None => format!("{field} is no column of this list. Esc drops the filter."),
    })
}

/// A click on a title sorts by it; the column that is sorted by says so.
fn titles(canvas: &mut Canvas, page: &Page, columns: &[Column], slots: &[Slot], area: Area) {
    for slot in slots {
        let place = Area::new(area.x + slot.x, area.y, slot.width, 1);
        canvas.hits.add(place, Hit::Column(slot.column));
        if let Some(sort) = page.view.sort.filter(|sort| sort.column == slot.column) {
            let arrow = canvas.theme.glyphs.sorted[usize::from(sort.descending)];
            let used = u16::try_from(text::width(columns[slot.column].title)).unwrap_or(0);
            // Left of a title that stands on the right, and the other way round.
            let x = match columns[slot.column].align {
                Align::Left => place.x + used.min(slot.width.saturating_sub(1)),
                Align::Right => (place.right().saturating_sub(used + 1)).max(place.x),
            };
            canvas.text(x, area.y, 1, arrow, Token::Accent);
        }
    }
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
