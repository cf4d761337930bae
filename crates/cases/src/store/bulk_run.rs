//! The same with many orders, in the background: which orders, what was said, and what became of each. A run that
//! was cut off is gone on with: what it had done is found on the orders' time lines and not done again.

use std::collections::HashSet;

use contract::cases::CaseId;
use kernel::db::Statement;
use kernel::{Ctx, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;

use super::list::CaseFilter;
use crate::Cases;
use crate::case::Case;
use crate::case::closure::Closure;
use crate::case::sending_back::SendingBack;
use crate::case::supervision::Supervision;
use crate::case::timeline::EntryKind;
use crate::error::{CaseError, Check};

/// So many orders one run takes.
pub const BULK_RUN_MAX: usize = 1000;
/// A run that was cut off is gone on with for so long.
const RESUMED_MS: i64 = 24 * 3_600_000;

/// What is done with each order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulkAct {
    /// Urge the unit.
    Urge,
    /// Supervise the unit.
    Supervise,
    /// Give it to a unit, or where the catalogue proposes.
    Dispatch,
    /// Accept it.
    Accept,
    /// Give it back to the centre.
    SendBack,
    /// Put it away.
    Archive,
}

impl BulkAct {
    /// Returns the capability that it takes.
    #[must_use]
    pub fn capability(self) -> &'static str {
        match self {
            Self::Urge => "case.urge",
            Self::Supervise => "case.supervise",
            Self::Dispatch => "case.dispatch",
            Self::Accept => "case.accept",
            Self::SendBack => "case.return",
            Self::Archive => "case.close",
        }
    }

    /// Returns the line that it leaves.
    fn line(self) -> EntryKind {
        match self {
            Self::Urge => EntryKind::Urged,
            Self::Supervise => EntryKind::Supervised,
            Self::Dispatch => EntryKind::Dispatched,
            Self::Accept => EntryKind::Accepted,
            Self::SendBack => EntryKind::SentBack,
            Self::Archive => EntryKind::Closed,
        }
    }

    fn code(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|code| code.as_str().map(ToOwned::to_owned))
            .unwrap_or_default()
    }
}

/// What is done, with what is said.
#[derive(Clone, Debug)]
pub struct BulkWish {
    /// What is done.
    pub act: BulkAct,
    /// What is said.
    pub text: String,
    /// Where orders go that are dispatched; by the catalogue when empty.
    pub unit_id: String,
}

/// What is to be done with which orders.
#[derive(Clone, Debug)]
pub struct BulkWork {
    /// What is done.
    pub wish: BulkWish,
    /// The orders.
    pub ids: Vec<CaseId>,
    /// Since when lines count as its own.
    pub started_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    act: String,
    text: String,
    unit_id: String,
    ids: String,
    started_at: i64,
}

impl Cases {
    /// Returns the orders of a filter, at most [`BULK_RUN_MAX`].
    ///
    /// # Errors
    /// [`CaseError::Invalid`] when there are none, or more.
    pub async fn bulk_ids(
        &self,
        by: &Principal,
        filter: &CaseFilter,
        now: Timestamp,
    ) -> Result<Vec<CaseId>, CaseError> {
        let ids = self.ids_of(by, filter, now, BULK_RUN_MAX + 1).await?;
        check_count(ids.len())?;
        Ok(ids)
    }

