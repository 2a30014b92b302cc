//! One command's dealings with the world: opens it, says who acts, asks, and acts or only previews.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::Global;
use super::failure::{Detail, Failure, REFUSED};
use super::input;
use super::print;
use crate::engine::ask::{Answer, Query, ask, sees};
use crate::engine::event::{Actor, Event, Fact};
use crate::engine::foresight;
use crate::engine::ids::{PersonId, ResourceId, TableName};
use crate::engine::ingestion::{self, reads::Touched, schema::Column, segment::Segment};
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{self, Command, Refusal, SimTime, World, errors};
use crate::logs::LogsError;
use crate::logs::kql::{self, KqlError};
use crate::logs::query::QueryError;
use crate::logs::sealed::SealedError;
use crate::runtime::{
    Ask, Block, ClockCommand, Founding, Host, HostError, KeyImport, KeyReply, KeyUse, Look, Past,
    Prepared, Reading, SystemWall, Tables, fingerprint,
};
use crate::store::JournalError;
use crate::world_file::{self, WorldError, WorldFile};

/// An open world and who acts in it.
pub struct Session {
    host: Host,
    actor: Actor,
    dry_run: bool,
    /// The world as it is now: everything due has happened, in this copy at least.
    view: World,
    now: SimTime,
    /// The live world, when the host is a branch of it that shows the past.
    live: Option<Box<Host>>,
    /// The trouble that was last said.
    said: Option<String>,
}

/// What a command did, or in a dry run would do.
pub struct Done {
    /// The events the actor may see; what goes on inside the vendor or with others is not for everybody (i-32).
    pub events: Vec<Event>,
    /// How many more there were.
    pub unseen: usize,
    /// The world after it.
    pub world: World,
    pub dry_run: bool,
}

impl Session {
    pub fn open(global: &Global) -> Result<Session, Failure> {
        let live = open_host(global)?;
        let (host, live) = match &global.at {
            Some(at) => (past(&live, at)?, Some(Box::new(live))),
            None => (live, None),
        };
        let now = host.now();
        let view = present(&host, now)?;
        let actor = actor(&view, global.person.as_deref())?;
        let mut session = Session {
            host,
            actor,
            dry_run: global.dry_run,
            view,
            now,
            live,
            said: None,
        };
        session.warn();
        Ok(session)
    }

    pub fn world(&self) -> &World {
        &self.view
    }

