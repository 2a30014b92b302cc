//! `lockbox op`: asynchronous operations, listed, shown and waited for.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::Subcommand;

use super::context::Context;
use super::failure::{Failure, REFUSED};
use super::print::{self, Block, Format, List, Page, col, field, flex, right};
use super::session::Session;
use super::{clock, names, shape};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::cluster::operation::{Operation, Status};
use crate::engine::ids::OperationId;
use crate::engine::time::{SimTime, Span};
use crate::runtime::{ClockCommand, Reading};

#[derive(Debug, Subcommand)]
pub enum OpCommand {
    /// List operations, newest first
    List {
        /// Only those that run
        #[arg(long)]
        running: bool,
    },
    /// Show an operation
    Show { operation: String },
    /// Follow an operation to its end; 0 when it succeeded, 1 when it failed
    Wait {
        operation: String,
        /// Give up after this much real time, like 90s
        #[arg(
            long,
            value_name = "SPAN",
            conflicts_with = "advance",
            allow_hyphen_values = true
        )]
        timeout: Option<Span>,
        /// Move the clock to its end instead of waiting
        #[arg(long)]
        advance: bool,
    },
}

pub fn run(command: OpCommand, context: &Context) -> Result<(), Failure> {
    match command {
        OpCommand::List { running } => list(running, context),
        OpCommand::Show { operation } => show(&operation, context),
        OpCommand::Wait {
            operation,
            timeout,
            advance,
        } => {
            let session = context.session()?;
            let id = visible(&session, &operation)?;
            match advance {
                true => advance_to_end(session, id, context),
                false => wait(session, id, timeout, context),
            }
        }
    }
}

/// The operation a person means and may see.
fn visible(session: &Session, text: &str) -> Result<OperationId, Failure> {
    let id = session.world().find_operation(text)?;
    session.ask(&Query::Operation(id))?;
    Ok(id)
}

