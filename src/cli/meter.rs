//! How far something long is, as one line on a terminal's stderr, and Ctrl-C as a wish to stop. Where nobody
//! looks, nothing is drawn.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::context::Context;

const EVERY: Duration = Duration::from_millis(100);
/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Becomes true when somebody presses Ctrl-C or asks the process to end; who does so twice does not wait.
pub fn interrupted() -> io::Result<Arc<AtomicBool>> {
    let wish = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // This one first: it acts only when the wish was there before.
        flag::register_conditional_shutdown(signal, INTERRUPTED, wish.clone())?;
        flag::register(signal, wish.clone())?;
    }
    Ok(wish)
}

/// The line, until it is dropped.
pub struct Meter {
    bar: ProgressBar,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    /// `look` says how many bytes are done, of how many once that is known, and what else there is to say.
    pub fn start(
        context: &Context,
        look: impl Fn() -> (u64, Option<u64>, String) + Send + 'static,
    ) -> Meter {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if bar.is_hidden() {
            return Meter {
                bar,
                end: None,
                thread: None,
            };
        }
        let style = |template: &str| {
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars(if context.global.ascii() {
                    "=> "
                } else {
                    "█▌ "
                })
        };
        let known = style("{bar:24} {decimal_bytes}/{decimal_total_bytes} {wide_msg}");
        let unknown = style("{decimal_bytes} {wide_msg}");
        bar.set_style(unknown);
        let (end, ended) = mpsc::channel();
        let here = bar.clone();
        let thread = std::thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(EVERY) {
                let (done, of, rest) = look();
                if let Some(of) = of.filter(|of| here.length() != Some(*of)) {
                    here.set_length(of);
                    here.set_style(known.clone());
                }
                here.set_position(done);
                here.set_message(rest);
            }
        });
        Meter {
            bar,
            end: Some(end),
            thread: Some(thread),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It draws and nothing else; if it panicked there is no line to take away.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
