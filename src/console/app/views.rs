//! How lists are looked at: filter, order, columns, and the pane beside them. Remembered by kind of list for as long
//! as the console runs; every change can be taken back. A filter is remembered to be called back, and never stands in
//! a list that is opened anew: nobody misses a request because of what was typed an hour ago. Marks are the page's own.

use std::collections::{BTreeSet, HashMap};
use std::mem::Discriminant;

use super::page::Page;
use super::{App, Ctx, Effect, Modal};
use crate::console::blades::Blade;
use crate::console::rows::{Column, ItemId, Slot, Width, fit};
use crate::console::theme::Token;

/// Changes that can be taken back.
const UNDO_MAX: usize = 100;

/// A column and whether the largest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

/// How a kind of list is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListView {
    pub filter: String,
    /// None leaves the order to the list.
    pub sort: Option<Sort>,
    /// Places of columns in the order they stand in; empty as the list has them.
    pub order: Vec<usize>,
    pub hidden: BTreeSet<usize>,
    /// Columns after the first that are scrolled out on the left.
    pub across: usize,
}

impl ListView {
    /// All columns in their order, those that are put away too.
    pub fn ordered(&self, columns: &[Column]) -> Vec<usize> {
        let all = (0..columns.len()).filter(|i| columns[*i].width != Width::Data);
        let rest = all.filter(|i| !self.order.contains(i));
        let placed = self.order.iter().copied().filter(|i| *i < columns.len());
        match self.order.is_empty() {
            true => rest.collect(),
            false => placed.chain(rest).collect(),
        }
    }

    /// Columns that are shown where there is room.
    fn shown(&self, columns: &[Column]) -> Vec<usize> {
        let mut shown = self.ordered(columns);
        shown.retain(|i| !self.hidden.contains(i));
        let end = shown
            .len()
            .min(1 + self.across.min(shown.len().saturating_sub(2)));
        if end > 1 {
            shown.drain(1..end);
        }
        shown
    }

    /// Which columns find room, as places in `columns`.
    pub fn slots(&self, columns: &[Column], width: u16) -> Vec<Slot> {
        let shown = self.shown(columns);
        let picked: Vec<Column> = shown.iter().map(|i| columns[*i]).collect();
        let mut slots = fit(&picked, width);
        for slot in &mut slots {
            slot.column = shown[slot.column];
        }
        slots
    }
}

/// What lists of a kind are looked at like.
#[derive(Default)]
pub struct Views {
    kept: HashMap<Discriminant<Blade>, ListView>,
    /// Filters that were kept, the last one last.
    filters: HashMap<Discriminant<Blade>, Vec<String>>,
    undo: Vec<(Discriminant<Blade>, ListView)>,
}

impl Views {
    /// A page of a blade, looked at as one of its kind was before.
    pub fn page(&self, blade: Blade) -> Page {
        let view = self.kept.get(&std::mem::discriminant(&blade)).cloned();
        let mut page = Page::new(blade);
        page.view = view.unwrap_or_default();
        page.view.filter.clear();
        page
    }
}

impl App {
    /// Changes how the present list is looked at.
    pub fn change_view(&mut self, change: impl FnOnce(&mut ListView)) {
        let page = self.page_mut();
        let before = page.view.clone();
        change(&mut page.view);
        if page.view != before {
            let (kind, now) = (std::mem::discriminant(&page.blade), page.view.clone());
            self.views.kept.insert(kind, now);
            self.views.undo.push((kind, before));
            let over = self.views.undo.len().saturating_sub(UNDO_MAX);
            self.views.undo.drain(..over);
        }
    }

    /// The filter as it is typed; the cursor goes to the top.
    pub fn set_filter(&mut self, filter: String) {
        let page = self.page_mut();
        page.view.filter = filter;
        page.go(0);
    }

    /// The filter stands, and can be called back when the list is opened anew.
    pub fn keep_filter(&mut self) {
        self.filtering = false;
        let page = self.page();
        let (kind, filter) = (
            std::mem::discriminant(&page.blade),
            page.view.filter.clone(),
        );
        let kept = self.views.filters.entry(kind).or_default();
        kept.retain(|old| *old != filter);
        if !filter.is_empty() {
            kept.push(filter);
        }
        let over = kept.len().saturating_sub(UNDO_MAX);
        kept.drain(..over);
    }

    /// The filter that was kept before the one that is typed.
    pub fn recall_filter(&mut self) {
        let page = self.page();
        let kept = self.views.filters.get(&std::mem::discriminant(&page.blade));
        let kept = kept.map_or(&[][..], Vec::as_slice);
        let here = kept.iter().position(|old| *old == page.view.filter);
        let before = here.unwrap_or(kept.len()).checked_sub(1);
        match before.and_then(|at| kept.get(at)).cloned() {
            Some(filter) => self.set_filter(filter),
            None => self.say("No filter was kept before.", Token::ToastInfo),
        }
    }

    pub fn undo_view(&mut self) {
        let Some((kind, before)) = self.views.undo.pop() else {
            self.say("No view was changed.", Token::ToastInfo);
            return;
        };
        let pages = self.stack.iter_mut();
        for page in pages.filter(|page| std::mem::discriminant(&page.blade) == kind) {
            page.view = before.clone();
        }
        self.views.kept.insert(kind, before);
        self.say("The view is as it was before.", Token::ToastInfo);
    }

