//! The editor above, one line of how things stand, and below it the answer, the chart, the mistakes or the
//! refusal.

use ratatui::style::{Modifier, Style};
use tui_textarea::DataCursor;

use super::{Answered, Desk, Focus, Shown, State, chart};
use crate::console::app::geometry::Area;
use crate::console::app::{App, Ctx};
use crate::console::paint::canvas::Canvas;
use crate::console::paint::lines;
use crate::console::rows::{Align, Cell, Mark, window};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::ids::ResourceId;
use crate::engine::text::scrub;
use crate::logs::kql::{self, KqlError};
use crate::logs::value::Values;

/// Columns of a table column, at most; the marked one may be wider.
const WIDEST: usize = 40;

/// Editor, status line, answer.
pub fn parts(desk: &Desk, body: Area) -> (Area, Area, Area) {
    let lines = u16::try_from(desk.editor.lines().len()).unwrap_or(u16::MAX);
    let most = (body.height / 2).max(3);
    let height = lines.saturating_add(2).clamp(4, 12).min(most);
    (
        body.lines(0, height),
        body.lines(height, 1),
        body.lines(height + 1, body.height),
    )
}

/// Rows of the answer that fit.
pub fn rows_of(desk: &Desk, body: Area) -> usize {
    usize::from(parts(desk, body).2.height.saturating_sub(1))
}

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, workspace: &ResourceId) {
    let Some(desk) = app.desks.get(workspace) else {
        return;
    };
    let (editor, status, rest) = parts(desk, body);
    paint_editor(canvas, desk, editor);
    paint_status(canvas, ctx, desk, status, workspace);
    let rest = rest.inset(1);
    match &desk.state {
        State::Idle | State::Running { .. } => hints(canvas, desk, rest),
        State::Ended(Answered::Cells(shown)) => {
            let drawn = desk.chart && chart::paint(canvas, shown, rest);
            if !drawn {
                table(canvas, desk, shown, rest);
            }
        }
        State::Ended(Answered::Mistakes(mistakes)) => told(canvas, desk, mistakes, rest),
        State::Ended(Answered::Refused(refusal)) => lines::refusal(canvas, rest, refusal),
        State::Ended(Answered::Broken(why)) => {
            for (y, line) in (rest.y..rest.bottom()).zip(text::wrap(why, usize::from(rest.width))) {
                canvas.text(rest.x, y, rest.width, &line, Token::Danger);
            }
        }
    }
}

fn hints(canvas: &mut Canvas, desk: &Desk, area: Area) {
    if let Some((words, at)) = desk.offered() {
        offers(canvas, words, at, area);
        return;
    }
    let said = [
        "A table and what is done with it, a step behind each bar:",
        "AppRequests | where TimeGenerated > ago(4h) | summarize count() by ResultCode",
        "Tab completes, F5 asks, Esc goes back.",
    ];
    for (y, line) in (area.y + 1..area.bottom()).zip(said) {
        canvas.text(
            area.x + 1,
            y,
            area.width.saturating_sub(2),
            line,
            Token::Muted,
        );
    }
}

fn offers(canvas: &mut Canvas, words: &[String], at: usize, area: Area) {
    let first = at.saturating_sub(usize::from(area.height.saturating_sub(1)));
    for (y, (n, word)) in (area.y..area.bottom()).zip(words.iter().enumerate().skip(first)) {
        let tone = if n == at { Token::Accent } else { Token::Muted };
        let used = canvas.text(area.x + 1, y, area.width.saturating_sub(2), word, tone);
        if let Some(doc) = kql::function_doc(word.trim_end_matches('(')) {
            let x = area.x + used.max(24) + 2;
            canvas.text(x, y, area.right().saturating_sub(x), doc, Token::Faint);
        }
    }
}

fn tone(token: kql::Token) -> Token {
    use kql::Token as K;
    match token {
        K::Keyword => Token::Accent,
        K::Operator | K::Punctuation => Token::Muted,
        K::Function => Token::Second,
        K::Name => Token::Text,
        K::String => Token::Ok,
        K::Number | K::Time | K::Constant => Token::Info,
        K::Comment => Token::Faint,
        K::Wrong => Token::Danger,
    }
}

