//! `lockbox tables`: the tables of a workspace, with what came to them and how long they keep it.

use std::sync::Arc;

use clap::Subcommand;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::ledger::Ledger;
use super::print::{Block, List, Page, col, field, flex, right};
use super::session::Session;
use super::{find, names, shape};
use crate::engine::World;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::{Command, builtin, table::Table};
use crate::engine::time::Span;

#[derive(Debug, Subcommand)]
pub enum TablesCommand {
    /// List the tables, those nothing came to yet included
    List {
        #[arg(long, value_name = "WORKSPACE")]
        workspace: String,
    },
    /// Show a table: its columns, its records, and files that were not ingested to their end
    Show {
        table: String,
        #[arg(long, value_name = "WORKSPACE")]
        workspace: String,
    },
    /// Set how long a table keeps its records
    Retention {
        table: String,
        #[arg(long, value_name = "WORKSPACE")]
        workspace: String,
        #[arg(
            long,
            value_parser = args::days,
            allow_hyphen_values = true,
            required_unless_present = "as_workspace",
            conflicts_with = "as_workspace"
        )]
        days: Option<Span>,
        /// As long as the workspace says
        #[arg(long)]
        as_workspace: bool,
    },
}

pub fn run(command: TablesCommand, context: &Context) -> Result<(), Failure> {
    match command {
        TablesCommand::List { workspace } => list(&workspace, context),
        TablesCommand::Show { table, workspace } => show(&workspace, table.into(), context),
        TablesCommand::Retention {
            table,
            workspace,
            days,
            ..
        } => set_retention(&workspace, table.into(), days, context),
    }
}

fn set_retention(
    workspace: &str,
    table: TableName,
    retention: Option<Span>,
    context: &Context,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let workspace = session.world().find_workspace(session.actor(), workspace)?;
    let command = Command::SetRetention {
        workspace: workspace.clone(),
        table: table.clone(),
        retention,
    };
    let done = session.act(&command.into())?;
    let found = done.world.logs.table(&workspace, &table);
    let head = format!(
        "{table} of {workspace} keeps its records for {}{}",
        shape::logs::retention(&done.world, &workspace, found.map(Arc::as_ref)),
        match retention {
            Some(_) => "",
            None => ", as the workspace says",
        }
    );
    let json = shape::logs::table(&done.world, &workspace, &table, found.map(Arc::as_ref));
    context.outcome(&done, &head, json)
}

/// A table and, when anything came to it, what.
struct Line<'a> {
    name: TableName,
    found: Option<&'a Arc<Table>>,
    ledger: Ledger,
}

fn line<'a>(world: &World, name: TableName, found: Option<&'a Arc<Table>>) -> Line<'a> {
    let segments = found.into_iter().flat_map(|t| world.logs.segments_of(t));
    Line {
        ledger: Ledger::of(world, segments, found.map(|t| t.tally)),
        name,
        found,
    }
}

fn lines<'a>(world: &'a World, workspace: &'a ResourceId) -> Vec<Line<'a>> {
    let mut names: Vec<TableName> = builtin::names().map(TableName::from).collect();
    let custom = world
        .logs
        .tables_of(workspace)
        .map(|(name, _)| name.clone());
    names.extend(custom.filter(|name| builtin::table(name.as_str()).is_none()));
    names
        .into_iter()
        .map(|name| {
            let found = world.logs.table(workspace, &name);
            line(world, name, found)
        })
        .collect()
}

fn json(world: &World, workspace: &ResourceId, line: &Line) -> serde_json::Value {
    let found = line.found.map(Arc::as_ref);
    let mut json = shape::logs::table(world, workspace, &line.name, found);
    json["records"] = line.ledger.json();
    json
}

fn list(workspace: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let workspace = find::workspace_to_read(&session, workspace)?;
    let world = session.world();
    context.list(&List {
        noun: ("table", "tables"),
        columns: vec![
            col("TABLE"),
            col("ORIGIN"),
            right("COLUMNS"),
            right("KEPT"),
            right("SEGMENTS"),
            right("RECORDS"),
            right("BYTES"),
            right("HIDDEN"),
            right("LOST"),
        ],
        csv: &[
            "name",
            "origin",
            "retentionInDays",
            "ownRetention",
            "records.segments",
            "records.stored.rows",
            "records.stored.bytes",
            "records.hot.rows",
            "records.hidden.rows",
            "records.dropped.rows",
            "records.dropped.bytes",
            "workspace",
        ],
        items: lines(world, &workspace),
        cells: &|line| {
            let stored = line.ledger.stored();
            vec![
                line.name.to_string(),
                shape::logs::origin(&line.name).to_owned(),
                world.columns(&workspace, &line.name).len().to_string(),
                shape::logs::retention(world, &workspace, line.found.map(Arc::as_ref)).to_string(),
                line.ledger.segments.to_string(),
                names::count(stored.rows),
                names::bytes(stored.bytes),
                names::count(line.ledger.hidden().rows),
                names::count(line.ledger.lost().rows),
            ]
        },
        json: &|line| json(world, &workspace, line),
        own_shape: false,
        notes: vec![
            "the service makes the records of its own tables when they are asked for".to_owned(),
        ],
    })
}

fn show(workspace: &str, name: TableName, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let workspace = find::workspace_to_read(&session, workspace)?;
    context.page(&page(&session, &workspace, name)?)
}

fn page(session: &Session, workspace: &ResourceId, name: TableName) -> Result<Page, Failure> {
    let world = session.world();
    let found = world.table(workspace, &name).map_err(Failure::of_form)?;
    let line = line(world, name, found);
    let name = &line.name;
    let own = found.is_some_and(|t| t.retention.is_some());
    let mut fields = vec![
        field("workspace", workspace.to_string()),
        field("origin", shape::logs::origin(name)),
        field(
            "keeps records for",
            format!(
                "{}{}",
                shape::logs::retention(world, workspace, found.map(Arc::as_ref)),
                if own { "" } else { ", as the workspace" }
            ),
        ),
        field("segments", line.ledger.segments.to_string()),
    ];
    if let Some(builtin) = builtin::table(name.as_str()) {
        fields.insert(1, field("what", builtin.doc));
    }
    let mut blocks = vec![Block::Fields(fields), line.ledger.block()];
    let unfinished: Vec<Vec<String>> = found
        .into_iter()
        .flat_map(|t| &t.sources)
        .map(|(fingerprint, done)| {
            vec![
                format!("{fingerprint:016x}"),
                names::count(done.lines),
                names::bytes(done.bytes),
            ]
        })
        .collect();
    if !unfinished.is_empty() {
        blocks.push(Block::Table(
            "Files not ingested to their end (lockbox ingest --resume)",
            vec![col("FINGERPRINT"), right("LINES DONE"), right("BYTES DONE")],
            unfinished,
        ));
    }
    let columns = world.columns(workspace, name);
    let rows = columns
        .iter()
        .map(|c| vec![c.name.to_string(), c.kind.to_string()])
        .collect();
    let titles = vec![flex("COLUMN"), col("TYPE")];
    blocks.push(Block::Table("Columns", titles, rows));
    Ok(Page {
        head: format!("Table {name}"),
        blocks,
        json: json(world, workspace, &line),
    })
}