    /// By the next column that is shown; after the last as the list has it.
    pub fn sort_on(&mut self) {
        let columns = self.page().blade.columns();
        self.change_view(|view| {
            let shown = view.shown(columns);
            let here = view
                .sort
                .and_then(|s| shown.iter().position(|i| *i == s.column));
            let next = here.map_or(0, |at| at + 1);
            view.sort = shown.get(next).map(|column| Sort {
                column: *column,
                descending: false,
            });
        });
        self.say_sort();
    }

    /// By a column; again the other way round; and then as the list has it.
    pub fn sort_by(&mut self, column: usize) {
        self.change_view(|view| {
            view.sort = match view.sort {
                Some(sort) if sort.column == column && sort.descending => None,
                Some(sort) if sort.column == column => Some(Sort {
                    descending: true,
                    ..sort
                }),
                _ => Some(Sort {
                    column,
                    descending: false,
                }),
            };
        });
        self.say_sort();
    }

    pub fn turn_sort(&mut self) {
        self.change_view(|view| {
            if let Some(sort) = &mut view.sort {
                sort.descending = !sort.descending;
            }
        });
        self.say_sort();
    }

    fn say_sort(&mut self) {
        let columns = self.page().blade.columns();
        let said = match self.page().view.sort {
            None => "In the order of the list.".to_owned(),
            Some(sort) => {
                let title = columns.get(sort.column).map_or("", |c| c.title);
                let way = if sort.descending {
                    "largest"
                } else {
                    "smallest"
                };
                format!("By {title}, {way} first.")
            }
        };
        self.say(said, Token::ToastInfo);
    }

    /// Scrolls columns out on the left, or back.
    pub fn scroll_across(&mut self, right: bool) {
        let columns = self.page().blade.columns();
        self.change_view(|view| {
            let all = view.ordered(columns);
            let shown = all.iter().filter(|i| !view.hidden.contains(i)).count();
            view.across = match right {
                true => (view.across + 1).min(shown.saturating_sub(2)),
                false => view.across.saturating_sub(1),
            };
        });
    }

    /// A column of the menu of columns: shown or put away. One always stays.
    pub fn toggle_column(&mut self) {
        let Some(Modal::Columns { cursor }) = self.modal else {
            return;
        };
        let columns = self.page().blade.columns();
        let mut refused = false;
        self.change_view(|view| {
            let all = view.ordered(columns);
            let Some(column) = all.get(cursor).copied() else {
                return;
            };
            if !view.hidden.remove(&column) {
                refused = view.hidden.len() + 1 >= all.len();
                if !refused {
                    view.hidden.insert(column);
                }
            }
        });
        if refused {
            self.say("One column has to stay.", Token::ToastWarn);
        }
    }

    /// Moves a column of the menu of columns up or down, and the cursor with it.
    pub fn move_column(&mut self, down: bool) {
        let Some(Modal::Columns { cursor }) = self.modal else {
            return;
        };
        let columns = self.page().blade.columns();
        let mut at = cursor;
        self.change_view(|view| {
            let mut order = view.ordered(columns);
            let to = match down {
                true => cursor + 1,
                false => cursor.wrapping_sub(1),
            };
            if cursor < order.len() && to < order.len() {
                order.swap(cursor, to);
                view.order = order;
                at = to;
            }
        });
        self.modal = Some(Modal::Columns { cursor: at });
    }

    pub fn sort_by_column(&mut self) {
        if let Some(Modal::Columns { cursor }) = self.modal {
            let all = self.page().view.ordered(self.page().blade.columns());
            if let Some(column) = all.get(cursor) {
                self.sort_by(*column);
            }
        }
    }

    /// Marks the row the cursor is on, or unmarks it, and goes on to the next.
    pub fn mark(&mut self, ctx: &Ctx) {
        let page = self.page_mut();
        let Some(id) = page.cursor.clone() else {
            return;
        };
        if !page.marks.remove(&id) {
            page.marks.insert(id);
        }
        self.shift(ctx, 1);
    }

    /// Marks every row there is, or none when all are marked.
    pub fn mark_all(&mut self) {
        let page = self.page_mut();
        let all: BTreeSet<ItemId> = page.ids.iter().cloned().collect();
        page.marks = if page.marks == all {
            BTreeSet::new()
        } else {
            all
        };
        let said = match self.page().marks.len() {
            0 => "Nothing is marked.".to_owned(),
            n => format!("{n} marked."),
        };
        self.say(said, Token::ToastInfo);
    }

    /// `lockbox-pending-requests-2020-11-22-09-00-00.csv`
    pub fn file_name(&self, ctx: &Ctx) -> String {
        let letters = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        };
        let title: String = self.page().blade.title().chars().map(letters).collect();
        let at = ctx.now.to_seconds().replace([' ', ':'], "-");
        format!("lockbox-{title}-{at}.csv")
    }

    /// The list as it is shown, written to a file named by what it ends with.
    pub fn export_list(&mut self, ctx: &Ctx, name: &str) -> Vec<Effect> {
        let format = match name.rsplit_once('.').map(|(_, end)| end) {
            Some("csv") => crate::console::once::Sheet::Csv,
            Some("json") => crate::console::once::Sheet::Json,
            Some("md") => crate::console::once::Sheet::Markdown,
            _ => {
                let says = "Nothing was written: a name ends with .csv, .json or .md.";
                self.say(says, Token::ToastWarn);
                return Vec::new();
            }
        };
        let (eye, page) = (self.eye(ctx), self.page());
        let rows = page.ids.iter().filter_map(|id| page.blade.row(eye, id));
        let shown = page.view.shown(page.blade.columns());
        let text =
            crate::console::once::sheet(format, &page.blade, &rows.collect::<Vec<_>>(), &shown);
        vec![Effect::Export {
            name: name.to_owned(),
            text,
        }]
    }
}
