//! The mechanism on both databases.
#![expect(clippy::unwrap_used, reason = "a panic is the report of a test")]

mod delivery;
mod http;
mod leases;
mod transaction;
mod writes;
