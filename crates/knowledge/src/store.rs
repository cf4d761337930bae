//! All SQL of the slice.

pub mod class;
pub mod draft;
pub mod entry;
pub mod feed;
pub mod file;
pub mod list;
pub mod publication;
pub mod reading;
pub(crate) mod reminder;
pub mod report;
pub mod review;
pub mod usage;
pub mod word;

/// The largest number of ids that one statement asks for.
pub(crate) const IDS_MAX: usize = 200;
