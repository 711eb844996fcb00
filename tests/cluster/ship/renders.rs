//! What the chart renders is what the kustomizations say, object for object and field for field.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use beamgate::manifest::yaml;
use serde_json::Value;

use crate::cluster;
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## The chart and the kustomizations say the same

Rendered with `helm` and `kubectl kustomize`, and compared field by field, but for the namespace, Helm's own labels, and what makes new
pods of a change of the configuration: an annotation in the chart, in the kustomizations a hash in the ConfigMap's name.

| chart | kustomization | seen |
|---|---|---|
";

/// The values of the chart, and what has to be the same.
const PAIRS: [(&[&str], &str); 5] = [
    (&[], "base"),
    (&[], "overlays/self-managed"),
    (&["--set", "certificates.mode=certManager"], "overlays/cert-manager"),
    (&["--set", "validator.failurePolicy=Fail"], "overlays/fail-closed"),
    (&["--set-file", "policy=policies/observe.toml"], "overlays/lint-only"),
];

/// Values that nobody can have meant, and what is said of them.
const SLIPS: [(&str, &str); 9] = [
    ("replica=3", "additional properties 'replica' not allowed"),
    ("image.Tag=latest", "additional properties 'Tag' not allowed"),
    ("certificates.mode=selfmanaged", "value must be one of"),
    ("certificates.mode=secret", "certificates.secret.name must name the Secret"),
    ("injector.failurePolicy=fail", "value must be one of"),
    ("excludedNamespaces=legacy", "got string, want array"),
    // A null takes the default away.
    ("injector.failurePolicy=null", "missing property 'failurePolicy'"),
    ("certificates.secret=null", "missing property 'secret'"),
    ("image.tag=null", "missing property 'tag'"),
];

/// Names of releases, and what their objects are called: a Service cannot have every name that a release can.
const RELEASES: [(&str, Option<&str>); 4] = [
    ("edge", Some("edge-beamgate")),
    ("beamgate-9", Some("beamgate-9")),
    ("edge.v1", Some("edge-v1-beamgate")),
    ("9", None),
];

pub(super) fn play(seen: &mut Seen) {
    let plain = objects(&chart(&[]));
    for (values, folder) in PAIRS {
        let said = objects(&kustomization(folder));
        let different = differences(&objects(&chart(values)), &said);
        seen.expect(different.is_empty(), format!("{values:?} is not {folder}:\n{}", different.join("\n")));
        // What compares must be able to tell the overlays apart.
        let told = values.is_empty() || !differences(&plain, &said).is_empty();
        seen.expect(told, format!("{folder} is not told from the base"));
        let values = if values.is_empty() { "by default".to_owned() } else { format!("`{}`", values.join(" ")) };
        seen.row([&values, &format!("`{folder}`"), "the same"]);
    }
    for (value, complaint) in SLIPS {
        let said = helm(&["--set", value]).err().unwrap_or_default();
        seen.expect(said.contains(complaint), format!("--set {value}: {said:?}"));
        seen.row([&format!("`--set {value}`"), "", "refused"]);
    }
    for (release, called) in RELEASES {
        names(release, called, seen);
    }
    keeps_what_is_given(seen);
}

fn names(release: &str, called: Option<&str>, seen: &mut Seen) {
    let rendered = template(release, &[]);
    let title = format!("a release called `{release}`");
    let Some(called) = called else {
        let refused = rendered.as_ref().is_err_and(|complaint| complaint.contains("no Service can be called"));
        seen.expect(refused, format!("{title}: {rendered:?}"));
        return seen.row([&title, "", "refused"]);
    };
    let service = ["Service", "beamgate-system", called].map(str::to_owned);
    let holds = rendered.is_ok_and(|text| objects(&text).contains_key(&service));
    seen.expect(holds, format!("{title} has no Service {called}"));
    seen.row([&title, "", &format!("the Service `{called}`")]);
}

