//! Every number and every rule of the domain, once, with its source.
//!
//! [`Rules`] are the values; the World carries them, so a drill or a test can change one number at run time
//! (`rules` facts). [`STATEMENTS`] are the rules in words. `S0` is the Customer Lockbox document, `S4` the
//! customer-managed-key document; `SIM` marks what no source says and this simulation chose.

use imbl::Vector;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::errors;
use super::ids::JitRuleId;
use super::lockbox::jit::{Level, ResourceScope};
use super::people::{SupportPlan, VendorRole};
use super::refusal::Refusal;
use super::time::Span;
use super::words::{did_you_mean, nearest};

/// The values in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub request_expiry: Span,
    pub grant_duration: Span,
    pub grant_duration_max: Span,
    pub minimum_plan: SupportPlan,
    pub activity_lookback: Span,
    pub latency_initialize: Span,
    pub latency_decide: Span,
    pub latency_complete: Span,
    pub latency_revoke: Span,
    /// First match decides (R-LOCK-10, 11).
    pub jit_rules: Vector<JitRule>,
}

/// What the JIT service considers, and what follows. All conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JitRule {
    pub id: JitRuleId,
    /// Applies from this breadth of resources on.
    pub scope_from: Option<ResourceScope>,
    /// Applies from this level of permission on.
    pub level_from: Option<Level>,
    /// Applies to requesters with, or without, an isolated identity.
    pub isolated_identity: Option<bool>,
    /// Applies to requesters with, or without, multi-factor authentication.
    pub mfa: Option<bool>,
    pub outcome: JitOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JitOutcome {
    Clear,
    /// An internal approver of this role must agree first.
    Internal(VendorRole),
    Reject,
}

impl Default for Rules {
    fn default() -> Self {
        let rule = |id: &str, scope_from, level_from, isolated_identity, mfa, outcome| JitRule {
            id: id.into(),
            scope_from,
            level_from,
            isolated_identity,
            mfa,
            outcome,
        };
        use JitOutcome::{Clear, Internal, Reject};
        Rules {
            request_expiry: Span::days(4),
            grant_duration: Span::hours(8),
            grant_duration_max: Span::days(7),
            minimum_plan: SupportPlan::Developer,
            activity_lookback: Span::days(90),
            latency_initialize: Span::ZERO,
            latency_decide: Span::ZERO,
            latency_complete: Span::ZERO,
            latency_revoke: Span::ZERO,
            jit_rules: Vector::from_iter([
                rule(
                    "no-strong-identity",
                    None,
                    None,
                    Some(false),
                    Some(false),
                    Reject,
                ),
                rule(
                    "administrator-on-subscription",
                    Some(ResourceScope::Subscription),
                    Some(Level::Administrator),
                    None,
                    None,
                    Reject,
                ),
                rule(
                    "administrator",
                    None,
                    Some(Level::Administrator),
                    None,
                    None,
                    Internal(VendorRole::DevOpsManager),
                ),
                rule(
                    "beyond-one-resource-group",
                    Some(ResourceScope::Subscription),
                    None,
                    None,
                    None,
                    Internal(VendorRole::DevOpsManager),
                ),
                rule(
                    "operator-without-isolated-identity",
                    None,
                    Some(Level::Operator),
                    Some(false),
                    None,
                    Internal(VendorRole::SupportLead),
                ),
                rule("standard", None, None, None, None, Clear),
            ]),
        }
    }
}

impl Rules {
    /// Whether the values fit together. Beyond these bounds instants leave the calendar or a request could
    /// never be decided.
    fn sound(&self) -> Result<(), String> {
        let decade = Span::days(3_650);
        let longest = [
            self.request_expiry,
            self.grant_duration_max,
            self.activity_lookback,
        ];
        if longest
            .iter()
            .any(|span| *span <= Span::ZERO || *span > decade)
        {
            return Err(format!("it must be more than 0 and at most {decade}"));
        }
        if self.grant_duration <= Span::ZERO || self.grant_duration > self.grant_duration_max {
            return Err(
                "grant-duration must be more than 0 and at most grant-duration-max".to_owned(),
            );
        }
        let latencies = [
            self.latency_initialize,
            self.latency_decide,
            self.latency_complete,
            self.latency_revoke,
        ];
        if latencies
            .iter()
            .any(|span| *span < Span::ZERO || *span >= self.request_expiry)
        {
            return Err("a latency must be shorter than request-expiry".to_owned());
        }
        Ok(())
    }
}

