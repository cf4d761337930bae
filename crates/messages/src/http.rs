//! The slice's addresses.

mod citizen_texts;
mod notices;
mod rules;

use utoipa_axum::router::OpenApiRouter;

use crate::Messages;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(messages: Messages) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(notices::routes())
        .merge(citizen_texts::routes())
        .merge(rules::routes())
        .with_state(messages)
}
