//! A folder that is deleted when it goes out of scope.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Outcome;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A private folder under the system's temporary one.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates the folder; its name carries the purpose and this process.
    pub fn new(purpose: &str) -> Outcome<Self> {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("yihao-{purpose}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
