//! The decision dialog: what a yes would do, the stranger's words in their box, the reason, the code, the
//! buttons. When the world refuses, it shows the refusal and one way out.

use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;
use tui_textarea::WrapMode;

use super::band::tail;
use super::canvas::{Canvas, rect};
use super::lines;
use crate::console::app::dialog::{Dialog, Focus, Question};
use crate::console::app::form::foreseen;
use crate::console::app::geometry::{Area, Hit};
use crate::console::app::{App, Ctx};
use crate::console::blades::{request, shared};
use crate::console::doc::{Bar, Block, Line, Piece, layout};
use crate::console::rows::{Align, Cell, Mark};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::foresight::foresee;
use crate::engine::lockbox::request::Request;

/// Bodies lower than this have no blank lines in the dialog, and one line for the reason.
const ROOMY: u16 = 14;

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, dialog: &Dialog) {
    let refusal = dialog.refusal(ctx, &app.actor);
    let width = body.width.saturating_sub(4).min(84);
    let room = width.saturating_sub(4);
    let wanted = dialog.wanted(ctx.world);
    let (gap, reason_lines) = if body.height < ROOMY { (0, 1) } else { (1, 2) };
    let controls = match (&refusal, &wanted) {
        (Some(_), _) => 1 + gap,
        (None, Some(_)) => reason_lines + 2 + 3 * gap,
        (None, None) => reason_lines + 1 + 2 * gap,
    };
    let space = body.height.saturating_sub(2 + controls);
    let blocks = match refusal {
        Some(_) => Vec::new(),
        None => said(app, ctx, dialog),
    };
    let mut lines = layout(&blocks, room);
    if let Some(refusal) = &refusal {
        for (line, token, mark) in lines::refusal_lines(refusal, usize::from(room)) {
            let mut cell = Cell::new(line).tone(token);
            cell.mark = mark;
            lines.push(Line {
                pieces: vec![Piece { x: 0, cell }],
                ..Default::default()
            });
        }
    }
    if lines.len() > usize::from(space) {
        lines.truncate(usize::from(space.saturating_sub(1)));
        lines.push(Line {
            pieces: vec![Piece {
                x: 2,
                cell: Cell::new("… and more, on the page").tone(Token::Hint),
            }],
            // What was cut off is a stranger's only where a stranger's words had begun.
            bar: match lines.last().map(|line| line.bar) {
                Some(Bar::Top | Bar::Side) => Bar::Side,
                _ => Bar::None,
            },
            ..Line::default()
        });
    }
    let height = u16::try_from(lines.len()).unwrap_or(space) + controls + 2;
    let area = body.middle(width, height);
    let border = if refusal.is_some() {
        Token::BorderDanger
    } else {
        Token::ModalFrame
    };
    let inner = canvas.modal(area, border, &title(dialog, refusal.is_some()));
    lines::stream(canvas, inner, &lines, 0);
    let mut y = inner.y + u16::try_from(lines.len()).unwrap_or(0) + gap;
    if refusal.is_none() {
        reason(canvas, dialog, inner, y, reason_lines);
        y += reason_lines + gap;
        if let Some(wanted) = &wanted {
            code(canvas, dialog, inner, y, wanted, ctx);
            y += 1 + gap;
        }
    }
    buttons(canvas, dialog, inner, y, refusal.is_some(), ctx);
}

/// What a yes would do, and the stranger's words.
pub fn said(app: &App, ctx: &Ctx, dialog: &Dialog) -> Vec<Block> {
    if !dialog.others.is_empty() {
        return each(app, ctx, dialog);
    }
    let mut blocks = head(app, ctx, dialog);
    if let Ok(ahead) = foresee(ctx.world, ctx.now, &app.actor, &dialog.command()) {
        blocks.extend(foreseen(&ahead, &app.actor));
    }
    if let Some(request) = request_of(ctx, dialog.question) {
        blocks.push(Block::Gap);
        blocks.push(Block::Stranger {
            label: request::rows::stranger_label(ctx.world, request),
            text: request.justification.clone(),
        });
    }
    blocks
}

