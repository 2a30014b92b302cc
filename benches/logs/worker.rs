//! lockbox as one of the engines of `benches/peers/run`: a process that is asked by lines of JSON.
//!
//! ```text
//! lockbox            sealed under the customer's key; queries read the sealed files, no hot memory
//! lockbox-hot        the same store with hot memory
//! lockbox-unsealed   the same way in, without the cipher: what sealing costs
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::util::display::array_value_to_string;
use lockbox::engine::ingestion;
use lockbox::logs::query::Limits;
use lockbox::runtime::{Block, Host, ManualWall, Reply};
use lockbox::store::SqliteJournal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::{self, each_chunk, owner};

const LOGS: &str = "Logs_CL";
const HOSTS: &str = "Hosts_CL";

#[derive(Deserialize)]
struct Options {
    logs: PathBuf,
    hosts: PathBuf,
    store: PathBuf,
    threads: usize,
    needle: String,
    /// In the query language, with `@` for the needle.
    queries: BTreeMap<String, String>,
    /// Million bytes of hot memory; as shipped without it.
    hot_mb: Option<usize>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "do")]
    what: String,
    query: Option<String>,
}

struct Worker {
    options: Options,
    sealed: bool,
    limits: Limits,
    host: Option<Host>,
}

/// Answers until nothing more is asked.
pub fn serve(engine: &str) {
    let mut lines = std::io::stdin().lock().lines().map(|line| line.unwrap());
    let options: Options = serde_json::from_str(&lines.next().expect("options")).unwrap();
    let shipped = Limits::default();
    let limits = match engine {
        "lockbox-hot" => Limits {
            hot: options.hot_mb.map_or(shipped.hot, |mb| mb * 1_000_000),
            ..shipped
        },
        _ => Limits { hot: 0, ..shipped },
    };
    let mut worker = Worker {
        options,
        sealed: engine != "lockbox-unsealed",
        limits,
        host: None,
    };
    let mut out = std::io::stdout().lock();
    for line in lines {
        let asked: Asked = serde_json::from_str(&line).unwrap();
        let reply = worker.answer(&asked);
        let reply = reply.unwrap_or_else(|error| json!({ "error": error }));
        writeln!(out, "{reply}").unwrap();
        out.flush().unwrap();
    }
}

impl Worker {
    fn answer(&mut self, asked: &Asked) -> Result<Value, String> {
        let query = asked.query.as_deref().unwrap_or_default();
        match asked.what.as_str() {
            "ingest" => Ok(self.ingest()),
            "open" => {
                self.host = Some(stage::open(&self.options.store));
                self.forget()?;
                Ok(json!({ "hot_mb": self.limits.hot as f64 / 1e6 }))
            }
            "rows" => {
                let reply = self.run(query)?;
                let columns: Vec<&str> = reply.columns.iter().map(|c| &*c.name).collect();
                Ok(json!({ "columns": columns, "rows": rows(&reply) }))
            }
            "first" => {
                self.forget()?;
                self.clock(query)
            }
            "again" => self.clock(query),
            other => Err(format!("{other}: no such thing to do")),
        }
    }

    /// Nothing of earlier queries stays in memory.
    fn forget(&mut self) -> Result<(), String> {
        let host = self.host.as_mut().ok_or("not open")?;
        host.limit_queries(self.limits).map_err(|e| e.to_string())
    }

    fn run(&mut self, query: &str) -> Result<Reply, String> {
        let text = self.options.queries.get(query).ok_or("no such query")?;
        let text = text.replace('@', &self.options.needle);
        let host = self.host.as_mut().ok_or("not open")?;
        stage::query(host, &text).map_err(|e| e.to_string())
    }

    fn clock(&mut self, query: &str) -> Result<Value, String> {
        let start = Instant::now();
        let reply = self.run(query)?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let stats = reply.answer.stats;
        Ok(json!({
            "ms": ms,
            "planning_ms": stats.planning.as_secs_f64() * 1e3,
            "sealed_bytes": stats.bytes,
            "in_memory": stats.in_memory,
        }))
    }

    /// Everything but the founding of the world is timed.
    fn ingest(&mut self) -> Value {
        let store = &self.options.store;
        let _ = fs::remove_dir_all(store);
        fs::create_dir_all(store).unwrap();
        let (mut host, _key) = stage::make(store);
        let threads = self.options.threads;
        stage::ingest(
            &mut host,
            HOSTS,
            threads,
            File::open(&self.options.hosts).unwrap(),
        );
        let before = [size(store, "cold"), size(store, "hot")];
        let input = File::open(&self.options.logs).unwrap();
        let seconds = if self.sealed {
            let start = Instant::now();
            stage::ingest(&mut host, LOGS, threads, input);
            start.elapsed()
        } else {
            drop(host);
            // Without keys and files: it only keeps the record.
            let journal = SqliteJournal::open(&store.join("journal.db")).unwrap();
            let mut host = Host::on(Box::new(journal), Box::new(ManualWall::default())).unwrap();
            let start = Instant::now();
            let mut number = 0;
            each_chunk(&mut host, LOGS, threads, input, |host, block| {
                number += 1;
                store_plain(host, store, &block, &format!("plain-{number}"));
            });
            start.elapsed()
        };
        let [cold, hot] = [
            size(store, "cold") - before[0],
            size(store, "hot") - before[1],
        ];
        json!({ "seconds": seconds.as_secs_f64(), "bytes": cold, "hot_bytes": hot })
    }
}

/// The steps of a sealed ingest without the cipher: the file, the record, the hot copy.
fn store_plain(host: &mut Host, store: &Path, block: &Block, name: &str) {
    write(store, "cold", name, &block.parquet);
    let command = ingestion::Command::Ingest(block.arrival.clone());
    host.submit(&owner(), &command.into()).unwrap();
    let read = fs::read(store.join("logs/cold").join(name)).unwrap();
    write(store, "hot", name, &read);
}

/// Under its name only when it is whole; durable on return, but for a hot copy.
fn write(store: &Path, tier: &str, name: &str, bytes: &[u8]) {
    let folder = store.join("logs").join(tier);
    let writing = folder.join(format!("{name}.writing"));
    let mut file = File::create(&writing).unwrap();
    file.write_all(bytes).unwrap();
    let lasts = tier != "hot";
    if lasts {
        file.sync_all().unwrap();
    }
    fs::rename(&writing, folder.join(name)).unwrap();
    if lasts {
        File::open(&folder).unwrap().sync_all().unwrap();
    }
}

fn size(store: &Path, tier: &str) -> u64 {
    let folder = fs::read_dir(store.join("logs").join(tier)).unwrap();
    folder
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

fn rows(reply: &Reply) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in &reply.answer.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter();
            rows.push(
                cells
                    .map(|c| array_value_to_string(c, row).unwrap())
                    .collect(),
            );
        }
    }
    rows
}
