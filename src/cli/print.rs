//! How anything reaches stdout: lists, pages and outcomes, each as a table for people, JSON or CSV for
//! programs. Every text passes `engine::text` here, once, whatever its origin. Knows no subcommand.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use serde_json::{Map, Value, json};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::failure::Failure;
use crate::engine::text::{disarm, inert_json, scrub};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Table,
    /// Lists are arrays.
    Json,
    /// Formulas are disarmed.
    Csv,
    /// Lists without a head, separated by tabs.
    Plain,
}

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    title: Cow<'static, str>,
    /// Cut on a narrow terminal, before others are.
    flexible: bool,
    right: bool,
}

pub const fn col(title: &'static str) -> Column {
    Column {
        title: Cow::Borrowed(title),
        flexible: false,
        right: false,
    }
}

pub const fn flex(title: &'static str) -> Column {
    Column {
        title: Cow::Borrowed(title),
        flexible: true,
        right: false,
    }
}

pub const fn right(title: &'static str) -> Column {
    Column {
        title: Cow::Borrowed(title),
        flexible: false,
        right: true,
    }
}

/// A list of things of one kind: the cells of each for people, its object for programs. Only what is printed
/// is made, one by one.
pub struct List<'a, T> {
    /// One of them, and several.
    pub noun: (&'static str, &'static str),
    pub columns: Vec<Column>,
    /// Keys of the JSON objects that make the CSV columns; `a.b` reaches into an object.
    pub csv: &'static [&'static str],
    pub items: Vec<T>,
    pub cells: &'a dyn Fn(&T) -> Vec<String>,
    pub json: &'a dyn Fn(&T) -> Value,
    /// The object has the shape of somebody else's interface, which says itself that this is an exercise.
    pub own_shape: bool,
    /// Said below the table, on stderr.
    pub notes: Vec<String>,
}

/// One thing in full.
pub struct Page {
    pub head: String,
    pub blocks: Vec<Block>,
    pub json: Value,
}

pub enum Block {
    /// Label and lines.
    Fields(Vec<(String, Vec<String>)>),
    Section(&'static str, Vec<String>),
    Table(&'static str, Vec<Column>, Vec<Vec<String>>),
}

/// A field of one line.
pub fn field(label: &str, value: impl Into<String>) -> (String, Vec<String>) {
    (label.to_owned(), vec![value.into()])
}

/// What a stranger wrote, each line marked, so that nothing inside looks like our own words.
pub fn boxed(text: &crate::engine::text::Untrusted) -> Vec<String> {
    text.lines().map(|line| format!("| {line}")).collect()
}

pub fn list<T>(format: Format, list: &List<T>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mark = |object| {
        if list.own_shape {
            object
        } else {
            marked(object)
        }
    };
    let objects = list.items.iter().map(|item| mark((list.json)(item)));
    match format {
        Format::Table => {
            let rows: Vec<Vec<String>> = list.items.iter().map(|i| (list.cells)(i)).collect();
            table(&mut out, &list.columns, &rows, "", terminal_width())?;
        }
        Format::Plain => {
            for item in &list.items {
                let cells = (list.cells)(item);
                let cells: Vec<_> = cells.iter().map(|c| scrub(c)).collect();
                writeln!(out, "{}", cells.join("\t"))?;
            }
        }
        Format::Json => array_to(&mut out, objects)?,
        Format::Csv => csv_to(&mut out, list.csv, objects)?,
    }
    out.flush()?;
    if format == Format::Table {
        for note in &list.notes {
            say(&scrub(note));
        }
        let (one, several) = list.noun;
        let noun = if list.items.len() == 1 { one } else { several };
        say(&format!("SIMULATION · {} {noun}", list.items.len()));
    }
    Ok(())
}

pub fn page(format: Format, page: &Page) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        Format::Table | Format::Plain => {
            writeln!(out, "{} · SIMULATION", scrub(&page.head))?;
            for block in &page.blocks {
                write_block(&mut out, block)?;
            }
        }
        Format::Json => json_to(&mut out, &marked(page.json.clone()))?,
        Format::Csv => object_csv(&mut out, &page.json)?,
    }
    out.flush()?;
    Ok(())
}

/// Columns of one value in a table for people, at most; every other format has all of it.
const WIDEST: usize = 100;

/// The answer of a query for people: its columns, whether they are read from the right, and its rows.
pub fn answer_table(columns: Vec<(String, bool)>, rows: Vec<Vec<String>>) -> Result<(), Failure> {
    let columns: Vec<Column> = columns
        .into_iter()
        .map(|(title, right)| Column {
            title: Cow::Owned(scrub(&title).into_owned()),
            flexible: !right,
            right,
        })
        .collect();
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.iter().map(|c| cut(&scrub(c), WIDEST)).collect())
        .collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    table(&mut out, &columns, &rows, "", terminal_width())?;
    out.flush()?;
    Ok(())
}

