//! Plays drills: each on a host of its own in a directory of its own, with real keys and a real sealed store, as fast
//! as it can. What is expected and not found is noted, and the drill goes on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::check::{Check, Found, Wanted};
use super::{Action, Aims, Beat, Drill, Expectation, Put, Question, Records, Refused, When};
use crate::engine::event::Fact;
use crate::engine::ids::{PersonId, Revision, TicketId};
use crate::engine::ingestion::Arrival;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::series::Column;
use crate::engine::projections::meaning::is_consequence;
use crate::engine::projections::sentence::sentence;
use crate::engine::time::{SimTime, Span};
use crate::engine::{self, Actor, Command, Event, Refusal, World, cluster, rules, story};
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

/// Whose beats play by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cast {
    Everybody,
    /// Somebody at a console plays this person.
    AllBut(PersonId),
    /// A presenter does everything.
    Nobody,
}

impl Cast {
    fn plays(&self, beat: &Beat) -> bool {
        match self {
            Cast::Everybody => true,
            Cast::AllBut(person) => beat.by() != Some(person),
            Cast::Nobody => false,
        }
    }
}

/// A place in a drill: beats of an instant come before what is expected at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Beat(usize),
    Expect(usize),
    /// The end of a span.
    End,
}

/// A drill under way. Every step names the host it is played on.
pub struct Run {
    drill: Drill,
    cast: Cast,
    moments: Vec<(SimTime, Moment)>,
    place: usize,
    began: Revision,
    /// The world it looked at last.
    seen: Revision,
    changed: Vec<(String, String)>,
    findings: Vec<Option<Finding>>,
    wrong: Vec<Finding>,
    told: Vec<Told>,
    refused: u64,
    /// Beats that are played, left to others, or waited in vain.
    done: Vec<bool>,
    /// The last beat that came.
    last: Option<usize>,
    /// Events of beats, as they are numbered in the record.
    played: BTreeSet<Revision>,
}

