//! Head and body of a mail. The body quotes an engineer, so the whole of it stands in the stranger's box.

use super::super::Eye;
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, ItemId};
use crate::console::theme::Token;
use crate::engine::ids::MailId;
use crate::engine::projections::mail;
use crate::engine::{Query, Refusal, ask, errors};

pub fn doc(eye: Eye, id: MailId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Mail(id))?;
    let letter = eye
        .world
        .lockbox
        .mail(id)
        .and_then(|m| mail::letter(eye.world, id, m))
        .ok_or_else(|| errors::ML_01.refuse())?;
    let named = |text: &str| Cell::named(text);
    Ok(Doc {
        main: vec![
            Block::Heading(format!("{id} · mail")),
            Block::Facts(vec![
                (
                    "From",
                    named(&format!("{} <{}>", letter.from_name, letter.from)),
                ),
                ("To", named(&format!("{} <{}>", letter.to_name, letter.to))),
                ("Date", Cell::new(letter.date.to_http_date())),
                ("Subject", named(&letter.subject).tone(Token::Strong)),
            ]),
            Block::Gap,
            Block::Stranger {
                label: "the mail, as it lies in the outbox".into(),
                text: letter.body.into(),
            },
        ],
        side: Vec::new(),
        about: vec![ItemId::Mail(id)],
    })
}
