//! `lockbox ticket`: support tickets and their conversation.

use std::path::PathBuf;

use clap::Subcommand;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{Block, Column, List, Page, boxed, col, field, flex};
use super::{find, input, names, shape};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::event::Actor;
use crate::engine::ids::{PersonId, SubscriptionId, TicketId};
use crate::engine::lockbox::ticket::{Command, Contact, Open, Severity, Ticket};
use crate::engine::lockbox::wire;
use crate::engine::projections::sentence::who;
use crate::engine::text::Untrusted;

#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    /// Open a support ticket, by flags or from a JSON file in the shape of the support API
    Open(OpenArgs),
    /// List tickets, newest first
    List {
        /// Only tickets that are open
        #[arg(long)]
        open: bool,
    },
    /// Show a ticket with its conversation
    Show { id: TicketId },
    /// Say something on a ticket
    Say {
        id: TicketId,
        #[arg(value_parser = args::text)]
        text: Untrusted,
    },
    /// Take a ticket up (vendor)
    Review {
        id: TicketId,
        #[arg(default_value = "")]
        text: String,
    },
    /// Record that standard tools and telemetry were tried (vendor)
    Tools {
        id: TicketId,
        /// What was tried
        #[arg(value_parser = args::text)]
        text: Untrusted,
        /// They were enough; the ticket is resolved
        #[arg(long)]
        sufficed: bool,
    },
    /// Escalate a ticket to an engineer of the Azure DevOps team (vendor)
    Escalate {
        id: TicketId,
        /// The DevOps engineer
        #[arg(long)]
        to: String,
        #[arg(long, default_value = "", visible_alias = "text")]
        reason: String,
    },
    /// Close a ticket
    Close {
        id: TicketId,
        #[arg(long, default_value = "", visible_alias = "text")]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct OpenArgs {
    /// Ticket as JSON in the shape of the support API; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["title", "description", "severity", "problem", "resource"])]
    file: Option<PathBuf>,
    /// Short name or GUID; not needed when a resource is named
    #[arg(long)]
    subscription: Option<String>,
    /// The problem in one line
    #[arg(long, required_unless_present = "file")]
    title: Option<String>,
    /// The problem in full
    #[arg(long, required_unless_present = "file")]
    description: Option<String>,
    #[arg(long, default_value = "moderate", value_parser = args::words!(Severity), ignore_case = true)]
    severity: Severity,
    /// Problem classification
    #[arg(long, default_value = "")]
    problem: String,
    /// The resource in trouble, by name, group/name or subscription/group/name
    #[arg(long)]
    resource: Option<String>,
}

pub fn run(command: TicketCommand, context: &Context) -> Result<(), Failure> {
    match command {
        TicketCommand::Open(args) => open(args, context),
        TicketCommand::List { open } => list(open, context),
        TicketCommand::Show { id } => show(id, context),
        TicketCommand::Say { id, text } => act(context, id, Command::Say { ticket: id, text }),
        TicketCommand::Review { id, text } => {
            let text = text.into();
            act(context, id, Command::Review { ticket: id, text })
        }
        TicketCommand::Tools { id, text, sufficed } => act(
            context,
            id,
            Command::TryTools {
                ticket: id,
                text,
                sufficed,
            },
        ),
        TicketCommand::Escalate { id, to, reason } => act(
            context,
            id,
            Command::Escalate {
                ticket: id,
                to: PersonId::from(to),
                text: reason.into(),
            },
        ),
        TicketCommand::Close { id, reason } => {
            let text = reason.into();
            act(context, id, Command::Close { ticket: id, text })
        }
    }
}

fn open(args: OpenArgs, context: &Context) -> Result<(), Failure> {
    // What cannot be read is refused before a world is opened.
    let file = match &args.file {
        Some(path) => Some(input::text_file(path, "ticket")?),
        None => None,
    };
    let mut session = context.session()?;
    let subscription = match &args.subscription {
        Some(text) => Some(find::subscription(session.world(), text)?),
        None => None,
    };
    let open = match file {
        Some(json) => wire::ticket(
            session.world(),
            subscription.as_ref().map(SubscriptionId::as_str),
            &json,
        )
        .map_err(Failure::of_form)?,
        None => by_flags(session.world(), session.actor(), subscription, args)?,
    };
    let done = session.act(&Command::Open(open).into())?;
    let Some((id, ticket)) = done.world.lockbox.tickets.get_max() else {
        return Err(Failure::internal("the opened ticket is not in the world"));
    };
    let to = match &ticket.assigned_to {
        Some(to) => format!("assigned to {}", names::person(&done.world, to)),
        None => "assigned to nobody".to_owned(),
    };
    let head = format!("ticket {id} is open, {to}");
    context.outcome(&done, &head, shape::ticket(&done.world, ticket))
}

