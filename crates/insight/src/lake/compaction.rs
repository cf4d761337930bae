//! Writes newer rows into the files of their months.

use std::collections::{BTreeMap, HashSet};

use datafusion::arrow::array::{Array as _, AsArray as _, BooleanArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::{FileEntry, Lake, State, manifest};
use crate::error::InsightError;
use crate::fact::{Kind, Row, TABLES, Table, Value};

/// A file with more rows is left alone unless a row of it was replaced.
const SMALL_ROWS: u64 = 100_000;
/// So many rows are written into one file.
const FILE_ROWS_MAX: usize = 1_000_000;

impl Lake {
    /// Writes the delta of all tables into the files of their months. `elapsed_ms` is the time of this process's
    /// life. A failure, such as a full disk, leaves everything as it was.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub async fn compact(&self, elapsed_ms: i64) -> Result<usize, InsightError> {
        let mut state = self.state.lock().await;
        let mut manifest = state.manifest.clone();
        manifest.generation += 1;
        let (mut written, mut old, mut compacted) = (Vec::new(), Vec::new(), 0);
        let outcome = self.rewrite(&state, &mut manifest, &mut written, &mut old, &mut compacted).await;
        let outcome = match outcome {
            Ok(()) if compacted == 0 => return Ok(0),
            Ok(()) => manifest::write(self.store.as_ref(), &manifest).await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            for path in written {
                let _ = self.store.delete(&Path::from(path)).await;
            }
            return Err(error);
        }
        state.manifest = manifest;
        state.delta.clear();
        state.garbage.extend(old.into_iter().map(|path| (path, elapsed_ms)));
        self.show(&state, TABLES)?;
        Ok(compacted)
    }

    async fn rewrite(
        &self,
        state: &State,
        manifest: &mut manifest::Manifest,
        written: &mut Vec<String>,
        old: &mut Vec<String>,
        compacted: &mut usize,
    ) -> Result<(), InsightError> {
        for table in TABLES {
            let Some(delta) = state.delta.get(table.name).filter(|delta| !delta.is_empty()) else { continue };
            let mut by_month: BTreeMap<i64, Vec<(i64, &Row)>> = BTreeMap::new();
            for (hash, row) in delta {
                by_month.entry(table.month_of(self.zone, row)).or_default().push((*hash, row));
            }
            let generation = manifest.generation;
            let files = manifest.tables.entry(table.name.to_owned()).or_default();
            for (month, rows) in by_month {
                let newer: HashSet<i64> = rows.iter().map(|(hash, _)| *hash).collect();
                let before = files.months.remove(&month).unwrap_or_default();
                let (mut kept, mut merged) = (Vec::new(), Vec::new());
                for entry in before {
                    if entry.rows >= SMALL_ROWS && !self.holds_any(&entry, &newer).await? {
                        kept.push(entry);
                    } else {
                        merged.push(entry);
                    }
                }
                let mut out =
                    Out { lake: self, table, month, generation, part: 0, waiting: Vec::new(), rows: 0 };
                for entry in &merged {
                    for batch in self.batches(&entry.path, false).await? {
                        let batch = without(&batch?, &newer)?;
                        kept.extend(out.push(table.fit(&batch)?, written).await?);
                    }
                }
                *compacted += rows.len();
                let batch = table.batch(self.zone, rows.iter().map(|(_, row)| *row))?;
                kept.extend(out.push(batch, written).await?);
                kept.extend(out.finish(written).await?);
                old.extend(merged.into_iter().map(|entry| entry.path));
                files.months.insert(month, kept);
            }
            old.extend(files.delta.drain(..).map(|entry| entry.path));
        }
        Ok(())
    }

    async fn holds_any(&self, entry: &FileEntry, newer: &HashSet<i64>) -> Result<bool, InsightError> {
        for batch in self.batches(&entry.path, true).await? {
            if hashes(&batch?)?.iter().flatten().any(|hash| newer.contains(&hash)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads a file; it holds a million rows at most, so its bytes fit in memory.
    async fn batches(&self, path: &str, only_hash: bool) -> Result<ParquetRecordBatchReader, InsightError> {
        let found = self.store.get(&Path::from(path)).await.map_err(InsightError::files)?;
        let bytes = found.bytes().await.map_err(InsightError::files)?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?.with_batch_size(8192);
        let mask = if only_hash {
            ProjectionMask::columns(builder.parquet_schema(), ["hash"])
        } else {
            ProjectionMask::all()
        };
        Ok(builder.with_projection(mask).build()?)
    }

    /// Reads the rows of a small file.
    pub(super) async fn read_rows(&self, table: &Table, path: &str) -> Result<Vec<Row>, InsightError> {
        let mut rows = Vec::new();
        for batch in self.batches(path, false).await? {
            let batch = table.fit(&batch?)?;
            rows.extend((0..batch.num_rows()).map(|at| table.row(&batch, at)));
        }
        Ok(rows)
    }
}

/// A month's files as they are written.
struct Out<'a> {
    lake: &'a Lake,
    table: &'static Table,
    month: i64,
    generation: u64,
    part: usize,
    waiting: Vec<RecordBatch>,
    rows: usize,
}

impl Out<'_> {
    async fn push(
        &mut self,
        batch: RecordBatch,
        written: &mut Vec<String>,
    ) -> Result<Option<FileEntry>, InsightError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        self.rows += batch.num_rows();
        self.waiting.push(batch);
        if self.rows < FILE_ROWS_MAX {
            return Ok(None);
        }
        self.finish(written).await
    }

    async fn finish(&mut self, written: &mut Vec<String>) -> Result<Option<FileEntry>, InsightError> {
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let path =
            format!("{}/{}/{:012}-{}.parquet", self.table.name, self.month, self.generation, self.part);
        self.part += 1;
        self.rows = 0;
        let batches = std::mem::take(&mut self.waiting);
        written.push(path.clone());
        Ok(Some(self.lake.write(&path, &batches, 0).await?))
    }
}

