//! Rows of `cases_praise`, and a unit's own figures (DEP-03).

use contract::cases::CaseId;
use contract::identity::{PersonId, UnitId};
use kernel::{Ctx, Principal, Timestamp};
use sqlx::FromRow;

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::praise::{self, Praise};
use crate::case::rating::BAD_STARS;
use crate::error::{CaseError, Check};

/// So much praise is shown.
const PRAISE_MAX: i64 = 20;

/// What a unit and those below it have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
pub struct UnitFigures {
    pub received: i64,
    pub settled: i64,
    pub open: i64,
    pub judged: i64,
    pub in_time: i64,
    pub rated: i64,
    pub satisfied: i64,
    pub struck_out: i64,
    pub praised: i64,
    pub supervised: i64,
    pub co_handled: i64,
}

/// Praise as it is listed.
#[derive(Clone, Debug, FromRow)]
pub struct PraiseLine {
    pub id: String,
    pub case_id: String,
    pub number: String,
    pub unit_id: String,
    pub person_id: Option<String>,
    pub text: String,
    pub given_at: i64,
}

impl Cases {
    /// Records praise for the unit in charge, or for one of its people.
    ///
    /// # Errors
    /// Those of taking it up, of [`praise::praise`], and [`CaseError::Invalid`] for somebody of another unit.
    pub async fn praise(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        person_id: Option<&str>,
        text: &str,
    ) -> Result<Case, CaseError> {
        let person = match person_id {
            Some(id) => {
                self.ports().directory.person(&PersonId(id.to_owned())).await.map_err(CaseError::Port)?
            }
            None => None,
        };
        let mut work = self.take_up(by, id, version, Action::Praise).await?;
        let unit = work.case.unit.clone().ok_or(CaseError::NotFound)?;
        if person_id.is_some() && person.as_ref().is_none_or(|one| one.unit_id.as_str() != unit.id) {
            let mut check = Check::default();
            check.refuse("person_id", "unknown", "该单位没有这个人员。", "The unit has no such person.");
            check.done()?;
        }
        let recorded = Praise {
            unit_id: unit.id.clone(),
            person_id: person_id.map(ToOwned::to_owned),
            text: text.to_owned(),
        };
        let change = praise::praise(&recorded)?;
        sqlx::query(
            "insert into cases_praise (id, case_id, unit_id, unit_path, person_id, text, given_at, given_by, \
             given_by_name) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(kernel::id::new_id())
        .bind(id.as_str())
        .bind(&unit.id)
        .bind(&unit.path)
        .bind(person_id)
        .bind(text.trim())
        .bind(ctx.now.0)
        .bind(&by.person_id)
        .bind(&by.name)
        .execute(work.tx.conn())
        .await?;
        work.finish(ctx, change).await
    }

    /// Counts what the reader's unit and those below it have done with orders written since `from`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unit_figures(&self, by: &Principal, from: Timestamp) -> Result<UnitFigures, CaseError> {
        let path = match self.ports().directory.unit(&UnitId(by.unit_id.clone())).await {
            Ok(Some(unit)) => unit.path,
            _ => by.unit_path.clone(),
        };
        Ok(sqlx::query_as(
            "select count(*) as received, \
             cast(coalesce(sum(case when c.status in ('approved', 'archived') then 1 else 0 end), 0) as bigint) as settled, \
             cast(coalesce(sum(case when c.status in ('assigned', 'in_progress', 'handled') then 1 else 0 end), 0) as bigint) as open, \
             count(case when c.struck_out = 0 then c.in_time end) as judged, \
             cast(coalesce(sum(case when c.struck_out = 0 then c.in_time end), 0) as bigint) as in_time, \
             count(case when c.struck_out = 0 then c.stars end) as rated, \
             cast(coalesce(sum(case when c.struck_out = 0 and c.stars > $3 then 1 else 0 end), 0) as bigint) as satisfied, \
             cast(coalesce(sum(c.struck_out), 0) as bigint) as struck_out, \
             (select count(*) from cases_praise p where substr(p.unit_path, 1, length($1)) = $1 and p.given_at >= $2) as praised, \
             (select count(*) from cases_errand e where e.kind = 'supervision' and e.given_at >= $2 and \
              substr(e.unit_path, 1, length($1)) = $1) as supervised, \
             (select count(*) from cases_errand e where e.kind in ('co_handling', 'summons') and e.given_at >= $2 and \
              substr(e.unit_path, 1, length($1)) = $1) as co_handled \
             from cases_case c where substr(c.unit_path, 1, length($1)) = $1 and c.created_at >= $2",
        )
        .bind(&path)
        .bind(from.0)
        .bind(BAD_STARS)
        .fetch_one(self.kit().db.reader())
        .await?)
    }

    /// Lists the newest praise for the reader's unit and those below it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unit_praise(&self, by: &Principal) -> Result<Vec<PraiseLine>, CaseError> {
        Ok(sqlx::query_as(
            "select p.id, p.case_id, c.number, p.unit_id, p.person_id, p.text, p.given_at from cases_praise p \
             join cases_case c on c.id = p.case_id where substr(p.unit_path, 1, length($1)) = $1 \
             order by p.given_at desc, p.id desc limit $2",
        )
        .bind(&by.unit_path)
        .bind(PRAISE_MAX)
        .fetch_all(self.kit().db.reader())
        .await?)
    }
}
