//! The edge: who asks, in which language, with which body; what is refused before a handler runs.

mod auth;
mod body;
mod file;
mod guard;
mod idempotency;
mod pace;
mod rate;
pub(crate) mod recent_keys;
mod sse;
mod workbook;

pub use auth::{Auth, Authenticator, Gate, MaybeAuth, ReqCtx, SESSION_COOKIE, session_cookie};
/// What a handler answers with.
pub use axum::response::Response;
pub use body::{BODY_BYTES_MAX, Json, Path, Query};
pub use file::{Served, THUMB_BYTES_MAX, Upload, disposition, read_upload, serve_file};
pub use guard::{PeerAddress, TraceId, dress, guard_origin, is_own_origin};
pub use idempotency::{Idem, Idempotent, StoredAnswer, forget_old_answers};
pub use pace::pace;
pub use rate::{RateLimit, RateLimiter, source_of};
pub use sse::events_router;
pub use workbook::{Cell, EXPORT_ROWS_MAX, download_workbook, local_time, write_workbook};
