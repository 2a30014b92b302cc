//! What to run, in order, so that a world comes to be and stands at the moment it opens.

use super::WorldFile;
use super::generator::{Generated, Plan};
use crate::engine::{Actor, Command, SimTime, story};

/// Commands with their instants and actors, in order of time. The stories of `[generate]` come lazily, so
/// memory stays bounded however many there are. The last one lets time pass until the world opens.
///
/// Whoever runs it lets everything due up to each instant happen first.
#[derive(Debug, Clone)]
pub struct Founding {
    told: std::vec::IntoIter<Command>,
    history_from: SimTime,
    generated: Generated,
    last: Option<SimTime>,
}

impl Founding {
    pub(super) fn new(file: &WorldFile) -> Founding {
        let stories = file
            .stories
            .iter()
            .map(|told| story::Command::Add(told.story.clone()).into());
        let commands: Vec<Command> = file.commands.iter().cloned().chain(stories).collect();
        Founding {
            told: commands.into_iter(),
            history_from: file.history_from,
            generated: Plan::stories(file.plan.clone()),
            last: Some(file.opens_at),
        }
    }
}

impl Iterator for Founding {
    type Item = (SimTime, Actor, Command);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(command) = self.told.next() {
            return Some((self.history_from, Actor::Simulator, command));
        }
        if let Some(story) = self.generated.next() {
            let at = story.steps.front().map_or(self.history_from, |s| s.at);
            return Some((at, Actor::Simulator, story::Command::Add(story).into()));
        }
        let opens_at = self.last.take()?;
        Some((opens_at, Actor::Time, Command::Elapse))
    }
}
