//! One blade on the stack: its cursor by identity, its filter, and what it shows, kept until the world, the
//! actor or the filter changes.
//!
//! A list has its cursor on a row. A page begins with its cursor on the thing it is about; from there it goes
//! over the links in reading order. What is not in sight is not selected.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::geometry;
use super::haystack::Haystack;
use super::views::{ListView, Sort};
use super::{App, Ctx, Modal};
use crate::console::blades::overview::rows::{Summary, summary};
use crate::console::blades::{Blade, Eye, ingestion, query};
use crate::console::doc::{Line, layout};
use crate::console::rows::{ItemId, Row, window};
use crate::console::sieve::{self, Sieve, Weight};
use crate::engine::ids::Revision;
use crate::engine::lockbox::request::Operation;
use crate::engine::{Actor, Refusal};

/// Ages of a filter are looked at again this often.
const AGE_STEP: i64 = 60_000_000;

/// What a kept list depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    revision: Revision,
    actor: Actor,
    operation: Option<Operation>,
    /// Rises when time alone changes the order or what is kept.
    period: i64,
}

pub struct Page {
    pub blade: Blade,
    /// The row or link the cursor is on; a page without is about its subject.
    pub cursor: Option<ItemId>,
    /// Where that row was last; the cursor falls there when the row goes.
    pub index: usize,
    /// First line or row on screen.
    pub first: usize,
    pub view: ListView,
    /// Rows that are acted on together.
    pub marks: BTreeSet<ItemId>,
    /// The cursor goes to what is new.
    pub follow: bool,
    /// Rows in sight that the last change of the world changed; until the next key.
    pub changed: BTreeSet<ItemId>,
    /// What the rows in sight said, apart from how long it is until something.
    said: BTreeMap<ItemId, u64>,
    /// Of which world, and of which rows.
    said_at: (Revision, usize, usize),
    /// A field of the filter that is no column, and what was probably meant.
    pub unknown: Option<(String, Option<&'static str>)>,
    /// Activity log: only this operation.
    pub operation: Option<Operation>,
    /// The rows of a list, the links of a page.
    pub ids: Rc<Vec<ItemId>>,
    /// The rows of a list without the filter.
    all: Rc<Vec<ItemId>>,
    /// The filter the rows went through, and what it looks through.
    sought: (String, Option<Sort>),
    haystack: Option<Haystack>,
    /// On which line of its stream each link stands.
    places: Vec<usize>,
    /// Rows without the filter.
    pub total: usize,
    /// A page laid out: left stream, right stream.
    pub lines: (Vec<Line>, Vec<Line>),
    pub summary: Rc<Summary>,
    /// Why it may not be seen.
    pub refusal: Option<Refusal>,
    stamp: Option<Stamp>,
}

impl Page {
    pub fn new(blade: Blade) -> Page {
        Page {
            blade,
            cursor: None,
            index: 0,
            first: 0,
            view: ListView::default(),
            marks: BTreeSet::new(),
            follow: false,
            changed: BTreeSet::new(),
            said: BTreeMap::new(),
            said_at: Default::default(),
            unknown: None,
            operation: None,
            ids: Rc::default(),
            all: Rc::default(),
            sought: Default::default(),
            haystack: None,
            places: Vec::new(),
            total: 0,
            lines: Default::default(),
            summary: Rc::default(),
            refusal: None,
            stamp: None,
        }
    }

    /// What it shows is another world's.
    pub(super) fn forget(&mut self) {
        self.stamp = None;
    }

    /// Moves the cursor to a place in the list.
    pub fn go(&mut self, index: usize) {
        self.index = index.min(self.ids.len().saturating_sub(1));
        self.cursor = self.ids.get(self.index).cloned();
    }

    pub fn select(&mut self, id: &ItemId) {
        if let Some(index) = self.ids.iter().position(|i| i == id) {
            self.go(index);
        }
    }

    /// The link the cursor is on, as the place in its stream: whether in the left one, and the line.
    pub fn selected(&self) -> Option<(bool, usize)> {
        self.cursor.as_ref()?;
        let line = *self.places.get(self.index)?;
        let left = self.lines.0.iter().filter(|l| l.link.is_some()).count();
        Some((self.index < left, line))
    }

    /// To the next link or the one before, and after the last to what the page is about.
    pub fn next_link(&mut self, forward: bool) {
        let count = self.ids.len();
        let here = self.cursor.as_ref().map(|_| self.index);
        let to = match (here, forward) {
            (None, true) => {
                let below = self.places.iter().position(|line| *line >= self.first);
                below.or((count > 0).then_some(0))
            }
            (None, false) => count.checked_sub(1),
            (Some(i), true) => Some(i + 1).filter(|i| *i < count),
            (Some(i), false) => i.checked_sub(1),
        };
        match to {
            Some(index) => self.go(index),
            None => {
                self.cursor = None;
                self.first = 0;
            }
        }
    }

