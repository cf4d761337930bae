//! `/citizen-texts`: what citizens are told in writing, and the ways to them.

use axum::extract::State;
use contract::cases::CitizenReply;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Messages;
use crate::citizen::{Moment, PLACES, Wording};

pub(super) fn routes() -> OpenApiRouter<Messages> {
    OpenApiRouter::new().routes(routes!(list_citizen_texts)).routes(routes!(set_citizen_text))
}

/// Something that a text may name.
#[derive(Serialize, ToSchema)]
struct CitizenTextPlace {
    /// What stands between the braces.
    code: String,
    name: String,
}

/// A text to citizens.
#[derive(Serialize, ToSchema)]
struct CitizenTextView {
    /// `feedback` or `result`.
    moment: String,
    name: String,
    /// The subject of a mail.
    subject: String,
    body: String,
    /// The text as a citizen would read it, with an invented order.
    sample: String,
    version: i64,
}

/// A way to citizens.
#[derive(Serialize, ToSchema)]
struct CitizenWayView {
    /// `sms` or `email`.
    code: String,
    name: String,
    /// Whether it can send anything now; what it cannot send becomes a task to call.
    configured: bool,
    /// How much waits for it.
    waiting: i64,
    /// How much it could not deliver.
    failed: i64,
}

/// What citizens are told, and how.
#[derive(Serialize, ToSchema)]
struct CitizenTextsView {
    texts: Vec<CitizenTextView>,
    places: Vec<CitizenTextPlace>,
    ways: Vec<CitizenWayView>,
}

/// A text as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
struct CitizenTextRequest {
    /// The subject of a mail, at most 60 characters.
    subject: String,
    /// The text, at most 500 characters; `{number}` and the like are filled in.
    body: String,
    /// The version that was read.
    version: i64,
}

fn view(wording: Wording, lang: Lang) -> CitizenTextView {
    let invented = CitizenReply {
        way: "sms".to_owned(),
        to: None,
        number: "YZ20260302000018".to_owned(),
        query_code: "602915".to_owned(),
        title: "云水路路灯不亮".to_owned(),
        unit: "云水区城管局".to_owned(),
        result: "已更换三盏路灯的灯具并恢复照明。".to_owned(),
    };
    CitizenTextView {
        moment: wording.moment.code().to_owned(),
        name: wording.moment.name(lang).to_owned(),
        sample: wording.filled(&invented).1,
        subject: wording.subject,
        body: wording.body,
        version: wording.version,
    }
}

/// Shows what citizens are told in writing, and which ways to them exist.
#[utoipa::path(
    get, path = "/citizen-texts", operation_id = "list_citizen_texts", tag = "notices",
    responses((status = 200, description = "Texts and ways", body = CitizenTextsView))
)]
async fn list_citizen_texts(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<CitizenTextsView>> {
    by.require("notice.write")?;
    let mut texts = Vec::with_capacity(Moment::ALL.len());
    for moment in Moment::ALL {
        texts.push(view(messages.wording(moment).await?, ctx.lang));
    }
    let mut ways = Vec::new();
    for (code, zh, en) in [("sms", "短信", "SMS"), ("email", "电子邮件", "E-mail")] {
        let (configured, figures) = messages.way_figures(code).await?;
        ways.push(CitizenWayView {
            code: code.to_owned(),
            name: ctx.lang.pick(zh, en).to_owned(),
            configured,
            waiting: figures.waiting,
            failed: figures.failed,
        });
    }
    let places = PLACES
        .iter()
        .map(|(code, zh, en)| CitizenTextPlace {
            code: (*code).to_owned(),
            name: ctx.lang.pick(*zh, *en).to_owned(),
        })
        .collect();
    Ok(Json(CitizenTextsView { texts, places, ways }))
}

/// Words a text to citizens anew.
#[utoipa::path(
    put, path = "/citizen-texts/{moment}", operation_id = "set_citizen_text", tag = "notices",
    params(("moment" = String, Path, description = "`feedback` or `result`")),
    request_body = CitizenTextRequest,
    responses(
        (status = 200, description = "The text", body = CitizenTextView),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "It cannot be sent like this", body = ProblemBody),
    )
)]
async fn set_citizen_text(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(moment): Path<String>,
    Json(body): Json<CitizenTextRequest>,
) -> HttpResult<Json<CitizenTextView>> {
    by.require("notice.write")?;
    let moment = Moment::parse(&moment).ok_or_else(Problem::not_found)?;
    let wording = Wording { moment, subject: body.subject, body: body.body, version: body.version };
    messages.set_wording(&ctx, &wording).await?;
    Ok(Json(view(messages.wording(moment).await?, ctx.lang)))
}
