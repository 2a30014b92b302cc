//! Queries over real sealed segments, on shelves in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, Int32Array, Int64Array,
    StringViewArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::TableProvider;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::{avg, count, max, min};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::scalar::ScalarValue;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::*;
use crate::crypto::Secret;
use crate::crypto::envelope::KEY;
use crate::engine::ids::{AekId, SegmentId, TableName};
use crate::engine::ingestion::schema::{Column, ColumnType, Columns, TIME};
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::{Refusal, SimTime, errors};
use crate::logs::ingest::arrow_types;
use crate::logs::sealed::{BLOCK, Damage, Label, SealedError, Tier};
use crate::logs::sealed_store::{Keyring, ReadError};
use crate::logs::shelves::Shelves;

const MICROSOFT: AekId = AekId(1);
const CUSTOMER: AekId = AekId(2);
const HOUR: i64 = 3_600_000_000;
/// Records of a segment, one a second.
const ROWS: i64 = 20_000;

fn key(aek: AekId) -> Secret {
    Secret::from(vec![aek.0 as u8; KEY])
}

fn keys(aeks: &[AekId], epoch: u64) -> Keyring {
    let mut ring = Keyring::default();
    for aek in aeks {
        ring.add(*aek, epoch, key(*aek));
    }
    ring
}

fn columns(of: &[(&str, ColumnType)]) -> Columns {
    of.iter()
        .map(|(name, kind)| Column::new(name, *kind))
        .collect()
}

fn requests() -> Columns {
    columns(&[
        (TIME, ColumnType::Datetime),
        ("Name", ColumnType::String),
        ("Code", ColumnType::Long),
        ("Seconds", ColumnType::Real),
        ("Id", ColumnType::Guid),
        ("Took", ColumnType::Timespan),
        ("Ok", ColumnType::Bool),
        ("Tries", ColumnType::Int),
        ("More", ColumnType::Dynamic),
    ])
}

/// Records that begin at an hour.
fn records(hour: i64) -> RecordBatch {
    let numbers = || (0..ROWS).map(move |n| hour * 3_600 + n);
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(TimestampMicrosecondArray::from_iter_values(
            numbers().map(|n| n * 1_000_000),
        )),
        Arc::new(StringViewArray::from_iter_values(
            numbers().map(|n| format!("GET /a/rather/long/path/{}", n % 13)),
        )),
        Arc::new(Int64Array::from_iter(
            numbers().map(|n| (n % 11 != 0).then_some(n % 7)),
        )),
        Arc::new(Float64Array::from_iter_values(
            numbers().map(|n| (n % 1_000) as f64 / 8.0),
        )),
        Arc::new(StringViewArray::from_iter_values(numbers().map(|n| {
            format!(
                "{:08x}-0000-4000-8000-{n:012x}",
                n * 2_654_435_761 % 0xffff_ffff
            )
        }))),
        Arc::new(DurationMicrosecondArray::from_iter(
            numbers().map(|n| (n % 5 != 0).then_some(n % 1_000 * 1_000)),
        )),
        Arc::new(BooleanArray::from_iter(
            numbers().map(|n| (n % 3 != 0).then_some(n % 2 == 0)),
        )),
        Arc::new(Int32Array::from_iter_values(
            numbers().map(|n| (n % 4) as i32),
        )),
        Arc::new(StringViewArray::from_iter(
            numbers().map(|n| (n % 2 == 0).then(|| format!("{{\"n\":{}}}", n % 17))),
        )),
    ];
    RecordBatch::try_new(arrow_types::schema(&requests()), arrays).unwrap()
}

fn parquet(records: &RecordBatch) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_max_row_group_row_count(Some(8_000))
        .set_bloom_filter_enabled(true)
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, records.schema(), Some(properties)).unwrap();
    writer.write(records).unwrap();
    writer.close().unwrap();
    file
}

