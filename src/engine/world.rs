//! The World: everything that is so, as one persistent value. Cloning is O(1); a rewound view or a what-if is
//! such a clone. It is the fold of the journal and of nothing else.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::cluster::operation::Operation;
use super::draft::Draft;
use super::errors;
use super::ids::{OperationId, PersonId, ResourceId, Revision, SubscriptionId, VaultName};
use super::ingestion::ledger::Intake;
use super::ingestion::segment::Logs;
use super::lockbox::Lockbox;
use super::people::People;
use super::projections::activity_log::Activity;
use super::refusal::Refusal;
use super::resources::Resources;
use super::rules::Rules;
use super::story::Stories;
use super::text::Untrusted;
use super::time::SimTime;
use super::timers::Timers;
use super::vault::Vault;
use super::workspace::Workspace;
use super::workspace::linked_storage::StorageAccount;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    pub name: Untrusted,
    pub seed: u64,
    /// The instant the world begins to be played; what lies before is its history.
    pub opens_at: SimTime,
    /// Who acts when nobody says `--as`.
    pub default_person: Option<PersonId>,
    /// The last event folded in.
    pub revision: Revision,
    /// The instant of that event.
    pub now: SimTime,
    pub rules: Rules,
    pub timers: Timers,
    pub people: People,
    pub resources: Resources,
    pub lockbox: Lockbox,
    pub stories: Stories,
    /// Deleted ones included, for as long as they can be recovered.
    pub vaults: OrdMap<VaultName, Arc<Vault>>,
    /// Deleted ones included, for as long as they can be recovered.
    pub clusters: OrdMap<ResourceId, Arc<Cluster>>,
    /// Deleted ones included, for as long as they can be recovered.
    pub workspaces: OrdMap<ResourceId, Arc<Workspace>>,
    pub storage_accounts: OrdMap<ResourceId, Arc<StorageAccount>>,
    /// Tables and segments of log data.
    pub logs: Logs,
    /// What workspaces send, and where it would go: the modelled ledger.
    pub intake: Intake,
    /// All there ever were.
    pub operations: OrdMap<OperationId, Arc<Operation>>,
    /// Those that run.
    pub running: OrdSet<OperationId>,
    /// Whom each managed identity belongs to, also when that is gone; its number is its place, from 1.
    pub identities: Vector<ResourceId>,
    /// Subscriptions and regions in which clusters may be created (R-CMK-07); no region means all.
    pub allowed: OrdSet<(SubscriptionId, Option<Arc<str>>)>,
    /// Highest capacity reservation where Microsoft raised it, in GB a day (R-CLU-08).
    pub raised_capacity: OrdMap<SubscriptionId, u32>,
    /// The activity log, oldest first.
    pub activity: Vector<Activity>,
    /// How many key versions, account keys, cluster storage accounts and workspaces were dealt a number.
    pub key_versions: u64,
    pub aeks: u32,
    pub accounts: u32,
    pub workspaces_made: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Found {
        name: Untrusted,
        seed: u64,
        opens_at: SimTime,
    },
    /// Sets who acts by default; after the people exist.
    Default { person: PersonId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Founded {
        name: Untrusted,
        seed: u64,
        opens_at: SimTime,
    },
    DefaultSet {
        person: PersonId,
    },
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    match command {
        Command::Found {
            name,
            seed,
            opens_at,
        } => {
            if draft.world.revision != Revision(0) {
                return Err(errors::SIM_02
                    .says("This world is founded already.")
                    .target("name"));
            }
            draft.emit(Fact::Founded {
                name: name.clone(),
                seed: *seed,
                opens_at: *opens_at,
            });
        }
        Command::Default { person } => {
            draft.world.person(person)?;
            draft.emit(Fact::DefaultSet {
                person: person.clone(),
            });
        }
    }
    Ok(())
}

pub(super) fn evolve(world: &mut World, fact: &Fact) {
    match fact {
        Fact::Founded {
            name,
            seed,
            opens_at,
        } => {
            world.name = name.clone();
            world.seed = *seed;
            world.opens_at = *opens_at;
        }
        Fact::DefaultSet { person } => world.default_person = Some(person.clone()),
    }
}