fn by_flags(
    world: &World,
    actor: &Actor,
    subscription: Option<SubscriptionId>,
    args: OpenArgs,
) -> Result<Open, Failure> {
    let resource = match &args.resource {
        Some(text) => Some(world.find_resource(subscription.as_ref(), text)?),
        None => None,
    };
    let subscription = match (subscription, &resource) {
        (Some(id), _) => id,
        (None, Some(id)) => world.resource(id)?.subscription.clone(),
        (None, None) => {
            return Err(Failure::bad_input(
                "InvalidSupportTicket",
                "subscription",
                "The ticket names neither a subscription nor a resource.",
                "Give --subscription or --resource.",
            ));
        }
    };
    let contact = match actor {
        Actor::Person(id) => world
            .people
            .persons
            .get(id)
            .map_or_else(Contact::default, |p| Contact {
                first_name: p.name.clone(),
                email: p.mail.as_deref().unwrap_or(&p.upn).into(),
                method: "email".into(),
                ..Contact::default()
            }),
        _ => Contact::default(),
    };
    Ok(Open {
        subscription,
        title: args.title.unwrap_or_default().into(),
        description: args.description.unwrap_or_default().into(),
        severity: args.severity,
        problem: args.problem.into(),
        resource,
        contact,
    })
}

fn act(context: &Context, id: TicketId, command: Command) -> Result<(), Failure> {
    let mut session = context.session()?;
    let done = session.act(&command.into())?;
    let ticket = done.world.ticket(id)?;
    let head = format!("ticket {id} is {}", ticket.phase);
    context.outcome(&done, &head, shape::ticket(&done.world, ticket))
}

fn list(only_open: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let world = session.world();
    let Answer::Tickets(ids) = session.ask(&Query::Tickets)? else {
        return Ok(());
    };
    let items = ids
        .iter()
        .filter_map(|id| world.lockbox.tickets.get(id))
        .filter(|t| !only_open || t.phase.is_open())
        .collect();
    context.list(&List {
        noun: ("ticket", "tickets"),
        columns: vec![
            col("ID"),
            col("OPENED"),
            col("PHASE"),
            col("SEVERITY"),
            flex("SUBSCRIPTION"),
            flex("ASSIGNED"),
            flex("TITLE"),
        ],
        csv: &[
            "supportTicketId",
            "createdDate",
            "modifiedDate",
            "status",
            "phase",
            "severity",
            "subscription",
            "resource",
            "openedBy",
            "assignedTo",
            "title",
        ],
        items,
        cells: &|t| {
            vec![
                t.id.to_string(),
                t.opened_at.to_seconds(),
                t.phase.to_string(),
                t.severity.to_string(),
                t.subscription.to_string(),
                t.assigned_to
                    .as_ref()
                    .map_or_else(|| "nobody".to_owned(), ToString::to_string),
                t.title.to_string(),
            ]
        },
        json: &|t| shape::ticket(world, t),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(id: TicketId, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Ticket(id))?;
    let world = session.world();
    let ticket = world.ticket(id)?;
    let mut json = shape::ticket(world, ticket);
    json["conversation"] = shape::conversation(ticket);
    let mut blocks = vec![Block::Fields(vec![
        field("title", ticket.title.to_string()),
        field(
            "status",
            format!("{} ({})", ticket.phase, ticket.phase.wire()),
        ),
        field("severity", ticket.severity.to_string()),
        field("problem", ticket.problem.to_string()),
        field(
            "subscription",
            names::subscription(world, &ticket.subscription),
        ),
        field(
            "resource",
            ticket
                .resource
                .as_ref()
                .map_or_else(|| "none".to_owned(), |r| names::resource(world, r)),
        ),
        field(
            "opened",
            format!(
                "{} by {}",
                names::when(session.now(), ticket.opened_at),
                names::person(world, &ticket.opened_by)
            ),
        ),
        field(
            "assigned to",
            ticket
                .assigned_to
                .as_ref()
                .map_or_else(|| "nobody".to_owned(), |p| names::engineer(world, p)),
        ),
        field("escalated", if ticket.escalated { "yes" } else { "no" }),
        field(
            "standard tools",
            if ticket.tools_tried {
                "tried, did not suffice"
            } else {
                "not tried yet"
            },
        ),
        ("description".to_owned(), boxed(&ticket.description)),
    ])];
    blocks.extend(conversation(ticket));
    blocks.push(jits(world, ticket));
    context.page(&Page {
        head: format!("Support ticket {id}"),
        blocks,
        json,
    })
}

/// The history of the problem, for a page.
pub fn conversation(ticket: &Ticket) -> Option<Block> {
    if ticket.conversation.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    for message in &ticket.conversation {
        lines.push(format!(
            "{}  {} ({})",
            message.at.to_seconds(),
            who(&message.by),
            message.kind
        ));
        if !message.text.is_blank() {
            lines.extend(boxed(&message.text).into_iter().map(|l| format!("  {l}")));
        }
    }
    Some(Block::Section("Conversation", lines))
}

fn jits(world: &World, ticket: &Ticket) -> Block {
    let columns: Vec<Column> = vec![col("JIT"), col("STATE"), col("REQUEST"), col("GRANT")];
    let rows = ticket
        .jits
        .iter()
        .filter_map(|id| world.lockbox.jits.get(id))
        .map(|j| {
            vec![
                j.id.to_string(),
                j.state.to_string(),
                j.request.map_or_else(String::new, |r| r.to_string()),
                j.grant.map_or_else(String::new, |g| g.to_string()),
            ]
        })
        .collect();
    Block::Table("Elevated access", columns, rows)
}
