//! A world taking shape while its file is read: every command is decided at once against an engine world, so
//! what the engine refuses is reported where it stands, and later tables see what earlier ones made.

use super::reader::{Fields, Placed, Reader};
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::text::scrub;
use crate::engine::words::nearest;
use crate::engine::{self, Actor, Command, SimTime, World};

pub(super) struct Build<'a> {
    pub reader: &'a Reader,
    pub world: World,
    pub history_from: SimTime,
    pub opens_at: SimTime,
    pub commands: Vec<Command>,
}

impl Build<'_> {
    /// Decides a command; a refusal is reported at the field it names.
    pub fn put(&mut self, fields: &Fields<'_>, command: impl Into<Command>) {
        let command = command.into();
        match engine::draft(&self.world, self.history_from, &Actor::Simulator, &command) {
            Ok(draft) => {
                self.world = draft.world;
                self.commands.push(command);
            }
            Err(refusal) => {
                let target = refusal.target.as_deref().unwrap_or_default();
                if fields.has(target) {
                    fields.wrong(target, refusal.message, None);
                } else {
                    self.reader
                        .wrong(fields.at, &fields.path, refusal.message, None);
                }
            }
        }
    }

    fn known<'k>(
        &self,
        kind: &str,
        text: &Placed<&str>,
        known: impl Iterator<Item = &'k str>,
    ) -> bool {
        let known: Vec<&str> = known.collect();
        if known.contains(&text.value) {
            return true;
        }
        self.reader.wrong(
            text.at,
            &text.field,
            format!("There is no {kind} {}.", scrub(text.value)),
            nearest(text.value, known.into_iter()),
        );
        false
    }

    pub fn knows_tenant(&self, text: &Placed<&str>) -> bool {
        self.known(
            "tenant",
            text,
            self.world.people.tenants.keys().map(|k| k.as_str()),
        )
    }

    pub fn knows_group(&self, text: &Placed<&str>) -> bool {
        self.known(
            "group",
            text,
            self.world.people.groups.keys().map(|k| k.as_str()),
        )
    }

    pub fn knows_management_group(&self, text: &Placed<&str>) -> bool {
        let known = self.world.people.management_groups.keys();
        self.known("management group", text, known.map(|k| k.as_str()))
    }

    pub fn person(&self, text: &Placed<&str>) -> Option<PersonId> {
        let known = self.world.people.persons.keys();
        self.known("person", text, known.map(|k| k.as_str()))
            .then(|| text.value.into())
    }

    pub fn subscription(&self, text: &Placed<&str>) -> Option<SubscriptionId> {
        let known = self.world.resources.subscriptions.keys();
        self.known("subscription", text, known.map(|k| k.as_str()))
            .then(|| text.value.into())
    }

    /// A resource group of a subscription.
    pub fn knows_resource_group(&self, home: &SubscriptionId, text: &Placed<&str>) -> bool {
        let groups = &self.world.resources.groups;
        let here = groups
            .iter()
            .filter(|(subscription, _)| subscription == home);
        self.known("resource group", text, here.map(|(_, group)| &**group))
    }

    /// `subscription/group`.
    pub fn resource_group(&self, text: &Placed<&str>) -> Option<(SubscriptionId, String)> {
        let groups = &self.world.resources.groups;
        let all: Vec<String> = groups
            .iter()
            .map(|(subscription, group)| format!("{}/{group}", subscription.as_str()))
            .collect();
        self.known("resource group", text, all.iter().map(String::as_str))
            .then(|| text.value.split_once('/'))
            .flatten()
            .map(|(subscription, group)| (subscription.into(), group.to_owned()))
    }

    /// A resource by its full id, or by `group/name` or `name` within the subscription.
    pub fn resource(
        &self,
        subscription: Option<&SubscriptionId>,
        text: &Placed<&str>,
    ) -> Option<ResourceId> {
        match self.world.find_resource(subscription, text.value) {
            Ok(id) => Some(id),
            Err(refusal) => {
                let here = self
                    .world
                    .resources
                    .resources
                    .values()
                    .filter(|r| subscription.is_none_or(|s| *s == r.subscription));
                let near = if text.value.contains('/') {
                    nearest(text.value, here.map(|r| r.id.as_str()))
                } else {
                    nearest(text.value, here.map(|r| &*r.name))
                };
                self.reader
                    .wrong(text.at, &text.field, refusal.message, near);
                None
            }
        }
    }
}
