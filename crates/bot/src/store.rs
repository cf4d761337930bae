//! All SQL of the slice.

pub mod chat;
pub mod choice;
pub mod dismissal;
pub mod model;
pub mod setting;
pub mod training;
