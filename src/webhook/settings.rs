//! What does not change while the webhook runs.

use crate::policy::config::Policy;
use crate::world::facts::{Facts, Kinds, Source, UnknownKinds};

/// The configuration, as the webhook uses it.
#[derive(Debug)]
pub struct Settings {
    /// `beamgate.toml`.
    pub policy: Policy,
    /// What is known of the cluster beyond its objects. The webhook injects, and nothing of a request is ever complete.
    pub facts: Facts,
}

impl Settings {
    /// Makes a configuration that of a webhook.
    ///
    /// # Errors
    /// A word of `complete` that names no kinds.
    pub fn new(policy: Policy) -> Result<Self, UnknownKinds> {
        let facts = Facts {
            injection: true,
            complete: Kinds::default(),
            namespace: None,
            source: Source::Cluster,
            ..policy.facts()?
        };
        Ok(Self { policy, facts })
    }
}
