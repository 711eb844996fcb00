//! Files, directories and streams to objects.

pub mod source;
pub mod typing;
pub mod yaml;
