//! `[[tenant]]`, `[[management_group]]`, `[[person]]`, `[[group]]` and `[[assignment]]`.

use std::collections::BTreeMap;

use super::build::Build;
use super::reader::Fields;
use crate::engine::ids::{PersonId, TenantId};
use crate::engine::lockbox::ticket::Contact;
use crate::engine::people::{
    Assignment, Command, Group, Person, Principal, Role, Scope, Side, SupportPlan, Tenant,
    VendorRole,
};
use crate::engine::text::{Untrusted, acts};

/// How the people of a tenant want to be called back.
#[derive(Debug, Clone, Default)]
pub(super) struct Locale {
    time_zone: Untrusted,
    language: Untrusted,
    country: Untrusted,
}

pub(super) type Locales = BTreeMap<TenantId, Locale>;

const TENANT: &[&str] = &[
    "id",
    "name",
    "domain",
    "plan",
    "preview_enrolled",
    "time_zone",
    "language",
    "country",
];

pub(super) fn tenants(build: &mut Build<'_>, root: &Fields<'_>) -> Locales {
    let mut locales = Locales::new();
    for t in root.tables("tenant", TENANT) {
        let plan = t.required_word::<SupportPlan>("plan");
        let domain = t.name("domain").map_or("", |d| d.value);
        let name = t.untrusted("name");
        let Some(id) = t.name("id") else { continue };
        let id = TenantId::from(id.value);
        locales.insert(
            id.clone(),
            Locale {
                time_zone: t.untrusted_or("time_zone", "UTC"),
                language: t.untrusted_or("language", "en-US"),
                country: t.untrusted_or("country", "USA"),
            },
        );
        let tenant = Tenant {
            id,
            name,
            domain: domain.into(),
            plan: plan.unwrap_or(SupportPlan::Developer),
            preview_enrolled: t.flag("preview_enrolled", false),
        };
        build.put(&t, Command::AddTenant(tenant));
    }
    for m in root.tables("management_group", &["id", "tenant"]) {
        let tenant = m.required("tenant").filter(|t| build.knows_tenant(t));
        if let (Some(id), Some(tenant)) = (m.name("id"), tenant) {
            let command = Command::AddManagementGroup {
                id: id.value.into(),
                tenant: tenant.value.into(),
            };
            build.put(&m, command);
        }
    }
    locales
}

const PERSON: &[&str] = &[
    "id",
    "name",
    "tenant",
    "vendor",
    "upn",
    "mail",
    "mailbox",
    "isolated_identity",
    "mfa",
];

pub(super) fn persons(build: &mut Build<'_>, root: &Fields<'_>, vendor_domain: &str) {
    for p in root.tables("person", PERSON) {
        let side = side(build, &p);
        let name = p.untrusted("name");
        let Some(id) = p.name("id") else { continue };
        let domain = match &side {
            Side::Vendor(_) => vendor_domain.to_owned(),
            Side::Customer(tenant) => build
                .world
                .people
                .tenants
                .get(tenant)
                .map_or(String::new(), |t| t.domain.to_string()),
        };
        let upn = address(&p, "upn").unwrap_or_else(|| format!("{}@{domain}", id.value));
        let mail = if p.flag("mailbox", true) {
            Some(address(&p, "mail").unwrap_or_else(|| upn.clone()))
        } else {
            if p.has("mail") {
                p.wrong(
                    "mail",
                    "A person without a mailbox has no mail address.",
                    None,
                );
            }
            None
        };
        let vendor = matches!(side, Side::Vendor(_));
        let person = Person {
            id: id.value.into(),
            name,
            upn: upn.into(),
            mail: mail.map(Into::into),
            side,
            isolated_identity: p.flag("isolated_identity", vendor),
            mfa: p.flag("mfa", true),
        };
        build.put(&p, Command::AddPerson(person));
    }
}

/// Exactly one of `tenant` and `vendor`. A mistake is reported and stands for a support engineer, so that
/// the person at least exists for what refers to it.
fn side(build: &Build<'_>, p: &Fields<'_>) -> Side {
    let stand_in = Side::Vendor(VendorRole::SupportEngineer);
    match (p.has("tenant"), p.has("vendor")) {
        (true, false) => p
            .text("tenant")
            .filter(|t| build.knows_tenant(t))
            .map_or(stand_in, |t| Side::Customer(t.value.into())),
        (false, true) => p.word("vendor").map_or(stand_in, Side::Vendor),
        (true, true) => {
            p.wrong(
                "vendor",
                "A person belongs to a tenant or to the vendor, not to both.",
                None,
            );
            stand_in
        }
        (false, false) => {
            p.reader.wrong(
                p.at,
                &p.path,
                "A person needs tenant = \"…\" or vendor = \"…\".",
                None,
            );
            stand_in
        }
    }
}

