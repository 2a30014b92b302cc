//! Links between workspaces and clusters (`domain.md` c.11, R-LNK-*, E-WL-*, E-WU-*).
//!
//! ```text
//! Unlinked --link--> Linking --done--> Linked      Linking --fails--> Unlinked
//! Linked --unlink, cluster delete--> Unlinking --done--> Unlinked
//! Unlinking --fails--> Linked
//! ```
//! One link or unlink runs for a workspace at a time (R-LNK-12).

use serde::{Deserialize, Serialize};

use super::operation::{self, Begin, Failure, Kind, Operation};
use super::{Cluster, State};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{OperationId, PersonId, ResourceId, Revision};
use crate::engine::people::Action;
use crate::engine::refusal::Refusal;
use crate::engine::time::SimTime;
use crate::engine::workspace::{self, Placement, Workspace};
use crate::engine::world::World;

/// How a workspace stands to a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    #[default]
    Unlinked,
    Linking {
        cluster: ResourceId,
        operation: OperationId,
        since: SimTime,
    },
    Linked {
        cluster: ResourceId,
        since: SimTime,
    },
    Unlinking {
        cluster: ResourceId,
        operation: OperationId,
        since: SimTime,
        /// When the link that ends began to be.
        linked_since: SimTime,
    },
}

impl Link {
    pub fn cluster(&self) -> Option<&ResourceId> {
        match self {
            Link::Unlinked => None,
            Link::Linking { cluster, .. }
            | Link::Linked { cluster, .. }
            | Link::Unlinking { cluster, .. } => Some(cluster),
        }
    }

    /// The running job, if there is one.
    pub fn operation(&self) -> Option<OperationId> {
        match self {
            Link::Linking { operation, .. } | Link::Unlinking { operation, .. } => Some(*operation),
            Link::Unlinked | Link::Linked { .. } => None,
        }
    }

