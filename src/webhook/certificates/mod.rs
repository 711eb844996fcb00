//! Certificates of our own making.
//!
//! The authority and the certificate are kept in a Secret of ours, the only one that is ever read. Any number of replicas looks
//! after it, and none leads: each writes only what follows from the version that it has read, and whoever is late reads again.
//!
//! - [`issue`]: an authority, and what it signs;
//! - [`plan`]: what to do next, as a pure function;
//! - [`stored`]: what the Secret holds;
//! - [`place`]: the Secret and the webhook configurations in the cluster;
//! - [`keep`]: the loop that brings them together.

pub mod issue;
pub mod keep;
pub mod place;
pub mod plan;
pub mod stored;
