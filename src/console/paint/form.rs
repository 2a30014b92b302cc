//! A form: its fields, what the world says to what stands in them, the word for what nobody can undo, the
//! buttons. The buttons are always in sight; what is above them scrolls with the cursor.

use super::band::tail;
use super::canvas::Canvas;
use super::lines;
use crate::console::app::form::{Focus, Form, LABEL, Row, spot_width};
use crate::console::app::geometry::{Area, Hit};
use crate::console::forms::{Choice, Field, Kind};
use crate::console::rows::{Align, Cell, window};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::text::scrub;

pub fn paint(canvas: &mut Canvas, body: Area, form: &Form) {
    let width = body.width.saturating_sub(4).min(92);
    let (rows, sight) = form.rows(width.saturating_sub(4));
    // A blank line and the buttons; above them the word with a blank line, if one is wanted.
    let controls: u16 = if form.wanted().is_some() { 4 } else { 2 };
    let space = usize::from(body.height.saturating_sub(2 + controls));
    let shown = rows.len().min(space);
    let height = u16::try_from(shown).unwrap_or(0) + controls + 2;
    let area = body.middle(width, height);
    let title = form.blank.title;
    let title = title.split_once(';').map_or(title, |(head, _)| head);
    let inner = canvas.modal(area, Token::ModalFrame, title);
    let last = rows.len() - shown;
    // All of the field one is in, from its first line.
    let first = window(0, sight.end.saturating_sub(1), shown, rows.len());
    let first = if sight.start < sight.end {
        first.min(sight.start)
    } else {
        first
    };
    let first = first.saturating_add_signed(form.scrolled).min(last);
    for (y, row) in (inner.y..).zip(rows.iter().skip(first).take(shown)) {
        match row {
            Row::Said(line) => {
                let at = Area::new(inner.x, y, inner.width, 1);
                lines::stream(canvas, at, std::slice::from_ref(line), 0);
            }
            Row::Field { field, line } => part(canvas, form, inner, y, *field, *line),
        }
    }
    if rows.len() > shown {
        let more = format!(" {}-{} of {} ", first + 1, first + shown, rows.len());
        let width = u16::try_from(more.len()).unwrap_or(0);
        let x = area.right().saturating_sub(width + 2);
        canvas.text(
            x,
            area.bottom().saturating_sub(1),
            width,
            &more,
            Token::Hint,
        );
    }
    let mut y = inner.y + u16::try_from(shown).unwrap_or(0) + 1;
    if let Some(wanted) = form.wanted() {
        word(canvas, form, inner, y, wanted);
        y += 2;
    }
    buttons(canvas, form, inner, y);
}

/// One line of a field.
fn part(canvas: &mut Canvas, form: &Form, inner: Area, y: u16, at: usize, line: usize) {
    let Some(field) = form.fields.get(at) else {
        return;
    };
    let focused = form.focus == Focus::Field(at);
    if line == 0 {
        let label = if focused { Token::BarKey } else { Token::Muted };
        canvas.text(inner.x, y, LABEL - 1, field.label, label);
    }
    let whole = Area::new(inner.x, y, inner.width, 1);
    canvas.hits.add(whole, Hit::Part(Focus::Field(at)));
    let x = (inner.x + LABEL).min(inner.right());
    let place = Area::new(x, y, inner.right() - x, 1);
    match &field.kind {
        Kind::Text { long: false } | Kind::Number { .. } => {
            typed(canvas, place, &scrub(&field.value), focused);
            if !focused && form.fault() == Some(at) && form.is_fresh(field) {
                canvas.text(place.x, y, place.width, "needed", Token::Hint);
            }
        }
        Kind::Text { long: true } => {
            let lines = Form::long_lines(&field.value, place.width.saturating_sub(1));
            let end = line + 1 >= lines.len().max(2) || lines.len() == line + 1;
            let empty = String::new();
            let shown = lines.get(line).unwrap_or(&empty);
            let cursor = focused && end && lines.len() == line + 1;
            typed(canvas, place, shown, cursor);
        }
        Kind::One(options) => choice(canvas, form, field, place, options, focused),
        Kind::Several(options) => several(canvas, form, at, field, place, options, line),
    }
}

/// Text with a cursor behind it; its end stays in sight.
fn typed(canvas: &mut Canvas, place: Area, shown: &str, focused: bool) {
    canvas.fill(place, Token::Field);
    let room = place.width.saturating_sub(1);
    let shown = if focused {
        tail(shown, usize::from(room))
    } else {
        shown.into()
    };
    let used = canvas.text(place.x, place.y, room, &shown, Token::Strong);
    if focused {
        canvas.tint(
            Area::new(place.x + used, place.y, 1, 1),
            Token::ButtonFocused,
        );
    }
}

