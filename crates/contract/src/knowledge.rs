//! The knowledge base (知识库).

use async_trait::async_trait;
use kernel::BoxError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod events;

pub use events::{KnowledgePublished, KnowledgeUsed, KnowledgeWithdrawn};

kernel::id!(
    /// Names an entry of the knowledge base.
    EntryId
);
kernel::id!(
    /// Names one of an entry's answers.
    AnswerId
);

/// Who will read what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Citizens: published entries with a public view only.
    Public,
    /// Staff.
    Internal,
}

/// What is asked of the knowledge base.
#[derive(Clone, Debug)]
pub struct KnowledgeQuestion {
    /// The question as it was said or typed, at most some hundred characters are looked at.
    pub text: String,
    /// Code of the region whose answers count; its parents' count as well. `None`: everywhere.
    pub region: Option<String>,
    /// Who will read the answer.
    pub audience: Audience,
    /// At most so many passages.
    pub limit: usize,
}

/// A passage that may answer a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Passage {
    /// The entry.
    pub entry_id: EntryId,
    /// The answer within the entry.
    pub answer_id: Option<AnswerId>,
    /// The entry's number as people name it.
    pub number: String,
    /// The entry's title, which is usually the question.
    pub title: String,
    /// The answer's plain text, without markup.
    pub text: String,
    /// Who published it.
    pub publisher: String,
    /// When it was published, epoch milliseconds.
    pub published_at: i64,
    /// How well it fits; comparable within one answer of the search only.
    pub score: f64,
}

/// Finds answers in the knowledge base.
#[async_trait]
pub trait KnowledgeSearch: Send + Sync {
    /// Returns the passages that fit best, best first. What has expired or is not published is never among them.
    async fn passages(&self, question: &KnowledgeQuestion) -> Result<Vec<Passage>, BoxError>;
}
