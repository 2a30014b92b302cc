//! The JSON of each thing: camelCase keys, RFC 3339 times, raw ids. A Lockbox request uses the property
//! names of the REST API (`domain.md` f.7) where they exist; vaults and keys, what belongs to Azure Monitor, and log
//! data have theirs in the files beside.

pub mod logs;
pub mod monitor;
pub mod vault;

use serde_json::{Value, json};

use super::print::opt;
use crate::engine::World;
use crate::engine::event::{Actor, Event};
use crate::engine::ids::{MailId, ResourceId};
use crate::engine::lockbox::Mail;
use crate::engine::lockbox::approvers::Approver;
use crate::engine::lockbox::grant::Grant;
use crate::engine::lockbox::jit::{Duration, Jit, State};
use crate::engine::lockbox::request::Request;
use crate::engine::lockbox::ticket::Ticket;
use crate::engine::projections::mail::letter;
use crate::engine::projections::sentence::sentence;
use crate::engine::resources::ResourceKind;
use crate::engine::rules::Rules;
use crate::engine::time::Span;

fn ids<'a>(resources: impl IntoIterator<Item = &'a ResourceId>) -> Value {
    resources.into_iter().map(|id| json!(id.as_str())).collect()
}

/// The ARM path of a resource, also of one that is deleted.
fn arm_id(world: &World, id: &ResourceId, kind: ResourceKind) -> String {
    let (subscription, group, name) = id.parts();
    format!(
        "/subscriptions/{}/resourceGroups/{group}/providers/{}/{name}",
        world.subscription_guid(&subscription),
        kind.arm_type()
    )
}

/// `duration` on the wire: a number of hours as text, or the text itself (R-LOCK-25).
pub fn duration(duration: &Duration, rules: &Rules) -> String {
    if let Duration::Text(text) = duration {
        return text.raw().to_owned();
    }
    let span = duration.span(rules);
    let hour = Span::hours(1).0;
    if span.0 % hour == 0 {
        (span.0 / hour).to_string()
    } else {
        span.to_string()
    }
}

pub fn ticket(world: &World, ticket: &Ticket) -> Value {
    let contact = &ticket.contact;
    json!({
        "id": ticket.id,
        "supportTicketId": ticket.id,
        "title": ticket.title.raw(),
        "description": ticket.description.raw(),
        "severity": ticket.severity,
        "problemClassificationId": ticket.problem.raw(),
        "technicalTicketDetails": {
            "resourceId": ticket.resource.as_ref().and_then(|id| world.resources.resources.get(id)).map(|r| world.arm_id(r)),
        },
        "contactDetails": {
            "firstName": contact.first_name.raw(),
            "lastName": contact.last_name.raw(),
            "primaryEmailAddress": contact.email.raw(),
            "preferredContactMethod": contact.method.raw(),
            "preferredTimeZone": contact.time_zone.raw(),
            "preferredSupportLanguage": contact.language.raw(),
            "country": contact.country.raw(),
        },
        "status": ticket.phase.wire(),
        "phase": ticket.phase,
        "createdDate": ticket.opened_at,
        "modifiedDate": ticket.modified_at,
        "subscription": ticket.subscription.as_str(),
        "subscriptionId": world.subscription_guid(&ticket.subscription),
        "resource": ticket.resource.as_ref().map(ResourceId::as_str),
        "openedBy": ticket.opened_by.as_str(),
        "assignedTo": ticket.assigned_to.as_ref().map(|p| p.as_str()),
        "escalated": ticket.escalated,
        "toolsTried": ticket.tools_tried,
        "jitRequests": ticket.jits.iter().collect::<Vec<_>>(),
    })
}

pub fn conversation(ticket: &Ticket) -> Value {
    ticket
        .conversation
        .iter()
        .map(|m| json!({ "at": m.at, "by": actor(&m.by), "kind": m.kind, "text": m.text.raw() }))
        .collect()
}

pub fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Person(id) => id.as_str().to_owned(),
        service => service.to_string(),
    }
}

/// What came of a JIT request so far, in one word.
pub fn outcome(jit: &Jit) -> &'static str {
    match (jit.state, jit.bypass) {
        (State::RejectedByPolicy | State::RejectedInternally, _) => "rejected",
        (State::AwaitingInternalApproval, _) => "awaitingInternalApproval",
        (_, Some(_)) => "grantedPastCustomer",
        (State::AwaitingCustomer, _) => "awaitingCustomer",
        (State::Granted, _) => "granted",
        (State::RejectedByCustomer, _) => "rejectedByCustomer",
        (State::ExpiredNoAccess, _) => "expired",
        (State::Failed, _) => "failed",
        (State::Ended, _) => "ended",
    }
}

