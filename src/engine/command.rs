//! What can be asked of the world, by room. The rooms hold the variants.

use serde::{Deserialize, Serialize};

use super::{
    cluster, ingestion, lockbox, people, resources, rules, story, vault, workspace, world,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Time acts: everything due at or before `now` happens.
    Elapse,
    World(world::Command),
    Rules(rules::Command),
    People(people::Command),
    Resources(resources::Command),
    Story(story::Command),
    Ticket(lockbox::ticket::Command),
    Jit(lockbox::jit::Command),
    Request(lockbox::request::Command),
    Grant(lockbox::grant::Command),
    Vault(vault::Command),
    Key(vault::key::Command),
    Policy(vault::access_policy::Command),
    Fault(vault::network::Command),
    Cluster(cluster::Command),
    Operation(cluster::operation::Command),
    Link(cluster::link::Command),
    Support(cluster::support::Command),
    Workspace(workspace::Command),
    Search(workspace::saved_search::Command),
    Storage(workspace::linked_storage::Command),
    Ingestion(ingestion::Command),
}

macro_rules! commands_from {
    ($($variant:ident: $type:ty),* $(,)?) => {$(
        impl From<$type> for Command {
            fn from(command: $type) -> Self {
                Command::$variant(command)
            }
        }
    )*};
}
commands_from! {
    World: world::Command,
    Rules: rules::Command,
    People: people::Command,
    Resources: resources::Command,
    Story: story::Command,
    Ticket: lockbox::ticket::Command,
    Jit: lockbox::jit::Command,
    Request: lockbox::request::Command,
    Grant: lockbox::grant::Command,
    Vault: vault::Command,
    Key: vault::key::Command,
    Policy: vault::access_policy::Command,
    Fault: vault::network::Command,
    Cluster: cluster::Command,
    Operation: cluster::operation::Command,
    Link: cluster::link::Command,
    Support: cluster::support::Command,
    Workspace: workspace::Command,
    Search: workspace::saved_search::Command,
    Storage: workspace::linked_storage::Command,
    Ingestion: ingestion::Command,
}
