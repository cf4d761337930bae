//! Reading recordings as WAV files, in ranges, for players.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Component, Path};

use ::media::recording::WavView;

/// A recording presented as a WAV file of 16-bit PCM in two channels. One that is still being
/// written shows what is there at the time of opening.
#[derive(Debug)]
pub struct RecordingFile {
    file: File,
    view: WavView,
}

impl RecordingFile {
    /// Opens a recording by the path that events give, relative to the recording folder. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// When the path leads outside the folder or the file cannot be read.
    pub fn open(dir: &Path, relative: &Path) -> io::Result<Self> {
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = File::open(dir.join(relative))?;
        let view = WavView::new(file.metadata()?.len());
        Ok(Self { file, view })
    }

    /// Length of the WAV file in bytes.
    #[must_use]
    pub fn wav_len(&self) -> u64 {
        self.view.len()
    }

    /// Length of the sound in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.view.duration_ms()
    }

    /// Bytes of the WAV file; a range beyond its end is cut. Blocks on the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let source = self.view.source(&range);
        let mut bytes = vec![0; (source.end - source.start) as usize];
        self.file.seek(SeekFrom::Start(source.start))?;
        self.file.read_exact(&mut bytes)?;
        Ok(self.view.present(&range, &bytes))
    }
}
