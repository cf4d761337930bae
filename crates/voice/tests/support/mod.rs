//! A call centre on ports of its own, a carrier's trunk, an agent's page, and a telephone on a desk.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

pub mod agent;
pub mod carrier;
pub mod desk_phone;
pub mod ground;
pub mod outside;
pub mod stage;
pub mod text;
pub mod trunk;
