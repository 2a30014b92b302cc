//! Tables of a workspace: their columns, how long they keep what they have, and what became of all that came.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::route::Loss;
use super::schema::{Column, ColumnType, Columns, TIME};
use super::segment::{KeyClass, Segment, Store};
use super::{Arrival, Done, Source, builtin};
use crate::engine::errors;
use crate::engine::ids::{ResourceId, SegmentId, TableName};
use crate::engine::refusal::Refusal;
use crate::engine::text::scrub;
use crate::engine::time::{SimTime, Span};
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::words::{did_you_mean, nearest};
use crate::engine::world::World;

/// How the name of a table that is not built in ends.
pub const CUSTOM: &str = "_CL";
/// Characters of a table or column name, at most (Log Analytics: 45 for columns, 63 here for tables).
pub const TABLE_NAME_MAX: usize = 63;
pub const COLUMN_NAME_MAX: usize = 45;
/// Columns of a table, at most (Log Analytics).
pub const COLUMNS_MAX: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Those that came beyond the built-in ones; see [`Logs::columns`](super::segment::Logs::columns).
    pub columns: Columns,
    /// None follows the workspace.
    pub retention: Option<Span>,
    /// Its segments, oldest first.
    pub segments: OrdSet<SegmentId>,
    /// When they are purged.
    pub(super) purges: Dues,
    /// When those that are hot leave the hot cache.
    pub(super) hot: Dues,
    pub tally: Tally,
    /// How far files that were not ingested to their end have come, by fingerprint.
    pub sources: OrdMap<u64, Done>,
    pub(super) timer: Option<TimerKey>,
}

impl Table {
    pub(super) fn note_source(&mut self, source: Option<Source>) {
        let Some(source) = source else { return };
        if source.last {
            self.sources.remove(&source.fingerprint);
        } else {
            self.sources.insert(source.fingerprint, source.done);
        }
    }

    /// When something of it leaves the hot cache or is purged next.
    pub fn next_due(&self) -> Option<SimTime> {
        [self.purges.next(), self.hot.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// When a segment of it is purged.
    pub fn purged_at(&self, id: SegmentId) -> Option<SimTime> {
        self.purges.of.get(&id).copied()
    }
}

/// Segments with an instant each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dues {
    order: OrdSet<(SimTime, SegmentId)>,
    of: OrdMap<SegmentId, SimTime>,
}

impl Dues {
    pub fn set(&mut self, id: SegmentId, at: Option<SimTime>) {
        if let Some(old) = self.of.remove(&id) {
            self.order.remove(&(old, id));
        }
        if let Some(at) = at {
            self.of.insert(id, at);
            self.order.insert((at, id));
        }
    }

    pub fn next(&self) -> Option<SimTime> {
        self.order.get_min().map(|(at, _)| *at)
    }

    pub fn due(&self, now: SimTime) -> Vector<SegmentId> {
        let until = self.order.iter().take_while(|(at, _)| *at <= now);
        until.map(|(_, id)| *id).collect()
    }
}

/// Records and bytes as they arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub rows: u64,
    pub bytes: u64,
}

