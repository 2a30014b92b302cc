//! The query engine: what all queries share, and how one runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::config::TableParquetOptions;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::execution::cache::default_cache::DefaultCache;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use futures_util::StreamExt;
use object_store::path::Path;
use tokio::runtime::Runtime;

use super::error::QueryError;
use super::footers;
use super::hot::{HotMemory, HotUse};
use super::running::Running;
use super::table::{Held, SegmentTable, store_url};
use super::yielding::Yielding;
use crate::engine::Refusal;
use crate::engine::ids::{AekId, SegmentId, TableName};
use crate::engine::ingestion::schema::{Column, ColumnType, Columns};
use crate::engine::ingestion::segment::Segment;
use crate::logs::ingest::arrow_types;
use crate::logs::sealed::SealedError;
use crate::logs::sealed_store::{Keyring, ReadError, SealedStore};
use crate::logs::shelves::Shelves;

/// How often a query that gives no rows yet looks up.
const LOOK_UP: Duration = Duration::from_millis(10);

/// What queries may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of hot memory.
    pub hot: usize,
    /// Bytes of footers that are kept.
    pub footers: usize,
    /// Bytes of memory one query may have.
    pub query: usize,
    /// Rows of an answer; what is more is cut off.
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            hot: 512 << 20,
            footers: 64 << 20,
            query: 2 << 30,
            rows: 500_000,
        }
    }
}

/// What a query reads.
#[derive(Debug, Default)]
pub struct Job {
    pub tables: Vec<JobTable>,
    /// Tables that are made of the World.
    pub views: Vec<(TableName, Arc<dyn TableProvider>)>,
    /// The keys that are live now.
    pub keys: Keyring,
}

/// A table in sealed segments. Whoever asks for partial results leaves out segments that cannot be read.
#[derive(Debug)]
pub struct JobTable {
    pub name: TableName,
    pub columns: Columns,
    pub segments: Vec<Segment>,
}

/// Stops a query from any thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Those who have a say while a query runs. They are asked on the thread that runs it, often.
pub struct Control<'a> {
    pub cancel: Cancel,
    /// Whether whoever asks may still have the answer.
    pub gate: &'a mut dyn FnMut() -> Result<(), Refusal>,
    pub progress: &'a mut dyn FnMut(&Progress),
}

/// How far a query is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub blocks: u64,
    /// Sealed bytes that were read.
    pub bytes: u64,
    /// Of about so many, once that is known. What need not be read is among them.
    pub of: u64,
    pub rows: usize,
}

#[derive(Debug)]
pub struct Answer {
    /// As the engine sees them: guid and dynamic are text to it.
    pub columns: Vec<Column>,
    pub batches: Vec<RecordBatch>,
    pub rows: usize,
    /// Whether there were more rows than an answer may have.
    pub truncated: bool,
    pub stats: Stats,
    /// Hot copies that could not be read; the segments themselves were.
    pub passed_over: Vec<SealedError>,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Segments of the tables that were asked for, in every scan of them.
    pub segments: usize,
    /// Of these, those whose records come from hot memory.
    pub in_memory: usize,
    /// Of these, those that were left out because of their times.
    pub pruned: usize,
    /// Blocks opened, also to load hot memory.
    pub blocks: u64,
    /// Sealed bytes read for that.
    pub bytes: u64,
    pub planning: Duration,
    pub elapsed: Duration,
}

/// What all queries share.
pub(super) struct Shared {
    pub hot: HotMemory,
    pub footers: Arc<FileMetadataCache>,
    shelves: Shelves,
    limits: Limits,
    running: Mutex<Vec<Weak<Running>>>,
    /// The epoch of each key in the last query that had it.
    epochs: Mutex<BTreeMap<AekId, u64>>,
    /// What the session of every query begins as.
    state: SessionState,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub fn parquet(&self) -> TableParquetOptions {
        self.state.default_table_options().parquet
    }

