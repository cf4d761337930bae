//! What the catalogue proposes for an order, and what was made of it: rows of `cases_catalogue_choice`.

use std::collections::HashMap;

use contract::cases::CaseId;
use contract::identity::UnitBrief;
use kernel::{Ctx, Principal, Timestamp};
use sqlx::{AnyConnection, FromRow};

use super::dispatch::Order;
use crate::Cases;
use crate::case::catalogue::{Matter, Proposal};
use crate::case::{Case, Source, Step};
use crate::error::CaseError;

/// A proposal whose unit takes orders.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// What the catalogue says.
    pub proposal: Proposal,
    /// The version that says it.
    pub catalogue_id: String,
    /// Its number.
    pub catalogue_version: i64,
    /// The unit in charge.
    pub unit: UnitBrief,
    /// Units that help and take orders.
    pub co_units: Vec<UnitBrief>,
}

/// How a unit was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As proposed, by a person.
    Accepted,
    /// Otherwise, by a person.
    Overridden,
    /// As proposed, without a person.
    Automatic,
}

impl Manner {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Overridden => "overridden",
            Self::Automatic => "automatic",
        }
    }
}

/// What became of a row's proposals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFigures {
    /// Dispatched by it without a person.
    pub automatic: i64,
    /// Dispatched as proposed.
    pub accepted: i64,
    /// Dispatched otherwise.
    pub overridden: i64,
    /// Given back by the unit that was proposed.
    pub returned: i64,
}

impl RowFigures {
    /// Returns how often the row was wrong: overridden, or given back.
    #[must_use]
    pub fn objections(&self) -> i64 {
        self.overridden + self.returned
    }

    /// Returns how often it was asked.
    #[must_use]
    pub fn asked(&self) -> i64 {
        self.automatic + self.accepted + self.overridden
    }
}

impl Cases {
    /// Returns what the published catalogue proposes for an order.
    ///
    /// # Errors
    /// When the directory fails.
    pub async fn propose(&self, case: &Case) -> Result<Option<Proposed>, CaseError> {
        let (category, district) = (case.category_id.as_deref(), case.place.district.as_deref());
        self.propose_for(category, &case.title, &case.content, district).await
    }

    /// Returns what the published catalogue proposes for an order that is still being written.
    ///
    /// # Errors
    /// When the directory fails.
    pub async fn propose_for(
        &self,
        category_id: Option<&str>,
        title: &str,
        content: &str,
        district: Option<&str>,
    ) -> Result<Option<Proposed>, CaseError> {
        let Some(catalogue) = self.published_catalogue() else { return Ok(None) };
        let categories = self.categories();
        let codes = category_id.map(|id| categories.codes_upwards(id)).unwrap_or_default();
        let matter = Matter { categories: &codes, title, content, district };
        let Some(proposal) = catalogue.propose(matter) else { return Ok(None) };
        let directory = &self.ports().directory;
        let unit = directory.unit_by_code(&proposal.unit_code).await.map_err(CaseError::Port)?;
        let Some(unit) = unit.filter(|unit| unit.active) else { return Ok(None) };
        let mut co_units = Vec::new();
        for code in &proposal.row.co_unit_codes {
            let helper = directory.unit_by_code(code).await.map_err(CaseError::Port)?;
            co_units.extend(helper.filter(|helper| helper.active && helper.id != unit.id));
        }
        Ok(Some(Proposed {
            proposal,
            catalogue_id: catalogue.id.clone(),
            catalogue_version: catalogue.version,
            unit,
            co_units,
        }))
    }

    /// Reads an order and what is proposed for it; nothing once a unit has it.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read it.
    pub async fn proposal_for(&self, by: &Principal, id: &CaseId) -> Result<Option<Proposed>, CaseError> {
        self.freshen().await?;
        let case = self.read(by, id).await?;
        if case.task(Step::Dispatch).is_none() && case.task(Step::Review).is_none() {
            return Ok(None);
        }
        self.propose(&case).await
    }

