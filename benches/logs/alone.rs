//! Measures of lockbox alone: its query language, how soon a revoked key is obeyed, and many segments.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::datasource::{MemTable, provider_as_source};
use lockbox::crypto::Secret;
use lockbox::engine::Span;
use lockbox::engine::ids::{AekId, SegmentId, TableName};
use lockbox::engine::ingestion::segment::KeyClass;
use lockbox::logs::ingest::arrow_types;
use lockbox::logs::kql;
use lockbox::logs::query::{Cancel, Limits};
use lockbox::logs::sealed::{Label, Tier};
use lockbox::logs::shelves::Shelves;
use lockbox::runtime::{ClockCommand, Host, HostError, Prepared, Tables};
use serde_json::json;

use crate::keyed::{set_enabled, state, wait};
use crate::stage::{self, WORKSPACE, opens_at, prepare, query};

const QUERIES: &str = include_str!("../peers/queries.kql.json");
/// Every row with every other one of its category: it would go on for hours.
const ENDLESS: &str = "Logs_CL | join kind=inner Logs_CL on Category | summarize sum(BytesSent)";

pub struct Size {
    pub quick: bool,
    /// A line of JSON for each figure instead of a table.
    pub json: bool,
    /// Where the state directories go.
    pub dir: PathBuf,
}

