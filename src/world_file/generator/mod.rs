//! Makes up any number of stories, each with exactly one Lockbox request: seeded, in order of time, one at a
//! time, so memory stays bounded.
//!
//! Every value is a function of (seed, number of the story); nothing depends on what was asked before.

mod cast;
mod dice;
mod scenes;

pub(super) use cast::Cast;

use dice::Dice;
use imbl::Vector;

use crate::engine::ids::PersonId;
use crate::engine::lockbox::jit::{Duration, Level, Reach};
use crate::engine::lockbox::ticket::{Open, Severity};
use crate::engine::story::{Ask, Deed, Step, Story};
use crate::engine::time::{SimTime, Span};
use cast::{Place, Thing};

/// How the ids of generated stories begin.
pub(super) const PREFIX: &str = "generated-";

/// What to make up.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub requests: u64,
    /// How many of them wait for the customer when the world opens.
    pub pending: u64,
    pub seed: u64,
    pub from: SimTime,
    pub opens_at: SimTime,
    /// How long a request waits, by the rules of this world.
    pub expiry: Span,
    /// Percent of the decided ones; the rest is approved.
    pub denied: u64,
    pub expired: u64,
    pub revoked: u64,
    pub cast: Cast,
}

impl Plan {
    /// The stories, lazily; none without a plan.
    pub fn stories(plan: Option<Plan>) -> Generated {
        Generated {
            plan,
            decided: 0,
            pending: 0,
        }
    }

    /// When the n-th story of those decided before the world opens begins.
    fn decided_at(&self, n: u64) -> SimTime {
        let until = self.opens_at - Span::minutes(30);
        self.slot("decided", self.from, until, n, self.requests - self.pending)
    }

    /// When the n-th story of those that wait at the opening begins: late enough not to expire before.
    fn pending_at(&self, n: u64) -> SimTime {
        let until = self.opens_at - Span::minutes(2);
        let from = self.opens_at - self.expiry + Span::minutes(10);
        self.slot("pending", from.min(until), until, n, self.pending)
    }

    /// The n-th of `of` instants spread over a window, each somewhere in its own slot.
    fn slot(&self, purpose: &str, from: SimTime, until: SimTime, n: u64, of: u64) -> SimTime {
        let window = i128::from((until - from).0);
        let edge = |k: u64| window * i128::from(k) / i128::from(of.max(1));
        let (start, end) = (edge(n), edge(n + 1));
        let inside = i128::from(Dice::new(self.seed, purpose, n).below(1 << 20));
        let offset = start + (end - start) * inside / (1 << 20);
        from + Span(i64::try_from(offset).unwrap_or(0))
    }
}

/// Generated stories in order of their first step.
#[derive(Debug, Clone)]
pub(super) struct Generated {
    plan: Option<Plan>,
    decided: u64,
    pending: u64,
}

impl Iterator for Generated {
    type Item = Story;

    fn next(&mut self) -> Option<Story> {
        let plan = self.plan.as_ref()?;
        let decided =
            (self.decided < plan.requests - plan.pending).then(|| plan.decided_at(self.decided));
        let pending = (self.pending < plan.pending).then(|| plan.pending_at(self.pending));
        let number = self.decided + self.pending;
        let waits = match (decided, pending) {
            (None, None) => return None,
            (Some(a), Some(b)) => b < a,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        let at = if waits {
            self.pending += 1;
            pending
        } else {
            self.decided += 1;
            decided
        };
        at.map(|at| Telling::new(plan, number, at, waits).tell())
    }
}

/// How a generated request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Approved,
    Revoked,
    Denied,
    Expired,
    /// Waits at the opening; afterwards it may be decided or left to expire.
    Waits,
}

/// One story being made up.
struct Telling<'p> {
    plan: &'p Plan,
    dice: Dice,
    number: u64,
    at: SimTime,
    place: &'p Place,
    thing: &'p Thing,
    fate: Fate,
    steps: Vector<Step>,
}

