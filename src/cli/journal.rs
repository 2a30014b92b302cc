//! `lockbox journal`: the record itself, checked and exported.

use std::io::Write;

use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::print::{Block, Page, field};
use super::session::journal_failure;
use crate::engine::ids::Revision;
use crate::engine::text::inert_json;
use crate::engine::{Event, Fact, SimTime};
use crate::runtime::host::journal_path;
use crate::store::{Journal, SqliteJournal};

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum JournalCommand {
    /// Check every event and the hash chain over them
    Verify,
    /// Write all events as JSON lines
    Export {
        /// Only events after this revision
        #[arg(long, value_name = "REVISION", default_value_t = 0)]
        after: u64,
    },
}

/// Events read at once.
const CHUNK: usize = 4_096;

pub fn run(command: JournalCommand, context: &Context) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify => verify(context),
        JournalCommand::Export { after } => export(context, Revision(after)),
    }
}

fn verify(context: &Context) -> Result<(), Failure> {
    // An existing journal is checked before anything folds it.
    let path = match context.global.memory {
        true => None,
        false => Some(journal_path(&context.global.state_dir()?)).filter(|p| p.exists()),
    };
    let report = match &path {
        Some(path) => SqliteJournal::open(path).and_then(|journal| journal.verify()),
        None => context.session()?.host().journal().verify(),
    }
    .map_err(|e| journal_failure(&e))?;
    let shown = path.map_or_else(|| "in memory".to_owned(), |p| p.display().to_string());
    context.page(&Page {
        head: "Journal verified, every event is whole".to_owned(),
        blocks: vec![Block::Fields(vec![
            field("journal", shown.clone()),
            field("events", report.events.to_string()),
            field("head", report.head.to_string()),
            field("hash", report.hash.clone()),
        ])],
        json: json!({
            "ok": true,
            "journal": shown,
            "events": report.events,
            "head": report.head.0,
            "hash": report.hash,
        }),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    revision: Revision,
    at: SimTime,
    actor: String,
    cause: Option<Revision>,
    fact: &'a Fact,
    simulation: bool,
}

impl<'a> From<&'a Event> for Line<'a> {
    fn from(event: &'a Event) -> Self {
        Line {
            revision: event.revision,
            at: event.at,
            actor: event.actor.to_string(),
            cause: event.cause,
            fact: &event.fact,
            simulation: true,
        }
    }
}

fn export(context: &Context, after: Revision) -> Result<(), Failure> {
    let session = context.session()?;
    let journal = session.host().journal();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut last = after;
    loop {
        let events = journal
            .read_after(last, CHUNK)
            .map_err(|e| journal_failure(&e))?;
        let Some(newest) = events.last() else {
            out.flush()?;
            return Ok(());
        };
        last = newest.revision;
        for event in &events {
            let line = serde_json::to_string(&Line::from(event))
                .map_err(|e| Failure::internal(format!("an event cannot be written: {e}")))?;
            writeln!(out, "{}", inert_json(&line))?;
        }
    }
}
