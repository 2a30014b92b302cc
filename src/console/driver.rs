//! The loop: waits for signals, keys, the engine and the clock, in this order, and does what the state asks
//! for. It sleeps while nothing happens; paused and idle it never wakes.

pub(super) mod core;
mod looks;
mod travels;

use std::collections::VecDeque;
use std::fs;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use crossterm::event::EventStream;
use futures_util::StreamExt;
use ratatui::layout::Rect;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::core::{Came, Core, write_new};
use self::looks::Looks;
use super::app::telling::Look;
use super::app::{App, Effect, Input, Outcome};
use super::cast::Recorder;
use super::input::Keymap;
use super::input::key::KeyError;
use super::pacer::Pacer;
use super::paint;
use super::picture;
use super::programs::Program;
use super::settings::Settings;
use super::terminal::ask::Late;
use super::terminal::notes::{self, Mux};
use super::terminal::{self, Guard, Mode, Screen};
use super::theme::{Glyphs, Library, Theme, ThemeError, Token, colour};
use crate::engine::Actor;
use crate::engine::text::scrub;
use crate::runtime::Handle;

/// Whether to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Color {
    /// As `NO_COLOR`, `COLORTERM` and `TERM` say.
    #[default]
    Auto,
    /// At least 16 colours whatever the environment says.
    Always,
    Never,
}

/// What the console opens on.
pub struct Options {
    pub handle: Handle,
    pub actor: Actor,
    /// A theme by name, or a theme file (a path with `/` or ending in `.toml`).
    pub theme: Option<String>,
    /// Where themes by name come from.
    pub themes: Library,
    pub color: Color,
    pub glyphs: Glyphs,
    pub settings: Settings,
    /// What is wrong with the person's settings.
    pub troubles: Vec<String>,
    /// Nothing is changed.
    pub readonly: bool,
    /// The keys in force, or what is wrong with the person's own.
    pub keymap: Result<Keymap, Vec<String>>,
    /// Programs of the person's own, or what is wrong with their file.
    pub programs: Result<Vec<Program>, String>,
    /// A new file that every frame is written to.
    pub record: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    #[error("{0}")]
    Theme(#[from] ThemeError),
    #[error("the theme {path} cannot be read: {source}")]
    ThemeFile { path: String, source: io::Error },
    #[error("the recording {path} cannot be written: {source}")]
    Record { path: String, source: io::Error },
    #[error("{0}")]
    Keys(#[from] KeyError),
}

/// Opens the console and returns when the person leaves or a signal ends it. The terminal is restored.
pub fn run(options: Options) -> Result<(), ConsoleError> {
    let (looks, theme) = Looks::new(&options)?;
    let keymap = match &options.keymap {
        Ok(keymap) => keymap.clone(),
        Err(_) => Keymap::defaults()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let recorder = recorder(&options)?;
    terminal::set(Mode::Mouse, options.settings.mouse)?;
    terminal::set(Mode::Title, options.settings.title)?;
    let guard = Guard::take()?;
    let ended = runtime.block_on(async {
        Driver::new(options, looks, theme, keymap, recorder)?
            .drive()
            .await
    });
    drop(guard);
    ended.map_err(ConsoleError::Terminal)
}

fn recorder(options: &Options) -> Result<Option<Recorder>, ConsoleError> {
    let Some(path) = &options.record else {
        return Ok(None);
    };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.map_or(0, |since| since.as_secs());
    let recorder = Recorder::create(path, terminal::size()?, since);
    recorder.map(Some).map_err(|source| ConsoleError::Record {
        path: scrub(&path.to_string_lossy()).into_owned(),
        source,
    })
}

struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let raw = |number| signal(SignalKind::from_raw(number));
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: raw(signal_hook::consts::SIGTSTP)?,
            go_on: raw(signal_hook::consts::SIGCONT)?,
            resize: signal(SignalKind::window_change())?,
        })
    }
}

