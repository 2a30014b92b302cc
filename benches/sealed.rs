//! What the sealed log store costs: sealing beside the bare cipher, queries over sealed segments beside the same
//! files unsealed, hot memory, how fast a query ends when its key goes, and opening a store of many segments. One
//! table, one run: `cargo bench --bench sealed` (`-- --quick` for a small one).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Display;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use lockbox::crypto::Secret;
use lockbox::engine::ids::{AekId, SegmentId, TableName};
use lockbox::engine::ingestion::builtin;
use lockbox::engine::ingestion::schema::Columns;
use lockbox::engine::ingestion::segment::{KeyClass, Segment, Store};
use lockbox::engine::{SimTime, Span};
use lockbox::logs::ingest::{arrow_types, encode};
use lockbox::logs::kql::{self, Catalog};
use lockbox::logs::query::{Answer, Cancel, Control, Engine, Job, JobTable, Limits, QueryError};
use lockbox::logs::sample::{Sample, Table};
use lockbox::logs::sealed::{BLOCK, Label, Tier};
use lockbox::logs::sealed_store::Keyring;
use lockbox::logs::shelves::Shelves;

const TABLE: &str = "AppRequests";
const MICROSOFT: AekId = AekId(1);
const CUSTOMER: AekId = AekId(2);

struct Size {
    /// Bytes that are sealed.
    sealed: usize,
    segments: u32,
    /// Records of a segment.
    rows: u64,
    rounds: usize,
    /// Segments of a store that is opened.
    many: u32,
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let size = if quick {
        Size {
            sealed: 64 << 20,
            segments: 3,
            rows: 20_000,
            rounds: 3,
            many: 500,
        }
    } else {
        Size {
            sealed: 512 << 20,
            segments: 12,
            rows: 262_144,
            rounds: 7,
            many: 10_000,
        }
    };
    println!("{:<66} {:>14}  aim", "", "");
    sealing(&size);
    let dir = tempfile::tempdir_in(".").unwrap();
    let stage = Stage::new(&size, dir.path());
    queries(&size, &stage);
    revocation(&stage);
    many(&size);
}

fn row(what: &str, figure: impl Display, aim: &str) {
    println!("{what:<66} {figure:>14}  {aim}");
}

fn speed(bytes: usize, took: Duration) -> String {
    format!("{:.0}", bytes as f64 / took.as_secs_f64() / 1e6)
}

fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64())
}

fn millis(took: Duration) -> String {
    format!("{:.2}", took.as_secs_f64() * 1e3)
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn key(aek: AekId) -> Secret {
    Secret::from(vec![aek.0 as u8; 32])
}

fn keys() -> Keyring {
    let mut ring = Keyring::default();
    for aek in [MICROSOFT, CUSTOMER] {
        ring.add(aek, 1, key(aek));
    }
    ring
}

fn label(tier: Tier, segment: u32) -> Label {
    let (aek, class) = match tier {
        Tier::Cold => (CUSTOMER, KeyClass::Customer),
        Tier::Buffer | Tier::Hot => (MICROSOFT, KeyClass::Microsoft),
    };
    Label {
        tier,
        segment: SegmentId(segment),
        aek,
        class,
    }
}

/// A file in memory and on disk, beside AES-256-GCM over the same blocks under one key.
fn sealing(size: &Size) {
    let plain: Vec<u8> = (0..size.sealed).map(|n| (n * 31 + n / 251) as u8).collect();
    let cold = label(Tier::Cold, 1);
    let memory = Shelves::in_memory();
    let dir = tempfile::tempdir_in(".").unwrap();
    let disk = Shelves::in_folder(dir.path());
    let one_key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let bare = || {
        let mut out = Vec::with_capacity(plain.len());
        let mut block = vec![0; BLOCK];
        for (n, bytes) in plain.chunks(BLOCK).enumerate() {
            block[..bytes.len()].copy_from_slice(bytes);
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&n.to_le_bytes());
            let nonce = Nonce::assume_unique_for_key(nonce);
            let sealed = &mut block[..bytes.len()];
            let tag = one_key.seal_in_place_separate_tag(nonce, Aad::empty(), sealed);
            out.extend_from_slice(sealed);
            out.extend_from_slice(tag.unwrap().as_ref());
        }
        out
    };
    let mut took = [const { Vec::new() }; 4];
    for _ in 0..size.rounds {
        took[0].push(timed(|| black_box(bare())).1);
        took[1].push(timed(|| memory.put(cold, &key(CUSTOMER), &plain).unwrap()).1);
        let open = || memory.open(cold, &key(CUSTOMER)).unwrap().verify(|_| {});
        took[2].push(timed(|| open().unwrap()).1);
        took[3].push(timed(|| disk.put(cold, &key(CUSTOMER), &plain).unwrap()).1);
    }
    let [bare, seal, open, durable] = took.map(median);
    let bytes = size.sealed;
    row(
        "MB/s, the bare cipher over 64 KiB blocks, one key",
        speed(bytes, bare),
        "",
    );
    row(
        "      sealing, a key for every block",
        speed(bytes, seal),
        "",
    );
    row("      ratio of times", ratio(seal, bare), "<= 1.3");
    row("      opening, every block", speed(bytes, open), "");
    row("      sealing to disk, durable", speed(bytes, durable), "");
}

