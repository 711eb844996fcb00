//! Kubernetes objects, read leniently from [`Node`]s and indexed once.

pub mod node;
