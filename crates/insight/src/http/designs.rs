//! `/report-designs`: reports that people have put together.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(list_report_designs, keep_report_design))
        .routes(routes!(delete_report_design))
}

/// A report that somebody has put together.
#[derive(Serialize, ToSchema)]
struct ReportDesignView {
    id: String,
    name: String,
    /// The report that it begins with.
    report: String,
    /// The part of the page's address after the question mark.
    query: String,
    /// Whether everybody sees it.
    shared: bool,
    /// Whether it is the reader's own.
    own: bool,
    owner: String,
}

/// A report to keep.
#[derive(Debug, Deserialize, ToSchema)]
struct ReportDesignRequest {
    /// The report that it begins with.
    report: String,
    /// Its name; one's own of the same name is replaced.
    name: String,
    /// The part of the page's address after the question mark.
    query: String,
    /// Whether everybody sees it; takes `report.share`.
    #[serde(default)]
    shared: bool,
}

/// The id of what was kept.
#[derive(Serialize, ToSchema)]
struct ReportDesignId {
    id: String,
}

/// Lists the reader's own reports and those that others share.
#[utoipa::path(
    get, path = "/report-designs", operation_id = "list_report_designs", tag = "reports",
    responses((status = 200, description = "The reports", body = Vec<ReportDesignView>))
)]
async fn list_report_designs(
    State(insight): State<Insight>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<ReportDesignView>>> {
    by.require("report.read")?;
    let view = |design: crate::store::design::Design| ReportDesignView {
        own: design.owner_id == by.person_id,
        id: design.id,
        name: design.name,
        report: design.report,
        query: design.query,
        shared: design.shared == 1,
        owner: design.owner_name,
    };
    Ok(Json(insight.designs(&by).await?.into_iter().map(view).collect()))
}

/// Keeps a report.
#[utoipa::path(
    post, path = "/report-designs", operation_id = "keep_report_design", tag = "reports",
    request_body = ReportDesignRequest,
    responses(
        (status = 201, description = "It is kept", body = ReportDesignId),
        (status = 422, description = "A bad name, or too many", body = ProblemBody),
    )
)]
async fn keep_report_design(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<ReportDesignRequest>,
) -> HttpResult<(StatusCode, Json<ReportDesignId>)> {
    by.require("report.read")?;
    if body.shared {
        by.require("report.share")?;
    }
    let id = insight.keep_design(&ctx, &by, &body.report, &body.name, &body.query, body.shared).await?;
    Ok((StatusCode::CREATED, Json(ReportDesignId { id })))
}

/// Forgets a report of one's own.
#[utoipa::path(
    delete, path = "/report-designs/{id}", operation_id = "delete_report_design", tag = "reports",
    params(("id" = String, Path, description = "The report")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn delete_report_design(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    insight.forget_design(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
