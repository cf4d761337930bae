//! The same with several orders at once: `POST /cases/urges`, `/cases/supervisions`, `/cases/dispatches`,
//! `/cases/acceptances`, `/cases/returns`, `/cases/closures`. Each order is a change of its own, asked for the same
//! right and undone in the same way as by its own page; the answer says of each what became of it.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use contract::cases::CaseId;
use kernel::http::{Auth, Idem, Idempotent, ReqCtx};
use kernel::{Ctx, HttpResult, Lang, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Case;
use crate::case::closure::Closure;
use crate::case::sending_back::SendingBack;
use crate::case::supervision::Supervision;
use crate::error::CaseError;
use crate::store::dispatch::Order;

/// So many orders at once.
const BULK_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(urge_cases))
        .routes(routes!(supervise_cases))
        .routes(routes!(dispatch_cases))
        .routes(routes!(accept_cases))
        .routes(routes!(return_cases))
        .routes(routes!(close_cases))
}

/// Several orders, and what is said to all of them.
#[derive(Debug, Deserialize, ToSchema)]
struct BulkRequest {
    /// The orders, 1 to 200.
    #[serde(default)]
    ids: Vec<String>,
    /// What is said.
    #[serde(default)]
    text: String,
}

/// Several orders, and where they go.
#[derive(Debug, Deserialize, ToSchema)]
struct BulkDispatchRequest {
    /// The orders, 1 to 200.
    #[serde(default)]
    ids: Vec<String>,
    /// The unit in charge; when empty, each order goes where the dispatch catalogue proposes.
    #[serde(default)]
    unit_id: String,
    /// What the units are asked to do.
    #[serde(default)]
    text: String,
}

/// What became of one order of several.
#[derive(Debug, Serialize, ToSchema)]
struct BulkResult {
    /// The order.
    id: String,
    /// Its number, for those who may know it.
    number: Option<String>,
    /// Whether it was done.
    done: bool,
    /// Why not.
    detail: Option<String>,
}

/// Returns the orders, each once.
fn chosen(ids: Vec<String>) -> Result<Vec<CaseId>, Problem> {
    if !(1..=BULK_MAX).contains(&ids.len()) {
        let (zh, en) = ("请选择 1 至 200 件工单。", "Choose 1 to 200 orders.");
        return Err(Problem::invalid().field("ids", "out_of_range", zh, en));
    }
    let mut seen = HashSet::new();
    Ok(ids.into_iter().filter(|id| seen.insert(id.clone())).map(CaseId).collect())
}

impl Cases {
    /// Does something with each order as it stands now, one after the other.
    async fn each<F>(
        &self,
        by: &Principal,
        ids: Vec<CaseId>,
        lang: Lang,
        act: impl Fn(Cases, Case) -> F,
    ) -> Vec<BulkResult>
    where
        F: Future<Output = Result<Case, CaseError>>,
    {
        let mut results = Vec::with_capacity(ids.len());
        for id in ids {
            let mut number = None;
            let result = match self.read(by, &id).await {
                Ok(case) => {
                    number = Some(case.number.clone());
                    act(self.clone(), case).await
                }
                Err(error) => Err(error),
            };
            let detail = result.err().map(|error| Problem::from(error).detail(lang).to_owned());
            results.push(BulkResult { id: id.0, number, done: detail.is_none(), detail });
        }
        results
    }

    /// Answers, and keeps the answer for a repetition of the request.
    async fn answered(&self, idem: &Idem, results: &[BulkResult]) -> HttpResult<Response> {
        let text = serde_json::to_string(results).expect("results are plain data");
        if let Some(answer) = idem.answer_text(self.kit(), StatusCode::OK, &text) {
            let mut tx = self.kit().db.begin().await?;
            tx.remember(answer);
            tx.commit().await?;
        }
        Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
    }

