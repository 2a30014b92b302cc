//! The answer to a query: its columns whole, an order of its rows, and each cell as text when it is asked for.
//! What stands in it may be anything a stranger wrote; every text that leaves this file is scrubbed.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{SortOptions, concat, sort_to_indices};
use arrow::datatypes::TimestampMicrosecondType;
use serde_json::{Map, Value, json};

use crate::console::blades::logs::counted;
use crate::console::once::field;
use crate::console::text;
use crate::engine::ingestion::schema::{Column, ColumnType};
use crate::engine::text::{inert_json, scrub};
use crate::engine::{Refusal, SimTime};
use crate::logs::kql::Render;
use crate::logs::query::Stats;
use crate::logs::value::Values;
use crate::runtime::Reply;

/// Rows whose texts say how wide a column is.
const SAMPLED: usize = 200;
const NARROWEST: usize = 3;
const WIDEST: usize = 48;

#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub columns: Vec<Column>,
    /// One for each column; none where there are no rows.
    arrays: Vec<ArrayRef>,
    pub rows: usize,
    pub render: Option<Render>,
    /// There were more rows than an answer may have.
    pub truncated: bool,
    /// Segments a partial answer leaves out, and why.
    pub hidden: usize,
    pub why: Option<Refusal>,
    /// What it cost, and in words.
    pub stats: Stats,
    pub cost: String,
    /// Screen columns of each column.
    pub widths: Vec<u16>,
    /// Rows in the order they are shown in, where that is not theirs.
    order: Option<Vec<u32>>,
    /// By which column, and whether the greatest stands first.
    pub sorted: Option<(usize, bool)>,
}

impl Shown {
    pub fn new(reply: Reply) -> Result<Shown, String> {
        let batches = &reply.answer.batches;
        let width = batches.first().map_or(0, |b| b.num_columns());
        let mut arrays = Vec::with_capacity(width);
        for i in 0..width {
            let parts: Vec<&dyn Array> = batches.iter().map(|b| &**b.column(i)).collect();
            arrays.push(concat(&parts).map_err(|e| scrub(&e.to_string()).into_owned())?);
        }
        let mut answer = Shown::of(reply.columns, arrays, reply.render);
        answer.truncated = reply.answer.truncated;
        (answer.hidden, answer.why) = (reply.hidden, reply.why);
        answer.stats = reply.answer.stats;
        answer.cost = cost(&answer.stats);
        Ok(answer)
    }

    /// An answer of whole columns.
    pub fn of(columns: Vec<Column>, arrays: Vec<ArrayRef>, render: Option<Render>) -> Shown {
        let mut answer = Shown {
            rows: arrays.first().map_or(0, Array::len),
            columns,
            arrays,
            render,
            truncated: false,
            hidden: 0,
            why: None,
            stats: Stats::default(),
            cost: String::new(),
            widths: Vec::new(),
            order: None,
            sorted: None,
        };
        answer.widths = (0..answer.columns.len()).map(|c| answer.width(c)).collect();
        answer
    }

    fn width(&self, column: usize) -> u16 {
        let rows = (0..self.rows.min(SAMPLED)).map(|row| text::width(&self.text(row, column)));
        // A sign of the order stands beside the title.
        let title = text::width(&self.title(column)) + 2;
        let wide = rows
            .max()
            .unwrap_or(0)
            .clamp(NARROWEST, WIDEST)
            .max(title.min(WIDEST));
        u16::try_from(wide).unwrap_or(u16::MAX)
    }

    pub fn title(&self, column: usize) -> String {
        self.columns
            .get(column)
            .map_or_else(String::new, |c| scrub(&c.name).into_owned())
    }

    /// Whether it is read from the right.
    pub fn is_number(&self, column: usize) -> bool {
        self.columns
            .get(column)
            .is_some_and(|c| Values::is_number(c.kind))
    }

