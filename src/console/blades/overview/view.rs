//! The overview: figures above, the list in the middle, what comes next and what is wrong below.

use super::rows::Summary;
use crate::console::app::geometry::{self, Area};
use crate::console::app::{App, Ctx};
use crate::console::blades::shared;
use crate::console::paint::canvas::Canvas;
use crate::console::paint::table;
use crate::console::rows::{Align, Cell};
use crate::console::text;
use crate::console::theme::Token;

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area) {
    let parts = geometry::overview(body);
    let page = app.page();
    cards(canvas, &page.summary, parts.cards);
    heading(canvas, parts.list, "What needs attention");
    let list = crate::console::app::page::list_area(&page.blade, body, false, None);
    table::list(canvas, app, ctx, list);
    if parts.below.height > 1 {
        below(canvas, ctx, &page.summary, parts.below);
    }
}

fn heading(canvas: &mut Canvas, area: Area, title: &str) {
    let inner = area.inset(1);
    let used = canvas.text(inner.x, area.y, inner.width, title, Token::Heading);
    let rest = inner.width.saturating_sub(used + 1);
    canvas.rule(inner.x + used + 1, area.y, rest, Token::Border);
}

fn cards(canvas: &mut Canvas, summary: &Summary, area: Area) {
    let loud = |n: usize, token| if n > 0 { token } else { Token::Muted };
    let figures = [
        (
            summary.mine,
            "to decide",
            loud(summary.mine, Token::Pending),
        ),
        (
            summary.waiting,
            "waiting",
            loud(summary.waiting, Token::Pending),
        ),
        (
            summary.in_force,
            "access",
            loud(summary.in_force, Token::Approved),
        ),
        (
            summary.open_tickets,
            "tickets",
            loud(summary.open_tickets, Token::Info),
        ),
        (summary.decided, "decided", Token::Text),
        (summary.expired, "expired", Token::Text),
    ];
    let inner = area.inset(1);
    if area.height < 4 {
        let mut x = inner.x;
        for (n, label, token) in figures {
            let number = n.to_string();
            let needed = u16::try_from(number.len() + label.len() + 4).unwrap_or(20);
            if x + needed > inner.right() {
                break;
            }
            x += canvas.text(x, area.y, 12, &number, token) + 1;
            x += canvas.text(x, area.y, 14, label, Token::Muted) + 3;
        }
        return;
    }
    let count = 6u16;
    let room = inner.width.saturating_sub(count - 1);
    let mut x = inner.x;
    for (i, (n, label, token)) in (0u16..).zip(figures) {
        // The first ones take what does not divide.
        let width = room / count + u16::from(i < room % count);
        let card = Area::new(x, area.y, width, 4);
        let inside = canvas.frame(card, Token::Border, "", Token::Text).inset(1);
        let number = Cell::new(n.to_string()).tone(token);
        canvas.cell(inside.x, inside.y, inside.width, &number, Align::Left);
        canvas.tint_with(
            Area::new(inside.x, inside.y, inside.width, 1),
            ratatui::style::Style::new().bold(),
        );
        canvas.text(
            inside.x,
            inside.y + 1,
            inside.width + 1,
            label,
            Token::Muted,
        );
        x += width + 1;
    }
}

fn below(canvas: &mut Canvas, ctx: &Ctx, summary: &Summary, area: Area) {
    let half = area.width / 2;
    let left = Area {
        width: half,
        ..area
    };
    let right = Area {
        x: area.x + half,
        width: area.width - half,
        ..area
    };
    // Countdowns are enough where dates have no room.
    let dates = half >= 50;
    let next = match summary.running {
        0 => "Next".to_owned(),
        1 => "Next (1 operation runs)".to_owned(),
        n => format!("Next ({n} operations run)"),
    };
    heading(canvas, left, &next);
    let inner = left.inset(2);
    if summary.next.is_empty() {
        canvas.text(
            inner.x,
            area.y + 1,
            inner.width,
            "Nothing by itself.",
            Token::Muted,
        );
    }
    for (y, (at, what)) in (area.y + 1..area.bottom()).zip(&summary.next) {
        let mut x = inner.x;
        if dates {
            let when = text::pad(&at.short(), 13);
            x += canvas.text(x, y, inner.width, &when, Token::Time);
        }
        let left = shared::left(ctx.now, *at);
        x += canvas.cell(x, y, 8, &left, Align::Right) + 2;
        canvas.cell(x, y, inner.right().saturating_sub(x), what, Align::Left);
    }
    heading(canvas, right, "Warnings");
    let inner = right.inset(2);
    if summary.warnings.is_empty() {
        canvas.text(inner.x, area.y + 1, inner.width, "None.", Token::Muted);
    }
    let room = usize::from(area.height.saturating_sub(1));
    for (i, (y, warning)) in (area.y + 1..area.bottom())
        .zip(&summary.warnings)
        .enumerate()
    {
        if i + 1 == room && summary.warnings.len() > room {
            let more = format!("and {} more", summary.warnings.len() - i);
            canvas.text(inner.x, y, inner.width, &more, Token::Warn);
        } else {
            canvas.cell(inner.x, y, inner.width, warning, Align::Left);
        }
    }
}
