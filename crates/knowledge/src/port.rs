//! What other slices ask: passages that may answer a question.

use async_trait::async_trait;
use contract::knowledge::{AnswerId, EntryId, KnowledgeQuestion, KnowledgeSearch, Passage};
use kernel::BoxError;

use crate::Knowledge;
use crate::search::Request;
use crate::text;

#[async_trait]
impl KnowledgeSearch for Knowledge {
    async fn passages(&self, question: &KnowledgeQuestion) -> Result<Vec<Passage>, BoxError> {
        let request = Request {
            text: question.text.clone(),
            region: question.region.clone(),
            limit: question.limit,
            ..Request::default()
        };
        let found = self.find(question.audience, &request).await?;
        Ok(found
            .results
            .into_iter()
            .filter_map(|result| {
                let answer = &result.content.answers[result.answer?];
                Some(Passage {
                    entry_id: EntryId(result.row.id),
                    answer_id: Some(AnswerId(answer.id.clone())),
                    number: result.row.number,
                    title: result.content.title,
                    text: text::plain(&answer.html),
                    publisher: result.row.publisher,
                    published_at: result.row.published_at.unwrap_or_default(),
                    score: f64::from(result.score),
                })
            })
            .collect())
    }
}
