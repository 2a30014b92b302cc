//! The modelled ledger over time: bytes by fate in columns of any width, and what happened on the time axis. A
//! column costs the same whether it is five minutes wide or a day. The sum of the columns of a span is what the
//! ledger's counters grow by in it, to the byte.

use super::ledger::{Scope, Turn, What};
use super::rate::{Volume, bytes};
use super::route::Route;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::errors;
use crate::engine::ids::Revision;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// What becomes of data as it arrives.
    Fate {
        Customer = "customer key",
        Microsoft = "Microsoft key",
        Buffered = "buffered",
        Dropped = "dropped",
    }
}

impl Fate {
    fn of(route: &Route) -> Fate {
        match route {
            Route::ClusterCustomer(_) => Fate::Customer,
            Route::Shared | Route::ClusterMicrosoft(_) => Fate::Microsoft,
            Route::Buffer(_) => Fate::Buffered,
            Route::Dropped(..) => Fate::Dropped,
        }
    }
}

/// Bytes of one column, in the order of [`Fate::ALL`].
pub type Column = [u128; Fate::ALL.len()];

/// Something to be marked on a time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub at: SimTime,
    pub revision: Revision,
    /// A few words: `key disabled`.
    pub label: &'static str,
    /// Bad news, or good.
    pub bad: bool,
}

impl World {
    /// Bytes by fate in columns of one width from an instant on; what would come after `until` is left out.
    pub fn series(
        &self,
        scope: &Scope,
        from: SimTime,
        step: Span,
        columns: usize,
        until: SimTime,
    ) -> Vec<Column> {
        let mut series = vec![Column::default(); columns];
        let edge = |n: usize| {
            let n = i64::try_from(n).unwrap_or(i64::MAX);
            (from + Span(step.0.saturating_mul(n))).min(until)
        };
        for load in self.loads(scope) {
            let flow = load.flow();
            // What was sent in the spans that are over, and before the column that is open.
            let mut before = [0; Fate::ALL.len()];
            let mut open = before;
            let mut column = 0;
            for (stretch, end) in load.spans(edge(columns)) {
                let route = stretch.route.as_ref().filter(|r| scope.holds(Some(r)));
                let fate = route.map(|route| Fate::of(route) as usize);
                let start = fate.map_or(0, |_| flow.until(stretch.from));
                let sent = |at: SimTime| flow.until(at.max(stretch.from)) - start;
                let with = |before: &[Volume; 4], at: SimTime| {
                    let mut now = *before;
                    if let Some(fate) = fate {
                        now[fate] += sent(at);
                    }
                    now
                };
                if column == 0 && edge(0) >= stretch.from {
                    open = with(&before, edge(0).min(end));
                }
                while column < columns && edge(column + 1) <= end {
                    let now = with(&before, edge(column + 1));
                    add(&mut series[column], &now, &open);
                    open = now;
                    column += 1;
                }
                before = with(&before, end);
            }
            if column < columns {
                add(&mut series[column], &before, &open);
            }
        }
        series
    }

    /// What happened to the keys and storage of a scope's clusters within a span, oldest first.
    pub fn markers(&self, scope: &Scope, from: SimTime, to: SimTime) -> Vec<Marker> {
        let of_scope = |id: &&crate::engine::ids::ResourceId| match scope {
            Scope::All => true,
            Scope::Cluster(cluster) => cluster == *id,
            Scope::Workspace(workspace) => {
                let load = self.intake.loads.get(workspace);
                load.is_some_and(|load| {
                    let clusters = load.stretches.iter().map(|s| s.route.as_ref()?.cluster());
                    clusters.flatten().any(|cluster| cluster == *id)
                })
            }
        };
        let turns = self.intake.turns.iter().filter(|(id, _)| of_scope(id));
        let mut markers: Vec<Marker> = turns
            .flat_map(|(_, turns)| turns)
            .filter(|turn| from <= turn.at && turn.at <= to)
            .map(Turn::marker)
            .collect();
        markers.sort_by_key(|marker| marker.revision);
        markers
    }
}

fn add(column: &mut Column, now: &[Volume; 4], open: &[Volume; 4]) {
    for ((sum, now), open) in column.iter_mut().zip(now).zip(open) {
        *sum += bytes(*now) - bytes(*open);
    }
}

impl Turn {
    fn marker(&self) -> Marker {
        let (label, bad) = match &self.what {
            What::Refused(error) => (refused(error), true),
            What::Allowed => ("key usable again", false),
            What::State(state) => match state {
                Encryption::MicrosoftKey => ("Microsoft key", false),
                Encryption::Active => ("working", false),
                Encryption::RevocationPending { .. } => ("refusal noticed", true),
                Encryption::Revoked => ("revoked", true),
                Encryption::Resuming { .. } => ("resuming", false),
                Encryption::TransientOutage { .. } => ("outage noticed", true),
                Encryption::LiveSite => ("live site", true),
            },
            What::Deleted => ("cluster deleted", true),
            What::Recovered => ("cluster recovered", false),
            What::Purged => ("cluster purged", true),
        };
        Marker {
            at: self.at,
            revision: self.revision,
            label,
            bad,
        }
    }
}

/// Why the vault refuses, in two words.
fn refused(error: &str) -> &'static str {
    match error {
        _ if error == errors::KV_01.id => "permission gone",
        _ if error == errors::KV_02.id => "key disabled",
        _ if error == errors::KV_03.id => "key deleted",
        _ if error == errors::KV_14.id => "vault deleted",
        _ => "vault refuses",
    }
}
