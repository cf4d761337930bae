//! Flows executed and refused.

mod hostile;
mod machine;
mod property;
mod refusal;
mod standard;
mod story;