/// Seals records as a segment that begins at an hour, and its hot copy.
fn seal(
    shelves: &Shelves,
    id: u32,
    aek: AekId,
    hour: i64,
    hot: bool,
    records: &RecordBatch,
) -> Segment {
    let plain = parquet(records);
    let segment = Segment {
        id: SegmentId(id),
        workspace: "s/rg/ws".into(),
        table: TableName::from("Requests"),
        store: Store::Cluster("s/rg/cluster".into()),
        class: if aek == CUSTOMER {
            KeyClass::Customer
        } else {
            KeyClass::Microsoft
        },
        aek,
        hot_aek: MICROSOFT,
        ingested_at: SimTime(hour * HOUR),
        rows: records.num_rows() as u64,
        raw: 200 * records.num_rows() as u64,
        plain: plain.len() as u64,
        from: SimTime(hour * HOUR),
        to: SimTime(hour * HOUR + (records.num_rows() as i64 - 1) * 1_000_000),
        hot,
        drained_from: None,
    };
    shelves.put(Label::of(&segment), &key(aek), &plain).unwrap();
    if hot {
        shelves
            .put(Label::hot(&segment), &key(MICROSOFT), &plain)
            .unwrap();
    }
    segment
}

/// Three segments ten hours apart under the customer's key.
struct Stage {
    shelves: Shelves,
    segments: Vec<Segment>,
}

impl Stage {
    fn new(hot: bool) -> Stage {
        let shelves = Shelves::in_memory();
        let segments = (0..3_u32).map(|n| {
            let hour = i64::from(n) * 10;
            seal(&shelves, n + 1, CUSTOMER, hour, hot, &records(hour))
        });
        Stage {
            segments: segments.collect(),
            shelves,
        }
    }

    fn engine(&self) -> Arc<Engine> {
        start(&self.shelves, Limits::default())
    }

    fn job(&self, keys: Keyring) -> Job {
        job(requests(), &self.segments, keys)
    }
}

fn start(shelves: &Shelves, limits: Limits) -> Arc<Engine> {
    Arc::new(Engine::new(shelves.clone(), limits).unwrap())
}

fn job(columns: Columns, segments: &[Segment], keys: Keyring) -> Job {
    Job {
        tables: vec![JobTable {
            name: TableName::from("Requests"),
            columns,
            segments: segments.to_vec(),
        }],
        views: Vec::new(),
        keys,
    }
}

fn both() -> Keyring {
    keys(&[MICROSOFT, CUSTOMER], 1)
}

fn ids(segments: &[Segment]) -> std::collections::BTreeSet<SegmentId> {
    segments.iter().map(|segment| segment.id).collect()
}

type Plan = dyn Fn(LogicalPlanBuilder) -> LogicalPlanBuilder + Sync;

fn plan(provider: Arc<dyn TableProvider>, build: &Plan) -> LogicalPlan {
    let scan = LogicalPlanBuilder::scan("Requests", provider_as_source(provider), None).unwrap();
    build(scan).build().unwrap()
}

fn quietly<T>(run: impl FnOnce(&mut Control) -> T) -> T {
    run(&mut Control {
        cancel: Cancel::default(),
        gate: &mut || Ok(()),
        progress: &mut |_| {},
    })
}

fn ask(engine: &Arc<Engine>, job: Job, build: &Plan) -> Result<Answer, QueryError> {
    let query = engine.open(job)?;
    let plan = plan(query.table("Requests").unwrap(), build);
    quietly(|control| query.run(plan, control))
}

fn text(answer: &Answer) -> String {
    let batches: Vec<_> = answer
        .batches
        .iter()
        .filter(|b| b.num_rows() > 0)
        .cloned()
        .collect();
    pretty_format_batches(&batches).unwrap().to_string()
}

fn at(hour: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(hour * HOUR), None))
}

fn counted(scan: LogicalPlanBuilder) -> LogicalPlanBuilder {
    scan.aggregate(Vec::<Expr>::new(), [count(lit(1))]).unwrap()
}

fn column(name: &str) -> Expr {
    Expr::Column(datafusion::common::Column::new_unqualified(name))
}

fn of(table: &str, name: &str) -> Expr {
    Expr::Column(datafusion::common::Column::new(Some(table), name))
}

/// The five classes of data.md §3.5: all of them but the last two need no page of a segment.
fn five() -> Vec<(&'static str, Box<Plan>)> {
    vec![
        ("count", Box::new(counted)),
        (
            "min and max of the time",
            Box::new(|scan| {
                let all = [min(column(TIME)), max(column(TIME))];
                scan.aggregate(Vec::<Expr>::new(), all).unwrap()
            }),
        ),
        (
            "a filter that statistics prune",
            Box::new(|scan| scan.filter(column(TIME).gt(at(1_000_000))).unwrap()),
        ),
        (
            "a filter that reads",
            Box::new(|scan| counted(scan.filter(column("Code").eq(lit(3_i64))).unwrap())),
        ),
        ("take 1", Box::new(|scan| scan.limit(0, Some(1)).unwrap())),
    ]
}

