//! Scripted courses of events: what the people of a world file do, at which time, on one support ticket or, in
//! the room beside, with vaults, keys and clusters.
//!
//! A step acts as its person through the ordinary commands. If the world refuses it by then (somebody at the
//! console decided otherwise), the step is recorded as skipped with the refusal, and the story goes on.

pub mod keys;

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use super::command::Command as Any;
use super::draft::Draft;
use super::errors;
use super::event::Actor;
use super::ids::{PersonId, ResourceId, Revision, StoryId, TicketId};
use super::lockbox::jit::{self, Submit};
use super::lockbox::ticket::Open;
use super::lockbox::{grant, request, ticket};
use super::people;
use super::refusal::Refusal;
use super::rules;
use super::text::Untrusted;
use super::time::SimTime;
use super::timers::{Timer, TimerKey};
use super::world::World;

/// A story as the world file tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    pub id: StoryId,
    /// In order of time.
    pub steps: Vector<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub at: SimTime,
    /// Who does it; none means the engineer the ticket is assigned to, or the simulator where no person can.
    pub by: Option<PersonId>,
    pub deed: Deed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Open(Open),
    Say {
        text: Untrusted,
    },
    Review {
        text: Untrusted,
    },
    TryTools {
        text: Untrusted,
        sufficed: bool,
    },
    Escalate {
        to: PersonId,
        text: Untrusted,
    },
    Close {
        text: Untrusted,
    },
    /// `ticket` is filled in with the story's ticket.
    Submit(Ask),
    Initiate(Ask),
    ApproveInternally {
        reason: Untrusted,
    },
    DenyInternally {
        reason: Untrusted,
    },
    Approve {
        reason: Untrusted,
    },
    Deny {
        reason: Untrusted,
    },
    Connect {
        resource: ResourceId,
    },
    Act {
        text: Untrusted,
    },
    End,
    Revoke {
        reason: Untrusted,
    },
    /// Fault: the transient request fails.
    Fail,
    People(people::Command),
    Rules(rules::Command),
    Keys(keys::Deed),
}

/// A JIT request without its ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub resources: Vector<ResourceId>,
    pub level: jit::Level,
    pub reach: jit::Reach,
    pub exclusion: Option<jit::Exclusion>,
    pub duration: jit::Duration,
    pub justification: Untrusted,
}

/// A story under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Underway {
    pub story: Story,
    pub next: u32,
    /// The event that planned it.
    pub revision: Revision,
    pub ticket: Option<TicketId>,
    /// When the next step is due.
    pub timer: Option<TimerKey>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stories {
    pub underway: OrdMap<StoryId, Arc<Underway>>,
    pub skipped: Vector<Skipped>,
}

/// A step the world refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub story: StoryId,
    pub step: u32,
    pub at: SimTime,
    /// The event that says so.
    pub revision: Revision,
    pub refusal: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Add(Story),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Added(Story),
    Due {
        story: StoryId,
        step: u32,
    },
    Linked {
        story: StoryId,
        ticket: TicketId,
    },
    Skipped {
        story: StoryId,
        step: u32,
        refusal: String,
        message: String,
    },
    Finished {
        story: StoryId,
    },
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    let Command::Add(story) = command;
    let wrong = |what: &str| {
        errors::SIM_02
            .says(format!("The story {} {what}.", story.id))
            .target("story")
    };
    if draft.world.stories.underway.contains_key(&story.id) {
        return Err(wrong("exists already"));
    }
    let Some(first) = story.steps.front() else {
        return Err(wrong("has no steps"));
    };
    if first.at < draft.now {
        return Err(wrong("begins in the past"));
    }
    if story
        .steps
        .iter()
        .zip(story.steps.iter().skip(1))
        .any(|(a, b)| b.at < a.at)
    {
        return Err(wrong("has steps that are not in order of time"));
    }
    draft.emit(Fact::Added(story.clone()));
    Ok(())
}

