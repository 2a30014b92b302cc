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
use super::ingestion::rate::GB_PER_DAY_MAX;
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
    pub revocation_latency: Span,
    pub resume_latency: Span,
    pub poll_min: Span,
    pub poll_max: Span,
    pub outage_threshold: Span,
    pub buffer_horizon: Span,
    pub cluster_soft_delete: Span,
    pub unlink_duration: Span,
    pub link_duration: Span,
    pub cluster_provisioning: Span,
    pub key_propagation: Span,
    pub clusters_per_region: u32,
    pub workspaces_per_cluster: u32,
    pub link_operations: u32,
    pub link_window: Span,
    pub capacity_min: u32,
    pub capacity_max: u32,
    pub capacity_step: u32,
    pub capacity_lock: Span,
    pub cluster_name_min: u32,
    pub cluster_name_max: u32,
    pub accounts_per_cluster: u32,
    pub strict_link_guard: bool,
    pub vault_retention_min: Span,
    pub vault_retention_max: Span,
    pub vault_retention: Span,
    pub workspace_soft_delete: Span,
    pub workspace_name_min: u32,
    pub workspace_name_max: u32,
    pub retention_min: Span,
    pub retention_max: Span,
    pub retention: Span,
    pub hot_window: Span,
    /// In GB a day.
    pub ingestion_rate: u32,
    /// In bytes.
    pub record_size: u32,
    pub query_interval: Span,
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
            revocation_latency: Span::hours(1),
            resume_latency: Span::minutes(30),
            poll_min: Span::seconds(6),
            poll_max: Span::seconds(60),
            outage_threshold: Span::minutes(30),
            buffer_horizon: Span::hours(6),
            cluster_soft_delete: Span::days(14),
            unlink_duration: Span::minutes(90),
            link_duration: Span::minutes(90),
            cluster_provisioning: Span::minutes(60),
            key_propagation: Span::minutes(5),
            clusters_per_region: 2,
            workspaces_per_cluster: 1_000,
            link_operations: 2,
            link_window: Span::days(30),
            capacity_min: 1_000,
            capacity_max: 3_000,
            capacity_step: 100,
            capacity_lock: Span::days(30),
            cluster_name_min: 3,
            cluster_name_max: 63,
            accounts_per_cluster: 2,
            strict_link_guard: false,
            vault_retention_min: Span::days(7),
            vault_retention_max: Span::days(90),
            vault_retention: Span::days(90),
            workspace_soft_delete: Span::days(14),
            workspace_name_min: 4,
            workspace_name_max: 63,
            retention_min: Span::days(30),
            retention_max: Span::days(730),
            retention: Span::days(31),
            hot_window: Span::days(14),
            ingestion_rate: 20,
            record_size: 700,
            query_interval: Span::minutes(5),
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
        let windows = [
            self.outage_threshold,
            self.buffer_horizon,
            self.cluster_soft_delete,
            self.unlink_duration,
            self.link_duration,
            self.cluster_provisioning,
            self.key_propagation,
            self.link_window,
            self.capacity_lock,
            self.vault_retention_min,
            self.workspace_soft_delete,
            self.retention_min,
            self.hot_window,
            self.query_interval,
        ];
        if windows
            .iter()
            .any(|span| *span <= Span::ZERO || *span > decade)
        {
            return Err(format!("it must be more than 0 and at most {decade}"));
        }
        // The sources give these as bounds, not as delays (i-34, i-35, R-CMK-49).
        let sources = Rules::default();
        if self.revocation_latency < Span::ZERO
            || self.revocation_latency > sources.revocation_latency
        {
            return Err(format!(
                "revocation-latency must be from 0 to {}",
                sources.revocation_latency
            ));
        }
        if self.resume_latency < Span::ZERO || self.resume_latency > sources.resume_latency {
            return Err(format!(
                "resume-latency must be from 0 to {}",
                sources.resume_latency
            ));
        }
        if self.poll_min < sources.poll_min
            || self.poll_max > sources.poll_max
            || self.poll_min > self.poll_max
        {
            return Err(format!(
                "poll-min and poll-max must lie in order between {} and {}",
                sources.poll_min, sources.poll_max
            ));
        }
        let ranges = [
            (
                "vault-retention",
                self.vault_retention_min,
                self.vault_retention,
                self.vault_retention_max,
            ),
            (
                "retention",
                self.retention_min,
                self.retention,
                self.retention_max,
            ),
        ];
        for (name, least, value, most) in ranges {
            if value < least || value > most || most > decade {
                return Err(format!(
                    "{name}-min, {name} and {name}-max must be in order"
                ));
            }
        }
        if self.capacity_step == 0
            || self.capacity_min == 0
            || !self.capacity_min.is_multiple_of(self.capacity_step)
            || self.capacity_max < self.capacity_min
        {
            return Err(
                "capacity-min must be a multiple of capacity-step and at most capacity-max"
                    .to_owned(),
            );
        }
        let counts = [
            self.clusters_per_region,
            self.workspaces_per_cluster,
            self.link_operations,
            self.cluster_name_min,
            self.workspace_name_min,
            self.record_size,
        ];
        if counts.contains(&0)
            || self.cluster_name_max < self.cluster_name_min
            || self.workspace_name_max < self.workspace_name_min
        {
            return Err("it must be at least 1, and a maximum no less than its minimum".to_owned());
        }
        if self.ingestion_rate > GB_PER_DAY_MAX {
            return Err(format!("ingestion-rate must be at most {GB_PER_DAY_MAX}"));
        }
        if self.accounts_per_cluster == 0 || self.accounts_per_cluster > 16 {
            return Err("accounts-per-cluster must be from 1 to 16".to_owned());
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
    number!(
        "revocation-latency",
        revocation_latency,
        "R-CMK-40",
        "When storage enforces a change of key permission, counted from the change; an hour is the bound.",
        "S4 §key-revocation; the bound taken in full, i-34"
    ),
    number!(
        "resume-latency",
        resume_latency,
        "R-CMK-46",
        "When ingestion and query resume after the key can be unwrapped again; 30 minutes are the bound.",
        "S4 §key-revocation; the bound taken in full from the change on, i-35"
    ),
    number!(
        "poll-min",
        poll_min,
        "R-CMK-49",
        "The shortest time between two calls of storage to the vault.",
        "S4 §troubleshooting"
    ),
    number!(
        "poll-max",
        poll_max,
        "R-CMK-49",
        "The longest time between two calls of storage to the vault.",
        "S4 §troubleshooting"
    ),
    number!(
        "outage-threshold",
        outage_threshold,
        "R-CMK-52",
        "How long a vault may be unreachable before storage becomes unavailable.",
        "S4 §troubleshooting; exact 30 minutes SIM, i-37"
    ),
    number!(
        "buffer-horizon",
        buffer_horizon,
        "R-CMK-53",
        "How long ingested data is buffered while the vault is unreachable.",
        "S4 says several hours; 6 hours SIM, i-36"
    ),
    number!(
        "cluster-soft-delete",
        cluster_soft_delete,
        "R-CLU-30",
        "How long a deleted cluster can be recovered and its name stays reserved.",
        "S4 §operations"
    ),
    number!(
        "unlink-duration",
        unlink_duration,
        "R-CLU-34",
        "How long unlinking a workspace takes.",
        "S4 §operations; the bound taken in full, i-24"
    ),
    number!(
        "link-duration",
        link_duration,
        "R-LNK-06",
        "How long linking a workspace takes.",
        "S4 §link; 90 minutes SIM from D2009, i-23"
    ),
    number!(
        "cluster-provisioning",
        cluster_provisioning,
        "R-CLU-14",
        "How long a cluster is being built.",
        "D2009; SIM"
    ),
    number!(
        "key-propagation",
        key_propagation,
        "R-CMK-24",
        "How long a key identifier takes to propagate.",
        "S4 §update-cluster says minutes; 5 SIM"
    ),
    number!(
        "clusters-per-region",
        clusters_per_region,
        "R-CLU-20",
        "Clusters per region and subscription.",
        "S4 §limitations"
    ),
    number!(
        "workspaces-per-cluster",
        workspaces_per_cluster,
        "R-LNK-10",
        "Workspaces linked to one cluster.",
        "S4 §limitations"
    ),
    number!(
        "link-operations",
        link_operations,
        "R-LNK-11",
        "Link operations of one workspace within link-window.",
        "S4 §limitations"
    ),
    number!(
        "link-window",
        link_window,
        "R-LNK-11",
        "The rolling window in which link operations are counted.",
        "S4 §limitations"
    ),
    number!(
        "capacity-min",
        capacity_min,
        "R-CLU-06",
        "The least capacity reservation, in GB a day.",
        "S4 §operations, errors"
    ),
    number!(
        "capacity-max",
        capacity_max,
        "R-CLU-08",
        "The highest capacity reservation without the vendor's help, in GB a day.",
        "S4 §operations"
    ),
    number!(
        "capacity-step",
        capacity_step,
        "R-CLU-07",
        "Steps of the capacity reservation, in GB a day.",
        "S4 §operations"
    ),
    number!(
        "capacity-lock",
        capacity_lock,
        "R-CLU-26",
        "How long after its last update a capacity cannot be lowered.",
        "S4 errors"
    ),
    number!(
        "cluster-name-min",
        cluster_name_min,
        "R-CLU-03",
        "Characters of a cluster name, at least.",
        "S4 errors"
    ),
    number!(
        "cluster-name-max",
        cluster_name_max,
        "R-CLU-03",
        "Characters of a cluster name, at most.",
        "S4 errors"
    ),
    number!(
        "accounts-per-cluster",
        accounts_per_cluster,
        "R-CMK-13",
        "Storage accounts of a dedicated cluster.",
        "SIM"
    ),
    number!(
        "strict-link-guard",
        strict_link_guard,
        "R-LNK-02",
        "Whether linking to a cluster that is still being built is refused instead of losing data.",
        "SIM, i-2"
    ),
    number!(
        "vault-retention-min",
        vault_retention_min,
        "R-KV-05",
        "The shortest soft-delete retention of a vault.",
        "KVSD"
    ),
    number!(
        "vault-retention-max",
        vault_retention_max,
        "R-KV-05",
        "The longest soft-delete retention of a vault.",
        "KVSD"
    ),
    number!(
        "vault-retention",
        vault_retention,
        "R-KV-05",
        "The soft-delete retention of a vault unless it says otherwise.",
        "KVSD"
    ),
    number!(
        "workspace-soft-delete",
        workspace_soft_delete,
        "R-LNK-20",
        "How long a deleted workspace can be recovered.",
        "OREST"
    ),
    number!(
        "workspace-name-min",
        workspace_name_min,
        "R-LNK-20",
        "Characters of a workspace name, at least.",
        "OREST common types"
    ),
    number!(
        "workspace-name-max",
        workspace_name_max,
        "R-LNK-20",
        "Characters of a workspace name, at most.",
        "OREST common types"
    ),
    number!(
        "retention-min",
        retention_min,
        "R-LNK-13",
        "The shortest data retention of a workspace.",
        "general platform knowledge, not in the seeds"
    ),
    number!(
        "retention-max",
        retention_max,
        "R-LNK-13",
        "The longest data retention of a workspace.",
        "general platform knowledge, not in the seeds"
    ),
    number!(
        "retention",
        retention,
        "R-LNK-13",
        "The data retention of a workspace unless it says otherwise.",
        "OREST sample"
    ),
    number!(
        "hot-window",
        hot_window,
        "R-CMK-05",
        "How long ingested data is additionally held in the hot cache.",
        "S4 §overview"
    ),
    number!(
        "ingestion-rate",
        ingestion_rate,
        "R-ING-01",
        "What a new workspace sends in the model, in GB a day.",
        "SIM"
    ),
    number!(
        "record-size",
        record_size,
        "R-ING-02",
        "Bytes of an average record, by which the model counts records.",
        "SIM"
    ),
    number!(
        "query-interval",
        query_interval,
        "R-ING-03",
        "How often the model queries each workspace.",
        "SIM"
    ),
];

