//! The chart above with what it is of and what its signs mean; below it the list, and beside or above that the
//! figures of the model and, apart from them, what really lies on disk.

use super::{Figures, Ingestion, Physical, WARN, rows};
use crate::console::app::geometry::{Area, list_rows};
use crate::console::app::travel::At;
use crate::console::app::{App, Ctx};
use crate::console::blades::logs::counted;
use crate::console::blades::query::Spent;
use crate::console::paint::canvas::Canvas;
use crate::console::paint::chart::{self, Chart};
use crate::console::paint::table;
use crate::console::rows::{Align, Cell, Mark};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::Span;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::series::Fate;

/// The panes of figures stand beside the list from this size on.
const WIDE: (u16, u16) = (110, 30);
/// How wide they are, and from which width of the screen on.
const PANES: [(u16, u16); 2] = [(160, 60), (0, 45)];
/// Lines of a pane with its frame: as many as it has figures, and two.
const MODEL: u16 = 10;
const DISK: u16 = 9;

/// A world of the past or of a branch has no files (`design.md` §3).
const NOT_LIVE: &str = "exists only at the live edge";

/// Where its parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub head: Area,
    pub chart: Area,
    pub legend: Area,
    /// Figures in two lines, where there is no room for panes.
    brief: Area,
    pub list: Area,
    /// The model's pane and that of what lies on disk.
    panes: Option<(Area, Area)>,
}

pub fn parts(body: Area, no_legend: bool) -> Parts {
    let wide = body.width >= WIDE.0 && body.height >= WIDE.1;
    let legend = u16::from(!no_legend && body.height >= 8);
    let brief = match (wide, body.height) {
        (false, 14..) => 2,
        _ => 0,
    };
    let below = match (wide, body.height) {
        (true, height) => (MODEL + DISK).max(height * 2 / 5),
        (false, 12..) => (body.height * 3 / 10).max(3),
        _ => 0,
    };
    let tall = body.height.saturating_sub(1 + legend + brief + below);
    let rest = body.lines(1 + tall + legend + brief, below);
    let (list, panes) = if wide {
        let panes = PANES.iter().find(|(from, _)| body.width >= *from);
        let width = panes.map_or(0, |(_, width)| *width);
        let side = Area {
            x: rest.right() - width,
            width: width - 1,
            ..rest
        };
        let list = Area {
            width: rest.width - width - 1,
            ..rest
        };
        let panes = (side.lines(0, MODEL), side.lines(MODEL, DISK));
        (list, Some(panes))
    } else {
        (rest, None)
    };
    Parts {
        head: body.lines(0, 1),
        chart: body.lines(1, tall).inset(1),
        legend: body.lines(1 + tall, legend).inset(1),
        brief: body.lines(1 + tall + legend, brief).inset(1),
        list,
        panes,
    }
}

/// Cells of the plot across.
pub fn across(body: Area, no_legend: bool) -> u16 {
    chart::parts(parts(body, no_legend).chart).plot.width
}

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, scope: &Scope) {
    let blade = &app.ingestion;
    let parts = parts(body, blade.no_legend);
    let live = app.at == At::default();
    head(canvas, blade, parts.head.inset(1));
    let lines = blade.lines(scope);
    let markers = match blade.unmarked {
        true => &[],
        false => blade.markers.as_slice(),
    };
    let drawn = Chart {
        columns: &blade.rates,
        per_cell: blade.rendering.per_cell(),
        from: blade.window.from(),
        step: blade.window.step,
        top: blade.top.unwrap_or(1),
        lines: &lines,
        markers,
        cursor: blade.cursor(),
        rendering: blade.rendering,
    };
    chart::paint(canvas, &drawn, parts.chart);
    if parts.legend.height > 0 {
        legend(canvas, blade, parts.legend);
    }
    if parts.brief.height > 1 {
        let model = in_brief("MODELLED", &model_in_brief(&blade.figures));
        canvas.cell(
            parts.brief.x,
            parts.brief.y,
            parts.brief.width,
            &model,
            Align::Left,
        );
        let says = match live {
            true => disk_in_brief(&blade.physical),
            false => (NOT_LIVE.to_owned(), Token::Muted, Some(Mark::Off)),
        };
        let disk = in_brief("PHYSICAL", &says);
        canvas.cell(
            parts.brief.x,
            parts.brief.y + 1,
            parts.brief.width,
            &disk,
            Align::Left,
        );
    }
    if let Some((model, disk)) = parts.panes {
        pane(
            canvas,
            model,
            "MODELLED: the rates, added up",
            &model_lines(blade),
        );
        pane(
            canvas,
            disk,
            "PHYSICAL: what really came",
            &match live {
                true => disk_lines(&blade.physical, &app.spent),
                false => vec![("", Cell::new(NOT_LIVE).tone(Token::Muted))],
            },
        );
    }
    if list_rows(parts.list) > 0 {
        table::list(canvas, app, ctx, parts.list);
    }
}

