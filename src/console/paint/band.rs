//! The lines that are always there: what this is and when, where one is, and what was just said.

use super::canvas::Canvas;
use crate::console::app::geometry::{Area, Hit};
use crate::console::app::travel::Moment;
use crate::console::app::{App, Ctx};
use crate::console::blades::{Blade, shared};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::Actor;

/// Screens from this width on have room for the digest of the past.
const DIGEST_FROM: u16 = 100;
/// On narrower ones everything is said as shortly as it can be.
const WORDS_FROM: u16 = 60;

/// `SIMULATION`, simulated time, its rate, and whom one acts as.
pub fn band(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    canvas.fill(area, Token::Bar);
    let y = area.y;
    let mut x = area.x;
    x += canvas.text(x, y, area.width, " SIMULATION ", Token::Simulation) + 1;
    let narrow = area.width < WORDS_FROM;
    let time = match narrow {
        true => ctx.now.short(),
        false => format!("{} UTC", ctx.now.to_seconds()),
    };
    let gap = if narrow { 1 } else { 2 };
    x += canvas.text(x, y, area.right() - x, &time, Token::Strong) + gap;
    let glyphs = canvas.theme.glyphs;
    if let Some(parted) = &app.at.branch {
        let word = match narrow {
            true => format!("{}BRANCH", glyphs.branch),
            false => format!(" {} BRANCH of {} ", glyphs.branch, parted.revision),
        };
        x += canvas.text(
            x,
            y,
            area.right().saturating_sub(x),
            &word,
            Token::Simulation,
        ) + 1;
    }
    if let Some(past) = &app.at.past {
        let word = match narrow {
            true => format!("{}PAST", glyphs.past),
            false => format!(" {} PAST {}/{} ", glyphs.past, past.revision, past.head),
        };
        x += canvas.text(
            x,
            y,
            area.right().saturating_sub(x),
            &word,
            Token::Simulation,
        ) + 1;
        // Whom one acts as is worth more where both do not fit.
        if area.width >= DIGEST_FROM {
            let digest = format!("digest {}", past.digest);
            x += canvas.text(x, y, area.right().saturating_sub(x), &digest, Token::Muted) + 1;
        }
    }
    let (word, tone) = if app.at.past.is_some() {
        (String::new(), Token::Paused)
    } else if ctx.clock.paused {
        (format!("{} paused", glyphs.paused), Token::Paused)
    } else if ctx.clock.running {
        (
            format!("{} {}x", glyphs.running, ctx.clock.rate),
            Token::Live,
        )
    } else {
        (format!("{} standing", glyphs.paused), Token::Paused)
    };
    let room = area.right().saturating_sub(x);
    let word = match word.split_once(' ') {
        Some((sign, _)) if text::width(&word) > usize::from(room) => sign,
        _ => &word,
    };
    x += canvas.text(x, y, room, word, tone) + 1;
    if ctx.clock.paused && ctx.clock.rate > 1 {
        let rate = format!("({}x)", ctx.clock.rate);
        x += canvas.text(x, y, area.right().saturating_sub(x), &rate, Token::Muted) + 1;
    }
    if let Some(behind) = ctx.clock.behind {
        let late = format!("behind {behind}");
        x += canvas.text(x, y, area.right().saturating_sub(x), &late, Token::Warn) + 1;
    }
    let name = shared::actor_name(ctx.world, &app.actor);
    let position = match &app.actor {
        Actor::Person(id) => shared::position(ctx.world, id),
        _ => "only looks".into(),
    };
    let room = area.right().saturating_sub(x + gap + 1);
    // As much of who one is as there is room for.
    let short = position.split(" at ").next().unwrap_or_default();
    let who = [format!("{name} · {position}"), format!("{name} · {short}")]
        .into_iter()
        .find(|who| text::width(who) <= usize::from(room))
        .unwrap_or(name);
    // A letter or two say nothing.
    let who = match room {
        0..6 if text::width(&who) > usize::from(room) => "".into(),
        _ => text::cut(&who, usize::from(room)),
    };
    let width = u16::try_from(text::width(&who)).unwrap_or(room);
    if width > 0 {
        let at = area.right() - width - 1;
        canvas.text(at, y, width, &who, Token::BarText);
        if let Some(action) = crate::console::actions::ACTIONS
            .iter()
            .position(|a| a.name == "app.persona")
        {
            canvas
                .hits
                .add(Area::new(at, y, width, 1), Hit::Action(action));
        }
    }
}

