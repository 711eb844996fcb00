//! What the injector's `matchConditions` leave out: pods that carry everything do not wait for it.
//!
//! With no replica left, the API server itself says whom it would have asked: whom it cannot admit. The planner, which
//! these conditions mirror, has to say the same.

use beamgate::policy::config::Policy;
use beamgate::webhook::mutate::mutate;
use beamgate::webhook::review::Request;
use beamgate::webhook::settings::Settings;
use serde_json::{Value, json};

use super::install::{self, labelled_pod};
use super::seen::Seen;

pub(super) const HEAD: &str = "\
## Whom the injector is asked about

With no replica of the webhook left: who is admitted was not asked about.

| pod | without the webhook |
|---|---|
";

struct Case {
    title: &'static str,
    /// Whether it needs nothing.
    carries: bool,
    pod: Value,
}

pub(super) fn play(seen: &mut Seen) {
    let cases = cases();
    install::scale(0);
    let answers = install::each(&cases, |case| install::try_out(&case.pod));
    for (case, answer) in cases.iter().zip(answers) {
        let admitted = match answer {
            Ok(_) => true,
            Err(why) => {
                let is_ours = why.contains("failed calling webhook \"inject.beamgate.dev\"");
                seen.expect(is_ours, format!("{}: refused for another reason: {why}", case.title));
                false
            }
        };
        let planned = nothing_is_planned(&case.pod);
        seen.expect(planned == case.carries, format!("{}: the planner says otherwise", case.title));
        let said = if admitted { "admitted" } else { "refused" };
        seen.expect(admitted == case.carries, format!("{}: {said}", case.title));
        seen.row([case.title, said]);
    }
    install::scale(2);
}

/// Whether the planner finds that the pod carries everything.
fn nothing_is_planned(pod: &Value) -> bool {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "namespace": "default",
        "object": pod}});
    let review = review.to_string();
    let settings = Settings::new(Policy::default()).unwrap();
    let answer = mutate(&Request::read(review.as_bytes()).unwrap(), &settings);
    answer.patch.is_none() && answer.audit.iter().any(|(_, said)| said.contains("carries everything"))
}

fn cases() -> Vec<Case> {
    let node = |name: &str| variable("RELEASE_NODE", name);
    let distribution = || variable("RELEASE_DISTRIBUTION", "name");
    let ip = || variable("MY_POD_IP", "10.0.0.1");
    let namespace = || variable("MY_POD_NAMESPACE", "shop");
    let envs = [
        ("no variables", false, vec![]),
        ("RELEASE_NODE alone", false, vec![node("cart@cart")]),
        ("RELEASE_DISTRIBUTION alone", false, vec![distribution()]),
        ("both, nothing referred to", true, vec![distribution(), node("cart@cart")]),
        ("both, in the other order", true, vec![node("cart@cart"), distribution()]),
        ("what it refers to stands above", true, vec![ip(), distribution(), node("cart@$(MY_POD_IP)")]),
        ("what it refers to stands below", false, vec![distribution(), node("cart@$(MY_POD_IP)"), ip()]),
        ("what it refers to is missing", false, vec![distribution(), node("cart@$(MY_POD_IP)")]),
        ("it refers to itself", false, vec![distribution(), node("cart@$(RELEASE_NODE)")]),
        ("one of two is missing", false, vec![ip(), distribution(), node("cart@$(MY_POD_IP).$(MY_POD_NAMESPACE)")]),
        (
            "both are there",
            true,
            vec![ip(), namespace(), distribution(), node("cart@$(MY_POD_IP).$(MY_POD_NAMESPACE)")],
        ),
        ("an escaped reference counts", false, vec![distribution(), node("cart@$$(MY_POD_IP)")]),
        ("a reference within a reference counts", false, vec![distribution(), node("cart@$($(MY_POD_IP))")]),
        ("no name between the parentheses", true, vec![distribution(), node("cart@$(hostname -f)")]),
        ("its value comes from elsewhere", true, vec![distribution(), from_secret("RELEASE_NODE")]),
    ];
    let mut cases: Vec<Case> = envs
        .into_iter()
        .map(|(title, carries, env)| Case { title, carries, pod: pod(&json!({}), &[json!(env)]) })
        .collect();
    let two = |first: Vec<Value>, second: Vec<Value>| [json!(first), json!(second)];
    let mut case = |title, carries, annotations: Value, envs: &[Value]| {
        cases.push(Case { title, carries, pod: pod(&annotations, envs) });
    };
    case("both in the second container", true, json!({}), &two(vec![], vec![distribution(), node("cart@cart")]));
    case("one in each container", false, json!({}), &two(vec![distribution()], vec![node("cart@cart")]));
    case(
        "the other container has what it refers to",
        false,
        json!({}),
        &two(vec![ip()], vec![distribution(), node("cart@$(MY_POD_IP)")]),
    );
    let image = |inputs: Option<&str>| {
        let mut annotations = json!({"beamgate.dev/node-name": "cart@{pod-ip}"});
        if let Some(inputs) = inputs {
            annotations["beamgate.dev/inputs"] = json!(inputs);
        }
        annotations
    };
    case("node-name, no inputs", true, image(None), &[json!([])]);
    case("node-name, inputs empty", true, image(Some("")), &[json!([])]);
    case("node-name, an input missing", false, image(Some("MY_POD_IP=podIP")), &[json!([])]);
    case("node-name, the input there", true, image(Some("MY_POD_IP=podIP")), &[json!([ip()])]);
    case(
        "node-name, one of two inputs there",
        false,
        image(Some("MY_POD_IP=podIP,MY_POD_NAMESPACE=namespace")),
        &[json!([ip()])],
    );
    case(
        "node-name, an input in each container",
        true,
        image(Some("MY_POD_IP=podIP\n\tMY_POD_NAMESPACE=namespace ")),
        &two(vec![ip()], vec![namespace()]),
    );
    case("inputs without node-name", false, json!({"beamgate.dev/inputs": "MY_POD_IP=podIP"}), &[json!([ip()])]);
    cases
}

/// A pod with the label, these annotations, and a container for each environment.
fn pod(annotations: &Value, envs: &[Value]) -> Value {
    let mut pod = labelled_pod("default");
    for (key, value) in annotations.as_object().unwrap() {
        pod["metadata"]["annotations"][key] = value.clone();
    }
    let containers = envs.iter().enumerate();
    let containers =
        containers.map(|(n, env)| json!({"name": format!("cart-{n}"), "image": "cluster-demo:1", "env": env}));
    pod["spec"]["containers"] = containers.collect();
    pod
}

fn variable(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

fn from_secret(name: &str) -> Value {
    json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "cart", "key": "node"}}})
}
