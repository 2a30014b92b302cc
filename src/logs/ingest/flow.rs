//! The threads of an ingestion. One reads, cuts and parses, in order; what is parsed is encoded by the others,
//! and by the first one too whenever they are behind. Chunks come out in order and few are held.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use arrow::array::ArrayRef;
use bytes::Bytes;

use super::columns::Rows;
use super::cut::{Block, Blocks};
use super::encode::{Encoded, File, Task};
use super::format::{Format, detect};
use super::infer::Seen;
use super::reject::{Fault, Rejects};
use super::source::{self, Input};
use super::stop::Stop;
use super::values::Value;
use super::{Chunk, Ingest, Progress, csv::Csv, json::Json, limits, syslog::Syslog};
use crate::engine::ingestion::schema::{Column, Columns};
use crate::engine::time::SimTime;

/// Chunks of an input, in its order. Dropping it ends the threads.
pub struct Chunks {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    next: u64,
}

struct Shared {
    state: Mutex<State>,
    bell: Condvar,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<(Arc<Job>, Task)>,
    done: BTreeMap<u64, Result<Chunk, Stop>>,
    /// Chunks that are made and not yet taken.
    ahead: usize,
    /// How many items there are, once that is known.
    items: Option<u64>,
    /// Nobody wants any more.
    over: bool,
    /// A thread ended in a panic.
    panicked: bool,
}

/// A chunk that is being encoded.
struct Job {
    number: u64,
    file: File,
    /// All of it but the file.
    rest: Mutex<Option<Chunk>>,
}

impl Chunks {
    pub(super) fn start(ingest: Ingest, input: Input) -> Chunks {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            bell: Condvar::new(),
            progress: Arc::default(),
        });
        let helpers = ingest.threads.max(1) - 1;
        let mut threads = Vec::new();
        for _ in 0..helpers {
            let shared = shared.clone();
            threads.push(std::thread::spawn(move || {
                let leaving = Leaving(&shared);
                while let Some((job, task)) = shared.wait_for_task() {
                    shared.encode(&job, task);
                }
                drop(leaving);
            }));
        }
        let here = shared.clone();
        threads.push(std::thread::spawn(move || {
            let leaving = Leaving(&here);
            let mut reading = Reading {
                shared: &here,
                ingest,
                number: 0,
            };
            if let Err(stop) = reading.all(input) {
                reading.give(Err(stop));
            }
            here.lock().items = Some(reading.number);
            here.bell.notify_all();
            while let Some((job, task)) = here.take_task() {
                here.encode(&job, task);
            }
            drop(leaving);
        }));
        Chunks {
            shared,
            threads,
            next: 0,
        }
    }

    /// How far it is; may be asked from any thread.
    pub fn progress(&self) -> Arc<Progress> {
        self.shared.progress.clone()
    }
}

impl Iterator for Chunks {
    type Item = Result<Chunk, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut state = self.shared.lock();
        loop {
            if let Some(chunk) = state.done.remove(&self.next) {
                self.next += 1;
                state.ahead -= 1;
                self.shared.bell.notify_all();
                return Some(chunk);
            }
            if std::mem::take(&mut state.panicked) {
                state.over = true;
                return Some(Err(Stop::Panic));
            }
            if state.over || state.items.is_some_and(|items| self.next >= items) {
                return None;
            }
            state = self.shared.wait(state);
        }
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.bell.notify_all();
        for thread in self.threads.drain(..) {
            // One that panicked has said so in its own way.
            let _ = thread.join();
        }
    }
}

