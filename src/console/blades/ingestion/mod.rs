//! The ingestion blade: how much comes, where it goes, and what becomes of it; all clusters, one, or one workspace.
//! Here is which window of time is looked at and what is kept of it between frames. The chart and the figures of the
//! model are computed when the second changes, what really lies on disk when the world changes; the two are never
//! added up (`design.md` §3).

pub mod columns;
pub mod rows;
pub mod view;

use std::collections::BTreeSet;

use super::{Eye, cluster, logs, shared};
use crate::console::paint::chart::{self, Line, Rendering};
use crate::engine::ids::{ResourceId, Revision};
use crate::engine::ingestion::ledger::{Modelled, Scope};
use crate::engine::ingestion::rate::GIGABYTE;
use crate::engine::ingestion::route::Loss;
use crate::engine::ingestion::series::{Column, Marker};
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::{Actor, Answer, Query, Refusal, SimTime, Span, World, ask};
use columns::{Columns, Window};

/// Lengths of time one can look at, and their names.
pub const ZOOMS: [(Span, &str); 9] = [
    (Span::minutes(5), "5 minutes"),
    (Span::minutes(15), "15 minutes"),
    (Span::hours(1), "1 hour"),
    (Span::hours(3), "3 hours"),
    (Span::hours(12), "12 hours"),
    (Span::days(1), "1 day"),
    (Span::days(7), "7 days"),
    (Span::days(30), "30 days"),
    (Span::days(90), "90 days"),
];
const OPENS_AT: usize = 2;
/// How much time a cell of the screen can stand for.
const CELLS: [Span; 27] = [
    Span::seconds(1),
    Span::seconds(2),
    Span::seconds(5),
    Span::seconds(10),
    Span::seconds(15),
    Span::seconds(20),
    Span::seconds(30),
    Span::minutes(1),
    Span::minutes(2),
    Span::minutes(5),
    Span::minutes(10),
    Span::minutes(15),
    Span::minutes(20),
    Span::minutes(30),
    Span::hours(1),
    Span::hours(2),
    Span::hours(3),
    Span::hours(4),
    Span::hours(6),
    Span::hours(8),
    Span::hours(12),
    Span::days(1),
    Span::days(2),
    Span::days(4),
    Span::days(7),
    Span::days(14),
    Span::days(28),
];
const SECOND: i64 = Span::seconds(1).0;
const DAY: Span = Span::days(1);
/// Thousandths of the reservation from which on it is marked.
pub const WARN: u128 = 800;

/// What the chart and the figures were made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    scope: Scope,
    actor: Actor,
    revision: Revision,
}

/// The figures of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes a day that come now, by fate.
    pub now: Column,
    /// Of these, what goes to a cluster.
    pub reserved_for: u128,
    /// Bytes a day that are reserved; none where there is no cluster.
    pub capacity: Option<u128>,
    pub modelled: Modelled,
    pub lost_records: u128,
    /// Since when what a workspace sends is lost.
    pub lost_since: Option<SimTime>,
    /// Scheduled queries within the window: served, failed.
    pub queries: (u64, u64),
}

impl Figures {
    /// Thousandths of the reservation that are used now.
    pub fn used(&self) -> Option<u128> {
        let capacity = self.capacity.filter(|c| *c > 0)?;
        Some(self.reserved_for.saturating_mul(1_000) / capacity)
    }
}

/// What records really came, and lie on disk.
#[derive(Debug, Clone, Default)]
pub struct Physical {
    pub kept: logs::Kept,
    pub lost: Vec<(Loss, Amount)>,
    pub drained: Amount,
    pub purged: Amount,
    pub served: u64,
    pub refused: u64,
}

