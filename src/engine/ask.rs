//! Questions: reads with the same refusals as commands. Who may see what is decided here, once; faces look
//! the things themselves up in the World by the ids they get.
//!
//! The observer sees all. The vendor's staff sees tickets, JIT requests, Lockbox requests, grants and the
//! activity log; "all pending requests of the organisation" (R-LOCK-16) are those on subscriptions the person may read. A
//! customer's person sees what a role carries on the subscription; access that bypassed the customer is not
//! theirs to see (i-32), nor is what goes on inside the vendor. A mail belongs to its reader.

use imbl::OrdMap;

use super::errors;
use super::event::Actor;
use super::ids::{GrantId, JitId, MailId, RequestId, SubscriptionId, TicketId};
use super::lockbox::approvers::Approver;
use super::lockbox::request::{Operation, Status};
use super::lockbox::ticket::unauthorized;
use super::people::{Action, Side};
use super::refusal::Refusal;
use super::time::{SimTime, Span};
use super::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Newest first.
    Requests {
        status: Option<Status>,
    },
    /// Requests that wait, soonest expiry first (R-LOCK-16).
    Pending,
    Request(RequestId),
    Approvers(RequestId),
    /// Newest first.
    Tickets,
    Ticket(TicketId),
    Jits,
    Jit(JitId),
    Grants,
    Grant(GrantId),
    /// Newest first; as far back as the rule says unless told otherwise (R-AUD-06).
    Activity {
        operation: Option<Operation>,
        back: Option<Span>,
    },
    Mails,
    Mail(MailId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Requests(Vec<RequestId>),
    Tickets(Vec<TicketId>),
    Jits(Vec<JitId>),
    Grants(Vec<GrantId>),
    /// Places in `lockbox.activity`.
    Activity(Vec<usize>),
    Mails(Vec<MailId>),
    Approvers(Vec<Approver>),
    /// The thing asked for exists and may be seen.
    Yes,
}

pub fn ask(world: &World, now: SimTime, actor: &Actor, query: &Query) -> Result<Answer, Refusal> {
    let eyes = Eyes::new(world, actor)?;
    let lockbox = &world.lockbox;
    Ok(match query {
        Query::Requests { status } => {
            let mut sees = eyes.on(Action::RequestRead);
            Answer::Requests(
                lockbox
                    .requests
                    .iter()
                    .rev()
                    .filter(|(_, r)| status.is_none_or(|s| r.status == s) && sees(&r.subscription))
                    .map(|(id, _)| *id)
                    .collect(),
            )
        }
        Query::Pending => {
            let mut sees = eyes.on(Action::RequestRead);
            Answer::Requests(
                lockbox
                    .pending
                    .iter()
                    .filter(|(expires_at, _)| *expires_at > now)
                    .map(|(_, id)| *id)
                    .filter(|id| {
                        lockbox
                            .requests
                            .get(id)
                            .is_some_and(|r| sees(&r.subscription))
                    })
                    .collect(),
            )
        }
        Query::Request(id) => {
            let request = world.request(*id)?;
            eyes.must(Action::RequestRead, &request.subscription)?;
            Answer::Yes
        }
        Query::Approvers(id) => {
            let request = world.request(*id)?;
            eyes.must(Action::RequestRead, &request.subscription)?;
            Answer::Approvers(world.approvers(request, now))
        }
        Query::Tickets => {
            let mut sees = eyes.on(Action::TicketRead);
            Answer::Tickets(
                lockbox
                    .tickets
                    .values()
                    .rev()
                    .filter(|t| sees(&t.subscription))
                    .map(|t| t.id)
                    .collect(),
            )
        }
        Query::Ticket(id) => {
            let ticket = world.ticket(*id)?;
            eyes.must(Action::TicketRead, &ticket.subscription)?;
            Answer::Yes
        }
        Query::Jits => {
            eyes.inside_the_vendor()?;
            Answer::Jits(lockbox.jits.keys().rev().copied().collect())
        }
        Query::Jit(id) => {
            eyes.inside_the_vendor()?;
            world.jit(*id)?;
            Answer::Yes
        }
        Query::Grants => {
            let mut sees = eyes.on(Action::RequestRead);
            let all = eyes.everything();
            Answer::Grants(
                lockbox
                    .grants
                    .values()
                    .rev()
                    .filter(|g| (all || g.request.is_some()) && sees(&g.subscription))
                    .map(|g| g.id)
                    .collect(),
            )
        }
        Query::Grant(id) => {
            match eyes.who {
                Who::All => world.grant(*id)?,
                Who::Vendor(by) | Who::Customer(by) => world.grant_seen_by(by, *id)?,
            };
            Answer::Yes
        }
        Query::Activity { operation, back } => {
            let since = now - back.unwrap_or(world.rules.activity_lookback);
            let mut sees = eyes.on(Action::ActivityRead);
            Answer::Activity(
                lockbox
                    .activity
                    .iter()
                    .enumerate()
                    .rev()
                    .take_while(|(_, a)| a.at >= since)
                    .filter(|(_, a)| operation.is_none_or(|op| a.operation == op))
                    .filter(|(_, a)| {
                        lockbox
                            .requests
                            .get(&a.request)
                            .is_some_and(|r| sees(&r.subscription))
                    })
                    .map(|(i, _)| i)
                    .collect(),
            )
        }
        Query::Mails => Answer::Mails(
            lockbox
                .numbered_mails()
                .rev()
                .filter(|(_, m)| eyes.reads_mail_of(&m.to))
                .map(|(id, _)| id)
                .collect(),
        ),
        Query::Mail(id) => {
            let mail = lockbox.mail(*id).filter(|m| eyes.reads_mail_of(&m.to));
            if mail.is_none() {
                return Err(errors::ML_01
                    .says(format!("There is no mail {id} for you."))
                    .target("mail"));
            }
            Answer::Yes
        }
    })
}

