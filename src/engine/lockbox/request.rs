//! Customer Lockbox requests (`domain.md` c.3). "Customer Notified" is the seeds' name of `Pending`.
//!
//! ```text
//! (none) --start--> Initializing --mails out--> Pending     --fault--> Error
//! Pending --approve--> Approving --> Approved  => grant
//! Pending --deny--> Denying --> Denied
//! Pending --4 days--> Expired
//! Approved --grant over--> Completing --> Completed
//! Approved --grant revoked (extension)--> Revoking --> Revoked
//! any transient --fault--> Unknown
//! ```
//! The transient statuses last as long as the `latency-…` rules say, by default no time at all.

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::grant;
use super::jit::{self, Submit};
use super::{Mail, edit};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{
    GrantId, JitId, PersonId, RequestId, ResourceId, Revision, SubscriptionId, TicketId,
};
use crate::engine::people::{Action, Side};
use crate::engine::projections::activity_log::{Activity, Subject};
use crate::engine::random;
use crate::engine::refusal::Refusal;
use crate::engine::text::Untrusted;
use crate::engine::time::{SimTime, Span};
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// REST statuses (LREST), exactly as on the wire.
    Status {
        Initializing = "Initializing",
        Pending = "Pending",
        Approving = "Approving",
        Denying = "Denying",
        Approved = "Approved",
        Denied = "Denied",
        Expired = "Expired",
        Revoking = "Revoking",
        Revoked = "Revoked",
        Error = "Error",
        Unknown = "Unknown",
        Completing = "Completing",
        Completed = "Completed",
    }
}

impl Status {
    /// For people: the seeds' name beside the wire's (i-43).
    pub fn title(self) -> &'static str {
        match self {
            Status::Pending => "Customer Notified (Pending)",
            other => other.word(),
        }
    }

    pub fn is_transient(self) -> bool {
        use Status::*;
        matches!(
            self,
            Initializing | Approving | Denying | Revoking | Completing
        )
    }

    /// What a transient status becomes when it is over.
    pub fn settles_to(self) -> Option<Status> {
        use Status::*;
        Some(match self {
            Initializing => Pending,
            Approving => Approved,
            Denying => Denied,
            Completing => Completed,
            Revoking => Revoked,
            _ => return None,
        })
    }

    pub fn is_final(self) -> bool {
        use Status::*;
        matches!(
            self,
            Denied | Expired | Revoked | Error | Unknown | Completed
        )
    }
}

words! {
    /// The four operations of the activity log (R-AUD-02).
    Operation {
        Create = "create",
        Approve = "approve",
        Deny = "deny",
        Expire = "expire",
    }
}

impl Operation {
    /// The documents' label.
    pub fn label(self) -> &'static str {
        match self {
            Operation::Create => "Create Lockbox Request",
            Operation::Approve => "Approve Lockbox Request",
            Operation::Deny => "Deny Lockbox Request",
            Operation::Expire => "Lockbox Request Expiry",
        }
    }

    /// The operation name on the wire (R-AUD-04).
    pub fn action(self) -> &'static str {
        match self {
            Operation::Create => {
                "Microsoft.CustomerLockbox/requests/activitylog/CreateLockboxRequest/action"
            }
            Operation::Approve => {
                "Microsoft.CustomerLockbox/requests/activitylog/ApproveLockboxRequest/action"
            }
            Operation::Deny => {
                "Microsoft.CustomerLockbox/requests/activitylog/DenyLockboxRequest/action"
            }
            Operation::Expire => {
                "Microsoft.CustomerLockbox/requests/activitylog/ExpireLockboxRequest/action"
            }
        }
    }

    /// Reads the word, the documents' label, the REST label or the wire name (R-AUD-04).
    pub fn parse(text: &str) -> Result<Operation, crate::engine::words::UnknownWord> {
        let same = |a: &str| a.eq_ignore_ascii_case(text.trim());
        Operation::ALL
            .iter()
            .copied()
            .find(|op| same(op.label()) || same(op.action()))
            .or_else(|| same("Expire Lockbox Request").then_some(Operation::Expire))
            .or_else(|| same("expiry").then_some(Operation::Expire))
            .map_or_else(|| text.trim().parse(), Ok)
    }
}

/// What the approver said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub by: PersonId,
    pub approve: bool,
    pub reason: Untrusted,
    pub at: SimTime,
    pub revision: Revision,
}

