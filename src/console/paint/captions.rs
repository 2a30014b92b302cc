//! The lower part of the screen while somebody presents: a sentence for each consequence with its rule, what the
//! presenter says now, and what comes next.

use super::canvas::Canvas;
use crate::console::app::App;
use crate::console::app::geometry::Area;
use crate::console::app::travel::Captions;
use crate::console::rows::{Align, Cell, Mark};
use crate::console::theme::Token;

pub fn paint(canvas: &mut Canvas, app: &App, captions: &Captions, area: Area) {
    canvas.rule(area.x, area.y, area.width, Token::Faint);
    canvas.text(area.x + 1, area.y, 10, " Captions ", Token::Heading);
    let inner = area.lines(1, area.height.saturating_sub(1)).inset(1);
    let width = inner.width;
    let mut y = inner.y;
    let mut line = |canvas: &mut Canvas, cell: &Cell| {
        if y < inner.bottom() {
            canvas.cell(inner.x, y, width, cell, Align::Left);
        }
        y += 1;
    };
    if captions.lines.is_empty() {
        let waits = "What happens is said here, in a sentence with its rule.";
        line(canvas, &Cell::new(waits).tone(Token::Muted));
    }
    let last = captions.lines.len().saturating_sub(1);
    for (n, caption) in captions.lines.iter().enumerate() {
        let rule = caption
            .rule
            .map_or_else(String::new, |rule| format!("  {rule}"));
        let says = format!("{}  {}{rule}", caption.at.short(), caption.text);
        let cell = match n == last {
            true => Cell::new(says).mark(Mark::Info).tone(Token::Strong),
            false => Cell::new(says).mark(Mark::Off).tone(Token::Muted),
        };
        line(canvas, &cell);
    }
    if !app.cue.note.is_empty() {
        line(canvas, &Cell::new(app.cue.note.clone()).tone(Token::Accent));
    }
    if !app.cue.next.is_empty() {
        line(canvas, &Cell::new(app.cue.next.clone()).tone(Token::Info));
    }
}
