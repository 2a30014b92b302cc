//! The console in lines, for screen readers and dumb terminals: it prints lines and reads lines, and nothing else
//! goes to the terminal. The state, the actions and what they say are the screen's; only the telling is done here.

mod asked;
mod told;
mod words;

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::actions::ACTIONS;
use super::app::travel::At;
use super::app::{App, Ctx, Effect, Input};
use super::blades::Blade;
use super::driver::ConsoleError;
use super::driver::core::{Came, Core};
use super::input::Keymap;
use crate::engine::ids::Revision;
use crate::engine::lockbox::request::Operation;
use crate::engine::projections::sentence::sentence;
use crate::engine::{Actor, SimTime, ask, due};
use crate::runtime::{Cue, Handle};
use words::Meaning;

const PROMPT: &str = "lockbox> ";
/// Events told at once; the record has the others.
const NEWS: usize = 20;
/// How long what the clock went past is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Nothing is laid out on a screen; this is what the pages are told that there is.
const SIZE: (u16, u16) = (80, 24);

/// Opens the console and returns when the person leaves, the input ends or a signal ends it.
pub fn run(handle: Handle, actor: Actor, readonly: bool) -> Result<(), ConsoleError> {
    let keymap = Keymap::defaults()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut app = App::new(actor, Keymap::defaults()?, SIZE);
    app.readonly = readonly;
    let ended = runtime.block_on(async { Plain::new(handle, app, keymap)?.drive().await });
    match ended {
        // Who does not listen any more has heard enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        ended => ended.map_err(ConsoleError::Terminal),
    }
}

struct Plain {
    core: Core,
    keymap: Keymap,
    lines: mpsc::Receiver<String>,
    /// What is typed does not show by itself.
    echo: bool,
    signals: [Signal; 3],
    /// Up to where what happened was told, and in which world.
    told: Revision,
    at: At,
    cue: Cue,
    /// The first row of a list that was told last.
    from: usize,
    /// The clock was set.
    timed: bool,
    leaving: bool,
}

/// What a blade shows; it is told again when this changes.
#[derive(PartialEq)]
struct Place {
    depth: usize,
    blade: Blade,
    filter: String,
    operation: Option<Operation>,
    at: At,
    actor: Actor,
    block: u64,
    questions: u64,
}

/// Lines of the standard input. They are waited for on a thread of their own, which ends with the process.
fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            if sender.blocking_send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}

