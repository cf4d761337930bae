//! Rows of `bot_dismissal`: pairs of orders of which a reviewer said that they are two matters.

use std::collections::HashSet;

use contract::cases::CaseId;
use kernel::{Audit, Ctx};
use serde_json::json;

use crate::Bot;
use crate::error::BotError;

/// Pairs that are read; the newest.
const PAIRS_MAX: i64 = 20_000;

fn sorted<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    if one <= other { (one, other) } else { (other, one) }
}

impl Bot {
    /// Notes that two orders are two matters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dismiss_pair(&self, ctx: &Ctx, one: &CaseId, other: &CaseId) -> Result<(), BotError> {
        let (a, b) = sorted(one.as_str(), other.as_str());
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into bot_dismissal (one_id, other_id, at, person_id) values ($1, $2, $3, $4) \
             on conflict (one_id, other_id) do nothing",
        )
        .bind(a)
        .bind(b)
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("assist.pair_dismissed", "case", a).detail(json!({ "other": b })));
        tx.commit().await?;
        Ok(())
    }

    /// Returns the pairs of which this was said, each with the smaller id first.
    pub(crate) async fn dismissed_pairs(&self) -> Result<HashSet<(String, String)>, BotError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select one_id, other_id from bot_dismissal order by at desc limit $1")
                .bind(PAIRS_MAX)
                .fetch_all(self.kit().db.reader())
                .await?;
        Ok(rows.into_iter().collect())
    }
}
