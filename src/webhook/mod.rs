//! The admission webhook: what the API server asks before it takes an object.
//!
//! - [`review`]: the question and the answer, as they are sent;
//! - [`settings`]: what does not change while it runs;
//! - [`mutate`]: injects what a pod's name needs;
//! - [`validate`]: denies a contradiction, and warns of what is not certain;
//! - [`run`]: the whole as a process;
//! - [`server`]: the ports, and how they close;
//! - [`tls`]: the certificate that is served;
//! - [`certificates`]: certificates of our own making;
//! - [`metrics`] and [`log`]: what is counted, and what is told.

pub mod certificates;
mod judge;
pub mod log;
pub mod metrics;
pub mod mutate;
mod record;
pub mod review;
pub mod run;
pub mod server;
pub mod settings;
pub mod tls;
pub mod validate;