/// The same records as sealed segments with hot copies, and as unsealed files.
struct Stage {
    shelves: Shelves,
    segments: Vec<Segment>,
    columns: Columns,
    unsealed: std::path::PathBuf,
    needle: String,
    end: SimTime,
}

impl Stage {
    fn new(size: &Size, dir: &Path) -> Stage {
        let shelves = Shelves::in_folder(dir);
        let unsealed = dir.join("unsealed");
        std::fs::create_dir(&unsealed).unwrap();
        let columns = builtin::columns(TABLE).unwrap();
        let start = SimTime(1_760_000_000_000_000);
        let (mut segments, mut needle) = (Vec::new(), String::new());
        let mut took = [Duration::ZERO; 2];
        for n in 0..size.segments {
            let from = start + Span::hours(i64::from(n) * 6);
            let records = sample(size.rows, from);
            let texts = records.column_by_name("OperationId").unwrap();
            needle = texts
                .as_string_view()
                .value(records.num_rows() / 3)
                .to_owned();
            let (encoded, encoding) = timed(|| encode(&records, &columns).unwrap());
            let plain = &encoded.parquet;
            std::fs::write(unsealed.join(format!("{n}.parquet")), plain).unwrap();
            let segment = segment(n + 1, size.rows, plain.len(), from);
            let seal = || {
                shelves
                    .put(Label::of(&segment), &key(CUSTOMER), plain)
                    .unwrap()
            };
            took[0] += encoding;
            took[1] += timed(seal).1;
            shelves
                .put(Label::hot(&segment), &key(MICROSOFT), plain)
                .unwrap();
            segments.push(segment);
        }
        let plain: u64 = segments.iter().map(|s| s.plain).sum();
        let sealed: u64 = (segments.iter())
            .map(|s| shelves.size(Tier::Cold, s.id).unwrap().unwrap())
            .sum();
        let rows: u64 = segments.iter().map(|s| s.rows).sum();
        row(
            "records / MB of Parquet",
            format!("{rows} / {}", plain / 1_000_000),
            "",
        );
        row(
            "bytes sealed / bytes of Parquet",
            format!("{:.5}", sealed as f64 / plain as f64),
            "<= 1.001",
        );
        row(
            "time to seal and write / time to encode Parquet",
            ratio(took[1], took[0]),
            "",
        );
        Stage {
            end: start + Span::hours(i64::from(size.segments) * 6),
            shelves,
            segments,
            columns,
            unsealed,
            needle,
        }
    }

