//! Queries over the log data of a host. On the engine's thread a question is read, decided and put on the
//! record, and gets the keys that are live now; it runs on a thread of its own, and is asked before every step
//! whether it still may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::prelude::{ident, lit};
use datafusion::scalar::ScalarValue;

use super::error::HostError;
use super::host::{CHUNK, Host, journal_path};
use crate::engine::ids::{ResourceId, Revision, SegmentId, TableName};
use crate::engine::ingestion::reads::Touched;
use crate::engine::ingestion::schema::{Column, Columns, TIME};
use crate::engine::ingestion::{self, builtin};
use crate::engine::{self, Actor, Refusal, SimTime, Span, World};
use crate::logs::kql::{self, Bound, Catalog, Render};
use crate::logs::query::{Answer, Cancel, Control, Job, JobTable, Progress, Query};
use crate::logs::sealed::{Header, Label};
use crate::logs::sealed_store::Keyring;
use crate::logs::service_tables;
use crate::store::{Journal, SqliteJournal};

/// A question to a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub workspace: ResourceId,
    /// In the Kusto Query Language.
    pub text: String,
    /// Only records of the last so much.
    pub span: Option<Span>,
    /// What can be read, if not all can (i-38).
    pub partial: bool,
}

/// What comes back.
#[derive(Debug)]
pub struct Reply {
    /// With the types of the language.
    pub columns: Vec<Column>,
    pub render: Option<Render>,
    pub answer: Answer,
    /// How many segments a partial answer leaves out, and why.
    pub hidden: usize,
    pub why: Option<Refusal>,
}

/// A question that may be answered, with all it needs.
pub struct Prepared {
    query: Query,
    bound: Bound,
    since: Option<SimTime>,
    hidden: usize,
    why: Option<Refusal>,
    live: Live,
}

/// A block of a segment, as it lies on disk and as it says.
#[derive(Debug)]
pub struct Peek {
    pub header: Header,
    pub number: u64,
    /// With its tag.
    pub sealed: Bytes,
    /// `Refused` while nobody can open it.
    pub opened: Result<Bytes, Refusal>,
}

/// The tables of a workspace as a query names them.
pub struct Tables<'a> {
    pub world: &'a World,
    pub workspace: &'a ResourceId,
}

impl Catalog for Tables<'_> {
    fn columns(&self, table: &str) -> Option<Columns> {
        let name = TableName::from(table);
        let found = self.world.table(self.workspace, &name).ok()?;
        (found.is_some() || builtin::columns(table).is_some())
            .then(|| self.world.columns(self.workspace, &name))
    }

    fn tables(&self) -> Vec<String> {
        let own = self.world.logs.tables_of(self.workspace);
        let own = own.map(|(name, _)| name.as_str().to_owned());
        let all: BTreeSet<String> = own.chain(builtin::names().map(str::to_owned)).collect();
        all.into_iter().collect()
    }
}

impl Host {
    /// Decides a question as somebody and puts it on the record. `Query` when the text is wrong, E-QRY-01 when
    /// the data cannot be read.
    pub fn query(&mut self, actor: &Actor, ask: &Ask) -> Result<Prepared, HostError> {
        self.refresh()?;
        self.make_samples()?;
        // What tables there are is not for everybody to know.
        self.world.may_query(actor, &ask.workspace)?;
        let since = ask.span.map(|span| self.now() - span);
        let bound = self.bound(ask)?;
        let touched: Vec<Touched> = (bound.touches.iter())
            .map(|touch| Touched {
                table: TableName::from(&*touch.table),
                from: since.map_or(touch.from, |since| touch.from.max(since)),
                to: touch.to,
            })
            .collect();
        let command = ingestion::Command::Query {
            workspace: ask.workspace.clone(),
            tables: touched.iter().cloned().collect(),
            partial: ask.partial,
        };
        let receipt = self.submit(actor, &command.into())?;
        let live = Live {
            journal: match self.dir() {
                Some(dir) => Some(SqliteJournal::open(&journal_path(dir))?),
                None => None,
            },
            world: self.world.clone(),
            now: receipt.at,
            workspace: ask.workspace.clone(),
            touched,
            partial: ask.partial,
        };
        let (job, hidden, why) = self.job(&live)?;
        Ok(Prepared {
            query: self.query_engine()?.open(job)?,
            bound,
            since,
            hidden,
            why,
            live,
        })
    }

    fn bound(&self, ask: &Ask) -> Result<Bound, HostError> {
        let tables = Tables {
            world: &self.world,
            workspace: &ask.workspace,
        };
        let query = kql::parse(&ask.text).map_err(HostError::Query)?;
        kql::bind(&query, &tables, self.now()).map_err(HostError::Query)
    }