/// Which time is looked at, and how much comes now; what of is in the crumbs.
fn head(canvas: &mut Canvas, blade: &Ingestion, area: Area) {
    let now = blade.figures.now;
    let rate = format!("{} GB/day", text::gigabytes(chart::total(&now)));
    let used = blade.figures.used().map(|used| {
        let mut cell = rows::percent(used);
        let capacity = blade.figures.capacity.unwrap_or(0);
        cell.text = format!("{} of {} reserved", cell.text, text::gigabytes(capacity)).into();
        if used >= WARN {
            cell = cell.mark(Mark::Warn);
        }
        cell
    });
    let width = text::width(&rate) + used.as_ref().map_or(0, |cell| cell.width() + 2);
    let width = u16::try_from(width).unwrap_or(area.width).min(area.width);
    let mut x = area.right() - width;
    let left = area.width.saturating_sub(width + 2);
    x += canvas.text(x, area.y, area.right() - x, &rate, Token::Strong) + 2;
    if let Some(cell) = used {
        let room = area.right().saturating_sub(x);
        canvas.cell(x, area.y, room, &cell, Align::Left);
    }
    let glyphs = canvas.theme.glyphs;
    let (state, tone) = match (blade.paused(), blade.follows()) {
        (Some(at), _) => {
            let at = chart::moment(at, Span::seconds(1));
            (format!("{} paused at {at}", glyphs.paused), Token::Paused)
        }
        (None, true) => (format!("{} follows", glyphs.running), Token::Live),
        (None, false) => (
            format!("{} until {}", glyphs.turn[0], ends(blade)),
            Token::Paused,
        ),
    };
    let mut x = area.x;
    for (says, tone) in [
        (blade.length(), Token::Heading),
        (&state, tone),
        (blade.rendering.on(&glyphs).word(), Token::Muted),
    ] {
        let room = (area.x + left).saturating_sub(x);
        x += canvas.text(x, area.y, room, says, tone) + 2;
    }
}

/// When the window ends.
fn ends(blade: &Ingestion) -> String {
    blade.window.until().short()
}

/// What the signs mean; with a cursor, what they stand for in its column.
fn legend(canvas: &mut Canvas, blade: &Ingestion, area: Area) {
    let mut area = area;
    if let Some(at) = blade.reading() {
        let when = match blade.window.step {
            step if step >= Span::days(1) => at.short(),
            step => chart::moment(at, step),
        };
        let used = canvas.text(area.x, area.y, area.width, &when, Token::Strong) + 2;
        area = Area {
            x: area.x + used.min(area.width),
            width: area.width.saturating_sub(used),
            ..area
        };
    }
    chart::legend(canvas, blade.rendering, area, blade.read());
}

