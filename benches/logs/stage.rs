//! The tiny world with a workspace that is linked to a cluster under the customer's key, on a state directory.

use std::io::Read;
use std::path::Path;

use lockbox::engine::cluster::link;
use lockbox::engine::ids::TableName;
use lockbox::engine::ingestion::Arrival;
use lockbox::engine::vault::key::KeyIdentifier;
use lockbox::engine::{Actor, Command, SimTime, Span, workspace, world};
use lockbox::logs::ingest::{Chunk, Ingest};
use lockbox::logs::query::Cancel;
use lockbox::runtime::{Ask, Block, Founding, Host, HostError, ManualWall, Prepared, Reply};

use crate::keyed::{CLUSTER, act, make_protected, wait};
use crate::tiny::{founding, person, tiny_steps};

pub const WORKSPACE: &str = "prod/web/app-logs";

pub fn owner() -> Actor {
    person("minji.kim")
}

/// The day after the records of the comparison end.
pub fn opens_at() -> SimTime {
    "2026-11-02T00:00:00Z".parse().unwrap()
}

/// The tiny world, opening later.
fn later() -> Founding {
    let steps = tiny_steps().into_iter().map(|(_, actor, mut command)| {
        if let Command::World(world::Command::Found { opens_at: at, .. }) = &mut command {
            *at = opens_at();
        }
        (opens_at(), actor, command)
    });
    founding(steps.collect())
}

pub fn open(dir: &Path) -> Host {
    let wall = Box::new(ManualWall::default());
    Host::open_at(dir, None, || Ok(later()), wall).unwrap()
}

/// A new state directory whose workspace is sealed under the key.
pub fn make(dir: &Path) -> (Host, KeyIdentifier) {
    let mut host = open(dir);
    let put = workspace::Command::Put {
        subscription: "prod".into(),
        group: "web".into(),
        name: "app-logs".into(),
        location: Some("koreacentral".into()),
        sku: None,
        retention: None,
    };
    act(&mut host, put).unwrap();
    let key = make_protected(&mut host);
    let link = link::Command::Link {
        workspace: WORKSPACE.into(),
        cluster: CLUSTER.into(),
    };
    act(&mut host, link).unwrap();
    wait(&mut host, Span::minutes(90));
    (host, key)
}

/// Reads records into chunks and has each done with what is to be done, in order.
pub fn each_chunk(
    host: &mut Host,
    table: &str,
    threads: usize,
    input: impl Read + Send + 'static,
    mut take: impl FnMut(&mut Host, Block),
) {
    let table = TableName::from(table);
    let columns = host.world().columns(&WORKSPACE.into(), &table);
    let mut ingest = Ingest::new(columns, host.now());
    ingest.threads = threads;
    for chunk in ingest.read(input) {
        let chunk = chunk.unwrap();
        assert_eq!(chunk.rejected, 0, "{:?}", chunk.rejects);
        take(host, block(table.clone(), chunk));
    }
}

fn block(table: TableName, chunk: Chunk) -> Block {
    Block {
        arrival: Arrival {
            workspace: WORKSPACE.into(),
            table,
            columns: chunk.columns,
            rows: chunk.rows,
            raw: chunk.raw,
            plain: chunk.parquet.len() as u64,
            from: chunk.from,
            to: chunk.to,
            source: None,
        },
        parquet: chunk.parquet,
    }
}

/// Ingests as people do: sealed, durable and on the record.
pub fn ingest(host: &mut Host, table: &str, threads: usize, input: impl Read + Send + 'static) {
    each_chunk(host, table, threads, input, |host, block| {
        let done = host.ingest(&owner(), &block).unwrap();
        assert!(done.segment.is_some(), "{:?}", done.receipt);
    });
}

pub fn prepare(host: &mut Host, text: &str) -> Result<Prepared, HostError> {
    let ask = Ask {
        workspace: WORKSPACE.into(),
        text: text.to_owned(),
        span: None,
        partial: false,
    };
    host.query(&owner(), &ask)
}

pub fn query(host: &mut Host, text: &str) -> Result<Reply, HostError> {
    prepare(host, text)?.run(Cancel::default(), &mut |_| {})
}
