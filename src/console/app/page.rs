//! One blade on the stack: its cursor by identity, its filter, and what it shows, kept until the world, the
//! actor or the filter changes.
//!
//! A list has its cursor on a row. A page begins with its cursor on the thing it is about; from there it goes
//! over the links in reading order. What is not in sight is not selected.

use std::rc::Rc;

use super::geometry;
use super::{App, Ctx, Modal};
use crate::console::blades::overview::rows::{Summary, summary};
use crate::console::blades::{Blade, Eye, ingestion, people, query};
use crate::console::doc::{Line, layout};
use crate::console::rows::{ItemId, window};
use crate::engine::ids::Revision;
use crate::engine::lockbox::request::Operation;
use crate::engine::{Actor, Refusal};

/// What a kept list depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    revision: Revision,
    actor: Actor,
    operation: Option<Operation>,
    filter: String,
    /// Rises when time alone changes the order.
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
    pub filter: String,
    /// Activity log: only this operation.
    pub operation: Option<Operation>,
    /// The rows of a list, the links of a page.
    pub ids: Rc<Vec<ItemId>>,
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
            filter: String::new(),
            operation: None,
            ids: Rc::default(),
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

    fn list(&mut self, eye: Eye) {
        let stamp = Stamp {
            revision: eye.world.revision,
            actor: eye.actor.clone(),
            operation: self.operation,
            filter: self.filter.clone(),
            period: match self.blade {
                Blade::Ingestion(_) => ingestion::rows::period(eye.now),
                _ => 0,
            },
        };
        if self.stamp.as_ref() == Some(&stamp) {
            return;
        }
        // Only a longer filter: the rows found so far are enough to look through.
        let narrows = self.stamp.as_ref().is_some_and(|old| {
            let same = Stamp {
                filter: old.filter.clone(),
                ..stamp.clone()
            } == *old;
            same && !old.filter.is_empty() && stamp.filter.starts_with(&old.filter)
        });
        let found = if narrows {
            Ok(self.ids.to_vec())
        } else {
            let all = self.blade.ids(eye, self.operation);
            self.total = all.as_ref().map_or(0, Vec::len);
            all
        };
        match found {
            Ok(ids) => {
                self.refusal = None;
                self.ids = Rc::new(filtered(&self.blade, eye, ids, &self.filter));
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                self.ids = Rc::default();
            }
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

/// The rows in which every word of the filter occurs.
fn filtered(blade: &Blade, eye: Eye, ids: Vec<ItemId>, filter: &str) -> Vec<ItemId> {
    let words: Vec<String> = filter
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return ids;
    }
    let has = |id: &ItemId| {
        let row = match id {
            ItemId::Person(_) | ItemId::Observer => people::row(eye, id),
            _ => blade.row(eye, id),
        };
        row.is_some_and(|row| {
            let text: Vec<String> = row.cells.iter().map(|c| c.text.to_lowercase()).collect();
            words.iter().all(|w| text.iter().any(|t| t.contains(w)))
        })
    };
    ids.into_iter().filter(has).collect()
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
        let no_legend = self.ingestion.no_legend;
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
            let rows = geometry::list_rows(list_area(&page.blade, body, no_legend));
            page.first = window(page.first, page.index, rows, page.ids.len());
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
        self.notice(ctx);
    }

    /// What a menu offers may have become less; its cursor stays on something.
    fn refresh_menu(&mut self, ctx: &Ctx) {
        let offered = match &self.modal {
            Some(Modal::Palette { typed, .. }) => self.offers(&typed.0).len(),
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
pub fn list_area(blade: &Blade, body: geometry::Area, no_legend: bool) -> geometry::Area {
    match blade {
        Blade::Overview => {
            let list = geometry::overview(body).list;
            // Its heading.
            list.lines(1, list.height)
        }
        Blade::Pending => geometry::triage(body).0,
        Blade::Ingestion(_) => ingestion::view::parts(body, no_legend).list,
        _ => body,
    }
}
