//! Entries out of files: a table, a Markdown text, a Word document. A dry run says what would come of it.

mod read;

use contract::knowledge::Audience;
use kernel::http::Cell;
use kernel::{Ctx, Principal};

use crate::Knowledge;
use crate::entry::{Answer, Content, Kind};
use crate::error::{KnowledgeError, Refusal};
use crate::extract::{self, Unreadable};
use crate::store::class::ClassRow;
use crate::text;

pub use read::Wish;

/// Entries of one file.
pub const ENTRIES_MAX: usize = 5_000;

/// What an import does with a file.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The unit that shall maintain the entries; the person's own when absent.
    pub unit: Option<String>,
    /// The region of entries that name none.
    pub region: Option<String>,
    /// The business of entries that name none.
    pub business: Option<String>,
    /// The form of entries that name none.
    pub kind: Option<Kind>,
    /// Nothing is written.
    pub dry_run: bool,
    /// Complete entries go to review at once.
    pub submit: bool,
}

/// An entry that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line of the file, from 1; of a document the heading's place.
    pub line: usize,
    /// Its title.
    pub title: String,
    /// Why, in Chinese and English.
    pub reason: (String, String),
}

/// What came of an import.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Entries that were written, or would be.
    pub accepted: usize,
    /// Titles of the first of them.
    pub titles: Vec<String>,
    /// What was refused.
    pub rejected: Vec<Rejected>,
    /// The refused lines as a table to be put right.
    pub file_id: Option<String>,
}

impl Knowledge {
    /// Takes a file in, or says what would come of it.
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub async fn import(
        &self,
        ctx: &Ctx,
        by: &Principal,
        name: &str,
        bytes: Vec<u8>,
        plan: &Plan,
    ) -> Result<Outcome, KnowledgeError> {
        let ending = extract::format_of(name, &bytes).map(|format| format.ending);
        let wishes = match ending {
            Some("xlsx") => extract::apart(bytes, read::workbook).await,
            Some("docx") => extract::apart(bytes, read::document).await,
            Some("md" | "txt") => extract::apart(bytes, read::markdown).await,
            _ => {
                return Err(KnowledgeError::File {
                    zh: "请上传 .xlsx、.docx 或 .md 文件。".to_owned(),
                    en: "Please choose a .xlsx, .docx or .md file.".to_owned(),
                });
            }
        };
        let wishes = wishes.map_err(unreadable)?;
        if wishes.is_empty() || wishes.len() > ENTRIES_MAX {
            return Err(KnowledgeError::File {
                zh: format!("文件中没有可导入的条目，或多于 {ENTRIES_MAX} 条。"),
                en: format!("The file has no entries, or more than {ENTRIES_MAX}."),
            });
        }
        let classes = self.classes().await?;
        let mut outcome = Outcome::default();
        let mut refused = Vec::new();
        for wish in wishes {
            match self.take_in(ctx, by, &wish, plan, &classes).await {
                Ok(()) => {
                    outcome.accepted += 1;
                    if outcome.titles.len() < 20 {
                        outcome.titles.push(wish.title.clone());
                    }
                }
                Err(KnowledgeError::Invalid(refusals)) => {
                    let say = |pick: fn(&Refusal) -> &String| {
                        let parts =
                            refusals.iter().map(|refusal| format!("{}: {}", refusal.field, pick(refusal)));
                        parts.collect::<Vec<_>>().join(" ")
                    };
                    let reason = (say(|refusal| &refusal.zh), say(|refusal| &refusal.en));
                    outcome.rejected.push(Rejected { line: wish.line, title: wish.title.clone(), reason });
                    refused.push(wish);
                }
                Err(other) => return Err(other),
            }
        }
        if !refused.is_empty() {
            outcome.file_id = Some(self.keep_refused(ctx, refused, &outcome.rejected).await?);
        }
        Ok(outcome)
    }