    /// Gives one order to a unit, or where the catalogue proposes.
    pub(crate) async fn dispatch_one(
        &self,
        ctx: &Ctx,
        by: &Principal,
        case: Case,
        unit_id: &str,
        opinion: &str,
    ) -> Result<Case, CaseError> {
        let mut order = Order { unit_id, opinion, ..Order::default() };
        let proposed = if unit_id.is_empty() { self.propose(&case).await? } else { None };
        let co_units: Vec<String>;
        if let Some(proposed) = &proposed {
            co_units = proposed.co_units.iter().map(|unit| unit.id.0.clone()).collect();
            order.unit_id = proposed.unit.id.as_str();
            order.co_units = &co_units;
            order.tier = proposed.proposal.row.tier.as_deref();
        } else if unit_id.is_empty() {
            return Err(CaseError::refused(
                "case.no_proposal",
                "派单目录对此工单没有建议，请单独派单。",
                "The dispatch catalogue proposes nothing for this order; dispatch it by itself.",
            ));
        }
        self.dispatch_as(ctx, by, &case.id, case.version, order).await
    }
}

/// Makes a handler: the capability at the edge, at most 200 orders, a repetition answered as the first time.
macro_rules! bulk {
    ($(#[$meta:meta])* $name:ident, $path:literal, $body:ty, $capability:literal,
     |$cases:ident, $ctx:ident, $by:ident, $case:ident, $request:ident| $act:expr) => {
        $(#[$meta])*
        #[utoipa::path(
            post, path = $path, tag = "cases", request_body = $body,
            params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
            responses((status = 200, description = "What became of each order", body = Vec<BulkResult>))
        )]
        async fn $name(
            State(cases): State<Cases>,
            Auth($by): Auth,
            ReqCtx($ctx): ReqCtx,
            Idempotent { body: $request, idem }: Idempotent<$body>,
        ) -> HttpResult<Response> {
            $by.require($capability)?;
            if let Some(replayed) = idem.replay(cases.kit()).await? {
                return Ok(replayed);
            }
            let mut $request = $request;
            let ids = chosen(std::mem::take(&mut $request.ids))?;
            let results = cases
                .each(&$by, ids, $ctx.lang, |$cases, $case| {
                    let ($ctx, $by, $request) = (&$ctx, &$by, &$request);
                    async move { $act }
                })
                .await;
            cases.answered(&idem, &results).await
        }
    };
}

bulk!(
    /// Urges the units of several orders (批量催办); each order has its own result.
    urge_cases, "/cases/urges", BulkRequest, "case.urge",
    |cases, ctx, by, case, request| cases.urge(ctx, by, &case.id, &request.text).await
);

bulk!(
    /// Supervises the units of several orders (批量督办); each order has its own result.
    supervise_cases, "/cases/supervisions", BulkRequest, "case.supervise",
    |cases, ctx, by, case, request| {
        let wish = Supervision { opinion: request.text.clone(), days: None };
        cases.supervise(ctx, by, &case.id, case.version, &wish).await
    }
);

bulk!(
    /// Gives several orders to a unit, or each to the one that the catalogue proposes (批量派单).
    dispatch_cases, "/cases/dispatches", BulkDispatchRequest, "case.dispatch",
    |cases, ctx, by, case, request| {
        cases.dispatch_one(ctx, by, case, &request.unit_id, &request.text).await
    }
);

bulk!(
    /// Accepts several orders for their unit (批量签收).
    accept_cases, "/cases/acceptances", BulkRequest, "case.accept",
    |cases, ctx, by, case, _request| cases.accept(ctx, by, &case.id, case.version).await
);

bulk!(
    /// Gives several orders back to the centre (批量退回).
    return_cases, "/cases/returns", BulkRequest, "case.return",
    |cases, ctx, by, case, request| {
        let sending_back = SendingBack { reason: request.text.clone() };
        cases.send_back(ctx, by, &case.id, case.version, &sending_back).await
    }
);

bulk!(
    /// Puts several settled orders away (批量归档).
    close_cases, "/cases/closures", BulkRequest, "case.close",
    |cases, ctx, by, case, request| {
        let closure = Closure { reason: request.text.clone() };
        cases.close(ctx, by, &case.id, case.version, &closure).await
    }
);
