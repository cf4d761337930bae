//! What tests of slices stand on: both databases, a clock that stands still, the edge without a network,
//! people made to measure. It knows no slice.
//!
//! ```no_run
//! # async fn example() {
//! testkit::on_both(|site| async move {
//!     site.migrate("cases", &[/* cases::MIGRATIONS */]).await;
//!     let mut tx = site.kit.db.begin().await.unwrap();
//!     tx.commit().await.unwrap();
//! })
//! .await;
//! # }
//! ```
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "runs in tests only, where a panic is the report"
)]

mod http;
mod people;
mod site;

pub use http::{Answer, Client, TestServer};
pub use kernel::MockClock;
pub use people::PersonBuilder;
pub use site::{START, Site, on_both, on_postgres, on_sqlite};