pub fn jit(world: &World, jit: &Jit) -> Value {
    json!({
        "id": jit.id,
        "outcome": outcome(jit),
        "state": jit.state,
        "ticket": jit.ticket,
        "subscription": jit.subscription.as_str(),
        "engineer": jit.engineer.as_str(),
        "resources": ids(jit.resources.iter()),
        "scope": jit.scope,
        "accessLevel": jit.level,
        "reach": jit.reach,
        "exclusion": jit.exclusion,
        "duration": duration(&jit.duration, &world.rules),
        "justification": jit.justification.raw(),
        "submittedDateTime": jit.submitted_at,
        "rule": jit.rule.as_ref().map(|r| r.as_str()),
        "internalApprover": jit.internal,
        "internalDecision": jit.internal_by.as_ref().map(|by| json!({
            "by": by.as_str(),
            "approve": jit.state != State::RejectedInternally,
            "reason": jit.internal_reason.raw(),
        })),
        "bypass": jit.bypass.map(|b| json!({
            "reason": b, "rule": b.rule(), "sentence": b.sentence(), "readable": jit.readable,
        })),
        "request": jit.request,
        "grant": jit.grant,
        "extension": jit.initiated,
    })
}

pub fn request(world: &World, request: &Request) -> Value {
    let guid = world.request_guid(request.id);
    let subscription = world.subscription_guid(&request.subscription);
    let resources = request
        .resources
        .iter()
        .filter_map(|id| world.resources.resources.get(id));
    let (mut paths, mut kinds): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for resource in resources {
        let path = world.arm_id(resource).to_uppercase();
        paths.push(path.trim_start_matches('/').to_owned());
        if !kinds.contains(&resource.kind.title()) {
            kinds.push(resource.kind.title());
        }
    }
    let ticket = request.ticket;
    json!({
        "id": request.id,
        "requestId": guid,
        "name": format!("LockboxRequest_{guid}"),
        "status": request.status,
        "statusTitle": request.status.title(),
        "justification": request.justification.raw(),
        "createdDateTime": request.created_at,
        "expirationDateTime": request.expires_at,
        "duration": duration(&request.duration, &world.rules),
        "resourceIds": paths.join(", "),
        "resourceType": kinds.join(", "),
        "resources": ids(request.resources.iter()),
        "supportRequest": ticket,
        "supportCaseUrl": format!(
            "https://portal.azure.com/#resource/subscriptions/{subscription}/providers/microsoft.support/supporttickets/{ticket}"
        ),
        "workitemsource": "SupportRequest",
        "subscriptionId": subscription,
        "subscription": request.subscription.as_str(),
        "accessLevel": request.level,
        "engineer": request.engineer.as_str(),
        "jit": request.jit,
        "grant": request.grant,
        "designatedApprovers": request.approvers.iter().map(|p| p.as_str()).collect::<Vec<_>>(),
        "nobodyCanApprove": world.nobody_can_approve(request),
        "decision": request.decision.as_ref().map(|d| json!({
            "by": d.by.as_str(),
            "status": if d.approve { "Approve" } else { "Deny" },
            "reason": d.reason.raw(),
            "at": d.at,
        })),
    })
}

pub fn history(request: &Request) -> Value {
    request
        .history
        .iter()
        .map(|c| json!({ "revision": c.revision.0, "at": c.at, "status": c.status }))
        .collect()
}

pub fn approver(world: &World, approver: &Approver) -> Value {
    let person = world.people.persons.get(&approver.person);
    json!({
        "person": approver.person.as_str(),
        "name": person.map(|p| p.name.raw()),
        "mailed": approver.mailed,
        "mayApprove": approver.why_not.is_none(),
        "whyNot": approver.why_not,
    })
}

pub fn grant(grant: &Grant) -> Value {
    json!({
        "id": grant.id,
        "status": grant.status,
        "from": grant.from,
        "until": grant.until,
        "endedAt": opt(grant.ended_at),
        "engineer": grant.engineer.as_str(),
        "resources": ids(grant.resources.iter()),
        "request": grant.request,
        "jit": grant.jit,
        "ticket": grant.ticket,
        "subscription": grant.subscription.as_str(),
        "accessLevel": grant.level,
        "bypass": grant.bypass.map(|b| json!({ "reason": b, "rule": b.rule(), "sentence": b.sentence() })),
        "openSessions": grant.sessions.iter().filter(|s| s.closed_at.is_none()).count(),
        "revoked": grant.revoked.as_ref().map(|(by, reason)| json!({
            "by": by.as_str(), "reason": reason.raw(), "extension": true,
        })),
    })
}

pub fn sessions(grant: &Grant) -> Value {
    grant
        .sessions
        .iter()
        .map(|s| {
            let actions: Value = s
                .actions
                .iter()
                .map(|a| json!({ "at": a.at, "text": a.text.raw() }))
                .collect();
            json!({
                "resource": s.resource.as_str(),
                "openedAt": s.opened_at,
                "closedAt": opt(s.closed_at),
                "forced": s.forced,
                "actions": actions,
            })
        })
        .collect()
}

pub fn mail(world: &World, id: MailId, mail: &Mail) -> Value {
    let letter = letter(world, id, mail);
    json!({
        "id": id,
        "sentDateTime": mail.at,
        "to": mail.address,
        "person": mail.to.as_str(),
        "request": mail.request,
        "subject": letter.as_ref().map(|l| &l.subject),
        "messageId": letter.as_ref().map(|l| &l.message_id),
        "thread": letter.as_ref().map(|l| &l.thread),
    })
}

pub fn event(world: &World, event: &Event) -> Value {
    json!({
        "revision": event.revision.0,
        "at": event.at,
        "actor": actor(&event.actor),
        "cause": event.cause.map(|c| c.0),
        "sentence": sentence(world, event),
    })
}
