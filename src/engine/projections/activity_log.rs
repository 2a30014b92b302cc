//! The activity log (R-AUD-01…06, wire shape f.9). An entry is read off its request.

use serde_json::{Value, json};

use crate::engine::lockbox::Activity;
use crate::engine::lockbox::request::{Operation, Request};
use crate::engine::random;
use crate::engine::text::Untrusted;
use crate::engine::world::World;

/// One entry, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The approver's UPN for Approve and Deny, the service for Create and Expiry (R-AUD-05).
    pub caller: String,
    pub reason: Untrusted,
    /// Status of the request after the operation.
    pub lockbox_status: &'static str,
}

const SERVICE: &str = "Microsoft Customer Lockbox";

pub fn entry(world: &World, activity: &Activity, request: &Request) -> Entry {
    let decision = request
        .decision
        .as_ref()
        .filter(|d| d.revision == activity.revision);
    Entry {
        caller: decision.map_or_else(
            || SERVICE.to_owned(),
            |d| {
                world
                    .people
                    .persons
                    .get(&d.by)
                    .map_or_else(|| d.by.to_string(), |p| p.upn.to_string())
            },
        ),
        reason: decision.map(|d| d.reason.clone()).unwrap_or_default(),
        lockbox_status: match activity.operation {
            Operation::Create => "Pending",
            Operation::Approve => "Approved",
            Operation::Deny => "Denied",
            Operation::Expire => "Expired",
        },
    }
}

/// The event in the shape of the Insights API.
pub fn wire(world: &World, activity: &Activity) -> Option<Value> {
    let request = world.lockbox.requests.get(&activity.request)?;
    let entry = entry(world, activity, request);
    let subscription = world.subscription_guid(&request.subscription);
    let guid = world.request_guid(request.id);
    let number = u32::try_from(activity.revision.0).unwrap_or(u32::MAX);
    let event = random::guid(world.seed, "activity-event", number);
    let resource = format!(
        "/subscriptions/{subscription}/providers/Microsoft.CustomerLockbox/requests/{guid}"
    );
    let action = activity.operation.action();
    let role = if entry.caller == SERVICE { "" } else { "Owner" };
    let at = activity
        .at
        .calendar()
        .format("%Y-%m-%dT%H:%M:%S%.6f")
        .to_string()
        + "0Z";
    // .NET ticks: 100 ns since year 1.
    let ticks = i128::from(activity.at.0) * 10 + 621_355_968_000_000_000;
    Some(json!({
        "authorization": { "action": action, "role": role, "scope": format!("/subscriptions/{subscription}") },
        "caller": entry.caller,
        "channels": "Operation",
        "correlationId": guid,
        "eventDataId": event,
        "eventName": { "value": "EndRequest", "localizedValue": "End request" },
        "category": { "value": "Administrative", "localizedValue": "Administrative" },
        "eventTimestamp": at,
        "submissionTimestamp": at,
        "id": format!("{resource}/events/{event}/ticks/{ticks}"),
        "level": "Informational",
        "operationId": random::guid(world.seed, "activity-operation", number),
        "operationName": { "value": action, "localizedValue": activity.operation.label() },
        "resourceProviderName": { "value": "Microsoft.CustomerLockbox", "localizedValue": "Microsoft Customer Lockbox" },
        "resourceType": { "value": "Microsoft.CustomerLockbox/requests", "localizedValue": "Customer Lockbox Request" },
        "resourceId": resource,
        "resourceGroupName": "",
        "status": { "value": "Succeeded", "localizedValue": "Succeeded" },
        "subStatus": { "value": "", "localizedValue": "" },
        "subscriptionId": subscription,
        "properties": { "lockboxStatus": entry.lockbox_status, "reason": entry.reason.raw(), "simulation": "true" }
    }))
}
