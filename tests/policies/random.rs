//! Whatever a workload looks like, and whatever it was before: what the policies deny, the webhook denies too.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::cluster::Ask;
use crate::fixtures::{errors_by_default, exported, said};
use crate::worlds::Profile;

const FIELDS: [&str; 6] =
    ["status.podIP", "status.podIPs", "status.hostIP", "metadata.name", "metadata.namespace", "spec.nodeName"];

const NODES: [&str; 28] = [
    "cart@$(MY_POD_IP)",
    "cart@$(POD_IP)",
    "cart@$(HOST)",
    "cart@$(MY_POD_IP).$(X)",
    "basket@$(MY_POD_IP)",
    "cart@$(MY_POD_NAME).cart.shop.svc.cluster.local",
    "cart@$(MY_POD_NAME).cart.$(X).svc.cluster.local",
    "cart@$(MY_POD_NAME)",
    "cart@$(MY_POD_NAME).cart.",
    "cart@cart..shop",
    "cart@.shop",
    "cart@cart.shop.svc.cluster.local",
    "cart@10.0.0.7",
    "cart@$$(MY_POD_IP)",
    "cart@${MY_POD_IP}",
    "cart@$MY_POD_IP",
    "cart@${NOBODY}",
    "cart@$(hostname -i)",
    "cart@$(hostname)",
    "cart@`hostname`",
    "shop.cart@$(MY_POD_IP)",
    "cart@cart@cart",
    "cart",
    "cart@",
    "",
    "$(X)",
    "cart@$(CART_SERVICE_HOST)",
    "cart@$(RELEASE_NODE)",
];

fn entry() -> impl Strategy<Value = Value> {
    let inputs = select(vec!["MY_POD_IP", "POD_IP", "MY_POD_NAME", "HOST", "X"]);
    let bound = (inputs.clone(), select(FIELDS.to_vec()))
        .prop_map(|(name, field)| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}));
    let text = select(vec!["shop", "$(POD_IP)", "a.b", "", "$(hostname)", "cart@$(MY_POD_IP)"]);
    let plain = (inputs.clone(), text).prop_map(|(name, value)| json!({"name": name, "value": value}));
    let secret =
        inputs.prop_map(|name| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}));
    let node = select(NODES.to_vec()).prop_map(|value| json!({"name": "RELEASE_NODE", "value": value}));
    let distribution = select(vec!["name", "name", "name", "sname", "none", "longnames", "", "$(X)"])
        .prop_map(|value| json!({"name": "RELEASE_DISTRIBUTION", "value": value}));
    let asked =
        select(vec!["cart.shop.svc.cluster.local", "cart.$(X).svc.cluster.local", "cart.$NAMESPACE.svc", "`x`"])
            .prop_map(|value| json!({"name": "DNS_CLUSTER_QUERY", "value": value}));
    let domain = select(vec![
        json!({"name": "CLUSTER_DOMAIN", "value": "$(DOMAIN)"}),
        json!({"name": "CLUSTER_DOMAIN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}),
    ]);
    let map = select(vec!["X", "HOST", "RELEASE_DISTRIBUTION", "RELEASE_COOKIE", "DNS_CLUSTER_QUERY"]).prop_map(
        |name| json!({"name": name, "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": name, "optional": true}}}),
    );
    let flags = select(vec!["+S 2", "-name x@y.z", "-kernel logger_level info"])
        .prop_map(|value| json!({"name": "ERL_AFLAGS", "value": value}));
    let flags =
        prop_oneof![5 => flags, 1 => Just(json!({"name": "LIVEBOOK_NODE", "value": "livebook@livebook.tools"}))];
    prop_oneof![6 => bound, 2 => plain, 1 => secret, 6 => node, 4 => distribution, 1 => flags, 1 => asked, 1 => domain,
        1 => map]
}

