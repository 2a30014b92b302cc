//! A request as a page: everything one should know before saying yes.

use super::super::{Eye, shared, thing, ticket};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, col, flex};
use crate::console::theme::Token;
use crate::engine::ids::RequestId;
use crate::engine::lockbox::jit::Duration;
use crate::engine::lockbox::request::{self, Request, Status};
use crate::engine::resources::Coverage;
use crate::engine::{Actor, Answer, Query, Refusal, SimTime, World, ask, draft};

const RESOURCES: &[Column] = &[
    flex("name", "NAME", 22, 2, 0),
    flex("kind", "KIND", 23, 2, 1),
    col("coverage", "LOCKBOX", 11, 2),
    flex("group", "GROUP", 10, 1, 3),
    col("location", "WHERE", 14, 4),
];

const HISTORY: &[Column] = &[col("at", "", 19, 0), flex("status", "", 14, 1, 0)];

pub fn doc(eye: Eye, id: RequestId) -> Result<Doc, Refusal> {
    ask(eye.world, eye.now, eye.actor, &Query::Request(id))?;
    let world = eye.world;
    let request = world.request(id)?;
    let waits = request.status == Status::Pending;
    let mut main = vec![
        Block::Heading(format!("{id} · {}", request.status.title())),
        Block::Facts(facts(eye, request)),
        Block::Gap,
        Block::Stranger {
            label: stranger_label(world, request),
            text: request.justification.clone(),
        },
        Block::Heading(format!("Resources ({})", request.resources.len())),
        Block::Links {
            columns: RESOURCES,
            rows: request
                .resources
                .iter()
                .map(|r| (thing(world, r), resource(world, r)))
                .collect(),
        },
    ];
    if waits {
        main.push(Block::Heading("If you approve".into()));
        main.extend(consequence(eye, request));
    }
    if let Some(decision) = &request.decision {
        let word = if decision.approve {
            "Approved"
        } else {
            "Denied"
        };
        main.push(Block::Heading(format!("Decision: {word}")));
        main.push(Block::Facts(vec![
            ("By", shared::person(world, &decision.by)),
            ("At", Cell::new(format!("{} UTC", decision.at.to_seconds()))),
        ]));
        if decision.reason.is_blank() {
            main.push(Block::Text(
                Cell::new("No reason was given.").tone(Token::Muted),
            ));
        } else {
            main.push(Block::Stranger {
                label: format!(
                    "reason, in the words of {}",
                    shared::name(world, &decision.by)
                ),
                text: decision.reason.clone(),
            });
        }
    }
    if let Some(grant) = request.grant.and_then(|g| world.lockbox.grants.get(&g)) {
        main.push(Block::Heading("Access".into()));
        main.push(Block::Facts(vec![
            ("Grant", Cell::new(grant.id.to_string()).tone(Token::Id)),
            ("Status", shared::grant_status(grant.status)),
            (
                "Until",
                match grant.ended_at {
                    Some(at) => Cell::new(format!("{} UTC, over", at.short())),
                    None => shared::when_and_left(eye.now, grant.until).tone(Token::Text),
                },
            ),
            ("Sessions", Cell::number(grant.sessions.len())),
        ]));
    }
    Ok(Doc {
        main,
        side: beside(eye, request)?,
        about: vec![ItemId::Request(id)],
    })
}

pub fn stranger_label(world: &World, request: &Request) -> String {
    format!(
        "text from the other side: why {} asks",
        shared::name(world, &request.engineer)
    )
}

fn facts(eye: Eye, request: &Request) -> Vec<(&'static str, Cell)> {
    let world = eye.world;
    let mut status = shared::request_status(request.status);
    status.text = request.status.title().into();
    let engineer = shared::name(world, &request.engineer);
    let position = shared::position(world, &request.engineer);
    let mut facts = vec![("Status", status)];
    if request.status == Status::Pending {
        facts.push((
            "Expires",
            shared::when_and_left(eye.now, request.expires_at),
        ));
    }
    if world.nobody_can_approve(request) {
        facts.push((
            "Warning",
            Cell::new("Nobody can approve this: the subscription has no Owner.")
                .mark(Mark::Warn)
                .tone(Token::Danger),
        ));
    }
    facts.extend([
        ("Who asks", Cell::new(format!("{engineer}, {position}"))),
        (
            "Permission",
            Cell::new(request.level.word()).tone(Token::Strong),
        ),
        ("For", {
            let span = request.duration.span(&world.rules).brief();
            match &request.duration {
                Duration::Text(text) => Cell::new(format!("{span} (asked for: {text})")),
                Duration::Default | Duration::Span(_) => Cell::new(span),
            }
        }),
        (
            "Ticket",
            Cell::new(request.ticket.to_string()).tone(Token::Link),
        ),
        (
            "Subscription",
            shared::subscription(world, &request.subscription),
        ),
        (
            "Asked at",
            Cell::new(format!("{} UTC", request.created_at.to_seconds())),
        ),
    ]);
    if world
        .lockbox
        .jits
        .get(&request.jit)
        .is_some_and(|j| j.initiated)
    {
        facts.push((
            "Extension",
            Cell::new("initiated directly, without a JIT evaluation").tone(Token::Muted),
        ));
    }
    facts
}

