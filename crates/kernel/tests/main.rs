//! The mechanism on both databases.

mod delivery;
mod http;
mod transaction;
