//! Plays drills: each on a host of its own in a directory of its own, with real keys and a real sealed store, as fast
//! as it can. What is expected and not found is noted, and the drill goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::check::{Check, Found, Wanted};
use super::{Action, Aims, Beat, Drill, Expectation, Put, Question, Records, Refused, When};
use crate::engine::ids::{Revision, TicketId};
use crate::engine::ingestion::Arrival;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::series::Column;
use crate::engine::projections::meaning::is_consequence;
use crate::engine::projections::sentence::sentence;
use crate::engine::time::{SimTime, Span};
use crate::engine::{self, Actor, Command, Event, Refusal, cluster, rules, story};
use crate::logs::ingest::Ingest;
use crate::logs::query::Cancel;
use crate::logs::value::Values;
use crate::runtime::{
    Ask, Block, ClockCommand, Founding, Host, HostError, ManualWall, fingerprint,
};

/// Columns of the chart of a report.
const COLUMNS: usize = 120;
/// In bytes.
const GB: u128 = 1_000_000_000;

/// What came of a drill.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub id: String,
    pub title: String,
    pub teaches: String,
    pub file: String,
    pub from: SimTime,
    pub to: SimTime,
    /// Numbers of the rules that were changed, with their values.
    pub changed: Vec<(String, String)>,
    /// Every expectation, and every beat that went otherwise than it had to.
    pub findings: Vec<Finding>,
    pub timeline: Vec<Told>,
    pub score: Score,
    /// Microseconds of one column of `series`.
    pub step: Span,
    /// Modelled bytes by fate, column after column.
    pub series: Vec<Column>,
    /// Of the world at the end: two runs end in the same one.
    pub digest: String,
}

/// An expectation and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Of the drill file, from 1.
    pub line: usize,
    pub at: SimTime,
    pub what: String,
    pub expected: String,
    pub found: String,
    pub because: String,
    pub met: bool,
}

/// Something that happened or was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub at: SimTime,
    pub kind: Kind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Note,
    Event,
    Consequence,
    Refused,
    Failed,
}

/// What the drill cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Commands that were refused.
    pub refused: u64,
    /// Bytes lost for good, in the model.
    pub modelled_lost: u128,
    /// Records that really came and are lost for good.
    pub records_lost: u64,
    /// From the first bad news about a cluster to what a person did next.
    pub time_to_notice: Option<Span>,
    /// The shortest time from a request to its decision.
    pub time_to_decide: Option<Span>,
}

impl Outcome {
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.met)
    }

    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.met)
    }
}

/// What comes next in a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next<'a> {
    /// When; of a beat that waits for something, how long it waits.
    pub at: SimTime,
    /// What will be done, in a few words, and what it waits for.
    pub description: String,
    pub note: &'a str,
    pub say: &'a str,
}

/// A place in a drill: beats of an instant come before what is expected at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Beat(usize),
    Expect(usize),
    /// The end of a span.
    End,
}

/// A drill under way on a host.
pub struct Run {
    drill: Drill,
    host: Host,
    moments: Vec<(SimTime, Moment)>,
    place: usize,
    began: Revision,
    changed: Vec<(String, String)>,
    findings: Vec<Option<Finding>>,
    wrong: Vec<Finding>,
    told: Vec<Told>,
    refused: u64,
    /// Beats that are played, or waited in vain.
    done: Vec<bool>,
}

impl Run {
    /// A drill from its beginning, on a host whose world stands at the moment it opens.
    pub fn new(drill: Drill, host: Host) -> Run {
        let beats = drill.beats.iter().enumerate();
        let beats = beats.map(|(n, beat)| (beat.at, Moment::Beat(n)));
        let expects = drill.expectations.iter().enumerate();
        let expects = expects.map(|(n, e)| (e.when.from(), Moment::Expect(n)));
        let ends = drill
            .expectations
            .iter()
            .map(|e| (e.when.until(), Moment::End));
        let triggers = drill.beats.iter().filter_map(|beat| beat.on.as_ref());
        let watches = triggers.map(|on| (on.from, Moment::End));
        let mut moments: Vec<_> = beats.chain(expects).chain(ends).chain(watches).collect();
        moments.sort_unstable();
        moments.dedup();
        Run {
            findings: vec![None; drill.expectations.len()],
            done: vec![false; drill.beats.len()],
            began: host.world().revision,
            drill,
            host,
            moments,
            place: 0,
            changed: Vec::new(),
            wrong: Vec::new(),
            told: Vec::new(),
            refused: 0,
        }
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }

