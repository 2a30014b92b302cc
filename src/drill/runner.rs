//! Plays drills: each on a host of its own in a directory of its own, with real keys and a real sealed store, as fast
//! as it can. What is expected and not found is noted, and the drill goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::check::{Check, Found, Wanted};
use super::{Action, Beat, Drill, Expectation, Question, Records, When};
use crate::engine::ids::{Revision, TicketId};
use crate::engine::ingestion::Arrival;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::series::Column;
use crate::engine::projections::meaning::is_consequence;
use crate::engine::projections::sentence::sentence;
use crate::engine::time::{SimTime, Span};
use crate::engine::{self, Actor, Command, rules, story};
use crate::logs::ingest::Ingest;
use crate::logs::query::Cancel;
use crate::logs::value::Values;
use crate::runtime::{
    Ask, Block, ClockCommand, Founding, Host, HostError, ManualWall, fingerprint,
};

/// Columns of the chart of a report.
const COLUMNS: usize = 120;

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
    /// From the first request to the first decision of a customer.
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
    pub at: SimTime,
    /// What will be done, in a few words.
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
        let mut moments: Vec<_> = beats.chain(expects).chain(ends).collect();
        moments.sort_unstable();
        moments.dedup();
        Run {
            findings: vec![None; drill.expectations.len()],
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
            Moment::Beat(n) => self.drill.beats.get(*n),
            _ => None,
        })?;
        Some(Next {
            at: beat.at,
            description: beat.describe(),
            note: &beat.note,
            say: &beat.say,
        })
    }

    /// Lets time pass up to the next beat and does it; without one, up to the end. False: it was over already.
    pub fn play_next(&mut self) -> bool {
        let before = self.place;
        while let Some((at, moment)) = self.moments.get(self.place).copied() {
            self.place += 1;
            self.go_to(at);
            match moment {
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

    /// While something is expected of a span, time goes from one due instant to the next.
    fn go_to(&mut self, at: SimTime) {
        while self.watching()
            && let Some(due) = engine::due(self.host.world()).filter(|due| *due < at)
        {
            if !self.clock(due) {
                return;
            }
            self.observe();
        }
        self.clock(at);
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

    /// Whether an expectation of a span is open.
    fn watching(&self) -> bool {
        self.spans().next().is_some()
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
        if !beat.note.is_empty() {
            self.tell(Kind::Note, beat.note.clone());
        }
        let outcome = match &beat.action {
            None => return,
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
            (Ok(()), Some(id)) => self.wrong(&beat, id, "done"),
            (Err(HostError::Refused(refusal)), wanted) => {
                self.refused += 1;
                let text = format!("{}: {} ({})", beat.describe(), refusal.message, refusal.id);
                self.tell(Kind::Refused, text);
                match wanted {
                    Some(id) if *id == refusal.id => self.right(&beat, id),
                    Some(id) => self.wrong(&beat, id, &refusal.id),
                    None => {
                        let found = format!("refused: {} ({})", refusal.message, refusal.id);
                        self.wrong(&beat, "done", &found);
                    }
                }
            }
            (Err(error), _) => self.trouble(beat.line, &beat.describe(), &error),
        }
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
    pub fn outcome(self) -> Outcome {
        let (from, to) = (self.drill.opens_at, self.host.now());
        let world = self.host.world();
        let read = self.host.journal().read_after(self.began, usize::MAX);
        let events = read.unwrap_or_default();
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
        let mut findings: Vec<Finding> = self.findings.into_iter().flatten().collect();
        findings.extend(self.wrong);
        findings.sort_by_key(|finding| (finding.at, finding.line));
        let columns = i64::try_from(COLUMNS).unwrap_or(i64::MAX);
        let step = Span(((to - from).0 / columns).max(1_000_000));
        let requests = world.lockbox.requests.values();
        let decided = requests.filter_map(|r| Some((r, r.decision.as_ref()?.at)));
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
            score: Score {
                refused: self.refused,
                modelled_lost: world.modelled(&Scope::All, to).lost(),
                records_lost: (world.logs.tables.values())
                    .map(|table| table.tally.dropped().rows)
                    .sum(),
                time_to_decide: decided.map(|(r, at)| at - r.created_at).min(),
            },
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