#[derive(Default)]
pub struct Ingestion {
    zoom: Option<usize>,
    /// A moment in the last column; none follows the present.
    end: Option<SimTime>,
    /// Where looking stopped, with the world as it was then.
    paused: Option<Box<(SimTime, World)>>,
    pub rendering: Rendering,
    pub no_legend: bool,
    /// Neither thresholds nor events are marked.
    pub unmarked: bool,
    /// The moment that is read.
    cursor: Option<SimTime>,
    stamp: Option<Stamp>,
    /// The second the figures are of.
    second: Option<SimTime>,
    scopes: Vec<Scope>,
    pub columns: Columns,
    pub window: Window,
    /// Bytes a day in the columns of the window.
    pub rates: Vec<Column>,
    /// What the upper end of the chart stands for.
    pub top: Option<u128>,
    pub markers: Vec<Marker>,
    pub figures: Figures,
    pub physical: Physical,
}

impl Ingestion {
    fn zoom(&self) -> usize {
        self.zoom.unwrap_or(OPENS_AT).min(ZOOMS.len() - 1)
    }

    /// The name of the window's length.
    pub fn length(&self) -> &'static str {
        ZOOMS[self.zoom()].1
    }

    /// The instant looking stopped at.
    pub fn paused(&self) -> Option<SimTime> {
        self.paused.as_ref().map(|paused| paused.0)
    }

    pub fn follows(&self) -> bool {
        self.end.is_none() && self.paused.is_none()
    }

    /// The column that is read, counted from the first one of the window.
    pub fn cursor(&self) -> Option<usize> {
        let at = self.cursor?.0.div_euclid(self.window.step.0.max(1));
        let column = usize::try_from(at - self.window.first).ok()?;
        (column < self.rates.len()).then_some(column)
    }

    /// Bytes a day by fate at the cursor; now where there is none.
    pub fn read(&self) -> &Column {
        let column = self.cursor().and_then(|n| self.rates.get(n));
        column.unwrap_or(&self.figures.now)
    }

    /// When the column that is read begins.
    pub fn reading(&self) -> Option<SimTime> {
        let column = i64::try_from(self.cursor()?).ok()?;
        Some(self.window.edge(self.window.first + column))
    }

    pub fn zoom_by(&mut self, closer: bool) -> bool {
        let to = match closer {
            true => self.zoom().checked_sub(1),
            false => Some(self.zoom() + 1).filter(|z| *z < ZOOMS.len()),
        };
        if let Some(to) = to {
            // Closer to what is read, where something is.
            if let Some(at) = self.cursor.filter(|_| closer) {
                self.end = Some(at + Span(ZOOMS[to].0.0 / 2));
            }
            self.zoom = Some(to);
            self.top = None;
        }
        to.is_some()
    }

    /// Half a window back or forward; the end of time is the present, and there it follows again.
    pub fn pan(&mut self, now: SimTime, back: bool) {
        let half = Span((self.window.until().0 - self.window.from().0) / 2);
        let present = self.paused().unwrap_or(now);
        let end = self.end.unwrap_or(present);
        self.go(if back { end - half } else { end + half }, present);
    }

    fn go(&mut self, end: SimTime, present: SimTime) {
        self.end = Some(SimTime(end.0.max(0))).filter(|end| *end < present);
    }

    /// Moves what is read by a cell of the screen, and the window with it where it would leave it.
    pub fn step(&mut self, now: SimTime, back: bool) {
        let Window { step, count, .. } = self.window;
        let per_cell = self.rendering.per_cell();
        let cell = Span(step.0.saturating_mul(i64::try_from(per_cell).unwrap_or(1)));
        let present = self.paused().unwrap_or(now);
        let newest = present.min(SimTime(self.window.until().0 - 1));
        let to = match self.cursor {
            None => newest,
            Some(at) if back => at - cell,
            Some(at) => (at + cell).min(present),
        };
        self.cursor = Some(SimTime(to.0.max(0)));
        if to < self.window.from() {
            let whole = Span(step.0.saturating_mul(i64::try_from(count).unwrap_or(0)));
            self.go(to + whole - cell, present);
        } else if to >= self.window.until() {
            self.go(to, present);
        }
    }

    /// Reads the cell of the plot that was clicked.
    pub fn point(&mut self, cell: u16) {
        let column = usize::from(cell) * self.rendering.per_cell();
        let last = self.rates.len().saturating_sub(1);
        let column = i64::try_from(column.min(last)).unwrap_or(0);
        self.cursor = Some(self.window.edge(self.window.first.saturating_add(column)));
    }

    /// Reads no moment any more; whether one was read.
    pub fn release(&mut self) -> bool {
        self.cursor.take().is_some()
    }

    /// Stops looking at what happens, or looks again.
    pub fn pause(&mut self, world: &World, now: SimTime) {
        let looks = self.paused.is_none();
        self.forget();
        self.paused = looks.then(|| Box::new((now.max(world.now), world.clone())));
    }

    /// Back to the present.
    pub fn follow(&mut self) {
        (self.end, self.cursor) = (None, None);
        self.forget();
    }

    /// Nothing that was computed counts any more, nor what was held still: another world is looked at.
    pub fn forget(&mut self) {
        (self.stamp, self.second, self.paused) = (None, None, None);
    }

    /// Brings the blade up to date for a plot of so many cells across.
    pub fn refresh(&mut self, eye: Eye, scope: &Scope, across: u16) {
        let paused = self.paused.take();
        let eye = match &paused {
            Some(paused) => Eye {
                world: &paused.1,
                now: paused.0,
                ..eye
            },
            None => eye,
        };
        self.look(eye, scope, across);
        self.paused = paused;
    }

    fn look(&mut self, eye: Eye, scope: &Scope, across: u16) {
        let world = eye.world;
        // Within a second nothing of it is computed anew.
        let second = SimTime(eye.now.0.div_euclid(SECOND).saturating_mul(SECOND));
        let now = second.max(world.now);
        let stamp = Stamp {
            scope: scope.clone(),
            actor: eye.actor.clone(),
            revision: world.revision,
        };
        let other = self.stamp.as_ref() != Some(&stamp);
        if other {
            let Ok(scopes) = scopes(eye, scope) else {
                return;
            };
            if self.stamp.as_ref().is_some_and(|s| s.scope != *scope) {
                (self.top, self.cursor) = (None, None);
            }
            self.scopes = scopes;
            self.physical = physical(eye, scope);
            self.stamp = Some(stamp);
        }
        // A window that would end in the future follows the present.
        self.end = self.end.filter(|end| *end < now);
        let window = self.window(now, across);
        let moved = std::mem::replace(&mut self.window, window) != window;
        if !other && !moved && self.second == Some(now) {
            return;
        }
        self.second = Some(now);
        self.columns.refresh(world, &self.scopes, window, now);
        self.rates.clear();
        let rates = self.columns.bytes().zip(window.first..);
        let rates = rates.map(|(bytes, n)| per_day(bytes, window.edge(n), window.step, now));
        self.rates.extend(rates);
        self.markers = markers(world, &self.scopes, window);
        self.figures = figures(eye, scope, &self.scopes, window, now);
        let peak = self.rates.iter().map(chart::total).max().unwrap_or(0);
        // A reservation far above all that comes would press the columns flat.
        let capacity = self.figures.capacity.filter(|_| *scope != Scope::All);
        let near = capacity.filter(|c| peak == 0 || c / 3 <= peak);
        self.top = Some(chart::top(peak.max(near.unwrap_or(0)), self.top));
    }

    /// The columns that are shown at an instant in so many cells: whole cells up to the one of the last moment.
    fn window(&self, now: SimTime, across: u16) -> Window {
        let length = ZOOMS[self.zoom()].0;
        let across = i64::from(across.max(1));
        let fits = |cell: &Span| cell.0.saturating_mul(across) >= length.0;
        let cell = CELLS
            .into_iter()
            .find(fits)
            .unwrap_or(CELLS[CELLS.len() - 1]);
        let per_cell = i64::try_from(self.rendering.per_cell()).unwrap_or(1);
        let end = self.end.unwrap_or(now).min(now).0.div_euclid(cell.0);
        Window {
            first: (end - across + 1).saturating_mul(per_cell),
            count: usize::try_from(across * per_cell).unwrap_or(0),
            step: Span(cell.0 / per_cell),
        }
    }

    /// Lines along the chart: the reservation and its threshold.
    pub fn lines(&self, scope: &Scope) -> Vec<Line> {
        let capacity = self.figures.capacity.filter(|_| *scope != Scope::All);
        let capacity = capacity.map(|at| Line { at, capacity: true });
        let threshold = capacity.map(|line| Line {
            at: line.at / 1_000 * WARN,
            capacity: false,
        });
        let threshold = threshold.filter(|_| !self.unmarked);
        capacity.into_iter().chain(threshold).collect()
    }
}

