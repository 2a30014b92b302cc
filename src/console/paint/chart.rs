//! Columns over time, stacked by fate: a line for the reservation, thresholds, what happened, the moment that is
//! read. Three renderings; in each a fate has a sign of its own beside its colour. Data in, cells out: knows no
//! world, and paints the same for the same data.

use ratatui::style::{Modifier, Style};

use super::canvas::Canvas;
use crate::console::app::geometry::{Area, Hit};
use crate::console::text;
use crate::console::theme::glyphs::{self, Chart as Signs};
use crate::console::theme::{Glyphs, Token};
use crate::engine::ingestion::series::{Column, Fate, Marker};
use crate::engine::{SimTime, Span};

/// Columns for the figures of the values, and for their axis.
const FIGURES: u16 = 6;
const GUTTER: u16 = FIGURES + 1;
/// Below the columns: the axis of time, and its figures.
const BELOW: u16 = 2;
/// The smallest plot that says anything.
const SMALLEST: (u16, u16) = (8, 2);
/// Tops are one of these times a power of ten: their halves and quarters are round, too.
const ROUND: [u128; 8] = [100, 120, 160, 200, 300, 400, 600, 800];
/// Times along the axis stand at multiples of one of these.
const TICKS: [Span; 20] = [
    Span::seconds(5),
    Span::seconds(10),
    Span::seconds(15),
    Span::seconds(30),
    Span::minutes(1),
    Span::minutes(2),
    Span::minutes(5),
    Span::minutes(10),
    Span::minutes(15),
    Span::minutes(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(3),
    Span::hours(6),
    Span::hours(12),
    Span::days(1),
    Span::days(2),
    Span::days(4),
    Span::days(7),
    Span::days(14),
];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rendering {
    /// Two columns of four dots in a cell.
    #[default]
    Braille,
    /// A column a cell, its top in eighths.
    Blocks,
    Ascii,
}

impl Rendering {
    /// What a terminal shows of it.
    pub fn on(self, glyphs: &Glyphs) -> Rendering {
        if glyphs.ascii() {
            Rendering::Ascii
        } else {
            self
        }
    }

    pub fn next(self) -> Rendering {
        match self {
            Rendering::Braille => Rendering::Blocks,
            Rendering::Blocks => Rendering::Ascii,
            Rendering::Ascii => Rendering::Braille,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Rendering::Braille => "braille",
            Rendering::Blocks => "blocks",
            Rendering::Ascii => "ascii",
        }
    }

    /// Columns of time in one of the screen.
    pub fn per_cell(self) -> usize {
        match self {
            Rendering::Braille => 2,
            Rendering::Blocks | Rendering::Ascii => 1,
        }
    }

    /// Heights a cell can show.
    fn levels(self) -> u16 {
        match self {
            Rendering::Braille => 4,
            Rendering::Blocks => 8,
            Rendering::Ascii => 1,
        }
    }
}

/// A value that is marked all along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Bytes a day.
    pub at: u128,
    /// The reservation itself, or a threshold below it.
    pub capacity: bool,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// Bytes a day in each column, oldest first; none for what has not begun yet.
    pub columns: &'a [Column],
    /// Columns in one of the screen.
    pub per_cell: usize,
    /// When the first column begins, and how long each is.
    pub from: SimTime,
    pub step: Span,
    /// What the upper end stands for, in bytes a day.
    pub top: u128,
    pub lines: &'a [Line],
    /// Oldest first.
    pub markers: &'a [Marker],
    /// The column that is read.
    pub cursor: Option<usize>,
    pub rendering: Rendering,
}

/// Where its parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Labels of what happened.
    pub lanes: Area,
    pub plot: Area,
    pub axis: Area,
    pub times: Area,
}

pub fn parts(area: Area) -> Parts {
    let lanes = match area.height {
        0..8 => 0,
        8..14 => 1,
        _ => 2,
    };
    let gutter = GUTTER.min(area.width);
    let inner = Area {
        x: area.x + gutter,
        width: area.width - gutter,
        ..area
    };
    let tall = area.height.saturating_sub(lanes + BELOW);
    Parts {
        lanes: inner.lines(0, lanes),
        plot: inner.lines(lanes, tall),
        axis: inner.lines(lanes + tall, 1),
        times: inner.lines(lanes + tall + 1, 1),
    }
}

pub fn token(fate: Fate) -> Token {
    match fate {
        Fate::Customer => Token::ChartCustomer,
        Fate::Microsoft => Token::ChartMicrosoft,
        Fate::Buffered => Token::ChartBuffered,
        Fate::Dropped => Token::ChartDropped,
    }
}