/// A rule in words.
#[derive(Debug)]
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
    "R-PERM-02", "Every change of a cluster needs clusters/write, which Owner, Contributor and Log Analytics Contributor carry.", "S4 §update-cluster";
    "R-PERM-03", "Link and unlink need write on both workspace and cluster.", "S4 §link, §operations";
    "R-PERM-04", "Deleting a cluster needs write on the cluster.", "S4 §operations";
    "R-PERM-05", "Linking storage needs write on the workspace and on the storage account.", "S4 §cmk-for-queries";
    "R-PERM-06", "The cluster's identity needs Get, Wrap Key and Unwrap Key; Get lets the service see that the vault is recoverable.", "S4 §grant-key-vault-permissions";
    "R-PERM-07", "The principal of the policy is the cluster's name or principal id, from the create response.", "S4 §grant";
    "R-CMK-01", "Without configuration all data and saved queries are encrypted at rest with Microsoft-managed keys.", "S4 §overview";
    "R-CMK-02", "A customer's key in Key Vault can be used instead; software- and HSM-protected keys are both allowed.", "S4 §overview";
    "R-CMK-03", "Customer-managed keys are delivered on dedicated clusters only.", "S4 §overview";
    "R-CMK-04", "Dedicated clusters begin at a capacity reservation of 1000 GB a day.", "S4 §overview, §limitations";
    "R-CMK-07", "A subscription must be allow-listed by Microsoft before a cluster can be provisioned in a region.", "S4 §overview, §allowing";
    "R-CMK-08", "One system-assigned identity belongs to one resource; the cluster is the bridge between one vault and many workspaces.", "S4 §how-it-works";
    "R-CMK-09", "Cluster storage authenticates to Key Vault with the identity of the cluster resource.", "S4 §how, §keys";
    "R-CMK-05", "Data ingested in the last 14 days is additionally held in the hot cache.", "S4 §overview";
    "R-CMK-06", "The hot cache is under Microsoft keys whatever the customer's key, and follows its revocation.", "S4 §overview";
    "R-CMK-10", "After configuration every ingestion of linked workspaces is encrypted with the customer's key.", "S4 §how";
    "R-CMK-11", "Unlink is possible at any time; new data then goes to Log Analytics storage under the Microsoft key, and old and new stay queryable together.", "S4 §how, §operations";
    "R-CMK-12", "There are three kinds of keys: KEK, AEK, DEK.", "S4 §keys";
    "R-CMK-13", "Each storage account of a cluster generates its own AEK.", "S4 §keys";
    "R-CMK-14", "Data encryption keys are derived from the AEK; one encrypts each block written to disk.", "S4 §keys";
    "R-CMK-15", "Once a key is referenced by the cluster, storage sends wrap and unwrap requests for the AEK to Key Vault.", "S4 §keys";
    "R-CMK-16", "The KEK never leaves Key Vault; an HSM key never leaves the hardware.", "S4 §keys, i-3";
    "R-CMK-17", "Order: allow-list the subscription, vault and key, create the cluster, grant the vault permission, update the cluster with the key, link workspaces.", "S4 §procedure, §update";
    "R-CMK-18", "The portal cannot configure customer-managed keys; the command line and the REST API can.", "S4 §procedure";
    "R-CMK-19", "Vault, cluster and linked workspaces share one region; subscriptions may differ.", "S4 §allowing, §limitations";
    "R-CMK-20", "They are also in one Azure AD tenant.", "S4 §limitations";
    "R-CMK-21", "The vault must be recoverable: soft delete and purge protection on. Both are off by default.", "S4 §storing, §limitations, i-21";
    "R-CMK-22", "The key may be generated in the vault or imported into it.", "S4 §storing";
    "R-CMK-23", "The access policy needs Get, Wrap Key and Unwrap Key for the cluster's principal.", "S4 §grant";
    "R-CMK-24", "A key update writes keyVaultProperties; it is asynchronous, propagates within minutes, and then the new key wraps the AEKs.", "S4 §update";
    "R-CMK-25", "Progress shows on the operation and on the cluster, and both agree.", "S4 §update";
    "R-CMK-26", "The key version is named explicitly.", "S4 §update";
    "R-CMK-27", "Creating a cluster with keyVaultProperties is refused; the identity must exist before a policy can.", "S4 errors, i-6";
    "R-CMK-28", "Updating with keyVaultProperties fails while the Get permission is missing.", "S4 §troubleshooting";
    "R-CMK-29", "Data ingested before configuration stays under the Microsoft key; queries span both.", "S4 §limitations";
    "R-CMK-30", "A cluster cannot be moved to another resource group or subscription.", "S4 §limitations";
    "R-CMK-31", "Encryption works as Azure Storage encryption does.", "S4 §overview";
    "R-CMK-32", "Four parts: vault; cluster resource with an identity that has vault permission; its storage; linked workspaces.", "S4 §how";
    "R-CMK-33", "Help with customer-managed keys comes from Microsoft.", "S4 §troubleshooting";
    "R-CMK-38", "To revoke, disable the key or delete the cluster's access policy.", "S4 §key-revocation";
    "R-CMK-39", "Deleting the key, taking away a needed permission and deleting the vault count the same.", "S4 §key-rotation, SIM";
    "R-CMK-40", "Storage applies a change of key permission within one hour.", "S4 §key-revocation";
    "R-CMK-41", "Then storage is unavailable.", "S4 §key-revocation";
    "R-CMK-42", "New ingestion to linked workspaces is dropped and cannot be recovered.", "S4 §key-revocation";
    "R-CMK-43", "The data cannot be accessed and queries on these workspaces fail.", "S4 §key-revocation";
    "R-CMK-44", "What was ingested before stays in storage while cluster and workspaces are not deleted; retention still purges it at its end, even while it cannot be read.", "S4 §key-revocation";
    "R-CMK-45", "The hot cache is deleted by revocation.", "S4 §key-revocation";
    "R-CMK-46", "Storage polls the vault to unwrap; once that succeeds, ingestion and query resume within 30 minutes.", "S4 §key-revocation";
    "R-CMK-47", "Rotation needs an explicit update of the cluster; until then the previous version is used.", "S4 §key-rotation";
    "R-CMK-48", "Disabling or deleting the old version before the update ends in revocation.", "S4 §key-rotation";
    "R-CMK-49", "Wrap and unwrap calls come every 6 to 60 seconds.", "S4 §troubleshooting";
    "R-CMK-50", "In normal operation the AEK is cached for a short time, then unwrapped again at the vault.", "S4 §troubleshooting";
    "R-CMK-51", "Transient errors are bridged by leaving the key in the cache; query and ingestion continue.", "S4 §troubleshooting";
    "R-CMK-52", "After about 30 minutes without the vault, storage and queries are unavailable.", "S4 §troubleshooting";
    "R-CMK-53", "Meanwhile ingested data is buffered for several hours under the Microsoft key.", "S4 §troubleshooting";
    "R-CMK-54", "When the vault is back, queries work and the buffered data is ingested under the customer's key.", "S4 §troubleshooting";
    "R-CMK-55", "After rotation all data stays accessible, because only the wrapping of the AEK changes.", "S4 §key-rotation";
    "R-CMK-56", "If the old version cannot be used any more, data is inaccessible until the cluster is updated with the new identifier; then ingestion and query resume.", "S4 §troubleshooting, i-5";
    "R-CLU-01", "A cluster needs name, resource group, region, identity SystemAssigned, sku capacityReservation and capacity; billingType is optional.", "S4 errors, D2009";
    "R-CLU-02", "A missing or malformed body is refused.", "S4 errors";
    "R-CLU-03", "A cluster name has 3 to 63 characters a-z, A-Z, 0-9.", "S4 errors, i-8";
    "R-CLU-04", "The sku name is capacityReservation, in any case.", "S4 errors";
    "R-CLU-05", "A capacity without that sku name, no sku, and a sku without capacity each have an error of their own.", "S4 errors";
    "R-CLU-06", "The capacity is at least 1000 GB a day.", "S4 §operations";
    "R-CLU-07", "The capacity goes in steps of 100.", "S4 §operations";
    "R-CLU-08", "More than 3000 GB a day only if Microsoft enabled it for the subscription.", "S4 §operations, errors";
    "R-CLU-09", "The identity is set and of type SystemAssigned.", "S4 errors";
    "R-CLU-10", "billingType is cluster, the default, or workspaces.", "S4 §operations";
    "R-CLU-11", "An update names only what changes.", "S4 §operations";
    "R-CLU-12", "In 2020 billingType is changed by REST only; here by command as well (extension).", "S4, D2009";
    "R-CLU-13", "Creation is accepted with an operation to follow.", "S4 §async";
    "R-CLU-14", "While it is built a cluster is ProvisioningAccount, then Succeeded; that takes up to an hour.", "D2009";
    "R-CLU-15", "The principal id is minted at creation and is in the response.", "S4 §create note, D2009";
    "R-CLU-16", "No update while another operation runs.", "S4 §troubleshooting";
    "R-CLU-17", "If deployment fails, first check that vault, cluster and workspaces share a region.", "S4 §troubleshooting";
    "R-CLU-18", "Clusters are listed by resource group and by subscription.", "S4 §operations";
    "R-CLU-19", "A deleted cluster is not found; the error hints at the soft delete.", "S4 errors";
    "R-CLU-20", "At most 2 clusters per region and subscription; deleted ones do not count.", "S4 §limitations, i-19";
    "R-CLU-21", "The quota is per region and subscription, so another region has its own.", "S4 §limitations";
    "R-CLU-25", "A capacity update follows the same range and step.", "S4 §operations";
    "R-CLU-26", "A capacity cannot be lowered until 30 days after its last update.", "S4 errors";
    "R-CLU-27", "Each accepted capacity stamps lastSkuUpdate and restarts the 30 days.", "S4 JSON, i-12";
    "R-CLU-30", "Delete is a soft delete; a cluster with its data can be recovered for 14 days.", "S4 §operations";
    "R-CLU-31", "Its name stays reserved meanwhile.", "S4 §operations";
    "R-CLU-32", "After 14 days the name is released and cluster and data are gone for good.", "S4 §operations";
    "R-CLU-33", "All linked workspaces are unlinked by the delete; new data goes to Log Analytics storage under the Microsoft key.", "S4 §operations";
    "R-CLU-34", "That takes up to 90 minutes, one job for each workspace; without linked workspaces the delete is immediate.", "S4 §operations, §async";
    "R-CLU-35", "Recovery is done by the product group on a support request; workspaces must be linked anew.", "S4 §operations";
    "R-CLU-36", "A cluster cannot be deleted while it is provisioned.", "S4 errors";
    "R-CLU-37", "The data of a deleted cluster cannot be queried; after recovery it can.", "S4, D2507, SIM";
    "R-LNK-01", "A link is the linked service named cluster, with the cluster's id.", "D2009, OREST";
    "R-LNK-02", "Link only after the cluster is provisioned: what is ingested before is dropped for good.", "S4 §link, §limitations, i-1";
    "R-LNK-03", "Linking needs write on workspace and cluster.", "S4 §link";
    "R-LNK-04", "Workspace and cluster are in one region and tenant; subscriptions may differ.", "S4 §limitations";
    "R-LNK-05", "A workspace linked to another cluster cannot be linked.", "S4 §limitations";
    "R-LNK-06", "Linking is asynchronous.", "S4 §link";
    "R-LNK-07", "A workspace is linked when it has features.clusterResourceId.", "S4 §operations";
    "R-LNK-08", "Unlinking is possible at any time, asynchronous, with the same permissions.", "S4 §operations";
    "R-LNK-09", "Data from before and after unlinking can be queried as long as the cluster is provisioned and has a valid key.", "S4 §operations";
    "R-LNK-10", "At most 1000 workspaces are linked to a cluster.", "S4 §limitations";
    "R-LNK-11", "At most 2 link operations of a workspace in a rolling window of 30 days.", "S4 §limitations, i-10";
    "R-LNK-12", "One link or unlink at a time for a workspace.", "S4 errors";
    "R-LNK-13", "Linking leaves other settings of the workspace, such as retention, as they are.", "D2009";
    "R-LNK-14", "Unlinking during revocation is allowed and stops further loss.", "emergent, SIM";
    "R-LNK-15", "Linking again after a recovery uses the same quota.", "emergent";
    "R-LNK-20", "A deleted workspace can be recovered for 14 days.", "OREST";
    "R-BYOS-01", "With an own storage account linked, saved searches and log alert queries are kept there.", "S4 §cmk-for-queries";
    "R-BYOS-02", "The storage account may use the cluster's key or another one.", "S4 §cmk-for-queries";
    "R-BYOS-03", "Queries in workbooks, dashboards, Logic Apps, notebooks and runbooks stay under the Microsoft key.", "S4 §cmk-for-queries";
    "R-BYOS-04", "The storage account is in the workspace's region.", "S4 §cmk-for-queries";
    "R-BYOS-05", "Stored saved searches are service artefacts; their format may change.", "S4 §cmk-for-queries";
    "R-BYOS-06", "Linking for Query removes the existing saved searches from the workspace.", "S4 §cmk-for-queries";
    "R-BYOS-07", "Query history is not supported then.", "S4 §cmk-for-queries";
    "R-BYOS-08", "One storage account per workspace for queries, usable for saved searches and log alerts.", "S4 §cmk-for-queries, i-11";
    "R-BYOS-09", "Pinning to a dashboard is not supported then.", "S4 §cmk-for-queries";
    "R-BYOS-10", "Linked for Query, new saved searches are stored in the account; linked for Alerts, new alert queries.", "S4 §cmk-for-queries";
    "R-BYOS-11", "Revoking the storage account's own key makes the queries stored there unreadable.", "emergent, SIM";
    "R-ING-01", "In the model each workspace sends at a rate of its own, constant within five-minute buckets; a new one sends the rate of the rules.", "SIM, design.md §3";
    "R-ING-02", "The model counts records by an average size.", "SIM";
    "R-ING-03", "The model queries each workspace on a schedule; a query fails while the data of a cluster the workspace is linked to cannot be read.", "SIM";
    "R-ASY-01", "Slow steps are accepted at once and run asynchronously.", "S4 §async";
    "R-ASY-02", "An operation has a path under its region.", "S4 §async";
    "R-ASY-03", "It shows id, name, status and startTime, and at the end endTime and error.", "S4 §async";
    "R-ASY-04", "Its status is InProgress, Updating for a key update, Deleting for a cluster with links, then Succeeded or Failed.", "S4 §async";
    "R-ASY-05", "Deleting a cluster without linked workspaces completes at once.", "S4 §async";
    "R-ASY-06", "Cluster or workspace show the progress as well.", "S4 §troubleshooting";
    "R-ASY-07", "Creating a cluster, updating its key and deleting it are long.", "S4 §troubleshooting";
    "R-ASY-08", "Only Succeeded, Failed and Canceled end an operation.", "azure-core behaviour";
    "R-KV-01", "Soft delete cannot be switched off; purge protection needs it and is irreversible.", "KVSD";
    "R-KV-02", "A deleted vault or key can only be listed, shown, recovered and purged.", "KVSD";
    "R-KV-03", "Purge needs a permission of its own and is refused while purge protection is on.", "KVSD";
    "R-KV-04", "The name of a deleted vault or key cannot be used again.", "KVSD";
    "R-KV-05", "Retention is 7 to 90 days, 90 by default, and fixed once set.", "KVSD";
    "R-KV-06", "Each change of key material is a version with an id of 32 hexadecimal digits.", "KVD";
    "R-KV-07", "A wrapped AEK can be unwrapped only with the version that wrapped it.", "cryptography; explains R-CMK-48";
    "R-KV-08", "Disabled or without a policy is 403, unknown is 404.", "KVERR";
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
            ("revocation-latency", "1h"),
            ("resume-latency", "30m"),
            ("poll-min", "6s"),
            ("poll-max", "1m"),
            ("outage-threshold", "30m"),
            ("buffer-horizon", "6h"),
            ("cluster-soft-delete", "14d"),
            ("unlink-duration", "1h30m"),
            ("link-duration", "1h30m"),
            ("cluster-provisioning", "1h"),
            ("key-propagation", "5m"),
            ("clusters-per-region", "2"),
            ("workspaces-per-cluster", "1000"),
            ("link-operations", "2"),
            ("link-window", "30d"),
            ("capacity-min", "1000"),
            ("capacity-max", "3000"),
            ("capacity-step", "100"),
            ("capacity-lock", "30d"),
            ("cluster-name-min", "3"),
            ("cluster-name-max", "63"),
            ("accounts-per-cluster", "2"),
            ("strict-link-guard", "false"),
            ("vault-retention-min", "7d"),
            ("vault-retention-max", "90d"),
            ("vault-retention", "90d"),
            ("workspace-soft-delete", "14d"),
            ("workspace-name-min", "4"),
            ("workspace-name-max", "63"),
            ("retention-min", "30d"),
            ("retention-max", "730d"),
            ("retention", "31d"),
            ("hot-window", "14d"),
            ("ingestion-rate", "20"),
            ("record-size", "700"),
            ("query-interval", "5m"),
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
