//! Charts of an answer: lines over time or numbers, bars, columns, and the shares of a whole. Each has its names
//! and figures in text, so that nothing is told by a colour alone.

use std::collections::BTreeMap;

use ratatui::symbols::Marker;
use ratatui::widgets::{Axis, Chart as Lines, Dataset, GraphType, Widget};

use super::Shown;
use crate::console::app::geometry::Area;
use crate::console::paint::canvas::{Canvas, rect};
use crate::console::rows::{Align, Cell};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::SimTime;
use crate::engine::text::scrub;
use crate::logs::kql::Chart;

/// Series one can tell apart.
const SERIES: [Token; 6] = [
    Token::Accent,
    Token::Ok,
    Token::Warn,
    Token::Danger,
    Token::Info,
    Token::Second,
];
/// Points of all series together; more would not be seen.
const POINTS: usize = 20_000;
const EIGHTHS: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
/// Columns for the name of a bar, at most.
const NAME: u16 = 32;

/// Which columns are drawn.
struct Plan {
    x: Option<usize>,
    y: Vec<usize>,
    series: Vec<usize>,
}

/// Draws it, or says why it cannot be drawn.
pub fn paint(canvas: &mut Canvas, answer: &Shown, area: Area) -> Result<(), String> {
    let Some(render) = &answer.render else {
        return Ok(());
    };
    let places = |names: &[String]| names.iter().filter_map(|n| answer.place(n)).collect();
    let plan = Plan {
        x: render.x.as_deref().and_then(|x| answer.place(x)),
        y: places(&render.y),
        series: places(&render.series),
    };
    if plan.y.is_empty() {
        return Err("no column has numbers".to_owned());
    }
    if area.height < 4 || area.width < 24 {
        return Err("there is no room for a chart".to_owned());
    }
    let mut area = area;
    if let Some(title) = &render.title {
        canvas.text(
            area.x + 2,
            area.y,
            area.width - 2,
            &scrub(title),
            Token::Strong,
        );
        area = area.lines(1, area.height);
    }
    match render.chart {
        Chart::Time | Chart::Line | Chart::Area | Chart::Scatter => {
            lines(canvas, answer, &plan, render.chart, area)
        }
        Chart::Column if stands(answer, &plan, area.width) => {
            columns(canvas, answer, &plan, area);
            Ok(())
        }
        Chart::Bar | Chart::Column | Chart::Pie | Chart::Card | Chart::Table => {
            bars(canvas, answer, &plan, render.chart == Chart::Pie, area);
            Ok(())
        }
    }
}

/// Whether columns can stand side by side with names one can read; lying down they always can.
fn stands(answer: &Shown, plan: &Plan, width: u16) -> bool {
    let rows = u16::try_from(answer.rows).unwrap_or(u16::MAX).max(1);
    let each = width.saturating_sub(4) / rows;
    let is_time = plan.x.is_some_and(|x| answer.instant(0, x).is_some());
    plan.y.len() == 1 && plan.series.is_empty() && each >= if is_time { 6 } else { 10 }
}

/// What a row is called: its place along the chart, and its series.
fn name(answer: &Shown, plan: &Plan, at: usize) -> String {
    let columns = plan.x.iter().chain(&plan.series);
    let parts: Vec<String> = columns
        .map(|c| match answer.text(at, *c) {
            empty if empty.is_empty() => "(empty)".to_owned(),
            text => text,
        })
        .collect();
    parts.join(" · ")
}

