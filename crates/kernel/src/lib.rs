//! The mechanism of the house: database, transaction with outbox and audit row, event delivery, time,
//! ids, errors, paging, live pushes, jobs, blobs, configuration. It knows nothing of the domain.

pub mod audit;
pub mod blobs;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod ctx;
pub mod db;
pub mod event;
pub mod http;
pub mod hub;
pub mod i18n;
pub mod id;
pub mod jobs;
pub mod kit;
pub mod page;
pub mod parameters;
pub mod principal;
pub mod problem;
pub mod sheet;
pub mod slice;

pub use audit::Audit;
pub use clock::{Clock, MockClock, SystemClock, Timestamp};
pub use config::Config;
pub use ctx::{Actor, ActorKind, Ctx};
pub use db::{Db, DbError, Dialect, Tx, Writes};
pub use event::{Audience, BoxError, Envelope, Event, Subscription};
pub use hub::Hub;
pub use i18n::Lang;
pub use jobs::Job;
pub use kit::Kit;
pub use page::{Cursor, Page};
pub use principal::{Principal, Scope};
pub use problem::{HttpResult, Problem, ToProblem};
pub use slice::{Capability, Migration, Slice};
