//! What figures of orders are made of: the port [`CaseFacts`].

use std::collections::HashMap;

use async_trait::async_trait;
use contract::cases::{CaseFact, CaseFacts, CaseId, CaseLine, CaseWords, CodeName, StepFact};
use kernel::db::Statement;
use kernel::{BoxError, Lang, Principal};
use sqlx::FromRow;

use super::scope;
use crate::Cases;
use crate::case::{Kind, Source, Status, Step, Urgency};

/// So many orders are asked for in one statement.
const AT_ONCE: usize = 400;

#[derive(FromRow)]
struct Row {
    id: String,
    kind: String,
    category_id: Option<String>,
    district: Option<String>,
    source: String,
    urgency: String,
    tier: Option<String>,
    status: String,
    unit_id: Option<String>,
    unit_path: Option<String>,
    first_unit_id: Option<String>,
    person_id: Option<String>,
    created_by: Option<String>,
    created_unit_id: Option<String>,
    created_unit_path: Option<String>,
    contact_id: Option<String>,
    call_id: Option<String>,
    lng: Option<f64>,
    lat: Option<f64>,
    created_at: i64,
    dispatched_at: Option<i64>,
    accepted_at: Option<i64>,
    handled_at: Option<i64>,
    settled_at: Option<i64>,
    archived_at: Option<i64>,
    due_at: Option<i64>,
    yellow_at: Option<i64>,
    in_time: Option<i64>,
    stars: Option<i64>,
    rated_by: Option<String>,
    visits: i64,
    reopened: i64,
    struck_out: i64,
}

impl From<Row> for CaseFact {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            category_id: row.category_id,
            category_top_id: None,
            district: row.district,
            source: row.source,
            urgency: row.urgency,
            tier: row.tier,
            status: row.status,
            unit_id: row.unit_id,
            unit_path: row.unit_path,
            first_unit_id: row.first_unit_id,
            person_id: row.person_id,
            created_by: row.created_by,
            created_unit_id: row.created_unit_id,
            created_unit_path: row.created_unit_path,
            co_unit_ids: Vec::new(),
            helper_ids: Vec::new(),
            contact_id: row.contact_id,
            call_id: row.call_id,
            lng: row.lng,
            lat: row.lat,
            created_at: row.created_at,
            dispatched_at: row.dispatched_at,
            accepted_at: row.accepted_at,
            handled_at: row.handled_at,
            settled_at: row.settled_at,
            archived_at: row.archived_at,
            due_at: row.due_at,
            yellow_at: row.yellow_at,
            accept_due_at: None,
            close_due_at: None,
            extended_days: 0,
            in_time: row.in_time,
            stars: row.stars,
            rated_by: row.rated_by,
            rated_at: None,
            visits: row.visits,
            reopened: row.reopened,
            struck_out: row.struck_out,
            steps: Vec::new(),
        }
    }
}

#[derive(FromRow)]
struct StepRow {
    case_id: String,
    id: String,
    step: String,
    unit_id: Option<String>,
    unit_path: Option<String>,
    closed_by: Option<String>,
    state: String,
    opened_at: i64,
    closed_at: Option<i64>,
    due_at: Option<i64>,
}

fn words<T: Copy>(
    all: &[T],
    code: impl Fn(T) -> &'static str,
    name: impl Fn(T, Lang) -> &'static str,
) -> Vec<CodeName> {
    all.iter()
        .map(|word| CodeName {
            code: code(*word).to_owned(),
            zh: name(*word, Lang::Zh).to_owned(),
            en: name(*word, Lang::En).to_owned(),
        })
        .collect()
}