/// One change of status, for the request's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub revision: Revision,
    pub at: SimTime,
    pub status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub jit: JitId,
    pub ticket: TicketId,
    pub subscription: SubscriptionId,
    pub engineer: PersonId,
    #[serde(deserialize_with = "crate::sharing::value")]
    pub resources: Arc<Vector<ResourceId>>,
    pub level: jit::Level,
    pub duration: jit::Duration,
    pub justification: Untrusted,
    pub status: Status,
    pub created_at: SimTime,
    pub expires_at: SimTime,
    /// Designated approvers when it started: the mail list (R-LOCK-14). The right to decide is tested when
    /// deciding.
    #[serde(deserialize_with = "crate::sharing::value")]
    pub approvers: Arc<Vec<PersonId>>,
    pub decision: Option<Decision>,
    pub grant: Option<GrantId>,
    pub history: Vec<Change>,
    /// The expiry, or the end of a transient status.
    pub timer: Option<TimerKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Extension, for drills: a request without a JIT evaluation.
    Initiate(Submit),
    Decide {
        request: RequestId,
        approve: bool,
        reason: Untrusted,
    },
    /// Fault injection by the world file.
    Fail { request: RequestId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Created {
        request: RequestId,
        jit: JitId,
        approvers: Vec<PersonId>,
        expires_at: SimTime,
        settles_at: SimTime,
    },
    /// One mail left for one designated approver (R-LOCK-14).
    Mailed {
        request: RequestId,
        to: PersonId,
        #[serde(deserialize_with = "crate::sharing::text")]
        address: Arc<str>,
    },
    Notified {
        request: RequestId,
    },
    Decided {
        request: RequestId,
        by: PersonId,
        approve: bool,
        reason: Untrusted,
        settles_at: SimTime,
    },
    Approved {
        request: RequestId,
    },
    Denied {
        request: RequestId,
    },
    Expired {
        request: RequestId,
    },
    Completing {
        request: RequestId,
        settles_at: SimTime,
    },
    Completed {
        request: RequestId,
    },
    Revoking {
        request: RequestId,
        settles_at: SimTime,
    },
    Revoked {
        request: RequestId,
    },
    /// `Error` from Initializing, `Unknown` from another transient status.
    Failed {
        request: RequestId,
        status: Status,
    },
}

