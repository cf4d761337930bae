//! Answers of forms in words: what they refer to by its name, and whole forms for lists.

use std::collections::BTreeMap;

use contract::cases::CaseId;
use contract::identity::UnitId;
use forms::{Form, Reference, ReferenceKind};
use kernel::db::Statement;
use kernel::{Lang, Principal};
use serde_json::{Map, Value};

use super::{answers_of, shown_form};
use crate::Cases;
use crate::case::Case;
use crate::case::form::Standpoint;
use crate::error::CaseError;

impl Cases {
    /// Says what something that an answer refers to is called; none when it is not there, or not for `by`.
    pub(super) async fn name_of(
        &self,
        lang: Lang,
        by: Option<&Principal>,
        reference: &Reference,
    ) -> Result<Option<String>, CaseError> {
        let directory = &self.ports().directory;
        let word = |word: contract::identity::WordBrief| lang.pick(word.zh, word.en);
        Ok(match reference.kind {
            ReferenceKind::Person => self.person_name(&reference.id).await?,
            ReferenceKind::Unit => {
                let unit = directory.unit(&UnitId(reference.id.clone())).await.map_err(CaseError::Port)?;
                unit.map(|unit| unit.name)
            }
            ReferenceKind::Group => directory.role(&reference.id).await.map_err(CaseError::Port)?.map(word),
            ReferenceKind::Word => {
                let list = reference.list.as_deref().unwrap_or_default();
                directory.word(list, &reference.id).await.map_err(CaseError::Port)?.map(word)
            }
            ReferenceKind::Category => self.categories().get(&reference.id).map(|one| one.path_name.clone()),
            ReferenceKind::Order => match by {
                Some(by) => match self.read(by, &CaseId(reference.id.clone())).await {
                    Ok(case) => Some(format!("{} {}", case.number, case.title)),
                    Err(CaseError::NotFound) => None,
                    Err(error) => return Err(error),
                },
                None => None,
            },
            ReferenceKind::Attachment => match by {
                Some(by) => match self.attachment_file(by, &reference.id, false).await {
                    Ok(file) => Some(file.name),
                    Err(CaseError::NotFound) => None,
                    Err(error) => return Err(error),
                },
                None => None,
            },
        })
    }

    /// Names everything that answers refer to, for a page.
    ///
    /// # Errors
    /// When a neighbour fails.
    pub async fn names_in(
        &self,
        lang: Lang,
        by: &Principal,
        form: &Form,
        answers: &Map<String, Value>,
    ) -> Result<BTreeMap<String, String>, CaseError> {
        let mut names = BTreeMap::new();
        for reference in form.references(answers) {
            if !names.contains_key(&reference.id)
                && let Some(name) = self.name_of(lang, Some(by), &reference).await?
            {
                names.insert(reference.id, name);
            }
        }
        Ok(names)
    }

    /// Returns what was filled in for orders of a list, in words: order by order, in the order of the ids.
    pub(crate) async fn answers_in_words(
        &self,
        by: &Principal,
        cases: &[Case],
        lang: Lang,
    ) -> Result<BTreeMap<String, String>, CaseError> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for chunk in cases.chunks(500) {
            let mut sql =
                Statement::new("select case_id, form_id, answers from cases_form_answer where case_id in (");
            sql.bind_all(chunk.iter().map(|case| case.id.0.clone())).push(") order by case_id, form_name");
            let rows: Vec<(String, String, String)> =
                sql.query_as().fetch_all(self.kit().db.reader()).await?;
            for (case_id, form_id, answers) in rows {
                let Some(case) = chunk.iter().find(|case| case.id.0 == case_id) else { continue };
                let version = self.form(&form_id).await?;
                let stand = Standpoint::of(case, by, &self.rule_book().operations);
                let form = shown_form(&version.form, case, by);
                let answers = form.readable(&stand.reader(by, "", 0, false), &answers_of(&answers)?);
                let names = self.names_in(lang, by, &form, &answers).await?;
                let cells = form.cells(&answers, lang == Lang::En, &|id| names.get(id).cloned());
                let lines = cells.iter().map(|cell| format!("{}：{}", cell.label, cell.text));
                let mut text: String = lines.collect::<Vec<_>>().join("\n");
                if !case.shows_citizen_to(by) {
                    text = case.citizen.masked_in(&text);
                }
                let all = found.entry(case_id).or_default();
                if !all.is_empty() {
                    all.push('\n');
                }
                all.push_str(&text);
            }
        }
        Ok(found)
    }
}
