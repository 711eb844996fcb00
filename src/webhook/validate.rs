//! `/validate`: denies a contradiction, and warns of what is not certain.

use std::time::Instant;

use super::review::{Answer, Request};
use super::settings::Settings;
use crate::cluster::known::Known;
use crate::cluster::live::Live;

/// Answers a question about a workload, a bare pod or a Service before the API server stops waiting.
pub async fn validate(
    _request: &Request<'_>,
    _settings: &Settings,
    _known: &Known,
    _live: &impl Live,
    _until: Instant,
) -> Answer {
    Answer::default()
}
