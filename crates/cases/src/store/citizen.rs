//! Answers for citizens and for other slices: the ports of the contract.

use async_trait::async_trait;
use contract::cases::{
    AnsweredCase, CaseBrief, CaseId, CaseLookup, CitizenCase, CitizenCategory, CitizenChoice, CitizenDesk,
    CitizenDraft, CitizenForm, CitizenInfo, CitizenOrderType, CitizenRating, CitizenStep, EndedCase,
    EndedFilter, MonthFigures, OverdueBrief, PublicCommitment, PublicCommitmentFilter, PublishedCase,
    PublishedFilter, RecordingAccess, Submitted,
};
use contract::contacts::{ContactId, HistoryItem, HistorySource};
use contract::voice::{CallId, RecordingId};
use kernel::db::Statement;
use kernel::http::Idem;
use kernel::{BoxError, Ctx, Lang, Page, Principal, Problem, Timestamp};
use sqlx::{AssertSqlSafe, FromRow};

use super::attachment::Attached;
use super::brief::{self, BriefRow};
use super::creation::Enclosed;
use super::form_answer::Filling;
use super::{case, citizen_act};
use crate::Cases;
use crate::case::citizen_act::CitizenAct;
use crate::case::draft::Draft;
use crate::case::rating::{Rating, RatingSource};
use crate::case::reply::{Reply, ReplyWay};
use crate::case::{Case, Citizen, Kind, Place, Source, Status, Urgency};
use crate::error::{CaseError, Check};

/// An order that has ended, as a campaign of return visits takes it.
#[derive(FromRow)]
struct EndedRow {
    id: String,
    number: String,
    title: String,
    contact_id: Option<String>,
    contact_name: String,
    contact_phone: String,
    unit_id: Option<String>,
}

impl From<EndedRow> for EndedCase {
    fn from(row: EndedRow) -> Self {
        Self {
            id: CaseId(row.id),
            number: row.number,
            title: row.title,
            contact_id: row.contact_id,
            contact_name: row.contact_name,
            phone: row.contact_phone,
            unit_id: row.unit_id,
        }
    }
}

