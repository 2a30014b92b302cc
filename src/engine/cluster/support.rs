//! What only the vendor can do for a customer (R-CMK-33): allow-list a subscription, raise its highest
//! capacity, recover a deleted cluster.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{State, edit, encryption, quota};
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::ids::{ResourceId, Revision, SubscriptionId};
use crate::engine::people::Side;
use crate::engine::refusal::Refusal;
use crate::engine::resources::{ResourceKind, region};
use crate::engine::time::SimTime;
use crate::engine::world::World;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// R-CMK-07. Without a region, in all of them.
    AllowSubscription {
        subscription: SubscriptionId,
        region: Option<Arc<str>>,
    },
    /// R-CLU-08: the highest capacity the subscription may reserve, in GB a day.
    RaiseCapacity {
        subscription: SubscriptionId,
        capacity: u32,
    },
    /// R-CLU-35.
    RecoverCluster { cluster: ResourceId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    SubscriptionAllowed {
        subscription: SubscriptionId,
        region: Option<Arc<str>>,
    },
    CapacityRaised {
        subscription: SubscriptionId,
        capacity: u32,
    },
    ClusterRecovered {
        cluster: ResourceId,
    },
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let by = draft.person()?;
    if !matches!(draft.world.person(&by)?.side, Side::Vendor(_)) {
        return Err(errors::SUP_05.says(format!(
            "Only Microsoft's staff can do this; {by} is a customer."
        )));
    }
    let world = &draft.world;
    match command {
        Command::AllowSubscription {
            subscription,
            region: wanted,
        } => {
            world.subscription(subscription)?;
            let wanted = wanted.as_deref().map(region).transpose()?;
            if world
                .allowed
                .contains(&(subscription.clone(), wanted.clone()))
            {
                return Err(errors::SUP_06
                    .says(format!("{subscription} is allow-listed there already."))
                    .target("subscription")
                    .rule("R-CMK-07")
                    .remedy("Nothing to do."));
            }
            draft.emit(Fact::SubscriptionAllowed {
                subscription: subscription.clone(),
                region: wanted,
            });
        }
        Command::RaiseCapacity {
            subscription,
            capacity,
        } => {
            world.subscription(subscription)?;
            let rules = &world.rules;
            let limit = world.capacity_limit(subscription);
            if *capacity <= limit || capacity % rules.capacity_step != 0 {
                return Err(errors::SUP_06
                    .says(format!(
                        "{capacity} GB/day is no raised capacity: it must be more than {limit}, what it may reserve now, and a multiple of {}.",
                        rules.capacity_step
                    ))
                    .target("capacity")
                    .rule("R-CLU-08"));
            }
            draft.emit(Fact::CapacityRaised {
                subscription: subscription.clone(),
                capacity: *capacity,
            });
        }
        Command::RecoverCluster { cluster } => {
            let found = world.cluster(cluster)?;
            if found.state != State::SoftDeleted {
                return Err(errors::SUP_06
                    .says(format!("The cluster {cluster} is not deleted."))
                    .target("cluster")
                    .remedy("Only a soft-deleted cluster can be recovered."));
            }
            quota(world, &cluster.subscription(), &found.location)?;
            draft.emit(Fact::ClusterRecovered {
                cluster: cluster.clone(),
            });
        }
    }
    Ok(())
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::SubscriptionAllowed {
            subscription,
            region,
        } => {
            world.allowed.insert((subscription.clone(), region.clone()));
        }
        Fact::CapacityRaised {
            subscription,
            capacity,
        } => {
            world
                .raised_capacity
                .insert(subscription.clone(), *capacity);
        }
        Fact::ClusterRecovered { cluster } => {
            let Some(found) = world.clusters.get(cluster).cloned() else {
                return;
            };
            if let Some(deleted) = found.deleted {
                world.timers.cancel(deleted.timer);
            }
            world
                .resources
                .insert(cluster, ResourceKind::Cluster, &found.location);
            edit(world, cluster, |c| {
                c.state = c.rests_as();
                c.deleted = None;
            });
            encryption::wake(world, cluster, at, revision);
        }
    }
}

impl World {
    /// Whether the subscription is pre-approved for clusters in a region (R-CMK-07).
    pub fn is_allowed(&self, subscription: &SubscriptionId, region: &str) -> bool {
        self.allowed.iter().any(|(s, place)| {
            s == subscription && place.as_deref().is_none_or(|place| place == region)
        })
    }

    /// The highest capacity a subscription may reserve, in GB a day (R-CLU-08).
    pub fn capacity_limit(&self, subscription: &SubscriptionId) -> u32 {
        self.raised_capacity
            .get(subscription)
            .copied()
            .unwrap_or(self.rules.capacity_max)
    }
}
