//! All SQL of the slice.

pub mod citizen;
pub mod delivery;
pub mod digest;
pub mod notice;
pub mod rule;
