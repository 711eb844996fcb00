//! What the configuration has a say in, and who is never asked about.

use serde_json::{Value, json};

use crate::cluster::{Ask, documents, fixture, the};
use crate::fixtures::{configured, export, exported, exported_without_injector, said};

/// A Deployment whose RELEASE_NODE is this.
fn deployment(strategy: &str, node: &str) -> Value {
    let bound = json!({"name": "MY_POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}});
    let env =
        json!([bound, {"name": "RELEASE_DISTRIBUTION", "value": "name"}, {"name": "RELEASE_NODE", "value": node}]);
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": {"beamgate.dev/strategy": strategy},
            "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"}},
        "spec": {"containers": [{"name": "cart", "image": "cart:1", "env": env}]}}}})
}

/// A bare pod of its template.
fn pod(deployment: &Value) -> Value {
    let mut pod = deployment["spec"]["template"].clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("cart");
    pod["metadata"]["namespace"] = json!("shop");
    pod
}

/// What the policies of a configuration say: of errors, then of warnings.
fn says(toml: &str, ask: &Ask) -> Vec<Vec<String>> {
    exported(toml).iter().map(|policy| said(policy, ask).into_iter().collect()).collect()
}

fn bad() -> Value {
    deployment("Kubernetes.DNS", "a.b@$(MY_POD_IP)")
}

#[test]
fn severities_are_those_of_the_configuration() {
    let ask = Ask::create(&bad());
    for (toml, errors, warnings) in [
        ("", &["BG107"][..], &["BG602"][..]),
        ("[rules]\nBG107 = 'warning'", &[], &["BG107", "BG602"]),
        ("[rules]\nbad-basename = 'info'", &[], &["BG602"]),
        ("[rules]\nBG107 = 'off'\ncookie-missing = 'off'", &[], &[]),
        // What is suspected is never denied.
        ("[rules]\nBG602 = 'error'", &["BG107"], &["BG602"]),
    ] {
        assert_eq!(says(toml, &ask), [errors, warnings], "{toml}");
    }
    let cookie = the("Deployment", &fixture("601-cookie-literal/bad.yaml"));
    assert_eq!(says("[rules]\nBG601 = 'error'", &Ask::create(&cookie))[0], ["BG601"]);
}

#[test]
fn who_is_exempt_or_in_the_file_is_not_asked_about() {
    let ask = Ask::create(&bad()).by("ci");
    for (toml, asked) in [
        ("[[webhook.exempt]]\nnamespace = 'shop'", false),
        ("[[webhook.exempt]]\nuser = 'ci'\nname = 'cart'", false),
        ("[[webhook.exempt]]\nuser = 'ci'\nname = 'basket'", true),
        ("[[webhook.exempt]]", true),
        ("[[app]]\nmatch = { name = 'cart' }\nnode-name = 'x@{pod-ip}'", false),
        ("[[app]]\nmatch = { name = 'basket' }\nnode-name = 'x@{pod-ip}'", true),
        ("[[app]]\nmode = 'ip'", false),
    ] {
        assert_eq!(says(toml, &ask)[0] == ["BG107"], asked, "{toml}");
    }
}

#[test]
fn what_nobody_judges_is_not_asked_about() {
    let asked = |ask: Ask| says("", &ask)[0] == ["BG107"];
    let with = |mut object: Value, pointer: &str, value: Value| {
        object["metadata"][pointer] = value;
        object
    };
    let owner = |controller: bool| json!([{"kind": "ReplicaSet", "name": "cart", "controller": controller}]);
    let pod = pod(&bad());
    assert!(asked(Ask::create(&bad())) && asked(Ask::create(&pod)));
    assert!(asked(Ask::create(&with(pod.clone(), "ownerReferences", owner(false)))));
    assert!(!asked(Ask::create(&with(pod.clone(), "ownerReferences", owner(true)))));
    // A Deployment that something owns is still what people write.
    assert!(asked(Ask::create(&with(bad(), "ownerReferences", owner(true)))));
    assert!(!asked(Ask::create(&pod).by("system:serviceaccount:shop:runner")));
    assert!(asked(Ask::create(&pod).by("system:serviceaccount:ci:deployer")));
    assert!(!asked(Ask::create(&with(bad(), "deletionTimestamp", json!("2026-11-25T00:00:00Z")))));
    let mut unlabelled = bad();
    unlabelled["spec"]["template"]["metadata"]["labels"] = json!({"app": "cart"});
    assert!(!asked(Ask::create(&unlabelled)));
    assert!(asked(Ask::update(&unlabelled, &bad())), "the label is the consent, and it was not given before");
    let mut server = bad();
    server["spec"]["template"]["spec"]["containers"][0]["image"] = json!("docker.io/library/rabbitmq:4");
    assert!(!asked(Ask::create(&server)));
}

