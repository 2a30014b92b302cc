//! `lockbox storage`: storage accounts of the customer, their own keys, and what workspaces keep in them.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use imbl::Vector;

use super::args::{self, VersionArg};
use super::confirm::{Irreversible, Sure};
use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, col, field, flex};
use super::session::{Done, Session};
use super::{find, names, shape};
use crate::engine::ask::{Answer, Query};
use crate::engine::errors;
use crate::engine::ids::{KeyName, ResourceId, VaultName};
use crate::engine::vault::access_policy::Caller;
use crate::engine::workspace::linked_storage::{Command, DataSource};
use crate::engine::workspace::wire;

#[derive(Debug, Subcommand)]
pub enum StorageCommand {
    /// List storage accounts
    List,
    /// Show a storage account: its key, and which workspaces keep what in it
    Show { account: String },
    /// Link storage accounts to a workspace; for Query that removes its saved searches
    Link {
        workspace: String,
        /// Query, Alerts, CustomLogs, AzureWatson or Ingestion
        #[arg(long = "type", value_name = "TYPE")]
        source: String,
        #[arg(required = true)]
        accounts: Vec<String>,
        #[command(flatten)]
        sure: Sure,
    },
    /// Unlink what is linked for a type
    Unlink {
        workspace: String,
        /// Query, Alerts, CustomLogs, AzureWatson or Ingestion
        #[arg(long = "type", value_name = "TYPE")]
        source: String,
    },
    /// Put a storage account under a key of yours, or back under Microsoft's
    SetKey {
        account: String,
        #[command(flatten)]
        key: KeyArgs,
    },
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    #[arg(long, value_parser = args::vault, requires = "key", required_unless_present = "microsoft")]
    vault: Option<VaultName>,
    #[arg(long, requires = "vault")]
    key: Option<String>,
    /// In full or its first digits; without it, the current version
    #[arg(long, requires = "key")]
    version: Option<String>,
    /// Back under the Microsoft-managed key
    #[arg(long, conflicts_with_all = ["vault", "key", "version"])]
    microsoft: bool,
}

pub fn run(command: StorageCommand, context: &Context) -> Result<(), Failure> {
    match command {
        StorageCommand::List => list(context),
        StorageCommand::Show { account } => show(&account, context),
        StorageCommand::Link {
            workspace,
            source,
            accounts,
            sure,
        } => link(&workspace, &source, &accounts, sure, context),
        StorageCommand::Unlink { workspace, source } => {
            let source = wire::data_source(&source).map_err(Failure::of_form)?;
            let mut session = context.session()?;
            let workspace = session
                .world()
                .find_workspace(session.actor(), &workspace)?;
            let command = Command::Unlink {
                workspace: workspace.clone(),
                source,
            };
            let done = session.act(&command.into())?;
            linked(&workspace, source, &done, context)
        }
        StorageCommand::SetKey { account, key } => set_key(&account, key, context),
    }
}

fn link(
    workspace: &str,
    source: &str,
    accounts: &[String],
    sure: Sure,
    context: &Context,
) -> Result<(), Failure> {
    let source = wire::data_source(source).map_err(Failure::of_form)?;
    let mut session = context.session()?;
    let world = session.world();
    let workspace = world.find_workspace(session.actor(), workspace)?;
    let accounts: Vector<ResourceId> = accounts
        .iter()
        .map(|text| world.find_storage_account(session.actor(), text))
        .collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = accounts.iter().find(|account| !seen.insert(*account)) {
        return Err(Failure::bad_input(
            "InvalidStorageAccounts",
            "accounts",
            format!("The storage account {twice} is named twice."),
            "Name each storage account once.",
        ));
    }
    let command = Command::Link {
        workspace: workspace.clone(),
        source,
        accounts,
    }
    .into();
    session.may(&command)?;
    let wiped = match source {
        DataSource::Query => world.wiped_by(&workspace),
        _ => Vec::new(),
    };
    if !wiped.is_empty() {
        let mut cost: Vec<String> = wiped
            .iter()
            .map(|s| {
                format!(
                    "The saved search {} ({}) is removed from the workspace for good (R-BYOS-06).",
                    s.name, s.display_name
                )
            })
            .collect();
        cost.push(
            "Keep a copy first: lockbox search list WORKSPACE --format json; save them again afterwards."
                .to_owned(),
        );
        let what = Irreversible {
            act: format!("link storage for Query to {workspace}"),
            name: workspace.name(),
            cost,
        };
        sure.about(context, &what)?;
    }
    let done = session.act(&command)?;
    linked(&workspace, source, &done, context)
}

