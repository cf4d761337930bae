//! How citizens are told: the agreed way, calls, and what came of what went out in writing.

use async_trait::async_trait;
use contract::cases::{CaseId, CitizenReplies, CitizenReply};
use contract::messages::CitizenTold;
use kernel::{BoxError, Ctx, Principal};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use super::{case, timeline, work};
use crate::Cases;
use crate::case::action::Action;
use crate::case::change::Change;
use crate::case::reply::{self, Moment, Reply, Telling};
use crate::case::timeline::EntryKind;
use crate::case::{Case, Step};
use crate::error::CaseError;

/// What came of telling a citizen in writing.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_telling` under their own names")]
pub struct Told {
    pub moment: String,
    pub way: String,
    pub failure: Option<String>,
    pub at: i64,
}

impl Cases {
    /// Agrees with the citizen on another way.
    ///
    /// # Errors
    /// Those of taking it up, and of [`reply::agree`]; [`CaseError::Forbidden`] where a text with the query code would
    /// go to another address than the citizen's own and `by` may not see that code.
    pub async fn agree_reply(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        agreed: Reply,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| {
            if reply::needs_code(&case.citizen, &agreed) && !case.opens_to(by) {
                return Err(CaseError::Forbidden(Action::AgreeReply));
            }
            reply::agree(&mut case.citizen, agreed)
        };
        self.perform(ctx, by, id, version, Action::AgreeReply, rule).await
    }

    /// Writes a call to the citizen down.
    ///
    /// # Errors
    /// Those of taking it up, and of [`reply::tell`].
    pub async fn tell(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        telling: &Telling,
    ) -> Result<Case, CaseError> {
        self.perform(ctx, by, id, version, Action::Tell, |case, _| reply::tell(case, telling)).await
    }

    /// Notes what came of telling a citizen in writing, once for each moment and round; where it failed and no call
    /// is on the way, somebody has to call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_told(&self, ctx: &Ctx, told: &CitizenTold) -> Result<(), CaseError> {
        let id = CaseId(told.case_id.clone());
        let mut work = match self.open(&id).await {
            Err(CaseError::NotFound) => return Ok(()),
            other => other?,
        };
        let noted = sqlx::query(
            "insert into cases_telling (case_id, moment, round, way, failure, at) \
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(id.as_str())
        .bind(&told.moment)
        .bind(told.round)
        .bind(&told.way)
        .bind(told.failure.as_ref())
        .bind(ctx.now.0)
        .execute(work.tx.conn())
        .await?;
        if noted.rows_affected() == 0 {
            return Ok(());
        }
        let data = json!({ "way": told.way, "moment": told.moment, "failure": told.failure });
        let kind = if told.failure.is_some() { EntryKind::CitizenNotTold } else { EntryKind::CitizenTold };
        let calling = work.case.task(Step::Telling).is_some() || work.case.task(Step::ReturnVisit).is_some();
        // What was to be told of a round that is over does not hold any more.
        let over = told.round != work.case.reopened || work.case.status.is_ended_early();
        // Whoever is only told that the unit has reported is told of the result later.
        let waits = told.moment == reply::Moment::Feedback.code() && work.case.settled_at.is_none();
        if told.failure.is_none() || calling || over || waits {
            timeline::note(work.tx.conn(), ctx, &id, ctx.now, kind, None, None, &data).await?;
            return Ok(work.tx.commit().await?);
        }
        work.claim().await?;
        work::open_telling(&mut work.tx, ctx, &mut work.case);
        work.finish(ctx, Change::new(kind, "case.telling").with(data)).await?;
        Ok(())
    }

    /// Returns what came of telling the citizen of an order in writing, oldest first.
    pub(crate) async fn told_of(&self, id: &CaseId) -> Result<Vec<Told>, CaseError> {
        told_of(&mut *self.kit().db.reader().acquire().await?, id).await
    }
}

async fn told_of(conn: &mut AnyConnection, id: &CaseId) -> Result<Vec<Told>, CaseError> {
    Ok(sqlx::query_as(
        "select moment, way, failure, at from cases_telling where case_id = $1 order by at, moment, round",
    )
    .bind(id.as_str())
    .fetch_all(conn)
    .await?)
}

#[async_trait]
impl CitizenReplies for Cases {
    async fn reply(&self, id: &CaseId, moment: &str, round: i64) -> Result<Option<CitizenReply>, BoxError> {
        let Some(case) = case::load(&mut *self.kit().db.reader().acquire().await?, id).await? else {
            return Ok(None);
        };
        if !Moment::parse(moment).is_some_and(|moment| reply::holds(&case, moment, round)) {
            return Ok(None);
        }
        let Some(agreed) = &case.citizen.reply else { return Ok(None) };
        let address = agreed.address(case.citizen.phone.as_deref()).filter(|_| agreed.way.is_written());
        let unit = match &case.unit {
            Some(unit) => self.unit_name(&unit.id).await?.unwrap_or_default(),
            None => String::new(),
        };
        Ok(Some(CitizenReply {
            way: agreed.way.code().to_owned(),
            to: address.map(ToOwned::to_owned),
            unit,
            result: case.answer.clone().unwrap_or_default(),
            number: case.number,
            query_code: case.query_code,
            title: case.title,
        }))
    }
}
