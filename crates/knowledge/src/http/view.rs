//! What clients are shown.

use contract::knowledge::{Audience, EntryId};
use kernel::{HttpResult, Principal};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Knowledge;
use crate::entry::{Attachment, Content, Kind};
use crate::search::finding::FoundEntry;
use crate::search::look::{Marked, WordFound};
use crate::store::entry::EntryRow;
use crate::text;

/// An entry in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryItem)]
pub(super) struct EntryItem {
    pub id: String,
    pub number: String,
    pub title: String,
    pub unit_id: String,
    pub region: String,
    pub business: String,
    pub kind: Option<Kind>,
    /// `unpublished`, `published`, `expired`, `withdrawn`.
    pub state: String,
    /// Empty, `draft`, `in_review`, `returned`.
    pub work: String,
    /// The version that is worked at.
    pub work_no: Option<i64>,
    pub stage: i64,
    pub stages: i64,
    pub publisher: String,
    pub published_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub review_due_at: Option<i64>,
    /// Whether citizens can read it.
    pub public: bool,
    pub views: i64,
    pub last_viewed_at: Option<i64>,
    pub updated_at: i64,
    pub version: i64,
}

pub(super) fn item(row: EntryRow) -> EntryItem {
    EntryItem {
        kind: Kind::parse(&row.kind),
        id: row.id,
        number: row.number,
        title: row.title,
        unit_id: row.unit_id,
        region: row.region,
        business: row.business,
        state: row.state,
        work: row.work,
        work_no: row.work_no,
        stage: row.stage,
        stages: row.stages,
        publisher: row.publisher,
        published_at: row.published_at,
        expires_at: row.expires_at,
        review_due_at: row.review_due_at,
        public: row.public != 0,
        views: row.views,
        last_viewed_at: row.last_viewed_at,
        updated_at: row.updated_at,
        version: row.version,
    }
}

/// An answer as it is read.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeAnswerView)]
pub(super) struct AnswerView {
    pub id: String,
    pub number: String,
    /// The content with its markup; files as `file/<id>`, other entries as `entry/<id>`.
    pub html: String,
    /// The content without markup, to be read out, sent or pasted.
    pub text: String,
    pub audience: Audience,
    pub remark: String,
    pub valid_from: Option<i64>,
    pub valid_to: Option<i64>,
    pub attachments: Vec<Attachment>,
    pub views: i64,
    pub last_viewed_at: Option<i64>,
}

/// Another entry that this one links to, or that links to this one.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeLinkedEntry)]
pub(super) struct LinkedEntry {
    pub id: String,
    /// Empty when it is gone.
    pub number: String,
    pub title: String,
    /// Whether it can be read now.
    pub found: bool,
}

/// An entry with the version that was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryView)]
pub(super) struct EntryView {
    #[serde(flatten)]
    pub entry: EntryItem,
    /// The version that is shown.
    pub no: i64,
    /// The version that readers have.
    pub published_no: Option<i64>,
    pub description: String,
    pub keywords: Vec<String>,
    pub questions: Vec<String>,
    pub remark: String,
    pub valid_from: Option<i64>,
    pub valid_to: Option<i64>,
    pub review_at: Option<i64>,
    pub answers: Vec<AnswerView>,
    pub author_name: String,
    /// Entries that this one links to; a page shows those that are gone as plain words.
    pub links: Vec<LinkedEntry>,
    /// Published entries that link to this one.
    pub linked_from: Vec<LinkedEntry>,
    /// Whether the reader keeps it among the favourites.
    pub favourite: bool,
    /// How many citizens it helped, and how many not.
    pub helpful: i64,
    pub unhelpful: i64,
    /// What the reader may do with it now: `edit`, `submit`, `take_back`, `discard`, `decide`, `withdraw`, `restore`,
    /// `confirm`, `delete`.
    pub allowed: Vec<&'static str>,
}