pub fn answer_plain(rows: impl Iterator<Item = Vec<String>>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for row in rows {
        let cells: Vec<_> = row.iter().map(|c| scrub(c)).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    out.flush()?;
    Ok(())
}

pub fn answer_csv<'a>(
    columns: impl Iterator<Item = &'a str>,
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<(), Failure> {
    let out = io::BufWriter::new(io::stdout().lock());
    let mut csv = csv::Writer::from_writer(out);
    let titles = columns.map(|title| disarm(&scrub(title)).into_owned());
    csv.write_record(titles).map_err(csv_error)?;
    for row in rows {
        let cells = row.iter().map(|value| match value {
            // A list of values is one value here.
            Value::Array(_) => inert_json(&value.to_string()).into_owned(),
            value => cell(Some(value)),
        });
        csv.write_record(cells).map_err(csv_error)?;
    }
    csv.flush()?;
    Ok(())
}

/// The answer of a query for programs.
pub struct Answered<'a, R> {
    pub columns: Vec<&'a str>,
    pub rows: R,
    /// An object: what is said beside the rows.
    pub about: Value,
}

/// One object with the rows in it, each an object on a line of its own, its keys in the order of the columns.
pub fn answer_json<R: Iterator<Item = Vec<Value>>>(
    answer: &mut Answered<R>,
) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let about = format!("{:#}", answer.about);
    let head = about.trim_end().trim_end_matches('}').trim_end();
    write!(out, "{},\n  \"rows\": [", inert_json(head))?;
    let mut before = "\n    ";
    for row in &mut answer.rows {
        let fields: Vec<String> = answer
            .columns
            .iter()
            .zip(&row)
            .map(|(name, value)| format!("{}: {value}", Value::from(*name)))
            .collect();
        let object = format!("{{{}}}", fields.join(", "));
        write!(out, "{before}{}", inert_json(&object))?;
        before = ",\n    ";
    }
    writeln!(
        out,
        "{}]\n}}",
        if before.starts_with(',') { "\n  " } else { "" }
    )?;
    out.flush()?;
    Ok(())
}

/// One JSON document as it is.
pub fn document(value: &Value) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    json_to(&mut out, value)?;
    out.flush()?;
    Ok(())
}

/// One line of text on stdout.
pub fn line(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{}", scrub(text))?;
    Ok(())
}

/// Plain bytes that are ours: a completion script, a manual page.
pub fn plain(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// One line on stderr. Nobody listening there is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", scrub(line));
}

/// A question on stderr, answered on the same line.
pub fn prompt(question: &str) {
    let mut err = io::stderr();
    let _ = write!(err, "{} ", scrub(question)).and_then(|()| err.flush());
}

/// One line on a terminal's stderr that replaces the one before; empty ends it.
pub fn redraw(line: &str) {
    let mut err = io::stderr();
    let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
    let line = cut(&scrub(line), width.saturating_sub(1));
    let _ = write!(err, "\r\u{1b}[K{line}").and_then(|()| err.flush());
}

/// An exported object says that it is an exercise.
pub fn marked(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.insert("simulation".to_owned(), Value::Bool(true));
    }
    value
}

fn write_block(out: &mut impl Write, block: &Block) -> io::Result<()> {
    match block {
        Block::Fields(fields) => {
            let width = fields.iter().map(|(l, _)| l.width()).max().unwrap_or(0);
            for (label, lines) in fields {
                let mut label = label.as_str();
                for line in lines {
                    let pad = " ".repeat(width - label.width());
                    let text = format!("  {label}{pad}  {}", scrub(line));
                    writeln!(out, "{}", text.trim_end())?;
                    label = "";
                }
            }
            Ok(())
        }
        Block::Section(title, lines) => {
            writeln!(out, "\n{title}")?;
            for line in lines {
                writeln!(out, "{}", format!("  {}", scrub(line)).trim_end())?;
            }
            Ok(())
        }
        Block::Table(title, columns, rows) => {
            writeln!(out, "\n{title}")?;
            table(out, columns, rows, "  ", terminal_width())
        }
    }
}

/// Columns of the terminal, when people look at one.
pub fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size()
        .ok()
        .map(|(columns, _)| usize::from(columns))
        .filter(|columns| *columns > 0)
}

