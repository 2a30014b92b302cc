//! Errors of form in what is sent about workspaces: data sources of linked storage, the cluster of a link, saved
//! searches (`domain.md` f.4…f.6).

use std::sync::Arc;

use serde::Deserialize;

use super::linked_storage::DataSource;
use super::saved_search::{Command, Kind};
use crate::engine::errors;
use crate::engine::ids::ResourceId;
use crate::engine::refusal::Refusal;
use crate::engine::text::scrub;
use crate::engine::words::did_you_mean;
use crate::engine::world::World;

/// E-LS-01: the last segment of the path.
pub fn data_source(text: &str) -> Result<DataSource, Refusal> {
    text.parse().map_err(|e: crate::engine::words::UnknownWord| {
        errors::LS_01
            .says(format!(
                "dataSourceType must be CustomLogs, AzureWatson, Query, Ingestion or Alerts, not {}.",
                scrub(text)
            ))
            .target("dataSourceType")
            .remedy(did_you_mean(e.nearest.as_deref(), errors::LS_01.remedy))
    })
}

/// The body of a linked service: which cluster is meant (E-WL-09). Whether it exists is decided later.
pub fn linked_cluster(world: &World, json: &str) -> Result<ResourceId, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        properties: Properties,
    }
    #[derive(Deserialize)]
    struct Properties {
        #[serde(alias = "WriteAccessResourceId", rename = "writeAccessResourceId")]
        write_access_resource_id: String,
    }
    let body: Body = serde_json::from_str(json).map_err(|e| {
        errors::WL_09
            .says(format!("The linked service cannot be read: {e}."))
            .target("writeAccessResourceId")
    })?;
    cluster_id(world, &body.properties.write_access_resource_id)
}

/// A cluster by its ARM path (E-WL-09); the short id of a subscription stands for its GUID too.
pub fn cluster_id(world: &World, path: &str) -> Result<ResourceId, Refusal> {
    let wrong = || {
        errors::WL_09
            .says(format!(
                "writeAccessResourceId must be the id of a cluster, not {}.",
                scrub(path)
            ))
            .target("writeAccessResourceId")
    };
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let [
        subscriptions,
        guid,
        groups,
        group,
        providers,
        provider,
        kind,
        name,
    ] = parts.as_slice()
    else {
        return Err(wrong());
    };
    let fits = subscriptions.eq_ignore_ascii_case("subscriptions")
        && groups.eq_ignore_ascii_case("resourceGroups")
        && providers.eq_ignore_ascii_case("providers")
        && provider.eq_ignore_ascii_case("Microsoft.OperationalInsights")
        && kind.eq_ignore_ascii_case("clusters")
        && !name.is_empty();
    if !fits {
        return Err(wrong());
    }
    let subscription = world
        .resources
        .subscriptions
        .keys()
        .find(|id| id.as_str() == *guid || world.subscription_guid(id).eq_ignore_ascii_case(guid))
        .ok_or_else(wrong)?;
    let exact = crate::engine::resources::Resource::id_for(subscription, group, name);
    // Names of resources compare without case.
    let known = world
        .clusters
        .keys()
        .find(|id| id.as_str().eq_ignore_ascii_case(exact.as_str()));
    Ok(known.cloned().unwrap_or(exact))
}

/// The body of a saved search (f.6).
pub fn saved_search(
    workspace: &ResourceId,
    kind: Kind,
    name: &str,
    json: &str,
) -> Result<Command, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        properties: Properties,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Properties {
        category: String,
        display_name: String,
        query: String,
    }
    let body: Body = serde_json::from_str(json).map_err(|e| {
        errors::SS_02
            .says(format!("The saved query cannot be read: {e}."))
            .target("properties")
    })?;
    Ok(Command::Save {
        workspace: workspace.clone(),
        kind,
        name: Arc::from(name),
        category: body.properties.category.into(),
        display_name: body.properties.display_name.into(),
        query: body.properties.query.into(),
    })
}
