//! Keeping the index: it follows the events, and is built anew when it is missing, damaged or cut by other words.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lang::retrieve::Analyzer;
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;

use super::IndexStatus;
use super::library::{Shelves, analyzer_for};
use crate::Knowledge;
use crate::error::KnowledgeError;

/// So many events are looked through at once, and the index writes down how far it has come that often.
const STEP: i64 = 20_000;
/// Entries that are read and indexed at once.
const PAGE: i64 = 200;
/// Pages between two commits while an index is built.
const COMMIT_PAGES: usize = 50;
/// How often the index is looked after when nothing tells that it should be.
const LOOK: Duration = Duration::from_secs(2);

impl Knowledge {
    /// Keeps the index in step until `stop` is told.
    pub async fn follow_index(self, stop: Arc<Notify>) {
        let mut pushes = self.kit().hub.listen();
        loop {
            if let Err(error) = self.keep_index().await {
                tracing::error!(error = %kernel::problem::chain(&error), "the knowledge index could not be kept; trying again");
            }
            let told = async {
                loop {
                    match pushes.recv().await {
                        Ok(push) if !push.name.starts_with("knowledge.entry_") => {}
                        // Whoever lags behind has missed something.
                        Ok(_) | Err(RecvError::Lagged(_)) => return,
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            tokio::select! {
                () = told => {}
                () = self.library().bell.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = stop.notified() => return,
            }
        }
    }

    /// Brings the index up to date, or builds it anew when it has to be.
    ///
    /// # Errors
    /// When the database or the disk fails.
    pub async fn keep_index(&self) -> Result<(), KnowledgeError> {
        let _turn = self.library().turn.lock().await;
        let generation = self.words_generation().await?.to_string();
        if self.library().analyzer().is_none_or(|(known, _)| known != generation) {
            self.load_words().await?;
        }
        if self.library().shelves().is_none() && !self.library().rebuild.load(Ordering::Relaxed) {
            let knowledge = self.clone();
            let found = blocking(move || knowledge.library().find()).await?;
            // An index that knows of events which the database has not belongs to another database.
            let newest = self.newest_event().await?;
            if let Some(found) =
                found.filter(|found| found.mark().words == generation && found.mark().seq <= newest)
            {
                self.library().show(Some(Arc::new(found)), None);
            }
        }
        let shelves = self.library().shelves();
        let reason = match &shelves {
            _ if self.library().rebuild.swap(false, Ordering::Relaxed) => Some("asked"),
            None => Some("missing"),
            Some(shelves) if !shelves.is_there() => Some("missing"),
            Some(shelves) if shelves.mark().words != generation => Some("words"),
            Some(_) => None,
        };
        match (reason, shelves) {
            (None, Some(shelves)) => {
                if let Err(error) = self.catch_up(&shelves).await {
                    self.library().give_up(&shelves);
                    return Err(error);
                }
                Ok(())
            }
            (reason, _) => self.build_index(reason.unwrap_or("missing"), generation).await,
        }
    }

    /// Builds the index anew and puts it in force. Readers search the old one meanwhile, where there is one.
    ///
    /// # Errors
    /// When the database or the disk fails.
    pub async fn reindex(&self) -> Result<u64, KnowledgeError> {
        self.library().rebuild.store(true, Ordering::Relaxed);
        self.keep_index().await?;
        Ok(self.library().status().entries)
    }

    /// Asks for a new index, to be built in the background.
    pub fn want_reindex(&self) {
        self.library().want_rebuild("asked");
    }

    /// Returns how the index stands.
    #[must_use]
    pub fn index_status(&self) -> IndexStatus {
        self.library().status()
    }

    async fn build_index(&self, reason: &'static str, generation: String) -> Result<(), KnowledgeError> {
        self.library().change_status(|status| {
            status.building = true;
            status.reason = Some(reason);
        });
        let built = self.build(generation).await;
        self.library().change_status(|status| status.building = false);
        match built {
            Ok(shelves) => {
                tracing::info!(entries = shelves.len(), reason, "the knowledge index was built");
                self.library().show(Some(Arc::new(shelves)), Some(reason));
                let now = self.kit().now();
                self.library().change_status(|status| status.refreshed_at = Some(now));
                Ok(())
            }
            Err(error) => {
                // Whatever the old one lacks, it is better than nothing, unless it is gone.
                if self.library().shelves().is_some_and(|old| !old.is_there()) {
                    self.library().show(None, Some("missing"));
                }
                Err(error)
            }
        }
    }

    async fn build(&self, generation: String) -> Result<Shelves, KnowledgeError> {
        let analyzer = self.analyzer().await?;
        // What changes while it is built is read again afterwards.
        let seq = self.newest_event().await?;
        let folder = self.library().fresh_folder();
        let shelves = Arc::new(blocking(move || Shelves::begin(&folder, seq, &generation)).await??);
        let mut after = String::new();
        let mut pages = 0;
        loop {
            let feed = self.feed_page(&after, PAGE).await?;
            let Some(last) = feed.last() else { break };
            after.clone_from(&last.entry_id);
            let (shelves, analyzer) = (shelves.clone(), analyzer.clone());
            pages += 1;
            let commit = pages % COMMIT_PAGES == 0;
            blocking(move || {
                shelves.put(&analyzer, &feed, &[], true)?;
                if commit { shelves.commit(seq) } else { Ok(()) }
            })
            .await??;
        }
        let whole = shelves.clone();
        blocking(move || whole.commit(seq)).await??;
        Arc::try_unwrap(shelves).map_err(|_| KnowledgeError::Wrong("index"))
    }

    async fn catch_up(&self, shelves: &Arc<Shelves>) -> Result<(), KnowledgeError> {
        loop {
            let (from, newest) = (shelves.passed(), self.newest_event().await?);
            if newest <= from {
                break;
            }
            let upto = newest.min(from + STEP);
            let changed = self.changed_between(from, upto, PAGE).await?;
            if changed.is_empty() {
                shelves.pass(upto);
                if upto - shelves.mark().seq >= STEP {
                    let passing = shelves.clone();
                    blocking(move || passing.commit(upto)).await??;
                }
                continue;
            }
            let full = i64::try_from(changed.len()) == Ok(PAGE);
            let last = changed.last().map_or(upto, |(seq, _)| if full { *seq } else { upto });
            let mut once = HashSet::new();
            let ids: Vec<String> =
                changed.iter().map(|(_, id)| id.clone()).filter(|id| once.insert(id.clone())).collect();
            let feed = self.feed_of(&ids).await?;
            let gone: Vec<String> =
                ids.into_iter().filter(|id| feed.iter().all(|entry| entry.entry_id != *id)).collect();
            let analyzer = self.analyzer().await?;
            let writing = shelves.clone();
            blocking(move || {
                writing.put(&analyzer, &feed, &gone, false)?;
                writing.commit(last)
            })
            .await??;
        }
        let now = self.kit().now();
        let entries = shelves.len();
        self.library().change_status(|status| {
            status.refreshed_at = Some(now);
            status.entries = entries;
        });
        Ok(())
    }

    /// Puts the stored words in force, at once and as a whole.
    pub(crate) async fn load_words(&self) -> Result<(), KnowledgeError> {
        let generation = self.words_generation().await?.to_string();
        let (words, synonyms) = self.stored_words().await?;
        let analyzer = blocking(move || analyzer_for(&words, &synonyms)).await?;
        self.library().set_analyzer(generation, analyzer);
        self.library().bell.notify_one();
        Ok(())
    }

    /// Returns the city's own words and groups.
    pub(crate) async fn stored_words(&self) -> Result<(Vec<String>, Vec<String>), KnowledgeError> {
        let (words, synonyms): (Vec<_>, Vec<_>) =
            self.words(None).await?.into_iter().partition(|row| row.kind == "word");
        let texts = |rows: Vec<crate::store::word::WordRow>| rows.into_iter().map(|row| row.text).collect();
        Ok((texts(words), texts(synonyms)))
    }

    pub(crate) async fn analyzer(&self) -> Result<Arc<Analyzer>, KnowledgeError> {
        if let Some((_, analyzer)) = self.library().analyzer() {
            return Ok(analyzer);
        }
        self.load_words().await?;
        Ok(self.library().analyzer().map(|(_, analyzer)| analyzer).unwrap_or_else(|| analyzer_for(&[], &[])))
    }
}

/// Runs what takes the processor for long away from the runtime's threads. A panic in there is an error.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| KnowledgeError::Port(error.into()))
}