fn resource(world: &World, id: &crate::engine::ids::ResourceId) -> Vec<Cell> {
    let Some(resource) = world.resources.resources.get(id) else {
        return vec![Cell::named(id.as_str())];
    };
    let coverage = world.coverage(resource);
    // Short for the generally available, so that kinds fit at 80 columns.
    let (word, tone) = match coverage {
        Coverage::Ga => ("GA", Token::Text),
        Coverage::Preview => (coverage.title(), Token::Info),
        Coverage::NotCovered => (coverage.title(), Token::Warn),
    };
    vec![
        Cell::named(&resource.name).tone(Token::Strong),
        Cell::new(resource.kind.title()),
        Cell::new(word).tone(tone),
        Cell::named(&resource.group).tone(Token::Muted),
        Cell::named(&resource.location).tone(Token::Muted),
    ]
}

/// What a yes would give, found by trying it on a copy of the world.
pub struct Consequence {
    pub engineer: String,
    pub level: &'static str,
    pub resources: Vec<String>,
    pub until: SimTime,
}

pub fn if_approved(eye: Eye, request: &Request) -> Option<Consequence> {
    let world = eye.world;
    let mut someone: Vec<Actor> = vec![eye.actor.clone()];
    someone.extend(
        world
            .owners(&request.subscription)
            .into_iter()
            .map(Actor::Person),
    );
    let yes = request::Command::Decide {
        request: request.id,
        approve: true,
        reason: "".into(),
    };
    let after = someone
        .iter()
        .find_map(|actor| draft(world, eye.now, actor, &yes.clone().into()).ok())?
        .world;
    let until = after
        .lockbox
        .requests
        .get(&request.id)
        .and_then(|r| r.grant)
        .and_then(|g| after.lockbox.grants.get(&g))
        .map_or(eye.now + request.duration.span(&world.rules), |g| g.until);
    Some(Consequence {
        engineer: shared::name(world, &request.engineer),
        level: request.level.word(),
        resources: request
            .resources
            .iter()
            .map(shared::resource_name)
            .collect(),
        until,
    })
}

fn consequence(eye: Eye, request: &Request) -> Vec<Block> {
    let Some(then) = if_approved(eye, request) else {
        let at = request.expires_at.short();
        let line = format!(
            "Nobody can approve it now. Undecided, it expires {at} UTC and no access is given."
        );
        return vec![Block::Text(Cell::new(line).tone(Token::Warn))];
    };
    vec![
        Block::Facts(vec![
            ("Who", Cell::new(format!("{} alone", then.engineer))),
            ("May", Cell::new(format!("act as {}", then.level))),
            (
                "On exactly",
                Cell::new(then.resources.join(", ")).tone(Token::Strong),
            ),
            (
                "Until",
                shared::when_and_left(eye.now, then.until).tone(Token::Text),
            ),
        ]),
        Block::Text(
            Cell::new("Then access ends by force and open sessions are closed.").tone(Token::Muted),
        ),
    ]
}

fn beside(eye: Eye, request: &Request) -> Result<Vec<Block>, Refusal> {
    let world = eye.world;
    let mut side = vec![Block::Heading("Who can decide (ext)".into())];
    if let Answer::Approvers(list) = ask(world, eye.now, eye.actor, &Query::Approvers(request.id))?
    {
        let rows = list
            .into_iter()
            .map(|a| {
                let name = shared::name(world, &a.person);
                let (mark, tone, why) = match (a.why_not, a.mailed) {
                    (None, true) => (Mark::Ok, Token::Ok, "can decide now, got the mail".into()),
                    (None, false) => (Mark::Ok, Token::Ok, "can decide now".to_owned()),
                    (Some(why), _) => (Mark::Off, Token::Muted, why),
                };
                (
                    Cell::new(name).mark(mark).tone(tone),
                    Cell::new(why).tone(tone),
                )
            })
            .collect();
        side.push(Block::Pairs(rows));
    }
    if let Ok(found) = world.ticket(request.ticket) {
        side.push(Block::Heading(format!("Ticket {}", found.id)));
        if ask(world, eye.now, eye.actor, &Query::Ticket(found.id)).is_ok() {
            side.push(Block::Facts(ticket::rows::facts(eye, found)));
            side.push(Block::Gap);
            side.push(Block::Stranger {
                label: "the problem, as described".into(),
                text: found.description.clone(),
            });
            side.extend(ticket::rows::conversation(eye, found));
        }
    }
    side.push(Block::Heading("History".into()));
    side.push(Block::Table {
        columns: HISTORY,
        rows: request
            .history
            .iter()
            .map(|c| {
                vec![
                    Cell::new(c.at.to_seconds()).tone(Token::Time),
                    shared::request_status(c.status),
                ]
            })
            .collect(),
    });
    Ok(side)
}
