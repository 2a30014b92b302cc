//! What needs somebody now, and the figures around it.

use std::rc::Rc;

use super::super::{Eye, cmk, shared};
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex, right};
use crate::console::theme::Token;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::ids::RequestId;
use crate::engine::ingestion::route::Route;
use crate::engine::lockbox::request::Status;
use crate::engine::lockbox::{grant, request};
use crate::engine::projections::sentence;
use crate::engine::timers::Timer;
use crate::engine::{Actor, Answer, Query, Refusal, SimTime, World, ask, due};

pub const COLUMNS: &[Column] = &[
    col("what", "WHAT", 16, 0),
    col("id", "ID", 9, 0),
    right("until", "LEFT", 7, 0),
    flex("who", "WHO", 13, 2, 1),
    col("level", "LEVEL", 8, 4),
    flex("resources", "RESOURCE", 14, 3, 2),
    flex("subscription", "SUBSCRIPTION", 14, 1, 3),
    data("status"),
];

/// Waiting requests, those the actor may decide first, then access in force.
pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let Answer::Requests(mut waiting) = ask(eye.world, eye.now, eye.actor, &Query::Pending)? else {
        return Ok(Vec::new());
    };
    let mine = may_decide(eye);
    waiting.sort_by_key(|id| !mine(*id));
    let mut ids: Vec<ItemId> = waiting.into_iter().map(ItemId::Request).collect();
    let lockbox = &eye.world.lockbox;
    let seen = |id: &&(SimTime, crate::engine::ids::GrantId)| {
        ask(eye.world, eye.now, eye.actor, &Query::Grant(id.1)).is_ok()
    };
    ids.extend(
        lockbox
            .active
            .iter()
            .filter(seen)
            .map(|(_, id)| ItemId::Grant(*id)),
    );
    Ok(ids)
}

/// Whether the actor is Owner of a request's subscription; asks the role table once per subscription.
fn may_decide<'a>(eye: Eye<'a>) -> impl Fn(RequestId) -> bool + 'a {
    let owned: Vec<_> = match eye.actor {
        Actor::Person(id) => eye
            .world
            .resources
            .subscriptions
            .keys()
            .filter(|s| {
                let person = eye.world.people.persons.get(id);
                person.is_some_and(|p| eye.world.why_not_approver(p, s).is_none())
            })
            .collect(),
        _ => Vec::new(),
    };
    move |id| {
        let request = eye.world.lockbox.requests.get(&id);
        request.is_some_and(|r| owned.contains(&&r.subscription))
    }
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let lockbox = &eye.world.lockbox;
    let cells = match id {
        ItemId::Request(request) => {
            let r = lockbox.requests.get(request)?;
            let what = if eye.world.nobody_can_approve(r) {
                Cell::new("nobody can").mark(Mark::Warn).tone(Token::Danger)
            } else if decides(eye, r) {
                Cell::new("decide").mark(Mark::Waiting).tone(Token::Pending)
            } else {
                Cell::new("others decide")
                    .mark(Mark::Waiting)
                    .tone(Token::Muted)
            };
            vec![
                what,
                Cell::new(r.id.to_string()).tone(Token::Id),
                shared::countdown(eye.now, r.expires_at),
                shared::person(eye.world, &r.engineer),
                shared::level(r.level),
                shared::resources(r.resources.iter()),
                shared::subscription(eye.world, &r.subscription),
                Cell::new(r.status.word()),
            ]
        }
        ItemId::Grant(grant) => {
            let g = lockbox.grants.get(grant)?;
            let open = g.sessions.iter().any(|s| s.closed_at.is_none());
            let what = if open { "session open" } else { "access given" };
            vec![
                Cell::new(what).mark(Mark::Ok).tone(Token::Approved),
                Cell::new(g.id.to_string()).tone(Token::Id),
                shared::left(eye.now, g.until),
                shared::person(eye.world, &g.engineer),
                shared::level(g.level),
                shared::resources(g.resources.iter()),
                shared::subscription(eye.world, &g.subscription),
                Cell::new(g.status.word()),
            ]
        }
        _ => return None,
    };
    Some(Row {
        id: id.clone(),
        cells,
    })
}

