//! SQL of the slice.

pub mod calls;
pub mod figures;
pub mod missed;
pub mod record;
pub mod recordings;
