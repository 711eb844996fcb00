//! As much of an API server as certificates need: a Secret and two webhook configurations, each with a version.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::server::lifecycle::{Drain, Life};
use beamgate::webhook::server::{Limits, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const NAMESPACE: &str = "beamgate";
pub(crate) const SECRET: &str = "beamgate-certificates";
pub(crate) const SERVICE: &str = "beamgate";
pub(crate) const CONFIGURATION: &str = "beamgate";
const KINDS: [&str; 2] = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"];

/// The API server.
#[derive(Clone)]
pub(crate) struct Api {
    uri: String,
    state: Arc<Mutex<Cluster>>,
}

struct Cluster {
    version: u64,
    secret: Option<Value>,
    configurations: [Value; 2],
    forbids: bool,
    /// The authorities that have signed.
    authorities: BTreeSet<String>,
    /// How often a certificate was written that some webhook did not trust, once they had trusted one.
    distrusted: usize,
}

impl Api {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let cluster = Cluster {
            version: 1,
            secret: None,
            configurations: KINDS.map(configuration),
            forbids: false,
            authorities: BTreeSet::new(),
            distrusted: 0,
        };
        let api = Self { uri, state: Arc::new(Mutex::new(cluster)) };
        let secrets = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
        let webhooks = "/apis/admissionregistration.k8s.io/v1/{kind}";
        let router = Router::new()
            .route(&secrets, axum::routing::post(create))
            .route(&format!("{secrets}/{SECRET}"), get(read).patch(patch))
            .route(&format!("{webhooks}/{CONFIGURATION}"), get(read_configuration).patch(patch_configuration))
            // Watches are not had here; the reading must do.
            .fallback(async || status(404, "NotFound"))
            .with_state(api.clone());
        let life = Life::new(Drain { delay: Duration::ZERO, timeout: Duration::ZERO });
        let server =
            Server { router, tls: None, limits: Limits::default(), life, metrics: Arc::new(Metrics::default()) };
        tokio::spawn(server.serve(listener));
        api
    }

    /// A client of it.
    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::try_from(kube::Config::new(self.uri.parse().unwrap())).unwrap()
    }

    /// How many authorities have signed so far.
    pub(crate) fn authorities(&self) -> usize {
        self.lock().authorities.len()
    }

    /// How often a certificate came that was not trusted by all.
    pub(crate) fn distrusted(&self) -> usize {
        self.lock().distrusted
    }

    /// What the webhooks trust.
    pub(crate) fn bundles(&self) -> Vec<Option<String>> {
        let cluster = self.lock();
        cluster.configurations.iter().map(|configuration| bundle(configuration, 0)).collect()
    }

    /// What a webhook of somebody else trusts.
    pub(crate) fn foreign_bundle(&self) -> Option<String> {
        bundle(&self.lock().configurations[0], 1)
    }

    /// What `helm upgrade` does.
    pub(crate) fn reset_bundles(&self) {
        let mut cluster = self.lock();
        cluster.version += 1;
        cluster.configurations = KINDS.map(configuration);
        let version = cluster.version.to_string();
        for configuration in &mut cluster.configurations {
            configuration["metadata"]["resourceVersion"] = json!(version);
        }
    }

    /// Resets the bundles, with an annotation on these configurations.
    pub(crate) fn annotate(&self, which: &[usize], key: &str, value: &str) {
        self.reset_bundles();
        for at in which {
            self.lock().configurations[*at]["metadata"]["annotations"] = json!({key: value});
        }
    }

    /// Writes a bundle, as somebody else would.
    pub(crate) fn put_bundle(&self, at: usize, bundle: &str) {
        let mut cluster = self.lock();
        cluster.version += 1;
        let version = cluster.version.to_string();
        let configuration = &mut cluster.configurations[at];
        configuration["metadata"]["resourceVersion"] = json!(version);
        configuration["webhooks"][0]["clientConfig"]["caBundle"] = json!(BASE64.encode(bundle));
    }

    /// Writes the Secret, as somebody else would.
    pub(crate) fn put_secret(&self, data: &[(&str, &str)]) {
        let mut cluster = self.lock();
        cluster.version += 1;
        let data: serde_json::Map<_, _> =
            data.iter().map(|(key, value)| ((*key).to_owned(), json!(BASE64.encode(value)))).collect();
        let metadata = json!({"name": SECRET, "namespace": NAMESPACE, "resourceVersion": cluster.version.to_string()});
        cluster.secret = Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}));
    }

    /// A part of the Secret.
    pub(crate) fn secret(&self, key: &str) -> Option<String> {
        text(self.lock().secret.as_ref()?, key)
    }

    /// Whether nothing is allowed.
    pub(crate) fn forbid(&self, forbids: bool) {
        self.lock().forbids = forbids;
    }

    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.state.lock().unwrap()
    }
}

