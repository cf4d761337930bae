//! The slice's addresses.

mod chats;
mod duplicates;
mod models;
mod portal_chats;
mod suggestions;
mod training;

use utoipa_axum::router::OpenApiRouter;

use crate::Bot;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(bot: Bot) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(suggestions::routes())
        .merge(duplicates::routes())
        .merge(models::routes())
        .merge(portal_chats::routes())
        .merge(chats::routes())
        .merge(training::routes())
        .with_state(bot)
}
