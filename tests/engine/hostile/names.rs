//! Names by which things are found: refused when they act; and no refusal, whatever it quotes, acts either.

use imbl::OrdSet;
use lockbox::console::{Format, once};
use lockbox::engine::lockbox::jit::Submit;
use lockbox::engine::lockbox::{grant, request, ticket, wire};
use lockbox::engine::people::{self, Assignment, Group, Person, Principal, Role, Scope, Side};
use lockbox::engine::people::{SupportPlan, Tenant};
use lockbox::engine::projections::sentence::sentence;
use lockbox::engine::resources::{self, Resource, ResourceKind, Subscription};
use lockbox::engine::text::acts;
use lockbox::engine::{Actor, Command, draft, rules, world};

use super::worlds::quoted;
use super::{inert_refusal, one_inert_line, strings};
use crate::stage::{Stage, access, opening, person};

#[test]
fn a_hostile_name_is_refused_in_words_that_do_nothing() {
    let stage = Stage::new();
    for text in strings() {
        let bad = text.len() > 256 || text.chars().any(|c| acts(c) || c.is_whitespace());
        for (field, command) in named(&text) {
            match draft(&stage.world, stage.now, &Actor::Simulator, &command) {
                Ok(done) => {
                    assert!(!bad, "{field} takes {text:?}");
                    for event in &done.events {
                        one_inert_line(&field, &sentence(&done.world, event));
                    }
                }
                Err(refusal) => {
                    assert!(bad, "{field} refuses {text:?}: {refusal}");
                    assert_eq!(refusal.id, "E-SIM-02", "{refusal}");
                    inert_refusal(&field, &refusal);
                }
            }
        }
    }
}

/// One command for each field that is a name.
fn named(text: &str) -> Vec<(&'static str, Command)> {
    let tenant = |id: &str, domain: &str| {
        people::Command::AddTenant(Tenant {
            id: id.into(),
            name: text.into(),
            domain: domain.into(),
            plan: SupportPlan::Basic,
            preview_enrolled: false,
        })
        .into()
    };
    let somebody = |id: &str, upn: &str, mail: &str| {
        people::Command::AddPerson(Person {
            id: id.into(),
            name: text.into(),
            upn: upn.into(),
            mail: Some(mail.into()),
            side: Side::Customer("contoso".into()),
            isolated_identity: false,
            mfa: false,
        })
        .into()
    };
    let resource = |name: &str, location: &str| {
        resources::Command::Add(Resource {
            id: Resource::id_for(&"c".into(), "web", name),
            subscription: "c".into(),
            group: "web".into(),
            name: name.into(),
            kind: ResourceKind::VmLinux,
            location: location.into(),
            encrypted_in_transit: false,
            events_to: None,
        })
        .into()
    };
    let group = Group {
        id: text.into(),
        tenant: "contoso".into(),
        members: OrdSet::unit("ann".into()),
    };
    let subscription = Subscription {
        id: text.into(),
        name: text.into(),
        tenant: "contoso".into(),
        management_group: None,
    };
    vec![
        ("tenant id", tenant(text, "x.example")),
        ("tenant domain", tenant("x", text)),
        ("person id", somebody(text, "x", "x@x.example")),
        ("upn", somebody("x", text, "x@x.example")),
        ("mail", somebody("x", "x", text)),
        ("group id", people::Command::AddGroup(group).into()),
        (
            "management group id",
            people::Command::AddManagementGroup {
                id: text.into(),
                tenant: "contoso".into(),
            }
            .into(),
        ),
        (
            "subscription id",
            resources::Command::AddSubscription(subscription).into(),
        ),
        (
            "resource group name",
            resources::Command::AddGroup {
                subscription: "c".into(),
                name: text.into(),
            }
            .into(),
        ),
        ("resource name", resource(text, "koreacentral")),
        ("location", resource("x", text)),
    ]
}

