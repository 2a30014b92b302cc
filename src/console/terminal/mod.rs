//! The terminal: taken over, given back whatever happens, and written to in one piece.
//!
//! Nothing else in the console names crossterm, but for the driver.

pub mod ask;
pub(super) mod encode;
pub mod input;
pub mod notes;
pub mod replay;
pub mod screen;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

pub use screen::Screen;

/// Alternate screen, no cursor, bracketed paste, focus reports.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[2J";
const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// What is asked of the terminal beyond that, each with how it begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Buttons and wheel, no motion.
    Mouse = 1,
    /// Keys that can be told apart (kitty's protocol, level 1).
    Keyboard = 2,
    /// The window's own title is put aside.
    Title = 4,
}

impl Mode {
    const ALL: [Mode; 3] = [Mode::Mouse, Mode::Keyboard, Mode::Title];

    const fn begins(self) -> &'static [u8] {
        match self {
            Mode::Mouse => b"\x1b[?1000h\x1b[?1006h",
            Mode::Keyboard => b"\x1b[>1u",
            Mode::Title => b"\x1b[22;2t",
        }
    }

    const fn ends(self) -> &'static [u8] {
        match self {
            Mode::Mouse => b"\x1b[?1006l\x1b[?1000l",
            Mode::Keyboard => b"\x1b[<u",
            Mode::Title => b"\x1b[23;2t",
        }
    }
}

/// Whether the terminal is ours now. One process has one terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// The modes that are wanted, as bits; they come back with the terminal.
static MODES: AtomicU8 = AtomicU8::new(0);

/// Turns a mode on or off, now and whenever the terminal is taken.
pub fn set(mode: Mode, on: bool) -> io::Result<()> {
    let bit = mode as u8;
    let before = match on {
        true => MODES.fetch_or(bit, Ordering::SeqCst),
        false => MODES.fetch_and(!bit, Ordering::SeqCst),
    };
    if TAKEN.load(Ordering::SeqCst) && (before & bit != 0) != on {
        out()?.write_all(if on { mode.begins() } else { mode.ends() })?;
    }
    Ok(())
}

fn modes() -> impl Iterator<Item = Mode> {
    let wanted = MODES.load(Ordering::SeqCst);
    Mode::ALL
        .into_iter()
        .filter(move |mode| wanted & *mode as u8 != 0)
}

/// Gives the terminal back when it goes.
pub struct Guard;

impl Guard {
    /// Takes the terminal and sees to it that a panic gives it back before its report is printed.
    pub fn take() -> io::Result<Guard> {
        static HOOKED: AtomicBool = AtomicBool::new(false);
        if !HOOKED.swap(true, Ordering::SeqCst) {
            // The report is the edge's; it only has to wait until the terminal can show it.
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let _ = give_back();
                report(info);
            }));
        }
        retake()?;
        Ok(Guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = give_back();
    }
}

/// Takes the terminal, if it is not ours already.
pub fn retake() -> io::Result<()> {
    if !TAKEN.swap(true, Ordering::SeqCst) {
        enable_raw_mode()?;
        let begins = modes().flat_map(|mode| mode.begins());
        let bytes: Vec<u8> = ENTER.iter().chain(begins).copied().collect();
        out()?.write_all(&bytes)?;
    }
    Ok(())
}

/// Restores the terminal; nothing happens when it is restored already.
pub fn give_back() -> io::Result<()> {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let ends = modes().flat_map(|mode| mode.ends());
        let bytes: Vec<u8> = ends.chain(LEAVE).copied().collect();
        out()?.write_all(&bytes)?;
        disable_raw_mode()?;
    }
    Ok(())
}

/// Columns and rows.
pub fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// Stops like any program at Ctrl-Z and takes the terminal again when continued.
pub fn suspend() -> io::Result<()> {
    give_back()?;
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
    retake()
}

/// Standard output without the line buffer of `Stdout`, which would cut a frame into many writes.
fn out() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}
