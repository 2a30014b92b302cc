//! `lockbox mail`: the outbox, mail by mail, as its reader sees it.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, col, field, flex};
use super::shape;
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::MailId;
use crate::engine::lockbox::Mail;
use crate::engine::projections::mail::letter;

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum MailCommand {
    /// List your mails, newest first; the observer sees everybody's
    List,
    /// Read a mail
    Show { id: MailId },
}

pub fn run(command: MailCommand, context: &Context) -> Result<(), Failure> {
    match command {
        MailCommand::List => list(context),
        MailCommand::Show { id } => show(id, context),
    }
}

fn list(context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let world = session.world();
    let Answer::Mails(ids) = session.ask(&Query::Mails)? else {
        return Ok(());
    };
    let items: Vec<(MailId, &Mail)> = ids
        .iter()
        .filter_map(|id| Some((*id, world.lockbox.mail(*id)?)))
        .collect();
    context.list(&List {
        noun: ("mail", "mails"),
        columns: vec![
            col("ID"),
            col("SENT"),
            flex("TO"),
            flex("ADDRESS"),
            col("REQUEST"),
            flex("SUBJECT"),
        ],
        csv: &[
            "id",
            "sentDateTime",
            "person",
            "to",
            "request",
            "subject",
            "messageId",
            "thread",
        ],
        items,
        cells: &|(id, mail)| {
            let subject = letter(world, *id, mail).map(|l| l.subject);
            vec![
                id.to_string(),
                mail.at.to_seconds(),
                mail.to.to_string(),
                mail.address.to_string(),
                mail.request.to_string(),
                subject.unwrap_or_default(),
            ]
        },
        json: &|(id, mail)| shape::mail(world, *id, mail),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(id: MailId, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Mail(id))?;
    let world = session.world();
    let found = world
        .lockbox
        .mail(id)
        .and_then(|mail| Some((mail, letter(world, id, mail)?)));
    let Some((mail, letter)) = found else {
        return Err(Failure::internal(format!("the mail {id} has no words")));
    };
    let mut json = shape::mail(world, id, mail);
    json["from"] = json!(letter.from);
    json["fromName"] = json!(letter.from_name);
    json["toName"] = json!(letter.to_name);
    json["body"] = json!(letter.body);
    context.page(&Page {
        head: format!("Mail {id}"),
        blocks: vec![
            Block::Fields(vec![
                field("from", format!("{} <{}>", letter.from_name, letter.from)),
                field("to", format!("{} <{}>", letter.to_name, letter.to)),
                field("date", letter.date.to_http_date()),
                field("subject", letter.subject),
                field("message id", letter.message_id),
                field("thread", letter.thread),
            ]),
            Block::Section("Text", letter.body.lines().map(str::to_owned).collect()),
        ],
        json,
    })
}
