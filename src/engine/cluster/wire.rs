//! Clusters as they are sent (`domain.md` f.2): a JSON body to a command's body, or why it cannot be read. What
//! the members mean together is decided, not parsed.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Body, Cluster, IDENTITY, KeyProperties, SKU, Sku, State};
use crate::engine::errors;
use crate::engine::refusal::Refusal;
use crate::engine::resources::ResourceKind;
use crate::engine::vault;
use crate::engine::world::World;

/// The body of a PUT or PATCH (E-CC-02, E-CU-02, E-CU-10). Names of members compare without case; read-only
/// members are tolerated when they come back unchanged (`az … update` does GET and PUT).
pub fn body(world: &World, existing: Option<&Cluster>, json: &str) -> Result<Body, Refusal> {
    let form = |what: String| errors::CC_02.says(what).target("body");
    let value: Value = serde_json::from_str(json).map_err(|e| {
        form(format!(
            "Request body is empty or not valid JSON for a cluster: {e}."
        ))
    })?;
    let Value::Object(root) = &value else {
        return Err(form(
            "Request body is not an object, so it is no cluster.".to_owned(),
        ));
    };
    let shown = existing.map(|c| cluster(world, c));
    unchanged(root, shown.as_ref(), "", &["id", "name", "type"])?;
    let mut body = Body {
        location: text(root, "location")?,
        ..Body::default()
    };
    if let Some(sku) = object(root, "sku")? {
        unchanged(sku, at(&shown, "sku"), "sku.", &["lastSkuUpdate"])?;
        let capacity =
            match get(sku, "capacity") {
                None | Some(Value::Null) => None,
                Some(n) => Some(n.as_u64().ok_or_else(|| {
                    form(format!("sku.capacity is {n}; a whole number is wanted."))
                })?),
            };
        body.sku = Some(Sku {
            name: text(sku, "name")?,
            capacity,
        });
    }
    if let Some(identity) = object(root, "identity")? {
        let fixed = ["principalId", "tenantId"];
        unchanged(identity, at(&shown, "identity"), "identity.", &fixed)?;
        body.identity = text(identity, "type")?;
    }
    if let Some(properties) = object(root, "properties")? {
        let fixed = [
            "provisioningState",
            "clusterId",
            "associatedWorkspaces",
            "createdDate",
            "lastModifiedDate",
        ];
        unchanged(properties, at(&shown, "properties"), "properties.", &fixed)?;
        body.billing = text(properties, "billingType")?;
        match get(properties, "keyVaultProperties") {
            None | Some(Value::Null) => {}
            // A new cluster takes no key, in whatever form: that is decided in its turn (E-CC-10).
            Some(_) if existing.is_none() => body.key = Some(KeyProperties::default()),
            Some(Value::Object(key)) => body.key = Some(key_properties(key)?),
            Some(other) => {
                return Err(errors::CU_02
                    .says(format!(
                        "Key properties are present but malformed: {other} is no object."
                    ))
                    .target("properties.keyVaultProperties"));
            }
        }
    }
    Ok(body)
}

fn key_properties(key: &Map<String, Value>) -> Result<KeyProperties, Refusal> {
    const KNOWN: [&str; 3] = ["keyVaultUri", "keyName", "keyVersion"];
    // i-16: `kyName`, as one sample has it, is not accepted.
    if let Some(strange) = key
        .keys()
        .find(|k| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(k)))
    {
        return Err(errors::CU_02
            .says(format!(
                "Key properties are present but malformed: there is no member {}.",
                crate::engine::text::scrub(strange)
            ))
            .target("properties.keyVaultProperties"));
    }
    let member = |name| {
        text(key, name).map_err(|_| {
            errors::CU_02
                .says(format!(
                    "Key properties are present but malformed: {name} is no text."
                ))
                .target("properties.keyVaultProperties")
        })
    };
    Ok(KeyProperties {
        key_vault_uri: member("keyVaultUri")?,
        key_name: member("keyName")?,
        key_version: member("keyVersion")?,
    })
}

fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn text(object: &Map<String, Value>, name: &str) -> Result<Option<Arc<str>>, Refusal> {
    match get(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(other) => Err(errors::CC_02
            .says(format!("{name} is {other}; a text is wanted."))
            .target(name)),
    }
}

fn object<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match get(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(other) => Err(errors::CC_02
            .says(format!("{name} is {other}; an object is wanted."))
            .target(name)),
    }
}

fn at<'a>(shown: &'a Option<Value>, name: &str) -> Option<&'a Value> {
    shown.as_ref()?.get(name)
}

/// E-CU-10.
fn unchanged(
    sent: &Map<String, Value>,
    shown: Option<&Value>,
    path: &str,
    fixed: &[&str],
) -> Result<(), Refusal> {
    for name in fixed {
        let Some(value) = get(sent, name) else {
            continue;
        };
        let now = shown.and_then(|s| s.get(name)).unwrap_or(&Value::Null);
        let same = match (value, now) {
            (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        };
        if !same {
            return Err(errors::CU_10
                .says(format!("{path}{name} is read-only and cannot be set."))
                .target(format!("{path}{name}")));
        }
    }
    Ok(())
}

/// A cluster as GET answers it.
pub fn cluster(world: &World, cluster: &Cluster) -> Value {
    let (subscription, group, name) = cluster.id.parts();
    let tenant = world
        .tenant_of(&subscription)
        .map(|t| crate::engine::random::guid_of(world.seed, "tenant", t.as_str()));
    let principal = vault::access_policy::Caller::Identity(cluster.identity);
    let mut properties = json!({
        "provisioningState": match cluster.state {
            State::SoftDeleted => "Deleted",
            state => state.word(),
        },
        "billingType": cluster.billing.word(),
        "clusterId": world.cluster_guid(cluster),
    });
    if let Some(key) = &cluster.key {
        properties["keyVaultProperties"] = json!({
            "keyVaultUri": vault::uri(&key.vault),
            "keyName": key.key.as_str(),
            "keyVersion": key.version.as_str(),
        });
    }
    json!({
        "identity": {
            "type": IDENTITY,
            "tenantId": tenant,
            "principalId": world.principal_guid(&principal),
        },
        "sku": {
            "name": SKU,
            "capacity": cluster.capacity,
            "lastSkuUpdate": cluster.sku_updated_at.to_http_date(),
        },
        "properties": properties,
        "id": format!(
            "/subscriptions/{}/resourceGroups/{group}/providers/{}/{name}",
            world.subscription_guid(&subscription),
            ResourceKind::Cluster.arm_type(),
        ),
        "name": name,
        "type": ResourceKind::Cluster.arm_type(),
        "location": &*cluster.location,
    })
}

/// An operation as its URL answers it (f.1, i-14: no endTime before the end).
pub fn operation(world: &World, operation: &super::operation::Operation) -> Value {
    let mut value = json!({
        "id": world.operation_path(operation),
        "name": world.operation_guid(operation.id),
        "status": operation.status.word(),
        "startTime": operation.started_at,
    });
    if let Some(at) = operation.ended_at {
        value["endTime"] = json!(at);
    }
    if let Some(error) = &operation.error {
        value["error"] = json!({ "code": error.code, "message": error.message });
    }
    value
}