#[test]
fn namespaces_without_the_label_get_what_the_configuration_says() {
    for (enforce, errors, warnings) in [
        ("deny", Some("Deny"), Some("Warn")),
        ("strict", Some("Deny"), Some("Warn")),
        ("warn", Some("Warn"), Some("Warn")),
        ("off", Some("Audit"), Some("Audit")),
    ] {
        let config = configured(&format!("webhook.enforce = '{enforce}'"));
        let objects = documents(&export(&config).validating().unwrap());
        for (name, wanted) in [("beamgate-errors-unlabelled", errors), ("beamgate-warnings-unlabelled", warnings)] {
            let binding = objects.iter().find(|object| object["metadata"]["name"] == name);
            assert_eq!(
                binding.map(|binding| binding["spec"]["validationActions"][0].as_str().unwrap()),
                wanted,
                "{enforce}"
            );
        }
    }
}

/// A policy that is not printed any more would stay on the cluster as it was.
#[test]
fn whatever_the_configuration_says_the_same_objects_are_printed() {
    let titles = |toml: &str| {
        let title = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        documents(&export(&configured(toml)).validating().unwrap()).iter().map(title).collect::<Vec<_>>()
    };
    let off: String = beamgate::rules::all().map(|rule| format!("{} = 'off'\n", rule.id())).collect();
    assert_eq!(titles("webhook.enforce = 'off'"), titles(""));
    assert_eq!(titles(&format!("[rules]\n{off}")), titles(""));
    assert_eq!(says(&format!("[rules]\n{off}"), &Ask::create(&bad())), [[""; 0]; 2]);
}

/// The API server takes 64 conditions of a policy.
#[test]
fn a_hundred_exemptions_are_one_condition() {
    let all = |name: &str, key: &str| (0..100).map(|n| format!("[[{name}]]\n{key}\n# {n}\n")).collect::<String>();
    let toml = all("webhook.exempt", "name = 'x'") + &all("app", "match = { name = 'x' }");
    let objects = documents(&export(&configured(&toml)).validating().unwrap());
    assert!(objects[0]["spec"]["matchConditions"].as_array().unwrap().len() < 10);
    assert_eq!(says(&toml, &Ask::create(&bad()))[0], ["BG107"]);
}

#[test]
fn the_clusters_domain_and_the_injector_are_known() {
    let mut dns = deployment("Kubernetes", "cart@$(MY_POD_IP)");
    dns["spec"]["template"]["metadata"]["annotations"]["beamgate.dev/mode"] = json!("dns");
    assert_eq!(says("", &Ask::create(&dns))[0], ["BG301"]);
    assert_eq!(says("cluster-domain = 'example.org'", &Ask::create(&dns))[0], ["BG303"]);
    // Who injects moves what stands below its user, and the linter's word about it counts for the linter.
    let below = Ask::create(&the("Deployment", &fixture("105-reference-never-expands/bad.yaml")));
    assert!(says("", &below)[0].is_empty() && says("injection = 'none'", &below)[0].is_empty());
    assert_eq!(said(&exported_without_injector()[0], &below), ["BG105".to_owned()].into());
}

/// The fixture of BG104 leaves the name to the image.
#[test]
fn a_long_name_needs_a_host() {
    assert_eq!(says("", &Ask::create(&deployment("Kubernetes.DNS", "cart")))[0], ["BG104"]);
}

#[test]
fn what_is_no_name_gets_into_no_expression() {
    let config = configured("[[webhook.exempt]]\nuser = \"a' || true || 'b\"");
    assert_eq!(export(&config).validating().unwrap_err().to_string(), "`a' || true || 'b` is no name");
}