    /// The next beat, if there is one.
    pub fn next(&self) -> Option<Next<'_>> {
        let rest = self.moments.get(self.place..)?;
        let beat = rest.iter().find_map(|(_, moment)| match moment {
            Moment::Beat(n) if !self.is_done(*n) => self.drill.beats.get(*n),
            _ => None,
        })?;
        let waits = beat.on.as_ref();
        let waits = waits.map(|on| format!("when {} is {}: ", on.check, on.wanted));
        Some(Next {
            at: beat.at,
            description: format!("{}{}", waits.unwrap_or_default(), beat.describe()),
            note: &beat.note,
            say: &beat.say,
        })
    }

    /// Lets time pass up to the next beat and does it; without one, up to the end. False: it was over already.
    pub fn play_next(&mut self) -> bool {
        let before = self.place;
        while let Some((at, moment)) = self.moments.get(self.place).copied() {
            if let Some(n) = self.go_to(at) {
                self.beat(n);
                return true;
            }
            self.place += 1;
            match moment {
                Moment::Beat(n) if self.is_done(n) => {}
                Moment::Beat(n) if self.waits(n) => self.in_vain(n),
                Moment::Beat(n) => {
                    self.beat(n);
                    return true;
                }
                Moment::Expect(n) => self.begin(n),
                Moment::End => {}
            }
            // What is expected of a span is looked at after everything else of the instant.
            if self
                .moments
                .get(self.place)
                .is_none_or(|(next, _)| *next > at)
            {
                self.observe();
            }
        }
        self.place > before
    }

    /// Plays the rest.
    pub fn play(mut self) -> Outcome {
        while self.play_next() {}
        self.outcome()
    }

    /// Lets time pass up to an instant, or to the moment a beat waits for, which is given then. While something is
    /// expected of a span or waited for, time goes from one due instant to the next.
    fn go_to(&mut self, at: SimTime) -> Option<usize> {
        let mut ready = self.ready();
        while ready.is_none()
            && self.watching()
            && let Some(due) = engine::due(self.host.world()).filter(|due| *due < at)
        {
            if !self.clock(due) {
                return None;
            }
            self.observe();
            ready = self.ready();
        }
        if ready.is_none() && self.clock(at) {
            ready = self.ready();
        }
        ready
    }

    fn is_done(&self, n: usize) -> bool {
        self.done.get(n).copied().unwrap_or(true)
    }

    /// Whether a beat waits for something that has not come.
    fn waits(&self, n: usize) -> bool {
        !self.is_done(n)
            && self
                .drill
                .beats
                .get(n)
                .is_some_and(|beat| beat.on.is_some())
    }

    /// The first beat that waits for something that is so now.
    fn ready(&self) -> Option<usize> {
        let (world, now) = (self.host.world(), self.host.now());
        let mut beats = self.drill.beats.iter().enumerate();
        let found = beats.find(|(n, beat)| {
            beat.on.as_ref().is_some_and(|on| {
                !self.is_done(*n)
                    && on.from <= now
                    && now <= beat.at
                    && on.wanted.met_by(&on.check.look(world, now))
            })
        });
        found.map(|(n, _)| n)
    }

    /// What a beat waited for did not come.
    fn in_vain(&mut self, n: usize) {
        if let Some(done) = self.done.get_mut(n) {
            *done = true;
        }
        let Some(beat) = self.drill.beats.get(n).cloned() else {
            return;
        };
        if let Some(on) = &beat.on {
            let found = on.check.look(self.host.world(), self.host.now());
            let until = self.drill.opens_at.until(beat.at);
            let expected = format!("done when {} is {}, by T+{until}", on.check, on.wanted);
            self.wrong(&beat, &expected, &found.to_string());
        }
    }

    fn clock(&mut self, at: SimTime) -> bool {
        if self.host.now() >= at {
            return false;
        }
        match self.host.clock_set(ClockCommand::To(at)) {
            Ok(_) => true,
            Err(error) => {
                self.trouble(0, "time goes on", &error);
                false
            }
        }
    }

    /// Whether an expectation of a span is open, or a beat waits.
    fn watching(&self) -> bool {
        let now = self.host.now();
        let waiting = |(n, beat): (usize, &Beat)| {
            let on = beat.on.as_ref();
            !self.is_done(n) && on.is_some_and(|on| on.from <= now && now <= beat.at)
        };
        self.spans().next().is_some() || self.drill.beats.iter().enumerate().any(waiting)
    }

    fn spans(&self) -> impl Iterator<Item = usize> {
        let now = self.host.now();
        let open = move |(n, e): (usize, &Expectation)| {
            let undecided = match self.findings.get(n)? {
                None => matches!(e.when, When::By(..)),
                Some(finding) => matches!(e.when, When::Always(..)) && finding.met,
            };
            (undecided && e.when.from() <= now && now <= e.when.until()).then_some(n)
        };
        self.drill.expectations.iter().enumerate().filter_map(open)
    }

    /// Looks at an expectation for the first time.
    fn begin(&mut self, n: usize) {
        let Some(expectation) = self.drill.expectations.get(n).cloned() else {
            return;
        };
        if !matches!(expectation.when, When::By(..)) {
            let found = self.look(&expectation.check);
            self.find(n, &expectation, found);
        }
    }

    /// Looks at what is expected of the spans that are open.
    fn observe(&mut self) {
        let open: Vec<usize> = self.spans().collect();
        for n in open {
            let Some(expectation) = self.drill.expectations.get(n).cloned() else {
                continue;
            };
            let found = self.look(&expectation.check);
            let met = expectation.wanted.met_by(&found);
            let by = matches!(expectation.when, When::By(..));
            if met == by || by && self.host.now() >= expectation.when.until() {
                self.find(n, &expectation, found);
            }
        }
    }

    fn find(&mut self, n: usize, expectation: &Expectation, found: Found) {
        let met = expectation.wanted.met_by(&found);
        let finding = Finding {
            line: expectation.line,
            at: self.host.now(),
            what: expectation.check.to_string(),
            expected: expected(expectation.when, &expectation.wanted, self.drill.opens_at),
            found: found.to_string(),
            because: expectation.because.clone(),
            met,
        };
        if !met {
            let text = format!(
                "{}: {}, not {}",
                finding.what, finding.found, finding.expected
            );
            self.tell(Kind::Failed, text);
        }
        if let Some(place) = self.findings.get_mut(n) {
            *place = Some(finding);
        }
    }

    fn look(&mut self, check: &Check) -> Found {
        match check {
            Check::Query(question) => match self.ask(question) {
                Ok(found) => found,
                Err(HostError::Refused(refusal)) => Found::Word(refusal.id),
                Err(error) => Found::Word(error.to_string()),
            },
            check => check.look(self.host.world(), self.host.now()),
        }
    }

    /// One value, or how many rows.
    fn ask(&mut self, question: &Question) -> Result<Found, HostError> {
        let ask = Ask {
            workspace: question.workspace.clone(),
            text: question.kql.clone(),
            span: None,
            partial: question.partial,
        };
        let prepared = self.host.query(&Actor::Person(question.by.clone()), &ask)?;
        let reply = prepared.run(Cancel::default(), &mut |_| {})?;
        let rows = reply.answer.rows;
        if let (1, [column]) = (rows, reply.columns.as_slice())
            && let Some(batch) = reply.answer.batches.iter().find(|b| b.num_rows() == 1)
        {
            let text = Values::new(batch.column(0), column.kind).text(0);
            return Ok(match text.parse() {
                Ok(number) => Found::Number(number),
                Err(_) => Found::Word(text),
            });
        }
        Ok(Found::Number(rows as u128))
    }

    fn beat(&mut self, n: usize) {
        let Some(beat) = self.drill.beats.get(n).cloned() else {
            return;
        };
        if let Some(done) = self.done.get_mut(n) {
            *done = true;
        }
        if !beat.note.is_empty() {
            self.tell(Kind::Note, beat.note.clone());
        }
        let before = engine::digest(self.host.world());
        let outcome = match &beat.action {
            None => return,
            Some(Action::Put(put)) => self.put(put),
            Some(Action::Ingest(records)) => self.ingest(records),
            Some(Action::Query(question)) => self.ask(question).map(|_| ()),
            Some(Action::Do { by, deeds, .. }) => {
                let person = by.as_ref();
                deeds.iter().try_for_each(|deed| {
                    let world = self.host.world();
                    let (actor, command) = story::command(world, self.ticket(), person, deed)?;
                    self.host.submit(&actor, &command).map(|_| ())
                })
            }
        };
        match (outcome, &beat.refused) {
            (Ok(()), None) => {}
            (Ok(()), Some(wanted)) => self.wrong(&beat, &wanted.id, "done"),
            (Err(HostError::Refused(refusal)), wanted) => {
                self.refused += 1;
                let text = format!("{}: {} ({})", beat.describe(), refusal.message, refusal.id);
                self.tell(Kind::Refused, text);
                if matches!(beat.action, Some(Action::Do { .. } | Action::Put(_)))
                    && engine::digest(self.host.world()) != before
                {
                    self.wrong(&beat, "a refusal that leaves no trace", "another world");
                }
                match wanted {
                    Some(wanted) => {
                        let (expected, found) = said(wanted, &refusal, self.host.now());
                        match expected == found {
                            true => self.right(&beat, &expected),
                            false => self.wrong(&beat, &expected, &found),
                        }
                    }
                    None => {
                        let found = format!("refused: {} ({})", refusal.message, refusal.id);
                        self.wrong(&beat, "done", &found);
                    }
                }
            }
            (Err(error), _) => self.trouble(beat.line, &beat.describe(), &error),
        }
    }

    fn put(&mut self, put: &Put) -> Result<(), HostError> {
        let world = self.host.world();
        let id = world.cluster_named(&put.subscription, &put.group, &put.name);
        let existing = world.clusters.get(&id).filter(|c| c.is_live());
        let body = cluster::wire::body(world, existing.map(|c| &**c), &put.body)?;
        let command = cluster::Command::Put {
            subscription: put.subscription.clone(),
            group: put.group.clone(),
            name: put.name.clone(),
            body,
        };
        let actor = Actor::Person(put.by.clone());
        self.host.submit(&actor, &command.into()).map(|_| ())
    }

    /// The ticket that steps are about: the newest.
    fn ticket(&self) -> Option<TicketId> {
        let tickets = &self.host.world().lockbox.tickets;
        tickets.get_max().map(|(id, _)| *id)
    }

    fn ingest(&mut self, records: &Records) -> Result<(), HostError> {
        let now = self.host.now();
        let text = "x".repeat(usize::try_from(records.length).unwrap_or(0));
        let lines: String = (1..=records.count)
            .map(|n| {
                format!("{{\"TimeGenerated\":\"{now}\",\"Number\":{n},\"Note\":\"{text}\"}}\n")
            })
            .collect();
        let columns = self
            .host
            .world()
            .columns(&records.workspace, &records.table);
        let actor = Actor::Person(records.by.clone());
        for chunk in Ingest::new(columns, now).read(std::io::Cursor::new(lines.into_bytes())) {
            let chunk = chunk?;
            if chunk.rows == 0 {
                continue;
            }
            let arrival = Arrival {
                workspace: records.workspace.clone(),
                table: records.table.clone(),
                columns: chunk.columns,
                rows: chunk.rows,
                raw: chunk.raw,
                plain: chunk.parquet.len() as u64,
                from: chunk.from,
                to: chunk.to,
                source: None,
            };
            let parquet = chunk.parquet;
            self.host.ingest(&actor, &Block { arrival, parquet })?;
        }
        Ok(())
    }

    fn right(&mut self, beat: &Beat, id: &str) {
        self.note(beat, id, id, true);
    }

    fn wrong(&mut self, beat: &Beat, expected: &str, found: &str) {
        self.note(beat, expected, found, false);
        let text = format!("{}: {found}, not {expected}", beat.describe());
        self.tell(Kind::Failed, text);
    }

    fn note(&mut self, beat: &Beat, expected: &str, found: &str, met: bool) {
        self.wrong.push(Finding {
            line: beat.line,
            at: self.host.now(),
            what: beat.describe(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            because: String::new(),
            met,
        });
    }

    fn trouble(&mut self, line: usize, what: &str, error: &HostError) {
        self.tell(Kind::Failed, format!("{what}: {error}"));
        self.wrong.push(failed(line, self.host.now(), what, error));
    }

    fn tell(&mut self, kind: Kind, text: String) {
        let at = self.host.now();
        self.told.push(Told { at, kind, text });
    }

    /// What came of it, as far as it was played.
    pub fn outcome(mut self) -> Outcome {
        let (from, to) = (self.drill.opens_at, self.host.now());
        let read = self.host.journal().read_after(self.began, usize::MAX);
        let events = read.unwrap_or_else(|error| {
            self.trouble(0, "the journal is read", &error.into());
            Vec::new()
        });
        let world = self.host.world();
        let mut timeline = self.told;
        timeline.extend(events.iter().map(|event| Told {
            at: event.at,
            kind: match is_consequence(event) {
                true => Kind::Consequence,
                false => Kind::Event,
            },
            text: sentence(world, event),
        }));
        timeline.sort_by_key(|told| told.at);
        let bad = world.markers(&Scope::All, from, to);
        let bad = bad.into_iter().find(|marker| marker.bad);
        let noticed = bad.and_then(|bad| {
            let later = |event: &&Event| event.revision > bad.revision && event.cause.is_none();
            let mut by_people = events.iter().filter(later);
            let next = by_people.find(|event| matches!(event.actor, Actor::Person(_)));
            next.map(|event| event.at - bad.at)
        });
        let requests = world.lockbox.requests.values();
        let decided = requests.filter_map(|r| Some((r, r.decision.as_ref()?.at)));
        let score = Score {
            refused: self.refused,
            modelled_lost: world.modelled(&Scope::All, to).lost(),
            records_lost: (world.logs.tables.values())
                .map(|table| table.tally.dropped().rows)
                .sum(),
            time_to_notice: noticed,
            time_to_decide: decided.map(|(r, at)| at - r.created_at).min(),
        };
        let mut findings: Vec<Finding> = self.findings.into_iter().flatten().collect();
        findings.extend(self.wrong);
        findings.extend(missed(&self.drill.aims, &score, to));
        findings.sort_by_key(|finding| (finding.at, finding.line));
        let columns = i64::try_from(COLUMNS).unwrap_or(i64::MAX);
        let step = Span(((to - from).0 / columns).max(1_000_000));
        Outcome {
            id: self.drill.id,
            title: self.drill.title,
            teaches: self.drill.teaches,
            file: self.drill.file,
            from,
            to,
            changed: self.changed,
            findings,
            timeline,
            score,
            digest: (engine::digest(world).iter())
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            series: world.series(&Scope::All, from, step, COLUMNS, to),
            step,
        }
    }
}

