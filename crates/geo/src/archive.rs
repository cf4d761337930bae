//! All tiles of a map in one file: PMTiles, version 3.
//!
//! An open format that other tools read, too; a tile is one look into a sorted list and one read.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::mvt::push_varint;
use crate::shape::Bounds;
use crate::tiles::Tile;

const HEAD: usize = 127;
/// Head and first directory lie within so many bytes, so that one read brings both.
const START_BYTES_MAX: usize = 16_384;
/// An unpacked directory, and what is told beside, is so large at most.
const DIRECTORY_BYTES_MAX: u64 = 64 << 20;
/// So many tiles a file names at most.
const ENTRIES_MAX: usize = 4_000_000;

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no whole archive of tiles: {0}")]
pub struct ArchiveError(pub &'static str);

/// Returns a tile's number: along a Hilbert curve, zoom after zoom.
#[must_use]
pub fn tile_id(z: u8, x: u32, y: u32) -> u64 {
    let before = ((1_u64 << (2 * u32::from(z))) - 1) / 3;
    let (mut x, mut y, mut along) = (i64::from(x), i64::from(y), 0_i64);
    for level in (0..z).rev() {
        let side = 1_i64 << level;
        let (right, low) = (i64::from(x & side > 0), i64::from(y & side > 0));
        along += side * side * ((3 * right) ^ low);
        if low == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
    }
    before + along.unsigned_abs()
}

/// An entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    id: u64,
    offset: u64,
    length: u64,
    run: u64,
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut out = Vec::new();
    GzDecoder::new(bytes)
        .take(DIRECTORY_BYTES_MAX + 1)
        .read_to_end(&mut out)
        .map_err(|_| ArchiveError("a directory cannot be unpacked"))?;
    if out.len() as u64 > DIRECTORY_BYTES_MAX {
        return Err(ArchiveError("a directory is too large"));
    }
    Ok(out)
}

/// Writes an archive.
#[derive(Debug, Default)]
pub struct Writer {
    entries: Vec<Entry>,
    data: Vec<u8>,
    zooms: Option<(u8, u8)>,
}

impl Writer {
    /// Adds a tile, packed.
    pub fn add(&mut self, tile: &Tile) {
        let packed = pack(&tile.bytes);
        self.entries.push(Entry {
            id: tile_id(tile.z, tile.x, tile.y),
            offset: self.data.len() as u64,
            length: packed.len() as u64,
            run: 1,
        });
        self.data.extend_from_slice(&packed);
        let (low, high) = self.zooms.unwrap_or((tile.z, tile.z));
        self.zooms = Some((low.min(tile.z), high.max(tile.z)));
    }

    /// Returns how many bytes the tiles have so far.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.data.len()
    }

    /// Returns how many tiles there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Puts the file together; `told` is JSON about the map.
    #[must_use]
    pub fn finish(mut self, bounds: &Bounds, told: &str) -> Vec<u8> {
        self.entries.sort_unstable_by_key(|entry| entry.id);
        let told = pack(told.as_bytes());
        let (mut root, mut leaves) = (pack(&directory(&self.entries)), Vec::new());
        let mut size = 4096;
        while HEAD + root.len() > START_BYTES_MAX {
            leaves.clear();
            let mut heads = Vec::new();
            for chunk in self.entries.chunks(size) {
                let leaf = pack(&directory(chunk));
                heads.push(Entry {
                    id: chunk[0].id,
                    offset: leaves.len() as u64,
                    length: leaf.len() as u64,
                    run: 0,
                });
                leaves.extend_from_slice(&leaf);
            }
            root = pack(&directory(&heads));
            size *= 2;
        }
        let (low, high) = self.zooms.unwrap_or((0, 0));
        let count = self.entries.len() as u64;
        let mut out = Vec::with_capacity(HEAD + root.len() + told.len() + leaves.len() + self.data.len());
        out.extend_from_slice(b"PMTiles\x03");
        let mut at = HEAD as u64;
        for part in [&root, &told, &leaves, &self.data] {
            out.extend_from_slice(&at.to_le_bytes());
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            at += part.len() as u64;
        }
        for _ in 0..3 {
            out.extend_from_slice(&count.to_le_bytes());
        }
        // Not in the order of the curve; directories and tiles packed with gzip; vector tiles.
        out.extend_from_slice(&[0, 2, 2, 1, low, high]);
        #[expect(clippy::cast_possible_truncation, reason = "degrees times ten millions fit")]
        let degrees = |value: f64| ((value * 1e7).round() as i32).to_le_bytes();
        for value in [bounds.west, bounds.south, bounds.east, bounds.north] {
            out.extend_from_slice(&degrees(value));
        }
        out.push(high.min(12));
        out.extend_from_slice(&degrees(f64::midpoint(bounds.west, bounds.east)));
        out.extend_from_slice(&degrees(f64::midpoint(bounds.south, bounds.north)));
        for part in [&root, &told, &leaves, &self.data] {
            out.extend_from_slice(part);
        }
        out
    }
}

fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, entries.len() as u64);
    let mut last = 0;
    for entry in entries {
        push_varint(&mut out, entry.id - last);
        last = entry.id;
    }
    for entry in entries {
        push_varint(&mut out, entry.run);
    }
    for entry in entries {
        push_varint(&mut out, entry.length);
    }
    let mut next = None;
    for entry in entries {
        push_varint(&mut out, if next == Some(entry.offset) { 0 } else { entry.offset + 1 });
        next = Some(entry.offset + entry.length);
    }
    out
}

fn read_directory(packed: &[u8]) -> Result<Vec<Entry>, ArchiveError> {
    let bytes = unpack(packed)?;
    let mut rest = &bytes[..];
    let mut number = || -> Result<u64, ArchiveError> {
        let mut value = 0_u64;
        for place in 0..10 {
            let (&byte, tail) = rest.split_first().ok_or(ArchiveError("a directory breaks off"))?;
            rest = tail;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ArchiveError("a number is too long"))
    };
    let count = usize::try_from(number()?).unwrap_or(usize::MAX);
    if count > ENTRIES_MAX {
        return Err(ArchiveError("it names too many tiles"));
    }
    let mut entries = Vec::new();
    let mut last = 0_u64;
    for _ in 0..count {
        last = last.checked_add(number()?).ok_or(ArchiveError("a tile's number"))?;
        entries.push(Entry { id: last, offset: 0, length: 0, run: 0 });
    }
    for entry in &mut entries {
        entry.run = number()?;
    }
    for entry in &mut entries {
        entry.length = number()?;
    }
    let mut next = 0_u64;
    for entry in &mut entries {
        let offset = number()?;
        entry.offset = if offset == 0 { next } else { offset - 1 };
        next = entry.offset.checked_add(entry.length).ok_or(ArchiveError("a tile's place"))?;
    }
    Ok(entries)
}

/// What an archive holds, without its tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// How far the map reaches, in degrees.
    pub bounds: Bounds,
    /// The least zoom.
    pub zoom_min: u8,
    /// The deepest zoom.
    pub zoom_max: u8,
    /// JSON about the map.
    pub told: String,
    entries: Vec<Entry>,
    data_at: u64,
}

