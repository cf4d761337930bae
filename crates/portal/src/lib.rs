//! The HTTP edge for citizens without an account: it limits how often one asks, bounds what is sent, and
//! passes on to `cases` and `voice`. It owns no tables.

mod calls;
mod cases;
mod help;
mod info;
mod order_types;
pub mod proof;
mod published;
mod registration;
mod uploads;

use std::sync::{Arc, RwLock};

use axum::http::StatusCode;
use contract::cases::{CitizenDesk, HelperDesk, UploadDesk};
use contract::identity::RegistrationDesk;
use contract::voice::CallTokens;
use kernel::config::ConfigError;
use kernel::http::{RateLimit, RateLimiter};
use kernel::{BoxError, Ctx, Kit, Problem, Slice};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

pub use info::{DemoAccount, District};

/// Uploads that are read at once; each holds a whole file.
const UPLOADS_AT_ONCE: usize = 6;

/// The section `[portal]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct PortalConfig {
    /// The city's name.
    pub city: String,
    /// The number to dial.
    pub hotline: String,
    /// How many orders one address may send in a minute, in the long run.
    pub submissions_per_minute: u32,
    /// How many look-ups and ratings one address may ask for in a minute, in the long run.
    pub requests_per_minute: u32,
    /// How many calls one address may start in a minute, in the long run.
    pub calls_per_minute: u32,
    /// How much a page has to compute before it may send an order or files, in zero bits of a digest; each bit
    /// doubles it, 0 demands nothing.
    pub proof_bits: u32,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            city: "云州市".to_owned(),
            hotline: "12345".to_owned(),
            submissions_per_minute: 10,
            requests_per_minute: 60,
            calls_per_minute: 6,
            proof_bits: 15,
        }
    }
}

/// The demonstration city's accounts, and the districts of the form.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Districts to choose from.
    pub districts: Vec<District>,
    /// The password of all accounts below.
    pub password: Option<String>,
    /// Accounts of the demonstration city; shown only when the configuration says `demo`.
    pub accounts: Vec<DemoAccount>,
}

/// The portal. Clones share it.
#[derive(Clone)]
pub struct Portal(Arc<Inner>);

struct Inner {
    kit: Kit,
    desk: Arc<dyn CitizenDesk>,
    helpers: Arc<dyn HelperDesk>,
    uploads: Arc<dyn UploadDesk>,
    calls: Arc<dyn CallTokens>,
    registrations: Arc<dyn RegistrationDesk>,
    config: PortalConfig,
    proofs: proof::Proofs,
    /// So many uploads are held in memory at once.
    upload_turns: tokio::sync::Semaphore,
    shown: RwLock<Shown>,
    submissions: RateLimiter,
    requests: RateLimiter,
    /// Pictures of a page; a gallery asks for many at once.
    views: RateLimiter,
    /// By order number instead of address.
    attempts: RateLimiter,
    call_starts: RateLimiter,
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Portal {
    /// Makes the portal.
    ///
    /// # Errors
    /// When the section `[portal]` of the configuration has another shape.
    pub fn new(
        kit: Kit,
        desk: Arc<dyn CitizenDesk>,
        helpers: Arc<dyn HelperDesk>,
        uploads: Arc<dyn UploadDesk>,
        calls: Arc<dyn CallTokens>,
        registrations: Arc<dyn RegistrationDesk>,
    ) -> Result<Self, ConfigError> {
        let config: PortalConfig = kit.config.section("portal")?;
        let limiter = |per_minute: u32, burst: u32| {
            RateLimiter::new(RateLimit { burst: burst.max(1), per_minute: per_minute.max(1) })
        };
        Ok(Self(Arc::new(Inner {
            submissions: limiter(config.submissions_per_minute, config.submissions_per_minute),
            requests: limiter(config.requests_per_minute, config.requests_per_minute / 2),
            // Whoever guesses the code of one order, from however many addresses, needs months at this rate.
            attempts: limiter(4, 20),
            call_starts: limiter(config.calls_per_minute, config.calls_per_minute),
            views: limiter(config.requests_per_minute * 4, config.requests_per_minute * 2),
            proofs: proof::Proofs::new(config.proof_bits),
            upload_turns: tokio::sync::Semaphore::new(UPLOADS_AT_ONCE),
            uploads,
            kit,
            desk,
            helpers,
            calls,
            registrations,
            config,
            shown: RwLock::default(),
        })))
    }

    /// Says what the pages show beside what `cases` answers.
    pub fn show(&self, shown: Shown) {
        *self.0.shown.write().expect("no holder of this lock can panic") = shown;
    }

    /// Returns the slice for the composition.
    #[must_use]
    pub fn slice(&self) -> Slice {
        Slice {
            name: "portal",
            migrations: &[],
            router: OpenApiRouter::new()
                .merge(info::routes())
                .merge(order_types::routes())
                .merge(cases::routes())
                .merge(calls::routes())
                .merge(help::routes())
                .merge(uploads::routes())
                .merge(published::routes())
                .merge(registration::routes())
                .with_state(self.clone()),
            jobs: Vec::new(),
            capabilities: &[],
        }
    }
}

/// Returns whose patience a request uses up: the address that it came from.
fn source(ctx: &Ctx) -> &str {
    ctx.ip.as_deref().unwrap_or_default()
}

/// Logs a neighbour's failure; the citizen is told that it is ours.
fn failed(error: BoxError) -> Problem {
    Problem::from_internal(error.as_ref())
}

/// What a citizen is told about a number or a code that is wrong; it does not say which.
fn no_such_case() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "portal.no_such_case")
        .detail_zh("工单编号或查询码不正确，请核对后重试。")
        .detail_en("The order number or the query code is wrong; please check both.")
}

/// What is told about a link that nobody made.
fn no_such_link() -> Problem {
    Problem::not_found()
}
