//! Finds files that are missing or spoilt, puts them aside, and lets them be built anew.

use std::collections::HashSet;

use futures::TryStreamExt as _;
use kernel::crypto;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::{Lake, Manifest, manifest};
use crate::error::InsightError;
use crate::fact::TABLES;

/// Where spoilt files go, for whoever wants to look at them.
const QUARANTINE: &str = "quarantine";

impl Lake {
    /// Checks the files that the manifest names: their sizes, and with `whole` also their digests. Returns how
    /// many were put aside.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn check(&self, whole: bool) -> Result<usize, InsightError> {
        let named: Vec<(String, super::FileEntry)> = {
            let state = self.state.lock().await;
            let tables = state.manifest.tables.iter();
            tables
                .flat_map(|(name, files)| {
                    files
                        .months
                        .values()
                        .flatten()
                        .chain(&files.delta)
                        .map(move |entry| (name.clone(), entry.clone()))
                })
                .collect()
        };
        let mut spoilt = Vec::new();
        for (table, entry) in named {
            let path = Path::from(entry.path.as_str());
            let sound = match self.store.head(&path).await {
                Ok(meta) if meta.size != entry.bytes => false,
                Ok(_) if whole => {
                    let bytes = self.store.get(&path).await.map_err(InsightError::files)?.bytes().await;
                    crypto::sha256_hex(&bytes.map_err(InsightError::files)?) == entry.sha256
                }
                Ok(_) => true,
                Err(object_store::Error::NotFound { .. }) => false,
                Err(error) => return Err(InsightError::files(error)),
            };
            if !sound {
                spoilt.push((table, entry.path));
            }
        }
        if spoilt.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.lock().await;
        let mut count = 0;
        for (table, path) in &spoilt {
            // Compaction may have written it away meanwhile.
            if state.manifest.files().any(|entry| entry.path == *path) {
                count += 1;
                self.set_aside(&mut state.manifest, table, path).await?;
            }
        }
        self.show(&state, TABLES)?;
        Ok(count)
    }

    /// Puts a file aside and lets its source be read anew.
    pub(super) async fn set_aside(
        &self,
        manifest: &mut Manifest,
        table: &str,
        path: &str,
    ) -> Result<(), InsightError> {
        tracing::error!(file = path, "a file of facts is spoilt; it is put aside and built anew");
        let from = Path::from(path);
        let to = Path::from(format!("{QUARANTINE}/{}", path.replace('/', "_")));
        match self.store.rename(&from, &to).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(InsightError::files(error)),
        }
        let mut next = manifest.clone();
        next.generation += 1;
        if let Some(files) = next.tables.get_mut(table) {
            files.delta.retain(|entry| entry.path != path);
            for entries in files.months.values_mut() {
                entries.retain(|entry| entry.path != path);
            }
            files.months.retain(|_, entries| !entries.is_empty());
        }
        match table {
            "orders" | "steps" => {
                next.rebuild.insert("cases".to_owned(), String::new());
            }
            "calls" => {
                next.rebuild.insert("calls".to_owned(), String::new());
            }
            _ => next.polled_at = 0,
        }
        manifest::write(self.store.as_ref(), &next).await?;
        *manifest = next;
        Ok(())
    }

    /// Deletes files that a crash left behind: written, and named by no manifest.
    pub(super) async fn sweep_orphans(&self) -> Result<(), InsightError> {
        let named: HashSet<String> =
            self.state.lock().await.manifest.files().map(|entry| entry.path.clone()).collect();
        let found: Vec<_> = self.store.list(None).try_collect().await.map_err(InsightError::files)?;
        for meta in found {
            let path = meta.location.to_string();
            if path.ends_with(".parquet") && !path.starts_with(QUARANTINE) && !named.contains(&path) {
                self.store.delete(&meta.location).await.map_err(InsightError::files)?;
            }
        }
        Ok(())
    }
}
