//! The footers of segments that queries have read, kept for the next one: what is in them and where, their
//! statistics. They are as secret as the records: they are dropped with the key's epoch, and a query that reads on
//! after that leaves none behind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use datafusion::common::{HashMap, Result, TableReference};
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::execution::cache::{Cache, CacheEntryInfo};
use object_store::path::Path;

use super::running::Running;
use crate::engine::ids::SegmentId;

/// The shared footers as one query sees them.
pub(super) struct Footers {
    shared: Arc<FileMetadataCache>,
    running: Arc<Running>,
}

impl Footers {
    pub fn new(shared: Arc<FileMetadataCache>, running: Arc<Running>) -> Footers {
        Footers { shared, running }
    }
}

/// Drops the footers of some segments, of whatever epoch.
pub(super) fn forget(shared: &FileMetadataCache, segments: &BTreeSet<SegmentId>) {
    for path in shared.list_entries().into_keys() {
        let name = path.filename().and_then(|name| name.parse().ok());
        if name.is_some_and(|id| segments.contains(&id)) {
            shared.remove(&path);
        }
    }
}

impl Cache<Path, CachedFileMetadataEntry> for Footers {
    fn get(&self, path: &Path) -> Option<CachedFileMetadataEntry> {
        self.shared.get(path)
    }

    fn put(&self, path: &Path, footer: CachedFileMetadataEntry) -> Option<CachedFileMetadataEntry> {
        let before = self.shared.put(path, footer);
        // Whoever revokes says so first and forgets then: either is after this.
        if self.running.revoked.load(Ordering::SeqCst) {
            self.shared.remove(path);
        }
        before
    }

    fn remove(&self, path: &Path) -> Option<CachedFileMetadataEntry> {
        self.shared.remove(path)
    }

    fn contains_key(&self, path: &Path) -> bool {
        self.shared.contains_key(path)
    }

    fn len(&self) -> usize {
        self.shared.len()
    }

    fn clear(&self) {
        self.shared.clear();
    }

    fn name(&self) -> String {
        self.shared.name()
    }

    fn cache_limit(&self) -> usize {
        self.shared.cache_limit()
    }

    fn update_cache_limit(&self, limit: usize) {
        self.shared.update_cache_limit(limit);
    }

    fn cache_ttl(&self) -> Option<Duration> {
        self.shared.cache_ttl()
    }

    fn update_cache_ttl(&self, ttl: Option<Duration>) {
        self.shared.update_cache_ttl(ttl);
    }

    fn drop_table_entries(&self, table: &TableReference) -> Result<()> {
        self.shared.drop_table_entries(table)
    }

    fn list_entries(&self) -> HashMap<Path, CacheEntryInfo<CachedFileMetadataEntry>> {
        self.shared.list_entries()
    }
}
