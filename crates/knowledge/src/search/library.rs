//! The index: two shelves, one for staff and one for citizens, in a folder that can always be built anew from the
//! database. A new one is built beside the old one and takes its place as a whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use contract::knowledge::Audience;
use lang::lexicon::Lexicon;
use lang::retrieve::index::Writer;
use lang::retrieve::{Analyzer, Index, IndexError, Query, Synonyms};
use serde::{Deserialize, Serialize};

use super::disk::ReadFolder;
use super::look::{Looked, look};
use super::{IndexStatus, Indexed};

/// Changes with the form of what is indexed; an index of another form is built anew.
const FORM: u32 = 1;
/// Memory of a writer that follows, in bytes.
const FOLLOW_BYTES: usize = 20_000_000;
/// Memory of a writer that builds anew, in bytes.
const BUILD_BYTES: usize = 96_000_000;
/// The file that says that a folder holds a whole index.
const MARK: &str = "ready.json";

static SHIPPED: LazyLock<Arc<Analyzer>> = LazyLock::new(|| Arc::new(analyzer_of(&[], &[])));

/// Makes what cuts texts and questions by the city's words and groups of synonyms.
pub(crate) fn analyzer_of(words: &[String], synonyms: &[String]) -> Analyzer {
    let synonyms = Arc::new(Synonyms::new(synonyms.iter().map(String::as_str)));
    let known = synonyms.words().chain(words.iter().map(String::as_str)).collect::<Vec<_>>();
    Analyzer::new(Arc::new(Lexicon::new(known)), synonyms.clone())
}

/// As [`analyzer_of`]; without words of the city's own there is one for all.
pub(crate) fn analyzer_for(words: &[String], synonyms: &[String]) -> Arc<Analyzer> {
    if words.is_empty() && synonyms.is_empty() {
        return SHIPPED.clone();
    }
    Arc::new(analyzer_of(words, synonyms))
}

/// What an index was built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    form: u32,
    /// The number of the last event that it shows.
    pub(crate) seq: i64,
    /// Names the words that texts were cut by.
    pub(crate) words: String,
}

/// A whole index.
pub(crate) struct Shelves {
    folder: PathBuf,
    staff: Index,
    public: Index,
    writers: Mutex<(Writer, Writer)>,
    mark: Mutex<Mark>,
    /// Events up to this number are in or concern others; the mark follows in large steps.
    passed: AtomicI64,
}

impl std::fmt::Debug for Shelves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelves").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A text that was found.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) entry_id: String,
    pub(crate) score: f32,
    pub(crate) looked: Looked,
}

impl Shelves {
    /// Returns the number of the last event that needs no more looking at.
    pub(crate) fn passed(&self) -> i64 {
        self.mark().seq.max(self.passed.load(Ordering::Relaxed))
    }

    /// Says that what came up to an event concerns others.
    pub(crate) fn pass(&self, seq: i64) {
        self.passed.fetch_max(seq, Ordering::Relaxed);
    }

    /// Makes empty shelves in a new folder.
    pub(crate) fn begin(folder: &Path, seq: i64, words: &str) -> Result<Self, IndexError> {
        for name in ["staff", "public"] {
            std::fs::create_dir_all(folder.join(name)).map_err(tantivy::TantivyError::from)?;
        }
        let mark = Mark { form: FORM, seq, words: words.to_owned() };
        Self::at(folder, mark, BUILD_BYTES)
    }

    /// Opens the shelves in a folder that says to be whole and of this form.
    pub(crate) fn open(folder: &Path) -> Option<Self> {
        let mark: Mark = serde_json::from_slice(&std::fs::read(folder.join(MARK)).ok()?).ok()?;
        if mark.form != FORM {
            return None;
        }
        // Whatever is wrong in there, a new index takes its place.
        let opened = std::panic::catch_unwind(|| Self::at(folder, mark, FOLLOW_BYTES));
        opened.ok()?.ok()
    }

    fn at(folder: &Path, mark: Mark, memory_bytes: usize) -> Result<Self, IndexError> {
        let open = |name: &str| -> Result<Index, IndexError> {
            let directory = ReadFolder::open(&folder.join(name)).map_err(tantivy::TantivyError::from)?;
            Index::open(Box::new(directory) as Box<dyn tantivy::Directory>)
        };
        let (staff, public) = (open("staff")?, open("public")?);
        let writers = Mutex::new((staff.writer(memory_bytes)?, public.writer(memory_bytes)?));
        Ok(Self {
            folder: folder.to_owned(),
            staff,
            public,
            writers,
            mark: Mutex::new(mark),
            passed: AtomicI64::new(0),
        })
    }

