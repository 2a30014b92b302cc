//! Which world the console shows: the live one, a moment of its past, or a branch with a life and a past of its own.
//! The past is looked at and nothing is done in it.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{oneshot, watch};

use super::core::{Core, outcome};
use crate::console::app::travel::{Arrived, At, Moment, Parted, Travel};
use crate::console::app::{Effect, Outcome, Tempo};
use crate::console::text;
use crate::engine::compare::{Comparison, compare};
use crate::engine::ids::Revision;
use crate::engine::projections::sentence::sentence;
use crate::engine::{Event, Refusal, Span, digest, errors};
use crate::runtime::{Glimpse, Handle, Host, HostError, Look, Reading, SystemWall, View};

/// Events shown at once, and captioned at once.
const EVENTS: u64 = 500;

pub(super) type Trip = Pin<Box<dyn Future<Output = Result<Went, Outcome>>>>;

/// Where a trip ends.
pub(super) enum Went {
    Past(Box<Glimpse>),
    Branch(Box<Glimpse>),
}

/// The live world, while the console shows a branch.
pub(super) struct Live {
    pub handle: Handle,
    pub views: watch::Receiver<Arc<View>>,
}

impl Core {
    /// Where the console looks from.
    fn at(&self) -> At {
        self.app.at.clone()
    }

    fn arrive(&mut self, at: At) {
        self.told = self.shown().world.revision;
        let now = self.now();
        let arrived = Outcome::Arrived(Arrived::At(Box::new(at)));
        self.app.finished(&now.ctx(), arrived);
    }

    /// The world that is shown.
    pub fn shown(&self) -> Arc<View> {
        match &self.past {
            Some(past) => past.clone(),
            None => self.views.borrow().clone(),
        }
    }

    /// What cannot be done in the past, and what it means there.
    pub(super) fn in_the_past(&self, effect: Effect) -> Result<Effect, Outcome> {
        if self.past.is_none() {
            return Ok(effect);
        }
        let no = |what: &str| {
            let refusal: Refusal = errors::SIM_04
                .says(what)
                .target("time")
                .remedy("g e goes back to the present, g b begins a branch here.");
            Err(Outcome::Refused(Box::new(refusal)))
        };
        match effect {
            Effect::Submit { .. } => no("The past is read-only."),
            Effect::Ask { .. } | Effect::SavedText { .. } | Effect::Peek { .. } => {
                no("Physical data exists only at the live edge.")
            }
            Effect::Clock(Tempo::Next) => {
                let from = self.shown().world.revision;
                let only = crate::runtime::Only::Everything;
                Ok(Effect::Travel(Travel::Look(Look::Next { from, only })))
            }
            Effect::Clock(_) => no("Time stands in the past."),
            other => Ok(other),
        }
    }

    pub(super) fn travel(&mut self, travel: Travel) {
        let shown = self.shown();
        match travel {
            Travel::Look(look) => {
                let reply = self.handle.look(look);
                self.travels.push(Box::pin(async move {
                    went(reply.await).map(|glimpse| Went::Past(Box::new(glimpse)))
                }));
            }
            Travel::Branch => {
                let reply = self.handle.look(Look::Whole(shown.world.revision));
                let now = match &self.past {
                    Some(past) => past.clock.now,
                    None => shown.clock.now_at(Instant::now()),
                };
                self.travels.push(Box::pin(async move {
                    went(reply.await).map(|glimpse| {
                        Went::Branch(Box::new(Glimpse {
                            at: now.max(glimpse.at),
                            ..glimpse
                        }))
                    })
                }));
            }
            Travel::Back => self.go_back(),
            Travel::Save(dir) => self.save(PathBuf::from(dir)),
            Travel::Compare => self.compare(),
            Travel::History => {
                let after = Revision(shown.world.revision.0.saturating_sub(EVENTS));
                let count = usize::try_from(EVENTS).unwrap_or(usize::MAX);
                let reply = self.handle.events(after, count);
                self.replies.push(Box::pin(async move {
                    let told = reply.await;
                    outcome(told.map(|r| r.map(|e| Outcome::Arrived(Arrived::History(e)))))
                }));
            }
            Travel::Why(about) => {
                let reply = self.handle.why(shown.world.clone(), about);
                self.replies.push(Box::pin(async move {
                    let told = reply.await;
                    outcome(told.map(|r| r.map(|s| Outcome::Arrived(Arrived::Because(s)))))
                }));
            }
        }
    }

    /// A trip is over.
    pub(super) fn went(&mut self, went: Result<Went, Outcome>) {
        match went {
            Ok(Went::Past(glimpse)) => self.see(*glimpse),
            Ok(Went::Branch(glimpse)) => {
                if let Err(error) = self.begin(*glimpse) {
                    self.tell(outcome::<()>(Ok(Err(error))));
                }
            }
            Err(told) => self.tell(told),
        }
    }

    pub(super) fn tell(&mut self, told: Outcome) {
        let now = self.now();
        self.app.finished(&now.ctx(), told);
    }