fn choice(
    canvas: &mut Canvas,
    form: &Form,
    field: &Field,
    place: Area,
    options: &[Choice],
    focused: bool,
) {
    let now = options.iter().position(|o| o.key == field.value);
    let Some(chosen) = now.and_then(|i| options.get(i)) else {
        canvas.text(
            place.x,
            place.y,
            place.width,
            "nothing to choose",
            Token::Faint,
        );
        return;
    };
    let [left, right] = canvas.theme.glyphs.turn;
    let mut x = place.x;
    if focused {
        x += canvas.text(x, place.y, 2, left, Token::BarKey) + 1;
    }
    let count = if focused && options.len() > 1 {
        format!("  {} of {}", now.unwrap_or(0) + 1, options.len())
    } else {
        String::new()
    };
    let count_width = u16::try_from(count.len()).unwrap_or(0);
    let room = place
        .right()
        .saturating_sub(x + 3 + count_width)
        .max(place.width / 2);
    x += canvas.text(x, place.y, room, &chosen.text, Token::Strong);
    if focused {
        x += 1;
        x += canvas.text(x, place.y, 2, right, Token::BarKey);
        let left = place.right().saturating_sub(x);
        x += canvas.text(x, place.y, left, &count, Token::Hint);
        if !form.sought.is_empty() {
            let left = place.right().saturating_sub(x);
            let sought = format!("  /{}", scrub(&form.sought));
            canvas.text(x, place.y, left, &sought, Token::Match);
        }
    }
}

fn several(
    canvas: &mut Canvas,
    form: &Form,
    at: usize,
    field: &Field,
    place: Area,
    options: &[Choice],
    line: usize,
) {
    if options.is_empty() {
        canvas.text(
            place.x,
            place.y,
            place.width,
            "nothing to choose",
            Token::Faint,
        );
    }
    let focused = form.focus == Focus::Field(at);
    for (on, x, i) in Form::spots(options, place.width) {
        let (true, Some(option)) = (on == line, options.get(i)) else {
            continue;
        };
        let chosen = field.value.lines().any(|key| key == option.key);
        let sign = if chosen { "[x] " } else { "[ ] " };
        let width = spot_width(option).min(place.width.saturating_sub(x));
        let spot = Area::new(place.x + x, place.y, width, 1);
        let token = if chosen { Token::Strong } else { Token::Muted };
        let used = canvas.text(spot.x, spot.y, 4.min(width), sign, token);
        canvas.text(spot.x + used, spot.y, width - used, &option.text, token);
        if focused && form.spot == i {
            canvas.tint(spot, Token::ButtonFocused);
        }
        canvas.hits.add(spot, Hit::Spot(at, i));
    }
}

fn word(canvas: &mut Canvas, form: &Form, inner: Area, y: u16, wanted: &str) {
    let focused = form.focus == Focus::Word;
    let label = if focused { Token::BarKey } else { Token::Muted };
    let mut x = inner.x;
    x += canvas.text(x, y, inner.width, "Type ", label);
    let room = inner.width / 2;
    x += canvas.text(x, y, room, wanted, Token::Strong);
    let rest = format!(" to {}: ", form.blank.yes.to_lowercase());
    x += canvas.text(x, y, 20, &rest, label);
    let width = inner.right().saturating_sub(x).saturating_sub(9);
    let field = Area::new(x, y, width, 1);
    canvas.fill(field, Token::Field);
    let shown = tail(&form.word.0, usize::from(width.saturating_sub(1)));
    let used = canvas.text(x, y, width.saturating_sub(1), &shown, Token::Strong);
    if focused && width > 0 {
        canvas.tint(Area::new(x + used, y, 1, 1), Token::ButtonFocused);
    }
    if !form.word.0.is_empty() {
        let (sign, token) = if form.word_right() {
            (canvas.theme.glyphs.ok, Token::Ok)
        } else {
            ("not yet", Token::Hint)
        };
        canvas.text(field.right() + 1, y, 8, sign, token);
    }
    let line = Area::new(inner.x, y, inner.width, 1);
    canvas.hits.add(line, Hit::Part(Focus::Word));
}

fn buttons(canvas: &mut Canvas, form: &Form, inner: Area, y: u16) {
    let mut x = inner.x;
    for focus in form.order() {
        let focused = form.focus == focus;
        let (label, token) = match focus {
            Focus::Field(_) | Focus::Word => continue,
            Focus::No if form.blank.asks => ("No, go back", Token::Button),
            Focus::No => ("Cancel", Token::Button),
            Focus::Yes if form.sent => ("…", Token::Button),
            Focus::Yes if form.verdict.is_err() || !form.word_right() => {
                (form.blank.yes, Token::Hint)
            }
            Focus::Yes => (form.blank.yes, Token::Button),
        };
        let token = match (focused, focus) {
            (false, _) => token,
            (true, Focus::Yes) if form.blank.asks => Token::ButtonDanger,
            (true, _) => Token::ButtonFocused,
        };
        let text = format!("  {label}  ");
        let width = u16::try_from(text::width(&text)).unwrap_or(0);
        canvas.cell(x, y, width, &Cell::new(text).tone(token), Align::Left);
        let button = Area::new(x, y, width, 1);
        canvas.hits.add(button, Hit::Part(focus));
        x += width + 2;
    }
}
