//! Hot memory: columns of hot segments as Arrow arrays, decrypted, within a budget of bytes. What a query asks for
//! is loaded once; the segments that were not asked for longest go first. An entry belongs to one epoch of one
//! account key, and what is dropped is overwritten as far as nobody else holds it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray, TimestampMicrosecondArray};
use arrow::buffer::Buffer;
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::engine::ids::{AekId, SegmentId};
use crate::engine::ingestion::schema::TIME;
use crate::engine::ingestion::segment::Segment;

/// What is in hot memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HotUse {
    pub segments: usize,
    pub bytes: usize,
    pub budget: usize,
}

pub(super) struct HotMemory {
    budget: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bytes: usize,
    /// Counts uses.
    clock: u64,
    segments: BTreeMap<SegmentId, Entry>,
    /// What loads needed that found no room, so that they are not tried in vain again.
    needed: BTreeMap<SegmentId, usize>,
}

struct Entry {
    aek: AekId,
    epoch: u64,
    used: u64,
    bytes: usize,
    /// Rows of each piece.
    rows: Vec<usize>,
    columns: BTreeMap<String, Vec<ArrayRef>>,
    /// The earliest and latest time in each piece, once the column of times is there.
    times: Option<Vec<(i64, i64)>>,
}

/// Pieces of a segment as record batches, with the earliest and latest time in each where they are known.
pub(super) struct Pieces {
    pub batches: Vec<RecordBatch>,
    pub times: Option<Vec<(i64, i64)>>,
}

impl HotMemory {
    pub fn new(budget: usize) -> HotMemory {
        HotMemory {
            budget,
            kept: Mutex::default(),
        }
    }

    pub fn usage(&self) -> HotUse {
        let kept = self.kept();
        HotUse {
            segments: kept.segments.len(),
            bytes: kept.bytes,
            budget: self.budget,
        }
    }

    /// The columns of `schema` that are to be loaded before the segment can be taken from memory; none of
    /// them may be missing for it to be there already.
    pub fn missing(&self, segment: SegmentId, epoch: u64, schema: &SchemaRef) -> Vec<usize> {
        let kept = self.kept();
        let entry = kept.segments.get(&segment).filter(|e| e.epoch == epoch);
        let there = |name: &str, kind: &DataType| entry.is_some_and(|entry| entry.has(name, kind));
        (0..schema.fields().len())
            .filter(|n| !there(schema.field(*n).name(), schema.field(*n).data_type()))
            .collect()
    }

    /// Which of some segments may be loaded without pushing out others that the same query uses. Each comes
    /// with the bytes it will need, as far as one can tell.
    pub fn admit(
        &self,
        wanted: &[(SegmentId, usize)],
        using: &BTreeSet<SegmentId>,
    ) -> BTreeSet<SegmentId> {
        let kept = self.kept();
        let pinned = using.iter().filter_map(|id| kept.segments.get(id));
        let mut free = self.budget.saturating_sub(pinned.map(|e| e.bytes).sum());
        let mut admitted = BTreeSet::new();
        for (segment, bytes) in wanted {
            let needed = kept.needed.get(segment).copied().unwrap_or_default();
            let bytes = needed.max(*bytes);
            if bytes <= free {
                free -= bytes;
                admitted.insert(*segment);
            }
        }
        admitted
    }

    /// Keeps loaded columns of a segment. They do not stay when the query's keys are gone by now, nor when there
    /// is no room without those that are `using` it.
    pub fn keep(
        &self,
        segment: &Segment,
        epoch: u64,
        batches: Vec<RecordBatch>,
        using: &BTreeSet<SegmentId>,
        revoked: &AtomicBool,
    ) {
        let loaded = Entry::new(segment.aek, epoch, batches);
        let mut kept = self.kept();
        if revoked.load(Ordering::SeqCst) {
            loaded.wipe();
            return;
        }
        kept.clock += 1;
        let clock = kept.clock;
        let needed = loaded.bytes;
        let mut entry = match kept.take(segment.id) {
            Some(old) if old.epoch == epoch && old.rows == loaded.rows => old.with(loaded),
            Some(old) => {
                old.wipe();
                loaded
            }
            None => loaded,
        };
        entry.used = clock;
        while kept.bytes + entry.bytes > self.budget {
            let others = kept.segments.iter().filter(|(id, _)| !using.contains(id));
            let oldest = others.min_by_key(|(_, e)| e.used).map(|(id, _)| *id);
            match oldest.and_then(|id| kept.take(id)) {
                Some(entry) => entry.wipe(),
                None => {
                    entry.wipe();
                    kept.needed.insert(segment.id, needed);
                    return;
                }
            }
        }
        kept.bytes += entry.bytes;
        kept.segments.insert(segment.id, entry);
    }

