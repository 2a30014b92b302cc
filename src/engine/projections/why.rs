//! Why something is so: from an event, or from the state of a thing, back along the causes to the command and
//! whoever gave it, each step with its sentence and its rule.

use super::meaning;
use super::sentence::{sentence, who};
use crate::engine::cluster::encryption::Encryption;
use crate::engine::event::{Actor, Event};
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
                let protection = &cluster.protection;
                // Refused already, and storage has not noticed yet.
                let refused = protection.refused.map(|change| change.revision);
                let refused = refused.filter(|_| protection.state == Encryption::Active);
                match cluster.is_live() {
                    true => refused.or(Some(protection.cause)).filter(|r| r.0 > 0),
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

/// What of a chain somebody may see, latest first.
#[derive(Debug, Clone)]
pub struct Seen {
    pub steps: Vec<Step>,
    /// How many steps are not theirs to see; what goes on with others is not for everybody (i-32).
    pub unseen: usize,
    /// Whoever began it, when that may be seen.
    pub began: Option<Actor>,
}

impl Seen {
    pub fn new(chain: Vec<Step>, sees: impl Fn(&Event) -> bool) -> Seen {
        let all = chain.len();
        let first = chain.last().filter(|step| sees(&step.event));
        let began = first.map(|step| step.event.actor.clone());
        let steps: Vec<Step> = chain.into_iter().filter(|s| sees(&s.event)).collect();
        Seen {
            unseen: all - steps.len(),
            began,
            steps,
        }
    }

    /// One sentence about how it began.
    pub fn beginning(&self) -> String {
        let others = match self.unseen {
            0 => String::new(),
            1 => " One step between is not yours to see.".to_owned(),
            n => format!(" {n} steps between are not yours to see."),
        };
        match &self.began {
            Some(actor) => format!("It began with {}.{others}", who(actor)),
            None if self.unseen > 0 => "What began it is not yours to see.".to_owned(),
            None => "Nothing led to this: it has been so from the beginning.".to_owned(),
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
