//! Searching: what the index brings, checked against what readers may have now.

use std::collections::HashMap;
use std::sync::Arc;

use contract::knowledge::Audience;
use lang::retrieve::Analyzer;

use super::Request;
use super::keeping::blocking;
use super::library::{Hit, analyzer_of};
use super::look::{Looked, Marked, mark, snippet};
use crate::Knowledge;
use crate::entry::{Answer, Content};
use crate::error::KnowledgeError;
use crate::store::entry::EntryRow;
use crate::store::list::{Filter, Shelf, Sort};
use crate::text;

/// Characters of a question that are looked at.
const QUESTION_MAX: usize = 400;
/// So many more are asked of the index than are shown: some may have expired this minute.
const SPARE: usize = 20;

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// The entry.
    pub row: EntryRow,
    /// What it says.
    pub content: Content,
    /// The answer that fits best, among those that may be shown.
    pub answer: Option<usize>,
    /// The title with marks.
    pub title: Marked,
    /// A piece of the answer with marks.
    pub snippet: Marked,
    /// How well it fits; comparable within one search.
    pub score: f32,
    /// Why it was found.
    pub looked: Looked,
}

/// What a search brought.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The entries, best first.
    pub results: Vec<FoundEntry>,
    /// Words that the question was cut into.
    pub words: Vec<String>,
    /// The index is missing: only titles and numbers were looked through.
    pub degraded: bool,
}

impl Knowledge {
    /// Searches what readers of a kind may have now.
    ///
    /// # Errors
    /// When the database fails. A damaged index is given up, and titles are looked through instead.
    pub async fn find(&self, audience: Audience, request: &Request) -> Result<Found, KnowledgeError> {
        let analyzer = self.analyzer().await?;
        self.find_with(analyzer, audience, request).await
    }