fn others() -> Vec<Box<Plan>> {
    vec![
        Box::new(|scan| {
            scan.filter(
                column(TIME)
                    .gt_eq(at(12))
                    .and(column("Code").eq(lit(3_i64))),
            )
            .unwrap()
            .sort([column(TIME).sort(true, false)])
            .unwrap()
        }),
        Box::new(|scan| {
            let all = [count(lit(1)), avg(column("Seconds")), max(column("Id"))];
            let scan = scan.aggregate([column("Name")], all).unwrap();
            scan.sort([column("Name").sort(true, false)]).unwrap()
        }),
        Box::new(|scan| {
            let sorted = [
                column("Seconds").sort(false, false),
                column(TIME).sort(true, false),
            ];
            scan.sort_with_limit(sorted, Some(7)).unwrap()
        }),
        Box::new(|scan| {
            let needle = column("Id").eq(lit("00000000-0000-4000-8000-000000000000"));
            scan.filter(needle).unwrap()
        }),
        Box::new(|scan| {
            let scan = scan.filter(column("Name").ilike(lit("%/PATH/7"))).unwrap();
            counted(scan.filter(column("Code").is_null()).unwrap())
        }),
        Box::new(|scan| counted(scan.filter(column(TIME).between(at(3), at(4))).unwrap())),
        Box::new(|scan| {
            let long = lit(ScalarValue::DurationMicrosecond(Some(995_000)));
            let filter = column("Took").gt(long).and(column("Ok").is_true());
            let all = [count(lit(1)), max(column("Took")), max(column("More"))];
            let scan = scan.filter(filter).unwrap();
            let scan = scan.aggregate([column("Tries")], all).unwrap();
            scan.sort([column("Tries").sort(true, false)]).unwrap()
        }),
        Box::new(|scan| {
            let never = lit(ScalarValue::DurationMicrosecond(Some(9_000_000_000)));
            counted(scan.filter(column("Took").gt(never)).unwrap())
        }),
    ]
}

fn key_gone() -> Refusal {
    errors::ING_01.says("the key is revoked")
}

#[test]
fn cold_segments_hot_memory_and_plain_memory_give_the_same_answers() {
    let (cold, hot) = (Stage::new(false), Stage::new(true));
    let (cold_engine, hot_engine) = (cold.engine(), hot.engine());
    let all: Vec<RecordBatch> = (0..3).map(|n| records(n * 10)).collect();
    let memory = || Job {
        views: vec![(
            TableName::from("Requests"),
            view(arrow_types::schema(&requests()), all.clone()).unwrap(),
        )],
        ..Job::default()
    };
    let plans = others().into_iter();
    let plans = plans.chain(five().into_iter().map(|(_, plan)| plan).take(4));
    for (n, build) in plans.enumerate() {
        let plain = text(&ask(&cold_engine, memory(), &*build).unwrap());
        let read = ask(&cold_engine, cold.job(both()), &*build).unwrap();
        assert_eq!(text(&read), plain, "{n}, cold");
        assert_eq!(read.stats.in_memory, 0);
        // First loaded, then there.
        for _ in 0..2 {
            let hot = ask(&hot_engine, hot.job(both()), &*build).unwrap();
            assert_eq!(text(&hot), plain, "{n}, hot");
        }
    }
    assert!(hot_engine.hot().bytes > 0);
    assert_eq!(cold_engine.hot().bytes, 0);
}

