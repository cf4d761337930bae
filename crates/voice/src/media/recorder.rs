//! Recordings on disk: a writer thread that audio never waits for, and repair after a crash.
//!
//! While a recording is open, a note with its path lies in the folder `open`; after a crash only
//! those files need repair, however many years of recordings there are.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use ::media::codec::{Codec, FRAME, Frame};
use ::media::recording::{self, BYTES_PER_MS, HEADER_LEN, PAIR};
use tokio::sync::mpsc;

use super::{LegId, MediaError, MediaEvent, ambient};

/// Pieces of recordings that may wait for the disk: seconds of hundreds of calls.
const QUEUE: usize = 16_384;
/// Frames in one piece (200 ms).
const PIECE_FRAMES: usize = 10;
/// How often each recording is forced to disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Files forced to disk before the queue is looked at again.
const SYNCS_IN_A_ROW: usize = 8;
/// Folder of the notes about open recordings.
const OPEN: &str = "open";
/// Extension of recordings: two channels of A-law.
const EXTENSION: &str = "alaw2";

/// Name and place of a recording, known to be harmless as a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordingPath {
    recording_id: String,
    relative: PathBuf,
}

impl RecordingPath {
    pub fn new(recording_id: &str, date: &str) -> Result<Self, MediaError> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 100
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let parts: Vec<&str> = date.split(['-', '/']).collect();
        let [year, month, day] = parts[..] else {
            return Err(MediaError::BadRecordingName(date.to_owned()));
        };
        let digits = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !plain(recording_id) || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(MediaError::BadRecordingName(format!("{recording_id} {date}")));
        }
        let file = format!("{recording_id}.{EXTENSION}");
        let relative = [year, month, day, &file].iter().collect();
        Ok(Self { recording_id: recording_id.to_owned(), relative })
    }
}

enum Message {
    Open { key: u64, path: RecordingPath, events: mpsc::Sender<MediaEvent> },
    Sound { key: u64, from_pair: u64, bytes: Vec<u8> },
    Close { key: u64, pairs: u64 },
}

/// Handle to the writer thread.
#[derive(Clone)]
pub(super) struct Recorder {
    queue: SyncSender<Message>,
    next: Arc<AtomicU64>,
}

impl Recorder {
    pub fn start(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(dir.join(OPEN))?;
        let (queue, messages) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || Writer::new(dir).run(&messages))?;
        Ok(Self { queue, next: Arc::new(AtomicU64::new(1)) })
    }

    /// Begins a recording; it ends when the tap is dropped.
    pub fn open(&self, path: RecordingPath, citizen: LegId, events: mpsc::Sender<MediaEvent>) -> Tap {
        let key = self.next.fetch_add(1, Ordering::Relaxed);
        let recording_id = path.recording_id.clone();
        let opened = self.queue.try_send(Message::Open { key, path, events: events.clone() });
        if opened.is_err() {
            let reason = "the recording writer does not keep up".to_owned();
            let _ = events.try_send(MediaEvent::RecordingFailed { recording_id, reason });
        }
        Tap {
            citizen,
            key: opened.is_ok().then_some(key),
            queue: self.queue.clone(),
            pairs: 0,
            piece: Vec::with_capacity(PIECE_FRAMES * FRAME * 2),
        }
    }
}

/// The end of a recording that sits in the call: collects frames and passes pieces on.
pub(super) struct Tap {
    pub citizen: LegId,
    key: Option<u64>,
    queue: SyncSender<Message>,
    pairs: u64,
    piece: Vec<u8>,
}

impl Tap {
    /// Adds 20 ms of both channels. A piece that finds the queue full is left out; the writer
    /// puts silence in its place, so that the time line stays true.
    pub fn push(&mut self, left: &Frame, right: &Frame) {
        recording::interleave(&left.bytes, &right.bytes, &mut self.piece);
        self.pairs += FRAME as u64;
        if self.piece.len() >= PIECE_FRAMES * FRAME * PAIR as usize {
            self.pass_on();
        }
    }

