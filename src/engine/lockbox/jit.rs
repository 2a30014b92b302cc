//! Just-in-time access requests inside the vendor (`domain.md` c.2).
//!
//! ```text
//! (none) --submit / evaluate--> RejectedByPolicy | AwaitingInternalApproval | (cleared)
//! AwaitingInternalApproval --approve--> (cleared)   --deny--> RejectedInternally
//! (cleared) --no customer data--> Granted
//!           --an exclusion, or Lockbox does not apply--> Granted, the bypass recorded with its reason
//!           --customer data and Lockbox applies--> AwaitingCustomer, a Lockbox request starts
//! AwaitingCustomer --approved--> Granted  --denied--> RejectedByCustomer
//!                  --expired--> ExpiredNoAccess  --service failure--> Failed
//! Granted --grant over--> Ended
//! ```

use std::sync::Arc;

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::edit;
use super::grant;
use super::request;
use super::ticket::{self, not_blank};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{
    GrantId, JitId, JitRuleId, PersonId, RequestId, ResourceId, SubscriptionId, TicketId,
};
use crate::engine::people::{Side, VendorRole};
use crate::engine::refusal::Refusal;
use crate::engine::resources::{Coverage, ResourceKind};
use crate::engine::rules::JitOutcome;
use crate::engine::text::Untrusted;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// Level of permission asked for (R-LOCK-10), lowest first.
    Level {
        Reader = "reader",
        Operator = "operator",
        Administrator = "administrator",
    }
}

words! {
    /// How broad the named resources are (R-LOCK-10), narrowest first.
    ResourceScope {
        Resource = "resource",
        ResourceGroup = "resource-group",
        Subscription = "subscription",
    }
}

words! {
    /// What the engineer will touch (R-LOCK-12).
    Reach {
        CustomerData = "customer-data",
        Platform = "platform",
    }
}

words! {
    /// The two exclusions (R-LOCK-33, 34).
    Exclusion {
        Emergency = "emergency",
        Inadvertent = "inadvertent",
    }
}

words! {
    /// Why access was granted without asking the customer. Recorded on the grant, always.
    Bypass {
        /// The access does not reach customer data (R-LOCK-12).
        NoCustomerData = "no-customer-data",
        /// R-LOCK-33.
        Emergency = "emergency",
        /// R-LOCK-34.
        Inadvertent = "inadvertent",
        /// The support plan is below Developer (R-LOCK-01).
        PlanTooLow = "plan-too-low",
        /// A preview service and the organisation is not enrolled (R-LOCK-32).
        NotEnrolled = "not-enrolled",
        /// Lockbox does not cover the resource (R-LOCK-30, i-31).
        NotCovered = "not-covered",
    }
}

impl Bypass {
    pub fn rule(self) -> &'static str {
        match self {
            Bypass::NoCustomerData => "R-LOCK-12",
            Bypass::Emergency => "R-LOCK-33",
            Bypass::Inadvertent => "R-LOCK-34",
            Bypass::PlanTooLow => "R-LOCK-01",
            Bypass::NotEnrolled => "R-LOCK-32",
            Bypass::NotCovered => "R-LOCK-30",
        }
    }

    /// One sentence for the record.
    pub fn sentence(self) -> &'static str {
        match self {
            Bypass::NoCustomerData => "The access does not reach customer data.",
            Bypass::Emergency => {
                "The engineer acts outside standard operating procedures to recover a service."
            }
            Bypass::Inadvertent => {
                "The engineer troubleshoots the platform and may see customer data inadvertently."
            }
            Bypass::PlanTooLow => "The organisation's support plan is below Developer.",
            Bypass::NotEnrolled => {
                "The service is in preview and the organisation is not enrolled."
            }
            Bypass::NotCovered => {
                "Customer Lockbox does not cover this resource; migrate classic deployments to Resource Manager."
            }
        }
    }
}

words! {
    State {
        AwaitingInternalApproval = "awaiting-internal-approval",
        RejectedByPolicy = "rejected-by-policy",
        RejectedInternally = "rejected-internally",
        AwaitingCustomer = "awaiting-customer",
        Granted = "granted",
        RejectedByCustomer = "rejected-by-customer",
        ExpiredNoAccess = "expired-no-access",
        Failed = "failed",
        Ended = "ended",
    }
}

/// How long access is asked for: a number of hours or a text such as a support request's lifetime
/// (R-LOCK-25). A text lasts the default duration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    Default,
    Span(Span),
    Text(Untrusted),
}

