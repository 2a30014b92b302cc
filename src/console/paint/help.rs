//! Everything that can be done here, and why some of it cannot be done now.

use super::canvas::Canvas;
use crate::console::actions::{ACTIONS, Scope};
use crate::console::app::geometry::Area;
use crate::console::app::{App, Ctx};
use crate::console::rows::Cell;
use crate::console::text;
use crate::console::theme::Token;

const SECTIONS: &[(&str, &[Scope])] = &[
    ("The charts", &[Scope::Ingestion]),
    (
        "Here",
        &[
            Scope::Activity,
            Scope::Vault,
            Scope::Key,
            Scope::Policy,
            Scope::Cluster,
            Scope::Workspace,
            Scope::Operation,
            Scope::Storage,
            Scope::Saved,
            Scope::Table,
            Scope::Logs,
            Scope::Blocks,
            Scope::Query,
            Scope::Answer,
            Scope::Request,
            Scope::Grant,
            Scope::Item,
            Scope::List,
            Scope::Links,
        ],
    ),
    ("Everywhere", &[Scope::Global, Scope::Always]),
    ("Support", &[Scope::Support]),
    ("Moving", &[Scope::Move]),
];

/// Pieces of a line, and where each begins.
type Pieces = Vec<(u16, Cell)>;

/// Narrower ones have what a key does below it.
const BESIDE: u16 = 50;

/// The box of the help, and how many lines of it can be seen.
fn place(body: Area) -> (Area, usize) {
    let area = body.middle(body.width.saturating_sub(4).min(96), body.height);
    (area, usize::from(area.height.saturating_sub(2)))
}

/// The last line it can begin with.
pub fn last(app: &App, ctx: &Ctx, body: Area) -> usize {
    let (area, height) = place(body);
    let lines = lines(app, ctx, area.width.saturating_sub(4));
    lines.len().saturating_sub(height)
}

/// A line as lines in which nothing is cut.
fn wrapped(line: Pieces, width: u16) -> Vec<Pieces> {
    let mut lines: Vec<Pieces> = Vec::new();
    for (x, cell) in line {
        let below = x > 1 && width < BESIDE;
        let x = if below { 4 } else { x };
        let parts = text::wrap(&cell.text, usize::from(width.saturating_sub(x)));
        for (n, part) in parts.into_iter().enumerate() {
            let piece = (x, Cell::new(part).tone(cell.tone));
            match lines.last_mut() {
                Some(line) if n == 0 && !below => line.push(piece),
                _ => lines.push(vec![piece]),
            }
        }
    }
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    lines
}

fn lines(app: &App, ctx: &Ctx, width: u16) -> Vec<Pieces> {
    let scopes = app.blade_scopes();
    let mut lines: Vec<Pieces> = Vec::new();
    for (title, members) in SECTIONS {
        let actions: Vec<_> = ACTIONS
            .iter()
            .enumerate()
            .filter(|(n, a)| members.contains(&a.scope) && app.keymap().within_reach(*n, &scopes))
            .collect();
        if actions.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(vec![(0, Cell::new(*title).tone(Token::Heading))]);
        for (n, action) in actions {
            let why = app.why_not(action, ctx);
            let (key, doc) = if why.is_some() {
                (Token::Faint, Token::Faint)
            } else {
                (Token::BarKey, Token::Text)
            };
            lines.push(vec![
                (1, Cell::new(app.keymap().keys_of(n).join("  ")).tone(key)),
                (20, Cell::new(action.doc).tone(doc)),
            ]);
            if let Some(why) = why {
                let room = usize::from(width.saturating_sub(22));
                for line in text::wrap(&why, room) {
                    lines.push(vec![(22, Cell::new(line).tone(Token::Muted))]);
                }
            }
        }
    }
    let whole = |line| wrapped(line, width);
    lines.into_iter().flat_map(whole).collect()
}

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, first: usize) {
    let (area, height) = place(body);
    let title = format!("Help: {}", app.page().blade.title());
    let inner = canvas.modal(area, Token::ModalFrame, &title);
    let lines = lines(app, ctx, inner.width);
    let first = first.min(lines.len().saturating_sub(height));
    for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(first)) {
        for (x, cell) in line {
            let room = inner.width.saturating_sub(*x);
            canvas.text(inner.x + x, y, room, &cell.text, cell.tone);
        }
    }
    if lines.len() > height {
        let more = format!(" {}-{} of {} ", first + 1, first + height, lines.len());
        let width = u16::try_from(more.len()).unwrap_or(0);
        let x = area.right().saturating_sub(width + 2);
        canvas.text(x, area.bottom() - 1, width, &more, Token::Hint);
    }
}
