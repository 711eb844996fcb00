//! The manifests are what the API server keeps, to the last default: whoever compares the two finds no difference.

use serde_json::{Value, json};

use super::install;
use crate::admission;
use crate::cluster::{self, kubectl};
use crate::parts::Seen;
use crate::replicas;

pub(super) const HEAD: &str = "\
## What is applied is what is there

| | seen |
|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let before = install::certificates();
    cluster::succeed(&["apply", "-k", &install::manifests()]);
    seen.expect(before == install::certificates(), "applied again, the certificates are gone");
    trusts_itself(seen);
    seen.row(["`kubectl apply -k` once more", "the certificates stay, and are trusted"]);
    // It ends with 1 where there is a difference.
    let difference = kubectl(&["diff", "-k", &install::manifests()], "");
    let shown = String::from_utf8_lossy(&difference.stdout);
    seen.expect(difference.status.success(), format!("`kubectl diff` shows {shown}"));
    seen.row(["`kubectl diff -k`", "no difference"]);
    for written in install::objects().into_iter().map(without_what_is_assigned) {
        let kind = written["kind"].as_str().unwrap();
        let name = written["metadata"]["name"].as_str().unwrap();
        let there = &cluster::get(&[&format!("{kind}/{name}"), "--namespace", replicas::NAMESPACE])[0];
        let there = without_what_is_assigned(there.clone());
        seen.expect(there == written, format!("{kind} {name} is written as {written}\nand is kept as {there}"));
    }
    seen.row(["every object, field by field", "every default of the API server is written out"]);
}

/// What was written by others than us is still there.
fn trusts_itself(seen: &mut Seen) {
    let answers = admission::try_out(&admission::labelled_pod("default"));
    seen.expect(answers.is_ok(), "after that, the API server does not trust the webhook any more");
}

/// Where the API server, a controller or the webhook writes what is not for a manifest to say.
const ASSIGNED: [&str; 9] = [
    "/status",
    // What `get` was asked for, and nothing of the object.
    "/items",
    "/metadata/labels/kubernetes.io~1metadata.name",
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/finalizers",
    "/spec/ipFamilies",
    "/spec/ipFamilyPolicy",
    "/spec/template/metadata/annotations",
];

/// Takes out what is not for a manifest to say.
fn without_what_is_assigned(mut object: Value) -> Value {
    let metadata = object["metadata"].take();
    object["metadata"] = json!({"name": metadata["name"], "labels": metadata["labels"]});
    for pointer in ASSIGNED {
        remove(&mut object, pointer);
    }
    if object["kind"] == "Secret" {
        remove(&mut object, "/data");
    }
    if object["kind"] == "Namespace" {
        remove(&mut object, "/spec");
    }
    let webhooks = object.get("webhooks").and_then(Value::as_array).map_or(0, Vec::len);
    for webhook in 0..webhooks {
        remove(&mut object, &format!("/webhooks/{webhook}/clientConfig/caBundle"));
    }
    object
}

fn remove(object: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    if let Some(Value::Object(map)) = object.pointer_mut(parent) {
        map.remove(&key.replace("~1", "/"));
    }
}
