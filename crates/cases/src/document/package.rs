//! The package of a Word or Excel file: parts by name, bounded in number and size, so that a small file cannot
//! unfold into a huge one.

use std::io::{Cursor, Read as _, Write as _};

use super::Fault;

/// A template is so large at most, in bytes.
pub(super) const FILE_MAX: usize = 5 * 1024 * 1024;
/// All its parts together, unfolded.
const UNFOLDED_MAX: u64 = 40 * 1024 * 1024;
const PARTS_MAX: usize = 500;

/// The parts of a file, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    pub(super) parts: Vec<(String, Vec<u8>)>,
}

fn broken(zh: &str, en: &str) -> Fault {
    Fault::new("", "", zh, en)
}

impl Package {
    /// Unfolds a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.len() > FILE_MAX {
            return Err(broken("模板文件不能超过 5 MB。", "A template may have 5 MB at most."));
        }
        let unreadable = || broken("文件已损坏，无法读取。", "The file is damaged and cannot be read.");
        let too_much =
            || broken("模板展开后过大，已拒绝。", "The template unfolds to far too much and is refused.");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
        if archive.len() > PARTS_MAX {
            return Err(too_much());
        }
        let mut parts = Vec::with_capacity(archive.len());
        let mut room = UNFOLDED_MAX;
        for index in 0..archive.len() {
            let part = archive.by_index(index).map_err(|_| unreadable())?;
            if part.is_dir() {
                continue;
            }
            let name = part.name().to_owned();
            if name.to_ascii_lowercase().ends_with("vbaproject.bin") {
                return Err(broken("不接受带宏的模板。", "Templates with macros are not taken."));
            }
            // What the head says of the size may be a lie; what comes is counted.
            let mut unfolded = Vec::new();
            part.take(room + 1).read_to_end(&mut unfolded).map_err(|_| unreadable())?;
            let size = unfolded.len() as u64;
            if size > room {
                return Err(too_much());
            }
            room -= size;
            parts.push((name, unfolded));
        }
        Ok(Self { parts })
    }

    /// Folds the parts into a file.
    pub(super) fn write(&self) -> Result<Vec<u8>, zip::result::ZipError> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        for (name, bytes) in &self.parts {
            writer.start_file(name.as_str(), options)?;
            writer.write_all(bytes)?;
        }
        Ok(writer.finish()?.into_inner())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, bytes) = self.parts.iter().find(|(known, _)| known == name)?;
        std::str::from_utf8(bytes).ok()
    }

    pub(super) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        match self.parts.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = bytes,
            None => self.parts.push((name.to_owned(), bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unfolds_to_far_too_much_is_refused() {
        let bomb = Package { parts: vec![("word/document.xml".to_owned(), vec![b' '; 50 * 1024 * 1024])] };
        let folded = bomb.write().unwrap();
        assert!(folded.len() < FILE_MAX, "small when folded: {}", folded.len());
        assert!(Package::read(&folded).unwrap_err().zh.contains("过大"));
        assert!(Package::read(b"PK\x03\x04 nothing").unwrap_err().zh.contains("损坏"));
        let small = Package { parts: vec![("a".to_owned(), b"b".to_vec())] };
        assert_eq!(Package::read(&small.write().unwrap()).unwrap().parts, small.parts);
    }
}
