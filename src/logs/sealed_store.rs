//! The sealed files of one query as an object store: plain bytes come out, and only those blocks are opened that
//! they lie in. Parquet, its page index, statistics and bloom filters know nothing of the sealing.
//!
//! An object is a segment, whichever copy of it is read: the hot one where there is one, else the segment itself.
//! It is there only while its key is: [`SealedStore::close`] takes the keys away from a query that is running.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};

use super::sealed::{BLOCK, Damage, HEADER, Label, Sealed, SealedError};
use super::shelves::Shelves;
use crate::crypto::Secret;
use crate::crypto::envelope::TAG;
use crate::engine::ids::{AekId, SegmentId};
use crate::engine::ingestion::segment::Segment;

/// The account keys that are live for one query, each with its epoch: a number that is another one whenever the
/// key was gone in between.
#[derive(Clone, Default)]
pub struct Keyring(BTreeMap<AekId, (u64, Arc<Secret>)>);

impl Keyring {
    pub fn add(&mut self, aek: AekId, epoch: u64, key: Secret) {
        self.0.insert(aek, (epoch, Arc::new(key)));
    }

    /// The epoch of a key, none when it is not live.
    pub fn epoch(&self, aek: AekId) -> Option<u64> {
        self.0.get(&aek).map(|(epoch, _)| *epoch)
    }

