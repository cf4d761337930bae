//! What a slice hands to the composition.

use utoipa_axum::router::OpenApiRouter;

use crate::{Db, DbError, Job};

/// A numbered, append-only change of a slice's tables.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number, counted from 1 in each slice.
    pub version: i64,
    /// A word that says what it does.
    pub name: &'static str,
    /// Statements, each ended by `;` at the end of a line.
    pub sql: &'static str,
}

/// Something that a role may be granted.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// The name, such as `case.dispatch`.
    pub name: &'static str,
    /// What it is called on Chinese screens.
    pub zh: &'static str,
    /// What it is called on English screens.
    pub en: &'static str,
    /// Whether a data scope narrows it.
    pub scoped: bool,
}

/// A capability of the city with its tables, routes and jobs.
pub struct Slice {
    /// The name, also the prefix of its tables.
    pub name: &'static str,
    /// Its migrations in order.
    pub migrations: &'static [Migration],
    /// Its routes, below `/api/v1`.
    pub router: OpenApiRouter,
    /// What it does by the clock.
    pub jobs: Vec<Job>,
    /// What its routes ask for.
    pub capabilities: &'static [Capability],
}

impl std::fmt::Debug for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slice").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The kernel's own tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "kernel", sql: include_str!("../migrations/0001_kernel.sql") },
    Migration {
        version: 2,
        name: "numbered_events",
        sql: include_str!("../migrations/0002_numbered_events.sql"),
    },
];

/// Brings the kernel's tables up to date.
///
/// # Errors
/// As [`crate::db::migrate`].
pub async fn migrate_kernel(db: &Db) -> Result<usize, DbError> {
    crate::db::migrate(db, "kernel", MIGRATIONS).await
}
