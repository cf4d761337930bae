//! `POST /cases`.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kernel::HttpResult;
use kernel::http::{Auth, Idempotent, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::draft::Draft;
use crate::case::{Citizen, Kind, Source, Urgency};
use crate::http::reply::ReplyBody;
use crate::http::view::{CaseView, PlaceBody};
use crate::store::attachment::Attached;
use crate::store::creation::Enclosed;
use crate::store::form_answer::Filling;

/// So many files an order is written with at most.
const ATTACHED_MAX: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(create_case))
}

/// Who asks: a file's id, or name and number.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct ContactBody {
    /// The citizen's file.
    #[serde(default)]
    id: Option<String>,
    /// The name.
    #[serde(default)]
    name: String,
    /// The number to call back.
    #[serde(default)]
    phone: Option<String>,
    /// `male` or `female`.
    #[serde(default)]
    gender: Option<String>,
    /// How the citizen wants to be told of the result.
    #[serde(default)]
    reply: Option<ReplyBody>,
}

/// An order as the agent writes it.
#[derive(Debug, Deserialize, ToSchema)]
struct CaseDraft {
    /// The type.
    r#type: Kind,
    /// The category.
    #[serde(default)]
    category_id: Option<String>,
    /// What it is about, at most 100 characters.
    title: String,
    /// What happened and what is asked for, at most 5,000 characters.
    content: String,
    /// Who asks.
    contact: ContactBody,
    /// Whether the citizen's identity is kept from the units.
    #[serde(default)]
    confidential: bool,
    /// Where.
    #[serde(default)]
    place: PlaceBody,
    /// The call in which it is written.
    #[serde(default)]
    call_id: Option<String>,
    /// What the agent proposes.
    #[serde(default)]
    preliminary_opinion: Option<String>,
    /// Whether the agent answered at once.
    #[serde(default)]
    answered_at_once: bool,
    /// The answer, when the agent answered at once.
    #[serde(default)]
    answer: Option<String>,
    /// How much it hurries.
    #[serde(default)]
    urgency: Option<Urgency>,
    /// Files that were sent before, by their ids.
    #[serde(default)]
    attachments: Vec<String>,
    /// The order type, when one was chosen; it says type and category.
    #[serde(default)]
    order_type_id: Option<String>,
    /// The version of the form that was filled in.
    #[serde(default)]
    form_id: Option<String>,
    /// What was filled in.
    #[serde(default)]
    #[schema(value_type = Object)]
    form: Map<String, Value>,
}

impl From<CaseDraft> for Draft {
    fn from(body: CaseDraft) -> Self {
        Self {
            kind: body.r#type,
            category_id: body.category_id.filter(|id| !id.is_empty()),
            title: body.title,
            content: body.content,
            citizen: Citizen {
                contact_id: body.contact.id.filter(|id| !id.is_empty()),
                name: body.contact.name,
                phone: body.contact.phone,
                gender: body.contact.gender.filter(|gender| !gender.is_empty()),
                reply: body.contact.reply.map(Into::into),
            },
            confidential: body.confidential,
            place: body.place.into(),
            source: if body.call_id.is_some() { Source::Phone } else { Source::Staff },
            call_id: body.call_id,
            preliminary_opinion: body.preliminary_opinion,
            answer: body.answered_at_once.then(|| body.answer.unwrap_or_default()),
            urgency: body.urgency.unwrap_or(Urgency::Normal),
        }
    }
}

/// Writes an order; the answer holds the number and query code for the citizen.
#[utoipa::path(
    post, path = "/cases", operation_id = "create_case", tag = "cases",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same order")),
    request_body = CaseDraft,
    responses(
        (status = 201, description = "The order", body = CaseView),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn create_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    request: Idempotent<CaseDraft>,
) -> HttpResult<Response> {
    by.require("case.create")?;
    if let Some(replayed) = request.idem.replay_known(cases.kit()).await? {
        return Ok(replayed);
    }
    let idem = &request.idem;
    let mut answer = String::new();
    let mut body = request.body;
    let enclosed = Enclosed {
        attached: Attached::Of(
            std::mem::take(&mut body.attachments).into_iter().take(ATTACHED_MAX).collect(),
        ),
        filling: body.order_type_id.take().filter(|id| !id.is_empty()).map(|order_type_id| Filling {
            order_type_id,
            form_id: body.form_id.take(),
            answers: std::mem::take(&mut body.form),
        }),
    };
    let created = cases
        .create_with(&ctx, Some(&by), body.into(), &enclosed, |case| {
            answer = serde_json::to_string(&cases.fresh_view(&ctx, &by, case)).expect("a view is plain data");
            idem.answer_text(cases.kit(), StatusCode::CREATED, &answer)
        })
        .await;
    if let Err(failure) = created {
        return idem.instead_of(cases.kit(), failure).await;
    }
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], answer).into_response())
}
