//! Resources and keys by the names a file gives them: what it founds, and what the steps of its stories will make.

use std::collections::BTreeSet;

use super::reader::{Fields, Placed};
use crate::engine::ids::{KeyName, ResourceId, SubscriptionId, VaultName};
use crate::engine::resources::{Resource, ResourceKind};
use crate::engine::text::scrub;
use crate::engine::words::nearest;

#[derive(Debug, Clone, Default)]
pub(super) struct Things {
    resources: Vec<(ResourceId, ResourceKind)>,
    keys: BTreeSet<(VaultName, KeyName)>,
}

impl Things {
    pub fn add(&mut self, id: ResourceId, kind: ResourceKind) {
        self.resources.push((id, kind));
    }

    /// What a step makes, if it makes anything; says nothing of its mistakes.
    pub fn add_made(&mut self, step: &Fields<'_>, home: &SubscriptionId) {
        let kind = match step.peek("do") {
            Some("vault-create") => ResourceKind::KeyVault,
            Some("cluster-create" | "cluster-put") => ResourceKind::Cluster,
            Some("workspace-create") => ResourceKind::Workspace,
            Some("key-create") => {
                if let (Some(vault), Some(key)) = (step.peek("vault"), step.peek("key")) {
                    self.keys.insert((VaultName::new(vault), key.into()));
                }
                return;
            }
            _ => return,
        };
        if let (Some(group), Some(name)) = (step.peek("group"), step.peek("name")) {
            self.add(Resource::id_for(home, group, name), kind);
        }
    }

    /// The names of what is of these kinds.
    pub fn names<'k>(&'k self, kinds: &'k [ResourceKind]) -> impl Iterator<Item = &'k str> + Clone {
        self.resources
            .iter()
            .filter(|(_, kind)| kinds.contains(kind))
            .map(|(id, _)| id.name())
    }

    /// The resource of one of these kinds a field means: by its full id, or within the subscription by
    /// `group/name` or `name`. The first kind is the one that is asked for.
    pub fn find(
        &self,
        home: &SubscriptionId,
        fields: &Fields<'_>,
        text: &Placed<&str>,
        wanted: &[ResourceKind],
    ) -> Option<ResourceId> {
        let means = |id: &ResourceId| {
            let (subscription, group, name) = id.parts();
            let here = subscription == *home;
            id.as_str() == text.value
                || here && name == text.value
                || here && text.value.split_once('/') == Some((group, name))
        };
        let fits = |kind: &ResourceKind| wanted.contains(kind);
        let named: Vec<_> = self.resources.iter().filter(|(id, _)| means(id)).collect();
        let mut fitting: Vec<&ResourceId> = named
            .iter()
            .filter(|(_, kind)| fits(kind))
            .map(|(id, _)| id)
            .collect();
        fitting.dedup();
        let what = wanted.first().map_or("resource", |kind| kind.word());
        let (message, near) = match (fitting.as_slice(), named.first()) {
            ([one], _) => return Some((*one).clone()),
            ([], Some((_, other))) => (format!("This is a {other}; a {what} is wanted."), None),
            ([], None) => {
                // As it was written: with its group and subscription, or without.
                let parts = text.value.matches('/').count() + 1;
                let known = self.resources.iter().filter(|(_, kind)| fits(kind));
                let known: Vec<&str> = known
                    .map(|(id, _)| {
                        let skipped = id.as_str().splitn(3, '/').take(3 - parts.min(3));
                        let skipped: usize = skipped.map(|part| part.len() + 1).sum();
                        id.as_str().get(skipped..).unwrap_or_default()
                    })
                    .collect();
                let near = nearest(text.value, known.into_iter());
                (
                    format!("There is no {what} {}.", scrub(text.value)),
                    near.map(str::to_owned),
                )
            }
            (several, _) => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                (
                    format!("This is the name of several; say {}.", ids.join(" or ")),
                    None,
                )
            }
        };
        fields
            .reader
            .wrong(text.at, &text.field, message, near.as_deref());
        None
    }

    /// A vault by its name, of whatever subscription: it is unique in the whole cloud.
    pub fn vault(&self, fields: &Fields<'_>) -> Option<VaultName> {
        let text = fields.required("vault")?;
        let name = VaultName::new(text.value);
        let known = self.names(&[ResourceKind::KeyVault]);
        if known.clone().any(|known| VaultName::new(known) == name) {
            return Some(name);
        }
        fields.wrong(
            "vault",
            format!("There is no vault {}.", scrub(text.value)),
            nearest(text.value, known),
        );
        None
    }

    /// A key some step makes, with its vault.
    pub fn key(&self, fields: &Fields<'_>) -> Option<(VaultName, KeyName)> {
        let vault = self.vault(fields);
        let text = fields.required("key")?;
        let found = (vault?, KeyName::from(text.value));
        if self.keys.contains(&found) {
            return Some(found);
        }
        let known = self.keys.iter().filter(|(vault, _)| *vault == found.0);
        fields.wrong(
            "key",
            format!(
                "No step makes a key {} in {}.",
                scrub(text.value),
                scrub(found.0.as_str())
            ),
            nearest(text.value, known.map(|(_, key)| key.as_str())),
        );
        None
    }
}
