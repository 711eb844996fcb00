//! Files, directories and streams to objects.

pub mod comments;
pub mod read;
pub mod resolve;
pub mod source;
pub mod typing;
pub mod walk;
pub mod yaml;