#[test]
fn hot_memory_is_filled_once_and_then_read_instead_of_files_until_it_is_forgotten() {
    let stage = Stage::new(true);
    let engine = stage.engine();
    let sums: &Plan = &|scan| {
        let scan = scan.filter(column(TIME).gt_eq(at(10))).unwrap();
        scan.aggregate([column("Code")], [avg(column("Seconds"))])
            .unwrap()
    };
    let first = ask(&engine, stage.job(both()), sums).unwrap().stats;
    assert_eq!((first.segments, first.pruned, first.in_memory), (3, 1, 2));
    assert!(first.blocks > 0);
    let again = ask(&engine, stage.job(both()), sums).unwrap().stats;
    assert_eq!((again.in_memory, again.blocks, again.bytes), (2, 0, 0));
    // Another column: only that one is loaded.
    let names: &Plan = &|scan| {
        scan.aggregate([column("Name")], [max(column("Seconds"))])
            .unwrap()
    };
    let more = ask(&engine, stage.job(both()), names).unwrap().stats;
    assert_eq!((more.in_memory, more.pruned), (3, 0));
    assert!(more.blocks > 0);
    assert_eq!(engine.hot().segments, 3);

    let one = ids(&stage.segments[..1]);
    engine.forget(&one);
    assert_eq!(engine.hot().segments, 2);
    engine.forget_all();
    assert_eq!((engine.hot().segments, engine.hot().bytes), (0, 0));
    let anew = ask(&engine, stage.job(both()), sums).unwrap().stats;
    assert!(anew.blocks > 0);
}

#[test]
fn hot_memory_keeps_to_its_budget_and_lets_go_what_was_not_asked_for_longest() {
    let stage = Stage::new(true);
    let one = |n: usize| job(requests(), &stage.segments[n..=n], both());
    let sums: &Plan = &|scan| counted(scan.filter(column("Code").eq(lit(3_i64))).unwrap());
    let whole = stage.engine();
    ask(&whole, one(0), sums).unwrap();
    let size = whole.hot().bytes;
    assert!(size > 0);

    let hot = size * 5 / 2;
    let limits = Limits {
        hot,
        ..Limits::default()
    };
    let engine = start(&stage.shelves, limits);
    let in_memory = |n| ask(&engine, one(n), sums).unwrap().stats.blocks == 0;
    assert!(!in_memory(0));
    assert!(!in_memory(1));
    assert!(in_memory(0));
    assert!(!in_memory(2));
    assert!(in_memory(0));
    assert!(in_memory(2));
    assert!(!in_memory(1));
    assert!(engine.hot().bytes <= hot);
    // One query that needs more than there is reads the rest from files.
    let all = ask(&engine, stage.job(both()), sums).unwrap();
    assert!(all.stats.in_memory < 3);
    assert!(engine.hot().bytes <= hot);
    let none = Limits {
        hot: 0,
        ..Limits::default()
    };
    let without = start(&stage.shelves, none);
    let cold = ask(&without, stage.job(both()), sums).unwrap();
    assert_eq!(text(&cold), text(&all));
    assert_eq!(cold.stats.in_memory, 0);
}

#[test]
fn without_a_key_none_of_the_five_classes_is_answered_however_warm_the_engine_is() {
    for hot in [false, true] {
        let stage = Stage::new(hot);
        let engine = stage.engine();
        for (what, build) in &five() {
            ask(&engine, stage.job(both()), &**build).unwrap_or_else(|e| panic!("{what}: {e}"));
        }
        engine.forget(&ids(&stage.segments));
        for (what, build) in &five() {
            // Its key is not there: the Microsoft key that its hot copy is under is no substitute.
            let error = ask(&engine, stage.job(keys(&[MICROSOFT], 1)), &**build).unwrap_err();
            let QueryError::Read(ReadError::NoKey { aek, .. }) = error else {
                panic!("{what}: {error}");
            };
            assert_eq!(aek, CUSTOMER);
            // The gate says no.
            let query = engine.open(stage.job(both())).unwrap();
            let built = plan(query.table("Requests").unwrap(), &**build);
            let mut control = Control {
                cancel: Cancel::default(),
                gate: &mut || Err(key_gone()),
                progress: &mut |_| {},
            };
            let error = query.run(built, &mut control).unwrap_err();
            assert!(matches!(error, QueryError::Refused(_)), "{what}: {error}");
            // It goes between the opening and the planning.
            let query = engine.open(stage.job(both())).unwrap();
            let built = plan(query.table("Requests").unwrap(), &**build);
            engine.forget(&ids(&stage.segments[2..]));
            let error = quietly(|control| query.run(built, control)).unwrap_err();
            assert!(matches!(error, QueryError::KeysChanged), "{what}: {error}");
            // It goes when the answer is there and not handed out yet.
            let query = engine.open(stage.job(both())).unwrap();
            let built = plan(query.table("Requests").unwrap(), &**build);
            let asked = AtomicUsize::new(0);
            let planned = AtomicUsize::new(0);
            let mut control = Control {
                cancel: Cancel::default(),
                gate: &mut || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    match planned.load(Ordering::Relaxed) {
                        0 => Ok(()),
                        _ => Err(key_gone()),
                    }
                },
                progress: &mut |_| {
                    planned.fetch_add(1, Ordering::Relaxed);
                },
            };
            let error = query.run(built, &mut control).unwrap_err();
            assert!(matches!(error, QueryError::Refused(_)), "{what}: {error}");
            assert!(asked.into_inner() >= 2);
        }
        engine.forget_all();
        assert_eq!(engine.hot().bytes, 0);
    }
}

