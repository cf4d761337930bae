//! Coordinates and maps against real data, where it is there.

mod cities;
mod maps;

use std::path::PathBuf;

/// A file of the data for tests; says so when it is absent.
fn data(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let found = std::fs::read(root.join(path)).ok();
    if found.is_none() {
        eprintln!("skipped: {path} is not there; YIHAO_DATA may name the folder");
    }
    found
}
