//! Orders through their addresses, on both databases.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod attachments;
mod bulk;
mod catalogue;
mod citizen_acts;
mod citizens;
mod closure;
mod co_handling;
mod course;
mod creation;
mod deadlines;
mod documents;
mod ending;
mod extension;
mod flows;
mod forms;
mod limit_rules;
mod lists;
mod objection;
mod old_orders;
mod permissions;
mod position;
mod publications;
mod recordings;
mod redo;
mod rerouting;
mod search;
mod seeding;
mod steps;
mod story;
mod succession;
mod supervision;
mod support;