#[test]
fn a_plan_made_before_its_keys_went_reads_nothing_after() {
    let stage = Stage::new(true);
    let engine = stage.engine();
    for (what, build) in &five() {
        ask(&engine, stage.job(both()), &**build).unwrap();
        let query = engine.open(stage.job(both())).unwrap();
        let kept = query.table("Requests").unwrap();
        drop(query);
        engine.forget(&ids(&stage.segments));
        // Whoever keeps the table of a query that is over gets at nothing through another one.
        let query = engine.open(Job::default()).unwrap();
        let error = quietly(|control| query.run(plan(kept, &**build), control));
        if let Ok(answer) = error {
            // Statistics of the World may tell that nothing matches; nothing else is told.
            assert_eq!((*what, answer.rows), ("a filter that statistics prune", 0));
        }
    }
}

/// Every record beside every other: it never ends.
fn endless(scan: LogicalPlanBuilder) -> LogicalPlanBuilder {
    let other = scan.clone().alias("other").unwrap().build().unwrap();
    let third = scan.clone().alias("third").unwrap().build().unwrap();
    let all = scan.cross_join(other).unwrap().cross_join(third).unwrap();
    let sum = max(of("requests", "Seconds") + of("other", "Seconds") + of("third", "Seconds"));
    all.aggregate(Vec::<Expr>::new(), [sum]).unwrap()
}

#[test]
fn a_query_in_flight_ends_at_once_when_its_key_goes_when_it_is_cancelled_and_when_the_gate_shuts() {
    let stage = Stage::new(true);
    let engine = stage.engine();
    let wait = Duration::from_millis(300);
    let run = |stop: &(dyn Fn(&Cancel) + Sync), gate: &mut dyn FnMut() -> Result<(), Refusal>| {
        let query = engine.open(stage.job(both())).unwrap();
        let built = plan(query.table("Requests").unwrap(), &endless);
        let cancel = Cancel::default();
        std::thread::scope(|scope| {
            let stopped = scope.spawn(|| {
                std::thread::sleep(wait);
                stop(&cancel);
                Instant::now()
            });
            let mut control = Control {
                cancel: cancel.clone(),
                gate,
                progress: &mut |_| {},
            };
            let error = query.run(built, &mut control).unwrap_err();
            let took = Instant::now().saturating_duration_since(stopped.join().unwrap());
            assert!(took < Duration::from_millis(500), "{took:?}");
            error
        })
    };
    let segments = ids(&stage.segments);
    let error = run(&|_| engine.forget(&segments), &mut || Ok(()));
    assert!(matches!(error, QueryError::KeysChanged), "{error}");
    assert_eq!(engine.hot().bytes, 0);
    let error = run(&Cancel::cancel, &mut || Ok(()));
    assert!(matches!(error, QueryError::Cancelled), "{error}");
    let begun = Instant::now();
    let mut gate = || match begun.elapsed() > wait {
        true => Err(key_gone()),
        false => Ok(()),
    };
    let error = run(&|_| {}, &mut gate);
    assert!(matches!(error, QueryError::Refused(_)), "{error}");
    // Whoever may have it says why.
    let error = run(
        &|_| engine.forget(&segments),
        &mut || match begun.elapsed() > wait * 3 {
            true => Err(key_gone()),
            false => Ok(()),
        },
    );
    assert!(
        matches!(error, QueryError::Refused(_) | QueryError::KeysChanged),
        "{error}"
    );
    // Others go on.
    ask(&engine, stage.job(both()), &counted).unwrap();
}

