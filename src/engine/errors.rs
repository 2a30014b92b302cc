//! The error catalogue: every way the world says no, once, with its HTTP status, ARM code, rule and the
//! usual remedy. `domain.md` §e gives the E-LB and E-ARM entries; the others are ours (SIM), because the
//! seeds name the situation and no code.

use super::refusal::Refusal;

/// A refusal ends on somebody's terminal, so whatever it quotes is scrubbed here, once.
fn inert(text: impl Into<String>) -> String {
    super::text::scrub(&text.into()).into_owned()
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorDef {
    pub id: &'static str,
    pub status: u16,
    pub code: &'static str,
    pub rule: &'static str,
    /// What is wrong in general; a refusal may say it more exactly.
    pub message: &'static str,
    pub remedy: &'static str,
    /// True where no source exists and the code is our own.
    pub sim: bool,
}

impl ErrorDef {
    /// The refusal in its general wording.
    pub fn refuse(&self) -> Refusal {
        self.says(self.message)
    }

    /// The refusal with an exact sentence.
    pub fn says(&self, message: impl Into<String>) -> Refusal {
        Refusal {
            id: self.id.to_owned(),
            status: self.status,
            code: self.code.to_owned(),
            message: inert(message),
            target: None,
            rule: self.rule.to_owned(),
            remedy: self.remedy.to_owned(),
            allowed_from: None,
            current_status: None,
        }
    }
}

macro_rules! catalogue {
    ($($name:ident = $id:literal, $status:literal, $code:literal, $rule:literal, $sim:literal, $message:literal, $remedy:literal;)*) => {
        $(pub const $name: ErrorDef = ErrorDef {
            id: $id, status: $status, code: $code, rule: $rule, message: $message, remedy: $remedy, sim: $sim,
        };)*
        /// The whole catalogue.
        pub const ALL: &[ErrorDef] = &[$($name),*];
    };
}

catalogue! {
    LB_01 = "E-LB-01", 404, "RequestNotFound", "R-LOCK-17", true,
        "No Lockbox request with this id in the subscription.",
        "List the requests and take an id from there.";
    LB_02 = "E-LB-02", 400, "InvalidApproval", "R-LOCK-21", true,
        "status must be Approve or Deny.",
        "Send {\"status\":\"Approve\"|\"Deny\",\"reason\":\"…\"}.";
    LB_03 = "E-LB-03", 403, "AuthorizationFailed", "R-LOCK-28", false,
        "Only an Owner of the subscription can decide this request.",
        "Ask an Owner of the subscription.";
    LB_04 = "E-LB-04", 409, "RequestNotPending", "R-LOCK-27", true,
        "The request is already decided or expired.",
        "Nothing to do; see its history.";
    LB_05 = "E-LB-05", 400, "InvalidFilter", "R-LOCK-16", true,
        "Only properties/status eq '<status>' is supported in $filter.",
        "Write for example properties/status eq 'Pending'.";
    LB_06 = "E-LB-06", 409, "LockboxNotEligible", "R-LOCK-01", true,
        "Customer Lockbox needs an Azure support plan of level Developer or higher.",
        "Raise the organisation's support plan.";
    LB_07 = "E-LB-07", 400, "UnsupportedResource", "R-LOCK-30", true,
        "This resource is not supported by Customer Lockbox (classic deployments must be migrated to Resource Manager).",
        "Migrate the classic deployment to Resource Manager.";
    LB_08 = "E-LB-08", 403, "PreviewNotEnrolled", "R-LOCK-32", true,
        "This service is in preview; enrol the organisation first.",
        "Enrol the organisation in the insider program.";

    SUP_01 = "E-SUP-01", 404, "SupportTicketNotFound", "R-LOCK-18", true,
        "No support ticket with this Service Request ID.",
        "List the tickets and take an id from there.";
    SUP_02 = "E-SUP-02", 409, "SupportTicketClosed", "R-LOCK-38", true,
        "The support ticket is not open any more.",
        "Open a new ticket if the problem is back.";
    SUP_03 = "E-SUP-03", 400, "InvalidSupportTicket", "R-LOCK-05", true,
        "The support ticket is not valid.",
        "Correct the named field.";
    SUP_04 = "E-SUP-04", 403, "NotOnTheCase", "R-LOCK-06", true,
        "Only the vendor's support staff can do this to a ticket.",
        "Act as the assigned engineer.";

    JIT_01 = "E-JIT-01", 404, "JitRequestNotFound", "R-LOCK-08", true,
        "No JIT request with this id.",
        "List the JIT requests and take an id from there.";
    JIT_02 = "E-JIT-02", 409, "StandardToolsFirst", "R-LOCK-07", true,
        "Standard tools and telemetry have not been tried on this ticket yet.",
        "Record what was tried first: jit submit --tried \"…\".";
    JIT_03 = "E-JIT-03", 403, "NotTheEngineer", "R-LOCK-09", true,
        "Elevated access is requested by the engineer on the case.",
        "Act as the assigned engineer, or escalate the ticket to a DevOps engineer.";
    JIT_04 = "E-JIT-04", 403, "NotTheInternalApprover", "R-LOCK-11", true,
        "The JIT rule names another internal approver.",
        "Act as the approver the rule names.";
    JIT_05 = "E-JIT-05", 409, "JitRequestNotWaiting", "R-LOCK-11", true,
        "The JIT request is not waiting for an internal approval.",
        "Nothing to do; see its state.";
    JIT_06 = "E-JIT-06", 400, "InvalidJitRequest", "R-LOCK-10", true,
        "The JIT request is not valid.",
        "Correct the named field.";
    JIT_07 = "E-JIT-07", 403, "AuthorizationFailed", "R-LOCK-08", true,
        "JIT requests are internal to the cloud vendor.",
        "Act as a member of the vendor's staff, or as the observer.";

    GR_01 = "E-GR-01", 404, "GrantNotFound", "R-LOCK-22", true,
        "No grant with this id.",
        "List the grants and take an id from there.";
    GR_02 = "E-GR-02", 409, "GrantNotActive", "R-LOCK-24", true,
        "The grant is over.",
        "Submit a new JIT request.";
    GR_03 = "E-GR-03", 403, "NotTheGrantee", "R-LOCK-23", true,
        "The grant covers exactly one engineer, and it is somebody else.",
        "Act as the engineer the grant names.";
    GR_04 = "E-GR-04", 403, "ResourceNotInGrant", "R-LOCK-23", true,
        "The grant does not cover this resource.",
        "Connect to a resource the grant names.";
    GR_05 = "E-GR-05", 409, "NoOpenSession", "R-LOCK-36", true,
        "The engineer has no open session under this grant.",
        "Connect first.";
    GR_06 = "E-GR-06", 403, "AuthorizationFailed", "R-LOCK-28", true,
        "Only an Owner of the subscription can revoke this grant.",
        "Ask an Owner of the subscription.";

    ML_01 = "E-ML-01", 404, "MailNotFound", "R-LOCK-14", true,
        "No mail with this id.",
        "List the mails and take an id from there.";

    ARM_03 = "E-ARM-03", 403, "AuthorizationFailed", "R-PERM-08", false,
        "The caller has no authorization to perform this action over this scope.",
        "Ask an Owner for a role that carries the action.";
    ARM_04 = "E-ARM-04", 404, "ResourceNotFound", "R-PERM-08", false,
        "The subscription, resource group or resource does not exist.",
        "Check the name.";

    PPL_01 = "E-PPL-01", 404, "PersonNotFound", "R-PERM-08", true,
        "There is no such person in this world.",
        "Name a person of this world.";
    PPL_02 = "E-PPL-02", 403, "ObserverCannotAct", "R-PERM-08", true,
        "The observer only looks; it cannot act.",
        "Act as a person: --as PERSON, or P in the console.";

    SIM_01 = "E-SIM-01", 403, "SimulatorOnly", "R-PERM-08", true,
        "Only the world file can do this.",
        "Put it in the world file.";
    SIM_02 = "E-SIM-02", 400, "InvalidWorld", "R-PERM-08", true,
        "The world does not fit together.",
        "Correct the world file.";
    SIM_03 = "E-SIM-03", 404, "RuleNotFound", "R-PERM-08", true,
        "There is no such number in the rules.",
        "List the rules.";
    SIM_04 = "E-SIM-04", 400, "InvalidRuleValue", "R-PERM-08", true,
        "This value does not fit the rule.",
        "Give a value in the unit of the rule.";
    SIM_05 = "E-SIM-05", 413, "RequestTooLarge", "R-PERM-08", true,
        "The command is too large.",
        "Shorten its texts.";
}
