//! Help while an order is written, what is learnt, the robot and the person behind it, on both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod chats;
mod learning;
mod model;
mod permissions;
mod spoken;
mod suggestions;
mod support;
mod training;
