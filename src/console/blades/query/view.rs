//! The editor above, one line of how things stand, and below it the answer, the chart, the mistakes or the
//! refusal.

use ratatui::style::{Modifier, Style};
use tui_textarea::DataCursor;

use super::{Answered, Desk, Focus, NAMES, Popup, Shown, State, chart, detail_lines};
use crate::console::app::geometry::Area;
use crate::console::app::{App, Ctx};
use crate::console::blades::logs::counted;
use crate::console::paint::canvas::Canvas;
use crate::console::paint::lines;
use crate::console::rows::{Align, Cell, Mark, window};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::errors;
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::builtin;
use crate::engine::text::scrub;
use crate::logs::kql::{self, Chart, KqlError, What};

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
    let cursor = paint_editor(canvas, desk, editor);
    paint_status(canvas, ctx, desk, status, workspace);
    let rest = rest.inset(1);
    match &desk.state {
        State::Idle => hints(canvas, ctx, rest, workspace),
        State::Running { .. } => {}
        State::Ended(Answered::Cells(shown)) => {
            let rest = left_out(canvas, shown, rest);
            let draws = shown
                .render
                .as_ref()
                .is_some_and(|r| r.chart != Chart::Table);
            if let Some(first) = desk.detail {
                whole_row(canvas, shown, desk.row, first, rest);
            } else if let Err(why) = match draws && desk.chart && shown.rows > 0 {
                true => chart::paint(canvas, shown, rest),
                false => Err(String::new()),
            } {
                let mut rest = rest;
                if !why.is_empty() {
                    let says = format!("As rows: {why}.");
                    canvas.text(rest.x + 1, rest.y, rest.width, &says, Token::Muted);
                    rest = rest.lines(1, rest.height);
                }
                table(canvas, desk, shown, rest);
            }
        }
        State::Ended(Answered::Mistakes(mistakes)) => told(canvas, desk, mistakes, rest),
        State::Ended(Answered::Refused(refusal)) => {
            lines::refusal(canvas, rest, refusal);
            if refusal.id == errors::QRY_01.id && !desk.partial {
                let says = "F7 and F5 ask for what can be read; the answer says what is left out.";
                let y = rest.bottom().saturating_sub(1);
                canvas.text(
                    rest.x + 4,
                    y,
                    rest.width.saturating_sub(4),
                    says,
                    Token::Muted,
                );
            }
        }
        State::Ended(Answered::Broken(why)) => {
            for (y, line) in (rest.y..rest.bottom()).zip(text::wrap(why, usize::from(rest.width))) {
                canvas.text(rest.x, y, rest.width, &line, Token::Danger);
            }
        }
    }
    if let (Some(cursor), Some(popup)) = (cursor, &desk.popup) {
        offers(canvas, popup, body, cursor);
    }
}

/// What a partial answer leaves out, and why, above it; gives the rest of the area.
fn left_out(canvas: &mut Canvas, shown: &Shown, area: Area) -> Area {
    let Some(why) = &shown.why else {
        return area;
    };
    let segments = counted(shown.hidden as u64, "segment is", "segments are");
    let says = format!("PARTIAL: {segments} left out. {why}");
    let mut used = 0;
    let room = usize::from(area.width.saturating_sub(2));
    for line in text::wrap(&says, room).into_iter().take(5) {
        let cell = Cell::new(line).tone(Token::Warn);
        let cell = if used == 0 {
            cell.mark(Mark::Warn)
        } else {
            cell
        };
        canvas.cell(area.x, area.y + used, area.width, &cell, Align::Left);
        used += 1;
    }
    area.lines(used, area.height)
}