    /// Moves over a page: by one to the next link if that is in sight, and otherwise by lines.
    pub fn scroll(&mut self, by: isize, height: usize) {
        let last = self.longest().saturating_sub(height);
        let sight = self.first..self.first + height;
        let here = self.cursor.as_ref().map(|_| self.index);
        if by == 1 {
            let next = match here {
                Some(i) => Some(i + 1).filter(|i| *i < self.places.len()),
                None => self.places.iter().position(|line| sight.contains(line)),
            };
            if let Some(next) = next
                && (sight.contains(&self.places[next]) || self.first >= last)
            {
                self.go(next);
                return;
            }
        }
        if by == -1 {
            let before = match here {
                Some(i) => i.checked_sub(1),
                None => self.places.iter().rposition(|line| *line == self.first),
            };
            match before {
                Some(i) if sight.contains(&self.places[i]) || self.first == 0 => {
                    self.go(i);
                    return;
                }
                None if self.first == 0 => self.cursor = None,
                _ => {}
            }
        }
        self.first = self.first.saturating_add_signed(by).min(last);
        let sight = self.first..self.first + height;
        if here.is_some_and(|i| self.places.get(i).is_none_or(|line| !sight.contains(line))) {
            self.cursor = None;
        }
    }

    /// Lines of the longer stream.
    fn longest(&self) -> usize {
        self.lines.0.len().max(self.lines.1.len())
    }

    /// Takes over the links of lines laid out anew; the cursor stays on its link and in sight.
    fn relink(&mut self, height: usize) {
        let lines = [&self.lines.0, &self.lines.1];
        let links = lines
            .into_iter()
            .flat_map(|stream| stream.iter().enumerate())
            .filter_map(|(n, line)| Some((line.link.clone()?, n)));
        let (ids, places): (Vec<_>, Vec<_>) = links.unzip();
        self.places = places;
        self.ids = Rc::new(ids);
        self.first = self.first.min(self.longest().saturating_sub(height));
        if let Some(cursor) = &self.cursor {
            let held = if self.ids.get(self.index) == Some(cursor) {
                Some(self.index)
            } else {
                self.ids.iter().position(|id| id == cursor)
            };
            self.go(held.unwrap_or(self.index));
            if let Some((_, line)) = self.selected() {
                self.first = window(self.first, line, height, self.longest());
            }
        }
    }

    /// The rows that the filter keeps, in the order that was asked for.
    fn arranged(
        &mut self,
        eye: Eye,
        sieve: &Sieve,
        words: Option<Vec<String>>,
        sort: Option<Sort>,
    ) -> Vec<ItemId> {
        let blade = &self.blade;
        let ids: Vec<ItemId> = match words {
            Some(words) if words.is_empty() => self.all.to_vec(),
            Some(words) => {
                let all = &self.all;
                let haystack = self
                    .haystack
                    .get_or_insert_with(|| Haystack::new(blade, eye, all.clone()));
                haystack.find(words)
            }
            None => {
                let kept = |row: Row| sieve.keeps(&row, eye.now);
                let kept = |id: &&ItemId| blade.row(eye, id).is_some_and(kept);
                self.all.iter().filter(kept).cloned().collect()
            }
        };
        let Some(sort) = sort else {
            return ids;
        };
        let weight = |id: &ItemId| {
            let row = blade.row(eye, id);
            Weight::of(row.as_ref().and_then(|row| row.cells.get(sort.column)))
        };
        let mut weighed: Vec<_> = ids.into_iter().map(|id| (weight(&id), id)).collect();
        weighed.sort_by(|(a, _), (b, _)| a.compare(b, sort.descending));
        weighed.into_iter().map(|(_, id)| id).collect()
    }

    /// In follow mode, the cursor on the last thing that is new.
    fn follow_news(&mut self, before: &[ItemId]) {
        if !self.follow || before.is_empty() {
            return;
        }
        let known: BTreeSet<&ItemId> = before.iter().collect();
        let news = self.ids.iter().filter(|id| !known.contains(id));
        if let Some(newest) = news.max() {
            self.cursor = Some(newest.clone());
        }
    }

    /// Notes which rows in sight say something else since the world changed.
    fn compare(&mut self, eye: Eye, height: usize) {
        let now = (eye.world.revision, self.first, self.ids.len());
        if now == self.said_at {
            return;
        }
        let rows = self.ids.iter().skip(self.first).take(height);
        let says = rows.filter_map(|id| Some((id.clone(), said(&self.blade.row(eye, id)?))));
        let says: BTreeMap<ItemId, u64> = says.collect();
        if now.0 != self.said_at.0 && !self.said.is_empty() {
            let other = |(id, now): &(&ItemId, &u64)| match self.said.get(id) {
                Some(before) => before != *now,
                // What only came into sight is not new.
                None => false,
            };
            self.changed = says
                .iter()
                .filter(other)
                .map(|(id, _)| id.clone())
                .collect();
        }
        self.said_at = now;
        self.said = says;
    }

