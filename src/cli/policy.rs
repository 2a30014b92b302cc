//! `lockbox policy`: who may do what with the keys of a vault.

use clap::Subcommand;
use imbl::OrdSet;
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{Column, List, col, flex};
use super::{names, shape};
use crate::engine::World;
use crate::engine::ask::Query;
use crate::engine::ids::VaultName;
use crate::engine::vault::access_policy::{Caller, Command, KeyPermission};

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the access policies of a vault
    List {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
    },
    /// Give a principal exactly these permissions, for example get,wrapKey,unwrapKey for a cluster
    Set {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        /// A person, the name of a cluster or storage account, or a principal id
        #[arg(long)]
        principal: String,
        /// Permissions on keys, separated by commas
        #[arg(long, required = true, value_delimiter = ',', value_parser = args::words!(KeyPermission), ignore_case = true)]
        keys: Vec<KeyPermission>,
    },
    /// Take all permissions from a principal
    Delete {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        /// A person, the name of a cluster or storage account, or a principal id
        #[arg(long)]
        principal: String,
    },
}

pub fn run(command: PolicyCommand, context: &Context) -> Result<(), Failure> {
    match command {
        PolicyCommand::List { vault } => list(&vault, context),
        PolicyCommand::Set {
            vault,
            principal,
            keys,
        } => {
            let keys: OrdSet<KeyPermission> = keys.into_iter().collect();
            act(&principal, context, |principal| Command::Set {
                vault,
                principal,
                keys,
            })
        }
        PolicyCommand::Delete { vault, principal } => act(&principal, context, |principal| {
            Command::Delete { vault, principal }
        }),
    }
}

fn act(
    principal: &str,
    context: &Context,
    command: impl FnOnce(Caller) -> Command,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let caller = session.world().find_principal(session.actor(), principal)?;
    let command = command(caller.clone());
    let (Command::Set { vault, .. } | Command::Delete { vault, .. }) = &command;
    let vault = vault.clone();
    let done = session.act(&command.into())?;
    let world = &done.world;
    let keys = world.vault(&vault)?.policies.get(&caller);
    let named = world.caller_name(&caller);
    let head = match keys {
        Some(keys) => format!("{named} may {} on {vault}", permissions(keys)),
        None => format!("{named} may nothing on {vault} any more"),
    };
    let mut json = shape::vault::policy(world, &caller, keys.into_iter().flatten());
    json["vault"] = json!(vault);
    context.outcome(&done, &head, json)
}

fn list(name: &VaultName, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(name.clone()))?;
    let world = session.world();
    let vault = world.vault(name)?;
    context.list(&List {
        noun: ("access policy", "access policies"),
        columns: columns(),
        csv: &["principal", "objectId", "kind", "permissions.keys"],
        items: vault.policies.iter().collect(),
        cells: &|(caller, keys)| cells(world, caller, keys),
        json: &|(caller, keys)| shape::vault::policy(world, caller, *keys),
        own_shape: false,
        notes: Vec::new(),
    })
}

pub fn columns() -> Vec<Column> {
    vec![
        flex("PRINCIPAL"),
        col("KIND"),
        flex("KEYS"),
        col("PRINCIPAL ID"),
    ]
}

pub fn cells(world: &World, caller: &Caller, keys: &OrdSet<KeyPermission>) -> Vec<String> {
    let (name, kind) = match caller {
        Caller::Person(id) => (names::person(world, id), "person"),
        Caller::Identity(_) => (world.caller_name(caller), "identity"),
    };
    vec![
        name,
        kind.to_owned(),
        permissions(keys),
        world.principal_guid(caller),
    ]
}

fn permissions(keys: &OrdSet<KeyPermission>) -> String {
    let words: Vec<&str> = keys.iter().map(|k| k.word()).collect();
    words.join(", ")
}
