//! Choosing from a list by typing: the palette, and whom to act as.

use super::band::tail;
use super::canvas::Canvas;
use super::table;
use crate::console::actions::ACTIONS;
use crate::console::app::geometry::{Area, Hit};
use crate::console::app::palette::Offer;
use crate::console::app::travel::Asked;
use crate::console::app::{App, Ctx, Typed};
use crate::console::blades::people;
use crate::console::rows::{ItemId, fit, window};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::text::scrub;

/// Room for the name of an offer.
const NAME: u16 = 18;

fn typed_line(canvas: &mut Canvas, area: Area, prompt: &str, typed: &Typed) {
    let x = area.x + canvas.text(area.x, area.y, area.width, prompt, Token::BarKey);
    let room = area.right().saturating_sub(x + 1);
    let text = tail(&typed.0, usize::from(room));
    let used = canvas.text(x, area.y, room, &text, Token::Strong);
    canvas.tint(Area::new(x + used, area.y, 1, 1), Token::ButtonFocused);
}

/// One line that somebody is asked for.
pub fn prompt(canvas: &mut Canvas, body: Area, asked: Asked, typed: &Typed) {
    let (title, prompt, help) = words(asked);
    let area = body.middle(body.width.saturating_sub(4).min(76), 4);
    let inner = canvas.modal(area, Token::ModalFrame, title);
    typed_line(canvas, inner, prompt, typed);
    canvas.text(inner.x, inner.y + 1, inner.width, help, Token::Muted);
}

/// What is asked for, before what is typed, and how it is written.
pub fn words(asked: Asked) -> (&'static str, &'static str, &'static str) {
    match asked {
        Asked::Moment => (
            "Go to a moment",
            "Moment: ",
            "2020-11-22 14:00, 14:00 of that day, -2h, +30m, or an event such as r123",
        ),
        Asked::File => (
            "Write the list to a file",
            "File: ",
            "what is shown, in its order; .csv, .json or .md; a file that is not there yet",
        ),
        Asked::Directory => (
            "Write the branch down",
            "Directory: ",
            "new or empty; look at it with: lockbox --state DIRECTORY",
        ),
    }
}

pub fn palette(
    canvas: &mut Canvas,
    app: &App,
    ctx: &Ctx,
    body: Area,
    typed: &Typed,
    cursor: usize,
) {
    let offers = app.offers(ctx, &typed.0);
    let area = body.middle(body.width.saturating_sub(4).min(76), body.height.min(18));
    let inner = canvas.modal(area, Token::ModalFrame, "Go to, or do");
    typed_line(canvas, inner, ": ", typed);
    let list = inner.lines(1, inner.height);
    if offers.is_empty() {
        canvas.text(
            list.x,
            list.y,
            list.width,
            "Nothing is called that.",
            Token::Muted,
        );
        return;
    }
    let height = usize::from(list.height);
    let first = window(0, cursor, height, offers.len());
    let shown = offers.iter().enumerate().skip(first).take(height);
    for (y, (index, offered)) in (list.y..).zip(shown) {
        let (disabled, keys) = match &offered.offer {
            Offer::Action(n) => {
                let action = &ACTIONS[*n];
                (
                    app.why_not(action, ctx).is_some(),
                    app.keymap().first_of(*n),
                )
            }
            Offer::Thing(_) | Offer::Person(_) => (false, ""),
        };
        let (name, doc) = if disabled {
            (Token::Faint, Token::Faint)
        } else {
            (Token::Accent, Token::Text)
        };
        let row = Area::new(inner.x - 1, y, inner.width + 2, 1);
        let wide = u16::try_from(text::width(&offered.name))
            .unwrap_or(NAME)
            .max(NAME)
            .min(list.width / 2);
        canvas.text(list.x, y, wide, &offered.name, name);
        if !disabled {
            let mut x = list.x;
            for (n, c) in (0u32..).zip(offered.name.chars()) {
                let one = c.to_string();
                let width = u16::try_from(text::width(&one)).unwrap_or(1);
                if offered.hits.contains(&n) && x + width < list.x + wide {
                    canvas.text(x, y, width, &one, Token::Match);
                }
                x += width;
            }
        }
        let keys_width = u16::try_from(keys.len()).unwrap_or(0);
        let room = list.width.saturating_sub(wide + 1 + keys_width + 1);
        canvas.text(list.x + wide + 1, y, room, &offered.says, doc);
        canvas.text(list.right() - keys_width, y, keys_width, keys, Token::Muted);
        if index == cursor {
            canvas.tint(row, Token::SelectedRow);
        }
        canvas.hits.add(row, Hit::Choice(index));
    }
}

/// What was said, the newest first.
pub fn notices(canvas: &mut Canvas, app: &App, body: Area, first: usize) {
    let area = body.middle(body.width.saturating_sub(4).min(100), body.height);
    let inner = canvas.modal(area, Token::ModalFrame, "What was said");
    let told = app.telling.notices.iter().rev().skip(first);
    let mut y = inner.y;
    for notice in told {
        let at = notice.at.short();
        let lines = text::wrap(
            &notice.toast.text,
            usize::from(inner.width.saturating_sub(14)),
        );
        if y >= inner.bottom() {
            break;
        }
        canvas.text(inner.x, y, 13, &at, Token::Time);
        for line in lines {
            if y < inner.bottom() {
                canvas.text(
                    inner.x + 14,
                    y,
                    inner.width.saturating_sub(14),
                    &line,
                    notice.toast.tone,
                );
            }
            y += 1;
        }
    }
    if app.telling.notices.is_empty() {
        canvas.text(inner.x, inner.y, inner.width, "Nothing yet.", Token::Muted);
    }
}

