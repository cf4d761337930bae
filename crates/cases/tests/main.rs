//! Orders through their addresses, on both databases.

mod citizens;
mod closure;
mod creation;
mod deadlines;
mod lists;
mod permissions;
mod recordings;
mod seeding;
mod steps;
mod story;
mod support;
