//! An answer drawn as its query asks: times as columns over an axis, the rest as bars with their values.

use std::collections::BTreeMap;

use super::Shown;
use crate::console::app::geometry::Area;
use crate::console::paint::canvas::Canvas;
use crate::console::rows::{Align, Cell};
use crate::console::text;
use crate::console::theme::Token;
use crate::logs::kql::Chart;

/// Parts of a full cell, from below.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Columns a point is wide, at most.
const WIDEST: usize = 6;
/// Series that are drawn apart.
const SERIES_MAX: usize = 6;

/// One line of a chart: its name, and a value for each place of the axis.
struct Series {
    name: String,
    values: Vec<f64>,
}

struct Data {
    /// Names along the axis.
    places: Vec<String>,
    series: Vec<Series>,
}

/// Draws the answer; false where there is nothing to draw.
pub fn paint(canvas: &mut Canvas, shown: &Shown, area: Area) -> bool {
    let Some(render) = &shown.render else {
        return false;
    };
    let along = matches!(
        render.chart,
        Chart::Time | Chart::Line | Chart::Area | Chart::Scatter
    );
    if render.chart == Chart::Table {
        return false;
    }
    let Some(data) = data(shown, along) else {
        return false;
    };
    let mut area = area;
    if let Some(title) = &render.title {
        let title = crate::engine::text::scrub(title);
        canvas.text(area.x, area.y, area.width, &title, Token::Heading);
        area = area.lines(1, area.height);
    }
    match along {
        true => columns(canvas, &data, area),
        false => bars(canvas, &data, area, render.chart == Chart::Pie),
    }
    true
}

fn data(shown: &Shown, along: bool) -> Option<Data> {
    let render = shown.render.as_ref()?;
    let place = |name: &String| shown.columns.iter().position(|c| *c.name == **name);
    let x = render.x.as_ref().and_then(place);
    let ys: Vec<usize> = render.y.iter().filter_map(place).collect();
    let by: Vec<usize> = render.series.iter().filter_map(place).collect();
    if ys.is_empty() || shown.cells.is_empty() {
        return None;
    }
    let mut places: Vec<String> = Vec::new();
    let mut values: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    for (cells, numbers) in shown.cells.iter().zip(&shown.numbers) {
        let at = x.map_or_else(String::new, |x| cells[x].clone());
        if !places.contains(&at) {
            places.push(at.clone());
        }
        for y in &ys {
            let mut parts: Vec<&str> = by.iter().map(|s| cells[*s].as_str()).collect();
            if ys.len() > 1 || parts.is_empty() {
                parts.push(&shown.columns[*y].name);
            }
            let name = parts.join(" ");
            if !names.contains(&name) {
                names.push(name.clone());
            }
            *values.entry((name, at.clone())).or_default() += numbers[*y].unwrap_or(0.0);
        }
    }
    if along {
        places.sort();
    }
    let series = names.into_iter().map(|name| Series {
        values: places
            .iter()
            .map(|at| {
                values
                    .get(&(name.clone(), at.clone()))
                    .copied()
                    .unwrap_or(0.0)
            })
            .collect(),
        name,
    });
    Some(Data {
        series: series.collect(),
        places,
    })
}