/// Where one is, and how much of it there is.
pub fn crumbs(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    let page = app.page();
    let mut right = String::new();
    if page.blade.is_list() && page.refusal.is_none() && !page.ids.is_empty() {
        right = format!("{}/{}", page.index + 1, page.ids.len());
        if page.ids.len() != page.total {
            right.push_str(&format!(" of {}", page.total));
        }
    } else if !page.blade.is_list() {
        let height = usize::from(crate::console::app::geometry::body(app.size).height);
        let lines = page.lines.0.len().max(page.lines.1.len());
        if lines > height {
            let shown = (page.first + height).min(lines);
            right = format!("{}%", shown * 100 / lines);
        }
    }
    if app.is_marked() {
        right = format!("bookmark  {right}");
    }
    if page.follow {
        right = format!("following  {right}");
    }
    if !page.marks.is_empty() {
        right = format!("{} marked  {right}", page.marks.len());
    }
    if page.view.across > 0 {
        right = format!("{} columns left  {right}", page.view.across);
    }
    if !page.view.filter.is_empty() && !app.filtering {
        right = format!("/{}  {right}", page.view.filter);
    }
    if page.blade == Blade::Activity
        && let Some(operation) = page.operation
    {
        right = format!("{}  {right}", operation.label());
    }
    if page.blade == Blade::Overview && area.width >= 70 {
        let world = text::cut(&ctx.world.name.to_string(), 40).into_owned();
        right = format!("{world} · seed {} · profile 2020  {right}", ctx.world.seed);
    }
    let kept = u16::try_from(text::width(&right))
        .unwrap_or(0)
        .min(area.width * 4 / 5);
    let end = area.right().saturating_sub(kept + 2);
    let mut x = area.x + 1;
    // Deep stacks lose their beginning, not their end.
    let widths: Vec<usize> = app
        .stack
        .iter()
        .map(|p| text::width(&p.blade.title()) + 3)
        .collect();
    let mut from = 0;
    while from + 1 < widths.len()
        && widths[from..].iter().sum::<usize>() > usize::from(end.saturating_sub(x)) + 3
    {
        from += 1;
    }
    for (depth, page) in app.stack.iter().enumerate().skip(from) {
        if depth > from {
            let glyph = canvas.theme.glyphs.crumb;
            x += 1 + canvas.text(x + 1, area.y, 2, glyph, Token::Faint) + 1;
        }
        let token = if depth + 1 == app.stack.len() {
            Token::CrumbCurrent
        } else {
            Token::Crumb
        };
        let title = page.blade.title();
        let used = canvas.text(x, area.y, end.saturating_sub(x), &title, token);
        canvas
            .hits
            .add(Area::new(x, area.y, used, 1), Hit::Crumb(depth));
        x += used;
    }
    if kept > 0 {
        canvas.text(area.right() - kept - 1, area.y, kept, &right, Token::Muted);
    }
}

/// The filter being typed, keys of a sequence, a message, or trouble.
pub fn status(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    let inner = area.inset(1);
    if app.filtering {
        let x = inner.x + canvas.text(inner.x, inner.y, inner.width, "/", Token::BarKey);
        let room = inner.right().saturating_sub(x + 1);
        let tail = tail(&app.page().view.filter, usize::from(room));
        let used = canvas.text(x, inner.y, room, &tail, Token::Strong);
        canvas.tint(Area::new(x + used, inner.y, 1, 1), Token::ButtonFocused);
        if let Some(toast) = &app.toast {
            let x = x + used + 3;
            let room = inner.right().saturating_sub(x);
            canvas.text(x, inner.y, room, &toast.text, toast.tone);
        }
        return;
    }
    if !app.pending.is_empty() || app.count.is_some() {
        let keys: Vec<String> = app.pending.iter().map(ToString::to_string).collect();
        let keys = match app.count {
            Some(count) => format!("{count} {}", keys.join(" ")),
            None => keys.join(" "),
        };
        canvas.text(inner.x, inner.y, inner.width, &keys, Token::BarKey);
        return;
    }
    let mut inner = inner;
    if let Some(pace) = &app.telling.pace {
        let ms = |micros: u64| format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100);
        let says = format!(
            "key {}  frame {}  {} B  {} frames/s",
            ms(pace.key),
            ms(pace.made),
            pace.bytes,
            pace.frames
        );
        let used = u16::try_from(text::width(&says))
            .unwrap_or(0)
            .min(inner.width);
        canvas.text(inner.right() - used, inner.y, used, &says, Token::Info);
        inner.width -= used;
    }
    if let Some(toast) = &app.toast {
        canvas.text(inner.x, inner.y, inner.width, &toast.text, toast.tone);
    } else if let Some(past) = &app.at.past {
        let bar = scrub_bar(canvas, past, inner);
        let said = format!("{}  {}", past.revision, past.said);
        let room = bar.x.saturating_sub(inner.x + 2);
        canvas.text(inner.x, inner.y, room, &said, Token::Accent);
    } else if let Some(trouble) = ctx.clock.trouble {
        let text = crate::engine::text::scrub(trouble);
        canvas.text(inner.x, inner.y, inner.width, &text, Token::Warn);
    }
}

/// How far into the record one looks; a click goes to that part of it.
fn scrub_bar(canvas: &mut Canvas, past: &Moment, area: Area) -> Area {
    let width = (area.width / 6).clamp(10, 32).min(area.width);
    let bar = Area::new(area.right() - width, area.y, width, 1);
    let at = past.revision.0 * u64::from(width - 1) / past.head.0.max(1);
    let at = u16::try_from(at).unwrap_or(0).min(width - 1);
    let (track, knob) = (canvas.theme.glyphs.rule, canvas.theme.glyphs.ok);
    for x in 0..width {
        canvas.text(bar.x + x, bar.y, 1, track, Token::Faint);
    }
    canvas.text(bar.x + at, bar.y, 1, knob, Token::Accent);
    canvas.hits.add(bar, Hit::Scrub(bar));
    bar
}

/// The end of a line being typed, as far as it fits.
pub fn tail(text: &str, room: usize) -> String {
    let mut tail = text;
    while text::width(tail) > room {
        let mut chars = tail.chars();
        chars.next();
        tail = chars.as_str();
    }
    tail.to_owned()
}