struct Driver {
    core: Core,
    looks: Looks,
    theme: Theme,
    settings: Settings,
    mux: Mux,
    /// Answers of the terminal that were not waited for.
    late: Late,
    /// The title of the window.
    title: String,
    /// When a key came that no frame shows yet.
    pressed: Option<Instant>,
    /// When the last frames were painted.
    frames: VecDeque<Instant>,
    screen: Screen<fs::File>,
    recorder: Option<Recorder>,
    events: EventStream,
    pacer: Pacer,
    start: Instant,
    leaving: bool,
}

/// With time running fast, the screen follows it this often.
const FAST: u64 = 200_000;
const SECOND: i64 = 1_000_000;

impl Driver {
    fn new(
        options: Options,
        looks: Looks,
        theme: Theme,
        keymap: Keymap,
        recorder: Option<Recorder>,
    ) -> io::Result<Driver> {
        let size = terminal::size()?;
        let mut app = App::new(options.actor, keymap, size);
        app.readonly = options.readonly;
        app.telling.before = options.settings.notify_before;
        app.telling.mouse = options.settings.mouse;
        app.telling.themes = looks.list();
        app.telling.theme = looks.id(&theme);
        for wrong in &options.troubles {
            app.say(wrong.clone(), Token::ToastWarn);
        }
        match options.programs {
            Ok(programs) => app.programs = programs,
            Err(wrong) => app.say(wrong, Token::ToastWarn),
        }
        if let Err(wrong) = &options.keymap
            && let Some(first) = wrong.first()
        {
            app.say(
                format!("The keys that ship stand: {first}"),
                Token::ToastWarn,
            );
        }
        if let Some(cue) = options.handle.views().borrow().cue.clone() {
            app.cue = cue;
            app.present();
        }
        Ok(Driver {
            core: Core::new(options.handle, app),
            looks,
            theme,
            settings: options.settings,
            mux: Mux::from_env(|name| std::env::var(name).ok()),
            late: Late::default(),
            title: String::new(),
            pressed: None,
            frames: VecDeque::new(),
            screen: Screen::stdout()?,
            recorder,
            events: EventStream::new(),
            pacer: Pacer::default(),
            start: Instant::now(),
            leaving: false,
        })
    }

    async fn drive(mut self) -> io::Result<()> {
        let mut signals = Signals::new()?;
        self.anew()?;
        self.paint()?;
        self.ask()?;
        // The first look at the input begins the watch for resizes; one that came before shows in the size.
        let early = poll_fn(|cx| Poll::Ready(self.events.poll_next_unpin(cx))).await;
        if let Poll::Ready(Some(event)) = early {
            self.input(event?)?;
        }
        self.fit()?;
        while !self.leaving {
            if self.pacer.due().is_some_and(|due| due <= self.micros()) {
                self.paint()?;
            }
            let paint = self.pacer.due().map(|due| self.instant(due));
            let tick = self.next_second();
            tokio::select! {
                biased;
                _ = signals.terminate.recv() => break,
                _ = signals.hangup.recv() => break,
                _ = signals.interrupt.recv() => break,
                _ = signals.stop.recv() => self.suspend()?,
                _ = signals.go_on.recv() => {
                    // Continued after a stop that nobody could catch.
                    terminal::give_back()?;
                    terminal::retake()?;
                    self.anew()?;
                }
                // The reader of keys loses a resize that comes together with a key.
                _ = signals.resize.recv() => self.fit()?,
                event = self.events.next() => match event {
                    Some(event) => self.input(event?)?,
                    None => break,
                },
                () = at(paint) => {}
                came = self.core.next() => match came {
                    Came::Reply => self.pacer.input(self.micros()),
                    Came::News => self.pacer.world(self.micros()),
                    Came::Nothing => break,
                },
                () = self.looks.touched() => self.reload(),
                () = at(tick) => self.pacer.world(self.micros()),
            }
        }
        Ok(())
    }

    /// Asks the terminal what it is, once, after the first frame. The watch for keys begins after that.
    fn ask(&mut self) -> io::Result<()> {
        // A terminal that cannot be asked is one that says nothing.
        let answer = terminal::ask::ask().unwrap_or_default();
        terminal::set(Mode::Keyboard, answer.keyboard)?;
        if self.looks.follows_ground()
            && let Some(theme) = answer.light.and_then(|light| self.looks.on_ground(light))
        {
            self.wear(theme);
        }
        for key in answer.typed {
            self.press(Input::Key(key))?;
        }
        Ok(())
    }

