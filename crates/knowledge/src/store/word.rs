//! Rows of `knowledge_word`: the city's own words and groups of words that mean the same.

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Knowledge;
use crate::error::{KnowledgeError, Refusal};

/// Words and groups of the city's own, each.
const WORDS_MAX: i64 = 20_000;

/// A word, or a group with spaces between.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_word` under their own names")]
pub struct WordRow {
    pub id: String,
    pub kind: String,
    pub text: String,
    pub created_by: String,
    pub created_at: i64,
}

/// Brings a word, or a group of words, into its stored form.
///
/// # Errors
/// When it is empty, too long, or a group of one.
pub fn tidied(kind: &str, text: &str) -> Result<String, KnowledgeError> {
    let refuse = |refusal| Err(KnowledgeError::Invalid(vec![refusal]));
    let mut words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '，' | ',' | '、' | '；' | ';' | '='))
        .filter(|word| !word.is_empty())
        .collect();
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(*word));
    let wanted = match kind {
        "word" => 1..=1,
        "synonym" => 2..=20,
        _ => return Err(KnowledgeError::NotFound),
    };
    if words.is_empty() || !wanted.contains(&words.len()) {
        return refuse(Refusal::required("text"));
    }
    if words.iter().any(|word| !(2..=20).contains(&word.chars().count())) {
        return refuse(Refusal::too_long("text", 20));
    }
    Ok(words.join(" "))
}

impl Knowledge {
    /// Lists the city's own words or groups, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn words(&self, kind: Option<&str>) -> Result<Vec<WordRow>, KnowledgeError> {
        let sql = "select id, kind, text, created_by, created_at from knowledge_word \
                   where kind = $1 or $1 = '' order by created_at desc, id desc limit 40000";
        Ok(sqlx::query_as(sql).bind(kind.unwrap_or("")).fetch_all(self.kit().db.reader()).await?)
    }

    /// Adds a word or a group; it is in force at once. One that is known already stays as it is.
    ///
    /// # Errors
    /// When it is no word, or there are too many.
    pub async fn add_word(&self, ctx: &Ctx, kind: &str, text: &str) -> Result<String, KnowledgeError> {
        let text = tidied(kind, text)?;
        let mut tx = self.kit().db.begin().await?;
        let (count,): (i64,) = sqlx::query_as("select count(*) from knowledge_word where kind = $1")
            .bind(kind)
            .fetch_one(tx.conn())
            .await?;
        if count >= WORDS_MAX {
            return Err(KnowledgeError::Invalid(vec![Refusal::too_many("text", WORDS_MAX as usize)]));
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into knowledge_word (id, kind, text, created_by, created_at) values ($1, $2, $3, $4, $5) \
             on conflict (kind, text) do nothing",
        )
        .bind(&id)
        .bind(kind)
        .bind(&text)
        .bind(&ctx.actor.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        touch(&mut tx).await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.add_word", "knowledge_word", &id)
                .detail(json!({ "kind": kind, "text": text })),
        );
        tx.commit().await?;
        self.load_words().await?;
        Ok(text)
    }

    /// Takes a word or a group out.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn remove_word(&self, ctx: &Ctx, id: &str) -> Result<(), KnowledgeError> {
        let mut tx = self.kit().db.begin().await?;
        let gone: Option<(String,)> =
            sqlx::query_as("delete from knowledge_word where id = $1 returning text")
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
        let (text,) = gone.ok_or(KnowledgeError::NotFound)?;
        touch(&mut tx).await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.remove_word", "knowledge_word", id).detail(json!({ "text": text })),
        );
        tx.commit().await?;
        self.load_words().await
    }

    /// Names the words that are stored now.
    pub(crate) async fn words_generation(&self) -> Result<i64, KnowledgeError> {
        let row: Option<(i64,)> = sqlx::query_as("select value from knowledge_counter where name = 'words'")
            .fetch_optional(self.kit().db.reader())
            .await?;
        Ok(row.map_or(0, |(value,)| value))
    }
}

/// Counts the change, so that every process notices it.
async fn touch(tx: &mut kernel::Tx) -> Result<(), KnowledgeError> {
    sqlx::query(
        "insert into knowledge_counter (name, value) values ('words', 1) \
         on conflict (name) do update set value = knowledge_counter.value + 1",
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_at_least_two_words_and_any_mark_between() {
        assert_eq!(
            tidied("synonym", " 公积金、住房公积金=房积金 公积金").unwrap(),
            "公积金 住房公积金 房积金"
        );
        assert_eq!(tidied("word", "澜溪新城").unwrap(), "澜溪新城");
        for (kind, text) in [("synonym", "公积金"), ("word", "两 个词"), ("word", "字"), ("word", " ")]
        {
            assert!(tidied(kind, text).is_err(), "{kind} {text}");
        }
        assert!(matches!(tidied("other", "词语"), Err(KnowledgeError::NotFound)));
    }
}