fn paint_editor(canvas: &mut Canvas, desk: &Desk, area: Area) {
    let focused = desk.focus == Focus::Editor;
    let border = if focused {
        Token::BorderFocused
    } else {
        Token::Border
    };
    let title = match desk.partial {
        true => "Query · what can be read, if not all can",
        false => "Query",
    };
    let inner = canvas.frame(area, border, title, Token::Heading).inset(1);
    let text = desk.text();
    let mut tones = vec![Token::Text; text.len()];
    for (range, token) in kql::highlight(&text) {
        if let Some(part) = tones.get_mut(range) {
            part.fill(tone(token));
        }
    }
    let DataCursor(row, column) = desk.editor.cursor();
    let height = usize::from(inner.height).max(1);
    let first = row.saturating_sub(height - 1);
    let mut offset = 0;
    for (n, line) in desk.editor.lines().iter().enumerate() {
        if (first..first + height).contains(&n) {
            let y = inner.y + u16::try_from(n - first).unwrap_or(0);
            let cursor = (focused && n == row).then_some(column);
            paint_line(
                canvas,
                line,
                &tones[offset..],
                cursor,
                Area {
                    y,
                    height: 1,
                    ..inner
                },
            );
        }
        offset += line.len() + 1;
    }
}

/// A line of the text; one that is too long is shifted so that the cursor is in sight.
fn paint_line(canvas: &mut Canvas, line: &str, tones: &[Token], cursor: Option<usize>, area: Area) {
    let room = usize::from(area.width).max(1);
    let before: usize = cursor.map_or(0, |c| line.chars().take(c).map(wide).sum());
    let mut skip = (before + 1).saturating_sub(room);
    let mut x = area.x;
    let mut place = None;
    for (n, (at, c)) in line.char_indices().enumerate() {
        if skip > 0 {
            skip = skip.saturating_sub(wide(c));
            continue;
        }
        if x >= area.right() {
            break;
        }
        if cursor == Some(n) {
            place = Some(x);
        }
        let token = tones.get(at).copied().unwrap_or(Token::Text);
        let shown = scrub(line.get(at..at + c.len_utf8()).unwrap_or_default());
        x += canvas.text(x, area.y, area.right().saturating_sub(x), &shown, token);
    }
    if let Some(cursor) = cursor {
        let at = place.unwrap_or(if cursor >= line.chars().count() {
            x
        } else {
            area.x
        });
        let at = at.min(area.right().saturating_sub(1));
        let style = Style::new().add_modifier(Modifier::REVERSED);
        canvas.tint_with(Area::new(at, area.y, 1, 1), style);
    }
}

fn wide(c: char) -> usize {
    let mut buffer = [0; 4];
    text::width(c.encode_utf8(&mut buffer))
}

fn paint_status(canvas: &mut Canvas, ctx: &Ctx, desk: &Desk, area: Area, id: &ResourceId) {
    let inner = area.inset(1);
    let keeps = ctx
        .world
        .workspaces
        .get(id)
        .is_none_or(|w| w.keeps_query_history());
    let cell = match &desk.state {
        State::Idle if keeps => Cell::new("Not asked yet.").tone(Token::Muted),
        State::Idle => Cell::new(
            "Not asked yet. No history is kept: a storage account is linked for queries (R-BYOS-07).",
        )
        .tone(Token::Muted),
        State::Running { progress, .. } => {
            let permille = match progress.of {
                0 => 0,
                of => u16::try_from(progress.bytes.min(of) * 1000 / of).unwrap_or(0),
            };
            let said = format!(
                "{} of {} sealed · {} blocks opened · Esc cancels",
                text::bytes(progress.bytes),
                text::bytes(progress.of),
                text::count(progress.blocks)
            );
            Cell::new(said).tone(Token::Info).gauge(permille, 20)
        }
        State::Ended(Answered::Cells(shown)) => answered(shown),
        State::Ended(Answered::Mistakes(mistakes)) => {
            let n = mistakes.len();
            let said = if n == 1 { "1 mistake".to_owned() } else { format!("{n} mistakes") };
            Cell::new(format!("{said}; nothing was asked.")).mark(Mark::Bad).tone(Token::Danger)
        }
        State::Ended(Answered::Refused(no)) => {
            Cell::new(format!("{} · {}", no.id, no.code)).mark(Mark::Bad).tone(Token::Danger)
        }
        State::Ended(Answered::Broken(_)) => {
            Cell::new("No answer.").mark(Mark::Bad).tone(Token::Danger)
        }
    };
    canvas.cell(inner.x, inner.y, inner.width, &cell, Align::Left);
}

