//! `lockbox search`: saved searches and log alert queries of a workspace.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, boxed, col, field, flex};
use super::query::{self, How};
use super::{input, names, shape};
use crate::engine::ask::{Answer, Query};
use crate::engine::text::Untrusted;
use crate::engine::workspace::saved_search::{Command, Kind};
use crate::engine::workspace::wire;

#[derive(Debug, Subcommand)]
pub enum SearchCommand {
    /// List what is saved in a workspace, or in the storage account linked to it
    List {
        workspace: String,
        #[command(flatten)]
        what: What,
    },
    /// Show one with its query
    Show {
        workspace: String,
        name: String,
        #[command(flatten)]
        what: What,
    },
    /// Run one: ask its query and print the answer
    Run {
        name: String,
        #[arg(long, value_name = "WORKSPACE")]
        workspace: String,
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        how: How,
    },
    /// Save one, by flags or from a JSON body
    Save(SaveArgs),
    /// Delete one
    Delete {
        workspace: String,
        name: String,
        #[command(flatten)]
        what: What,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub struct What {
    /// Log alert queries instead of saved searches
    #[arg(long)]
    alert: bool,
}

#[derive(Debug, Args)]
pub struct SaveArgs {
    workspace: String,
    name: String,
    #[arg(long, default_value = "General", value_parser = args::text)]
    category: Untrusted,
    /// What people read; the name unless given
    #[arg(long, value_parser = args::text)]
    display_name: Option<Untrusted>,
    #[arg(long, value_parser = args::text, required_unless_present = "body")]
    query: Option<Untrusted>,
    /// JSON file in the shape of the REST API; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["category", "display_name", "query"])]
    body: Option<PathBuf>,
    #[command(flatten)]
    what: What,
}

impl What {
    fn kind(self) -> Kind {
        match self.alert {
            true => Kind::Alert,
            false => Kind::Search,
        }
    }
}

pub fn run(command: SearchCommand, context: &Context) -> Result<(), Failure> {
    match command {
        SearchCommand::List { workspace, what } => list(&workspace, what.kind(), context),
        SearchCommand::Show {
            workspace,
            name,
            what,
        } => show(&workspace, &name, what.kind(), context),
        SearchCommand::Run {
            name,
            workspace,
            what,
            how,
        } => {
            let mut session = context.session()?;
            let workspace = session
                .world()
                .find_workspace(session.actor(), &workspace)?;
            let text = session.saved_text(&workspace, what.kind(), &name)?;
            query::answer(&mut session, workspace, text, &how, context)
        }
        SearchCommand::Save(args) => save(args, context),
        SearchCommand::Delete {
            workspace,
            name,
            what,
        } => {
            let mut session = context.session()?;
            let workspace = session
                .world()
                .find_workspace(session.actor(), &workspace)?;
            let kind = what.kind();
            let command = Command::Delete {
                workspace: workspace.clone(),
                kind,
                name: name.as_str().into(),
            };
            let done = session.act(&command.into())?;
            let head = format!("saved {kind} {name} of {workspace} is deleted");
            let json = json!({ "workspace": workspace, "kind": kind, "name": name });
            context.outcome(&done, &head, json)
        }
    }
}

fn save(args: SaveArgs, context: &Context) -> Result<(), Failure> {
    let kind = args.what.kind();
    let body = match &args.body {
        Some(path) => Some(input::text_file(path, "saved query")?),
        None => None,
    };
    let mut session = context.session()?;
    let workspace = session
        .world()
        .find_workspace(session.actor(), &args.workspace)?;
    let name: Arc<str> = args.name.as_str().into();
    let command = match body {
        Some(text) => {
            wire::saved_search(&workspace, kind, &name, &text).map_err(Failure::of_form)?
        }
        None => Command::Save {
            workspace: workspace.clone(),
            kind,
            name: name.clone(),
            category: args.category,
            display_name: args
                .display_name
                .unwrap_or_else(|| args.name.as_str().into()),
            query: args.query.unwrap_or_default(),
        },
    };
    let done = session.act(&command.into())?;
    let saved = done.world.saved(session.now(), &workspace, kind, &name)?;
    let head = format!(
        "saved {kind} {name} of {workspace} is kept in {}",
        saved.kept_in.as_ref().map_or_else(
            || "the workspace, under the Microsoft-managed key".to_owned(),
            ToString::to_string
        )
    );
    let json = shape::monitor::saved(&done.world, &workspace, saved);
    context.outcome(&done, &head, json)
}

fn list(workspace: &str, kind: Kind, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let world = session.world();
    let workspace = world.find_workspace(session.actor(), workspace)?;
    let query = Query::Saved {
        workspace: workspace.clone(),
        kind,
    };
    let Answer::Saved(items) = session.ask(&query)? else {
        return Ok(());
    };
    let noun = match kind {
        Kind::Search => ("saved search", "saved searches"),
        Kind::Alert => ("alert query", "alert queries"),
    };
    context.list(&List {
        noun,
        columns: vec![
            col("NAME"),
            col("CATEGORY"),
            flex("DISPLAY NAME"),
            col("KEPT IN"),
            flex("QUERY"),
        ],
        csv: &[
            "name",
            "kind",
            "properties.category",
            "properties.displayName",
            "properties.query",
            "keptIn",
            "savedDate",
            "workspace",
        ],
        items,
        cells: &|s| {
            vec![
                s.name.to_string(),
                s.category.to_string(),
                s.display_name.to_string(),
                s.kept_in
                    .as_ref()
                    .map_or_else(|| "workspace".to_owned(), |a| names::resources([a])),
                s.query.to_string(),
            ]
        },
        json: &|s| shape::monitor::saved(world, &workspace, s),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(workspace: &str, name: &str, kind: Kind, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let workspace = world.find_workspace(session.actor(), workspace)?;
    session.ask(&Query::Saved {
        workspace: workspace.clone(),
        kind,
    })?;
    let saved = world.saved(now, &workspace, kind, name)?;
    context.page(&Page {
        head: format!("Saved {kind} {name}"),
        blocks: vec![Block::Fields(vec![
            field("workspace", workspace.to_string()),
            field("category", saved.category.to_string()),
            field("display name", saved.display_name.to_string()),
            field(
                "kept in",
                saved
                    .kept_in
                    .as_ref()
                    .map_or_else(|| "the workspace".to_owned(), ToString::to_string),
            ),
            field("saved", names::when(now, saved.at)),
            ("query".to_owned(), boxed(&saved.query)),
        ])],
        json: shape::monitor::saved(world, &workspace, saved),
    })
}
