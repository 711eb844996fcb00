//! Pods as they come, with everything that may stand in a name's way.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{bound, of_a_stateful_set, pod, var};

fn entry() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "A",
        "POD_IP",
        "MY_POD_IP",
        "MY_POD_NAME",
        "MY_POD_NAMESPACE",
        "NODE",
        "RELEASE_NODE",
        "RELEASE_DISTRIBUTION",
        "RELEASE_COOKIE",
        "ERL_AFLAGS",
    ]);
    let value = prop::sample::select(vec![
        "",
        "name",
        "sname",
        "x@$(POD_IP)",
        "$(MY_POD_IP)",
        "$(NODE)",
        "$$(A)",
        "x@$(MY_POD_IP).$(MY_POD_NAMESPACE)",
        "-name x@$(POD_IP)",
        "$(RELEASE_NODE)",
    ]);
    let field = prop::sample::select(vec!["status.podIP", "metadata.name", "metadata.namespace", "spec.nodeName"]);
    prop_oneof![
        4 => (name.clone(), value).prop_map(|(name, value)| var(name, value)),
        3 => (name.clone(), field).prop_map(|(name, field)| bound(name, field)),
        1 => name.prop_map(|name| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}, "odd": 1}})),
    ]
}

/// An environment as people write it: mostly nothing twice.
fn env() -> impl Strategy<Value = Value> {
    let unique = |entries: Vec<Value>| {
        let mut seen = BTreeSet::new();
        entries.into_iter().filter(|entry| seen.insert(entry["name"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    prop_oneof![
        1 => Just(Value::Null),
        6 => prop::collection::vec(entry(), 0..8).prop_map(move |entries| json!(unique(entries))),
        1 => prop::collection::vec(entry(), 0..8).prop_map(|entries| json!(entries)),
    ]
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let image = prop::sample::select(vec!["cart:1", "cart:1", "envoy:1", "other:1"]);
    let command = prop::sample::select(vec![
        json!(null),
        json!(["/app/bin/cart", "start"]),
        json!(["/app/bin/cart", "eval", "x"]),
        json!(["sh", "-c", "export RELEASE_NODE=x@$POD_IP; exec bin/cart start"]),
        json!(["erl"]),
    ]);
    let from = prop::sample::select(vec![
        json!(null),
        json!(null),
        json!([{"prefix": "X_", "configMapRef": {"name": "c"}}]),
        json!([{"secretRef": {"name": "s"}}]),
    ]);
    (image, env(), command, from).prop_map(move |(image, env, command, from)| {
        json!({"name": name, "image": image, "env": env, "command": command, "envFrom": from, "ports": [{"name": "epmd", "containerPort": 4369}],
            "volumeMounts": [{"name": "a", "mountPath": "/a"}], "resources": {"limits": {"cpu": 1}}, "unknown": {"kept": [1, null]}})
    })
}

fn annotations() -> impl Strategy<Value = Value> {
    let mode = prop::sample::select(vec!["ip", "dns", "hostname", "odd"]);
    let node_name = prop::option::weighted(0.1, Just("x@{pod-ip}"));
    let inputs =
        prop::option::weighted(0.3, prop::sample::select(vec!["POD_IP=podIP", "A=namespace NODE=podName", "A=odd"]));
    let container = prop::option::weighted(0.2, Just("cart"));
    (mode, node_name, inputs, container).prop_map(|(mode, node_name, inputs, container)| {
        let mut all = json!({"mode": mode, "selector": "app=cart", "service": "cart"});
        for (key, value) in [("node-name", node_name), ("inputs", inputs), ("container", container)] {
            if let Some(value) = value {
                all[key] = json!(value);
            }
        }
        all
    })
}

/// Pods with everything that may stand in a name's way.
pub(crate) fn pods() -> impl Strategy<Value = Value> {
    let strategy =
        prop::sample::select(vec!["Kubernetes", "Kubernetes.DNS", "Kubernetes.DNSSRV", "DNSCluster", "Gossip"]);
    let init = prop::option::of(container("migrate"));
    let second = prop::option::weighted(0.3, container("side"));
    (strategy, annotations(), container("cart"), second, init, any::<bool>()).prop_map(
        |(strategy, annotations, main, second, init, stateful)| {
            let mut pod = pod(strategy, annotations, json!([]));
            pod["spec"]["containers"] = json!([main]);
            pod["spec"]["containers"].as_array_mut().unwrap().extend(second);
            if let Some(init) = init {
                pod["spec"]["initContainers"] = json!([init]);
            }
            pod["spec"]["unknown"] = json!({"kept": {"a": 1.5}});
            pod["spec"]["hostNetwork"] = json!(stateful);
            pod["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": "cart-6c7d9f8b5"}]);
            if stateful { of_a_stateful_set(pod) } else { pod }
        },
    )
}