    /// Dispatches an order by itself where its row says so. An order that a unit gave back is a person's.
    /// Returns whether it went out.
    ///
    /// # Errors
    /// When the database fails; an order that somebody was faster with is left alone.
    pub async fn dispatch_automatically(&self, ctx: &Ctx, id: &CaseId) -> Result<bool, CaseError> {
        self.freshen().await?;
        let case = {
            let mut conn = self.kit().db.reader().acquire().await?;
            super::case::load(&mut conn, id).await?
        };
        let Some(case) = case else { return Ok(false) };
        if case.task(Step::Dispatch).is_none() || case.confidential {
            return Ok(false);
        }
        let (sent,): (i64,) =
            sqlx::query_as("select count(*) from cases_timeline where case_id = $1 and kind = 'dispatched'")
                .bind(id.as_str())
                .fetch_one(self.kit().db.reader())
                .await?;
        if sent > 0 {
            return Ok(false);
        }
        if case.source == Source::Discovered && self.dispatch_discovered(ctx, &case).await? {
            return Ok(true);
        }
        if !self.kit().parameters.bool("cases.auto_dispatch", true) {
            return Ok(false);
        }
        let Some(proposed) = self.propose(&case).await?.filter(|found| found.proposal.row.automatic) else {
            return Ok(false);
        };
        let machine = crate::seed::deputy(
            "catalogue",
            "派单目录",
            proposed.unit.path.split('/').nth(1).unwrap_or_default(),
            "/",
        );
        let co_units: Vec<String> = proposed.co_units.iter().map(|unit| unit.id.0.clone()).collect();
        let order = Order {
            unit_id: proposed.unit.id.as_str(),
            co_units: &co_units,
            opinion: &self.reason(&proposed, ctx.lang),
            tier: proposed.proposal.row.tier.as_deref(),
            override_reason: "",
            automatic: true,
            ..Order::default()
        };
        match self.dispatch_as(ctx, &machine, id, case.version, order).await {
            Ok(_) => Ok(true),
            Err(CaseError::Stale { .. } | CaseError::WrongStep { .. } | CaseError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says why something is proposed.
    pub(crate) fn reason(&self, proposed: &Proposed, lang: kernel::Lang) -> String {
        let categories = self.categories();
        proposed.proposal.reason(lang, proposed.catalogue_version, |code| {
            categories.by_code(code).map_or_else(|| code.to_owned(), |category| category.name.clone())
        })
    }

    /// Counts what became of proposals since `from`, by code of the row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn row_figures(&self, from: Timestamp) -> Result<HashMap<String, RowFigures>, CaseError> {
        #[derive(FromRow)]
        struct Count {
            row_code: String,
            manner: String,
            many: i64,
        }
        let counts: Vec<Count> = sqlx::query_as(
            "select row_code, manner, count(*) as many from cases_catalogue_choice where at >= $1 \
             group by row_code, manner \
             union all \
             select row_code, 'returned' as manner, count(*) as many from cases_catalogue_choice h \
             where h.at >= $2 and h.manner <> 'overridden' and exists (select 1 from cases_timeline t \
             where t.case_id = h.case_id and t.kind = 'returned' and t.at >= h.at) group by row_code",
        )
        .bind(from.0)
        .bind(from.0)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut figures: HashMap<String, RowFigures> = HashMap::new();
        for count in counts {
            let row = figures.entry(count.row_code).or_default();
            match count.manner.as_str() {
                "automatic" => row.automatic = count.many,
                "accepted" => row.accepted = count.many,
                "overridden" => row.overridden = count.many,
                _ => row.returned = count.many,
            }
        }
        Ok(figures)
    }
}

/// Notes what was made of a proposal.
pub(crate) async fn insert(
    conn: &mut AnyConnection,
    ctx: &Ctx,
    case_id: &CaseId,
    proposed: &Proposed,
    chosen_unit_id: &str,
    manner: Manner,
    reason: &str,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_catalogue_choice (id, case_id, at, catalogue_id, row_code, proposed_unit_id, \
         chosen_unit_id, manner, reason, chosen_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(kernel::id::new_id())
    .bind(case_id.as_str())
    .bind(ctx.now.0)
    .bind(&proposed.catalogue_id)
    .bind(&proposed.proposal.row.code)
    .bind(proposed.unit.id.as_str())
    .bind(chosen_unit_id)
    .bind(manner.code())
    .bind(reason)
    .bind(&ctx.actor.name)
    .execute(conn)
    .await?;
    Ok(())
}