    fn job(&self) -> Job {
        Job {
            tables: vec![JobTable {
                name: TableName::from(TABLE),
                columns: self.columns.clone(),
                segments: self.segments.clone(),
            }],
            views: Vec::new(),
            keys: keys(),
        }
    }

    fn engine(&self, hot: usize) -> Arc<Engine> {
        let limits = Limits {
            hot,
            ..Limits::default()
        };
        Arc::new(Engine::new(self.shelves.clone(), limits).unwrap())
    }

    fn plan(
        &self,
        text: &str,
        table: &dyn Fn(&str) -> Option<Arc<dyn TableProvider>>,
    ) -> LogicalPlan {
        let query = kql::parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let bound = kql::bind(&query, self, self.end).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        kql::plan(&bound, &mut |name| table(name).map(provider_as_source)).unwrap()
    }

    fn ask(&self, engine: &Arc<Engine>, text: &str) -> Result<Answer, QueryError> {
        self.ask_with(engine, text, &Cancel::default())
    }

    fn ask_with(
        &self,
        engine: &Arc<Engine>,
        text: &str,
        cancel: &Cancel,
    ) -> Result<Answer, QueryError> {
        let query = engine.open(self.job())?;
        let plan = self.plan(text, &|name| query.table(name));
        query.run(
            plan,
            &mut Control {
                cancel: cancel.clone(),
                gate: &mut || Ok(()),
                progress: &mut |_| {},
            },
        )
    }
}

impl Catalog for Stage {
    fn columns(&self, table: &str) -> Option<Columns> {
        (table == TABLE).then(|| self.columns.clone())
    }

    fn tables(&self) -> Vec<String> {
        vec![TABLE.to_owned()]
    }
}

fn sample(count: u64, from: SimTime) -> RecordBatch {
    let sample = Sample {
        table: Table::AppRequests,
        seed: 7,
        subscription: "00000000-0000-4000-8000-000000000000".to_owned(),
        from,
        to: from + Span::hours(6),
        count,
    };
    sample.batch().unwrap()
}

fn segment(id: u32, rows: u64, plain: usize, from: SimTime) -> Segment {
    Segment {
        id: SegmentId(id),
        workspace: "s/rg/ws".into(),
        table: TableName::from(TABLE),
        store: Store::Cluster("s/rg/cluster".into()),
        class: KeyClass::Customer,
        aek: CUSTOMER,
        hot_aek: MICROSOFT,
        ingested_at: from,
        rows,
        raw: rows * 500,
        plain: plain as u64,
        from,
        to: from + Span::hours(6),
        hot: true,
        drained_from: None,
    }
}

/// In the order of the seven queries of `data.md`.
fn texts(stage: &Stage) -> Vec<(&'static str, String)> {
    let recent = stage.end.0 - Span::minutes(15).0;
    let recent = SimTime(recent);
    vec![
        (
            "count by 5 minutes",
            format!(
                "{TABLE} | summarize n=count() by bin(TimeGenerated, 5m) | order by TimeGenerated asc"
            ),
        ),
        (
            "contains",
            format!("{TABLE} | where Url contains 'orders' | count"),
        ),
        (
            "top 20",
            format!(
                "{TABLE} | top 20 by DurationMs desc | project TimeGenerated, AppRoleInstance, Url, DurationMs"
            ),
        ),
        (
            "summarize",
            format!(
                "{TABLE} | where Success == false | summarize count(), percentile(DurationMs, 95), avg(DurationMs), dcount(UserId) by AppRoleName, ResultCode"
            ),
        ),
        (
            "join",
            format!(
                "{TABLE} | where Success == false | join kind=inner ({TABLE} | summarize slowest=max(DurationMs) by AppRoleInstance) on AppRoleInstance | summarize n=count(), sum(slowest) by AppRoleName"
            ),
        ),
        (
            "needle",
            format!("{TABLE} | where OperationId == '{}'", stage.needle),
        ),
        (
            "last 15 minutes",
            format!(
                "{TABLE} | where TimeGenerated >= datetime({recent}) and Success == false | count"
            ),
        ),
    ]
}