impl Archive {
    /// Reads head and directories. `read` returns so many bytes from a place in the file, which has `size` bytes.
    ///
    /// # Errors
    /// When the file is no whole archive.
    pub fn open(
        size: u64,
        mut read: impl FnMut(u64, u64) -> std::io::Result<Vec<u8>>,
    ) -> Result<Self, ArchiveError> {
        let mut part = |at: u64, length: u64| {
            if at.checked_add(length).is_none_or(|end| end > size) || length > DIRECTORY_BYTES_MAX {
                return Err(ArchiveError("it breaks off"));
            }
            read(at, length).map_err(|_| ArchiveError("it cannot be read"))
        };
        let head = part(0, HEAD as u64)?;
        if head.get(..8) != Some(b"PMTiles\x03") {
            return Err(ArchiveError("the head"));
        }
        let long = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let degrees = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&head[at..at + 4]);
            f64::from(i32::from_le_bytes(bytes)) / 1e7
        };
        if head[97] != 2 || head[98] != 2 || head[99] != 1 {
            return Err(ArchiveError("other tiles or another packing"));
        }
        let root = read_directory(&part(long(8), long(16))?)?;
        let told = String::from_utf8(unpack(&part(long(24), long(32))?)?)
            .map_err(|_| ArchiveError("what is told of it is no text"))?;
        let leaves_at = long(40);
        let mut entries = Vec::new();
        for entry in root {
            if entry.run > 0 {
                entries.push(entry);
                continue;
            }
            let at = leaves_at.checked_add(entry.offset).ok_or(ArchiveError("a directory's place"))?;
            entries.extend(read_directory(&part(at, entry.length)?)?);
            if entries.len() > ENTRIES_MAX {
                return Err(ArchiveError("it names too many tiles"));
            }
        }
        let (data_at, data_length) = (long(56), long(64));
        let fits =
            |entry: &Entry| entry.offset.checked_add(entry.length).is_some_and(|end| end <= data_length);
        if !entries.iter().all(fits) || data_at.checked_add(data_length).is_none_or(|end| end > size) {
            return Err(ArchiveError("it breaks off"));
        }
        Ok(Self {
            bounds: Bounds {
                west: degrees(102),
                south: degrees(106),
                east: degrees(110),
                north: degrees(114),
            },
            zoom_min: head[100],
            zoom_max: head[101],
            told,
            entries,
            data_at,
        })
    }

    /// Returns where a tile lies in the file and how long it is, packed with gzip; none when the map has none.
    #[must_use]
    pub fn find(&self, z: u8, x: u32, y: u32) -> Option<(u64, u64)> {
        if z > 26 || x >> z != 0 || y >> z != 0 {
            return None;
        }
        let id = tile_id(z, x, y);
        let at = self.entries.partition_point(|entry| entry.id <= id).checked_sub(1)?;
        let entry = self.entries[at];
        (id - entry.id < entry.run).then_some((self.data_at + entry.offset, entry.length))
    }

    /// Returns how many tiles there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_curve() {
        let known = [(0, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 2), (1, 1, 1, 3), (1, 1, 0, 4), (2, 0, 0, 5)];
        for (z, x, y, id) in known {
            assert_eq!(tile_id(z, x, y), id, "{z}/{x}/{y}");
        }
        // From the format's own tests.
        assert_eq!(tile_id(12, 3423, 1763), 19_078_479);
        let mut all: Vec<u64> = (0..32).flat_map(|x| (0..32).map(move |y| tile_id(5, x, y))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), all[0], all[1023]), (1024, 341, 1364));
    }

    #[test]
    fn what_was_written_is_found_again_whatever_its_size() {
        for side in [3_u32, 150] {
            let mut writer = Writer::default();
            for x in 0..side {
                for y in 0..side {
                    writer.add(&Tile { z: 9, x, y, bytes: format!("{x},{y}").into_bytes() });
                }
            }
            let bounds = Bounds { west: 112.0, south: 30.0, east: 113.0, north: 31.5 };
            let file = writer.finish(&bounds, r#"{"name":"云州"}"#);
            let read = |at: u64, length: u64| {
                let (at, length) = (usize::try_from(at).unwrap(), usize::try_from(length).unwrap());
                Ok(file[at..at + length].to_vec())
            };
            let archive = Archive::open(file.len() as u64, read).unwrap();
            assert_eq!((archive.bounds, &*archive.told), (bounds, r#"{"name":"云州"}"#));
            assert_eq!(archive.count(), (side * side) as usize);
            let (at, length) = archive.find(9, 2, 1).unwrap();
            assert_eq!(unpack(&read(at, length).unwrap()).unwrap(), b"2,1");
            assert_eq!(archive.find(9, side, 0), None);
            assert_eq!(archive.find(9, 512, 0), None);
            // Cut off anywhere it is refused, not served in part.
            for length in [0, 100, 130, file.len() / 2, file.len() - 1] {
                let cut = |at: u64, wanted: u64| {
                    let (at, wanted) = (usize::try_from(at).unwrap(), usize::try_from(wanted).unwrap());
                    Ok(file[at..at + wanted].to_vec())
                };
                assert!(Archive::open(length as u64, cut).is_err(), "{length}");
            }
        }
    }
}