#[test]
fn queries_that_run_while_keys_go_leave_nothing_behind() {
    let stage = Stage::new(true);
    let engine = stage.engine();
    let segments = ids(&stage.segments);
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..3)
            .map(|n| {
                let (stage, engine, over) = (&stage, &engine, &over);
                scope.spawn(move || {
                    let (mut answered, mut stopped) = (0, 0);
                    while !over.load(Ordering::Relaxed) {
                        for (_, build) in five().into_iter().skip(n) {
                            match ask(engine, stage.job(both()), &*build) {
                                Ok(_) => answered += 1,
                                Err(QueryError::KeysChanged) => stopped += 1,
                                Err(other) => panic!("{other}"),
                            }
                        }
                    }
                    (answered, stopped)
                })
            })
            .collect();
        for n in 0..60 {
            std::thread::sleep(Duration::from_millis(5 + n % 7));
            engine.forget(&segments);
        }
        over.store(true, Ordering::Relaxed);
        let mut all = (0, 0);
        for asker in askers {
            let (answered, stopped) = asker.join().unwrap();
            all = (all.0 + answered, all.1 + stopped);
        }
        assert!(all.0 > 0 && all.1 > 0, "{all:?}");
    });
    // The last one to go finds some that are under way.
    for (_, build) in &five() {
        let query = engine.open(stage.job(both())).unwrap();
        let built = plan(query.table("Requests").unwrap(), &**build);
        std::thread::scope(|scope| {
            let asker = scope.spawn(|| quietly(|control| query.run(built, control)));
            engine.forget(&segments);
            if asker.join().unwrap().is_ok() {
                engine.forget(&segments);
            }
        });
        let done = || (engine.hot().bytes, engine.footers()) == (0, 0);
        let begun = Instant::now();
        while !done() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        assert!(done(), "{:?}", (engine.hot(), engine.footers()));
    }
}

#[test]
fn data_under_the_microsoft_key_and_under_the_customers_is_queried_together() {
    let shelves = Shelves::in_memory();
    let old = seal(&shelves, 1, MICROSOFT, 0, false, &records(0));
    let new = seal(&shelves, 2, CUSTOMER, 10, true, &records(10));
    let engine = start(&shelves, Limits::default());
    let segments = [old, new];
    let answer = ask(&engine, job(requests(), &segments, both()), &counted).unwrap();
    assert!(text(&answer).contains(&(2 * ROWS).to_string()));
    // Partial results, when asked for: what is under the other key is left out by who asks.
    let part = job(requests(), &segments[..1], keys(&[MICROSOFT], 1));
    let answer = ask(&engine, part, &counted).unwrap();
    assert!(text(&answer).contains(&ROWS.to_string()));
    ask(
        &engine,
        job(requests(), &segments, keys(&[MICROSOFT], 1)),
        &counted,
    )
    .unwrap_err();
    engine.forget(&ids(&segments[1..]));
    let part = job(requests(), &segments[..1], keys(&[MICROSOFT], 1));
    ask(&engine, part, &counted).unwrap();
}

#[test]
fn a_new_epoch_of_a_key_takes_nothing_over_from_the_one_before() {
    let stage = Stage::new(true);
    let engine = stage.engine();
    let sums: &Plan = &|scan| {
        let all = [avg(column("Seconds"))];
        scan.aggregate([column("Code")], all).unwrap()
    };
    ask(&engine, stage.job(both()), sums).unwrap();
    let again = ask(&engine, stage.job(both()), sums).unwrap();
    assert_eq!(again.stats.blocks, 0);
    let before = engine.open(stage.job(both())).unwrap();
    let built = plan(before.table("Requests").unwrap(), sums);
    // Only one segment is asked for; what was kept of the others goes, too.
    let one = || {
        job(
            requests(),
            &stage.segments[..1],
            keys(&[MICROSOFT, CUSTOMER], 2),
        )
    };
    let answer = ask(&engine, one(), sums).unwrap();
    assert!(answer.stats.blocks > 0);
    assert_eq!(engine.hot().segments, 1);
    // Who was before that ends, and who comes with what was before that is too late.
    let error = quietly(|control| before.run(built, control)).unwrap_err();
    assert!(matches!(error, QueryError::KeysChanged), "{error}");
    let error = ask(&engine, stage.job(both()), sums).unwrap_err();
    assert!(matches!(error, QueryError::KeysChanged), "{error}");
    ask(&engine, one(), sums).unwrap();
}

