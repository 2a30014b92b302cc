//! `lockbox grant`: access in force, the engineer's sessions, and how they end.

use clap::Subcommand;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, boxed, col, field, flex, right};
use super::{names, shape};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::{GrantId, ResourceId};
use crate::engine::lockbox::grant::{Command, Grant, Status};
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;

#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// List grants, newest first
    List {
        /// Only those in force
        #[arg(long)]
        active: bool,
    },
    /// Show a grant with its sessions and the guests' Windows event log
    Show { id: GrantId },
    /// Connect to a resource of the grant (the engineer)
    Connect {
        id: GrantId,
        /// By name or id; without it, the only resource of the grant
        resource: Option<String>,
    },
    /// Do something in the open session (the engineer)
    Act {
        id: GrantId,
        /// What is done, for example a command line
        #[arg(value_parser = args::text)]
        text: Untrusted,
    },
    /// End the grant before its time (the engineer)
    End { id: GrantId },
    /// Withdraw approved access at once, as an Owner (extension)
    Revoke {
        id: GrantId,
        #[arg(long, value_parser = args::text)]
        reason: Untrusted,
    },
}

pub fn run(command: GrantCommand, context: &Context) -> Result<(), Failure> {
    match command {
        GrantCommand::List { active } => list(active, context),
        GrantCommand::Show { id } => show(id, context),
        GrantCommand::Connect { id, resource } => connect(id, resource, context),
        GrantCommand::Act { id, text } => act(id, Command::Act { grant: id, text }, context),
        GrantCommand::End { id } => act(id, Command::End { grant: id }, context),
        GrantCommand::Revoke { id, reason } => {
            act(id, Command::Revoke { grant: id, reason }, context)
        }
    }
}

fn connect(id: GrantId, resource: Option<String>, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let grant = session.world().grant(id)?;
    let resource = match resource {
        Some(text) => find(session.world(), grant, &text)?,
        None if grant.resources.len() == 1 => grant.resources[0].clone(),
        None => {
            return Err(Failure::bad_input(
                "InvalidGrant",
                "resource",
                format!("{id} covers {} resources.", grant.resources.len()),
                format!("Say which: {}.", names::resources(grant.resources.iter())),
            ));
        }
    };
    let command = Command::Connect {
        grant: id,
        resource,
    };
    act(id, command, context)
}

/// A name means first a resource of the grant.
fn find(world: &World, grant: &Grant, text: &str) -> Result<ResourceId, Failure> {
    let inside: Vec<&ResourceId> = grant
        .resources
        .iter()
        .filter(|id| id.as_str().rsplit('/').next() == Some(text))
        .collect();
    match inside.as_slice() {
        [one] => Ok((*one).clone()),
        _ => Ok(world.find_resource(Some(&grant.subscription), text)?),
    }
}

fn act(id: GrantId, command: Command, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let done = session.act(&command.into())?;
    let grant = done.world.grant(id)?;
    let head = match grant.status {
        Status::Active => format!("{id} is active until {}", grant.until.to_seconds()),
        Status::Revoked => format!("{id} is revoked (extension), its sessions are closed"),
        other => format!("{id} is {other}, its sessions are closed"),
    };
    context.outcome(&done, &head, shape::grant(grant))
}