    async fn take_in(
        &self,
        ctx: &Ctx,
        by: &Principal,
        wish: &Wish,
        plan: &Plan,
        classes: &[ClassRow],
    ) -> Result<(), KnowledgeError> {
        let content = content_of(wish, plan, classes)?.tidied("");
        content.check_whole(ctx.now.0).map_err(KnowledgeError::Invalid)?;
        if plan.dry_run {
            return Ok(());
        }
        let id = self.create_entry(ctx, by, plan.unit.as_deref(), content).await?;
        if plan.submit {
            self.submit(ctx, by, &id, 1).await?;
        }
        Ok(())
    }

    async fn keep_refused(
        &self,
        ctx: &Ctx,
        refused: Vec<Wish>,
        reasons: &[Rejected],
    ) -> Result<String, KnowledgeError> {
        let rows: Vec<Vec<Cell>> = refused
            .into_iter()
            .zip(reasons)
            .map(|(wish, rejected)| {
                let mut cells: Vec<Cell> = wish.cells().into_iter().map(Cell::from).collect();
                cells.push(ctx.lang.pick(&rejected.reason.0, &rejected.reason.1).clone().into());
                cells
            })
            .collect();
        let mut head = read::HEAD.to_vec();
        head.push("原因");
        let bytes = kernel::http::write_workbook(&head, &rows)
            .map_err(|error| KnowledgeError::Port(error.to_string().into()))?;
        Ok(self.keep_file(ctx, "rejected.xlsx", bytes).await?.id)
    }
}

fn unreadable(why: Unreadable) -> KnowledgeError {
    let (zh, en) = match why {
        Unreadable::Broken => {
            ("文件已损坏或格式不正确，无法读取。", "The file is broken or not what its name says.")
        }
        Unreadable::Bomb => {
            ("文件展开后过大，已拒绝。", "The file unpacks into far too much and was refused.")
        }
        Unreadable::Slow => ("文件读取超时。", "The file took too long to read."),
    };
    KnowledgeError::File { zh: zh.to_owned(), en: en.to_owned() }
}

/// Makes an entry of what a file says, with names of classes turned into codes.
fn content_of(wish: &Wish, plan: &Plan, classes: &[ClassRow]) -> Result<Content, KnowledgeError> {
    let mut wrong = Vec::new();
    let mut code = |kind: &str, field: &str, text: &str, otherwise: &Option<String>| {
        if text.is_empty() {
            return otherwise.clone().unwrap_or_default();
        }
        let known = classes
            .iter()
            .find(|one| one.kind == kind && one.active != 0 && (one.code == text || one.name == text));
        known.map_or_else(
            || {
                wrong.push(Refusal::unknown(field));
                String::new()
            },
            |one| one.code.clone(),
        )
    };
    let region = code("region", "region", &wish.region, &plan.region);
    let business = code("business", "business", &wish.business, &plan.business);
    let kind = if wish.kind.is_empty() { plan.kind } else { Kind::parse(&wish.kind) };
    if !wish.kind.is_empty() && kind.is_none() {
        wrong.push(Refusal::unknown("kind"));
    }
    let mut at = |field: &str, text: &str| {
        if text.is_empty() {
            return None;
        }
        let day = read::day_end(text);
        if day.is_none() {
            wrong.push(Refusal::unknown(field));
        }
        day
    };
    let valid_to = at("valid_to", &wish.valid_to);
    let review_at = at("review_at", &wish.review_at);
    if !wrong.is_empty() {
        return Err(KnowledgeError::Invalid(wrong));
    }
    let answer = |html: &str, audience| Answer { html: html.to_owned(), audience, ..Answer::default() };
    let mut answers = Vec::new();
    if !text::is_blank(&wish.answer) {
        answers.push(answer(&wish.answer, Audience::Public));
    }
    if !text::is_blank(&wish.internal) {
        answers.push(answer(&wish.internal, Audience::Internal));
    }
    Ok(Content {
        title: wish.title.clone(),
        description: wish.description.clone(),
        region,
        business,
        kind,
        keywords: read::list(&wish.keywords),
        questions: read::lines(&wish.questions),
        answers,
        remark: wish.remark.clone(),
        valid_to,
        review_at,
        ..Content::default()
    })
}