fn list(running: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Operations(ids) = session.ask(&Query::Operations)? else {
        return Ok(());
    };
    let items = ids
        .iter()
        .filter_map(|id| world.operations.get(id))
        .filter(|o| !running || !o.status.is_terminal())
        .collect();
    context.list(&List {
        noun: ("operation", "operations"),
        columns: vec![
            col("ID"),
            col("KIND"),
            col("STATUS"),
            col("STARTED"),
            col("END"),
            right("LEFT"),
            flex("ON"),
            flex("ERROR"),
        ],
        csv: &[
            "operation",
            "kind",
            "status",
            "startTime",
            "expectedEnd",
            "endTime",
            "cluster",
            "workspace",
            "kid",
            "error.code",
            "error.message",
            "name",
            "id",
        ],
        items,
        cells: &|o| {
            vec![
                o.id.to_string(),
                o.kind.to_string(),
                o.status.to_string(),
                o.started_at.to_seconds(),
                match o.ended_at {
                    Some(at) => at.to_seconds(),
                    None => format!("~{}", o.expected_end.to_seconds()),
                },
                match o.ended_at {
                    Some(_) => String::new(),
                    None => now.until(o.expected_end).brief(),
                },
                o.target().to_string(),
                o.error
                    .as_ref()
                    .map_or_else(String::new, |e| e.message.clone()),
            ]
        },
        json: &|o| shape::monitor::operation(world, o),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, text)?;
    context.page(&page(session.world(), session.now(), id)?)
}

fn page(world: &World, now: SimTime, id: OperationId) -> Result<Page, Failure> {
    let operation = world.operation(id)?;
    let mut fields = vec![
        field("kind", operation.kind.to_string()),
        field("status", operation.status.to_string()),
        field("cluster", operation.cluster.to_string()),
    ];
    if let Some(workspace) = &operation.workspace {
        fields.push(field("workspace", workspace.to_string()));
    }
    if let Some(key) = &operation.key {
        fields.push(field("key", key.kid()));
    }
    fields.push(field("started", names::when(now, operation.started_at)));
    fields.push(match operation.ended_at {
        Some(at) => field("ended", names::when(now, at)),
        None => field("expected end", names::when(now, operation.expected_end)),
    });
    if let Some(error) = &operation.error {
        fields.push(field("error", format!("{}: {}", error.code, error.message)));
    }
    fields.push(field("polled at", world.operation_path(operation)));
    fields.push(field("began with event", operation.revision.to_string()));
    Ok(Page {
        head: format!("Operation {id}: {}", operation.status),
        blocks: vec![Block::Fields(fields)],
        json: shape::monitor::operation(world, operation),
    })
}

/// A failed operation is told like any other, and ends with exit code 1.
fn verdict(operation: &Operation) -> Result<(), Failure> {
    match operation.status {
        Status::Failed => Err(Failure::Told(REFUSED)),
        _ => Ok(()),
    }
}

fn advance_to_end(mut session: Session, id: OperationId, context: &Context) -> Result<(), Failure> {
    let operation = session.world().operation(id)?;
    let ahead = match operation.status.is_terminal() {
        true => Span::ZERO,
        false => session.now().until(operation.expected_end),
    };
    let (done, _) = clock::set(&mut session, ClockCommand::Advance(ahead))?;
    let operation = done.world.operation(id)?;
    let json = shape::monitor::operation(&done.world, operation);
    context.outcome(&done, &line(operation), json)?;
    verdict(operation)
}

/// Time between two looks at a world somebody else moves.
const LOOK: Duration = Duration::from_millis(100);

fn wait(
    mut session: Session,
    id: OperationId,
    timeout: Option<Span>,
    context: &Context,
) -> Result<(), Failure> {
    let started = Instant::now();
    let limit = timeout.and_then(|t| u64::try_from(t.0).ok().map(Duration::from_micros));
    let mut teller = Teller::new(context);
    loop {
        let operation = session.world().operation(id)?;
        teller.tell(session.now(), operation)?;
        if operation.status.is_terminal() {
            teller.end();
            if context.format() == Format::Json || context.format() == Format::Csv {
                context.page(&page(session.world(), session.now(), id)?)?;
            }
            return verdict(operation);
        }
        let reading = session.host().clock_reading();
        if !reading.running {
            teller.end();
            return Err(stands(operation, &reading));
        }
        if limit.is_some_and(|limit| started.elapsed() >= limit) {
            teller.end();
            return Err(Failure::waited(
                "WaitTimedOut",
                408,
                format!(
                    "{id} is still {} at {} UTC.",
                    operation.status,
                    session.now().to_seconds()
                ),
                "Wait longer, or let time run faster: lockbox clock rate.".to_owned(),
            ));
        }
        std::thread::sleep(LOOK);
        session.refresh()?;
    }
}

/// Nobody makes time run, so the operation would never end.
fn stands(operation: &Operation, reading: &Reading) -> Failure {
    let id = operation.id;
    let (why, how) = match (&reading.holder, reading.paused, reading.rate) {
        (Some(holder), true, _) => (
            format!("{holder} holds the clock, which is paused"),
            "let it run: lockbox clock resume".to_owned(),
        ),
        (Some(holder), false, 0) => (
            format!("{holder} holds the clock at rate 0"),
            "let it run: lockbox clock rate 60".to_owned(),
        ),
        _ => (
            "nobody holds the clock, so time stands".to_owned(),
            "open the console (lockbox), which makes time run".to_owned(),
        ),
    };
    let left = reading.now.until(operation.expected_end);
    Failure::waited(
        "ClockStands",
        409,
        format!(
            "{id} is {} and ends about {} UTC, but {why}.",
            operation.status,
            operation.expected_end.to_seconds()
        ),
        format!(
            "Either {how}, or move time: lockbox op wait {id} --advance, or lockbox clock advance {left}."
        ),
    )
}

/// Says how far an operation is: on a terminal in one line that is drawn again, elsewhere a line when its
/// status changes. For programs the lines are talk, and the operation itself is the data.
struct Teller {
    terminal: bool,
    ascii: bool,
    data: bool,
    told: Option<Status>,
}

impl Teller {
    fn new(context: &Context) -> Teller {
        Teller {
            terminal: std::io::stderr().is_terminal(),
            ascii: context.global.ascii(),
            data: matches!(context.format(), Format::Json | Format::Csv),
            told: None,
        }
    }

    fn tell(&mut self, now: SimTime, operation: &Operation) -> Result<(), Failure> {
        if self.terminal && !operation.status.is_terminal() {
            print::redraw(&bar(now, operation, self.ascii));
            return Ok(());
        }
        if self.told.replace(operation.status) == Some(operation.status) {
            return Ok(());
        }
        if self.terminal {
            print::redraw("");
        }
        let line = format!("{}  {}", now.to_seconds(), line(operation));
        match self.data {
            true => print::say(&line),
            false => print::line(&line)?,
        }
        Ok(())
    }

    /// Leaves the line of the bar to what comes next.
    fn end(&self) {
        if self.terminal {
            print::redraw("");
        }
    }
}

fn line(operation: &Operation) -> String {
    let what = format!(
        "{} {} on {}: {}",
        operation.id,
        operation.kind,
        operation.target(),
        operation.status
    );
    match (operation.ended_at, &operation.error) {
        (Some(at), Some(error)) => format!("{what} at {} UTC, {}", at.to_seconds(), error.message),
        (Some(at), None) => format!("{what} at {} UTC", at.to_seconds()),
        (None, _) => format!(
            "{what}, expected to end at {} UTC",
            operation.expected_end.to_seconds()
        ),
    }
}

/// Cells of the bar.
const BAR: i64 = 24;

/// `OP-000003 link InProgress  ████░░░░  41 %  12m 18s of 30m, 17m 42s left`, in simulated time.
fn bar(now: SimTime, operation: &Operation, ascii: bool) -> String {
    let whole = operation.started_at.until(operation.expected_end).0.max(1);
    let gone = operation.started_at.until(now).0.min(whole);
    let percent = i64::try_from(i128::from(gone) * 100 / i128::from(whole)).unwrap_or(100);
    let cells = usize::try_from(percent * BAR / 100).unwrap_or_default();
    let rest = usize::try_from(BAR)
        .unwrap_or_default()
        .saturating_sub(cells);
    let (full, empty) = if ascii { ("#", "-") } else { ("█", "░") };
    format!(
        "{} {} {}  {}{}  {percent:>3} %  {} of {}, {} left",
        operation.id,
        operation.kind,
        operation.status,
        full.repeat(cells),
        empty.repeat(rest),
        Span(gone).brief(),
        Span(whole).brief(),
        now.until(operation.expected_end).brief()
    )
}
