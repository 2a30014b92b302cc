//! Steps that are told outside a story, over a world whose file has been read: the beats of a drill. They are the
//! same words with the same fields, and their mistakes are reported in the same way.

use std::sync::Arc;

use super::WorldFile;
use super::build::Build;
use super::reader::{Fields, Placed, Reader};
use super::steps::{What, step_fields};
use super::story::Teller;
use super::things::Things;
use crate::engine::ids::{KeyName, PersonId, ResourceId, SubscriptionId, VaultName};
use crate::engine::resources::ResourceKind;
use crate::engine::story::Deed;

pub(crate) struct Script<'a> {
    build: Build<'a>,
    file: &'a WorldFile,
    things: Things,
    /// First resource of the latest request: where `connect` goes unless told otherwise.
    asked: Option<ResourceId>,
}

impl<'a> Script<'a> {
    /// Mistakes go to `reader`, which reads the script and not the world file.
    pub fn over(file: &'a WorldFile, reader: &'a Reader) -> Script<'a> {
        Script {
            build: Build {
                reader,
                world: file.world.clone(),
                history_from: file.history_from,
                opens_at: file.opens_at,
                commands: Vec::new(),
            },
            file,
            things: file.things.clone(),
            asked: None,
        }
    }

    /// The words of all steps.
    pub fn words() -> impl Iterator<Item = &'static str> + Clone {
        What::all().map(What::word)
    }

    /// Every field that some step has.
    pub fn fields() -> Vec<&'static str> {
        step_fields()
    }

    /// Remembers what a step will make, so that steps before it may name it.
    pub fn announce(&mut self, step: &Fields<'_>, home: &SubscriptionId) {
        self.things.add_made(step, home);
    }

    /// Who does a step, and what it does. `also` are fields the table has beside those of the step.
    pub fn step(
        &mut self,
        t: &Fields<'_>,
        home: &SubscriptionId,
        also: &[&'static str],
    ) -> Option<(Option<PersonId>, Vec<Deed>)> {
        let mut teller = Teller {
            build: &self.build,
            locales: &self.file.locales,
            things: &self.things,
            subscription: Some(home.clone()),
            before: None,
            asked: self.asked.take(),
        };
        let told = teller.doing(t, also);
        self.asked = teller.asked;
        told
    }

    /// Who acts when nobody is named.
    pub fn default_person(&self) -> Option<PersonId> {
        self.build.world.default_person.clone()
    }

    pub fn person(&self, t: &Fields<'_>, key: &str) -> Option<PersonId> {
        self.build.person(&t.required(key)?)
    }

    pub fn subscription(&self, text: &Placed<&str>) -> Option<SubscriptionId> {
        self.build.subscription(text)
    }

    /// The subscription a script is about when it names none: the only one of the world.
    pub fn home(&self) -> Option<SubscriptionId> {
        let mut subscriptions = self.build.world.resources.subscriptions.keys();
        let only = subscriptions.next().cloned();
        only.filter(|_| subscriptions.next().is_none())
    }

    pub fn group(&self, t: &Fields<'_>, home: &SubscriptionId) -> Option<Arc<str>> {
        let text = t.required("group")?;
        let known = self.build.knows_resource_group(home, &text);
        known.then(|| text.value.into())
    }

    /// A resource of one of these kinds that is there, or that some step makes.
    pub fn thing(
        &self,
        t: &Fields<'_>,
        key: &str,
        home: &SubscriptionId,
        kinds: &[ResourceKind],
    ) -> Option<ResourceId> {
        self.things.find(home, t, &t.required(key)?, kinds)
    }

    pub fn vault(&self, t: &Fields<'_>) -> Option<VaultName> {
        self.things.vault(t)
    }

    pub fn key(&self, t: &Fields<'_>) -> Option<(VaultName, KeyName)> {
        self.things.key(t)
    }
}
