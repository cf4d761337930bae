//! Orders through their addresses, on both databases.

mod closure;
mod creation;
mod deadlines;
mod lists;
mod permissions;
mod recordings;
mod steps;
mod story;
mod support;