fn hashes(batch: &RecordBatch) -> Result<Int64Array, InsightError> {
    let column =
        batch.column_by_name("hash").ok_or_else(|| InsightError::Files("a file has no hashes".to_owned()))?;
    column
        .as_primitive_opt::<Int64Type>()
        .cloned()
        .ok_or_else(|| InsightError::Files("hashes are no numbers".to_owned()))
}

/// Drops rows that newer ones replace.
fn without(batch: &RecordBatch, newer: &HashSet<i64>) -> Result<RecordBatch, InsightError> {
    let keep: BooleanArray =
        hashes(batch)?.iter().map(|hash| Some(hash.is_none_or(|hash| !newer.contains(&hash)))).collect();
    if keep.true_count() == keep.len() {
        return Ok(batch.clone());
    }
    Ok(filter_record_batch(batch, &keep)?)
}

impl Table {
    /// Brings a batch from a file into the table's present shape: columns that it lacks are empty.
    fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch, InsightError> {
        let schema = self.schema();
        let columns = schema
            .fields()
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type()),
                None => Ok(datafusion::arrow::array::new_null_array(field.data_type(), batch.num_rows())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(schema, columns)?)
    }

    /// Returns a row of a batch of this table's shape.
    fn row(&self, batch: &RecordBatch, at: usize) -> Row {
        self.columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let array = batch.column(place);
                let there = !array.is_null(at);
                match column.kind {
                    Kind::Text => Value::Text(there.then(|| array.as_string_view().value(at).to_owned())),
                    Kind::Int => Value::Int(there.then(|| array.as_primitive::<Int64Type>().value(at))),
                    Kind::Real => Value::Real(there.then(|| array.as_primitive::<Float64Type>().value(at))),
                }
            })
            .collect()
    }
}
