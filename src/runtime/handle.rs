//! One engine thread that owns a Host. Faces send commands and receive views; they never wait for a disk.
//!
//! The thread sleeps until there is a reason: a command, another process's write, an instant that is due
//! while this process makes time run. A paused world costs nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch as views};

use super::clock::{ClockCommand, ClockLock, Reading, wall_until};
use super::error::HostError;
use super::host::{Host, Receipt};
use super::keys::{KeyImport, KeyReply, KeyUse};
use super::past::{self, Glimpse, Look};
use super::query::{Ask, Peek, Prepared};
use super::watch;
use crate::engine::ids::{ResourceId, Revision, SegmentId};
use crate::engine::projections::why::{About, Step};
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{self, Actor, Command, Event, Refusal, SimTime, Span, World};
use crate::store::Journal;

/// Longest time spent on due instants before commands are looked at again.
const SLICE: Duration = Duration::from_millis(15);

/// SQLite writes its log before other processes may read what is in it, so the first look after a write can
/// be too early. Some more looks follow, then none.
const LOOKS: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(2),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(800),
];

/// What a face shows: one world at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// A clone costs O(1).
    pub world: World,
    pub clock: Reading,
    /// How far what was done lags behind the clock: zero unless time runs faster than the disk.
    pub behind: Span,
    /// What went wrong beside the world, in words.
    pub trouble: Option<Arc<str>>,
    /// Of a [`Stage`].
    pub cue: Option<Cue>,
}

/// What somebody who plays or presents should know now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cue {
    pub note: String,
    pub next: String,
}

/// Plays a part beside the people at a console, at exact instants.
pub trait Stage: Send {
    /// The next instant at which it does or looks at something.
    fn due(&self, host: &Host) -> Option<SimTime>;
    /// Its part of an instant at which the host stands, after everything that is due by then.
    fn act(&mut self, host: &mut Host, at: SimTime);
    /// People asked for something that was refused.
    fn refused(&mut self, host: &Host, refusal: &Refusal);
    fn cue(&self) -> Cue;
    /// People leave.
    fn end(self: Box<Self>, host: &Host);
}

enum Message {
    Submit(
        Actor,
        Box<Command>,
        oneshot::Sender<Result<Receipt, HostError>>,
    ),
    UseKey(
        Actor,
        Box<KeyUse>,
        oneshot::Sender<Result<KeyReply, HostError>>,
    ),
    ImportKey(
        Actor,
        Box<KeyImport>,
        oneshot::Sender<Result<Receipt, HostError>>,
    ),
    Query(Actor, Ask, oneshot::Sender<Result<Prepared, HostError>>),
    Peek(
        Actor,
        SegmentId,
        u64,
        oneshot::Sender<Result<Peek, HostError>>,
    ),
    SavedText(
        Actor,
        ResourceId,
        Kind,
        String,
        oneshot::Sender<Result<String, HostError>>,
    ),
    Clock(ClockCommand, oneshot::Sender<Result<Reading, HostError>>),
    /// A journal file was written, by us or by another process.
    Written,
    /// The clock's holder is gone and the lock came to us.
    Clocked(ClockLock),
    SaveBranch(
        Box<dyn Journal>,
        PathBuf,
        oneshot::Sender<Result<(), HostError>>,
    ),
    Quit,
}

/// The engine thread, from outside. Dropping it saves the clock and ends the thread.
pub struct Handle {
    messages: Sender<Message>,
    views: views::Receiver<Arc<View>>,
    thread: Option<JoinHandle<()>>,
    past: Sender<past::Message>,
    /// Reads the journal, for branches that are written down.
    reader: Mutex<Box<dyn Journal>>,
}

impl Handle {
    /// Starts the thread. With `hold_clock`, time runs in this process as soon as no other one makes it run;
    /// `holder` says in words who that is.
    pub fn spawn(host: Host, hold_clock: Option<&str>) -> Result<Handle, HostError> {
        Handle::staged(host, hold_clock, None)
    }

