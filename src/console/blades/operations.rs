//! Asynchronous operations: those that run, with how far they are, then the others, newest first.

use super::super::rows::{Cell, Column, ItemId, Row, col, data, flex};
use super::super::theme::Token;
use super::{Eye, cmk};
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("operation", "ID", 9, 0),
    col("kind", "KIND", 14, 0),
    flex("target", "OF", 11, 3, 0),
    col("progress", "PROGRESS", 17, 0),
    col("end", "END", 17, 1),
    col("status", "STATUS", 12, 2),
    col("started", "STARTED", 12, 4),
    flex("error", "ERROR", 10, 2, 3),
    data("expectedEnd"),
    data("endTime"),
    data("name"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let query = Query::Operations;
    let Answer::Operations(mut ids) = ask(eye.world, eye.now, eye.actor, &query)? else {
        return Ok(Vec::new());
    };
    ids.sort_by_key(|id| !eye.world.running.contains(id));
    Ok(ids.into_iter().map(ItemId::Operation).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Operation(id) = id else {
        return None;
    };
    let operation = eye.world.operations.get(id)?;
    Some(Row {
        id: ItemId::Operation(*id),
        cells: vec![
            Cell::new(id.to_string()).tone(Token::Id),
            Cell::new(operation.kind.word()),
            cmk::resource(operation.target()),
            cmk::progress(eye.now, operation, 10),
            cmk::end_in_brief(eye.now, operation),
            cmk::operation_status(operation.status),
            Cell::time(operation.started_at),
            operation.error.as_ref().map_or_else(Cell::none, |e| {
                Cell::named(&e.message)
                    .tone(Token::Danger)
                    .raw(e.code.clone())
            }),
            Cell::new(operation.expected_end.to_string()),
            operation
                .ended_at
                .map_or_else(Cell::none, |at| Cell::new(at.to_string())),
            Cell::new(eye.world.operation_guid(*id)),
        ],
    })
}