    /// As [`Knowledge::find`], with words that are not in force.
    pub(crate) async fn find_with(
        &self,
        analyzer: Arc<Analyzer>,
        audience: Audience,
        request: &Request,
    ) -> Result<Found, KnowledgeError> {
        let typed: String = request.text.trim().chars().take(QUESTION_MAX).collect();
        if typed.is_empty() {
            return Ok(Found::default());
        }
        let limit = request.limit.clamp(1, 100);
        let query = analyzer.query(&typed);
        let words = query.words.clone();
        let by_number = self.find_number(audience, &typed).await?;
        let hits = match self.library().shelves() {
            None => None,
            Some(shelves) => {
                let (searched, asked, cut) = (shelves.clone(), query.clone(), analyzer.clone());
                let marks = request.marks();
                let outcome =
                    blocking(move || searched.search(&cut, &asked, audience, &marks, limit + SPARE)).await;
                match outcome {
                    Ok(Ok(hits)) => Some(hits),
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the knowledge index failed and is built anew");
                        self.library().give_up(&shelves);
                        None
                    }
                    Err(error) => {
                        tracing::error!(%error, "the knowledge index is damaged and is built anew");
                        self.library().give_up(&shelves);
                        None
                    }
                }
            }
        };
        let degraded = hits.is_none();
        let hits = match hits {
            Some(hits) => hits,
            None => self.look_through(audience, request, &typed, limit).await?,
        };
        let mut results = self.show(audience, hits).await?;
        if let Some(row) = by_number {
            results.retain(|result| result.row.id != row.entry_id);
            let mut first = self.show(audience, vec![row]).await?;
            first.append(&mut results);
            results = first;
        }
        results.truncate(limit);
        Ok(Found { results, words, degraded })
    }

    /// Finds the entry whose number was typed.
    async fn find_number(&self, audience: Audience, typed: &str) -> Result<Option<Hit>, KnowledgeError> {
        let number = typed.to_ascii_uppercase();
        if !number.starts_with("ZS") || number.len() > 16 {
            return Ok(None);
        }
        let number = number.split('-').next().unwrap_or_default().to_owned();
        let page = self.titles(audience, &Request::default(), &number, 5).await?;
        Ok(page.into_iter().find(|row| row.number == number).map(|row| plain_hit(&row)))
    }

    /// Looks through titles and numbers in the database, while there is no index.
    async fn look_through(
        &self,
        audience: Audience,
        request: &Request,
        typed: &str,
        limit: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        Ok(self.titles(audience, request, typed, limit).await?.iter().map(plain_hit).collect())
    }

    async fn titles(
        &self,
        audience: Audience,
        request: &Request,
        typed: &str,
        limit: usize,
    ) -> Result<Vec<EntryRow>, KnowledgeError> {
        let filter = Filter {
            shelf: if audience == Audience::Public { Shelf::Public } else { Shelf::Published },
            text: Some(typed.to_owned()),
            region: request.region.clone(),
            business: request.business.clone(),
            kind: request.kind,
            unit: request.unit.clone(),
            sort: Sort::Views,
            ..Filter::default()
        };
        Ok(self.list(None, &filter, None, limit).await?.items)
    }

    /// Turns hits into what may be shown now, in their order.
    async fn show(&self, audience: Audience, hits: Vec<Hit>) -> Result<Vec<FoundEntry>, KnowledgeError> {
        let ids: Vec<String> = hits.iter().map(|hit| hit.entry_id.clone()).collect();
        let now = self.kit().now().0;
        let mut rows: HashMap<String, EntryRow> =
            self.entries(&ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut texts: HashMap<String, Content> = HashMap::new();
        for version in self.published_versions(&ids).await? {
            texts.insert(version.entry_id.clone(), version.content()?);
        }
        let mut results = Vec::with_capacity(hits.len());
        for hit in hits {
            let (Some(row), Some(content)) = (rows.remove(&hit.entry_id), texts.remove(&hit.entry_id)) else {
                continue;
            };
            if !row.is_found(now) || (audience == Audience::Public && row.public == 0) {
                continue;
            }
            let shown: Vec<(usize, &Answer)> = content
                .answers
                .iter()
                .enumerate()
                .filter(|(_, answer)| answer.is_shown(audience, now))
                .collect();
            if shown.is_empty() {
                continue;
            }
            let plain: Vec<(usize, String)> =
                shown.iter().map(|(at, answer)| (*at, text::plain(&answer.html))).collect();
            let best = best_answer(&hit.looked, &plain);
            let words =
                best.map_or("", |at| plain.iter().find(|(own, _)| *own == at).map_or("", |(_, text)| text));
            let piece = snippet(words, &hit.looked);
            results.push(FoundEntry {
                answer: best,
                title: mark(&content.title, &hit.looked),
                snippet: piece,
                score: hit.score,
                looked: hit.looked,
                row,
                content,
            });
        }
        Ok(results)
    }
}

/// Returns the answer that has most of what was found; the first when none has anything.
fn best_answer(looked: &Looked, answers: &[(usize, String)]) -> Option<usize> {
    answers
        .iter()
        .rev()
        .max_by_key(|(_, text)| {
            mark(text, looked).marks.iter().map(|(from, to)| to - from).sum::<usize>().min(200)
        })
        .map(|(at, _)| *at)
}

fn plain_hit(row: &EntryRow) -> Hit {
    Hit { entry_id: row.id.clone(), score: 1.0, looked: Looked { tier: 0, fit: 0.0, words: Vec::new() } }
}

impl Knowledge {
    /// Searches with the words in force, and with more that are not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn try_words(
        &self,
        request: &Request,
        words: Vec<String>,
        synonyms: Vec<String>,
    ) -> Result<(Found, Found), KnowledgeError> {
        let before = self.find(Audience::Internal, request).await?;
        let (mut all_words, mut all_synonyms) = self.stored_words().await?;
        all_words.extend(words);
        all_synonyms.extend(synonyms);
        let analyzer = blocking(move || Arc::new(analyzer_of(&all_words, &all_synonyms))).await?;
        let after = self.find_with(analyzer, Audience::Internal, request).await?;
        Ok((before, after))
    }
}