fn linked(
    workspace: &ResourceId,
    source: DataSource,
    done: &Done,
    context: &Context,
) -> Result<(), Failure> {
    let found = done.world.workspace(workspace, &errors::WL_01)?;
    let head = match found.storage.get(&source) {
        Some(accounts) => format!(
            "{source} of {workspace} is kept in {}",
            names::resources(accounts)
        ),
        None => format!("{source} of {workspace} is kept in no storage account of yours"),
    };
    context.outcome(done, &head, shape::monitor::workspace(&done.world, found))
}

fn set_key(account: &str, args: KeyArgs, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let account = session
        .world()
        .find_storage_account(session.actor(), account)?;
    let (key, note) = match (args.vault, args.key) {
        (Some(vault), Some(key)) => {
            let arg = VersionArg {
                vault,
                key: KeyName::from(key),
                version: args.version,
            };
            let (key, named) = find::key(&session, &arg)?;
            let note = match named {
                true => "",
                false => ", the current version, since none was named",
            };
            (Some(key), note)
        }
        _ => (None, ""),
    };
    let command = Command::SetKey {
        account: account.clone(),
        key: key.clone(),
    };
    let done = session.act(&command.into())?;
    let found = done.world.storage_account(&account)?;
    let named = key.map_or_else(|| names::key(None), |k| k.kid());
    let head = format!("storage account {account} is under {named}{note}");
    let json = shape::monitor::storage_account(&done.world, session.now(), found);
    context.outcome(&done, &head, json)
}

fn list(context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::StorageAccounts(ids) = session.ask(&Query::StorageAccounts)? else {
        return Ok(());
    };
    context.list(&List {
        noun: ("storage account", "storage accounts"),
        columns: vec![
            col("NAME"),
            col("REGION"),
            flex("KEY"),
            col("OPENS"),
            flex("KEEPS"),
            flex("GROUP"),
        ],
        csv: &[
            "name",
            "location",
            "keySource",
            "kid",
            "opens",
            "why",
            "linkedFrom",
            "identity.principalId",
            "resource",
            "id",
        ],
        items: ids
            .iter()
            .filter_map(|id| world.storage_accounts.get(id))
            .collect(),
        cells: &|a| {
            let opens = world.storage_opens(now, &a.id).is_ok();
            vec![
                names::resources([&a.id]),
                a.location.to_string(),
                names::key(a.key.as_ref()),
                if opens { "yes" } else { "NO" }.to_owned(),
                kept(&session, &a.id).join(", "),
                names::group(&a.id),
            ]
        },
        json: &|a| shape::monitor::storage_account(world, now, a),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn kept(session: &Session, account: &ResourceId) -> Vec<String> {
    shape::monitor::linked_from(session.world(), account)
        .map(|(workspace, source)| format!("{source} of {workspace}"))
        .collect()
}

fn show(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let id = world.find_storage_account(session.actor(), text)?;
    session.ask(&Query::StorageAccount(id.clone()))?;
    let account = world.storage_account(&id)?;
    let caller = Caller::Identity(account.identity);
    let mut fields = vec![
        field("resource", id.to_string()),
        field("region", account.location.to_string()),
        field("principal id", world.principal_guid(&caller)),
        field(
            "key",
            match &account.key {
                Some(key) => key.kid(),
                None => names::key(None),
            },
        ),
    ];
    if let Err(no) = world.storage_opens(now, &id) {
        fields.push((
            "opens".to_owned(),
            vec![format!("NO: {}", no.message), no.remedy],
        ));
    }
    let kept = kept(&session, &id);
    if !kept.is_empty() {
        fields.push(("keeps".to_owned(), kept));
    }
    context.page(&Page {
        head: format!("Storage account {}", names::resources([&id])),
        blocks: vec![Block::Fields(fields)],
        json: shape::monitor::storage_account(world, now, account),
    })
}