#[test]
fn a_refusal_that_quotes_a_hostile_string_does_nothing() {
    let mut stage = Stage::new();
    let ticket = stage.stuck_ticket("con", "c");
    let grant = stage.granted();
    for text in strings() {
        for (actor, command) in unknown(&text, ticket, grant) {
            let refusal = draft(&stage.world, stage.now, &actor, &command).unwrap_err();
            inert_refusal(&command_name(&command), &refusal);
        }
        let json = |value: serde_json::Value| value.to_string();
        let subscription = Some(text.as_str());
        let full = |severity: &str| {
            json(
                serde_json::json!({ "title": text, "description": text, "severity": severity,
                "technicalTicketDetails": { "resourceId": text } }),
            )
        };
        let bare =
            json(serde_json::json!({ "title": "t", "description": "d", "severity": "minimal" }));
        let world = &stage.world;
        let refusals = [
            wire::approval(&text).map(drop),
            wire::approval(&json(serde_json::json!({ "status": text }))).map(drop),
            wire::status_filter(&text).map(drop),
            wire::status_filter(&format!("properties/status eq '{text}'")).map(drop),
            wire::ticket(world, None, &text).map(drop),
            wire::ticket(world, None, &full("minimal")).map(drop),
            wire::ticket(world, None, &full(&text)).map(drop),
            wire::ticket(world, subscription, &bare).map(drop),
            wire::ticket(
                world,
                Some("c"),
                &json(serde_json::json!({ "title": { &text: 1 } })),
            )
            .map(drop),
            once(world, stage.now, &Actor::Observer, &text, Format::Table, 80).map(drop),
            once(
                world,
                stage.now,
                &Actor::Observer,
                &format!("request/{text}"),
                Format::Csv,
                80,
            )
            .map(drop),
            once(
                world,
                stage.now,
                &Actor::Observer,
                &format!("rules/{text}"),
                Format::Json,
                80,
            )
            .map(drop),
            once(
                world,
                stage.now,
                &person(&text),
                "activity",
                Format::Plain,
                80,
            )
            .map(drop),
        ];
        for (n, refusal) in refusals.into_iter().enumerate() {
            inert_refusal(&n, &refusal.expect_err(&text));
        }
    }
}

fn command_name(command: &Command) -> String {
    format!("{command:?}").chars().take(60).collect()
}

/// Commands that name what is not there.
fn unknown(
    text: &str,
    ticket: lockbox::engine::ids::TicketId,
    grant: lockbox::engine::ids::GrantId,
) -> Vec<(Actor, Command)> {
    let sim = || Actor::Simulator;
    let on = |scope, principal| {
        let role = Role::Owner;
        people::Command::Assign(Assignment {
            scope,
            principal,
            role,
        })
        .into()
    };
    let here = || Scope::Subscription("c".into());
    let submit = |resource: &str| {
        request::Command::Initiate(Submit {
            justification: text.into(),
            ..access(ticket, &[resource])
        })
    };
    let set = |name: &str, value: &str| rules::Command::Set {
        name: name.into(),
        value: value.into(),
    };
    vec![
        (person(text), ticket::Command::Open(opening("c")).into()),
        (person("con"), ticket::Command::Open(opening(text)).into()),
        (
            person("sue"),
            ticket::Command::Escalate {
                ticket,
                to: text.into(),
                text: text.into(),
            }
            .into(),
        ),
        (person("sue"), submit(text).into()),
        (
            person("sue"),
            grant::Command::Connect {
                grant,
                resource: text.into(),
            }
            .into(),
        ),
        (person(text), grant::Command::End { grant }.into()),
        (
            sim(),
            world::Command::Default {
                person: text.into(),
            }
            .into(),
        ),
        (sim(), set(text, "1").into()),
        (sim(), set(rules::NUMBERS[0].name, text).into()),
        (
            sim(),
            people::Command::Enrol {
                tenant: text.into(),
            }
            .into(),
        ),
        (sim(), on(here(), Principal::Person(text.into()))),
        (sim(), on(here(), Principal::Group(text.into()))),
        (
            sim(),
            on(
                Scope::ManagementGroup(text.into()),
                Principal::Person("ann".into()),
            ),
        ),
        (
            sim(),
            on(
                Scope::ResourceGroup("c".into(), text.into()),
                Principal::Person("ann".into()),
            ),
        ),
        (
            sim(),
            on(
                Scope::Subscription(text.into()),
                Principal::Person("ann".into()),
            ),
        ),
    ]
}

#[test]
fn the_mistakes_of_a_hostile_world_file_are_told_in_words_that_do_nothing() {
    let head = "[world]\nname = \"x\"\nseed = 1\nopens_at = \"2020-11-22T09:00:00Z\"\n";
    for text in strings() {
        let t = quoted(&text);
        let wrong = [
            text.clone(),
            format!("{head}{t} = 1\n"),
            format!(
                "{head}[[tenant]]\nid = {t}\nname = {t}\ndomain = {t}\nplan = {t}\n{t} = {t}\n"
            ),
            format!(
                "{head}[[person]]\nid = {t}\nname = {t}\nvendor = {t}\ntenant = {t}\nupn = {t}\n"
            ),
            format!(
                "{head}[rules]\n{t} = {t}\n[[story]]\nid = {t}\nsubscription = {t}\n[[story.step]]\nat = {t}\ndo = {t}\n"
            ),
        ];
        for file in wrong {
            let errors = lockbox::world_file::parse(&text, &file).expect_err(&file);
            for error in errors {
                one_inert_line(&"a mistake", &error.to_string());
            }
        }
    }
}
