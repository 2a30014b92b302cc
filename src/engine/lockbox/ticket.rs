//! Support tickets (`domain.md` c.1, f.8).
//!
//! ```text
//! (none) --open--> Open, assigned to a support engineer (R-LOCK-06)
//! Open --review--> Open(investigating) --tools suffice--> Resolved
//!                                      --tools do not suffice--> Open(needs elevated access)
//! Open(*) --escalate--> Open, owned by a DevOps engineer
//! Open | Resolved --close--> Closed
//! ```
//! A denied or expired Lockbox request leaves its ticket open (i-33).

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::Lockbox;
use super::edit;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{JitId, PersonId, ResourceId, SubscriptionId, TicketId};
use crate::engine::people::{Action, Side, VendorRole};
use crate::engine::refusal::Refusal;
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// Support severities on the wire (f.8).
    Severity {
        Minimal = "minimal",
        Moderate = "moderate",
        Critical = "critical",
        HighestCriticalImpact = "highestcriticalimpact",
    }
}

words! {
    /// Where a ticket stands. On the wire the first three are `Open`, the last two `Closed`.
    Phase {
        Assigned = "assigned",
        Investigating = "investigating",
        NeedsElevatedAccess = "needs-elevated-access",
        Resolved = "resolved",
        Closed = "closed",
    }
}

impl Phase {
    pub fn is_open(self) -> bool {
        self < Phase::Resolved
    }

    /// Status of the support API.
    pub fn wire(self) -> &'static str {
        if self == Phase::Closed {
            "Closed"
        } else {
            "Open"
        }
    }
}

/// Whom the vendor calls back (f.8 `contactDetails`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Contact {
    pub first_name: Untrusted,
    pub last_name: Untrusted,
    pub email: Untrusted,
    pub method: Untrusted,
    pub time_zone: Untrusted,
    pub language: Untrusted,
    pub country: Untrusted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub id: TicketId,
    pub subscription: SubscriptionId,
    pub title: Untrusted,
    pub description: Untrusted,
    pub severity: Severity,
    pub problem: Untrusted,
    pub resource: Option<ResourceId>,
    #[serde(deserialize_with = "crate::sharing::value")]
    pub contact: Arc<Contact>,
    pub opened_by: PersonId,
    pub opened_at: SimTime,
    pub modified_at: SimTime,
    pub phase: Phase,
    pub assigned_to: Option<PersonId>,
    /// Escalated to the Azure DevOps team (R-LOCK-09).
    pub escalated: bool,
    /// Standard tools and telemetry were tried and did not suffice (R-LOCK-07).
    pub tools_tried: bool,
    pub conversation: Vec<Message>,
    pub jits: Vector<JitId>,
}

/// One entry of the history of the problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub at: SimTime,
    pub by: Actor,
    pub kind: MessageKind,
    pub text: Untrusted,
}

words! {
    /// What an entry of the conversation is.
    MessageKind {
        Said = "said",
        Assigned = "assigned",
        Reviewed = "reviewed",
        ToolsTried = "tools-tried",
        Escalated = "escalated",
        Resolved = "resolved",
        Closed = "closed",
    }
}

/// What a customer files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub subscription: SubscriptionId,
    pub title: Untrusted,
    pub description: Untrusted,
    pub severity: Severity,
    pub problem: Untrusted,
    pub resource: Option<ResourceId>,
    pub contact: Contact,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Open(Open),
    Say {
        ticket: TicketId,
        text: Untrusted,
    },
    /// The engineer takes the case up.
    Review {
        ticket: TicketId,
        text: Untrusted,
    },
    /// Standard tools and telemetry were used; did they do?
    TryTools {
        ticket: TicketId,
        text: Untrusted,
        sufficed: bool,
    },
    Escalate {
        ticket: TicketId,
        to: PersonId,
        text: Untrusted,
    },
    Close {
        ticket: TicketId,
        text: Untrusted,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Opened {
        ticket: TicketId,
        by: PersonId,
        open: Open,
    },
    Assigned {
        ticket: TicketId,
        to: PersonId,
    },
    Said {
        ticket: TicketId,
        text: Untrusted,
    },
    Reviewed {
        ticket: TicketId,
        text: Untrusted,
    },
    ToolsTried {
        ticket: TicketId,
        text: Untrusted,
        sufficed: bool,
    },
    Escalated {
        ticket: TicketId,
        to: PersonId,
        text: Untrusted,
    },
    Closed {
        ticket: TicketId,
        text: Untrusted,
    },
}

impl Fact {
    /// The ticket it is about.
    pub fn ticket(&self) -> TicketId {
        match self {
            Fact::Opened { ticket, .. }
            | Fact::Assigned { ticket, .. }
            | Fact::Said { ticket, .. }
            | Fact::Reviewed { ticket, .. }
            | Fact::ToolsTried { ticket, .. }
            | Fact::Escalated { ticket, .. }
            | Fact::Closed { ticket, .. } => *ticket,
        }
    }
}

