//! Which path is what.

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use axum::http::{Request, Response, StatusCode};
use axum::routing::{MethodRouter, get, post};

use super::body::Room;
use super::question::{Answers, Desk};
use crate::webhook::metrics::{Metrics, Webhook};

/// `/mutate` and `/validate`.
pub fn router<A: Answers>(answers: A, metrics: Arc<Metrics>) -> Router {
    let desk = Arc::new(Desk { answers, metrics, room: Room::default() });
    Router::new()
        .route("/mutate", questions(Webhook::Mutate))
        .route("/validate", questions(Webhook::Validate))
        .fallback(async || words(StatusCode::NOT_FOUND, &"there are /mutate and /validate"))
        .with_state(desk)
}

fn questions<A: Answers>(webhook: Webhook) -> MethodRouter<Arc<Desk<A>>> {
    let asked = async move |State(desk): State<Arc<Desk<A>>>, asked: Request<Body>| desk.ask(webhook, asked).await;
    post(asked).fallback(async || only("POST", &"an AdmissionReview is sent with POST"))
}

/// What a client whose certificate has the wrong name is told, whatever it asks.
pub(super) fn refusing(why: String) -> Router {
    let why: Arc<str> = why.into();
    Router::new().fallback(async move || words(StatusCode::FORBIDDEN, &why))
}

/// A path that is read.
pub(super) fn page<S: Clone + Send + Sync + 'static, H, T>(handler: H) -> MethodRouter<S>
where
    H: axum::handler::Handler<T, S>,
    T: 'static,
{
    get(handler).fallback(async || only("GET", &"this is read with GET"))
}

/// A sentence, with a status.
pub(super) fn words(status: StatusCode, words: &dyn Display) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{words}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn only(method: &'static str, said: &dyn Display) -> Response<Body> {
    let mut response = words(StatusCode::METHOD_NOT_ALLOWED, said);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    response
}