    /// [`Handle::spawn`] with somebody who plays a part.
    pub fn staged(
        mut host: Host,
        hold_clock: Option<&str>,
        stage: Option<Box<dyn Stage>>,
    ) -> Result<Handle, HostError> {
        let (messages, inbox) = mpsc::channel();
        let written = Arc::new(AtomicBool::new(false));
        let watcher = match host.dir() {
            Some(dir) => {
                let (told, seen) = (messages.clone(), written.clone());
                let changed = move || {
                    // One unread message is enough, however much is written.
                    if !seen.swap(true, Ordering::SeqCst) {
                        let _ = told.send(Message::Written);
                    }
                };
                Some(watch::journal(dir, changed)?)
            }
            None => None,
        };
        if let Some(holder) = hold_clock
            && !host.hold_clock(holder)?
        {
            queue_for_clock(&host, messages.clone())?;
        }
        // After the watch began: nothing between opening and watching is missed.
        host.refresh()?;
        let past = past::spawn(host.journal().reader()?)?;
        let reader = Mutex::new(host.journal().reader()?);
        let trouble: Option<Arc<str>> = host.trouble().map(Arc::from);
        let cue = stage.as_ref().map(|stage| stage.cue());
        let (publisher, views) = views::channel(Arc::new(view(&host, trouble.clone(), cue)));
        let mut engine = Engine {
            host,
            stage,
            inbox,
            publisher,
            holder: hold_clock.unwrap_or_default().to_owned(),
            written,
            looks: None,
            trouble,
            broken: false,
        };
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let _watcher = watcher;
                engine.run();
            })
            .map_err(|_| HostError::Stopped)?;
        Ok(Handle {
            messages,
            views,
            thread: Some(thread),
            past,
            reader,
        })
    }

    /// Runs a command as somebody. The answer comes when it is durable, or refused.
    pub fn submit(
        &self,
        actor: Actor,
        command: Command,
    ) -> oneshot::Receiver<Result<Receipt, HostError>> {
        let (reply, answer) = oneshot::channel();
        // A thread that is gone drops the reply, which the receiver sees.
        let _ = self
            .messages
            .send(Message::Submit(actor, Box::new(command), reply));
        answer
    }

    /// Uses a key as somebody: see [`Host::use_key`].
    pub fn use_key(
        &self,
        actor: Actor,
        wanted: KeyUse,
    ) -> oneshot::Receiver<Result<KeyReply, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self
            .messages
            .send(Message::UseKey(actor, Box::new(wanted), reply));
        answer
    }

    /// Brings a private key into a vault as somebody: see [`Host::import_key`].
    pub fn import_key(
        &self,
        actor: Actor,
        import: KeyImport,
    ) -> oneshot::Receiver<Result<Receipt, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self
            .messages
            .send(Message::ImportKey(actor, Box::new(import), reply));
        answer
    }

    /// Decides a question as somebody: see [`Host::query`]. What comes back runs on the asker's own thread.
    pub fn query(&self, actor: Actor, ask: Ask) -> oneshot::Receiver<Result<Prepared, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.messages.send(Message::Query(actor, ask, reply));
        answer
    }

    /// A block of a segment: see [`Host::peek`].
    pub fn peek(
        &self,
        actor: Actor,
        segment: SegmentId,
        block: u64,
    ) -> oneshot::Receiver<Result<Peek, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self
            .messages
            .send(Message::Peek(actor, segment, block, reply));
        answer
    }

    /// The text of a saved query: see [`Host::saved_text`].
    pub fn saved_text(
        &self,
        actor: Actor,
        workspace: ResourceId,
        kind: Kind,
        name: String,
    ) -> oneshot::Receiver<Result<String, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self
            .messages
            .send(Message::SavedText(actor, workspace, kind, name, reply));
        answer
    }

    /// The world as it was: see [`super::past::Past::look`].
    pub fn look(&self, look: Look) -> oneshot::Receiver<Result<Glimpse, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.past.send(past::Message::Look(look, reply));
        answer
    }

    /// Up to `count` events after one.
    pub fn events(
        &self,
        after: Revision,
        count: usize,
    ) -> oneshot::Receiver<Result<Vec<Event>, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.past.send(past::Message::Events(after, count, reply));
        answer
    }

    /// Why something is so in a world of this journal.
    pub fn why(
        &self,
        world: World,
        about: About,
    ) -> oneshot::Receiver<Result<Vec<Step>, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = (self.past).send(past::Message::Why(Box::new(world), about, reply));
        answer
    }

    /// A reader of the journal, for a branch of it to be written down.
    pub fn reader(&self) -> Result<Box<dyn Journal>, HostError> {
        // Whoever panicked while it was held had only read.
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(reader.reader()?)
    }

    /// Writes this branch down: see [`Host::save_branch`]. `parent` reads the record it began in.
    pub fn save_branch(
        &self,
        parent: Box<dyn Journal>,
        dir: PathBuf,
    ) -> oneshot::Receiver<Result<(), HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = (self.messages).send(Message::SaveBranch(parent, dir, reply));
        answer
    }

    pub fn clock(&self, command: ClockCommand) -> oneshot::Receiver<Result<Reading, HostError>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.messages.send(Message::Clock(command, reply));
        answer
    }

    /// The newest view; changes only when something a face shows has changed.
    pub fn views(&self) -> views::Receiver<Arc<View>> {
        self.views.clone()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for the clock on a thread of its own, which ends with the process or with the engine.
fn queue_for_clock(host: &Host, messages: Sender<Message>) -> Result<(), HostError> {
    let Some(lock) = host.clock_queue()? else {
        return Ok(());
    };
    std::thread::Builder::new()
        .name("clock-queue".to_owned())
        .spawn(move || match lock.wait() {
            Ok(lock) => {
                let _ = messages.send(Message::Clocked(lock));
            }
            Err(error) => tracing::warn!(%error, "cannot wait for the clock"),
        })
        .map_err(|_| HostError::Stopped)?;
    Ok(())
}

struct Engine {
    host: Host,
    stage: Option<Box<dyn Stage>>,
    inbox: Receiver<Message>,
    publisher: views::Sender<Arc<View>>,
    holder: String,
    /// A `Written` is on its way.
    written: Arc<AtomicBool>,
    /// The next look at the journal after a write: which one, and when.
    looks: Option<(usize, Instant)>,
    trouble: Option<Arc<str>>,
    /// The last look failed; said once.
    broken: bool,
}

impl Engine {
    fn run(&mut self) {
        loop {
            let message = match self.sleep() {
                Some(length) if length.is_zero() => match self.inbox.try_recv() {
                    Ok(message) => Some(message),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                },
                Some(length) => match self.inbox.recv_timeout(length) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                },
                None => match self.inbox.recv() {
                    Ok(message) => Some(message),
                    Err(_) => return,
                },
            };
            // Everybody who waits comes before what is due.
            let mut next = message;
            while let Some(message) = next {
                if matches!(message, Message::Quit) {
                    if let Some(stage) = self.stage.take() {
                        stage.end(&self.host);
                    }
                    return;
                }
                let played = self.play();
                self.note(played);
                self.handle(message);
                next = self.inbox.try_recv().ok();
            }
            let kept = self.look().and_then(|()| self.play());
            let kept = kept.and_then(|()| self.elapse());
            self.note(kept);
            self.publish();
        }
    }

    /// How long there is nothing to do; none until a message comes.
    fn sleep(&self) -> Option<Duration> {
        let micros = |n: i64| Duration::from_micros(n.unsigned_abs());
        let reading = self.host.clock_reading();
        let due = self.due();
        let acts = due.and_then(|due| {
            if due <= reading.now {
                // Who does not make time run leaves it to the one who does.
                (reading.ours || !reading.running).then_some(0)
            } else {
                (reading.ours && reading.running)
                    .then(|| wall_until(reading.now, due, reading.rate))
                    .flatten()
            }
        });
        let look = self
            .looks
            .map(|(_, when)| when.saturating_duration_since(Instant::now()));
        let waits = [acts.map(micros), self.host.save_in().map(micros), look];
        let shortest = waits.into_iter().flatten().min();
        // After a failure, not at once again.
        shortest.map(|s| {
            if self.broken {
                s.max(Duration::from_secs(1))
            } else {
                s
            }
        })
    }

    /// When there is something to do next.
    fn due(&self) -> Option<SimTime> {
        let staged = self.stage.as_ref().and_then(|stage| stage.due(&self.host));
        staged.into_iter().chain(self.host.due()).min()
    }

    /// Lets the stage act at every instant of its own up to now. Time stands for it.
    fn play(&mut self) -> Result<(), HostError> {
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        let reading = self.host.clock_reading();
        let mut played = false;
        while let Some(due) = stage.due(&self.host).filter(|due| *due <= reading.now) {
            self.host.stand(due, true)?;
            stage.act(&mut self.host, due);
            played = true;
        }
        match played {
            true => self.host.stand(reading.now, reading.paused),
            false => Ok(()),
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Submit(actor, command, reply) => {
                let outcome = self.host.submit(&actor, &command);
                if let (Err(HostError::Refused(refusal)), Some(stage)) = (&outcome, &mut self.stage)
                {
                    stage.refused(&self.host, refusal);
                }
                self.publish();
                let _ = reply.send(outcome);
            }
            Message::UseKey(actor, wanted, reply) => {
                let outcome = self.host.use_key(&actor, &wanted);
                self.publish();
                let _ = reply.send(outcome);
            }
            Message::ImportKey(actor, import, reply) => {
                let outcome = self.host.import_key(&actor, &import);
                self.publish();
                let _ = reply.send(outcome);
            }
            Message::Query(actor, ask, reply) => {
                let outcome = self.host.query(&actor, &ask);
                self.publish();
                let _ = reply.send(outcome);
            }
            Message::Peek(actor, segment, block, reply) => {
                let _ = reply.send(self.host.peek(&actor, segment, block));
            }
            Message::SavedText(actor, workspace, kind, name, reply) => {
                let text = self.host.saved_text(&actor, &workspace, kind, &name);
                self.publish();
                let _ = reply.send(text);
            }
            Message::SaveBranch(parent, dir, reply) => {
                let _ = reply.send(self.host.save_branch(parent.as_ref(), &dir));
            }
            Message::Clock(command, reply) => {
                let outcome = self.host.clock_move(self.up_to_the_stage(command));
                // Who asks for a time sees what was staged by then.
                let outcome = outcome.and_then(|()| self.play());
                let outcome = outcome.map(|()| self.host.clock_reading());
                self.publish();
                let _ = reply.send(outcome);
            }
            Message::Written => {
                self.written.store(false, Ordering::SeqCst);
                self.looks = Some((0, Instant::now()));
            }
            Message::Clocked(lock) => {
                let holder = self.holder.clone();
                let held = self.host.hold_with(lock, &holder);
                self.note(held);
            }
            Message::Quit => {}
        }
    }

    /// The next event may be one of the stage.
    fn up_to_the_stage(&self, command: ClockCommand) -> ClockCommand {
        let staged = self.stage.as_ref().and_then(|stage| stage.due(&self.host));
        match (command, staged) {
            (ClockCommand::Next, Some(staged))
                if engine::due(self.host.world()).is_none_or(|due| staged < due) =>
            {
                ClockCommand::To(staged)
            }
            _ => command,
        }
    }

    fn look(&mut self) -> Result<(), HostError> {
        let Some((number, when)) = self.looks else {
            return Ok(());
        };
        if Instant::now() < when {
            return Ok(());
        }
        self.looks = LOOKS
            .get(number + 1)
            .map(|pause| (number + 1, Instant::now() + *pause));
        self.host.refresh().map(|_| ())
    }

    /// Does what is due, for one slice.
    fn elapse(&mut self) -> Result<(), HostError> {
        let reading = self.host.clock_reading();
        if reading.running && !reading.ours {
            return Ok(());
        }
        // What is staged comes first, at its own instant.
        let staged = self.stage.as_ref().and_then(|stage| stage.due(&self.host));
        if staged.is_some_and(|staged| staged <= reading.now) {
            return Ok(());
        }
        let end = Instant::now() + SLICE;
        while self.host.elapse_one(reading.now)? {
            if Instant::now() >= end {
                break;
            }
        }
        self.host.keep_time()
    }

    /// Remembers what went wrong until it goes right again.
    fn note(&mut self, outcome: Result<(), HostError>) {
        self.broken = outcome.is_err();
        self.trouble = match outcome {
            Ok(()) => self.host.trouble().map(Arc::from),
            Err(error) => Some(error.to_string().into()),
        };
    }

    fn publish(&self) {
        let cue = self.stage.as_ref().map(|stage| stage.cue());
        let next = view(&self.host, self.trouble.clone(), cue);
        self.publisher.send_if_modified(|current| {
            let changed = differs(current, &next);
            if changed {
                *current = Arc::new(next);
            }
            changed
        });
    }
}

fn view(host: &Host, trouble: Option<Arc<str>>, cue: Option<Cue>) -> View {
    let clock = host.clock_reading();
    let behind = match engine::due(host.world()) {
        Some(due) if due <= clock.now && (clock.ours || !clock.running) => clock.now - due,
        _ => Span::ZERO,
    };
    View {
        world: host.world().clone(),
        clock,
        behind,
        trouble,
        cue,
    }
}

/// Whether a face would show anything else. That time passes is no difference: faces know the rate.
fn differs(a: &View, b: &View) -> bool {
    let expected = a.clock.now_at(b.clock.read);
    let jump = (b.clock.now - expected).0.abs();
    let jitter = if b.clock.running {
        i64::from(b.clock.rate) * 200_000
    } else {
        0
    };
    a.world.revision != b.world.revision
        || a.clock.rate != b.clock.rate
        || a.clock.paused != b.clock.paused
        || a.clock.running != b.clock.running
        || a.clock.ours != b.clock.ours
        || a.clock.holder != b.clock.holder
        || jump > jitter
        || a.behind != b.behind
        || a.trouble != b.trouble
        || a.cue != b.cue
}