/// How one asks, and what there is to ask about.
fn hints(canvas: &mut Canvas, ctx: &Ctx, area: Area, workspace: &ResourceId) {
    let logs = &ctx.world.logs;
    let mut said = vec![
        (
            "A table and what is done with it, a step behind each bar:".to_owned(),
            Token::Muted,
        ),
        (
            "AppRequests | where TimeGenerated > ago(4h) | summarize count() by ResultCode"
                .to_owned(),
            Token::Text,
        ),
        (
            "Tab completes, F5 asks, Esc goes back.".to_owned(),
            Token::Muted,
        ),
        (String::new(), Token::Muted),
    ];
    let before = said.len();
    for (name, table) in logs.tables_of(workspace) {
        let rows: u64 = logs.segments_of(table).map(|s| s.rows).sum();
        if rows > 0 {
            let about =
                builtin::table(name.as_str()).map_or("a table of the customer's own", |t| t.doc);
            let line = format!(
                "{:<17}{:>11} records   {about}",
                name.as_str(),
                text::count(rows)
            );
            said.push((line, Token::Text));
        }
    }
    if said.len() == before {
        let line =
            "No record was sent yet; AzureActivity, AzureDiagnostics and Usage fill themselves.";
        said.push((line.to_owned(), Token::Muted));
    }
    for (y, (line, tone)) in (area.y + 1..area.bottom()).zip(said) {
        canvas.text(area.x + 1, y, area.width.saturating_sub(2), &line, tone);
    }
}

/// Offers on the screen.
const OFFERED: u16 = 8;

