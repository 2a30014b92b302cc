//! Rows of a blade as plain data: what the console paints and `lockbox once` prints. Nothing here knows a
//! screen; a row has an identity, so a cursor stays on its thing when the list around it changes.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::blades::Of;
use super::text;
use super::theme::Token;
use crate::engine::SimTime;
use crate::engine::foresight::ways::Cut;
use crate::engine::ids::{
    GrantId, KeyName, MailId, OperationId, PersonId, RequestId, ResourceId, Revision, SegmentId,
    TableName, TicketId, VaultName,
};
use crate::engine::text::{Untrusted, scrub};
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::workspace::saved_search;

/// What a row stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemId {
    Request(RequestId),
    Ticket(TicketId),
    Grant(GrantId),
    Mail(MailId),
    Activity(Revision),
    Number(&'static str),
    Rule(&'static str),
    Person(PersonId),
    Observer,
    Vault(VaultName),
    Key(VaultName, KeyName),
    KeyVersion(KeyIdentifier),
    /// An access policy of a vault.
    Policy(VaultName, Caller),
    Cluster(ResourceId),
    Workspace(ResourceId),
    Operation(OperationId),
    StorageAccount(ResourceId),
    /// A saved search or alert query of a workspace.
    Saved(ResourceId, saved_search::Kind, Arc<str>),
    /// The tables of a workspace.
    Tables(ResourceId),
    Table(ResourceId, TableName),
    /// A list of segments.
    Segments(Of),
    Segment(SegmentId),
    /// An event of the record.
    Event(Revision),
    /// A way to cut the key of a cluster.
    Way(ResourceId, Cut),
    /// A step of the way back, by its place.
    Step(ResourceId, u8),
}

impl ItemId {
    /// As people write it, and as a program is given it.
    pub fn name(&self) -> String {
        let text = match self {
            ItemId::Request(id) => id.to_string(),
            ItemId::Ticket(id) => id.to_string(),
            ItemId::Grant(id) => id.to_string(),
            ItemId::Mail(id) => id.to_string(),
            ItemId::Activity(revision) | ItemId::Event(revision) => revision.to_string(),
            ItemId::Number(name) | ItemId::Rule(name) => (*name).to_owned(),
            ItemId::Person(id) => id.to_string(),
            ItemId::Observer => String::new(),
            ItemId::Vault(name) | ItemId::Policy(name, _) => name.to_string(),
            ItemId::Key(vault, key) => format!("{vault}/{key}"),
            ItemId::KeyVersion(id) => format!("{}/{}/{}", id.vault, id.key, id.version),
            ItemId::Cluster(id)
            | ItemId::Workspace(id)
            | ItemId::StorageAccount(id)
            | ItemId::Tables(id)
            | ItemId::Way(id, _)
            | ItemId::Step(id, _) => id.to_string(),
            ItemId::Operation(id) => id.to_string(),
            ItemId::Saved(id, _, name) => format!("{id}/{name}"),
            ItemId::Table(id, name) => format!("{id}/{name}"),
            ItemId::Segments(_) => "segments".to_owned(),
            ItemId::Segment(id) => id.to_string(),
        };
        scrub(&text).into_owned()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// One column: as wide as said, or sharing what is left by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in JSON and CSV.
    pub key: &'static str,
    pub title: &'static str,
    pub width: Width,
    /// 0 is always shown; on a narrow screen the highest number goes first.
    pub priority: u8,
    pub align: Align,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Fixed(u16),
    /// At least this; the rest is shared by weight.
    Flex(u16, u16),
    /// Only in JSON and CSV.
    Data,
}

pub const fn col(key: &'static str, title: &'static str, width: u16, priority: u8) -> Column {
    Column {
        key,
        title,
        width: Width::Fixed(width),
        priority,
        align: Align::Left,
    }
}

pub const fn right(key: &'static str, title: &'static str, width: u16, priority: u8) -> Column {
    Column {
        align: Align::Right,
        ..col(key, title, width, priority)
    }
}

pub const fn flex(
    key: &'static str,
    title: &'static str,
    min: u16,
    weight: u16,
    priority: u8,
) -> Column {
    Column {
        width: Width::Flex(min, weight),
        ..col(key, title, 0, priority)
    }
}

pub const fn data(key: &'static str) -> Column {
    Column {
        width: Width::Data,
        ..col(key, "", 0, 9)
    }
}

/// The sign before a status word. Colour never carries a status alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Ok,
    Waiting,
    Warn,
    Bad,
    Off,
    Info,
    Busy,
}

/// A bar that fills from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// How much of it is full.
    pub permille: u16,
    /// Columns it takes.
    pub width: u16,
}