impl Beat {
    /// What it does, in a few words.
    pub fn describe(&self) -> String {
        let (word, by) = match &self.action {
            Some(Action::Do { word, by, .. }) => (*word, by.as_ref()),
            Some(Action::Put(put)) => ("cluster-put", Some(&put.by)),
            Some(Action::Ingest(records)) => ("ingest", Some(&records.by)),
            Some(Action::Query(question)) => ("query", Some(&question.by)),
            None => return "note".to_owned(),
        };
        match by {
            Some(by) => format!("{word} by {by}"),
            None => word.to_owned(),
        }
    }
}

/// What a refusal had to say, and what it said of that.
fn said(wanted: &Refused, refusal: &Refusal, now: SimTime) -> (String, String) {
    let in_words = |id: &str, rule: Option<&str>, span: Option<Span>| {
        let rule = rule.map(|rule| format!(", {rule}")).unwrap_or_default();
        let span = span.map(|span| format!(", allowed in {span}"));
        format!("{id}{rule}{}", span.unwrap_or_default())
    };
    let rule = wanted.rule.as_ref().map(|_| refusal.rule.as_str());
    let span = wanted
        .allowed_in
        .and_then(|_| Some(refusal.allowed_from? - now));
    (
        in_words(&wanted.id, wanted.rule.as_deref(), wanted.allowed_in),
        in_words(&refusal.id, rule, span),
    )
}

