//! `/seats`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::identity::{SeatId, UnitId};
use kernel::http::{Auth, Idempotent, Json, Path, Query, ReqCtx};
use kernel::{Cursor, HttpResult, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::covers;
use crate::Identity;
use crate::seat::{NewSeat, Seat, SeatChange};

/// What the list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeatsQuery {
    /// A part of number or name.
    q: Option<String>,
    /// Only seats of this unit.
    unit_id: Option<String>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

/// A seat with the name of whoever sits there.
#[derive(Serialize, Deserialize, ToSchema)]
struct SeatRow {
    /// The seat.
    #[serde(flatten)]
    seat: Seat,
    /// Who sits there.
    person_name: Option<String>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new().routes(routes!(list_seats, create_seat)).routes(routes!(update_seat))
}

/// Lists seats by number.
#[utoipa::path(
    get, path = "/seats", operation_id = "list_seats", tag = "seats", params(SeatsQuery),
    responses((status = 200, body = Page<SeatRow>))
)]
async fn list_seats(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    Query(query): Query<SeatsQuery>,
) -> HttpResult<Json<Page<SeatRow>>> {
    let scope = principal.require("unit.read")?;
    identity.look_for_changes().await?;
    let limit = kernel::page::limit(query.limit);
    let text = query.q.unwrap_or_default().trim().to_lowercase();
    let after = query.cursor.and_then(|word| Cursor::decode(&word, 1)).and_then(|mut keys| keys.pop());
    let mut rows: Vec<SeatRow> = identity.directory.read(|snapshot| {
        let path = |id: &UnitId| snapshot.units.get(id).map(|unit| unit.path.clone()).unwrap_or_default();
        snapshot
            .seats
            .values()
            .filter(|seat| covers(&principal, scope, seat.unit_id.as_str(), &path(&seat.unit_id)))
            .filter(|seat| query.unit_id.as_ref().is_none_or(|id| seat.unit_id.0 == *id))
            .filter(|seat| {
                text.is_empty() || format!("{}\n{}", seat.no, seat.name).to_lowercase().contains(&text)
            })
            .filter(|seat| after.as_ref().is_none_or(|after| seat.no > *after))
            .map(|seat| SeatRow {
                person_name: seat
                    .person_id
                    .as_ref()
                    .and_then(|id| snapshot.people.get(id))
                    .map(|person| person.brief.name.clone()),
                seat: seat.clone(),
            })
            .collect()
    });
    rows.sort_by(|a, b| a.seat.no.cmp(&b.seat.no));
    rows.truncate(limit + 1);
    Ok(Json(Page::cut(rows, limit, |row| Cursor::encode(std::slice::from_ref(&row.seat.no)))))
}

/// Makes a seat.
#[utoipa::path(
    post, path = "/seats", operation_id = "create_seat", tag = "seats", request_body = NewSeat,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    responses((status = 201, body = Seat), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn create_seat(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Idempotent { body, idem }: Idempotent<NewSeat>,
) -> HttpResult<Response> {
    principal.require("seat.write")?;
    if let Some(answer) = idem.replay(&identity.kit).await? {
        return Ok(answer);
    }
    let seat = identity.create_seat(&ctx, body, &idem).await?;
    Ok((StatusCode::CREATED, Json(seat)).into_response())
}

/// Changes a seat or who sits there.
#[utoipa::path(
    patch, path = "/seats/{id}", operation_id = "update_seat", tag = "seats", request_body = SeatChange,
    params(("id" = String, Path, description = "The seat")),
    responses((status = 200, body = Seat), (status = 409, body = kernel::problem::ProblemBody))
)]
async fn update_seat(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<SeatId>,
    Json(body): Json<SeatChange>,
) -> HttpResult<Json<Seat>> {
    principal.require("seat.write")?;
    Ok(Json(identity.change_seat(&ctx, &id, body).await?))
}
