//! A blade printed once, as data: the rows the console would paint, for a person or for a program.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::blades::{Blade, Eye};
use super::doc;
use super::rows::{Align, Column, Row, fit};
use super::text;
use super::theme::glyphs::UNICODE;
use crate::engine::text::{disarm, inert_json, scrub};
use crate::engine::words::UnknownWord;
use crate::engine::{Actor, Refusal, SimTime, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns with titles, cut to the width.
    Table,
    Json,
    Csv,
    /// Tab-separated, whole, without titles.
    Plain,
}

impl FromStr for Format {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Format, UnknownWord> {
        Ok(match text {
            "table" => Format::Table,
            "json" => Format::Json,
            "csv" => Format::Csv,
            "plain" => Format::Plain,
            _ => {
                let known = ["table", "json", "csv", "plain"];
                return Err(UnknownWord::new(text, known.into_iter()));
            }
        })
    }
}

/// A blade by its word (`pending`) or with what it is about (`request/LB-000042`, `cluster/NAME`), as one actor sees it at one instant.
/// Nothing in the text acts on a terminal. `width` matters for tables only.
pub fn once(
    world: &World,
    now: SimTime,
    actor: &Actor,
    blade: &str,
    format: Format,
    width: u16,
) -> Result<String, Refusal> {
    let blade = Blade::parse(world, actor, blade)?;
    let eye = Eye { world, now, actor };
    // Its panes are a page to whoever prints them.
    if !blade.is_list() || matches!(blade, Blade::Revocation(_)) {
        return page(&blade, eye, format, width);
    }
    let columns = blade.columns();
    let rows: Vec<Row> = blade
        .ids(eye, None)?
        .iter()
        .filter_map(|id| blade.row(eye, id))
        .collect();
    Ok(match format {
        Format::Table => table(&blade, columns, &rows, width),
        Format::Json => json(columns, &rows),
        Format::Csv => csv(columns, &rows),
        Format::Plain => rows.iter().map(plain).collect(),
    })
}

/// What a list is written to a file as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    Csv,
    Json,
    Markdown,
}

/// Rows of a list for a file. A program gets all columns, a person the `shown` ones.
pub fn sheet(format: Sheet, blade: &Blade, rows: &[Row], shown: &[usize]) -> String {
    let columns = blade.columns();
    match format {
        Sheet::Csv => csv(columns, rows),
        Sheet::Json => json(columns, rows),
        Sheet::Markdown => {
            // A bar or a tag in a cell is text and nothing else.
            let clean = |text: &str| {
                let text = scrub(text).replace('\\', "\\\\").replace('|', "\\|");
                text.replace('<', "&lt;")
            };
            let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
            let titles = shown.iter().map(|i| columns[*i].title.to_owned());
            let mut out = format!("Simulation: {}\n\n", blade.title());
            out.push_str(&line(titles.collect()));
            out.push_str(&line(shown.iter().map(|_| "---".to_owned()).collect()));
            for row in rows {
                let cells = shown.iter().map(|i| row.cells.get(*i));
                out.push_str(&line(
                    cells
                        .map(|c| c.map_or_else(String::new, |c| clean(&c.text)))
                        .collect(),
                ));
            }
            out
        }
    }
}

/// A page has no rows; as data it is its lines of text.
fn page(blade: &Blade, eye: Eye, format: Format, width: u16) -> Result<String, Refusal> {
    let text = doc::plain(&blade.doc(eye)?, width.max(60));
    Ok(match format {
        Format::Table | Format::Plain => text,
        Format::Json => {
            let lines: Vec<Value> = text.lines().map(Value::from).collect();
            document(&Value::Array(lines))
        }
        Format::Csv => {
            let mut out = String::from("text\n");
            for line in text.lines() {
                out.push_str(&field(line));
                out.push('\n');
            }
            out
        }
    })
}

fn table(blade: &Blade, columns: &[Column], rows: &[Row], width: u16) -> String {
    if rows.is_empty() {
        let (what, _) = blade.emptiness();
        return format!("{what}\n");
    }
    let slots = fit(columns, width.max(40));
    let mut out = String::new();
    let mut line = |cell: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for slot in &slots {
            let used = text::width(&text);
            text.extend(std::iter::repeat_n(
                ' ',
                usize::from(slot.x).saturating_sub(used),
            ));
            let value = cell(slot.column);
            text.push_str(&match columns[slot.column].align {
                Align::Left => text::pad(&value, usize::from(slot.width)),
                Align::Right => text::pad_left(&value, usize::from(slot.width)),
            });
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&|i| columns[i].title.to_owned());
    for row in rows {
        line(&|i| {
            row.cells.get(i).map_or_else(String::new, |cell| {
                let steps = |eighths: &u8| UNICODE.chart.steps[usize::from(*eighths).min(8)];
                let spark: String = cell.spark.iter().map(steps).collect();
                spark + &cell.text
            })
        });
    }
    out
}

fn value(row: &Row, i: usize) -> Value {
    row.cells.get(i).map_or(Value::Null, |cell| {
        cell.raw
            .clone()
            .unwrap_or_else(|| Value::from(cell.text.as_ref()))
    })
}

fn json(columns: &[Column], rows: &[Row]) -> String {
    let objects = rows
        .iter()
        .map(|row| {
            let fields = columns
                .iter()
                .enumerate()
                .map(|(i, column)| (column.key.to_owned(), value(row, i)));
            Value::Object(fields.collect::<Map<_, _>>())
        })
        .collect();
    document(&Value::Array(objects))
}

fn document(value: &Value) -> String {
    // Values made of texts, numbers and lists always serialise.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{}\n", inert_json(&text))
}

fn csv(columns: &[Column], rows: &[Row]) -> String {
    let mut out = String::new();
    let titles: Vec<&str> = columns.iter().map(|c| c.key).collect();
    out.push_str(&titles.join(","));
    out.push('\n');
    for row in rows {
        let fields: Vec<String> = (0..columns.len())
            .map(|i| match value(row, i) {
                Value::Null => String::new(),
                Value::String(text) => field(&text),
                Value::Array(list) => {
                    let parts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                    field(&parts.join(" "))
                }
                other => other.to_string(),
            })
            .collect();
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

/// A field of a CSV file: nothing in it acts on a terminal or a spreadsheet.
pub(super) fn field(text: &str) -> String {
    let clean = scrub(text);
    let clean = disarm(&clean);
    if clean.contains([',', '"', ' ']) {
        format!("\"{}\"", clean.replace('"', "\"\""))
    } else {
        clean.into_owned()
    }
}

fn plain(row: &Row) -> String {
    let cells: Vec<&str> = row.cells.iter().map(|c| c.text.as_ref()).collect();
    format!("{}\n", cells.join("\t"))
}