/// Where the score is beyond what was aimed at.
fn missed(aims: &Aims, score: &Score, at: SimTime) -> Vec<Finding> {
    let finding = |what: &str, expected: String, found: String, met: bool| Finding {
        line: aims.line,
        at,
        what: format!("score: {what}"),
        expected: format!("at most {expected}"),
        found,
        because: String::new(),
        met,
    };
    let numbers = [
        ("refused commands", score.refused.into(), aims.refused),
        ("records lost", score.records_lost.into(), aims.records_lost),
        (
            "GB lost in the model",
            score.modelled_lost / GB,
            aims.modelled_lost,
        ),
    ];
    let numbers = numbers.into_iter().filter_map(|(what, found, most)| {
        let met = found <= u128::from(most?);
        Some(finding(what, most?.to_string(), found.to_string(), met))
    });
    let spans = [
        ("time to notice", score.time_to_notice, aims.time_to_notice),
        ("time to decide", score.time_to_decide, aims.time_to_decide),
    ];
    let spans = spans.into_iter().filter_map(|(what, took, most)| {
        let found = took.map_or_else(|| "never".to_owned(), |took| took.to_string());
        let met = took.is_some_and(|took| most.is_some_and(|most| took <= most));
        Some(finding(what, most?.to_string(), found, met))
    });
    numbers.chain(spans).collect()
}

