//! Flows executed and refused.

mod hostile;
mod machine;
mod office;
mod property;
mod refusal;
mod standard;
mod story;
