//! What the injector's `matchConditions` leave out: pods that carry everything do not wait for it.
//!
//! With no replica left, the API server itself says whom it would have asked: whom it cannot admit. The planner, which
//! these conditions mirror, has to say the same.

use beamgate::policy::config::Policy;
use beamgate::webhook::mutate::mutate;
use beamgate::webhook::review::Request;
use beamgate::webhook::settings::Settings;
use serde_json::{Value, json};

use crate::admission::{self, labelled_pod};
use crate::cluster;
use crate::parts::Seen;
use crate::replicas;

pub(super) const HEAD: &str = "\
## Whom the injector is asked about

With no replica of the webhook left: who is admitted was not asked about.

| pod | without the webhook |
|---|---|
";

struct Case {
    title: String,
    /// Whether it needs nothing.
    carries: bool,
    pod: Value,
}

pub(super) fn play(seen: &mut Seen) {
    let cases = cases();
    replicas::scale(0);
    let answers = cluster::each(&cases, |case| admission::try_out(&case.pod));
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
        seen.row([case.title.as_str(), said]);
    }
    replicas::scale(2);
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
    let mut cases = of_one_container();
    cases.extend(of_a_chain());
    cases.extend(of_two_containers());
    cases.extend(of_an_image());
    cases.extend(of_other_containers());
    cases
}

fn node(name: &str) -> Value {
    variable("RELEASE_NODE", name)
}

fn distribution() -> Value {
    variable("RELEASE_DISTRIBUTION", "name")
}

fn ip() -> Value {
    variable("MY_POD_IP", "10.0.0.1")
}

fn namespace() -> Value {
    variable("MY_POD_NAMESPACE", "shop")
}

fn of_one_container() -> Vec<Case> {
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
        ("it is there twice", false, vec![node("cart@cart"), distribution(), ip(), node("cart@$(MY_POD_IP)")]),
    ];
    envs.into_iter().map(|(title, carries, env)| case(title, carries, &json!({}), &[json!(env)])).collect()
}

/// What RELEASE_NODE refers to may refer to others in turn.
fn of_a_chain() -> Vec<Case> {
    let host = || variable("HOST", "$(MY_POD_IP)");
    let name = || [distribution(), node("cart@$(HOST)")];
    let env = |before: &[Value]| json!(before.iter().cloned().chain(name()).collect::<Vec<_>>());
    let url = variable("URL", "ecto://$(DB)");
    [
        ("what it refers to refers to what is missing", false, env(&[host()])),
        ("what it refers to refers to what is there", false, env(&[ip(), host()])),
        ("what it refers to is defined twice, once plainly", false, env(&[variable("HOST", "cart"), ip(), host()])),
        ("what it refers to comes from elsewhere", true, env(&[from_secret("HOST")])),
        ("another refers to what is missing", true, env(&[url, variable("HOST", "cart")])),
    ]
    .into_iter()
    .map(|(title, carries, env)| case(title, carries, &json!({}), &[env]))
    .collect()
}

fn of_two_containers() -> Vec<Case> {
    let name = || vec![distribution(), node("cart@cart")];
    let called = |name: &str| json!({"beamgate.dev/container": name});
    let two = |first: Vec<Value>, second: Vec<Value>| [json!(first), json!(second)];
    vec![
        case("both in the second container", true, &json!({}), &two(vec![], name())),
        case("one in each container", false, &json!({}), &two(vec![distribution()], vec![node("cart@cart")])),
        case(
            "the other container has what it refers to",
            false,
            &json!({}),
            &two(vec![ip()], vec![distribution(), node("cart@$(MY_POD_IP)")]),
        ),
        case("both in another container than the node's", false, &called("cart-0"), &two(vec![], name())),
        case("both in the node's container", true, &called("cart-1"), &two(vec![], name())),
        case("the node's container is not there", false, &called("cart-2"), &two(vec![], name())),
    ]
}

fn of_an_image() -> Vec<Case> {
    let image = |inputs: Option<&str>, container: Option<&str>| {
        let mut annotations = json!({"beamgate.dev/node-name": "cart@{pod-ip}"});
        for (key, value) in [("inputs", inputs), ("container", container)] {
            if let Some(value) = value {
                annotations[format!("beamgate.dev/{key}")] = json!(value);
            }
        }
        annotations
    };
    let one = image(Some("MY_POD_IP=podIP"), None);
    let both = image(Some("MY_POD_IP=podIP,MY_POD_NAMESPACE=namespace"), None);
    let first = image(Some("MY_POD_IP=podIP"), Some("cart-0"));
    let absent = image(Some("MY_POD_IP=podIP"), Some("cart-2"));
    let spread = image(Some("MY_POD_IP=podIP\r\n\tMY_POD_NAMESPACE=namespace "), None);
    let [with, without] = [json!([ip()]), json!([])];
    let mut cases = vec![
        case("node-name, no inputs", true, &image(None, None), &[json!([])]),
        case("node-name, inputs empty", true, &image(Some(""), None), &[json!([])]),
        case("node-name, an input missing", false, &one, &[json!([])]),
        case("node-name, the input there", true, &one, &[json!([ip()])]),
        case("node-name, one of two inputs there", false, &both, &[json!([ip()])]),
        case("node-name, two inputs there, with odd spaces", true, &spread, &[json!([ip(), namespace()])]),
        case("node-name, an input in each container", false, &both, &[json!([ip()]), json!([namespace()])]),
        case("node-name, the input in one of two containers", false, &one, &[without.clone(), with.clone()]),
        case("node-name, the input in both", true, &one, &[with.clone(), with.clone()]),
        case("node-name, the input in the node's container", true, &first, &[with.clone(), without.clone()]),
        case("node-name, the input in another than the node's", false, &first, &[without, with.clone()]),
        case("node-name, the node's container is not there", false, &absent, std::slice::from_ref(&with)),
        case(
            "inputs without node-name",
            false,
            &json!({"beamgate.dev/inputs": "MY_POD_IP=podIP"}),
            std::slice::from_ref(&with),
        ),
    ];
    let odd = [("=podIP", false), ("MY_POD_IP", true), ("MY_POD_IP=podIP=podIP", true), ("MY_POD_IP=odd", true)];
    for (word, carries) in odd {
        cases.push(case(
            &format!("node-name, the input `{word}`"),
            carries,
            &image(Some(word), None),
            std::slice::from_ref(&with),
        ));
    }
    cases
}

/// Init containers run no node, whatever they have.
fn of_other_containers() -> Vec<Case> {
    let env = json!([distribution(), node("cart@cart")]);
    let init = |restart: Option<&str>| {
        let mut pod = pod(&json!({}), &[json!([])]);
        pod["spec"]["initContainers"] = json!([{"name": "first", "image": "cluster-demo:1", "env": env}]);
        if let Some(restart) = restart {
            pod["spec"]["initContainers"][0]["restartPolicy"] = json!(restart);
        }
        pod
    };
    let bare = |env: &Value| {
        let mut pod = pod(&json!({}), std::slice::from_ref(env));
        pod["metadata"].as_object_mut().unwrap().remove("annotations");
        pod
    };
    let case = |title: &str, carries, pod| Case { title: title.to_owned(), carries, pod };
    vec![
        case("both in an init container", false, init(None)),
        case("both in a native sidecar", false, init(Some("Always"))),
        case("no annotations, no variables", false, bare(&json!([]))),
        case("no annotations, both there", true, bare(&env)),
    ]
}

fn case(title: &str, carries: bool, annotations: &Value, envs: &[Value]) -> Case {
    Case { title: title.to_owned(), carries, pod: pod(annotations, envs) }
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