fn failed(line: usize, at: SimTime, what: &str, error: &HostError) -> Finding {
    Finding {
        line,
        at,
        what: what.to_owned(),
        expected: "done".to_owned(),
        found: error.to_string(),
        because: String::new(),
        met: false,
    }
}

/// `Revoked by T+1h`.
fn expected(when: When, wanted: &Wanted, opens_at: SimTime) -> String {
    let after = |at: SimTime| format!("T+{}", opens_at.until(at));
    match when {
        When::At(_) => wanted.to_string(),
        When::Always(from, to) => format!("{wanted} from {} to {}", after(from), after(to)),
        When::By(from, to) => format!("{wanted} between {} and {}", after(from), after(to)),
    }
}

/// Plays a drill in a directory of its own, with numbers of the rules changed before anything else happens.
pub fn rehearse(drill: &Drill, changed: &[(String, String)]) -> Outcome {
    let scratch = Scratch::new();
    let founding = founding(drill, changed);
    let opened = match &scratch {
        Ok(scratch) => {
            let wall = Box::new(ManualWall::default());
            Host::open_at(&scratch.0, None, || Ok(founding), wall)
        }
        Err(error) => Err(HostError::World(error.to_string().into())),
    };
    match opened {
        Ok(host) => {
            let mut run = Run::new(drill.clone(), host);
            run.changed = changed.to_vec();
            run.play()
        }
        Err(error) => unfounded(drill, changed, &error),
    }
}

