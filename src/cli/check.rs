//! `lockbox check`: files that are read and judged, without touching any world.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::input;
use super::looks;
use super::print::{Block, Page, field};
use super::session::wrong_world;
use crate::world_file;

#[derive(Debug, Subcommand)]
pub enum CheckCommand {
    /// Read a world file and play it in memory to its last scripted step
    World { file: PathBuf },
    /// Read themes of the console, those that ship and your own unless files are named, and measure them
    #[command(alias = "theme")]
    Themes { files: Vec<PathBuf> },
    /// Read your settings, your config.toml unless a file is named
    Config { file: Option<PathBuf> },
    /// Read your own keys, your keys.toml unless a file is named, and list the keys in force
    Keys { file: Option<PathBuf> },
    /// Read the programs of your own that the console can run; your commands.toml unless a file is named
    Commands { file: Option<PathBuf> },
}

pub fn run(command: CheckCommand, context: &Context) -> Result<(), Failure> {
    match command {
        CheckCommand::World { file } => world(&file, context),
        CheckCommand::Themes { files } => looks::check(&files, context),
        CheckCommand::Config { file } => looks::check_settings(file.as_deref()),
        CheckCommand::Keys { file } => looks::check_keys(file.as_deref(), context),
        CheckCommand::Commands { file } => looks::check_programs(file.as_deref(), context),
    }
}

fn world(file: &Path, context: &Context) -> Result<(), Failure> {
    let text = input::text_file(file, "world")?;
    let shown = file.display().to_string();
    let summary = world_file::check(&shown, &text).map_err(wrong_world)?;
    let json = json!({
        "name": summary.name,
        "opensAt": summary.opens_at,
        "tenants": summary.tenants,
        "people": summary.people,
        "subscriptions": summary.subscriptions,
        "resources": summary.resources,
        "tickets": summary.tickets,
        "requests": summary.requests,
        "statuses": summary.statuses,
        "grants": summary.grants,
        "activeGrants": summary.active_grants,
        "vaults": summary.vaults,
        "keyVersions": summary.key_versions,
        "clusters": summary.clusters,
        "clusterStates": summary.cluster_states,
        "workspaces": summary.workspaces,
        "linkedWorkspaces": summary.linked_workspaces,
        "storiesUnderWay": summary.stories_under_way,
        "events": summary.events,
    });
    context.page(&Page {
        head: format!("World file {shown} is good"),
        blocks: vec![Block::Fields(vec![
            field("name", summary.name),
            field("opens at", summary.opens_at.to_string()),
            field("organisations", summary.tenants.to_string()),
            field("people", summary.people.to_string()),
            field("subscriptions", summary.subscriptions.to_string()),
            field("resources", summary.resources.to_string()),
            field("tickets", summary.tickets.to_string()),
            field("requests", counted(summary.requests, &summary.statuses)),
            field(
                "grants",
                format!("{}, {} active", summary.grants, summary.active_grants),
            ),
            field(
                "vaults",
                format!("{}, {} key versions", summary.vaults, summary.key_versions),
            ),
            field(
                "clusters",
                counted(summary.clusters, &summary.cluster_states),
            ),
            field(
                "workspaces",
                format!(
                    "{}, {} linked",
                    summary.workspaces, summary.linked_workspaces
                ),
            ),
            field("stories under way", summary.stories_under_way.to_string()),
            field("events", summary.events.to_string()),
        ])],
        json,
    })
}

/// `31 (20 Completed, 11 Pending)`.
fn counted(all: usize, words: &BTreeMap<String, usize>) -> String {
    if words.is_empty() {
        return all.to_string();
    }
    let words: Vec<String> = words
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    format!("{all} ({})", words.join(", "))
}
