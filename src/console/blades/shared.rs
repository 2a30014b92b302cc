//! Cells that several blades show the same way.

use serde_json::Value;

use super::super::rows::{Cell, Mark};
use super::super::text;
use super::super::theme::Token;
use crate::engine::event::Actor;
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::lockbox::{grant, jit, request, ticket};
use crate::engine::people::Side;
use crate::engine::text::Untrusted;
use crate::engine::{SimTime, Span, World};

pub fn person(world: &World, id: &PersonId) -> Cell {
    Cell::new(name(world, id)).raw(id.as_str())
}

/// Longest name of a person, an organisation or a subscription, in columns. A world file may say more, but
/// a name is no place for a speech: it would push aside what has to be read before a decision.
const NAME_MAX: usize = 60;

fn short(name: &Untrusted) -> String {
    text::cut(&name.to_string(), NAME_MAX).into_owned()
}

/// The name of a person, or the id of one nobody knows.
pub fn name(world: &World, id: &PersonId) -> String {
    world
        .people
        .persons
        .get(id)
        .map_or_else(|| id.to_string(), |p| short(&p.name))
}

pub fn actor_name(world: &World, actor: &Actor) -> String {
    match actor {
        Actor::Person(id) => name(world, id),
        Actor::Time => "time".into(),
        Actor::Lockbox => "Customer Lockbox".into(),
        Actor::Jit => "just-in-time access".into(),
        Actor::Support => "support".into(),
        Actor::Storage => "cluster storage".into(),
        Actor::LogAnalytics => "Log Analytics".into(),
        Actor::Simulator => "the simulator".into(),
        Actor::Observer => "Observer".into(),
    }
}

/// What somebody is, in a few words.
pub fn position(world: &World, id: &PersonId) -> String {
    let Some(person) = world.people.persons.get(id) else {
        return String::new();
    };
    match &person.side {
        Side::Vendor(role) => role.title().to_owned(),
        Side::Customer(tenant) => {
            let organisation = world
                .people
                .tenants
                .get(tenant)
                .map_or_else(|| tenant.to_string(), |t| short(&t.name));
            at(world, id, organisation)
        }
    }
}

/// As [`position`], with the organisation's short name, for lists of people.
pub fn position_in_brief(world: &World, id: &PersonId) -> String {
    match world.people.persons.get(id).map(|p| &p.side) {
        Some(Side::Customer(tenant)) => at(world, id, tenant.to_string()),
        _ => position(world, id),
    }
}

/// `Owner at contoso`.
fn at(world: &World, id: &PersonId, organisation: String) -> String {
    let mut roles: Vec<&str> = world
        .resources
        .subscriptions
        .keys()
        .flat_map(|s| world.roles(id, s))
        .map(|r| r.title())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        organisation
    } else {
        format!("{} at {organisation}", roles.join(", "))
    }
}

pub fn subscription(world: &World, id: &SubscriptionId) -> Cell {
    let name = world
        .resources
        .subscriptions
        .get(id)
        .map_or_else(|| id.to_string(), |s| short(&s.name));
    Cell::new(name).raw(id.as_str())
}

/// The last part of a resource's id.
pub fn resource_name(id: &ResourceId) -> String {
    let shown = id.to_string();
    shown
        .rsplit_once('/')
        .map_or(shown.clone(), |(_, name)| name.to_owned())
}

/// `vm-web-01 +2`.
pub fn resources<'a>(ids: impl IntoIterator<Item = &'a ResourceId>) -> Cell {
    let ids: Vec<&ResourceId> = ids.into_iter().collect();
    let text = match ids.as_slice() {
        [] => "–".to_owned(),
        [one] => resource_name(one),
        [first, rest @ ..] => format!("{} +{}", resource_name(first), rest.len()),
    };
    let raw: Vec<Value> = ids.iter().map(|id| Value::from(id.as_str())).collect();
    Cell::new(text).raw(Value::Array(raw))
}

pub fn request_status(status: request::Status) -> Cell {
    use request::Status::*;
    let (mark, tone) = match status {
        Pending => (Mark::Waiting, Token::Pending),
        Initializing | Approving | Denying | Revoking | Completing => (Mark::Busy, Token::Info),
        Approved => (Mark::Ok, Token::Approved),
        Denied => (Mark::Bad, Token::Denied),
        Expired => (Mark::Off, Token::Expired),
        Revoked => (Mark::Bad, Token::Warn),
        Completed => (Mark::Ok, Token::Completed),
        Error | Unknown => (Mark::Warn, Token::Failed),
    };
    Cell::new(status.word()).mark(mark).tone(tone)
}

pub fn grant_status(status: grant::Status) -> Cell {
    use grant::Status::*;
    let (mark, tone) = match status {
        Active => (Mark::Ok, Token::Approved),
        Expired => (Mark::Off, Token::Expired),
        Closed => (Mark::Off, Token::Completed),
        Revoked => (Mark::Bad, Token::Denied),
    };
    Cell::new(status.word()).mark(mark).tone(tone)
}

pub fn phase(phase: ticket::Phase) -> Cell {
    use ticket::Phase::*;
    let (text, mark, tone) = match phase {
        Assigned => ("assigned", Mark::Info, Token::Info),
        Investigating => ("investigating", Mark::Busy, Token::Info),
        NeedsElevatedAccess => ("needs access", Mark::Waiting, Token::Pending),
        Resolved => ("resolved", Mark::Ok, Token::Ok),
        Closed => ("closed", Mark::Off, Token::Neutral),
    };
    Cell::new(text).mark(mark).tone(tone).raw(phase.word())
}

/// Permission level; short enough for a narrow table.
pub fn level(level: jit::Level) -> Cell {
    let text = match level {
        jit::Level::Administrator => "admin",
        other => other.word(),
    };
    Cell::new(text).raw(level.word())
}

pub fn severity(severity: ticket::Severity) -> Cell {
    use ticket::Severity::*;
    let (text, tone) = match severity {
        Minimal => ("minimal", Token::Muted),
        Moderate => ("moderate", Token::Text),
        Critical => ("critical", Token::Warn),
        HighestCriticalImpact => ("highest", Token::Danger),
    };
    Cell::new(text).tone(tone).raw(severity.word())
}

/// How long until an instant; it gets louder as it comes nearer.
pub fn countdown(now: SimTime, until: SimTime) -> Cell {
    let left = now.until(until);
    let cell = if left == Span::ZERO {
        Cell::new("now").tone(Token::Danger)
    } else {
        let tone = if left < Span::hours(6) {
            Token::Danger
        } else if left < Span::hours(24) {
            Token::Warn
        } else {
            Token::Text
        };
        Cell::new(left.brief()).tone(tone)
    };
    cell.raw(until.to_string())
}

/// How long until something that is no cause for haste.
pub fn left(now: SimTime, until: SimTime) -> Cell {
    countdown(now, until).tone(Token::Text)
}

/// `22 Nov 09:00 (in 3d 04h)`.
pub fn when_and_left(now: SimTime, at: SimTime) -> Cell {
    let mut cell = countdown(now, at);
    cell.text = if at > now {
        format!("{} UTC, in {}", at.short(), cell.text).into()
    } else {
        format!("{} UTC", at.short()).into()
    };
    if at <= now {
        cell.tone = Token::Text;
    }
    cell
}

/// What stands where lines were left out.
pub fn more(lines: usize) -> String {
    match lines {
        1 => " … 1 more line".to_owned(),
        n => format!(" … {n} more lines"),
    }
}
