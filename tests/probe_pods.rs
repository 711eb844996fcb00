//! `beamgate probe statefulset/cart` against an API that serves one workload, and forwards ports as a kubelet does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

#[allow(dead_code, reason = "lists are for those who read whole clusters")]
#[path = "probe/api.rs"]
mod server;

#[allow(dead_code, reason = "the other half is for hosts")]
#[path = "probe/fake.rs"]
mod fake;

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use server::{Reply, kubeconfig, refused};

/// Serves the API, and gives the path of a kubeconfig for it.
fn api(name: &str) -> PathBuf {
    let answers = |path: &str| match path.split_once("/v1/namespaces/shop/").and_then(|(_, path)| found(path)) {
        Some(body) => (200, body),
        None => refused(404, &format!("{path} not found")),
    };
    kubeconfig(name, &server::serve(answers, forward), &json!({}))
}

/// Of the namespace: a StatefulSet and a Deployment with one selector, and a StatefulSet most of whose pods say nothing.
fn found(path: &str) -> Option<Value> {
    let list = |items: Vec<Value>| json!({ "metadata": {}, "items": items });
    Some(match path {
        "statefulsets/cart" => workload("StatefulSet", "cart", "cart"),
        "statefulsets/many" => workload("StatefulSet", "many", "many"),
        "deployments/web" => workload("Deployment", "web", "cart"),
        "replicasets?&labelSelector=app%3Dcart" => list(vec![
            owned(workload("ReplicaSet", "web-1", "cart"), "web"),
            owned(workload("ReplicaSet", "shop-1", "cart"), "shop"),
        ]),
        "pods?&labelSelector=app%3Dcart" => list(vec![
            owned(pod("cart-2", "Pending", None), "cart"),
            owned(pod("cart-1", "Running", Some("10.42.0.6")), "cart"),
            owned(pod("cart-0", "Running", Some("10.42.0.5")), "cart"),
            owned(pod("cart-job", "Succeeded", None), "cart"),
            owned(crashing(pod("cart-3", "Running", Some("10.42.0.7"))), "cart"),
            owned(terminating(pod("cart-4", "Running", Some("10.42.0.8"))), "cart"),
            owned(pod("web-1-a", "Running", Some("10.42.0.9")), "web-1"),
            owned(pod("shop-1-a", "Running", Some("10.42.0.10")), "shop-1"),
            pod("alone", "Running", Some("10.42.0.11")),
        ]),
        "pods?&labelSelector=app%3Dmany" => {
            let pods = (0..5).map(|number| pod(&format!("many-{number}"), "Running", Some("10.42.1.1")));
            list(pods.map(|pod| owned(pod, "many")).collect())
        }
        _ => return None,
    })
}

fn workload(kind: &str, name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "uid": format!("uid-{name}") },
        "spec": { "selector": { "matchLabels": { "app": app } } },
    })
}

fn pod(name: &str, phase: &str, ip: Option<&str>) -> Value {
    json!({ "metadata": { "name": name }, "status": { "phase": phase, "podIP": ip } })
}

fn owned(mut object: Value, owner: &str) -> Value {
    let reference = json!({ "apiVersion": "apps/v1", "kind": "X", "name": owner, "uid": format!("uid-{owner}") });
    object["metadata"]["ownerReferences"] = json!([reference]);
    object["metadata"]["ownerReferences"][0]["controller"] = json!(true);
    object
}

fn crashing(mut pod: Value) -> Value {
    let state = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
    let status =
        json!({ "name": "cart", "image": "", "imageID": "", "ready": false, "restartCount": 3, "state": state });
    pod["status"]["containerStatuses"] = json!([status]);
    pod
}

fn terminating(mut pod: Value) -> Value {
    pod["metadata"]["deletionTimestamp"] = json!("2025-01-01T00:00:00Z");
    pod
}

