//! The console without its face: the app, the worlds it looks at, and what is under way. The screen and the plain
//! console show it, each in its way.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{oneshot, watch};

use super::travels::{Live, Trip};
use crate::console::actions::READ_ONLY;
use crate::console::app::{App, Clock, Ctx, Effect, Outcome, Tempo};
use crate::console::blades::blocks::Looked;
use crate::console::blades::query::{Answered, Shown};
use crate::engine::ids::Revision;
use crate::engine::text::scrub;
use crate::engine::{Actor, SimTime, Span};
use crate::logs::query::{Cancel, Progress};
use crate::runtime::{Ask, ClockCommand, Handle, HostError, View};

/// How a submitted command ends, some time.
pub(super) type Reply = Pin<Box<dyn Future<Output = Outcome>>>;

/// The world of one frame.
pub struct Now {
    view: Arc<View>,
    now: SimTime,
    behind: Option<String>,
}

impl Now {
    pub fn ctx(&self) -> Ctx<'_> {
        let clock = &self.view.clock;
        Ctx {
            world: &self.view.world,
            now: self.now,
            clock: Clock {
                running: clock.running,
                paused: clock.paused,
                rate: clock.rate,
                ours: clock.ours,
                holder: clock.holder.as_deref(),
                behind: self.behind.as_deref(),
                trouble: self.view.trouble.as_deref(),
            },
        }
    }
}

/// Half a second of wall time late is worth a word.
fn late(view: &View) -> Option<String> {
    let wall = view.behind.0 / i64::from(view.clock.rate.max(1));
    (wall > Span::seconds(1).0 / 2).then(|| view.behind.brief())
}

/// What came by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// What somebody waits for.
    Reply,
    News,
    /// The engine is gone.
    Nothing,
}

pub struct Core {
    pub app: App,
    pub(super) handle: Handle,
    pub(super) views: watch::Receiver<Arc<View>>,
    pub(super) replies: FuturesUnordered<Reply>,
    /// The live world, while a branch is shown.
    pub(super) live: Option<Live>,
    /// A world of the past, while one looks at it.
    pub(super) past: Option<Arc<View>>,
    pub(super) travels: FuturesUnordered<Trip>,
    /// Up to where what happened was captioned.
    pub(super) told: Revision,
    /// How far the question of a number is.
    progress: watch::Sender<(u64, Progress)>,
    so_far: watch::Receiver<(u64, Progress)>,
    cancels: BTreeMap<u64, Cancel>,
}

impl Core {
    pub fn new(handle: Handle, app: App) -> Core {
        let (progress, so_far) = watch::channel(Default::default());
        Core {
            told: handle.views().borrow().world.revision,
            views: handle.views(),
            handle,
            app,
            replies: FuturesUnordered::new(),
            live: None,
            past: None,
            travels: FuturesUnordered::new(),
            progress,
            so_far,
            cancels: BTreeMap::new(),
        }
    }

    /// Waits for what comes next and takes it in.
    pub async fn next(&mut self) -> Came {
        tokio::select! {
            biased;
            Some(outcome) = self.replies.next(), if !self.replies.is_empty() => {
                self.tell(outcome);
                Came::Reply
            }
            Some(went) = self.travels.next(), if !self.travels.is_empty() => {
                self.went(went);
                Came::Reply
            }
            Ok(()) = self.so_far.changed() => {
                let (run, so_far) = *self.so_far.borrow_and_update();
                self.app.progressed(run, so_far);
                Came::News
            }
            changed = self.views.changed() => match changed {
                Ok(()) => Came::News,
                Err(_) => Came::Nothing,
            },
        }
    }

    /// Whether somebody waits for something.
    pub fn busy(&self) -> bool {
        !self.replies.is_empty() || !self.travels.is_empty()
    }

    /// What happened is told later, in its turn.
    pub fn tell_later(&mut self, outcome: Outcome) {
        self.replies.push(Box::pin(async { outcome }));
    }

    /// What the top page wants from the files.
    pub fn look(&mut self, ctx: &Ctx) {
        if self.past.is_some() {
            return;
        }
        for effect in self.app.wants(ctx) {
            self.perform(effect);
        }
    }

