//! Log data of workspaces (`domain.md` c.13): where it goes as it arrives, which segments there are, what is
//! hot, what may be read, and what is lost, kept, drained or purged. The log store and the throughput model
//! ask here; nobody else decides it. The bytes are the log store's.
//!
//! ```text
//! arrives --[linked and Revoked, not provisioned, buffer full]--> dropped for good
//! arrives --[linked and LiveSite]--> buffered --[vault back]--> drained: a new segment under the customer's key
//!                                             --[revoked and horizon over]--> lost
//! arrives --> stored (hot) --[14 d, revocation]--> stored (cold) --[resumed within the 14 d]--> stored (hot)
//! stored --[retention, whatever the key's state; cluster or workspace gone for good]--> purged
//! ```

pub mod builtin;
pub mod ledger;
pub mod rate;
pub mod reads;
pub mod route;
pub mod schema;
pub mod segment;
pub mod series;
pub mod table;

use imbl::{OrdSet, Vector};
use serde::{Deserialize, Serialize};

use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{ResourceId, SegmentId, TableName};
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::trail::Outcome;
use crate::engine::world::World;
use rate::{GB_PER_DAY_MAX, Rate};
use reads::Touched;
use route::{Loss, Route};
use schema::Column;
use segment::{Sample, Segment};

/// A block of records of one table, as it comes to the front end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    pub workspace: ResourceId,
    pub table: TableName,
    /// Those its records have.
    pub columns: Vector<Column>,
    pub rows: u64,
    /// Bytes as they arrived.
    pub raw: u64,
    /// Bytes of the Parquet file they became.
    pub plain: u64,
    /// The earliest and latest `TimeGenerated`.
    pub from: SimTime,
    pub to: SimTime,
    pub source: Option<Source>,
}

/// How far a file that is ingested in blocks has come, so that it can go on after an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Tells one file from another.
    pub fingerprint: u64,
    /// Bytes and lines of it that are done with this block.
    pub done: Done,
    /// The file ends with this block.
    pub last: bool,
}

/// Bytes and lines of a file that have been ingested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub bytes: u64,
    pub lines: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Always accepted by the front end; the outcome is where it went.
    Ingest(Arrival),
    /// The call of somebody who queries; its outcome is on the record. The text is not: it may be sensitive
    /// (R-BYOS-01), and executed queries cannot be looked up (R-BYOS-07).
    Query {
        workspace: ResourceId,
        tables: Vector<Touched>,
        /// Whatever can be read, if not all can (i-38).
        partial: bool,
    },
    /// The simulator's: sample records of this table are made, so many an hour (`design.md` §3).
    Mark {
        workspace: ResourceId,
        table: TableName,
        per_hour: u32,
    },
    /// How long a table keeps its data; none follows the workspace.
    SetRetention {
        workspace: ResourceId,
        table: TableName,
        retention: Option<Span>,
    },
    /// The simulator's: what a workspace sends from now on (`design.md` §3).
    SetRate { workspace: ResourceId, rate: Rate },
    /// The simulator's: so many GB a day on top, for a while.
    Burst {
        workspace: ResourceId,
        gb_per_day: u32,
        length: Span,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A table came to be, or got columns.
    Columns {
        workspace: ResourceId,
        table: TableName,
        added: Vector<Column>,
    },
    Stored {
        segment: Segment,
        source: Option<Source>,
    },
    /// E-ING-01.
    Dropped {
        workspace: ResourceId,
        table: TableName,
        cluster: ResourceId,
        why: Loss,
        rows: u64,
        raw: u64,
        source: Option<Source>,
    },
    /// They have been in the hot cache for their days (R-CMK-05).
    Cooled {
        workspace: ResourceId,
        table: TableName,
        segments: Vector<SegmentId>,
    },
    /// Their retention is over (R-CMK-44).
    Purged {
        workspace: ResourceId,
        table: TableName,
        segments: Vector<SegmentId>,
    },
    Queried {
        workspace: ResourceId,
        tables: Vector<TableName>,
        partial: bool,
        outcome: Outcome,
    },
    RetentionSet {
        workspace: ResourceId,
        table: TableName,
        retention: Option<Span>,
    },
    Marked {
        workspace: ResourceId,
        table: TableName,
        per_hour: u32,
    },
    /// Sample records of a marked table were made up to here.
    Sampled {
        workspace: ResourceId,
        table: TableName,
        until: SimTime,
    },
    RateSet {
        workspace: ResourceId,
        rate: Rate,
    },
    Burst {
        workspace: ResourceId,
        until: SimTime,
        gb_per_day: u32,
    },
}

