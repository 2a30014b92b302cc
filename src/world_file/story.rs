//! `[[story]]` and its steps: what people do, at which time, on one support ticket. What they do with vaults,
//! keys and clusters is in the file beside.

use std::collections::BTreeSet;

use super::build::Build;
use super::key_story;
use super::people::{CONTACT, Locales, contact, read_assignments};
use super::reader::{Fields, Placed};
use super::rules::knows_number;
use super::steps::{Do, What, step_fields};
use super::things::Things;
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::lockbox::jit::{Duration, Level, Reach};
use crate::engine::lockbox::ticket::{Open, Severity};
use crate::engine::people::{self, Side};
use crate::engine::rules;
use crate::engine::story::{Ask, Deed, Step, Story};
use crate::engine::text::scrub;
use crate::engine::time::{SimTime, Span};

/// A story with the places of its steps, for what only running it can tell.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub story: Story,
    pub at: usize,
    pub field: String,
    pub steps: Vec<(usize, String)>,
}

/// The stories, and everything that is there or that they make.
pub(super) fn stories(
    build: &Build<'_>,
    root: &Fields<'_>,
    locales: &Locales,
) -> (Vec<Told>, Things) {
    let all = step_fields();
    let tables: Vec<_> = root
        .tables("story", &["id", "subscription", "step"])
        .into_iter()
        .map(|story| {
            let subscription = story
                .required("subscription")
                .and_then(|text| build.subscription(&text));
            let steps = story.tables("step", &all);
            (story, subscription, steps)
        })
        .collect();
    // A step may name what a step of a story further down makes.
    let mut things = Things::default();
    for resource in build.world.resources.resources.values() {
        things.add(resource.id.clone(), resource.kind);
    }
    for (_, subscription, steps) in &tables {
        for step in steps {
            if let Some(home) = subscription {
                things.add_made(step, home);
            }
        }
    }
    let mut ids = BTreeSet::new();
    let mut told = Vec::new();
    for (s, subscription, tables) in tables {
        let mut teller = Teller {
            build,
            locales,
            things: &things,
            subscription,
            before: None,
            asked: None,
        };
        let (mut steps, mut places) = (imbl::Vector::new(), Vec::new());
        if tables.is_empty() {
            s.reader
                .wrong(s.at, &s.path, "A story needs at least one step.", None);
        }
        for table in &tables {
            for step in teller.step(table) {
                steps.push_back(step);
                places.push((table.at, table.path.clone()));
            }
        }
        let Some(id) = s.name("id") else { continue };
        if !ids.insert(id.value.to_owned()) {
            s.wrong(
                "id",
                format!("The story {} exists already.", scrub(id.value)),
                None,
            );
            continue;
        }
        if id.value.starts_with(super::generator::PREFIX) {
            s.wrong(
                "id",
                "Generated stories are called so; take another id.",
                None,
            );
        }
        told.push(Told {
            story: Story {
                id: id.value.into(),
                steps,
            },
            at: s.at,
            field: s.path.clone(),
            steps: places,
        });
    }
    (told, things)
}

pub(super) struct Teller<'b, 'a> {
    pub build: &'b Build<'a>,
    pub locales: &'b Locales,
    pub things: &'b Things,
    pub subscription: Option<SubscriptionId>,
    /// Time of the step before.
    pub before: Option<SimTime>,
    /// First resource of the latest request: where `connect` goes unless told otherwise.
    pub asked: Option<ResourceId>,
}

impl Teller<'_, '_> {
    /// The engine's steps for one table: one, but for several roles assigned at once.
    fn step(&mut self, t: &Fields<'_>) -> Vec<Step> {
        let at = self.time(t);
        let Some((by, deeds)) = self.doing(t, &[]) else {
            return Vec::new();
        };
        deeds
            .into_iter()
            .map(|deed| Step {
                at,
                by: by.clone(),
                deed,
            })
            .collect()
    }

