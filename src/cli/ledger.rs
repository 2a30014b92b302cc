//! The two ledgers for people and programs: what became of the records that really came and where those that are
//! left lie, and what would have become of as much as the model sends. The numbers are the world's, and those of the
//! two are never added up.

use std::sync::Arc;

use serde_json::{Value, json};

use super::names;
use super::print::{Block, flex, right};
use super::shape::logs::{amount, why_hidden};
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::route::Loss;
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::{SimTime, World};

/// Where records lie now, and what came of all others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ledger {
    microsoft: Amount,
    customer: Amount,
    buffer: Amount,
    /// Of all these, those with a hot copy.
    hot: Amount,
    /// Of all these, those that cannot be read now.
    hidden: Amount,
    pub segments: usize,
    came: Tally,
}

fn add(to: &mut Amount, more: Amount) {
    to.rows = to.rows.saturating_add(more.rows);
    to.bytes = to.bytes.saturating_add(more.bytes);
}

impl Ledger {
    /// Of segments, and of the tallies of the tables they belong to.
    pub fn of<'a>(
        world: &World,
        segments: impl IntoIterator<Item = &'a Arc<Segment>>,
        tallies: impl IntoIterator<Item = Tally>,
    ) -> Ledger {
        let mut ledger = Ledger::default();
        for segment in segments {
            let size = Amount {
                rows: segment.rows,
                bytes: segment.raw,
            };
            let place = match (&segment.store, segment.class) {
                (Store::Buffer(_), _) => &mut ledger.buffer,
                (_, KeyClass::Microsoft) => &mut ledger.microsoft,
                (_, KeyClass::Customer) => &mut ledger.customer,
            };
            add(place, size);
            if segment.hot {
                add(&mut ledger.hot, size);
            }
            if why_hidden(world, segment).is_some() {
                add(&mut ledger.hidden, size);
            }
            ledger.segments += 1;
        }
        for tally in tallies {
            let came = &mut ledger.came;
            for (to, more) in [
                (&mut came.buffered, tally.buffered),
                (&mut came.drained, tally.drained),
                (&mut came.revoked, tally.revoked),
                (&mut came.not_provisioned, tally.not_provisioned),
                (&mut came.buffer_full, tally.buffer_full),
                (&mut came.purged, tally.purged),
            ] {
                add(to, more);
            }
            came.queries_served += tally.queries_served;
            came.queries_refused += tally.queries_refused;
        }
        ledger
    }

    /// Of all tables of a workspace.
    pub fn of_workspace(world: &World, workspace: &crate::engine::ids::ResourceId) -> Ledger {
        let tables: Vec<_> = world.logs.tables_of(workspace).map(|(_, t)| t).collect();
        let segments = tables.iter().flat_map(|t| world.logs.segments_of(t));
        Ledger::of(world, segments, tables.iter().map(|t| t.tally))
    }

    /// Of what lies on a cluster, and of what its workspaces lost.
    pub fn of_cluster(world: &World, cluster: &crate::engine::cluster::Cluster) -> Ledger {
        let tables = cluster
            .links
            .iter()
            .flat_map(|workspace| world.logs.tables_of(workspace));
        Ledger::of(
            world,
            world.logs.segments_on(&cluster.id),
            tables.map(|(_, t)| t.tally),
        )
    }

    /// Everything that is there now.
    pub fn stored(&self) -> Amount {
        let mut all = self.microsoft;
        add(&mut all, self.customer);
        add(&mut all, self.buffer);
        all
    }

    pub fn lost(&self) -> Amount {
        self.came.dropped()
    }

    pub fn hidden(&self) -> Amount {
        self.hidden
    }

    fn losses(&self) -> [(Loss, Amount); 3] {
        [
            (Loss::Revoked, self.came.revoked),
            (Loss::NotProvisioned, self.came.not_provisioned),
            (Loss::BufferFull, self.came.buffer_full),
        ]
    }

    pub fn json(&self) -> Value {
        let lost = |(why, size): (Loss, Amount)| json!({ "why": why, "rule": why.rule(), "rows": size.rows, "bytes": size.bytes });
        json!({
            "segments": self.segments,
            "stored": amount(self.stored()),
            "microsoftKey": amount(self.microsoft),
            "customerKey": amount(self.customer),
            "inBuffer": amount(self.buffer),
            "hot": amount(self.hot),
            "hidden": amount(self.hidden),
            "buffered": amount(self.came.buffered),
            "drained": amount(self.came.drained),
            "dropped": amount(self.lost()),
            "droppedBy": self.losses().map(lost),
            "purged": amount(self.came.purged),
            "queriesServed": self.came.queries_served,
            "queriesRefused": self.came.queries_refused,
        })
    }

    /// For a page. What never happened is left out.
    pub fn block(&self) -> Block {
        let mut rows = Vec::new();
        let mut row = |what: String, size: Amount| {
            rows.push(vec![
                what,
                names::count(size.rows),
                names::bytes(size.bytes),
            ]);
        };
        row("stored under the Microsoft key".to_owned(), self.microsoft);
        row("stored under your key".to_owned(), self.customer);
        let mut some = |what: String, size: Amount| {
            if size != Amount::default() {
                row(what, size);
            }
        };
        some("in the outage buffer".to_owned(), self.buffer);
        some("  of all these, hot".to_owned(), self.hot);
        some(
            "  of all these, HIDDEN: cannot be read now".to_owned(),
            self.hidden,
        );
        for (why, size) in self.losses() {
            some(format!("LOST: {} ({})", why.sentence(), why.rule()), size);
        }
        some("buffered so far".to_owned(), self.came.buffered);
        some(
            "  of these, drained to the store".to_owned(),
            self.came.drained,
        );
        some("purged".to_owned(), self.came.purged);
        let columns = vec![flex("RECORDS"), right("NUMBER"), right("BYTES")];
        Block::Table("Records that really came", columns, rows)
    }
}

