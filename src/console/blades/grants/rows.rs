//! One line of a grant.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex, right};
use crate::console::theme::Token;
use crate::engine::lockbox::grant::Status;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("grant", "GRANT", 9, 0),
    col("status", "STATUS", 9, 0),
    right("until", "LEFT", 7, 0),
    flex("engineer", "ENGINEER", 13, 2, 1),
    col("level", "LEVEL", 8, 4),
    flex("resources", "RESOURCE", 14, 2, 2),
    col("basis", "BECAUSE OF", 16, 3),
    right("sessions", "SESSIONS", 8, 6),
    col("from", "FROM", 12, 5),
    flex("subscription", "SUBSCRIPTION", 14, 1, 7),
    data("endedAt"),
    data("request"),
    data("ticket"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let Answer::Grants(ids) = ask(eye.world, eye.now, eye.actor, &Query::Grants)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::Grant).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Grant(grant) = id else {
        return None;
    };
    let grant = eye.world.lockbox.grants.get(grant)?;
    let left = if grant.status == Status::Active {
        shared::left(eye.now, grant.until)
    } else {
        Cell::none().raw(grant.until.to_string())
    };
    let basis = match (&grant.request, &grant.bypass) {
        (Some(request), _) => Cell::new(request.to_string()),
        (None, Some(bypass)) => Cell::new(bypass.word()).tone(Token::Warn),
        (None, None) => Cell::none(),
    };
    let open = grant
        .sessions
        .iter()
        .filter(|s| s.closed_at.is_none())
        .count();
    let sessions = if open > 0 {
        Cell::number(grant.sessions.len()).tone(Token::Warn)
    } else {
        Cell::number(grant.sessions.len())
    };
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(grant.id.to_string()).tone(Token::Id),
            shared::grant_status(grant.status),
            left,
            shared::person(eye.world, &grant.engineer),
            shared::level(grant.level),
            shared::resources(grant.resources.iter()),
            basis,
            sessions,
            Cell::time(grant.from),
            shared::subscription(eye.world, &grant.subscription),
            grant.ended_at.map_or_else(Cell::none, Cell::time),
            grant
                .request
                .map_or_else(Cell::none, |r| Cell::new(r.to_string())),
            Cell::new(grant.ticket.to_string()),
        ],
    })
}
