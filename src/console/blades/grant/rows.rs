//! A grant as a page.

use super::super::{Eye, shared, thing};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, flex};
use crate::console::theme::Token;
use crate::engine::ids::GrantId;
use crate::engine::lockbox::grant::{Grant, Status};
use crate::engine::{Query, Refusal, ask};

const RESOURCES: &[Column] = &[flex("name", "NAME", 14, 1, 0), flex("id", "ID", 20, 2, 1)];

pub fn doc(eye: Eye, id: GrantId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Grant(id))?;
    let grant = eye.world.grant(id)?;
    let mut main = vec![
        Block::Heading(format!("{id} · access {}", grant.status)),
        Block::Facts(facts(eye, grant)),
    ];
    if let Some((by, reason)) = &grant.revoked {
        main.push(Block::Heading("Revoked early (ext)".into()));
        main.push(Block::Facts(vec![("By", shared::person(eye.world, by))]));
        main.push(Block::Stranger {
            label: "reason".into(),
            text: reason.clone(),
        });
    }
    main.push(Block::Heading(format!(
        "Exactly these resources ({})",
        grant.resources.len()
    )));
    main.push(Block::Links {
        columns: RESOURCES,
        rows: grant
            .resources
            .iter()
            .map(|r| {
                let row = vec![
                    Cell::new(shared::resource_name(r)).tone(Token::Strong),
                    Cell::new(r.to_string()).tone(Token::Muted),
                ];
                (thing(eye.world, r), row)
            })
            .collect(),
    });
    let mut side = vec![Block::Heading(format!(
        "Sessions ({})",
        grant.sessions.len()
    ))];
    side.extend(sessions(grant));
    let events = eye.world.windows_events(grant);
    if !events.is_empty() {
        side.push(Block::Heading("Windows event log".into()));
        for event in &events {
            let at = event.at.short();
            side.push(Block::Stranger {
                label: format!("{at}  event {} on {}", event.event_id, event.computer),
                text: event.message.as_str().into(),
            });
        }
        if let Some(to) = events.iter().find_map(|e| e.copied_to.as_ref()) {
            let line = format!("Security Center copies it to {to}.");
            side.push(Block::Text(Cell::new(line).tone(Token::Muted)));
        }
    }
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Grant(id)],
    })
}

fn facts(eye: Eye, grant: &Grant) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let engineer = shared::name(world, &grant.engineer);
    let mut facts = vec![
        ("Status", shared::grant_status(grant.status)),
        (
            "Engineer",
            Cell::new(format!(
                "{engineer}, {}",
                shared::position(world, &grant.engineer)
            )),
        ),
        ("Permission", Cell::new(grant.level.word())),
        (
            "From",
            Cell::new(format!("{} UTC", grant.from.to_seconds())),
        ),
        (
            "Until",
            if grant.status == Status::Active {
                shared::when_and_left(eye.now, grant.until).tone(Token::Text)
            } else {
                Cell::new(format!("{} UTC", grant.until.to_seconds()))
            },
        ),
    ];
    if let Some(at) = grant.ended_at {
        facts.push(("Ended", Cell::new(format!("{} UTC", at.to_seconds()))));
    }
    if let Some(request) = grant.request {
        facts.push(("Request", Cell::new(request.to_string()).tone(Token::Link)));
    }
    if let Some(bypass) = grant.bypass {
        facts.push((
            "Not asked",
            Cell::new(format!("{} ({})", bypass.sentence(), bypass.rule()))
                .mark(Mark::Warn)
                .tone(Token::Warn),
        ));
    }
    facts.push((
        "Ticket",
        Cell::new(grant.ticket.to_string()).tone(Token::Link),
    ));
    facts.push((
        "Subscription",
        shared::subscription(world, &grant.subscription),
    ));
    facts
}

fn sessions(grant: &Grant) -> Vec<Block> {
    if grant.sessions.is_empty() {
        let line = "The engineer has not connected to anything.";
        return vec![Block::Text(Cell::new(line).tone(Token::Muted))];
    }
    let mut blocks = Vec::new();
    for session in &grant.sessions {
        let name = shared::resource_name(&session.resource);
        let head = match (session.closed_at, session.forced) {
            (None, _) => Cell::new(format!("{name}, open since {}", session.opened_at.short()))
                .mark(Mark::Ok)
                .tone(Token::Approved),
            (Some(at), forced) => Cell::new(format!(
                "{name}, {} to {}{}",
                session.opened_at.short(),
                at.short(),
                if forced { ", ended by force" } else { "" }
            ))
            .mark(Mark::Off)
            .tone(if forced { Token::Warn } else { Token::Muted }),
        };
        blocks.push(Block::Text(head));
        for action in &session.actions {
            blocks.push(Block::Stranger {
                label: format!("{}  the engineer did", action.at.short()),
                text: action.text.clone(),
            });
        }
    }
    blocks
}
