//! The webhook's server, over real TLS: who is answered what, who is kept waiting, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // these are tests

mod bodies;
mod certificates;
mod client;
mod clients;
mod drain;
mod impatience;
mod pages;
mod process;
mod running;
mod trouble;