/// Time has come for the next step of a story.
pub(super) fn step(draft: &mut Draft, id: &StoryId) {
    let Some(underway) = draft.world.stories.underway.get(id).cloned() else {
        return;
    };
    let number = underway.next;
    let Some(step) = underway.story.steps.get(number as usize).cloned() else {
        return;
    };
    let last = underway.story.steps.len() == number as usize + 1;
    let due = draft.following(Some(underway.revision), |draft| {
        draft.emit(Fact::Due {
            story: id.clone(),
            step: number,
        })
    });
    let tickets_before = draft.world.lockbox.tickets.len();
    // On a draft of its own: a refused step leaves nothing half-done.
    let mut trial = Draft::new(&draft.world, draft.now, &draft.actor);
    match perform(&mut trial, &underway, &step, due) {
        Ok(()) => {
            draft.world = trial.world;
            draft.events.append(&mut trial.events);
        }
        Err(refusal) => {
            draft.because(due, Actor::Time, |draft| {
                draft.emit(Fact::Skipped {
                    story: id.clone(),
                    step: number,
                    refusal: refusal.id,
                    message: refusal.message,
                })
            });
        }
    }
    if draft.world.lockbox.tickets.len() > tickets_before
        && let Some((ticket, _)) = draft.world.lockbox.tickets.get_max()
        && matches!(step.deed, Deed::Open(_))
    {
        let ticket = *ticket;
        draft.because(due, Actor::Time, |draft| {
            draft.emit(Fact::Linked {
                story: id.clone(),
                ticket,
            })
        });
    }
    if last {
        draft.because(due, Actor::Time, |draft| {
            draft.emit(Fact::Finished { story: id.clone() })
        });
    }
}

fn perform(
    draft: &mut Draft,
    underway: &Underway,
    step: &Step,
    due: Revision,
) -> Result<(), Refusal> {
    let by = step.by.as_ref();
    let (actor, command) = command(&draft.world, underway.ticket, by, &step.deed)?;
    draft.because(due, actor, |draft| super::dispatch(draft, &command))
}

