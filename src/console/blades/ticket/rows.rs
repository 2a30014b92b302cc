//! A ticket as a page, and its conversation for whoever else shows it.

use super::super::{Eye, shared};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, col, flex};
use crate::console::theme::Token;
use crate::engine::ids::TicketId;
use crate::engine::lockbox::ticket::{MessageKind, Ticket};
use crate::engine::{Query, Refusal, ask};

const ACCESS: &[Column] = &[
    col("id", "REQUEST", 10, 0),
    col("state", "STATUS", 26, 0),
    flex("resources", "RESOURCE", 12, 1, 1),
    col("at", "ASKED", 12, 2),
];

pub fn doc(eye: Eye, id: TicketId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Ticket(id))?;
    let ticket = eye.world.ticket(id)?;
    let world = eye.world;
    let mut main = vec![
        Block::Heading(format!("Service request {id}")),
        Block::Facts(facts(eye, ticket)),
        Block::Gap,
        Block::Stranger {
            label: format!(
                "the problem, as {} describes it",
                shared::name(world, &ticket.opened_by)
            ),
            text: ticket.description.clone(),
        },
    ];
    let requests: Vec<Vec<Cell>> = ticket
        .jits
        .iter()
        .filter_map(|j| world.lockbox.jits.get(j))
        .map(|jit| {
            let request = jit.request.and_then(|r| world.lockbox.requests.get(&r));
            let (id, state) = match request {
                Some(request) => (
                    request.id.to_string(),
                    shared::request_status(request.status),
                ),
                None => (jit.id.to_string(), Cell::new(jit.state.word())),
            };
            vec![
                Cell::new(id).tone(Token::Id),
                state,
                shared::resources(jit.resources.iter()),
                Cell::time(jit.submitted_at),
            ]
        })
        .collect();
    if !requests.is_empty() && ask(world, eye.now, eye.actor, &Query::Jits).is_ok() {
        main.push(Block::Heading("Elevated access asked for".into()));
        main.push(Block::Table {
            columns: ACCESS,
            rows: requests,
        });
    }
    let mut side = vec![Block::Heading("Conversation".into())];
    side.extend(conversation(eye, ticket));
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Ticket(id)],
    })
}

pub fn facts(eye: Eye, ticket: &Ticket) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let with = ticket.assigned_to.as_ref().map_or_else(Cell::none, |p| {
        Cell::new(format!(
            "{}, {}",
            shared::name(world, p),
            shared::position(world, p)
        ))
    });
    let mut facts = vec![
        (
            "Title",
            Cell::untrusted(&ticket.title).tone(Token::Stranger),
        ),
        ("Status", shared::phase(ticket.phase)),
        ("Severity", shared::severity(ticket.severity)),
        ("With", with),
        ("Opened", {
            let by = shared::name(world, &ticket.opened_by);
            Cell::new(format!("{} UTC by {by}", ticket.opened_at.short()))
        }),
        (
            "Subscription",
            shared::subscription(world, &ticket.subscription),
        ),
    ];
    if ticket.escalated {
        facts.push(("Escalated", Cell::new("to the DevOps team")));
    }
    facts
}

/// Who said what, oldest first; every word in the stranger's box.
pub fn conversation(eye: Eye, ticket: &Ticket) -> Vec<Block> {
    if ticket.conversation.is_empty() {
        return vec![Block::Text(
            Cell::new("Nobody has said anything yet.").tone(Token::Muted),
        )];
    }
    let mut blocks = Vec::with_capacity(ticket.conversation.len());
    for message in &ticket.conversation {
        let who = shared::actor_name(eye.world, &message.by);
        let at = message.at.short();
        if message.kind == MessageKind::Assigned {
            let to = shared::name(eye.world, &message.text.raw().into());
            let line = format!("{at}  assigned to {to}");
            blocks.push(Block::Text(Cell::new(line).tone(Token::Muted)));
            continue;
        }
        let what = match message.kind {
            MessageKind::Said => "wrote",
            MessageKind::Reviewed => "looked into it",
            MessageKind::ToolsTried => "tried standard tools",
            MessageKind::Escalated => "escalated it",
            MessageKind::Resolved => "resolved it",
            MessageKind::Closed => "closed it",
            MessageKind::Assigned => "assigned it",
        };
        blocks.push(Block::Stranger {
            label: format!("{at}  {who} {what}"),
            text: message.text.clone(),
        });
    }
    blocks
}
