//! What may follow the keys of a sequence that is not finished.

use super::canvas::Canvas;
use crate::console::actions::ACTIONS;
use crate::console::app::App;
use crate::console::app::geometry::{Area, Hit};
use crate::console::theme::Token;

/// Room for a key and what it does; and, where not all of that fits, for a key and a word.
const COLUMN: u16 = 38;
const SHORT: u16 = 10;
const KEY: u16 = 4;

/// A panel on the lower lines of the body.
pub fn paint(canvas: &mut Canvas, app: &App, body: Area) {
    let next = app.keymap().following(&app.scopes(), &app.pending);
    let lines = body.height.saturating_sub(2).max(1);
    let whole = usize::from(lines) * usize::from((body.width / COLUMN).max(1)) >= next.len();
    let columns = (body.width / if whole { COLUMN } else { SHORT }).max(1);
    let count = u16::try_from(next.len()).unwrap_or(u16::MAX);
    // A line is the title's.
    let rows = count.div_ceil(columns).min(lines).max(1);
    let panel = body.lines(body.height.saturating_sub(rows + 1), rows + 1);
    canvas.fill(panel, Token::Overlay);
    canvas.rule(panel.x, panel.y, panel.width, Token::ModalFrame);
    let begun: Vec<String> = app.pending.iter().map(ToString::to_string).collect();
    let title = format!(" {} … ", begun.join(" "));
    canvas.text(panel.x + 1, panel.y, panel.width, &title, Token::ModalTitle);
    let width = panel.width / columns;
    let room = usize::from(rows) * usize::from(columns);
    for (n, (keys, action)) in next.iter().take(room).enumerate() {
        let Ok(n) = u16::try_from(n) else { break };
        let (x, y) = (panel.x + 1 + n / rows * width, panel.y + 1 + n % rows);
        let action_of = &ACTIONS[*action];
        let (key, says) = match whole {
            true => (KEY, action_of.doc),
            false => (2, action_of.name.rsplit('.').next().unwrap_or_default()),
        };
        canvas.text(x, y, key, keys, Token::BarKey);
        let words = width.saturating_sub(key + 1);
        canvas.text(x + key, y, words, says, Token::Text);
        canvas.hits.add(
            Area::new(x, y, width.saturating_sub(1), 1),
            Hit::Action(*action),
        );
    }
    if next.len() > room {
        let more = format!(" {} more ", next.len() - room);
        let used = u16::try_from(more.len()).unwrap_or(0);
        let x = panel.right().saturating_sub(used + 1);
        canvas.text(x, panel.y, used, &more, Token::Hint);
    }
}