fn decides(eye: Eye, request: &request::Request) -> bool {
    let Actor::Person(id) = eye.actor else {
        return false;
    };
    let person = eye.world.people.persons.get(id);
    person.is_some_and(|p| {
        eye.world
            .why_not_approver(p, &request.subscription)
            .is_none()
    })
}

/// The figures of the overview. Counting takes a walk over all requests, so the result is kept per revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    pub mine: usize,
    pub waiting: usize,
    pub in_force: usize,
    pub open_tickets: usize,
    pub decided: usize,
    pub expired: usize,
    /// Asynchronous operations that run.
    pub running: usize,
    pub warnings: Vec<Cell>,
    pub next: Vec<(SimTime, Cell)>,
}

const NEXT: usize = 12;

pub fn summary(eye: Eye) -> Rc<Summary> {
    let world = eye.world;
    let lockbox = &world.lockbox;
    let mut summary = Summary::default();
    let all = Query::Requests { status: None };
    if let Ok(Answer::Requests(ids)) = ask(world, eye.now, eye.actor, &all) {
        for request in ids.iter().filter_map(|id| lockbox.requests.get(id)) {
            match request.status {
                Status::Pending | Status::Initializing => summary.waiting += 1,
                Status::Expired => summary.expired += 1,
                _ => summary.decided += 1,
            }
        }
    }
    if let Ok(Answer::Requests(ids)) = ask(world, eye.now, eye.actor, &Query::Pending) {
        let mine = may_decide(eye);
        summary.mine = ids.iter().filter(|id| mine(**id)).count();
        summary.warnings = warnings(world, &ids);
    }
    summary.warnings.extend(at_risk(eye));
    if let Ok(Answer::Operations(ids)) = ask(world, eye.now, eye.actor, &Query::Operations) {
        summary.running = ids.iter().filter(|id| world.running.contains(*id)).count();
    }
    if let Ok(Answer::Grants(ids)) = ask(world, eye.now, eye.actor, &Query::Grants) {
        summary.in_force = ids
            .iter()
            .filter_map(|id| lockbox.grants.get(id))
            .filter(|g| g.status == grant::Status::Active)
            .count();
    }
    if let Ok(Answer::Tickets(ids)) = ask(world, eye.now, eye.actor, &Query::Tickets) {
        summary.open_tickets = ids
            .iter()
            .filter_map(|id| lockbox.tickets.get(id))
            .filter(|t| t.phase.is_open())
            .count();
    }
    summary.next = world
        .timers
        .iter()
        .filter_map(|(key, timer)| Some((key.at, upcoming(eye, timer)?)))
        .take(NEXT)
        .collect();
    Rc::new(summary)
}

fn warnings(world: &World, waiting: &[RequestId]) -> Vec<Cell> {
    let warn = |text: String| Cell::new(text).mark(Mark::Warn).tone(Token::Warn);
    let mut warnings = Vec::new();
    for request in waiting
        .iter()
        .filter_map(|id| world.lockbox.requests.get(id))
    {
        if world.nobody_can_approve(request) {
            warnings.push(warn(format!(
                "{}: nobody can approve, the subscription has no Owner",
                request.id
            )));
            continue;
        }
        let reached = request.approvers.iter().any(|p| {
            let person = world.people.persons.get(p);
            person.is_some_and(|p| p.mail.is_some())
        });
        if !reached {
            warnings.push(warn(format!("{}: no approver got a mail", request.id)));
        }
    }
    warnings
}