    /// Does what was asked for; what only a face can do comes back.
    pub fn perform(&mut self, effect: Effect) -> Option<Effect> {
        let effect = match self.in_the_past(effect) {
            Ok(effect) => effect,
            Err(told) => {
                self.tell(told);
                return None;
            }
        };
        if self.app.readonly && matches!(effect, Effect::Submit { .. } | Effect::Clock(_)) {
            self.tell(Outcome::Broken(READ_ONLY.to_owned()));
            return None;
        }
        match effect {
            Effect::Travel(travel) => self.travel(travel),
            Effect::Submit {
                actor,
                command,
                done,
            } => {
                let reply = self.handle.submit(actor, *command);
                self.replies.push(Box::pin(async move {
                    outcome(reply.await.map(|r| {
                        r.map(|receipt| match done {
                            Some(done) => Outcome::Done(done),
                            None => Outcome::Happened(receipt.events),
                        })
                    }))
                }));
            }
            Effect::Ask { actor, ask, run } => self.ask(actor, ask, run),
            Effect::CancelQuery(run) => {
                if let Some(cancel) = self.cancels.remove(&run) {
                    cancel.cancel();
                }
            }
            Effect::SavedText {
                actor,
                workspace,
                kind,
                name,
            } => {
                let reply = self.handle.saved_text(actor, workspace.clone(), kind, name);
                self.replies.push(Box::pin(async move {
                    outcome(
                        reply
                            .await
                            .map(|r| r.map(|text| Outcome::SavedText { workspace, text })),
                    )
                }));
            }
            Effect::Export { name, text } => {
                let told = match write_new(&name, &text) {
                    Ok(()) => Outcome::Done(format!("Written to {name} in the current directory.")),
                    Err(error) => Outcome::Broken(format!("Cannot write {name}: {error}.")),
                };
                self.replies.push(Box::pin(async { told }));
            }
            Effect::Peek {
                actor,
                segment,
                block,
            } => {
                let reply = self.handle.peek(actor, segment, block);
                self.replies.push(Box::pin(async move {
                    let looked = match reply.await {
                        Ok(Ok(peek)) => Ok(Looked::new(segment, peek)),
                        Ok(Err(error)) => Err(scrub(&error.to_string()).into_owned()),
                        Err(_) => Err(HostError::Stopped.to_string()),
                    };
                    Outcome::Looked(Box::new(looked))
                }));
            }
            Effect::Clock(tempo) => {
                let reply = self.handle.clock(match tempo {
                    Tempo::Pause => ClockCommand::Pause,
                    Tempo::Resume => ClockCommand::Resume,
                    Tempo::Rate(rate) => ClockCommand::Rate(rate),
                    Tempo::Next => ClockCommand::Next,
                    Tempo::NextConsequence => ClockCommand::NextConsequence,
                    Tempo::To(at) => ClockCommand::To(at),
                });
                self.replies.push(Box::pin(async move {
                    outcome(reply.await.map(|r| r.map(|_| Outcome::Done(String::new()))))
                }));
            }
            Effect::Program { name, words } => self.pipe(&name, words, String::new()),
            Effect::Copy(_)
            | Effect::Picture { .. }
            | Effect::Theme(_)
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Repaint
            | Effect::Quit => {
                return Some(effect);
            }
        }
        None
    }

    /// Runs a program with a text to read, and says what it said first.
    pub fn pipe(&mut self, name: &str, words: Vec<String>, text: String) {
        let (reply, answer) = oneshot::channel();
        let name = name.to_owned();
        std::thread::spawn(move || {
            let _ = reply.send(ran(&name, &words, text));
        });
        self.replies.push(Box::pin(async move {
            let stopped = || Outcome::Broken(HostError::Stopped.to_string());
            answer.await.unwrap_or_else(|_| stopped())
        }));
    }

