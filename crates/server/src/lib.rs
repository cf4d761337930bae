//! The composition: the only crate that knows all slices. Routes, subscriptions, pages, command line.

mod assets;
pub mod assist_command;
mod banner;
pub mod cli;
pub mod compose;
mod demo;
mod document;
mod edge;
mod flow_bench;
pub mod flow_command;
mod jobs;
pub mod knowledge_command;
mod listen;
pub mod map_command;
mod ports;
pub mod run;
mod simulate;
mod stop;
mod subscriptions;

pub use compose::City;
pub use stop::Stop;
