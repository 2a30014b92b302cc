//! The activity log (R-AUD-01…06, wire shape f.9). An entry is read off what it is about: the four Lockbox
//! operations off their request, the administrative ones off the event a person caused. What is done inside a
//! vault with its keys is not here but in the vault's own trail.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::cluster::{link, support};
use crate::engine::event::{Actor, Event, Fact};
use crate::engine::ids::{PersonId, RequestId, ResourceId, Revision, SubscriptionId};
use crate::engine::lockbox::request::Operation;
use crate::engine::people::Action;
use crate::engine::random;
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;
use crate::engine::workspace::{linked_storage, saved_search};
use crate::engine::world::World;
use crate::engine::{cluster, ingestion, vault, workspace};

/// One line of the log; the rest of it stands elsewhere in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub revision: Revision,
    pub at: SimTime,
    pub subject: Subject,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One of the four operations of Customer Lockbox (R-AUD-02).
    Lockbox {
        request: RequestId,
        operation: Operation,
    },
    /// Somebody changed a resource.
    Administrative {
        by: PersonId,
        action: Action,
        resource: ResourceId,
    },
}

/// Puts what a person does to a resource on the log: one entry for each accepted command (§d.10, property 9).
/// Before the world evolves, so that what is deleted still has its id.
pub(in crate::engine) fn record(world: &mut World, event: &Event) {
    let Actor::Person(by) = &event.actor else {
        return;
    };
    if let Some((action, resource)) = administrative(world, &event.fact) {
        world.activity.push_back(Activity {
            revision: event.revision,
            at: event.at,
            subject: Subject::Administrative {
                by: by.clone(),
                action,
                resource,
            },
        });
    }
}

/// The ARM action behind a fact, and on which resource.
fn administrative(world: &World, fact: &Fact) -> Option<(Action, ResourceId)> {
    let of_vault = |name| world.vaults.get(name).map(|v| v.id.clone());
    Some(match fact {
        Fact::Vault(f) => match f {
            vault::Fact::Created { id, .. } => (Action::VaultWrite, id.clone()),
            vault::Fact::Updated { vault, .. } | vault::Fact::Recovered { vault } => {
                (Action::VaultWrite, of_vault(vault)?)
            }
            vault::Fact::Deleted { vault, .. } => (Action::VaultDelete, of_vault(vault)?),
            vault::Fact::Purged { vault } => (Action::VaultPurge, of_vault(vault)?),
        },
        Fact::Policy(f) => (Action::PolicyWrite, of_vault(f.vault())?),
        Fact::Cluster(f) => match f {
            cluster::Fact::Created { cluster, .. }
            | cluster::Fact::Updated { cluster, .. }
            | cluster::Fact::KeyUpdateStarted { cluster, .. } => {
                (Action::ClusterWrite, cluster.clone())
            }
            cluster::Fact::DeleteStarted { cluster, .. }
            | cluster::Fact::SoftDeleted { cluster, .. } => {
                (Action::ClusterDelete, cluster.clone())
            }
            _ => return None,
        },
        Fact::Support(support::Fact::ClusterRecovered { cluster }) => {
            (Action::ClusterWrite, cluster.clone())
        }
        Fact::Link(f) => match f {
            link::Fact::Linking { workspace, .. } => (Action::LinkWrite, workspace.clone()),
            link::Fact::Unlinking { workspace, .. } => (Action::LinkDelete, workspace.clone()),
            _ => return None,
        },
        Fact::Workspace(f) => match f {
            workspace::Fact::Created { workspace, .. }
            | workspace::Fact::Updated { workspace, .. }
            | workspace::Fact::Recovered { workspace } => {
                (Action::WorkspaceWrite, workspace.clone())
            }
            workspace::Fact::SoftDeleted { workspace, .. }
            | workspace::Fact::Gone { workspace } => (Action::WorkspaceDelete, workspace.clone()),
        },
        Fact::Search(f) => match f {
            saved_search::Fact::Saved { workspace, .. } => (Action::SearchWrite, workspace.clone()),
            saved_search::Fact::Deleted { workspace, .. } => {
                (Action::SearchDelete, workspace.clone())
            }
        },
        Fact::Storage(f) => match f {
            linked_storage::Fact::Linked { workspace, .. } => {
                (Action::LinkedStorageWrite, workspace.clone())
            }
            linked_storage::Fact::Unlinked { workspace, .. } => {
                (Action::LinkedStorageDelete, workspace.clone())
            }
            linked_storage::Fact::KeySet { account, .. } => (Action::StorageWrite, account.clone()),
            linked_storage::Fact::Founded { .. } => return None,
        },
        Fact::Ingestion(ingestion::Fact::RetentionSet { workspace, .. }) => {
            (Action::WorkspaceWrite, workspace.clone())
        }
        _ => return None,
    })
}

/// One entry, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The documents' label of the operation.
    pub label: &'static str,
    /// Its name on the wire.
    pub action: &'static str,
    /// A person's UPN; the service for Create and Expiry of a request (R-AUD-05).
    pub caller: String,
    /// The request, or the resource.
    pub about: String,
    pub subscription: SubscriptionId,
    pub reason: Untrusted,
    /// Status of the request after the operation; `Succeeded` for administrative ones.
    pub status: &'static str,
}

const SERVICE: &str = "Microsoft Customer Lockbox";