/// The founding of the world, with rules set right after its beginning.
fn founding(drill: &Drill, changed: &[(String, String)]) -> Founding {
    let sets: Vec<Command> = changed
        .iter()
        .map(|(name, value)| {
            rules::Command::Set {
                name: name.clone(),
                value: value.clone(),
            }
            .into()
        })
        .collect();
    let mut told = drill.world.founding();
    let first = told.next();
    let at = first.as_ref().map(|(at, ..)| *at).unwrap_or_default();
    let sets = sets.into_iter().map(move |set| (at, Actor::Simulator, set));
    Founding {
        fingerprint: fingerprint(&drill.fingerprint),
        commands: Box::new(first.into_iter().chain(sets).chain(told)),
    }
}

fn unfounded(drill: &Drill, changed: &[(String, String)], error: &HostError) -> Outcome {
    Outcome {
        id: drill.id.clone(),
        title: drill.title.clone(),
        teaches: drill.teaches.clone(),
        file: drill.file.clone(),
        from: drill.opens_at,
        to: drill.opens_at,
        changed: changed.to_vec(),
        findings: vec![failed(1, drill.opens_at, "the world is founded", error)],
        timeline: Vec::new(),
        score: Score::default(),
        step: Span::hours(1),
        series: Vec::new(),
        digest: String::new(),
    }
}

/// A directory that is there for one drill. It holds keys, so it is nobody else's.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Scratch> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lockbox-drill-{}-{n}", std::process::id());
        let path = std::env::temp_dir().join(name);
        private(&path)?;
        Ok(Scratch(path))
    }
}

fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "the directory of a drill was not removed");
        }
    }
}
