//! A recording, played on the terminal.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Guard;
use crate::console::app::Input;
use crate::console::cast::{Cast, Filter};
use crate::console::input::Code;

/// How long the last frame stays.
const LAST: Duration = Duration::from_secs(1);
/// A signal is noticed within.
const STEP: Duration = Duration::from_millis(100);

/// Plays it so many times as fast, with no pause longer than the limit. Esc, q or Ctrl-C stop, Space pauses.
pub fn replay(cast: &Cast, speed: f64, limit: Option<Duration>) -> io::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let _guard = Guard::take()?;
    let mut out = super::out()?;
    let mut filter = Filter::default();
    let mut player = Player {
        stop,
        paused: false,
    };
    let mut last = Duration::ZERO;
    for (at, frame) in &cast.frames {
        let gap = at.saturating_sub(last);
        last = *at;
        let gap = limit.map_or(gap, |limit| gap.min(limit));
        let gap = Duration::try_from_secs_f64(gap.as_secs_f64() / speed);
        if !player.wait(gap.unwrap_or(Duration::MAX))? {
            return Ok(());
        }
        out.write_all(filter.pass(frame).as_bytes())?;
    }
    player.wait(LAST)?;
    Ok(())
}

struct Player {
    stop: Arc<AtomicBool>,
    paused: bool,
}

impl Player {
    /// Waits and listens to keys; false when it is to stop.
    fn wait(&mut self, mut left: Duration) -> io::Result<bool> {
        loop {
            let began = Instant::now();
            let step = if self.paused { STEP } else { left.min(STEP) };
            if crossterm::event::poll(step)? {
                let read = super::input::read(crossterm::event::read()?);
                if let Some(Input::Key(key)) = read {
                    match key.code {
                        Code::Esc | Code::Char('q') => return Ok(false),
                        Code::Char('c') if key.ctrl => return Ok(false),
                        Code::Char(' ') => self.paused = !self.paused,
                        _ => {}
                    }
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            if !self.paused {
                left = left.saturating_sub(began.elapsed());
                if left.is_zero() {
                    return Ok(true);
                }
            }
        }
    }
}
