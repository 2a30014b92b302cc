//! What of a waiting request lets one decide which to look at first.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex, right};
use crate::console::theme::Token;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("request", "REQUEST", 9, 0),
    right("expiresAt", "LEFT", 7, 0),
    flex("engineer", "WHO ASKS", 13, 2, 2),
    col("level", "LEVEL", 8, 3),
    flex("resources", "RESOURCE", 14, 2, 1),
    flex("justification", "WHY", 24, 5, 4),
    flex("subscription", "SUBSCRIPTION", 20, 1, 6),
    col("ticket", "TICKET", 15, 5),
    data("createdAt"),
    data("status"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let Answer::Requests(ids) = ask(eye.world, eye.now, eye.actor, &Query::Pending)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::Request).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Request(request) = id else {
        return None;
    };
    let request = eye.world.lockbox.requests.get(request)?;
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(request.id.to_string()).tone(Token::Id),
            shared::countdown(eye.now, request.expires_at),
            shared::person(eye.world, &request.engineer),
            shared::level(request.level),
            shared::resources(request.resources.iter()),
            Cell::untrusted(&request.justification),
            shared::subscription(eye.world, &request.subscription),
            Cell::new(request.ticket.to_string()).tone(Token::Muted),
            Cell::time(request.created_at),
            shared::request_status(request.status),
        ],
    })
}
