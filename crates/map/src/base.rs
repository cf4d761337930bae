//! The base map: one file of vector tiles in the data folder, made of an OpenStreetMap file or drawn for the
//! demonstration city. A new file takes the place of the old one at once and whole; a running server notices.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use geo::archive::{Archive, Writer};
use geo::osm::{Feature, Format, Most, OsmError};
use geo::shape::Bounds;
use geo::tiles;
use serde::{Deserialize, Serialize};

use crate::error::MapError;

/// The largest file that is imported, in bytes.
pub const IMPORT_BYTES_MAX: u64 = 4 << 30;
/// All tiles together, packed.
const TILES_BYTES_MAX: usize = 2 << 30;
/// What must be said of OpenStreetMap's data (ODbL).
pub const OSM_ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// Returns where the base map of a data folder is.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("map").join("base.pmtiles")
}

/// What is told of a base map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// What it shows.
    pub name: String,
    /// Whose data it is.
    pub attribution: String,
}

/// What an import made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Things on the map.
    pub features: usize,
    /// Things that the file names but does not hold whole.
    pub incomplete: usize,
    /// Tiles.
    pub tiles: usize,
    /// Size of the new file, in bytes.
    pub size_bytes: usize,
    /// The deepest zoom.
    pub zoom_max: u8,
}

/// Reads an OpenStreetMap file and puts it in the place of the base map of `data_dir`. On any error the old map stays.
///
/// # Errors
/// As reading the file; when the data folder cannot be written.
pub fn import(file: &Path, data_dir: &Path, go_on: &dyn Fn() -> bool) -> Result<Imported, OsmError> {
    let opened = File::open(file)?;
    let size = opened.metadata()?.len();
    if size > IMPORT_BYTES_MAX {
        return Err(OsmError::TooMuch { what: "GiB", most: 4 });
    }
    let mut reader = BufReader::with_capacity(1 << 16, opened);
    let mut start = Vec::new();
    reader.by_ref().take(256).read_to_end(&mut start)?;
    let format = Format::of(&start)
        .ok_or_else(|| OsmError::Unsupported("neither .osm.pbf nor .osm, by its first bytes".to_owned()))?;
    let found = geo::osm::read(&mut reader, format, Most::default(), go_on)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    let told = Told { name, attribution: OSM_ATTRIBUTION.to_owned() };
    let incomplete = found.incomplete;
    let made = write(&found.features, &told, data_dir, go_on)?;
    Ok(Imported { incomplete, ..made })
}

/// Cuts things into tiles and puts them in the place of the base map of `data_dir`.
///
/// # Errors
/// When there are too many tiles, or the data folder cannot be written.
pub fn write(
    features: &[Feature],
    told: &Told,
    data_dir: &Path,
    go_on: &dyn Fn() -> bool,
) -> Result<Imported, OsmError> {
    let zoom_max = tiles::deepest(features);
    let mut writer = Writer::default();
    tiles::cut(features, zoom_max, go_on, &mut |tile| {
        writer.add(&tile);
        if writer.size_bytes() > TILES_BYTES_MAX {
            return Err(OsmError::TooMuch { what: "GiB of tiles", most: 2 });
        }
        Ok(())
    })?;
    let count = writer.count();
    let text = serde_json::to_string(told).unwrap_or_default();
    let bytes = writer.finish(&tiles::bounds(features), &text);
    let place = path(data_dir);
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Beside the old one, then in its place: whoever reads sees one of the two, whole.
    let beside = place.with_extension("new");
    let mut out = File::create(&beside)?;
    out.write_all(&bytes)?;
    out.sync_all()?;
    drop(out);
    std::fs::rename(&beside, &place)?;
    Ok(Imported { features: features.len(), incomplete: 0, tiles: count, size_bytes: bytes.len(), zoom_max })
}

/// The base map that is open.
#[derive(Debug)]
pub struct Open {
    file: Mutex<File>,
    archive: Archive,
    /// What is told of it.
    pub told: Told,
    /// Changes with the file.
    pub stamp: String,
}

impl Open {
    /// How far it reaches, in degrees.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.archive.bounds
    }

    /// The deepest zoom.
    #[must_use]
    pub fn zoom_max(&self) -> u8 {
        self.archive.zoom_max
    }

    /// Reads a tile, packed with gzip; none when the map has none there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>, MapError> {
        let Some((at, length)) = self.archive.find(z, x, y) else { return Ok(None) };
        let mut file = self.file.lock().expect("no holder of this lock can panic");
        read_part(&mut file, at, length).map(Some).map_err(|error| MapError::Base(error.to_string()))
    }
}

fn read_part(file: &mut File, at: u64, length: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

/// The base map of a data folder, opened anew when its file changes.
#[derive(Debug)]
pub struct BaseMap {
    path: PathBuf,
    open: Mutex<Option<Arc<Open>>>,
}

impl BaseMap {
    /// Takes the file at `path`, which need not exist.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, open: Mutex::new(None) }
    }

    /// Returns the present base map; none when there is none.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub fn get(&self) -> Result<Option<Arc<Open>>, MapError> {
        let base = |error: &dyn std::fmt::Display| MapError::Base(error.to_string());
        let told = match std::fs::metadata(&self.path) {
            Ok(told) => told,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(base(&error)),
        };
        let changed = told.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let stamp = format!("{:x}-{:x}", changed.map_or(0, |at| at.as_nanos()), told.len());
        let mut kept = self.open.lock().expect("no holder of this lock can panic");
        if let Some(open) = kept.as_ref().filter(|open| open.stamp == stamp) {
            return Ok(Some(open.clone()));
        }
        let mut file = File::open(&self.path).map_err(|error| base(&error))?;
        let archive = Archive::open(told.len(), |at, length| read_part(&mut file, at, length))
            .map_err(|error| base(&error))?;
        let told = serde_json::from_str(&archive.told).unwrap_or_default();
        let open = Arc::new(Open { file: Mutex::new(file), archive, told, stamp });
        *kept = Some(open.clone());
        Ok(Some(open))
    }
}
