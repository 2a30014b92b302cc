//! `lockbox jit`: just-in-time access requests inside the vendor, and what came of each.

use clap::Subcommand;
use imbl::Vector;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, boxed, col, field, flex};
use super::{names, shape};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::{JitId, TicketId};
use crate::engine::lockbox::jit::{Command, Duration, Exclusion, Jit, Level, Reach, State, Submit};
use crate::engine::text::Untrusted;

#[derive(Debug, Subcommand)]
pub enum JitCommand {
    /// Ask for elevated access on a ticket (vendor)
    Submit(SubmitArgs),
    /// List JIT requests, newest first (vendor)
    List,
    /// Show a JIT request and what came of it (vendor)
    Show { id: JitId },
    /// Approve as the internal approver the JIT rule names (vendor)
    Approve {
        id: JitId,
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Deny as the internal approver the JIT rule names (vendor)
    Deny {
        id: JitId,
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// What `jit submit` and `request initiate` take.
#[derive(Debug, clap::Args)]
pub struct SubmitArgs {
    /// Service Request ID of the ticket
    #[arg(long)]
    ticket: TicketId,
    /// A resource to reach, by name, group/name or subscription/group/name; may be repeated. Without it,
    /// the ticket's resource
    #[arg(long)]
    resource: Vec<String>,
    /// Level of permission
    #[arg(long, default_value = "reader", value_parser = args::words!(Level), ignore_case = true)]
    level: Level,
    /// Why access is needed
    #[arg(long, visible_alias = "justification", value_parser = args::text)]
    reason: Untrusted,
    /// What is touched
    #[arg(long, default_value = "customer-data", value_parser = args::words!(Reach), ignore_case = true)]
    reach: Reach,
    /// Hours (8), a span (90m) or words; without it, the default duration
    #[arg(long, default_value = "", hide_default_value = true)]
    duration: String,
    /// Why the customer is not asked
    #[arg(long, value_parser = args::words!(Exclusion), ignore_case = true)]
    exclusion: Option<Exclusion>,
    /// Which standard tools were tried in vain, when the ticket does not say so yet
    #[arg(long, value_parser = args::text)]
    tried: Option<Untrusted>,
}

impl SubmitArgs {
    pub fn read(self, world: &World) -> Result<Submit, Failure> {
        let ticket = world.ticket(self.ticket)?;
        let resources = if self.resource.is_empty() {
            ticket.resource.iter().cloned().collect()
        } else {
            self.resource
                .iter()
                .map(|text| {
                    world
                        .find_resource(Some(&ticket.subscription), text)
                        .or_else(|_| world.find_resource(None, text))
                })
                .collect::<Result<Vector<_>, _>>()?
        };
        Ok(Submit {
            ticket: self.ticket,
            resources,
            level: self.level,
            reach: self.reach,
            exclusion: self.exclusion,
            duration: Duration::parse(&self.duration),
            justification: self.reason,
            tried: self.tried,
        })
    }
}

pub fn run(command: JitCommand, context: &Context) -> Result<(), Failure> {
    match command {
        JitCommand::Submit(args) => {
            let mut session = context.session()?;
            let submit = args.read(session.world())?;
            let done = session.act(&Command::Submit(submit).into())?;
            let Some((_, jit)) = done.world.lockbox.jits.get_max() else {
                return Err(Failure::internal(
                    "the submitted JIT request is not in the world",
                ));
            };
            let head = came_of_it(&done.world, jit);
            context.outcome(&done, &head, shape::jit(&done.world, jit))
        }
        JitCommand::List => list(context),
        JitCommand::Show { id } => show(id, context),
        JitCommand::Approve { id, reason } => {
            let reason = reason.into();
            decide(id, Command::Approve { jit: id, reason }, context)
        }
        JitCommand::Deny { id, reason } => {
            let reason = reason.into();
            decide(id, Command::Deny { jit: id, reason }, context)
        }
    }
}

fn decide(id: JitId, command: Command, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let done = session.act(&command.into())?;
    let jit = done.world.jit(id)?;
    let head = came_of_it(&done.world, jit);
    context.outcome(&done, &head, shape::jit(&done.world, jit))
}

/// What came of a JIT request, in words.
pub fn came_of_it(world: &World, jit: &Jit) -> String {
    let id = jit.id;
    let rule = jit
        .rule
        .as_ref()
        .map_or_else(String::new, |r| format!(" by JIT rule {r}"));
    let grant = jit.grant.map_or_else(String::new, |g| {
        let until = world
            .lockbox
            .grants
            .get(&g)
            .map_or_else(String::new, |g| format!(" until {}", g.until.to_seconds()));
        format!("grant {g}{until}")
    });
    if let (Some(bypass), Some(_)) = (jit.bypass, jit.grant) {
        let state = if jit.state == State::Ended {
            " (over by now)"
        } else {
            ""
        };
        return format!(
            "{id} was granted past the customer{state}, {grant}: {bypass} ({}). {}",
            bypass.rule(),
            bypass.sentence()
        );
    }
    match jit.state {
        State::RejectedByPolicy => format!("{id} was rejected{rule}"),
        State::RejectedInternally => format!(
            "{id} was rejected inside the vendor by {}",
            jit.internal_by
                .as_ref()
                .map_or_else(String::new, |p| names::person(world, p))
        ),
        State::AwaitingInternalApproval => format!(
            "{id} awaits internal approval by a {}{}",
            jit.internal.map_or("vendor's approver", |r| r.title()),
            rule.replace(" by ", ", as asked by ")
        ),
        State::AwaitingCustomer => {
            let request = jit.request.and_then(|r| world.lockbox.requests.get(&r));
            match request {
                Some(r) => format!(
                    "{id} led to Lockbox request {}: {}, expires {}{}",
                    r.id,
                    r.status.title(),
                    r.expires_at.to_seconds(),
                    if world.nobody_can_approve(r) {
                        "; nobody can approve it"
                    } else {
                        ""
                    }
                ),
                None => format!("{id} awaits the customer"),
            }
        }
        State::Granted => format!("{id} was granted, {grant}"),
        State::RejectedByCustomer => format!("{id} was rejected by the customer"),
        State::ExpiredNoAccess => format!("{id} expired without access"),
        State::Failed => format!("{id} failed with its Lockbox request"),
        State::Ended => format!("{id} is over"),
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let world = session.world();
    let Answer::Jits(ids) = session.ask(&Query::Jits)? else {
        return Ok(());
    };
    let items = ids
        .iter()
        .filter_map(|id| world.lockbox.jits.get(id))
        .collect();
    context.list(&List {
        noun: ("JIT request", "JIT requests"),
        columns: vec![
            col("ID"),
            col("SUBMITTED"),
            col("STATE"),
            flex("RULE"),
            col("BYPASS"),
            col("LEVEL"),
            flex("ENGINEER"),
            flex("RESOURCES"),
        ],
        csv: &[
            "id",
            "submittedDateTime",
            "state",
            "outcome",
            "rule",
            "bypass.reason",
            "accessLevel",
            "engineer",
            "resources",
            "ticket",
            "request",
            "grant",
            "justification",
        ],
        items,
        cells: &|j| {
            vec![
                j.id.to_string(),
                j.submitted_at.to_seconds(),
                j.state.to_string(),
                j.rule
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
                j.bypass.map_or_else(String::new, |b| b.to_string()),
                j.level.to_string(),
                j.engineer.to_string(),
                names::resources(j.resources.iter()),
            ]
        },
        json: &|j| shape::jit(world, j),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(id: JitId, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Jit(id))?;
    let world = session.world();
    let jit = world.jit(id)?;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut fields = vec![
        field("outcome", came_of_it(world, jit)),
        field("state", jit.state.to_string()),
        field("ticket", jit.ticket.to_string()),
        field("submitted", names::when(session.now(), jit.submitted_at)),
        field("engineer", names::engineer(world, &jit.engineer)),
        (
            "resources".to_owned(),
            jit.resources
                .iter()
                .map(|r| names::resource(world, r))
                .collect(),
        ),
        field("scope", jit.scope.to_string()),
        field("level", jit.level.to_string()),
        field("reach", jit.reach.to_string()),
        field("exclusion", or_none(jit.exclusion.map(|e| e.to_string()))),
        field("duration", shape::duration(&jit.duration, &world.rules)),
        field(
            "JIT rule",
            or_none(jit.rule.as_ref().map(ToString::to_string)),
        ),
        field(
            "internal approver",
            or_none(jit.internal.map(|r| r.title().to_owned())),
        ),
        field("request", or_none(jit.request.map(|r| r.to_string()))),
        field("grant", or_none(jit.grant.map(|g| g.to_string()))),
        ("justification".to_owned(), boxed(&jit.justification)),
    ];
    if let Some(by) = &jit.internal_by {
        fields.push(field("decided inside by", names::person(world, by)));
        fields.push(("reason".to_owned(), boxed(&jit.internal_reason)));
    }
    if let Some(bypass) = jit.bypass {
        let mut lines = vec![format!(
            "{bypass} ({}). {}",
            bypass.rule(),
            bypass.sentence()
        )];
        match jit.readable {
            Some(true) => lines.push("What was seen could be read.".to_owned()),
            Some(false) => {
                lines.push("What was seen was encrypted in transit: unreadable.".to_owned())
            }
            None => {}
        }
        fields.push(("past the customer".to_owned(), lines));
    }
    context.page(&Page {
        head: format!("JIT request {id}"),
        blocks: vec![Block::Fields(fields)],
        json: shape::jit(world, jit),
    })
}
