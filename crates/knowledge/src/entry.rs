//! An entry (知识条目): what stands in one of its versions, and where the entry stands.

pub mod course;

use contract::knowledge::Audience;
use kernel::Lang;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Refusal;
use crate::region;
use crate::text;

/// Characters of a title.
pub const TITLE_MAX: usize = 200;
/// Characters of a description or a remark.
pub const NOTE_MAX: usize = 4_000;
/// Bytes of one answer with its markup.
pub const ANSWER_BYTES_MAX: usize = 300_000;
/// Answers of one entry.
pub const ANSWERS_MAX: usize = 30;
/// Keywords and similar questions of one entry, each.
pub const WORDS_MAX: usize = 60;
/// Attachments of one answer.
pub const ATTACHMENTS_MAX: usize = 30;

/// The form in which something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgeKind)]
pub enum Kind {
    /// 通知.
    Notice,
    /// 新闻.
    News,
    /// 政策.
    Policy,
    /// 问答.
    Faq,
    /// 口径: how the house answers.
    Line,
    /// 访谈.
    Interview,
    /// 多媒体.
    Media,
}

impl Kind {
    /// All kinds in the order of screens.
    pub const ALL: [Self; 7] =
        [Self::Faq, Self::Policy, Self::Line, Self::Notice, Self::News, Self::Interview, Self::Media];

    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::News => "news",
            Self::Policy => "policy",
            Self::Faq => "faq",
            Self::Line => "line",
            Self::Interview => "interview",
            Self::Media => "media",
        }
    }

    /// Returns the name on screen.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        let (zh, en) = match self {
            Self::Notice => ("通知", "Notice"),
            Self::News => ("新闻", "News"),
            Self::Policy => ("政策", "Policy"),
            Self::Faq => ("问答", "Question and answer"),
            Self::Line => ("口径", "Agreed line"),
            Self::Interview => ("访谈", "Interview"),
            Self::Media => ("多媒体", "Media"),
        };
        lang.pick(zh, en)
    }

    /// Reads a code, or the Chinese name as it stands in an imported table.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == text || kind.name(Lang::Zh) == text)
    }
}

/// A file that belongs to an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = KnowledgeAttachment)]
pub struct Attachment {
    /// The file.
    pub file_id: String,
    /// What it is called.
    pub name: String,
    /// Its size.
    #[serde(default)]
    pub size_bytes: i64,
}

/// One of the answers of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = KnowledgeAnswer)]
pub struct Answer {
    /// Stays the same through all versions; empty for a new one.
    pub id: String,
    /// The number that people quote; given by the house.
    pub number: String,
    /// The content with its markup.
    pub html: String,
    /// A remark for maintainers.
    pub remark: String,
    /// Who may read it.
    pub audience: Audience,
    /// Holds from this instant on.
    pub valid_from: Option<i64>,
    /// Holds until this instant.
    pub valid_to: Option<i64>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            id: String::new(),
            number: String::new(),
            html: String::new(),
            remark: String::new(),
            audience: Audience::Public,
            valid_from: None,
            valid_to: None,
            attachments: Vec::new(),
        }
    }
}

impl Answer {
    /// Tells whether the answer holds at an instant and `audience` may read it.
    #[must_use]
    pub fn is_shown(&self, audience: Audience, now: i64) -> bool {
        (audience == Audience::Internal || self.audience == Audience::Public)
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_to.is_none_or(|to| now < to)
    }
}

/// Everything that one version of an entry says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = KnowledgeContent)]
pub struct Content {
    /// The title, usually the question.
    pub title: String,
    /// What it is about, in plain words.
    pub description: String,
    /// Code of the region.
    pub region: String,
    /// Code of the business.
    pub business: String,
    /// The form.
    pub kind: Option<Kind>,
    /// Words by which it is found.
    pub keywords: Vec<String>,
    /// Other ways to ask.
    pub questions: Vec<String>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// A remark for maintainers.
    pub remark: String,
    /// Holds from this instant on.
    pub valid_from: Option<i64>,
    /// Holds until this instant.
    pub valid_to: Option<i64>,
    /// Has to be read again by this instant.
    pub review_at: Option<i64>,
}