/// Bytes of a column as bytes a day; of the open one, by the part of it that is over.
fn per_day(bytes: &Column, from: SimTime, step: Span, now: SimTime) -> Column {
    let until = (from + step).min(now);
    let over = u128::from((until - from).0.max(1).unsigned_abs());
    let day = u128::from(DAY.0.unsigned_abs());
    bytes.map(|bytes| match bytes.checked_mul(day) {
        Some(bytes) => bytes / over,
        None => (bytes / over).saturating_mul(day),
    })
}

/// Bytes a day that come at an instant, by fate.
fn coming(world: &World, scope: &Scope, at: SimTime) -> Column {
    let second = Span::seconds(1);
    let column = world.series(scope, at, second, 1, at + second);
    let column = column.first().copied().unwrap_or_default();
    per_day(&column, at, second, at + second)
}

/// Bytes a day that are reserved by a capacity in GB a day.
fn reserved(capacity: u32) -> u128 {
    u128::from(capacity) * u128::from(GIGABYTE)
}

/// The workspaces somebody may see.
fn workspaces(eye: Eye, deleted: bool) -> Vec<ResourceId> {
    match ask(
        eye.world,
        eye.now,
        eye.actor,
        &Query::Workspaces { deleted },
    ) {
        Ok(Answer::Workspaces(ids)) => ids,
        _ => Vec::new(),
    }
}

