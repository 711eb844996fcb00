//! Pods that the webhook leaves alone: because they need nothing, because it may not, or because it cannot know.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

mod injecting;

use beamgate::inject::Plan;
use beamgate::name::boot::Boot;
use beamgate::policy::config::Policy;
use beamgate::trace::Trace;
use beamgate::webhook::settings::Settings;
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::node::Node;
use beamgate::world::object::Object;
use injecting::{BY_IP, IP, Injected, LONG, NAMESPACE, answer, bound, by_ip, pod, review, var};
use serde_json::{Value, json};

#[test]
fn a_pod_that_carries_everything_gets_nothing() {
    let everything =
        json!([bound("X", "status.podIP"), var("RELEASE_NODE", "x@$(X)"), var("RELEASE_DISTRIBUTION", "name")]);
    let image = json!({"node-name": "a@{pod-ip}", "inputs": "A=podIP\r\n"});
    let mut declared = pod("Kubernetes.DNS", image, json!([var("A", "1")]));
    declared["spec"]["initContainers"] = json!([{"name": "migrate", "image": "cart:1"}]);
    let mut second = by_ip(json!([]));
    second["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "b", "image": "b", "env": everything}));
    for pod in [by_ip(everything.clone()), declared, second] {
        let injected = Injected::of(&pod);
        assert!(injected.answer.patch.is_none() && injected.answer.warnings.is_empty());
        assert_eq!(injected.answer.audit[0].1, "nothing: the pod carries everything");
    }
}

#[test]
fn what_another_container_carries_is_not_the_nodes() {
    let name = || json!([var("RELEASE_DISTRIBUTION", "name"), var("RELEASE_NODE", "livebook@livebook")]);
    let beside = |mut pod: Value, env: Value| {
        pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "b", "image": "envoy", "env": env}));
        pod
    };
    let named = pod("Kubernetes.DNS", json!({"service": "cart", "container": "cart"}), json!([]));
    assert_eq!(Injected::of(&beside(named, name())).main(), [IP, NAMESPACE, LONG, BY_IP]);

    let image = |inputs: &str| pod("Kubernetes.DNS", json!({"node-name": "a@{pod-ip}", "inputs": inputs}), json!([]));
    let injected = Injected::of(&beside(image("POD_IP=podIP"), json!([bound("POD_IP", "status.podIP")])));
    assert_eq!(injected.main(), ["POD_IP<-status.podIP"]);
    let mut one_each = image("POD_IP=podIP NODE=nodeName");
    one_each["spec"]["containers"][0]["env"] = json!([bound("NODE", "spec.nodeName")]);
    let injected = Injected::of(&beside(one_each, json!([bound("POD_IP", "status.podIP")])));
    assert_eq!(injected.main(), ["POD_IP<-status.podIP", "NODE<-spec.nodeName"]);
}

#[test]
fn what_a_reference_refers_to_has_to_be_there_too() {
    let long = || var("RELEASE_DISTRIBUTION", "name");
    let chain = json!([var("HOST", "$(MY_POD_IP)"), var("RELEASE_NODE", "cart@$(HOST)"), long()]);
    assert_eq!(Injected::of(&by_ip(chain)).main(), [IP, "HOST=$(MY_POD_IP)", "RELEASE_NODE=cart@$(HOST)", LONG]);
}