    /// Who does a step, and what it does. `also` are fields the table may have beside those of the step.
    pub fn doing(
        &mut self,
        t: &Fields<'_>,
        also: &[&'static str],
    ) -> Option<(Option<PersonId>, Vec<Deed>)> {
        let what = t.required_word::<What>("do")?;
        let mut fields = what.fields();
        fields.extend(also);
        t.only(&format!("A step that does {}", what.word()), &fields);
        let by = t.text("by").and_then(|text| self.build.person(&text));
        if what.needs_a_person() && !t.has("by") {
            t.missing("by");
        }
        let deeds = match what {
            What::Ticket(what) => self.deeds(t, what, by.as_ref()),
            What::Keys(what) => self.keys(t, what).into_iter().collect(),
        };
        Some((by, deeds))
    }

    fn time(&mut self, t: &Fields<'_>) -> SimTime {
        let earliest = self.before.unwrap_or(self.build.history_from);
        let at = match (t.has("at"), t.has("after")) {
            (true, true) => {
                t.wrong("after", "A step has at or after, not both.", None);
                None
            }
            (true, false) => t.time("at"),
            (false, true) => t.span("after").map(|span: Span| {
                // The first step of a story counts from the moment the world opens.
                self.before.unwrap_or(self.build.opens_at) + span
            }),
            (false, false) => {
                t.reader.wrong(
                    t.at,
                    &t.path,
                    "A step needs at = \"2020-11-22T09:00:00Z\" or after = \"2h\".",
                    None,
                );
                None
            }
        };
        let at = at.unwrap_or(earliest);
        if at < earliest {
            let than = if self.before.is_some() {
                "the step before it"
            } else {
                "the history of the world"
            };
            t.wrong(
                "at",
                format!("This is earlier than {than}, {earliest}."),
                None,
            );
        }
        let at = at.max(earliest);
        self.before = Some(at);
        at
    }

    fn deeds(&mut self, t: &Fields<'_>, what: Do, by: Option<&PersonId>) -> Vec<Deed> {
        let text = || t.untrusted("text");
        let reason = || t.untrusted("reason");
        let deed = match what {
            Do::Open => self.open(t, by),
            Do::Say => Some(Deed::Say { text: text() }),
            Do::Review => Some(Deed::Review { text: text() }),
            Do::Close => Some(Deed::Close { text: text() }),
            Do::Act => Some(Deed::Act { text: text() }),
            Do::TryTools => Some(Deed::TryTools {
                text: text(),
                sufficed: t.flag("sufficed", false),
            }),
            Do::Escalate => {
                let to = t.required("to").and_then(|to| self.build.person(&to));
                let text = text();
                to.map(|to| Deed::Escalate { to, text })
            }
            Do::Submit => self.ask(t).map(Deed::Submit),
            Do::Initiate => self.ask(t).map(Deed::Initiate),
            Do::ApproveInternally => Some(Deed::ApproveInternally { reason: reason() }),
            Do::DenyInternally => Some(Deed::DenyInternally { reason: reason() }),
            Do::Approve => Some(Deed::Approve { reason: reason() }),
            Do::Deny => Some(Deed::Deny { reason: reason() }),
            Do::Revoke => Some(Deed::Revoke { reason: reason() }),
            Do::Connect => self.connect(t),
            Do::End => Some(Deed::End),
            Do::Fail => Some(Deed::Fail),
            Do::SetRule => set_rule(t),
            Do::SetPlan => {
                let plan = t.required_word("plan");
                let tenant = self.tenant(t);
                tenant
                    .zip(plan)
                    .map(|(tenant, plan)| Deed::People(people::Command::SetPlan { tenant, plan }))
            }
            Do::Enrol => self
                .tenant(t)
                .map(|tenant| Deed::People(people::Command::Enrol { tenant })),
            Do::Assign | Do::Unassign => {
                let change = if what == Do::Assign {
                    people::Command::Assign
                } else {
                    people::Command::Unassign
                };
                return read_assignments(self.build, t)
                    .into_iter()
                    .map(|a| Deed::People(change(a)))
                    .collect();
            }
        };
        deed.into_iter().collect()
    }

    fn keys(&self, t: &Fields<'_>, what: key_story::Do) -> Option<Deed> {
        let teller = key_story::Teller {
            build: self.build,
            things: self.things,
            home: self.subscription.as_ref()?,
        };
        teller.deed(t, what).map(Deed::Keys)
    }

    fn tenant(&self, t: &Fields<'_>) -> Option<crate::engine::ids::TenantId> {
        t.required("tenant")
            .filter(|text| self.build.knows_tenant(text))
            .map(|text| text.value.into())
    }

    fn open(&self, t: &Fields<'_>, by: Option<&PersonId>) -> Option<Deed> {
        let resource = t
            .text("resource")
            .and_then(|text| self.build.resource(self.subscription.as_ref(), &text));
        let severity = t.word("severity").unwrap_or(Severity::Moderate);
        let (title, description) = (t.untrusted("title"), t.untrusted("description"));
        let said = t.table("contact", CONTACT);
        let by = by?;
        if let Some(person) = self.build.world.people.persons.get(by)
            && let Side::Vendor(role) = &person.side
        {
            t.wrong(
                "by",
                format!("A customer opens a ticket; {by} is a {}.", role.title()),
                None,
            );
        }
        Some(Deed::Open(Open {
            subscription: self.subscription.clone()?,
            title,
            description,
            severity,
            problem: t.untrusted_or("problem", "Other"),
            resource,
            contact: contact(self.build, self.locales, by, said.as_ref()),
        }))
    }

    fn ask(&mut self, t: &Fields<'_>) -> Option<Ask> {
        if !t.has("resources") {
            t.missing("resources");
        }
        let named = t.texts("resources");
        if t.has("resources") && named.is_empty() {
            t.wrong("resources", "No resource is named.", None);
        }
        let resources: imbl::Vector<ResourceId> = named
            .iter()
            .filter_map(|text| self.build.resource(self.subscription.as_ref(), text))
            .collect();
        self.asked = resources.front().cloned();
        Some(Ask {
            resources,
            level: t.word("level").unwrap_or(Level::Operator),
            reach: t.word("reach").unwrap_or(Reach::CustomerData),
            exclusion: t.word("exclusion"),
            duration: t
                .text("duration")
                .map_or(Duration::Default, |text| Duration::parse(text.value)),
            justification: t.untrusted("justification"),
        })
    }

    fn connect(&self, t: &Fields<'_>) -> Option<Deed> {
        let resource = match t.text("resource") {
            Some(text) => self.build.resource(self.subscription.as_ref(), &text),
            None => self.asked.clone(),
        };
        if resource.is_none() && !t.has("resource") {
            t.missing("resource");
        }
        resource.map(|resource| Deed::Connect { resource })
    }
}

fn set_rule(t: &Fields<'_>) -> Option<Deed> {
    let name = t
        .required("name")
        .filter(|name: &Placed<&str>| knows_number(t.reader, name));
    let value = t.required("value");
    let command = rules::Command::Set {
        name: name?.value.to_owned(),
        value: value?.value.to_owned(),
    };
    let trial = crate::engine::decide(
        &crate::engine::World::default(),
        SimTime::default(),
        &crate::engine::Actor::Simulator,
        &command.clone().into(),
    );
    if let Err(refusal) = trial {
        t.wrong("value", refusal.message, None);
    }
    Some(Deed::Rules(command))
}
