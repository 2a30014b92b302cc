//! Access grants and the engineer's sessions (`domain.md` c.4).
//!
//! ```text
//! (none) --start--> Active --its hours are over--> Expired   (sessions forcibly closed)
//!                   Active --engineer ends--> Closed
//!                   Active --customer revokes (extension)--> Revoked  (sessions forcibly closed)
//! ```
//! Exactly one engineer, exactly the named resources (R-LOCK-23).

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::edit;
use super::jit::{self, Bypass};
use super::request;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{
    GrantId, JitId, PersonId, RequestId, ResourceId, Revision, SubscriptionId, TicketId,
};
use crate::engine::people::{Action, Side};
use crate::engine::refusal::Refusal;
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    Status {
        Active = "active",
        Expired = "expired",
        Closed = "closed",
        Revoked = "revoked",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub id: GrantId,
    pub jit: JitId,
    pub request: Option<RequestId>,
    pub ticket: TicketId,
    pub subscription: SubscriptionId,
    pub engineer: PersonId,
    #[serde(deserialize_with = "crate::sharing::value")]
    pub resources: Arc<Vector<ResourceId>>,
    pub level: jit::Level,
    /// The event that began it.
    pub revision: Revision,
    pub from: SimTime,
    pub until: SimTime,
    pub status: Status,
    pub ended_at: Option<SimTime>,
    /// Why no customer was asked, when none was.
    pub bypass: Option<Bypass>,
    pub sessions: Vec<Session>,
    /// Who revoked it and why (extension).
    pub revoked: Option<(PersonId, Untrusted)>,
    pub timer: Option<TimerKey>,
}

/// One connection of the engineer to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub resource: ResourceId,
    pub opened_at: SimTime,
    pub closed_at: Option<SimTime>,
    /// Ended by the grant, not by the engineer.
    pub forced: bool,
    pub actions: Vec<Recorded>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub revision: Revision,
    pub at: SimTime,
    pub text: Untrusted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Connect {
        grant: GrantId,
        resource: ResourceId,
    },
    /// Something the engineer does in the latest open session.
    Act { grant: GrantId, text: Untrusted },
    /// The engineer is done.
    End { grant: GrantId },
    /// Extension: an Owner withdraws access that was approved.
    Revoke { grant: GrantId, reason: Untrusted },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Started {
        grant: GrantId,
        jit: JitId,
        until: SimTime,
    },
    Connected {
        grant: GrantId,
        resource: ResourceId,
    },
    Acted {
        grant: GrantId,
        text: Untrusted,
    },
    /// All open sessions end; by force unless the engineer ended them.
    SessionsClosed {
        grant: GrantId,
        forced: bool,
    },
    Expired {
        grant: GrantId,
    },
    Closed {
        grant: GrantId,
    },
    Revoked {
        grant: GrantId,
        by: PersonId,
        reason: Untrusted,
    },
}

