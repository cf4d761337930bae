//! Files that the database only names: attachments, pictures.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use crate::Timestamp;

/// The folder of files. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs(Arc<PathBuf>);

impl Blobs {
    /// Keeps files below `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self(Arc::new(root))
    }

    /// Writes a file durably and returns its name, `YYYY/MM/DD/<id>`. A file is whole or absent.
    ///
    /// # Errors
    /// When the disk fails or is full.
    pub async fn put(&self, now: Timestamp, bytes: &[u8]) -> io::Result<String> {
        let day = chrono::DateTime::from_timestamp_millis(now.0).unwrap_or_default().format("%Y/%m/%d");
        let name = format!("{day}/{}", crate::id::new_id());
        let path = self.0.join(&name);
        let folder = path.parent().unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(folder).await?;
        let partial = path.with_extension("partial");
        let mut file = tokio::fs::File::create(&partial).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&partial, &path).await?;
        // A fresh folder is itself an entry of the one above, up to the root.
        for parent in folder.ancestors().take(4) {
            tokio::fs::File::open(parent).await?.sync_all().await?;
        }
        Ok(name)
    }

    /// Opens a file by the name that [`Blobs::put`] returned.
    ///
    /// # Errors
    /// When it is missing, or the name leaves the folder.
    pub async fn open(&self, name: &str) -> io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.path(name)?).await
    }

    /// Removes a file. One that is gone already is no error.
    ///
    /// # Errors
    /// When the disk fails, or the name leaves the folder.
    pub async fn remove(&self, name: &str) -> io::Result<()> {
        match tokio::fs::remove_file(self.path(name)?).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let tame = name
            .split('/')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        if !tame {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such file"));
        }
        Ok(self.0.join(name))
    }
}