    /// What a question reads, with the keys of it that are live now.
    fn job(&self, live: &Live) -> Result<(Job, usize, Option<Refusal>), HostError> {
        let keystore = self.keystore().ok_or(HostError::NoKeys)?;
        let world = &self.world;
        let reads = live.reads()?;
        let mut keys = Keyring::default();
        let mut tables: BTreeMap<TableName, JobTable> = BTreeMap::new();
        let mut job = Job::default();
        for touched in &live.touched {
            let name = &touched.table;
            if let Some(rows) = service_tables::records(world, &live.workspace, name.as_str())? {
                if !job.views.iter().any(|(known, _)| known == name) {
                    let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
                    job.views.push((name.clone(), Arc::new(table)));
                }
                continue;
            }
            tables.entry(name.clone()).or_insert_with(|| JobTable {
                name: name.clone(),
                columns: world.columns(&live.workspace, name),
                segments: Vec::new(),
            });
        }
        for segment in &reads.segments {
            let hot = segment.hot.then_some(segment.hot_aek);
            for aek in [Some(segment.aek), hot].into_iter().flatten() {
                if keys.epoch(aek).is_none() {
                    let key = keystore.segment_key(world, segment, aek)?;
                    keys.add(aek, world.epoch(segment), key);
                }
            }
            if let Some(table) = tables.get_mut(&segment.table) {
                table.segments.push((**segment).clone());
            }
        }
        job.tables = tables.into_values().collect();
        job.keys = keys;
        Ok((job, reads.hidden, reads.why))
    }

    /// A block of a segment, for somebody who may query its workspace.
    pub fn peek(&self, actor: &Actor, id: SegmentId, number: u64) -> Result<Peek, HostError> {
        let (Some(files), Some(keystore)) = (self.files(), self.keystore()) else {
            return Err(HostError::NoLogs);
        };
        let segment = self.world.segment(id)?;
        self.world.may_query(actor, &segment.workspace)?;
        let label = Label::of(segment);
        let shelves = &files.shelves;
        let header = shelves.header(label.tier, id)?;
        let sealed = shelves.sealed_block(label.tier, id, number)?.into();
        let key = match self.world.hidden_by(segment) {
            Some(refusal) => Err(refusal.into()),
            None => keystore.segment_key(&self.world, segment, segment.aek),
        };
        let opened = match key.map_err(HostError::from) {
            Ok(key) => Ok(shelves.open(label, &key)?.block(number)?),
            Err(HostError::Refused(refusal)) => Err(refusal),
            Err(error) => return Err(error),
        };
        Ok(Peek {
            header,
            number,
            sealed,
            opened,
        })
    }
}

impl Prepared {
    /// Runs it; takes as long as it takes. It ends early when `cancel` says so, or when the data cannot be read
    /// any more.
    pub fn run(
        self,
        cancel: Cancel,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Reply, HostError> {
        let mut live = self.live;
        let query = self.query;
        let since = self.since;
        let mut sources = |name: &str| {
            let table = query.table(name)?;
            Some(provider_as_source(match since {
                Some(since) => younger(name, table, since).ok()?,
                None => table,
            }))
        };
        let plan = kql::plan(&self.bound, &mut sources)?;
        let mut control = Control {
            cancel,
            gate: &mut || live.gate(),
            progress,
        };
        let answer = query.run(plan, &mut control)?;
        Ok(Reply {
            columns: self.bound.columns,
            render: self.bound.render,
            answer,
            hidden: self.hidden,
            why: self.why,
        })
    }
}

/// A table without what is older.
fn younger(
    name: &str,
    table: Arc<dyn TableProvider>,
    since: SimTime,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let instant = ScalarValue::TimestampMicrosecond(Some(since.0), None);
    let plan = LogicalPlanBuilder::scan(name, provider_as_source(table), None)?
        .filter(ident(TIME).gt_eq(lit(instant)))?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// Whether a question may still be answered, as the record says it now.
struct Live {
    /// None in memory, where nobody else writes.
    journal: Option<SqliteJournal>,
    world: World,
    now: SimTime,
    workspace: ResourceId,
    touched: Vec<Touched>,
    partial: bool,
}

impl Live {
    fn reads(&self) -> Result<ingestion::reads::Reads, Refusal> {
        (self.world).reads(self.now, &self.workspace, &self.touched, self.partial)
    }

    fn gate(&mut self) -> Result<(), Refusal> {
        if let Some(journal) = &self.journal {
            let before = self.world.revision;
            // A record that cannot be read now is read at the next step; what it says is obeyed by then.
            while let Ok(events) = newer(journal, self.world.revision) {
                events
                    .iter()
                    .for_each(|e| engine::evolve(&mut self.world, e));
                if events.len() < CHUNK {
                    break;
                }
            }
            if self.world.revision == before {
                return Ok(());
            }
            self.now = self.now.max(self.world.now);
        }
        self.reads().map(|_| ())
    }
}

fn newer(journal: &SqliteJournal, known: Revision) -> Result<Vec<engine::Event>, HostError> {
    if journal.head()? == known {
        return Ok(Vec::new());
    }
    Ok(journal.read_after(known, CHUNK)?)
}