fn configuration(kind: &str) -> Value {
    let webhook = |name: &str, service: &str| {
        json!({"name": name, "clientConfig": {"service": {"name": service, "namespace": NAMESPACE}},
               "sideEffects": "None", "admissionReviewVersions": ["v1"]})
    };
    let kind =
        if kind.starts_with("mutating") { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" };
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
           "metadata": {"name": CONFIGURATION, "resourceVersion": "1"},
           "webhooks": [webhook("ours.beamgate.dev", SERVICE), webhook("theirs.example.com", "another")]})
}

fn bundle(configuration: &Value, at: usize) -> Option<String> {
    let encoded = configuration["webhooks"][at]["clientConfig"]["caBundle"].as_str()?;
    Some(String::from_utf8(BASE64.decode(encoded).unwrap()).unwrap())
}

fn text(secret: &Value, key: &str) -> Option<String> {
    Some(String::from_utf8(BASE64.decode(secret["data"][key].as_str()?).unwrap()).unwrap())
}

impl Cluster {
    /// Looks at what was written.
    fn written(&mut self, first: bool) {
        let Some(authority) = self.secret.as_ref().and_then(|secret| text(secret, "ca.crt")) else { return };
        let trusted = |configuration| bundle(configuration, 0).is_some_and(|bundle| bundle.contains(&authority));
        if !first && !self.configurations.iter().all(trusted) {
            self.distrusted += 1;
        }
        self.authorities.insert(authority);
    }

    fn next(&mut self, object: &mut Value) {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
    }
}

async fn read(State(api): State<Api>) -> Response<Body> {
    let cluster = api.lock();
    match &cluster.secret {
        _ if cluster.forbids => status(403, "Forbidden"),
        Some(secret) => answer(200, secret),
        None => status(404, "NotFound"),
    }
}

async fn create(State(api): State<Api>, body: String) -> Response<Body> {
    let mut cluster = api.lock();
    if cluster.forbids {
        return status(403, "Forbidden");
    }
    if cluster.secret.is_some() {
        return status(409, "AlreadyExists");
    }
    let mut secret: Value = serde_json::from_str(&body).unwrap();
    cluster.next(&mut secret);
    cluster.secret = Some(secret.clone());
    cluster.written(true);
    answer(201, &secret)
}

async fn patch(State(api): State<Api>, body: String) -> Response<Body> {
    let mut cluster = api.lock();
    let patch: Value = serde_json::from_str(&body).unwrap();
    let Some(mut secret) = cluster.secret.clone() else { return status(404, "NotFound") };
    if patch["metadata"]["resourceVersion"] != secret["metadata"]["resourceVersion"] {
        return status(409, "Conflict");
    }
    let first = secret["data"].as_object().is_none_or(serde_json::Map::is_empty);
    json_patch::merge(&mut secret, &patch);
    cluster.next(&mut secret);
    cluster.secret = Some(secret.clone());
    cluster.written(first);
    answer(200, &secret)
}

async fn read_configuration(State(api): State<Api>, Path(kind): Path<String>) -> Response<Body> {
    let cluster = api.lock();
    if cluster.forbids {
        return status(403, "Forbidden");
    }
    let at = KINDS.iter().position(|known| *known == kind).unwrap();
    answer(200, &cluster.configurations[at])
}

/// A strategic merge patch of a list whose items are known by their names.
async fn patch_configuration(State(api): State<Api>, Path(kind): Path<String>, body: String) -> Response<Body> {
    let mut cluster = api.lock();
    let at = KINDS.iter().position(|known| *known == kind).unwrap();
    let patch: Value = serde_json::from_str(&body).unwrap();
    let mut configuration = cluster.configurations[at].clone();
    if patch["metadata"]["resourceVersion"] != configuration["metadata"]["resourceVersion"] {
        return status(409, "Conflict");
    }
    for change in patch["webhooks"].as_array().unwrap() {
        let mut webhooks = configuration["webhooks"].as_array_mut().unwrap().iter_mut();
        json_patch::merge(webhooks.find(|webhook| webhook["name"] == change["name"]).unwrap(), change);
    }
    cluster.next(&mut configuration);
    cluster.configurations[at] = configuration.clone();
    // Only its metadata were asked for.
    configuration.as_object_mut().unwrap().remove("webhooks");
    configuration["apiVersion"] = json!("meta.k8s.io/v1");
    configuration["kind"] = json!("PartialObjectMetadata");
    answer(200, &configuration)
}

fn answer(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn status(code: u16, reason: &str) -> Response<Body> {
    answer(
        code,
        &json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code}),
    )
}
