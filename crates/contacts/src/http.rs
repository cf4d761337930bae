//! The routes.

mod contact;
mod disclosure;
mod history;
mod phone;

use utoipa_axum::router::OpenApiRouter;

use crate::Contacts;

pub(crate) fn router(contacts: Contacts) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(contact::router())
        .merge(phone::router())
        .merge(history::router())
        .merge(disclosure::router())
        .with_state(contacts)
}