/// Longest text of one field, in bytes (SIM: a bound, so that one ticket cannot fill a journal).
pub const TEXT_MAX: usize = 64 * 1024;

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Open(open) => decide_open(draft, by, open),
        Command::Say { ticket, text } => {
            let found = open_ticket(&draft.world, *ticket)?;
            on_the_case(&draft.world, &by, &found, true)?;
            not_blank(text, "text")?;
            draft.emit(Fact::Said {
                ticket: *ticket,
                text: text.clone(),
            });
            Ok(())
        }
        Command::Review { ticket, text } => {
            let found = open_ticket(&draft.world, *ticket)?;
            on_the_case(&draft.world, &by, &found, false)?;
            draft.emit(Fact::Reviewed {
                ticket: *ticket,
                text: text.clone(),
            });
            Ok(())
        }
        Command::TryTools {
            ticket,
            text,
            sufficed,
        } => {
            let found = open_ticket(&draft.world, *ticket)?;
            on_the_case(&draft.world, &by, &found, false)?;
            not_blank(text, "text")?;
            draft.emit(Fact::ToolsTried {
                ticket: *ticket,
                text: text.clone(),
                sufficed: *sufficed,
            });
            Ok(())
        }
        Command::Escalate { ticket, to, text } => {
            let found = open_ticket(&draft.world, *ticket)?;
            on_the_case(&draft.world, &by, &found, false)?;
            let engineer = draft.world.person(to).map_err(|no| no.target("to"))?;
            if engineer.side != Side::Vendor(VendorRole::DevOpsEngineer) {
                return Err(errors::SUP_03
                    .says(format!("{to} is no Azure DevOps engineer."))
                    .target("to")
                    .remedy(format!(
                        "Escalate to one of: {}.",
                        vendor_list(&draft.world, VendorRole::DevOpsEngineer)
                    )));
            }
            draft.emit(Fact::Escalated {
                ticket: *ticket,
                to: to.clone(),
                text: text.clone(),
            });
            Ok(())
        }
        Command::Close { ticket, text } => {
            let found = draft.world.ticket(*ticket)?.clone();
            if found.phase == Phase::Closed {
                return Err(errors::SUP_02.says(format!("Ticket {ticket} is closed already.")));
            }
            on_the_case(&draft.world, &by, &found, true)?;
            draft.emit(Fact::Closed {
                ticket: *ticket,
                text: text.clone(),
            });
            Ok(())
        }
    }
}

fn decide_open(draft: &mut Draft, by: PersonId, open: &Open) -> Result<(), Refusal> {
    let world = &draft.world;
    let subscription = world.subscription(&open.subscription)?;
    let person = world.person(&by)?;
    // R-LOCK-05: somebody of the organisation opens it, with the right to do so (b.3).
    if !matches!(&person.side, Side::Customer(home) if *home == subscription.tenant)
        || !world.may(&by, Action::TicketWrite, &open.subscription)
    {
        return Err(unauthorized(
            world,
            &by,
            Action::TicketWrite,
            &open.subscription,
        ));
    }
    for (field, text) in [("title", &open.title), ("description", &open.description)] {
        not_blank(text, field)?;
    }
    if let Some(id) = &open.resource
        && world.resource(id)?.subscription != open.subscription
    {
        return Err(errors::SUP_03
            .says(format!(
                "The resource {id} is not in subscription {}.",
                open.subscription
            ))
            .target("resource"));
    }
    let number = u32::try_from(world.lockbox.tickets.len() + 1).unwrap_or(u32::MAX);
    let ticket = TicketId::new(draft.now.yymmdd(), number);
    let opened = draft.emit(Fact::Opened {
        ticket,
        by,
        open: open.clone(),
    });
    // R-LOCK-06: to the support engineer with the fewest open tickets.
    if let Some(to) = least_loaded(&draft.world) {
        draft.because(opened, Actor::Support, |draft| {
            draft.emit(Fact::Assigned { ticket, to })
        });
    }
    Ok(())
}

pub(super) fn not_blank(text: &Untrusted, field: &str) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(errors::SUP_03
            .says(format!("{field} is empty."))
            .target(field));
    }
    if text.raw().len() > TEXT_MAX {
        return Err(errors::SUP_03
            .says(format!(
                "{field} has {} bytes; {TEXT_MAX} are allowed.",
                text.raw().len()
            ))
            .target(field));
    }
    Ok(())
}

/// 403 in the words of the platform (E-ARM-03).
pub(crate) fn unauthorized(
    world: &World,
    by: &PersonId,
    action: Action,
    subscription: &SubscriptionId,
) -> Refusal {
    errors::ARM_03
        .says(format!(
            "{by} has no authorization to perform action '{}' over scope '/subscriptions/{}'.",
            action.name(),
            world.subscription_guid(subscription)
        ))
        .target("scope")
}

fn least_loaded(world: &World) -> Option<PersonId> {
    world
        .people
        .persons
        .values()
        .filter(|p| p.side == Side::Vendor(VendorRole::SupportEngineer))
        .min_by_key(|p| (world.lockbox.load.get(&p.id).copied().unwrap_or(0), &p.id))
        .map(|p| p.id.clone())
}