fn answered(shown: &Shown) -> Cell {
    let rows = text::count(shown.rows as u64);
    let mut said = format!(
        "{rows} row{} · {}",
        if shown.rows == 1 { "" } else { "s" },
        shown.cost
    );
    let mut mark = Mark::Ok;
    let mut tone = Token::Muted;
    if shown.truncated || shown.cells.len() < shown.rows {
        said = format!(
            "the first {} of {said}",
            text::count(shown.cells.len() as u64)
        );
    }
    if shown.hidden > 0 || shown.why.is_some() {
        (mark, tone) = (Mark::Warn, Token::Warn);
        said = format!(
            "PARTIAL: {} segments cannot be read and are left out · {said}",
            shown.hidden
        );
    }
    Cell::new(said).mark(mark).tone(tone)
}

fn told(canvas: &mut Canvas, desk: &Desk, mistakes: &[KqlError], area: Area) {
    let mut y = area.y;
    for mistake in mistakes {
        for line in text::wrap(&mistake.to_string(), usize::from(area.width)) {
            if y >= area.bottom() {
                return;
            }
            canvas.text(area.x, y, area.width, &line, Token::Danger);
            y += 1;
        }
        // What is meant is in sight, however long its line is.
        let caret = mistake.caret(&desk.asked);
        let room = usize::from(area.width.saturating_sub(2));
        let ends = caret.lines().last().map_or(0, text::width);
        let skip = (ends + 1).saturating_sub(room);
        for line in caret.lines() {
            if y >= area.bottom() {
                return;
            }
            let line: String = line.chars().skip(skip).collect();
            canvas.text(
                area.x + 1,
                y,
                area.width.saturating_sub(2),
                &line,
                Token::Text,
            );
            y += 1;
        }
        y += 1;
    }
}

fn table(canvas: &mut Canvas, desk: &Desk, shown: &Shown, area: Area) {
    let height = usize::from(area.height.saturating_sub(1));
    let first = window(desk.first, desk.row, height, desk.order.len());
    let sight: Vec<usize> = desk
        .order
        .iter()
        .skip(first)
        .take(height)
        .copied()
        .collect();
    let mut x = area.x;
    for (n, column) in shown.columns.iter().enumerate().skip(desk.column) {
        if x >= area.right() {
            break;
        }
        let mark = match desk.sort {
            Some((by, true)) if by == n => " v",
            Some((by, false)) if by == n => " ^",
            _ => "",
        };
        let title = format!("{}{mark}", scrub(&column.name));
        let longest = sight
            .iter()
            .map(|row| text::width(&shown.cells[*row][n]))
            .max();
        let wanted = longest.unwrap_or(0).max(text::width(&title));
        let width = if n == desk.column {
            wanted
        } else {
            wanted.min(WIDEST)
        };
        let width = u16::try_from(width)
            .unwrap_or(u16::MAX)
            .min(area.right() - x);
        let align = match Values::is_number(column.kind) {
            true => Align::Right,
            false => Align::Left,
        };
        let head = if n == desk.column && desk.focus == Focus::Answer {
            Token::Accent
        } else {
            Token::TableHeader
        };
        canvas.cell(x, area.y, width, &Cell::new(title).tone(head), align);
        for (y, row) in (area.y + 1..area.bottom()).zip(&sight) {
            let cell = Cell::new(shown.cells[*row][n].replace('\n', " "));
            canvas.cell(x, y, width, &cell, align);
        }
        x = x.saturating_add(width).saturating_add(2);
    }
    if desk.focus == Focus::Answer && !sight.is_empty() {
        let y = area.y + 1 + u16::try_from(desk.row - first).unwrap_or(0);
        canvas.tint(Area::new(area.x, y, area.width, 1), Token::SelectedRow);
    }
    if sight.is_empty() {
        canvas.text(area.x, area.y + 1, area.width, "No row.", Token::Muted);
    }
}
