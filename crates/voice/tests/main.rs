//! Integration tests of the voice slice, in one binary.

mod calls;
mod desk;
mod hostile;
mod media_plane;
mod store;
mod support;