fn forward(pod: &str, port: u16, heard: &[u8]) -> Reply {
    match (pod, port) {
        ("cart-0", 4369) => Reply::Says(fake::epmd_says(&[("cart", 40217, 6)], heard)),
        ("cart-0", 40217) => Reply::Says(fake::current(b"named:", "cart@10.42.0.5")),
        ("many-4", 4369) => Reply::Says(fake::epmd_says(&[("many-4", 40217, 6)], heard)),
        ("many-4", 40217) => Reply::Says(fake::current(b"named:", "many-4@10.42.1.1")),
        (pod, _) if pod.starts_with("many") => Reply::Waits,
        _ => Reply::Refuses,
    }
}

fn beamgate(config: &PathBuf, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_beamgate")).arg("probe").args(args).env("KUBECONFIG", config).output().unwrap()
}

fn lines(told: &Output) -> Vec<&str> {
    let text = str::from_utf8(&told.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with(' ')).collect()
}

#[test]
fn each_pod_of_the_workload_that_stays_has_a_line() {
    let told = beamgate(&api("each"), &["sts/cart"]);
    assert_eq!(
        lines(&told),
        [
            "pod/cart-0: cart at port 40217 answers cart@10.42.0.5 (handshake 6)",
            "pod/cart-1: epmd at port 4369 refuses the connection",
            "pod/cart-2: nothing runs in the pod: Pending",
            "pod/cart-3: nothing runs in the pod: CrashLoopBackOff",
        ],
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    assert_eq!(told.status.code(), Some(1));
}

#[test]
fn a_deployment_has_the_pods_of_its_replica_sets() {
    let told = beamgate(&api("web"), &["deploy/web"]);
    assert_eq!(lines(&told), ["pod/web-1-a: epmd at port 4369 refuses the connection"]);
}

#[test]
fn pods_that_say_nothing_leave_the_others_their_time() {
    let start = Instant::now();
    let args = ["sts/many", "--dial", "{pod-name}@{pod-ip}", "--timeout", "3s"];
    let told = beamgate(&api("many"), &args);
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    let silent = |number| format!("pod/many-{number}: epmd at port 4369 does not answer in time");
    let answers = "pod/many-4: peers dial many-4@10.42.1.1, it answers many-4@10.42.1.1".to_owned();
    assert_eq!(lines(&told), [silent(0), silent(1), silent(2), silent(3), answers]);
}

#[test]
fn credentials_do_not_take_longer_than_they_may() {
    let command = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", "exec sleep 30 2>&1"],
        "interactiveMode": "Never",
    });
    let start = Instant::now();
    let told = beamgate(
        &kubeconfig("slow", "http://127.0.0.1:1", &json!({ "exec": command })),
        &["sts/cart", "--timeout", "1s"],
    );
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(told.status.code(), Some(2));
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(text.contains("command for credentials, gives no access in time"), "{text}");
}

#[test]
fn what_is_dialled_is_made_for_each_pod() {
    let dial = "cart@{pod-name}.cart.{namespace}.svc/{pod-ip-dashed}/{pod-ip}";
    let told = beamgate(&api("dial"), &["statefulset/cart", "-n", "shop", "--format", "json", "--dial", dial]);
    let document: Value = serde_json::from_slice(&told.stdout).unwrap();
    let first = &document["hosts"][0];
    assert_eq!(first["dials"], "cart@cart-0.cart.shop.svc/10-42-0-5/10.42.0.5");
    assert_eq!(first["nodes"][0]["agrees"], false);
    assert_eq!(document["hosts"][1]["error"]["reason"], "refused");
}

#[test]
fn a_workload_that_is_not_there_is_trouble() {
    let told = beamgate(&api("none"), &["deploy/cart"]);
    assert_eq!(told.status.code(), Some(2));
    let text = String::from_utf8(told.stderr).unwrap();
    assert!(text.starts_with("beamgate: deployment `cart` in namespace `shop`: "), "{text}");
}
