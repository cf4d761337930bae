//! Orders as material for learning and comparing: the port of the contract.

use async_trait::async_trait;
use contract::cases::{
    CaseCorpus, CaseId, CorpusCase, CorpusCategory, CorpusDraft, CorpusPlace, UnitProposal,
};
use kernel::db::Statement;
use kernel::{BoxError, Lang, Principal};
use sqlx::FromRow;

use super::scope;
use crate::Cases;
use crate::case::Status;

/// Orders of one page.
const PAGE_MAX: i64 = 2_000;
/// Orders that are asked for at once.
const ASKED_MAX: usize = 200;

const COLUMNS: &str = "c.id, c.number, c.title, c.content, c.type as kind, c.category_id, c.urgency, c.status, \
    c.settled_at, c.unit_id, c.district, c.address, c.lng, c.lat, c.contact_phone, c.confidential, \
    c.created_by, c.created_at, c.main_id";

#[derive(FromRow)]
struct CorpusRow {
    id: String,
    number: String,
    title: String,
    content: String,
    kind: String,
    category_id: Option<String>,
    urgency: String,
    status: String,
    settled_at: Option<i64>,
    unit_id: Option<String>,
    district: Option<String>,
    address: Option<String>,
    lng: Option<f64>,
    lat: Option<f64>,
    contact_phone: Option<String>,
    confidential: i64,
    created_by: Option<String>,
    created_at: i64,
    main_id: Option<String>,
}

impl From<CorpusRow> for CorpusCase {
    fn from(row: CorpusRow) -> Self {
        let ended = Status::parse(&row.status).is_some_and(Status::is_ended_early);
        Self {
            id: CaseId(row.id),
            number: row.number,
            title: row.title,
            content: row.content,
            r#type: row.kind,
            category_id: row.category_id,
            urgency: row.urgency,
            settled: ended || row.settled_at.is_some(),
            status: row.status,
            unit_id: row.unit_id,
            district: row.district,
            address: row.address,
            lng: row.lng,
            lat: row.lat,
            phone: row.contact_phone,
            confidential: row.confidential != 0,
            created_by: row.created_by,
            created_at: row.created_at,
            main_id: row.main_id.map(CaseId),
        }
    }
}

#[async_trait]
impl CaseCorpus for Cases {
    async fn orders(
        &self,
        since: i64,
        after: Option<&CorpusPlace>,
        limit: i64,
    ) -> Result<Vec<CorpusCase>, BoxError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from cases_case c where c.created_at >= ");
        sql.bind(after.map_or(since, |(at, _)| since.max(*at)));
        if let Some((at, id)) = after {
            sql.push(" and (c.created_at > ").bind(*at);
            sql.push(" or (c.created_at = ").bind(*at);
            sql.push(" and c.id > ").bind(id).push("))");
        }
        sql.push(" order by c.created_at, c.id limit ").bind(limit.clamp(1, PAGE_MAX));
        let rows: Vec<CorpusRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn order(&self, id: &CaseId) -> Result<Option<CorpusCase>, BoxError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from cases_case c where c.id = ").bind(&id.0);
        let row: Option<CorpusRow> = sql.query_as().fetch_optional(self.kit().db.reader()).await?;
        Ok(row.map(Into::into))
    }

    async fn orders_of(&self, ids: &[CaseId]) -> Result<Vec<CorpusCase>, BoxError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from cases_case c where c.id in (");
        sql.bind_all(ids.iter().take(ASKED_MAX).map(|id| id.0.clone())).push(")");
        let rows: Vec<CorpusRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    fn categories(&self) -> Vec<CorpusCategory> {
        let categories = Self::categories(self);
        categories
            .all
            .iter()
            .map(|category| CorpusCategory {
                id: category.id.clone(),
                parent_id: category.parent_id.clone(),
                path_name: category.path_name.clone(),
                level: category.level,
                r#type: category.kind.clone(),
                active: category.active != 0,
            })
            .collect()
    }

    async fn proposal(&self, draft: &CorpusDraft, lang: Lang) -> Result<Option<UnitProposal>, BoxError> {
        let proposed = self
            .propose_for(
                draft.category_id.as_deref(),
                &draft.title,
                &draft.content,
                draft.district.as_deref(),
            )
            .await?;
        Ok(proposed.map(|proposed| UnitProposal {
            reason: self.reason(&proposed, lang),
            unit_id: proposed.unit.id,
            unit_name: proposed.unit.name,
        }))
    }

    async fn readable(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseId>, BoxError> {
        let Some(reach) = by.scope("case.read") else { return Ok(Vec::new()) };
        let mut sql = Statement::new("select c.id from cases_case c where c.id in (");
        sql.bind_all(ids.iter().take(ASKED_MAX).map(|id| id.0.clone())).push(") and ");
        scope::push(&mut sql, reach, by);
        let rows: Vec<(String,)> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(|(id,)| CaseId(id)).collect())
    }
}
