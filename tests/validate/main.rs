//! `/validate`, asked without a cluster: what it knows and what it reads are given.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod bounds;
mod cluster;
mod decisions;
mod known;
mod never;
mod profiles;
mod reading;
mod rules;
mod texts;
mod watching;
