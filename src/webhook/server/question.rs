//! One question, from its body to its answer.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Request as Asked, Response, StatusCode};
use tokio::time::timeout_at;

use super::body::{self, Room, Unread};
use super::depth::is_too_deep;
use super::unwind::caught;
use super::{deadline, routes};
use crate::webhook::metrics::{Metrics, Outcome, Webhook};
use crate::webhook::record::Record;
use crate::webhook::review::{Answer, Request};

/// Who answers the questions.
pub trait Answers: Send + Sync + 'static {
    /// `/mutate`.
    fn mutate(&self, request: &Request<'_>) -> Answer;

    /// `/validate`, until then.
    fn validate(&self, request: &Request<'_>, until: Instant) -> impl Future<Output = Answer> + Send;
}

/// What all questions share.
pub(super) struct Desk<A> {
    pub(super) answers: A,
    pub(super) metrics: Arc<Metrics>,
    pub(super) room: Room,
}

impl<A: Answers> Desk<A> {
    /// Answers a question.
    pub(super) async fn ask(&self, webhook: Webhook, asked: Asked<Body>) -> Response<Body> {
        let record = Record::begin(&self.metrics, webhook);
        let until = deadline::of(asked.uri().query(), record.began());
        let read = timeout_at(until.into(), body::read(asked.into_body(), &self.room)).await;
        let (status, outcome, why) = match read {
            Ok(Ok(read)) if read.bytes.is_empty() => {
                let why = "the body is empty: an AdmissionReview is expected".to_owned();
                (StatusCode::BAD_REQUEST, Outcome::Refused, why)
            }
            Ok(Ok(read)) if is_too_deep(&read.bytes) => {
                (StatusCode::BAD_REQUEST, Outcome::Refused, "the body is nested too deeply".to_owned())
            }
            Ok(Ok(read)) => match Request::read(&read.bytes) {
                Ok(request) => return self.answer(webhook, &request, until, record).await,
                Err(error) => (StatusCode::BAD_REQUEST, Outcome::Refused, error.to_string()),
            },
            Ok(Err(error @ Unread::TooLarge)) => (StatusCode::PAYLOAD_TOO_LARGE, Outcome::Refused, error.to_string()),
            Ok(Err(error @ Unread::Busy)) => (StatusCode::SERVICE_UNAVAILABLE, Outcome::Shed, error.to_string()),
            Ok(Err(error @ Unread::Broken(_))) => (StatusCode::BAD_REQUEST, Outcome::Refused, error.to_string()),
            Err(_) => (StatusCode::REQUEST_TIMEOUT, Outcome::Late, "the body did not come in time".to_owned()),
        };
        let why = shortened(&why);
        record.unread(outcome, why);
        routes::words(status, &why)
    }

    /// The work of the processor is done where the question was read: for a pod it takes a tenth of a millisecond at most
    /// (`cargo bench --bench webhook`).
    async fn answer(
        &self,
        webhook: Webhook,
        request: &Request<'_>,
        until: Instant,
        record: Record<'_>,
    ) -> Response<Body> {
        let answered = match webhook {
            Webhook::Mutate => Ok(caught(async { self.answers.mutate(request) }).await),
            Webhook::Validate => timeout_at(until.into(), caught(self.answers.validate(request, until))).await,
        };
        match answered {
            Ok(Ok(answer)) => {
                let response = json(request, &answer);
                record.answered(request, Outcome::of(&answer), Some(&answer));
                response
            }
            Ok(Err(_panicked)) => instead(webhook, request, record, Outcome::Panicked, "an error inside beamgate"),
            Err(_) => instead(webhook, request, record, Outcome::Late, "no time was left"),
        }
    }
}

/// The answer where there is none. Nobody is denied for it; for a pod that is to be injected, the `failurePolicy` decides.
fn instead(
    webhook: Webhook,
    request: &Request<'_>,
    record: Record<'_>,
    outcome: Outcome,
    why: &'static str,
) -> Response<Body> {
    record.answered(request, outcome, None);
    match webhook {
        Webhook::Mutate => routes::words(StatusCode::INTERNAL_SERVER_ERROR, &format!("nothing was injected: {why}")),
        Webhook::Validate => {
            let warning = format!("beamgate did not judge this, and lets it pass: {why}");
            json(request, &Answer { warnings: vec![warning], ..Answer::default() })
        }
    }
}

fn json(request: &Request<'_>, answer: &Answer) -> Response<Body> {
    match answer.to_json(&request.uid.0) {
        Ok(json) => {
            let mut response = Response::new(Body::from(json));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => routes::words(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// What a parser says may quote all that it was given.
fn shortened(text: &str) -> &str {
    const ENOUGH: usize = 300;
    text.char_indices().nth(ENOUGH).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
