//! Certificates of our own making.
//!
//! - [`issue`]: an authority, and what it signs.

pub mod issue;