    /// The question is decided on the engine's thread and runs on one of its own.
    fn ask(&mut self, actor: Actor, ask: Ask, run: u64) {
        let cancel = Cancel::default();
        self.cancels.insert(run, cancel.clone());
        let prepared = self.handle.query(actor, ask);
        let progress = self.progress.clone();
        self.replies.push(Box::pin(async move {
            let answered = match prepared.await {
                Ok(Ok(prepared)) => {
                    let (reply, answer) = oneshot::channel();
                    std::thread::spawn(move || {
                        let mut told = |p: &Progress| {
                            progress.send_if_modified(|last| {
                                std::mem::replace(last, (run, *p)) != (run, *p)
                            });
                        };
                        let answered = match prepared.run(cancel, &mut told) {
                            Ok(reply) => match Shown::new(reply) {
                                Ok(shown) => Answered::Cells(Box::new(shown)),
                                Err(why) => Answered::Broken(why),
                            },
                            Err(error) => Answered::failed(error),
                        };
                        let _ = reply.send(answered);
                    });
                    answer.await.ok()
                }
                Ok(Err(error)) => Some(Answered::failed(error)),
                Err(_) => None,
            };
            let stopped = || Answered::Broken(HostError::Stopped.to_string());
            let answered = answered.unwrap_or_else(stopped);
            Outcome::Answered { run, answered }
        }));
    }

    pub fn now(&mut self) -> Now {
        self.views.mark_unchanged();
        // Here and not where a view arrives: whoever takes it first would leave nothing to caption.
        self.caption();
        let view = self.shown();
        let now = view.clock.now_at(Instant::now()).max(view.world.now);
        Now {
            behind: late(&view),
            view,
            now,
        }
    }
}

/// How long a program of the person's own may take, and how much of what it says is read.
const PATIENCE: Duration = Duration::from_secs(30);
const SAID_MAX: u64 = 64 * 1024;

/// Runs a program and says what it said first.
fn ran(name: &str, words: &[String], text: String) -> Outcome {
    let broken = |why: String| Outcome::Broken(format!("{name}: {}", scrub(&why)));
    let Some((program, rest)) = words.split_first() else {
        return broken("there is nothing to run.".to_owned());
    };
    let mut command = Command::new(program);
    command
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return broken(format!("{program} cannot be run: {error}.")),
    };
    // Who does not read is not waited for.
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || io::Write::write_all(&mut stdin, text.as_bytes()));
    }
    // Read beside the wait: who says much must not wait for a reader.
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|s| Box::new(s) as _),
        child.stderr.take().map(|s| Box::new(s) as _),
    ];
    let readers = streams.map(|stream| {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            if let Some(stream) = stream {
                let _ = stream.take(SAID_MAX).read_to_end(&mut said);
            }
            String::from_utf8_lossy(&said).into_owned()
        })
    });
    let ends = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < ends => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return broken(format!(
                    "it took longer than {} s and was stopped.",
                    PATIENCE.as_secs()
                ));
            }
            Err(error) => return broken(error.to_string()),
        }
    };
    let [said, wrong] = readers.map(|reader| reader.join().unwrap_or_default());
    let first = |text: &str| {
        text.lines()
            .find(|line| !line.trim().is_empty())
            .map(str::to_owned)
    };
    if status.success() {
        let said = first(&said).unwrap_or_else(|| "done.".to_owned());
        Outcome::Done(format!("{name}: {}", scrub(&said)))
    } else {
        broken(
            first(&wrong)
                .or_else(|| first(&said))
                .unwrap_or_else(|| status.to_string()),
        )
    }
}

/// A file that was not there before.
pub(super) fn write_new(name: &str, text: &str) -> io::Result<()> {
    let mut file = fs::File::create_new(name)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

pub(super) fn outcome<E>(answer: Result<Result<Outcome, HostError>, E>) -> Outcome {
    match answer {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(HostError::Refused(refusal))) => Outcome::Refused(Box::new(refusal)),
        Ok(Err(error)) => {
            Outcome::Broken(crate::engine::text::scrub(&error.to_string()).into_owned())
        }
        Err(_) => Outcome::Broken(HostError::Stopped.to_string()),
    }
}
