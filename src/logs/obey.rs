//! Making the files agree with the world: what it knows is there, sealed as it says; what it does not know any
//! more is gone. It decides nothing itself.
//!
//! ```text
//! erase hot copies that are not hot any more
//! → re-seal what was drained from the buffer → take away what is gone → fill the hot cache
//! ```
//! Every step can be done twice, late or by another process, and goes on where a crash stopped it. Whoever
//! does it holds [`Alone`] and a world that is at the journal's head.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::sealed::{Label, SealedError, Tier};
use super::shelves::Shelves;
use crate::engine::World;
use crate::engine::ids::SegmentId;
use crate::engine::ingestion::segment::{KeyClass, Segment};
use crate::keystore::{Keystore, KeystoreError};

/// All segments of a world.
pub type Segments = OrdMap<SegmentId, Arc<Segment>>;

/// Why the files do not follow the world, or a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    #[error(transparent)]
    Sealed(#[from] SealedError),

    #[error(transparent)]
    Key(#[from] KeystoreError),

    #[error("cannot {doing} {}: {source}. See that the state directory can be written.", path.display())]
    Lock {
        doing: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Shows that nobody else changes segments, in this process or another. The kernel gives the lock back when
/// this is dropped, or when the process ends in any way.
pub struct Alone {
    _lock: Option<File>,
}

/// The segments of a state directory as files.
#[derive(Clone)]
pub struct Files {
    pub shelves: Shelves,
    /// None in memory, where nobody else is.
    lock: Option<PathBuf>,
}

impl Files {
    pub fn in_folder(dir: &Path) -> Files {
        Files {
            shelves: Shelves::in_folder(dir),
            lock: Some(dir.join("logs.lock")),
        }
    }

    pub fn in_memory() -> Files {
        Files {
            shelves: Shelves::in_memory(),
            lock: None,
        }
    }

    /// Waits until nobody else changes segments.
    pub fn alone(&self) -> Result<Alone, LogsError> {
        let lock = match &self.lock {
            Some(path) => {
                let failed = |doing| {
                    move |source| LogsError::Lock {
                        doing,
                        path: path.clone(),
                        source,
                    }
                };
                let file = File::create(path).map_err(failed("create"))?;
                file.lock().map_err(failed("lock"))?;
                Some(file)
            }
            None => None,
        };
        Ok(Alone { _lock: lock })
    }

    /// Seals a new segment, durable on return, before the world knows of it.
    pub fn seal(
        &self,
        _alone: &Alone,
        keystore: &Keystore,
        world: &World,
        segment: &Segment,
        parquet: &[u8],
    ) -> Result<(), LogsError> {
        let key = keystore.segment_key(world, segment, segment.aek)?;
        self.shelves.put(Label::of(segment), &key, parquet)?;
        Ok(())
    }

    /// Takes back what [`Files::seal`] wrote and the world was not told of.
    pub fn unseal(&self, _alone: &Alone, segment: &Segment) -> Result<(), LogsError> {
        self.shelves.remove(Label::of(segment).tier, [segment.id])?;
        Ok(())
    }

    /// Makes the files what the world says. `before` is what they agreed with last; without it every name is
    /// looked at. One segment that cannot be brought to agree does not keep the others from it; the first
    /// error is returned.
    pub fn obey(
        &self,
        _alone: &Alone,
        keystore: &Keystore,
        world: &World,
        before: Option<&Segments>,
    ) -> Result<(), LogsError> {
        let work = match before {
            Some(before) => Work::since(before, &world.logs.segments),
            None => {
                self.shelves.sweep()?;
                self.all_work(world)?
            }
        };
        let mut first = Ok(());
        let mut note = |outcome: Result<(), LogsError>| {
            if let (Ok(()), Err(_)) = (&first, &outcome) {
                first = outcome;
            }
        };
        note(self.remove(Tier::Hot, work.cold));
        for segment in &work.drained {
            note(self.drain(keystore, world, segment));
        }
        for (tier, gone) in work.gone {
            note(self.remove(tier, gone));
        }
        for segment in &work.hot {
            note(self.warm(keystore, world, segment));
        }
        first
    }

    /// What the names of all files say is to be done.
    fn all_work(&self, world: &World) -> Result<Work, LogsError> {
        let mut work = Work::default();
        let list = |tier| self.shelves.list(tier).map(BTreeSet::from_iter);
        let (cold, buffer, hot) = (list(Tier::Cold)?, list(Tier::Buffer)?, list(Tier::Hot)?);
        let mut known: [BTreeSet<SegmentId>; 3] = Default::default();
        for segment in world.logs.segments.values() {
            let [cold_known, buffer_known, hot_known] = &mut known;
            match Label::of(segment).tier {
                Tier::Buffer => buffer_known.insert(segment.id),
                _ => cold_known.insert(segment.id),
            };
            if segment.drained_from.is_some() && !cold.contains(&segment.id) {
                work.drained.push(segment.clone());
            }
            if segment.hot {
                hot_known.insert(segment.id);
                if !hot.contains(&segment.id) {
                    work.hot.push(segment.clone());
                }
            }
        }
        work.cold = hot.difference(&known[2]).copied().collect();
        work.gone = vec![
            (Tier::Cold, cold.difference(&known[0]).copied().collect()),
            (
                Tier::Buffer,
                buffer.difference(&known[1]).copied().collect(),
            ),
        ];
        Ok(work)
    }

    fn remove(&self, tier: Tier, segments: Vec<SegmentId>) -> Result<(), LogsError> {
        self.shelves.remove(tier, segments)?;
        Ok(())
    }

    /// Writes a buffered segment to the store, under the customer's key (R-CMK-54).
    fn drain(
        &self,
        keystore: &Keystore,
        world: &World,
        segment: &Arc<Segment>,
    ) -> Result<(), LogsError> {
        let (to, Some(old)) = (Label::of(segment), segment.drained_from) else {
            return Ok(());
        };
        // It lay in the buffer under the Microsoft key of its account.
        let from = Label {
            tier: Tier::Buffer,
            segment: old,
            aek: segment.hot_aek,
            class: KeyClass::Microsoft,
        };
        if self.shelves.size(to.tier, to.segment)?.is_some() {
            return Ok(());
        }
        let buffer_key = keystore.segment_key(world, segment, from.aek)?;
        let opened = self.shelves.open(from, &buffer_key)?;
        let key = keystore.segment_key(world, segment, to.aek)?;
        self.shelves.copy(&opened, to, &key)?.publish()?;
        Ok(())
    }

    /// Puts a copy of a segment into the hot cache. While nobody can open the segment there is nothing to copy;
    /// it is read where it lies then.
    fn warm(
        &self,
        keystore: &Keystore,
        world: &World,
        segment: &Arc<Segment>,
    ) -> Result<(), LogsError> {
        let to = Label::hot(segment);
        if self.shelves.size(to.tier, to.segment)?.is_some() {
            return Ok(());
        }
        let key = match keystore.segment_key(world, segment, segment.aek) {
            Err(KeystoreError::Refused(_)) => return Ok(()),
            key => key?,
        };
        let opened = self.shelves.open(Label::of(segment), &key)?;
        let hot_key = keystore.segment_key(world, segment, segment.hot_aek)?;
        self.shelves.copy(&opened, to, &hot_key)?.publish()?;
        Ok(())
    }
}

/// What is to be done.
#[derive(Default)]
struct Work {
    /// Hot copies of what is not hot.
    cold: Vec<SegmentId>,
    /// Segments to be written from the buffer.
    drained: Vec<Arc<Segment>>,
    gone: Vec<(Tier, Vec<SegmentId>)>,
    /// Segments that want a hot copy.
    hot: Vec<Arc<Segment>>,
}

impl Work {
    /// What has changed between two moments of a world; costs by that and not by all there is.
    fn since(before: &Segments, now: &Segments) -> Work {
        let mut work = Work::default();
        let mut gone = Vec::new();
        for change in before.diff(now) {
            match change {
                DiffItem::Add(_, segment) => {
                    if segment.drained_from.is_some() {
                        work.drained.push(segment.clone());
                    }
                    if segment.hot {
                        work.hot.push(segment.clone());
                    }
                }
                DiffItem::Update { old, new } => match (old.1.hot, new.1.hot) {
                    (true, false) => work.cold.push(new.1.id),
                    (false, true) => work.hot.push(new.1.clone()),
                    _ => {}
                },
                DiffItem::Remove(_, segment) => {
                    work.cold.push(segment.id);
                    gone.push((Label::of(segment).tier, vec![segment.id]));
                }
            }
        }
        work.gone = gone;
        work
    }
}
