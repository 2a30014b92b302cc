//! A query that is under way, as those know it who may have to stop it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use super::table::Held;
use crate::engine::ids::{AekId, SegmentId};
use crate::logs::sealed_store::SealedStore;

pub(super) struct Running {
    pub segments: BTreeSet<SegmentId>,
    /// Of the keys it needs.
    pub epochs: BTreeMap<AekId, u64>,
    pub store: Arc<SealedStore>,
    /// The keys of something it reads are gone.
    pub revoked: AtomicBool,
    task: Mutex<Option<AbortHandle>>,
    /// Plain bytes of the segments that are to be read.
    pub bytes: AtomicU64,
    /// Segments of the tables, in every scan; those that are to be read; those that were in hot memory.
    pub segments_scanned: AtomicUsize,
    pub read: AtomicUsize,
    pub in_memory: AtomicUsize,
}

impl Running {
    pub fn new(
        segments: BTreeSet<SegmentId>,
        epochs: BTreeMap<AekId, u64>,
        store: SealedStore,
    ) -> Running {
        Running {
            segments,
            epochs,
            store: Arc::new(store),
            revoked: AtomicBool::new(false),
            task: Mutex::default(),
            bytes: AtomicU64::new(0),
            segments_scanned: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            in_memory: AtomicUsize::new(0),
        }
    }

    /// Counts what a scan will read.
    pub fn count(&self, segments: usize, files: &[&Held], in_memory: usize) {
        self.segments_scanned.fetch_add(segments, Ordering::Relaxed);
        self.expect(files.iter().map(|held| held.segment.plain).sum());
        self.read.fetch_add(files.len(), Ordering::Relaxed);
        self.in_memory.fetch_add(in_memory, Ordering::Relaxed);
    }

    /// About so many bytes more will be read.
    pub fn expect(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// This is what works for it.
    pub fn works(&self, task: AbortHandle) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Stops it for good: it opens nothing more, and what works for it ends as soon as it looks up.
    pub fn stop(&self) {
        self.store.close();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.as_ref() {
            task.abort();
        }
    }

    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::SeqCst);
        self.stop();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({} segments)", self.segments.len())
    }
}