/// The live clusters somebody may see.
fn clusters(eye: Eye) -> Vec<ResourceId> {
    let live = Query::Clusters {
        subscription: None,
        group: None,
    };
    match ask(eye.world, eye.now, eye.actor, &live) {
        Ok(Answer::Clusters(ids)) => ids,
        _ => Vec::new(),
    }
}

/// What somebody may see of a scope. What a cluster takes in is its own affair; of all, who does not see every
/// workspace sees the sum of those they may see.
fn scopes(eye: Eye, scope: &Scope) -> Result<Vec<Scope>, Refusal> {
    Ok(match scope {
        Scope::All => {
            let mut seen = workspaces(eye, false);
            seen.extend(workspaces(eye, true));
            if seen.len() == eye.world.workspaces.len() {
                vec![Scope::All]
            } else {
                seen.into_iter().map(Scope::Workspace).collect()
            }
        }
        Scope::Cluster(id) => {
            cluster::find(eye, id)?;
            vec![scope.clone()]
        }
        Scope::Workspace(id) => {
            ask(eye.world, eye.now, eye.actor, &Query::Workspace(id.clone()))?;
            vec![scope.clone()]
        }
    })
}

fn markers(world: &World, scopes: &[Scope], window: Window) -> Vec<Marker> {
    let of = |scope| world.markers(scope, window.from(), window.until());
    let mut markers: Vec<Marker> = scopes.iter().flat_map(of).collect();
    if scopes.len() > 1 {
        markers.sort_by_key(|marker| marker.revision);
        markers.dedup();
    }
    markers
}

