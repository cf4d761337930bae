//! The slice's addresses.

mod course;
mod entries;
mod files;
mod history;
mod imports;
mod lists;
mod matter;
mod portal;
mod reports;
mod searching;
mod settings;
mod usage;
mod view;

use utoipa_axum::router::OpenApiRouter;

use crate::Knowledge;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(knowledge: Knowledge) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(searching::routes())
        .merge(lists::routes())
        .merge(entries::routes())
        .merge(course::routes())
        .merge(history::routes())
        .merge(usage::routes())
        .merge(reports::routes())
        .merge(settings::routes())
        .merge(files::routes())
        .merge(imports::routes())
        .merge(matter::routes())
        .merge(portal::routes())
        .with_state(knowledge)
}