    /// Drops what is remembered of some segments.
    fn drop_memory(&self, segments: &BTreeSet<SegmentId>) {
        self.hot.forget(segments);
        footers::forget(&*self.footers, segments);
    }

    fn running(&self) -> Vec<Arc<Running>> {
        guard(&self.running)
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

/// Runs queries on threads of its own. One is enough for a state directory.
pub struct Engine {
    shared: Arc<Shared>,
    /// Always there; taken out to be shut down without waiting.
    runtime: Option<Runtime>,
}

impl Engine {
    pub fn new(shelves: Shelves, limits: Limits) -> Result<Engine, QueryError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("query")
            .build()
            .map_err(QueryError::NoThreads)?;
        let mut config = SessionConfig::new().with_target_partitions(threads);
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        let footers = DefaultCache::<Path, CachedFileMetadataEntry>::new(limits.footers);
        let shared = Shared {
            hot: HotMemory::new(limits.hot),
            footers: Arc::new(footers),
            shelves,
            limits,
            running: Mutex::default(),
            epochs: Mutex::default(),
            state: SessionStateBuilder::new()
                .with_config(config)
                .with_default_features()
                .with_physical_optimizer_rule(Arc::new(Yielding))
                .build(),
        };
        Ok(Engine {
            shared: Arc::new(shared),
            runtime: Some(runtime),
        })
    }

    /// The tables of one query. Every key they need has to be there: without one, nothing is answered, not even
    /// what could be answered without reading. A key that goes after this ends the query, so it is to be opened
    /// where its keys are looked up.
    pub fn open(self: &Arc<Self>, job: Job) -> Result<Query, QueryError> {
        let segments = || job.tables.iter().flat_map(|table| &table.segments);
        for segment in segments() {
            let (segment, aek) = (segment.id, segment.aek);
            if job.keys.epoch(aek).is_none() {
                return Err(ReadError::NoKey { segment, aek }.into());
            }
        }
        let epochs: BTreeMap<AekId, u64> = (segments().map(|segment| segment.aek))
            .filter_map(|aek| Some((aek, job.keys.epoch(aek)?)))
            .collect();
        let store = SealedStore::new(self.shared.shelves.clone(), segments(), job.keys.clone());
        let ids = segments().map(|segment| segment.id).collect();
        let running = Arc::new(Running::new(ids, epochs, store));
        {
            let mut all = guard(&self.shared.running);
            all.retain(|running| running.strong_count() > 0);
            all.push(Arc::downgrade(&running));
        }
        self.enter(&running.epochs)?;

        let mut tables: BTreeMap<TableName, Arc<dyn TableProvider>> = BTreeMap::new();
        for table in job.tables {
            let held = table.segments.into_iter().map(|segment| Held {
                epoch: job.keys.epoch(segment.aek).unwrap_or_default(),
                segment,
            });
            let provider = SegmentTable {
                schema: arrow_types::schema(&table.columns),
                held: held.collect(),
                shared: self.shared.clone(),
                running: running.clone(),
            };
            tables.insert(table.name, Arc::new(provider));
        }
        tables.extend(job.views);
        Ok(Query {
            engine: self.clone(),
            tables,
            running,
        })
    }

    /// Drops all that is remembered of some segments, and stops the queries that read them: their key is gone.
    pub fn forget(&self, segments: &BTreeSet<SegmentId>) {
        for running in self.shared.running() {
            if !running.segments.is_disjoint(segments) {
                running.revoke();
            }
        }
        self.shared.drop_memory(segments);
    }

    /// Drops what is remembered of segments that are no more. Queries that read them go on as far as they can.
    pub fn purge(&self, segments: &BTreeSet<SegmentId>) {
        self.shared.drop_memory(segments);
    }

    /// Drops all that is remembered, and stops all queries.
    pub fn forget_all(&self) {
        self.shared.running().iter().for_each(|r| r.revoke());
        self.shared.hot.forget_all();
        self.shared.footers.clear();
    }

    pub fn hot(&self) -> HotUse {
        self.shared.hot.usage()
    }

    /// How many footers are kept.
    pub fn footers(&self) -> usize {
        self.shared.footers.len()
    }

    /// A key that was gone since the last query had it begins a new epoch: what is remembered from before goes,
    /// and queries from before end. A query that was decided before that comes too late.
    fn enter(&self, epochs: &BTreeMap<AekId, u64>) -> Result<(), QueryError> {
        let mut known = guard(&self.shared.epochs);
        if epochs
            .iter()
            .any(|(aek, epoch)| known.get(aek) > Some(epoch))
        {
            return Err(QueryError::KeysChanged);
        }
        for (aek, epoch) in epochs {
            if known.insert(*aek, *epoch).is_none_or(|old| old == *epoch) {
                continue;
            }
            let before = |running: &Running| running.epochs.get(aek).is_some_and(|e| e < epoch);
            let running = self.shared.running().into_iter();
            running.filter(|r| before(r)).for_each(|r| r.revoke());
            self.shared.hot.forget_other(*aek, *epoch);
            self.shared.footers.clear();
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.forget_all();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One query that is about to run.
pub struct Query {
    engine: Arc<Engine>,
    tables: BTreeMap<TableName, Arc<dyn TableProvider>>,
    running: Arc<Running>,
}

/// What comes from the threads that work.
enum News {
    Planned(SchemaRef),
    Batch(RecordBatch),
    Ended,
    Failed(DataFusionError),
}

impl Query {
    pub fn table(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.tables.get(&TableName::from(name)).cloned()
    }

    /// Runs a plan over the tables of the query, and waits for the answer. Whatever the end, what was opened for
    /// it is closed.
    pub fn run(self, plan: LogicalPlan, control: &mut Control) -> Result<Answer, QueryError> {
        let end = self.follow(plan, control);
        self.running.stop();
        match end {
            // Who may have it says best why not.
            Err(QueryError::KeysChanged) => {
                (control.gate)()?;
                Err(QueryError::KeysChanged)
            }
            end => end,
        }
    }

    fn follow(&self, plan: LogicalPlan, control: &mut Control) -> Result<Answer, QueryError> {
        let begun = Instant::now();
        self.look_up(control)?;
        let limits = self.engine.shared.limits;
        let news = self.start(plan)?;
        let mut columns = Vec::new();
        let mut batches: Vec<RecordBatch> = Vec::new();
        let (mut rows, mut truncated, mut planning) = (0, false, Duration::ZERO);
        while !truncated {
            let heard = news.recv_timeout(LOOK_UP);
            // Before anything that came is taken.
            self.look_up(control)?;
            match heard {
                Ok(News::Planned(schema)) => {
                    columns = columns_of(&schema);
                    planning = begun.elapsed();
                }
                Ok(News::Batch(mut batch)) => {
                    let room = limits.rows - rows;
                    truncated = batch.num_rows() > room;
                    if truncated {
                        batch = batch.slice(0, room);
                    }
                    rows += batch.num_rows();
                    batches.push(batch);
                }
                Ok(News::Ended) => break,
                Ok(News::Failed(error)) => return Err(self.why(error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let lost = "its thread is gone".to_owned();
                    return Err(self.why(DataFusionError::Execution(lost)));
                }
            }
            (control.progress)(&self.progress(rows));
        }
        self.look_up(control)?;
        Ok(Answer {
            columns,
            batches,
            rows,
            truncated,
            stats: self.stats(planning, begun.elapsed()),
            passed_over: self.running.store.take_passed_over(),
        })
    }

    /// Plans and executes on the engine's threads.
    fn start(&self, plan: LogicalPlan) -> Result<mpsc::Receiver<News>, QueryError> {
        let state = self.session().map_err(QueryError::Failed)?;
        let (tell, news) = mpsc::channel();
        let work = async move {
            let failed = match work(state, plan, &tell).await {
                Ok(()) => News::Ended,
                Err(error) => News::Failed(error),
            };
            // Nobody listens any more when the query was stopped.
            let _ = tell.send(failed);
        };
        if let Some(runtime) = &self.engine.runtime {
            self.running.works(runtime.spawn(work).abort_handle());
        }
        Ok(news)
    }

    /// A session with the sealed store and memory of its own. Nothing is spilled: what is decrypted never
    /// touches the disk.
    fn session(&self) -> Result<SessionState, DataFusionError> {
        let no_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let runtime: Arc<RuntimeEnv> = RuntimeEnvBuilder::new()
            .with_memory_limit(self.engine.shared.limits.query, 1.0)
            .with_disk_manager_builder(no_disk)
            .build_arc()?;
        runtime.register_object_store(store_url()?.as_ref(), self.running.store.clone());
        let state = SessionStateBuilder::new_from_existing(self.engine.shared.state.clone());
        Ok(state.with_runtime_env(runtime).build())
    }

    /// Whether to go on.
    fn look_up(&self, control: &mut Control) -> Result<(), QueryError> {
        if control.cancel.is_cancelled() {
            return Err(QueryError::Cancelled);
        }
        (control.gate)()?;
        if self.running.revoked.load(Ordering::SeqCst) {
            return Err(QueryError::KeysChanged);
        }
        Ok(())
    }

    /// What a failure is about.
    fn why(&self, error: DataFusionError) -> QueryError {
        if self.running.revoked.load(Ordering::SeqCst) {
            return QueryError::KeysChanged;
        }
        if let Some(error) = self.running.store.take_failed() {
            return QueryError::Read(error);
        }
        if let DataFusionError::ResourcesExhausted(_) = error.find_root() {
            let limit = self.engine.shared.limits.query;
            return QueryError::TooMuchMemory { limit };
        }
        QueryError::Failed(error)
    }

    fn progress(&self, rows: usize) -> Progress {
        let reads = self.running.store.reads();
        Progress {
            blocks: reads.blocks(),
            bytes: reads.bytes(),
            of: self
                .running
                .bytes
                .load(Ordering::Relaxed)
                .max(reads.bytes()),
            rows,
        }
    }

    fn stats(&self, planning: Duration, elapsed: Duration) -> Stats {
        let running = &self.running;
        let segments = running.segments_scanned.load(Ordering::Relaxed);
        let in_memory = running.in_memory.load(Ordering::Relaxed);
        Stats {
            segments,
            in_memory,
            pruned: segments - in_memory - running.read.load(Ordering::Relaxed),
            blocks: running.store.reads().blocks(),
            bytes: running.store.reads().bytes(),
            planning,
            elapsed,
        }
    }
}

async fn work(
    state: SessionState,
    plan: LogicalPlan,
    tell: &mpsc::Sender<News>,
) -> Result<(), DataFusionError> {
    let plan = state.create_physical_plan(&plan).await?;
    let mut batches = execute_stream(plan, state.task_ctx())?;
    let _ = tell.send(News::Planned(batches.schema()));
    while let Some(batch) = batches.next().await {
        if tell.send(News::Batch(batch?)).is_err() {
            break;
        }
    }
    Ok(())
}

/// A table of records that are in memory anyway.
pub fn view(
    schema: SchemaRef,
    records: Vec<RecordBatch>,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let table = MemTable::try_new(schema, vec![records]).map_err(QueryError::Failed)?;
    Ok(Arc::new(table))
}

fn columns_of(schema: &SchemaRef) -> Vec<Column> {
    let fields = schema.fields().iter();
    let columns = fields.map(|field| Column::new(field.name(), kind_of(field.data_type())));
    columns.collect()
}

/// The Kusto type of a column of an answer.
fn kind_of(kind: &DataType) -> ColumnType {
    match kind {
        DataType::Boolean => ColumnType::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            ColumnType::Int
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ColumnType::Long,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => ColumnType::Datetime,
        DataType::Duration(_) | DataType::Interval(_) => ColumnType::Timespan,
        kind if kind.is_numeric() => ColumnType::Real,
        kind if kind.is_nested() => ColumnType::Dynamic,
        _ => ColumnType::String,
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
