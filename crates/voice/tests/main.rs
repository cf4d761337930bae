//! Integration tests of the voice slice, in one binary.

mod agents;
mod books;
mod callflows;
mod calls;
mod campaigns;
mod desk;
mod hostile;
mod media_plane;
mod operations;
mod queues;
mod registrations;
mod store;
mod support;
mod telephones;
mod trunks;