impl Fact {
    pub fn workspace(&self) -> &ResourceId {
        match self {
            Fact::Stored { segment, .. } => &segment.workspace,
            Fact::Columns { workspace, .. }
            | Fact::Dropped { workspace, .. }
            | Fact::Cooled { workspace, .. }
            | Fact::Purged { workspace, .. }
            | Fact::Queried { workspace, .. }
            | Fact::RetentionSet { workspace, .. }
            | Fact::Marked { workspace, .. }
            | Fact::Sampled { workspace, .. }
            | Fact::RateSet { workspace, .. }
            | Fact::Burst { workspace, .. } => workspace,
        }
    }
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Ingest(arrival) => ingest(draft, arrival),
        Command::Query {
            workspace,
            tables,
            partial,
        } => query(draft, workspace, tables, *partial),
        Command::Mark {
            workspace,
            table,
            per_hour,
        } => {
            draft.only_simulator()?;
            draft.world.active_workspace(workspace, &errors::WL_01)?;
            table::valid_name(table)?;
            draft.emit(Fact::Marked {
                workspace: workspace.clone(),
                table: table.clone(),
                per_hour: *per_hour,
            });
            Ok(())
        }
        Command::SetRetention {
            workspace,
            table,
            retention,
        } => {
            let by = draft.person()?;
            let world = &draft.world;
            world.authorize_on(&by, Action::WorkspaceWrite, workspace)?;
            world.active_workspace(workspace, &errors::WL_01)?;
            world.table(workspace, table)?;
            super::workspace::valid_retention(world, *retention)?;
            draft.emit(Fact::RetentionSet {
                workspace: workspace.clone(),
                table: table.clone(),
                retention: *retention,
            });
            Ok(())
        }
        Command::SetRate { workspace, rate } => {
            draft.only_simulator()?;
            draft.world.active_workspace(workspace, &errors::WL_01)?;
            bounded(rate.gb_per_day)?;
            draft.emit(Fact::RateSet {
                workspace: workspace.clone(),
                rate: *rate,
            });
            Ok(())
        }
        Command::Burst {
            workspace,
            gb_per_day,
            length,
        } => {
            draft.only_simulator()?;
            draft.world.active_workspace(workspace, &errors::WL_01)?;
            bounded(*gb_per_day)?;
            if *length <= Span::ZERO || *length > Span::days(365) {
                return Err(errors::FLT_01
                    .says(format!("A burst cannot last {length}."))
                    .target("for")
                    .remedy("Give a span of more than 0 and at most 365d, such as 35m."));
            }
            draft.emit(Fact::Burst {
                workspace: workspace.clone(),
                until: draft.now + *length,
                gb_per_day: *gb_per_day,
            });
            Ok(())
        }
    }
}

/// A workspace can send up to so much.
fn bounded(gb_per_day: u32) -> Result<(), Refusal> {
    if gb_per_day <= GB_PER_DAY_MAX {
        return Ok(());
    }
    Err(errors::FLT_01
        .says(format!("A workspace cannot send {gb_per_day} GB a day."))
        .target("gb-per-day")
        .remedy(format!("Give at most {GB_PER_DAY_MAX}.")))
}

fn ingest(draft: &mut Draft, arrival: &Arrival) -> Result<(), Refusal> {
    let world = &draft.world;
    let workspace = &arrival.workspace;
    // What the world file plays in comes from the customer's own machines.
    if draft.actor != Actor::Simulator {
        let by = draft.person()?;
        world.authorize_on(&by, Action::Ingest, workspace)?;
    }
    let route = world.route(workspace)?;
    let added = table::fitting(world, arrival)?;
    let known = world.logs.table(workspace, &arrival.table).is_some();
    if !added.is_empty() || !known {
        draft.emit(Fact::Columns {
            workspace: workspace.clone(),
            table: arrival.table.clone(),
            added,
        });
    }
    let fact = match draft.world.berth(&route) {
        Some(berth) => Fact::Stored {
            segment: segment::new(&draft.world, arrival, berth, draft.now),
            source: arrival.source,
        },
        None => {
            let Route::Dropped(cluster, why) = route else {
                // Every other route has a berth.
                return Ok(());
            };
            draft.cause = draft.world.shut_by(&cluster);
            Fact::Dropped {
                workspace: workspace.clone(),
                table: arrival.table.clone(),
                cluster,
                why,
                rows: arrival.rows,
                raw: arrival.raw,
                source: arrival.source,
            }
        }
    };
    draft.emit(fact);
    let marked = &draft.world.logs.samples;
    if draft.actor == Actor::Simulator
        && marked.contains_key(&(workspace.clone(), arrival.table.clone()))
    {
        draft.emit(Fact::Sampled {
            workspace: workspace.clone(),
            table: arrival.table.clone(),
            until: hour_after(arrival.to),
        });
    }
    Ok(())
}

