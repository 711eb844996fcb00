//! The cluster: a StatefulSet of two pods and its Service.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::fake;
use crate::server::{Reply, list, refused};

/// Whether somebody has asked for Secrets.
pub(crate) static SECRETS: AtomicBool = AtomicBool::new(false);

/// The one that peers dial.
pub(crate) const NAMED: &str = "cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local";

/// A StatefulSet whose peers ask for SRV records, and whose nodes are called so.
pub(crate) fn stateful_set(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "cart", "namespace": "shop", "uid": "uid-cart", "managedFields": [{"manager": "kubectl"}]},
        "spec": {"replicas": 2, "serviceName": "cart", "selector": {"matchLabels": {"app": "cart"}}, "template": {
            "metadata": {
                "labels": {"app": "cart", "beamgate.dev/strategy": "Kubernetes.DNSSRV"},
                "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"},
            },
            "spec": {"containers": [{"name": "cart", "image": "cart:1", "env": [
                {"name": "MY_POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "MY_POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "MY_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "RELEASE_DISTRIBUTION", "value": "name"},
                {"name": "RELEASE_NODE", "value": name},
                {"name": "RELEASE_COOKIE", "valueFrom": {"secretKeyRef": {"name": "cookie", "key": "cookie"}}},
            ]}]},
        }},
    })
}

pub(crate) fn service(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"clusterIP": "None", "selector": {"app": "cart"}, "ports": [{"name": "epmd", "port": 4369}]},
    })
}

pub(crate) fn pod(number: usize) -> Value {
    let mut pod = stateful_set(NAMED)["spec"]["template"].clone();
    pod["metadata"]["name"] = json!(format!("cart-{number}"));
    pod["metadata"]["namespace"] = json!("shop");
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "cart", "uid": "uid-cart", "controller": true}]);
    pod["status"] = json!({"phase": "Running", "podIP": format!("10.42.0.{number}")});
    pod
}

pub(crate) fn slice() -> Value {
    let endpoint = |number: usize| {
        json!({
            "addresses": [format!("10.42.0.{number}")], "hostname": format!("cart-{number}"), "conditions": {"ready": true},
            "targetRef": {"kind": "Pod", "name": format!("cart-{number}"), "namespace": "shop"},
        })
    };
    json!({"metadata": {"name": "cart-x"}, "addressType": "IPv4", "endpoints": [endpoint(0), endpoint(1)]})
}

/// The last word of a path, and the question behind it.
pub(crate) fn resource(path: &str) -> (&str, &str) {
    let (path, question) = path.split_once('?').unwrap_or((path, ""));
    (path.rsplit('/').next().unwrap(), question)
}

/// The cluster: its nodes are called by this name, and nothing is hidden.
pub(crate) fn cluster(path: &str, name: &str) -> (u16, Value) {
    if path.contains("secrets") {
        SECRETS.store(true, Ordering::Relaxed);
    }
    match path.split_once("/namespaces/") {
        Some((_, "shop")) => return (200, json!({"metadata": {"name": "shop"}})),
        Some((_, rest)) if !rest.starts_with("shop/") => return refused(404, "there is no such namespace"),
        _ => {}
    }
    match resource(path) {
        ("statefulsets", _) => list(&[stateful_set(name)]),
        ("cart", _) if path.contains("/statefulsets/") => (200, stateful_set(name)),
        ("cart", _) if path.contains("/services/") => (200, service("cart")),
        ("services", _) => list(&[service("cart")]),
        ("endpointslices", _) => list(&[slice()]),
        ("pods", _) => list(&[pod(0), pod(1)]),
        (_, "") => refused(404, "not found"),
        _ => list(&[]),
    }
}

pub(crate) fn split(path: &str) -> (u16, Value) {
    cluster(path, "cart@$(MY_POD_IP)")
}

pub(crate) fn formed(path: &str) -> (u16, Value) {
    cluster(path, NAMED)
}

/// Nodes that are called by their addresses.
pub(crate) fn by_address(pod: &str, port: u16, heard: &[u8]) -> Reply {
    let name = format!("cart@10.42.0.{}", pod.trim_start_matches("cart-"));
    answer(port, heard, &name)
}

/// Nodes that are called by their names.
pub(crate) fn by_name(pod: &str, port: u16, heard: &[u8]) -> Reply {
    answer(port, heard, &format!("cart@{pod}.cart.shop.svc.cluster.local"))
}

pub(crate) fn answer(port: u16, heard: &[u8], name: &str) -> Reply {
    match port {
        4369 => Reply::Says(fake::epmd_says(&[("cart", 40217, 6)], heard)),
        _ => Reply::Says(fake::current(b"named:", name)),
    }
}

pub(crate) fn silent(_: &str, _: u16, _: &[u8]) -> Reply {
    Reply::Refuses
}