#[async_trait]
impl CaseLookup for Cases {
    async fn cases_of(&self, contact: &ContactId, limit: i64) -> Result<Vec<CaseBrief>, BoxError> {
        let sql = format!(
            "{} where contact_id = $1 order by \
             case when status in ('closed_at_once', 'archived') then 1 else 0 end, created_at desc limit $2",
            brief::SELECT
        );
        let rows: Vec<BriefRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(contact.as_str())
            .bind(limit)
            .fetch_all(self.kit().db.reader())
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn by_number(&self, number: &str) -> Result<Option<CaseBrief>, BoxError> {
        let row: Option<BriefRow> =
            sqlx::query_as(AssertSqlSafe(format!("{} where number = $1", brief::SELECT)))
                .bind(number)
                .fetch_optional(self.kit().db.reader())
                .await?;
        Ok(row.map(Into::into))
    }

    async fn brief(&self, id: &CaseId) -> Result<Option<CaseBrief>, BoxError> {
        let row: Option<BriefRow> = sqlx::query_as(AssertSqlSafe(format!("{} where id = $1", brief::SELECT)))
            .bind(id.as_str())
            .fetch_optional(self.kit().db.reader())
            .await?;
        Ok(row.map(Into::into))
    }

    async fn overdue(&self, now: i64, after: &str, limit: i64) -> Result<Vec<OverdueBrief>, BoxError> {
        let rows: Vec<(String, String, Option<String>, Option<String>, i64)> = sqlx::query_as(
            "select id, number, unit_id, person_id, due_at from cases_case where due_at < $1 and id > $2 \
             order by id limit $3",
        )
        .bind(now)
        .bind(after)
        .bind(limit)
        .fetch_all(self.kit().db.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, number, unit_id, person_id, due_at)| OverdueBrief {
                id: CaseId(id),
                number,
                unit_id,
                person_id,
                due_at,
            })
            .collect())
    }

    async fn ended(&self, by: &Principal, filter: &EndedFilter) -> Result<Vec<EndedCase>, BoxError> {
        let Some(scope) = by.scope("case.read") else { return Ok(Vec::new()) };
        let mut sql = Statement::new(
            "select c.id, c.number, c.title, c.contact_id, c.contact_name, c.contact_phone, c.unit_id \
             from cases_case c where c.confidential = 0 and c.contact_phone is not null \
             and c.settled_at >= ",
        );
        sql.bind(filter.from).push(" and c.settled_at < ").bind(filter.to).push(" and ");
        super::scope::push(&mut sql, scope, by);
        if let Some(kind) = &filter.kind {
            sql.push(" and c.type = ").bind(kind.clone());
        }
        if let Some(unit) = &filter.unit_id {
            sql.push(" and c.unit_id = ").bind(unit.clone());
        }
        if let Some(category) = &filter.category_id {
            sql.push(
                " and exists (select 1 from cases_category k, cases_category top where k.id = c.category_id \
                 and substr(k.path, 1, length(top.path)) = top.path and top.id = ",
            );
            sql.bind(category.clone()).push(")");
        }
        sql.push(" order by c.settled_at, c.id limit ").bind(filter.limit.clamp(0, 50_000));
        let rows: Vec<EndedRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn answered(&self, by: &Principal, id: &CaseId) -> Result<Option<AnsweredCase>, BoxError> {
        let Some(scope) = by.scope("case.read") else { return Ok(None) };
        let mut sql = Statement::new(
            "select c.number, c.title, c.content, c.answer, c.contact_name from cases_case c \
             where c.confidential = 0 and c.settled_at is not null and c.answer is not null and c.id = ",
        );
        sql.bind(id.0.clone()).push(" and ");
        super::scope::push(&mut sql, scope, by);
        let row: Option<(String, String, String, String, String)> =
            sql.query_as().fetch_optional(self.kit().db.reader()).await?;
        Ok(row.map(|(number, title, content, answer, contact_name)| AnsweredCase {
            number,
            title,
            content,
            answer,
            contact_name,
        }))
    }

    async fn of_call(&self, call: &CallId) -> Result<Vec<CaseBrief>, BoxError> {
        let sql = format!("{} where call_id = $1 order by created_at", brief::SELECT);
        let rows: Vec<BriefRow> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(call.as_str()).fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

#[async_trait]
impl RecordingAccess for Cases {
    async fn may_listen(
        &self,
        principal: &Principal,
        call: &CallId,
        recording: &RecordingId,
    ) -> Result<bool, BoxError> {
        Ok(Self::may_listen(self, principal, call.as_str(), recording.as_str()).await?)
    }
}

#[async_trait]
impl HistorySource for Cases {
    async fn history(
        &self,
        contact: Option<&ContactId>,
        phones: &[String],
        limit: i64,
    ) -> Result<Vec<HistoryItem>, BoxError> {
        let mut sql = Statement::new(brief::SELECT);
        sql.push(" where (1 = 0");
        if let Some(contact) = contact {
            sql.push(" or contact_id = ").bind(contact.0.clone());
        }
        for phone in phones.iter().take(20) {
            sql.push(" or contact_phone = ").bind(phone.clone());
        }
        sql.push(") order by created_at desc limit ").bind(limit);
        let rows: Vec<BriefRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows
            .into_iter()
            .map(|row| HistoryItem {
                kind: "case".to_owned(),
                title: row.title(),
                id: row.id,
                at: row.created_at,
                status: row.status,
            })
            .collect())
    }
}

impl Cases {
    /// Finds an order by number and query code. One statement is asked whether the number is known or not,
    /// and an unknown one is compared with a code too, so that the answers take as long.
    pub(super) async fn by_code(&self, number: &str, code: &str) -> Result<Option<Case>, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let found: Option<(String, String)> =
            sqlx::query_as("select id, query_code from cases_case where number = $1")
                .bind(number.trim())
                .fetch_optional(&mut *conn)
                .await?;
        let expected = found.as_ref().map_or("------", |(_, code)| code.as_str());
        let right = kernel::crypto::same_secret(expected, code.trim());
        match found.filter(|_| right) {
            Some((id, _)) => case::load(&mut conn, &CaseId(id)).await,
            None => Ok(None),
        }
    }

    async fn citizen_view(&self, case: &Case, lang: Lang) -> Result<CitizenCase, CaseError> {
        let now = self.kit().now();
        // Where another order answers for this one, its progress is that of this one.
        let main = match &case.standing.main_id {
            Some(id) => case::load(&mut *self.kit().db.reader().acquire().await?, id).await?,
            None => None,
        };
        let course = main.as_ref().unwrap_or(case);
        let unit_name = match &course.unit {
            Some(unit) => self.unit_name(&unit.id).await?,
            None => None,
        };
        Ok(CitizenCase {
            number: case.number.clone(),
            title: case.title.clone(),
            type_name: case.kind.name(lang).to_owned(),
            created_at: case.created_at.0,
            status: case.status.code().to_owned(),
            status_name: case.status.name(lang).to_owned(),
            unit_name,
            due_at: course.due_at.filter(|_| course.accepted_at.is_some()).map(|at| at.0),
            steps: steps(course, lang),
            result: case
                .answer
                .clone()
                .filter(|_| case.status.is_settled() || case.standing.main_id.is_some())
                .or_else(|| case.standing.ended_because.clone()),
            acts: CitizenAct::ALL
                .iter()
                .filter(|act| act.fits(case, &self.rule_book().operations, now))
                .map(|act| CitizenChoice { code: act.code().to_owned(), name: act.name(lang).to_owned() })
                .collect(),
            notices: citizen_act::notices(case, main.as_ref(), lang),
            can_rate: case.can_be_rated(),
            rating: case.stars.map(|stars| CitizenRating { stars }),
        })
    }
}

