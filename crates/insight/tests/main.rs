//! Facts and reports: rebuilt with the same result, compacted, repaired, asked within a scope.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod cockpit;
mod evaluation;
mod forecast;
mod lake;
mod mailings;
mod permissions;
mod places;
mod problems;
mod reports;
mod special;
mod support;
mod warnings;
