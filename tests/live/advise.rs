//! What a cluster has need not be written, and what it calls something is not taken.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::scene::{formed, resource, service};
use crate::server::{list, refused};
use crate::{against, parsed, said};

/// The workload before anybody thought of clustering.
const BARE: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: cart
  namespace: shop
spec:
  replicas: 2
  serviceName: cart
  selector:
    matchLabels:
      app: cart
  template:
    metadata:
      labels:
        app: cart
    spec:
      containers:
        - name: cart
          image: cart:1
";

/// The path of a file of its own.
fn file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("live-{name}.yaml"));
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn candidate<'d>(document: &'d Value, name: &str) -> &'d Value {
    let candidates = document["candidates"].as_array().unwrap();
    candidates.iter().find(|candidate| candidate["name"] == name).unwrap()
}

#[test]
fn a_service_that_is_on_the_cluster_is_not_written_again() {
    let file = file("advised", BARE);
    let arguments = ["advise", "cart", &file, "--strategy", "Kubernetes.DNSSRV", "--format", "json"];
    let alone = parsed(&against("advised-alone", formed, &arguments));
    assert_eq!(candidate(&alone, "Kubernetes.DNSSRV")["created"], json!(["Service cart"]), "{alone}");
    assert_eq!(alone["cluster"], Value::Null);

    let output = against("advised", formed, &[&arguments[..], &["--with-cluster", "--write"]].concat());
    let around = parsed(&output);
    let srv = candidate(&around, "Kubernetes.DNSSRV");
    assert_eq!((&srv["created"], &srv["verdict"]), (&json!([]), &json!("forms")), "{around}");
    assert_eq!((&around["cluster"]["context"], &around["cluster"]["objects"]), (&json!("it"), &json!(3)));
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("Kubernetes.DNSSRV") && !written.contains("kind: Service"), "{written}");
    let report = parsed(&against("advised-lint", formed, &["lint", "--with-cluster", &file, "--format", "json"]));
    assert_eq!(report["workloads"][0]["verdict"], "forms", "{report}");
}

#[test]
fn a_right_that_is_granted_on_the_cluster_is_not_asked_for() {
    fn granted(path: &str) -> (u16, Value) {
        let named = json!({"name": "peers", "namespace": "shop"});
        match resource(path).0 {
            "roles" => list(&[
                json!({"metadata": named, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
            ]),
            "rolebindings" => list(&[json!({
                "metadata": named,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "peers"},
                "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}],
            })]),
            _ => formed(path),
        }
    }
    let arguments = ["advise", "cart", &file("granted", BARE), "--format", "json", "--with-cluster"];
    let rights = |document: &Value| candidate(document, "Kubernetes:ip:pods")["rights"].clone();
    assert_eq!(rights(&parsed(&against("no-right", formed, &arguments))), json!("pods"));
    assert_eq!(rights(&parsed(&against("right", granted, &arguments))), Value::Null);
}

#[test]
fn a_name_that_is_taken_there_is_not_used() {
    fn taken(path: &str) -> (u16, Value) {
        let mut virtual_one = service("cart");
        virtual_one["spec"] = json!({"selector": {"app": "cart"}, "ports": [{"port": 80}]});
        let mut other = service("till-headless");
        other["spec"]["selector"] = json!({"app": "basket"});
        match resource(path).0 {
            "services" => list(&[virtual_one, other]),
            _ => formed(path),
        }
    }
    let deployment = BARE.replace("StatefulSet", "Deployment").replace("  serviceName: cart\n", "");
    let arguments = [
        "advise",
        "till",
        &file("taken", &deployment.replacen("name: cart", "name: till", 1)),
        "--strategy",
        "Kubernetes.DNS",
        "--with-cluster",
    ];
    let output = against("taken", taken, &[&arguments[..], &["--format", "json"]].concat());
    let document = parsed(&output);
    assert_eq!(candidate(&document, "Kubernetes.DNS")["created"], json!(["Service till-headless-2"]), "{document}");
    let text = said(&against("taken-text", taken, &arguments));
    assert!(text.contains("note: beside the files the cluster of context `it` was read"), "{text}");
}

#[test]
fn what_may_not_be_listed_leaves_the_candidates_open() {
    fn hidden(path: &str) -> (u16, Value) {
        if resource(path).0 == "services" { refused(403, "no") } else { formed(path) }
    }
    let arguments = ["advise", "cart", &file("hidden-services", BARE), "--with-cluster"];
    let text = said(&against("hidden-services", hidden, &arguments));
    assert!(text.contains("note: Service may not be read in namespace `shop`"), "{text}");
}

#[test]
fn a_workload_of_the_cluster_alone_is_in_no_file() {
    let other = file("other", &BARE.replacen("name: cart", "name: till", 1));
    let output = against("in-no-file", formed, &["advise", "cart", &other, "--with-cluster"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("StatefulSet shop/cart is on the cluster and in no file"), "{}", said(&output));
}
