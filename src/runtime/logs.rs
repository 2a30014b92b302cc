//! The host and its log data: segments follow the world after each commit, records come in, queries go out.
//! What is to be done about a file is `logs`' to know; here is when.
//!
//! ```text
//! ingest: alone → decide → seal under the key of the route → journal → acknowledge
//!         the route changed meanwhile → seal again under the new one
//! ```

use bytes::Bytes;

use super::error::HostError;
use super::host::{Host, Receipt};
use crate::engine::event::Fact;
use crate::engine::ingestion::segment::Segment;
use crate::engine::ingestion::{self, Arrival};
use crate::engine::{self, Actor};
use crate::logs::sealed::Label;
use crate::logs::{Alone, Files, Segments};

/// The log data of a host.
pub(super) struct Logs {
    files: Files,
    /// What the files agreed with last; none before they were looked at.
    followed: Option<Segments>,
    /// While something is ingested: the files are nobody else's to change.
    alone: Option<Alone>,
}

impl Logs {
    pub fn new(files: Files) -> Logs {
        Logs {
            files,
            followed: None,
            alone: None,
        }
    }
}

/// A block of records on its way in.
#[derive(Debug, Clone)]
pub struct Block {
    pub arrival: Arrival,
    /// The records, as a Parquet file.
    pub parquet: Bytes,
}

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    pub receipt: Receipt,
    /// None: DATA LOST (E-ING-01), as the receipt says.
    pub segment: Option<Segment>,
}

impl Host {
    /// The log files of this world; none on a branch.
    pub fn files(&self) -> Option<&Files> {
        self.logs.as_ref().map(|logs| &logs.files)
    }

    /// Makes the files follow the world, as far as any segment is concerned.
    pub(super) fn obey(&mut self) -> Result<(), HostError> {
        let Some(logs) = &self.logs else {
            return Ok(());
        };
        let same = |logs: &Logs, now: &Segments| {
            (logs.followed.as_ref()).is_some_and(|before| before.ptr_eq(now) || before == now)
        };
        // Whoever imports a key holds the keys, which come after the files.
        if same(logs, &self.world.logs.segments) || self.imports() {
            return Ok(());
        }
        let own = match &logs.alone {
            Some(_) => None,
            None => Some(logs.files.alone()?),
        };
        // What others did to the files is on the record by now, and must not be undone.
        self.fold()?;
        self.conform()?;
        let (Some(logs), Some(keys)) = (&mut self.logs, &self.keys) else {
            return Ok(());
        };
        if let Some(alone) = own.as_ref().or(logs.alone.as_ref()) {
            let (world, before) = (&self.world, logs.followed.as_ref());
            logs.files.obey(alone, keys.keystore(), world, before)?;
            logs.followed = Some(world.logs.segments.clone());
        }
        Ok(())
    }

    /// Takes in a block of records as somebody. It is sealed and durable before it is on the record, and on the
    /// record when this returns; or it is lost for good, which is on the record too.
    pub fn ingest(&mut self, actor: &Actor, block: &Block) -> Result<Ingested, HostError> {
        let logs = self.logs.as_mut().ok_or(HostError::NoLogs)?;
        logs.alone = Some(logs.files.alone()?);
        let mut sealed = None;
        let outcome = self.ingest_alone(actor, block, &mut sealed);
        let alone = self.logs.as_mut().and_then(|logs| logs.alone.take());
        if let (Err(_), Some(segment), Some(alone)) = (&outcome, &sealed, &alone)
            && !self.world.logs.segments.contains_key(&segment.id)
            && let Some(files) = self.files()
        {
            files.unseal(alone, segment)?;
        }
        outcome
    }

    fn ingest_alone(
        &mut self,
        actor: &Actor,
        block: &Block,
        sealed: &mut Option<Segment>,
    ) -> Result<Ingested, HostError> {
        let command = ingestion::Command::Ingest(block.arrival.clone()).into();
        loop {
            let now = self.catch_up(actor, &command)?;
            let draft = engine::draft(&self.world, now, actor, &command)?;
            let segment = draft.events.iter().find_map(|event| match &event.fact {
                Fact::Ingestion(ingestion::Fact::Stored { segment, .. }) => Some(segment.clone()),
                _ => None,
            });
            // A number that was taken meanwhile, or another route: seal again.
            if sealed.as_ref().map(Label::of) != segment.as_ref().map(Label::of) {
                let (Some(logs), Some(keys)) = (&self.logs, &self.keys) else {
                    return Err(HostError::NoLogs);
                };
                if let Some(alone) = &logs.alone {
                    if let Some(old) = sealed.take() {
                        logs.files.unseal(alone, &old)?;
                    }
                    if let Some(segment) = &segment {
                        let (world, parquet) = (&self.world, &block.parquet);
                        (logs.files).seal(alone, keys.keystore(), world, segment, parquet)?;
                        *sealed = Some(segment.clone());
                    }
                }
            }
            if let Some(receipt) = self.commit(draft)? {
                return Ok(Ingested { receipt, segment });
            }
        }
    }
}
