//! Identity on both databases and over HTTP.

mod audit;
mod directory;
mod login;
mod people;
mod permissions;
mod registrations;
mod role_news;
mod settings;
mod site;
mod units;