/// The label of an administrative action.
fn label(action: Action) -> &'static str {
    match action {
        Action::VaultWrite => "Update Key Vault",
        Action::VaultDelete => "Delete Key Vault",
        Action::VaultPurge => "Purge Key Vault",
        Action::PolicyWrite => "Update Access Policy",
        Action::ClusterWrite => "Update Cluster",
        Action::ClusterDelete => "Delete Cluster",
        Action::WorkspaceWrite => "Update Workspace",
        Action::WorkspaceDelete => "Delete Workspace",
        Action::LinkWrite => "Link Workspace",
        Action::LinkDelete => "Unlink Workspace",
        Action::LinkedStorageWrite => "Link Storage Account",
        Action::LinkedStorageDelete => "Unlink Storage Account",
        Action::SearchWrite => "Save Query",
        Action::SearchDelete => "Delete Saved Query",
        Action::StorageWrite => "Update Storage Account",
        other => other.word(),
    }
}

pub fn entry(world: &World, activity: &Activity) -> Option<Entry> {
    match &activity.subject {
        Subject::Lockbox { request, operation } => {
            let request = world.lockbox.requests.get(request)?;
            let decision = request
                .decision
                .as_ref()
                .filter(|d| d.revision == activity.revision);
            Some(Entry {
                label: operation.label(),
                action: operation.action(),
                caller: decision.map_or_else(|| SERVICE.to_owned(), |d| upn(world, &d.by)),
                about: request.id.to_string(),
                subscription: request.subscription.clone(),
                reason: decision.map(|d| d.reason.clone()).unwrap_or_default(),
                status: match operation {
                    Operation::Create => "Pending",
                    Operation::Approve => "Approved",
                    Operation::Deny => "Denied",
                    Operation::Expire => "Expired",
                },
            })
        }
        Subject::Administrative {
            by,
            action,
            resource,
        } => Some(Entry {
            label: label(*action),
            action: action.name(),
            caller: upn(world, by),
            about: resource.to_string(),
            subscription: resource.subscription(),
            reason: Untrusted::default(),
            status: "Succeeded",
        }),
    }
}

fn upn(world: &World, person: &PersonId) -> String {
    world
        .people
        .persons
        .get(person)
        .map_or_else(|| person.to_string(), |p| p.upn.to_string())
}

/// The event in the shape of the Insights API.
pub fn wire(world: &World, activity: &Activity) -> Option<Value> {
    let entry = entry(world, activity)?;
    let subscription = world.subscription_guid(&entry.subscription);
    let number = u32::try_from(activity.revision.0).unwrap_or(u32::MAX);
    let event = random::guid(world.seed, "activity-event", number);
    let operation = random::guid(world.seed, "activity-operation", number);
    let (resource, group, provider, kind, correlation, properties, role) = match &activity.subject {
        Subject::Lockbox { request, .. } => {
            let guid = world.request_guid(*request);
            let by_service = entry.caller == SERVICE;
            (
                format!(
                    "/subscriptions/{subscription}/providers/Microsoft.CustomerLockbox/requests/{guid}"
                ),
                String::new(),
                ("Microsoft.CustomerLockbox", "Microsoft Customer Lockbox"),
                (
                    "Microsoft.CustomerLockbox/requests".to_owned(),
                    "Customer Lockbox Request".to_owned(),
                ),
                guid,
                json!({ "lockboxStatus": entry.status, "reason": entry.reason.raw(), "simulation": "true" }),
                if by_service { "" } else { "Owner" },
            )
        }
        Subject::Administrative {
            action, resource, ..
        } => {
            let (_, group, name) = resource.parts();
            // `Microsoft.X/type/…/verb` acts on a resource of type `Microsoft.X/type`.
            let parts: Vec<&str> = action.name().split('/').collect();
            let kind = match parts.as_slice() {
                ["Microsoft.KeyVault", ..] => "Microsoft.KeyVault/vaults".to_owned(),
                [provider, kind, ..] => format!("{provider}/{kind}"),
                _ => String::new(),
            };
            let provider = match parts.first() {
                Some(&"Microsoft.KeyVault") => ("Microsoft.KeyVault", "Microsoft Key Vault"),
                Some(&"Microsoft.Storage") => ("Microsoft.Storage", "Microsoft Storage"),
                _ => (
                    "Microsoft.OperationalInsights",
                    "Microsoft Operational Insights",
                ),
            };
            (
                format!(
                    "/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}"
                ),
                group.to_owned(),
                provider,
                (kind.clone(), kind),
                operation.clone(),
                json!({ "simulation": "true" }),
                "",
            )
        }
    };
    let scope = match &activity.subject {
        Subject::Lockbox { .. } => format!("/subscriptions/{subscription}"),
        Subject::Administrative { .. } => resource.clone(),
    };
    let at = activity
        .at
        .calendar()
        .format("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
        + "0Z";
    // .NET ticks: 100 ns since year 1.
    let ticks = i128::from(activity.at.0) * 10 + 621_355_968_000_000_000;
    let both =
        |value: &str, localized: &str| json!({ "value": value, "localizedValue": localized });
    Some(json!({
        "authorization": { "action": entry.action, "role": role, "scope": scope },
        "caller": entry.caller,
        "channels": "Operation",
        "correlationId": correlation,
        "eventDataId": event,
        "eventName": both("EndRequest", "End request"),
        "category": both("Administrative", "Administrative"),
        "eventTimestamp": at,
        "submissionTimestamp": at,
        "id": format!("{resource}/events/{event}/ticks/{ticks}"),
        "level": "Informational",
        "operationId": operation,
        "operationName": both(entry.action, entry.label),
        "resourceProviderName": both(provider.0, provider.1),
        "resourceType": both(&kind.0, &kind.1),
        "resourceId": resource,
        "resourceGroupName": group,
        "status": both("Succeeded", "Succeeded"),
        "subStatus": both("", ""),
        "subscriptionId": subscription,
        "properties": properties,
    }))
}
