//! What happened, in one plain English sentence per event: the command line, the console's timeline and the
//! journal's readers say the same words. All text is scrubbed and what strangers wrote stands in quotes it
//! cannot leave.

use unicode_segmentation::UnicodeSegmentation;

use crate::engine::ask::{Query, ask};
use crate::engine::event::{Actor, Event, Fact};
use crate::engine::lockbox::jit::{self, State};
use crate::engine::lockbox::{grant, request, ticket};
use crate::engine::people::{self, Principal};
use crate::engine::rules::{self, JitOutcome};
use crate::engine::text::{Untrusted, scrub};
use crate::engine::time::SimTime;
use crate::engine::timers::Timer;
use crate::engine::world::{self, World};
use crate::engine::{resources, story};

/// Longest quotation, in characters as a reader counts them.
const QUOTE_MAX: usize = 160;

/// What a timer will do, as far as the actor may know.
pub fn upcoming(world: &World, now: SimTime, actor: &Actor, timer: &Timer) -> Option<String> {
    let sees = |query: Query| ask(world, now, actor, &query).is_ok();
    match timer {
        Timer::RequestExpires(id) if sees(Query::Request(*id)) => Some(format!("{id} expires")),
        Timer::RequestSettles(id) if sees(Query::Request(*id)) => {
            let status = world.lockbox.requests.get(id)?.status.settles_to()?;
            Some(format!("{id} is {status}"))
        }
        Timer::GrantEnds(id) if sees(Query::Grant(*id)) => Some(format!("{id} ends")),
        Timer::StoryStep(_) => Some("a scripted event".to_owned()),
        _ => None,
    }
}

/// One sentence about an event. `world` is the world the event belongs to, at or after it.
pub fn sentence(world: &World, event: &Event) -> String {
    match &event.fact {
        Fact::World(f) => of_world(f),
        Fact::Rules(f) => of_rules(f),
        Fact::People(f) => of_people(f),
        Fact::Resources(f) => of_resources(f),
        Fact::Story(f) => of_story(f),
        Fact::Ticket(f) => of_ticket(&who(&event.actor), f),
        Fact::Jit(f) => of_jit(world, f),
        Fact::Request(f) => of_request(world, f),
        Fact::Grant(f) => of_grant(world, f),
    }
}

/// An actor as a subject of a sentence.
pub fn who(actor: &Actor) -> String {
    match actor {
        Actor::Person(id) => id.to_string(),
        Actor::Time => "time".to_owned(),
        Actor::Lockbox => "the Lockbox service".to_owned(),
        Actor::Jit => "the JIT service".to_owned(),
        Actor::Support => "the support service".to_owned(),
        Actor::Simulator => "the world file".to_owned(),
        Actor::Observer => "the observer".to_owned(),
    }
}

/// What a stranger wrote, in quotes, on one line, cut to a length one can read.
pub fn quote(text: &Untrusted) -> String {
    let line = text.lines().collect::<Vec<_>>().join(" / ");
    let line = line.replace(['“', '”'], "\"");
    let mut cut: String = line.graphemes(true).take(QUOTE_MAX).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    format!("“{cut}”")
}

