//! The slice's addresses.

mod areas;
mod base;
mod feeds;
mod orders;

use utoipa_axum::router::OpenApiRouter;

use crate::Map;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(map: Map) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(base::routes())
        .merge(areas::routes())
        .merge(orders::routes())
        .merge(feeds::routes())
        .with_state(map)
}
