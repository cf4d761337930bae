//! The map over HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod areas;
mod base;
mod feeds;
mod orders;
mod permissions;
mod support;