impl Size {
    fn row(&self, name: &str, value: f64, unit: &str) {
        let value = (value * 1e3).round() / 1e3;
        match self.json {
            true => println!("{}", json!({ "name": name, "value": value, "unit": unit })),
            false => println!("{name:<72} {value:>12} {unit}"),
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.dir.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }
}

pub fn measure(size: &Size) {
    cipher(size);
    language(size);
    revocation(size);
    segments(size);
    let _ = fs::remove_dir_all(&size.dir);
}

/// Records of the columns of the comparison, one a second.
fn records(numbers: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    let start = opens_at() - Span::days(1);
    for n in numbers {
        let at = (start + Span::seconds(i64::try_from(n).unwrap())).to_seconds();
        let at = at.replace(' ', "T");
        let level = ["Information", "Information", "Warning", "Error"][n % 4];
        let category = ["Web", "App", "Syslog"][n % 3];
        writeln!(
            text,
            r#"{{"TimeGenerated":"{at}Z","Computer":"vm-{host:04}","Level":"{level}","Category":"{category}","Method":"GET","Url":"/api/v1/orders/{n}","StatusCode":{status},"DurationMs":{ms}.5,"BytesSent":{bytes},"ClientIp":"10.0.{host}.7","UserId":"u{user:06}","OperationId":"{n:032x}","Message":"Request {n} finished after a timeout","Properties":"{{}}","_ResourceId":"/virtualmachines/vm-{host:04}"}}"#,
            host = n % 200,
            status = if n % 40 == 0 { 500 } else { 200 },
            ms = n * 7919 % 1000,
            bytes = n * 31 % 250_000,
            user = n * 104_729 % 200_000,
        )
        .unwrap();
    }
    text
}

fn send(host: &mut Host, numbers: std::ops::Range<usize>) {
    stage::ingest(host, "Logs_CL", 2, Cursor::new(records(numbers)));
}

fn send_hosts(host: &mut Host) {
    let mut text = String::new();
    for n in 0..200 {
        let role = ["web", "app", "db"][n % 3];
        writeln!(
            text,
            r#"{{"Computer":"vm-{n:04}","Region":"koreacentral","Role":"{role}"}}"#
        )
        .unwrap();
    }
    stage::ingest(host, "Hosts_CL", 1, Cursor::new(text));
}

fn cold() -> Limits {
    Limits {
        hot: 0,
        ..Limits::default()
    }
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// The middle of some figures.
fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn most(all: &[f64]) -> f64 {
    all.iter().copied().fold(0.0, f64::max)
}

/// Blocks sealed and opened by one thread, without a disk.
fn cipher(size: &Size) {
    let plain = vec![0x5a; 64 << 20];
    let (aek, shelves) = (Secret::from(vec![7; 32]), Shelves::in_memory());
    let label = Label {
        tier: Tier::Cold,
        segment: SegmentId(1),
        aek: AekId::SHARED,
        class: KeyClass::Microsoft,
    };
    let rate = |work: &dyn Fn()| {
        let once = || {
            let start = Instant::now();
            work();
            plain.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
        };
        median((0..5).map(|_| once()).collect())
    };
    let seal = rate(&|| {
        shelves.put(label, &aek, &plain).unwrap();
    });
    let open = rate(&|| shelves.open(label, &aek).unwrap().verify(|_| {}).unwrap());
    size.row("64 KiB blocks sealed, one thread", seal, "MB/s");
    size.row("64 KiB blocks opened, one thread", open, "MB/s");
}

/// From the text of a query to a plan, and to the plan the engine makes of that.
fn language(size: &Size) {
    let (mut host, _key) = stage::make(&size.folder("language"));
    send(&mut host, 0..10_000);
    send_hosts(&mut host);
    host.limit_queries(cold()).unwrap();
    let queries: BTreeMap<String, String> = serde_json::from_str(QUERIES).unwrap();
    for (name, text) in &queries {
        let text = text.replace('@', &format!("{:032x}", 4711));
        let front = front_end(&host, &text, if size.quick { 20 } else { 500 });
        let engine = (0..10).map(|_| ms(query(&mut host, &text).unwrap().answer.stats.planning));
        let engine = median(engine.collect());
        size.row(
            &format!("KQL parse, bind, logical plan: {name}"),
            front,
            "ms",
        );
        size.row(
            &format!("KQL to the plan that runs: {name}"),
            front + engine,
            "ms",
        );
    }
}

fn front_end(host: &Host, text: &str, times: usize) -> f64 {
    let workspace = WORKSPACE.into();
    let tables = Tables {
        world: host.world(),
        workspace: &workspace,
    };
    let source = |name: &str| {
        let columns = host.world().columns(&workspace, &TableName::from(name));
        let table = MemTable::try_new(arrow_types::schema(&columns), vec![vec![]]).unwrap();
        provider_as_source(Arc::new(table))
    };
    let known: BTreeMap<_, _> = ["Logs_CL", "Hosts_CL"]
        .map(|name| (name, source(name)))
        .into();
    let once = || {
        let start = Instant::now();
        let parsed = kql::parse(text).unwrap();
        let bound = kql::bind(&parsed, &tables, host.now()).unwrap();
        let plan = kql::plan(&bound, &mut |name| known.get(name).cloned()).unwrap();
        let took = start.elapsed();
        std::hint::black_box(plan);
        ms(took)
    };
    median((0..times).map(|_| once()).collect())
}

/// Wall time from the beginning of the transaction that revokes to the refusal: of a query that is running, of one
/// that runs in another process, and of the next one.
fn revocation(size: &Size) {
    let dir = size.folder("revocation");
    let (mut host, key) = stage::make(&dir);
    send(&mut host, 0..if size.quick { 20_000 } else { 200_000 });
    let mut other = stage::open(&dir);
    let mut took: [Vec<f64>; 4] = Default::default();
    for _ in 0..if size.quick { 2 } else { 9 } {
        let here = running(prepare(&mut host, ENDLESS).unwrap());
        let there = running(prepare(&mut other, ENDLESS).unwrap());
        std::thread::sleep(Duration::from_millis(300));
        set_enabled(&mut host, &key, false);
        let start = revoke(&mut host);
        let revoked = Instant::now();
        let next = query(&mut host, "Logs_CL | count");
        let refused = Instant::now();
        assert!(matches!(next, Err(HostError::Refused(_))), "{next:?}");
        took[0].push(ms(here.join().unwrap() - start));
        took[1].push(ms(there.join().unwrap() - start));
        took[2].push(ms(refused - start));
        took[3].push(ms(revoked - start));
        set_enabled(&mut host, &key, true);
        wait(&mut host, Span::minutes(90));
        other.refresh().unwrap();
        query(&mut host, "Logs_CL | count").unwrap();
    }
    let names = [
        "revoke to refusal: a running query",
        "revoke to refusal: a running query in another process",
        "revoke to refusal: the next query",
        "revoke to the end of the command, hot copies erased",
    ];
    for (name, took) in names.into_iter().zip(took) {
        size.row(&format!("{name}, median"), median(took.clone()), "ms");
        size.row(&format!("{name}, most"), most(&took), "ms");
    }
}

/// Lets time pass, an instant at a time, until the key counts as revoked. Says when that instant began.
fn revoke(host: &mut Host) -> Instant {
    loop {
        let start = Instant::now();
        host.clock_set(ClockCommand::Next).unwrap();
        if state(host) == "Revoked" {
            return start;
        }
    }
}

/// Runs on a thread of its own; says when it was refused.
fn running(prepared: Prepared) -> std::thread::JoinHandle<Instant> {
    std::thread::spawn(move || {
        let end = prepared.run(Cancel::default(), &mut |_| {});
        let at = Instant::now();
        assert!(matches!(end, Err(HostError::Refused(_))), "{end:?}");
        at
    })
}

/// A store of many small segments: how fast it fills, opens, answers, is shut and comes back.
fn segments(size: &Size) {
    const ROWS: usize = 10;
    let many = if size.quick { 300 } else { 10_000 };
    let dir = size.folder("segments");
    let (mut host, key) = stage::make(&dir);
    let row = |name: &str, value, unit| size.row(&format!("{many} segments: {name}"), value, unit);
    let start = Instant::now();
    for n in 0..many {
        send(&mut host, n * ROWS..(n + 1) * ROWS);
    }
    row(
        "durable ingests a second",
        many as f64 / start.elapsed().as_secs_f64(),
        "/s",
    );
    drop(host);

    let open = || {
        let start = Instant::now();
        let host = stage::open(&dir);
        (ms(start.elapsed()), host)
    };
    let took = median((0..3).map(|_| open().0).collect());
    row("a cold start", took, "ms");
    let mut host = open().1;
    let needle = format!("Logs_CL | where OperationId == '{:032x}'", many * ROWS / 2);
    let last = "let m = toscalar(Logs_CL | summarize max(TimeGenerated)); Logs_CL | where TimeGenerated >= m - 15m | count";
    for (memory, limits) in [("sealed", cold()), ("hot memory", Limits::default())] {
        for (what, text) in [
            ("count", "Logs_CL | count"),
            ("needle", &*needle),
            ("last 15 minutes", last),
        ] {
            host.limit_queries(limits).unwrap();
            let mut took = (0..4).map(|_| {
                let start = Instant::now();
                let reply = query(&mut host, text).unwrap();
                assert!(reply.answer.rows == 1, "{reply:?}");
                ms(start.elapsed())
            });
            let first = took.next().unwrap_or_default();
            row(&format!("{what}, {memory}, first"), first, "ms");
            row(
                &format!("{what}, {memory}, again"),
                median(took.collect()),
                "ms",
            );
        }
    }
    let start = Instant::now();
    send(&mut host, many * ROWS..(many + 1) * ROWS);
    row("one more ingest", ms(start.elapsed()), "ms");
    let start = Instant::now();
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::minutes(90));
    row("revoked, all hot copies erased", ms(start.elapsed()), "ms");
    assert_eq!(state(&host), "Revoked");
    assert_eq!(files(&dir.join("logs/hot")), 0);
    let start = Instant::now();
    set_enabled(&mut host, &key, true);
    wait(&mut host, Span::minutes(90));
    row(
        "the key back, all hot copies written",
        ms(start.elapsed()),
        "ms",
    );
    assert_eq!(files(&dir.join("logs/hot")), many + 1);
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
