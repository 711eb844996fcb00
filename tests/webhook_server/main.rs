//! The webhook's server, over real TLS: who is answered what, who is kept waiting, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // these are tests

mod api;
mod bodies;
mod certificates;
mod client;
mod clients;
mod drain;
mod impatience;
mod pages;
mod process;
mod rotation;
mod running;
mod trouble;
