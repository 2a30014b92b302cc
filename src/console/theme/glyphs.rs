//! Signs, apart from colours: the same theme works with every set.

use crate::console::rows::Mark;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    pub ok: &'static str,
    pub waiting: &'static str,
    pub warn: &'static str,
    pub bad: &'static str,
    pub off: &'static str,
    pub info: &'static str,
    pub busy: &'static str,
    pub bar: &'static str,
    pub bar_top: &'static str,
    pub rule: &'static str,
    pub crumb: &'static str,
    pub running: &'static str,
    pub paused: &'static str,
    /// One looks at the past; one is in a branch.
    pub past: &'static str,
    pub branch: &'static str,
    pub cursor: &'static str,
    pub thumb: &'static str,
    pub marked: &'static str,
    /// Sorted, smallest first and largest first.
    pub sorted: [&'static str; 2],
    /// Around a choice that can be changed.
    pub turn: [&'static str; 2],
    /// A gauge where it is full, and where it is not yet.
    pub full: &'static str,
    pub track: &'static str,
    /// Corners clockwise from the top left, then horizontal and vertical.
    pub frame: [&'static str; 6],
    pub chart: Chart,
}

/// Signs of a chart over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chart {
    /// A cell that is full by so many eighths.
    pub steps: [&'static str; 9],
    /// What a fate fills its cells with, in the order of the fates: each has a sign of its own.
    pub fates: [&'static str; 4],
    /// The axes: where they meet, along time, a tick of time, along the values, a tick of a value.
    pub axes: [&'static str; 5],
    /// What a line of the chart is made of where nothing is below it, and where something is.
    pub capacity: [&'static str; 2],
    pub threshold: &'static str,
    /// Something bad happened, something good.
    pub events: [&'static str; 2],
}

pub const UNICODE: Glyphs = Glyphs {
    ok: "●",
    waiting: "◐",
    warn: "▲",
    bad: "✖",
    off: "○",
    info: "◆",
    busy: "◌",
    bar: "┃",
    bar_top: "┏",
    rule: "─",
    crumb: "›",
    running: "▶",
    paused: "‖",
    past: "«",
    branch: "├",
    cursor: "▌",
    thumb: "┃",
    marked: "✓",
    sorted: ["↑", "↓"],
    turn: ["‹", "›"],
    full: "█",
    track: "░",
    frame: ["╭", "╮", "╯", "╰", "─", "│"],
    chart: Chart {
        steps: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        fates: ["█", "▒", "░", "╳"],
        axes: ["└", "─", "┬", "│", "┤"],
        capacity: ["╌", "━"],
        threshold: "┈",
        events: ["▼", "▲"],
    },
};

pub const ASCII: Glyphs = Glyphs {
    ok: "o",
    waiting: "~",
    warn: "!",
    bad: "x",
    off: ".",
    info: "*",
    busy: ":",
    bar: "|",
    bar_top: "+",
    rule: "-",
    crumb: ">",
    running: ">",
    paused: "=",
    past: "<<",
    branch: "+-",
    cursor: ">",
    thumb: "#",
    marked: "*",
    sorted: ["^", "v"],
    turn: ["<", ">"],
    full: "#",
    track: ".",
    frame: ["+", "+", "+", "+", "-", "|"],
    chart: Chart {
        steps: [" ", ".", ".", ":", ":", "=", "=", "#", "#"],
        fates: ["#", "m", "b", "x"],
        axes: ["+", "-", "+", "|", "+"],
        capacity: ["-", "="],
        threshold: ".",
        events: ["v", "^"],
    },
};

/// For a terminal whose font has the icons of Nerd Fonts; what is drawn of lines stays as it is.
pub const NERD: Glyphs = Glyphs {
    ok: "\u{f058}",      // fa-check_circle
    waiting: "\u{f017}", // fa-clock
    warn: "\u{f071}",    // fa-warning
    bad: "\u{f057}",     // fa-times_circle
    off: "\u{f10c}",     // fa-circle_o
    info: "\u{f05a}",    // fa-info_circle
    busy: "\u{f110}",    // fa-spinner
    crumb: "\u{f105}",   // fa-angle_right
    running: "\u{f04b}", // fa-play
    paused: "\u{f04c}",  // fa-pause
    past: "\u{f04a}",    // fa-backward
    branch: "\u{e0a0}",  // pl-branch
    turn: ["\u{f104}", "\u{f105}"],
    ..UNICODE
};

impl Glyphs {
    /// Whether a terminal shows nothing but ASCII.
    pub fn ascii(&self) -> bool {
        self.rule == ASCII.rule
    }

    pub fn mark(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::Ok => self.ok,
            Mark::Waiting => self.waiting,
            Mark::Warn => self.warn,
            Mark::Bad => self.bad,
            Mark::Off => self.off,
            Mark::Info => self.info,
            Mark::Busy => self.busy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::width;

    #[test]
    fn every_mark_has_a_sign_of_its_own_one_cell_wide() {
        for set in [UNICODE, ASCII, NERD] {
            let marks = [
                Mark::Ok,
                Mark::Waiting,
                Mark::Warn,
                Mark::Bad,
                Mark::Off,
                Mark::Info,
                Mark::Busy,
            ];
            let signs = marks.map(|mark| set.mark(mark));
            for (n, sign) in signs.iter().enumerate() {
                assert_eq!(width(sign), 1, "{sign:?}");
                assert!(!signs[..n].contains(sign), "{sign:?} stands for two");
            }
        }
    }

    #[test]
    fn icons_are_one_cell_wide_too_and_are_no_ascii() {
        let set = NERD;
        let others = [set.crumb, set.running, set.paused, set.past, set.branch];
        for sign in others.into_iter().chain(set.turn) {
            assert_eq!(width(sign), 1, "{sign:?}");
            assert!(('\u{e000}'..='\u{f8ff}').contains(&sign.chars().next().unwrap()));
        }
        assert!(!set.ascii());
    }
}