/// The command a deed is in the world as it stands, with who gives it: `by`, or else the engineer of the ticket it
/// is about.
pub fn command(
    world: &World,
    on: Option<TicketId>,
    by: Option<&PersonId>,
    deed: &Deed,
) -> Result<(Actor, Any), Refusal> {
    let ticket = |world: &World| -> Result<TicketId, Refusal> {
        on.filter(|id| world.lockbox.tickets.contains_key(id))
            .ok_or_else(|| errors::SUP_01.says("The story has no ticket yet."))
    };
    let engineer = || -> Option<Actor> {
        world
            .lockbox
            .tickets
            .get(&on?)?
            .assigned_to
            .clone()
            .map(Actor::Person)
    };
    let latest_jit = || -> Result<jit::Jit, Refusal> {
        let found = world.ticket(ticket(world)?)?;
        let id = found
            .jits
            .last()
            .ok_or_else(|| errors::JIT_01.says("The story has no JIT request yet."))?;
        world.jit(*id).map(|j| (**j).clone())
    };
    let latest_request = || {
        latest_jit()?
            .request
            .ok_or_else(|| errors::LB_01.says("The story has no Lockbox request yet."))
    };
    let latest_grant = || {
        latest_jit()?
            .grant
            .ok_or_else(|| errors::GR_01.says("The story has no grant yet."))
    };
    let submit = |ask: &Ask| -> Result<Submit, Refusal> {
        Ok(Submit {
            ticket: ticket(world)?,
            resources: ask.resources.clone(),
            level: ask.level,
            reach: ask.reach,
            exclusion: ask.exclusion,
            duration: ask.duration.clone(),
            justification: ask.justification.clone(),
            tried: None,
        })
    };
    let simulator = match deed {
        Deed::Fail | Deed::People(_) | Deed::Rules(_) => true,
        Deed::Keys(deed) => deed.is_the_simulators(),
        _ => false,
    };
    let actor = if simulator {
        Actor::Simulator
    } else {
        by.cloned()
            .map(Actor::Person)
            .or_else(engineer)
            .ok_or_else(|| errors::PPL_01.says("Nobody is there to do this step."))?
    };
    let command: Any = match deed {
        Deed::Open(open) => ticket::Command::Open(open.clone()).into(),
        Deed::Say { text } => ticket::Command::Say {
            ticket: ticket(world)?,
            text: text.clone(),
        }
        .into(),
        Deed::Review { text } => ticket::Command::Review {
            ticket: ticket(world)?,
            text: text.clone(),
        }
        .into(),
        Deed::TryTools { text, sufficed } => ticket::Command::TryTools {
            ticket: ticket(world)?,
            text: text.clone(),
            sufficed: *sufficed,
        }
        .into(),
        Deed::Escalate { to, text } => ticket::Command::Escalate {
            ticket: ticket(world)?,
            to: to.clone(),
            text: text.clone(),
        }
        .into(),
        Deed::Close { text } => ticket::Command::Close {
            ticket: ticket(world)?,
            text: text.clone(),
        }
        .into(),
        Deed::Submit(ask) => jit::Command::Submit(submit(ask)?).into(),
        Deed::Initiate(ask) => request::Command::Initiate(submit(ask)?).into(),
        Deed::ApproveInternally { reason } => jit::Command::Approve {
            jit: latest_jit()?.id,
            reason: reason.clone(),
        }
        .into(),
        Deed::DenyInternally { reason } => jit::Command::Deny {
            jit: latest_jit()?.id,
            reason: reason.clone(),
        }
        .into(),
        Deed::Approve { reason } => request::Command::Decide {
            request: latest_request()?,
            approve: true,
            reason: reason.clone(),
        }
        .into(),
        Deed::Deny { reason } => request::Command::Decide {
            request: latest_request()?,
            approve: false,
            reason: reason.clone(),
        }
        .into(),
        Deed::Connect { resource } => grant::Command::Connect {
            grant: latest_grant()?,
            resource: resource.clone(),
        }
        .into(),
        Deed::Act { text } => grant::Command::Act {
            grant: latest_grant()?,
            text: text.clone(),
        }
        .into(),
        Deed::End => grant::Command::End {
            grant: latest_grant()?,
        }
        .into(),
        Deed::Revoke { reason } => grant::Command::Revoke {
            grant: latest_grant()?,
            reason: reason.clone(),
        }
        .into(),
        Deed::Fail => request::Command::Fail {
            request: latest_request()?,
        }
        .into(),
        Deed::People(command) => command.clone().into(),
        Deed::Rules(command) => command.clone().into(),
        Deed::Keys(deed) => deed.command(world, &actor)?,
    };
    Ok((actor, command))
}

pub(super) fn evolve(world: &mut World, at: SimTime, fact: &Fact) {
    match fact {
        Fact::Added(story) => {
            let first = story.steps.front();
            let timer = first.map(|first| {
                world
                    .timers
                    .set(first.at, Timer::StoryStep(story.id.clone()))
            });
            let underway = Underway {
                story: story.clone(),
                next: 0,
                revision: world.revision,
                ticket: None,
                timer,
            };
            world
                .stories
                .underway
                .insert(story.id.clone(), Arc::new(underway));
        }
        Fact::Due { story, step } => {
            if let Some(underway) = world.stories.underway.get_mut(story) {
                let underway = Arc::make_mut(underway);
                underway.next = step + 1;
                if let Some(fired) = underway.timer {
                    world.timers.cancel(fired);
                }
                let next = underway.story.steps.get(underway.next as usize);
                underway.timer =
                    next.map(|next| world.timers.set(next.at, Timer::StoryStep(story.clone())));
            }
        }
        Fact::Linked { story, ticket } => {
            if let Some(underway) = world.stories.underway.get_mut(story) {
                Arc::make_mut(underway).ticket = Some(*ticket);
            }
        }
        Fact::Skipped {
            story,
            step,
            refusal,
            message,
        } => {
            let revision = world.revision;
            world.stories.skipped.push_back(Skipped {
                story: story.clone(),
                step: *step,
                at,
                revision,
                refusal: refusal.clone(),
                message: message.clone(),
            });
        }
        Fact::Finished { story } => {
            world.stories.underway.remove(story);
        }
    }
}
