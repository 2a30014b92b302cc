//! A table as the query engine sees it: its records lie in sealed segments, of which some are in hot memory. It is
//! made for one query, from keys that are live then, and dropped with it: what it knows of hidden data is gone.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::{
    Column, ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics,
    project_schema,
};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::conjunction;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::engine::Shared;
use super::evolve::Evolve;
use super::footers::Footers;
use super::hot::Pieces;
use super::running::Running;
use crate::engine::ids::SegmentId;
use crate::engine::ingestion::schema::TIME;
use crate::engine::ingestion::segment::Segment;
use crate::logs::sealed_store;

/// A segment of the table, and the epoch of its key.
#[derive(Debug)]
pub(super) struct Held {
    pub segment: Segment,
    pub epoch: u64,
}

#[derive(Debug)]
pub(super) struct SegmentTable {
    pub schema: SchemaRef,
    pub held: Vec<Held>,
    pub shared: Arc<Shared>,
    pub running: Arc<Running>,
}

/// The name the sealed store of a query has there.
pub(super) fn store_url() -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse("sealed://segments")
}

/// Bytes read from the end of a segment to get its footer.
const FOOTER: usize = 64 * 1024;

#[async_trait]
impl TableProvider for SegmentTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// What a segment's times, statistics or pages say of a filter only leaves out what cannot match.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = Wanted {
            schema: project_schema(&self.schema, projection)?,
            projection: projection.cloned(),
            pruning: self.pruning(state, filters)?,
            limit: limit.filter(|_| filters.is_empty()),
        };
        let kept = self.within(&wanted)?;
        let threads = state.config().target_partitions();
        let (pieces, files) = self.in_memory(state, &kept, &wanted).await?;

        let in_memory = kept.len() - files.len();
        self.running.count(self.held.len(), &files, in_memory);
        let mut parts: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !pieces.is_empty() {
            let partitions = spread(pieces, threads);
            parts.push(MemorySourceConfig::try_new_exec(
                &partitions,
                wanted.schema.clone(),
                None,
            )?);
        }
        if !files.is_empty() {
            parts.push(self.files(&files, &wanted, threads)?);
        }
        match parts.len() {
            0 => Ok(Arc::new(EmptyExec::new(wanted.schema))),
            1 => Ok(parts.remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }
}

/// What one scan asks for.
struct Wanted {
    /// Of the columns that are asked for.
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
    /// Tells by times what cannot match.
    pruning: Option<PruningPredicate>,
    limit: Option<usize>,
}

impl Wanted {
    fn may_match(&self, times: &[(i64, i64)]) -> Result<Vec<bool>> {
        match &self.pruning {
            Some(pruning) => pruning.prune(&Times(times)),
            None => Ok(vec![true; times.len()]),
        }
    }

    /// Whether it is better answered from the files than by loading whole columns first.
    fn takes_few(&self) -> bool {
        self.limit.is_some_and(|limit| limit <= 10_000) || self.schema.fields().is_empty()
    }
}

impl SegmentTable {
    fn pruning(&self, state: &dyn Session, filters: &[Expr]) -> Result<Option<PruningPredicate>> {
        if filters.is_empty() {
            return Ok(None);
        }
        let schema = DFSchema::try_from(self.schema.clone())?;
        let all: Vec<_> = (filters.iter())
            .map(|filter| state.create_physical_expr(filter.clone(), &schema))
            .collect::<Result<_>>()?;
        // What cannot be told from statistics is no reason to leave anything out.
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(self.schema.clone())
            .try_build(conjunction(all))
            .ok();
        Ok(predicate.filter(|predicate| !predicate.always_true()))
    }

    /// The segments that may hold what is asked for, the earliest first.
    fn within(&self, wanted: &Wanted) -> Result<Vec<&Held>> {
        let times = self.held.iter().map(|h| (h.segment.from.0, h.segment.to.0));
        let may = wanted.may_match(&times.collect::<Vec<_>>())?;
        let kept = self.held.iter().zip(may).filter(|(_, may)| *may);
        let mut kept: Vec<&Held> = kept.map(|(held, _)| held).collect();
        kept.sort_by_key(|held| (held.segment.from, held.segment.id));
        Ok(kept)
    }

    /// What there is in hot memory, after what fits is loaded there; and the segments that are to be read.
    async fn in_memory<'a>(
        &self,
        state: &dyn Session,
        kept: &[&'a Held],
        wanted: &Wanted,
    ) -> Result<(Vec<RecordBatch>, Vec<&'a Held>)> {
        let hot = &self.shared.hot;
        let using: BTreeSet<SegmentId> = kept.iter().map(|held| held.segment.id).collect();
        if !wanted.takes_few() {
            // The latest first: they are asked for most.
            let missing: Vec<(&Held, Vec<usize>)> = (kept.iter().rev())
                .filter(|held| held.segment.hot)
                .map(|held| {
                    (
                        *held,
                        hot.missing(held.segment.id, held.epoch, &wanted.schema),
                    )
                })
                .filter(|(_, columns)| !columns.is_empty())
                .collect();
            let needs: Vec<(SegmentId, usize)> = (missing.iter())
                .map(|(held, columns)| {
                    let bytes = self.estimate(&held.segment, &wanted.schema, columns);
                    (held.segment.id, bytes)
                })
                .collect();
            let admitted = hot.admit(&needs, &using);
            let loads = (missing.into_iter())
                .filter(|(held, _)| admitted.contains(&held.segment.id))
                .map(|(held, columns)| self.load(state, held, columns, wanted, &using));
            let loads: Vec<_> = loads.collect();
            stream::iter(loads)
                .buffer_unordered(state.config().target_partitions())
                .try_collect::<()>()
                .await?;
        }
        let (mut batches, mut files) = (Vec::new(), Vec::new());
        for held in kept {
            let pieces = (held.segment.hot)
                .then(|| hot.pieces(held.segment.id, held.epoch, &wanted.schema))
                .flatten();
            match pieces {
                Some(pieces) => batches.extend(matching(pieces, wanted)?),
                None => files.push(*held),
            }
        }
        Ok((batches, files))
    }