    fn pass_on(&mut self) {
        let room = Vec::with_capacity(self.piece.len());
        let bytes = std::mem::replace(&mut self.piece, room);
        if let Some(key) = self.key
            && !bytes.is_empty()
        {
            let from_pair = self.pairs - bytes.len() as u64 / PAIR;
            let _ = self.queue.try_send(Message::Sound { key, from_pair, bytes });
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.pass_on();
        let Some(key) = self.key else { return };
        let close = Message::Close { key, pairs: self.pairs };
        // The end must not get lost, and audio must not wait for it.
        if let Err(TrySendError::Full(close)) = self.queue.try_send(close) {
            let queue = self.queue.clone();
            std::thread::spawn(move || queue.send(close));
        }
    }
}

struct OpenFile {
    recording_id: String,
    relative: PathBuf,
    file: Option<File>,
    events: mpsc::Sender<MediaEvent>,
    pairs: u64,
    dropped_pairs: u64,
    dirty: bool,
    synced_at: Instant,
}

struct Writer {
    dir: PathBuf,
    files: HashMap<u64, OpenFile>,
    turns: VecDeque<u64>,
    undelivered: Vec<(mpsc::Sender<MediaEvent>, MediaEvent)>,
}

impl Writer {
    fn new(dir: PathBuf) -> Self {
        Self { dir, files: HashMap::new(), turns: VecDeque::new(), undelivered: Vec::new() }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            match messages.recv_timeout(Duration::from_millis(50)) {
                Ok(message) => self.obey(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            for message in messages.try_iter().take(256) {
                self.obey(message);
            }
            self.sync_some();
            let waiting = std::mem::take(&mut self.undelivered);
            for (events, event) in waiting {
                self.tell(events, event);
            }
        }
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Open { key, path, events } => self.open(key, path, events),
            Message::Sound { key, from_pair, bytes } => self.append(key, from_pair, &bytes),
            Message::Close { key, pairs } => self.close(key, pairs),
        }
    }

    fn open(&mut self, key: u64, path: RecordingPath, events: mpsc::Sender<MediaEvent>) {
        let opened = create(&self.dir, &path);
        let mut open = OpenFile {
            recording_id: path.recording_id,
            relative: path.relative,
            file: None,
            events,
            pairs: 0,
            dropped_pairs: 0,
            dirty: false,
            synced_at: ambient::now(),
        };
        match opened {
            Ok(file) => open.file = Some(file),
            Err(error) => self.fail(&mut open, &error),
        }
        self.files.insert(key, open);
        self.turns.push_back(key);
    }

    fn append(&mut self, key: u64, from_pair: u64, bytes: &[u8]) {
        let Some(mut open) = self.files.remove(&key) else { return };
        let written = open.fill_up_to(from_pair).and_then(|()| open.write(bytes));
        if let Err(error) = written {
            self.fail(&mut open, &error);
        }
        self.files.insert(key, open);
    }

    fn close(&mut self, key: u64, pairs: u64) {
        let Some(mut open) = self.files.remove(&key) else { return };
        self.turns.retain(|&turn| turn != key);
        if open.file.is_none() {
            return;
        }
        if let Err(error) = open.fill_up_to(pairs).and_then(|()| open.finish(&self.dir)) {
            return self.fail(&mut open, &error);
        }
        let data_len = open.pairs * PAIR;
        let event = MediaEvent::RecordingStopped {
            recording_id: open.recording_id,
            path: open.relative,
            duration_ms: data_len / BYTES_PER_MS,
            bytes: HEADER_LEN as u64 + data_len,
            dropped_ms: open.dropped_pairs * PAIR / BYTES_PER_MS,
        };
        self.tell(open.events, event);
    }

    /// Forces the recordings to disk whose turn it is, a few at a time.
    fn sync_some(&mut self) {
        for _ in 0..SYNCS_IN_A_ROW.min(self.turns.len()) {
            let Some(&key) = self.turns.front() else { return };
            let Some(mut open) = self.files.remove(&key) else { return };
            let due = ambient::now().duration_since(open.synced_at) >= SYNC_EVERY;
            if due {
                open.synced_at = ambient::now();
                self.turns.rotate_left(1);
                if std::mem::take(&mut open.dirty)
                    && let Some(Err(error)) = open.file.as_ref().map(File::sync_data)
                {
                    self.fail(&mut open, &error);
                }
            }
            self.files.insert(key, open);
            if !due {
                return;
            }
        }
    }