/// What one actor may see.
struct Eyes<'a> {
    world: &'a World,
    who: Who<'a>,
}

enum Who<'a> {
    All,
    Vendor(&'a super::ids::PersonId),
    Customer(&'a super::ids::PersonId),
}

impl<'a> Eyes<'a> {
    fn new(world: &'a World, actor: &'a Actor) -> Result<Self, Refusal> {
        let who = match actor {
            Actor::Person(id) => match world.person(id)?.side {
                Side::Vendor(_) => Who::Vendor(id),
                Side::Customer(_) => Who::Customer(id),
            },
            _ => Who::All,
        };
        Ok(Eyes { world, who })
    }

    fn everything(&self) -> bool {
        !matches!(self.who, Who::Customer(_))
    }

    /// A test on subscriptions that asks the role table once per subscription.
    fn on(&self, action: Action) -> impl FnMut(&SubscriptionId) -> bool + 'a {
        let world = self.world;
        let customer = match self.who {
            Who::Customer(id) => Some(id),
            Who::All | Who::Vendor(_) => None,
        };
        let mut known: OrdMap<SubscriptionId, bool> = OrdMap::new();
        move |subscription| {
            let Some(id) = customer else { return true };
            if let Some(seen) = known.get(subscription) {
                return *seen;
            }
            let seen = world.may(id, action, subscription);
            known.insert(subscription.clone(), seen);
            seen
        }
    }

    fn must(&self, action: Action, subscription: &SubscriptionId) -> Result<(), Refusal> {
        match self.who {
            Who::Customer(id) if !self.world.may(id, action, subscription) => {
                Err(unauthorized(self.world, id, action, subscription))
            }
            _ => Ok(()),
        }
    }

    fn inside_the_vendor(&self) -> Result<(), Refusal> {
        if self.everything() {
            Ok(())
        } else {
            Err(errors::JIT_07.refuse())
        }
    }

    fn reads_mail_of(&self, to: &super::ids::PersonId) -> bool {
        match self.who {
            Who::All => true,
            Who::Vendor(id) | Who::Customer(id) => id == to,
        }
    }
}