pub fn total(column: &Column) -> u128 {
    column.iter().fold(0, |sum, v| sum.saturating_add(*v))
}

/// A round value with a little room above a peak. The one held so far stays while the peak neither leaves it nor
/// falls far below, so that the axis does not jump.
pub fn top(peak: u128, held: Option<u128>) -> u128 {
    let fits = |top: &u128| peak <= *top && top / 5 * 2 <= peak;
    if let Some(held) = held.filter(fits) {
        return held;
    }
    let wanted = peak.saturating_add(peak / 16).max(1);
    let mut power: u128 = 1;
    loop {
        for round in ROUND {
            let Some(top) = round.checked_mul(power) else {
                return u128::MAX;
            };
            if top / 100 >= wanted {
                return top / 100;
            }
        }
        let Some(next) = power.checked_mul(10) else {
            return u128::MAX;
        };
        power = next;
    }
}

/// Both so far to the right that there is room to multiply.
fn small(value: u128, whole: u128) -> (u128, u128) {
    let shift = (128 - whole.leading_zeros()).saturating_sub(100);
    (value >> shift, (whole >> shift).max(1))
}

/// How many of so many steps a value reaches, to the nearest.
fn reaches(value: u128, top: u128, steps: u32) -> u32 {
    if value >= top {
        return steps;
    }
    let (value, top) = small(value, top);
    let twice = value * u128::from(steps) * 2 / top;
    u32::try_from(twice.div_ceil(2)).unwrap_or(steps).min(steps)
}

/// Shares cells among the values by their size: each that is not zero has one at least, as long as there are
/// enough, and the louder fates come first then. Gives how many cells reach up to the end of each.
fn share(values: &Column, cells: u16) -> [u16; 4] {
    let sum = total(values).max(1);
    let mut shares = [0u16; 4];
    let mut rests = [0u128; 4];
    for (n, value) in values.iter().enumerate().filter(|(_, v)| **v > 0) {
        let (value, sum) = small(*value, sum);
        let exact = value * u128::from(cells);
        shares[n] = u16::try_from(exact / sum).unwrap_or(cells).max(1);
        rests[n] = exact % sum;
    }
    let most = |of: &[u128; 4]| (0..4).rev().max_by_key(|n| of[*n]).unwrap_or(0);
    while shares.iter().sum::<u16>() < cells && values.iter().any(|v| *v > 0) {
        let next = match most(&rests) {
            n if rests[n] > 0 => n,
            _ => most(values),
        };
        shares[next] += 1;
        rests[next] = 0;
    }
    while shares.iter().sum::<u16>() > cells {
        // The largest gives; where each has one only, the quietest.
        let largest = (0..4).rev().max_by_key(|n| shares[*n]).unwrap_or(0);
        let gives = match shares[largest] {
            0 | 1 => (0..4).find(|n| shares[*n] > 0).unwrap_or(0),
            _ => largest,
        };
        shares[gives] = shares[gives].saturating_sub(1);
    }
    let mut end = 0;
    shares.map(|share| {
        end += share;
        end
    })
}

/// One column of the screen.
struct Stack {
    /// Cells up to the end of each fate.
    ends: [u16; 4],
    /// Heights of its halves, in levels of a cell.
    heights: [u32; 2],
}

impl Stack {
    fn new(group: &[Column], top: u128, rows: u16, rendering: Rendering) -> Stack {
        let levels = u32::from(rendering.levels());
        let whole = u32::from(rows) * levels;
        let mut sum = Column::default();
        for column in group {
            for (sum, value) in sum.iter_mut().zip(column) {
                *sum = sum.saturating_add(*value);
            }
        }
        let height = |value: u128| match value {
            0 => 0,
            value => reaches(value, top, whole).max(1),
        };
        let mut heights = match (rendering, group) {
            (Rendering::Braille, [one]) => [height(total(one)), 0],
            (Rendering::Braille, [one, two, ..]) => [height(total(one)), height(total(two))],
            (_, group) => [height(total(&sum) / (group.len().max(1) as u128)); 2],
        };
        let tallest = heights[0].max(heights[1]).div_ceil(levels);
        let tallest = u16::try_from(tallest).unwrap_or(rows);
        let present = sum.iter().filter(|v| **v > 0).count();
        let least = u16::try_from(present).unwrap_or(0).min(rows);
        if tallest < least {
            // A little more than there is, so that each fate is seen.
            heights = [u32::from(least) * levels; 2];
        }
        let ends = share(&sum, tallest.max(least));
        Stack { ends, heights }
    }