#[test]
fn nothing_is_injected_where_that_would_be_a_guess() {
    let mut unlabelled = by_ip(json!([]));
    unlabelled["metadata"]["labels"] = json!({"app": "cart"});
    let mut rabbit = by_ip(json!([]));
    rabbit["spec"]["containers"][0]["image"] = json!("rabbitmq:4");
    let mut two = by_ip(json!([]));
    two["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "web", "image": "web"}));
    for (pod, warnings) in [
        (unlabelled, vec![]),
        (rabbit, vec![]),
        (
            two,
            vec![
                "it is not clear which container runs the node: nothing is injected; `beamgate.dev/container` says it",
            ],
        ),
        (pod("Kubernets", json!({}), json!([])), vec!["BG002: `Kubernets` is no strategy: nothing is injected"]),
    ] {
        let injected = Injected::of(&pod);
        assert!(injected.answer.patch.is_none());
        assert_eq!(injected.answer.warnings, warnings);
    }
}

#[test]
fn whoever_declares_a_strategy_is_no_server_by_a_like_name() {
    for (image, server) in [
        ("rabbitmq-consumer:1", false),
        ("acme/emqx-bridge", false),
        ("docker.io/library/rabbitmq:4-management", true),
        ("couchdb@sha256:0000", true),
    ] {
        let mut pod = by_ip(json!([]));
        pod["spec"]["containers"][0]["image"] = json!(image);
        // What stands beside the node is no matter.
        pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "store", "image": "couchdb:3"}));
        pod["metadata"]["annotations"]["beamgate.dev/container"] = json!("cart");
        let injected = Injected::of(&pod);
        assert_eq!(injected.answer.patch.is_none(), server, "{image}");
    }
}

#[test]
fn only_pods_that_are_made_are_asked_about() {
    let policy =
        Policy { config: toml::from_str("[[webhook.exempt]]\nnamespace = 'ci'").unwrap(), ..Policy::default() };
    let settings = Settings::new(policy).unwrap();
    let patched = |change: &dyn Fn(&mut Value)| {
        let mut review = review(&by_ip(json!([])));
        change(&mut review["request"]);
        answer(&review, &settings).patch.is_some()
    };
    assert!(patched(&|_| {}));
    for change in [
        &(|request: &mut Value| request["operation"] = json!("UPDATE")) as &dyn Fn(&mut Value),
        &|request| request["kind"]["kind"] = json!("Deployment"),
        &|request| request["subResource"] = json!("ephemeralcontainers"),
        &|request| request["namespace"] = json!("ci"),
        &|request| request["object"]["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
        &|request| request["object"] = Value::Null,
    ] {
        assert!(!patched(change));
    }
}

#[test]
fn only_a_whole_namespace_is_exempt() {
    let said = |exempt: &str| {
        let config = toml::from_str(&format!("[[webhook.exempt]]\n{exempt}")).unwrap();
        let settings = Settings::new(Policy { config, ..Policy::default() }).unwrap();
        let answer = answer(&review(&by_ip(json!([]))), &settings);
        (answer.patch.is_some(), answer.audit[0].1.clone())
    };
    assert_eq!(said("namespace = 'shop'"), (false, "nothing: the namespace `shop` is left out".to_owned()));
    // A ReplicaSet's pod has neither the Deployment's name nor its maker.
    let user = "user = 'system:serviceaccount:kube-system:replicaset-controller'";
    for exempt in ["namespace = 'ci'", user, "name = 'cart'", &format!("namespace = 'shop'\n{user}")] {
        assert!(said(exempt).0, "{exempt}");
    }
}

#[test]
fn the_webhooks_own_namespace_is_left_out_offline_too() {
    for (namespace, planned) in [("shop", true), ("beamgate-system", false), ("kube-system", false)] {
        let facts = Facts { injection: true, ..Facts::default() };
        let mut object = Object::read(&Node::of_json(&by_ip(json!([]))), "", &[]).unwrap();
        object.namespace = Some(namespace.to_owned());
        let world = World::new(vec![object], facts);
        let (object, workload) = world.workloads().next().unwrap();
        assert_eq!(!Plan::of(object, workload, &world.facts).is_empty(), planned, "{namespace}");
        assert_eq!(matches!(Trace::of(&world, object, workload).boot(), Some(Boot::Named(_))), planned, "{namespace}");
    }
}

#[test]
fn a_pod_that_is_not_what_it_ought_to_be_is_left_to_the_api_server() {
    for env in [json!({"A": "1"}), json!("A=1")] {
        let injected = Injected::of(&by_ip(env));
        assert!(injected.answer.patch.is_none());
        assert_eq!(
            injected.answer.warnings,
            ["beamgate injects nothing: `/spec/containers/0/env` is not what it ought to be"]
        );
    }
}