    fn see(&mut self, glimpse: Glimpse) {
        if glimpse.world.revision >= self.views.borrow().world.revision {
            // The last event: what one sees is the present.
            self.past = None;
            let at = At {
                past: None,
                ..self.at()
            };
            return self.arrive(at);
        }
        let moment = Moment {
            revision: glimpse.world.revision,
            head: glimpse.head,
            said: glimpse
                .event
                .as_ref()
                .map_or_else(String::new, |event| sentence(&glimpse.world, event)),
            digest: String::new(),
        };
        let world = glimpse.world.clone();
        self.past = Some(Arc::new(View {
            clock: Reading {
                now: glimpse.at,
                read: Instant::now(),
                rate: 1,
                paused: true,
                running: false,
                holder: None,
                ours: false,
                version: 0,
            },
            world: glimpse.world,
            behind: Span::ZERO,
            trouble: None,
            cue: None,
        }));
        let revision = moment.revision;
        let at = At {
            past: Some(moment),
            ..self.at()
        };
        self.arrive(at);
        // A large world takes a while to be digested.
        let (reply, answer) = oneshot::channel();
        std::thread::spawn(move || {
            let _ = reply.send(text::digest(&digest(&world)));
        });
        self.replies.push(Box::pin(async move {
            let digest = answer.await.unwrap_or_default();
            Outcome::Arrived(Arrived::Digest(revision, digest))
        }));
    }

    /// Begins a branch; the live world goes on behind it.
    fn begin(&mut self, glimpse: Glimpse) -> Result<(), HostError> {
        let wall = Box::new(SystemWall::default());
        let parent = self.handle.reader()?;
        let host = Host::branch_of(parent, &glimpse.world, glimpse.at, wall)?;
        let handle = Handle::spawn(host, Some("a branch"))?;
        let views = handle.views();
        let live = Live {
            handle: std::mem::replace(&mut self.handle, handle),
            views: std::mem::replace(&mut self.views, views),
        };
        self.live = Some(live);
        self.past = None;
        let parted = Parted {
            revision: glimpse.world.revision,
            at: glimpse.at,
        };
        self.arrive(At {
            branch: Some(parted),
            past: None,
        });
        Ok(())
    }

    /// Out of the past, and then out of the branch.
    fn go_back(&mut self) {
        let mut at = self.at();
        if self.past.take().is_some() {
            at.past = None;
        } else if let Some(live) = self.live.take() {
            self.handle = live.handle;
            self.views = live.views;
            at.branch = None;
        }
        self.arrive(at);
    }

    fn save(&mut self, dir: PathBuf) {
        let Some(live) = &self.live else { return };
        let parent = match live.handle.reader() {
            Ok(parent) => parent,
            Err(error) => return self.tell(outcome::<()>(Ok(Err(error)))),
        };
        let said = format!("The branch is written to {}.", dir.display());
        let reply = self.handle.save_branch(parent, dir);
        self.replies.push(Box::pin(async move {
            outcome(reply.await.map(|r| r.map(|()| Outcome::Done(said))))
        }));
    }

    fn compare(&mut self) {
        let (Some(live), Some(parted)) = (&self.live, self.app.at.branch) else {
            return;
        };
        let (live, branch) = (live.views.borrow().clone(), self.shown());
        let actor = self.app.actor.clone();
        let (reply, answer) = oneshot::channel::<Result<Comparison, HostError>>();
        let moment = Instant::now();
        let at = live.clock.now_at(moment).max(branch.clock.now_at(moment));
        std::thread::spawn(move || {
            let both = compare(&actor, &live.world, &branch.world, parted.at, at);
            let _ = reply.send(both.map_err(HostError::from));
        });
        self.replies.push(Box::pin(async move {
            let both = answer.await;
            let told = |both| Outcome::Arrived(Arrived::Compared(Box::new(both)));
            outcome(both.map(|r| r.map(told)))
        }));
    }

    /// The last events after one, in the world that lives.
    pub async fn happened(&self, after: Revision) -> Vec<Event> {
        let head = self.views.borrow().world.revision;
        let after = after.max(Revision(head.0.saturating_sub(EVENTS)));
        let count = usize::try_from(EVENTS).unwrap_or(usize::MAX);
        match self.handle.events(after, count).await {
            Ok(Ok(events)) => events,
            // The engine says itself that it is gone.
            _ => Vec::new(),
        }
    }

    /// Asks what happened since it was last told, while somebody presents.
    pub(super) fn caption(&mut self) {
        let (head, cue) = {
            let view = self.views.borrow();
            (view.world.revision, view.cue.clone())
        };
        if let Some(cue) = cue {
            self.app.cue = cue;
        }
        if self.app.captions.is_none() || self.past.is_some() || head <= self.told {
            self.told = self.told.max(head);
            return;
        }
        let after = self.told.max(Revision(head.0.saturating_sub(EVENTS)));
        self.told = head;
        let count = usize::try_from(EVENTS).unwrap_or(usize::MAX);
        let reply = self.handle.events(after, count);
        self.replies.push(Box::pin(async move {
            let told = |events| Outcome::Arrived(Arrived::Meanwhile(events));
            outcome(reply.await.map(|r| r.map(told)))
        }));
    }
}

fn went<E>(answer: Result<Result<Glimpse, HostError>, E>) -> Result<Glimpse, Outcome> {
    match answer {
        Ok(Ok(glimpse)) => Ok(glimpse),
        Ok(Err(error)) => Err(outcome::<()>(Ok(Err(error)))),
        Err(_) => Err(outcome::<()>(Err(()))),
    }
}
