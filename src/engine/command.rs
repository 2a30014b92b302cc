//! What can be asked of the world, by room. The rooms hold the variants.

use serde::{Deserialize, Serialize};

use super::{lockbox, people, resources, rules, story, world};

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
}
