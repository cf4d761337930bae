//! What every slice is given.

use std::sync::Arc;

use crate::audit::Algorithm;
use crate::blobs::Blobs;
use crate::http::Gate;
use crate::http::recent_keys::RecentKeys;
use crate::jobs::Observed;
use crate::parameters::Parameters;
use crate::{Clock, Config, Db, Hub, Timestamp};

/// The mechanism in one handle. Clones share it.
#[derive(Clone)]
pub struct Kit {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Live pushes.
    pub hub: Hub,
    /// Files.
    pub blobs: Blobs,
    /// Settings that a restart changes.
    pub config: Arc<Config>,
    /// Settings that change at once.
    pub parameters: Parameters,
    /// Who is signed in.
    pub gate: Gate,
    /// Keys of repeatable creations that came lately.
    pub(crate) recent_keys: Arc<RecentKeys>,
    /// What is known of other processes' leases.
    pub(crate) leases: Arc<Observed>,
}

impl std::fmt::Debug for Kit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kit").field("db", &self.db).finish_non_exhaustive()
    }
}

impl Kit {
    /// Puts the mechanism together.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, config: Config) -> Self {
        db.set_digest(Algorithm::parse(&config.audit_digest).unwrap_or_default());
        Self {
            db,
            clock,
            hub: Hub::default(),
            blobs: Blobs::new(config.data_dir.join("blobs")),
            parameters: Parameters::default(),
            gate: Gate::default(),
            recent_keys: Arc::default(),
            leases: Arc::default(),
            config: Arc::new(config),
        }
    }

    /// Returns the present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