/// The user's texts stay as they are, and the user's labels do not displace those that the pods are found by.
fn keeps_what_is_given(seen: &mut Seen) {
    let policy = "   # It begins with a blank.\n[webhook]\nenforce = \"off\"\n";
    let said = objects(&chart(&["--set-string", &format!("policy={policy}")]));
    let kept = &said[&["ConfigMap", "beamgate-system", "beamgate-config"].map(str::to_owned)]["data"]["beamgate.toml"];
    seen.expect(kept == policy, format!("the configuration {policy:?} becomes {kept}"));
    seen.row(["a configuration that begins with a blank", "", "is kept to the byte"]);
    let labels = r"podLabels.app\.kubernetes\.io/name=mine,podLabels.team=shop";
    let said = chart(&["--set-string", labels]);
    let kept = said.contains("team: shop") && !said.contains("app.kubernetes.io/name: mine");
    seen.expect(kept, format!("--set {labels}: {said}"));
    seen.row(["`podLabels` that displace a label of the selector", "", "the selector's stays"]);
}

fn chart(values: &[&str]) -> String {
    helm(values).unwrap_or_else(|complaint| panic!("helm template {values:?}: {complaint}"))
}

fn helm(values: &[&str]) -> Result<String, String> {
    template("beamgate", values)
}

/// What the chart renders, or what Helm says against it. It has no cluster to ask for its version here.
fn template(release: &str, values: &[&str]) -> Result<String, String> {
    let all = [&["template", release, "deploy/helm", "-n", "beamgate-system", "--kube-version=1.35.0"], values];
    let output = cluster::feed(Command::new("helm").args(all.concat()).current_dir(cluster::root()), "");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// What a kustomization says, without a warning.
fn kustomization(folder: &str) -> String {
    let folder = cluster::root().join("deploy/kustomize").join(folder);
    let output = cluster::kubectl(&["kustomize", folder.to_str().unwrap()], "");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "kubectl kustomize {}: {complaint}", folder.display());
    without_hash(&String::from_utf8_lossy(&output.stdout))
}

/// The ConfigMap as it is called in the chart, wherever it is named.
fn without_hash(rendered: &str) -> String {
    let is_generated = |key: &&Key| key[0] == "ConfigMap";
    let all = objects(rendered);
    let generated = &all.keys().find(is_generated).unwrap()[2];
    let hash = generated.strip_prefix("beamgate-config-").unwrap_or_default();
    assert!(
        hash.len() == 10 && rendered.matches(generated).count() == 2,
        "{generated} is not what the pods mount, and they alone"
    );
    rendered.replace(generated, "beamgate-config")
}

/// Kind, namespace and name.
type Key = [String; 3];

/// The objects of rendered documents, without what Helm alone says, and without the namespace, which it makes by itself.
fn objects(rendered: &str) -> BTreeMap<Key, Value> {
    let parsed = yaml::documents(rendered).into_iter().filter_map(|at| yaml::parse(rendered, at).unwrap());
    let all = parsed.map(|document| document.root.to_json()).filter(|object| object["kind"] != "Namespace");
    let mut found = BTreeMap::new();
    for object in all.map(without_helms_own) {
        let name = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = ["/kind", "/metadata/namespace", "/metadata/name"].map(name);
        let twice = found.insert(key, object);
        assert_eq!(twice, None, "an object is there twice");
    }
    found
}

fn without_helms_own(mut object: Value) -> Value {
    if let Some(Value::Object(labels)) = object.pointer_mut("/metadata/labels") {
        labels.retain(|label, _| label == "app.kubernetes.io/name");
    }
    if let Some(Value::Object(template)) = object.pointer_mut("/spec/template/metadata") {
        let annotations = template.remove("annotations");
        let keys: Vec<&String> = annotations.iter().filter_map(Value::as_object).flat_map(|all| all.keys()).collect();
        assert!(keys.iter().all(|key| *key == "checksum/config"), "{keys:?}");
    }
    object
}

/// What is not the same, a line each.
fn differences(left: &BTreeMap<Key, Value>, right: &BTreeMap<Key, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    let keys: BTreeSet<&Key> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let of = |side: &BTreeMap<Key, Value>| side.get(key).cloned().unwrap_or_default();
        compare(&key.join(" "), &of(left), &of(right), &mut lines);
    }
    lines
}

fn compare(at: &str, left: &Value, right: &Value, lines: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            keys.into_iter().for_each(|key| compare(&format!("{at}/{key}"), &left[key], &right[key], lines));
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.for_each(|(index, (left, right))| compare(&format!("{at}/{index}"), left, right, lines));
        }
        _ if left == right => {}
        _ => lines.push(format!("{at}: {left} and {right}")),
    }
}
