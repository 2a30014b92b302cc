//! `lockbox drill`: rehearsed courses of events, played headless on worlds of their own. The world of the state
//! directory is not touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::words;
use super::context::Context;
use super::failure::{Failure, REFUSED, form};
use super::input;
use super::once;
use super::print::{self, Format};
use super::session::{self, failure};
use crate::drill::report::{self, document, failures, line};
use crate::drill::{Beat, Cast, Drill, NamedText, Outcome, Part, read_all, rehearse};
use crate::engine::rules::{self, NUMBERS};
use crate::engine::text::scrub;
use crate::engine::words::{did_you_mean, nearest};
use crate::engine::{self, Actor, SimTime, World};
use crate::runtime::{ClockCommand, Founding, Handle, Host, HostError, SystemWall};
use crate::world_file::WorldError;

/// Drills that are played at a time.
const THREADS: usize = 2;

#[derive(Debug, Subcommand)]
pub enum DrillCommand {
    /// Play drills and say whether everything came as expected
    Run(RunArgs),
    /// Read drill files and their worlds without playing them
    Check {
        /// Drill files, or directories of them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Open the console on the world of a drill, in memory, with what to say and what comes next
    Present { file: PathBuf },
    /// Play one person's part of a drill at the console; the others play by themselves, and it is scored
    Join(JoinArgs),
    /// The drills of files and directories, with what they teach
    List {
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Drill files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Change a number of the rules from the beginning, like resume-latency=10m; see lockbox rules
    #[arg(long, value_name = "NAME=VALUE", value_parser = rule)]
    set_rule: Vec<(String, String)>,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
pub struct JoinArgs {
    /// A drill file; --as says whose part you play [default: who has most to do in it]
    file: PathBuf,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Write a report with timelines and charts
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// What the report is: text, json or html [default: by the end of its name, else text]
    #[arg(long, value_name = "FORMAT", requires = "report", value_parser = words!(report::Format))]
    report_format: Option<report::Format>,
}

fn rule(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write NAME=VALUE, like resume-latency=10m")?;
    if !NUMBERS.iter().any(|number| number.name == name) {
        let near = nearest(name, NUMBERS.iter().map(|number| number.name));
        let name = scrub(name);
        return Err(format!(
            "there is no number {name} in the rules. {}",
            did_you_mean(near, "List them: lockbox rules")
        ));
    }
    let command = rules::Command::Set {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let (world, now) = (World::default(), SimTime::default());
    engine::decide(&world, now, &Actor::Simulator, &command.into())
        .map_err(|refusal| refusal.message)?;
    Ok((name.to_owned(), value.to_owned()))
}

pub fn run(command: DrillCommand, context: &Context) -> Result<(), Failure> {
    match command {
        DrillCommand::Run(args) => play(&args, context),
        DrillCommand::Check { paths } => check(&paths, context),
        DrillCommand::Present { file } => present(file, context),
        DrillCommand::Join(args) => join(args, context),
        DrillCommand::List { paths } => list(&paths, context),
    }
}

/// Opens the console on the world of a drill, in memory. `cast` says whose beats play by themselves. Returns what
/// came of it when the console is left.
fn on_stage(
    drill: Drill,
    cast: Cast,
    actor: Option<&str>,
    context: &Context,
) -> Result<Outcome, Failure> {
    let founding = Founding {
        fingerprint: drill.fingerprint.clone(),
        commands: Box::new(drill.world.founding()),
    };
    let wall = Box::new(SystemWall::default());
    let mut host = Host::memory(founding, wall).map_err(failure)?;
    // Who presents or plays begins when the room is ready.
    host.clock_set(ClockCommand::Pause).map_err(failure)?;
    let actor = session::actor(host.world(), actor)?;
    let (part, outcome) = Part::new(drill, cast, &host);
    let handle = Handle::staged(host, Some("the drill"), Some(Box::new(part))).map_err(failure)?;
    once::open(context, handle, actor)?;
    outcome.recv().map_err(|_| failure(HostError::Stopped))
}

/// The one drill of a file, when there is a terminal to play it on.
fn to_play(file: PathBuf, context: &Context) -> Result<Drill, Failure> {
    once::terminal(context)?;
    let drill = read(&[file])?.into_iter().next();
    drill.ok_or_else(|| Failure::internal("a drill file has no drill".to_owned()))
}

/// The presenter does what the beats say; the console says what comes next.
fn present(file: PathBuf, context: &Context) -> Result<(), Failure> {
    let drill = to_play(file, context)?;
    let person = context.global.person.as_deref();
    on_stage(drill, Cast::Nobody, person, context).map(|_| ())
}

/// One person's part is the player's; the rest plays by itself, and what comes is scored.
fn join(args: JoinArgs, context: &Context) -> Result<(), Failure> {
    let drill = to_play(args.file, context)?;
    let person = context.global.person.clone().or_else(|| lead(&drill));
    let person = person.ok_or_else(|| {
        let message = format!("Nobody does anything in {}.", drill.file);
        let remedy = "Say whose part you play: --as PERSON.";
        Failure::bad_input("NoPart", "as", message, remedy)
    })?;
    let cast = Cast::AllBut(person.as_str().into());
    let outcome = on_stage(drill, cast, Some(&person), context)?;
    told(&outcome)?;
    written(&args.report, std::slice::from_ref(&outcome))?;
    match outcome.passed() {
        true => Ok(()),
        false => Err(Failure::Told(REFUSED)),
    }
}

/// Who has most to do.
fn lead(drill: &Drill) -> Option<String> {
    let people = drill.beats.iter().filter_map(Beat::by);
    let mut parts: BTreeMap<_, usize> = BTreeMap::new();
    people.for_each(|person| *parts.entry(person).or_default() += 1);
    let lead = parts.into_iter().max_by_key(|(_, beats)| *beats);
    lead.map(|(person, _)| person.to_string())
}

/// A line for the drill, and one for each expectation that was not met.
fn told(outcome: &Outcome) -> Result<(), Failure> {
    print::line(&line(outcome))?;
    let mut failed = failures(outcome).into_iter();
    failed.try_for_each(|failure| print::line(&format!("  {failure}")))
}

/// All drills of the paths, and nothing unless all are good.
fn read(paths: &[PathBuf]) -> Result<Vec<Drill>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        for path in drills_in(path)? {
            files.push(NamedText {
                text: input::text_file(&path, "drill")?,
                name: path.display().to_string(),
            });
        }
    }
    read_all(&files).map_err(wrong_drills)
}

/// Every mistake, before anything runs.
fn wrong_drills(errors: Vec<WorldError>) -> Failure {
    let message = match errors.len() {
        1 => "The drill files have a mistake.".to_owned(),
        n => format!("The drill files have {n} mistakes."),
    };
    let remedy = "Correct them; nothing was run. demo-data/drills/README.md describes every field.";
    let refusal = form("InvalidDrill", message, remedy);
    Failure::BadInput {
        refusal: Box::new(match errors.first() {
            Some(first) => refusal.target(first.field.clone()),
            None => refusal,
        }),
        details: errors.iter().map(|e| e.to_string().into()).collect(),
    }
}

/// A file, or the drill files of a directory by name.
fn drills_in(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let bad = |message: String| {
        Failure::bad_input(
            "InvalidFile",
            "drill",
            message,
            "Name a directory of drill files.",
        )
    };
    let read = std::fs::read_dir(path).and_then(|entries| {
        entries
            .map(|e| e.map(|e| e.path()))
            .collect::<Result<Vec<_>, _>>()
    });
    let mut files = read.map_err(|e| bad(format!("{} cannot be read: {e}.", path.display())))?;
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    if files.is_empty() {
        return Err(bad(format!("There is no drill in {}.", path.display())));
    }
    Ok(files)
}

fn play(args: &RunArgs, context: &Context) -> Result<(), Failure> {
    let drills = read(&args.paths)?;
    let plain = matches!(context.format(), Format::Table | Format::Plain);
    let outcomes = rehearsed(&drills, &args.set_rule, |outcome| {
        if plain { told(outcome) } else { Ok(()) }
    })?;
    written(&args.report, &outcomes)?;
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    if plain {
        let passed = outcomes.len() - failed;
        print::line(&format!("{passed} of {} drills passed", outcomes.len()))?;
    } else {
        print::document(&document(&outcomes))?;
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Told(REFUSED)),
    }
}

/// Writes the report somebody asked for.
fn written(args: &ReportArgs, outcomes: &[Outcome]) -> Result<(), Failure> {
    let Some(path) = &args.report else {
        return Ok(());
    };
    let format = args.report_format.unwrap_or_else(|| by_name(path));
    std::fs::write(path, report::report(format, outcomes)).map_err(|e| {
        let message = format!("The report cannot be written to {}: {e}.", path.display());
        Failure::bad_input(
            "InvalidFile",
            "report",
            message,
            "Name a file that can be written.",
        )
    })
}

fn by_name(path: &Path) -> report::Format {
    match path.extension().and_then(|end| end.to_str()) {
        Some("json") => report::Format::Json,
        Some("html" | "htm") => report::Format::Html,
        _ => report::Format::Text,
    }
}

/// What came of drills, in their order; each is told as soon as it and all before it are over.
fn rehearsed(
    drills: &[Drill],
    changed: &[(String, String)],
    mut tell: impl FnMut(&Outcome) -> Result<(), Failure> + Send,
) -> Result<Vec<Outcome>, Failure> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Outcome>>> = Mutex::new(drills.iter().map(|_| None).collect());
    let mut told = 0;
    let (send, over) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (next, done, send) = (&next, &done, send.clone());
            scope.spawn(move || {
                while let Some((n, drill)) = {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    drills.get(n).map(|drill| (n, drill))
                } {
                    let outcome = rehearse(drill, changed);
                    done.lock().unwrap_or_else(PoisonError::into_inner)[n] = Some(outcome);
                    // Nobody listens any more when telling failed.
                    let _ = send.send(());
                }
            });
        }
        drop(send);
        for () in over {
            let done = done.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(Some(outcome)) = done.get(told) {
                tell(outcome)?;
                told += 1;
            }
        }
        Ok::<(), Failure>(())
    })?;
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(done.into_iter().flatten().collect())
}

fn check(paths: &[PathBuf], context: &Context) -> Result<(), Failure> {
    let drills = read(paths)?;
    if context.format() == Format::Json {
        return print::document(&json!({ "drills": drills.len() }));
    }
    print::line(&match drills.len() {
        1 => "1 drill is good".to_owned(),
        n => format!("{n} drills are good"),
    })
}

fn list(paths: &[PathBuf], context: &Context) -> Result<(), Failure> {
    let drills = read(paths)?;
    if context.format() == Format::Json {
        let all: Vec<_> = drills
            .iter()
            .map(|d| json!({ "id": d.id, "title": d.title, "teaches": d.teaches, "file": d.file }))
            .collect();
        return print::document(&json!({ "drills": all }));
    }
    for drill in &drills {
        print::line(&format!("{}  {}", scrub(&drill.id), scrub(&drill.title)))?;
        print::line(&format!("  {}", scrub(&drill.teaches)))?;
    }
    Ok(())
}