    fn cells(&self) -> u16 {
        self.ends[3]
    }

    /// The fate of a cell, from below, and whether it is the only one of its fate.
    fn fate(&self, cell: u16) -> (usize, bool) {
        let n = self.ends.iter().position(|end| *end > cell).unwrap_or(3);
        let begin = match n {
            0 => 0,
            n => self.ends[n - 1],
        };
        (n, self.ends[n] - begin == 1)
    }

    /// How far each half fills a cell, in levels.
    fn fill(&self, cell: u16, levels: u16) -> [u32; 2] {
        let below = u32::from(cell) * u32::from(levels);
        let part = |height: u32| height.saturating_sub(below).min(u32::from(levels));
        self.heights.map(part)
    }
}

/// Dots of a braille cell from below, left and right.
const DOTS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];
/// Which dots a fate has: all, every other one, lines.
const TEXTURES: [u32; 4] = [0xff, 0x95, 0x2d, 0xff];

/// A cell whose halves are filled so far, and whether they end there.
fn braille(fate: usize, fill: [u32; 2], ends: [bool; 2]) -> char {
    let mut dots = 0;
    for ((fill, ends), side) in fill.into_iter().zip(ends).zip(DOTS) {
        for (n, dot) in (0u32..).zip(side) {
            // The upper end is always seen, whatever the texture.
            if n < fill && (TEXTURES[fate] & dot != 0 || (ends && n + 1 == fill)) {
                dots |= dot;
            }
        }
    }
    char::from_u32(0x2800 + dots).unwrap_or(' ')
}