/// The modelled ledger, for a page and for programs. What never happened is left out of the page.
pub fn modelled(world: &World, scope: &Scope, now: SimTime) -> (Block, Value) {
    let figures = world.modelled(scope, now);
    let records = |bytes: u128| world.records(bytes);
    let mut rows = Vec::new();
    let mut row = |what: String, bytes: u128| {
        if bytes > 0 {
            let narrow = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
            rows.push(vec![
                what,
                names::count(narrow(records(bytes))),
                names::bytes(narrow(bytes)),
            ]);
        }
    };
    row(
        "ingested under the Microsoft key".to_owned(),
        figures.microsoft,
    );
    row("ingested under your key".to_owned(), figures.customer);
    row(
        "drained from the buffer to the store".to_owned(),
        figures.drained,
    );
    row("in the outage buffer".to_owned(), figures.buffered);
    for (why, bytes) in Loss::ALL.iter().zip(figures.dropped) {
        row(format!("LOST: {} ({})", why.sentence(), why.rule()), bytes);
    }
    row("purged".to_owned(), figures.purged);
    row("stored now".to_owned(), figures.stored());
    row("  of this, hot".to_owned(), figures.hot);
    row(
        "  of this, HIDDEN: cannot be read now".to_owned(),
        figures.hidden,
    );
    let amount = |bytes: u128| json!({ "bytes": bytes, "records": records(bytes) });
    let lost = |(why, bytes): (&Loss, u128)| json!({ "why": why, "rule": why.rule(), "bytes": bytes, "records": records(bytes) });
    let json = json!({
        "microsoftKey": amount(figures.microsoft),
        "customerKey": amount(figures.customer),
        "drained": amount(figures.drained),
        "inBuffer": amount(figures.buffered),
        "dropped": amount(figures.lost()),
        "droppedBy": Loss::ALL.iter().zip(figures.dropped).map(lost).collect::<Vec<_>>(),
        "purged": amount(figures.purged),
        "stored": amount(figures.stored()),
        "hot": amount(figures.hot),
        "hidden": amount(figures.hidden),
    });
    let columns = vec![flex("MODELLED"), right("RECORDS"), right("BYTES")];
    (
        Block::Table("In the model (simulated volume)", columns, rows),
        json,
    )
}
