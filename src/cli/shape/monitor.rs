//! Clusters, operations, workspaces, links, linked storage and saved queries (`domain.md` f.1…f.6), as they are
//! sent, with what the wire does not say beside.

use serde_json::{Value, json};

use crate::cli::failure::error_body;
use crate::engine::World;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::cluster::link::Link;
use crate::engine::cluster::operation::Operation;
use crate::engine::cluster::preflight::{Finding, Standing};
use crate::engine::cluster::{self, Cluster, State, wire};
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::route::Route;
use crate::engine::resources::ResourceKind;
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::access_policy::Caller;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::linked_storage::StorageAccount;
use crate::engine::workspace::saved_search::Saved;

pub fn cluster(world: &World, cluster: &Cluster) -> Value {
    let mut value = wire::cluster(world, cluster);
    let protection = &cluster.protection;
    value["resource"] = json!(cluster.id.as_str());
    value["kid"] = json!(cluster.key.as_ref().map(|k| k.kid()));
    value["createdDate"] = json!(cluster.created_at);
    value["deletedDate"] = json!(cluster.deleted.map(|d| d.at));
    value["scheduledPurgeDate"] = json!(cluster.deleted.map(|d| d.purge_at));
    value["operation"] = json!(cluster.operation);
    value["capacityLockedUntil"] = json!(cluster.sku_updated_at + world.rules.capacity_lock);
    value["encryption"] = json!({
        "state": protection.state.word(),
        "since": protection.since,
        "deadline": deadline(&protection.state),
        "readable": cluster::encryption::why_unreadable(cluster).is_none(),
        "why": cluster::encryption::why_unreadable(cluster),
        "refusedSince": protection.refused.map(|c| c.at),
        "buffer": protection.buffer.map(|b| json!({
            "since": b.since, "until": b.until, "full": b.full,
        })),
    });
    value["accounts"] = cluster
        .accounts
        .iter()
        .map(|a| {
            json!({
                "id": a.id,
                "aek": a.customer.unwrap_or(a.microsoft),
                "wrappedBy": match a.customer {
                    Some(_) => cluster.key.as_ref().map(|k| k.kid()),
                    None => Some("Microsoft".to_owned()),
                },
                "microsoftAek": a.microsoft,
            })
        })
        .collect();
    value["workspaces"] = cluster
        .links
        .iter()
        .filter_map(|id| world.workspaces.get(id))
        .map(|w| json!({ "resource": w.id.as_str(), "link": w.link.word() }))
        .collect();
    value
}

/// When the state of the encryption ends by itself.
pub fn deadline(state: &Encryption) -> Option<SimTime> {
    match state {
        Encryption::RevocationPending { enforce_at, .. } => Some(*enforce_at),
        Encryption::Resuming { until } => Some(*until),
        Encryption::TransientOutage { live_site_at, .. } => Some(*live_site_at),
        Encryption::MicrosoftKey
        | Encryption::Active
        | Encryption::Revoked
        | Encryption::LiveSite => None,
    }
}

pub fn operation(world: &World, operation: &Operation) -> Value {
    let mut value = wire::operation(world, operation);
    value["operation"] = json!(operation.id);
    value["kind"] = json!(operation.kind);
    value["cluster"] = json!(operation.cluster.as_str());
    value["workspace"] = json!(operation.workspace.as_ref().map(ResourceId::as_str));
    value["kid"] = json!(operation.key.as_ref().map(|k| k.kid()));
    value["expectedEnd"] = json!(operation.expected_end);
    value["startedBy"] = json!(operation.revision.0);
    value
}

pub fn standing(standing: &Standing) -> Value {
    json!({
        "step": standing.step,
        "title": standing.step.title(),
        "progress": standing.progress,
        "note": standing.note,
    })
}

pub fn finding(finding: &Finding) -> Value {
    let (note, error) = match &finding.verdict {
        Ok(note) => (note.clone(), Value::Null),
        Err(no) => (no.message.clone(), error_body(no)["error"].take()),
    };
    json!({
        "what": finding.what,
        "ok": finding.verdict.is_ok(),
        "note": note,
        "error": error,
        "extension": true,
    })
}

pub fn workspace(world: &World, workspace: &Workspace) -> Value {
    let cluster = workspace.link.linked_to();
    let mut features = json!({
        "legacy": 0,
        "searchVersion": 1,
        "enableLogAccessUsingOnlyResourcePermissions": true,
    });
    if let Some(cluster) = cluster {
        let id = super::arm_id(world, cluster, ResourceKind::Cluster);
        features["clusterResourceId"] = json!(id);
    }
    json!({
        "properties": {
            "source": "Azure",
            "customerId": world.customer_guid(workspace),
            "provisioningState": "Succeeded",
            "sku": { "name": workspace.effective_sku() },
            "retentionInDays": workspace.retention.0 / Span::days(1).0,
            "features": features,
            "forceCmkForQuery": !workspace.keeps_query_history(),
        },
        "id": super::arm_id(world, &workspace.id, ResourceKind::Workspace),
        "name": workspace.id.name(),
        "type": ResourceKind::Workspace.arm_type(),
        "location": &*workspace.location,
        "resource": workspace.id.as_str(),
        "link": link_state(&workspace.link),
        "createdDate": workspace.created_at,
        "deletedDate": workspace.deleted.map(|d| d.at),
        "scheduledPurgeDate": workspace.deleted.map(|d| d.purge_at),
        "linkedStorageAccounts": linked_storage(world, workspace),
        "placements": workspace
            .placements
            .iter()
            .map(|p| json!({ "cluster": p.cluster.as_str(), "from": p.from, "until": p.until }))
            .collect::<Value>(),
    })
}

