//! The knowledge base over HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod course;
mod files;
mod finding;
mod imports;
mod lists;
mod permissions;
mod reminding;
mod support;
mod usage;