    /// Linked until the job that ends it is done (R-LNK-07).
    pub fn linked_to(&self) -> Option<&ResourceId> {
        match self {
            Link::Linked { cluster, .. } | Link::Unlinking { cluster, .. } => Some(cluster),
            Link::Unlinked | Link::Linking { .. } => None,
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Link::Unlinked => "unlinked",
            Link::Linking { .. } => "linking",
            Link::Linked { .. } => "linked",
            Link::Unlinking { .. } => "unlinking",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Link {
        workspace: ResourceId,
        cluster: ResourceId,
    },
    Unlink {
        workspace: ResourceId,
    },
    /// The simulator's: linked from the beginning.
    Attach {
        workspace: ResourceId,
        cluster: ResourceId,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Linking {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: OperationId,
        ends_at: SimTime,
    },
    Linked {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: Option<OperationId>,
    },
    LinkFailed {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: OperationId,
        failure: Failure,
    },
    Unlinking {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: OperationId,
        ends_at: SimTime,
    },
    Unlinked {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: OperationId,
    },
    UnlinkFailed {
        workspace: ResourceId,
        cluster: ResourceId,
        operation: OperationId,
        failure: Failure,
    },
}

impl Fact {
    pub fn workspace(&self) -> &ResourceId {
        match self {
            Fact::Linking { workspace, .. }
            | Fact::Linked { workspace, .. }
            | Fact::LinkFailed { workspace, .. }
            | Fact::Unlinking { workspace, .. }
            | Fact::Unlinked { workspace, .. }
            | Fact::UnlinkFailed { workspace, .. } => workspace,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Link { workspace, cluster } => {
            let by = draft.person()?;
            let ends_at = may_link(draft, &by, workspace, cluster)?;
            draft.emit(Fact::Linking {
                workspace: workspace.clone(),
                cluster: cluster.clone(),
                operation: operation::next(&draft.world),
                ends_at,
            });
        }
        Command::Unlink { workspace } => {
            let by = draft.person()?;
            draft
                .world
                .authorize_on(&by, Action::WorkspaceWrite, workspace)?;
            let found = draft
                .world
                .active_workspace(workspace, &errors::WU_01)?
                .clone();
            let cluster = found
                .link
                .cluster()
                .cloned()
                .ok_or_else(|| errors::WU_03.refuse().target("workspace"))?;
            // R-PERM-03: both.
            draft
                .world
                .authorize_on(&by, Action::ClusterWrite, &cluster)?;
            one_at_a_time(draft, &found, &errors::WU_02)?;
            draft.emit(Fact::Unlinking {
                workspace: workspace.clone(),
                cluster,
                operation: operation::next(&draft.world),
                ends_at: draft.now + draft.world.rules.unlink_duration,
            });
        }
        Command::Attach { workspace, cluster } => {
            draft.only_simulator()?;
            let found = draft.world.active_workspace(workspace, &errors::WL_01)?;
            let to = draft.world.live_cluster(cluster)?;
            if found.link != Link::Unlinked {
                return Err(errors::WL_04.refuse().target("linked_cluster"));
            }
            same_place(&draft.world, found, to)?;
            draft.emit(Fact::Linked {
                workspace: workspace.clone(),
                cluster: cluster.clone(),
                operation: None,
            });
        }
    }
    Ok(())
}

/// The guards of a link, in the order of the catalogue (e.4). Gives the instant at which it will be done.
fn may_link(
    draft: &Draft,
    by: &PersonId,
    workspace: &ResourceId,
    cluster: &ResourceId,
) -> Result<SimTime, Refusal> {
    let world = &draft.world;
    world.authorize_on(by, Action::WorkspaceWrite, workspace)?;
    let found = world.active_workspace(workspace, &errors::WL_01)?;
    one_at_a_time(draft, found, &errors::WL_02)?;
    world.authorize_on(by, Action::ClusterWrite, cluster)?;
    let to = world.live_cluster(cluster).map_err(|missing| {
        errors::WL_03
            .says(missing.message)
            .target("writeAccessResourceId")
            .remedy(missing.remedy)
    })?;
    if !to.takes_links() {
        return Err(errors::WL_03
            .says(format!("The cluster {cluster} is {}.", to.state))
            .target("writeAccessResourceId"));
    }
    match &found.link {
        Link::Linked { cluster: other, .. } if other == cluster => {
            return Err(errors::WL_04
                .says("Workspace is already linked to this cluster.")
                .target("workspace")
                .remedy("Nothing to do."));
        }
        Link::Linked { cluster: other, .. } => {
            return Err(errors::WL_04
                .says(format!(
                    "Workspace is already linked to another cluster, {other}."
                ))
                .target("workspace"));
        }
        _ => {}
    }
    let rules = &world.rules;
    let window = found.links_since(draft.now - rules.link_window);
    let limit = rules.link_operations as usize;
    if window.len() >= limit {
        // Free again when the oldest that fills the quota leaves the window.
        let at = window[window.len() - limit] + rules.link_window;
        return Err(errors::WL_05
            .says(format!(
                "This workspace already used its {limit} link operations of the last {}.",
                rules.link_window
            ))
            .target("workspace")
            .allowed_from(at)
            .remedy(format!("It can be linked from {} UTC.", at.to_seconds())));
    }
    if to.links.len() >= rules.workspaces_per_cluster as usize {
        return Err(errors::WL_06
            .says(format!(
                "Cluster already has {} linked workspaces.",
                to.links.len()
            ))
            .target("writeAccessResourceId"));
    }
    same_place(world, found, to)?;
    if rules.strict_link_guard && to.state == State::ProvisioningAccount {
        let building = to.operation.and_then(|id| world.operations.get(&id));
        let mut refusal = errors::WL_08.refuse().target("writeAccessResourceId");
        refusal.allowed_from = building.map(|operation| operation.expected_end);
        return Err(refusal);
    }
    Ok(draft.now + rules.link_duration)
}

fn one_at_a_time(
    draft: &Draft,
    workspace: &Workspace,
    error: &errors::ErrorDef,
) -> Result<(), Refusal> {
    let Some(id) = workspace.link.operation() else {
        return Ok(());
    };
    let running = draft.world.operation(id)?;
    let mut refusal = error
        .says(format!(
            "A link or unlink operation for this workspace is already running: {id}, {}.",
            workspace.link.word()
        ))
        .target("workspace")
        .remedy(format!(
            "Wait for it until {} UTC: lockbox op wait {id}.",
            running.expected_end.to_seconds()
        ));
    // When the running job does what is asked for, there is nothing left to do after it.
    let wanted = match running.kind {
        Kind::Link => errors::WL_02.id,
        _ => errors::WU_02.id,
    };
    if error.id != wanted {
        refusal = refusal.allowed_from(running.expected_end);
    }
    Err(refusal)
}

/// R-LNK-04, R-CMK-19, 20.
fn same_place(world: &World, workspace: &Workspace, cluster: &Cluster) -> Result<(), Refusal> {
    let why = if !world.same_tenant(&workspace.id, &cluster.id) {
        "the cluster belongs to another organisation".to_owned()
    } else if workspace.location == cluster.location {
        return Ok(());
    } else {
        format!(
            "the workspace is in {} and the cluster in {}",
            workspace.location, cluster.location
        )
    };
    Err(errors::WL_07
        .says(format!(
            "Workspace and cluster must be in the same region and tenant; {why}."
        ))
        .target("writeAccessResourceId"))
}

pub(super) fn fail(draft: &mut Draft, operation: &Operation, failure: Failure) {
    let Some(workspace) = operation.workspace.clone() else {
        return;
    };
    let cluster = operation.cluster.clone();
    if operation.kind == Kind::Link {
        draft.emit(Fact::LinkFailed {
            workspace,
            cluster,
            operation: operation.id,
            failure,
        });
        return;
    }
    let failed = draft.emit(Fact::UnlinkFailed {
        workspace,
        cluster: cluster.clone(),
        operation: operation.id,
        failure: failure.clone(),
    });
    // A cluster that still has a workspace is not deleted.
    let delete = draft
        .world
        .clusters
        .get(&cluster)
        .filter(|c| c.state == State::Deleting)
        .and_then(|c| c.operation);
    if let Some(operation) = delete {
        draft.because(failed, Actor::LogAnalytics, |draft| {
            draft.emit(super::Fact::OperationFailed {
                cluster,
                operation,
                failure,
            })
        });
    }
}

pub(super) fn linked(draft: &mut Draft, operation: &Operation) {
    let Some(workspace) = operation.workspace.clone() else {
        return;
    };
    let ready = draft
        .world
        .clusters
        .get(&operation.cluster)
        .is_some_and(|c| {
            matches!(
                c.state,
                State::Succeeded | State::Updating | State::ProvisioningAccount
            )
        });
    if !ready {
        let failure = errors::WL_03.refuse().into();
        return fail(draft, operation, failure);
    }
    draft.emit(Fact::Linked {
        workspace,
        cluster: operation.cluster.clone(),
        operation: Some(operation.id),
    });
}

pub(super) fn unlinked(draft: &mut Draft, operation: &Operation) {
    let Some(workspace) = operation.workspace.clone() else {
        return;
    };
    let done = draft.emit(Fact::Unlinked {
        workspace,
        cluster: operation.cluster.clone(),
        operation: operation.id,
    });
    // R-CLU-34: the delete is done with its last unlink.
    draft.because(done, Actor::LogAnalytics, |draft| {
        super::deleted_when_unlinked(draft, &operation.cluster);
    });
}

/// R-CLU-33: the cluster goes, so every workspace is unlinked, one job each.
pub(super) fn unlink_all(draft: &mut Draft, cluster: &ResourceId) {
    let Some(found) = draft.world.clusters.get(cluster).cloned() else {
        return;
    };
    for workspace in &found.links {
        let link = draft
            .world
            .workspaces
            .get(workspace)
            .map(|w| w.link.clone());
        match link {
            Some(Link::Linked { .. }) => {
                let operation = operation::next(&draft.world);
                draft.emit(Fact::Unlinking {
                    workspace: workspace.clone(),
                    cluster: cluster.clone(),
                    operation,
                    ends_at: draft.now + draft.world.rules.unlink_duration,
                });
            }
            Some(Link::Linking { operation, .. }) => {
                draft.emit(Fact::LinkFailed {
                    workspace: workspace.clone(),
                    cluster: cluster.clone(),
                    operation,
                    failure: Failure {
                        code: errors::WL_03.code.to_owned(),
                        message: "The cluster is being deleted.".to_owned(),
                    },
                });
            }
            Some(Link::Unlinking { .. } | Link::Unlinked) | None => {}
        }
    }
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Linking {
            workspace,
            cluster,
            operation,
            ends_at,
        } => {
            operation::begin(
                world,
                at,
                revision,
                Begin {
                    id: *operation,
                    kind: Kind::Link,
                    cluster,
                    workspace: Some(workspace),
                    key: None,
                    ends_at: *ends_at,
                },
            );
            super::edit(world, cluster, |c| {
                c.links.insert(workspace.clone());
            });
            workspace::edit(world, workspace, |w| {
                w.linked_at.push_back(at);
                w.link = Link::Linking {
                    cluster: cluster.clone(),
                    operation: *operation,
                    since: at,
                };
            });
        }
        Fact::Linked {
            workspace,
            cluster,
            operation,
        } => {
            if let Some(operation) = operation {
                operation::finish(world, at, *operation, None);
            }
            super::edit(world, cluster, |c| {
                c.links.insert(workspace.clone());
            });
            workspace::edit(world, workspace, |w| {
                w.link = Link::Linked {
                    cluster: cluster.clone(),
                    since: at,
                };
                w.placements.push_back(Placement {
                    cluster: cluster.clone(),
                    from: at,
                    until: None,
                });
            });
        }
        Fact::LinkFailed {
            workspace,
            cluster,
            operation,
            failure,
        } => {
            operation::finish(world, at, *operation, Some(failure));
            super::edit(world, cluster, |c| {
                c.links.remove(workspace);
            });
            workspace::edit(world, workspace, |w| {
                // i-10: only successful links count.
                w.linked_at.pop_back();
                w.link = Link::Unlinked;
            });
        }
        Fact::Unlinking {
            workspace,
            cluster,
            operation,
            ends_at,
        } => {
            operation::begin(
                world,
                at,
                revision,
                Begin {
                    id: *operation,
                    kind: Kind::Unlink,
                    cluster,
                    workspace: Some(workspace),
                    key: None,
                    ends_at: *ends_at,
                },
            );
            workspace::edit(world, workspace, |w| {
                let linked_since = match &w.link {
                    Link::Linked { since, .. } => *since,
                    _ => at,
                };
                w.link = Link::Unlinking {
                    cluster: cluster.clone(),
                    operation: *operation,
                    since: at,
                    linked_since,
                };
            });
        }
        Fact::Unlinked {
            workspace,
            cluster,
            operation,
        } => {
            operation::finish(world, at, *operation, None);
            super::edit(world, cluster, |c| {
                c.links.remove(workspace);
            });
            workspace::edit(world, workspace, |w| {
                w.link = Link::Unlinked;
                if let Some(last) = w.placements.back_mut() {
                    last.until = Some(at);
                }
            });
        }
        Fact::UnlinkFailed {
            workspace,
            cluster,
            operation,
            failure,
        } => {
            operation::finish(world, at, *operation, Some(failure));
            workspace::edit(world, workspace, |w| {
                if let Link::Unlinking { linked_since, .. } = w.link {
                    w.link = Link::Linked {
                        cluster: cluster.clone(),
                        since: linked_since,
                    };
                }
            });
        }
    }
}
