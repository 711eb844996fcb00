//! What is judged, and in which world.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::scene::{NAMED, SECRETS, formed, pod, resource, service, split, stateful_set};
use crate::server::{list, refused};
use crate::{against, manifest, parsed, said};

#[test]
fn what_is_on_the_cluster_is_judged_and_pointed_at() {
    let output = against("lint", split, &["lint", "--with-cluster"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "error[BG301 name-mismatch]: peers dial `cart@{pod-name}.cart.shop.svc.cluster.local`; this node is `cart@{pod-ip}`",
        "--> StatefulSet shop/cart, spec.template.spec.containers[name=cart].env[name=RELEASE_NODE].value",
        "note: the cluster of context `it` was read: its namespace shop, 3 objects",
        "checked 1 workload: it breaks; 1 error. 1 other object.",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!SECRETS.load(Ordering::Relaxed), "Secrets are nobody's business");
}

#[test]
fn files_stand_for_their_live_objects_and_the_others_are_around_them() {
    let mut object = stateful_set(NAMED);
    // As `kubectl apply` does, the namespace of the context is taken.
    object["metadata"] = json!({"name": "cart"});
    let mut other = stateful_set("cart@$(MY_POD_IP)");
    other["metadata"]["name"] = json!("other");
    let file = manifest("over", &[object]);
    let file = file.to_str().unwrap();
    let alone = against("alone", split, &["lint", file, "-n", "shop", "--format", "json"]);
    assert_eq!(parsed(&alone)["findings"][0]["code"], "BG201");

    let report = parsed(&against("over", split, &["lint", "--with-cluster", file, "--format", "json"]));
    let workloads = report["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 1, "the live one is not judged: {report}");
    assert_eq!((&workloads[0]["ref"], &workloads[0]["verdict"]), (&json!("StatefulSet shop/cart"), &json!("forms")));
    assert_eq!((&report["summary"]["errors"], &report["summary"]["warnings"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(report["summary"]["other_objects"], 0);
    assert_eq!((&report["cluster"]["context"], &report["cluster"]["objects"]), (&json!("it"), &json!(3)));
    assert_eq!(report["cluster"]["unread"], json!([]));
}

#[test]
fn what_is_missing_in_both_is_missing() {
    fn answers(path: &str) -> (u16, Value) {
        if resource(path).0 == "services" { list(&[]) } else { formed(path) }
    }
    let output = against("missing", answers, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&json!("BG201"), &json!("error")), "{report}");
    assert_eq!(finding["message"], "Service `shop/cart` is not on the cluster");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_may_not_be_listed_is_open_and_said_once() {
    fn answers(path: &str) -> (u16, Value) {
        match resource(path).0 {
            "services" | "roles" | "rolebindings" | "clusterroles" => refused(403, "User \"me\" cannot list it"),
            _ => formed(path),
        }
    }
    let output = against("refused", answers, &["lint", "--with-cluster", "--fail-on", "warning"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for line in [
        "note: Service may not be read in namespace `shop`: which Services there are stays open\n      run `kubectl auth can-i list services -n shop`",
        "note: Role, RoleBinding may not be read in namespace `shop`: whether the strategy may list what it asks for stays open",
        "note: ClusterRole may not be read: whether",
        "checked 1 workload: it is open (Services may not be listed); no findings",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    let report = parsed(&against("refused-json", answers, &["lint", "--with-cluster", "--format", "json"]));
    assert_eq!(report["workloads"][0]["verdict"], "open");
    let unread = report["cluster"]["unread"].as_array().unwrap();
    assert!(
        unread.iter().any(|gap| gap["what"] == json!(["Service"]) && gap["why"] == "User \"me\" cannot list it"),
        "{report}"
    );
}

/// A strategy that lists endpoints, where nobody may see the roles.
#[test]
fn a_right_that_cannot_be_seen_is_not_missing() {
    fn app() -> Value {
        let mut app = stateful_set("cart@$(MY_POD_IP)");
        app["spec"]["template"]["metadata"]["labels"]["beamgate.dev/strategy"] = json!("Kubernetes");
        app["spec"]["template"]["metadata"]["annotations"] = json!({"beamgate.dev/basename": "cart", "beamgate.dev/lookup": "pods", "beamgate.dev/selector": "app=cart"});
        app
    }
    fn seen(path: &str) -> (u16, Value) {
        if resource(path).0 == "statefulsets" { list(&[app()]) } else { formed(path) }
    }
    fn hidden(path: &str) -> (u16, Value) {
        if resource(path).0 == "clusterrolebindings" { refused(403, "no") } else { seen(path) }
    }
    let output = against("granted", seen, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(
        (&report["findings"][0]["code"], &report["findings"][0]["severity"]),
        (&json!("BG401"), &json!("error"))
    );
    let output = against("hidden", hidden, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!((&report["findings"], &report["workloads"][0]["verdict"]), (&json!([]), &json!("open")), "{report}");
    assert_eq!(report["workloads"][0]["missing"], json!(["roles and their bindings may not be listed"]));
}

#[test]
fn large_clusters_come_in_pages() {
    fn answers(path: &str) -> (u16, Value) {
        match resource(path) {
            ("services", question) if !question.contains("continue=more") => {
                (200, json!({"metadata": {"continue": "more"}, "items": [service("other")]}))
            }
            _ => formed(path),
        }
    }
    let output = against("pages", answers, &["lint", "--with-cluster", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(
        (&report["workloads"][0]["verdict"], &report["cluster"]["objects"]),
        (&json!("forms"), &json!(4)),
        "{report}"
    );
}

#[test]
fn a_namespace_that_is_not_there_is_not_an_empty_one() {
    let output = against("nowhere", formed, &["lint", "--with-cluster", "-n", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert_eq!(text, "beamgate: there is no namespace `nowhere` on the cluster; -n names another, -A takes all\n");

    // Files may be the first in theirs.
    let mut object = stateful_set(NAMED);
    object["metadata"] = json!({"name": "cart", "namespace": "nowhere"});
    let file = manifest("nowhere", &[object]);
    let output = against("first", formed, &["lint", "--with-cluster", file.to_str().unwrap()]);
    let text = said(&output);
    assert!(
        text.contains("warning[BG201 service-missing]: Service `nowhere/cart` is not in the input or on the cluster"),
        "{text}"
    );
    assert!(
        text.contains("note: there is no namespace `nowhere` on the cluster: nothing is known to be in it"),
        "{text}"
    );
}

#[test]
fn nothing_that_may_be_judged_is_trouble() {
    fn answers(path: &str) -> (u16, Value) {
        if path.contains('?') { refused(403, "User \"me\" cannot list anything") } else { formed(path) }
    }
    let output = against("nothing", answers, &["lint", "--with-cluster"]);
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert_eq!(text, "beamgate: no workload may be listed in namespace `shop`: User \"me\" cannot list anything\n");
}

#[test]
fn all_namespaces_are_asked_for_at_once() {
    fn answers(path: &str) -> (u16, Value) {
        if path.contains("/namespaces/") { refused(403, "not one by one") } else { split(path) }
    }
    let output = against("all", answers, &["lint", "--with-cluster", "-A", "--format", "json"]);
    let report = parsed(&output);
    assert_eq!(report["workloads"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["cluster"]["namespaces"], json!(["shop"]));
    assert_eq!(report["findings"][0]["code"], "BG301");
}

/// Pods that carry what the webhook puts into them show that it is there.
#[test]
fn a_webhook_is_seen_by_what_it_has_injected() {
    fn unnamed() -> Value {
        let mut app = stateful_set(NAMED);
        let env = app["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env.retain(|var| !var["name"].as_str().unwrap().starts_with("RELEASE_D") && var["name"] != "RELEASE_NODE");
        app
    }
    fn without(path: &str) -> (u16, Value) {
        if resource(path).0 == "statefulsets" { list(&[unnamed()]) } else { formed(path) }
    }
    fn with(path: &str) -> (u16, Value) {
        let mut injected = pod(0);
        injected["metadata"]["annotations"]["beamgate.dev/injected"] = json!("cart: RELEASE_NODE");
        if resource(path).0 == "pods" { list(&[injected]) } else { without(path) }
    }
    let verdict = |name, answers| {
        let report = parsed(&against(name, answers, &["lint", "--with-cluster", "--format", "json"]));
        (report["workloads"][0]["verdict"].clone(), report["cluster"]["injects"].clone())
    };
    assert_eq!(verdict("without", without), (json!("open"), json!(false)));
    assert_eq!(verdict("with", with), (json!("forms"), json!(true)));
}

#[test]
fn config_maps_are_read_one_by_one() {
    fn answers(path: &str) -> (u16, Value) {
        let mut app = stateful_set(NAMED);
        let env = app["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap();
        env[4] = json!({"name": "RELEASE_NODE", "valueFrom": {"configMapKeyRef": {"name": "names", "key": "node"}}});
        match resource(path) {
            ("statefulsets", _) => list(&[app]),
            ("names", _) if path.contains("/configmaps/") => (
                200,
                json!({"metadata": {"name": "names", "namespace": "shop"}, "data": {"node": "cart@$(MY_POD_IP)"}}),
            ),
            ("configmaps", _) => refused(403, "not all of them"),
            _ => formed(path),
        }
    }
    let report = parsed(&against("maps", answers, &["lint", "--with-cluster", "--format", "json"]));
    let codes: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert!(codes.contains(&&json!("BG105")), "{report}");
}
