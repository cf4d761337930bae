//! Rows of `cases_discovery`: the units' work log, and the orders that are made of it.

use contract::cases::CaseId;
use contract::identity::UnitId;
use kernel::db::{Check as Condition, Real, Statement};
use kernel::{Audit, Ctx, Cursor, DbError, Page, Principal, Scope, Timestamp, Writes};
use serde_json::json;
use sqlx::FromRow;

use super::attachment::Attached;
use super::creation::{Enclosed, Fresh};
use super::dispatch::Order;
use super::list::plain;
use crate::Cases;
use crate::case::discovery::{
    self, DiscoveryDraft, DiscoveryState, Handling, Making, check_settlement, no_longer_logged,
};
use crate::case::{Case, Place};
use crate::error::{CaseError, Check};

/// Prompts look back so far, and compare with the same time before.
const PROMPT_DAYS: i64 = 14;
/// So often a matter has to come up before somebody is prompted to look.
const PROMPT_MIN: i64 = 3;
/// So many prompts are shown.
const PROMPTS_MAX: i64 = 20;
/// So many lines fit into one export.
pub const EXPORT_MAX: usize = 50_000;

/// A line of the work log.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_discovery` under their own names")]
pub struct Discovery {
    pub id: String,
    pub unit_id: String,
    pub unit_path: String,
    pub person_id: String,
    pub person_name: String,
    pub found_at: i64,
    pub category_id: Option<String>,
    pub title: String,
    pub content: String,
    pub district: Option<String>,
    pub address: Option<String>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub state: String,
    pub handling: Option<String>,
    pub case_id: Option<String>,
    /// The number of the order.
    pub case_number: Option<String>,
    pub note: Option<String>,
    pub created_at: i64,
    pub version: i64,
}

const SELECT: &str = "select d.id, d.unit_id, d.unit_path, d.person_id, d.person_name, d.found_at, \
     d.category_id, d.title, d.content, d.district, d.address, d.lng, d.lat, d.state, d.handling, d.case_id, \
     c.number as case_number, d.note, d.created_at, d.version from cases_discovery d \
     left join cases_case c on c.id = d.case_id where ";

impl Discovery {
    /// Returns what was written down.
    fn draft(&self) -> DiscoveryDraft {
        DiscoveryDraft {
            found_at: Timestamp(self.found_at),
            category_id: self.category_id.clone(),
            title: self.title.clone(),
            content: self.content.clone(),
            place: Place {
                district: self.district.clone(),
                address: self.address.clone(),
                lng: self.lng,
                lat: self.lat,
            },
        }
    }
}

/// What narrows the log.
#[derive(Clone, Debug, Default)]
pub struct DiscoveryFilter {
    /// A part of title, content or address.
    pub text: Option<String>,
    /// What became of it.
    pub state: Option<DiscoveryState>,
    /// The unit or one below, by path.
    pub unit_path: Option<String>,
    /// Only what the reader found.
    pub mine: bool,
    /// Found at or after.
    pub from: Option<Timestamp>,
    /// Found before.
    pub to: Option<Timestamp>,
    /// From here on.
    pub cursor: Option<String>,
}

/// How many finds there are of each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct DiscoveryFigures {
    /// All.
    pub total: i64,
    /// Neither settled nor made into an order.
    pub logged: i64,
    /// Made into orders.
    pub ordered: i64,
    /// Settled on the spot.
    pub settled: i64,
    /// Orders of them that are settled.
    pub orders_settled: i64,
}

/// What citizens bring up again and again where the reader's unit is in charge (意见提示).
#[derive(Clone, Debug, FromRow)]
pub struct OpinionPrompt {
    /// The category.
    pub category_id: String,
    /// The district.
    pub district: Option<String>,
    /// Orders of citizens in the last 14 days.
    pub count: i64,
    /// In the 14 days before.
    pub before: i64,
    /// The newest of them, epoch milliseconds.
    pub last_at: i64,
}

/// Returns how far somebody reads the log: who finds, and who reads figures.
pub(crate) fn reach(by: &Principal) -> Option<Scope> {
    by.scope("case.discover").max(by.scope("overview.read"))
}