    fn key(&self, aek: AekId) -> Option<Arc<Secret>> {
        self.0.get(&aek).map(|(_, key)| key.clone())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why a segment cannot be read in a query.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{segment} cannot be opened: its key {aek} is not there. Ask again when it is.")]
    NoKey { segment: SegmentId, aek: AekId },

    #[error(transparent)]
    Sealed(#[from] SealedError),
}

/// What a query has read so far.
#[derive(Debug, Default)]
pub struct Reads {
    blocks: AtomicU64,
    bytes: AtomicU64,
}

impl Reads {
    /// Blocks opened.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// Sealed bytes read, headers and tags among them.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn count(&self, blocks: u64) {
        let bytes = HEADER as u64 + blocks * (BLOCK + TAG) as u64;
        self.blocks.fetch_add(blocks, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Only reads.
pub struct SealedStore {
    shelves: Shelves,
    objects: BTreeMap<Path, Object>,
    /// None once they were taken away.
    keys: RwLock<Option<Keyring>>,
    reads: Reads,
    /// Hot copies that could not be read, and why; the segments themselves are read instead.
    passed_over: Mutex<BTreeMap<SegmentId, SealedError>>,
    /// What the first failed read failed from: on its way through Parquet it becomes a text.
    failed: Mutex<Option<ReadError>>,
}

struct Object {
    plain: u64,
    hot: Option<Label>,
    cold: Label,
}

impl SealedStore {
    pub fn new<'a>(
        shelves: Shelves,
        segments: impl IntoIterator<Item = &'a Segment>,
        keys: Keyring,
    ) -> SealedStore {
        let objects = segments.into_iter().map(|segment| {
            let object = Object {
                plain: segment.plain,
                hot: segment.hot.then(|| Label::hot(segment)),
                cold: Label::of(segment),
            };
            (path(segment.id, keys.epoch(segment.aek)), object)
        });
        SealedStore {
            shelves,
            objects: objects.collect(),
            keys: RwLock::new(Some(keys)),
            reads: Reads::default(),
            passed_over: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// Takes the keys away: nothing is opened from now on.
    pub fn close(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The hot copies that could not be read so far.
    pub fn take_passed_over(&self) -> Vec<SealedError> {
        std::mem::take(&mut *guard(&self.passed_over))
            .into_values()
            .collect()
    }

    /// What the first failed read failed from.
    pub fn take_failed(&self) -> Option<ReadError> {
        guard(&self.failed).take()
    }

    /// The plain bytes of some ranges of an object, which come back in the order given.
    fn read(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let object = self.object(location)?;
        let spoiled = guard(&self.passed_over).contains_key(&object.cold.segment);
        let hot = object.hot.filter(|_| !spoiled);
        let found = match hot.map(|label| self.read_file(object, label, ranges)) {
            Some(Ok(found)) => Ok(found),
            Some(Err(ReadError::Sealed(error))) => {
                guard(&self.passed_over).insert(object.cold.segment, error);
                self.read_file(object, object.cold, ranges)
            }
            // The Microsoft key is not there, or none is any more.
            Some(Err(ReadError::NoKey { .. })) | None => {
                self.read_file(object, object.cold, ranges)
            }
        };
        found.map_err(|error| {
            let told = Error::Generic {
                store: "sealed",
                source: error.to_string().into(),
            };
            guard(&self.failed).get_or_insert(error);
            told
        })
    }

    fn read_file(
        &self,
        object: &Object,
        label: Label,
        ranges: &[Range<u64>],
    ) -> std::result::Result<Vec<Bytes>, ReadError> {
        let file = self.open(object, label)?;
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_unstable_by_key(|at| ranges[*at].start);
        let mut found = vec![Bytes::new(); ranges.len()];
        let mut order = order.into_iter().peekable();
        while let Some(first) = order.next() {
            // As long as the next range begins in a block that is opened anyway, or in the one after.
            let (mut all, mut together) = (ranges[first].clone(), vec![first]);
            while let Some(next) = order.next_if(|next| {
                ranges[*next].start / BLOCK as u64 <= all.end.div_ceil(BLOCK as u64)
            }) {
                all.end = all.end.max(ranges[next].end);
                together.push(next);
            }
            let blocks = file.covering(&all);
            self.reads.count(blocks.end - blocks.start);
            let bytes = file.read(all.clone())?;
            for at in together {
                let within = |offset: u64| {
                    usize::try_from(offset - all.start)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len())
                };
                found[at] = bytes.slice(within(ranges[at].start)..within(ranges[at].end));
            }
        }
        Ok(found)
    }

    fn open(&self, object: &Object, label: Label) -> std::result::Result<Sealed, ReadError> {
        let key = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            // Whose copy it is makes no difference: without the segment's own key, it is not read.
            let needed = [object.cold.aek, label.aek];
            let missing = needed
                .iter()
                .find(|aek| keys.as_ref().is_none_or(|keys| keys.epoch(**aek).is_none()));
            let key = keys.as_ref().and_then(|keys| keys.key(label.aek));
            match (missing, key) {
                (None, Some(key)) => key,
                (missing, _) => {
                    return Err(ReadError::NoKey {
                        segment: label.segment,
                        aek: missing.copied().unwrap_or(label.aek),
                    });
                }
            }
        };
        let file = self.shelves.open(label, &key)?;
        let (found, wanted) = (file.header().plain, object.plain);
        if found != wanted {
            return Err(ReadError::Sealed(SealedError::Damaged {
                path: file.path().to_owned(),
                damage: Damage::Plain { found, wanted },
            }));
        }
        Ok(file)
    }

    fn object(&self, location: &Path) -> Result<&Object> {
        self.objects.get(location).ok_or_else(|| Error::NotFound {
            path: location.to_string(),
            source: "the query has no such segment".into(),
        })
    }
}

/// The name of a segment in the store. It holds the epoch of its key, so that what was remembered of it under
/// another one is not taken for what it is now.
pub fn path(segment: SegmentId, epoch: Option<u64>) -> Path {
    Path::from_iter([epoch.unwrap_or_default().to_string(), segment.to_string()])
}

/// What the store says of an object. A segment never changes, so it has no time.
pub fn meta(location: Path, size: u64) -> ObjectMeta {
    ObjectMeta {
        location,
        last_modified: DateTime::UNIX_EPOCH,
        size,
        e_tag: None,
        version: None,
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sealed segments", self.objects.len())
    }
}

impl fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A query changes nothing.
fn read_only<T>(operation: &str) -> Result<T> {
    Err(Error::NotSupported {
        source: format!("a query cannot {operation} sealed segments").into(),
    })
}

#[async_trait]
impl ObjectStore for SealedStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let object = self.object(location)?;
        let meta = meta(location.clone(), object.plain);
        let range = match &options.range {
            Some(range) => clip(range, object.plain)?,
            None => 0..object.plain,
        };
        let parts = match options.head {
            true => Vec::new(),
            false => self.read(location, std::slice::from_ref(&range))?,
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::iter(parts.into_iter().map(Ok)).boxed()),
            meta,
            range,
            attributes: Attributes::default(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.read(location, ranges)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let found: Vec<_> = (self.objects.iter())
            .filter(|(location, _)| prefix.is_none_or(|prefix| location.prefix_matches(prefix)))
            .map(|(location, object)| Ok(meta(location.clone(), object.plain)))
            .collect();
        stream::iter(found).boxed()
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> Result<ListResult> {
        read_only("list the folders of")
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        read_only("write")
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        read_only("write")
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::iter([read_only("delete")]).boxed()
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        read_only("copy")
    }
}

fn clip(range: &GetRange, length: u64) -> Result<Range<u64>> {
    range.as_range(length).map_err(|error| Error::Generic {
        store: "sealed",
        source: error.to_string().into(),
    })
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;
    use crate::crypto::envelope::KEY;
    use crate::engine::SimTime;
    use crate::engine::ids::TableName;
    use crate::engine::ingestion::segment::{KeyClass, Store};
    use crate::logs::sealed::Tier;

    const AEK: AekId = AekId(2);
    const MICROSOFT: AekId = AekId(1);

    fn plain() -> Vec<u8> {
        (0..10 * BLOCK + 99)
            .map(|n| (n * 31 + n / 251) as u8)
            .collect()
    }

    fn segment(hot: bool) -> Segment {
        Segment {
            id: SegmentId(7),
            workspace: "s/rg/ws".into(),
            table: TableName::from("T"),
            store: Store::Cluster("s/rg/cluster".into()),
            class: KeyClass::Customer,
            aek: AEK,
            hot_aek: MICROSOFT,
            ingested_at: SimTime(0),
            rows: 1,
            raw: 1,
            plain: plain().len() as u64,
            from: SimTime(0),
            to: SimTime(0),
            hot,
            drained_from: None,
        }
    }

    fn key(aek: AekId) -> Secret {
        Secret::from(vec![aek.0 as u8; KEY])
    }

    fn store(segment: &Segment, aeks: &[AekId]) -> (Shelves, SealedStore) {
        let shelves = Shelves::in_memory();
        let put = |label: Label| shelves.put(label, &key(label.aek), &plain()).unwrap();
        put(Label::of(segment));
        if segment.hot {
            put(Label::hot(segment));
        }
        let mut keys = Keyring::default();
        for aek in aeks {
            keys.add(*aek, 5, key(*aek));
        }
        let store = SealedStore::new(shelves.clone(), [segment], keys);
        (shelves, store)
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    #[test]
    fn sizes_are_those_of_the_plain_bytes_and_ranges_come_back_in_the_order_given() {
        let (_, store) = store(&segment(false), &[AEK]);
        let (plain, at) = (plain(), path(SegmentId(7), Some(5)));
        assert_eq!(wait(store.head(&at)).unwrap().size, plain.len() as u64);
        let listed: Vec<_> = wait(store.list(None).collect::<Vec<_>>());
        assert_eq!(listed[0].as_ref().unwrap().size, plain.len() as u64);
        assert_eq!(store.reads().blocks(), 0);

        let block = BLOCK as u64;
        let ranges = [
            block * 9 + 5..block * 9 + 7,
            3..90,
            0..4,
            block + 1..block * 2 + 1,
            50..50,
        ];
        let found = wait(store.get_ranges(&at, &ranges)).unwrap();
        for (range, found) in ranges.iter().zip(found) {
            assert_eq!(found, plain[range.start as usize..range.end as usize]);
        }
        // Blocks 0, 1 and 2 at one go, and block 9.
        assert_eq!(store.reads().blocks(), 4);
        let whole = wait(async { store.get(&at).await?.bytes().await }).unwrap();
        assert_eq!(whole, plain);
        let tail = wait(store.get_range(&at, block * 10..u64::MAX)).unwrap();
        assert_eq!(tail, plain[10 * BLOCK..]);
        let other = path(SegmentId(7), Some(6));
        assert!(matches!(
            wait(store.head(&other)),
            Err(Error::NotFound { .. })
        ));
    }

    #[test]
    fn nothing_is_read_without_the_key_of_the_segment_whatever_lies_beside_it() {
        let hot = segment(true);
        for aeks in [&[MICROSOFT][..], &[]] {
            let (_, store) = store(&hot, aeks);
            let at = path(
                hot.id,
                store.keys.read().unwrap().as_ref().unwrap().epoch(AEK),
            );
            wait(store.get_range(&at, 0..1)).unwrap_err();
            let failed = store.take_failed().unwrap();
            assert!(
                matches!(failed, ReadError::NoKey { aek: AEK, .. }),
                "{failed}"
            );
            assert_eq!(store.reads().blocks(), 0);
        }
        let (_, store) = store(&hot, &[AEK, MICROSOFT]);
        let at = path(hot.id, Some(5));
        wait(store.get_range(&at, 0..1)).unwrap();
        store.close();
        wait(store.get_range(&at, 0..1)).unwrap_err();
        assert!(matches!(store.take_failed(), Some(ReadError::NoKey { .. })));
    }

    #[test]
    fn the_hot_copy_is_read_where_there_is_one_and_passed_over_when_it_is_no_copy() {
        let hot = segment(true);
        let (shelves, store) = store(&hot, &[AEK, MICROSOFT]);
        let at = path(hot.id, Some(5));
        shelves.remove(Tier::Cold, [hot.id]).unwrap();
        wait(store.get_range(&at, 0..1)).unwrap();
        let (cold, other) = (Label::of(&hot), Label::hot(&hot));
        shelves.put(cold, &key(AEK), &plain()).unwrap();
        shelves
            .put(other, &key(MICROSOFT), b"another thing")
            .unwrap();
        let found = wait(store.get_range(&at, 0..9)).unwrap();
        assert_eq!(found, plain()[..9]);
        let passed_over = store.take_passed_over();
        assert!(matches!(
            passed_over[0].damage(),
            Some(Damage::Plain { found: 13, .. })
        ));
        assert!(store.take_failed().is_none());
    }

    #[test]
    fn a_query_writes_nothing() {
        let (_, store) = store(&segment(false), &[AEK]);
        let at = path(SegmentId(7), Some(5));
        wait(store.put(&at, PutPayload::from_static(b"x"))).unwrap_err();
        wait(store.put_multipart(&at)).err().unwrap();
        wait(store.delete(&at)).unwrap_err();
        wait(store.copy(&at, &Path::from("other"))).unwrap_err();
        assert_eq!(wait(store.get_range(&at, 0..1)).unwrap().len(), 1);
    }
}