fn add(sum: &mut Modelled, more: &Modelled) {
    let pairs = [
        (&mut sum.customer, more.customer),
        (&mut sum.microsoft, more.microsoft),
        (&mut sum.buffered, more.buffered),
        (&mut sum.drained, more.drained),
        (&mut sum.purged, more.purged),
        (&mut sum.hidden, more.hidden),
        (&mut sum.hot, more.hot),
    ];
    let dropped = sum.dropped.iter_mut().zip(more.dropped);
    for (to, more) in pairs.into_iter().chain(dropped) {
        *to = to.saturating_add(more);
    }
}

fn figures(eye: Eye, scope: &Scope, scopes: &[Scope], window: Window, now: SimTime) -> Figures {
    let world = eye.world;
    let mut figures = Figures::default();
    for scope in scopes {
        let more = coming(world, scope, now);
        for (sum, more) in figures.now.iter_mut().zip(more) {
            *sum = sum.saturating_add(more);
        }
        add(&mut figures.modelled, &world.modelled(scope, now));
        let (served, failed) =
            world.scheduled_queries(scope, window.from(), window.until().min(now));
        figures.queries.0 += served;
        figures.queries.1 += failed;
    }
    figures.lost_records = world.records(figures.modelled.lost());
    let capacity_of = |id: &ResourceId| world.clusters.get(id).map(|c| reserved(c.capacity));
    (figures.reserved_for, figures.capacity) = match scope {
        Scope::All => {
            let clusters = clusters(eye);
            let come = clusters.iter().map(|id| {
                let scope = Scope::Cluster(id.clone());
                chart::total(&coming(world, &scope, now))
            });
            let capacities = clusters.iter().filter_map(capacity_of).sum();
            (come.sum(), Some(capacities).filter(|c| *c > 0))
        }
        Scope::Cluster(id) => (chart::total(&figures.now), capacity_of(id)),
        Scope::Workspace(id) => {
            figures.lost_since = world.lost_since(id);
            let route = world.route(id).ok();
            let cluster = route.as_ref().and_then(|route| route.cluster());
            (chart::total(&figures.now), cluster.and_then(capacity_of))
        }
    };
    figures
}

/// What really came and lies on disk of a scope, as far as somebody may see it.
fn physical(eye: Eye, scope: &Scope) -> Physical {
    let world = eye.world;
    let seen: BTreeSet<ResourceId> = workspaces(eye, false)
        .into_iter()
        .chain(workspaces(eye, true))
        .collect();
    let mine: Vec<&ResourceId> = match scope {
        Scope::All => seen.iter().collect(),
        Scope::Workspace(id) => seen.get(id).into_iter().collect(),
        Scope::Cluster(id) => {
            let links = world.clusters.get(id).map(|c| &c.links);
            let links = links.into_iter().flatten();
            links.filter(|id| seen.contains(*id)).collect()
        }
    };
    let tables = || mine.iter().flat_map(|id| world.logs.tables_of(id));
    let tallies: Vec<&Tally> = tables().map(|(_, table)| &table.tally).collect();
    let kept = match scope {
        Scope::Cluster(id) => {
            let here = world.logs.segments_on(id).map(|s| &**s);
            logs::kept(eye, here.filter(|s| seen.contains(&s.workspace)))
        }
        _ => {
            let segments = tables().flat_map(|(_, table)| world.logs.segments_of(table));
            logs::kept(eye, segments.map(|s| &**s))
        }
    };
    let mut physical = Physical {
        kept,
        lost: logs::losses(tallies.iter().copied()).to_vec(),
        ..Physical::default()
    };
    for tally in tallies {
        for (sum, part) in [
            (&mut physical.drained, tally.drained),
            (&mut physical.purged, tally.purged),
        ] {
            sum.rows = sum.rows.saturating_add(part.rows);
            sum.bytes = sum.bytes.saturating_add(part.bytes);
        }
        physical.served += tally.queries_served;
        physical.refused += tally.queries_refused;
    }
    physical
}

/// What a scope is called.
pub fn title(scope: &Scope) -> String {
    match scope {
        Scope::All => "all clusters and workspaces".into(),
        Scope::Cluster(id) | Scope::Workspace(id) => shared::resource_name(id),
    }
}