fn push_filter(sql: &mut Statement, by: &Principal, filter: &DiscoveryFilter) {
    match reach(by) {
        Some(Scope::All) => sql.push("1 = 1"),
        Some(Scope::Subtree) => {
            sql.push("substr(d.unit_path, 1, length(").bind(&by.unit_path).push(")) = ").bind(&by.unit_path)
        }
        Some(Scope::Unit) => sql.push("d.unit_id = ").bind(&by.unit_id),
        Some(Scope::Own) => sql.push("d.person_id = ").bind(&by.person_id),
        None => sql.push("1 = 0"),
    };
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        sql.push(" and (");
        for (n, column) in ["d.title", "d.content", "coalesce(d.address, '')"].into_iter().enumerate() {
            sql.push(if n > 0 { " or " } else { "" }).push(column).push(" like ");
            sql.bind(format!("%{}%", plain(text))).push(" escape '\\'");
        }
        sql.push(")");
    }
    if let Some(state) = filter.state {
        sql.push(" and d.state = ").bind(state.code());
    }
    if let Some(path) = &filter.unit_path {
        sql.push(" and substr(d.unit_path, 1, length(").bind(path).push(")) = ").bind(path);
    }
    if filter.mine {
        sql.push(" and d.person_id = ").bind(&by.person_id);
    }
    for (column, value) in [(" and d.found_at >= ", filter.from), (" and d.found_at < ", filter.to)] {
        if let Some(value) = value {
            sql.push(column).bind(value.0);
        }
    }
}