/// One number of the rules: where it stands, what it is for, where it comes from.
pub struct Number {
    /// The name by which it is listed and changed.
    pub name: &'static str,
    pub rule: &'static str,
    pub statement: &'static str,
    pub source: &'static str,
    pub value: fn(&Rules) -> String,
    set: fn(&mut Rules, &str) -> Result<(), String>,
}

macro_rules! number {
    ($name:literal, $field:ident, $rule:literal, $statement:literal, $source:literal) => {
        Number {
            name: $name,
            rule: $rule,
            statement: $statement,
            source: $source,
            value: |rules| rules.$field.to_string(),
            set: |rules, text| {
                rules.$field = text.parse().map_err(|e| format!("{e}"))?;
                Ok(())
            },
        }
    };
}

/// All numbers, in the order of the timer table (`domain.md` §0.3).
pub const NUMBERS: &[Number] = &[
    number!(
        "request-expiry",
        request_expiry,
        "R-LOCK-19",
        "How long a Lockbox request waits in the customer's queue.",
        "S0 §workflow-8; REST samples: 96 h"
    ),
    number!(
        "grant-duration",
        grant_duration,
        "R-LOCK-24",
        "How long approved access lasts unless the request says otherwise.",
        "S0 §workflow-11"
    ),
    number!(
        "grant-duration-max",
        grant_duration_max,
        "R-LOCK-25",
        "The longest duration a request may name.",
        "SIM"
    ),
    number!(
        "minimum-plan",
        minimum_plan,
        "R-LOCK-01",
        "The lowest support plan with which Customer Lockbox works.",
        "S0 note, §next-steps"
    ),
    number!(
        "activity-lookback",
        activity_lookback,
        "R-AUD-06",
        "How far back the activity log looks unless told otherwise.",
        "general platform knowledge, not in the seeds"
    ),
    number!(
        "latency-initialize",
        latency_initialize,
        "R-LOCK-13",
        "How long a request stays Initializing before the mails are out.",
        "SIM"
    ),
    number!(
        "latency-decide",
        latency_decide,
        "R-LOCK-21",
        "How long a request stays Approving or Denying.",
        "SIM"
    ),
    number!(
        "latency-complete",
        latency_complete,
        "R-LOCK-24",
        "How long a request stays Completing after its grant ended.",
        "SIM"
    ),
    number!(
        "latency-revoke",
        latency_revoke,
        "R-LOCK-24",
        "How long a request stays Revoking after its grant was revoked (extension).",
        "SIM"
    ),
];

/// A rule in words.
pub struct Statement {
    pub id: &'static str,
    pub statement: &'static str,
    pub source: &'static str,
}

macro_rules! statements {
    ($($id:literal, $statement:literal, $source:literal;)*) => {
        /// Every rule that the world keeps so far, profile 2020.
        pub const STATEMENTS: &[Statement] = &[
            $(Statement { id: $id, statement: $statement, source: $source }),*
        ];
    };
}