#[test]
fn a_table_reads_segments_that_were_written_when_it_had_other_columns() {
    let shelves = Shelves::in_memory();
    let then = columns(&[
        (TIME, ColumnType::Datetime),
        ("Code", ColumnType::String),
        ("Seconds", ColumnType::Long),
        ("Gone", ColumnType::Long),
        ("Name", ColumnType::Guid),
    ]);
    let old = RecordBatch::try_new(
        arrow_types::schema(&then),
        vec![
            Arc::new(TimestampMicrosecondArray::from(vec![
                0, 1_000_000, 2_000_000,
            ])),
            Arc::new(StringViewArray::from(vec!["7", "seven", ""])),
            Arc::new(Int64Array::from(vec![Some(5), None, Some(6)])),
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            Arc::new(StringViewArray::from(vec![Some("a"), None, Some("b")])),
        ],
    );
    let now = columns(&[
        ("Code", ColumnType::Long),
        ("New", ColumnType::String),
        (TIME, ColumnType::Datetime),
        ("Seconds", ColumnType::Real),
        ("Also", ColumnType::Dynamic),
        ("Name", ColumnType::String),
        ("Flag", ColumnType::Bool),
    ]);
    let recent = RecordBatch::try_new(
        arrow_types::schema(&columns(&[
            (TIME, ColumnType::Datetime),
            ("New", ColumnType::String),
            ("Code", ColumnType::Long),
        ])),
        vec![
            Arc::new(TimestampMicrosecondArray::from(vec![HOUR])),
            Arc::new(StringViewArray::from(vec!["new"])),
            Arc::new(Int64Array::from(vec![9])),
        ],
    );
    let wanted = "\
+------+-----+---------------------+---------+------+------+------+
| Code | New | TimeGenerated       | Seconds | Also | Name | Flag |
+------+-----+---------------------+---------+------+------+------+
| 7    |     | 1970-01-01T00:00:00 | 5.0     |      | a    |      |
|      |     | 1970-01-01T00:00:01 |         |      |      |      |
|      |     | 1970-01-01T00:00:02 | 6.0     |      | b    |      |
| 9    | new | 1970-01-01T01:00:00 |         |      |      |      |
+------+-----+---------------------+---------+------+------+------+";
    for hot in [false, true] {
        let id = if hot { 10 } else { 20 };
        let segments = [
            seal(&shelves, id, CUSTOMER, 0, hot, old.as_ref().unwrap()),
            seal(&shelves, id + 1, CUSTOMER, 1, hot, recent.as_ref().unwrap()),
        ];
        let engine = start(&shelves, Limits::default());
        let ask = |build: &Plan| {
            let answer = ask(&engine, job(now.clone(), &segments, both()), build).unwrap();
            (text(&answer), answer)
        };
        let (all, answer) = ask(&|scan| scan.sort([column(TIME).sort(true, false)]).unwrap());
        assert_eq!(all, wanted);
        assert_eq!(answer.columns[3], Column::new("Seconds", ColumnType::Real));
        let answer = &answer.batches[0];
        let empty = answer.column_by_name("New").unwrap();
        assert_eq!(empty.null_count(), 0);
        // Filters see the columns as they are now.
        let counts = |filter: Expr| {
            let (text, _) = ask(&move |scan| counted(scan.filter(filter.clone()).unwrap()));
            text.lines()
                .nth(3)
                .unwrap()
                .trim_matches(['|', ' '])
                .to_owned()
        };
        assert_eq!(counts(column("New").eq(lit(""))), "3");
        assert_eq!(counts(column("Name").eq(lit(""))), "2");
        assert_eq!(counts(column("Code").gt(lit(6_i64))), "2");
        assert_eq!(counts(column("Also").is_null()), "4");
        assert_eq!(counts(column("Seconds").gt(lit(5.5))), "1");
    }
}

