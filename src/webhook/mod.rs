//! The admission webhook: what the API server asks before it takes an object.
//!
//! - [`review`]: the question and the answer, as they are sent;
//! - [`settings`]: what does not change while it runs;
//! - [`mutate`]: injects what a pod's name needs;
//! - [`validate`]: denies a contradiction, and warns of what is not certain.

pub mod mutate;
pub mod review;
pub mod settings;
pub mod validate;
