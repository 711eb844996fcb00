//! The plain port: `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};

use super::lifecycle::{Life, Phase};
use super::routes::{page, words};
use crate::webhook::metrics::Metrics;

/// What is missing before questions may come: a word, or nothing.
pub type Missing = dyn Fn() -> Option<&'static str> + Send + Sync;

/// What the plain port speaks of.
#[derive(Clone)]
pub struct Health {
    /// Whether the end was asked for.
    pub life: Life,
    /// What is missing: a certificate, the first look at the cluster.
    pub missing: Arc<Missing>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("life", &self.life).finish_non_exhaustive()
    }
}

impl Health {
    /// Its paths.
    pub fn router(self) -> Router {
        Router::new()
            .route("/livez", page(async || words(StatusCode::OK, &"alive")))
            .route("/readyz", page(async |State(health): State<Self>| health.ready()))
            .route("/metrics", page(async |State(health): State<Self>| health.counted()))
            .fallback(async || words(StatusCode::NOT_FOUND, &"there are /livez, /readyz and /metrics"))
            .with_state(self)
    }

    fn ready(&self) -> Response<Body> {
        if self.life.phase() > Phase::Serving {
            return words(StatusCode::SERVICE_UNAVAILABLE, &"not ready: the end was asked for");
        }
        match (self.missing)() {
            Some(missing) => words(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {missing}")),
            None => words(StatusCode::OK, &"ready"),
        }
    }

    fn counted(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.metrics.text()));
        let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(text));
        response
    }
}