fn link_state(link: &Link) -> Value {
    let since = match link {
        Link::Unlinked => None,
        Link::Linking { since, .. }
        | Link::Linked { since, .. }
        | Link::Unlinking { since, .. } => Some(*since),
    };
    json!({
        "state": link.word(),
        "cluster": link.cluster().map(ResourceId::as_str),
        "since": since,
        "operation": link.operation(),
    })
}

/// Where new data goes.
pub fn route(route: &Route) -> Value {
    json!({
        "words": route.words(),
        "lost": route.loss().is_some(),
        "error": route.loss().map(|no| error_body(&no)["error"].take()),
    })
}

/// The linked service `cluster` of a workspace (f.4).
pub fn link(world: &World, workspace: &Workspace) -> Value {
    let id = super::arm_id(world, &workspace.id, ResourceKind::Workspace);
    let cluster = workspace.link.cluster();
    let building = cluster
        .and_then(|id| world.clusters.get(id))
        .is_some_and(|c| c.state == State::ProvisioningAccount);
    let state = match &workspace.link {
        Link::Unlinked => None,
        Link::Linking { .. } if building => Some("ProvisioningAccount"),
        Link::Linking { .. } => Some("Updating"),
        Link::Linked { .. } => Some("Succeeded"),
        Link::Unlinking { .. } => Some("Deleting"),
    };
    json!({
        "properties": {
            "writeAccessResourceId": cluster
                .map(|id| super::arm_id(world, id, ResourceKind::Cluster)),
            "provisioningState": state,
        },
        "id": format!("{id}/linkedservices/cluster"),
        "name": format!("{}/Cluster", workspace.id.name()),
        "type": "Microsoft.OperationalInsights/workspaces/linkedServices",
        "workspace": workspace.id.as_str(),
        "link": link_state(&workspace.link),
    })
}

/// What is linked to a workspace, by kind of data (f.5).
pub fn linked_storage(world: &World, workspace: &Workspace) -> Value {
    let id = super::arm_id(world, &workspace.id, ResourceKind::Workspace);
    workspace
        .storage
        .iter()
        .map(|(source, accounts)| {
            json!({
                "properties": {
                    "dataSourceType": source,
                    "storageAccountIds": accounts
                        .iter()
                        .map(|a| json!(super::arm_id(world, a, ResourceKind::StorageAccount)))
                        .collect::<Value>(),
                },
                "id": format!("{id}/linkedStorageAccounts/{source}"),
                "name": source,
                "type": "Microsoft.OperationalInsights/workspaces/linkedStorageAccounts",
                "accounts": super::ids(accounts),
            })
        })
        .collect()
}

pub fn storage_account(world: &World, now: SimTime, account: &StorageAccount) -> Value {
    let opens = world.storage_opens(now, &account.id);
    json!({
        "id": super::arm_id(world, &account.id, ResourceKind::StorageAccount),
        "name": account.id.name(),
        "type": ResourceKind::StorageAccount.arm_type(),
        "location": &*account.location,
        "identity": {
            "type": cluster::IDENTITY,
            "principalId": world.principal_guid(&Caller::Identity(account.identity)),
        },
        "resource": account.id.as_str(),
        "keySource": match account.key {
            Some(_) => "Microsoft.Keyvault",
            None => "Microsoft.Storage",
        },
        "kid": account.key.as_ref().map(|k| k.kid()),
        "opens": opens.is_ok(),
        "why": opens.err().map(|no| no.message),
        "linkedFrom": linked_from(world, &account.id)
            .map(|(workspace, source)| json!({
                "workspace": workspace.as_str(), "dataSourceType": source,
            }))
            .collect::<Value>(),
    })
}

/// Which workspaces keep what in a storage account.
pub fn linked_from<'a>(
    world: &'a World,
    account: &'a ResourceId,
) -> impl Iterator<Item = (&'a ResourceId, &'static str)> {
    world.workspaces.values().flat_map(move |w| {
        w.storage
            .iter()
            .filter(move |(_, accounts)| accounts.contains(account))
            .map(move |(source, _)| (&w.id, source.word()))
    })
}

/// A saved search or alert query (f.6).
pub fn saved(world: &World, workspace: &ResourceId, saved: &Saved) -> Value {
    let id = super::arm_id(world, workspace, ResourceKind::Workspace);
    json!({
        "etag": format!("W/\"{}\"", saved.revision),
        "id": format!("{id}/savedSearches/{}", saved.name),
        "name": &*saved.name,
        "properties": {
            "category": saved.category.raw(),
            "displayName": saved.display_name.raw(),
            "query": saved.query.raw(),
        },
        "workspace": workspace.as_str(),
        "kind": saved.kind,
        "keptIn": saved.kept_in.as_ref().map(ResourceId::as_str),
        "savedDate": saved.at,
    })
}