impl Fact {
    /// The Lockbox request it is about.
    pub fn request(&self) -> RequestId {
        match self {
            Fact::Created { request, .. }
            | Fact::Mailed { request, .. }
            | Fact::Notified { request }
            | Fact::Decided { request, .. }
            | Fact::Approved { request }
            | Fact::Denied { request }
            | Fact::Expired { request }
            | Fact::Completing { request, .. }
            | Fact::Completed { request }
            | Fact::Revoking { request, .. }
            | Fact::Revoked { request }
            | Fact::Failed { request, .. } => *request,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Initiate(submit) => jit::initiate(draft, submit),
        Command::Decide {
            request,
            approve,
            reason,
        } => decide_request(draft, *request, *approve, reason),
        Command::Fail { request } => fail(draft, *request),
    }
}

/// Creates the request of a cleared JIT request and notifies the designated approvers.
pub(super) fn start(draft: &mut Draft, jit: JitId) {
    let Some(from) = draft.world.lockbox.jits.get(&jit).cloned() else {
        return;
    };
    let request =
        RequestId(u32::try_from(draft.world.lockbox.requests.len() + 1).unwrap_or(u32::MAX));
    let rules = &draft.world.rules;
    let (expires_at, settles_at) = (
        draft.now + rules.request_expiry,
        draft.now + rules.latency_initialize,
    );
    let approvers = draft.world.owners(&from.subscription).into_iter().collect();
    let cause = draft.emit(jit::Fact::AwaitsCustomer { jit, request });
    draft.because(cause, Actor::Lockbox, |draft| {
        let created = draft.emit(Fact::Created {
            request,
            jit,
            approvers,
            expires_at,
            settles_at,
        });
        if settles_at == draft.now {
            draft.because(created, Actor::Lockbox, |draft| notify(draft, request));
        }
    });
}

/// R-LOCK-13, 14: one mail to each designated approver with a mailbox, then the request waits.
fn notify(draft: &mut Draft, id: RequestId) {
    let Some(request) = draft.world.lockbox.requests.get(&id).cloned() else {
        return;
    };
    for to in request.approvers.iter() {
        let address = draft
            .world
            .people
            .persons
            .get(to)
            .and_then(|p| p.mail.clone());
        if let Some(address) = address {
            draft.emit(Fact::Mailed {
                request: id,
                to: to.clone(),
                address,
            });
        }
    }
    draft.emit(Fact::Notified { request: id });
}

fn decide_request(
    draft: &mut Draft,
    id: RequestId,
    approve: bool,
    reason: &Untrusted,
) -> Result<(), Refusal> {
    let world = &draft.world;
    let request = world.request(id)?.clone();
    let by = draft.person()?;
    let person = world.person(&by)?;
    if let Some(why) = world.why_not_approver(person, &request.subscription) {
        let owners: Vec<String> = world
            .owners(&request.subscription)
            .iter()
            .map(ToString::to_string)
            .collect();
        // Who may not even read the request is not told whose it is.
        let may_read = matches!(person.side, Side::Vendor(_))
            || world.may(&by, Action::RequestRead, &request.subscription);
        let remedy = match (may_read, owners.is_empty()) {
            (false, _) => "Ask an Owner of the subscription.".to_owned(),
            (true, true) => {
                "Nobody is Owner of the subscription; the request will expire.".to_owned()
            }
            (true, false) => format!("Ask an Owner of the subscription: {}.", owners.join(", ")),
        };
        return Err(errors::LB_03
            .says(format!(
                "Only an Owner of the subscription can decide this request; {by} {why}."
            ))
            .target("request")
            .remedy(remedy));
    }
    if reason.raw().len() > super::ticket::TEXT_MAX {
        return Err(errors::LB_02
            .says("The reason is too long.")
            .target("reason"));
    }
    // Boundary (c.3): at the expiry instant the expiry wins, even if time has not acted yet.
    let expired = request.status == Status::Pending && draft.now >= request.expires_at;
    if request.status != Status::Pending || expired {
        let status = if expired {
            Status::Expired
        } else {
            request.status
        };
        let refusal = errors::LB_04.says(format!(
            "{id} is {status}, so it cannot be decided any more."
        ));
        let refusal = match (status, request.timer) {
            // The one status that comes before Pending.
            (Status::Initializing, Some(timer)) => errors::LB_04
                .says(format!("{id} is {status}, so it cannot be decided yet."))
                .remedy("Wait until the approvers are notified.")
                .allowed_from(timer.at),
            _ => refusal,
        };
        return Err(refusal.target("status").current_status(status.word()));
    }
    // R-LOCK-38: access that moves no ticket forward is not given. Saying no is always possible.
    if approve
        && let Some(ticket) = world
            .lockbox
            .tickets
            .get(&request.ticket)
            .filter(|t| !t.phase.is_open())
    {
        return Err(errors::SUP_02
            .says(format!(
                "Ticket {} is {}, so the access is not needed any more.",
                ticket.id, ticket.phase
            ))
            .target("ticket")
            .remedy("Deny the request, or let it expire."));
    }
    let settles_at = draft.now + world.rules.latency_decide;
    let decided = draft.emit(Fact::Decided {
        request: id,
        by,
        approve,
        reason: reason.clone(),
        settles_at,
    });
    if settles_at == draft.now {
        draft.because(decided, Actor::Lockbox, |draft| settle(draft, id));
    }
    Ok(())
}

fn fail(draft: &mut Draft, id: RequestId) -> Result<(), Refusal> {
    draft.only_simulator()?;
    let request = draft.world.request(id)?.clone();
    if !request.status.is_transient() {
        return Err(errors::LB_04
            .says(format!(
                "{id} is {}; only a transient status can fail.",
                request.status
            ))
            .current_status(request.status.word()));
    }
    let status = if request.status == Status::Initializing {
        Status::Error
    } else {
        Status::Unknown
    };
    let failed = draft.emit(Fact::Failed {
        request: id,
        status,
    });
    draft.because(failed, Actor::Lockbox, |draft| {
        // A request that got lost after its grant ended changes nothing about the JIT request.
        if request.grant.is_none() {
            draft.emit(jit::Fact::Rejected {
                jit: request.jit,
                state: jit::State::Failed,
            });
        }
    });
    Ok(())
}

/// A transient status is over.
pub(crate) fn settle(draft: &mut Draft, id: RequestId) {
    let Some(request) = draft.world.lockbox.requests.get(&id).cloned() else {
        return;
    };
    match request.status {
        Status::Initializing => notify(draft, id),
        Status::Approving => {
            let approved = draft.emit(Fact::Approved { request: id });
            draft.because(approved, Actor::Jit, |draft| {
                grant::start(draft, request.jit)
            });
        }
        Status::Denying => {
            let denied = draft.emit(Fact::Denied { request: id });
            draft.because(denied, Actor::Jit, |draft| {
                draft.emit(jit::Fact::Rejected {
                    jit: request.jit,
                    state: jit::State::RejectedByCustomer,
                });
            });
        }
        Status::Completing => {
            draft.emit(Fact::Completed { request: id });
        }
        Status::Revoking => {
            draft.emit(Fact::Revoked { request: id });
        }
        _ => {}
    }
}

/// R-LOCK-19, 20: four days are over.
pub(crate) fn expire(draft: &mut Draft, id: RequestId) {
    let Some(request) = draft.world.lockbox.requests.get(&id).cloned() else {
        return;
    };
    let waited = request
        .history
        .last()
        .map_or(draft.world.revision, |c| c.revision);
    let expired = draft.because(waited, Actor::Time, |d| {
        d.emit(Fact::Expired { request: id })
    });
    draft.because(expired, Actor::Jit, |draft| {
        draft.emit(jit::Fact::Rejected {
            jit: request.jit,
            state: jit::State::ExpiredNoAccess,
        });
    });
}

/// A transient status has lasted as long as its latency says.
pub(crate) fn settle_in_time(draft: &mut Draft, id: RequestId) {
    let led = draft
        .world
        .lockbox
        .requests
        .get(&id)
        .and_then(|r| r.history.last());
    if let Some(led) = led.map(|change| change.revision) {
        draft.because(led, Actor::Lockbox, |draft| settle(draft, id));
    }
}

/// The grant under the request is over; `revoked` by the customer (extension) or ended.
pub(super) fn grant_over(draft: &mut Draft, id: RequestId, revoked: bool) {
    let rules = &draft.world.rules;
    let (latency, fact): (Span, fn(RequestId, SimTime) -> Fact) = if revoked {
        (rules.latency_revoke, |request, settles_at| Fact::Revoking {
            request,
            settles_at,
        })
    } else {
        (rules.latency_complete, |request, settles_at| {
            Fact::Completing {
                request,
                settles_at,
            }
        })
    };
    let settles_at = draft.now + latency;
    let cause = draft.emit(fact(id, settles_at));
    if settles_at == draft.now {
        draft.because(cause, Actor::Lockbox, |draft| settle(draft, id));
    }
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Created {
            request,
            jit,
            approvers,
            expires_at,
            settles_at,
        } => {
            let Some(from) = world.lockbox.jits.get(jit).cloned() else {
                return;
            };
            let timer = (*settles_at > at).then(|| {
                world
                    .timers
                    .set(*settles_at, Timer::RequestSettles(*request))
            });
            world.lockbox.requests.insert(
                *request,
                Arc::new(Request {
                    id: *request,
                    jit: *jit,
                    ticket: from.ticket,
                    subscription: from.subscription.clone(),
                    engineer: from.engineer.clone(),
                    resources: from.resources.clone(),
                    level: from.level,
                    duration: from.duration.clone(),
                    justification: from.justification.clone(),
                    status: Status::Initializing,
                    created_at: at,
                    expires_at: *expires_at,
                    approvers: approvers.clone().into(),
                    decision: None,
                    grant: None,
                    history: vec![Change {
                        revision,
                        at,
                        status: Status::Initializing,
                    }],
                    timer,
                }),
            );
            log(world, at, revision, *request, Operation::Create);
        }
        Fact::Mailed {
            request,
            to,
            address,
        } => {
            world.lockbox.mails.push_back(Mail {
                revision,
                at,
                request: *request,
                to: to.clone(),
                address: address.clone(),
            });
        }
        Fact::Notified { request } => {
            let Some(expires_at) = world.lockbox.requests.get(request).map(|r| r.expires_at) else {
                return;
            };
            become_(
                world,
                at,
                revision,
                *request,
                Status::Pending,
                Some((expires_at, Timer::RequestExpires(*request))),
            );
            world.lockbox.pending.insert((expires_at, *request));
        }
        Fact::Decided {
            request,
            by,
            approve,
            reason,
            settles_at,
        } => {
            let status = if *approve {
                Status::Approving
            } else {
                Status::Denying
            };
            no_longer_pending(world, *request);
            become_(
                world,
                at,
                revision,
                *request,
                status,
                transient(*settles_at, at, *request),
            );
            edit(&mut world.lockbox.requests, request, |r| {
                r.decision = Some(Decision {
                    by: by.clone(),
                    approve: *approve,
                    reason: reason.clone(),
                    at,
                    revision,
                });
            });
            let operation = if *approve {
                Operation::Approve
            } else {
                Operation::Deny
            };
            log(world, at, revision, *request, operation);
        }
        Fact::Expired { request } => {
            no_longer_pending(world, *request);
            become_(world, at, revision, *request, Status::Expired, None);
            log(world, at, revision, *request, Operation::Expire);
        }
        Fact::Approved { request } => {
            become_(world, at, revision, *request, Status::Approved, None)
        }
        Fact::Denied { request } => become_(world, at, revision, *request, Status::Denied, None),
        Fact::Completing {
            request,
            settles_at,
        } => {
            become_(
                world,
                at,
                revision,
                *request,
                Status::Completing,
                transient(*settles_at, at, *request),
            );
        }
        Fact::Completed { request } => {
            become_(world, at, revision, *request, Status::Completed, None)
        }
        Fact::Revoking {
            request,
            settles_at,
        } => {
            become_(
                world,
                at,
                revision,
                *request,
                Status::Revoking,
                transient(*settles_at, at, *request),
            );
        }
        Fact::Revoked { request } => become_(world, at, revision, *request, Status::Revoked, None),
        Fact::Failed { request, status } => become_(world, at, revision, *request, *status, None),
    }
}

