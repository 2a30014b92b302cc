//! Saved searches and log alert queries of a workspace (`domain.md` f.6, R-BYOS-01, 05, 06, 10). With a storage
//! account linked they are kept there, and what the workspace shows is what lies in the account.
//!
//! ```text
//! (none) --save--> Saved --save--> Saved'        Saved --delete, link for Query--> gone
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Workspace;
use super::linked_storage::DataSource;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::ids::{ResourceId, Revision};
use crate::engine::lockbox::ticket::TEXT_MAX;
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::text::Untrusted;
use crate::engine::time::SimTime;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::{KeyOperation, Use};
use crate::engine::words::{did_you_mean, nearest, words};
use crate::engine::world::World;

words! {
    Kind {
        Search = "search",
        Alert = "alert",
    }
}

impl Kind {
    /// The data source whose storage account keeps it (R-BYOS-10).
    pub fn source(self) -> DataSource {
        match self {
            Kind::Search => DataSource::Query,
            Kind::Alert => DataSource::Alerts,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub kind: Kind,
    pub name: Arc<str>,
    pub category: Untrusted,
    pub display_name: Untrusted,
    pub query: Untrusted,
    /// The storage account that keeps it; none is the workspace itself, under the Microsoft key (R-CMK-01).
    pub kept_in: Option<ResourceId>,
    pub at: SimTime,
    /// The event it was saved with: its etag.
    pub revision: Revision,
}

/// Where a query stands among the others of its workspace.
pub type Slot = (Kind, Option<ResourceId>, Arc<str>);

/// A search is one of its name in its place; an alert is one of its name, and moves when it is saved again.
pub fn slot(kind: Kind, kept_in: Option<&ResourceId>, name: &Arc<str>) -> Slot {
    let place = match kind {
        Kind::Search => kept_in.cloned(),
        Kind::Alert => None,
    };
    (kind, place, name.clone())
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Save {
        workspace: ResourceId,
        kind: Kind,
        name: Arc<str>,
        category: Untrusted,
        display_name: Untrusted,
        query: Untrusted,
    },
    Delete {
        workspace: ResourceId,
        kind: Kind,
        name: Arc<str>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Saved {
        workspace: ResourceId,
        kind: Kind,
        name: Arc<str>,
        category: Untrusted,
        display_name: Untrusted,
        query: Untrusted,
        kept_in: Option<ResourceId>,
    },
    Deleted {
        workspace: ResourceId,
        kind: Kind,
        name: Arc<str>,
    },
}

impl Fact {
    pub fn workspace(&self) -> &ResourceId {
        match self {
            Fact::Saved { workspace, .. } | Fact::Deleted { workspace, .. } => workspace,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    let world = &draft.world;
    match command {
        Command::Save {
            workspace,
            kind,
            name,
            category,
            display_name,
            query,
        } => {
            world.authorize_on(&by, Action::SearchWrite, workspace)?;
            let found = world.active_workspace(workspace, &errors::WL_01)?;
            valid_name(name)?;
            for (field, text) in [
                ("category", category),
                ("displayName", display_name),
                ("query", query),
            ] {
                if text.is_blank() || text.raw().len() > TEXT_MAX {
                    return Err(errors::SS_02
                        .says(format!("{field} is empty or too long."))
                        .target(field));
                }
            }
            let kept_in = found.keeps(*kind).cloned();
            if let Some(account) = &kept_in {
                world.storage_opens(draft.now, account)?;
            }
            draft.emit(Fact::Saved {
                workspace: workspace.clone(),
                kind: *kind,
                name: name.clone(),
                category: category.clone(),
                display_name: display_name.clone(),
                query: query.clone(),
                kept_in,
            });
        }
        Command::Delete {
            workspace,
            kind,
            name,
        } => {
            world.authorize_on(&by, Action::SearchDelete, workspace)?;
            world.active_workspace(workspace, &errors::WL_01)?;
            world.saved(draft.now, workspace, *kind, name)?;
            draft.emit(Fact::Deleted {
                workspace: workspace.clone(),
                kind: *kind,
                name: name.clone(),
            });
        }
    }
    Ok(())
}

fn valid_name(name: &str) -> Result<(), Refusal> {
    let fits = (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if fits {
        return Ok(());
    }
    Err(errors::SS_02
        .says(format!(
            "The name {} is not valid.",
            crate::engine::text::scrub(name)
        ))
        .target("name")
        .remedy("Use 1 to 128 letters, digits, hyphens, dots and underscores."))
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Saved {
            workspace,
            kind,
            name,
            category,
            display_name,
            query,
            kept_in,
        } => {
            let saved = Saved {
                kind: *kind,
                name: name.clone(),
                category: category.clone(),
                display_name: display_name.clone(),
                query: query.clone(),
                kept_in: kept_in.clone(),
                at,
                revision,
            };
            super::edit(world, workspace, |w| {
                let slot = slot(*kind, kept_in.as_ref(), name);
                w.queries.insert(slot, Arc::new(saved));
            });
        }
        Fact::Deleted {
            workspace,
            kind,
            name,
        } => super::edit(world, workspace, |w| {
            let slot = slot(*kind, w.keeps(*kind), name);
            w.queries.remove(&slot);
        }),
    }
}

impl Workspace {
    /// Where new queries of a kind are kept: a storage account, or the workspace.
    pub fn keeps(&self, kind: Kind) -> Option<&ResourceId> {
        self.storage.get(&kind.source())?.front()
    }

    /// The queries of a kind the workspace shows. Saved searches are where `Query` points to; alerts stay
    /// where they were saved (R-BYOS-06 removes searches only).
    pub fn shown(&self, kind: Kind) -> impl Iterator<Item = &Arc<Saved>> {
        let place = self.keeps(kind).cloned();
        self.queries
            .values()
            .filter(move |s| s.kind == kind && (kind == Kind::Alert || s.kept_in == place))
    }
}

impl World {
    /// One saved query, if it is there and its storage account opens.
    pub fn saved(
        &self,
        now: SimTime,
        workspace: &ResourceId,
        kind: Kind,
        name: &str,
    ) -> Result<&Arc<Saved>, Refusal> {
        let found = self.active_workspace(workspace, &errors::WL_01)?;
        let hit = found
            .queries
            .get(&slot(kind, found.keeps(kind), &name.into()));
        let Some(saved) = hit else {
            let known = found.shown(kind).map(|s| &*s.name);
            return Err(errors::SS_01
                .says(format!(
                    "There is no saved {kind} {} in {workspace}.",
                    crate::engine::text::scrub(name)
                ))
                .target("name")
                .remedy(did_you_mean(
                    nearest(name, known),
                    "List them: lockbox search list.",
                )));
        };
        if let Some(account) = &saved.kept_in {
            self.storage_opens(now, account)?;
        }
        Ok(saved)
    }

    /// R-BYOS-11: a storage account under a key of its own opens only while the vault unwraps for it.
    pub fn storage_opens(&self, now: SimTime, account: &ResourceId) -> Result<(), Refusal> {
        let Some(found) = self.storage_accounts.get(account) else {
            return Ok(());
        };
        let Some(key) = &found.key else { return Ok(()) };
        let call = Use {
            vault: key.vault.clone(),
            key: key.key.clone(),
            version: Some(key.version.clone()),
            operation: KeyOperation::UnwrapKey,
        };
        self.may_use(now, &Caller::Identity(found.identity), &call)
            .map(|_| ())
            .map_err(|no| {
                let mut refusal = errors::SS_03
                    .says(format!(
                        "The queries in {account} cannot be read: {}",
                        no.message
                    ))
                    .target("storageAccount")
                    .remedy(no.remedy);
                refusal.allowed_from = no.allowed_from;
                refusal
            })
    }
}
