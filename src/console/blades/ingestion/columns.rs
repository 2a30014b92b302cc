//! The columns of a chart, kept: their edges are absolute, so one that is over is computed once. When time moves
//! only the open one and new ones are computed; when an event changes where data goes, those from there on.

use std::collections::VecDeque;
use std::sync::Arc;

use imbl::OrdMap;

use crate::engine::ids::ResourceId;
use crate::engine::ingestion::ledger::{Load, Scope};
use crate::engine::ingestion::series::Column;
use crate::engine::{SimTime, Span, World};

/// The window that is wanted: whole columns from an absolute edge on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// Number of its first column, counted from the epoch.
    pub first: i64,
    pub count: usize,
    pub step: Span,
}

impl Window {
    pub fn edge(&self, column: i64) -> SimTime {
        SimTime(column.saturating_mul(self.step.0.max(1)))
    }

    pub fn from(&self) -> SimTime {
        self.edge(self.first)
    }

    /// When its last column ends.
    pub fn until(&self) -> SimTime {
        self.edge(self.first.saturating_add(wide(self.count)))
    }
}

fn wide(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[derive(Debug, Default)]
pub struct Columns {
    scopes: Vec<Scope>,
    step: Span,
    /// Number of the first one that is kept.
    first: i64,
    kept: VecDeque<Column>,
    /// The histories they were computed from, and until when.
    loads: OrdMap<ResourceId, Arc<Load>>,
    until: SimTime,
    /// How many integrals were computed so far, one for each column and scope.
    pub computed: u64,
}

impl Columns {
    /// Brings the columns of a window up to an instant; what is not over then is open, what begins later is nothing.
    pub fn refresh(&mut self, world: &World, scopes: &[Scope], window: Window, now: SimTime) {
        if self.scopes != scopes || self.step != window.step {
            self.kept.clear();
            self.scopes = scopes.to_vec();
            self.step = window.step;
        }
        let mut sure = self.until.min(now);
        if !self.loads.ptr_eq(&world.intake.loads) {
            sure = sure.min(differ(&self.loads, &world.intake.loads));
            self.loads = world.intake.loads.clone();
        }
        let step = window.step.0.max(1);
        // Columns that are over at the instant up to which nothing changed.
        let over = sure.0.div_euclid(step).saturating_sub(self.first);
        self.kept.truncate(usize::try_from(over).unwrap_or(0));
        let ends = self.first.saturating_add(wide(self.kept.len()));
        let wanted = window.first.saturating_add(wide(window.count));
        if self.kept.is_empty() || window.first >= ends || wanted <= self.first {
            self.kept.clear();
            self.first = window.first;
        }
        while self.first < window.first {
            self.kept.pop_front();
            self.first += 1;
        }
        self.kept
            .truncate(usize::try_from(wanted.saturating_sub(self.first)).unwrap_or(0));
        if window.first < self.first {
            let missing = self.first.saturating_sub(window.first);
            let missing = usize::try_from(missing).unwrap_or(0);
            let before = self.compute(world, window.first, missing, now);
            for column in before.into_iter().rev() {
                self.kept.push_front(column);
            }
            self.first = window.first;
        }
        // Columns that have not begun are not asked for.
        let begun = now.0.div_euclid(step).saturating_add(1);
        let last = wanted.min(begun);
        let from = self.first.saturating_add(wide(self.kept.len()));
        let missing = usize::try_from(last.saturating_sub(from)).unwrap_or(0);
        let after = self.compute(world, from, missing, now);
        self.kept.extend(after);
        self.until = now;
    }

    fn compute(&mut self, world: &World, first: i64, count: usize, now: SimTime) -> Vec<Column> {
        let mut sum = vec![Column::default(); count];
        if count == 0 {
            return sum;
        }
        let from = SimTime(first.saturating_mul(self.step.0.max(1)));
        for scope in &self.scopes {
            let series = world.series(scope, from, self.step, count, now);
            self.computed += count as u64;
            for (sum, column) in sum.iter_mut().zip(series) {
                for (sum, bytes) in sum.iter_mut().zip(column) {
                    *sum = sum.saturating_add(bytes);
                }
            }
        }
        sum
    }

    /// Bytes of each column, oldest first, those that have begun.
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = &Column> {
        self.kept.iter()
    }
}

/// From when on two histories are not the same.
fn differ(
    before: &OrdMap<ResourceId, Arc<Load>>,
    after: &OrdMap<ResourceId, Arc<Load>>,
) -> SimTime {
    use imbl::ordmap::DiffItem;
    let mut first = SimTime::MAX;
    for item in before.diff(after) {
        let at = match item {
            DiffItem::Add(_, load) | DiffItem::Remove(_, load) => begins(load),
            DiffItem::Update {
                old: (_, old),
                new: (_, new),
            } => parts(old, new),
        };
        first = first.min(at);
    }
    first
}

fn begins(load: &Load) -> SimTime {
    load.stretches.front().map_or(SimTime::MAX, |s| s.from)
}

/// From when on two histories of a workspace are not the same.
fn parts(old: &Load, new: &Load) -> SimTime {
    /// The first place at which two lists differ, by the instants their items hold from.
    fn first<'a, T: PartialEq + Clone + 'a>(
        old: &'a imbl::Vector<T>,
        new: &'a imbl::Vector<T>,
        from: impl Fn(&T) -> SimTime,
    ) -> SimTime {
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let rest = [old.get(same), new.get(same)];
        let begins = rest.into_iter().flatten().map(from);
        begins.min().unwrap_or(SimTime::MAX)
    }
    let routes = first(&old.stretches, &new.stretches, |s| s.from);
    let rates = first(&old.rates, &new.rates, |(from, _)| *from);
    let bursts = first(&old.bursts, &new.bursts, |b| b.from);
    routes.min(rates).min(bursts)
}