/// Returns what a person may do with an entry as it stands.
pub(super) fn allowed(row: &EntryRow, by: &Principal, authors: &[String]) -> Vec<&'static str> {
    let writes = row.is_within(by, "knowledge.write");
    let reviews = row.is_within(by, "knowledge.review");
    let drafted = matches!(row.work.as_str(), "draft" | "returned");
    let reviewed = row.work == "in_review";
    let published = row.state == "published";
    [
        ("edit", writes && !reviewed),
        ("submit", writes && drafted),
        ("take_back", writes && reviewed),
        ("discard", writes && drafted),
        ("decide", reviews && reviewed && !authors.contains(&by.person_id)),
        ("withdraw", reviews && (published || row.state == "expired")),
        ("restore", reviews && row.state == "withdrawn"),
        ("confirm", reviews && published),
        ("delete", reviews && !reviewed && matches!(row.state.as_str(), "withdrawn" | "expired")),
    ]
    .into_iter()
    .filter_map(|(action, fits)| fits.then_some(action))
    .collect()
}

impl Knowledge {
    /// Puts the answers of a version together as readers of a kind see them; maintainers see all.
    pub(super) async fn answers_view(
        &self,
        id: &EntryId,
        content: &Content,
        audience: Option<Audience>,
    ) -> HttpResult<Vec<AnswerView>> {
        let uses = self.answer_uses(id).await?;
        let now = self.kit().now().0;
        Ok(content
            .answers
            .iter()
            .filter(|answer| audience.is_none_or(|audience| answer.is_shown(audience, now)))
            .map(|answer| {
                let used = uses.iter().find(|used| used.id == answer.id);
                AnswerView {
                    id: answer.id.clone(),
                    number: answer.number.clone(),
                    text: text::plain(&answer.html),
                    html: answer.html.clone(),
                    audience: answer.audience,
                    remark: answer.remark.clone(),
                    valid_from: answer.valid_from,
                    valid_to: answer.valid_to,
                    attachments: answer.attachments.clone(),
                    views: used.map_or(0, |used| used.views),
                    last_viewed_at: used.and_then(|used| used.last_viewed_at),
                }
            })
            .collect())
    }

    /// Says of each entry that a version links to whether it can be read.
    pub(super) async fn links_view(
        &self,
        content: &Content,
        audience: Audience,
    ) -> HttpResult<Vec<LinkedEntry>> {
        let ids: Vec<String> = content.links().into_iter().take(crate::store::IDS_MAX).collect();
        let rows = self.entries(&ids).await?;
        let now = self.kit().now().0;
        Ok(ids
            .into_iter()
            .map(|id| {
                let row = rows.iter().find(|row| {
                    row.id == id && row.is_found(now) && (audience == Audience::Internal || row.public != 0)
                });
                LinkedEntry {
                    number: row.map_or_else(String::new, |row| row.number.clone()),
                    title: row.map_or_else(String::new, |row| row.title.clone()),
                    found: row.is_some(),
                    id,
                }
            })
            .collect())
    }
}

/// An entry that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeFoundView)]
pub(super) struct FoundView {
    pub id: String,
    pub number: String,
    pub title: Marked,
    pub snippet: Marked,
    /// The answer that fits best.
    pub answer_id: Option<String>,
    pub region: String,
    pub business: String,
    pub kind: Option<Kind>,
    pub publisher: String,
    pub published_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub views: i64,
    /// Why it was found, when that was asked.
    pub why: Option<Why>,
}

/// Why an entry was found.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeWhy)]
pub(super) struct Why {
    /// 3: every word as written; 2: some by words of the same meaning; 1: some by sound; 0: some are missing, or the
    /// question is a sentence.
    pub tier: u8,
    /// Up to 1: how much of the question is met, and how well.
    pub fit: f32,
    pub score: f32,
    pub words: Vec<WordFound>,
}

pub(super) fn found(entry: FoundEntry, explain: bool) -> FoundView {
    FoundView {
        answer_id: entry.answer.map(|at| entry.content.answers[at].id.clone()),
        kind: entry.content.kind,
        title: entry.title,
        snippet: entry.snippet,
        id: entry.row.id,
        number: entry.row.number,
        region: entry.row.region,
        business: entry.row.business,
        publisher: entry.row.publisher,
        published_at: entry.row.published_at,
        expires_at: entry.row.expires_at,
        views: entry.row.views,
        why: explain.then_some(Why {
            tier: entry.looked.tier,
            fit: entry.looked.fit,
            score: entry.score,
            words: entry.looked.words,
        }),
    }
}