    /// Takes the size the terminal has now.
    fn fit(&mut self) -> io::Result<()> {
        let size = terminal::size()?;
        if size != self.core.app.full {
            self.press(Input::Resize(size.0, size.1))?;
            self.pacer.input(self.micros());
        }
        Ok(())
    }

    fn wear(&mut self, theme: Theme) {
        self.core.app.telling.theme = self.looks.id(&theme);
        self.theme = theme;
        self.pacer.input(self.micros());
    }

    fn dress(&mut self, look: Look) {
        let (id, keep) = match &look {
            Look::Try(id) => (id, false),
            Look::Keep(id) => (id, true),
        };
        match self.looks.choose(id, keep) {
            Ok(theme) => self.theme = theme,
            Err(wrong) => self.core.app.say(wrong.to_string(), Token::ToastWarn),
        }
    }

    /// The file of the theme was written; one that is broken changes nothing.
    fn reload(&mut self) {
        match self.looks.again() {
            Ok(theme) => self.wear(theme),
            Err(wrong) => self.core.app.say(wrong.to_string(), Token::ToastWarn),
        }
        self.pacer.input(self.micros());
    }

    /// Into the clipboard of the terminal, or by the person's own program.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        if let [_, ..] = self.settings.clipboard.as_slice() {
            self.core.pipe(
                "clipboard",
                self.settings.clipboard.clone(),
                text.to_owned(),
            );
            return Ok(());
        }
        let told = match notes::clipboard(self.mux, text) {
            Some(sequence) => {
                self.screen.write(sequence.as_bytes())?;
                Outcome::Done("Copied to the clipboard of the terminal.".into())
            }
            None => Outcome::Broken("That is too long for a clipboard.".into()),
        };
        self.core.tell_later(told);
        Ok(())
    }

    /// What is told beside the screen.
    fn tell(&mut self, title: String) -> io::Result<()> {
        let mut said = String::new();
        for note in self.core.app.telling.notes.drain(..) {
            if self.settings.bell {
                said.push_str(notes::BELL);
            }
            said.push_str(&notes::note(self.settings.notify, self.mux, &note));
        }
        if self.settings.title && title != self.title {
            said.push_str(&notes::title(&title));
            self.title = title;
        }
        match said.is_empty() {
            true => Ok(()),
            false => self.screen.write(said.as_bytes()),
        }
    }

    /// More events may have arrived; they are taken before the next frame unless that is due already.
    fn input(&mut self, event: crossterm::event::Event) -> io::Result<()> {
        if let Some(input) = terminal::input::read(event) {
            if let Input::Key(key) = input
                && self.late.takes(key)
            {
                return Ok(());
            }
            if matches!(input, Input::Key(_)) {
                self.pressed.get_or_insert_with(Instant::now);
            }
            self.press(input)?;
            self.pacer.input(self.micros());
        }
        Ok(())
    }

    fn press(&mut self, input: Input) -> io::Result<()> {
        let now = self.core.now();
        let effects = self.core.app.update(&now.ctx(), input);
        for effect in effects {
            if let Some(effect) = self.core.perform(effect) {
                self.perform(effect)?;
            }
        }
        Ok(())
    }

    /// What is done to the terminal.
    fn perform(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Copy(text) => self.copy(&text)?,
            Effect::Theme(look) => self.dress(look),
            Effect::Mouse(on) => terminal::set(Mode::Mouse, on)?,
            Effect::Picture { stem } => self.picture(&stem)?,
            Effect::Suspend => self.suspend()?,
            Effect::Repaint => self.screen.forget(),
            Effect::Quit => self.leaving = true,
            _ => {}
        }
        Ok(())
    }

    /// The frame is painted first: what the palette covered is part of it, and the palette is not.
    fn picture(&mut self, stem: &str) -> io::Result<()> {
        self.paint()?;
        let shown = self.screen.shown();
        let base = self.theme.style(Token::Base);
        let ground = base.bg.and_then(colour::rgb).unwrap_or(picture::GROUND);
        let ink = self.theme.style(Token::Text).fg.and_then(colour::rgb);
        let files = [
            ("txt", picture::text(shown)),
            ("ansi", picture::ansi(shown)),
            (
                "svg",
                picture::svg(shown, ground, ink.unwrap_or(picture::INK)),
            ),
        ];
        // Said at once: a form that waits for its own outcome must not take this for it.
        match write_set(stem, &files) {
            Ok(stem) => self.core.app.say(
                format!("Written to {stem}.txt, .ansi and .svg in the current directory."),
                Token::ToastOk,
            ),
            Err(error) => self.core.app.say(
                format!("Cannot write {stem}.txt, .ansi and .svg: {error}."),
                Token::ToastWarn,
            ),
        }
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        terminal::suspend()?;
        self.anew()
    }

    /// Nobody knows what the screen shows, nor how large it is.
    fn anew(&mut self) -> io::Result<()> {
        self.screen.forget();
        let (width, height) = terminal::size()?;
        self.press(Input::Resize(width, height))?;
        self.pacer.input(self.micros());
        Ok(())
    }

    fn paint(&mut self) -> io::Result<()> {
        let now = self.core.now();
        let ctx = now.ctx();
        self.core.app.refresh(&ctx);
        self.core.look(&ctx);
        let title = self.core.app.title(&ctx);
        let begun = Instant::now();
        let (width, height) = self.core.app.full;
        let (app, theme) = (&self.core.app, &self.theme);
        let mut hits = None;
        let written = self.screen.draw(Rect::new(0, 0, width, height), |buf| {
            hits = Some(paint::frame(app, &ctx, theme, buf));
        })?;
        self.core.app.hits = hits.unwrap_or_default();
        self.pacer.painted(self.micros());
        self.clock(begun, written);
        if written > 0 {
            self.record();
        }
        self.tell(title)
    }

    /// How quick that was; shown with the next frame, which nobody asks for only because of it.
    fn clock(&mut self, begun: Instant, written: usize) {
        let now = Instant::now();
        let pressed = self.pressed.take();
        if written > 0 {
            self.frames.push_back(now);
        }
        while self
            .frames
            .front()
            .is_some_and(|at| now - *at > Duration::from_secs(1))
        {
            self.frames.pop_front();
        }
        let Some(pace) = &mut self.core.app.telling.pace else {
            return;
        };
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        if let Some(pressed) = pressed {
            pace.key = micros(now - pressed);
        }
        if written > 0 {
            pace.made = micros(now - begun);
            pace.bytes = written;
            pace.frames = self.frames.len();
        }
    }

    /// The console goes on when its recording cannot.
    fn record(&mut self) {
        let at = self.micros();
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        if let Err(error) = recorder.frame(at, self.core.app.full, self.screen.page()) {
            self.recorder = None;
            let told = format!("The recording ends before this: {error}.");
            self.core.app.say(told, Token::ToastWarn);
            self.pacer.input(self.micros());
        }
    }

    /// When the clock on the screen will show something else.
    fn next_second(&self) -> Option<Instant> {
        let view = self.core.shown();
        if !view.clock.running {
            return None;
        }
        let moment = Instant::now();
        let into = view.clock.now_at(moment).0.rem_euclid(SECOND);
        let left = (SECOND - into) / i64::from(view.clock.rate.max(1));
        let left = u64::try_from(left).unwrap_or(0);
        let wait = if view.clock.rate > 1 {
            left.max(FAST)
        } else {
            left.max(1_000)
        };
        Some(moment + Duration::from_micros(wait))
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn instant(&self, micros: u64) -> Instant {
        self.start + Duration::from_micros(micros)
    }
}

/// Files of one name but for the end, all of them new; a number tells two of the same second apart.
fn write_set(stem: &str, files: &[(&str, String)]) -> io::Result<String> {
    let taken = |stem: &str| {
        let there = |(end, _): &(&str, String)| Path::new(&format!("{stem}.{end}")).exists();
        files.iter().any(there)
    };
    let mut free = stem.to_owned();
    for n in 2.. {
        if !taken(&free) {
            break;
        }
        free = format!("{stem}-{n}");
    }
    for (end, text) in files {
        write_new(&format!("{free}.{end}"), text)?;
    }
    Ok(free)
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