/// An environment as people write it: the usual inputs first, and mostly nothing twice.
fn env() -> impl Strategy<Value = Value> {
    let bound = |name: &str, field: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}});
    let usual = vec![bound("MY_POD_IP", "status.podIP"), bound("MY_POD_NAME", "metadata.name")];
    let all = (prop::bool::weighted(0.7), prop::collection::vec(entry(), 0..6), prop::bool::weighted(0.9));
    all.prop_map(move |(has_usual, entries, is_unique)| {
        let mut env: Vec<Value> = if has_usual { usual.clone() } else { Vec::new() };
        for entry in entries {
            if !is_unique || env.iter().all(|other| other["name"] != entry["name"]) {
                env.push(entry);
            }
        }
        json!(env)
    })
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let command = select(vec![
        json!(["/app/bin/cart", "start"]),
        json!(["/app/bin/server"]),
        json!(["/app/bin/cart", "eval", "x"]),
        json!(["sh", "-c", "exec bin/cart start"]),
        json!(["erl"]),
        json!(["tini", "--", "/app/bin/cart", "start"]),
    ]);
    let command = prop::option::weighted(0.3, command);
    let args = prop::option::weighted(0.1, select(vec![json!(["start"]), json!(["foreground"])]));
    let from = select(vec![
        json!([{"secretRef": {"name": "s"}}]),
        json!([{"configMapRef": {"name": "cfg"}}]),
        json!([{"prefix": "X_", "configMapRef": {"name": "cfg"}}]),
    ]);
    let from = prop::option::weighted(0.15, from);
    let mount = |path: &str| json!([{"name": "t", "mountPath": path}]);
    let mounts =
        vec!["/app", "/app/", "/app/bin/server", "/app/bin/../bin", "/app/releases", "/app/releases/1.0.0/env.sh"];
    let mounts = select(mounts).prop_map(mount);
    let mounts = prop_oneof![20 => Just(json!(null)), 10 => Just(mount("/var/run/secrets")), 1 => mounts];
    let image = prop_oneof![9 => Just("cart:1"), 1 => select(vec!["nginx:1", "example.org/rabbitmq:3"])];
    (image, env(), command, args, from, mounts).prop_map(move |(image, env, command, args, from, mounts)| {
        without_nulls(
            json!({"name": name, "image": image, "env": env, "command": command, "args": args, "envFrom": from,
                "volumeMounts": mounts}),
        )
    })
}

fn annotations() -> impl Strategy<Value = Value> {
    let maybe = |key: &'static str, values: Vec<&'static str>| {
        prop::option::weighted(0.6, select(values)).prop_map(move |value| (key, value))
    };
    let rare = |key: &'static str, values: Vec<&'static str>| {
        prop::option::weighted(0.07, select(values)).prop_map(move |value| (key, value))
    };
    let all = (
        maybe("basename", vec!["cart", "cart", "cart", "basket", "a.b", "$(X)", "", "a b", "{{ x }}"]),
        maybe("mode", vec!["ip", "dns", "hostname", ":ip", "adress", "", "$(X)"]),
        maybe("service", vec!["cart", "cart", "cart.shop", "cart.shop.svc", "cart.shop.svc.cluster.local", "$(X)", ""]),
        maybe("selector", vec!["app=cart", "app=cart", "app is cart", "app=\"cart\"", "app in (a, b)", "a>1", "$(X)"]),
        rare("lookup", vec!["pods", "endpoints", "nodes", "$(X)"]),
        rare("node-name", vec!["cart@{pod-ip}", "cart@{pod_ip}", "cart@{pod-ip"]),
        rare("inputs", vec!["POD_IP=podIP", "POD_IP=ip", "POD_IP", "PATH=podIP", "X=podIP X=hostIP"]),
        rare("cluster-domain", vec!["cluster.local", "example.org", "$(X)", "x.local.", "{{ x }}.local"]),
        rare("namespace", vec!["shop", "ops", "$(X)", "{{ x }}", "<% x %>"]),
        (
            rare("container", vec!["cart", "side", "none", "${C}"]),
            rare("topologies", vec!["- a"]),
            rare("ignore", vec!["BG301: so", "BG101", "BG105: so", "BG106: so", "BG115: so"]),
        ),
    );
    all.prop_map(|(a, b, c, d, e, f, g, h, i, (j, k, l))| {
        let all = [a, b, c, d, e, f, g, h, i, j, k, l].into_iter();
        all.filter_map(|(key, value)| Some((format!("beamgate.dev/{key}"), json!(value?)))).collect()
    })
}

