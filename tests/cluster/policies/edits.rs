//! Labels, annotations and edits of what is there: what the webhook lets pass, passes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{self, kubectl, succeed};
use crate::parts::Seen;
use crate::stage;

pub(super) const HEAD: &str = "\
## What passes, and what does not

A Deployment whose basename no node can have (BG107), in a namespace with the label `beamgate.dev/enforce`, or without.

| what is done | label | seen |
|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let namespace = stage::namespace(stage::first_namespace());
    cluster::prepare(
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"proof": "yes"}}})
            .to_string(),
    );
    let wrong = deployment(&namespace, "a.b", &json!({}));
    let ignored = deployment(&namespace, "a.b", &json!({"beamgate.dev/ignore": "BG107: nobody dials it"}));
    let mut scaled = wrong.clone();
    scaled["spec"]["replicas"] = json!(0);
    let mut twice = wrong.clone();
    twice["spec"]["template"]["spec"]["automountServiceAccountToken"] = json!(false);
    twice["spec"]["template"]["metadata"]["labels"]["beamgate.dev/strategy"] = json!("Kubernetes");
    let mut step = |what: &str, label: Option<&str>, object: &Value, wanted: &str| {
        let change =
            label.map_or_else(|| "beamgate.dev/enforce-".to_owned(), |label| format!("beamgate.dev/enforce={label}"));
        succeed(&["label", "namespace", &namespace, "--overwrite", &change]);
        let tried = |how: &[&str]| {
            let output = kubectl(&[how, &["-f", "-"]].concat(), &object.to_string());
            super::summary(&String::from_utf8_lossy(&output.stderr))
        };
        // The API server sees labels of namespaces a moment later.
        let dry = || tried(&["apply", "--dry-run=server"]);
        let said = (0..10).map(|_| dry()).inspect(|_| std::thread::sleep(Duration::from_millis(500)));
        let said = said.fuse().find(|said| said == wanted).unwrap_or_else(dry);
        let applied = tried(&["apply"]);
        seen.expect(applied == said, format!("{what}: {applied:?}, in a dry run {said:?}"));
        seen.expect(said == wanted, format!("{what}: {said:?}, expected {wanted:?}"));
        let said = if said.is_empty() { "passes" } else { &said };
        seen.row([what, label.unwrap_or("none"), said]);
    };
    step("made", None, &wrong, "denied BG107");
    step("made", Some("strict"), &wrong, "denied BG107");
    step("made, and the annotation says why", None, &ignored, "");
    succeed(&["delete", "deployment", "cart", "--namespace", &namespace]);
    step("made", Some("wrn"), &wrong, "warned BG107");
    succeed(&["delete", "deployment", "cart", "--namespace", &namespace]);
    step("made", Some("off"), &wrong, "");
    step("the fault is there already; scaled", None, &scaled, "");
    step("the fault is there already; another is added", None, &twice, "");
    let other = deployment(&namespace, "a:b", &json!({}));
    step("the fault is there already; its value is another", None, &other, "");
    succeed(&["delete", "deployment", "cart", "--namespace", &namespace]);
    let clean = named(deployment(&namespace, "cart", &json!({})));
    step("nothing is wrong; made", None, &clean, "");
    step("nothing was wrong; the fault is added", None, &named(wrong), "denied BG107");
    succeed(&["delete", "deployment", "cart", "--namespace", &namespace]);
}

/// As its peers dial it, whatever the declaration says.
fn named(mut deployment: Value) -> Value {
    let env = &mut deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    env.as_array_mut().unwrap().extend([
        json!({"name": "MY_POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
        json!({"name": "RELEASE_DISTRIBUTION", "value": "name"}),
        json!({"name": "RELEASE_NODE", "value": "cart@$(MY_POD_IP)"}),
    ]);
    deployment
}

/// Without replicas: this is about what is said.
fn deployment(namespace: &str, basename: &str, more: &Value) -> Value {
    let mut annotations =
        json!({"beamgate.dev/basename": basename, "beamgate.dev/service": "cart", "beamgate.dev/selector": "app=cart"});
    let all = annotations.as_object_mut().unwrap();
    more.as_object().unwrap().iter().for_each(|(key, value)| _ = all.insert(key.clone(), value.clone()));
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": namespace},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "cart"}}, "template": {
            "metadata": {"labels": {"app": "cart", "beamgate.dev/strategy": "Kubernetes.DNS"}, "annotations": annotations},
            "spec": {"containers": [{"name": "cart", "image": "cluster-demo:1",
                "env": [{"name": "RELEASE_COOKIE", "valueFrom": {"secretKeyRef": {"name": "c", "key": "c"}}}]}]}}}})
}
