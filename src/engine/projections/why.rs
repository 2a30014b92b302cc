//! Why something is so: from an event, or from the state of a thing, back along the causes to the command and
//! whoever gave it, each step with its sentence and its rule.

use super::meaning;
use super::sentence::sentence;
use crate::engine::event::Event;
use crate::engine::ids::{OperationId, RequestId, ResourceId, Revision};
use crate::engine::ingestion::route::Route;
use crate::engine::rules::Statement;
use crate::engine::world::World;

/// Causes are followed so far; a chain of the engine is shorter.
const LONGEST: usize = 64;

/// One link of the chain, from the latest event back to the first cause.
#[derive(Debug, Clone)]
pub struct Step {
    pub event: Event,
    pub sentence: String,
    pub rule: Option<&'static Statement>,
}

/// Something that is so, of which somebody may ask why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Event(Revision),
    Cluster(ResourceId),
    Workspace(ResourceId),
    Request(RequestId),
    Operation(OperationId),
}

impl About {
    /// The event that made it so; none where there is none, such as for a workspace whose data goes where it
    /// always did.
    pub fn event(&self, world: &World) -> Option<Revision> {
        match self {
            About::Event(revision) => Some(*revision),
            About::Cluster(id) => {
                let cluster = world.clusters.get(id)?;
                let deleted = || world.intake.turns.get(id)?.back().map(|turn| turn.revision);
                match cluster.is_live() {
                    true => Some(cluster.protection.cause).filter(|r| r.0 > 0),
                    false => deleted(),
                }
            }
            About::Workspace(id) => {
                let last = world.intake.loads.get(id)?.stretches.back()?;
                // What a cluster's storage does is a consequence of the cluster's state, and of that event.
                let cluster = last.route.as_ref().and_then(Route::cluster);
                let of_cluster = cluster.and_then(|c| About::Cluster(c.clone()).event(world));
                Some(of_cluster.map_or(last.revision, |of| of.max(last.revision)))
            }
            About::Request(id) => world
                .lockbox
                .requests
                .get(id)?
                .history
                .last()
                .map(|c| c.revision),
            About::Operation(id) => {
                let operation = world.operations.get(id)?;
                Some(operation.ended_by.unwrap_or(operation.revision))
            }
        }
    }
}

/// The chain from an event back to its first cause; `read` gives an event by its number.
pub fn chain<E>(
    world: &World,
    from: Revision,
    mut read: impl FnMut(Revision) -> Result<Option<Event>, E>,
) -> Result<Vec<Step>, E> {
    let mut steps = Vec::new();
    let mut next = Some(from);
    while let Some(revision) = next
        && steps.len() < LONGEST
    {
        let Some(event) = read(revision)? else { break };
        // A cause is always earlier, so that the walk ends.
        next = event.cause.filter(|cause| *cause < revision);
        steps.push(Step {
            sentence: sentence(world, &event),
            rule: meaning::rule(&event.fact),
            event,
        });
    }
    Ok(steps)
}
