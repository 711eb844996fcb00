//! The same through an API server, and how the webhook stands a large cluster.
//!
//! `tests/cluster/enter cargo bench --bench webhook -- --cluster` asks the API server of a test cluster to make pods, as a dry run, in
//! three namespaces: for one it asks the webhook, for the next the handler that does nothing, and for the last one that answers with
//! the webhook's patch without reading the pod: what more the first costs is the API server's work. It leaves many objects behind; the
//! cluster is to be taken away afterwards.

use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::{Client, discovery::ApiResource};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::load::{REVIEW, once};
use crate::process::{Certificates, Knows, Server, Which};
use crate::{CONNECTIONS, ROUND, ROUNDS, median};

/// Those of the webhook, of the handler that does nothing, and of the one that patches.
const NAMESPACES: [&str; 3] = ["bench-ours", "bench-null", "bench-patch"];

/// What a large cluster has. A tenth of the workloads declares a strategy.
const SERVICES: usize = 10_000;
const WORKLOADS: usize = 5_000;
/// How many are made at a time.
const AT_ONCE: usize = 16;

/// Prints the table and the figures.
pub(crate) fn run(certificates: &Certificates) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let client = runtime.block_on(Client::try_default()).map_err(io::Error::other)?;
    {
        let ours = Server::start(Which::Ours(Knows::Nothing), certificates)?;
        let answer: Value = serde_json::from_str(&once(&ours, "/mutate")?).map_err(io::Error::other)?;
        certificates.leave(answer["response"]["patch"].as_str().unwrap_or_default())?;
        let null = Server::start(Which::Null, certificates)?;
        let patching = Server::start(Which::Patching, certificates)?;
        for (namespace, server) in NAMESPACES.into_iter().zip([&ours, &null, &patching]) {
            runtime.block_on(register(&client, namespace, server))?;
        }
        runtime.block_on(compare(&client))?;
    }
    runtime.block_on(fill(&client))?;
    let mut starts = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..ROUNDS {
        let server = Server::start(Which::Ours(Knows::TheCluster), certificates)?;
        starts.push(server.ready.as_secs_f64());
        // What was read for the first lists is given back after a while.
        std::thread::sleep(Duration::from_secs(10));
        resident.push(server.memory()?);
    }
    println!(
        "With {SERVICES} Services and {WORKLOADS} Deployments: ready after {:.2} s, resident {:.1} MiB.",
        median(starts.into_iter()),
        median(resident.into_iter())
    );
    Ok(())
}

/// Has the API server ask a server about the pods of a namespace.
async fn register(client: &Client, namespace: &str, server: &Server) -> io::Result<()> {
    let url = format!("https://localhost:{}/mutate", server.address.port());
    let authority = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &server.authority);
    let configuration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "pods.beamgate.dev",
            "clientConfig": {"url": url, "caBundle": authority},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    make(client, "", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await?;
    make(client, "", configuration).await
}

/// Asks for pods in both namespaces in turn.
async fn compare(client: &Client) -> io::Result<()> {
    // The default account, and the webhooks' configurations, are known a moment later.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut rounds: Vec<[f64; 3]> = Vec::new();
    for _ in 0..=ROUNDS {
        let mut rates = [0.0; 3];
        for (namespace, rate) in NAMESPACES.into_iter().zip(&mut rates) {
            *rate = pods(client, namespace).await?;
        }
        rounds.push(rates);
    }
    // The first opens connections.
    rounds.remove(0);
    println!("| through the API server | pods/s | `/mutate` against it |");
    println!("|---|--:|--:|");
    for (at, name) in ["`/mutate`", "null", "null, with the same patch"].into_iter().enumerate() {
        let rate = median(rounds.iter().map(|rates| rates[at]));
        let ratio = median(rounds.iter().map(|rates| rates[0] / rates[at]));
        println!("| {name} | {rate:.0} | {ratio:.3} |");
    }
    println!();
    Ok(())
}

