//! The index: candidates for a question, out of very many texts.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::collector::TopDocs;
use tantivy::directory::Directory;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, Occur, TermQuery};
use tantivy::schema::{
    Field as SchemaField, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::tokenizer::WhitespaceTokenizer;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::analysis::{Analyzer, Field, Query};
use super::rank;

/// Candidates that are looked at closely.
const CANDIDATES: usize = 150;
/// Terms of a question that are looked up at most; the rarest are kept.
const MOST_TERMS: usize = 96;
/// Share of the texts above which a term tells nothing, when there are rarer ones.
const COMMON: f64 = 0.25;
/// Characters of a body that are kept for looking at it closely and for showing what was found.
const KEPT: usize = 6_000;

/// What is wrong with the index. It can always be built anew from what it was built from.
#[derive(Debug, thiserror::Error)]
#[error("the search index cannot be used: {0}")]
pub struct IndexError(#[from] pub tantivy::TantivyError);

/// A text to be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// Its title, which weighs more.
    pub title: String,
    /// What else it says.
    pub body: String,
    /// Marks by which it is filtered, without spaces in them.
    pub marks: Vec<String>,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The text.
    pub document: Document,
    /// How well it fits; comparable within one question only.
    pub score: f32,
}

/// What was found, best first.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The texts.
    pub hits: Vec<Hit>,
    /// How telling each word of the question is among the texts.
    pub weights: FxHashMap<String, f32>,
}

/// Texts that can be searched. Reading goes on while somebody writes.
pub struct Index {
    index: tantivy::Index,
    reader: IndexReader,
    fields: Fields,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("documents", &self.len()).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    id: SchemaField,
    title: SchemaField,
    body: SchemaField,
    marks: SchemaField,
    searched: [SchemaField; 5],
}

const SEARCHED: [Field; 5] =
    [Field::TitleWords, Field::TitlePairs, Field::BodyWords, Field::BodyPairs, Field::Sounds];

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let id = schema.add_text_field("id", STRING | STORED);
        let title = schema.add_text_field("title", STORED);
        let body = schema.add_text_field("body", STORED);
        let cut = |option| {
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default().set_tokenizer("cut").set_index_option(option),
            )
        };
        let marks = schema.add_text_field("marks", cut(IndexRecordOption::Basic) | STORED);
        let searched = ["title_words", "title_pairs", "body_words", "body_pairs", "sounds"]
            .map(|name| schema.add_text_field(name, cut(IndexRecordOption::WithFreqs)));
        (schema.build(), Self { id, title, body, marks, searched })
    }
}

/// Writes texts into the index. Nothing is seen before [`Writer::commit`].
pub struct Writer {
    writer: IndexWriter,
    fields: Fields,
    reader: IndexReader,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in a directory, or makes it there.
    ///
    /// # Errors
    /// When what is there is not this index or is damaged.
    pub fn open(directory: impl Into<Box<dyn Directory>>) -> Result<Self, IndexError> {
        let (schema, fields) = Fields::schema();
        let index = tantivy::Index::open_or_create(directory, schema)?;
        index.tokenizers().register("cut", WhitespaceTokenizer::default());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// Makes an index in memory.
    ///
    /// # Errors
    /// When memory does not suffice.
    pub fn in_memory() -> Result<Self, IndexError> {
        Self::open(tantivy::directory::RamDirectory::create())
    }

    /// Returns how many texts can be found.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Tells whether nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the one writer there may be.
    ///
    /// # Errors
    /// When there is one already, or the directory cannot be written.
    pub fn writer(&self, memory_bytes: usize) -> Result<Writer, IndexError> {
        let writer = self.index.writer_with_num_threads(1, memory_bytes.max(20_000_000))?;
        Ok(Writer { writer, fields: self.fields, reader: self.reader.clone() })
    }

    /// Searches. `keep` says which candidates may be shown; `limit` hits are returned at most.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn search(
        &self,
        query: &Query,
        limit: usize,
        keep: impl Fn(&Document) -> bool,
    ) -> Result<Found, IndexError> {
        self.search_marked(query, &[], limit, keep)
    }

