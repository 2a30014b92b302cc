//! Where things stand on a screen of some size, and what can be clicked. Shared by the state, which must know
//! how far a page scrolls, and by the painter.

use crate::console::rows::ItemId;

/// A piece of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    pub fn contains(&self, x: u16, y: u16) -> bool {
        (self.x..self.x.saturating_add(self.width)).contains(&x)
            && (self.y..self.y.saturating_add(self.height)).contains(&y)
    }

    pub fn right(&self) -> u16 {
        self.x.saturating_add(self.width)
    }

    pub fn bottom(&self) -> u16 {
        self.y.saturating_add(self.height)
    }

    /// The lines from `from` on, `height` of them.
    pub fn lines(&self, from: u16, height: u16) -> Area {
        let from = from.min(self.height);
        Area {
            y: self.y + from,
            height: height.min(self.height - from),
            ..*self
        }
    }

    /// Without `by` columns on the left and right.
    pub fn inset(&self, by: u16) -> Area {
        let by = by.min(self.width / 2);
        Area {
            x: self.x + by,
            width: self.width - 2 * by,
            ..*self
        }
    }

    /// A box of this size in the middle.
    pub fn middle(&self, width: u16, height: u16) -> Area {
        let (width, height) = (width.min(self.width), height.min(self.height));
        Area {
            x: self.x + (self.width - width) / 2,
            y: self.y + (self.height - height) / 2,
            width,
            height,
        }
    }
}

/// What a click on a piece of the screen means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A row of the list.
    Row(ItemId),
    /// The title of a column.
    Column(usize),
    /// A place in the action table.
    Action(usize),
    /// Back to this depth of the stack.
    Crumb(usize),
    /// A row of the modal's list.
    Choice(usize),
    /// A field or button of the dialog.
    Focus(super::dialog::Focus),
    /// A field or button of a form.
    Part(super::form::Focus),
    /// An option of a form's field of several.
    Spot(usize, usize),
    /// A moment of a chart whose columns stand here.
    Chart(Area),
    /// A part of the record, on the bar that stands here.
    Scrub(Area),
    /// Nothing behind it can be clicked.
    Backdrop,
}

/// The clickable pieces of one frame; later ones lie above earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits(Vec<(Area, Hit)>);

impl Hits {
    pub fn add(&mut self, area: Area, hit: Hit) {
        self.0.push((area, hit));
    }

    pub fn at(&self, x: u16, y: u16) -> Option<&Hit> {
        self.0
            .iter()
            .rev()
            .find(|(area, _)| area.contains(x, y))
            .map(|(_, hit)| hit)
    }
}

pub const SMALLEST: (u16, u16) = (40, 12);

/// Band and breadcrumbs above, toast line and key bar below.
const ABOVE: u16 = 2;
const BELOW: u16 = 2;

/// Where the blade stands.
pub fn body(size: (u16, u16)) -> Area {
    Area::new(0, ABOVE, size.0, size.1.saturating_sub(ABOVE + BELOW))
}

/// How the overview shares its body: figures, the list, what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overview {
    pub cards: Area,
    pub list: Area,
    pub below: Area,
}

pub fn overview(body: Area) -> Overview {
    let cards = if body.height >= 16 { 4 } else { 1 };
    let below = if body.height >= 24 {
        9
    } else if body.height >= 16 {
        6
    } else {
        0
    };
    let list = body.height.saturating_sub(cards + below);
    Overview {
        cards: body.lines(0, cards),
        list: body.lines(cards, list),
        below: body.lines(cards + list, below),
    }
}

/// The triage list, and below it why the one under the cursor is asked for.
pub fn triage(body: Area) -> (Area, Area) {
    let below = match body.height {
        0..12 => 0,
        12..24 => 6,
        _ => 9,
    };
    let list = body.height - below;
    (body.lines(0, list), body.lines(list, below))
}

/// From this width on what a row is about stands beside the list.
const BESIDE: u16 = 110;

/// A list, and what the row under its cursor is about: beside it where there is room, below it elsewhere. `share` is
/// the pane's, in hundredths.
pub fn detail(body: Area, share: u16) -> (Area, Area) {
    if body.width >= BESIDE {
        let pane = body.width * share / 100;
        let list = Area {
            width: body.width - pane,
            ..body
        };
        let pane = Area {
            x: list.right(),
            width: pane,
            ..body
        };
        return (list, pane);
    }
    let pane = (body.height * share / 100)
        .max(3)
        .min(body.height.saturating_sub(3));
    let list = body.height - pane;
    (body.lines(0, list), body.lines(list, pane))
}

/// The two streams of a page, side by side where there is room.
pub fn streams(body: Area, both: bool) -> (Area, Option<Area>) {
    let inner = body.inset(1);
    if !both || body.width < crate::console::doc::WIDE {
        return (inner, None);
    }
    let left = inner.width * 11 / 20;
    let side = Area {
        x: inner.x + left + 3,
        width: inner.width - left - 3,
        ..inner
    };
    let main = Area {
        width: left,
        ..inner
    };
    (main, Some(side))
}

/// Rows of a list that fit below its column titles.
pub fn list_rows(area: Area) -> usize {
    usize::from(area.height.saturating_sub(1))
}
