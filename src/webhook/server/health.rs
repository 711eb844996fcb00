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

/// What the plain port asks of the rest.
pub trait Status: Send + Sync {
    /// What is missing before questions may come.
    fn missing(&self) -> Option<&'static str>;

    /// Brings up to date what is not counted as it happens.
    fn refresh(&self, metrics: &Metrics);
}

/// What the plain port speaks of.
#[derive(Clone)]
pub struct Health {
    /// Whether the end was asked for.
    pub life: Life,
    /// Whether there is a certificate, and what is known of the cluster.
    pub status: Arc<dyn Status>,
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
        match self.status.missing() {
            Some(missing) => words(StatusCode::SERVICE_UNAVAILABLE, &format!("not ready: {missing}")),
            None => words(StatusCode::OK, &"ready"),
        }
    }

    fn counted(&self) -> Response<Body> {
        self.status.refresh(&self.metrics);
        let mut response = Response::new(Body::from(self.metrics.text()));
        let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(text));
        response
    }
}
