//! A handler that reads nothing but the uid, on the same server.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::server::lifecycle::{Drain, Life};
use beamgate::webhook::server::{Limits, Server};
use beamgate::webhook::tls::{Oldest, Pair, Served, Tls};
use serde::Deserialize;
use tokio::net::TcpListener;

/// Beside the certificates: the patch that it answers with, if it has to answer with one.
pub(crate) const PATCH: &str = "patch";

#[derive(Deserialize)]
struct Review<'r> {
    #[serde(borrow)]
    request: Uid<'r>,
}

#[derive(Deserialize)]
struct Uid<'r> {
    uid: &'r str,
}

/// Serves until it is killed.
pub(crate) fn serve(folder: &str, port: &str, patches: bool) -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let metrics = Arc::new(Metrics::default());
        let served = Served::nothing_yet(Arc::clone(&metrics));
        let read = |name| std::fs::read(Path::new(folder).join(name));
        served.serve(&Pair::from_pem(&read("tls.crt")?, &read("tls.key")?).map_err(io::Error::other)?);
        let patch = match patches {
            true => format!(r#","patchType":"JSONPatch","patch":"{}""#, String::from_utf8_lossy(&read(PATCH)?)),
            false => String::new(),
        };
        let patch: &'static str = patch.leak();
        let answer = async move |body: Bytes| {
            let review: Review<'_> = serde_json::from_slice(&body).expect("a review");
            let uid = review.request.uid;
            let answer = format!(
                r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{uid}","allowed":true{patch}}}}}"#
            );
            ([(CONTENT_TYPE, "application/json")], answer)
        };
        let server = Server {
            router: Router::new()
                .route("/mutate", post(answer))
                .route("/validate", post(answer))
                .route("/readyz", get(async || "ready")),
            tls: Some(Tls::new(served, Oldest::Tls13, None).map_err(io::Error::other)?),
            limits: Limits::default(),
            life: Life::new(Drain { delay: Duration::ZERO, timeout: Duration::ZERO }),
            metrics,
        };
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
        server.serve(listener).await;
        Ok(())
    })
}