/// One cell. Its text is scrubbed already.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub text: Cow<'static, str>,
    pub tone: Token,
    pub mark: Option<Mark>,
    /// Stands between mark and text; only a screen shows it.
    pub gauge: Option<Gauge>,
    /// Heights in eighths, drawn as a small chart before the text; only a screen shows it.
    pub spark: Vec<u8>,
    /// What a program gets instead of the text.
    pub raw: Option<Value>,
}

impl Cell {
    pub fn new(text: impl Into<Cow<'static, str>>) -> Cell {
        Cell {
            text: text.into(),
            tone: Token::Text,
            mark: None,
            gauge: None,
            spark: Vec::new(),
            raw: None,
        }
    }

    pub fn none() -> Cell {
        Cell::new("–").tone(Token::Faint).raw(Value::Null)
    }

    /// Text from somebody else, on one line.
    pub fn untrusted(text: &Untrusted) -> Cell {
        Cell::new(text.to_string()).raw(Value::String(text.raw().to_owned()))
    }

    /// An id or name that came from a world file.
    pub fn named(text: &str) -> Cell {
        Cell::new(scrub(text).into_owned())
    }

    pub fn time(at: SimTime) -> Cell {
        Cell::new(at.short())
            .tone(Token::Time)
            .raw(Value::String(at.to_string()))
    }

    pub fn number(n: usize) -> Cell {
        Cell::new(n.to_string()).raw(Value::from(n))
    }

    pub fn tone(mut self, tone: Token) -> Cell {
        self.tone = tone;
        self
    }

    pub fn mark(mut self, mark: Mark) -> Cell {
        self.mark = Some(mark);
        self
    }

    pub fn gauge(mut self, permille: u16, width: u16) -> Cell {
        self.gauge = Some(Gauge { permille, width });
        self
    }

    /// A small chart; a program gets the heights.
    pub fn spark(mut self, eighths: Vec<u8>) -> Cell {
        self.raw = Some(Value::from(eighths.clone()));
        self.spark = eighths;
        self
    }

    pub fn raw(mut self, raw: impl Into<Value>) -> Cell {
        self.raw = Some(raw.into());
        self
    }

    /// Columns before its text.
    pub fn before(&self) -> usize {
        let mark = if self.mark.is_some() { 2 } else { 0 };
        mark + self.gauge.map_or(0, |g| usize::from(g.width) + 1) + self.spark.len()
    }

    /// Columns it takes on screen.
    pub fn width(&self) -> usize {
        text::width(&self.text) + self.before()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: ItemId,
    /// One for each column of the blade, in order.
    pub cells: Vec<Cell>,
}

/// A column that found room: which, from where, how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub column: usize,
    pub x: u16,
    pub width: u16,
}

const GAP: u16 = 2;
/// Columns that a text needs at least to say anything.
const ENOUGH: u16 = 8;