/// The end of the hour in which an instant lies: sample records are made by the hour.
pub fn hour_after(at: SimTime) -> SimTime {
    let hour = Span::hours(1).0;
    SimTime((at.0.div_euclid(hour) + 1) * hour)
}

fn query(
    draft: &mut Draft,
    workspace: &ResourceId,
    tables: &Vector<Touched>,
    partial: bool,
) -> Result<(), Refusal> {
    // Who only looks leaves no trace.
    let observes = draft.actor == Actor::Observer;
    let world = &draft.world;
    world.may_query(&draft.actor, workspace)?;
    world.active_workspace(workspace, &errors::QRY_02)?;
    for touched in tables {
        world.table(workspace, &touched.table)?;
    }
    let (reads, hides) = world.look(draft.now, workspace, tables)?;
    let (outcome, cause) = match reads.why {
        Some(no) if !partial => (
            Outcome::Refused(no.id),
            hides.and_then(|cluster| world.shut_by(cluster)),
        ),
        _ => (Outcome::Served, None),
    };
    if observes {
        return Ok(());
    }
    // A table that is joined with itself is queried once.
    let tables: OrdSet<TableName> = tables.iter().map(|t| t.table.clone()).collect();
    draft.cause = cause;
    draft.emit(Fact::Queried {
        workspace: workspace.clone(),
        tables: tables.into_iter().collect(),
        partial,
        outcome,
    });
    Ok(())
}

/// Something of a table leaves the hot cache or is purged.
pub(super) fn due_in_time(draft: &mut Draft, workspace: &ResourceId, name: &TableName) {
    let Some(table) = draft.world.logs.table(workspace, name) else {
        return;
    };
    let purged = table.purges.due(draft.now);
    let cooled: Vector<SegmentId> = table
        .hot
        .due(draft.now)
        .into_iter()
        .filter(|id| !purged.contains(id))
        .collect();
    if !purged.is_empty() {
        draft.emit(Fact::Purged {
            workspace: workspace.clone(),
            table: name.clone(),
            segments: purged,
        });
    }
    if !cooled.is_empty() {
        draft.emit(Fact::Cooled {
            workspace: workspace.clone(),
            table: name.clone(),
            segments: cooled,
        });
    }
}

pub(super) fn evolve(world: &mut World, at: SimTime, fact: &Fact) {
    match fact {
        Fact::Columns {
            workspace,
            table,
            added,
        } => world.logs.edit(workspace, table, |t| {
            t.columns.extend(added.iter().cloned());
        }),
        Fact::Stored { segment, source } => {
            segment::insert(world, segment.clone());
            world.logs.edit(&segment.workspace, &segment.table, |t| {
                t.tally.stored(segment);
                t.note_source(*source);
            });
        }
        Fact::Dropped {
            workspace,
            table,
            why,
            rows,
            raw,
            source,
            ..
        } => world.logs.edit(workspace, table, |t| {
            t.tally.lost(*why, *rows, *raw);
            t.note_source(*source);
        }),
        Fact::Cooled { segments, .. } => {
            for id in segments {
                segment::set_hot(world, *id, None);
            }
        }
        Fact::Purged { segments, .. } => {
            for id in segments {
                segment::purge(world, *id);
            }
        }
        Fact::Queried {
            workspace,
            tables,
            outcome,
            ..
        } => {
            for table in tables {
                if world.logs.table(workspace, table).is_some() {
                    world.logs.edit(workspace, table, |t| match outcome {
                        Outcome::Served => t.tally.queries_served += 1,
                        _ => t.tally.queries_refused += 1,
                    });
                }
            }
        }
        Fact::RetentionSet {
            workspace,
            table,
            retention,
        } => {
            world
                .logs
                .edit(workspace, table, |t| t.retention = *retention);
            table::retention_changed(world, workspace, Some(table));
        }
        Fact::Marked {
            workspace,
            table,
            per_hour,
        } => {
            let sample = Sample {
                per_hour: *per_hour,
                until: None,
            };
            let key = (workspace.clone(), table.clone());
            world.logs.samples.insert(key, sample);
        }
        Fact::Sampled {
            workspace,
            table,
            until,
        } => {
            let key = (workspace.clone(), table.clone());
            if let Some(sample) = world.logs.samples.get_mut(&key) {
                sample.until = Some(*until);
            }
        }
        // The modelled ledger follows by itself.
        Fact::RateSet { .. } | Fact::Burst { .. } => return,
    }
    // Whatever it was, the timers of its tables follow what is due next.
    table::arm(world, at, fact.workspace());
}
