//! Where one was: back and forward as in a browser, and bookmarks. Both last as long as the console runs; Esc goes up
//! and knows nothing of them.

use super::{App, Ctx, Effect, Modal};
use crate::console::blades::Blade;
use crate::console::rows::ItemId;
use crate::console::theme::Token;

/// Places that are remembered.
const MOST: usize = 100;

/// A blade and where on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub blade: Blade,
    pub cursor: Option<ItemId>,
    pub first: usize,
    pub filter: String,
}

#[derive(Debug, Clone, Default)]
pub struct Places {
    been: Vec<Place>,
    /// Which of them one is at.
    at: usize,
    pub marks: Vec<Place>,
}

impl App {
    fn here(&self) -> Place {
        let page = self.page();
        Place {
            blade: page.blade.clone(),
            cursor: page.cursor.clone(),
            first: page.first,
            filter: page.view.filter.clone(),
        }
    }

    /// Notes where one is: a new place after the present one, or the present one as it is now.
    pub(super) fn note_place(&mut self) {
        let here = self.here();
        let places = &mut self.places;
        match places.been.get_mut(places.at) {
            Some(place) if place.blade == here.blade => *place = here,
            _ => {
                places.been.truncate(places.at + 1);
                places.been.push(here);
                let over = places.been.len().saturating_sub(MOST);
                places.been.drain(..over);
                places.at = places.been.len() - 1;
            }
        }
    }

    fn go_to(&mut self, place: Place) {
        match place.blade {
            Blade::Overview => self.stack.truncate(1),
            blade => self.jump(blade),
        }
        self.filtering = false;
        let page = self.page_mut();
        page.cursor = place.cursor;
        page.first = place.first;
        page.view.filter = place.filter;
        // What is there may have become less since.
        page.forget();
    }

    pub fn walk(&mut self, back: bool) {
        let to = match back {
            true => self.places.at.checked_sub(1),
            false => Some(self.places.at + 1),
        };
        let place = to.and_then(|to| Some((to, self.places.been.get(to)?.clone())));
        match place {
            Some((to, place)) => {
                self.places.at = to;
                self.go_to(place);
            }
            None if back => self.say("This is where it began.", Token::ToastInfo),
            None => self.say("There is no place after this one.", Token::ToastInfo),
        }
    }

    pub fn is_marked(&self) -> bool {
        let blade = &self.page().blade;
        self.places.marks.iter().any(|place| place.blade == *blade)
    }

    pub fn turn_bookmark(&mut self) {
        let here = self.here();
        let before = self.places.marks.len();
        self.places.marks.retain(|place| place.blade != here.blade);
        let says = if self.places.marks.len() < before {
            "The bookmark is gone."
        } else {
            self.places.marks.push(here);
            "A bookmark; ' lists them."
        };
        self.say(says, Token::ToastInfo);
    }

    pub fn open_bookmark(&mut self, _: &Ctx) -> Vec<Effect> {
        if let Some(Modal::Bookmarks { cursor }) = self.modal.take()
            && let Some(place) = self.places.marks.get(cursor).cloned()
        {
            self.go_to(place);
        }
        Vec::new()
    }

    pub fn drop_bookmark(&mut self) {
        if let Some(Modal::Bookmarks { cursor }) = &mut self.modal
            && *cursor < self.places.marks.len()
        {
            self.places.marks.remove(*cursor);
            *cursor = (*cursor).min(self.places.marks.len().saturating_sub(1));
        }
    }
}
