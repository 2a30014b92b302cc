//! Two halves: the sealed bytes, and what they say.

use super::Looked;
use crate::console::app::App;
use crate::console::app::geometry::Area;
use crate::console::paint::canvas::Canvas;
use crate::console::paint::lines;
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::ids::SegmentId;

/// Bytes a line can have, the most that fit.
const WIDTHS: [usize; 6] = [32, 24, 16, 12, 8, 4];

/// Bytes in a line of a half: an offset of 5 digits, each byte in hexadecimal, and as a character.
fn per_line(width: u16) -> usize {
    let room = usize::from(width);
    let fits = |n: &&usize| 5 + 1 + **n * 3 + 1 + **n <= room;
    WIDTHS.iter().find(fits).copied().unwrap_or(4)
}

fn halves(body: Area) -> (Area, Area) {
    let half = body.width.saturating_sub(1) / 2;
    let left = Area {
        width: half,
        ..body
    };
    let right = Area {
        x: body.right().saturating_sub(half),
        ..left
    };
    (left, right)
}

/// Lines of the longer half.
pub fn lines_of(looked: &Looked, body: Area) -> usize {
    let (left, _) = halves(body);
    looked.sealed.len().div_ceil(per_line(left.width))
}

pub fn paint(canvas: &mut Canvas, app: &App, body: Area, segment: SegmentId) {
    let looked = match &app.blocks.looked {
        Some(Err(why)) => {
            canvas.text(
                body.x + 2,
                body.y + 1,
                body.width.saturating_sub(4),
                why,
                Token::Danger,
            );
            return;
        }
        _ => app.blocks.of(segment),
    };
    let Some(looked) = looked else {
        canvas.text(
            body.x + 2,
            body.y + 1,
            body.width,
            "Reading the block …",
            Token::Muted,
        );
        return;
    };
    let place = format!(
        "block {} of {} · each under a key of its own, derived from {}",
        looked.number + 1,
        looked.blocks,
        looked.aek
    );
    canvas.text(body.x + 1, body.y, body.width - 2, &place, Token::Muted);
    let (left, right) = halves(body.lines(1, body.height));
    let sealed = format!(
        "On disk: {} sealed bytes",
        text::count(looked.sealed.len() as u64)
    );
    heading(canvas, left, &sealed, Token::Heading);
    let first = app.page().first;
    dump(
        canvas,
        left.lines(1, left.height),
        &looked.sealed,
        first,
        Token::Muted,
    );
    match &looked.opened {
        Ok(plain) => {
            let opened = format!("Opened: {} bytes", text::count(plain.len() as u64));
            heading(canvas, right, &opened, Token::Ok);
            dump(
                canvas,
                right.lines(1, right.height),
                plain,
                first,
                Token::Text,
            );
        }
        Err(refusal) => {
            heading(canvas, right, "Opened: nobody can", Token::Danger);
            lines::refusal(canvas, right.lines(1, right.height), refusal);
        }
    }
}

fn heading(canvas: &mut Canvas, area: Area, title: &str, token: Token) {
    let used = canvas.text(area.x, area.y, area.width, title, token);
    let rest = area.width.saturating_sub(used + 1);
    canvas.rule(area.x + used + 1, area.y, rest, Token::Border);
}

fn dump(canvas: &mut Canvas, area: Area, bytes: &[u8], first: usize, token: Token) {
    let n = per_line(area.width);
    let lines = bytes.chunks(n).enumerate().skip(first);
    for (y, (line, chunk)) in (area.y..area.bottom()).zip(lines) {
        let offset = format!("{:05x} ", line * n);
        let mut x = area.x + canvas.text(area.x, y, 6, &offset, Token::Faint);
        let hex: String = chunk.iter().map(|b| format!("{b:02x} ")).collect();
        canvas.text(x, y, area.right().saturating_sub(x), &hex, token);
        x += u16::try_from(n * 3 + 1).unwrap_or(u16::MAX);
        // Only what is plain ASCII is shown as itself: nothing in a file moves the terminal.
        let shown: String = chunk
            .iter()
            .map(|b| match b {
                0x20..=0x7e => char::from(*b),
                _ => '.',
            })
            .collect();
        canvas.text(x, y, area.right().saturating_sub(x), &shown, Token::Faint);
    }
}