    async fn load(
        &self,
        state: &dyn Session,
        held: &Held,
        columns: Vec<usize>,
        wanted: &Wanted,
        using: &BTreeSet<SegmentId>,
    ) -> Result<()> {
        let all = |n: &usize| wanted.projection.as_ref().map_or(*n, |p| p[*n]);
        let projection: Vec<usize> = columns.iter().map(all).collect();
        let whole = Wanted {
            schema: project_schema(&self.schema, Some(&projection))?,
            projection: Some(projection),
            pruning: None,
            limit: None,
        };
        let share = held.segment.plain * columns.len() as u64 / self.schema.fields().len() as u64;
        self.running.expect(share);
        let plan = self.files(&[held], &whole, 1)?;
        let batches = SpawnedTask::spawn(collect(plan, state.task_ctx()))
            .join_unwind()
            .await
            .map_err(|error| DataFusionError::External(error.into()))??;
        self.shared.hot.keep(
            &held.segment,
            held.epoch,
            batches,
            using,
            &self.running.revoked,
        );
        Ok(())
    }

    /// Bytes that some columns of a segment will need in memory, roughly: texts share the raw bytes evenly.
    fn estimate(&self, segment: &Segment, schema: &SchemaRef, columns: &[usize]) -> usize {
        let (rows, raw) = (to_usize(segment.rows), to_usize(segment.raw));
        let texts = raw / self.schema.fields().len().max(1);
        let column = |n: &usize| match schema.field(*n).data_type() {
            DataType::Utf8View => rows * 16 + texts,
            kind => rows * kind.primitive_width().unwrap_or(1),
        };
        columns.iter().map(column).sum()
    }

    /// Reads segments from their files.
    fn files(
        &self,
        files: &[&Held],
        wanted: &Wanted,
        threads: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let footers = Footers::new(self.shared.footers.clone(), self.running.clone());
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(self.shared.parquet())
            .with_metadata_size_hint(FOOTER)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(
                self.running.store.clone(),
                Arc::new(footers),
            )));
        let group = FileGroup::new(files.iter().map(|held| self.file(held)).collect());
        let config = FileScanConfigBuilder::new(store_url()?, Arc::new(source))
            .with_file_groups(group.split_files(threads))
            .with_projection_indices(wanted.projection.clone())?
            .with_statistics(self.about(files))
            .with_limit(wanted.limit)
            .with_expr_adapter(Some(Arc::new(Evolve)))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn file(&self, held: &Held) -> PartitionedFile {
        let segment = &held.segment;
        let path = sealed_store::path(segment.id, Some(held.epoch));
        let mut about = Statistics::new_unknown(&self.schema);
        if let Ok(time) = self.schema.index_of(TIME) {
            let at =
                |time: i64| Precision::Exact(ScalarValue::TimestampMicrosecond(Some(time), None));
            about.column_statistics[time] = ColumnStatistics {
                min_value: at(segment.from.0),
                max_value: at(segment.to.0),
                null_count: Precision::Exact(0),
                ..ColumnStatistics::new_unknown()
            };
        }
        PartitionedFile::new_from_meta(sealed_store::meta(path, segment.plain))
            .with_statistics(Arc::new(about))
    }

    /// How much there is, for the order of joins. Nothing exact: no answer comes from it.
    fn about(&self, files: &[&Held]) -> Statistics {
        let rows = files.iter().map(|held| to_usize(held.segment.rows)).sum();
        let bytes = files.iter().map(|held| to_usize(held.segment.raw)).sum();
        Statistics {
            num_rows: Precision::Inexact(rows),
            total_byte_size: Precision::Inexact(bytes),
            ..Statistics::new_unknown(&self.schema)
        }
    }
}

/// The batches of a segment that may hold what is asked for.
fn matching(pieces: Pieces, wanted: &Wanted) -> Result<Vec<RecordBatch>> {
    let Some(times) = pieces.times else {
        return Ok(pieces.batches);
    };
    let may = wanted.may_match(&times)?;
    let kept = pieces.batches.into_iter().zip(may).filter(|(_, may)| *may);
    Ok(kept.map(|(batch, _)| batch).collect())
}

/// About the same number of rows for each thread.
fn spread(batches: Vec<RecordBatch>, threads: usize) -> Vec<Vec<RecordBatch>> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let share = rows.div_ceil(threads.max(1)).max(1);
    let (mut parts, mut filled) = (vec![Vec::new()], 0);
    for batch in batches {
        if filled >= share {
            parts.push(Vec::new());
            filled = 0;
        }
        filled += batch.num_rows();
        if let Some(part) = parts.last_mut() {
            part.push(batch);
        }
    }
    parts
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The earliest and latest `TimeGenerated` of some segments, or of some batches.
struct Times<'a>(&'a [(i64, i64)]);

impl Times<'_> {
    fn of(&self, column: &Column, which: impl Fn(&(i64, i64)) -> i64) -> Option<ArrayRef> {
        let times = || TimestampMicrosecondArray::from_iter_values(self.0.iter().map(which));
        (column.name() == TIME).then(|| Arc::new(times()) as ArrayRef)
    }
}

impl PruningStatistics for Times<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |(from, _)| *from)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |(_, to)| *to)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let none = || UInt64Array::from(vec![0; self.0.len()]);
        (column.name() == TIME).then(|| Arc::new(none()) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    #[allow(clippy::mutable_key_type, reason = "as the trait has it")]
    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