fn table(
    out: &mut impl Write,
    columns: &[Column],
    rows: &[Vec<String>],
    indent: &str,
    width: Option<usize>,
) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| scrub(cell).into_owned()).collect())
        .collect();
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            rows.iter()
                .filter_map(|row| row.get(i))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
                .max(column.title.width())
        })
        .collect();
    if let Some(limit) = width {
        let wanted: usize =
            indent.len() + widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let mut over = wanted.saturating_sub(limit);
        for (width, column) in widths.iter_mut().zip(columns).rev() {
            if column.flexible && over > 0 {
                let give = over.min(width.saturating_sub(column.title.width().max(12)));
                *width -= give;
                over -= give;
            }
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| -> io::Result<()> {
        let mut text = indent.to_owned();
        for ((cell, width), column) in cells.zip(&widths).zip(columns) {
            let cell = cut(cell, *width);
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            if column.right {
                text.push_str(&pad);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&pad);
            }
            text.push_str("  ");
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut columns.iter().map(|c| &*c.title))?;
    for row in &rows {
        line(&mut row.iter().map(String::as_str))?;
    }
    Ok(())
}

/// The text cut to a width, between characters as a reader counts them.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for character in text.graphemes(true) {
        if out.width() + character.width() + 1 > width {
            break;
        }
        out.push_str(character);
    }
    out.push('…');
    out
}

fn json_to(out: &mut impl Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{}", inert_json(&format!("{value:#}")))
}

/// An array of objects, each written before the next is made.
fn array_to(out: &mut impl Write, items: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut before = "[\n";
    for item in items {
        let text = format!("{item:#}").replace('\n', "\n  ");
        write!(out, "{before}  {}", inert_json(&text))?;
        before = ",\n";
    }
    writeln!(out, "{}", if before == "[\n" { "[]" } else { "\n]" })
}

fn csv_to(
    out: &mut impl Write,
    keys: &[&str],
    rows: impl Iterator<Item = Value>,
) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(out);
    let header = keys.iter().copied().chain(["simulation"]);
    csv.write_record(header).map_err(csv_error)?;
    for row in rows {
        let cells = keys
            .iter()
            .map(|key| cell(key.split('.').try_fold(&row, |v, k| v.get(k))));
        csv.write_record(cells.chain(["true".to_owned()]))
            .map_err(csv_error)?;
    }
    csv.flush()?;
    Ok(())
}

fn object_csv(out: &mut impl Write, value: &Value) -> Result<(), Failure> {
    let empty = Map::new();
    let object = value.as_object().unwrap_or(&empty);
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    csv_to(out, &keys, std::iter::once(value.clone()))
}

fn csv_error(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => e.into(),
        other => Failure::internal(format!("a CSV record cannot be written: {other:?}")),
    }
}

/// A JSON value as one CSV field.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => disarm(&scrub(text)).into_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| match item {
                    Value::String(text) => scrub(text).into_owned(),
                    other => inert_json(&other.to_string()).into_owned(),
                })
                .collect();
            disarm(&items.join("; ")).into_owned()
        }
        Some(object @ Value::Object(_)) => inert_json(&object.to_string()).into_owned(),
        Some(plain) => plain.to_string(),
    }
}

/// `null` for nothing, the text form otherwise.
pub fn opt<T: std::fmt::Display>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |v| json!(v.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> String {
        let mut out = Vec::new();
        table(&mut out, columns, rows, "", width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_stand_straight_under_wide_characters() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let (a, b) = (row("한국어", "x"), row("abc", "y"));
        let text = rendered(&[col("NAME"), col("B")], &[a, b], None);
        assert_eq!(text, "NAME    B\n한국어  x\nabc     y\n");
    }

    #[test]
    fn only_flexible_columns_give_way_on_a_narrow_terminal() {
        let row = vec![
            "LB-000042".to_owned(),
            "a very long title indeed".to_owned(),
        ];
        let text = rendered(&[col("ID"), flex("TITLE")], &[row], Some(26));
        assert_eq!(text, "ID         TITLE\nLB-000042  a very long ti…\n");
    }

    #[test]
    fn csv_fields_are_no_formulas_and_obey_nothing() {
        assert_eq!(
            cell(Some(&json!("=cmd|' /C calc'!A0"))),
            "'=cmd|' /C calc'!A0"
        );
        assert_eq!(cell(Some(&json!(" @x"))), "' @x");
        assert_eq!(cell(Some(&json!("a\u{1b}[2J"))), "a⟨U+001B⟩[2J");
        assert_eq!(cell(Some(&json!(["a", "b"]))), "a; b");
        assert_eq!(cell(None), "");
    }
}
