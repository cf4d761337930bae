//! The vocabulary that slices share: ids, events, and the few read ports by which one slice asks another.
//! No SQL, no HTTP.

pub mod bot;
pub mod cases;
pub mod contacts;
pub mod identity;
pub mod insight;
pub mod knowledge;
pub mod map;
pub mod messages;
pub mod voice;
