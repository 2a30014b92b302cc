//! Log data: tables of workspaces and the sealed segments their records lie in. Who may see a workspace sees
//! what its ledger counts; whether the records can be read is told to those who may query.

pub mod segment;
pub mod segments;
pub mod table;
pub mod tables;

use super::super::rows::{Cell, ItemId, Mark};
use super::super::text;
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::reads::Touched;
use crate::engine::ingestion::route::Loss;
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::{Query, Refusal, SimTime, ask, errors};

/// Whose segments a list shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    All,
    Workspace(ResourceId),
    /// What lies on a cluster, its outage buffer included.
    Cluster(ResourceId),
    Table(ResourceId, TableName),
}

/// Segments added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    pub segments: u64,
    pub rows: u64,
    /// Bytes as they arrived.
    pub raw: u64,
    /// Bytes of the Parquet files inside.
    pub plain: u64,
}

impl Sum {
    pub fn add(&mut self, segment: &Segment) {
        self.segments += 1;
        self.rows = self.rows.saturating_add(segment.rows);
        self.raw = self.raw.saturating_add(segment.raw);
        self.plain = self.plain.saturating_add(segment.plain);
    }

    /// `3 segments, 1,204 records, 1.2 MB`.
    pub fn says(&self) -> String {
        format!(
            "{}, {}, {}",
            counted(self.segments, "segment", "segments"),
            counted(self.rows, "record", "records"),
            text::bytes(self.raw)
        )
    }
}

/// What is kept of some records, part by part.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub all: Sum,
    pub hot: Sum,
    /// Cannot be read now.
    pub hidden: Sum,
    pub buffered: Sum,
    pub microsoft: Sum,
    pub customer: Sum,
    /// The earliest instant at which something of it came.
    pub oldest: Option<SimTime>,
}

pub fn kept<'a>(eye: Eye, segments: impl Iterator<Item = &'a Segment>) -> Kept {
    let mut kept = Kept::default();
    for segment in segments {
        kept.all.add(segment);
        if segment.hot {
            kept.hot.add(segment);
        }
        if !eye.world.segment_readable(segment) {
            kept.hidden.add(segment);
        }
        match (&segment.store, segment.class) {
            (Store::Buffer(_), _) => kept.buffered.add(segment),
            (_, KeyClass::Microsoft) => kept.microsoft.add(segment),
            (_, KeyClass::Customer) => kept.customer.add(segment),
        }
        let at = segment.ingested_at;
        kept.oldest = Some(kept.oldest.map_or(at, |old| old.min(at)));
    }
    kept
}

/// `1 record`, `1,204 records`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", text::count(n), if n == 1 { one } else { many })
}

pub fn count(n: u64) -> Cell {
    Cell::new(text::count(n)).raw(n)
}

pub fn bytes(n: u64) -> Cell {
    Cell::new(text::bytes(n)).raw(n)
}

/// A part of a whole, as a percentage; nothing where there is no whole.
pub fn share(part: u64, whole: u64) -> Cell {
    if whole == 0 {
        return Cell::none();
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    // Neither a little nor nearly everything is rounded away.
    let percent = match percent {
        0 if part > 0 => 1,
        100 if part < whole => 99,
        other => u64::try_from(other).unwrap_or(100),
    };
    Cell::new(format!("{percent}%")).raw(percent)
}

/// Why records are lost, in a few words.
pub fn loss(why: Loss) -> &'static str {
    match why {
        Loss::Revoked => "key revoked",
        Loss::NotProvisioned => "linked too early",
        Loss::BufferFull => "outage buffer full",
    }
}

/// What some tables lost, by reason.
pub fn losses<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> [(Loss, Amount); 3] {
    let mut lost =
        [Loss::Revoked, Loss::NotProvisioned, Loss::BufferFull].map(|why| (why, Amount::default()));
    for tally in tallies {
        let parts = [tally.revoked, tally.not_provisioned, tally.buffer_full];
        for ((_, sum), part) in lost.iter_mut().zip(parts) {
            sum.rows = sum.rows.saturating_add(part.rows);
            sum.bytes = sum.bytes.saturating_add(part.bytes);
        }
    }
    lost
}

