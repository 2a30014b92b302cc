//! `lockbox fault`: what goes wrong without anybody's fault, injected by the simulator for rehearsal.

use clap::Subcommand;
use serde_json::json;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::names;
use super::print::{List, col, right};
use super::session::Done;
use super::shape;
use crate::engine::ask::{Answer, Query};
use crate::engine::cluster::operation;
use crate::engine::event::Actor;
use crate::engine::ids::{ResourceId, VaultName};
use crate::engine::ingestion;
use crate::engine::ingestion::rate::{Rate, Shape};
use crate::engine::time::Span;
use crate::engine::vault::network::{Command, FaultKind};

#[derive(Debug, Subcommand)]
pub enum FaultCommand {
    /// Put a fault between a vault and its callers (simulator only; Azure has no such command)
    Inject {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        #[arg(long, value_parser = args::words!(FaultKind), ignore_case = true)]
        kind: FaultKind,
        /// For how long, like 35m; after 30m of silence a cluster has a live site
        #[arg(long = "for", value_name = "SPAN", allow_hyphen_values = true)]
        length: Span,
    },
    /// End the fault of a vault (simulator only)
    Clear {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
    },
    /// Let a workspace send more in the model for a while (simulator only)
    Burst {
        workspace: String,
        #[arg(long, value_name = "NUMBER")]
        gb_per_day: u32,
        /// For how long, like 2h
        #[arg(long = "for", value_name = "SPAN", allow_hyphen_values = true)]
        length: Span,
    },
    /// Set what a workspace sends in the model from now on (simulator only)
    Rate {
        workspace: String,
        #[arg(long, value_name = "NUMBER")]
        gb_per_day: u32,
        #[arg(long, value_parser = args::words!(Shape), ignore_case = true, default_value = "office")]
        shape: Shape,
    },
    /// List the faults there are
    List,
    /// Let a running operation fail (simulator only)
    Operation { operation: String },
}

pub fn run(command: FaultCommand, context: &Context) -> Result<(), Failure> {
    match command {
        FaultCommand::Inject {
            vault,
            kind,
            length,
        } => {
            let command = Command::Inject {
                vault: vault.clone(),
                kind,
                length,
            };
            let mut session = context.session()?;
            let done = session.simulate(&command.into())?;
            outcome(&vault, &done, context)
        }
        FaultCommand::Clear { vault } => {
            let command = Command::Clear {
                vault: vault.clone(),
            };
            let mut session = context.session()?;
            let done = session.simulate(&command.into())?;
            outcome(&vault, &done, context)
        }
        FaultCommand::Burst {
            workspace,
            gb_per_day,
            length,
        } => send(context, &workspace, |workspace| ingestion::Command::Burst {
            workspace,
            gb_per_day,
            length,
        }),
        FaultCommand::Rate {
            workspace,
            gb_per_day,
            shape,
        } => send(context, &workspace, |workspace| {
            let rate = Rate { gb_per_day, shape };
            ingestion::Command::SetRate { workspace, rate }
        }),
        FaultCommand::List => list(context),
        FaultCommand::Operation { operation } => {
            let mut session = context.session()?;
            let id = session.world().find_operation(&operation)?;
            let command = operation::Command::Fail { operation: id };
            let done = session.simulate(&command.into())?;
            let found = done.world.operation(id)?;
            let head = format!("{id} {} is {} (simulator)", found.kind, found.status);
            context.outcome(&done, &head, shape::monitor::operation(&done.world, found))
        }
    }
}

/// Changes what a workspace sends in the model.
fn send(
    context: &Context,
    workspace: &str,
    command: impl FnOnce(ResourceId) -> ingestion::Command,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let id = session
        .world()
        .find_workspace(&Actor::Simulator, workspace)?;
    let done = session.simulate(&command(id.clone()).into())?;
    let rate = done.world.rate(&id, done.world.now);
    let head = format!(
        "{id} sends {} a day now (modelled, simulator)",
        names::bytes(rate * 86_400)
    );
    let json = json!({ "workspace": id, "bytesPerSecond": rate });
    context.outcome(&done, &head, json)
}

fn outcome(vault: &VaultName, done: &Done, context: &Context) -> Result<(), Failure> {
    let found = done.world.vault(vault)?;
    let head = match &found.fault {
        Some(fault) => format!(
            "{vault} has a fault, {} until {} UTC (simulator)",
            fault.kind,
            fault.until.to_seconds()
        ),
        None => format!("{vault} has no fault any more (simulator)"),
    };
    let json = json!({
        "vault": vault,
        "fault": found.fault.as_ref().map(shape::vault::fault),
    });
    context.outcome(done, &head, json)
}

fn list(context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Vaults(names) = session.ask(&Query::Vaults { deleted: false })? else {
        return Ok(());
    };
    let items = names
        .iter()
        .filter_map(|name| world.vaults.get(name))
        .filter_map(|vault| vault.fault.as_ref().map(|fault| (&vault.name, fault)))
        .collect();
    context.list(&List {
        noun: ("fault", "faults"),
        columns: vec![
            col("VAULT"),
            col("KIND"),
            col("SINCE"),
            col("UNTIL"),
            right("LEFT"),
        ],
        csv: &["vault", "kind", "since", "until"],
        items,
        cells: &|(vault, fault)| {
            vec![
                vault.to_string(),
                fault.kind.to_string(),
                fault.since.to_seconds(),
                fault.until.to_seconds(),
                now.until(fault.until).brief(),
            ]
        },
        json: &|(vault, fault)| {
            let mut value = shape::vault::fault(fault);
            value["vault"] = json!(vault);
            value
        },
        own_shape: false,
        notes: Vec::new(),
    })
}