impl Fact {
    /// The grant it is about.
    pub fn grant(&self) -> GrantId {
        match self {
            Fact::Started { grant, .. }
            | Fact::Connected { grant, .. }
            | Fact::Acted { grant, .. }
            | Fact::SessionsClosed { grant, .. }
            | Fact::Expired { grant }
            | Fact::Closed { grant }
            | Fact::Revoked { grant, .. } => *grant,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Connect { grant, resource } => {
            let found = in_force(draft, &by, *grant)?;
            its_engineer(&found, &by)?;
            draft.world.resource(resource)?;
            if !found.resources.contains(resource) {
                let covered: Vec<String> =
                    found.resources.iter().map(ToString::to_string).collect();
                return Err(errors::GR_04
                    .says(format!("{grant} does not cover {resource}."))
                    .target("resource")
                    .remedy(format!("It covers exactly: {}.", covered.join(", "))));
            }
            draft.emit(Fact::Connected {
                grant: *grant,
                resource: resource.clone(),
            });
        }
        Command::Act { grant, text } => {
            let found = in_force(draft, &by, *grant)?;
            its_engineer(&found, &by)?;
            if !found.sessions.iter().any(|s| s.closed_at.is_none()) {
                return Err(errors::GR_05.refuse().target("grant"));
            }
            if text.is_blank() {
                return Err(errors::GR_05.says("No action is named.").target("text"));
            }
            draft.emit(Fact::Acted {
                grant: *grant,
                text: text.clone(),
            });
        }
        Command::End { grant } => {
            let found = in_force(draft, &by, *grant)?;
            its_engineer(&found, &by)?;
            let closed = draft.emit(Fact::Closed { grant: *grant });
            let engineer = draft.actor.clone();
            draft.because(closed, engineer, |draft| {
                close_sessions(draft, &found, false)
            });
            over(draft, closed, &found, false);
        }
        Command::Revoke { grant, reason } => {
            let found = draft.world.grant_seen_by(&by, *grant)?.clone();
            let person = draft.world.person(&by)?;
            if let Some(why) = draft.world.why_not_approver(person, &found.subscription) {
                return Err(errors::GR_06.says(format!(
                    "Only an Owner of the subscription can revoke this grant; {by} {why}."
                )));
            }
            let found = in_force(draft, &by, *grant)?;
            let revoked = draft.emit(Fact::Revoked {
                grant: *grant,
                by,
                reason: reason.clone(),
            });
            draft.because(revoked, Actor::Lockbox, |draft| {
                close_sessions(draft, &found, true)
            });
            over(draft, revoked, &found, true);
        }
    }
    Ok(())
}

/// Access begins: after an approval, or past the customer with a recorded reason.
pub(super) fn start(draft: &mut Draft, jit: JitId) {
    let Some(from) = draft.world.lockbox.jits.get(&jit) else {
        return;
    };
    let until = draft.now + from.duration.span(&draft.world.rules);
    let grant = GrantId(u32::try_from(draft.world.lockbox.grants.len() + 1).unwrap_or(u32::MAX));
    draft.emit(Fact::Started { grant, jit, until });
}

/// R-LOCK-24: the hours are over.
pub(crate) fn expire(draft: &mut Draft, id: GrantId) {
    let Some(found) = draft.world.lockbox.grants.get(&id).cloned() else {
        return;
    };
    let expired = draft.because(found.revision, Actor::Time, |d| {
        d.emit(Fact::Expired { grant: id })
    });
    draft.because(expired, Actor::Jit, |draft| {
        close_sessions(draft, &found, true)
    });
    over(draft, expired, &found, false);
}

fn close_sessions(draft: &mut Draft, grant: &Grant, forced: bool) {
    if grant.sessions.iter().any(|s| s.closed_at.is_none()) {
        draft.emit(Fact::SessionsClosed {
            grant: grant.id,
            forced,
        });
    }
}

fn over(draft: &mut Draft, cause: Revision, grant: &Grant, revoked: bool) {
    draft.because(cause, Actor::Lockbox, |draft| {
        draft.emit(jit::Fact::Ended { jit: grant.jit });
        if let Some(request) = grant.request {
            request::grant_over(draft, request, revoked);
        }
    });
}

fn in_force(draft: &Draft, by: &PersonId, id: GrantId) -> Result<Arc<Grant>, Refusal> {
    let grant = draft.world.grant_seen_by(by, id)?;
    // Boundary: at the end instant the end wins, even if time has not acted yet.
    let expired = grant.status == Status::Active && draft.now >= grant.until;
    if grant.status != Status::Active || expired {
        let status = if expired {
            Status::Expired
        } else {
            grant.status
        };
        return Err(errors::GR_02
            .says(format!(
                "{id} is {status}; access ended at {} UTC.",
                grant.ended_at.unwrap_or(grant.until).to_seconds()
            ))
            .target("grant")
            .current_status(status.word()));
    }
    Ok(grant.clone())
}

fn its_engineer(grant: &Grant, by: &PersonId) -> Result<(), Refusal> {
    if grant.engineer == *by {
        return Ok(());
    }
    Err(errors::GR_03
        .says(format!(
            "{} is for {}, not for {by}.",
            grant.id, grant.engineer
        ))
        .target("grant"))
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Started { grant, jit, until } => {
            let Some(from) = world.lockbox.jits.get(jit).cloned() else {
                return;
            };
            let timer = world.timers.set(*until, Timer::GrantEnds(*grant));
            world.lockbox.grants.insert(
                *grant,
                Arc::new(Grant {
                    id: *grant,
                    jit: *jit,
                    request: from.request,
                    ticket: from.ticket,
                    subscription: from.subscription.clone(),
                    engineer: from.engineer.clone(),
                    resources: from.resources.clone(),
                    level: from.level,
                    revision,
                    from: at,
                    until: *until,
                    status: Status::Active,
                    ended_at: None,
                    bypass: from.bypass,
                    sessions: Vec::new(),
                    revoked: None,
                    timer: Some(timer),
                }),
            );
            world.lockbox.active.insert((*until, *grant));
            jit::granted(world, *jit, *grant);
            if let Some(request) = from.request {
                request::granted(world, request, *grant);
            }
        }
        Fact::Connected { grant, resource } => edit(&mut world.lockbox.grants, grant, |g| {
            g.sessions.push(Session {
                resource: resource.clone(),
                opened_at: at,
                closed_at: None,
                forced: false,
                actions: Vec::new(),
            });
        }),
        Fact::Acted { grant, text } => edit(&mut world.lockbox.grants, grant, |g| {
            if let Some(session) = g.sessions.iter_mut().rev().find(|s| s.closed_at.is_none()) {
                session.actions.push(Recorded {
                    revision,
                    at,
                    text: text.clone(),
                });
            }
        }),
        Fact::SessionsClosed { grant, forced } => edit(&mut world.lockbox.grants, grant, |g| {
            for session in g.sessions.iter_mut().filter(|s| s.closed_at.is_none()) {
                session.closed_at = Some(at);
                session.forced = *forced;
            }
        }),
        Fact::Expired { grant } => end(world, at, *grant, Status::Expired),
        Fact::Closed { grant } => end(world, at, *grant, Status::Closed),
        Fact::Revoked { grant, by, reason } => {
            end(world, at, *grant, Status::Revoked);
            edit(&mut world.lockbox.grants, grant, |g| {
                g.revoked = Some((by.clone(), reason.clone()));
            });
        }
    }
}