/// Says so when a thread ends in a panic, so that nobody waits for it.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.lock();
            state.panicked = true;
            drop(state);
            self.0.bell.notify_all();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.bell
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take_task(&self) -> Option<(Arc<Job>, Task)> {
        let mut state = self.lock();
        if state.over {
            None
        } else {
            state.tasks.pop_front()
        }
    }

    /// The next task; None when there will be no more.
    fn wait_for_task(&self) -> Option<(Arc<Job>, Task)> {
        let mut state = self.lock();
        loop {
            if state.over {
                return None;
            }
            if let Some(task) = state.tasks.pop_front() {
                return Some(task);
            }
            if state.items.is_some() {
                return None;
            }
            state = self.wait(state);
        }
    }

    fn encode(&self, job: &Job, task: Task) {
        let encoded = match job.file.run(task) {
            Ok(None) => return,
            Ok(Some(encoded)) => Ok(encoded),
            Err(stop) => Err(stop),
        };
        let rest = job
            .rest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut chunk) = rest else {
            return;
        };
        let done = encoded.map(|encoded| {
            let Encoded {
                parquet,
                columns,
                rows,
                from,
                to,
            } = encoded;
            (chunk.parquet, chunk.columns, chunk.rows) = (parquet, columns, rows);
            (chunk.from, chunk.to) = (from, to);
            chunk
        });
        self.lock().done.insert(job.number, done);
        self.bell.notify_all();
    }
}

/// What the first thread does.
struct Reading<'a> {
    shared: &'a Shared,
    ingest: Ingest,
    /// Items given so far.
    number: u64,
}

impl Reading<'_> {
    fn all(&mut self, input: Input) -> Result<(), Stop> {
        let progress = self.shared.progress.clone();
        let source = source::open(input, progress.arrived.clone())?;
        let format = match self.ingest.format {
            Some(format) => format,
            None => detect(&source.head, self.ingest.file.as_deref())?,
        };
        let mut blocks = Blocks::new(source.input, format);
        let mut fields = match format {
            Format::Ndjson | Format::Json => Fields::Json(Box::new(Json::new())),
            Format::Syslog => Fields::Syslog(Syslog::new(self.ingest.ingested_at)),
            Format::Csv => match blocks.header()? {
                Some(header) => Fields::Csv(Box::new(Csv::new(&header)?)),
                None => return Ok(()),
            },
        };
        blocks.skip_to(self.ingest.from_offset)?;
        let mut rows = Rows::new(&self.ingest.columns, self.ingest.ingested_at);
        let mut forming = Forming::at(&blocks);
        loop {
            let block = match blocks.next() {
                Ok(Some(block)) => block,
                end => {
                    self.submit(forming)?;
                    return end.map(|_| ());
                }
            };
            forming.take(&block, &mut fields, &mut rows, &progress)?;
            if forming.rows >= limits::ROWS || forming.bytes() >= self.ingest.chunk {
                self.submit(std::mem::replace(&mut forming, Forming::at(&blocks)))?;
            }
            if self.shared.lock().over {
                return Ok(());
            }
        }
    }

    /// Gives an item that is ready.
    fn give(&mut self, item: Result<Chunk, Stop>) {
        let mut state = self.shared.lock();
        state.done.insert(self.number, item);
        state.ahead += 1;
        self.number += 1;
        drop(state);
        self.shared.bell.notify_all();
    }

    /// Hands a chunk on to be encoded, and lends a hand until not too many are on their way.
    fn submit(&mut self, forming: Forming) -> Result<(), Stop> {
        if forming.bytes() == 0 {
            return Ok(());
        }
        let (chunk, batches) = forming.finish();
        if batches.is_empty() {
            self.give(Ok(chunk));
        } else {
            let job = Arc::new(Job {
                number: self.number,
                file: File::new(batches)?,
                rest: Mutex::new(Some(chunk)),
            });
            let tasks = job.file.tasks().into_iter();
            let mut state = self.shared.lock();
            state.tasks.extend(tasks.map(|task| (job.clone(), task)));
            state.ahead += 1;
            self.number += 1;
            drop(state);
            self.shared.bell.notify_all();
        }
        let alone = self.ingest.threads <= 1;
        let mut state = self.shared.lock();
        loop {
            let enough = state.ahead <= limits::AHEAD && (!alone || state.tasks.is_empty());
            if state.over || enough {
                return Ok(());
            }
            state = match state.tasks.pop_front() {
                Some((job, task)) => {
                    drop(state);
                    self.shared.encode(&job, task);
                    self.shared.lock()
                }
                None => self.shared.wait(state),
            };
        }
    }
}

/// How the fields of a record are found.
enum Fields {
    Json(Box<Json>),
    Csv(Box<Csv>),
    Syslog(Syslog),
}