/// The steps that a citizen sees. What the office does twice is one step here.
fn steps(case: &Case, lang: Lang) -> Vec<CitizenStep> {
    let written = (lang.pick("已登记", "Received"), Some(case.created_at));
    let settled = (lang.pick("已办结", "Settled"), case.settled_at);
    let list = if case.status == Status::ClosedAtOnce {
        vec![written, settled]
    } else if matches!(case.status, Status::NotAccepted | Status::Voided) {
        vec![written, (case.status.name(lang), Some(case.updated_at))]
    } else {
        vec![
            written,
            (lang.pick("已转交承办单位", "Given to the responsible unit"), case.dispatched_at),
            (lang.pick("单位办理中", "Being handled"), case.accepted_at),
            (lang.pick("办理结果审核中", "Result under review"), case.handled_at),
            settled,
        ]
    };
    // The last step that was reached is the current one; the end is done.
    let reached = list.iter().rposition(|(_, at)| at.is_some()).unwrap_or_default();
    list.iter()
        .enumerate()
        .map(|(place, (name, at))| CitizenStep {
            name: (*name).to_owned(),
            at: at.map(|at| at.0),
            state: if place < reached
                || (place == reached && (case.settled_at.is_some() || case.status.is_ended_early()))
            {
                "done"
            } else if place == reached {
                "current"
            } else {
                "waiting"
            }
            .to_owned(),
        })
        .collect()
}

#[async_trait]
impl CitizenDesk for Cases {
    async fn info(&self, lang: Lang) -> Result<CitizenInfo, BoxError> {
        let categories = self.categories();
        let active = || categories.all.iter().filter(|category| category.active != 0);
        let shown = |id: &str, name: &str, children: Vec<CitizenCategory>| CitizenCategory {
            id: id.to_owned(),
            name: name.to_owned(),
            children,
        };
        Ok(CitizenInfo {
            types: Kind::ALL
                .iter()
                // What only the office can say of a matter is not offered to citizens.
                .filter(|kind| !matches!(kind, Kind::Difficult | Kind::Nuisance))
                .map(|kind| CitizenChoice { code: kind.code().to_owned(), name: kind.name(lang).to_owned() })
                .collect(),
            categories: active()
                .filter(|top| top.level == 1)
                .map(|top| {
                    let below = active()
                        .filter(|one| one.parent_id.as_deref() == Some(top.id.as_str()))
                        .map(|one| shown(&one.id, &one.name, Vec::new()))
                        .collect();
                    shown(&top.id, &top.name, below)
                })
                .collect(),
        })
    }

    async fn order_types(&self, lang: Lang) -> Result<Vec<CitizenOrderType>, BoxError> {
        let types = Self::order_types(self);
        let offered = types.iter().filter(|one| one.draft.active && one.draft.for_citizens);
        Ok(offered
            .map(|one| CitizenOrderType {
                id: one.id.clone(),
                name: match lang {
                    Lang::En if !one.draft.en.is_empty() => one.draft.en.clone(),
                    _ => one.draft.zh.clone(),
                },
                r#type: one.draft.kind.code().to_owned(),
                category_id: one.draft.category_id.clone(),
            })
            .collect())
    }

    async fn order_form(&self, ctx: &Ctx, order_type_id: &str) -> Result<Option<CitizenForm>, Problem> {
        let Some(fresh) = self.fresh_form(ctx, None, order_type_id)? else { return Ok(None) };
        Ok(Some(CitizenForm {
            form_id: fresh.form_id,
            form: serde_json::json!(fresh.form),
            answers: fresh.answers,
            editable: fresh.editable,
            required: fresh.required,
        }))
    }

    async fn submit(&self, ctx: &Ctx, draft: CitizenDraft, idem: &Idem) -> Result<Submitted, Problem> {
        self.submit_with(ctx, draft, None, idem).await
    }