fn vendor_list(world: &World, role: VendorRole) -> String {
    let ids: Vec<String> = world
        .people
        .persons
        .values()
        .filter(|p| p.side == Side::Vendor(role))
        .map(|p| p.id.to_string())
        .collect();
    ids.join(", ")
}

fn open_ticket(world: &World, id: TicketId) -> Result<Arc<Ticket>, Refusal> {
    let ticket = world.ticket(id)?;
    if !ticket.phase.is_open() {
        return Err(errors::SUP_02
            .says(format!("Ticket {id} is {}.", ticket.phase))
            .target("ticket"));
    }
    Ok(ticket.clone())
}

/// The vendor's staff works on a ticket; the customer's people only talk and close.
fn on_the_case(
    world: &World,
    by: &PersonId,
    ticket: &Ticket,
    customer_too: bool,
) -> Result<(), Refusal> {
    match &world.person(by)?.side {
        Side::Vendor(_) => Ok(()),
        Side::Customer(_) if customer_too => {
            if *by == ticket.opened_by || world.may(by, Action::TicketWrite, &ticket.subscription) {
                Ok(())
            } else {
                Err(unauthorized(
                    world,
                    by,
                    Action::TicketWrite,
                    &ticket.subscription,
                ))
            }
        }
        Side::Customer(_) => Err(errors::SUP_04.refuse()),
    }
}

pub(crate) fn evolve(world: &mut World, at: SimTime, actor: &Actor, fact: &Fact) {
    let lockbox = &mut world.lockbox;
    let note = |lockbox: &mut Lockbox,
                ticket: &TicketId,
                kind: MessageKind,
                text: &Untrusted,
                change: &dyn Fn(&mut Ticket)| {
        edit(&mut lockbox.tickets, ticket, |t| {
            t.modified_at = at;
            let (by, text) = (actor.clone(), text.clone());
            t.conversation.push(Message { at, by, kind, text });
            change(t);
        });
    };
    match fact {
        Fact::Opened { ticket, by, open } => {
            let open = open.clone();
            lockbox.tickets.insert(
                *ticket,
                Arc::new(Ticket {
                    id: *ticket,
                    subscription: open.subscription,
                    title: open.title,
                    description: open.description,
                    severity: open.severity,
                    problem: open.problem,
                    resource: open.resource,
                    contact: open.contact.into(),
                    opened_by: by.clone(),
                    opened_at: at,
                    modified_at: at,
                    phase: Phase::Assigned,
                    assigned_to: None,
                    escalated: false,
                    tools_tried: false,
                    conversation: Vec::new(),
                    jits: Vector::new(),
                }),
            );
        }
        Fact::Assigned { ticket, to } => {
            let name = Untrusted::from(to.as_str());
            note(lockbox, ticket, MessageKind::Assigned, &name, &|t| {
                t.assigned_to = Some(to.clone())
            });
            carry(&mut lockbox.load, to, 1);
        }
        Fact::Said { ticket, text } => note(lockbox, ticket, MessageKind::Said, text, &|_| {}),
        Fact::Reviewed { ticket, text } => {
            note(lockbox, ticket, MessageKind::Reviewed, text, &|t| {
                t.phase = t.phase.max(Phase::Investigating);
            });
        }
        Fact::ToolsTried {
            ticket,
            text,
            sufficed,
        } => {
            note(lockbox, ticket, MessageKind::ToolsTried, text, &|t| {
                t.tools_tried |= !sufficed;
                t.phase = if *sufficed {
                    Phase::Resolved
                } else {
                    Phase::NeedsElevatedAccess
                };
            });
            if *sufficed {
                put_down(lockbox, *ticket);
            }
        }
        Fact::Escalated { ticket, to, text } => {
            put_down(lockbox, *ticket);
            note(lockbox, ticket, MessageKind::Escalated, text, &|t| {
                t.escalated = true;
                t.assigned_to = Some(to.clone());
            });
            carry(&mut lockbox.load, to, 1);
        }
        Fact::Closed { ticket, text } => {
            if lockbox
                .tickets
                .get(ticket)
                .is_some_and(|t| t.phase.is_open())
            {
                put_down(lockbox, *ticket);
            }
            note(lockbox, ticket, MessageKind::Closed, text, &|t| {
                t.phase = Phase::Closed
            });
        }
    }
}

fn carry(load: &mut imbl::OrdMap<PersonId, u32>, who: &PersonId, more: u32) {
    *load.entry(who.clone()).or_default() += more;
}

/// The ticket leaves its engineer's desk.
fn put_down(lockbox: &mut Lockbox, ticket: TicketId) {
    if let Some(who) = lockbox
        .tickets
        .get(&ticket)
        .and_then(|t| t.assigned_to.clone())
        && let Some(n) = lockbox.load.get_mut(&who)
    {
        *n = n.saturating_sub(1);
    }
}

impl World {
    pub fn ticket(&self, id: TicketId) -> Result<&Arc<Ticket>, Refusal> {
        self.lockbox.tickets.get(&id).ok_or_else(|| {
            errors::SUP_01
                .says(format!("There is no support ticket {id}."))
                .target("ticket")
        })
    }
}
