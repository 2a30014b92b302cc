//! Log Analytics workspaces (`domain.md` c.12, f.3, R-LNK-20, E-WS-*): the workspace itself here, its saved
//! queries and linked storage in the files beside. Its link to a cluster is `cluster::link`.
//!
//! ```text
//! (none) --put--> Active --put--> Active'
//! Active --delete--> SoftDeleted --put with the same group and region, recover--> Active
//! SoftDeleted --14 days--> gone        Active --delete by force--> gone
//! ```

pub mod linked_storage;
pub mod saved_search;
pub mod wire;

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::ask::{hidden, visible};
use super::cluster::link::Link;
use super::draft::Draft;
use super::errors::{self, ErrorDef};
use super::event::Actor;
use super::ids::{ResourceId, SubscriptionId};
use super::ingestion::{segment, table};
use super::people::Action;
use super::random;
use super::refusal::Refusal;
use super::resources::{Named, Resource, ResourceKind, SoftDeleted, region, the_one};
use super::text::scrub;
use super::time::{SimTime, Span};
use super::timers::Timer;
use super::words::{did_you_mean, nearest, words};
use super::world::World;
use linked_storage::DataSource;
use saved_search::Saved;

words! {
    /// `sku.name` (f.3). While it is linked to a cluster a workspace is LACluster.
    Sku {
        Free = "Free",
        Standard = "Standard",
        Premium = "Premium",
        PerNode = "PerNode",
        PerGb2018 = "PerGB2018",
        Standalone = "Standalone",
        CapacityReservation = "CapacityReservation",
        LaCluster = "LACluster",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    pub id: ResourceId,
    /// Its number, from which the customer id follows.
    pub number: u32,
    pub location: Arc<str>,
    /// Outside a cluster; see [`Workspace::effective_sku`].
    pub sku: Sku,
    pub retention: Span,
    pub created_at: SimTime,
    pub link: Link,
    /// When it was linked, oldest first (R-LNK-11).
    pub linked_at: Vector<SimTime>,
    /// On which clusters its data lies, oldest first.
    pub placements: Vector<Placement>,
    /// By [`saved_search::slot`]: a search of this name in the workspace and one in an account are two.
    pub queries: OrdMap<saved_search::Slot, Arc<Saved>>,
    /// Storage accounts linked for each kind of data (R-BYOS-10).
    pub storage: OrdMap<DataSource, Vector<ResourceId>>,
    pub deleted: Option<SoftDeleted>,
}

/// A span of time in which new data went to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    pub cluster: ResourceId,
    pub from: SimTime,
    pub until: Option<SimTime>,
}

impl Workspace {
    /// R-LNK-13, h-31: the SKU it shows.
    pub fn effective_sku(&self) -> Sku {
        match self.link.linked_to() {
            Some(_) => Sku::LaCluster,
            None => self.sku,
        }
    }

    /// Link operations after an instant, oldest first (R-LNK-11).
    pub fn links_since(&self, after: SimTime) -> Vec<SimTime> {
        self.linked_at
            .iter()
            .copied()
            .filter(|at| *at > after)
            .collect()
    }

