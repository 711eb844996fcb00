//! What the users decide: `beamgate.toml`, severities, silence with a reason, what is known, and what of it denies a request.

pub mod admission;
pub mod app;
pub mod baseline;
pub mod config;
pub mod decide;
pub mod export;
pub mod project;
pub mod silence;