/// A number in few characters.
fn short(value: f64) -> String {
    let size = value.abs();
    if size >= 1_000_000.0 {
        format!("{:.1}M", value / 1_000_000.0)
    } else if size >= 10_000.0 {
        format!("{:.0}k", value / 1_000.0)
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// Each series in a band of its own over one axis, so that no colour has to tell them apart.
fn columns(canvas: &mut Canvas, data: &Data, area: Area) {
    let ascii = canvas.theme.glyphs.rule == "-";
    let shown = data
        .series
        .len()
        .min(SERIES_MAX)
        .min(usize::from(area.height / 3).max(1));
    let axis = 1;
    let band = area.height.saturating_sub(axis) / u16::try_from(shown).unwrap_or(1).max(1);
    let label = 9;
    let width = usize::from(area.width.saturating_sub(label + 1)).max(1);
    let count = data.places.len();
    let wide = (width / count.max(1)).clamp(1, WIDEST);
    let slots = (width / wide).min(count).max(1);
    for (n, series) in (0u16..).zip(data.series.iter().take(shown)) {
        let top = area.y + n * band;
        let rows = band.saturating_sub(1).max(1);
        let most = series.values.iter().copied().fold(0.0, f64::max);
        let name = match data.series.len() {
            more if more > shown && usize::from(n) + 1 == shown => {
                format!("{} (and {} more)", series.name, more - shown)
            }
            _ => series.name.clone(),
        };
        canvas.text(
            area.x + label + 1,
            top,
            area.width - label - 1,
            &name,
            Token::Heading,
        );
        canvas.text(
            area.x,
            top + 1,
            label,
            &text::pad_left(&short(most), 8),
            Token::Muted,
        );
        canvas.text(
            area.x,
            top + rows,
            label,
            &text::pad_left("0", 8),
            Token::Muted,
        );
        for slot in 0..slots {
            let from = slot * count / slots;
            let to = ((slot + 1) * count / slots).max(from + 1);
            let value = series.values[from..to].iter().copied().fold(0.0, f64::max);
            let eighths = match most > 0.0 {
                true => (value / most * f64::from(rows) * 8.0).round().max(0.0) as usize,
                false => 0,
            };
            let x = area.x + label + 1 + u16::try_from(slot * wide).unwrap_or(0);
            let bar = wide.saturating_sub(usize::from(wide > 2)).max(1);
            for row in 0..usize::from(rows) {
                let part = eighths.saturating_sub(row * 8).min(8);
                let glyph = match (ascii, part) {
                    (true, 0..=3) => " ",
                    (true, _) => "#",
                    (false, part) => EIGHTHS[part],
                };
                let y = top + rows - u16::try_from(row).unwrap_or(0);
                for i in 0..bar {
                    canvas.text(
                        x + u16::try_from(i).unwrap_or(0),
                        y,
                        1,
                        glyph,
                        Token::Accent,
                    );
                }
            }
        }
    }
    let y = area.y + band * u16::try_from(shown).unwrap_or(1);
    if let (Some(first), Some(last)) = (data.places.first(), data.places.last()) {
        let x = area.x + label + 1;
        let room = area.right().saturating_sub(x);
        let used = canvas.text(x, y, room, first, Token::Muted);
        let long = u16::try_from(text::width(last)).unwrap_or(0);
        let end = x + u16::try_from(slots * wide).unwrap_or(0).min(room);
        let at = end.saturating_sub(long);
        if data.places.len() > 1 && at > x + used + 1 {
            canvas.text(at, y, long, last, Token::Muted);
        }
    }
}

/// A bar a line, with its value, and its share of the whole where that is meant.
fn bars(canvas: &mut Canvas, data: &Data, area: Area, shares: bool) {
    let many = data.series.len() > 1;
    let bars = data.places.iter().enumerate().flat_map(|(n, place)| {
        data.series.iter().map(move |series| {
            let name = match (many, place.is_empty()) {
                (false, false) => place.clone(),
                (_, true) => series.name.clone(),
                (true, false) => format!("{place} · {}", series.name),
            };
            (name, series.values[n])
        })
    });
    let bars: Vec<(String, f64)> = bars.collect();
    let most = bars.iter().map(|(_, v)| *v).fold(0.0, f64::max);
    let total: f64 = bars.iter().map(|(_, v)| v.max(0.0)).sum();
    let longest = bars
        .iter()
        .map(|(name, _)| text::width(name))
        .max()
        .unwrap_or(0);
    let names = longest.min(usize::from(area.width / 3)).max(1);
    let names = u16::try_from(names).unwrap_or(20);
    let values = 16;
    let room = area.width.saturating_sub(names + values + 2);
    for (i, (y, (name, value))) in (area.y..area.bottom()).zip(&bars).enumerate() {
        if y + 1 == area.bottom() && bars.len() > i + 1 {
            let more = format!("and {} more", bars.len() - i);
            canvas.text(area.x, y, area.width, &more, Token::Muted);
            break;
        }
        canvas.cell(area.x, y, names, &Cell::new(name.clone()), Align::Left);
        let permille = match most > 0.0 {
            true => (value.max(0.0) / most * 1000.0).round() as u16,
            false => 0,
        };
        let gauge = Cell::new(String::new())
            .tone(Token::Accent)
            .gauge(permille, room);
        canvas.cell(area.x + names + 1, y, room, &gauge, Align::Left);
        let said = match shares && total > 0.0 {
            true => format!("{} {:.1} %", short(*value), value / total * 100.0),
            false => short(*value),
        };
        canvas.text(area.x + names + room + 2, y, values, &said, Token::Number);
    }
}