    /// Gives a recording up; what is in the file is made playable when the process starts again.
    fn fail(&mut self, open: &mut OpenFile, error: &io::Error) {
        tracing::error!(recording_id = open.recording_id, %error, "recording failed");
        open.file = None;
        let event = MediaEvent::RecordingFailed {
            recording_id: open.recording_id.clone(),
            reason: error.to_string(),
        };
        self.tell(open.events.clone(), event);
    }

    /// Keeps an event that finds no room, as nobody else will tell it.
    fn tell(&mut self, events: mpsc::Sender<MediaEvent>, event: MediaEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
            self.undelivered.push((events, event));
        }
    }
}

impl OpenFile {
    /// Puts silence where pieces were left out.
    fn fill_up_to(&mut self, pair: u64) -> io::Result<()> {
        let missing = pair.saturating_sub(self.pairs);
        if missing > 0 && self.file.is_some() {
            self.dropped_pairs += missing;
            tracing::warn!(recording_id = self.recording_id, missing, "recording fell behind");
            self.write(&vec![Codec::Pcma.silence(); (missing * PAIR) as usize])?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
            self.pairs += bytes.len() as u64 / PAIR;
            self.dirty = true;
        }
        Ok(())
    }

    fn finish(&mut self, dir: &Path) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&recording::header(self.pairs * PAIR))?;
            file.sync_all()?;
            fs::remove_file(dir.join(OPEN).join(&self.recording_id))?;
        }
        Ok(())
    }
}

/// Creates the note and the file with its unfinished header, and makes both last.
fn create(dir: &Path, path: &RecordingPath) -> io::Result<File> {
    let note_path = dir.join(OPEN).join(&path.recording_id);
    let mut note = File::create(&note_path)?;
    note.write_all(path.relative.to_string_lossy().as_bytes())?;
    note.sync_all()?;
    File::open(dir.join(OPEN))?.sync_all()?;
    let full = dir.join(&path.relative);
    let folder = full.parent().unwrap_or(dir);
    fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(&full)?;
    file.write_all(&recording::header(0))?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// A recording that was open when the process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The recording.
    pub recording_id: String,
    /// The file, relative to the recording folder.
    pub path: PathBuf,
    /// Length in milliseconds of what was saved.
    pub duration_ms: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Makes recordings whole that a crash left open. Call it before [`super::MediaPlane::start`].
///
/// # Errors
/// When the folder of open recordings cannot be read. A single file that cannot be repaired is
/// logged and stays noted for the next time.
pub fn repair_recordings(dir: &Path) -> io::Result<Vec<Repaired>> {
    let entries = match fs::read_dir(dir.join(OPEN)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut repaired = Vec::new();
    for entry in entries {
        let note = entry?.path();
        match repair_one(dir, &note) {
            Ok(one) => repaired.extend(one),
            Err(error) => tracing::error!(note = %note.display(), %error, "recording not repaired"),
        }
    }
    Ok(repaired)
}

fn repair_one(dir: &Path, note: &Path) -> io::Result<Option<Repaired>> {
    let mut relative = String::new();
    File::open(note)?.read_to_string(&mut relative)?;
    let path = PathBuf::from(&relative);
    let harmless = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let file = OpenOptions::new().read(true).write(true).open(dir.join(&path));
    let mut file = match file {
        // The crash came between the note and the file.
        Err(error) if error.kind() == io::ErrorKind::NotFound || relative.is_empty() => {
            fs::remove_file(note)?;
            return Ok(None);
        }
        _ if !harmless => return Err(io::Error::other("the note names a path outside")),
        file => file?,
    };
    let repair = recording::repair(file.metadata()?.len());
    file.set_len(repair.file_len)?;
    file.write_all(&repair.header)?;
    file.sync_all()?;
    fs::remove_file(note)?;
    let recording_id = note.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(Repaired { recording_id, path, duration_ms: repair.duration_ms, bytes: repair.file_len }))
}
