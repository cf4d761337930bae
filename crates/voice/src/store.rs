//! SQL of the slice.

pub mod calls;
pub mod downloads;
pub mod figures;
pub mod missed;
pub mod numbers;
pub mod phone_book;
pub mod phrases;
pub mod queues;
pub mod record;
pub mod recordings;
pub mod summaries;
pub mod visits;
