//! Events: facts with a number, an instant, an actor and the event that led to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::{PersonId, Revision};
use super::time::SimTime;
use super::{
    cluster, ingestion, lockbox, people, resources, rules, story, vault, workspace, world,
};
use crate::sharing::share;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    Person(PersonId),
    /// Time acting through a timer.
    Time,
    /// The Customer Lockbox service.
    Lockbox,
    /// The just-in-time access service.
    Jit,
    /// The support service.
    Support,
    /// The storage of a dedicated cluster, which calls the vault.
    Storage,
    /// The Log Analytics service, which carries out operations.
    LogAnalytics,
    /// The world file: founds the world and injects faults.
    Simulator,
    /// Looks at everything, does nothing.
    Observer,
}

const SERVICES: [(&str, Actor); 8] = [
    ("time", Actor::Time),
    ("lockbox", Actor::Lockbox),
    ("jit", Actor::Jit),
    ("support", Actor::Support),
    ("storage", Actor::Storage),
    ("log-analytics", Actor::LogAnalytics),
    ("simulator", Actor::Simulator),
    ("observer", Actor::Observer),
];

impl fmt::Display for Actor {
    /// For people; the journal's form is [`Actor::wire`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::scrub(&self.wire()))
    }
}

impl Actor {
    /// The person, if it is one.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Actor::Person(id) => Some(id),
            _ => None,
        }
    }

    /// `person:minji.kim`, `time`, …
    pub fn wire(&self) -> String {
        match self {
            Actor::Person(id) => format!("person:{}", id.as_str()),
            service => {
                let word = SERVICES
                    .iter()
                    .find(|(_, a)| a == service)
                    .map_or("", |(w, _)| w);
                word.to_owned()
            }
        }
    }
}

impl FromStr for Actor {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(id) = text.strip_prefix("person:") {
            return Ok(Actor::Person(id.into()));
        }
        SERVICES
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, actor)| actor.clone())
            .ok_or_else(|| format!("{text:?} is not an actor"))
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.wire())
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let actor = text.parse().map_err(serde::de::Error::custom)?;
        Ok(match actor {
            Actor::Person(id) => Actor::Person(PersonId(share(id.as_str()))),
            other => other,
        })
    }
}

/// One fact of the world's history, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub revision: Revision,
    pub at: SimTime,
    pub actor: Actor,
    /// The event that led to this one; none when a person or time began it.
    pub cause: Option<Revision>,
    pub fact: Fact,
}

/// What happened, by room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    World(world::Fact),
    Rules(rules::Fact),
    People(people::Fact),
    Resources(resources::Fact),
    Story(story::Fact),
    Ticket(lockbox::ticket::Fact),
    Jit(lockbox::jit::Fact),
    Request(lockbox::request::Fact),
    Grant(lockbox::grant::Fact),
    Vault(vault::Fact),
    Key(vault::key::Fact),
    Policy(vault::access_policy::Fact),
    Fault(vault::network::Fact),
    Cluster(cluster::Fact),
    Link(cluster::link::Fact),
    Encryption(cluster::encryption::Fact),
    Support(cluster::support::Fact),
    Workspace(workspace::Fact),
    Search(workspace::saved_search::Fact),
    Storage(workspace::linked_storage::Fact),
    Ingestion(ingestion::Fact),
}

macro_rules! facts_from {
    ($($variant:ident: $type:ty),* $(,)?) => {$(
        impl From<$type> for Fact {
            fn from(fact: $type) -> Self {
                Fact::$variant(fact)
            }
        }
    )*};
}
facts_from! {
    World: world::Fact,
    Rules: rules::Fact,
    People: people::Fact,
    Resources: resources::Fact,
    Story: story::Fact,
    Ticket: lockbox::ticket::Fact,
    Jit: lockbox::jit::Fact,
    Request: lockbox::request::Fact,
    Grant: lockbox::grant::Fact,
    Vault: vault::Fact,
    Key: vault::key::Fact,
    Policy: vault::access_policy::Fact,
    Fault: vault::network::Fact,
    Cluster: cluster::Fact,
    Link: cluster::link::Fact,
    Encryption: cluster::encryption::Fact,
    Support: cluster::support::Fact,
    Workspace: workspace::Fact,
    Search: workspace::saved_search::Fact,
    Storage: workspace::linked_storage::Fact,
    Ingestion: ingestion::Fact,
}