impl Run {
    /// A drill from its beginning, on a host whose world stands at the moment it opens.
    pub fn new(drill: Drill, cast: Cast, host: &Host) -> Run {
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
            seen: host.world().revision,
            drill,
            cast,
            moments,
            place: 0,
            changed: Vec::new(),
            wrong: Vec::new(),
            told: Vec::new(),
            refused: 0,
            last: None,
            played: BTreeSet::new(),
        }
    }

    pub fn drill(&self) -> &Drill {
        &self.drill
    }

    pub fn is_over(&self) -> bool {
        self.place >= self.moments.len()
    }

    /// The last beat that came.
    pub fn last(&self) -> Option<&Beat> {
        self.drill.beats.get(self.last?)
    }

    /// The next beat that is still to come.
    pub fn next(&self) -> Option<&Beat> {
        let rest = self.moments.get(self.place..)?;
        rest.iter().find_map(|(_, moment)| match moment {
            Moment::Beat(n) if !self.is_done(*n) => self.drill.beats.get(*n),
            _ => None,
        })
    }

    /// The first expectation nothing was found for yet.
    pub fn goal(&self) -> Option<&Expectation> {
        let mut open = self.drill.expectations.iter().zip(&self.findings);
        open.find_map(|(e, finding)| finding.is_none().then_some(e))
    }

    /// Expectations that were met, and those something was found for.
    pub fn tally(&self) -> (usize, usize) {
        let found = self.findings.iter().flatten();
        let (met, all) = found.fold((0, 0), |(met, all), f| (met + usize::from(f.met), all + 1));
        (met, all)
    }

    /// The next instant at which it does or looks at something; none when it is over. While something is expected
    /// of a span or waited for, it looks at every change.
    pub fn due(&self, host: &Host) -> Option<SimTime> {
        let (next, _) = *self.moments.get(self.place)?;
        if !self.watching(host.now()) {
            return Some(next);
        }
        if host.world().revision != self.seen {
            return Some(host.now());
        }
        let change = engine::due(host.world());
        Some(change.map_or(next, |change| change.min(next)))
    }

    /// Does and looks at what belongs to an instant; the host stands at it, after everything that is due by then.
    pub fn act(&mut self, host: &mut Host, at: SimTime) {
        if self
            .moments
            .get(self.place)
            .is_some_and(|(next, _)| *next > at)
        {
            self.observe(host);
        }
        loop {
            if let Some(n) = self.ready(host) {
                self.beat(host, n);
                continue;
            }
            let Some((_, moment)) = self.moments.get(self.place).filter(|(next, _)| *next <= at)
            else {
                break;
            };
            let moment = *moment;
            self.place += 1;
            match moment {
                Moment::Beat(n) if self.is_done(n) => {}
                Moment::Beat(n) if self.waits(n) => self.in_vain(host, n),
                Moment::Beat(n) => self.beat(host, n),
                Moment::Expect(n) => self.begin(host, n),
                Moment::End => {}
            }
        }
        // What is expected of a span is looked at after everything else of the instant.
        self.observe(host);
        self.seen = host.world().revision;
    }

    /// Plays it to its end.
    pub fn play(mut self, host: &mut Host) -> Outcome {
        while let Some(at) = self.due(host) {
            if let Err(error) = host.clock_set(ClockCommand::To(at)) {
                self.trouble(host, 0, "time goes on", &error);
                // The rest is looked at where time stands.
                let end = self.moments.last().map_or(at, |(last, _)| *last);
                self.act(host, end);
                break;
            }
            self.act(host, at);
        }
        self.outcome(host)
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
    fn ready(&self, host: &Host) -> Option<usize> {
        let (world, now) = (host.world(), host.now());
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
    fn in_vain(&mut self, host: &Host, n: usize) {
        if let Some(done) = self.done.get_mut(n) {
            *done = true;
        }
        let Some(beat) = self.drill.beats.get(n).cloned() else {
            return;
        };
        if let Some(on) = beat.on.as_ref().filter(|_| self.cast.plays(&beat)) {
            let found = on.check.look(host.world(), host.now());
            let until = self.drill.opens_at.until(beat.at);
            let expected = format!("done when {} is {}, by T+{until}", on.check, on.wanted);
            self.wrong(host, &beat, &expected, &found.to_string());
        }
    }

    /// Whether an expectation of a span is open, or a beat waits.
    fn watching(&self, now: SimTime) -> bool {
        let waiting = |(n, beat): (usize, &Beat)| {
            let on = beat.on.as_ref();
            !self.is_done(n) && on.is_some_and(|on| on.from <= now && now <= beat.at)
        };
        self.spans(now).next().is_some() || self.drill.beats.iter().enumerate().any(waiting)
    }

    fn spans(&self, now: SimTime) -> impl Iterator<Item = usize> {
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
    fn begin(&mut self, host: &mut Host, n: usize) {
        let Some(expectation) = self.drill.expectations.get(n).cloned() else {
            return;
        };
        if !matches!(expectation.when, When::By(..)) {
            let found = look(host, &expectation.check);
            self.find(host, n, &expectation, found);
        }
    }

    /// Looks at what is expected of the spans that are open.
    fn observe(&mut self, host: &mut Host) {
        let open: Vec<usize> = self.spans(host.now()).collect();
        for n in open {
            let Some(expectation) = self.drill.expectations.get(n).cloned() else {
                continue;
            };
            let found = look(host, &expectation.check);
            let met = expectation.wanted.met_by(&found);
            let by = matches!(expectation.when, When::By(..));
            if met == by || by && host.now() >= expectation.when.until() {
                self.find(host, n, &expectation, found);
            }
        }
    }

    fn find(&mut self, host: &Host, n: usize, expectation: &Expectation, found: Found) {
        let met = expectation.wanted.met_by(&found);
        let finding = Finding {
            line: expectation.line,
            at: host.now(),
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
            self.tell(host, Kind::Failed, text);
        }
        if let Some(place) = self.findings.get_mut(n) {
            *place = Some(finding);
        }
    }

    fn beat(&mut self, host: &mut Host, n: usize) {
        let Some(beat) = self.drill.beats.get(n).cloned() else {
            return;
        };
        if let Some(done) = self.done.get_mut(n) {
            *done = true;
        }
        if beat.action.is_some() && !self.cast.plays(&beat) {
            if self.cast == Cast::Nobody {
                self.last = Some(n);
            }
            return;
        }
        self.last = Some(n);
        if !beat.note.is_empty() {
            self.tell(host, Kind::Note, beat.note.clone());
        }
        let before = engine::digest(host.world());
        let first = host.world().revision;
        let outcome = match &beat.action {
            None => return,
            Some(Action::Put(body)) => put(host, body),
            Some(Action::Ingest(records)) => ingest(host, records),
            Some(Action::Query(question)) => ask(host, question).map(|_| ()),
            Some(Action::Do { by, deeds, .. }) => {
                let person = by.as_ref();
                deeds.iter().try_for_each(|deed| {
                    let world = host.world();
                    let (actor, command) = story::command(world, ticket(world), person, deed)?;
                    host.submit(&actor, &command).map(|_| ())
                })
            }
        };
        self.played
            .extend((first.0 + 1..=host.world().revision.0).map(Revision));
        match (outcome, &beat.refused) {
            (Ok(()), None) => {}
            (Ok(()), Some(wanted)) => self.wrong(host, &beat, &wanted.id, "done"),
            (Err(HostError::Refused(refusal)), wanted) => {
                // What others get wrong is not the player's.
                self.refused += u64::from(self.cast == Cast::Everybody);
                let text = format!("{}: {} ({})", beat.describe(), refusal.message, refusal.id);
                self.tell(host, Kind::Refused, text);
                if matches!(beat.action, Some(Action::Do { .. } | Action::Put(_)))
                    && engine::digest(host.world()) != before
                {
                    self.wrong(
                        host,
                        &beat,
                        "a refusal that leaves no trace",
                        "another world",
                    );
                }
                match wanted {
                    Some(wanted) => {
                        let (expected, found) = said(wanted, &refusal, host.now());
                        match expected == found {
                            true => self.right(host, &beat, &expected),
                            false => self.wrong(host, &beat, &expected, &found),
                        }
                    }
                    None => {
                        let found = format!("refused: {} ({})", refusal.message, refusal.id);
                        self.wrong(host, &beat, "done", &found);
                    }
                }
            }
            (Err(error), _) => self.trouble(host, beat.line, &beat.describe(), &error),
        }
    }

    fn right(&mut self, host: &Host, beat: &Beat, id: &str) {
        self.note(host, beat, id, id, true);
    }

    fn wrong(&mut self, host: &Host, beat: &Beat, expected: &str, found: &str) {
        self.note(host, beat, expected, found, false);
        let text = format!("{}: {found}, not {expected}", beat.describe());
        self.tell(host, Kind::Failed, text);
    }

    fn note(&mut self, host: &Host, beat: &Beat, expected: &str, found: &str, met: bool) {
        self.wrong.push(Finding {
            line: beat.line,
            at: host.now(),
            what: beat.describe(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            because: String::new(),
            met,
        });
    }

    fn trouble(&mut self, host: &Host, line: usize, what: &str, error: &HostError) {
        self.tell(host, Kind::Failed, format!("{what}: {error}"));
        self.wrong.push(failed(line, host.now(), what, error));
    }

    fn tell(&mut self, host: &Host, kind: Kind, text: String) {
        let at = host.now();
        self.told.push(Told { at, kind, text });
    }

    /// Somebody at the console asked for something that was refused.
    pub fn refused(&mut self, host: &Host, refusal: &Refusal) {
        self.refused += 1;
        let text = format!("{} ({})", refusal.message, refusal.id);
        self.tell(host, Kind::Refused, text);
    }

    /// Whether an event counts in the score: of one who plays among others, only what was not played for them.
    fn is_scored(&self, revision: Revision) -> bool {
        self.cast == Cast::Everybody || !self.played.contains(&revision)
    }

    /// What came of it, as far as it was played; asked once.
    pub fn outcome(&mut self, host: &Host) -> Outcome {
        let (from, to) = (self.drill.opens_at, host.now());
        let read = host.journal().read_after(self.began, usize::MAX);
        let events = read.unwrap_or_else(|error| {
            self.trouble(host, 0, "the journal is read", &error.into());
            Vec::new()
        });
        let world = host.world();
        let mut timeline = std::mem::take(&mut self.told);
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
            // Questions are asked by whoever watches the drill as well.
            let deed =
                |event: &&Event| event.cause.is_none() && !matches!(event.fact, Fact::Ingestion(_));
            let later = |event: &&Event| {
                event.revision > bad.revision && deed(event) && self.is_scored(event.revision)
            };
            let mut by_people = events.iter().filter(later);
            let next = by_people.find(|event| matches!(event.actor, Actor::Person(_)));
            next.map(|event| event.at - bad.at)
        });
        let requests = world.lockbox.requests.values();
        let decided = requests.filter_map(|r| {
            let decision = r.decision.as_ref()?;
            let scored = self.is_scored(decision.revision);
            scored.then_some((r.created_at, decision.at))
        });
        let score = Score {
            refused: self.refused,
            modelled_lost: world.modelled(&Scope::All, to).lost(),
            records_lost: (world.logs.tables.values())
                .map(|table| table.tally.dropped().rows)
                .sum(),
            time_to_notice: noticed,
            time_to_decide: decided.map(|(asked, at)| at - asked).min(),
        };
        let over = self.is_over();
        let mut findings: Vec<Finding> = self.findings.drain(..).flatten().collect();
        findings.append(&mut self.wrong);
        if !over {
            findings.push(Finding {
                line: 1,
                at: to,
                what: "the drill".to_owned(),
                expected: "played to its end".to_owned(),
                found: "left before".to_owned(),
                because: String::new(),
                met: false,
            });
        }
        findings.extend(missed(&self.drill.aims, &score, to));
        findings.sort_by_key(|finding| (finding.at, finding.line));
        let columns = i64::try_from(COLUMNS).unwrap_or(i64::MAX);
        let step = Span(((to - from).0 / columns).max(1_000_000));
        Outcome {
            id: self.drill.id.clone(),
            title: self.drill.title.clone(),
            teaches: self.drill.teaches.clone(),
            file: self.drill.file.clone(),
            from,
            to,
            changed: std::mem::take(&mut self.changed),
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

fn look(host: &mut Host, check: &Check) -> Found {
    match check {
        Check::Query(question) => match ask(host, question) {
            Ok(found) => found,
            Err(HostError::Refused(refusal)) => Found::Word(refusal.id),
            Err(error) => Found::Word(error.to_string()),
        },
        check => check.look(host.world(), host.now()),
    }
}

/// One value, or how many rows.
fn ask(host: &mut Host, question: &Question) -> Result<Found, HostError> {
    let ask = Ask {
        workspace: question.workspace.clone(),
        text: question.kql.clone(),
        span: None,
        partial: question.partial,
    };
    let prepared = host.query(&Actor::Person(question.by.clone()), &ask)?;
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

fn put(host: &mut Host, put: &Put) -> Result<(), HostError> {
    let world = host.world();
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
    host.submit(&actor, &command.into()).map(|_| ())
}

/// The ticket that steps are about: the newest.
fn ticket(world: &World) -> Option<TicketId> {
    let tickets = &world.lockbox.tickets;
    tickets.get_max().map(|(id, _)| *id)
}

fn ingest(host: &mut Host, records: &Records) -> Result<(), HostError> {
    let now = host.now();
    let text = "x".repeat(usize::try_from(records.length).unwrap_or(0));
    let lines: String = (1..=records.count)
        .map(|n| format!("{{\"TimeGenerated\":\"{now}\",\"Number\":{n},\"Note\":\"{text}\"}}\n"))
        .collect();
    let columns = host.world().columns(&records.workspace, &records.table);
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
        host.ingest(&actor, &Block { arrival, parquet })?;
    }
    Ok(())
}

impl Beat {
    /// Whose it is; the machinery's is nobody's.
    pub fn by(&self) -> Option<&PersonId> {
        match self.action.as_ref()? {
            Action::Do { by, .. } => by.as_ref(),
            Action::Put(put) => Some(&put.by),
            Action::Ingest(records) => Some(&records.by),
            Action::Query(question) => Some(&question.by),
        }
    }

    /// What it does, and what it waits for.
    pub fn describe_with_wait(&self) -> String {
        let waits = self.on.as_ref();
        let waits = waits.map(|on| format!("when {} is {}: ", on.check, on.wanted));
        format!("{}{}", waits.unwrap_or_default(), self.describe())
    }

    /// What it does, in a few words.
    pub fn describe(&self) -> String {
        let word = match &self.action {
            Some(Action::Do { word, .. }) => *word,
            Some(Action::Put(_)) => "cluster-put",
            Some(Action::Ingest(_)) => "ingest",
            Some(Action::Query(_)) => "query",
            None => return "note".to_owned(),
        };
        match self.by() {
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
pub(super) fn expected(when: When, wanted: &Wanted, opens_at: SimTime) -> String {
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
        Ok(mut host) => {
            let mut run = Run::new(drill.clone(), Cast::Everybody, &host);
            run.changed = changed.to_vec();
            run.play(&mut host)
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
