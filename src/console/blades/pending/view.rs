//! The triage list with the words of the engineer below, so that one can judge without opening each.

use crate::console::app::geometry::{self, Area};
use crate::console::app::{App, Ctx};
use crate::console::blades::{request, shared};
use crate::console::doc::{Bar, Block, layout};
use crate::console::paint::canvas::Canvas;
use crate::console::paint::{lines, table};
use crate::console::rows::ItemId;
use crate::console::theme::Token;

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area) {
    let (list, below) = geometry::triage(body);
    table::list(canvas, app, ctx, list);
    let Some(ItemId::Request(id)) = app.page().cursor else {
        return;
    };
    let Some(request) = ctx.world.lockbox.requests.get(&id) else {
        return;
    };
    if below.height < 3 {
        return;
    }
    let inner = below.inset(1);
    let title = format!("{id} · ticket {}", request.ticket);
    let room = inner.width.saturating_sub(2);
    let used = canvas.text(inner.x, inner.y, room, &title, Token::Heading);
    let rest = inner.width.saturating_sub(used + 1);
    canvas.rule(inner.x + used + 1, inner.y, rest, Token::Border);
    let mut said = vec![Block::Stranger {
        label: request::rows::stranger_label(ctx.world, request),
        text: request.justification.clone(),
    }];
    if let Some(ticket) = ctx.world.lockbox.tickets.get(&request.ticket) {
        said.push(Block::Stranger {
            label: "for this ticket".into(),
            text: ticket.title.clone(),
        });
    }
    let words = inner.lines(1, inner.height - 1);
    let laid = layout(&said, words.width);
    lines::stream(canvas, words, &laid, 0);
    if laid.len() > usize::from(words.height) {
        let left = shared::more(
            laid.iter()
                .skip(usize::from(words.height))
                .filter(|l| l.bar == Bar::Side)
                .count(),
        );
        let width = u16::try_from(crate::console::text::width(&left)).unwrap_or(0);
        let x = words.right().saturating_sub(width);
        canvas.text(x, words.bottom() - 1, width, &left, Token::Hint);
    }
}
