//! Names of what figures are told apart by.

use std::collections::HashMap;

use contract::cases::{CaseWords, CodeName};
use contract::identity::{PersonId, UnitId};
use kernel::Lang;

use crate::error::InsightError;
use crate::projection::Sources;
use crate::report::dimension::{CaseWord, Dimension, Naming};
use crate::report::period;

/// Knows names; asks for each once.
pub struct Names<'a> {
    sources: &'a Sources,
    lang: Lang,
    words: CaseWords,
    known: HashMap<(&'static str, String), String>,
    voice: Option<HashMap<String, String>>,
}

impl<'a> Names<'a> {
    /// Begins.
    #[must_use]
    pub fn new(sources: &'a Sources, lang: Lang) -> Self {
        Self { sources, lang, words: sources.cases.case_words(), known: HashMap::new(), voice: None }
    }

    /// Names a value of a dimension.
    ///
    /// # Errors
    /// When a source fails.
    pub async fn name(&mut self, dimension: &'static Dimension, key: &str) -> Result<String, InsightError> {
        if key.is_empty() {
            return Ok(self.lang.pick("未填写", "Not given").to_owned());
        }
        let zh = self.lang == Lang::Zh;
        let known = (dimension.id, key.to_owned());
        if let Some(name) = self.known.get(&known) {
            return Ok(name.clone());
        }
        let directory = &self.sources.directory;
        let name = match dimension.naming {
            Naming::Time(bucket) => key.parse().ok().map(|value| period::name_of(bucket, value, zh)),
            Naming::Case(word) => self.word(word, key),
            Naming::Unit => {
                let unit = directory.unit(&UnitId(key.to_owned())).await.map_err(InsightError::Port)?;
                unit.map(|unit| unit.name)
            }
            Naming::Person => {
                let person = directory.person(&PersonId(key.to_owned())).await.map_err(InsightError::Port)?;
                person.map(|person| person.name)
            }
            Naming::Voice => {
                if self.voice.is_none() {
                    let names = self.sources.calls.call_names().await.map_err(InsightError::Port)?;
                    self.voice = Some(names.into_iter().collect());
                }
                self.voice.as_ref().and_then(|names| names.get(key).cloned())
            }
            Naming::Own(words) => words
                .iter()
                .find(|(code, _)| *code == key)
                .map(|(_, name)| self.lang.pick(name.0, name.1).to_owned()),
            Naming::Plain => None,
        };
        let name = name.unwrap_or_else(|| key.to_owned());
        self.known.insert(known, name.clone());
        Ok(name)
    }

    fn word(&self, word: CaseWord, key: &str) -> Option<String> {
        let list: &[CodeName] = match word {
            CaseWord::Kind => &self.words.kinds,
            CaseWord::Source => &self.words.sources,
            CaseWord::Urgency => &self.words.urgencies,
            CaseWord::Status => &self.words.statuses,
            CaseWord::Step => &self.words.steps,
            CaseWord::Category => &self.words.categories,
        };
        list.iter().find(|one| one.code == key).map(|one| self.lang.pick(&one.zh, &one.en).to_owned())
    }
}
