//! The exported policies, evaluated beside the rules that they are made of.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

mod cel;
#[allow(dead_code, reason = "not each test needs all of it")]
#[path = "../validate/cluster.rs"]
mod cluster;
mod fixtures;
#[path = "../injecting/mod.rs"]
mod injecting;
mod names;
mod pairs;
mod profiles;
mod random;
mod worlds;