impl Cases {
    /// Adds what stands in other tables to orders.
    async fn complete(&self, facts: &mut [CaseFact]) -> Result<(), BoxError> {
        let reader = self.kit().db.reader();
        let ids: Vec<String> = facts.iter().map(|fact| fact.id.clone()).collect();
        let places: HashMap<String, usize> = ids.iter().cloned().zip(0..).collect();
        let asked = |text: &str, order: &str| {
            let mut sql = Statement::new(text);
            sql.bind_all(ids.iter().cloned()).push(")").push(order);
            sql
        };
        let helped: Vec<(String, String)> = asked(
            "select case_id, unit_id from cases_co_unit where case_id in (",
            " order by case_id, unit_id",
        )
        .query_as()
        .fetch_all(reader)
        .await?;
        for (case, unit) in helped {
            if let Some(at) = places.get(&case) {
                facts[*at].co_unit_ids.push(unit);
            }
        }
        let owed: Vec<(String, Option<String>, Option<String>)> = asked(
            "select case_id, unit_id, person_id from cases_errand where state <> 'cancelled' and case_id in (",
            " order by case_id, id",
        )
        .query_as()
        .fetch_all(reader)
        .await?;
        for (case, unit, person) in owed {
            if let Some(at) = places.get(&case) {
                facts[*at].helper_ids.extend(unit.into_iter().chain(person));
            }
        }
        let limits: Vec<(String, String, i64, i64)> = asked(
            "select case_id, name, due_at, extended_days from cases_deadline where state <> 'cancelled' \
             and name in ('accept', 'close') and case_id in (",
            " order by case_id, start_at, id",
        )
        .query_as()
        .fetch_all(reader)
        .await?;
        for (case, name, due_at, extended_days) in limits {
            let Some(at) = places.get(&case) else { continue };
            let fact = &mut facts[*at];
            if name == "accept" {
                fact.accept_due_at = Some(due_at);
            } else {
                fact.close_due_at = Some(due_at);
                fact.extended_days = extended_days;
            }
        }
        let ratings: Vec<(String, i64)> = asked(
            "select case_id, max(given_at) as at from cases_rating where case_id in (",
            " group by case_id order by case_id",
        )
        .query_as()
        .fetch_all(reader)
        .await?;
        for (case, given_at) in ratings {
            if let Some(at) = places.get(&case) {
                facts[*at].rated_at = Some(given_at);
            }
        }
        let steps: Vec<StepRow> = asked(
            "select case_id, id, step, unit_id, unit_path, closed_by, state, opened_at, closed_at, due_at \
             from cases_task where case_id in (",
            " order by case_id, opened_at, id",
        )
        .query_as()
        .fetch_all(reader)
        .await?;
        for row in steps {
            let Some(at) = places.get(&row.case_id) else { continue };
            facts[*at].steps.push(StepFact {
                id: row.id,
                step: row.step,
                unit_id: row.unit_id,
                unit_path: row.unit_path,
                closed_by: row.closed_by,
                state: row.state,
                opened_at: row.opened_at,
                closed_at: row.closed_at,
                due_at: row.due_at,
            });
        }
        let categories = self.categories();
        for fact in facts {
            fact.category_top_id = fact.category_id.as_deref().and_then(|id| {
                let category = categories.get(id)?;
                category.path.split('/').find(|part| !part.is_empty()).map(ToOwned::to_owned)
            });
        }
        Ok(())
    }
}

#[async_trait]
impl CaseFacts for Cases {
    async fn case_facts(&self, ids: &[CaseId]) -> Result<Vec<CaseFact>, BoxError> {
        let mut all = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            let mut sql = Statement::new(
                "select id, type as kind, category_id, district, source, urgency, tier, status, unit_id, unit_path, \
                 first_unit_id, person_id, created_by, created_unit_id, created_unit_path, contact_id, call_id, lng, \
                 lat, created_at, dispatched_at, accepted_at, handled_at, settled_at, archived_at, due_at, yellow_at, \
                 in_time, stars, rated_by, visits, reopened, struck_out from cases_case where id in (",
            );
            sql.bind_all(some.iter().map(|id| id.0.clone())).push(") order by id");
            let rows: Vec<Row> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
            let mut facts: Vec<CaseFact> = rows.into_iter().map(CaseFact::from).collect();
            self.complete(&mut facts).await?;
            all.append(&mut facts);
        }
        Ok(all)
    }

    async fn case_ids(&self, after: &str, limit: i64) -> Result<Vec<CaseId>, BoxError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("select id from cases_case where id > $1 order by id limit $2")
                .bind(after)
                .bind(limit)
                .fetch_all(self.kit().db.reader())
                .await?;
        Ok(rows.into_iter().map(|(id,)| CaseId(id)).collect())
    }

    async fn case_lines(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseLine>, BoxError> {
        let Some(reach) = by.scope("case.read") else { return Ok(Vec::new()) };
        let mut found: HashMap<String, CaseLine> = HashMap::new();
        for some in ids.chunks(AT_ONCE) {
            let mut sql = Statement::new(
                "select c.id, c.number, c.title, c.status, c.unit_id, c.created_at from cases_case c where c.id in (",
            );
            sql.bind_all(some.iter().map(|id| id.0.clone())).push(") and ");
            scope::push(&mut sql, reach, by);
            type Line = (String, String, String, String, Option<String>, i64);
            let rows: Vec<Line> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
            for (id, number, title, status, unit_id, created_at) in rows {
                found.insert(id.clone(), CaseLine { id, number, title, status, unit_id, created_at });
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id.as_str())).collect())
    }

    fn case_words(&self) -> CaseWords {
        CaseWords {
            kinds: words(Kind::ALL, Kind::code, Kind::name),
            sources: words(Source::ALL, Source::code, Source::name),
            urgencies: words(Urgency::ALL, Urgency::code, Urgency::name),
            statuses: words(Status::ALL, Status::code, Status::name),
            steps: words(Step::ALL, Step::code, Step::name),
            categories: self
                .categories()
                .all
                .iter()
                .map(|one| CodeName {
                    code: one.id.clone(),
                    zh: one.path_name.clone(),
                    en: one.path_name.clone(),
                })
                .collect(),
        }
    }
}
