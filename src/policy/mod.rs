//! What the users decide: `beamgate.toml`, severities, and silence with a reason.

pub mod config;
pub mod silence;