impl Amount {
    pub(super) fn add(&mut self, rows: u64, bytes: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What became of the records that really came: the physical ledger (`design.md` §3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Stored under the Microsoft key at once.
    pub microsoft: Amount,
    /// Stored under the customer's key at once.
    pub customer: Amount,
    /// Put into the outage buffer.
    pub buffered: Amount,
    /// Of those, written to the store under the customer's key later.
    pub drained: Amount,
    /// Lost for good, by reason.
    pub revoked: Amount,
    pub not_provisioned: Amount,
    pub buffer_full: Amount,
    /// Gone by retention, or with a cluster.
    pub purged: Amount,
    pub queries_served: u64,
    pub queries_refused: u64,
}

impl Tally {
    pub(super) fn stored(&mut self, segment: &Segment) {
        let amount = match (&segment.store, segment.class) {
            (Store::Buffer(_), _) => &mut self.buffered,
            (_, KeyClass::Microsoft) => &mut self.microsoft,
            (_, KeyClass::Customer) => &mut self.customer,
        };
        amount.add(segment.rows, segment.raw);
    }

    pub(super) fn lost(&mut self, why: Loss, rows: u64, bytes: u64) {
        let amount = match why {
            Loss::Revoked => &mut self.revoked,
            Loss::NotProvisioned => &mut self.not_provisioned,
            Loss::BufferFull => &mut self.buffer_full,
        };
        amount.add(rows, bytes);
    }

    /// All that is lost for good.
    pub fn dropped(&self) -> Amount {
        let mut all = Amount::default();
        for part in [self.revoked, self.not_provisioned, self.buffer_full] {
            all.add(part.rows, part.bytes);
        }
        all
    }
}

pub(super) fn retention_of(world: &World, workspace: &ResourceId, table: &TableName) -> Span {
    let own = world.logs.table(workspace, table).and_then(|t| t.retention);
    own.or_else(|| world.workspaces.get(workspace).map(|w| w.retention))
        .unwrap_or(world.rules.retention)
}

/// A retention changed: of one table, or of a workspace and all tables that follow it.
pub(in crate::engine) fn retention_changed(
    world: &mut World,
    workspace: &ResourceId,
    only: Option<&TableName>,
) {
    let names: Vec<TableName> = world
        .logs
        .tables_of(workspace)
        .map(|(name, _)| name.clone())
        .filter(|name| only.is_none_or(|only| only == name))
        .collect();
    for name in names {
        let retention = retention_of(world, workspace, &name);
        let Some(table) = world.logs.table(workspace, &name).cloned() else {
            continue;
        };
        let dues: Vec<(SegmentId, SimTime)> = world
            .logs
            .segments_of(&table)
            .map(|s| (s.id, s.ingested_at + retention))
            .collect();
        world.logs.edit(workspace, &name, |t| {
            for (id, at) in dues {
                t.purges.set(id, Some(at));
            }
        });
    }
}

/// Sets the timer of each table of a workspace to what is due next.
pub(in crate::engine) fn arm(world: &mut World, at: SimTime, workspace: &ResourceId) {
    let stale: Vec<(TableName, Option<TimerKey>, Option<SimTime>)> = world
        .logs
        .tables_of(workspace)
        .map(|(name, table)| (name.clone(), table.timer, table.next_due()))
        .filter(|(_, timer, due)| timer.map(|t| t.at) != due.map(|d| d.max(at)))
        .collect();
    for (name, old, due) in stale {
        if let Some(old) = old {
            world.timers.cancel(old);
        }
        let timer = due.map(|due| {
            let what = Timer::TableDue(workspace.clone(), name.clone());
            world.timers.set(due.max(at), what)
        });
        world.logs.edit(workspace, &name, |t| t.timer = timer);
    }
}

/// The columns of an arrival that its table does not have yet; refused when it does not fit.
pub(super) fn fitting(world: &World, arrival: &Arrival) -> Result<Columns, Refusal> {
    let name = &arrival.table;
    valid_name(name)?;
    let bad = |message: String| errors::ING_03.says(message).target("columns");
    if arrival.rows == 0 {
        return Err(bad("A block of records needs at least one.".to_owned()));
    }
    // An instant that has no text form could not be read back from the journal.
    if arrival.from < SimTime(0) || arrival.from > arrival.to || arrival.to > SimTime::MAX {
        return Err(bad(format!(
            "The {TIME} of records is from 1970 to 9999, and the first not after the last."
        )));
    }
    let known = world.columns(&arrival.workspace, name);
    let mut added = Columns::new();
    let mut seen = BTreeSet::new();
    for column in &arrival.columns {
        if !seen.insert(&column.name) {
            return Err(bad(format!(
                "The data has the column {} twice.",
                brief(&column.name)
            )));
        }
        match known.iter().find(|k| k.name == column.name) {
            Some(same) if same.kind == column.kind => {}
            Some(other) => {
                return Err(bad(format!(
                    "The column {} of {name} is {}, and the data has {}.",
                    scrub(&column.name),
                    other.kind,
                    column.kind
                )));
            }
            None => {
                valid_column(&column.name).map_err(bad)?;
                added.push_back(column.clone());
            }
        }
    }
    if known.len() + added.len() > COLUMNS_MAX {
        return Err(bad(format!(
            "The table {name} would have {} columns; {COLUMNS_MAX} are allowed.",
            known.len() + added.len()
        )));
    }
    Ok(added)
}

/// Whether data can be sent to a table of this name (SIM: the form of the names of Log Analytics).
pub fn valid_name(name: &TableName) -> Result<(), Refusal> {
    let text = name.as_str();
    if builtin::columns(text).is_some() {
        return match builtin::by_service(text) {
            false => Ok(()),
            true => Err(errors::ING_02
                .says(format!(
                    "The service itself fills the table {name}; nobody sends data to it."
                ))
                .target("table")),
        };
    }
    let formed = is_name(text, TABLE_NAME_MAX) && !text.starts_with('_') && text.ends_with(CUSTOM);
    if formed {
        return Ok(());
    }
    let near = nearest(text, builtin::names());
    Err(errors::ING_02
        .says(format!(
            "{} is no built-in table, and the name of a custom one has up to {TABLE_NAME_MAX} letters, digits and underscores, begins with a letter and ends with {CUSTOM}.",
            brief(text)
        ))
        .target("table")
        .remedy(did_you_mean(near, errors::ING_02.remedy)))
}

/// Letters, digits and underscores, a letter or underscore first.
fn is_name(text: &str, most: usize) -> bool {
    text.len() <= most
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a column can have this name; says what is wrong.
pub fn valid_column(name: &str) -> Result<(), String> {
    if is_name(name, COLUMN_NAME_MAX) {
        return Ok(());
    }
    Err(format!(
        "{} is no name of a column: up to {COLUMN_NAME_MAX} letters, digits and underscores, a letter or underscore first.",
        brief(name)
    ))
}

/// The beginning of a name, fit to be shown.
fn brief(name: &str) -> String {
    const SHOWN: usize = 80;
    scrub(&name.chars().take(SHOWN).collect::<String>()).into_owned()
}

impl World {
    /// The columns a table has, `TimeGenerated` first; for a custom table nothing came to yet, that one only.
    pub fn columns(&self, workspace: &ResourceId, name: &TableName) -> Columns {
        let mut columns = builtin::columns(name.as_str())
            .unwrap_or_else(|| Columns::unit(Column::new(TIME, ColumnType::Datetime)));
        if let Some(table) = self.logs.table(workspace, name) {
            columns.extend(table.columns.iter().cloned());
        }
        columns
    }

    /// A table that is there: built in, or something came to it.
    pub fn table(
        &self,
        workspace: &ResourceId,
        name: &TableName,
    ) -> Result<Option<&Arc<Table>>, Refusal> {
        let found = self.logs.table(workspace, name);
        if found.is_some() || builtin::columns(name.as_str()).is_some() {
            return Ok(found);
        }
        let mut known: Vec<TableName> = builtin::names().map(TableName::from).collect();
        known.extend(self.logs.tables_of(workspace).map(|(name, _)| name.clone()));
        Err(errors::QRY_03
            .says(format!(
                "There is no table {} in {workspace}.",
                brief(name.as_str())
            ))
            .target("table")
            .remedy(did_you_mean(
                nearest(name.as_str(), known.iter().map(TableName::as_str)),
                errors::QRY_03.remedy,
            )))
    }
}
