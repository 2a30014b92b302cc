//! A drill beside people at a console: the beats of others play by themselves, at their instants, and what comes is
//! scored as it is headless; or a presenter does everything, and is told what to say and what comes next.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::runner::{Cast, Outcome, Run, expected};
use super::{Beat, Drill};
use crate::engine::{Refusal, SimTime};
use crate::runtime::{Cue, Host, Stage};

pub struct Part {
    run: Run,
    cast: Cast,
    outcome: Sender<Outcome>,
    /// How it ended, once it is over.
    ended: Option<String>,
}

impl Part {
    /// On a host whose world stands at the moment it opens. What came of it is received when the people leave.
    pub fn new(drill: Drill, cast: Cast, host: &Host) -> (Part, Receiver<Outcome>) {
        let (outcome, received) = channel();
        let run = Run::new(drill, cast.clone(), host);
        (
            Part {
                run,
                cast,
                outcome,
                ended: None,
            },
            received,
        )
    }

    /// What somebody presenting says, and does next.
    fn presents(&self) -> Cue {
        let says = |beat: &Beat| {
            let mut texts = [&beat.say, &beat.note].into_iter();
            texts.find(|text| !text.is_empty()).cloned()
        };
        let said = self.run.last().and_then(says);
        Cue {
            note: format!("Say: {}", said.unwrap_or_else(|| self.opening())),
            next: match self.run.next() {
                Some(beat) => format!("Next: {}  {}", beat.at.short(), beat.describe_with_wait()),
                None => "That was all.".to_owned(),
            },
        }
    }

    /// What others did, and what is expected.
    fn plays(&self) -> Cue {
        let drill = self.run.drill();
        let last = self.run.last().map(|beat| beat.note.clone());
        if let Some(ended) = &self.ended {
            return Cue {
                note: last.unwrap_or_default(),
                next: ended.clone(),
            };
        }
        let (met, found) = self.run.tally();
        let tally = format!("{met} of {found} so far as expected");
        Cue {
            note: last
                .filter(|note| !note.is_empty())
                .unwrap_or_else(|| self.opening()),
            next: match self.run.goal() {
                Some(goal) => {
                    let wanted = expected(goal.when, &goal.wanted, drill.opens_at);
                    let at = goal.when.until().short();
                    format!("Expected at {at}: {} is {wanted} ({tally})", goal.check)
                }
                None => format!("Nothing more is expected ({tally})."),
            },
        }
    }

    /// What comes after its end is not the drill's.
    fn score(&mut self, host: &Host) {
        if self.ended.is_none() {
            let outcome = self.run.outcome(host);
            let (all, failed) = (outcome.findings.len(), outcome.failures().count());
            self.ended = Some(match failed {
                0 => format!("The drill is over, all {all} as expected. q leaves it."),
                n => format!("The drill is over, {n} of {all} not as expected. q leaves it."),
            });
            // Whoever does not want to know has gone.
            let _ = self.outcome.send(outcome);
        }
    }

    fn opening(&self) -> String {
        let drill = self.run.drill();
        format!("{}. {}", drill.title, drill.teaches)
    }
}

impl Stage for Part {
    fn due(&self, host: &Host) -> Option<SimTime> {
        self.run.due(host)
    }

    fn act(&mut self, host: &mut Host, at: SimTime) {
        self.run.act(host, at);
        if self.run.is_over() {
            self.score(host);
        }
    }

    fn refused(&mut self, host: &Host, refusal: &Refusal) {
        self.run.refused(host, refusal);
    }

    fn cue(&self) -> Cue {
        match self.cast {
            Cast::Nobody => self.presents(),
            Cast::Everybody | Cast::AllBut(_) => self.plays(),
        }
    }

    fn end(mut self: Box<Self>, host: &Host) {
        self.score(host);
    }
}
