//! What the webhook admits, and a policy once denied: no chance is to decide whether it is tried.

use serde_json::{Value, json};

use crate::cluster::Ask;
use crate::pairs::{Change, changed, clean};
use crate::worlds::Profile;

fn text(name: &str, value: &str) -> Change {
    Change::Env(json!({"name": name, "value": value}))
}

fn secret(name: &str) -> Change {
    Change::Env(json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}}))
}

fn declared(key: &str, value: &str) -> Change {
    Change::Merge(json!({"spec": {"template": {"metadata": {"annotations": {format!("beamgate.dev/{key}"): value}}}}}))
}

fn of_pods(spec: Value) -> Change {
    Change::Merge(json!({"spec": {"template": {"spec": spec}}}))
}

/// The first clean object of a strategy.
fn of(strategy: &str) -> Value {
    let label = "/spec/template/metadata/labels/beamgate.dev~1strategy";
    clean().into_iter().find(|object| object.pointer(label) == Some(&json!(strategy))).unwrap()
}

const BY_HOST: &str = "cart@$(MY_POD_NAME).cart.shop.svc.cluster.local";

#[test]
fn what_the_injector_mends_or_another_fault_explains_is_not_denied() {
    let only_a_name = json!({"containers": [{"name": "cart", "image": "cart:1",
        "env": [{"name": "RELEASE_DISTRIBUTION", "value": "name"}, {"name": "RELEASE_NODE", "value": "cart@$(MY_POD_IP)"}]}]});
    let from_a_map = json!({"containers": [{"name": "cart", "image": "cart:1", "envFrom": [{"configMapRef": {"name": "cfg"}}],
        "env": [{"name": "RELEASE_DISTRIBUTION", "value": "name"}, {"name": "RELEASE_NODE", "value": "cart"}]}]});
    let long = "a-service-whose-name-is-longer-than-hosts-may-be-called";
    let cases = [
        ("Kubernetes.DNS", vec![of_pods(only_a_name)]),
        (
            "DNSCluster",
            vec![text("RELEASE_NODE", BY_HOST), text("DNS_CLUSTER_QUERY", "cart.$NAMESPACE.svc.cluster.local")],
        ),
        (
            "DNSPoll",
            vec![
                text("RELEASE_NODE", BY_HOST),
                text("PEERS", "cart.$(NS).svc.cluster.local"),
                declared("service", "$(PEERS)"),
                declared("ignore", "BG105: so"),
            ],
        ),
        (
            "Kubernetes.DNSSRV",
            vec![
                text("RELEASE_NODE", "cart@$(MY_POD_IP)"),
                declared("service", long),
                declared("ignore", "BG115: so"),
                Change::Merge(json!({"spec": {"serviceName": long}})),
                of_pods(json!({"setHostnameAsFQDN": true})),
            ],
        ),
        ("DNSPoll", vec![declared("service", "cart"), declared("namespace", "{{ .Release.Namespace }}")]),
        ("Kubernetes.DNSSRV", vec![of_pods(json!({"dnsPolicy": "Default"})), secret("CLUSTER_DOMAIN")]),
        ("Kubernetes.DNS", vec![of_pods(from_a_map)]),
        ("Kubernetes.DNS", vec![text("RELEASE_NODE", "cart@${HOST}"), secret("HOST")]),
        ("Kubernetes.DNS", vec![declared("basename", "{{ .Release.Name }}")]),
    ];
    let profiles = Profile::all();
    for (strategy, changes) in cases {
        let ask = Ask::create(&changed(&of(strategy), &changes));
        for profile in &profiles {
            assert_eq!(profile.falsely_denied(&ask), [].into(), "{changes:?}");
        }
    }
}

#[test]
fn what_was_there_in_another_form_is_not_denied() {
    let cases = [
        ("DNSPoll", vec![declared("service", "cart.shop")], vec![declared("service", "cart")]),
        (
            "Kubernetes.DNS",
            vec![text("RELEASE_NODE", "cart@$(HOST)"), text("HOST", "")],
            vec![text("RELEASE_NODE", "cart")],
        ),
        (
            "Kubernetes",
            vec![text("CLUSTER_DOMAIN", "$(DOMAIN)")],
            vec![text("CLUSTER_DOMAIN", "$(DOMAIN)"), text("RELEASE_NODE", "cart@cart.$(DOMAIN)")],
        ),
        ("Kubernetes", vec![declared("selector", "app=cart-")], vec![declared("selector", "app is cart")]),
        ("Kubernetes", vec![declared("inputs", "LD_PRELOAD=podIP")], vec![declared("inputs", "POD_IP=ip")]),
        (
            "Kubernetes",
            vec![declared("mode", "dns"), declared("cluster-domain", ".local")],
            vec![declared("mode", "dns"), declared("cluster-domain", "example.org")],
        ),
        (
            "Kubernetes.DNS",
            vec![text("RELEASE_COOKIE", "$(NOBODY)"), text("RELEASE_NODE", "cart@cart.$(DOMAIN)")],
            vec![text("RELEASE_COOKIE", "monster")],
        ),
    ];
    let profiles = Profile::all();
    for (strategy, before, after) in cases {
        let of = |changes: &[Change]| changed(&of(strategy), changes);
        let ask = Ask::update(&of(&before), &of(&after));
        for profile in &profiles {
            assert_eq!(profile.falsely_denied(&ask), [].into(), "{before:?} {after:?}");
        }
    }
}
