//! SQL of the slice.

pub mod design;
pub mod evaluation;
pub mod wall;