/// The unsealed files through the same engine, with the same settings.
struct Unsealed {
    runtime: tokio::runtime::Runtime,
    context: SessionContext,
    table: Arc<dyn TableProvider>,
}

impl Unsealed {
    fn new(stage: &Stage) -> Unsealed {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let mut config = SessionConfig::new();
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = true;
        parquet.reorder_filters = true;
        let options = parquet.clone();
        let format = ParquetFormat::new().with_options(datafusion::config::TableParquetOptions {
            global: options,
            ..Default::default()
        });
        let url = ListingTableUrl::parse(stage.unsealed.to_str().unwrap()).unwrap();
        let options = ListingOptions::new(Arc::new(format));
        let config_of_table = ListingTableConfig::new(url)
            .with_listing_options(options)
            .with_schema(arrow_types::schema(&stage.columns));
        Unsealed {
            runtime,
            context: SessionContext::new_with_config(config),
            table: Arc::new(ListingTable::try_new(config_of_table).unwrap()),
        }
    }

    fn ask(&self, stage: &Stage, text: &str) -> Vec<RecordBatch> {
        let plan = stage.plan(text, &|_| Some(self.table.clone()));
        let answer = async {
            let frame = self.context.execute_logical_plan(plan).await.unwrap();
            frame.collect().await.unwrap()
        };
        self.runtime.block_on(answer)
    }
}

/// By turns, so that a busy machine is busy for all of them.
fn queries(size: &Size, stage: &Stage) {
    let unsealed = Unsealed::new(stage);
    let (cold, hot) = (stage.engine(0), stage.engine(4 << 30));
    println!(
        "{:<24} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "milliseconds", "unsealed", "sealed", "first", "loading", "hot", "planning"
    );
    let (mut sealed_by, mut hot_by) = (Vec::new(), Vec::new());
    for (what, text) in texts(stage) {
        let mut took = [const { Vec::new() }; 5];
        let rows: usize = unsealed
            .ask(stage, &text)
            .iter()
            .map(RecordBatch::num_rows)
            .sum();
        let loading = timed(|| stage.ask(&hot, &text).unwrap()).1;
        for _ in 0..size.rounds {
            took[0].push(timed(|| black_box(unsealed.ask(stage, &text))).1);
            let (answer, of) = timed(|| stage.ask(&cold, &text).unwrap());
            assert_eq!(answer.rows, rows, "{what}");
            took[1].push(of);
            let new = stage.engine(0);
            took[2].push(timed(|| stage.ask(&new, &text).unwrap()).1);
            let (answer, of) = timed(|| stage.ask(&hot, &text).unwrap());
            assert_eq!(answer.rows, rows, "{what}");
            took[3].push(of);
            let planned = || {
                let query = cold.open(stage.job()).unwrap();
                black_box(stage.plan(&text, &|name| query.table(name)));
            };
            took[4].push(timed(planned).1 + answer.stats.planning);
        }
        let [plain, sealed, first, hot, planning] = took.map(median);
        println!(
            "{what:<24} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            millis(plain),
            millis(sealed),
            millis(first),
            millis(loading),
            millis(hot),
            millis(planning)
        );
        sealed_by.push(sealed.as_secs_f64() / plain.as_secs_f64());
        hot_by.push(hot.as_secs_f64() / sealed.as_secs_f64());
    }
    let mean = |of: &[f64]| {
        let logs: f64 = of.iter().map(|ratio| ratio.ln()).sum();
        format!("{:.2}", (logs / of.len() as f64).exp())
    };
    row(
        "sealed / unsealed, geometric mean",
        mean(&sealed_by),
        "<= 1.05",
    );
    row("hot / sealed, geometric mean", mean(&hot_by), "<= 0.5");
    let usage = hot.hot();
    row("MB of hot memory", usage.bytes / 1_000_000, "");
    let (_, took) = timed(|| hot.forget_all());
    row("milliseconds to forget them", millis(took), "");
}

