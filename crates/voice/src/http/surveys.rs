//! What callers thought of the talk.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::contacts::mask_phone;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Page};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::store::surveys::{SurveyFilter, SurveyRow};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_surveys))
        .routes(routes!(show_survey_figures))
        .routes(routes!(export_surveys))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SurveyQuery {
    /// `rated`, or `wanted` for callers who hung up before they could be asked.
    state: Option<String>,
    /// 1 to 5.
    stars: Option<i64>,
    /// Not before, epoch milliseconds.
    from: Option<i64>,
    /// Before, epoch milliseconds.
    to: Option<i64>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A survey of one call.
#[derive(Serialize, ToSchema)]
struct SurveyItem {
    /// The call.
    call_id: String,
    /// When, epoch milliseconds.
    at: i64,
    /// `rated` or `wanted`.
    state: String,
    /// 1 to 5.
    stars: Option<i64>,
    /// The citizen's number, masked when the reader's role says so.
    caller: String,
    /// The agent.
    agent_name: Option<String>,
}

/// How satisfied callers were.
#[derive(Serialize, ToSchema)]
struct SurveyFigures {
    /// Ratings with 1 to 5 stars.
    stars: [i64; 5],
    /// Callers who hung up before they could be asked.
    wanted: i64,
}

fn filter(query: SurveyQuery, limit: usize) -> SurveyFilter {
    SurveyFilter {
        state: query.state.filter(|state| !state.is_empty()),
        stars: query.stars,
        from: query.from,
        to: query.to,
        cursor: query.cursor,
        limit,
    }
}

fn item(row: SurveyRow, masked: bool) -> SurveyItem {
    SurveyItem {
        caller: if masked { mask_phone(&row.caller) } else { row.caller },
        call_id: row.call_id,
        at: row.at,
        state: row.state,
        stars: row.stars,
        agent_name: row.agent_name,
    }
}

/// Lists surveys, newest first.
#[utoipa::path(get, path = "/voice/surveys", operation_id = "list_surveys", tag = "voice",
    params(SurveyQuery), responses((status = 200, body = Page<SurveyItem>)))]
async fn list_surveys(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<SurveyQuery>,
) -> HttpResult<Json<Page<SurveyItem>>> {
    me.require("call.monitor")?;
    let limit = kernel::page::limit(query.limit);
    let page = store::surveys::list(&core.kit.db, &filter(query, limit)).await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| item(row, masked))))
}

/// Sums surveys up.
#[utoipa::path(get, path = "/voice/surveys/figures", operation_id = "show_survey_figures", tag = "voice",
    params(SurveyQuery), responses((status = 200, body = SurveyFigures)))]
async fn show_survey_figures(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<SurveyQuery>,
) -> HttpResult<Json<SurveyFigures>> {
    me.require("call.monitor")?;
    let sums = store::surveys::sums(&core.kit.db, &filter(query, 1)).await.map_err(VoiceError::from)?;
    let count = |stars: i64| sums.iter().find(|(of, _)| *of == stars).map_or(0, |(_, times)| *times);
    Ok(Json(SurveyFigures { stars: [1, 2, 3, 4, 5].map(count), wanted: count(0) }))
}

/// Exports the list as an Excel workbook.
#[utoipa::path(get, path = "/voice/surveys.xlsx", operation_id = "export_surveys", tag = "voice",
    params(SurveyQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_surveys(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<SurveyQuery>,
) -> HttpResult<Response> {
    me.require("call.monitor")?;
    me.require("call.export")?;
    let mut filter = filter(query, 1_000);
    let (mut rows, masked, zone) = (Vec::new(), me.is_masked("phone"), &core.kit.config.zone);
    loop {
        let page = store::surveys::list(&core.kit.db, &filter).await.map_err(VoiceError::from)?;
        rows.extend(page.items.into_iter().map(|row| {
            let one = item(row, masked);
            let state = if one.state == "rated" { "已评价" } else { "未评价" };
            vec![
                Cell::from(local_time(zone, one.at)),
                one.caller.into(),
                one.agent_name.into(),
                state.into(),
                one.stars.into(),
            ]
        }));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("survey.export", "survey", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    download_workbook("surveys", vec!["时间", "来电号码", "话务员", "状态", "评分（星）"], rows).await
}