    pub fn now(&self) -> SimTime {
        self.now
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    /// For who goes on with the world: the console.
    pub fn into_host(self) -> (Host, Actor) {
        (self.host, self.actor)
    }

    /// The live world and its time, when this session looks at the past.
    pub fn live(&self) -> Option<(&World, SimTime)> {
        let live = self.live.as_ref()?;
        Some((live.world(), live.now()))
    }

    /// Plays the branch on that shows the past.
    pub fn play(&mut self, set: ClockCommand) -> Result<(), HostError> {
        self.host.clock_set(set)?;
        self.now = self.host.now();
        self.view = present(&self.host, self.now)?;
        Ok(())
    }

    /// Writes down the branch that shows the past.
    pub fn save(&self, dir: &Path) -> Result<(), HostError> {
        match &self.live {
            Some(live) => self.host.save_branch(live.journal(), dir),
            None => Ok(()),
        }
    }

    /// Whether the actor may see an event.
    pub fn sees(&self, event: &Event) -> bool {
        sees(&self.view, &self.actor, event)
    }

    /// Nothing is done in the past.
    fn only_live(&self) -> Result<(), HostError> {
        match self.live {
            None => Ok(()),
            Some(_) => Err(HostError::Refused(
                errors::SIM_04
                    .says("The past is read-only.")
                    .target("at")
                    .remedy("Leave --at out; with --dry-run you see what it would have led to."),
            )),
        }
    }

    /// Sets the clock and does what has become due by that.
    pub fn set_clock(&mut self, set: ClockCommand) -> Result<Reading, HostError> {
        self.only_live()?;
        let reading = self.host.clock_set(set)?;
        self.warn();
        Ok(reading)
    }

    pub fn ask(&self, query: &Query) -> Result<Answer, Failure> {
        Ok(ask(&self.view, self.now, &self.actor, query)?)
    }

    /// Does a command, or says what it would do.
    pub fn act(&mut self, command: &Command) -> Result<Done, Failure> {
        let actor = self.actor.clone();
        self.act_as(&actor, command)
    }

    /// Injects a fault: what no person does, but the simulator. Its events are told as far as the actor may
    /// see them.
    pub fn simulate(&mut self, command: &Command) -> Result<Done, Failure> {
        self.act_as(&Actor::Simulator, command)
    }

    /// Uses a key at the vault's door. In a dry run nothing is called; the vault's answer is foreseen, and
    /// there is no reply.
    pub fn use_key(&mut self, wanted: &KeyUse) -> Result<Option<KeyReply>, Failure> {
        if self.dry_run {
            let command = key::Command::Call(wanted.call.clone());
            self.may(&command.into())?;
            if let Actor::Person(id) = &self.actor {
                let caller = Caller::Person(id.clone());
                self.view.may_use(self.now, &caller, &wanted.call)?;
            }
            return Ok(None);
        }
        let reply = self.host.use_key(&self.actor, wanted).map_err(failure)?;
        self.refresh()?;
        Ok(Some(reply))
    }

    /// Brings a private key into a vault, or says what that would do.
    pub fn import_key(&mut self, import: &KeyImport) -> Result<Done, Failure> {
        if self.dry_run {
            return self.act(&import.command().map_err(failure)?.into());
        }
        let receipt = self.host.import_key(&self.actor, import).map_err(failure)?;
        self.warn();
        Ok(self.done(receipt.events, self.host.world().clone()))
    }

    /// Takes in a block of log records. In a dry run the world is shown it, and nothing is sealed. Gives what
    /// happened, and the segment unless the records are lost.
    pub fn ingest(&mut self, block: &Block) -> Result<(Vec<Event>, Option<Segment>), Failure> {
        if self.dry_run {
            let command = ingestion::Command::Ingest(block.arrival.clone()).into();
            let draft = engine::draft(&self.view, self.now, &self.actor, &command)?;
            self.view = draft.world;
            let segment = draft.events.iter().find_map(stored).cloned();
            return Ok((draft.events, segment));
        }
        let ingested = self.host.ingest(&self.actor, block).map_err(failure)?;
        self.warn();
        Ok((ingested.receipt.events, ingested.segment))
    }

    /// Decides a question and puts it on the record; the answer comes when it is run.
    pub fn query(&mut self, ask: &Ask) -> Result<Prepared, Failure> {
        let prepared = self.host.query(&self.actor, ask);
        let prepared = prepared.map_err(|error| self.query_failure(ask, error))?;
        self.warn();
        Ok(prepared)
    }

    /// The columns a question would be answered with, if it may be asked. Nothing is put on the record.
    pub fn foresee_query(&self, ask: &Ask) -> Result<Vec<Column>, Failure> {
        let (world, workspace) = (&self.view, &ask.workspace);
        world.may_query(&self.actor, workspace)?;
        let bound = kql::parse(&ask.text)
            .and_then(|query| kql::bind(&query, &Tables { world, workspace }, self.now))
            .map_err(|errors| wrong_query(&ask.text, &errors))?;
        let touched = bound.touches.iter().map(|touch| Touched {
            table: TableName::from(&*touch.table),
            from: (ask.span).map_or(touch.from, |span| touch.from.max(self.now - span)),
            to: touch.to,
        });
        let touched: Vec<Touched> = touched.collect();
        world.reads(self.now, workspace, &touched, ask.partial)?;
        Ok(bound.columns)
    }

    /// The text of a saved query, from wherever it is kept.
    pub fn saved_text(
        &mut self,
        workspace: &ResourceId,
        kind: Kind,
        name: &str,
    ) -> Result<String, Failure> {
        let text = self.host.saved_text(&self.actor, workspace, kind, name);
        text.map_err(failure)
    }

    /// Why a question was not answered.
    pub fn query_failure(&self, ask: &Ask, error: HostError) -> Failure {
        match error {
            HostError::Query(errors) => wrong_query(&ask.text, &errors),
            HostError::Unanswered(QueryError::Cancelled) => {
                print::say("the query was cancelled");
                Failure::Told(REFUSED)
            }
            HostError::Unanswered(error) => Failure::broken("QueryFailed", &error.to_string()),
            error => failure(error),
        }
    }

    /// Whether a command would be accepted now, and if not, why not.
    pub fn may(&self, command: &Command) -> Result<(), Failure> {
        engine::decide(&self.view, self.now, &self.actor, command)?;
        Ok(())
    }

    /// The world as it is by now, with what other processes did meanwhile.
    pub fn refresh(&mut self) -> Result<(), Failure> {
        self.host.refresh().map_err(failure)?;
        self.warn();
        self.now = self.host.now();
        self.view = present(&self.host, self.now)?;
        Ok(())
    }

    /// What follows from a command, in sentences; nothing where it is refused. A dry run says it by itself.
    pub fn foreseen(&self, command: &Command) -> Vec<String> {
        if self.dry_run {
            return Vec::new();
        }
        let ahead = foresight::foresee(&self.view, self.now, &self.actor, command);
        let said = ahead.map(|ahead| ahead.said(&self.actor));
        let said = said.unwrap_or_default().into_iter();
        said.map(|said| said.text).collect()
    }

    fn act_as(&mut self, actor: &Actor, command: &Command) -> Result<Done, Failure> {
        if self.dry_run {
            let draft = engine::draft(&self.view, self.now, actor, command)?;
            let ahead = foresight::foresee::of(&self.view, command, draft);
            for said in ahead.said(&self.actor) {
                print::say(&format!("foreseen: {}", said.text));
            }
            return Ok(self.done(ahead.events, ahead.then));
        }
        self.only_live().map_err(failure)?;
        let receipt = self.host.submit(actor, command).map_err(failure)?;
        tracing::info!(revision = receipt.revision.0, "committed");
        self.warn();
        Ok(self.done(receipt.events, self.host.world().clone()))
    }

    /// Says once what of the files and keys beside the record does not follow it.
    fn warn(&mut self) {
        let trouble = self.host.trouble().map(str::to_owned);
        if let Some(trouble) = trouble.as_ref().filter(|_| trouble != self.said) {
            print::say(&format!("warning: {trouble}"));
        }
        self.said = trouble;
    }

    /// What happened, as far as the actor may see it.
    pub fn done(&self, events: Vec<Event>, world: World) -> Done {
        let all = events.len();
        let events: Vec<Event> = events
            .into_iter()
            // What is gone now could be seen before.
            .filter(|e| sees(&world, &self.actor, e) || sees(&self.view, &self.actor, e))
            .collect();
        Done {
            unseen: all - events.len(),
            events,
            world,
            dry_run: self.dry_run,
        }
    }
}

/// The segment an event is about, when one came.
fn stored(event: &Event) -> Option<&Segment> {
    match &event.fact {
        Fact::Ingestion(ingestion::Fact::Stored { segment, .. }) => Some(segment),
        _ => None,
    }
}

/// The world at an instant, with everything due by then.
fn present(host: &Host, now: SimTime) -> Result<World, Refusal> {
    engine::draft(host.world(), now, &Actor::Time, &Command::Elapse).map(|draft| draft.world)
}

/// The world of a moment of the record, as a branch nobody plays on.
fn past(live: &Host, at: &str) -> Result<Host, Failure> {
    let look = Look::at(live.now(), at).map_err(|error| super::args::wrong_moment(&error))?;
    let reader = live.journal().reader().map_err(|e| journal_failure(&e))?;
    let glimpse = Past::new(reader).look(look).map_err(|error| match error {
        HostError::Refused(refusal) => Failure::of_form(refusal),
        other => failure(other),
    })?;
    let parent = live.journal().reader().map_err(|e| journal_failure(&e))?;
    let wall = Box::new(SystemWall::default());
    Host::branch_of(parent, &glimpse.world, glimpse.at, wall).map_err(failure)
}

fn open_host(global: &Global) -> Result<Host, Failure> {
    // A world file somebody names is read whether it is needed or not: it may be wrong.
    let named = match &global.world {
        Some(path) => Some(named_world(path)?),
        None => None,
    };
    let expected = named.as_ref().map(|n| n.1.clone());
    let founding = || -> Result<Founding, Failure> {
        let (file, fingerprint) = match named {
            Some(named) => named,
            None => demo_world()?,
        };
        Ok(Founding {
            fingerprint,
            commands: Box::new(file.founding()),
        })
    };
    if global.memory {
        let wall = Box::new(SystemWall::default());
        return Host::memory(founding()?, wall).map_err(failure);
    }
    let dir = global.state_dir()?;
    // The error of a closure that fails goes around the host, so that it keeps its shape.
    let failed = RefCell::new(None);
    let opened = Host::open(&dir, expected.as_deref(), || {
        founding().map_err(|f| {
            *failed.borrow_mut() = Some(f);
            "the world file is wrong".into()
        })
    });
    match (opened, failed.into_inner()) {
        (_, Some(failure)) => Err(failure),
        (opened, None) => opened.map_err(failure),
    }
}

fn named_world(path: &Path) -> Result<(WorldFile, String), Failure> {
    let text = input::text_file(path, "world")?;
    let name = path.display().to_string();
    let file = world_file::parse(&name, &text).map_err(wrong_world)?;
    Ok((file, fingerprint(&text)))
}

fn demo_world() -> Result<(WorldFile, String), Failure> {
    let file = world_file::parse(world_file::DEMO_NAME, world_file::DEMO).map_err(wrong_world)?;
    Ok((file, fingerprint(world_file::DEMO)))
}

/// All mistakes of a query as one error, each with its place.
fn wrong_query(text: &str, mistakes: &[KqlError]) -> Failure {
    let details = mistakes.iter().map(|mistake| {
        let mut lines = vec![mistake.to_string()];
        lines.extend(mistake.caret(text).lines().map(|line| format!("  {line}")));
        Detail {
            lines,
            json: json!({
                "message": mistake.to_string(),
                "line": mistake.line,
                "column": mistake.column,
                "start": mistake.span.start,
                "end": mistake.span.end,
                "expected": mistake.expected,
                "nearest": mistake.nearest,
            }),
        }
    });
    let refusal = errors::QRY_03.refuse().target("query");
    Failure::BadInput {
        // No rule of the domain is behind a mistake in writing.
        refusal: Box::new(Refusal {
            rule: String::new(),
            ..refusal
        }),
        details: details.collect(),
    }
}

/// All mistakes of a world file as one error.
pub fn wrong_world(errors: Vec<WorldError>) -> Failure {
    let details = errors.iter().map(|e| e.to_string().into()).collect();
    Failure::BadInput {
        refusal: Box::new(Refusal {
            target: errors.first().map(|e| e.field.clone()),
            ..super::failure::form(
                "InvalidWorld",
                match errors.len() {
                    1 => "The world file has a mistake.".to_owned(),
                    n => format!("The world file has {n} mistakes."),
                },
                "Correct the file; check it with lockbox check world FILE.",
            )
        }),
        details,
    }
}

/// Who acts: the person named, or the world's default.
pub(super) fn actor(world: &World, named: Option<&str>) -> Result<Actor, Refusal> {
    match named {
        Some("observer") => Ok(Actor::Observer),
        Some(name) => {
            let id = PersonId::from(name);
            world.person(&id)?;
            Ok(Actor::Person(id))
        }
        None => Ok(world
            .default_person
            .clone()
            .map_or(Actor::Observer, Actor::Person)),
    }
}

/// A host's error as the command line tells it.
pub fn failure(error: HostError) -> Failure {
    match error {
        HostError::Refused(refusal) => refusal.into(),
        error @ HostError::Founding { .. } => Failure::bad_input(
            "InvalidWorld",
            "world",
            error.to_string(),
            "Correct the world file; check it with lockbox check world FILE.",
        ),
        HostError::Journal(error) => journal_failure(&error),
        error @ HostError::Keystore(_) => Failure::broken("KeystoreUnusable", &error.to_string()),
        error @ HostError::Logs(LogsError::Sealed(SealedError::Full { .. })) => {
            Failure::broken("DiskFull", &error.to_string())
        }
        error @ HostError::Logs(_) => Failure::broken("LogsUnusable", &error.to_string()),
        other => Failure::broken("StateUnusable", &other.to_string()),
    }
}

pub fn journal_failure(error: &JournalError) -> Failure {
    let code = match error {
        JournalError::Damaged { .. } => "JournalDamaged",
        JournalError::NewerFormat { .. } => "JournalNewerFormat",
        JournalError::NotAJournal { .. } => "NotAJournal",
        _ => "JournalUnusable",
    };
    Failure::broken(code, &error.to_string())
}

/// Where the world of this machine lives unless somebody says otherwise.
pub fn default_state_dir() -> Result<PathBuf, Failure> {
    use etcetera::BaseStrategy;
    if let Some(dir) = std::env::var_os("LOCKBOX_STATE").filter(|d| !d.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::broken(
            "StateUnusable",
            "There is no home directory to keep the world in. Give a directory with --state.",
        )
    })?;
    Ok(base
        .state_dir()
        .unwrap_or_else(|| base.data_dir())
        .join("lockbox"))
}
