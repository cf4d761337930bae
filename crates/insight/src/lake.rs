//! The files of the facts: a folder for each month, and a small delta beside them.
//!
//! What is there is said by one small file, the manifest, which is replaced as a whole. It also says up to which
//! event the facts have come, so that whatever a crash leaves behind is either wholly in or not in at all.
//! Newer rows replace older ones by their id when they are read; compaction writes that down in the background.

mod check;
mod compaction;
mod manifest;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path as FilePath;
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use chrono_tz::Tz;
use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use kernel::crypto;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

pub use manifest::{FileEntry, Manifest, TableFiles};

use crate::error::InsightError;
use crate::fact::{Row, TABLES, Table, hash_of, table};

/// So many rows stand in a group, by which files are skipped and read in parallel.
const GROUP_ROWS: usize = 128 * 1024;
/// So many small delta files are written into one.
const DELTA_FILES_MAX: usize = 64;
/// A delta of so many rows is compacted.
pub const DELTA_ROWS_MAX: usize = 20_000;
/// Files that nobody names any more stay for running queries so long.
const GRACE_MS: i64 = 600_000;

/// What a change does to the facts.
#[derive(Debug, Default)]
pub struct Change {
    /// Rows that are new or replace others.
    pub rows: Vec<(&'static Table, Vec<Row>)>,
    /// The number of the last event that is in.
    pub seq: Option<i64>,
    /// Up to when seats and keys were asked for.
    pub polled_at: Option<i64>,
    /// How far a building anew has come, by source; nothing when it is done.
    pub rebuilt: Vec<(&'static str, Option<String>)>,
}

/// The facts at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// What files there are.
    pub manifest: Manifest,
    /// Newer rows, by table.
    pub delta: HashMap<&'static str, Delta>,
}

/// Newer rows of a table.
#[derive(Clone, Debug)]
pub struct Delta {
    /// The rows.
    pub batch: RecordBatch,
    /// The months in which they are.
    pub months: BTreeSet<i64>,
}

#[derive(Default)]
struct State {
    manifest: Manifest,
    delta: HashMap<&'static str, BTreeMap<i64, Row>>,
    /// Files that nobody names any more, and since when in elapsed milliseconds.
    garbage: Vec<(String, i64)>,
}

/// The files. One process writes them.
pub struct Lake {
    store: Arc<dyn ObjectStore>,
    zone: Tz,
    state: tokio::sync::Mutex<State>,
    shown: RwLock<Arc<Snapshot>>,
}

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the files in a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub async fn open_folder(folder: &FilePath, zone: Tz) -> Result<Self, InsightError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| InsightError::Files(format!("{}: {error}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(InsightError::files)?;
        Self::open(Arc::new(store), zone).await
    }

    /// Opens the files in a store. What the manifest names and is not there, or has another size, is put aside
    /// and built anew.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn open(store: Arc<dyn ObjectStore>, zone: Tz) -> Result<Self, InsightError> {
        let manifest = manifest::read(store.as_ref()).await?;
        let lake = Self {
            store,
            zone,
            state: tokio::sync::Mutex::new(State { manifest, ..State::default() }),
            shown: RwLock::default(),
        };
        lake.check(false).await?;
        lake.load_delta().await?;
        lake.sweep_orphans().await?;
        Ok(lake)
    }

