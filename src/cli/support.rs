//! `lockbox support`: what only the vendor can do for a customer.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::{find, shape};
use crate::engine::cluster::support::Command;

#[derive(Debug, Subcommand)]
pub enum SupportCommand {
    /// Pre-approve a subscription for dedicated clusters (vendor)
    AllowSubscription {
        subscription: String,
        /// In one region only; without it, in all
        #[arg(long, value_name = "REGION")]
        location: Option<String>,
    },
    /// Let a subscription reserve more than 3000 GB a day (vendor)
    RaiseCapacity {
        subscription: String,
        /// In GB a day, in steps of 100
        capacity: u32,
    },
    /// Recover a deleted cluster within its 14 days (vendor)
    RecoverCluster { cluster: String },
}

pub fn run(command: SupportCommand, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let world = session.world();
    match command {
        SupportCommand::AllowSubscription {
            subscription,
            location,
        } => {
            let subscription = find::subscription(world, &subscription)?;
            let place = location.clone().unwrap_or_else(|| "all regions".to_owned());
            let command = Command::AllowSubscription {
                subscription: subscription.clone(),
                region: location.as_deref().map(Into::into),
            };
            let done = session.act(&command.into())?;
            let head = format!("{subscription} may create dedicated clusters in {place}");
            let json = json!({ "subscription": subscription, "location": location });
            context.outcome(&done, &head, json)
        }
        SupportCommand::RaiseCapacity {
            subscription,
            capacity,
        } => {
            let subscription = find::subscription(world, &subscription)?;
            let command = Command::RaiseCapacity {
                subscription: subscription.clone(),
                capacity,
            };
            let done = session.act(&command.into())?;
            let limit = done.world.capacity_limit(&subscription);
            let head = format!("{subscription} may reserve up to {limit} GB/day a cluster");
            let json = json!({ "subscription": subscription, "capacityLimit": limit });
            context.outcome(&done, &head, json)
        }
        SupportCommand::RecoverCluster { cluster } => {
            let id = world.find_cluster(session.actor(), &cluster)?;
            let command = Command::RecoverCluster {
                cluster: id.clone(),
            };
            let done = session.act(&command.into())?;
            let found = done.world.cluster(&id)?;
            let head = format!("cluster {id} is back, {}", found.state);
            context.outcome(&done, &head, shape::monitor::cluster(&done.world, found))
        }
    }
}
