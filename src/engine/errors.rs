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
            inner: None,
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

    CC_02 = "E-CC-02", 400, "InvalidRequestContent", "R-CLU-02", false,
        "Request body is empty or not valid JSON for a cluster.",
        "Send identity, sku, location and properties; see a cluster of the REST API.";
    CC_01 = "E-CC-01", 400, "InvalidParameter", "R-CLU-03", true,
        "Cluster name is not valid: use only letters a-z, A-Z and digits, 3 to 63 characters.",
        "Choose another name, for example lacluster01.";
    CC_08 = "E-CC-08", 400, "InvalidParameter", "R-CLU-05", true,
        "No SKU given.",
        "Set the SKU name to capacityReservation and a capacity of at least 1000 GB/day in steps of 100.";
    CC_04 = "E-CC-04", 400, "InvalidParameter", "R-CLU-05", true,
        "A capacity was given but the SKU is not capacityReservation.",
        "Set the SKU name to capacityReservation.";
    CC_03 = "E-CC-03", 400, "InvalidParameter", "R-CLU-04", true,
        "SKU name is not valid.",
        "Set the SKU name to capacityReservation.";
    CC_05 = "E-CC-05", 400, "InvalidParameter", "R-CLU-05", true,
        "The SKU has no capacity.",
        "Give at least 1000 in steps of 100 (GB).";
    CC_06 = "E-CC-06", 400, "InvalidInput", "R-CLU-06", false,
        "Capacity is out of range: minimum 1000, maximum is the highest capacity allowed for you (see \"Usage and estimated costs\").",
        "Give a capacity within the range, in steps of 100; for more, ask Microsoft through a support request.";
    CC_07 = "E-CC-07", 400, "CapacityLocked", "R-CLU-26", true,
        "Capacity is locked for 30 days; it can be lowered 30 days after its last update.",
        "Wait, or keep the capacity.";
    CC_09 = "E-CC-09", 400, "InvalidParameter", "R-CLU-09", true,
        "Identity is empty.",
        "Set identity type SystemAssigned.";
    CC_10 = "E-CC-10", 400, "InvalidParameter", "R-CMK-27", true,
        "Key properties cannot be set at creation.",
        "Create the cluster first, then update it with the key.";
    CC_11 = "E-CC-11", 400, "OperationNotAllowed", "R-CLU-16", true,
        "Cannot run now: another asynchronous operation on this cluster has not succeeded yet.",
        "Wait for it.";
    CC_12 = "E-CC-12", 409, "Conflict", "R-CLU-31", false,
        "The name is reserved by a cluster deleted in the last 14 days.",
        "Ask support to recover it or choose another name.";
    CC_13 = "E-CC-13", 403, "SubscriptionNotAllowed", "R-CMK-07", true,
        "This subscription has not been pre-approved for dedicated clusters in the region.",
        "Contact Microsoft or open a support request; here: lockbox support allow-subscription.";
    CC_14 = "E-CC-14", 409, "QuotaExceeded", "R-CLU-20", true,
        "Limit of 2 clusters for this region and subscription is reached.",
        "Use another region or subscription, or delete a cluster.";
    CC_15 = "E-CC-15", 400, "LocationNotAvailableForResourceType", "R-CMK-19", false,
        "Region unknown.",
        "Name a region such as koreacentral.";

    CU_01 = "E-CU-01", 400, "OperationNotAllowed", "R-CLU-16", true,
        "Cluster is being deleted; its running operation must end before any update.",
        "Nothing to update any more.";
    CU_02 = "E-CU-02", 400, "InvalidParameter", "R-CMK-24", true,
        "Key properties are present but malformed.",
        "Give keyVaultUri (https://NAME.vault.azure.net), keyName and keyVersion.";
    CU_03 = "E-CU-03", 400, "KeyValidationFailed", "R-CMK-23", true,
        "The key could not be validated in Key Vault: permissions are missing or the key does not exist.",
        "Check key and access policy.";
    CU_04 = "E-CU-04", 400, "KeyNotRecoverable", "R-CMK-21", true,
        "The key is not recoverable.",
        "Turn on soft delete and purge protection for the vault.";
    CU_05 = "E-CU-05", 400, "OperationNotAllowed", "R-CLU-16", true,
        "Cannot run now.",
        "Wait for the running asynchronous operation and retry.";
    CU_06 = "E-CU-06", 400, "OperationNotAllowed", "R-CLU-16", true,
        "Cluster is being deleted; wait for the operation to finish and retry.",
        "A deleted cluster takes no key.";
    CU_07 = "E-CU-07", 400, "InvalidParameter", "R-CMK-19", true,
        "Vault, cluster and workspaces must be in the same region and tenant.",
        "Use a vault of the cluster's region and organisation; the subscription may differ.";
    CU_08 = "E-CU-08", 400, "InvalidInput", "R-CLU-25", true,
        "The capacity cannot be updated so.",
        "Give at least 1000 in steps of 100 (GB).";
    CU_09 = "E-CU-09", 400, "InvalidParameter", "R-CLU-10", true,
        "billingType must be cluster or workspaces.",
        "Give cluster or workspaces.";
    CU_10 = "E-CU-10", 400, "InvalidParameter", "R-CLU-11", false,
        "Property is read-only and cannot be set.",
        "Leave it out, or send it back unchanged.";
    CL_07 = "E-CL-07", 400, "ResourceMoveNotSupported", "R-CMK-30", true,
        "A cluster cannot be moved to another resource group or subscription.",
        "Create a new cluster there and link the workspaces to it.";

    CG_01 = "E-CG-01", 404, "ResourceNotFound", "R-CLU-19", false,
        "Cluster not found; it may have been deleted.",
        "If creating the same name conflicts, it is soft-deleted for 14 days: ask support to recover it or use another name.";
    CD_01 = "E-CD-01", 409, "Conflict", "R-CLU-36", false,
        "A cluster cannot be deleted while it is being provisioned.",
        "Wait for the asynchronous operation.";
    CD_02 = "E-CD-02", 204, "NoContent", "R-CLU-19", false,
        "There is nothing to delete.",
        "List the clusters.";

    WL_01 = "E-WL-01", 404, "ResourceNotFound", "R-LNK-01", false,
        "Workspace not found; it does not exist or was deleted.",
        "List the workspaces.";
    WL_02 = "E-WL-02", 409, "Conflict", "R-LNK-12", false,
        "A link or unlink operation for this workspace is already running.",
        "Wait for it.";
    WL_03 = "E-WL-03", 400, "ClusterNotFound", "R-LNK-01", true,
        "Cluster not found; it does not exist or was deleted.",
        "If creating the same name conflicts, it is soft-deleted for 14 days: support can recover it.";
    WL_04 = "E-WL-04", 409, "Conflict", "R-LNK-05", true,
        "Workspace is already linked to another cluster.",
        "Unlink it first.";
    WL_05 = "E-WL-05", 400, "LinkOperationLimitExceeded", "R-LNK-11", true,
        "This workspace already used its 2 link operations of the last 30 days.",
        "Wait until one of them is 30 days old.";
    WL_06 = "E-WL-06", 400, "WorkspaceLimitExceeded", "R-LNK-10", true,
        "Cluster already has 1000 linked workspaces.",
        "Unlink one, or use another cluster.";
    WL_07 = "E-WL-07", 400, "InvalidParameter", "R-LNK-04", true,
        "Workspace and cluster must be in the same region and tenant.",
        "Use a cluster of the workspace's region and organisation; the subscription may differ.";
    WL_08 = "E-WL-08", 400, "ClusterNotProvisioned", "R-LNK-02", true,
        "Cluster is not provisioned yet; linking now would lose data.",
        "Wait until its provisioningState is Succeeded.";
    WL_09 = "E-WL-09", 400, "InvalidParameter", "R-LNK-01", true,
        "writeAccessResourceId must be the id of a cluster.",
        "Give /subscriptions/…/providers/Microsoft.OperationalInsights/clusters/NAME.";
    WU_01 = "E-WU-01", 404, "ResourceNotFound", "R-LNK-08", false,
        "Workspace not found; it does not exist or was deleted.",
        "List the workspaces.";
    WU_02 = "E-WU-02", 409, "Conflict", "R-LNK-12", false,
        "A link or unlink operation for this workspace is already running.",
        "Wait for it.";
    WU_03 = "E-WU-03", 204, "NoContent", "R-LNK-08", true,
        "The workspace is not linked; there is nothing to unlink.",
        "Nothing to do.";
    WS_01 = "E-WS-01", 400, "BadRequest", "R-LNK-07", false,
        "sku.name cannot be changed while the workspace is linked to a cluster.",
        "Leave the sku out, or unlink the workspace first.";
    WS_02 = "E-WS-02", 409, "Conflict", "R-LNK-20", false,
        "The workspace name is not unique.",
        "Choose another name, or recover the deleted workspace by creating it with the same resource group and region.";
    WS_03 = "E-WS-03", 400, "InvalidParameter", "R-LNK-20", true,
        "The workspace is not valid.",
        "Correct the named field.";
    WS_04 = "E-WS-04", 409, "Conflict", "R-LNK-12", true,
        "A workspace that is linked to a cluster cannot be deleted.",
        "Unlink it first.";

    LS_01 = "E-LS-01", 400, "InvalidParameter", "R-BYOS-10", true,
        "dataSourceType must be CustomLogs, AzureWatson, Query, Ingestion or Alerts.",
        "Use Query for saved searches, Alerts for log alert queries.";
    LS_02 = "E-LS-02", 400, "InvalidParameter", "R-BYOS-08", true,
        "Exactly one storage account is allowed for Query and for Alerts.",
        "Name one storage account.";
    LS_03 = "E-LS-03", 400, "InvalidParameter", "R-BYOS-04", true,
        "Storage account must be in the workspace's region.",
        "Name a storage account of the workspace's region.";
    LS_04 = "E-LS-04", 404, "ResourceNotFound", "R-BYOS-08", false,
        "Storage account not found.",
        "List the storage accounts.";
    LS_05 = "E-LS-05", 403, "AuthorizationFailed", "R-PERM-05", false,
        "Write permission on workspace and storage account is required.",
        "Ask an Owner for a role that carries both, for example Contributor.";
    LS_06 = "E-LS-06", 204, "NoContent", "R-BYOS-10", true,
        "No storage account is linked for this; there is nothing to unlink.",
        "Nothing to do.";
    SS_01 = "E-SS-01", 404, "ResourceNotFound", "R-BYOS-01", true,
        "No saved query of this name in the workspace.",
        "List them: lockbox search list.";
    SS_02 = "E-SS-02", 400, "InvalidParameter", "R-BYOS-05", true,
        "The saved query is not valid.",
        "Give category, display name and query.";
    SS_03 = "E-SS-03", 403, "StoredQueryInaccessible", "R-BYOS-11", true,
        "The stored queries cannot be read: the storage account's own key cannot be used.",
        "Restore the key of the storage account.";
    QRY_01 = "E-QRY-01", 403, "WorkspaceDataInaccessible", "R-CMK-43", true,
        "Query failed: the data of this workspace is inaccessible because its encryption key was revoked or cannot be reached.",
        "Restore the key or the access policy, or wait until the vault can be reached.";
    QRY_02 = "E-QRY-02", 404, "WorkspaceNotFoundError", "R-LNK-20", false,
        "Workspace could not be found.",
        "List the workspaces.";
    QRY_03 = "E-QRY-03", 400, "BadArgumentError", "R-CMK-43", true,
        "The query cannot be run as it is written.",
        "Correct it; lockbox tables list shows the tables and their columns.";
    QRY_04 = "E-QRY-04", 404, "SegmentNotFound", "R-CMK-14", true,
        "There is no such segment.",
        "List the segments: lockbox segments list.";
    ING_01 = "E-ING-01", 200, "DataLost", "R-CMK-42", true,
        "DATA LOST: what is sent is accepted and dropped for good.",
        "Restore the key, or unlink the workspace.";
    ING_02 = "E-ING-02", 400, "InvalidTable", "R-CMK-10", true,
        "Data cannot be sent to a table of this name.",
        "Name a built-in table such as AppRequests, or one of your own that ends in _CL.";
    ING_03 = "E-ING-03", 400, "InvalidSchema", "R-CMK-10", true,
        "The data does not fit the columns of its table.",
        "Send it to another table, or leave the column out.";

    KV_01 = "E-KV-01", 403, "Forbidden", "R-KV-08", false,
        "The caller has no keys permission on the vault.",
        "Add the permission to the caller's access policy: lockbox policy set.";
    KV_02 = "E-KV-02", 403, "Forbidden", "R-KV-08", false,
        "The operation is not allowed on a disabled key.",
        "Enable the version: lockbox key enable.";
    KV_03 = "E-KV-03", 404, "KeyNotFound", "R-KV-08", true,
        "No such key in this vault; if deleted recently it may be recoverable.",
        "List the keys: lockbox key list.";
    KV_04 = "E-KV-04", 409, "Conflict", "R-KV-04", false,
        "Key is deleted but recoverable; its name cannot be reused.",
        "Recover it, purge it, or choose another name.";
    KV_05 = "E-KV-05", 403, "Forbidden", "R-KV-03", false,
        "Purge is not allowed: purge protection is on.",
        "The service purges after the retention period.";
    KV_06 = "E-KV-06", 405, "MethodNotAllowed", "R-KV-03", false,
        "Operation DeletedVaultPurge is not allowed.",
        "Purge protection is on; the service purges after the retention period.";
    KV_07 = "E-KV-07", 400, "BadRequest", "R-KV-01", false,
        "enablePurgeProtection cannot be set to false; it is irreversible.",
        "Leave it on.";
    KV_08 = "E-KV-08", 400, "BadRequest", "R-KV-01", true,
        "enableSoftDelete cannot be switched off once on.",
        "Leave it on.";
    KV_09 = "E-KV-09", 409, "ConflictError", "R-KV-04", false,
        "A vault of this name exists in deleted state.",
        "Recover or purge it, or choose another name.";
    KV_10 = "E-KV-10", 403, "Forbidden", "R-KV-08", true,
        "wrapKey is not allowed outside the validity window of the key; unwrapKey is.",
        "Change not-before or expiry, or make a new version.";
    KV_11 = "E-KV-11", 429, "Throttled", "R-CMK-51", true,
        "Too many requests.",
        "Wait and try again.";
    KV_12 = "E-KV-12", 401, "Unauthorized", "R-CMK-09", true,
        "The token is missing or for another audience.",
        "Get a token for https://vault.azure.net.";
    KV_13 = "E-KV-13", 503, "VaultUnreachable", "R-CMK-51", true,
        "The vault cannot be reached: the connection times out.",
        "Wait until the network is back, or end the fault: lockbox fault clear.";
    KV_14 = "E-KV-14", 404, "VaultNotFound", "R-KV-02", true,
        "There is no such vault.",
        "List the vaults: lockbox vault list.";
    KV_15 = "E-KV-15", 400, "InvalidVault", "R-KV-05", true,
        "The vault is not valid.",
        "Correct the named field.";
    KV_16 = "E-KV-16", 409, "VaultAlreadyExists", "R-KV-04", true,
        "The vault name is taken; names are unique in the whole cloud.",
        "Choose another name.";
    KV_17 = "E-KV-17", 400, "BadParameter", "R-KV-06", true,
        "The key is not valid.",
        "Correct the named field.";
    KV_18 = "E-KV-18", 409, "Conflict", "R-KV-02", true,
        "It is not deleted, or not recoverable, so this cannot be done.",
        "See its state.";
    FLT_01 = "E-FLT-01", 400, "InvalidFault", "R-CMK-51", true,
        "The fault cannot be injected.",
        "Correct the named field.";
    ARM_07 = "E-ARM-07", 404, "OperationNotFound", "R-ASY-03", true,
        "There is no operation with this id.",
        "List the operations: lockbox op list.";
    SUP_05 = "E-SUP-05", 403, "AuthorizationFailed", "R-CMK-33", true,
        "Only Microsoft's staff can do this.",
        "Ask through a support request; in the simulation act as somebody of the vendor's staff.";
    SUP_06 = "E-SUP-06", 400, "InvalidParameter", "R-CLU-35", true,
        "Support cannot do this as asked.",
        "Correct the named field.";

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