pub fn title(dialog: &Dialog, refused: bool) -> String {
    if !dialog.others.is_empty() {
        let count = 1 + dialog.others.len();
        let what = match dialog.question {
            Question::Approve(_) => format!("Approve {count} requests"),
            Question::Deny(_) => format!("Deny {count} requests"),
            Question::Revoke(_) => format!("Revoke {count} grants (ext)"),
        };
        return if refused {
            format!("{what}: not possible")
        } else {
            format!("{what}?")
        };
    }
    let (verb, id) = match dialog.question {
        Question::Approve(id) => ("Approve", id.to_string()),
        Question::Deny(id) => ("Deny", id.to_string()),
        Question::Revoke(id) => ("Revoke (ext)", id.to_string()),
    };
    if refused {
        format!("{verb} {id}: not possible")
    } else {
        format!("{verb} {id}?")
    }
}

fn request_of<'a>(ctx: &Ctx<'a>, question: Question) -> Option<&'a Request> {
    let id = match question {
        Question::Approve(id) | Question::Deny(id) => id,
        Question::Revoke(id) => ctx.world.lockbox.grants.get(&id)?.request?,
    };
    ctx.world.lockbox.requests.get(&id).map(|r| &**r)
}

/// What a yes does, in one or two sentences.
fn head(app: &App, ctx: &Ctx, dialog: &Dialog) -> Vec<Block> {
    let say = |text: String| Block::Text(Cell::new(text));
    let Some(request) = request_of(ctx, dialog.question) else {
        return Vec::new();
    };
    let engineer = shared::name(ctx.world, &request.engineer);
    let names: Vec<String> = request
        .resources
        .iter()
        .map(shared::resource_name)
        .collect();
    let names = names.join(", ");
    match dialog.question {
        Question::Approve(_) => {
            let then = request::rows::if_approved(app.eye(ctx), request);
            let until = then.map_or_else(String::new, |t| {
                let left = ctx.now.until(t.until).brief();
                format!(" until {} UTC (in {left})", t.until.short())
            });
            vec![say(format!(
                "{engineer} gets {} access to exactly {names}{until}. Nobody else gets anything.",
                request.level
            ))]
        }
        Question::Deny(_) => vec![say(format!(
            "{engineer} gets no access to {names}. The request is over; the ticket stays open."
        ))],
        Question::Revoke(_) => {
            vec![
                say(format!("{engineer} loses access to {names} at once.")),
                Block::Text(
                    Cell::new("An extension of this simulation: Azure has no early revoke.")
                        .tone(Token::Muted),
                ),
            ]
        }
    }
}

/// Of several: what a yes does to each, a line for each; what would be refused says so.
fn each(app: &App, ctx: &Ctx, dialog: &Dialog) -> Vec<Block> {
    let says = match dialog.question {
        Question::Approve(_) => {
            "Each of them gets exactly what it asks for, and nobody else gets anything."
        }
        Question::Deny(_) => {
            "None of them gets access. The requests are over; their tickets stay open."
        }
        Question::Revoke(_) => {
            "All of this access ends at once. An extension: Azure has no early revoke."
        }
    };
    let mut blocks = vec![Block::Text(Cell::new(says)), Block::Gap];
    for question in dialog.questions() {
        let Some(request) = request_of(ctx, question) else {
            continue;
        };
        let who = shared::name(ctx.world, &request.engineer);
        let resources = shared::resources(request.resources.iter()).text;
        let line = format!("{} {who}, {} on {resources}", request.id, request.level);
        blocks.push(Block::Text(
            match dialog.refusal_of(ctx, &app.actor, question) {
                None => Cell::new(line),
                Some(no) => Cell::new(format!("{line}: not possible, {}", no.message))
                    .mark(Mark::Warn)
                    .tone(Token::Warn),
            },
        ));
    }
    blocks
}