/// A figure with its name.
type Fact = (&'static str, Cell);

fn pane(canvas: &mut Canvas, area: Area, title: &str, facts: &[Fact]) {
    let inner = canvas
        .frame(area, Token::Border, title, Token::Heading)
        .inset(1);
    for (y, (name, cell)) in (inner.y..inner.bottom()).zip(facts) {
        const NAMES: u16 = 11;
        canvas.text(inner.x, y, NAMES, name, Token::Muted);
        let room = inner.width.saturating_sub(NAMES);
        canvas.cell(inner.x + NAMES, y, room, cell, Align::Left);
    }
}

fn in_brief(name: &str, says: &(String, Token, Option<Mark>)) -> Cell {
    let mut cell = Cell::new(format!("{name} {}", says.0)).tone(says.1);
    cell.mark = says.2;
    cell
}

fn model_in_brief(figures: &Figures) -> (String, Token, Option<Mark>) {
    let ledger = &figures.modelled;
    let says = format!(
        "dropped {} · buffered {} · hidden {} · hot {}",
        text::bytes(ledger.lost()),
        text::bytes(ledger.buffered),
        text::bytes(ledger.hidden),
        text::bytes(ledger.hot)
    );
    match figures.now[Fate::Dropped as usize] {
        0 => (says, Token::Muted, Some(Mark::Info)),
        _ => (says, Token::Danger, Some(Mark::Bad)),
    }
}

fn disk_in_brief(disk: &Physical) -> (String, Token, Option<Mark>) {
    let lost: u64 = disk.lost.iter().map(|(_, amount)| amount.bytes).sum();
    let says = format!(
        "dropped {} · {} sealed, {} hot · queries {} served, {} refused",
        text::bytes(lost),
        text::bytes(disk.kept.all.plain),
        text::bytes(disk.kept.hot.plain),
        text::count(disk.served),
        text::count(disk.refused)
    );
    (says, Token::Muted, Some(Mark::Info))
}

/// Nothing is quiet; what is there and should not be is loud.
fn amount(n: u128, says: String, loud: Option<Token>) -> Cell {
    match (n, loud) {
        (0, _) => Cell::new(says).tone(Token::Faint),
        (_, Some(loud)) => Cell::new(says).mark(Mark::Bad).tone(loud),
        (_, None) => Cell::new(says),
    }
}

fn model_lines(blade: &Ingestion) -> Vec<Fact> {
    let figures = &blade.figures;
    let ledger = &figures.modelled;
    let lost = ledger.lost();
    let mut dropped = text::bytes(lost);
    // Since when says more about one workspace than how many records.
    if let Some(since) = figures.lost_since {
        dropped.push_str(&format!(" since {}", since.short()));
    } else if lost > 0 {
        let records = u64::try_from(figures.lost_records).unwrap_or(u64::MAX);
        dropped.push_str(&format!(", {} records", text::count(records)));
    }
    let waiting = format!(
        "{} waiting, {} drained",
        text::bytes(ledger.buffered),
        text::bytes(ledger.drained)
    );
    let (served, failed) = figures.queries;
    let queries = format!(
        "{} served, {} failed",
        text::count(served),
        text::count(failed)
    );
    vec![
        (
            "Your key",
            amount(ledger.customer, text::bytes(ledger.customer), None),
        ),
        (
            "Microsoft",
            amount(ledger.microsoft, text::bytes(ledger.microsoft), None),
        ),
        (
            "Buffer",
            amount(ledger.buffered + ledger.drained, waiting, None),
        ),
        ("Dropped", amount(lost, dropped, Some(Token::Danger))),
        (
            "Hidden",
            amount(ledger.hidden, text::bytes(ledger.hidden), Some(Token::Warn)),
        ),
        (
            "Purged",
            amount(ledger.purged, text::bytes(ledger.purged), None),
        ),
        (
            "Hot cache",
            amount(ledger.hot, text::bytes(ledger.hot), None),
        ),
        (
            "Queries",
            match failed {
                0 => amount(u128::from(served), queries, None),
                _ => amount(1, queries, Some(Token::Warn)),
            },
        ),
    ]
}

fn disk_lines(disk: &Physical, spent: &Spent) -> Vec<Fact> {
    let kept = &disk.kept;
    let sum = |sum: &crate::console::blades::logs::Sum, loud| {
        let says = format!(
            "{} in {}",
            text::bytes(sum.plain),
            counted(sum.segments, "segment", "segments")
        );
        amount(u128::from(sum.segments), says, loud)
    };
    let (rows, bytes) = disk
        .lost
        .iter()
        .fold((0u64, 0u64), |(rows, bytes), (_, a)| {
            (rows.saturating_add(a.rows), bytes.saturating_add(a.bytes))
        });
    let dropped = format!(
        "{}, {}",
        text::bytes(bytes),
        counted(rows, "record", "records")
    );
    let buffer = format!(
        "{} waiting, {} drained",
        text::bytes(kept.buffered.raw),
        text::bytes(disk.drained.bytes)
    );
    let waiting = u128::from(kept.buffered.raw) + u128::from(disk.drained.bytes);
    let queries = format!(
        "{} served, {} refused",
        text::count(disk.served),
        text::count(disk.refused)
    );
    let asked = u128::from(disk.served) + u128::from(disk.refused);
    let last = match spent.last {
        None => Cell::new("none was asked here").tone(Token::Faint),
        Some(last) => Cell::new(format!(
            "{} ms; {} read by {}",
            text::count(u64::try_from(last.as_millis()).unwrap_or(u64::MAX)),
            text::bytes(spent.bytes),
            text::count(spent.answered)
        )),
    };
    vec![
        ("Sealed", sum(&kept.all, None)),
        ("Hot cache", sum(&kept.hot, None)),
        ("Hidden", sum(&kept.hidden, Some(Token::Warn))),
        ("Buffer", amount(waiting, buffer, None)),
        (
            "Dropped",
            amount(u128::from(rows), dropped, Some(Token::Danger)),
        ),
        ("Queries", amount(asked, queries, None)),
        ("Last query", last),
    ]
}