    /// Whether executed queries can be looked up, and pinned to a dashboard (R-BYOS-07, 09).
    pub fn keeps_query_history(&self) -> bool {
        !self.storage.contains_key(&DataSource::Query)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Creates, recovers what was deleted under this name, or updates what exists.
    Put {
        subscription: SubscriptionId,
        group: Arc<str>,
        name: Arc<str>,
        location: Option<Arc<str>>,
        sku: Option<Sku>,
        retention: Option<Span>,
    },
    Delete {
        workspace: ResourceId,
        force: bool,
    },
    Recover {
        workspace: ResourceId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Created {
        workspace: ResourceId,
        location: Arc<str>,
        sku: Sku,
        retention: Span,
    },
    Updated {
        workspace: ResourceId,
        sku: Option<Sku>,
        retention: Option<Span>,
    },
    SoftDeleted {
        workspace: ResourceId,
        purge_at: SimTime,
    },
    Recovered {
        workspace: ResourceId,
    },
    /// By force, or because the 14 days are over.
    Gone {
        workspace: ResourceId,
    },
}

impl Fact {
    pub fn workspace(&self) -> &ResourceId {
        match self {
            Fact::Created { workspace, .. }
            | Fact::Updated { workspace, .. }
            | Fact::SoftDeleted { workspace, .. }
            | Fact::Recovered { workspace }
            | Fact::Gone { workspace } => workspace,
        }
    }
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    match command {
        Command::Put {
            subscription,
            group,
            name,
            location,
            sku,
            retention,
        } => {
            draft.world.resource_group(subscription, group)?;
            draft
                .world
                .authorize(&by, Action::WorkspaceWrite, subscription, group)?;
            valid_retention(&draft.world, *retention)?;
            let id = Resource::id_for(subscription, group, name);
            match draft.world.workspaces.get(&id).cloned() {
                Some(found) if found.deleted.is_none() => {
                    update(draft, &found, location.as_deref(), *sku, *retention)
                }
                Some(found) if same_region(&found, location.as_deref()) => {
                    draft.emit(Fact::Recovered {
                        workspace: id.clone(),
                    });
                    Ok(())
                }
                namesake => create(
                    draft,
                    &id,
                    namesake.is_some(),
                    location.as_deref(),
                    *sku,
                    *retention,
                ),
            }
        }
        Command::Delete { workspace, force } => {
            draft
                .world
                .authorize_on(&by, Action::WorkspaceDelete, workspace)?;
            let found = draft
                .world
                .active_workspace(workspace, &errors::WL_01)?
                .clone();
            if let Some(cluster) = found.link.cluster() {
                return Err(errors::WS_04
                    .says(format!(
                        "A workspace that is {} ({cluster}) cannot be deleted.",
                        found.link.word()
                    ))
                    .target("workspace"));
            }
            let fact = if *force {
                Fact::Gone {
                    workspace: workspace.clone(),
                }
            } else {
                Fact::SoftDeleted {
                    workspace: workspace.clone(),
                    purge_at: draft.now + draft.world.rules.workspace_soft_delete,
                }
            };
            draft.emit(fact);
            Ok(())
        }
        Command::Recover { workspace } => {
            draft
                .world
                .authorize_on(&by, Action::WorkspaceWrite, workspace)?;
            let found = draft.world.workspace(workspace, &errors::WL_01)?.clone();
            if found.deleted.is_none() {
                return Err(errors::WS_03
                    .says(format!("The workspace {workspace} is not deleted."))
                    .target("workspace")
                    .remedy("Nothing to recover."));
            }
            draft.emit(Fact::Recovered {
                workspace: workspace.clone(),
            });
            Ok(())
        }
    }
}

fn same_region(found: &Workspace, location: Option<&str>) -> bool {
    location.is_none_or(|place| region(place).is_ok_and(|r| r == found.location))
}

fn create(
    draft: &mut Draft,
    id: &ResourceId,
    deleted_elsewhere: bool,
    location: Option<&str>,
    sku: Option<Sku>,
    retention: Option<Span>,
) -> Result<(), Refusal> {
    let world = &draft.world;
    let (subscription, _, name) = id.parts();
    valid_name(world, name)?;
    // E-WS-02: a namesake in the subscription, deleted ones included (GH-12).
    let namesake = world
        .workspaces
        .values()
        .find(|w| w.id.subscription() == subscription && w.id.name().eq_ignore_ascii_case(name));
    if let Some(taken) = namesake
        && (deleted_elsewhere || taken.id != *id)
    {
        let mut refusal = errors::WS_02
            .says(format!(
                "The workspace name is not unique: {} {}.",
                taken.id,
                match taken.deleted {
                    Some(deleted) => format!(
                        "is soft-deleted until {} UTC",
                        deleted.purge_at.to_seconds()
                    ),
                    None => "has it".to_owned(),
                }
            ))
            .target("name");
        refusal.allowed_from = taken.deleted.map(|d| d.purge_at);
        return Err(refusal);
    }
    let location = region(location.unwrap_or_default())?;
    let retention = retention.unwrap_or(world.rules.retention);
    if sku == Some(Sku::LaCluster) {
        return Err(errors::WS_03
            .says("A workspace becomes LACluster by being linked, not by asking for it.")
            .target("sku.name")
            .remedy("Leave the sku out and link the workspace."));
    }
    draft.emit(Fact::Created {
        workspace: id.clone(),
        location,
        sku: sku.unwrap_or(Sku::PerGb2018),
        retention,
    });
    Ok(())
}

fn update(
    draft: &mut Draft,
    found: &Workspace,
    location: Option<&str>,
    sku: Option<Sku>,
    retention: Option<Span>,
) -> Result<(), Refusal> {
    if !same_region(found, location) {
        return Err(errors::WS_03
            .says(format!(
                "The workspace is in {} and cannot be moved to {}.",
                found.location,
                scrub(location.unwrap_or_default())
            ))
            .target("location")
            .remedy("Leave the region out."));
    }
    if let Some(sku) = sku
        && sku != found.effective_sku()
    {
        if found.link.linked_to().is_some() {
            return Err(errors::WS_01.refuse().target("sku.name"));
        }
        if sku == Sku::LaCluster {
            return Err(errors::WS_03
                .says("A workspace becomes LACluster by being linked, not by asking for it.")
                .target("sku.name")
                .remedy("Link it: lockbox link create."));
        }
    }
    draft.emit(Fact::Updated {
        workspace: found.id.clone(),
        sku: sku.filter(|s| *s != Sku::LaCluster),
        retention,
    });
    Ok(())
}

fn valid_name(world: &World, name: &str) -> Result<(), Refusal> {
    let rules = &world.rules;
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let fits = (rules.workspace_name_min..=rules.workspace_name_max).contains(&length)
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fits {
        return Ok(());
    }
    Err(errors::WS_03
        .says(format!(
            "The workspace name {} is not valid: {} to {} letters, digits and inner hyphens.",
            scrub(name),
            rules.workspace_name_min,
            rules.workspace_name_max
        ))
        .target("name"))
}

pub(super) fn valid_retention(world: &World, retention: Option<Span>) -> Result<(), Refusal> {
    let rules = &world.rules;
    match retention {
        Some(span)
            if span < rules.retention_min
                || span > rules.retention_max
                || span.0 % Span::days(1).0 != 0 =>
        {
            Err(errors::WS_03
                .says(format!(
                    "The retention {span} is out of range: whole days from {} to {}.",
                    rules.retention_min, rules.retention_max
                ))
                .target("properties.retentionInDays"))
        }
        _ => Ok(()),
    }
}

/// A workspace of the world file.
pub(super) fn found(draft: &mut Draft, resource: &Resource) {
    let retention = draft.world.rules.retention;
    draft.emit(Fact::Created {
        workspace: resource.id.clone(),
        location: resource.location.clone(),
        sku: Sku::PerGb2018,
        retention,
    });
}

/// The 14 days of a deleted workspace are over.
pub(super) fn purge_in_time(draft: &mut Draft, id: &ResourceId) {
    let deleted = draft.world.workspaces.get(id).and_then(|w| w.deleted);
    draft.following(deleted.map(|d| d.revision), |draft| {
        draft.emit(Fact::Gone {
            workspace: id.clone(),
        })
    });
}

pub(super) fn evolve(world: &mut World, at: SimTime, fact: &Fact) {
    match fact {
        Fact::Created {
            workspace,
            location,
            sku,
            retention,
        } => {
            world.workspaces_made += 1;
            if !world.resources.resources.contains_key(workspace) {
                world
                    .resources
                    .insert(workspace, ResourceKind::Workspace, location);
            }
            world.workspaces.insert(
                workspace.clone(),
                Arc::new(Workspace {
                    id: workspace.clone(),
                    number: world.workspaces_made,
                    location: location.clone(),
                    sku: *sku,
                    retention: *retention,
                    created_at: at,
                    link: Link::Unlinked,
                    linked_at: Vector::new(),
                    placements: Vector::new(),
                    queries: OrdMap::new(),
                    storage: OrdMap::new(),
                    deleted: None,
                }),
            );
        }
        Fact::Updated {
            workspace,
            sku,
            retention,
        } => {
            edit(world, workspace, |w| {
                w.sku = sku.unwrap_or(w.sku);
                w.retention = retention.unwrap_or(w.retention);
            });
            if retention.is_some() {
                table::retention_changed(world, workspace, None);
                table::arm(world, at, workspace);
            }
        }
        Fact::SoftDeleted {
            workspace,
            purge_at,
        } => {
            world.resources.remove(workspace);
            let timer = world
                .timers
                .set(*purge_at, Timer::WorkspacePurges(workspace.clone()));
            let revision = world.revision;
            edit(world, workspace, |w| {
                w.deleted = Some(SoftDeleted {
                    at,
                    revision,
                    purge_at: *purge_at,
                    timer,
                });
            });
        }
        Fact::Recovered { workspace } => {
            let Some(found) = world.workspaces.get(workspace).cloned() else {
                return;
            };
            if let Some(deleted) = found.deleted {
                world.timers.cancel(deleted.timer);
            }
            world
                .resources
                .insert(workspace, ResourceKind::Workspace, &found.location);
            edit(world, workspace, |w| w.deleted = None);
        }
        Fact::Gone { workspace } => {
            world.resources.remove(workspace);
            segment::forget_workspace(world, workspace);
            if let Some(gone) = world.workspaces.remove(workspace)
                && let Some(deleted) = gone.deleted
            {
                world.timers.cancel(deleted.timer);
            }
        }
    }
}

pub(super) fn edit(world: &mut World, id: &ResourceId, change: impl FnOnce(&mut Workspace)) {
    if let Some(workspace) = world.workspaces.get_mut(id) {
        change(Arc::make_mut(workspace));
    }
}

/// What lay on a cluster that is gone for good is gone too (R-CLU-32).
pub(super) fn forget_cluster(world: &mut World, cluster: &ResourceId) {
    let lay_there = |w: &&Arc<Workspace>| w.placements.iter().any(|p| p.cluster == *cluster);
    let of_it: Vec<ResourceId> = world
        .workspaces
        .values()
        .filter(lay_there)
        .map(|w| w.id.clone())
        .collect();
    for id in of_it {
        edit(world, &id, |w| {
            w.placements.retain(|p| p.cluster != *cluster)
        });
    }
}

impl World {
    /// The workspace, deleted or not; `missing` says no in the words of who asks.
    pub fn workspace(
        &self,
        id: &ResourceId,
        missing: &ErrorDef,
    ) -> Result<&Arc<Workspace>, Refusal> {
        self.workspaces.get(id).ok_or_else(|| {
            let home = id.subscription();
            let known = self
                .workspaces
                .keys()
                .filter(|k| k.subscription() == home)
                .map(ResourceId::as_str);
            missing
                .says(format!(
                    "Workspace {id} not found; it does not exist or was deleted."
                ))
                .target("workspace")
                .remedy(did_you_mean(
                    nearest(id.as_str(), known),
                    "List the workspaces: lockbox workspace list.",
                ))
        })
    }

    pub fn active_workspace(
        &self,
        id: &ResourceId,
        missing: &ErrorDef,
    ) -> Result<&Arc<Workspace>, Refusal> {
        let found = self.workspace(id, missing)?;
        match found.deleted {
            None => Ok(found),
            Some(deleted) => Err(missing
                .says(format!(
                    "Workspace {id} not found; it was deleted and can be recovered until {} UTC.",
                    deleted.purge_at.to_seconds()
                ))
                .target("workspace")
                .remedy("Recover it: lockbox workspace recover.")),
        }
    }

    /// The workspace somebody means by its full id, its ARM path, `group/name`, its name or its customer id,
    /// among those they may see; also a deleted one. A full id means itself to anybody.
    pub fn find_workspace(&self, actor: &Actor, text: &str) -> Result<ResourceId, Refusal> {
        let exact = ResourceId::from(text);
        if self.workspaces.contains_key(&exact)
            || hidden(self, actor, Action::WorkspaceRead, &exact)
        {
            return Ok(exact);
        }
        let mut sees = visible(self, actor, Action::WorkspaceRead);
        let seen: Vec<&Arc<Workspace>> = self.workspaces.values().filter(|w| sees(&w.id)).collect();
        let arm_type = ResourceKind::Workspace.arm_type();
        let hits = seen
            .iter()
            .filter(|w| {
                self.means(&w.id, arm_type, text)
                    || self.customer_guid(w).eq_ignore_ascii_case(text)
            })
            .map(|w| &w.id)
            .collect();
        the_one(&Named {
            text,
            hits,
            nouns: "workspaces",
            target: "workspace",
            missing: errors::WL_01.says(format!(
                "Workspace {} not found; it does not exist or was deleted.",
                scrub(text)
            )),
            nearest: nearest(text, seen.iter().map(|w| w.id.name())),
            otherwise: "List the workspaces: lockbox workspace list.",
        })
    }

    /// `properties.customerId`.
    pub fn customer_guid(&self, workspace: &Workspace) -> String {
        random::guid(self.seed, "workspace", workspace.number)
    }

    /// The cluster a workspace is linked to (R-LNK-07).
    pub fn linked_cluster(&self, workspace: &ResourceId) -> Option<&ResourceId> {
        self.workspaces.get(workspace)?.link.linked_to()
    }

    /// E-QRY-01, 02: whether all data of a workspace can be read now. What lies on a cluster of the past
    /// counts as long as retention keeps it (R-LNK-09, i-38).
    pub fn readable(&self, now: SimTime, workspace: &ResourceId) -> Result<(), Refusal> {
        let found = self.active_workspace(workspace, &errors::QRY_02)?;
        let tables = self.logs.tables_of(workspace);
        let longest = tables
            .filter_map(|(_, table)| table.retention)
            .fold(found.retention, Span::max);
        for placement in found.placements.iter().rev() {
            let kept = placement.until.is_none_or(|until| until + longest > now);
            if !kept {
                continue;
            }
            if let Some(refusal) = self.inaccessible(workspace, &placement.cluster) {
                return Err(refusal);
            }
        }
        Ok(())
    }
}