/// `✖ 1,204 key revoked`: the records some tables lost for good, with the first reason and how many more.
pub fn dropped<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Cell {
    let found: Vec<_> = losses(tallies)
        .into_iter()
        .filter(|(_, amount)| amount.rows > 0)
        .collect();
    let rows: u64 = found.iter().map(|(_, amount)| amount.rows).sum();
    if rows == 0 {
        return Cell::new("0").tone(Token::Faint).raw(0);
    }
    let worst = found.iter().max_by_key(|(_, amount)| amount.rows);
    let mut words = match worst {
        Some((Loss::Revoked, _)) => "revoked".to_owned(),
        Some((Loss::NotProvisioned, _)) => "too early".to_owned(),
        Some((Loss::BufferFull, _)) | None => "buffer full".to_owned(),
    };
    if found.len() > 1 {
        words.push_str(&format!(" +{}", found.len() - 1));
    }
    Cell::new(format!("{} {words}", text::count(rows)))
        .mark(Mark::Bad)
        .tone(Token::Danger)
        .raw(rows)
}

pub fn class(class: KeyClass) -> Cell {
    let tone = match class {
        KeyClass::Microsoft => Token::Muted,
        KeyClass::Customer => Token::Text,
    };
    Cell::new(class.words()).tone(tone).raw(class.word())
}

/// Which store a segment lies in, by name.
pub fn store(store: &Store) -> Cell {
    let text = match store {
        Store::Shared => "shared store".into(),
        Store::Cluster(id) => shared::resource_name(id),
        Store::Buffer(id) => format!("buffer of {}", shared::resource_name(id)),
    };
    let tone = match store {
        Store::Buffer(_) => Token::Warn,
        _ => Token::Text,
    };
    Cell::new(text).tone(tone).raw(store.word())
}

pub fn heat(hot: bool) -> Cell {
    let cell = if hot {
        Cell::new("hot").tone(Token::Warn)
    } else {
        Cell::new("cold").tone(Token::Muted)
    };
    cell.raw(hot)
}

/// Whether the actor is to know if the data of a workspace can be read: as [`cmk::readable`].
pub fn may_know(eye: Eye, workspace: &ResourceId) -> bool {
    let query = Query::Readable(workspace.clone());
    match ask(eye.world, eye.now, eye.actor, &query) {
        Ok(_) => true,
        Err(no) => no.id == errors::QRY_01.id,
    }
}

/// Whether what is kept can be read, all or a part of it.
pub fn readable(eye: Eye, workspace: &ResourceId, kept: &Kept) -> Cell {
    if kept.all.segments == 0 || !may_know(eye, workspace) {
        return Cell::none();
    }
    match kept.hidden.segments {
        0 => cmk::readable(eye, workspace),
        n if n == kept.all.segments => Cell::new("no")
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(false),
        _ => Cell::new("part").mark(Mark::Warn).tone(Token::Warn),
    }
}

/// How much of what is kept cannot be read.
pub fn hidden(kept: &Kept) -> Cell {
    let all = kept.hidden.segments == kept.all.segments;
    let which = if all { "all of it" } else { "a part" };
    let text = format!("{which}, {}: cannot be read now", kept.hidden.says());
    Cell::new(text).mark(Mark::Bad).tone(Token::Danger)
}

/// Why a segment cannot be read now: the refusal a query over its time would get.
pub fn unreadable(eye: Eye, segment: &Segment) -> Option<Refusal> {
    if eye.world.segment_readable(segment) {
        return None;
    }
    if matches!(segment.store, Store::Buffer(_)) {
        return Some(
            errors::QRY_01
                .says("It waits in the outage buffer and is read once it has been drained.")
                .target("segment")
                .remedy("Wait until the vault can be reached again."),
        );
    }
    let touched = Touched {
        table: segment.table.clone(),
        from: segment.from,
        to: segment.to,
    };
    let reads = eye
        .world
        .reads(eye.now, &segment.workspace, [touched], false);
    reads.err()
}

/// Whether the actor may see a workspace and what its ledger counts.
pub fn sees(eye: Eye, workspace: &ResourceId) -> bool {
    let query = Query::Workspace(workspace.clone());
    ask(eye.world, eye.now, eye.actor, &query).is_ok()
}

/// The way to a list of segments, as a row of a page.
pub fn to_segments(of: Of, label: &'static str, sum: &Sum) -> (ItemId, &'static str, Cell) {
    (ItemId::Segments(of), label, Cell::new(sum.says()))
}
