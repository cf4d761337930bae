//! Flows executed and refused.

mod constructs;
mod hostile;
mod machine;
mod office;
mod property;
mod reference;
mod refusal;
mod standard;
mod story;
mod versions;