    /// The columns of `schema` of a segment, when all of them are there.
    pub fn pieces(&self, segment: SegmentId, epoch: u64, schema: &SchemaRef) -> Option<Pieces> {
        let mut kept = self.kept();
        kept.clock += 1;
        let clock = kept.clock;
        let entry = kept.segments.get_mut(&segment)?;
        if entry.epoch != epoch {
            return None;
        }
        entry.used = clock;
        entry.pieces(schema)
    }

    /// Drops what is kept of some segments.
    pub fn forget(&self, segments: &BTreeSet<SegmentId>) {
        let mut kept = self.kept();
        for segment in segments {
            kept.needed.remove(segment);
            if let Some(entry) = kept.take(*segment) {
                entry.wipe();
            }
        }
    }

    /// Drops what is kept under a key of other epochs than this.
    pub fn forget_other(&self, aek: AekId, epoch: u64) {
        self.forget_where(|entry| entry.aek == aek && entry.epoch != epoch);
    }

    pub fn forget_all(&self) {
        self.forget_where(|_| true);
        self.kept().needed.clear();
    }

    fn forget_where(&self, which: impl Fn(&Entry) -> bool) {
        let kept = self.kept();
        let found = kept.segments.iter().filter(|(_, entry)| which(entry));
        let segments = found.map(|(id, _)| *id).collect();
        drop(kept);
        self.forget(&segments);
    }

    /// Every change leaves it whole.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn take(&mut self, segment: SegmentId) -> Option<Entry> {
        let entry = self.segments.remove(&segment)?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

impl Entry {
    fn new(aek: AekId, epoch: u64, batches: Vec<RecordBatch>) -> Entry {
        let mut columns: BTreeMap<String, Vec<ArrayRef>> = BTreeMap::new();
        let rows = batches.iter().map(RecordBatch::num_rows).collect();
        let mut owned = Owned::default();
        for batch in &batches {
            for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                let pieces = columns.entry(field.name().clone()).or_default();
                pieces.push(owned.own(array));
            }
        }
        let times = columns.get(TIME).and_then(|pieces| spans(pieces));
        Entry {
            aek,
            epoch,
            used: 0,
            bytes: columns.values().map(|pieces| size(pieces)).sum(),
            rows,
            columns,
            times,
        }
    }

    fn has(&self, name: &str, kind: &DataType) -> bool {
        let pieces = self.columns.get(name);
        pieces.is_some_and(|pieces| pieces.iter().all(|piece| piece.data_type() == kind))
    }

    /// Adds the columns of another load of the same rows.
    fn with(mut self, more: Entry) -> Entry {
        let mut replaced = Vec::new();
        for (name, pieces) in more.columns {
            self.bytes += size(&pieces);
            if let Some(old) = self.columns.insert(name, pieces) {
                self.bytes -= size(&old);
                replaced.extend(old);
            }
        }
        wipe(replaced);
        self.times = self.times.or(more.times);
        self
    }

    fn pieces(&self, schema: &SchemaRef) -> Option<Pieces> {
        let columns: Vec<&Vec<ArrayRef>> = (schema.fields().iter())
            .map(|field| {
                (self.columns.get(field.name()))
                    .filter(|_| self.has(field.name(), field.data_type()))
            })
            .collect::<Option<_>>()?;
        let batches = self.rows.iter().enumerate().map(|(n, rows)| {
            let arrays = columns.iter().map(|pieces| pieces[n].clone()).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(*rows));
            RecordBatch::try_new_with_options(schema.clone(), arrays, &options).ok()
        });
        Some(Pieces {
            batches: batches.collect::<Option<_>>()?,
            times: self.times.clone(),
        })
    }

    fn wipe(self) {
        wipe(self.columns.into_values().flatten().collect());
    }
}

/// The earliest and latest time of each piece of the column of times.
fn spans(pieces: &[ArrayRef]) -> Option<Vec<(i64, i64)>> {
    (pieces.iter())
        .map(|piece| {
            let times = piece.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
            Some((min(times)?, max(times)?))
        })
        .collect()
}