    async fn submit_with(
        &self,
        ctx: &Ctx,
        mut draft: CitizenDraft,
        ticket: Option<&str>,
        idem: &Idem,
    ) -> Result<Submitted, Problem> {
        let filling = draft.order_type_id.take().filter(|id| !id.is_empty()).map(|order_type_id| Filling {
            order_type_id,
            form_id: draft.form_id.take(),
            answers: std::mem::take(&mut draft.form),
        });
        let Some(kind) = Kind::parse(&draft.r#type) else {
            let mut check = Check::default();
            check.refuse("type", "unknown", "请选择类型。", "Please choose a type.");
            return Err(check.done().err().map_or_else(Problem::internal, Problem::from));
        };
        let way = draft.reply_way.as_deref().filter(|way| !way.is_empty());
        let reply = match (way, way.and_then(ReplyWay::parse)) {
            (Some(_), None) => {
                let mut check = Check::default();
                check.refuse(
                    "reply.way",
                    "unknown",
                    "请选择答复方式。",
                    "Please choose how you want to be told.",
                );
                return Err(check.done().err().map_or_else(Problem::internal, Problem::from));
            }
            (_, way) => way.map(|way| Reply::new(way, draft.reply_to.as_deref())),
        };
        let draft = Draft {
            kind,
            category_id: draft.category_id.filter(|id| !id.is_empty()),
            title: draft.title,
            content: draft.content,
            citizen: Citizen {
                contact_id: None,
                name: draft.name,
                phone: Some(draft.phone),
                gender: None,
                reply,
            },
            confidential: draft.confidential,
            place: Place { district: draft.district, address: draft.address, lng: draft.lng, lat: draft.lat },
            call_id: None,
            preliminary_opinion: None,
            answer: None,
            urgency: Urgency::Normal,
            source: Source::Portal,
        };
        let citizen = Ctx {
            actor: kernel::Actor {
                kind: kernel::ActorKind::Citizen,
                id: String::new(),
                name: ctx.lang.pick("市民", "Citizen").to_owned(),
            },
            ..ctx.clone()
        };
        let attached = match ticket {
            Some(token) => Attached::Under(self.ticket(token, ctx.now).await?),
            None => Attached::Nothing,
        };
        let kit = self.kit().clone();
        let submitted =
            |case: &Case| Submitted { number: case.number.clone(), query_code: case.query_code.clone() };
        let case = self
            .create_with(&citizen, None, draft, &Enclosed { attached, filling }, |case| {
                idem.answer(&kit, axum::http::StatusCode::CREATED, &submitted(case))
            })
            .await?;
        Ok(submitted(&case))
    }

    async fn published(&self, filter: &PublishedFilter) -> Result<Page<PublishedCase>, BoxError> {
        Ok(Self::published(self, filter).await?)
    }

    async fn published_one(&self, id: &str) -> Result<Option<PublishedCase>, BoxError> {
        Ok(Self::published_one(self, id).await?)
    }

    async fn commitments(&self, filter: &PublicCommitmentFilter) -> Result<Page<PublicCommitment>, BoxError> {
        Ok(self.public_commitments(filter).await?)
    }

    async fn months(&self, now: Timestamp) -> Result<Vec<MonthFigures>, BoxError> {
        Ok(Self::months(self, now).await?)
    }

    async fn look_up(&self, number: &str, code: &str, lang: Lang) -> Result<Option<CitizenCase>, BoxError> {
        match self.by_code(number, code).await? {
            Some(case) => Ok(Some(self.citizen_view(&case, lang).await?)),
            None => Ok(None),
        }
    }

    async fn rate(
        &self,
        ctx: &Ctx,
        number: &str,
        code: &str,
        stars: i64,
        comment: &str,
    ) -> Result<Option<CitizenCase>, Problem> {
        let Some(case) = self.by_code(number, code).await? else { return Ok(None) };
        let rating = Rating {
            id: kernel::id::new_id(),
            stars,
            comment: comment.to_owned(),
            source: RatingSource::Portal,
        };
        let case = Self::rate(self, ctx, &case.id, &rating).await?;
        Ok(Some(self.citizen_view(&case, ctx.lang).await?))
    }

    async fn act(
        &self,
        ctx: &Ctx,
        number: &str,
        code: &str,
        act: &str,
        text: &str,
    ) -> Result<Option<CitizenCase>, Problem> {
        self.act_with(ctx, (number, code), act, text, None).await
    }

    async fn act_with(
        &self,
        ctx: &Ctx,
        (number, code): (&str, &str),
        act: &str,
        text: &str,
        ticket: Option<&str>,
    ) -> Result<Option<CitizenCase>, Problem> {
        let Some(case) = self.by_code(number, code).await? else { return Ok(None) };
        let Some(act) = CitizenAct::parse(act) else {
            return Err(Problem::invalid().field(
                "act",
                "unknown",
                "没有这个选项。",
                "There is no such choice.",
            ));
        };
        let actor = kernel::Actor {
            kind: kernel::ActorKind::Citizen,
            id: String::new(),
            name: ctx.lang.pick("市民", "Citizen").to_owned(),
        };
        let upload_id = match ticket {
            Some(token) => Some(self.ticket(token, ctx.now).await?),
            None => None,
        };
        let case = self.citizen_acts(&Ctx { actor, ..ctx.clone() }, &case, act, text, upload_id).await?;
        Ok(Some(self.citizen_view(&case, ctx.lang).await?))
    }
}