/// From the moment a key goes to the refusal of a query that is under way.
fn revocation(stage: &Stage) {
    let engine = stage.engine(4 << 30);
    // Joins everything with everything of its machine: it takes for ever.
    let text = format!(
        "{TABLE} | join kind=inner ({TABLE}) on AppRoleName | join kind=inner ({TABLE}) on AppRoleName | summarize max(DurationMs)"
    );
    let segments: BTreeSet<SegmentId> = stage.segments.iter().map(|s| s.id).collect();
    let mut took = Vec::new();
    for n in 0..11_u64 {
        std::thread::scope(|scope| {
            let run = scope.spawn(|| (stage.ask(&engine, &text), Instant::now()));
            std::thread::sleep(Duration::from_millis(150 + 40 * n));
            let gone = Instant::now();
            engine.forget(&segments);
            let (end, at) = run.join().unwrap();
            assert!(matches!(end, Err(QueryError::KeysChanged)), "{end:?}");
            took.push(at.saturating_duration_since(gone));
        });
    }
    let slowest = took.iter().max().copied().unwrap_or_default();
    row(
        "milliseconds from revocation to the refusal, median",
        millis(median(took)),
        "",
    );
    row(
        "                                             slowest",
        millis(slowest),
        "<= 100",
    );
}

/// A store of many segments: what it takes to know them, and to ask one of them.
fn many(size: &Size) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let shelves = Shelves::in_folder(dir.path());
    let columns = builtin::columns(TABLE).unwrap();
    let start = SimTime(1_760_000_000_000_000);
    let plain = encode(&sample(50, start), &columns).unwrap().parquet;
    let (segments, took) = timed(|| {
        let segment = |n: u32| {
            let segment = segment(n, 50, plain.len(), start + Span::hours(i64::from(n) * 6));
            shelves
                .put(Label::of(&segment), &key(CUSTOMER), &plain)
                .unwrap();
            Segment {
                hot: false,
                ..segment
            }
        };
        (1..=size.many).map(segment).collect::<Vec<_>>()
    });
    let each = took / size.many;
    row(
        "microseconds to seal and write a small segment, durable",
        each.as_micros(),
        "",
    );
    let (listed, took) = timed(|| shelves.list(Tier::Cold).unwrap());
    row(
        &format!("milliseconds to list {} segments", listed.len()),
        millis(took),
        "",
    );
    let (_, took) = timed(|| {
        for id in &listed {
            black_box(
                shelves
                    .open(label(Tier::Cold, id.0), &key(CUSTOMER))
                    .unwrap(),
            );
        }
    });
    row(
        "             to open them and check their headers",
        millis(took),
        "",
    );
    let stage = Stage {
        end: start + Span::hours(i64::from(size.many) * 6),
        shelves,
        segments,
        columns,
        unsealed: dir.path().to_owned(),
        needle: String::new(),
    };
    let engine = stage.engine(0);
    let day = start + Span::hours(24);
    let one = format!(
        "{TABLE} | where TimeGenerated between (datetime({start}) .. datetime({day})) | summarize max(DurationMs)"
    );
    let (answer, took) = timed(|| stage.ask(&engine, &one).unwrap());
    row(
        &format!(
            "             to ask {} of them, new engine",
            answer.stats.segments - answer.stats.pruned
        ),
        millis(took),
        "",
    );
    let all = format!("{TABLE} | count");
    row(
        "             to count all",
        millis(timed(|| stage.ask(&engine, &all).unwrap()).1),
        "",
    );
    row(
        "             again",
        millis(timed(|| stage.ask(&engine, &all).unwrap()).1),
        "",
    );
}
