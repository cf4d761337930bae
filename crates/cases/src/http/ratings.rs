//! `GET /ratings` and `POST /ratings/{id}/follow-up`.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::rating::FollowUp;
use crate::http::view::{CaseView, Named};
use crate::store::rating::RatingFilter;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_ratings)).routes(routes!(follow_up_rating))
}

/// What narrows the list of ratings.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct RatingQuery {
    /// `1` for two stars or fewer only.
    bad: Option<String>,
    /// `fine`, `open` (bad, to be followed up), `done`.
    state: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// A rating with its order.
#[derive(Serialize, ToSchema)]
struct RatingView {
    id: String,
    case_id: String,
    case_number: String,
    case_title: String,
    /// 1 to 5.
    stars: i64,
    comment: String,
    /// `portal` or `visit`.
    source: String,
    unit: Option<Named>,
    given_at: i64,
    /// `fine`, `open`, `done`.
    state: String,
    /// What the shift leader found.
    opinion: Option<String>,
    followed_up_at: Option<i64>,
    /// Whether the order was taken up again because of it.
    reopened: bool,
}

/// What a shift leader did about a bad rating.
#[derive(Debug, Deserialize, ToSchema)]
struct FollowUpRequest {
    /// What was found and said to the citizen.
    opinion: String,
    /// Whether the order is worked on again.
    #[serde(default)]
    reopen: bool,
}

/// Lists ratings, newest first.
#[utoipa::path(
    get, path = "/ratings", operation_id = "list_ratings", tag = "ratings", params(RatingQuery),
    responses((status = 200, description = "A page of ratings", body = Page<RatingView>))
)]
async fn list_ratings(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Query(query): Query<RatingQuery>,
) -> HttpResult<Json<Page<RatingView>>> {
    by.require("case.read")?;
    let filter = RatingFilter {
        bad: matches!(query.bad.as_deref(), Some("1" | "true")),
        state: query.state.filter(|state| !state.is_empty()),
        cursor: query.cursor.filter(|cursor| !cursor.is_empty()),
        limit: kernel::page::limit(query.limit),
    };
    let page = cases.ratings(&by, &filter).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for line in page.items {
        items.push(RatingView {
            unit: cases.named_unit(line.unit_id.as_deref()).await?,
            id: line.id,
            case_id: line.case_id,
            case_number: line.number,
            case_title: line.title,
            stars: line.stars,
            comment: line.comment,
            source: line.source,
            given_at: line.given_at,
            state: line.state,
            opinion: line.opinion,
            followed_up_at: line.followed_up_at,
            reopened: line.reopened != 0,
        });
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Follows a bad rating up; with `reopen` the order goes back to the dispatcher (差评跟进).
#[utoipa::path(
    post, path = "/ratings/{id}/follow-up", operation_id = "follow_up_rating", tag = "ratings",
    params(("id" = String, Path, description = "The rating")),
    request_body = FollowUpRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody else has followed it up", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn follow_up_rating(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<FollowUpRequest>,
) -> HttpResult<Json<CaseView>> {
    by.require("rating.follow_up")?;
    let follow_up = FollowUp { opinion: body.opinion, reopen: body.reopen };
    let case = cases.follow_up(&ctx, &by, &id, &follow_up).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