/// Which columns fit into `total`, and where they stand. Columns go by priority until the rest fits.
pub fn fit(columns: &[Column], total: u16) -> Vec<Slot> {
    let mut shown: Vec<usize> = (0..columns.len())
        .filter(|i| columns[*i].width != Width::Data)
        .collect();
    let least = |i: &usize| match columns[*i].width {
        Width::Fixed(w) | Width::Flex(w, _) => w,
        Width::Data => 0,
    };
    let needed = |shown: &[usize]| -> u16 {
        let gaps = GAP.saturating_mul(u16::try_from(shown.len().saturating_sub(1)).unwrap_or(0));
        shown.iter().map(least).sum::<u16>().saturating_add(gaps)
    };
    let mut squeezed = None;
    while shown.len() > 1 && needed(&shown) > total {
        let worst = shown
            .iter()
            .enumerate()
            .max_by_key(|(n, i)| (columns[**i].priority, *n))
            .map_or(0, |(n, _)| n);
        squeezed = Some((worst, shown.remove(worst)));
    }
    // One column alone says too little: the last to go comes back, shorter.
    let mut short = None;
    if let (true, Some((at, column))) = (shown.len() < 3, squeezed) {
        let room = total.saturating_sub(needed(&shown) + GAP);
        let enough = match columns[column].width {
            Width::Fixed(width) => width - width / 4,
            _ => ENOUGH,
        };
        if columns[column].align == Align::Left && room >= enough {
            shown.insert(at, column);
            short = Some((column, room));
        }
    }
    let spare = total.saturating_sub(needed(&shown));
    let weights: u16 = shown
        .iter()
        .map(|i| match columns[*i].width {
            Width::Flex(_, weight) => weight,
            Width::Fixed(_) | Width::Data => 0,
        })
        .sum();
    let mut slots = Vec::with_capacity(shown.len());
    let (mut x, mut left, mut weights_left) = (0u16, spare, weights);
    for i in shown {
        let mut width = match short {
            Some((column, room)) if column == i => room,
            _ => least(&i),
        };
        if let Width::Flex(_, weight) = columns[i].width
            && weights_left > 0
        {
            let share =
                u16::try_from(u32::from(left) * u32::from(weight) / u32::from(weights_left))
                    .unwrap_or(left);
            width += share;
            left -= share;
            weights_left -= weight;
        }
        let width = width.min(total.saturating_sub(x));
        slots.push(Slot {
            column: i,
            x,
            width,
        });
        x = x.saturating_add(width).saturating_add(GAP);
    }
    slots
}

/// The first visible row, so that the cursor stays in sight and the list moves as little as it can.
pub fn window(first: usize, cursor: usize, height: usize, count: usize) -> usize {
    if height == 0 || count <= height {
        return 0;
    }
    let first = first.min(count - height);
    if cursor < first {
        cursor
    } else if cursor >= first + height {
        cursor + 1 - height
    } else {
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        col("id", "ID", 9, 0),
        flex("why", "WHY", 10, 2, 1),
        col("level", "LEVEL", 8, 3),
        flex("res", "RESOURCE", 10, 1, 2),
    ];

    #[test]
    fn columns_fill_the_width_and_go_by_priority() {
        let wide = fit(&COLUMNS, 100);
        assert_eq!(wide.len(), 4);
        let last = wide.last().unwrap();
        assert_eq!(last.x + last.width, 100);
        let narrow: Vec<_> = fit(&COLUMNS, 34).iter().map(|s| s.column).collect();
        assert_eq!(narrow, [0, 1, 3]);
        let shorter: Vec<_> = fit(&COLUMNS, 20)
            .iter()
            .map(|s| (s.column, s.width))
            .collect();
        assert_eq!(shorter, [(0, 9), (1, 9)]);
        for total in 0..60 {
            for slot in fit(&COLUMNS, total) {
                assert!(slot.x + slot.width <= total.max(1));
            }
        }
    }

    #[test]
    fn the_window_keeps_the_cursor_in_sight() {
        assert_eq!(window(0, 5, 10, 8), 0);
        assert_eq!(window(0, 10, 10, 100), 1);
        assert_eq!(window(50, 10, 10, 100), 10);
        assert_eq!(window(99, 99, 10, 100), 90);
        for cursor in 0..30 {
            for first in 0..30 {
                let first = window(first, cursor, 7, 30);
                assert!((first..first + 7).contains(&cursor));
            }
        }
    }
}