impl Plain {
    fn new(handle: Handle, app: App, keymap: Keymap) -> io::Result<Plain> {
        let told = handle.views().borrow().world.revision;
        Ok(Plain {
            core: Core::new(handle, app),
            keymap,
            lines: lines(),
            echo: !io::stdin().is_terminal(),
            signals: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::interrupt())?,
            ],
            told,
            at: At::default(),
            cue: Cue::default(),
            from: 0,
            timed: false,
            leaving: false,
        })
    }

    async fn drive(mut self) -> io::Result<()> {
        let head = self.with(|app, ctx| {
            app.refresh(ctx);
            told::head(app, ctx)
        });
        self.say_all(head)?;
        self.show().await?;
        self.say("help lists what can be done, quit leaves.")?;
        self.cue()?;
        while let Some(line) = self.read(PROMPT, true).await? {
            self.obey(&line).await?;
            if self.leaving {
                break;
            }
        }
        Ok(())
    }

    /// Does something with the app as the world is now.
    fn with<T>(&mut self, act: impl FnOnce(&mut App, &Ctx) -> T) -> T {
        let now = self.core.now();
        act(&mut self.core.app, &now.ctx())
    }

    fn say(&self, line: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{}", told::calm(line))
    }

    fn say_all(&self, lines: impl IntoIterator<Item = String>) -> io::Result<()> {
        lines.into_iter().try_for_each(|line| self.say(&line))
    }

    /// Asks for a line; none when nobody is going to answer. With `news`, what happens meanwhile is told.
    async fn read(&mut self, question: &str, news: bool) -> io::Result<Option<String>> {
        self.prompt(question)?;
        loop {
            let [terminate, hangup, interrupt] = &mut self.signals;
            let line = tokio::select! {
                biased;
                _ = terminate.recv() => None,
                _ = hangup.recv() => None,
                _ = interrupt.recv() => None,
                line = self.lines.recv() => line,
                came = self.core.next() => {
                    if came != Came::Nothing {
                        if news && self.unheard() {
                            writeln!(io::stdout().lock())?;
                            self.news("").await?;
                            self.prompt(question)?;
                        }
                        continue;
                    }
                    None
                }
            };
            match &line {
                Some(line) if self.echo => self.say(line.trim())?,
                Some(_) => {}
                None => {
                    self.leaving = true;
                    self.say("")?;
                }
            }
            return Ok(line.map(|line| line.trim().to_owned()));
        }
    }

    fn prompt(&self, question: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "{}", told::calm(question))?;
        out.flush()
    }

    async fn obey(&mut self, line: &str) -> io::Result<()> {
        let now = self.core.now();
        let meaning = words::meaning(&self.core.app, &now.ctx(), &self.keymap, line);
        let before = self.place();
        self.core.app.toast = None;
        self.timed = false;
        match meaning {
            Meaning::Nothing => return Ok(()),
            Meaning::No(why) => return self.say(&why),
            Meaning::Rows => return self.show().await,
            Meaning::More => {
                let count = self.core.app.page().ids.len();
                if self.from + told::ROWS >= count {
                    return self.say("These were all rows.");
                }
                self.from += told::ROWS;
                return self.tell_blade();
            }
            Meaning::Help => {
                let help = self.with(|app, ctx| words::help(app, ctx));
                return self.say_all(help);
            }
            Meaning::Now => {
                let head = self.with(|app, ctx| told::head(app, ctx));
                return self.say_all(head);
            }
            Meaning::Filter(words) => self.filter(&words),
            Meaning::Go(blade) => self.with(|app, ctx| {
                app.open(blade);
                app.refresh(ctx);
            }),
            Meaning::Row(row) => {
                if self.choose(row)?
                    && let Some(enter) = words::by_key(&self.core.app, &self.keymap, "enter")
                {
                    self.act(enter).await?;
                }
            }
            Meaning::Action(action, row) => {
                let chosen = match row {
                    Some(row) => self.choose(row)?,
                    None => true,
                };
                if chosen {
                    self.act(action).await?;
                }
            }
        }
        if self.leaving {
            return Ok(());
        }
        self.settle().await?;
        if self.timed {
            self.catch_up().await;
        }
        let toast = self.core.app.toast.take().map(|toast| toast.text);
        if let Some(toast) = &toast {
            self.say(toast)?;
        }
        self.news(&toast.unwrap_or_default()).await?;
        if self.timed {
            let time = self.with(|app, ctx| told::time(app, ctx));
            self.say(&time)?;
        }
        if self.place() != before {
            self.show().await?;
        }
        Ok(())
    }

    /// Puts the cursor on a row by its number; whether there is one.
    fn choose(&mut self, row: usize) -> io::Result<bool> {
        let count = self.core.app.page().ids.len();
        if row == 0 || row > count {
            self.say(&match count {
                0 => "There are no rows here.".to_owned(),
                _ => format!("There is no row {row}; the rows are 1 to {count}."),
            })?;
            return Ok(false);
        }
        self.with(|app, ctx| {
            app.page_mut().go(row - 1);
            app.refresh(ctx);
        });
        Ok(true)
    }

    fn filter(&mut self, words: &str) {
        self.with(|app, ctx| {
            if !app.page().blade.is_list() {
                app.say(
                    "Only lists have rows to choose from.",
                    super::theme::Token::ToastWarn,
                );
                return;
            }
            app.page_mut().view.filter.clear();
            app.filtering = true;
            app.update(ctx, Input::Paste(words.to_owned()));
            app.filtering = false;
            app.page_mut().go(0);
            app.refresh(ctx);
        });
    }

    /// Does an action, or says why not; what it asks is asked.
    async fn act(&mut self, action: usize) -> io::Result<()> {
        let def = &ACTIONS[action];
        let why = self.with(|app, ctx| {
            app.why_not(def, ctx)
                .or_else(|| words::out_of_place(app, def))
        });
        if let Some(why) = why {
            return self.say(&why);
        }
        if def.name == "query.run" && !self.write_query().await? {
            return Ok(());
        }
        let before = self.place();
        let effects = self.with(|app, ctx| {
            let effects = app.run(ctx, action);
            app.refresh(ctx);
            effects
        });
        self.perform(effects)?;
        self.settle().await?;
        self.questions().await?;
        if def.name == "app.back" && self.place() == before {
            self.say("This is where one begins; quit leaves.")?;
        }
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            self.timed |= matches!(effect, Effect::Clock(_));
            match self.core.perform(effect) {
                Some(Effect::Quit) => self.leaving = true,
                // There is no clipboard; who hears it can take it down.
                Some(Effect::Copy(text)) => self.say_all(text.lines().map(str::to_owned))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits until what was begun has ended.
    async fn settle(&mut self) -> io::Result<()> {
        while self.core.busy() && !self.leaving {
            let [terminate, hangup, interrupt] = &mut self.signals;
            tokio::select! {
                biased;
                _ = terminate.recv() => self.leaving = true,
                _ = hangup.recv() => self.leaving = true,
                _ = interrupt.recv() => self.leaving = true,
                came = self.core.next() => self.leaving = came == Came::Nothing,
            }
        }
        self.with(|app, ctx| app.refresh(ctx));
        Ok(())
    }

    /// Waits until what the clock went past has happened, unless that takes long or is another process's to do.
    async fn catch_up(&mut self) {
        let ended = tokio::time::Instant::now() + PATIENCE;
        let late = |core: &mut Core| {
            let now = core.now();
            let ctx = now.ctx();
            due(ctx.world).is_some_and(|due| due <= ctx.now)
        };
        while late(&mut self.core) {
            match tokio::time::timeout_at(ended, self.core.next()).await {
                Ok(Came::Reply | Came::News) => {}
                Ok(Came::Nothing) | Err(_) => return,
            }
        }
    }

    fn place(&self) -> Place {
        let app = &self.core.app;
        let page = app.page();
        Place {
            depth: app.stack.len(),
            blade: page.blade.clone(),
            filter: page.view.filter.clone(),
            operation: page.operation,
            at: app.at.clone(),
            actor: app.actor.clone(),
            block: app.blocks.number,
            questions: app.asked,
        }
    }

    async fn show(&mut self) -> io::Result<()> {
        let now = self.core.now();
        self.core.app.refresh(&now.ctx());
        self.core.look(&now.ctx());
        self.settle().await?;
        self.from = 0;
        self.tell_blade()
    }

    fn tell_blade(&mut self) -> io::Result<()> {
        let from = self.from;
        let lines = self.with(|app, ctx| told::blade(app, ctx, from));
        self.say_all(lines)
    }

    /// Whether something happened that was not told.
    fn unheard(&mut self) -> bool {
        self.with(|app, ctx| app.refresh(ctx));
        self.core.app.at.past.is_none() && self.core.shown().world.revision > self.told
    }

    /// What happened since it was last told, as far as one may see it; not what was just said.
    async fn news(&mut self, said: &str) -> io::Result<()> {
        let head = self.core.shown().world.revision;
        if self.at != self.core.app.at {
            // Another world: what happens from here on is news.
            (self.at, self.told) = (self.core.app.at.clone(), head);
        }
        if self.unheard() {
            let events = self.core.happened(self.told).await;
            self.told = events.last().map_or(head, |event| event.revision);
            let lines: Vec<String> = self.with(|app, ctx| {
                let seen = events
                    .iter()
                    .filter(|e| ask::sees(ctx.world, &app.actor, e));
                let told = seen.map(|e| (e.at, sentence(ctx.world, e)));
                let told = told.filter(|(_, sentence)| sentence != said);
                told.map(|(at, sentence)| format!("{} {sentence}", clock(at)))
                    .collect()
            });
            let over = lines.len().saturating_sub(NEWS);
            if over > 0 {
                self.say(&format!(
                    "{over} more events before; past.history lists the record."
                ))?;
            }
            self.say_all(lines.into_iter().skip(over))?;
        }
        self.core.app.toast = None;
        self.cue()
    }

    /// What a presenter says now, and what comes next.
    fn cue(&mut self) -> io::Result<()> {
        if self.cue == self.core.app.cue {
            return Ok(());
        }
        self.cue = self.core.app.cue.clone();
        for text in [self.cue.note.clone(), self.cue.next.clone()] {
            if !text.is_empty() {
                self.say(&text)?;
            }
        }
        Ok(())
    }
}

/// `09:03:12`
fn clock(at: SimTime) -> String {
    let seconds = at.to_seconds();
    let time = seconds.rsplit_once(' ').map(|(_, time)| time.to_owned());
    time.unwrap_or(seconds)
}
