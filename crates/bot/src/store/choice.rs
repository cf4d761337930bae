//! Rows of `bot_choice`: what became of suggestions. Overrides are what the next model learns from most.

use std::collections::HashSet;

use kernel::Ctx;
use kernel::db::Real;
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::Bot;
use crate::error::BotError;

/// Overrides that are read for learning.
const OVERRIDES_MAX: i64 = 50_000;

/// What became of a suggestion.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The field.
    pub field: String,
    /// What was suggested.
    pub suggested: String,
    /// What was chosen.
    pub chosen: String,
    /// Where the suggestion came from.
    pub origin: String,
    /// How sure it was.
    pub confidence: Option<f64>,
}

/// How often suggestions for a field were taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow, ToSchema)]
pub struct FieldUse {
    /// The field.
    pub field: String,
    /// Suggestions that somebody decided on.
    pub asked: i64,
    /// Those that were taken.
    pub accepted: i64,
}

impl Bot {
    /// Notes what became of suggestions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_choices(
        &self,
        ctx: &Ctx,
        case_id: Option<&str>,
        choices: &[Choice],
    ) -> Result<(), BotError> {
        let model = self.active_model().map(|active| active.id.clone());
        let mut tx = self.kit().db.begin().await?;
        for choice in choices {
            sqlx::query(
                "insert into bot_choice (id, at, person_id, case_id, model_id, field, suggested, chosen, origin, \
                 confidence, accepted) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(kernel::id::new_id())
            .bind(ctx.now.0)
            .bind(&ctx.actor.id)
            .bind(case_id)
            .bind(model.as_deref())
            .bind(&choice.field)
            .bind(&choice.suggested)
            .bind(&choice.chosen)
            .bind(&choice.origin)
            .bind(Real(choice.confidence))
            .bind(i64::from(choice.suggested == choice.chosen))
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts what became of suggestions since `from`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn field_uses(&self, from: i64) -> Result<Vec<FieldUse>, BotError> {
        Ok(sqlx::query_as(
            "select field, count(*) as asked, cast(sum(accepted) as bigint) as accepted from bot_choice \
             where at >= $1 group by field order by field",
        )
        .bind(from)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Returns the orders whose category or type was chosen otherwise than suggested.
    pub(crate) async fn overridden(&self) -> Result<HashSet<String>, BotError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "select case_id from bot_choice where accepted = 0 and case_id is not null \
             and field in ('category_id', 'type', 'urgency') order by at desc limit $1",
        )
        .bind(OVERRIDES_MAX)
        .fetch_all(self.kit().db.reader())
        .await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }
}