impl<'p> Telling<'p> {
    fn new(plan: &'p Plan, number: u64, at: SimTime, waits: bool) -> Telling<'p> {
        let mut dice = Dice::new(plan.seed, "story", number);
        let place = dice.pick(&plan.cast.places);
        let thing = dice.pick(&place.things);
        let roll = dice.below(100);
        // A request that begins less than its wait and some hours before the opening cannot expire before.
        let can_expire = at + plan.expiry + Span::hours(6) < plan.opens_at;
        let fate = if waits {
            Fate::Waits
        } else if roll < plan.denied {
            Fate::Denied
        } else if roll < plan.denied + plan.expired && can_expire {
            Fate::Expired
        } else if roll < plan.denied + plan.expired {
            Fate::Approved
        } else if roll < plan.denied + plan.expired + plan.revoked {
            Fate::Revoked
        } else {
            Fate::Approved
        };
        Telling {
            plan,
            dice,
            number,
            at,
            place,
            thing,
            fate,
            steps: Vector::new(),
        }
    }

    fn tell(mut self) -> Story {
        let scene = scenes::of(self.thing.kind, &mut self.dice);
        let thing = self.thing;
        let caller = self.dice.pick(&self.place.callers);
        let open = Deed::Open(Open {
            subscription: self.place.subscription.clone(),
            title: scene.title(thing, &mut self.dice).into(),
            description: scene.description(thing, &mut self.dice).into(),
            severity: *self.dice.pick(&[
                Severity::Minimal,
                Severity::Moderate,
                Severity::Moderate,
                Severity::Critical,
                Severity::HighestCriticalImpact,
            ]),
            problem: scene.problem.into(),
            resource: Some(thing.id.clone()),
            contact: caller.1.clone(),
        });
        self.step(Some(&caller.0), open);
        let (found, asked, agreed) = self.pace();
        self.at = found;
        let tried = Deed::TryTools {
            text: scene.tools(thing, &mut self.dice).into(),
            sufficed: false,
        };
        self.step(None, tried);
        if !self.plan.cast.strong_support || self.dice.below(100) < 40 {
            let to = self.dice.pick(&self.plan.cast.engineers).clone();
            let text = scenes::handover(&mut self.dice).into();
            self.step(None, Deed::Escalate { to, text });
        }
        self.at = asked;
        let level = self.level();
        let ask = Deed::Submit(Ask {
            resources: Vector::unit(thing.id.clone()),
            level,
            reach: Reach::CustomerData,
            exclusion: None,
            duration: Duration::Default,
            justification: scene.justification(thing, &mut self.dice).into(),
        });
        self.step(None, ask);
        if level == Level::Administrator {
            let by = self.dice.pick(&self.plan.cast.managers).clone();
            let reason = scenes::internal(&mut self.dice).into();
            self.step(Some(&by), Deed::ApproveInternally { reason });
        }
        self.decide(agreed, scene);
        Story {
            id: format!("{PREFIX}{:07}", self.number).into(),
            steps: self.steps,
        }
    }

    fn step(&mut self, by: Option<&PersonId>, deed: Deed) {
        self.steps.push_back(Step {
            at: self.at,
            by: by.cloned(),
            deed,
        });
    }

    fn minutes(&mut self, from: u64, to: u64) -> Span {
        // To the microsecond, so that two stories hardly ever act at one instant.
        let (from, to) = (from * 60_000_000, to * 60_000_000);
        let micros = from + self.dice.below(to - from);
        Span(i64::try_from(micros).unwrap_or(0))
    }

    /// When the tools have failed, when the request is submitted and when it is decided. What has to lie
    /// before the opening is squeezed in front of it.
    fn pace(&mut self) -> (SimTime, SimTime, SimTime) {
        let begin = self.at;
        let to_tools = self.minutes(4, 90);
        let to_ask = self.minutes(2, 60);
        let wait = match self.dice.below(10) {
            0..=4 => self.minutes(3, 90),
            5..=7 => self.minutes(90, 600),
            _ => self.minutes(600, 3 * 1440),
        };
        let (found, asked) = (begin + to_tools, begin + to_tools + to_ask);
        let agreed = asked + wait;
        let deadline = match self.fate {
            Fate::Waits => asked,
            _ => agreed,
        };
        let room = begin.until(self.plan.opens_at - Span::seconds(30));
        let needed = begin.until(deadline);
        if needed <= room {
            return (found, asked, agreed);
        }
        let squeeze = |t: SimTime| {
            let part =
                i128::from(begin.until(t).0) * i128::from(room.0) / i128::from(needed.0.max(1));
            begin + Span(i64::try_from(part).unwrap_or(0))
        };
        (squeeze(found), squeeze(asked), squeeze(agreed))
    }

    fn level(&mut self) -> Level {
        let managed = !self.plan.cast.managers.is_empty();
        match self.dice.below(10) {
            0..=3 => Level::Reader,
            9 if managed => Level::Administrator,
            _ => Level::Operator,
        }
    }

    fn decide(&mut self, agreed: SimTime, scene: &scenes::Scene) {
        let owner = self.dice.pick(&self.place.owners).clone();
        let asked = self.at;
        self.at = agreed;
        match self.fate {
            Fate::Expired => {}
            Fate::Denied => self.deny(&owner),
            Fate::Approved => self.approve(&owner, scene),
            Fate::Revoked => {
                self.approve(&owner, scene);
                let reason = scenes::revoked(&mut self.dice).into();
                self.step(Some(&owner), Deed::Revoke { reason });
            }
            Fate::Waits => {
                // Two in five are decided in the days after the opening, while they wait.
                let left = (self.plan.opens_at + Span::minutes(20)).until(asked + self.plan.expiry);
                if self.dice.below(5) < 3 || left < Span::hours(1) {
                    return;
                }
                let micros = self.dice.below(left.0.unsigned_abs() - 60_000_000);
                self.at = self.plan.opens_at
                    + Span::minutes(20)
                    + Span(i64::try_from(micros).unwrap_or(0));
                if self.dice.below(10) == 0 {
                    self.deny(&owner);
                } else {
                    self.approve(&owner, scene);
                }
            }
        }
    }

    fn deny(&mut self, owner: &PersonId) {
        let reason = scenes::denied(&mut self.dice).into();
        self.step(Some(owner), Deed::Deny { reason });
    }

    fn approve(&mut self, owner: &PersonId, scene: &scenes::Scene) {
        let reason = scenes::approved(&mut self.dice).into();
        self.step(Some(owner), Deed::Approve { reason });
        let revoked = self.fate == Fate::Revoked;
        // Some engineers never come; their grant just runs out.
        if !revoked && self.dice.below(100) < 45 {
            return;
        }
        self.at = self.at + self.minutes(1, 45);
        let resource = self.thing.id.clone();
        self.step(None, Deed::Connect { resource });
        for _ in 0..=self.dice.below(2) {
            self.at = self.at + self.minutes(1, 50);
            let text = scene.action(self.thing, &mut self.dice).into();
            self.step(None, Deed::Act { text });
        }
        self.at = self.at + self.minutes(5, 120);
        if !revoked && self.dice.below(100) < 80 {
            self.step(None, Deed::End);
            if self.dice.below(100) < 50 {
                self.at = self.at + self.minutes(5, 600);
                let text = scenes::closing(&mut self.dice).into();
                self.step(None, Deed::Close { text });
            }
        }
    }
}
