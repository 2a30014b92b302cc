//! `[[subscription]]` and `[[resource_group]]` with the resources in it.

use std::sync::Arc;

use super::build::Build;
use super::reader::Fields;
use super::things::Things;
use crate::engine::cluster::link;
use crate::engine::ids::TableName;
use crate::engine::ingestion::rate::{GB_PER_DAY_MAX, Rate, Shape};
use crate::engine::ingestion::{self, builtin};
use crate::engine::resources::{Command, REGIONS, Resource, ResourceKind, Subscription, region};
use crate::engine::words::nearest;

pub(super) fn subscriptions(build: &mut Build<'_>, root: &Fields<'_>) {
    let known = &["id", "name", "tenant", "management_group"];
    for s in root.tables("subscription", known) {
        let name = s.untrusted("name");
        let management_group = s
            .text("management_group")
            .filter(|g| build.knows_management_group(g))
            .map(|g| g.value.into());
        let tenant = s.required("tenant").filter(|t| build.knows_tenant(t));
        if let (Some(id), Some(tenant)) = (s.name("id"), tenant) {
            let subscription = Subscription {
                id: id.value.into(),
                name,
                tenant: tenant.value.into(),
                management_group,
            };
            build.put(&s, Command::AddSubscription(subscription));
        }
    }
}

const GROUP: &[&str] = &["subscription", "name", "location", "resource"];
const RESOURCE: &[&str] = &[
    "name",
    "kind",
    "location",
    "encrypted_in_transit",
    "events_to",
    "linked_cluster",
    "samples",
    "gb_per_day",
    "shape",
];

pub(super) fn resources(build: &mut Build<'_>, root: &Fields<'_>) {
    let mut read = Vec::new();
    for g in root.tables("resource_group", GROUP) {
        let location = g.required("location").map_or("", |l| l.value);
        let resources = g.tables("resource", RESOURCE);
        let subscription = g
            .required("subscription")
            .and_then(|s| build.subscription(&s));
        let (Some(subscription), Some(group)) = (subscription, g.name("name")) else {
            continue;
        };
        let command = Command::AddGroup {
            subscription: subscription.clone(),
            name: group.value.into(),
        };
        build.put(&g, command);
        for r in resources {
            let kind = r.required_word::<ResourceKind>("kind");
            let Some(name) = r.name("name") else { continue };
            let (text, said) = match r.text("location") {
                Some(own) => (own.value, &r),
                None => (location, &g),
            };
            let place = place(kind, text, said);
            let resource = Resource {
                id: Resource::id_for(&subscription, group.value, name.value),
                subscription: subscription.clone(),
                group: group.value.into(),
                name: name.value.into(),
                kind: kind.unwrap_or(ResourceKind::VmLinux),
                location: place,
                encrypted_in_transit: r.flag("encrypted_in_transit", false),
                events_to: None,
            };
            read.push((r, resource));
        }
    }
    // A guest may name a workspace that stands further down.
    let mut known = Things::default();
    for (_, resource) in &read {
        known.add(resource.id.clone(), resource.kind);
    }
    let mut links = Vec::new();
    for (fields, mut resource) in read {
        let home = resource.subscription.clone();
        let refer = |key: &str, wanted: ResourceKind| {
            let text = fields.text(key)?;
            known.find(&home, &fields, &text, &[wanted])
        };
        resource.events_to = refer("events_to", ResourceKind::Workspace);
        let cluster = refer("linked_cluster", ResourceKind::Cluster);
        if fields.has("linked_cluster") && resource.kind != ResourceKind::Workspace {
            fields.wrong(
                "linked_cluster",
                "Only a log-analytics-workspace is linked to a cluster.",
                None,
            );
        }
        let id = resource.id.clone();
        let samples = samples(&fields, resource.kind);
        let rate = rate(&fields, resource.kind);
        build.put(&fields, Command::Add(resource));
        for (table, per_hour) in samples {
            let workspace = id.clone();
            let mark = ingestion::Command::Mark {
                workspace,
                table,
                per_hour,
            };
            build.put(&fields, mark);
        }
        if let Some(rate) = rate {
            let workspace = id.clone();
            build.put(&fields, ingestion::Command::SetRate { workspace, rate });
        }
        links.extend(cluster.map(|cluster| (fields, id, cluster)));
    }
    // A workspace may name a cluster that stands further down.
    for (fields, workspace, cluster) in links {
        build.put(&fields, link::Command::Attach { workspace, cluster });
    }
}

/// Sample records made in an hour of one table, at most (`design.md` §3: bounded per hour).
const SAMPLES_MAX: u32 = 20_000;

/// `samples = { AppRequests = 400 }`: tables of a workspace of which so many records an hour are made.
fn samples(fields: &Fields<'_>, kind: ResourceKind) -> Vec<(TableName, u32)> {
    if fields.has("samples") && kind != ResourceKind::Workspace {
        let only = "Only a log-analytics-workspace has sample records.";
        fields.wrong("samples", only, None);
        return Vec::new();
    }
    let sent: Vec<&str> = builtin::names()
        .filter(|name| !builtin::by_service(name))
        .collect();
    let Some(table) = fields.table("samples", &sent) else {
        return Vec::new();
    };
    sent.iter()
        .filter(|name| table.has(name))
        .filter_map(|name| {
            let per_hour = table.number(name, 1..=u64::from(SAMPLES_MAX))?;
            Some((TableName::from(*name), u32::try_from(per_hour).ok()?))
        })
        .collect()
}

/// `gb_per_day = 40, shape = "office"`: what a workspace sends in the model.
fn rate(fields: &Fields<'_>, kind: ResourceKind) -> Option<Rate> {
    let said = ["gb_per_day", "shape"]
        .into_iter()
        .find(|f| fields.has(f))?;
    if kind != ResourceKind::Workspace {
        fields.wrong(said, "Only a log-analytics-workspace sends data.", None);
        return None;
    }
    if !fields.has("gb_per_day") {
        fields.missing("gb_per_day");
    }
    let shape = fields.word("shape").unwrap_or(Shape::Office);
    let gb_per_day = fields.number("gb_per_day", 0..=u64::from(GB_PER_DAY_MAX))?;
    Some(Rate {
        gb_per_day: u32::try_from(gb_per_day).ok()?,
        shape,
    })
}

/// What holds keys or logs stands in a region of the cloud; for the rest it does not matter.
fn place(kind: Option<ResourceKind>, text: &str, said: &Fields<'_>) -> Arc<str> {
    use ResourceKind::{Cluster, KeyVault, StorageAccount, Workspace};
    match (region(text), kind) {
        (Ok(known), _) => return known,
        (Err(no), Some(Cluster | KeyVault | StorageAccount | Workspace)) if !text.is_empty() => {
            let near = nearest(text, REGIONS.iter().copied());
            said.wrong("location", no.message, near);
        }
        _ => {}
    }
    text.into()
}
