//! One line of a ticket.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex};
use crate::console::theme::Token;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("ticket", "TICKET", 15, 0),
    col("phase", "STATUS", 15, 1),
    col("severity", "SEVERITY", 8, 3),
    flex("title", "TITLE", 18, 5, 0),
    flex("openedBy", "OPENED BY", 12, 1, 5),
    flex("assignedTo", "WITH", 13, 1, 2),
    col("openedAt", "OPENED", 12, 4),
    flex("subscription", "SUBSCRIPTION", 14, 1, 6),
    data("escalated"),
    data("modifiedAt"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let Answer::Tickets(ids) = ask(eye.world, eye.now, eye.actor, &Query::Tickets)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::Ticket).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Ticket(ticket) = id else {
        return None;
    };
    let ticket = eye.world.lockbox.tickets.get(ticket)?;
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(ticket.id.to_string()).tone(Token::Id),
            shared::phase(ticket.phase),
            shared::severity(ticket.severity),
            Cell::untrusted(&ticket.title),
            shared::person(eye.world, &ticket.opened_by),
            ticket
                .assigned_to
                .as_ref()
                .map_or_else(Cell::none, |p| shared::person(eye.world, p)),
            Cell::time(ticket.opened_at),
            shared::subscription(eye.world, &ticket.subscription),
            Cell::new(if ticket.escalated { "yes" } else { "no" }).raw(ticket.escalated),
            Cell::time(ticket.modified_at),
        ],
    })
}