    /// Returns the store, for queries.
    #[must_use]
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Returns the zone of days and months.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Returns the facts as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shown.read().expect("no holder of this lock can panic").clone()
    }

    /// Takes a change in: all of it, or nothing.
    ///
    /// # Errors
    /// When a file cannot be written; the facts are as before.
    pub async fn apply(&self, change: Change) -> Result<(), InsightError> {
        let mut state = self.state.lock().await;
        let mut manifest = state.manifest.clone();
        let from_seq = manifest.seq;
        manifest.seq = change.seq.unwrap_or(manifest.seq).max(manifest.seq);
        manifest.polled_at = change.polled_at.unwrap_or(manifest.polled_at);
        let mut writes =
            change.rebuilt.iter().any(|(source, at)| manifest.rebuild.get(*source) != at.as_ref());
        for (source, at) in change.rebuilt {
            match at {
                Some(at) => manifest.rebuild.insert(source.to_owned(), at),
                None => manifest.rebuild.remove(source),
            };
        }
        manifest.generation += 1;
        let mut touched = Vec::new();
        for (table, rows) in change.rows {
            if rows.is_empty() {
                continue;
            }
            writes = true;
            let path = format!("delta/{}/{:012}.parquet", table.name, manifest.generation);
            let batch = table.batch(self.zone, rows.iter())?;
            let entry = self.write(&path, &[batch], from_seq).await?;
            manifest.tables.entry(table.name.to_owned()).or_default().delta.push(entry);
            touched.push((table, rows));
        }
        if !writes {
            // Nothing but the place in the events: it is written with the next rows, and reading the same
            // events twice changes nothing.
            manifest.generation -= 1;
            state.manifest = manifest;
            return self.show(&state, &[]);
        }
        manifest::write(self.store.as_ref(), &manifest).await?;
        state.manifest = manifest;
        let mut changed = Vec::new();
        for (table, rows) in touched {
            let delta = state.delta.entry(table.name).or_default();
            for row in rows {
                delta.insert(hash_of(&row[0].key()), row);
            }
            changed.push(table);
        }
        for table in &changed {
            self.merge_delta(&mut state, table).await?;
        }
        self.show(&state, &changed)
    }

    /// Writes many small delta files of a table into one.
    async fn merge_delta(&self, state: &mut State, table: &'static Table) -> Result<(), InsightError> {
        let Some(files) = state.manifest.tables.get(table.name) else { return Ok(()) };
        if files.delta.len() < DELTA_FILES_MAX {
            return Ok(());
        }
        let from_seq = files.delta.iter().map(|entry| entry.from_seq).min().unwrap_or(0);
        let Some(rows) = state.delta.get(table.name) else { return Ok(()) };
        let mut manifest = state.manifest.clone();
        manifest.generation += 1;
        let path = format!("delta/{}/{:012}.parquet", table.name, manifest.generation);
        let batch = table.batch(self.zone, rows.values())?;
        let entry = self.write(&path, &[batch], from_seq).await?;
        let files = manifest.tables.entry(table.name.to_owned()).or_default();
        let old = std::mem::replace(&mut files.delta, vec![entry]);
        manifest::write(self.store.as_ref(), &manifest).await?;
        state.manifest = manifest;
        for entry in old {
            // No query reads delta files: their rows are in memory.
            let _ = self.store.delete(&Path::from(entry.path)).await;
        }
        Ok(())
    }

    /// Writes one file as a whole.
    async fn write(
        &self,
        path: &str,
        batches: &[RecordBatch],
        from_seq: i64,
    ) -> Result<FileEntry, InsightError> {
        let bytes = encode(batches)?;
        let entry = FileEntry {
            path: path.to_owned(),
            rows: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            bytes: bytes.len() as u64,
            sha256: crypto::sha256_hex(&bytes),
            from_seq,
        };
        self.store.put(&Path::from(path), bytes.into()).await.map_err(InsightError::files)?;
        Ok(entry)
    }

    /// Shows what has changed to whoever asks from now on.
    fn show(&self, state: &State, changed: &[&'static Table]) -> Result<(), InsightError> {
        let before = self.snapshot();
        let mut delta = before.delta.clone();
        for table in changed {
            match state.delta.get(table.name).filter(|rows| !rows.is_empty()) {
                Some(rows) => {
                    let batch = table.batch(self.zone, rows.values())?;
                    let months = rows.values().map(|row| table.month_of(self.zone, row)).collect();
                    delta.insert(table.name, Delta { batch, months });
                }
                None => {
                    delta.remove(table.name);
                }
            }
        }
        let snapshot = Snapshot { manifest: state.manifest.clone(), delta };
        *self.shown.write().expect("no holder of this lock can panic") = Arc::new(snapshot);
        Ok(())
    }

    /// Reads the delta files that a stop of the server left.
    async fn load_delta(&self) -> Result<(), InsightError> {
        let mut state = self.state.lock().await;
        let tables = state.manifest.tables.clone();
        let mut lost = Vec::new();
        for (name, files) in &tables {
            let Some(table) = table(name) else { continue };
            for entry in &files.delta {
                match self.read_rows(table, &entry.path).await {
                    Ok(rows) => {
                        let delta = state.delta.entry(table.name).or_default();
                        for row in rows {
                            delta.insert(hash_of(&row[0].key()), row);
                        }
                    }
                    Err(error) => {
                        tracing::error!(file = entry.path, %error, "a file of new facts is unreadable");
                        lost.push((name.clone(), entry.path.clone()));
                    }
                }
            }
        }
        for (name, path) in lost {
            self.set_aside(&mut state.manifest, &name, &path).await?;
        }
        self.show(&state, TABLES)
    }

    /// Returns the number of the last event that is in.
    pub async fn seq(&self) -> i64 {
        self.state.lock().await.manifest.seq
    }

    /// Returns how many rows are only in the delta.
    pub async fn delta_rows(&self) -> usize {
        self.state.lock().await.delta.values().map(BTreeMap::len).sum()
    }

    /// Throws everything away, so that it is built anew.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub async fn throw_away(&self, seq: i64) -> Result<(), InsightError> {
        let mut state = self.state.lock().await;
        let manifest = Manifest { generation: state.manifest.generation + 1, ..Manifest::fresh(seq) };
        manifest::write(self.store.as_ref(), &manifest).await?;
        let old = std::mem::replace(&mut state.manifest, manifest);
        state.delta.clear();
        for entry in old.files() {
            state.garbage.push((entry.path.clone(), 0));
        }
        self.show(&state, TABLES)
    }

    /// Deletes files that nobody has named for a while; `elapsed_ms` is the time of this process's life.
    pub async fn tidy_up(&self, elapsed_ms: i64) {
        let mut state = self.state.lock().await;
        let (old, young): (Vec<_>, Vec<_>) =
            state.garbage.drain(..).partition(|(_, since)| elapsed_ms - since >= GRACE_MS);
        state.garbage = young;
        for (path, _) in old {
            if let Err(error) = self.store.delete(&Path::from(path)).await {
                tracing::debug!(%error, "a file of old facts was not there");
            }
        }
    }
}

/// Writes batches as one Parquet file.
fn encode(batches: &[RecordBatch]) -> Result<Bytes, InsightError> {
    let Some(first) = batches.first() else { return Ok(Bytes::new()) };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by("yihao".to_owned())
        .build();
    let options = datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions::new()
        .with_properties(properties)
        // Other tools read plain Parquet types and need not know how this program holds them.
        .with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, first.schema(), options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(bytes.into())
}
