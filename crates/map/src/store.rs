//! SQL.

pub mod area;
pub mod feed;
pub mod source;