fn transient(settles_at: SimTime, now: SimTime, request: RequestId) -> Option<(SimTime, Timer)> {
    (settles_at > now).then_some((settles_at, Timer::RequestSettles(request)))
}

/// The request takes a new status; its old timer goes, a new one may come.
fn become_(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    request: RequestId,
    status: Status,
    timer: Option<(SimTime, Timer)>,
) {
    if let Some(old) = world.lockbox.requests.get(&request).and_then(|r| r.timer) {
        world.timers.cancel(old);
    }
    let timer = timer.map(|(when, what)| world.timers.set(when, what));
    edit(&mut world.lockbox.requests, &request, |r| {
        r.status = status;
        r.timer = timer;
        r.history.push(Change {
            revision,
            at,
            status,
        });
    });
}

fn no_longer_pending(world: &mut World, request: RequestId) {
    if let Some(expires_at) = world.lockbox.requests.get(&request).map(|r| r.expires_at) {
        world.lockbox.pending.remove(&(expires_at, request));
    }
}

fn log(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    request: RequestId,
    operation: Operation,
) {
    world.activity.push_back(Activity {
        revision,
        at,
        subject: Subject::Lockbox { request, operation },
    });
}

/// The grant of an approved request.
pub(super) fn granted(world: &mut World, request: RequestId, grant: GrantId) {
    edit(&mut world.lockbox.requests, &request, |r| {
        r.grant = Some(grant)
    });
}

impl World {
    pub fn request(&self, id: RequestId) -> Result<&Arc<Request>, Refusal> {
        self.lockbox.requests.get(&id).ok_or_else(|| {
            errors::LB_01
                .says(format!("There is no Lockbox request {id}."))
                .target("request")
        })
    }

    /// The request a person means by `LB-000042`, `42`, its GUID, or `LockboxRequest_{guid}`.
    pub fn find_request(&self, text: &str) -> Result<RequestId, Refusal> {
        let bare = text.strip_prefix("LockboxRequest_").unwrap_or(text);
        let id = random::number_of(self.seed, "lockbox-request", bare)
            .map(RequestId)
            .map_or_else(|| text.parse::<RequestId>(), Ok)
            .map_err(|e| errors::LB_01.says(format!("{e}.")).target("request"))?;
        self.request(id).map(|r| r.id)
    }

    /// `requestId` on the wire.
    pub fn request_guid(&self, id: RequestId) -> String {
        random::guid(self.seed, "lockbox-request", id.0)
    }
}
