//! SQL of the slice.

pub mod design;