/// Data that is lost or cannot be read, or will be; and keys that could go for good while data is under them.
fn at_risk(eye: Eye) -> Vec<Cell> {
    let world = eye.world;
    let bad = |text: String| Cell::new(text).mark(Mark::Bad).tone(Token::Danger);
    let warn = |text: String| Cell::new(text).mark(Mark::Warn).tone(Token::Warn);
    let mut found = Vec::new();
    let workspaces = Query::Workspaces { deleted: false };
    if let Ok(Answer::Workspaces(ids)) = ask(world, eye.now, eye.actor, &workspaces) {
        let losing: Vec<_> = ids
            .iter()
            .filter(|id| matches!(world.route(id), Ok(Route::Dropped(..))))
            .collect();
        if !losing.is_empty() {
            let names = shared::resources(losing).text;
            found.push(bad(format!("DATA LOST: {names}")));
        }
    }
    for cluster in cmk::clusters(eye).into_iter().filter(|c| c.is_live()) {
        let name = shared::resource_name(&cluster.id);
        let state = &cluster.protection.state;
        match state {
            Encryption::Revoked | Encryption::LiveSite => {
                found.push(bad(format!("{name}: {}", state.word())));
            }
            Encryption::RevocationPending { enforce_at, .. } => found.push(warn(format!(
                "{name}: cut off at {}",
                cmk::clock(*enforce_at).text
            ))),
            Encryption::TransientOutage { live_site_at, .. } => found.push(warn(format!(
                "{name}: bridged till {}",
                cmk::clock(*live_site_at).text
            ))),
            Encryption::MicrosoftKey | Encryption::Active | Encryption::Resuming { .. } => {}
        }
    }
    let vaults = Query::Vaults { deleted: false };
    if let Ok(Answer::Vaults(names)) = ask(world, eye.now, eye.actor, &vaults) {
        for vault in names.iter().filter_map(|name| world.vaults.get(name)) {
            if !vault.recoverable() && !cmk::user_rows(eye, |k| k.vault == vault.name).is_empty() {
                found.push(warn(format!("{}: used, not recoverable", vault.name)));
            }
        }
    }
    found
}

/// What happens at the next instant at which something does, as far as the actor may know.
pub fn at_next(eye: Eye) -> Option<String> {
    let at = due(eye.world)?;
    let what: Vec<_> = eye
        .world
        .timers
        .iter()
        .take_while(|(key, _)| key.at <= at)
        .filter_map(|(_, timer)| Some(upcoming(eye, timer)?.text))
        .collect();
    let when = at.short();
    Some(match what.as_slice() {
        [] => format!("{when} UTC: nothing you may see."),
        [one] => format!("{when} UTC: {one}."),
        [one, rest @ ..] => format!("{when} UTC: {one}, and {} more.", rest.len()),
    })
}

/// What time will do, as far as the actor may know.
fn upcoming(eye: Eye, timer: &Timer) -> Option<Cell> {
    let text = sentence::upcoming(eye.world, eye.now, eye.actor, timer)?;
    let (mark, tone) = match timer {
        Timer::RequestExpires(_) => (Mark::Waiting, Token::Pending),
        Timer::RequestSettles(_) => (Mark::Busy, Token::Info),
        Timer::GrantEnds(_) => (Mark::Ok, Token::Approved),
        Timer::StoryStep(_) => (Mark::Info, Token::Muted),
        Timer::OperationEnds(_) | Timer::FaultEnds(_) | Timer::ClusterPolls(_) => {
            (Mark::Busy, Token::Info)
        }
        Timer::EncryptionDue(_) | Timer::BufferEnds(_) => (Mark::Warn, Token::Warn),
        Timer::VaultPurges(_)
        | Timer::KeyPurges(..)
        | Timer::ClusterPurges(_)
        | Timer::WorkspacePurges(_)
        | Timer::TableDue(..) => (Mark::Off, Token::Muted),
    };
    Some(Cell::new(text).mark(mark).tone(tone))
}