/// What could stand at the cursor, below it or, where there is no room, above.
fn offers(canvas: &mut Canvas, popup: &Popup, body: Area, (x, y): (u16, u16)) {
    let count = u16::try_from(popup.offers.len())
        .unwrap_or(u16::MAX)
        .min(OFFERED);
    let names = popup.offers.iter().map(|o| text::width(&o.text)).max();
    let names = u16::try_from(names.unwrap_or(0).min(30)).unwrap_or(30);
    let width = (names + 44).min(body.width);
    let left = x.saturating_sub(1).min(body.right().saturating_sub(width));
    let top = match y + count + 3 <= body.bottom() {
        true => y + 1,
        false => y.saturating_sub(count + 2),
    };
    let area = Area::new(left, top, width, count + 2);
    canvas.fill(area, Token::Overlay);
    let inner = canvas.frame(area, Token::Border, "", Token::Muted);
    let first = (popup.index + 1).saturating_sub(usize::from(count));
    let shown = popup.offers.iter().enumerate().skip(first);
    for (y, (n, offer)) in (inner.y..inner.bottom()).zip(shown) {
        let token = match offer.what {
            What::Operator | What::Word => Token::Accent,
            What::Function => Token::Second,
            What::Table => Token::Strong,
            What::Column => Token::Text,
        };
        canvas.text(inner.x, y, names, &offer.text, token);
        let rest = inner.width.saturating_sub(names + 2);
        canvas.text(inner.x + names + 2, y, rest, &offer.about, Token::Muted);
        if n == popup.index {
            canvas.tint(Area::new(inner.x, y, inner.width, 1), Token::SelectedRow);
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

/// The text in its colours; gives where the cursor is on the screen.
fn paint_editor(canvas: &mut Canvas, desk: &Desk, area: Area) -> Option<(u16, u16)> {
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
    let mut place = None;
    for (n, line) in desk.editor.lines().iter().enumerate() {
        if (first..first + height).contains(&n) {
            let y = inner.y + u16::try_from(n - first).unwrap_or(0);
            let cursor = (focused && n == row).then_some(column);
            let at = paint_line(
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
            place = at.map(|x| (x, y)).or(place);
        }
        offset += line.len() + 1;
    }
    place
}

/// A line of the text; one that is too long is shifted so that the cursor is in sight.
fn paint_line(
    canvas: &mut Canvas,
    line: &str,
    tones: &[Token],
    cursor: Option<usize>,
    area: Area,
) -> Option<u16> {
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
    cursor.map(|cursor| {
        let at = place.unwrap_or(if cursor >= line.chars().count() {
            x
        } else {
            area.x
        });
        let at = at.min(area.right().saturating_sub(1));
        let style = Style::new().add_modifier(Modifier::REVERSED);
        canvas.tint_with(Area::new(at, area.y, 1, 1), style);
        at
    })
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
        State::Ended(Answered::Cells(shown)) => answered(desk, shown),
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

fn answered(desk: &Desk, shown: &Shown) -> Cell {
    let rows = text::count(shown.rows as u64);
    let mut said = match shown.rows {
        1 => "1 row".to_owned(),
        n if n > 0 && desk.focus == Focus::Answer => {
            format!("row {} of {rows}", text::count(desk.row as u64 + 1))
        }
        _ => format!("{rows} rows"),
    };
    if shown.truncated {
        said.push_str(", cut off there");
    }
    said = format!("{said} · {}", shown.cost);
    match shown.why {
        Some(_) => Cell::new(format!("PARTIAL · {said}"))
            .mark(Mark::Warn)
            .tone(Token::Warn),
        None => Cell::new(said).mark(Mark::Ok).tone(Token::Muted),
    }
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

/// The answer as rows. The marked column is in sight: those left of it go out as far as it takes.
fn table(canvas: &mut Canvas, desk: &Desk, shown: &Shown, area: Area) {
    if shown.rows == 0 {
        canvas.text(area.x, area.y, area.width, "No row.", Token::Muted);
        return;
    }
    let room = u32::from(area.width.saturating_sub(2));
    let width_to = |from: usize| -> u32 {
        let widths = shown.widths.get(from..=desk.column).unwrap_or_default();
        widths.iter().map(|w| u32::from(*w) + 2).sum()
    };
    let left = (0..desk.column)
        .find(|from| width_to(*from) <= room)
        .unwrap_or(desk.column);
    let mut slots = Vec::new();
    let mut x = area.x + 1;
    for (column, width) in shown.widths.iter().enumerate().skip(left) {
        let room = area.right().saturating_sub(x + 1);
        if room < 3 {
            break;
        }
        let width = (*width).min(room);
        slots.push((column, x, width));
        x += width + 2;
    }
    let ascii = canvas.theme.glyphs.ascii();
    let focused = desk.focus == Focus::Answer;
    let align = |column| match shown.is_number(column) {
        true => Align::Right,
        false => Align::Left,
    };
    for (column, x, width) in &slots {
        let mut title = shown.title(*column);
        if let Some((by, down)) = shown.sorted
            && by == *column
        {
            title.push_str(match (down, ascii) {
                (true, false) => " ▼",
                (false, false) => " ▲",
                (true, true) => " v",
                (false, true) => " ^",
            });
        }
        let tone = match focused && *column == desk.column {
            true => Token::Accent,
            false => Token::TableHeader,
        };
        canvas.cell(
            *x,
            area.y,
            *width,
            &Cell::new(title).tone(tone),
            align(*column),
        );
    }
    let height = usize::from(area.height.saturating_sub(1));
    let first = window(desk.first, desk.row, height, shown.rows);
    for (y, row) in (area.y + 1..area.bottom()).zip(first..shown.rows) {
        for (column, x, width) in &slots {
            let cell = match shown.is_null(row, *column) {
                true => Cell::new("null").tone(Token::Faint),
                false => Cell::new(shown.text(row, *column)),
            };
            canvas.cell(*x, y, *width, &cell, align(*column));
        }
        if focused && row == desk.row {
            canvas.tint(Area::new(area.x, y, area.width, 1), Token::SelectedRow);
            let glyph = canvas.theme.glyphs.cursor;
            canvas.text(area.x, y, 1, glyph, Token::Accent);
            if let Some((_, x, width)) = slots.iter().find(|(c, ..)| *c == desk.column) {
                canvas.tint(Area::new(*x, y, *width, 1), Token::ButtonFocused);
            }
        }
    }
    let [more_left, more_right] = canvas.theme.glyphs.turn;
    if left > 0 {
        canvas.text(area.x, area.y, 1, more_left, Token::Accent);
    }
    if slots
        .last()
        .is_some_and(|(c, ..)| c + 1 < shown.columns.len())
    {
        canvas.text(area.right() - 1, area.y, 1, more_right, Token::Accent);
    }
}

/// One row with all its columns.
fn whole_row(canvas: &mut Canvas, shown: &Shown, row: usize, first: usize, area: Area) {
    let lines = detail_lines(shown, row, area.width);
    for (y, (name, value)) in (area.y..area.bottom()).zip(lines.iter().skip(first)) {
        let (mut said, mut tone) = (value.as_str(), Token::Text);
        if let Some(column) = name {
            canvas.text(area.x, y, NAMES - 1, &shown.title(*column), Token::Muted);
            if shown.is_null(row, *column) {
                (said, tone) = ("null", Token::Faint);
            }
        }
        canvas.text(
            area.x + NAMES,
            y,
            area.width.saturating_sub(NAMES),
            said,
            tone,
        );
    }
}