    pub fn kind(&self, column: usize) -> Option<ColumnType> {
        self.columns.get(column).map(|c| c.kind)
    }

    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| &*c.name == name)
    }

    /// The row that stands at a place of the list.
    fn row(&self, at: usize) -> usize {
        match &self.order {
            Some(order) => order.get(at).map_or(at, |row| *row as usize),
            None => at,
        }
    }

    fn values(&self, column: usize) -> Option<Values<'_>> {
        let array = self.arrays.get(column)?;
        Some(Values::new(array, self.columns.get(column)?.kind))
    }

    /// A cell for people, on one line; empty for null.
    pub fn text(&self, at: usize, column: usize) -> String {
        let row = self.row(at);
        self.values(column)
            .filter(|_| row < self.rows)
            .map_or_else(String::new, |v| scrub(&v.text(row)).into_owned())
    }

    /// A cell for people with the lines it has; JSON is laid out.
    pub fn lines(&self, at: usize, column: usize) -> Vec<String> {
        let row = self.row(at);
        let Some(values) = self.values(column).filter(|_| row < self.rows) else {
            return Vec::new();
        };
        let mut text = values.text(row);
        if self.kind(column) == Some(ColumnType::Dynamic)
            && let Ok(value) = serde_json::from_str::<Value>(&text)
            && let Ok(laid) = serde_json::to_string_pretty(&value)
        {
            text = laid;
        }
        let unix = text.replace("\r\n", "\n");
        unix.split('\n').map(|l| scrub(l).into_owned()).collect()
    }

    pub fn is_null(&self, at: usize, column: usize) -> bool {
        let row = self.row(at);
        self.arrays
            .get(column)
            .is_none_or(|a| row >= a.len() || a.is_null(row))
    }

    /// As a number to draw; an instant is its seconds since 1970.
    pub fn number(&self, at: usize, column: usize) -> Option<f64> {
        let row = self.row(at);
        if let Some(SimTime(micros)) = self.instant(at, column) {
            return Some(micros as f64 / 1e6);
        }
        self.values(column)
            .filter(|_| row < self.rows)
            .and_then(|v| v.number(row))
    }

    pub fn instant(&self, at: usize, column: usize) -> Option<SimTime> {
        let row = self.row(at);
        let array = self.arrays.get(column)?;
        let times = array.as_primitive_opt::<TimestampMicrosecondType>()?;
        (row < times.len() && times.is_valid(row)).then(|| SimTime(times.value(row)))
    }

    /// Orders the rows by a column: first up, then down, then as they came.
    pub fn sort(&mut self, column: usize) {
        let down = match self.sorted {
            Some((by, true)) if by == column => {
                (self.sorted, self.order) = (None, None);
                return;
            }
            Some((by, false)) if by == column => true,
            _ => false,
        };
        let options = SortOptions {
            descending: down,
            nulls_first: false,
        };
        let sorted = self
            .arrays
            .get(column)
            .and_then(|a| sort_to_indices(a, Some(options), None).ok());
        // A type that has no order stays as it came.
        if let Some(order) = sorted {
            self.order = Some(order.values().to_vec());
            self.sorted = Some((column, down));
        }
    }

    /// A row as tab-separated text.
    pub fn line(&self, at: usize) -> String {
        let cells: Vec<String> = (0..self.columns.len()).map(|c| self.text(at, c)).collect();
        cells.join("\t")
    }

    /// All rows in the order shown, as a spreadsheet reads them.
    pub fn csv(&self) -> String {
        let titles: Vec<String> = (0..self.columns.len())
            .map(|c| field(&self.title(c)))
            .collect();
        let mut out = titles.join(",");
        out.push('\n');
        for at in 0..self.rows {
            let cells: Vec<String> = (0..self.columns.len())
                .map(|c| match self.is_number(c) {
                    true => self.text(at, c),
                    false => field(&self.text(at, c)),
                })
                .collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }

    /// All rows in the order shown, for programs.
    pub fn json(&self, now: SimTime) -> String {
        let row = |at: usize| {
            let row = self.row(at);
            let cells = self.columns.iter().enumerate().map(|(c, column)| {
                let value = self.values(c).map_or(Value::Null, |v| v.json(row));
                (column.name.to_string(), value)
            });
            Value::Object(cells.collect::<Map<_, _>>())
        };
        let document = json!({
            "simulation": true,
            "now": now,
            "partial": self.why.is_some(),
            "truncated": self.truncated,
            "rows": (0..self.rows).map(row).collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        format!("{}\n", inert_json(&text))
    }
}

fn cost(stats: &Stats) -> String {
    format!(
        "{} ms · {}, {} in memory, {} pruned · {} blocks opened, {} sealed",
        stats.elapsed.as_millis(),
        counted(stats.segments as u64, "segment", "segments"),
        stats.in_memory,
        stats.pruned,
        text::count(stats.blocks),
        text::bytes(stats.bytes)
    )
}