impl Cases {
    /// Lists the work log within the reader's scope, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discoveries(
        &self,
        by: &Principal,
        filter: &DiscoveryFilter,
        limit: usize,
    ) -> Result<Page<Discovery>, CaseError> {
        let mut sql = Statement::new(SELECT);
        push_filter(&mut sql, by, filter);
        let after = filter.cursor.as_deref().and_then(|word| Cursor::decode(word, 1));
        if let Some(id) = after.and_then(|mut keys| keys.pop()) {
            sql.push(" and d.id < ").bind(id);
        }
        sql.push(" order by d.id desc limit ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row: &Discovery| Cursor::encode(std::slice::from_ref(&row.id))))
    }

    /// Counts the work log within the reader's scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discovery_figures(
        &self,
        by: &Principal,
        filter: &DiscoveryFilter,
    ) -> Result<DiscoveryFigures, CaseError> {
        let mut sql = Statement::new(
            "select count(*) as total, \
             count(case when d.state = 'logged' then 1 end) as logged, \
             count(case when d.state = 'ordered' then 1 end) as ordered, \
             count(case when d.state = 'settled' then 1 end) as settled, \
             count(c.settled_at) as orders_settled \
             from cases_discovery d left join cases_case c on c.id = d.case_id where ",
        );
        push_filter(&mut sql, by, filter);
        Ok(sql.query_as().fetch_one(self.kit().db.reader()).await?)
    }

    /// Returns what citizens bring up again and again where the reader's unit is in charge, the most first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn opinion_prompts(
        &self,
        by: &Principal,
        now: Timestamp,
    ) -> Result<Vec<OpinionPrompt>, CaseError> {
        let mut units = vec![by.unit_id.clone()];
        if by.scope("case.discover") >= Some(Scope::Subtree) {
            let below = self.ports().directory.units_under(&UnitId(by.unit_id.clone())).await;
            units.extend(below.map_err(CaseError::Port)?.into_iter().map(|unit| unit.id.0));
            units.sort();
            units.dedup();
        }
        let recent = now.0 - PROMPT_DAYS * 86_400_000;
        let mut sql = Statement::new(
            "select category_id, district, \
             cast(sum(case when recent = 1 then many else 0 end) as bigint) as count, \
             cast(sum(case when recent = 0 then many else 0 end) as bigint) as before, \
             max(last_at) as last_at from (select c.category_id, c.district, \
             case when c.created_at >= ",
        );
        sql.bind(recent)
            .push(" then 1 else 0 end as recent, count(*) as many, max(c.created_at) as last_at ");
        sql.push("from cases_case c where c.unit_id in (").bind_all(&units);
        sql.push(") and c.category_id is not null and c.confidential = 0 and c.source <> 'discovered'");
        sql.push(" and c.created_at >= ").bind(recent - PROMPT_DAYS * 86_400_000);
        sql.push(" group by 1, 2, 3) as halves group by category_id, district");
        sql.push(" having sum(case when recent = 1 then many else 0 end) >= ").bind(PROMPT_MIN);
        sql.push(" order by 3 desc, 5 desc limit ").bind(PROMPTS_MAX);
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Finds a line of the log within the reader's scope.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn discovery(&self, by: &Principal, id: &str) -> Result<Discovery, CaseError> {
        let mut sql = Statement::new(SELECT);
        push_filter(&mut sql, by, &DiscoveryFilter::default());
        sql.push(" and d.id = ").bind(id);
        sql.query_as().fetch_optional(self.kit().db.reader()).await?.ok_or(CaseError::NotFound)
    }

    async fn check_discovery(&self, draft: &DiscoveryDraft, now: Timestamp) -> Result<(), CaseError> {
        self.freshen().await?;
        let mut check = Check::default();
        draft.check(&mut check, now);
        if let Some(category) = &draft.category_id {
            self.check_category(&mut check, category);
        }
        check.done()
    }

    /// Writes a find down. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub async fn log_discovery(
        &self,
        ctx: &Ctx,
        by: &Principal,
        draft: DiscoveryDraft,
    ) -> Result<String, CaseError> {
        self.check_discovery(&draft, ctx.now).await?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into cases_discovery (id, unit_id, unit_path, person_id, person_name, found_at, \
             category_id, title, content, district, address, lng, lat, state, created_at, updated_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'logged', $14, $14, 1)",
        )
        .bind(&id)
        .bind(&by.unit_id)
        .bind(&by.unit_path)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(draft.found_at.0)
        .bind(draft.category_id.clone())
        .bind(draft.title.trim())
        .bind(&draft.content)
        .bind(draft.place.district.clone())
        .bind(draft.place.address.clone())
        .bind(Real(draft.place.lng))
        .bind(Real(draft.place.lat))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("discovery.log", "discovery", id.clone()).detail(json!({"title": draft.title})),
        );
        tx.commit().await?;
        Ok(id)
    }

    /// Corrects a line that nothing was made of yet.
    ///
    /// # Errors
    /// As [`Cases::log_discovery`]; [`CaseError::Stale`]; `discovery.done`.
    pub async fn change_discovery(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        draft: DiscoveryDraft,
    ) -> Result<(), CaseError> {
        let found = self.open_discovery(by, id, version).await?;
        self.check_discovery(&draft, ctx.now).await?;
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update cases_discovery set found_at = $3, category_id = $4, title = $5, content = $6, \
             district = $7, address = $8, lng = $9, lat = $10, updated_at = $11, version = version + 1 \
             where id = $1 and version = $2 and state = 'logged'",
        )
        .bind(id)
        .bind(version)
        .bind(draft.found_at.0)
        .bind(draft.category_id.clone())
        .bind(draft.title.trim())
        .bind(&draft.content)
        .bind(draft.place.district.clone())
        .bind(draft.place.address.clone())
        .bind(Real(draft.place.lng))
        .bind(Real(draft.place.lat))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(no_longer_logged());
        }
        tx.audit(
            ctx,
            Audit::new("discovery.change", "discovery", id).detail(json!({
                "from": {"title": found.title, "content": found.content}, "to": {"title": draft.title},
            })),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Notes that it was settled on the spot.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] without a word on what was done; [`CaseError::Stale`]; `discovery.done`.
    pub async fn settle_discovery(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        note: &str,
    ) -> Result<(), CaseError> {
        self.open_discovery(by, id, version).await?;
        check_settlement(note)?;
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update cases_discovery set state = 'settled', note = $3, updated_at = $4, version = version + 1 \
             where id = $1 and version = $2 and state = 'logged'",
        )
        .bind(id)
        .bind(version)
        .bind(note.trim())
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(no_longer_logged());
        }
        tx.audit(ctx, Audit::new("discovery.settle", "discovery", id).detail(json!({"note": note})));
        tx.commit().await?;
        Ok(())
    }

    /// Makes an order of a find, once: both are written together.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] when the category is missing; [`CaseError::Stale`]; `discovery.done`.
    pub async fn order_discovery(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        making: Making,
        attachments: Vec<String>,
    ) -> Result<Case, CaseError> {
        let found = self.open_discovery(by, id, version).await?;
        let enclosed = Enclosed { attached: Attached::Of(attachments), filling: None };
        let draft = found.draft().order(&making, &found.person_name);
        let Fresh { case, mut writes } = self.compose(ctx, Some(by), draft, &enclosed).await?;
        writes.expect(Condition {
            question: "select id from cases_discovery where state = 'logged' and id",
            key: id.to_owned(),
            expected: 1,
        });
        self.mark_ordered(&mut writes, ctx, &found, &case, making.handling);
        match self.kit().db.write(writes).await {
            Ok(()) => Ok(case),
            Err(DbError::Raced) => Err(no_longer_logged()),
            Err(error) if error.is_unique_violation() => Err(no_longer_logged()),
            Err(error) => Err(error.into()),
        }
    }

    fn mark_ordered(
        &self,
        writes: &mut Writes,
        ctx: &Ctx,
        found: &Discovery,
        case: &Case,
        handling: Handling,
    ) {
        let mut sql = Statement::new("update cases_discovery set state = 'ordered', handling = ");
        sql.bind(handling.code()).push(", case_id = ").bind(case.id.as_str()).push(", updated_at = ");
        sql.bind(ctx.now.0).push(", version = version + 1 where state = 'logged' and id = ").bind(&found.id);
        writes.defer(sql);
        writes.audit(
            ctx,
            Audit::new("discovery.order", "discovery", found.id.clone())
                .detail(json!({"case_id": case.id, "number": case.number, "handling": handling.code()})),
        );
    }

    async fn open_discovery(&self, by: &Principal, id: &str, version: i64) -> Result<Discovery, CaseError> {
        let found = self.discovery(by, id).await?;
        // Who only reads figures changes nothing.
        let scope = by.scope("case.discover");
        let within = match scope {
            Some(Scope::All) => true,
            Some(Scope::Subtree) => found.unit_path.starts_with(&by.unit_path),
            Some(Scope::Unit) => found.unit_id == by.unit_id,
            Some(Scope::Own) => found.person_id == by.person_id,
            None => false,
        };
        if !within {
            return Err(CaseError::NotFound);
        }
        if DiscoveryState::parse(&found.state) != Some(DiscoveryState::Logged) {
            return Err(discovery::no_longer_logged());
        }
        if found.version != version {
            return Err(CaseError::Stale { current: found.version });
        }
        Ok(found)
    }

    /// Gives an order that a unit made of its own find to this unit, where it chose so. Returns whether it did.
    ///
    /// # Errors
    /// When the database fails; an order that somebody was faster with is left alone.
    pub(crate) async fn dispatch_discovered(&self, ctx: &Ctx, case: &Case) -> Result<bool, CaseError> {
        let row: Option<(String, String, String)> = sqlx::query_as(
            "select unit_id, unit_path, person_name from cases_discovery where case_id = $1 and handling = 'own'",
        )
        .bind(case.id.as_str())
        .fetch_optional(self.kit().db.reader())
        .await?;
        let Some((unit_id, unit_path, finder)) = row else { return Ok(false) };
        let centre = unit_path.split('/').nth(1).unwrap_or_default();
        let machine = crate::seed::deputy("discovery", "主动发现", centre, "/");
        let opinion = ctx.lang.pick(
            format!("{finder}主动发现，由本单位办理。"),
            format!("Found by {finder}; handled by the own unit."),
        );
        let order = Order { unit_id: &unit_id, opinion: &opinion, ..Order::default() };
        match self.dispatch_as(ctx, &machine, &CaseId(case.id.0.clone()), case.version, order).await {
            Ok(_) => Ok(true),
            // A unit that was closed meanwhile: the centre looks after it.
            Err(
                CaseError::Stale { .. }
                | CaseError::WrongStep { .. }
                | CaseError::NotFound
                | CaseError::Invalid(_),
            ) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
