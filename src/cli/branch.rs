//! `lockbox branch`: a what-if world written down, begun where `--at` says and played on for a while, with nothing
//! done in it but what time does. And two futures side by side.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::names;
use super::print::{Block, Page, flex, right};
use super::session::{Session, failure};
use crate::console::text;
use crate::engine::compare::{Comparison, Figure, Row, compare};
use crate::engine::time::Span;
use crate::runtime::ClockCommand;

#[derive(Debug, Subcommand)]
pub enum BranchCommand {
    /// Write the world of --at, played on, into a directory that is new or empty
    Save {
        dir: PathBuf,
        /// Play it on for so long first
        #[arg(
            long,
            value_name = "SPAN",
            default_value = "0",
            allow_hyphen_values = true
        )]
        advance: Span,
    },
    /// What would be different now, had nobody done anything since --at
    Compare,
}

pub fn run(command: BranchCommand, context: &Context) -> Result<(), Failure> {
    if context.global.at.is_none() {
        return Err(Failure::bad_input(
            "NoMoment",
            "at",
            "A branch begins at a moment of the record, and none is given.",
            "Give one with --at: a time, or an event such as r123.",
        ));
    }
    let mut session = context.session()?;
    match command {
        BranchCommand::Save { dir, advance } => save(&mut session, dir, advance, context),
        BranchCommand::Compare => side_by_side(&session, context),
    }
}

fn save(
    session: &mut Session,
    dir: PathBuf,
    advance: Span,
    context: &Context,
) -> Result<(), Failure> {
    let parted = session.now();
    session
        .play(ClockCommand::Advance(advance))
        .map_err(failure)?;
    session.save(&dir).map_err(failure)?;
    let (from, now) = (parted.to_seconds(), session.now().to_seconds());
    let revision = session.world().revision;
    context.page(&Page {
        head: format!("Branch written to {}", dir.display()),
        blocks: vec![Block::Fields(vec![
            super::print::field("begins", format!("{from} UTC")),
            super::print::field("stands at", format!("{now} UTC, {revision}")),
            super::print::field(
                "look at it",
                format!("lockbox --state {} once overview", dir.display()),
            ),
        ])],
        json: json!({ "dir": dir, "begins": parted, "now": session.now(), "revision": revision.0 }),
    })
}

fn side_by_side(session: &Session, context: &Context) -> Result<(), Failure> {
    let Some((live, now)) = session.live() else {
        return Ok(());
    };
    let actor = session.actor();
    let both = compare(actor, live, session.world(), session.now(), now)?;
    let rows = both
        .rows
        .iter()
        .filter(|row| row.left != row.right)
        .map(cells);
    let columns = vec![
        flex("FIGURE"),
        right("AS IT IS"),
        right("HAD NOBODY DONE ANYTHING"),
    ];
    context.page(&Page {
        head: format!(
            "Two futures at {} UTC, parted at {} UTC",
            both.at.to_seconds(),
            both.since.to_seconds()
        ),
        blocks: vec![
            Block::Table("What differs", columns, rows.collect()),
            Block::Fields(vec![super::print::field("digests", digests(&both))]),
        ],
        json: shape(&both),
    })
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.what.clone(),
        figure(row, row.left),
        figure(row, row.right),
    ]
}

fn figure(row: &Row, n: u128) -> String {
    let narrow = u64::try_from(n).unwrap_or(u64::MAX);
    match row.figure {
        Figure::Bytes => names::bytes(narrow),
        Figure::Count => names::count(narrow),
        Figure::Time => Span(i64::try_from(n).unwrap_or(i64::MAX)).brief(),
    }
}

fn digests(both: &Comparison) -> String {
    let [left, right] = both.digests.map(|digest| text::digest(&digest));
    format!("{left} and {right}")
}

fn shape(both: &Comparison) -> Value {
    let unit = |figure| match figure {
        Figure::Bytes => "bytes",
        Figure::Count => "count",
        Figure::Time => "microseconds",
    };
    json!({
        "at": both.at,
        "parted": both.since,
        "figures": both.rows.iter().map(|row| json!({
            "what": row.what,
            "unit": unit(row.figure),
            "left": row.left,
            "right": row.right,
            "moreIsWorse": row.loss,
        })).collect::<Vec<_>>(),
        "digests": both.digests.map(|digest| text::digest(&digest)),
        "revisions": both.revisions.map(|revision| revision.0),
    })
}
