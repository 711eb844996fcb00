//! beamgate keeps Erlang and Elixir clusters on Kubernetes from silently not forming.
//!
//! The rooms of the house, from the bottom up. Each uses only those above it in this list.
//!
//! - [`place`]: where something was written, said symbolically;
//! - [`world`]: Kubernetes objects, read leniently and indexed;
//! - [`name`]: name templates, environments as the kubelet evaluates them, launchers;
//!
//! The shell around them:
//!
//! - [`manifest`]: files, directories and streams to objects.

pub mod manifest;
pub mod name;
pub mod place;
pub mod world;