    /// Puts entries in, or takes them out where nothing is left for readers.
    pub(crate) fn put(
        &self,
        analyzer: &Analyzer,
        entries: &[Indexed],
        gone: &[String],
        fresh: bool,
    ) -> Result<(), IndexError> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let (staff, public) = &mut *writers;
        for (writer, audience) in [(staff, Audience::Internal), (public, Audience::Public)] {
            gone.iter().for_each(|id| writer.remove(id));
            for entry in entries {
                match entry.document(audience) {
                    Some(document) if fresh => writer.add(&document, analyzer)?,
                    Some(document) => writer.put(&document, analyzer)?,
                    None => writer.remove(&entry.entry_id),
                }
            }
        }
        Ok(())
    }

    /// Makes what was put in visible, and remembers how far it goes.
    pub(crate) fn commit(&self, seq: i64) -> Result<(), IndexError> {
        {
            let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
            writers.0.commit()?;
            writers.1.commit()?;
        }
        let mut mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        mark.seq = seq;
        let partial = self.folder.join("ready.partial");
        std::fs::write(&partial, serde_json::to_vec(&*mark).unwrap_or_default())
            .and_then(|()| std::fs::rename(&partial, self.folder.join(MARK)))
            .map_err(tantivy::TantivyError::from)?;
        Ok(())
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells whether the files that an index cannot be without are still there.
    pub(crate) fn is_there(&self) -> bool {
        [self.folder.join(MARK), self.folder.join("staff/meta.json"), self.folder.join("public/meta.json")]
            .iter()
            .all(|file| file.is_file())
    }

    /// Returns how many entries staff can find.
    pub(crate) fn len(&self) -> u64 {
        self.staff.len()
    }

    /// Searches, and looks closely at what was found.
    pub(crate) fn search(
        &self,
        analyzer: &Analyzer,
        query: &Query,
        audience: Audience,
        marks: &[Vec<String>],
        limit: usize,
    ) -> Result<Vec<Hit>, IndexError> {
        let index = match audience {
            Audience::Internal => &self.staff,
            Audience::Public => &self.public,
        };
        let found = index.search_marked(query, marks, limit.max(40), |_| true)?;
        let mut hits: Vec<Hit> = found
            .hits
            .into_iter()
            .map(|hit| {
                let looked = look(query, analyzer, &found.weights, &hit.document.title, &hit.document.body);
                Hit { entry_id: hit.document.id, score: hit.score * (0.4 + looked.fit), looked }
            })
            .collect();
        hits.sort_by(|a, b| b.looked.tier.cmp(&a.looked.tier).then_with(|| b.score.total_cmp(&a.score)));
        hits.truncate(limit);
        Ok(hits)
    }
}

/// The index in force and the words in force. Readers keep theirs until they are done.
pub(crate) struct Library {
    folder: PathBuf,
    shelves: RwLock<Option<Arc<Shelves>>>,
    analyzer: RwLock<Option<(String, Arc<Analyzer>)>>,
    status: Mutex<IndexStatus>,
    pub(crate) rebuild: AtomicBool,
    /// Whoever builds or follows holds it.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Told when the index should be looked after at once.
    pub(crate) bell: tokio::sync::Notify,
}

impl Library {
    /// Keeps the index below a folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            shelves: RwLock::default(),
            analyzer: RwLock::default(),
            status: Mutex::default(),
            rebuild: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            bell: tokio::sync::Notify::new(),
        }
    }

    pub(crate) fn shelves(&self) -> Option<Arc<Shelves>> {
        self.shelves.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts shelves in force, or says why there are none; folders of others go.
    pub(crate) fn show(&self, shelves: Option<Arc<Shelves>>, reason: Option<&'static str>) {
        if let Some(shelves) = &shelves {
            self.sweep(&shelves.folder);
        }
        self.change_status(|status| {
            status.ready = shelves.is_some();
            status.entries = shelves.as_ref().map_or(0, |shelves| shelves.len());
            status.reason = reason.or(status.reason);
        });
        *self.shelves.write().unwrap_or_else(PoisonError::into_inner) = shelves;
    }

    /// Gives up shelves that failed, unless others took their place meanwhile.
    pub(crate) fn give_up(&self, failed: &Arc<Shelves>) {
        if self.shelves().is_some_and(|present| Arc::ptr_eq(&present, failed)) {
            self.show(None, Some("damaged"));
            self.bell.notify_one();
        }
    }

    /// Returns the words in force and their name, once they were loaded.
    pub(crate) fn analyzer(&self) -> Option<(String, Arc<Analyzer>)> {
        self.analyzer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other words in force, at once and as a whole.
    pub(crate) fn set_analyzer(&self, name: String, analyzer: Arc<Analyzer>) {
        *self.analyzer.write().unwrap_or_else(PoisonError::into_inner) = Some((name, analyzer));
    }

    pub(crate) fn status(&self) -> IndexStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_status(&self, change: impl FnOnce(&mut IndexStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks for a new index.
    pub(crate) fn want_rebuild(&self, reason: &'static str) {
        self.change_status(|status| status.reason = Some(reason));
        self.rebuild.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Returns the name of a folder that is not there yet.
    pub(crate) fn fresh_folder(&self) -> PathBuf {
        self.folder.join(kernel::id::new_id())
    }

    /// Opens the newest whole index that an earlier run of the program left.
    pub(crate) fn find(&self) -> Option<Shelves> {
        let mut folders: Vec<PathBuf> =
            std::fs::read_dir(&self.folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.sort_unstable();
        folders.iter().rev().find_map(|folder| Shelves::open(folder))
    }

    fn sweep(&self, keep: &Path) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path != keep) {
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "an old search index could not be removed");
            }
        }
    }
}