statements! {
    "R-LOCK-01", "Lockbox is usable only with a support plan of at least Developer.", "S0 note at top, §next-steps";
    "R-LOCK-02", "With a qualifying plan it is on without any enabling action.", "S0 §next-steps";
    "R-LOCK-03", "It covers a Microsoft engineer's need for customer data during a support request; every Lockbox request is tied to a ticket.", "S0 intro, §next-steps";
    "R-LOCK-04", "Requests can be initiated, tracked, and kept for audit.", "S0 intro";
    "R-LOCK-05", "A person of the organisation has the problem and opens the ticket.", "S0 §workflow-1, 2";
    "R-LOCK-06", "A new ticket is assigned to an Azure Customer Support Engineer.", "S0 §workflow-2";
    "R-LOCK-07", "Standard tools and telemetry come before elevated access.", "S0 §workflow-3, 4; guard SIM";
    "R-LOCK-08", "If they do not suffice, elevated rights are requested from the JIT service.", "S0 §workflow-4";
    "R-LOCK-09", "The requester is the assigned engineer, or another one because the case was escalated to the Azure DevOps team.", "S0 §workflow-4";
    "R-LOCK-10", "JIT weighs the scope of the resource, isolated identity or multi-factor authentication, and the level of permission.", "S0 §workflow-5";
    "R-LOCK-11", "A JIT rule may require an internal approval first, by a customer support lead or DevOps manager.", "S0 §workflow-5";
    "R-LOCK-12", "A Lockbox request is initiated if and only if the access would reach customer data directly.", "S0 §workflow-6";
    "R-LOCK-13", "It is then Customer Notified (Pending) and waits before any access is granted.", "S0 §workflow-6";
    "R-LOCK-14", "Every Owner of the subscription is a designated approver and gets one mail.", "S0 §workflow-7";
    "R-LOCK-15", "The mail links to the Customer Lockbox blade.", "S0 §workflow-8";
    "R-LOCK-16", "The approver sees all pending requests of the organisation.", "S0 §workflow-8";
    "R-LOCK-17", "Selecting a pending request shows its details.", "S0 §workflow-9";
    "R-LOCK-18", "The Service Request ID leads to the ticket: why Microsoft is engaged, and the history of the problem.", "S0 §workflow-10";
    "R-LOCK-19", "A request stays in the customer's queue for 4 days.", "S0 §workflow-8";
    "R-LOCK-20", "After that it expires by itself and no engineer gets access.", "S0 §workflow-8";
    "R-LOCK-21", "The approver chooses Approve or Deny.", "S0 §workflow-11";
    "R-LOCK-22", "Approve grants the access to the engineer.", "S0 §workflow-11";
    "R-LOCK-23", "A grant covers exactly the engineer and the resources of the request.", "SIM, from R-LOCK-12";
    "R-LOCK-24", "A grant lasts 8 hours by default and ends by force.", "S0 §workflow-11";
    "R-LOCK-25", "A request may name another duration, a number of hours or a text.", "S0 §workflow-11, LREST";
    "R-LOCK-26", "Deny rejects the elevated access and nothing more happens.", "S0 §workflow-11";
    "R-LOCK-27", "A request is decided once; the first decision counts.", "SIM";
    "R-LOCK-28", "Who is no approver cannot decide.", "S0 §workflow-7";
    "R-LOCK-29", "Generally available for remote desktop access to cloud services (web and worker role), Resource Manager virtual machines and scale sets, Windows and Linux.", "S0 §remote-desktop";
    "R-LOCK-30", "Classic virtual machines are not supported; migrate them to Resource Manager.", "S0 §remote-desktop note";
    "R-LOCK-31", "In preview: Storage, SQL DB, Data Explorer, memory dumps and managed disks, subscription transfers.", "S0 §preview";
    "R-LOCK-32", "Preview services need the organisation to be enrolled.", "S0 §preview";
    "R-LOCK-33", "Acting outside standard operating procedures in an emergency triggers no request.", "S0 §exclusions";
    "R-LOCK-34", "Inadvertent exposure while troubleshooting the platform triggers no request.", "S0 §exclusions";
    "R-LOCK-35", "What the customer encrypted in transit stays unreadable in such an exposure.", "S0 §exclusions";
    "R-LOCK-36", "The guest's Windows event log shows what the engineer did; Security Center can copy it to a workspace.", "S0 §detailed-audit-logs";
    "R-LOCK-37", "Data of workspaces linked to a dedicated cluster is under Lockbox (preview); shared-store data is not.", "S4 §customer-lockbox";
    "R-LOCK-38", "A request is initiated only to move forward a ticket that somebody of the organisation filed.", "S0 §next-steps";
    "R-AUD-01", "The workflow is recorded in the activity log.", "S0 §workflow, §auditing-logs";
    "R-AUD-02", "Four operations can be filtered: Create, Approve, Deny Lockbox Request and Lockbox Request Expiry.", "S0 §auditing-logs";
    "R-AUD-03", "Exactly one Create and at most one of Approve, Deny, Expiry per request.", "SIM";
    "R-AUD-04", "Operation names on the wire are Microsoft.CustomerLockbox/requests/activitylog/…LockboxRequest/action.", "S0, LREST";
    "R-AUD-05", "The caller of Approve and Deny is the approver, of Create and Expiry the service.", "ALS; service SIM";
    "R-AUD-06", "The log is append-only and looks back 90 days by default.", "SIM";
    "R-PERM-01", "The approver test is a role test, not an action wildcard.", "S0 §workflow-7";
    "R-PERM-08", "A missing right is refused with 403 AuthorizationFailed.", "platform";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Changes one number by name.
    Set { name: String, value: String },
    /// Replaces the JIT rules.
    SetJitRules(Vector<JitRule>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    NumberSet { name: String, value: String },
    JitRulesSet(Vector<JitRule>),
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    match command {
        Command::Set { name, value } => {
            let number = find(name)?;
            let mut trial = draft.world.rules.clone();
            (number.set)(&mut trial, value)
                .and_then(|()| trial.sound())
                .map_err(|why| {
                    errors::SIM_04
                        .says(format!("{name} cannot be set: {why}."))
                        .target(name.clone())
                })?;
            draft.emit(Fact::NumberSet {
                name: name.clone(),
                value: value.clone(),
            });
        }
        Command::SetJitRules(rules) => {
            draft.emit(Fact::JitRulesSet(rules.clone()));
        }
    }
    Ok(())
}

pub(super) fn evolve(rules: &mut Rules, fact: &Fact) {
    match fact {
        Fact::NumberSet { name, value } => {
            // `decide` has set it once already, on a trial copy.
            if let Some(number) = NUMBERS.iter().find(|n| n.name == name) {
                let _ = (number.set)(rules, value);
            }
        }
        Fact::JitRulesSet(jit_rules) => rules.jit_rules = jit_rules.clone(),
    }
}

fn find(name: &str) -> Result<&'static Number, Refusal> {
    NUMBERS.iter().find(|n| n.name == name).ok_or_else(|| {
        errors::SIM_03
            .says(format!(
                "There is no number {} in the rules.",
                super::text::scrub(name)
            ))
            .target("rule")
            .remedy(did_you_mean(
                nearest(name, NUMBERS.iter().map(|n| n.name)),
                "List them: lockbox rules.",
            ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number of the domain so far, with its value as the sources give it. A change fails here.
    #[test]
    fn the_numbers_are_the_ones_the_sources_give() {
        let rules = Rules::default();
        let values: Vec<_> = NUMBERS
            .iter()
            .map(|n| (n.name, (n.value)(&rules)))
            .collect();
        let expected = [
            ("request-expiry", "4d"),
            ("grant-duration", "8h"),
            ("grant-duration-max", "7d"),
            ("minimum-plan", "developer"),
            ("activity-lookback", "90d"),
            ("latency-initialize", "0s"),
            ("latency-decide", "0s"),
            ("latency-complete", "0s"),
            ("latency-revoke", "0s"),
        ];
        assert_eq!(values.len(), expected.len());
        for ((name, value), expected) in values.iter().zip(expected) {
            assert_eq!((*name, value.as_str()), expected);
        }
    }

    #[test]
    fn every_number_names_a_registered_rule() {
        for number in NUMBERS {
            assert!(
                STATEMENTS.iter().any(|s| s.id == number.rule),
                "{}",
                number.rule
            );
        }
    }
}
