//! What files there are, and how far the facts have come.

use std::collections::BTreeMap;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};

use crate::error::InsightError;

/// The shape of the files; a manifest of another shape is built anew.
const FORMAT: u32 = 1;
const NAME: &str = "manifest.json";
/// The manifest before, in case a failing disk spoils the newest.
const BEFORE: &str = "manifest.before.json";

/// Sources that facts are built anew from.
pub(crate) const SOURCES: &[&str] = &["cases", "calls"];

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it is.
    pub path: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: String,
    /// The event before the first that it holds.
    pub from_seq: i64,
}

/// The files of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFiles {
    /// Files by month.
    pub months: BTreeMap<i64, Vec<FileEntry>>,
    /// Newer rows, oldest file first.
    pub delta: Vec<FileEntry>,
}

/// All files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Their shape.
    pub format: u32,
    /// Grows with every change.
    pub generation: u64,
    /// The number of the last event that is in.
    pub seq: i64,
    /// Up to when seats and keys were asked for, epoch milliseconds.
    pub polled_at: i64,
    /// How far a building anew has come, by source.
    pub rebuild: BTreeMap<String, String>,
    /// Files by table.
    pub tables: BTreeMap<String, TableFiles>,
}

impl Manifest {
    /// A manifest without files, to be built from all that is there; `seq` is the newest event.
    #[must_use]
    pub fn fresh(seq: i64) -> Self {
        Self {
            format: FORMAT,
            seq,
            rebuild: SOURCES.iter().map(|source| ((*source).to_owned(), String::new())).collect(),
            ..Self::default()
        }
    }

    /// Tells whether nothing was ever written.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.generation == 0
    }

    /// Returns all files.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.tables.values().flat_map(|files| files.months.values().flatten().chain(&files.delta))
    }

    /// Returns the rows of a table in files of months.
    #[must_use]
    pub fn rows(&self, table: &str) -> u64 {
        self.tables
            .get(table)
            .map_or(0, |files| files.months.values().flatten().map(|entry| entry.rows).sum())
    }
}

/// Reads the manifest; the one before when the newest is spoilt, and a fresh one when there is none.
pub(super) async fn read(store: &dyn ObjectStore) -> Result<Manifest, InsightError> {
    for name in [NAME, BEFORE] {
        let bytes = match store.get(&Path::from(name)).await {
            Ok(found) => found.bytes().await.map_err(InsightError::files)?,
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(InsightError::files(error)),
        };
        match serde_json::from_slice::<Manifest>(&bytes) {
            Ok(manifest) if manifest.format == FORMAT => return Ok(manifest),
            Ok(manifest) => {
                tracing::warn!(format = manifest.format, "the facts have another shape and are built anew");
            }
            Err(error) => tracing::error!(name, %error, "the manifest of the facts is spoilt"),
        }
    }
    Ok(Manifest::fresh(0))
}

/// Writes the manifest: from this moment on it holds.
pub(super) async fn write(store: &dyn ObjectStore, manifest: &Manifest) -> Result<(), InsightError> {
    let bytes = serde_json::to_vec(manifest).map_err(|error| InsightError::Files(error.to_string()))?;
    if let Err(error) = store.copy(&Path::from(NAME), &Path::from(BEFORE)).await
        && !matches!(error, object_store::Error::NotFound { .. })
    {
        return Err(InsightError::files(error));
    }
    store.put(&Path::from(NAME), bytes.into()).await.map_err(InsightError::files)?;
    Ok(())
}