impl Content {
    /// Brings what was typed into its stored form: trimmed, without markup that could do harm, without links of the
    /// entry to itself.
    #[must_use]
    pub fn tidied(mut self, own_id: &str) -> Self {
        let trim = |text: &mut String| *text = text.trim().to_owned();
        trim(&mut self.title);
        trim(&mut self.description);
        trim(&mut self.remark);
        for list in [&mut self.keywords, &mut self.questions] {
            list.iter_mut().for_each(trim);
            list.retain(|word| !word.is_empty());
            let mut seen = std::collections::HashSet::new();
            list.retain(|word| seen.insert(word.clone()));
        }
        for answer in &mut self.answers {
            answer.html = text::sanitise(&answer.html, own_id);
            trim(&mut answer.remark);
        }
        self
    }

    /// Checks what even a draft must keep to.
    ///
    /// # Errors
    /// Every field that is too long or has an impossible value.
    pub fn check_draft(&self) -> Result<(), Vec<Refusal>> {
        let mut wrong = Vec::new();
        let mut texts: Vec<(String, &str, usize)> = vec![
            ("title".to_owned(), &self.title, TITLE_MAX),
            ("description".to_owned(), &self.description, NOTE_MAX),
            ("remark".to_owned(), &self.remark, NOTE_MAX),
        ];
        texts.extend(self.keywords.iter().map(|word| ("keywords".to_owned(), word.as_str(), 60)));
        texts.extend(self.questions.iter().map(|word| ("questions".to_owned(), word.as_str(), TITLE_MAX)));
        let remarks = self.answers.iter().enumerate();
        texts
            .extend(remarks.map(|(at, one)| (format!("answers.{at}.remark"), one.remark.as_str(), NOTE_MAX)));
        for (field, _, most) in texts.iter().filter(|(_, text, most)| text.chars().count() > *most) {
            wrong.push(Refusal::too_long(field, *most));
        }
        for (at, answer) in self.answers.iter().enumerate() {
            if answer.html.len() > ANSWER_BYTES_MAX {
                wrong.push(Refusal::too_long(&format!("answers.{at}.html"), ANSWER_BYTES_MAX));
            }
            if ends_before_it_begins(answer.valid_from, answer.valid_to) {
                wrong.push(Refusal::order(&format!("answers.{at}.valid_to")));
            }
        }
        if ends_before_it_begins(self.valid_from, self.valid_to) {
            wrong.push(Refusal::order("valid_to"));
        }
        if self.title.is_empty() {
            wrong.push(Refusal::required("title"));
        }
        if !self.region.is_empty() && !region::is_code(&self.region) {
            wrong.push(Refusal::unknown("region"));
        }
        let many = |count: usize, most: usize| count > most;
        if many(self.keywords.len(), WORDS_MAX) {
            wrong.push(Refusal::too_many("keywords", WORDS_MAX));
        }
        if many(self.questions.len(), WORDS_MAX) {
            wrong.push(Refusal::too_many("questions", WORDS_MAX));
        }
        if many(self.answers.len(), ANSWERS_MAX)
            || self.answers.iter().any(|answer| answer.attachments.len() > ATTACHMENTS_MAX)
        {
            wrong.push(Refusal::too_many("answers", ANSWERS_MAX));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Checks what a version must have before it goes to review: the three classifications and an answer that says
    /// something.
    ///
    /// # Errors
    /// Every field that is missing.
    pub fn check_whole(&self, now: i64) -> Result<(), Vec<Refusal>> {
        let mut wrong = self.check_draft().err().unwrap_or_default();
        if self.region.is_empty() {
            wrong.push(Refusal::required("region"));
        }
        if self.business.is_empty() {
            wrong.push(Refusal::required("business"));
        }
        if self.kind.is_none() {
            wrong.push(Refusal::required("kind"));
        }
        if self.answers.is_empty() {
            wrong.push(Refusal::required("answers"));
        }
        for (at, answer) in self.answers.iter().enumerate() {
            if text::is_blank(&answer.html) && answer.attachments.is_empty() {
                wrong.push(Refusal::required(&format!("answers.{at}.html")));
            }
        }
        if self.valid_to.is_some_and(|to| to <= now) {
            wrong.push(Refusal::past("valid_to"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Tells whether citizens may read any of it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.answers.iter().any(|answer| answer.audience == Audience::Public)
    }

    /// Returns the files that the answers name, each with whether a public answer does.
    #[must_use]
    pub fn files(&self) -> Vec<(String, bool)> {
        let mut found: Vec<(String, bool)> = Vec::new();
        for answer in &self.answers {
            let public = answer.audience == Audience::Public;
            let named = answer.attachments.iter().map(|one| one.file_id.clone());
            for id in named.chain(text::files_in(&answer.html)) {
                match found.iter_mut().find(|(known, _)| *known == id) {
                    Some((_, shown)) => *shown |= public,
                    None => found.push((id, public)),
                }
            }
        }
        found
    }

    /// Returns the entries that the answers link to, each once.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for id in self.answers.iter().flat_map(|answer| text::links_in(&answer.html)) {
            if !found.contains(&id) {
                found.push(id);
            }
        }
        found
    }
}

fn ends_before_it_begins(from: Option<i64>, to: Option<i64>) -> bool {
    matches!((from, to), (Some(from), Some(to)) if to <= from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Content {
        Content {
            title: "居住证怎么办理".to_owned(),
            region: "990100".to_owned(),
            business: "1101".to_owned(),
            kind: Some(Kind::Faq),
            answers: vec![Answer { html: "<p>到派出所办理。</p>".to_owned(), ..Answer::default() }],
            ..Content::default()
        }
    }

    #[test]
    fn a_version_needs_three_classifications_and_an_answer_that_says_something() {
        assert!(whole().check_whole(0).is_ok());
        let fields = |content: Content| -> Vec<String> {
            content.check_whole(10).unwrap_err().into_iter().map(|refusal| refusal.field).collect()
        };
        let bare = Content { title: "空".to_owned(), ..Content::default() };
        assert_eq!(fields(bare), ["region", "business", "kind", "answers"]);
        let mut blank = whole();
        blank.answers[0].html = "<p> &nbsp;</p>".to_owned();
        blank.valid_to = Some(5);
        assert_eq!(fields(blank), ["answers.0.html", "valid_to"]);
    }

    #[test]
    fn an_answer_is_shown_while_it_holds_and_to_whom_it_is_for() {
        let answer = Answer {
            audience: Audience::Internal,
            valid_from: Some(10),
            valid_to: Some(20),
            ..Answer::default()
        };
        assert!(answer.is_shown(Audience::Internal, 10));
        assert!(!answer.is_shown(Audience::Internal, 9));
        assert!(!answer.is_shown(Audience::Internal, 20));
        assert!(!answer.is_shown(Audience::Public, 15));
    }

    #[test]
    fn a_file_of_an_internal_answer_is_not_public_unless_a_public_one_names_it_too() {
        let mut content = whole();
        let file = "01890a5d-ac96-774b-bcce-b302099a8057";
        content.answers[0].html = "<p>无</p>".to_owned();
        content.answers.push(Answer {
            html: format!("<p><img src=\"file/{file}\"></p>"),
            audience: Audience::Internal,
            ..Answer::default()
        });
        assert_eq!(content.files(), [(file.to_owned(), false)]);
        content.answers[0].attachments.push(Attachment {
            file_id: file.to_owned(),
            name: "表.docx".to_owned(),
            size_bytes: 1,
        });
        assert_eq!(content.files(), [(file.to_owned(), true)]);
    }
}
