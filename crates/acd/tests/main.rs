//! Tests of the floor.

mod floor;
mod model;
mod queues;
mod random;
mod whatif;