    /// Searches among the texts that have, of each group, at least one mark. Other than `keep`, which only looks at
    /// candidates, this finds the few that fit among very many that do not.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn search_marked(
        &self,
        query: &Query,
        marks: &[Vec<String>],
        limit: usize,
        keep: impl Fn(&Document) -> bool,
    ) -> Result<Found, IndexError> {
        let searcher = self.reader.searcher();
        let total = searcher.num_docs() as f64;
        let mut terms: Vec<(Term, f32, f64)> = Vec::new();
        for (field, text, weight) in &query.terms {
            let at = SEARCHED.iter().position(|known| known == field).unwrap_or(0);
            let term = Term::from_field_text(self.fields.searched[at], text);
            let count = searcher.doc_freq(&term)? as f64;
            if count > 0.0 {
                terms.push((term, *weight, count));
            }
        }
        terms.sort_by(|a, b| a.2.total_cmp(&b.2));
        if terms.iter().any(|(_, weight, count)| *weight >= 0.5 && *count <= total * COMMON) {
            terms.retain(|(_, _, count)| *count <= (total * COMMON).max(20.0));
        }
        terms.truncate(MOST_TERMS);
        let clauses = terms
            .into_iter()
            .map(|(term, weight, _)| {
                let exact = TermQuery::new(term, IndexRecordOption::WithFreqs);
                (
                    Occur::Should,
                    Box::new(BoostQuery::new(Box::new(exact), weight)) as Box<dyn tantivy::query::Query>,
                )
            })
            .collect::<Vec<_>>();
        if clauses.is_empty() {
            return Ok(Found::default());
        }
        let wanted = CANDIDATES.max(limit);
        let mut whole: Box<dyn tantivy::query::Query> = Box::new(BooleanQuery::new(clauses));
        if !marks.is_empty() {
            let mut all = vec![(Occur::Must, whole)];
            all.extend(marks.iter().map(|group| (Occur::Must, self.any_of(group))));
            whole = Box::new(BooleanQuery::new(all));
        }
        let best = searcher.search(&*whole, &TopDocs::with_limit(wanted).order_by_score())?;
        let mut hits = Vec::with_capacity(best.len());
        for (score, address) in best {
            let stored: TantivyDocument = searcher.doc(address)?;
            let text =
                |field| stored.get_first(field).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
            let document = Document {
                id: text(self.fields.id),
                title: text(self.fields.title),
                body: text(self.fields.body),
                marks: text(self.fields.marks).split(' ').map(str::to_owned).collect(),
            };
            if keep(&document) {
                hits.push(Hit { document, score });
            }
        }
        let weights = self.word_weights(query)?;
        rank::rerank(query, &weights, &mut hits);
        hits.truncate(limit);
        Ok(Found { hits, weights })
    }

    /// Returns what finds the texts with one of the marks, without an effect on how well they fit.
    fn any_of(&self, group: &[String]) -> Box<dyn tantivy::query::Query> {
        let marks = group.iter().map(|mark| {
            let term =
                TermQuery::new(Term::from_field_text(self.fields.marks, mark), IndexRecordOption::Basic);
            (Occur::Should, Box::new(term) as Box<dyn tantivy::query::Query>)
        });
        Box::new(ConstScoreQuery::new(Box::new(BooleanQuery::new(marks.collect())), 0.0))
    }

    /// Returns how telling each word of the question is among the texts.
    fn word_weights(&self, query: &Query) -> Result<FxHashMap<String, f32>, IndexError> {
        let searcher = self.reader.searcher();
        let total = searcher.num_docs() as f64;
        let mut weights = FxHashMap::default();
        for word in &query.words {
            let mut count = 0.0;
            for at in [0, 2] {
                let term = Term::from_field_text(self.fields.searched[at], word);
                count = searcher.doc_freq(&term)?.max(count as u64) as f64;
            }
            weights.insert(word.clone(), (1.0 + (total - count + 0.5) / (count + 0.5)).ln() as f32);
        }
        Ok(weights)
    }
}

impl Writer {
    /// Puts a text in, in place of the one with the same id.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn put(&mut self, document: &Document, analyzer: &Analyzer) -> Result<(), IndexError> {
        self.remove(&document.id);
        self.add(document, analyzer)
    }

    /// Adds a text whose id is new.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn add(&mut self, document: &Document, analyzer: &Analyzer) -> Result<(), IndexError> {
        let terms = analyzer.terms(&document.title, &document.body);
        let mut out = TantivyDocument::default();
        out.add_text(self.fields.id, &document.id);
        out.add_text(self.fields.title, &document.title);
        out.add_text(self.fields.body, document.body.chars().take(KEPT).collect::<String>());
        out.add_text(self.fields.marks, document.marks.join(" "));
        let [title_words, title_pairs, body_words, body_pairs, sounds] = self.fields.searched;
        out.add_text(title_words, terms.title_words);
        out.add_text(title_pairs, terms.title_pairs);
        out.add_text(body_words, terms.body_words);
        out.add_text(body_pairs, terms.body_pairs);
        out.add_text(sounds, terms.sounds);
        self.writer.add_document(out)?;
        Ok(())
    }

    /// Takes a text out.
    pub fn remove(&mut self, id: &str) {
        self.writer.delete_term(Term::from_field_text(self.fields.id, id));
    }

    /// Takes everything out.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Makes what was written visible.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn commit(&mut self) -> Result<(), IndexError> {
        self.writer.commit()?;
        self.reader.reload()?;
        Ok(())
    }
}

/// An index that several share.
pub type Shared = Arc<Index>;