pub fn bookmarks(canvas: &mut Canvas, app: &App, body: Area, cursor: usize) {
    let marks = &app.places.marks;
    let height = u16::try_from(marks.len().max(1))
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let area = body.middle(
        body.width.saturating_sub(4).min(60),
        height.min(body.height),
    );
    let inner = canvas.modal(area, Token::ModalFrame, "Bookmarks");
    if marks.is_empty() {
        canvas.text(inner.x, inner.y, inner.width, "None.", Token::Muted);
    }
    let first = window(0, cursor, usize::from(inner.height), marks.len());
    let shown = marks.iter().enumerate().skip(first);
    for (y, (index, place)) in (inner.y..inner.bottom()).zip(shown) {
        let used = canvas.text(inner.x, y, inner.width, &place.blade.title(), Token::Text);
        let on = place.cursor.as_ref().map_or_else(String::new, ItemId::name);
        let x = inner.x + used + 2;
        canvas.text(x, y, inner.right().saturating_sub(x), &on, Token::Muted);
        let row = Area::new(inner.x - 1, y, inner.width + 2, 1);
        if index == cursor {
            canvas.tint(row, Token::SelectedRow);
        }
        canvas.hits.add(row, Hit::Choice(index));
    }
}

/// Themes, the one under the cursor tried.
pub fn themes(canvas: &mut Canvas, app: &App, body: Area, cursor: usize) {
    let themes = &app.telling.themes;
    let height = u16::try_from(themes.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let area = Area::new(
        body.right().saturating_sub(42),
        body.y,
        body.width.min(42),
        height.min(body.height),
    );
    let inner = canvas.modal(area, Token::ModalFrame, "Theme");
    let first = window(0, cursor, usize::from(inner.height), themes.len());
    let shown = themes.iter().enumerate().skip(first);
    for (y, (index, theme)) in (inner.y..inner.bottom()).zip(shown) {
        let used = canvas.text(inner.x, y, inner.width, &scrub(&theme.name), Token::Text);
        let mode = theme.mode.word();
        let x = inner.x + used + 2;
        canvas.text(x, y, inner.right().saturating_sub(x), mode, Token::Muted);
        let row = Area::new(inner.x - 1, y, inner.width + 2, 1);
        if index == cursor {
            canvas.tint(row, Token::SelectedRow);
        }
        canvas.hits.add(row, Hit::Choice(index));
    }
}

/// The columns of a list: shown or put away, in their order, and which is sorted by.
pub fn columns(canvas: &mut Canvas, app: &App, body: Area, cursor: usize) {
    let page = app.page();
    let columns = page.blade.columns();
    let order = page.view.ordered(columns);
    let height = u16::try_from(order.len())
        .unwrap_or(u16::MAX)
        .saturating_add(3);
    let area = body.middle(body.width.saturating_sub(4).min(44), height);
    let inner = canvas.modal(area, Token::ModalFrame, "Columns");
    let list = inner.lines(0, inner.height.saturating_sub(1));
    let first = window(0, cursor, usize::from(list.height), order.len());
    let shown = order.iter().enumerate().skip(first);
    for (y, (index, column)) in (list.y..list.bottom()).zip(shown) {
        let box_ = if page.view.hidden.contains(column) {
            "[ ]"
        } else {
            "[x]"
        };
        let sorted = match page.view.sort {
            Some(sort) if sort.column == *column && sort.descending => "largest first",
            Some(sort) if sort.column == *column => "smallest first",
            _ => "",
        };
        let x = list.x + canvas.text(list.x, y, 4, box_, Token::Accent) + 1;
        let title = columns.get(*column).map_or("", |c| c.title);
        let used = canvas.text(x, y, list.right().saturating_sub(x), title, Token::Text);
        let x = x + used + 2;
        canvas.text(x, y, list.right().saturating_sub(x), sorted, Token::Muted);
        let row = Area::new(inner.x - 1, y, inner.width + 2, 1);
        if index == cursor {
            canvas.tint(row, Token::SelectedRow);
        }
        canvas.hits.add(row, Hit::Choice(index));
    }
    let hint = "space shows, s sorts, J K move";
    canvas.text(inner.x, inner.bottom() - 1, inner.width, hint, Token::Hint);
}

pub fn people(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, typed: &Typed, cursor: usize) {
    let ids = app.personas(ctx, &typed.0);
    let area = body.middle(body.width.saturating_sub(4).min(92), body.height);
    let inner = canvas.modal(area, Token::ModalFrame, "Act as");
    typed_line(canvas, inner, "Name: ", typed);
    let list = inner.lines(1, inner.height);
    if ids.is_empty() {
        canvas.text(
            list.x,
            list.y,
            list.width,
            "Nobody is called that.",
            Token::Muted,
        );
        return;
    }
    let slots = fit(people::COLUMNS, list.width);
    let height = usize::from(list.height);
    let first = window(0, cursor, height, ids.len());
    for (y, (index, id)) in (list.y..).zip(ids.iter().enumerate().skip(first).take(height)) {
        if let Some(row) = people::row(app.eye(ctx), id) {
            table::cells(canvas, people::COLUMNS, &slots, list.x, y, &row);
        }
        let row = Area::new(inner.x - 1, y, inner.width + 2, 1);
        if index == cursor {
            canvas.tint(row, Token::SelectedRow);
        }
        canvas.hits.add(row, Hit::Choice(index));
    }
}