fn reason(canvas: &mut Canvas, dialog: &Dialog, inner: Area, y: u16, height: u16) {
    const LABEL: u16 = 8;
    let focused = dialog.focus == Focus::Reason;
    let label = if focused { Token::BarKey } else { Token::Muted };
    canvas.text(inner.x, y, LABEL, "Reason", label);
    let field = Area::new(
        inner.x + LABEL,
        y,
        inner.width.saturating_sub(LABEL),
        height,
    );
    canvas.fill(field, Token::Field);
    let style = canvas
        .theme
        .style(Token::Overlay)
        .patch(canvas.theme.style(Token::Field));
    let mut area = dialog.reason.clone();
    area.set_style(style);
    area.set_cursor_line_style(Style::new());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_style(if focused {
        style.add_modifier(Modifier::REVERSED)
    } else {
        style
    });
    let clip = rect(field).intersection(canvas.buf.area);
    if dialog.reason.is_empty() && !focused {
        canvas.text(
            field.x,
            field.y,
            field.width,
            "why; it goes on the record",
            Token::Hint,
        );
    } else if !clip.is_empty() {
        (&area).render(clip, canvas.buf);
    }
    let whole = Area::new(inner.x, y, inner.width, height);
    canvas.hits.add(whole, Hit::Focus(Focus::Reason));
}

fn code(canvas: &mut Canvas, dialog: &Dialog, inner: Area, y: u16, wanted: &str, ctx: &Ctx) {
    let focused = dialog.focus == Focus::Code;
    let label = if focused { Token::BarKey } else { Token::Muted };
    let mut x = inner.x;
    x += canvas.text(x, y, inner.width, "Type ", label);
    x += canvas.text(x, y, 12, wanted, Token::Strong);
    let rest = format!(" to {}: ", dialog.verb());
    x += canvas.text(x, y, 20, &rest, label);
    let width = u16::try_from(wanted.len() + 2).unwrap_or(8);
    let field = Area::new(x, y, width, 1);
    canvas.fill(field, Token::Field);
    let shown = tail(&dialog.code.0, usize::from(width - 1));
    let used = canvas.text(x, y, width - 1, &shown, Token::Strong);
    if focused {
        canvas.tint(Area::new(x + used, y, 1, 1), Token::ButtonFocused);
    }
    if !dialog.code.0.is_empty() {
        let (word, token) = if dialog.code_right(ctx.world) {
            (canvas.theme.glyphs.ok, Token::Ok)
        } else {
            ("not yet", Token::Hint)
        };
        canvas.text(x + width + 1, y, 8, word, token);
    }
    let whole = Area::new(inner.x, y, inner.width, 1);
    canvas.hits.add(whole, Hit::Focus(Focus::Code));
}

fn buttons(canvas: &mut Canvas, dialog: &Dialog, inner: Area, y: u16, refused: bool, ctx: &Ctx) {
    let mut x = inner.x;
    let mut button = |canvas: &mut Canvas, label: &str, focus: Focus, token: Token| {
        let text = format!("  {label}  ");
        let width = u16::try_from(text::width(&text)).unwrap_or(0);
        let cell = Cell::new(text).tone(token);
        canvas.cell(x, y, width, &cell, Align::Left);
        canvas
            .hits
            .add(Area::new(x, y, width, 1), Hit::Focus(focus));
        x += width + 2;
    };
    if refused {
        button(canvas, "Close", Focus::No, Token::ButtonFocused);
        return;
    }
    let no = if dialog.focus == Focus::No {
        Token::ButtonFocused
    } else {
        Token::Button
    };
    button(canvas, "No, go back", Focus::No, no);
    let word = match dialog.question {
        _ if dialog.sent => "…",
        Question::Approve(_) => "Approve",
        Question::Deny(_) => "Deny",
        Question::Revoke(_) => "Revoke",
    };
    let yes = if dialog.focus == Focus::Yes {
        Token::ButtonDanger
    } else if dialog.code_right(ctx.world) {
        Token::Button
    } else {
        Token::Hint
    };
    button(canvas, word, Focus::Yes, yes);
}
