//! Signs, apart from colours: the same theme works with either set.

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
    pub cursor: &'static str,
    pub thumb: &'static str,
    /// Around a choice that can be changed.
    pub turn: [&'static str; 2],
    /// A gauge where it is full, and where it is not yet.
    pub full: &'static str,
    pub track: &'static str,
    /// Corners clockwise from the top left, then horizontal and vertical.
    pub frame: [&'static str; 6],
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
    cursor: "▌",
    thumb: "┃",
    turn: ["‹", "›"],
    full: "█",
    track: "░",
    frame: ["╭", "╮", "╯", "╰", "─", "│"],
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
    cursor: ">",
    thumb: "#",
    turn: ["<", ">"],
    full: "#",
    track: ".",
    frame: ["+", "+", "+", "+", "-", "|"],
};

impl Glyphs {
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