/// How many pods a second are made, as dry runs.
async fn pods(client: &Client, namespace: &str) -> io::Result<f64> {
    let began = Instant::now();
    let asker = |number: usize| {
        let pod = pod(namespace, number);
        async move {
            let mut made = 0;
            while began.elapsed() < ROUND {
                make_dry(client, namespace, &pod).await?;
                made += 1;
            }
            io::Result::Ok(made)
        }
    };
    let made: Vec<io::Result<usize>> = futures_util::future::join_all((0..CONNECTIONS).map(asker)).await;
    let made: usize = made.into_iter().sum::<io::Result<usize>>()?;
    Ok(made as f64 / began.elapsed().as_secs_f64())
}

/// The pod of the other tables, without what its owner and its node have added.
fn pod(namespace: &str, number: usize) -> Value {
    let mut review: Value = serde_json::from_str(REVIEW).expect("a review");
    let mut pod = review["request"]["object"].take();
    let labels = pod["metadata"]["labels"].take();
    let annotations = pod["metadata"]["annotations"].take();
    pod["metadata"] =
        json!({"name": format!("cart-{number}"), "namespace": namespace, "labels": labels, "annotations": annotations});
    let is_added = |one: &Value| one["name"].as_str().is_some_and(|name| name.starts_with("kube-api-access"));
    let without = |list: &mut Value| {
        if let Some(list) = list.as_array_mut() {
            list.retain(|one| !is_added(one));
        }
    };
    without(&mut pod["spec"]["volumes"]);
    without(&mut pod["spec"]["containers"][0]["volumeMounts"]);
    pod["spec"]
        .as_object_mut()
        .expect("a pod")
        .retain(|key, _| !key.starts_with("serviceAccount") && key != "nodeName");
    pod
}

/// Makes a large cluster of what the webhook watches.
async fn fill(client: &Client) -> io::Result<()> {
    let namespace = "bench-many";
    make(client, "", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await?;
    let services = (0..SERVICES).map(|number| service(namespace, number));
    let workloads = (0..WORKLOADS).map(|number| deployment(namespace, number));
    all(services.chain(workloads).map(|object| make(client, namespace, object))).await
}

async fn all(makes: impl Iterator<Item = impl Future<Output = io::Result<()>>>) -> io::Result<()> {
    let done: Vec<io::Result<()>> = stream::iter(makes).buffer_unordered(AT_ONCE).collect().await;
    done.into_iter().collect()
}

fn service(namespace: &str, number: usize) -> Value {
    let name = format!("app-{number}");
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": name}},
        "spec": {"clusterIP": "None", "selector": {"app.kubernetes.io/name": name}, "ports": [{"name": "epmd", "port": 4369}]},
    })
}

/// Of no replicas: the controllers have enough to do.
fn deployment(namespace: &str, number: usize) -> Value {
    let name = format!("app-{number}");
    let pod = pod(namespace, number);
    let mut labels = json!({"app.kubernetes.io/name": name});
    if number.is_multiple_of(10) {
        labels["beamgate.dev/strategy"] = json!("Kubernetes.DNS");
    }
    let annotations = json!({"beamgate.dev/basename": "cart", "beamgate.dev/service": name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod["spec"]},
        },
    })
}

async fn make(client: &Client, namespace: &str, object: Value) -> io::Result<()> {
    create(client, namespace, &object, false).await
}

async fn make_dry(client: &Client, namespace: &str, object: &Value) -> io::Result<()> {
    create(client, namespace, object, true).await
}

async fn create(client: &Client, namespace: &str, object: &Value, dry_run: bool) -> io::Result<()> {
    let object: DynamicObject = serde_json::from_value(object.clone()).map_err(io::Error::other)?;
    let types = object.types.clone().unwrap_or_default();
    let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(types).map_err(io::Error::other)?);
    let api: Api<DynamicObject> = match namespace {
        "" => Api::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    let how = PostParams { dry_run, ..PostParams::default() };
    api.create(&how, &object).await.map_err(io::Error::other)?;
    Ok(())
}
