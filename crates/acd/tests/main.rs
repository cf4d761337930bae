//! The floor as its owner sees it.

mod floor;
mod random;
