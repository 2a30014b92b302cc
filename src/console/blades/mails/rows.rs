//! One line of a mail.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex};
use crate::console::theme::Token;
use crate::engine::projections::mail;
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    col("mail", "MAIL", 9, 0),
    col("at", "SENT", 12, 2),
    flex("to", "TO", 14, 1, 0),
    flex("subject", "SUBJECT", 30, 4, 1),
    col("request", "REQUEST", 9, 3),
    data("address"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let Answer::Mails(ids) = ask(eye.world, eye.now, eye.actor, &Query::Mails)? else {
        return Ok(Vec::new());
    };
    Ok(ids.into_iter().map(ItemId::Mail).collect())
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Mail(number) = id else {
        return None;
    };
    let mail = eye.world.lockbox.mail(*number)?;
    let letter = mail::letter(eye.world, *number, mail)?;
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(number.to_string()).tone(Token::Id),
            Cell::time(mail.at),
            shared::person(eye.world, &mail.to),
            Cell::named(shortened(&letter.subject)).raw(letter.subject.as_str()),
            Cell::new(mail.request.to_string()),
            Cell::named(&mail.address),
        ],
    })
}

/// A subject without what all of them begin with.
fn shortened(subject: &str) -> &str {
    let bare = subject.strip_prefix("[SIMULATION] ").unwrap_or(subject);
    bare.strip_prefix("Customer Lockbox request ")
        .unwrap_or(bare)
}