#[test]
fn a_damaged_segment_is_named_and_a_damaged_hot_copy_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let shelves = Shelves::in_folder(dir.path());
    let whole = seal(&shelves, 1, CUSTOMER, 0, true, &records(0));
    let engine = start(&shelves, Limits::default());
    let spoil = |tier| {
        let path = shelves.path(tier, whole.id);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[BLOCK / 2] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let sums: &Plan = &|scan| {
        let all = [max(column("Id")), max(column(TIME)), max(column("Seconds"))];
        scan.aggregate(Vec::<Expr>::new(), all).unwrap()
    };
    let job = || job(requests(), std::slice::from_ref(&whole), both());
    let wanted = text(&ask(&engine, job(), sums).unwrap());
    engine.forget_all();

    spoil(Tier::Hot);
    let answer = ask(&engine, job(), sums).unwrap();
    assert_eq!(text(&answer), wanted);
    let error = &answer.passed_over[0];
    assert!(matches!(
        error.damage(),
        Some(Damage::Block { number: 0, .. })
    ));
    assert!(error.to_string().contains("hot/SEG-000001"), "{error}");
    engine.forget_all();
    shelves.remove(Tier::Hot, [whole.id]).unwrap();
    let answer = ask(&engine, job(), sums).unwrap();
    assert!(matches!(answer.passed_over[0], SealedError::Missing { .. }));
    engine.forget_all();

    spoil(Tier::Cold);
    let error = ask(&engine, job(), sums).unwrap_err();
    let QueryError::Read(ReadError::Sealed(error)) = error else {
        panic!("{error}");
    };
    assert!(matches!(
        error.damage(),
        Some(Damage::Block { number: 0, .. })
    ));
    assert!(error.to_string().contains("cold/SEG-000001"), "{error}");
}

#[test]
fn answers_end_at_their_limit_of_rows_and_queries_at_theirs_of_memory() {
    let stage = Stage::new(false);
    let limits = Limits {
        rows: 12_345,
        query: 3 << 20,
        ..Limits::default()
    };
    let engine = start(&stage.shelves, limits);
    let answer = ask(&engine, stage.job(both()), &|scan| scan).unwrap();
    assert_eq!((answer.rows, answer.truncated), (12_345, true));
    let counted: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(counted, 12_345);
    let some: &Plan = &|scan| scan.limit(0, Some(12_345)).unwrap();
    let answer = ask(&engine, stage.job(both()), some).unwrap();
    assert_eq!((answer.rows, answer.truncated), (12_345, false));

    let sorted: &Plan = &|scan| scan.sort([column("Id").sort(true, false)]).unwrap();
    let error = ask(&engine, stage.job(both()), sorted).unwrap_err();
    let limit = 3 << 20;
    assert!(
        matches!(error, QueryError::TooMuchMemory { limit: l } if l == limit),
        "{error}"
    );
}

#[test]
fn two_tables_and_a_view_are_joined_and_progress_is_told() {
    let stage = Stage::new(false);
    let engine = stage.engine();
    let names = columns(&[("Code", ColumnType::Long), ("Word", ColumnType::String)]);
    let words = RecordBatch::try_new(
        arrow_types::schema(&names),
        vec![
            Arc::new(Int64Array::from(vec![1, 2, 99])),
            Arc::new(StringViewArray::from(vec!["one", "two", "none"])),
        ],
    );
    let schema = arrow_types::schema(&names);
    let job = Job {
        views: vec![(
            TableName::from("Words"),
            view(schema, vec![words.unwrap()]).unwrap(),
        )],
        ..stage.job(both())
    };
    let query = engine.open(job).unwrap();
    assert!(query.table("words").is_none());
    let words = provider_as_source(query.table("Words").unwrap());
    let words = LogicalPlanBuilder::scan("Words", words, None)
        .unwrap()
        .build()
        .unwrap();
    let built = plan(query.table("Requests").unwrap(), &move |scan| {
        let code = |table: &str| vec![datafusion::common::Column::new(Some(table), "Code")];
        let on = (code("requests"), code("words"));
        let joined = scan.join(words.clone(), JoinType::Inner, on, None).unwrap();
        let counted = joined.aggregate([column("Word")], [count(lit(1))]).unwrap();
        counted.sort([column("Word").sort(true, false)]).unwrap()
    });
    let mut seen = Vec::new();
    let mut control = Control {
        cancel: Cancel::default(),
        gate: &mut || Ok(()),
        progress: &mut |progress| seen.push(*progress),
    };
    let answer = query.run(built, &mut control).unwrap();
    assert_eq!(answer.rows, 2);
    let all = concat_batches(&answer.batches[0].schema(), &answer.batches).unwrap();
    assert_eq!(all.num_rows(), 2);
    let last = seen.last().unwrap();
    assert!(
        last.blocks > 0 && last.bytes > 0 && last.of >= last.bytes,
        "{last:?}"
    );
    assert!(answer.stats.elapsed >= answer.stats.planning);
}
