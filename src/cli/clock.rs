//! `lockbox clock`: where simulated time stands, and the only commands that move it.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::names;
use super::print::{self, Block, Format, Page, field, opt};
use super::session::{Done, Session, failure};
use crate::engine::projections::sentence::{sentence, upcoming};

use crate::engine::{self, Actor, Command, Event, SimTime, Span, World};
use crate::runtime::clock::{advanced, checked_rate, forward, next_consequence, next_due};
use crate::runtime::{ClockCommand, HostError, Reading};

#[derive(Debug, Clone, Subcommand)]
pub enum Clock {
    /// Show the time, its rate and what is due next
    Show,
    /// Jump ahead, for example 4d, 8h or 3d23h59m, and say what happened meanwhile
    Advance {
        #[arg(allow_hyphen_values = true)]
        span: Span,
    },
    /// Simulated seconds per second, 0 to 86400, while a console holds the clock
    Rate {
        #[arg(value_parser = args::rate, allow_hyphen_values = true)]
        rate: u32,
    },
    /// Let time stand still
    Pause,
    /// Let time run again
    Resume,
    /// Jump to the next instant at which something happens
    Next {
        /// To the next that changes what somebody can do, has or loses
        #[arg(long)]
        consequence: bool,
    },
    /// Jump to a time: 2020-11-23 14:00, or 14:00 for that time of the day
    To { time: String },
}

pub fn run(command: Clock, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let set = match command {
        Clock::Show => return show(&session, context),
        Clock::Advance { span } => ClockCommand::Advance(span),
        Clock::Rate { rate } => ClockCommand::Rate(rate),
        Clock::Pause => ClockCommand::Pause,
        Clock::Resume => ClockCommand::Resume,
        Clock::Next { consequence: false } => ClockCommand::Next,
        Clock::Next { consequence: true } => ClockCommand::NextConsequence,
        Clock::To { time } => ClockCommand::To(args::moment(session.now(), &time)?),
    };
    let (done, reading) = self::set(&mut session, set)?;
    tell(context, &done, &reading)
}

/// Sets the clock, or says what that would lead to, and what happened by it.
pub fn set(session: &mut Session, set: ClockCommand) -> Result<(Done, Reading), Failure> {
    if session.is_dry_run() {
        return preview(session, set);
    }
    let before = session.host().world().revision;
    let reading = session.set_clock(set).map_err(of_clock)?;
    let events = read_all(session, before)?;
    let done = session.done(events, session.host().world().clone());
    Ok((done, reading))
}

/// A span or rate that time cannot take is bad input.
fn of_clock(error: HostError) -> Failure {
    match error {
        HostError::Refused(refusal) => Failure::of_form(refusal),
        other => failure(other),
    }
}

fn read_all(session: &Session, after: engine::ids::Revision) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    let mut last = after;
    loop {
        let more = session
            .host()
            .journal()
            .read_after(last, 4_096)
            .map_err(|e| super::session::journal_failure(&e))?;
        let Some(newest) = more.last() else {
            return Ok(events);
        };
        last = newest.revision;
        events.extend(more);
    }
}

/// What setting the clock would lead to.
fn preview(session: &Session, set: ClockCommand) -> Result<(Done, Reading), Failure> {
    let mut reading = session.host().clock_reading();
    let now = session.now();
    match set {
        ClockCommand::Pause => (reading.paused, reading.running) = (true, false),
        ClockCommand::Resume => reading.paused = false,
        ClockCommand::Rate(rate) => {
            reading.rate = checked_rate(rate).map_err(Failure::of_form)?;
        }
        ClockCommand::Advance(span) => {
            reading.now = advanced(now, span).map_err(Failure::of_form)?;
        }
        ClockCommand::Next => {
            reading.now = next_due(session.world(), now).map_err(Failure::of_form)?;
        }
        ClockCommand::NextConsequence => {
            reading.now = next_consequence(session.world(), now).map_err(Failure::of_form)?;
        }
        ClockCommand::To(at) => reading.now = forward(now, at).map_err(Failure::of_form)?,
    }
    let before = session.host().world();
    let draft = engine::draft(before, reading.now, &Actor::Time, &Command::Elapse)?;
    let done = session.done(draft.events, draft.world);
    Ok((done, reading))
}

fn tell(context: &Context, done: &Done, reading: &Reading) -> Result<(), Failure> {
    match context.format() {
        Format::Table | Format::Plain => {
            let would = if done.dry_run { "would be " } else { "" };
            print::line(&format!(
                "{would}{} UTC, {}",
                reading.now.to_seconds(),
                state(reading)
            ))?;
            for event in &done.events {
                print::line(&format!(
                    "  {}  {}",
                    event.at.to_seconds(),
                    sentence(&done.world, event)
                ))?;
            }
            context.footer(done, reading.now);
            Ok(())
        }
        Format::Json => {
            let mut object = shape(&done.world, reading);
            object["events"] = context.events_json(&done.world, &done.events);
            object["dryRun"] = json!(done.dry_run);
            object["eventsNotForYou"] = json!(done.unseen);
            object["revision"] = json!(done.world.revision.0);
            print::document(&print::marked(object))
        }
        Format::Csv => context.events_csv(&done.world, &done.events),
    }
}

fn state(reading: &Reading) -> String {
    let rate = reading.rate;
    match (&reading.holder, reading.paused) {
        (_, true) => format!("paused, rate {rate}"),
        (Some(holder), false) => format!("running at {rate} s a second, held by {holder}"),
        (None, false) => format!("standing, since no console holds the clock; rate {rate}"),
    }
}

fn shape(world: &World, reading: &Reading) -> Value {
    json!({
        "now": reading.now,
        "rate": reading.rate,
        "paused": reading.paused,
        "running": reading.running,
        "holder": reading.holder,
        "next": opt(engine::due(world)),
    })
}

fn show(session: &Session, context: &Context) -> Result<(), Failure> {
    let (world, reading) = (session.world(), session.host().clock_reading());
    let next = world.timers.next().map_or_else(
        || "nothing is due".to_owned(),
        |(key, timer)| {
            format!(
                "{}: {}",
                names::when(reading.now, key.at),
                upcoming(world, reading.now, session.actor(), timer)
                    .unwrap_or_else(|| "something that is not for you to see".to_owned())
            )
        },
    );
    context.page(&Page {
        head: "Clock".to_owned(),
        blocks: vec![Block::Fields(vec![
            field("now", format!("{} UTC", utc(reading.now))),
            field("state", state(&reading)),
            field("next", next),
        ])],
        json: shape(world, &reading),
    })
}

fn utc(at: SimTime) -> String {
    at.calendar().format("%a %Y-%m-%d %H:%M:%S").to_string()
}
