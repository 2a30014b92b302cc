//! One line of a request's whole life.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex};
use crate::console::theme::Token;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("request", "REQUEST", 9, 0),
    col("status", "STATUS", 14, 0),
    col("createdAt", "CREATED", 12, 3),
    flex("engineer", "WHO ASKED", 13, 2, 2),
    col("level", "LEVEL", 8, 6),
    flex("resources", "RESOURCE", 14, 2, 1),
    flex("decidedBy", "DECIDED BY", 13, 2, 4),
    flex("subscription", "SUBSCRIPTION", 14, 1, 7),
    col("ticket", "TICKET", 15, 5),
    data("expiresAt"),
    data("decidedAt"),
    data("reason"),
    data("justification"),
    data("grant"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let query = Query::Requests { status: None };
    let Answer::Requests(ids) = ask(eye.world, eye.now, eye.actor, &query)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::Request).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Request(request) = id else {
        return None;
    };
    let request = eye.world.lockbox.requests.get(request)?;
    let decision = request.decision.as_ref();
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(request.id.to_string()).tone(Token::Id),
            shared::request_status(request.status),
            Cell::time(request.created_at),
            shared::person(eye.world, &request.engineer),
            shared::level(request.level),
            shared::resources(request.resources.iter()),
            decision.map_or_else(Cell::none, |d| shared::person(eye.world, &d.by)),
            shared::subscription(eye.world, &request.subscription),
            Cell::new(request.ticket.to_string()).tone(Token::Muted),
            Cell::time(request.expires_at),
            decision.map_or_else(Cell::none, |d| Cell::time(d.at)),
            decision.map_or_else(Cell::none, |d| Cell::untrusted(&d.reason)),
            Cell::untrusted(&request.justification),
            request
                .grant
                .map_or_else(Cell::none, |g| Cell::new(g.to_string())),
        ],
    })
}