impl Fields {
    #[inline]
    fn of(
        &mut self,
        record: &[u8],
        show: impl FnMut(usize, &str, Value<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Fields::Json(json) => json.fields(record, show),
            Fields::Csv(csv) => csv.fields(record, show),
            Fields::Syslog(syslog) => syslog.fields(record, show),
        }
    }

    /// Looks through the block for fields that are in no column yet.
    fn learn(&mut self, block: &Block, rows: &mut Rows) {
        let seen = match self {
            Fields::Csv(_) => Seen::untyped,
            Fields::Json(_) | Fields::Syslog(_) => Seen::typed,
        };
        for record in &block.records {
            // What is wrong with a record comes up when it is taken.
            let _ = self.of(&block.bytes[record.start..record.end], |_, name, value| {
                rows.learn(name, seen(&value));
                Ok(())
            });
        }
        rows.learned();
    }
}

/// A chunk as it fills.
struct Forming {
    batches: Vec<Vec<(Column, ArrayRef)>>,
    rows: usize,
    raw: u64,
    cut: u64,
    rejects: Rejects,
    first_line: u64,
    next_line: u64,
    offset: u64,
    end_offset: u64,
}

impl Forming {
    fn at(blocks: &Blocks) -> Forming {
        let (offset, line) = blocks.at();
        Forming {
            batches: Vec::new(),
            rows: 0,
            raw: 0,
            cut: 0,
            rejects: Rejects::default(),
            first_line: line,
            next_line: line,
            offset,
            end_offset: offset,
        }
    }

    fn bytes(&self) -> u64 {
        self.end_offset - self.offset
    }

    fn take(
        &mut self,
        block: &Block,
        fields: &mut Fields,
        rows: &mut Rows,
        progress: &Progress,
    ) -> Result<(), Stop> {
        let before = self.rejects.mark();
        rows.begin();
        let raw = loop {
            match self.parse(block, fields, rows) {
                Some(raw) => break raw,
                None => {
                    self.rejects.back_to(before);
                    fields.learn(block, rows);
                }
            }
        };
        let taken = rows.rows();
        let (batch, cut) = rows.finish()?;
        if taken > 0 {
            self.batches.push(batch);
        }
        self.rows += taken;
        self.raw += raw;
        self.cut += cut;
        self.next_line = block.next_line;
        self.end_offset = block.end_offset;
        progress.bytes.store(block.end_offset, Ordering::Relaxed);
        progress.rows.fetch_add(taken as u64, Ordering::Relaxed);
        let rejected = self.rejects.count - before.0;
        progress.rejected.fetch_add(rejected, Ordering::Relaxed);
        Ok(())
    }

    /// Takes the records of a block; the bytes of those that are in. None: columns have to be made first.
    fn parse(&mut self, block: &Block, fields: &mut Fields, rows: &mut Rows) -> Option<u64> {
        let mut faults = block.faults.iter().peekable();
        let mut raw = 0;
        for record in &block.records {
            while let Some((line, fault, text)) = faults.next_if(|f| f.0 < record.line) {
                self.rejects.push(*line, fault, text);
            }
            let bytes = &block.bytes[record.start..record.end];
            match fields.of(bytes, |n, name, value| rows.field(n, name, value)) {
                Ok(()) => {
                    rows.end();
                    raw += bytes.len() as u64;
                }
                Err(fault) => {
                    rows.undo();
                    self.rejects.push(record.line, &fault, bytes);
                }
            }
            if rows.must_learn() {
                return None;
            }
        }
        for (line, fault, text) in faults {
            self.rejects.push(*line, fault, text);
        }
        Some(raw)
    }

    /// The chunk without its file.
    fn finish(self) -> (Chunk, Vec<Vec<(Column, ArrayRef)>>) {
        let chunk = Chunk {
            parquet: Bytes::new(),
            columns: Columns::new(),
            rows: 0,
            raw: self.raw,
            from: SimTime::default(),
            to: SimTime::default(),
            lines: self.first_line..self.next_line,
            end_offset: self.end_offset,
            rejected: self.rejects.count,
            rejects: self.rejects.lines.into(),
            cut: self.cut,
        };
        (chunk, self.batches)
    }
}