fn list(active: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Grants(ids) = session.ask(&Query::Grants)? else {
        return Ok(());
    };
    let items = ids
        .iter()
        .filter_map(|id| world.lockbox.grants.get(id))
        .filter(|g| !active || g.status == Status::Active)
        .collect();
    context.list(&List {
        noun: ("grant", "grants"),
        columns: vec![
            col("ID"),
            col("STATUS"),
            col("FROM"),
            col("UNTIL"),
            right("LEFT"),
            flex("ENGINEER"),
            col("REQUEST"),
            flex("RESOURCES"),
        ],
        csv: &[
            "id",
            "status",
            "from",
            "until",
            "endedAt",
            "engineer",
            "resources",
            "request",
            "bypass.reason",
            "jit",
            "ticket",
            "subscription",
            "accessLevel",
        ],
        items,
        cells: &|g| {
            vec![
                g.id.to_string(),
                g.status.to_string(),
                g.from.to_seconds(),
                g.until.to_seconds(),
                left(now, g),
                g.engineer.to_string(),
                g.request
                    .map(|r| r.to_string())
                    .or(g.bypass.map(|b| format!("BYPASS {b}")))
                    .unwrap_or_default(),
                names::resources(g.resources.iter()),
            ]
        },
        json: &|g| shape::grant(g),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn left(now: SimTime, grant: &Grant) -> String {
    if grant.status == Status::Active {
        now.until(grant.until).brief()
    } else {
        String::new()
    }
}

fn show(id: GrantId, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Grant(id))?;
    let (world, now) = (session.world(), session.now());
    let grant = world.grant(id)?;
    let log = world.windows_events(grant);

    let mut json = shape::grant(grant);
    json["sessions"] = shape::sessions(grant);
    json["windowsEvents"] = log
        .iter()
        .map(|e| {
            serde_json::json!({
                "at": e.at, "computer": e.computer, "eventId": e.event_id, "message": e.message,
                "copiedTo": e.copied_to.as_ref().map(ResourceId::as_str),
            })
        })
        .collect();

    let mut fields = vec![
        field("status", grant.status.to_string()),
        field("from", names::when(now, grant.from)),
        field("until", names::when(now, grant.until)),
        field("engineer", names::engineer(world, &grant.engineer)),
        field("permission", grant.level.to_string()),
        (
            "resources".to_owned(),
            grant
                .resources
                .iter()
                .map(|r| names::resource(world, r))
                .collect(),
        ),
        field(
            "request",
            grant
                .request
                .map_or_else(|| "none".to_owned(), |r| r.to_string()),
        ),
        field("JIT request", grant.jit.to_string()),
        field("ticket", grant.ticket.to_string()),
    ];
    if let Some(bypass) = grant.bypass {
        fields.push(field(
            "past the customer",
            format!("{bypass} ({}). {}", bypass.rule(), bypass.sentence()),
        ));
    }
    if let Some(at) = grant.ended_at {
        fields.push(field("ended", names::when(now, at)));
    }
    if let Some((by, reason)) = &grant.revoked {
        fields.push(field(
            "revoked by",
            format!("{} (extension)", names::person(world, by)),
        ));
        fields.push(("reason".to_owned(), boxed(reason)));
    }
    let mut blocks = vec![Block::Fields(fields)];
    if !grant.sessions.is_empty() {
        blocks.push(Block::Section("Sessions", sessions(grant)));
    }
    if !log.is_empty() {
        let rows = log
            .into_iter()
            .map(|e| {
                vec![
                    e.at.to_seconds(),
                    e.computer,
                    e.event_id.to_string(),
                    e.message,
                    e.copied_to
                        .map_or_else(String::new, |w| names::resources([&w])),
                ]
            })
            .collect();
        blocks.push(Block::Table(
            "Windows event log of the guests (R-LOCK-36)",
            vec![
                col("TIME"),
                col("COMPUTER"),
                right("EVENT"),
                flex("MESSAGE"),
                col("COPIED TO"),
            ],
            rows,
        ));
    }
    context.page(&Page {
        head: format!("Grant {id}"),
        blocks,
        json,
    })
}

fn sessions(grant: &Grant) -> Vec<String> {
    let mut lines = Vec::new();
    for session in &grant.sessions {
        let end = match session.closed_at {
            Some(at) if session.forced => format!("closed by force at {}", at.to_seconds()),
            Some(at) => format!("closed at {}", at.to_seconds()),
            None => "open".to_owned(),
        };
        lines.push(format!(
            "{}  {}, {end}",
            session.opened_at.to_seconds(),
            session.resource
        ));
        for action in &session.actions {
            lines.push(format!("  {}", action.at.to_seconds()));
            lines.extend(boxed(&action.text).into_iter().map(|l| format!("    {l}")));
        }
    }
    lines
}
