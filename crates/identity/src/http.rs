//! The edge of this slice.

pub(crate) mod audit;
mod dictionary;
mod parameters;
mod people;
mod registrations;
mod roles;
mod seats;
mod session;
mod sessions;
mod units;

use kernel::{Principal, Scope};
use utoipa_axum::router::OpenApiRouter;

use crate::Identity;
use crate::unit::is_under;

pub(crate) fn router(identity: Identity) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(sessions::routes())
        .merge(units::routes())
        .merge(people::routes())
        .merge(registrations::routes())
        .merge(roles::routes())
        .merge(seats::routes())
        .merge(dictionary::routes())
        .merge(parameters::routes())
        .merge(audit::routes())
        .with_state(identity)
}

/// Tells whether a unit lies within the reader's scope.
fn covers(principal: &Principal, scope: Scope, unit_id: &str, unit_path: &str) -> bool {
    match scope {
        Scope::All => true,
        Scope::Subtree => is_under(unit_path, &principal.unit_path),
        Scope::Unit | Scope::Own => principal.unit_id == unit_id,
    }
}
