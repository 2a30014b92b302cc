//! Asynchronous operations (`domain.md` c.10, R-ASY-*): what was accepted and is not done yet.
//!
//! ```text
//! accepted --> InProgress (create, link, unlink) | Updating (key update) | Deleting (delete with links)
//! InProgress | Updating | Deleting --done--> Succeeded    --error--> Failed{code, message}
//! ```
//! The rooms of cluster and link begin and finish them; this room owns the record and the timer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{encryption, link};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::event::Actor;
use crate::engine::ids::{OperationId, ResourceId, Revision};
use crate::engine::random;
use crate::engine::refusal::Refusal;
use crate::engine::time::SimTime;
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    Kind {
        CreateCluster = "create-cluster",
        UpdateKey = "update-key",
        DeleteCluster = "delete-cluster",
        Link = "link",
        Unlink = "unlink",
    }
}

words! {
    /// `status` on the wire (R-ASY-04).
    Status {
        InProgress = "InProgress",
        Updating = "Updating",
        Deleting = "Deleting",
        Succeeded = "Succeeded",
        Failed = "Failed",
    }
}

impl Status {
    /// R-ASY-08.
    pub fn is_terminal(self) -> bool {
        matches!(self, Status::Succeeded | Status::Failed)
    }
}

impl Kind {
    fn begins_as(self) -> Status {
        match self {
            Kind::CreateCluster | Kind::Link | Kind::Unlink => Status::InProgress,
            Kind::UpdateKey => Status::Updating,
            Kind::DeleteCluster => Status::Deleting,
        }
    }
}

/// `error` of a failed operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    pub message: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure {
            code: refusal.code,
            message: refusal.message,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub id: OperationId,
    pub kind: Kind,
    pub status: Status,
    pub cluster: ResourceId,
    /// For link and unlink.
    pub workspace: Option<ResourceId>,
    /// For a key update: what will be in force.
    pub key: Option<KeyIdentifier>,
    pub started_at: SimTime,
    pub expected_end: SimTime,
    pub ended_at: Option<SimTime>,
    pub error: Option<Failure>,
    /// The event that began it, and the one that ended it.
    pub revision: Revision,
    pub ended_by: Option<Revision>,
    pub timer: Option<TimerKey>,
}

impl Operation {
    /// The resource it works on.
    pub fn target(&self) -> &ResourceId {
        self.workspace.as_ref().unwrap_or(&self.cluster)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Fault injection by the simulator: what runs fails now.
    Fail { operation: OperationId },
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    let Command::Fail { operation } = command;
    let found = draft.world.operation(*operation)?.clone();
    if found.status.is_terminal() || found.kind == Kind::DeleteCluster {
        return Err(errors::FLT_01
            .says(format!(
                "{operation} is {} and cannot be made to fail.",
                found.status
            ))
            .target("operation")
            .remedy("Only a running create, key update, link or unlink can fail."));
    }
    let failure = Failure {
        code: "InternalServerError".to_owned(),
        message: "The operation failed inside the service (injected fault).".to_owned(),
    };
    draft.because(found.revision, Actor::Simulator, |draft| match found.kind {
        Kind::CreateCluster | Kind::UpdateKey | Kind::DeleteCluster => {
            draft.emit(super::Fact::OperationFailed {
                cluster: found.cluster.clone(),
                operation: found.id,
                failure,
            });
        }
        Kind::Link | Kind::Unlink => link::fail(draft, &found, failure),
    });
    Ok(())
}

/// The time of an operation is over: it is done, or shows that it cannot be.
pub(crate) fn end_in_time(draft: &mut Draft, id: OperationId) {
    let Some(found) = draft.world.operations.get(&id).cloned() else {
        return;
    };
    draft.because(found.revision, Actor::LogAnalytics, |draft| {
        match found.kind {
            Kind::CreateCluster => super::provisioned(draft, &found.cluster, Some(id)),
            Kind::UpdateKey => encryption::propagate(draft, &found),
            Kind::Link => link::linked(draft, &found),
            Kind::Unlink => link::unlinked(draft, &found),
            // Ends with the last unlink.
            Kind::DeleteCluster => {}
        }
    });
}

/// The number the next operation gets.
pub(super) fn next(world: &World) -> OperationId {
    OperationId(u32::try_from(world.operations.len() + 1).unwrap_or(u32::MAX))
}

/// What begins.
pub(super) struct Begin<'a> {
    pub id: OperationId,
    pub kind: Kind,
    pub cluster: &'a ResourceId,
    pub workspace: Option<&'a ResourceId>,
    pub key: Option<&'a KeyIdentifier>,
    pub ends_at: SimTime,
}

pub(super) fn begin(world: &mut World, at: SimTime, revision: Revision, begin: Begin<'_>) {
    // A delete ends with its unlinks, not by a timer of its own.
    let timer = (begin.kind != Kind::DeleteCluster).then(|| {
        world
            .timers
            .set(begin.ends_at, Timer::OperationEnds(begin.id))
    });
    world.operations.insert(
        begin.id,
        Arc::new(Operation {
            id: begin.id,
            kind: begin.kind,
            status: begin.kind.begins_as(),
            cluster: begin.cluster.clone(),
            workspace: begin.workspace.cloned(),
            key: begin.key.cloned(),
            started_at: at,
            expected_end: begin.ends_at,
            ended_at: None,
            ended_by: None,
            error: None,
            revision,
            timer,
        }),
    );
    world.running.insert(begin.id);
}

pub(super) fn finish(world: &mut World, at: SimTime, id: OperationId, error: Option<&Failure>) {
    world.running.remove(&id);
    let revision = world.revision;
    let Some(operation) = world.operations.get_mut(&id) else {
        return;
    };
    let operation = Arc::make_mut(operation);
    operation.status = if error.is_some() {
        Status::Failed
    } else {
        Status::Succeeded
    };
    operation.error = error.cloned();
    operation.ended_at = Some(at);
    operation.ended_by = Some(revision);
    if let Some(timer) = operation.timer.take() {
        world.timers.cancel(timer);
    }
}

impl World {
    pub fn operation(&self, id: OperationId) -> Result<&Arc<Operation>, Refusal> {
        self.operations.get(&id).ok_or_else(|| {
            errors::ARM_07
                .says(format!("There is no operation {id}."))
                .target("operation")
        })
    }

    /// The operation a person means by `OP-000042`, `42` or its GUID.
    pub fn find_operation(&self, text: &str) -> Result<OperationId, Refusal> {
        let id = random::number_of(self.seed, "operation", text)
            .map(OperationId)
            .or_else(|| text.parse().ok());
        match id {
            Some(id) => self.operation(id).map(|o| o.id),
            None => Err(errors::ARM_07
                .says(format!(
                    "There is no operation {}.",
                    crate::engine::text::scrub(text)
                ))
                .target("operation")),
        }
    }

    /// `name` of an operation on the wire.
    pub fn operation_guid(&self, id: OperationId) -> String {
        random::guid(self.seed, "operation", id.0)
    }

    /// The path one polls (R-ASY-02).
    pub fn operation_path(&self, operation: &Operation) -> String {
        let subscription = self.subscription_guid(&operation.target().subscription());
        let region = self
            .clusters
            .get(&operation.cluster)
            .map_or("", |c| &*c.location);
        format!(
            "/subscriptions/{subscription}/providers/Microsoft.OperationalInsights/locations/{region}/operationStatuses/{}",
            self.operation_guid(operation.id)
        )
    }
}