fn address(p: &Fields<'_>, key: &str) -> Option<String> {
    let text = p.text(key)?;
    let bad = |c: char| c.is_whitespace() || acts(c) || matches!(c, '<' | '>' | ',' | ';' | '"');
    let good = text
        .value
        .split_once('@')
        .is_some_and(|(who, home)| !who.is_empty() && !home.is_empty() && !home.contains('@'));
    if !good || text.value.chars().any(bad) {
        p.wrong(
            key,
            "This is not an address; write it like minji.kim@contoso.example.",
            None,
        );
        return None;
    }
    Some(text.value.to_owned())
}

pub(super) fn groups(build: &mut Build<'_>, root: &Fields<'_>) {
    for g in root.tables("group", &["id", "tenant", "members"]) {
        let members = g
            .texts("members")
            .iter()
            .filter_map(|m| build.person(m))
            .collect();
        let tenant = g.required("tenant").filter(|t| build.knows_tenant(t));
        if let (Some(id), Some(tenant)) = (g.name("id"), tenant) {
            let group = Group {
                id: id.value.into(),
                tenant: tenant.value.into(),
                members,
            };
            build.put(&g, Command::AddGroup(group));
        }
    }
}

/// The fields of an assignment, in `[[assignment]]` and in a step that assigns.
pub(super) const ASSIGNMENT: &[&str] = &[
    "role",
    "people",
    "groups",
    "subscription",
    "management_group",
    "resource_group",
];

pub(super) fn assignments(build: &mut Build<'_>, root: &Fields<'_>) {
    for a in root.tables("assignment", ASSIGNMENT) {
        for assignment in read_assignments(build, &a) {
            build.put(&a, Command::Assign(assignment));
        }
    }
}

pub(super) fn read_assignments(build: &Build<'_>, a: &Fields<'_>) -> Vec<Assignment> {
    let role = a.required_word::<Role>("role");
    let scope = scope(build, a);
    let people: Vec<_> = a.texts("people");
    let groups: Vec<_> = a.texts("groups");
    if people.is_empty() && groups.is_empty() {
        a.reader.wrong(
            a.at,
            &a.path,
            "An assignment needs people = […] or groups = […].",
            None,
        );
    }
    let people = people
        .iter()
        .filter_map(|p| build.person(p))
        .map(Principal::Person);
    let groups = groups
        .iter()
        .filter(|g| build.knows_group(g))
        .map(|g| Principal::Group(g.value.into()));
    let principals: Vec<Principal> = people.chain(groups).collect();
    let (Some(role), Some(scope)) = (role, scope) else {
        return Vec::new();
    };
    principals
        .into_iter()
        .map(|principal| Assignment {
            scope: scope.clone(),
            principal,
            role,
        })
        .collect()
}

fn scope(build: &Build<'_>, a: &Fields<'_>) -> Option<Scope> {
    let keys = ["subscription", "management_group", "resource_group"];
    let given: Vec<&str> = keys.into_iter().filter(|key| a.has(key)).collect();
    let [key] = given.as_slice() else {
        a.reader.wrong(
            a.at,
            &a.path,
            "An assignment needs exactly one of subscription, management_group and resource_group.",
            None,
        );
        return None;
    };
    let text = a.text(key)?;
    match *key {
        "subscription" => build.subscription(&text).map(Scope::Subscription),
        "management_group" => build
            .knows_management_group(&text)
            .then(|| Scope::ManagementGroup(text.value.into())),
        _ => build
            .resource_group(&text)
            .map(|(subscription, group)| Scope::ResourceGroup(subscription, group.into())),
    }
}

/// Whom the vendor calls back: what the step says, otherwise the person who opens the ticket.
pub(super) fn contact(
    build: &Build<'_>,
    locales: &Locales,
    by: &PersonId,
    said: Option<&Fields<'_>>,
) -> Contact {
    let Some(person) = build.world.people.persons.get(by) else {
        return Contact::default();
    };
    let (first, last) = names(person.name.raw());
    let locale = match &person.side {
        Side::Customer(tenant) => locales.get(tenant).cloned().unwrap_or_default(),
        Side::Vendor(_) => Locale::default(),
    };
    let mail = person.mail.as_deref().unwrap_or(&person.upn);
    let pick = |key: &str, otherwise: &str| -> Untrusted {
        said.and_then(|fields| fields.text(key))
            .map_or(otherwise, |text| text.value)
            .into()
    };
    Contact {
        first_name: pick("first_name", first),
        last_name: pick("last_name", last),
        email: pick("email", mail),
        method: pick("method", "email"),
        time_zone: pick("time_zone", locale.time_zone.raw()),
        language: pick("language", locale.language.raw()),
        country: pick("country", locale.country.raw()),
    }
}

pub(super) const CONTACT: &[&str] = &[
    "first_name",
    "last_name",
    "email",
    "method",
    "time_zone",
    "language",
    "country",
];

/// First and last name: at the last blank, or after the first syllable of a Korean name of three.
fn names(name: &str) -> (&str, &str) {
    if let Some((first, last)) = name.rsplit_once(' ') {
        return (first, last);
    }
    let hangul = name.chars().all(|c| ('가'..='힣').contains(&c));
    match name.char_indices().nth(1) {
        Some((i, _)) if hangul => (&name[i..], &name[..i]),
        _ => (name, ""),
    }
}