fn end(world: &mut World, at: SimTime, id: GrantId, status: Status) {
    let Some((timer, until)) = world.lockbox.grants.get(&id).map(|g| (g.timer, g.until)) else {
        return;
    };
    if let Some(timer) = timer {
        world.timers.cancel(timer);
    }
    world.lockbox.active.remove(&(until, id));
    edit(&mut world.lockbox.grants, &id, |g| {
        g.status = status;
        g.ended_at = Some(at);
        g.timer = None;
    });
}

fn no_grant(id: GrantId) -> Refusal {
    errors::GR_01
        .says(format!("There is no grant {id}."))
        .target("grant")
}

/// One record of the guest's Windows event log (R-LOCK-36).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WindowsEvent {
    pub at: SimTime,
    pub computer: String,
    pub event_id: u16,
    pub message: String,
    /// The workspace Security Center copies it to.
    pub copied_to: Option<ResourceId>,
}

impl World {
    pub fn grant(&self, id: GrantId) -> Result<&Arc<Grant>, Refusal> {
        self.lockbox.grants.get(&id).ok_or_else(|| no_grant(id))
    }

    /// The grant, if this person may know of it. Access that bypassed the customer is not the customer's to
    /// see, nor to revoke (i-32); to them it does not exist.
    pub fn grant_seen_by(&self, by: &PersonId, id: GrantId) -> Result<&Arc<Grant>, Refusal> {
        let grant = self.grant(id)?;
        let seen = match self.person(by)?.side {
            Side::Vendor(_) => true,
            Side::Customer(_) => {
                grant.request.is_some() && self.may(by, Action::RequestRead, &grant.subscription)
            }
        };
        if seen { Ok(grant) } else { Err(no_grant(id)) }
    }

    /// What the guests' Windows event logs say about the sessions of a grant: 4624 logon, 4688 process
    /// creation, 4634 logoff. A Linux guest or a storage account has no such log.
    pub fn windows_events(&self, grant: &Grant) -> Vec<WindowsEvent> {
        let mut log = Vec::new();
        for session in &grant.sessions {
            let Some(resource) = self.resources.resources.get(&session.resource) else {
                continue;
            };
            if !resource.kind.windows_guest() {
                continue;
            }
            let mut write = |at, event_id, message: String| {
                log.push(WindowsEvent {
                    at,
                    computer: crate::engine::text::scrub(&resource.name).into_owned(),
                    event_id,
                    message,
                    copied_to: resource.events_to.clone(),
                });
            };
            write(
                session.opened_at,
                4624,
                format!("Logon type 10 (remote desktop): {}", grant.engineer),
            );
            for action in &session.actions {
                write(
                    action.at,
                    4688,
                    format!("A new process was created: {}", action.text),
                );
            }
            if let Some(at) = session.closed_at {
                let how = if session.forced {
                    "forced, the grant is over"
                } else {
                    "by the engineer"
                };
                write(at, 4634, format!("Logoff ({how}): {}", grant.engineer));
            }
        }
        log
    }
}