    fn list(&mut self, eye: Eye) {
        let sieve = Sieve::read(&self.view.filter, self.blade.columns());
        self.unknown = sieve.unknown.clone();
        let stamp = Stamp {
            revision: eye.world.revision,
            actor: eye.actor.clone(),
            operation: self.operation,
            period: match self.blade {
                Blade::Ingestion(_) => ingestion::rows::period(eye.now),
                _ if sieve.ages() => eye.now.0 / AGE_STEP,
                _ => 0,
            },
        };
        let same = self.stamp.as_ref() == Some(&stamp);
        let sought = (self.view.filter.clone(), self.view.sort);
        if same && self.sought == sought {
            return;
        }
        if !same {
            let all = self.blade.ids(eye, self.operation);
            self.refusal = all.as_ref().err().cloned();
            self.all = Rc::new(all.unwrap_or_default());
            self.total = self.all.len();
            self.haystack = None;
        }
        let before = std::mem::take(&mut self.ids);
        self.ids = match (sieve.words(), self.view.sort) {
            (Some(words), None) if words.is_empty() => self.all.clone(),
            (words, sort) => Rc::new(self.arranged(eye, &sieve, words, sort)),
        };
        self.sought = sought;
        self.follow_news(&before);
        if !self.marks.is_empty() {
            // What is not in the list is not acted on.
            let there: BTreeSet<&ItemId> = self.ids.iter().collect();
            self.marks.retain(|id| there.contains(id));
        }
        self.stamp = Some(stamp);
        if self.blade == Blade::Overview {
            self.summary = summary(eye);
        }
        // The cursor stays on its thing; if that is gone, on its place.
        let held = self
            .cursor
            .as_ref()
            .and_then(|c| self.ids.iter().position(|id| id == c));
        self.go(held.unwrap_or(self.index));
    }
}

/// Tells a row from one that says something else. That time passes says nothing.
fn said(row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    for cell in row.cells.iter().filter(|cell| sieve::time(cell).is_none()) {
        cell.text.hash(&mut hasher);
    }
    hasher.finish()
}

impl App {
    /// Brings what the top blade shows up to date. Called before every frame and after every input.
    pub fn refresh(&mut self, ctx: &Ctx) {
        let size = self.size;
        let actor = self.actor.clone();
        let eye = Eye {
            world: ctx.world,
            now: ctx.now,
            actor: &actor,
        };
        let body = geometry::body(size);
        let (no_legend, detail) = (self.ingestion.no_legend, self.detail);
        if let Blade::Ingestion(scope) = &self.page().blade {
            let scope = scope.clone();
            let across = ingestion::view::across(body, no_legend);
            self.ingestion.refresh(eye, &scope, across);
        }
        if let Blade::Revocation(id) = &self.page().blade {
            let id = id.clone();
            self.revocation.refresh(eye, &id);
        }
        let page = self.page_mut();
        if page.blade.is_list() {
            page.list(eye);
            let rows = geometry::list_rows(list_area(&page.blade, body, no_legend, detail));
            page.first = window(page.first, page.index, rows, page.ids.len());
            page.compare(eye, rows);
        } else {
            match page.blade.doc(eye) {
                Ok(doc) => {
                    page.refusal = None;
                    let (main, side) = geometry::streams(body, !doc.side.is_empty());
                    page.lines = match side {
                        Some(side) => {
                            (layout(&doc.main, main.width), layout(&doc.side, side.width))
                        }
                        None => {
                            let mut all = doc.main;
                            all.extend(doc.side);
                            (layout(&all, main.width), Vec::new())
                        }
                    };
                }
                Err(refusal) => {
                    page.refusal = Some(refusal);
                    page.lines = Default::default();
                }
            }
            page.relink(usize::from(body.height));
        }
        if let Blade::Revocation(_) = self.page().blade {
            let index = self.page().index;
            self.revocation.follow(index);
        }
        if let Blade::Query(_) = self.page().blade {
            let body = geometry::body(self.size);
            if let Some(desk) = self.desk() {
                let height = query::view::rows_of(desk, body);
                desk.first = window(desk.first, desk.row, height, desk.rows());
            }
        }
        self.near = self.related(ctx);
        self.refresh_form(ctx);
        self.refresh_menu(ctx);
        self.note_place();
        self.notice(ctx);
        self.warn(ctx);
    }

    /// What a menu offers may have become less; its cursor stays on something.
    fn refresh_menu(&mut self, ctx: &Ctx) {
        let offered = match &self.modal {
            Some(Modal::Palette { typed, .. }) => self.offers(ctx, &typed.0).len(),
            Some(Modal::People { typed, .. }) => self.personas(ctx, &typed.0).len(),
            _ => return,
        };
        if let Some(Modal::Palette { cursor, .. } | Modal::People { cursor, .. }) = &mut self.modal
        {
            *cursor = (*cursor).min(offered.saturating_sub(1));
        }
    }
}

/// The part of the body that is the list.
pub fn list_area(
    blade: &Blade,
    body: geometry::Area,
    no_legend: bool,
    detail: Option<u16>,
) -> geometry::Area {
    match blade {
        Blade::Overview => {
            let list = geometry::overview(body).list;
            // Its heading.
            list.lines(1, list.height)
        }
        Blade::Pending => geometry::triage(body).0,
        Blade::Ingestion(_) => ingestion::view::parts(body, no_legend).list,
        Blade::Revocation(_) => body,
        _ => detail.map_or(body, |share| geometry::detail(body, share).0),
    }
}