/// Points of each series by its name, along x.
fn series(answer: &Shown, plan: &Plan) -> BTreeMap<String, Points> {
    let mut all: BTreeMap<String, Points> = BTreeMap::new();
    for at in 0..answer.rows.min(POINTS) {
        let key: Vec<String> = plan.series.iter().map(|c| answer.text(at, *c)).collect();
        let key = key.join(" · ");
        let x = match plan.x {
            Some(x) => answer.number(at, x),
            None => Some(at as f64),
        };
        for y in &plan.y {
            let name = match (plan.y.len(), key.is_empty()) {
                (1, false) => key.clone(),
                (_, true) => answer.title(*y),
                _ => format!("{key} · {}", answer.title(*y)),
            };
            if let (Some(x), Some(y)) = (x, answer.number(at, *y)) {
                all.entry(name).or_default().push((x, y));
            }
        }
    }
    for points in all.values_mut() {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

fn lines(
    canvas: &mut Canvas,
    answer: &Shown,
    plan: &Plan,
    kind: Chart,
    area: Area,
) -> Result<(), String> {
    let (all, smaller) = largest(series(answer, plan));
    let points = || all.iter().flat_map(|(_, points)| points);
    if points().next().is_none() {
        return Err("no row has a place along the chart".to_owned());
    }
    let ends = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    };
    let (from, to) = ends(&mut points().map(|p| p.0));
    let (low, high) = ends(&mut points().map(|p| p.1));
    // What is counted begins at nothing.
    let (low, high) = (
        low.min(0.0),
        if high > low.min(0.0) { high } else { low + 1.0 },
    );
    let to = if to > from { to } else { from + 1.0 };
    let ascii = canvas.theme.glyphs.ascii();
    let graph = match kind {
        Chart::Scatter => GraphType::Scatter,
        _ => GraphType::Line,
    };
    let marker = if ascii { Marker::Dot } else { Marker::Braille };
    let sets = all
        .iter()
        .enumerate()
        .map(|(n, (_, points))| {
            Dataset::default()
                .marker(marker)
                .graph_type(graph)
                .style(canvas.theme.style(SERIES[n % SERIES.len()]))
                .data(points)
        })
        .collect();
    let is_time = plan.x.is_some_and(|x| answer.instant(0, x).is_some());
    let label = |x: f64| match is_time {
        true => moment(x, to - from),
        false => figure(x),
    };
    let axis = canvas.theme.style(Token::Muted);
    let x_labels = [label(from), label((from + to) / 2.0), label(to)];
    let y_labels = [figure(low), figure((low + high) / 2.0), figure(high)];
    let chart = Lines::new(sets)
        .x_axis(
            Axis::default()
                .bounds([from, to])
                .labels(x_labels)
                .style(axis),
        )
        .y_axis(
            Axis::default()
                .bounds([low, high])
                .labels(y_labels)
                .style(axis),
        )
        .legend_position(None)
        .style(canvas.theme.style(Token::Base));
    let names = all.iter().map(|(name, _)| text::width(name)).max();
    let names = u16::try_from(names.unwrap_or(0).min(20)).unwrap_or(20);
    let whole = area.inset(1);
    let plot = Area {
        width: whole.width.saturating_sub(names + 1),
        ..whole
    };
    chart.render(rect(plot).intersection(canvas.buf.area), canvas.buf);
    if ascii {
        plain(canvas, plot);
    }
    // Below the lines stand the axis and its names.
    let tall = plot.height.saturating_sub(2);
    let places = all.iter().enumerate().map(|(n, (name, points))| {
        let share = points.last().map_or(0.0, |(_, y)| (y - low) / (high - low));
        let up = (share.clamp(0.0, 1.0) * f64::from(tall.saturating_sub(1))).round();
        (tall.saturating_sub(1).saturating_sub(up as u16), n, name)
    });
    let mut places: Vec<(u16, usize, &String)> = places.collect();
    places.sort_by_key(|(line, ..)| *line);
    let mut free = 0;
    for (left, (line, n, name)) in (0..places.len()).rev().zip(places) {
        // Where several lines end at one place, each name still has a line of its own.
        let last = tall.saturating_sub(1 + u16::try_from(left).unwrap_or(0));
        let line = line.max(free).min(last.max(free));
        free = line + 1;
        if line < tall {
            let token = SERIES[n % SERIES.len()];
            canvas.text(plot.right() + 1, plot.y + line, names, name, token);
        }
    }
    if smaller > 0 {
        let says = format!("and {smaller} smaller");
        let width = u16::try_from(says.len()).unwrap_or(0);
        let x = whole.right().saturating_sub(width);
        canvas.text(x, whole.bottom() - 2, width, &says, Token::Muted);
    }
    Ok(())
}

type Points = Vec<(f64, f64)>;

/// As many series as can be told apart, those that reach highest, and how many are left out.
fn largest(all: BTreeMap<String, Points>) -> (Vec<(String, Points)>, usize) {
    let mut all: Vec<(String, Points)> = all.into_iter().collect();
    let top = |points: &Points| points.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    all.sort_by(|a, b| top(&b.1).total_cmp(&top(&a.1)));
    let smaller = all.len().saturating_sub(SERIES.len());
    all.truncate(SERIES.len());
    (all, smaller)
}

/// Signs of a chart for a terminal that has only ASCII.
fn plain(canvas: &mut Canvas, area: Area) {
    let clip = rect(area).intersection(canvas.buf.area);
    for y in clip.top()..clip.bottom() {
        for x in clip.left()..clip.right() {
            let cell = &mut canvas.buf[(x, y)];
            let sign = match cell.symbol() {
                "•" => "*",
                "│" => "|",
                "─" => "-",
                "└" | "┌" | "┐" | "┘" => "+",
                _ => continue,
            };
            cell.set_symbol(sign);
        }
    }
}

/// A time along a chart that spans so many seconds.
fn moment(seconds: f64, span: f64) -> String {
    let at = SimTime((seconds * 1e6) as i64);
    let whole = at.to_seconds();
    let (date, time) = whole.split_once(' ').unwrap_or((&whole, ""));
    if span < 600.0 {
        time.to_owned()
    } else if span < 20.0 * 3_600.0 {
        time.chars().take(5).collect()
    } else if span < 40.0 * 86_400.0 {
        at.short()
    } else {
        date.to_owned()
    }
}

/// A number in a few characters: `0`, `12.5`, `1.2k`, `34M`.
fn figure(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = match size {
        _ if size >= 1e12 => (value / 1e12, "T"),
        _ if size >= 1e9 => (value / 1e9, "G"),
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    if scaled.fract() == 0.0 || scaled.abs() >= 100.0 {
        format!("{scaled:.0}{unit}")
    } else if scaled.abs() >= 1.0 {
        format!("{scaled:.1}{unit}")
    } else {
        format!("{scaled:.2}{unit}")
    }
}

/// One bar a row, or, of a whole, its share; what does not fit is counted.
fn bars(canvas: &mut Canvas, answer: &Shown, plan: &Plan, shares: bool, area: Area) {
    let inner = area.inset(2);
    let ascii = canvas.theme.glyphs.ascii();
    let several = plan.y.len() > 1;
    let mut entries = Vec::new();
    for at in 0..answer.rows.min(POINTS) {
        for (n, y) in plan.y.iter().enumerate() {
            let mut name = name(answer, plan, at);
            if several {
                name = format!("{name} · {}", answer.title(*y));
            }
            let value = answer.number(at, *y).unwrap_or(0.0);
            entries.push((name, value, answer.text(at, *y), n));
        }
    }
    let total: f64 = entries.iter().map(|e| e.1.max(0.0)).sum();
    let most = entries.iter().map(|e| e.1).fold(0.0, f64::max);
    if shares && total > 0.0 {
        for entry in &mut entries {
            entry.2 = format!("{:>5.1}%  {}", entry.1.max(0.0) / total * 100.0, entry.2);
        }
    }
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        let wide = texts.map(|t| text::width(t)).max().unwrap_or(0);
        u16::try_from(wide).unwrap_or(u16::MAX)
    };
    let names = widest(&mut entries.iter().map(|e| &e.0))
        .min(NAME)
        .min(inner.width / 3);
    let figures = widest(&mut entries.iter().map(|e| &e.2)).min(inner.width / 3);
    let room = inner.width.saturating_sub(names + figures + 3);
    let lines = usize::from(area.height);
    let fits = if entries.len() > lines {
        lines - 1
    } else {
        entries.len()
    };
    for (y, (n, (name, value, says, series))) in
        (area.y..area.bottom()).zip(entries.iter().enumerate().take(fits))
    {
        canvas.text(inner.x, y, names, name, Token::Text);
        let share = if most > 0.0 {
            (value / most).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let eighths = (share * f64::from(room) * 8.0).round() as usize;
        let token = SERIES[(if shares { n } else { *series }) % SERIES.len()];
        let bar = match ascii {
            true => "#".repeat(eighths.div_ceil(8)),
            false => format!("{}{}", EIGHTHS[8].repeat(eighths / 8), EIGHTHS[eighths % 8]),
        };
        canvas.text(inner.x + names + 1, y, room, &bar, token);
        let figure = Cell::new(says.clone()).tone(Token::Text);
        canvas.cell(
            inner.right().saturating_sub(figures),
            y,
            figures,
            &figure,
            Align::Right,
        );
    }
    if fits < entries.len() {
        let more = format!("… {} more", text::count((entries.len() - fits) as u64));
        canvas.text(inner.x, area.bottom() - 1, inner.width, &more, Token::Muted);
    }
}

/// One column a row, side by side, with its name below and its figure above.
fn columns(canvas: &mut Canvas, answer: &Shown, plan: &Plan, area: Area) {
    let inner = area.inset(2);
    let ascii = canvas.theme.glyphs.ascii();
    let Some(y) = plan.y.first().copied() else {
        return;
    };
    let count = u16::try_from(answer.rows).unwrap_or(u16::MAX).max(1);
    let each = (inner.width / count).clamp(4, 16);
    let fits = (inner.width / each).min(count);
    let most = (0..answer.rows)
        .filter_map(|at| answer.number(at, y))
        .fold(0.0, f64::max);
    let tall = area.height.saturating_sub(2);
    for n in 0..fits {
        let at = usize::from(n);
        let x = inner.x + n * each;
        let wide = each.saturating_sub(1).max(1);
        let value = answer.number(at, y).unwrap_or(0.0);
        let share = if most > 0.0 {
            (value / most).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let eighths = (share * f64::from(tall) * 8.0).round() as u16;
        for line in 0..tall {
            let part = usize::from(eighths.saturating_sub(line * 8).min(8));
            let glyph = match (ascii, part) {
                (_, 0) => continue,
                (true, _) => "#",
                (false, part) => canvas.theme.glyphs.chart.steps[part],
            };
            let row = area.bottom() - 2 - line;
            canvas.text(x, row, wide, &glyph.repeat(usize::from(wide)), SERIES[0]);
        }
        let top = (area.bottom() - 2)
            .saturating_sub(eighths.div_ceil(8))
            .max(area.y);
        canvas.text(x, top, wide, &figure(value), Token::Strong);
        let label = plan.x.and_then(|c| answer.instant(at, c)).map_or_else(
            || name(answer, plan, at),
            |t| moment(t.0 as f64 / 1e6, 3_600.0),
        );
        canvas.text(x, area.bottom() - 1, wide, &label, Token::Muted);
    }
    if usize::from(fits) < answer.rows {
        let more = format!("… {} more", answer.rows - usize::from(fits));
        let width = u16::try_from(more.chars().count()).unwrap_or(0);
        canvas.text(
            inner.right().saturating_sub(width),
            area.y,
            width,
            &more,
            Token::Muted,
        );
    }
}