/// Bytes of the buffers of a column, each counted once.
fn size(pieces: &[ArrayRef]) -> usize {
    let mut seen = BTreeSet::new();
    let buffers = pieces.iter().flat_map(buffers);
    let new = buffers.filter(|buffer| seen.insert(buffer.as_ptr() as usize));
    new.map(|buffer| buffer.capacity()).sum()
}

fn buffers(array: &ArrayRef) -> Vec<Buffer> {
    let data = array.to_data();
    let nulls = data.nulls().map(|nulls| nulls.buffer().clone());
    data.buffers().iter().cloned().chain(nulls).collect()
}

/// Texts that come out of Parquet lie in the pages they were read from. Copied out of them, they can be
/// overwritten when they are dropped.
#[derive(Default)]
struct Owned(HashMap<(usize, usize), Buffer>);

impl Owned {
    fn own(&mut self, array: &ArrayRef) -> ArrayRef {
        let Some(texts) = array.as_string_view_opt() else {
            return array.clone();
        };
        let copies = (texts.data_buffers().iter()).map(|buffer| {
            let place = (buffer.as_ptr() as usize, buffer.len());
            let copy = || Buffer::from_vec(buffer.as_slice().to_vec());
            // The pages stay until all pieces of the segment are copied: no other one is in that place.
            self.0.entry(place).or_insert_with(copy).clone()
        });
        let (views, copies) = (texts.views().clone(), copies.collect::<Vec<_>>());
        match StringViewArray::try_new(views, copies, texts.nulls().cloned()) {
            Ok(owned) => Arc::new(owned),
            Err(_) => array.clone(),
        }
    }
}

/// Overwrites what only these arrays hold, and says how many bytes that were.
fn wipe(arrays: Vec<ArrayRef>) -> usize {
    let mut all: BTreeMap<usize, Buffer> = BTreeMap::new();
    for array in &arrays {
        for buffer in buffers(array) {
            all.entry(buffer.as_ptr() as usize).or_insert(buffer);
        }
    }
    drop(arrays);
    let mut wiped = 0;
    for buffer in all.into_values() {
        if let Ok(mut bytes) = buffer.into_mutable() {
            bytes.as_slice_mut().fill(0);
            std::hint::black_box(&bytes);
            wiped += bytes.len();
        }
    }
    wiped
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::cast;
    use arrow::datatypes::{Field, Schema};
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

    use super::*;

    /// Numbers and texts, each text many times, as they come out of Parquet.
    fn read() -> Vec<RecordBatch> {
        let texts = StringArray::from_iter_values(
            (0..9_000).map(|n| format!("a text of some length, and its number {}", n % 700)),
        );
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(0..9_000)),
            cast(&texts, &DataType::Utf8View).unwrap(),
        ];
        let schema = Arc::new(Schema::new(vec![
            Field::new("Number", DataType::Int64, true),
            Field::new("Text", DataType::Utf8View, false),
        ]));
        let records = RecordBatch::try_new(schema.clone(), columns).unwrap();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, schema.clone(), None).unwrap();
        writer.write(&records).unwrap();
        writer.close().unwrap();
        let options = ArrowReaderOptions::new().with_schema(schema);
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(
            bytes::Bytes::from(file),
            options,
        );
        let reader = reader.unwrap().with_batch_size(1_024).build().unwrap();
        reader.map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_dropped_is_overwritten_all_of_it() {
        let entry = Entry::new(AekId(1), 1, read());
        let texts: usize = 700 * "a text of some length, and its number 123".len();
        // Every text is there once, though many records have it.
        assert!(
            entry.bytes < 9_000 * (8 + 16) + 2 * texts,
            "{}",
            entry.bytes
        );
        let arrays: Vec<ArrayRef> = entry.columns.into_values().flatten().collect();
        let all: BTreeMap<usize, usize> = arrays
            .iter()
            .flat_map(buffers)
            .map(|buffer| (buffer.as_ptr() as usize, buffer.len()))
            .collect();
        assert_eq!(wipe(arrays), all.values().sum::<usize>());
    }

    #[test]
    fn what_a_query_still_holds_is_left_to_it() {
        let entry = Entry::new(AekId(1), 1, read());
        let arrays: Vec<ArrayRef> = entry.columns.into_values().flatten().collect();
        let held = arrays[0].clone();
        let before = held.to_data();
        assert!(wipe(arrays) > 0);
        assert_eq!(held.to_data(), before);
        assert!(held.as_primitive::<arrow::datatypes::Int64Type>().value(9) == 9);
    }
}
