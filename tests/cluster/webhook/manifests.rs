//! The manifests are what the API server keeps, to the last default: whoever compares the two finds no difference.

use serde_json::{Value, json};

use super::install;
use super::seen::Seen;
use crate::cluster;

pub(super) const HEAD: &str = "\
## What is applied is what is there

| | seen |
|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let again = install::succeed(&["apply", "-k", &install::manifests()]);
    let changed: Vec<&str> = again.lines().filter(|line| !line.ends_with(" unchanged")).collect();
    seen.expect(changed.is_empty(), format!("applied again, these change: {changed:?}"));
    seen.row(["`kubectl apply -k` once more", "unchanged; certificates and `caBundle` stay"]);
    trusts_itself(seen);
    for written in install::objects().into_iter().map(without_what_is_assigned) {
        let kind = written["kind"].as_str().unwrap();
        let name = written["metadata"]["name"].as_str().unwrap();
        let there = &cluster::get(&[&format!("{kind}/{name}"), "--namespace", install::NAMESPACE])[0];
        let there = without_what_is_assigned(there.clone());
        seen.expect(there == written, format!("{kind} {name} is written as {written}\nand is kept as {there}"));
    }
    seen.row(["every object, field by field", "no default of the API server is left out"]);
}

/// What was written by others than us is still there.
fn trusts_itself(seen: &mut Seen) {
    let answers = install::try_out(&install::labelled_pod("default"));
    seen.expect(answers.is_ok(), "after that, the API server does not trust the webhook any more");
}

/// Takes out what is not for a manifest to say.
fn without_what_is_assigned(mut object: Value) -> Value {
    let metadata = object["metadata"].take();
    object["metadata"] =
        json!({"name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata["labels"]});
    // The API server repeats the name there.
    if object["kind"] == "Namespace" {
        object["metadata"]["labels"].as_object_mut().unwrap().remove("kubernetes.io/metadata.name");
    }
    for (path, key) in [
        ("", "status"),
        ("/spec", "finalizers"),
        ("/spec", "clusterIP"),
        ("/spec", "clusterIPs"),
        ("/spec", "ipFamilies"),
        ("/spec", "ipFamilyPolicy"),
    ] {
        remove(object.pointer_mut(path), key);
    }
    if object["kind"] == "Secret" {
        remove(Some(&mut object), "data");
    }
    for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
        remove(webhook.get_mut("clientConfig"), "caBundle");
    }
    object
}

fn remove(from: Option<&mut Value>, key: &str) {
    if let Some(Value::Object(map)) = from {
        map.remove(key);
    }
}
