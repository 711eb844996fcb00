//! What the MutatingAdmissionPolicy makes of a pod is what the injector makes of it, or nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cel::Policy;
use crate::cluster::Ask;
use crate::fixtures::{configured, export};
use crate::injecting::random::pods;
use crate::injecting::{Injected, bound, by_ip, of_a_stateful_set, pod, settings, var};
use crate::random::without_nulls;

fn policy() -> Policy {
    let config = configured("");
    Policy::all(&export(&config).mutating().unwrap()).remove(0)
}

/// The pod as the policy leaves it; nothing where it leaves it alone.
fn mutated(policy: &Policy, pod: &Value) -> Option<Value> {
    let mut asked = pod.clone();
    asked["metadata"]["namespace"] = json!("shop");
    let additions = policy.variable(&Ask::create(&asked), "additions")?;
    let additions = additions.as_array().unwrap();
    let mut pod = pod.clone();
    for addition in additions {
        let patch = json!([{"op": "add", "path": addition["path"], "value": addition["value"]}]);
        json_patch::patch(&mut pod, &serde_json::from_value::<json_patch::Patch>(patch).unwrap()).unwrap();
    }
    (!additions.is_empty()).then_some(pod)
}

/// The same without what names the node already.
fn nameless(mut pod: Value) -> Value {
    let names = ["RELEASE_NODE", "RELEASE_DISTRIBUTION", "ERL_AFLAGS"];
    for container in pod["spec"]["containers"].as_array_mut().unwrap() {
        let container = container.as_object_mut().unwrap();
        container.remove("command");
        container.remove("envFrom");
        if let Some(env) = container.get_mut("env").and_then(Value::as_array_mut) {
            env.retain(|var| !names.contains(&var["name"].as_str().unwrap()));
        }
    }
    pod
}

#[test]
fn every_strategy_that_needs_no_dashes_is_named() {
    let policy = policy();
    let kubernetes = |mode: &str| json!({"mode": mode, "selector": "app=cart", "service": "cart"});
    let srv = || pod("Kubernetes.DNSSRV", json!({"service": "cart"}), json!([var("A", "1")]));
    let mut beside = by_ip(json!([]));
    beside["spec"]["containers"].as_array_mut().unwrap().insert(0, json!({"name": "proxy", "image": "envoy:1"}));
    let mut bare = by_ip(json!([]));
    bare["spec"]["containers"][0].as_object_mut().unwrap().remove("env");
    let full = "cart.shop.svc.cluster.local";
    for pod in [
        by_ip(json!([var("A", "1")])),
        by_ip(json!([bound("POD_IP", "status.podIP"), var("A", "1")])),
        bare,
        beside,
        pod("Kubernetes", kubernetes("ip"), json!([])),
        pod("Cluster.Strategy.Kubernetes", json!({"selector": "app=cart"}), json!([])),
        of_a_stateful_set(pod("Kubernetes", kubernetes("hostname"), json!([]))),
        of_a_stateful_set(srv()),
        of_a_stateful_set(pod("Kubernetes.DNSSRV", json!({"service": "cart", "namespace": "shop"}), json!([]))),
        of_a_stateful_set(by_ip(json!([bound("MY_POD_NAME", "metadata.name")]))),
        pod("DNSPoll", json!({"service": full}), json!([])),
        pod("DNSCluster", json!({}), json!([])),
        pod("Peerage", json!({"service": full}), json!([])),
    ] {
        let injected = Injected::of(&pod);
        assert!(injected.answer.patch.is_some(), "{pod}");
        assert_eq!(mutated(&policy, &pod), Some(injected.pod), "{pod}");
    }
    // Nothing serves a name for these, and of those with dashes the injector makes more than a policy can.
    for pod in
        [srv(), pod("Kubernetes", kubernetes("hostname"), json!([])), pod("Kubernetes", kubernetes("dns"), json!([]))]
    {
        assert_eq!(mutated(&policy, &pod), None);
    }
}

#[test]
fn what_is_injected_is_left_alone() {
    let policy = policy();
    let once = mutated(&policy, &by_ip(json!([]))).unwrap();
    assert_eq!(mutated(&policy, &once), None);
}

#[test]
fn exempt_namespaces_and_what_the_file_declares_are_left_alone() {
    for toml in ["[[webhook.exempt]]\nnamespace = 'shop'", "[[app]]\nmatch = { namespace = 'shop' }\nmode = 'dns'"] {
        let config = configured(toml);
        let policy = Policy::all(&export(&config).mutating().unwrap()).remove(0);
        assert_eq!(mutated(&policy, &by_ip(json!([]))), None, "{toml}");
    }
}

/// The pods below are of the kind that is named.
#[test]
fn many_pods_are_named() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let policy = policy();
    let mut pod = || without_nulls(nameless(pods().new_tree(&mut runner).unwrap().current()));
    let named = (0..200).filter(|_| mutated(&policy, &pod()).is_some()).count();
    assert!(named >= 20, "{named} of 200");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pod_is_as_the_injector_leaves_it_or_as_it_was(pod in pods(), without_name in any::<bool>(), name_files in any::<bool>()) {
        thread_local!(static POLICY: Policy = policy());
        let pod = without_nulls(if without_name { nameless(pod) } else { pod });
        if let Some(mutated) = POLICY.with(|policy| mutated(policy, &pod)) {
            prop_assert_eq!(mutated, Injected::with(&pod, &settings(name_files)).pod);
        }
    }
}
