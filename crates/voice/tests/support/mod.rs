//! A call centre on ports of its own, a carrier's trunk, and an agent's page.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

pub mod agent;
pub mod carrier;
pub mod ground;
pub mod outside;
pub mod stage;
pub mod text;
pub mod trunk;
