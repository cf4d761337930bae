//! Integration tests of the voice slice, in one binary.

mod books;
mod callflows;
mod calls;
mod desk;
mod hostile;
mod media_plane;
mod operations;
mod queues;
mod store;
mod support;
mod telephones;
mod trunks;
