//! A chart of an answer in plain text: bars, one a row, for whoever reads it in a pipe or a small terminal. The
//! console draws better ones.

use unicode_width::UnicodeWidthStr;

use super::print::cut;
use crate::engine::text::scrub;
use crate::logs::kql::Chart;

/// Columns of a chart that goes into a pipe or file.
pub const WIDTH: usize = 80;
/// Bars of a chart, at most; more are better read as a table.
const BARS: usize = 120;
/// Columns for the name of a bar, at most.
const NAME: usize = 40;
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// An answer and how to draw it. Columns by number.
pub struct Picture<'a> {
    pub kind: Chart,
    pub title: Option<&'a str>,
    pub x: Option<usize>,
    pub y: Vec<(&'a str, usize)>,
    pub series: Vec<usize>,
    pub texts: &'a [Vec<String>],
    pub numbers: &'a [Vec<Option<f64>>],
}

/// The name of a chart in the language.
pub fn word(kind: Chart) -> &'static str {
    match kind {
        Chart::Table => "table",
        Chart::Time => "timechart",
        Chart::Line => "linechart",
        Chart::Area => "areachart",
        Chart::Scatter => "scatterchart",
        Chart::Bar => "barchart",
        Chart::Column => "columnchart",
        Chart::Pie => "piechart",
        Chart::Card => "card",
    }
}

/// The lines of the chart, or why there is none.
pub fn lines(picture: &Picture, width: usize, ascii: bool) -> Result<Vec<String>, String> {
    let kind = word(picture.kind);
    let no = |why: &str| Err(format!("{why}, so there is no {kind}"));
    if matches!(picture.kind, Chart::Table | Chart::Scatter) {
        return Err(format!("a {kind} is not drawn here"));
    }
    let rows = picture.texts.len();
    if rows == 0 {
        return no("there are no rows");
    }
    if picture.y.is_empty() {
        return no("no column has numbers");
    }
    if rows > BARS {
        return Err(format!(
            "{rows} rows are more than the {BARS} bars of a {kind}"
        ));
    }
    let mut lines: Vec<String> = picture
        .title
        .map(|t| scrub(t).into_owned())
        .into_iter()
        .collect();
    for (name, column) in &picture.y {
        if picture.y.len() > 1 || picture.title.is_none() {
            lines.push(scrub(name).into_owned());
        }
        lines.extend(bars(picture, *column, width, ascii));
    }
    Ok(lines)
}

fn bars(picture: &Picture, column: usize, width: usize, ascii: bool) -> Vec<String> {
    let names: Vec<String> = picture.texts.iter().map(|row| name(picture, row)).collect();
    let values: Vec<f64> = picture
        .numbers
        .iter()
        .map(|row| row[column].unwrap_or_default())
        .collect();
    let total: f64 = values.iter().sum();
    let figures: Vec<String> = values
        .iter()
        .zip(picture.texts)
        .map(|(value, row)| match picture.kind {
            Chart::Pie if total > 0.0 => {
                format!("{} ({:.1} %)", row[column], value / total * 100.0)
            }
            _ => row[column].clone(),
        })
        .collect();
    let widest = |texts: &[String]| texts.iter().map(|t| t.width()).max().unwrap_or(0);
    let (left, right) = (widest(&names).min(NAME), widest(&figures));
    let room = width.saturating_sub(left + right + 6).max(8);
    let most = values.iter().copied().fold(0.0, f64::max);
    names
        .iter()
        .zip(values.iter().zip(&figures))
        .map(|(name, (value, figure))| {
            let name = cut(name, left);
            let pad = " ".repeat(left - name.width());
            let bar = bar(*value, most, room, ascii);
            format!("  {name}{pad}  {bar} {figure}")
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// What a bar stands for: its place along the chart, and its series.
fn name(picture: &Picture, row: &[String]) -> String {
    let places = picture.x.iter().chain(&picture.series);
    let parts: Vec<String> = places.map(|c| scrub(&row[*c]).into_owned()).collect();
    parts.join(" · ")
}

/// A bar of so many columns; nothing for what is not above zero.
fn bar(value: f64, most: f64, room: usize, ascii: bool) -> String {
    if !(value > 0.0 && most > 0.0) {
        return String::new();
    }
    let eighths = (value / most * (room * 8) as f64).round() as usize;
    if ascii {
        return "#".repeat(eighths.div_ceil(8).clamp(1, room));
    }
    let mut bar = "█".repeat(eighths / 8);
    match eighths % 8 {
        0 if bar.is_empty() => bar.push(EIGHTHS[1]),
        0 => {}
        part => bar.push(EIGHTHS[part]),
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture<'a>(
        kind: Chart,
        texts: &'a [Vec<String>],
        numbers: &'a [Vec<Option<f64>>],
    ) -> Picture<'a> {
        Picture {
            kind,
            title: None,
            x: Some(0),
            y: vec![("count_", 1)],
            series: Vec::new(),
            texts,
            numbers,
        }
    }

    fn answer(rows: &[(&str, f64)]) -> (Vec<Vec<String>>, Vec<Vec<Option<f64>>>) {
        rows.iter()
            .map(|(name, n)| {
                let texts = vec![(*name).to_owned(), n.to_string()];
                (texts, vec![None, Some(*n)])
            })
            .unzip()
    }

    #[test]
    fn bars_are_as_long_as_their_values_and_named() {
        let (texts, numbers) = answer(&[("a", 8.0), ("bb\u{1b}", 4.0), ("c", 0.0)]);
        let drawn = lines(&picture(Chart::Bar, &texts, &numbers), 29, false).unwrap();
        assert_eq!(
            drawn,
            [
                "count_",
                "  a           ████████████ 8",
                "  bb⟨U+001B⟩  ██████ 4",
                "  c            0",
            ]
        );
    }

    #[test]
    fn a_pie_says_its_shares_and_too_much_is_a_table() {
        let (texts, numbers) = answer(&[("a", 3.0), ("b", 1.0)]);
        let drawn = lines(&picture(Chart::Pie, &texts, &numbers), 40, true).unwrap();
        assert!(drawn[1].ends_with("3 (75.0 %)"), "{drawn:?}");
        assert!(drawn[1].contains("###"), "{drawn:?}");
        let (texts, numbers) = answer(&[("a", 1.0); BARS + 1]);
        lines(&picture(Chart::Pie, &texts, &numbers), 40, true).unwrap_err();
        lines(&picture(Chart::Pie, &[], &[]), 40, true).unwrap_err();
    }
}