impl Duration {
    /// Reads `""`, `8`, `8h`, or any other text.
    pub fn parse(text: &str) -> Duration {
        let text = text.trim();
        if text.is_empty() {
            return Duration::Default;
        }
        if let Ok(hours) = text.parse::<u32>() {
            return Duration::Span(Span::hours(i64::from(hours)));
        }
        match text.parse::<Span>() {
            Ok(span) => Duration::Span(span),
            Err(_) => Duration::Text(text.into()),
        }
    }

    pub fn span(&self, rules: &crate::engine::rules::Rules) -> Span {
        match self {
            Duration::Span(span) => *span,
            Duration::Default | Duration::Text(_) => rules.grant_duration,
        }
    }
}

/// What an engineer asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    pub ticket: TicketId,
    pub resources: Vector<ResourceId>,
    pub level: Level,
    pub reach: Reach,
    pub exclusion: Option<Exclusion>,
    pub duration: Duration,
    pub justification: Untrusted,
    /// What standard tools were tried without success, when the ticket does not say so yet (R-LOCK-07).
    pub tried: Option<Untrusted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jit {
    pub id: JitId,
    pub ticket: TicketId,
    pub subscription: SubscriptionId,
    pub engineer: PersonId,
    #[serde(deserialize_with = "crate::sharing::value")]
    pub resources: Arc<Vector<ResourceId>>,
    pub level: Level,
    pub reach: Reach,
    pub exclusion: Option<Exclusion>,
    pub duration: Duration,
    pub justification: Untrusted,
    pub submitted_at: SimTime,
    pub scope: ResourceScope,
    pub state: State,
    /// The JIT rule that matched.
    pub rule: Option<JitRuleId>,
    /// Which internal approver the rule asks for.
    pub internal: Option<VendorRole>,
    pub internal_by: Option<PersonId>,
    pub internal_reason: Untrusted,
    pub bypass: Option<Bypass>,
    /// For an inadvertent exposure: could the engineer read what was seen (R-LOCK-35)?
    pub readable: Option<bool>,
    pub request: Option<RequestId>,
    pub grant: Option<GrantId>,
    /// Began with `request initiate` (extension), not with an evaluation.
    pub initiated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Submit(Submit),
    Approve { jit: JitId, reason: Untrusted },
    Deny { jit: JitId, reason: Untrusted },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Submitted {
        jit: JitId,
        engineer: PersonId,
        submit: Submit,
        scope: ResourceScope,
        initiated: bool,
    },
    Evaluated {
        jit: JitId,
        rule: JitRuleId,
        outcome: JitOutcome,
    },
    InternallyApproved {
        jit: JitId,
        by: PersonId,
        reason: Untrusted,
    },
    InternallyDenied {
        jit: JitId,
        by: PersonId,
        reason: Untrusted,
    },
    /// Access without asking the customer, and why.
    Bypassed {
        jit: JitId,
        reason: Bypass,
        readable: Option<bool>,
    },
    AwaitsCustomer {
        jit: JitId,
        request: RequestId,
    },
    Rejected {
        jit: JitId,
        state: State,
    },
    Ended {
        jit: JitId,
    },
}