fn template() -> impl Strategy<Value = Value> {
    let strategy = select(vec![
        "Kubernetes",
        "Kubernetes",
        "Kubernetes.DNS",
        "Cluster.Strategy.Kubernetes.DNS",
        "Kubernetes.DNSSRV",
        "DNSPoll",
        "DNSCluster",
        "Peerage",
        "Gossip",
        "LocalEpmd",
        "Kubernetes.Dns",
    ]);
    let opted_in = prop::bool::weighted(0.9);
    let second = prop::option::weighted(0.2, container("side"));
    let spec = (
        select(vec![
            json!("ClusterFirst"),
            json!("ClusterFirst"),
            json!("Default"),
            json!("ClusterFirstWithHostNet"),
            json!(null),
        ]),
        prop::option::weighted(0.15, Just(true)),
        prop::option::weighted(0.15, Just("cart")),
        prop::option::weighted(0.15, Just("cart")),
        prop::option::weighted(0.15, Just("cart")),
        prop::option::weighted(0.15, any::<bool>()),
        prop::option::weighted(0.1, Just(true)),
    );
    (strategy, opted_in, annotations(), container("cart"), second, spec).prop_map(
        |(strategy, opted_in, annotations, main, second, (dns, host, hostname, subdomain, overridden, mounts, as_fqdn))| {
            let containers: Vec<Value> = [main].into_iter().chain(second).collect();
            let label = if opted_in { "beamgate.dev/strategy" } else { "other" };
            without_nulls(json!({"metadata": {"labels": {"app": "cart", label: strategy}, "annotations": annotations},
                "spec": {"containers": containers, "dnsPolicy": dns, "hostNetwork": host, "hostname": hostname,
                    "subdomain": subdomain, "hostnameOverride": overridden, "automountServiceAccountToken": mounts, "setHostnameAsFQDN": as_fqdn}}))
        },
    )
}

/// A workload as it was and as it will be.
fn edits() -> impl Strategy<Value = (Value, Value)> {
    let kind = select(vec!["Deployment", "StatefulSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"]);
    let replicas = select(vec![json!(null), json!(1), json!(3)]);
    let service = select(vec![json!("cart"), json!("cart"), json!("other"), json!(null)]);
    let side = || (template(), replicas.clone(), service.clone());
    // Half of the time the edit is of the workload, not of its pods' declaration or containers.
    (kind, side(), side(), 0..4_u8).prop_map(|(kind, before, mut after, same)| {
        for (part, key) in [(0b01, "metadata"), (0b10, "spec")] {
            if same & part != 0 {
                after.0[key] = before.0[key].clone();
            }
        }
        (workload(kind, before), workload(kind, after))
    })
}

fn workload(kind: &str, (template, replicas, service): (Value, Value, Value)) -> Value {
    let metadata = json!({"name": "cart", "namespace": "shop"});
    let (version, spec) = match kind {
        "Pod" => {
            let mut pod = template;
            pod["metadata"]["name"] = json!("cart");
            pod["metadata"]["namespace"] = json!("shop");
            pod["apiVersion"] = json!("v1");
            pod["kind"] = json!("Pod");
            return pod;
        }
        "Job" => ("batch/v1", json!({"parallelism": replicas, "template": template})),
        "CronJob" => ("batch/v1", json!({"jobTemplate": {"spec": {"template": template}}})),
        "StatefulSet" => ("apps/v1", json!({"replicas": replicas, "serviceName": service, "template": template})),
        _ => ("apps/v1", json!({"replicas": replicas, "template": template})),
    };
    without_nulls(json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}))
}

/// The API server keeps no nulls.
pub(crate) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_denied_that_the_webhook_admits((before, after) in edits(), profile in 0..3_usize) {
        thread_local!(static PROFILES: Vec<Profile> = Profile::all());
        let mut asks = vec![Ask::create(&after)];
        if after["kind"] != "Pod" {
            asks.push(Ask::update(&before, &after));
        }
        for ask in asks {
            let falsely = PROFILES.with(|profiles| profiles[profile].falsely_denied(&ask));
            prop_assert!(falsely.is_empty(), "{} {falsely:?}", ask.operation);
        }
    }
}

/// The objects above are of the kind that is denied: almost every rule that is exported as an error is.
#[test]
fn almost_every_rule_denies_some_object() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let errors = exported("").remove(0);
    let mut denied = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let (_, after) = edits().new_tree(&mut runner).unwrap().current();
        denied.extend(said(&errors, &Ask::create(&after)));
    }
    // `pairs` sees to these.
    let rare = ["BG104", "BG115", "BG213", "BG301", "BG303"];
    let missing: Vec<String> = errors_by_default().filter(|rule| !denied.contains(rule)).collect();
    assert!(missing.iter().all(|rule| rare.contains(&rule.as_str())), "{missing:?}");
}

/// `CASES=20000` looks longer.
pub(crate) fn cases() -> u32 {
    std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}
