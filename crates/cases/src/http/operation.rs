//! The shape that most operations share: `POST` to a noun of an order with the version that was read; the answer is
//! the order afterwards.

/// Writes a handler. What is between the bars are the names under which the expression sees the slice, the
/// context, the person, the order's id and the body.
macro_rules! operation {
    (
        $(#[$meta:meta])*
        $name:ident, $path:literal, $body:ty,
        |$cases:ident, $ctx:ident, $by:ident, $id:ident, $input:ident| $run:expr
    ) => {
        $(#[$meta])*
        #[utoipa::path(
            post, path = $path, tag = "cases",
            params(("id" = String, Path, description = "The order")),
            request_body = $body,
            responses(
                (status = 200, description = "The order afterwards", body = $crate::http::view::CaseView),
                (
                    status = 409,
                    description = "Somebody was faster, the order is at another step, or a rule stands against it",
                    body = kernel::problem::ProblemBody
                ),
                (status = 422, description = "Fields to correct", body = kernel::problem::ProblemBody),
            )
        )]
        async fn $name(
            axum::extract::State($cases): axum::extract::State<$crate::Cases>,
            kernel::http::Auth($by): kernel::http::Auth,
            kernel::http::ReqCtx($ctx): kernel::http::ReqCtx,
            kernel::http::Path(id): kernel::http::Path<String>,
            kernel::http::Json($input): kernel::http::Json<$body>,
        ) -> kernel::HttpResult<kernel::http::Json<$crate::http::view::CaseView>> {
            let $id: contract::cases::CaseId = id.into();
            let case = $run?;
            Ok(kernel::http::Json($cases.view(&$ctx, &$by, case).await?))
        }
    };
}
pub(super) use operation;

use serde::Deserialize;
use utoipa::ToSchema;

/// A decision on what was asked for.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DecisionRequest {
    /// The version that was read.
    pub(super) version: i64,
    /// Whether it is granted.
    #[serde(default)]
    pub(super) approve: bool,
    /// Why; required when it is refused.
    #[serde(default)]
    pub(super) opinion: String,
}

impl DecisionRequest {
    pub(super) fn decision(&self) -> crate::case::application::Decision {
        crate::case::application::Decision { approve: self.approve, opinion: self.opinion.clone() }
    }
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReasonRequest {
    /// The version that was read.
    pub(super) version: i64,
    /// Why.
    #[serde(default)]
    pub(super) reason: String,
}

/// A text.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TextRequest {
    /// The version that was read.
    pub(super) version: i64,
    /// What is said.
    #[serde(default)]
    pub(super) text: String,
}