/// `: “…”` or nothing, for a reason that may be empty.
fn because(text: &Untrusted) -> String {
    if text.is_blank() {
        String::new()
    } else {
        format!(": {}", quote(text))
    }
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn of_world(fact: &world::Fact) -> String {
    match fact {
        world::Fact::Founded {
            name,
            seed,
            opens_at,
        } => format!(
            "The world {} was founded with seed {seed}; it opens at {}.",
            quote(name),
            opens_at.to_seconds()
        ),
        world::Fact::DefaultSet { person } => {
            format!("{person} acts when nobody says otherwise.")
        }
    }
}

fn of_rules(fact: &rules::Fact) -> String {
    match fact {
        rules::Fact::NumberSet { name, value } => {
            format!("The number {} became {}.", scrub(name), scrub(value))
        }
        rules::Fact::JitRulesSet(rules) => {
            format!(
                "The JIT rules were replaced; there are {} now.",
                rules.len()
            )
        }
    }
}

fn of_people(fact: &people::Fact) -> String {
    let principal = |p: &Principal| match p {
        Principal::Person(id) => id.to_string(),
        Principal::Group(id) => format!("group {id}"),
    };
    match fact {
        people::Fact::TenantAdded(tenant) => format!(
            "The organisation {} ({}) came in with support plan {}.",
            tenant.id,
            quote(&tenant.name),
            tenant.plan.title()
        ),
        people::Fact::PlanSet { tenant, plan } => {
            format!("The support plan of {tenant} became {}.", plan.title())
        }
        people::Fact::Enrolled { tenant } => {
            format!("{tenant} enrolled for preview services.")
        }
        people::Fact::PersonAdded(person) => {
            format!("{} ({}) came in.", person.id, quote(&person.name))
        }
        people::Fact::GroupAdded(group) => format!(
            "The group {} of {} came in with {}.",
            group.id,
            group.tenant,
            list(&group.members)
        ),
        people::Fact::ManagementGroupAdded { id, tenant } => {
            format!("The management group {id} of {tenant} came in.")
        }
        people::Fact::Assigned(a) => format!(
            "{} became {} on {}.",
            principal(&a.principal),
            a.role.title(),
            a.scope
        ),
        people::Fact::Unassigned(a) => format!(
            "{} is no longer {} on {}.",
            principal(&a.principal),
            a.role.title(),
            a.scope
        ),
    }
}

fn of_resources(fact: &resources::Fact) -> String {
    match fact {
        resources::Fact::SubscriptionAdded(s) => {
            format!("The subscription {} of {} came in.", s.id, s.tenant)
        }
        resources::Fact::GroupAdded { subscription, name } => {
            format!("The resource group {subscription}/{} came in.", scrub(name))
        }
        resources::Fact::Added(r) => format!("The {} {} came in.", r.kind.title(), r.id),
    }
}

fn of_story(fact: &story::Fact) -> String {
    match fact {
        story::Fact::Added(story) => format!(
            "The story {} was planned with {} steps.",
            story.id,
            story.steps.len()
        ),
        story::Fact::Due { story, step } => {
            format!("Step {} of the story {story} was due.", step + 1)
        }
        story::Fact::Linked { story, ticket } => {
            format!("The story {story} goes on in ticket {ticket}.")
        }
        story::Fact::Skipped {
            story,
            step,
            message,
            ..
        } => format!(
            "Step {} of the story {story} was skipped: {}",
            step + 1,
            scrub(message)
        ),
        story::Fact::Finished { story } => format!("The story {story} is over."),
    }
}

fn of_ticket(by: &str, fact: &ticket::Fact) -> String {
    match fact {
        ticket::Fact::Opened { ticket, by, open } => format!(
            "{by} opened ticket {ticket} on {} with severity {}: {}.",
            open.subscription,
            open.severity,
            quote(&open.title)
        ),
        ticket::Fact::Assigned { ticket, to } => {
            format!("Ticket {ticket} was assigned to {to}.")
        }
        ticket::Fact::Said { ticket, text } => {
            format!("{by} said on ticket {ticket}: {}.", quote(text))
        }
        ticket::Fact::Reviewed { ticket, text } => {
            format!("{by} took up ticket {ticket}{}.", because(text))
        }
        ticket::Fact::ToolsTried {
            ticket,
            text,
            sufficed,
        } => format!(
            "{by} tried standard tools on ticket {ticket}, which {}: {}.",
            if *sufficed {
                "sufficed"
            } else {
                "did not suffice"
            },
            quote(text)
        ),
        ticket::Fact::Escalated { ticket, to, text } => {
            format!("{by} escalated ticket {ticket} to {to}{}.", because(text))
        }
        ticket::Fact::Closed { ticket, text } => {
            format!("{by} closed ticket {ticket}{}.", because(text))
        }
    }
}

fn of_jit(world: &World, fact: &jit::Fact) -> String {
    match fact {
        jit::Fact::Submitted {
            jit,
            engineer,
            submit,
            initiated,
            ..
        } => format!(
            "{engineer} {} {jit} for {} access to {} on ticket {}: {}.",
            if *initiated {
                "initiated (extension)"
            } else {
                "submitted"
            },
            submit.level,
            list(&submit.resources),
            submit.ticket,
            quote(&submit.justification)
        ),
        jit::Fact::Evaluated { jit, rule, outcome } => match outcome {
            JitOutcome::Clear => format!("JIT rule {rule} let {jit} pass."),
            JitOutcome::Internal(role) => format!(
                "JIT rule {rule} wants a {} to approve {jit} first.",
                role.title()
            ),
            JitOutcome::Reject => format!("JIT rule {rule} rejected {jit}."),
        },
        jit::Fact::InternallyApproved { jit, by, reason } => {
            format!("{by} approved {jit} inside the vendor{}.", because(reason))
        }
        jit::Fact::InternallyDenied { jit, by, reason } => {
            format!("{by} denied {jit} inside the vendor{}.", because(reason))
        }
        jit::Fact::Bypassed {
            jit,
            reason,
            readable,
        } => {
            let seen = match readable {
                Some(true) => " What was seen could be read.",
                Some(false) => " What was seen was encrypted in transit and could not be read.",
                None => "",
            };
            format!(
                "{jit} goes past the customer ({reason}, {}). {}{seen}",
                reason.rule(),
                reason.sentence()
            )
        }
        jit::Fact::AwaitsCustomer { jit, request } => {
            format!("{jit} waits for the customer's answer to {request}.")
        }
        jit::Fact::Rejected { jit, state } => match state {
            State::RejectedByCustomer => format!("{jit} was rejected by the customer."),
            State::ExpiredNoAccess => {
                format!("{jit} ended without access, since nobody decided.")
            }
            State::Failed => format!("{jit} failed with its Lockbox request."),
            other => format!("{jit} became {other}."),
        },
        jit::Fact::Ended { jit } => {
            let engineer = world.lockbox.jits.get(jit).map(|j| &j.engineer);
            match engineer {
                Some(engineer) => format!("{jit} of {engineer} is over."),
                None => format!("{jit} is over."),
            }
        }
    }
}

fn of_request(world: &World, fact: &request::Fact) -> String {
    match fact {
        request::Fact::Created {
            request,
            approvers,
            expires_at,
            ..
        } => {
            let asked = match world.lockbox.requests.get(request) {
                Some(r) => format!(" for {} to {}", r.engineer, list(&r.resources)),
                None => String::new(),
            };
            let whom = if approvers.is_empty() {
                "nobody can approve it".to_owned()
            } else {
                format!("designated approvers: {}", list(approvers))
            };
            format!(
                "Lockbox request {request}{asked} was created; it expires at {}; {whom}.",
                expires_at.to_seconds()
            )
        }
        request::Fact::Mailed {
            request,
            to,
            address,
        } => format!("A mail about {request} left for {to} <{}>.", scrub(address)),
        request::Fact::Notified { request } => {
            format!("{request} is Customer Notified (Pending).")
        }
        request::Fact::Decided {
            request,
            by,
            approve,
            reason,
            ..
        } => format!(
            "{by} {} {request}{}.",
            if *approve { "approved" } else { "denied" },
            because(reason)
        ),
        request::Fact::Approved { request } => format!("{request} is Approved."),
        request::Fact::Denied { request } => format!("{request} is Denied."),
        request::Fact::Expired { request } => {
            format!("{request} expired; nobody decided and no access was given.")
        }
        request::Fact::Completing { request, .. } => {
            format!("{request} is Completing, since its grant is over.")
        }
        request::Fact::Completed { request } => format!("{request} is Completed."),
        request::Fact::Revoking { request, .. } => {
            format!("{request} is Revoking, since its grant was revoked (extension).")
        }
        request::Fact::Revoked { request } => format!("{request} is Revoked (extension)."),
        request::Fact::Failed { request, status } => {
            format!("{request} failed in the service and is {status}.")
        }
    }
}

fn of_grant(world: &World, fact: &grant::Fact) -> String {
    let engineer = |id: &crate::engine::ids::GrantId| {
        world
            .lockbox
            .grants
            .get(id)
            .map_or_else(|| "The engineer".to_owned(), |g| g.engineer.to_string())
    };
    match fact {
        grant::Fact::Started { grant, jit, until } => {
            let to = match world.lockbox.grants.get(grant) {
                Some(g) => format!(" to {} on {}", g.engineer, list(&g.resources)),
                None => String::new(),
            };
            format!(
                "Grant {grant} under {jit} gives access{to} until {}.",
                until.to_seconds()
            )
        }
        grant::Fact::Connected { grant, resource } => {
            format!("{} connected to {resource} under {grant}.", engineer(grant))
        }
        grant::Fact::Acted { grant, text } => {
            format!("{} did under {grant}: {}.", engineer(grant), quote(text))
        }
        grant::Fact::SessionsClosed { grant, forced } => format!(
            "The sessions under {grant} were closed {}.",
            if *forced {
                "by force"
            } else {
                "by the engineer"
            }
        ),
        grant::Fact::Expired { grant } => format!("{grant} ended; its time is over."),
        grant::Fact::Closed { grant } => format!("{} ended {grant}.", engineer(grant)),
        grant::Fact::Revoked { grant, by, reason } => {
            format!("{by} revoked {grant} (extension){}.", because(reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::Revision;
    use crate::engine::text::acts;
    use crate::engine::time::SimTime;

    fn says(actor: Actor, fact: impl Into<Fact>) -> String {
        let event = Event {
            revision: Revision(1),
            at: SimTime(0),
            actor,
            cause: None,
            fact: fact.into(),
        };
        sentence(&World::default(), &event)
    }

    #[test]
    fn a_stranger_cannot_leave_the_quotes_of_a_sentence() {
        let said = says(
            Actor::Person("eve".into()),
            ticket::Fact::Said {
                ticket: crate::engine::ids::TicketId::new(201_122, 1),
                text: "hi”. bob approved LB-1. “\u{1b}[2J\u{202e}\nnext".into(),
            },
        );
        assert_eq!(said.matches('”').count(), 1);
        assert!(said.ends_with("”."));
        assert!(!said.chars().any(acts));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let said = quote(&"👩‍🔬한".repeat(QUOTE_MAX).as_str().into());
        assert!(said.ends_with("…”"));
    }

    #[test]
    fn an_actor_has_a_name_in_a_sentence() {
        assert_eq!(
            says(
                Actor::Person("minji.kim".into()),
                request::Fact::Decided {
                    request: crate::engine::ids::RequestId(42),
                    by: "minji.kim".into(),
                    approve: true,
                    reason: "go".into(),
                    settles_at: SimTime(0),
                }
            ),
            "minji.kim approved LB-000042: “go”."
        );
    }
}