impl Fact {
    /// The JIT request it is about.
    pub fn jit(&self) -> JitId {
        match self {
            Fact::Submitted { jit, .. }
            | Fact::Evaluated { jit, .. }
            | Fact::InternallyApproved { jit, .. }
            | Fact::InternallyDenied { jit, .. }
            | Fact::Bypassed { jit, .. }
            | Fact::AwaitsCustomer { jit, .. }
            | Fact::Rejected { jit, .. }
            | Fact::Ended { jit } => *jit,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Submit(submit) => {
            let (submit, scope) = validate(draft, &by, submit, false)?;
            let id = next_id(&draft.world);
            let submitted = draft.emit(Fact::Submitted {
                jit: id,
                engineer: by.clone(),
                submit,
                scope,
                initiated: false,
            });
            draft.because(submitted, Actor::Jit, |draft| evaluate(draft, id));
            Ok(())
        }
        Command::Approve { jit, reason } => {
            awaiting(draft, &by, *jit)?;
            let ticket = draft.world.ticket(draft.world.jit(*jit)?.ticket)?;
            // R-LOCK-38: nothing is left to move forward on a ticket that is over.
            if !ticket.phase.is_open() {
                return Err(errors::SUP_02
                    .says(format!("Ticket {} is {}.", ticket.id, ticket.phase))
                    .target("ticket"));
            }
            let approved = draft.emit(Fact::InternallyApproved {
                jit: *jit,
                by,
                reason: reason.clone(),
            });
            draft.because(approved, Actor::Jit, |draft| clear(draft, *jit));
            Ok(())
        }
        Command::Deny { jit, reason } => {
            awaiting(draft, &by, *jit)?;
            draft.emit(Fact::InternallyDenied {
                jit: *jit,
                by,
                reason: reason.clone(),
            });
            Ok(())
        }
    }
}

/// `request initiate` (extension, for drills): no evaluation, and Lockbox's own refusals instead of a
/// bypass (E-LB-06…08).
pub(super) fn initiate(draft: &mut Draft, submit: &Submit) -> Result<(), Refusal> {
    let by = draft.person()?;
    let (submit, scope) = validate(draft, &by, submit, true)?;
    for id in &submit.resources {
        let resource = draft.world.resource(id)?;
        if draft.world.coverage(resource) == Coverage::NotCovered {
            return Err(errors::LB_07.refuse().target("resources"));
        }
    }
    if let Some(reason) = lockbox_bypass(&draft.world, &submit.resources)? {
        return Err(match reason {
            Bypass::PlanTooLow => errors::LB_06.refuse(),
            _ => errors::LB_08.refuse(),
        }
        .target("resources"));
    }
    let id = next_id(&draft.world);
    let submitted = draft.emit(Fact::Submitted {
        jit: id,
        engineer: by,
        submit,
        scope,
        initiated: true,
    });
    draft.because(submitted, Actor::Lockbox, |draft| request::start(draft, id));
    Ok(())
}

fn next_id(world: &World) -> JitId {
    JitId(u32::try_from(world.lockbox.jits.len() + 1).unwrap_or(u32::MAX))
}

/// Everything that must hold before a JIT request exists. Records what was tried, when told.
fn validate(
    draft: &mut Draft,
    by: &PersonId,
    submit: &Submit,
    drill: bool,
) -> Result<(Submit, ResourceScope), Refusal> {
    let world = &draft.world;
    let found = world.ticket(submit.ticket)?.clone();
    let engineer = world.person(by)?.clone();
    // R-LOCK-09: the assigned engineer, who may be another one after an escalation.
    if !matches!(engineer.side, Side::Vendor(_)) {
        return Err(errors::JIT_03.says(format!("{by} does not work for the cloud vendor.")));
    }
    if found.assigned_to.as_ref() != Some(by) {
        let assigned = found
            .assigned_to
            .as_ref()
            .map_or("nobody".to_owned(), ToString::to_string);
        return Err(errors::JIT_03.says(format!(
            "Ticket {} is assigned to {assigned}, not to {by}.",
            found.id
        )));
    }
    if !found.phase.is_open() {
        return Err(errors::SUP_02
            .says(format!("Ticket {} is {}.", found.id, found.phase))
            .target("ticket"));
    }
    not_blank(&submit.justification, "justification")
        .map_err(|r| errors::JIT_06.says(r.message).target("justification"))?;
    let span = submit.duration.span(&world.rules);
    let longest = world.rules.grant_duration_max;
    if span <= Span::ZERO || span > longest {
        return Err(errors::JIT_06
            .says(format!(
                "A duration of {span} is not possible; it is more than 0 and at most {longest}."
            ))
            .target("duration"));
    }
    if submit.resources.is_empty() {
        return Err(errors::JIT_06
            .says("No resource is named.")
            .target("resources"));
    }
    let mut seen = imbl::OrdSet::new();
    for id in &submit.resources {
        let resource = world.resource(id)?;
        if resource.subscription != found.subscription {
            return Err(errors::JIT_06
                .says(format!(
                    "{id} is not in subscription {} of the ticket.",
                    found.subscription
                ))
                .target("resources"));
        }
        if seen.insert(id.clone()).is_some() {
            return Err(errors::JIT_06
                .says(format!("{id} is named twice."))
                .target("resources"));
        }
    }
    let scope = scope_of(world, &submit.resources)?;
    if submit.tried.is_none() && !found.tools_tried && !drill {
        return Err(errors::JIT_02
            .says(format!(
                "Standard tools and telemetry have not been tried on ticket {} yet.",
                found.id
            ))
            .target("ticket"));
    }
    if let Some(tried) = &submit.tried {
        ticket::decide(
            draft,
            &ticket::Command::TryTools {
                ticket: found.id,
                text: tried.clone(),
                sufficed: false,
            },
        )?;
    }
    // What was tried stands on the ticket; it is not kept twice.
    Ok((
        Submit {
            tried: None,
            ..submit.clone()
        },
        scope,
    ))
}

fn scope_of(world: &World, ids: &Vector<ResourceId>) -> Result<ResourceScope, Refusal> {
    let mut groups = imbl::OrdSet::new();
    for id in ids {
        let resource = world.resource(id)?;
        if resource.kind == ResourceKind::SubscriptionTransfer {
            return Ok(ResourceScope::Subscription);
        }
        groups.insert(resource.group.clone());
    }
    Ok(match (ids.len(), groups.len()) {
        (1, _) => ResourceScope::Resource,
        (_, 1) => ResourceScope::ResourceGroup,
        _ => ResourceScope::Subscription,
    })
}

/// R-LOCK-10, 11: the first rule that matches decides.
fn evaluate(draft: &mut Draft, id: JitId) {
    let Some(jit) = draft.world.lockbox.jits.get(&id).cloned() else {
        return;
    };
    let Some(engineer) = draft.world.people.persons.get(&jit.engineer).cloned() else {
        return;
    };
    let matched = draft.world.rules.jit_rules.iter().find(|rule| {
        rule.scope_from.is_none_or(|from| jit.scope >= from)
            && rule.level_from.is_none_or(|from| jit.level >= from)
            && rule
                .isolated_identity
                .is_none_or(|want| engineer.isolated_identity == want)
            && rule.mfa.is_none_or(|want| engineer.mfa == want)
    });
    // No rule at all says nothing about access, so nothing is granted.
    let (rule, outcome) = matched.map_or_else(
        || (JitRuleId::from("no-rule-matches"), JitOutcome::Reject),
        |rule| (rule.id.clone(), rule.outcome.clone()),
    );
    let evaluated = draft.emit(Fact::Evaluated {
        jit: id,
        rule,
        outcome: outcome.clone(),
    });
    if outcome == JitOutcome::Clear {
        draft.because(evaluated, Actor::Jit, |draft| clear(draft, id));
    }
}

/// Nothing inside the vendor stands in the way any more: does the customer have to agree?
fn clear(draft: &mut Draft, id: JitId) {
    let Some(jit) = draft.world.lockbox.jits.get(&id).cloned() else {
        return;
    };
    let bypass = match (jit.reach, jit.exclusion) {
        (Reach::Platform, None) => Some(Bypass::NoCustomerData),
        (_, Some(Exclusion::Emergency)) => Some(Bypass::Emergency),
        (_, Some(Exclusion::Inadvertent)) => Some(Bypass::Inadvertent),
        // The resources were checked when the request was submitted and resources never go away.
        (Reach::CustomerData, None) => {
            lockbox_bypass(&draft.world, &jit.resources).unwrap_or_default()
        }
    };
    match bypass {
        Some(reason) => {
            let readable = (reason == Bypass::Inadvertent).then(|| {
                jit.resources.iter().any(|r| {
                    draft
                        .world
                        .resources
                        .resources
                        .get(r)
                        .is_some_and(|r| !r.encrypted_in_transit)
                })
            });
            let bypassed = draft.emit(Fact::Bypassed {
                jit: id,
                reason,
                readable,
            });
            draft.because(bypassed, Actor::Jit, |draft| grant::start(draft, id));
        }
        None => request::start(draft, id),
    }
}

/// Why Lockbox does not apply to these resources, if so. One covered resource is enough for it to apply:
/// the stricter reading, since the request is for all of them together.
pub fn lockbox_bypass(world: &World, ids: &Vector<ResourceId>) -> Result<Option<Bypass>, Refusal> {
    let mut preview_only = false;
    let mut tenant = None;
    for id in ids {
        let resource = world.resource(id)?;
        let subscription = world.subscription(&resource.subscription)?;
        let home = world.people.tenants.get(&subscription.tenant);
        if home.is_some_and(|t| t.plan < world.rules.minimum_plan) {
            return Ok(Some(Bypass::PlanTooLow));
        }
        match world.coverage(resource) {
            Coverage::Ga => return Ok(None),
            Coverage::Preview => preview_only = true,
            Coverage::NotCovered => {}
        }
        tenant = home;
    }
    Ok(
        match (preview_only, tenant.is_some_and(|t| t.preview_enrolled)) {
            (true, true) => None,
            (true, false) => Some(Bypass::NotEnrolled),
            (false, _) => Some(Bypass::NotCovered),
        },
    )
}

fn awaiting(draft: &Draft, by: &PersonId, id: JitId) -> Result<(), Refusal> {
    let person = draft.world.person(by)?;
    if !matches!(person.side, Side::Vendor(_)) {
        return Err(errors::JIT_07.refuse());
    }
    let jit = draft.world.jit(id)?;
    let Some(wanted) = jit
        .internal
        .filter(|_| jit.state == State::AwaitingInternalApproval)
    else {
        return Err(errors::JIT_05
            .says(format!(
                "{id} is {} and waits for no internal approval.",
                jit.state
            ))
            .current_status(jit.state.word()));
    };
    if person.side != Side::Vendor(wanted) {
        return Err(errors::JIT_04.says(format!("{id} needs a {}; {by} is none.", wanted.title())));
    }
    Ok(())
}

pub(crate) fn evolve(world: &mut World, at: SimTime, fact: &Fact) {
    let lockbox = &mut world.lockbox;
    match fact {
        Fact::Submitted {
            jit,
            engineer,
            submit,
            scope,
            initiated,
        } => {
            let Some(ticket) = lockbox.tickets.get(&submit.ticket) else {
                return;
            };
            let submit = submit.clone();
            let subscription = ticket.subscription.clone();
            edit(&mut lockbox.tickets, &submit.ticket, |t| {
                t.jits.push_back(*jit)
            });
            lockbox.jits.insert(
                *jit,
                Arc::new(Jit {
                    id: *jit,
                    ticket: submit.ticket,
                    subscription,
                    engineer: engineer.clone(),
                    resources: submit.resources.into(),
                    level: submit.level,
                    reach: submit.reach,
                    exclusion: submit.exclusion,
                    duration: submit.duration,
                    justification: submit.justification,
                    submitted_at: at,
                    scope: *scope,
                    state: State::AwaitingInternalApproval,
                    rule: None,
                    internal: None,
                    internal_by: None,
                    internal_reason: Untrusted::default(),
                    bypass: None,
                    readable: None,
                    request: None,
                    grant: None,
                    initiated: *initiated,
                }),
            );
        }
        Fact::Evaluated { jit, rule, outcome } => edit(&mut lockbox.jits, jit, |j| {
            j.rule = Some(rule.clone());
            match outcome {
                JitOutcome::Clear => {}
                JitOutcome::Internal(role) => j.internal = Some(*role),
                JitOutcome::Reject => j.state = State::RejectedByPolicy,
            }
        }),
        Fact::InternallyApproved { jit, by, reason } => edit(&mut lockbox.jits, jit, |j| {
            j.internal_by = Some(by.clone());
            j.internal_reason = reason.clone();
        }),
        Fact::InternallyDenied { jit, by, reason } => edit(&mut lockbox.jits, jit, |j| {
            j.internal_by = Some(by.clone());
            j.internal_reason = reason.clone();
            j.state = State::RejectedInternally;
        }),
        Fact::Bypassed {
            jit,
            reason,
            readable,
        } => edit(&mut lockbox.jits, jit, |j| {
            j.bypass = Some(*reason);
            j.readable = *readable;
        }),
        Fact::AwaitsCustomer { jit, request } => edit(&mut lockbox.jits, jit, |j| {
            j.request = Some(*request);
            j.state = State::AwaitingCustomer;
        }),
        Fact::Rejected { jit, state } => edit(&mut lockbox.jits, jit, |j| j.state = *state),
        Fact::Ended { jit } => edit(&mut lockbox.jits, jit, |j| j.state = State::Ended),
    }
}

/// A grant came into being under this JIT request.
pub(super) fn granted(world: &mut World, jit: JitId, grant: GrantId) {
    edit(&mut world.lockbox.jits, &jit, |j| {
        j.grant = Some(grant);
        j.state = State::Granted;
    });
}

impl World {
    pub fn jit(&self, id: JitId) -> Result<&Arc<Jit>, Refusal> {
        self.lockbox.jits.get(&id).ok_or_else(|| {
            errors::JIT_01
                .says(format!("There is no JIT request {id}."))
                .target("jit")
        })
    }
}
