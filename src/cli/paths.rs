//! `lockbox paths`: where things are on this machine. Opens nothing.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::looks;
use super::print::{Block, Page, field};
use crate::runtime::effects::outbox_path;
use crate::runtime::host::journal_path;

pub fn run(context: &Context) -> Result<(), Failure> {
    let state = context.global.state_dir()?;
    let (journal, outbox) = (journal_path(&state), outbox_path(&state));
    let founded = journal.exists();
    let themes = looks::themes_dir().map(|dir| dir.display().to_string());
    let config = looks::settings_file().map(|file| file.display().to_string());
    let keys = looks::keys_file().map(|file| file.display().to_string());
    let commands = looks::programs_file().map(|file| file.display().to_string());
    let world = match &context.global.world {
        Some(path) => path.display().to_string(),
        None => "the demo world, built in".to_owned(),
    };
    context.page(&Page {
        head: "Paths".to_owned(),
        blocks: vec![Block::Fields(vec![
            field("state", state.display().to_string()),
            field(
                "journal",
                format!(
                    "{}{}",
                    journal.display(),
                    if founded { "" } else { " (not there yet)" }
                ),
            ),
            field("outbox", outbox.display().to_string()),
            field(
                "themes",
                themes.as_deref().unwrap_or("nowhere, without a home"),
            ),
            field(
                "config",
                config.as_deref().unwrap_or("nowhere, without a home"),
            ),
            field("keys", keys.as_deref().unwrap_or("nowhere, without a home")),
            field(
                "commands",
                commands.as_deref().unwrap_or("nowhere, without a home"),
            ),
            field("world file", world.clone()),
        ])],
        json: json!({
            "state": state.display().to_string(),
            "journal": journal.display().to_string(),
            "journalExists": founded,
            "outbox": outbox.display().to_string(),
            "themes": themes,
            "config": config,
            "keys": keys,
            "commands": commands,
            "worldFile": context.global.world.as_ref().map(|p| p.display().to_string()),
        }),
    })
}