/// Paints a chart; where there is no room it says so.
pub fn paint(canvas: &mut Canvas, chart: &Chart, area: Area) {
    let parts = parts(area);
    let plot = parts.plot;
    let whole = canvas.buf.area;
    let seen = plot.right() <= whole.right() && area.bottom() <= whole.bottom();
    if plot.width < SMALLEST.0 || plot.height < SMALLEST.1 || !seen {
        let says = "There is no room for a chart.";
        canvas.text(area.x, area.y, area.width, says, Token::Muted);
        return;
    }
    let rendering = chart.rendering.on(&canvas.theme.glyphs);
    let signs = match rendering {
        Rendering::Ascii => glyphs::ASCII.chart,
        _ => canvas.theme.glyphs.chart,
    };
    columns(canvas, chart, rendering, &signs, plot);
    axes(canvas, chart, &signs, &parts);
    lines(canvas, chart, &signs, plot);
    times(canvas, chart, &signs, &parts);
    events(canvas, chart, &signs, &parts);
    if let Some(cursor) = chart.cursor {
        let x = u16::try_from(cursor / chart.per_cell.max(1)).unwrap_or(u16::MAX);
        if x < plot.width {
            let height = plot.height + 1;
            let column = Area::new(plot.x + x, plot.y, 1, height);
            canvas.tint_with(column, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
    canvas.hits.add(plot, Hit::Chart(plot));
}

fn columns(canvas: &mut Canvas, chart: &Chart, rendering: Rendering, signs: &Signs, plot: Area) {
    let styles = [0, 1, 2, 3].map(|n| canvas.theme.style(token(Fate::ALL[n])));
    let levels = rendering.levels();
    let groups = chart.columns.chunks(chart.per_cell.max(1));
    for (x, group) in (plot.x..plot.right()).zip(groups) {
        let stack = Stack::new(group, chart.top, plot.height, rendering);
        for cell in 0..stack.cells() {
            let (fate, alone) = stack.fate(cell);
            let fill = stack.fill(cell, levels);
            let full = fill.iter().all(|f| *f == u32::from(levels));
            let to = &mut canvas.buf[(x, plot.bottom() - 1 - cell)];
            to.set_style(styles[fate]);
            match rendering {
                _ if Fate::ALL[fate] == Fate::Dropped && (full || alone) => {
                    to.set_symbol(signs.fates[fate]);
                }
                Rendering::Braille => {
                    let until = u32::from(cell + 1) * u32::from(levels);
                    let ends = stack.heights.map(|height| height <= until);
                    to.set_char(braille(fate, fill, ends));
                }
                // The upper end to the eighth, where its sign stands below already.
                Rendering::Blocks if !full && (!alone || fate == 0) => {
                    let step = usize::try_from(fill[0]).unwrap_or(8).min(8);
                    to.set_symbol(signs.steps[step]);
                }
                Rendering::Blocks | Rendering::Ascii => {
                    to.set_symbol(signs.fates[fate]);
                }
            }
        }
    }
}

/// The axis of the values with its figures, and the axis of time.
fn axes(canvas: &mut Canvas, chart: &Chart, signs: &Signs, parts: &Parts) {
    let plot = parts.plot;
    let [corner, along, _, up, tick] = signs.axes;
    let left = plot.x - GUTTER;
    if parts.lanes.height > 0 {
        let y = plot.y - 1;
        canvas.text(left, y, FIGURES, "GB/day", Token::ChartAxis);
    }
    for y in plot.y..plot.bottom() {
        canvas.text(plot.x - 1, y, 1, up, Token::ChartAxis);
    }
    let tall = u128::from(plot.height);
    let ticks: &[u128] = match plot.height {
        0..5 => &[4],
        5..10 => &[2, 4],
        _ => &[1, 2, 3, 4],
    };
    for quarters in ticks {
        let up = u16::try_from(tall * quarters / 4).unwrap_or(0);
        let y = plot.bottom() - up.min(plot.height);
        let value = match chart.top.checked_mul(*quarters) {
            Some(value) => value / 4,
            None => chart.top / 4 * quarters,
        };
        figure(canvas, left, y, value, tick, Token::ChartAxis);
    }
    canvas.text(plot.x - 1, parts.axis.y, 1, corner, Token::ChartAxis);
    canvas.text(left, parts.axis.y, FIGURES, "     0", Token::ChartAxis);
    let style = canvas.theme.style(Token::ChartAxis);
    for x in plot.x..plot.right() {
        canvas.buf[(x, parts.axis.y)]
            .set_symbol(along)
            .set_style(style);
    }
}

fn figure(canvas: &mut Canvas, x: u16, y: u16, value: u128, tick: &str, token: Token) {
    let says = text::pad_left(&text::gigabytes(value), usize::from(FIGURES));
    canvas.text(x, y, FIGURES, &says, token);
    canvas.text(x + FIGURES, y, 1, tick, token);
}

/// The reservation and its thresholds; over the columns only the reservation goes on.
fn lines(canvas: &mut Canvas, chart: &Chart, signs: &Signs, plot: Area) {
    for line in chart.lines.iter().filter(|l| l.at <= chart.top) {
        let up = reaches(line.at, chart.top, u32::from(plot.height));
        let up = u16::try_from(up).unwrap_or(0).clamp(1, plot.height);
        let y = plot.bottom() - up;
        let [free, over] = signs.capacity;
        let (sign, over, token) = match line.capacity {
            true => (free, Some(over), Token::ChartCapacity),
            false => (signs.threshold, None, Token::ChartThreshold),
        };
        let style = canvas.theme.style(token);
        for x in plot.x..plot.right() {
            let cell = &mut canvas.buf[(x, y)];
            if cell.symbol() == " " {
                cell.set_symbol(sign).set_style(style);
            } else if let Some(over) = over {
                // The ink below stays: it says whose cell it is.
                cell.set_symbol(over);
            }
        }
        if line.capacity {
            let tick = signs.axes[4];
            figure(canvas, plot.x - GUTTER, y, line.at, tick, token);
        }
    }
}

/// The columns of the screen: how long each is, and how many have something.
fn cells(chart: &Chart, plot: Area) -> (Span, u16) {
    let per = chart.per_cell.max(1);
    let long = chart
        .step
        .0
        .saturating_mul(i64::try_from(per).unwrap_or(1))
        .max(1);
    let begun = chart.columns.len().div_ceil(per);
    let begun = u16::try_from(begun).unwrap_or(u16::MAX).min(plot.width);
    (Span(long), begun)
}

/// A moment as exactly as columns of some length need it.
pub fn moment(at: SimTime, step: Span) -> String {
    let whole = at.to_seconds();
    let time = whole.get(11..).unwrap_or_default();
    if step < Span::minutes(1) {
        time.to_owned()
    } else if step < Span::days(1) {
        time.get(..5).unwrap_or_default().to_owned()
    } else {
        at.short().get(..6).unwrap_or_default().to_owned()
    }
}

/// The time between two figures of the axis, and how wide they are.
fn ticks(cell: Span) -> (Span, u16) {
    for tick in TICKS {
        let width = if tick < Span::minutes(1) { 8 } else { 6 };
        let apart = tick.0 / cell.0.max(1);
        if apart >= i64::from(width) + 2 {
            return (tick, width);
        }
    }
    (Span::days(28), 6)
}

/// Round times below the axis.
fn times(canvas: &mut Canvas, chart: &Chart, signs: &Signs, parts: &Parts) {
    let plot = parts.plot;
    let (long, begun) = cells(chart, plot);
    let (tick, width) = ticks(long);
    let axis = canvas.theme.style(Token::ChartAxis);
    let first = chart.from.0.div_euclid(tick.0) + i64::from(chart.from.0.rem_euclid(tick.0) > 0);
    for n in 0..i64::from(plot.width) {
        let at = SimTime((first.saturating_add(n)).saturating_mul(tick.0));
        let Ok(x) = u16::try_from((at.0 - chart.from.0) / long.0) else {
            return;
        };
        if x >= begun.max(1) || x >= plot.width {
            return;
        }
        let x = plot.x + x;
        canvas.buf[(x, parts.axis.y)]
            .set_symbol(signs.axes[2])
            .set_style(axis);
        // Midnight is the day that begins.
        let day = tick < Span::days(1) && at.0.rem_euclid(Span::days(1).0) == 0;
        let says = moment(at, if day { Span::days(1) } else { tick });
        if x + width <= plot.right() {
            canvas.text(x, parts.times.y, width, &says, Token::ChartAxis);
        }
    }
}

/// What happened: a sign on the axis for each event, and as many labels as fit without touching each other.
fn events(canvas: &mut Canvas, chart: &Chart, signs: &Signs, parts: &Parts) {
    let plot = parts.plot;
    let (long, _) = cells(chart, plot);
    // Where the next label of each lane has to end.
    let mut free = [plot.right(); 2];
    let lanes = usize::from(parts.lanes.height).min(free.len());
    let mut left_out = 0;
    for marker in chart.markers.iter().rev() {
        let Ok(x) = u16::try_from((marker.at.0 - chart.from.0).div_euclid(long.0)) else {
            continue;
        };
        if x >= plot.width {
            continue;
        }
        let x = plot.x + x;
        let [bad, good] = signs.events;
        let (sign, tone) = match marker.bad {
            true => (bad, Token::Danger),
            false => (good, Token::Ok),
        };
        let cell = &mut canvas.buf[(x, parts.axis.y)];
        if marker.bad || cell.symbol() != bad {
            cell.set_symbol(sign).set_style(canvas.theme.style(tone));
        }
        if lanes == 0 {
            continue;
        }
        let when = moment(marker.at, long);
        let says = format!("{sign} {} {when}", marker.label);
        let width = u16::try_from(text::width(&says)).unwrap_or(u16::MAX);
        let lane = (0..lanes).find(|lane| {
            let begin = x.min(free[*lane].saturating_sub(width));
            // A label at the right end may begin before its event, not another one's.
            let moved = x - begin;
            begin >= plot.x && (moved == 0 || free[*lane] == plot.right())
        });
        let Some(lane) = lane else {
            left_out += 1;
            continue;
        };
        let begin = x.min(free[lane].saturating_sub(width));
        // The lane next to the plot is filled first.
        let y = parts.lanes.bottom() - 1 - u16::try_from(lane).unwrap_or(0);
        canvas.text(begin, y, width, &says, tone);
        free[lane] = begin.saturating_sub(1);
    }
    let says = format!("+{left_out} more");
    let width = u16::try_from(says.len()).unwrap_or(0);
    let room = (0..lanes).find(|lane| free[*lane] >= plot.x + width);
    if let Some(lane) = room.filter(|_| left_out > 0) {
        let y = parts.lanes.bottom() - 1 - u16::try_from(lane).unwrap_or(0);
        canvas.text(plot.x, y, width, &says, Token::Muted);
    }
}

/// What the signs mean, each with its figure; words get shorter where there is no room.
pub fn legend(canvas: &mut Canvas, rendering: Rendering, area: Area, column: &Column) {
    let signs = match rendering.on(&canvas.theme.glyphs) {
        Rendering::Ascii => glyphs::ASCII.chart,
        Rendering::Braille => Signs {
            fates: ["⣿", "⢕", "⠭", "╳"],
            ..canvas.theme.glyphs.chart
        },
        Rendering::Blocks => canvas.theme.glyphs.chart,
    };
    const BRIEF: [&str; 4] = ["customer", "Microsoft", "buffered", "dropped"];
    let figures = column.map(text::gigabytes);
    let width = |words: &dyn Fn(usize) -> &'static str| -> usize {
        let widths = (0..4).map(|n| 4 + text::width(words(n)) + figures[n].len() + 1);
        widths.sum()
    };
    let room = usize::from(area.width);
    let forms: [&dyn Fn(usize) -> &'static str; 3] =
        [&|n| Fate::ALL[n].word(), &|n| BRIEF[n], &|_| ""];
    let words = forms
        .into_iter()
        .find(|words| width(words) <= room)
        .unwrap_or(forms[2]);
    let mut x = area.x;
    for n in 0..4 {
        let left = |x: u16| area.right().saturating_sub(x);
        let tone = token(Fate::ALL[n]);
        x += canvas.text(x, area.y, left(x), signs.fates[n], tone) + 1;
        let word = words(n);
        if !word.is_empty() {
            x += canvas.text(x, area.y, left(x), word, Token::Muted) + 1;
        }
        let loud = match column[n] {
            0 => Token::Faint,
            _ => tone,
        };
        x += canvas.text(x, area.y, left(x), &figures[n], loud) + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::{Depth, Theme};
    use crate::engine::ids::Revision;
    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    const GB: u128 = 1_000_000_000;
    const RENDERINGS: [Rendering; 3] = [Rendering::Braille, Rendering::Blocks, Rendering::Ascii];
    /// Stands around the chart and must be there afterwards.
    const AROUND: &str = "~";

    fn noon() -> SimTime {
        "2020-11-22T12:00:00Z".parse().unwrap()
    }

    fn chart(columns: &[Column], rendering: Rendering) -> Chart<'_> {
        Chart {
            columns,
            per_cell: rendering.per_cell(),
            from: noon(),
            step: Span::seconds(30),
            top: top(columns.iter().map(total).max().unwrap_or(0), None),
            lines: &[],
            markers: &[],
            cursor: None,
            rendering,
        }
    }

    /// The chart in the middle of a screen, without colour.
    fn painted(chart: &Chart, width: u16, height: u16) -> (Buffer, Parts) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width + 4, height + 2));
        for cell in &mut buffer.content {
            cell.set_symbol(AROUND);
        }
        let area = Area::new(2, 1, width, height);
        let glyphs = match chart.rendering {
            Rendering::Ascii => glyphs::ASCII,
            _ => glyphs::UNICODE,
        };
        let theme = Theme::load(None, None, Depth::None, glyphs).unwrap();
        let mut canvas = Canvas::new(&mut buffer, &theme);
        canvas.fill(area, Token::Base);
        paint(&mut canvas, chart, area);
        (buffer, parts(area))
    }

    fn line(buffer: &Buffer, area: Area, y: u16) -> String {
        (area.x..area.right())
            .map(|x| buffer[(x, y)].symbol())
            .collect()
    }

    /// How high a column of the screen is filled, in cells: by what sign, from below, the last one maybe in part.
    fn stack(buffer: &Buffer, plot: Area, x: u16) -> Vec<String> {
        (0..plot.height)
            .map(|cell| {
                buffer[(plot.x + x, plot.bottom() - 1 - cell)]
                    .symbol()
                    .to_owned()
            })
            .take_while(|sign| sign != " ")
            .collect()
    }

    fn signs(rendering: Rendering) -> [&'static str; 4] {
        match rendering {
            Rendering::Braille => ["⣿", "⢕", "⠭", "╳"],
            Rendering::Blocks => glyphs::UNICODE.chart.fates,
            Rendering::Ascii => glyphs::ASCII.chart.fates,
        }
    }

    #[test]
    fn without_colour_every_fate_is_seen_however_little_there_is_of_it() {
        let little: Column = [500 * GB, 3, 1, 2];
        for rendering in RENDERINGS {
            let columns = [little; 40];
            let (buffer, parts) = painted(&chart(&columns, rendering), 47, 14);
            let seen = stack(&buffer, parts.plot, 3);
            // Of a fate with one cell only the sign may be cut short, but none is missing.
            assert_eq!(seen[0], signs(rendering)[0], "{rendering:?} {seen:?}");
            let kinds: std::collections::BTreeSet<&String> = seen.iter().collect();
            assert!(kinds.len() >= 4, "{rendering:?} {seen:?}");
            assert_eq!(seen.last().map(String::as_str), Some(signs(rendering)[3]));
        }
    }

    #[test]
    fn a_fate_alone_fills_its_columns_with_its_own_sign() {
        for rendering in RENDERINGS {
            for (n, sign) in signs(rendering).into_iter().enumerate() {
                let mut column = Column::default();
                column[n] = 100 * GB;
                let mut drawn = chart(&[], rendering);
                let columns = [column; 20];
                drawn.columns = &columns;
                drawn.top = 200 * GB;
                let (buffer, parts) = painted(&drawn, 40, 14);
                let seen = stack(&buffer, parts.plot, 0);
                assert_eq!(
                    seen.first().map(String::as_str),
                    Some(sign),
                    "{rendering:?}"
                );
                let tall = usize::from(parts.plot.height);
                assert!(seen.len().abs_diff(tall / 2) <= 1, "{rendering:?} {seen:?}");
            }
        }
    }

    #[test]
    fn the_legend_has_a_sign_a_word_and_a_figure_for_each_fate_as_far_as_there_is_room() {
        let theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
        let legend_in = |width: u16| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
            let mut canvas = Canvas::new(&mut buffer, &theme);
            let column = [412 * GB, 0, 5 * GB, 12_345 * GB];
            let area = Area::new(0, 0, width, 1);
            legend(&mut canvas, Rendering::Braille, area, &column);
            line(&buffer, area, 0).trim_end().to_owned()
        };
        let whole = "# customer key 412  m Microsoft key 0  b buffered 5  x dropped 12.3k";
        assert_eq!(legend_in(100), whole);
        assert_eq!(
            legend_in(64),
            "# customer 412  m Microsoft 0  b buffered 5  x dropped 12.3k"
        );
        assert_eq!(legend_in(40), "# 412  m 0  b 5  x 12.3k");
    }

    #[test]
    fn the_reservation_is_a_line_that_goes_on_over_the_columns_and_bears_its_figure() {
        let columns: Vec<Column> = (0..40).map(|n| [n * 30 * GB, 0, 0, 0]).collect();
        let lines = [
            Line {
                at: 1_000 * GB,
                capacity: true,
            },
            Line {
                at: 800 * GB,
                capacity: false,
            },
        ];
        for rendering in [Rendering::Blocks, Rendering::Ascii] {
            let mut drawn = chart(&columns, rendering);
            drawn.lines = &lines;
            drawn.top = 1_200 * GB;
            let (buffer, parts) = painted(&drawn, 47, 16);
            let wanted = match rendering {
                Rendering::Ascii => ("-", "=", "."),
                _ => ("╌", "━", "┈"),
            };
            let rows: Vec<String> = (parts.plot.y..parts.plot.bottom())
                .map(|y| {
                    line(
                        &buffer,
                        Area {
                            x: parts.plot.x - GUTTER,
                            width: 47,
                            ..parts.plot
                        },
                        y,
                    )
                })
                .collect();
            let row = rows.iter().find(|row| row.contains("1,000")).unwrap();
            assert!(row.contains(wanted.0) && row.contains(wanted.1), "{row}");
            let threshold = rows.iter().filter(|row| row.contains(&wanted.2.repeat(5)));
            assert_eq!(threshold.count(), 1, "{rows:#?}");
        }
    }

    fn marker(minutes: i64, label: &'static str, bad: bool) -> Marker {
        Marker {
            at: noon() + Span::minutes(minutes),
            revision: Revision(u64::try_from(minutes).unwrap()),
            label,
            bad,
        }
    }

    #[test]
    fn what_happened_is_told_with_its_time_and_marked_on_the_axis() {
        let columns = [[GB, 0, 0, 0]; 100];
        let markers = [
            marker(4, "key disabled", true),
            marker(40, "working", false),
        ];
        let mut drawn = chart(&columns, Rendering::Blocks);
        drawn.step = Span::minutes(1);
        drawn.markers = &markers;
        let (buffer, parts) = painted(&drawn, 107, 16);
        let told = line(&buffer, parts.lanes, parts.lanes.bottom() - 1);
        assert!(told.contains("▼ key disabled 12:04"), "{told}");
        assert!(told.contains("▲ working 12:40"), "{told}");
        let at = |x: u16| buffer[(parts.plot.x + x, parts.axis.y)].symbol().to_owned();
        assert_eq!((at(4), at(40)), ("▼".to_owned(), "▲".to_owned()));
    }

    #[test]
    fn times_along_the_axis_are_round_and_stand_where_they_are() {
        for (step, wanted) in [
            (Span::seconds(1), "12:00:10"),
            (Span::minutes(5), "13:00"),
            (Span::hours(2), "23 Nov"),
            (Span::days(1), "10 Dec"),
        ] {
            let columns = [[GB, 0, 0, 0]; 100];
            let mut drawn = chart(&columns, Rendering::Blocks);
            drawn.step = step;
            // Whole columns are counted from the epoch.
            drawn.from = SimTime(noon().0.div_euclid(step.0) * step.0);
            let (buffer, parts) = painted(&drawn, 107, 16);
            let times = line(&buffer, parts.times, parts.times.y);
            let at = times.find(wanted).unwrap_or_else(|| panic!("{times}"));
            let axis: Vec<char> = line(&buffer, parts.axis, parts.axis.y).chars().collect();
            assert_eq!(axis[at], '┬', "{times}");
        }
    }

    #[test]
    fn the_top_is_round_and_does_not_move_with_every_peak() {
        assert_eq!(top(0, None), 1);
        assert_eq!(top(95 * GB, None), 120 * GB);
        assert_eq!(top(100 * GB, None), 120 * GB);
        // It stays while the peak fits and does not fall below two fifths of it.
        assert_eq!(top(119 * GB, Some(120 * GB)), 120 * GB);
        assert_eq!(top(49 * GB, Some(120 * GB)), 120 * GB);
        assert_eq!(top(47 * GB, Some(120 * GB)), 60 * GB);
        assert_eq!(top(121 * GB, Some(120 * GB)), 160 * GB);
        assert_eq!(top(u128::MAX, None), u128::MAX);
    }

    /// A value of any size: nothing, a little, as usual, beyond all measure.
    fn value() -> impl Strategy<Value = u128> {
        prop_oneof![
            Just(0),
            0..1_000u128,
            0..5_000 * GB,
            Just(u128::MAX),
            any::<u128>()
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_painted_outside_and_labels_do_not_touch(
            columns in prop::collection::vec(prop::array::uniform4(value()), 0..300),
            at in prop::collection::btree_set(0..200i64, 0..40),
            width in 1..300u16,
            height in 1..40u16,
            cursor in prop::option::of(0..300usize),
            rendering in 0..3usize,
        ) {
            let rendering = RENDERINGS[rendering];
            let markers: Vec<Marker> = at
                .iter()
                .map(|n| marker(*n, if n % 2 == 0 { "key disabled" } else { "up" }, n % 2 == 0))
                .collect();
            let lines = [Line { at: u128::MAX / 3, capacity: true }, Line { at: 7, capacity: false }];
            let mut drawn = chart(&columns, rendering);
            drawn.markers = &markers;
            drawn.lines = &lines;
            drawn.cursor = cursor;
            let (buffer, parts) = painted(&drawn, width, height);
            let whole = buffer.area;
            for y in 0..whole.height {
                for x in 0..whole.width {
                    let inside = (2..2 + width).contains(&x) && (1..=height).contains(&y);
                    let sign = buffer[(x, y)].symbol();
                    prop_assert_eq!(sign == AROUND, !inside, "{:?} at {},{}", sign, x, y);
                }
            }
            for y in parts.lanes.y..parts.lanes.bottom() {
                // Each label begins with its sign and ends with its time: where they touched, a sign would
                // follow a figure.
                let told: Vec<String> = (parts.lanes.x..parts.lanes.right())
                    .map(|x| buffer[(x, y)].symbol().to_owned())
                    .collect();
                for pair in told.windows(2) {
                    let begins = ["▼", "▲"].contains(&pair[1].as_str());
                    prop_assert!(!begins || pair[0] == " ", "{}", told.concat());
                }
            }
        }

        #[test]
        fn heights_are_those_of_the_values_within_a_cell(
            column in prop::array::uniform4(prop_oneof![Just(0), 0..2_000 * GB]),
            height in 8..40u16,
            rendering in 0..3usize,
        ) {
            let rendering = RENDERINGS[rendering];
            let columns = [column; 20];
            let mut drawn = chart(&columns, rendering);
            drawn.top = 8_000 * GB;
            let (buffer, parts) = painted(&drawn, 47, height);
            let plot = parts.plot;
            let seen = stack(&buffer, plot, 1).len() as f64;
            let exact = |value: u128| value as f64 / drawn.top as f64 * f64::from(plot.height);
            // A fate that would not be seen is given a whole cell.
            let present = column.iter().filter(|v| **v > 0).count() as f64;
            let sum = exact(total(&column));
            prop_assert!(seen <= (sum.ceil() + 1.0).max(present) && seen >= sum.floor(), "{seen} for {sum}");
            let stack = Stack::new(&columns[..1], drawn.top, plot.height, rendering);
            let mut begin = 0;
            for (end, value) in stack.ends.into_iter().zip(column) {
                let drawn = f64::from(end - begin);
                begin = end;
                prop_assert_eq!(drawn > 0.0, value > 0);
                // One cell of rounding, and those given to fates that would not be seen.
                prop_assert!((drawn - exact(value)).abs() <= 1.0 + present, "{drawn} for {}", exact(value));
            }
        }
    }
}