    /// Keeps what a run does, before it does anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_bulk_work(
        &self,
        by: &Principal,
        run_id: &str,
        work: &BulkWork,
    ) -> Result<(), CaseError> {
        let ids: Vec<&str> = work.ids.iter().map(CaseId::as_str).collect();
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into cases_bulk_run (run_id, act, text, unit_id, ids, made_by, started_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(run_id)
        .bind(work.wish.act.code())
        .bind(&work.wish.text)
        .bind(&work.wish.unit_id)
        .bind(serde_json::to_string(&ids).unwrap_or_default())
        .bind(&by.person_id)
        .bind(work.started_at.0)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Returns what one of the person's own runs did, to go on with it.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for anybody else's, or one of long ago; `bulk.going_on` while it still runs.
    pub async fn resumed_bulk_work(
        &self,
        by: &Principal,
        run_id: &str,
        now: Timestamp,
    ) -> Result<BulkWork, CaseError> {
        let run = self.run(by, run_id, now).await?;
        if run.state == "running" {
            return Err(CaseError::refused(
                "bulk.going_on",
                "该批处理仍在进行，请稍候。",
                "It is still going on; please wait.",
            ));
        }
        let row: Option<Row> = sqlx::query_as(
            "select act, text, unit_id, ids, started_at from cases_bulk_run where run_id = $1 and made_by = $2 \
             and started_at > $3",
        )
        .bind(run_id)
        .bind(&by.person_id)
        .bind(now.0 - RESUMED_MS)
        .fetch_optional(self.kit().db.reader())
        .await?;
        let row = row.ok_or(CaseError::NotFound)?;
        let stored = |reason: serde_json::Error| CaseError::Stored {
            what: "run over many orders",
            reason: reason.to_string(),
        };
        let ids: Vec<String> = serde_json::from_str(&row.ids).map_err(stored)?;
        Ok(BulkWork {
            wish: BulkWish {
                act: serde_json::from_value(row.act.into()).map_err(stored)?,
                text: row.text,
                unit_id: row.unit_id,
            },
            ids: ids.into_iter().map(CaseId).collect(),
            started_at: Timestamp(row.started_at),
        })
    }

    /// Returns which of the orders the person has dealt with so since an instant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bulk_done_before(
        &self,
        by: &Principal,
        work: &BulkWork,
    ) -> Result<HashSet<String>, CaseError> {
        let mut done = HashSet::new();
        for some in work.ids.chunks(200) {
            let mut sql = Statement::new("select distinct case_id from cases_timeline where kind = ");
            sql.bind(work.wish.act.line().code()).push(" and actor_id = ").bind(&by.person_id);
            sql.push(" and at >= ").bind(work.started_at.0).push(" and case_id in (");
            sql.bind_all(some.iter().map(CaseId::as_str)).push(")");
            let rows: Vec<(String,)> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
            done.extend(rows.into_iter().map(|(id,)| id));
        }
        Ok(done)
    }

    /// Does it with one order, as it stands now.
    ///
    /// # Errors
    /// Those of the act.
    pub async fn do_in_bulk(
        &self,
        ctx: &Ctx,
        by: &Principal,
        case: Case,
        wish: &BulkWish,
    ) -> Result<Case, CaseError> {
        let text = wish.text.as_str();
        match wish.act {
            BulkAct::Urge => self.urge(ctx, by, &case.id, text).await,
            BulkAct::Supervise => {
                let supervision = Supervision { opinion: text.to_owned(), days: None };
                self.supervise(ctx, by, &case.id, case.version, &supervision).await
            }
            BulkAct::Dispatch => self.dispatch_one(ctx, by, case, &wish.unit_id, text).await,
            BulkAct::Accept => self.accept(ctx, by, &case.id, case.version).await,
            BulkAct::SendBack => {
                let sending_back = SendingBack { reason: text.to_owned() };
                self.send_back(ctx, by, &case.id, case.version, &sending_back).await
            }
            BulkAct::Archive => {
                let closure = Closure { reason: text.to_owned() };
                self.close(ctx, by, &case.id, case.version, &closure).await
            }
        }
    }
}

/// Checks how many orders a run takes.
///
/// # Errors
/// [`CaseError::Invalid`] for none or too many.
pub fn check_count(count: usize) -> Result<(), CaseError> {
    let mut check = Check::default();
    if count == 0 {
        check.refuse("ids", "empty", "没有符合条件的工单。", "No order matches.");
    }
    if count > BULK_RUN_MAX {
        check.refuse(
            "ids",
            "too_many",
            "一次最多处理 1,000 件工单，请缩小范围。",
            "At most 1,000 orders at once; please narrow the filter.",
        );
    }
    check.done()
}
