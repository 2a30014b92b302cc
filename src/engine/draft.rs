//! A decision in the making: a clone of the world that evolves as facts are emitted, so a cascade sees its
//! own effects and every later fact can name the earlier one that caused it.

use super::errors;
use super::event::{Actor, Event, Fact};
use super::ids::{PersonId, Revision};
use super::refusal::Refusal;
use super::time::SimTime;
use super::world::World;

#[derive(Debug, Clone)]
pub struct Draft {
    pub world: World,
    pub events: Vec<Event>,
    pub now: SimTime,
    pub actor: Actor,
    /// What the next fact is a consequence of.
    pub cause: Option<Revision>,
}

impl Draft {
    pub fn new(world: &World, now: SimTime, actor: &Actor) -> Self {
        Draft {
            world: world.clone(),
            events: Vec::new(),
            // Time never runs backwards in a journal, whatever a clock says.
            now: now.max(world.now).min(SimTime::MAX),
            actor: actor.clone(),
            cause: None,
        }
    }

    /// Appends a fact and evolves the draft by it.
    pub fn emit(&mut self, fact: impl Into<Fact>) -> Revision {
        let event = Event {
            revision: self.world.revision.next(),
            at: self.now,
            actor: self.actor.clone(),
            cause: self.cause,
            fact: fact.into(),
        };
        super::evolve(&mut self.world, &event);
        let revision = event.revision;
        self.events.push(event);
        revision
    }

    /// Runs a step as somebody else (the service, time) because of an earlier event.
    pub fn because<T>(
        &mut self,
        cause: Revision,
        actor: Actor,
        step: impl FnOnce(&mut Draft) -> T,
    ) -> T {
        let before = (
            self.cause.replace(cause),
            std::mem::replace(&mut self.actor, actor),
        );
        let result = step(self);
        (self.cause, self.actor) = before;
        result
    }

    /// Runs a step of time as a consequence of the event that set its timer, where that is known.
    pub fn following<T>(
        &mut self,
        cause: Option<Revision>,
        step: impl FnOnce(&mut Draft) -> T,
    ) -> T {
        let before = std::mem::replace(&mut self.cause, cause);
        let result = step(self);
        self.cause = before;
        result
    }

    /// The person acting. Time, the services and the observer are no person.
    pub fn person(&self) -> Result<PersonId, Refusal> {
        match &self.actor {
            Actor::Person(id) => {
                self.world.person(id)?;
                Ok(id.clone())
            }
            Actor::Observer => Err(errors::PPL_02.refuse()),
            _ => Err(errors::PPL_02.says("This needs a person to do it.")),
        }
    }

    /// For what only the world file may do.
    pub fn only_simulator(&self) -> Result<(), Refusal> {
        if self.actor == Actor::Simulator {
            return Ok(());
        }
        Err(errors::SIM_01.refuse())
    }
}
