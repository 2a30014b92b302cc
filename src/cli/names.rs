//! How people, subscriptions, resources and numbers are written on pages for people.

use indicatif::{DecimalBytes, HumanCount};

use crate::engine::World;
use crate::engine::ids::{KeyVersionId, PersonId, ResourceId, SubscriptionId};
use crate::engine::people::Side;
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::key::KeyIdentifier;

/// `Minji Kim (minji.kim)`.
pub fn person(world: &World, id: &PersonId) -> String {
    match world.people.persons.get(id) {
        Some(person) => format!("{} ({id})", person.name),
        None => id.to_string(),
    }
}

/// The engineer with what the vendor's rules look at.
pub fn engineer(world: &World, id: &PersonId) -> String {
    let Some(found) = world.people.persons.get(id) else {
        return id.to_string();
    };
    let role = match &found.side {
        Side::Vendor(role) => role.title(),
        Side::Customer(_) => "customer",
    };
    let identity = match (found.isolated_identity, found.mfa) {
        (true, true) => "isolated identity, multi-factor authentication",
        (true, false) => "isolated identity",
        (false, true) => "multi-factor authentication",
        (false, false) => "neither isolated identity nor multi-factor authentication",
    };
    format!("{}, {role}; {identity}", person(world, id))
}

/// `contoso-prod “Contoso Production” of contoso (plan Standard)`.
pub fn subscription(world: &World, id: &SubscriptionId) -> String {
    let Some(found) = world.resources.subscriptions.get(id) else {
        return id.to_string();
    };
    let plan = world
        .people
        .tenants
        .get(&found.tenant)
        .map_or("", |t| t.plan.title());
    format!(
        "{id}, {} of {} (support plan {plan})",
        found.name, found.tenant
    )
}

/// `contoso-prod/rg/vm1, Virtual Machine, generally available in Lockbox`.
pub fn resource(world: &World, id: &ResourceId) -> String {
    match world.resources.resources.get(id) {
        Some(found) => format!(
            "{id}, {}, Lockbox: {}",
            found.kind.title(),
            world.coverage(found).title()
        ),
        None => id.to_string(),
    }
}

/// Short names, for a cell.
pub fn resources<'a>(ids: impl IntoIterator<Item = &'a ResourceId>) -> String {
    let names: Vec<String> = ids
        .into_iter()
        .map(|id| {
            let name = id.as_str().rsplit('/').next().unwrap_or_default();
            crate::engine::text::scrub(name).into_owned()
        })
        .collect();
    names.join(", ")
}

/// An instant with its distance, `2020-11-26 09:00:00 (in 3d 22h)`.
pub fn when(now: SimTime, at: SimTime) -> String {
    match at - now {
        Span(0) => format!("{} (now)", at.to_seconds()),
        ahead if ahead > Span::ZERO => format!("{} (in {})", at.to_seconds(), ahead.brief()),
        _ => format!("{} ({} ago)", at.to_seconds(), (now - at).brief()),
    }
}

/// `subscription/group` of a resource.
pub fn group(id: &ResourceId) -> String {
    let (subscription, group, _) = id.parts();
    format!("{subscription}/{}", crate::engine::text::scrub(group))
}

/// The first digits of a key version, which are enough to name it.
pub fn version(id: &KeyVersionId) -> String {
    id.to_string().chars().take(8).collect()
}

/// The key that is used, or that it is Microsoft's.
pub fn key(key: Option<&KeyIdentifier>) -> String {
    key.map_or_else(|| "Microsoft-managed key".to_owned(), ToString::to_string)
}

/// `1,234,567`.
pub fn count(n: u64) -> String {
    HumanCount(n).to_string()
}

/// `1.23 MB`; a megabyte is a million bytes.
pub fn bytes(n: u64) -> String {
    DecimalBytes(n).to_string()
}
