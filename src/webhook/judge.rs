//! Who answers: what is decided, and what is known.

use std::sync::Arc;
use std::time::Instant;

use super::mutate::mutate;
use super::review::{Answer, Request};
use super::server::Answers;
use super::settings::Settings;
use super::validate::validate;
use crate::cluster::known::Known;
use crate::cluster::live::Live;

/// Answers as the settings say, by what is known of the cluster.
#[derive(Debug)]
pub(super) struct Judge<L> {
    pub(super) settings: Arc<Settings>,
    pub(super) known: Arc<Known>,
    /// How single objects are read anew.
    pub(super) live: L,
}

impl<L: Live + 'static> Answers for Judge<L> {
    fn mutate(&self, request: &Request<'_>) -> Answer {
        mutate(request, &self.settings)
    }

    async fn validate(&self, request: &Request<'_>, until: Instant) -> Answer {
        validate(request, &self.settings, &self.known, &self.live, until).await
    }
}
