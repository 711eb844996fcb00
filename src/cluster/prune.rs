//! Leaves out of an object what no rule reads; some of that is longer than all the rest.
//!
//! Only keys of the API's own are taken out, each where it stands: a label may be called `status`.

#[cfg(feature = "webhook")]
use crate::world::declared::PREFIX;
use crate::world::node::{Entry, Node, Span, Value};
use crate::world::workload::WorkloadPath;

/// What is read of `metadata`.
const METADATA: [&str; 5] = ["name", "generateName", "namespace", "labels", "annotations"];

/// The object once more, as text.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is not read of a pod's `spec`.
const POD: [&str; 5] = ["imagePullSecrets", "securityContext", "tolerations", "volumes", "schedulerName"];

/// What is not read of a container.
const CONTAINER: [&str; 3] = ["imagePullPolicy", "resources", "terminationMessagePath"];

/// Leaves out what no rule reads, and says the kind, which the items of a list leave out.
pub(super) fn prune(root: &mut Node<'_>, kind: &str) {
    let named = root.get("kind").is_some();
    let Value::Map(entries) = &mut root.value else { return };
    entries.retain(|entry| entry.key != "status");
    if !named {
        let node = Node::nowhere(Value::String(kind.to_owned().into()));
        entries.push(Entry { key: "kind".into(), key_span: Span::default(), node });
    }
    if let Some(metadata) = below(root, &["metadata"]) {
        keep(metadata, |key| METADATA.contains(&key));
    }
    if let Some(annotations) = below(root, &["metadata", "annotations"]) {
        keep(annotations, |key| key != LAST_APPLIED);
    }
    for rule in items(root, &["rules"]).iter_mut().filter(|rule| !is_about_peers(rule)) {
        // A near miss is pointed at by its position, so the others stay as empty ones.
        rule.value = Value::Map(Vec::new());
    }
    if let Some(path) = WorkloadPath::of(kind, &[]) {
        let keys: Vec<&str> = path.template.iter().map(String::as_str).chain(["spec"]).collect();
        prune_pod(root, &keys);
    }
}

/// Leaves out the annotations of others, and of a namespace their labels: what the webhook does not go by.
#[cfg(feature = "webhook")]
pub(super) fn prune_pairs(root: &mut Node<'_>, kind: &str) {
    let labels = (kind == "Namespace").then_some("labels");
    for pairs in ["annotations"].into_iter().chain(labels) {
        if let Some(pairs) = below(root, &["metadata", pairs]) {
            keep(pairs, |key| key.starts_with(PREFIX));
        }
    }
}

fn prune_pod(root: &mut Node<'_>, keys: &[&str]) {
    let Some(spec) = below(root, keys) else { return };
    keep(spec, |key| !POD.contains(&key));
    for list in ["initContainers", "containers"] {
        for container in items(spec, &[list]) {
            keep(container, |key| !CONTAINER.contains(&key));
        }
    }
}

/// Whether a rule is about what a strategy lists, or is mistaken for it.
fn is_about_peers(rule: &Node<'_>) -> bool {
    let near = |name: &String| matches!(name.as_str(), "*" | "pods" | "endpoints" | "endpointslices" | "services");
    rule.texts("resources").iter().any(near)
}

fn keep(node: &mut Node<'_>, is_kept: impl Fn(&str) -> bool) {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| is_kept(&entry.key));
    }
}

fn below<'n, 's>(node: &'n mut Node<'s>, keys: &[&str]) -> Option<&'n mut Node<'s>> {
    keys.iter().try_fold(node, |node, key| match &mut node.value {
        Value::Map(entries) => entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.node),
        _ => None,
    })
}

fn items<'n, 's>(node: &'n mut Node<'s>, keys: &[&str]) -> &'n mut [Node<'s>] {
    match below(node, keys) {
        Some(Node { value: Value::List(items), .. }) => items,
        _ => &mut [],
    }
}

#[cfg(all(test, feature = "webhook"))]
mod tests {
    use super::*;
    use crate::world::object::Object;
    use serde_json::{Value as Json, json};

    fn pruned(object: &Json, kind: &str) -> Json {
        let mut node = Node::of_json(object);
        prune(&mut node, kind);
        prune_pairs(&mut node, kind);
        node.to_json()
    }

    #[test]
    fn keys_of_the_users_stay_whatever_they_are_called() {
        let object = json!({"metadata": {"name": "cart", "uid": "1", "managedFields": [{}], "labels": {"status": "a"},
                "annotations": {"beamgate.dev/ignore": "b", "status": "c"}},
            "spec": {"selector": {"status": "d", "volumes": "e"}}, "status": {}});
        let expected = json!({"kind": "Service", "metadata": {"name": "cart", "labels": {"status": "a"},
                "annotations": {"beamgate.dev/ignore": "b"}},
            "spec": {"selector": {"status": "d", "volumes": "e"}}});
        assert_eq!(pruned(&object, "Service"), expected);
    }

    /// What is left reads as the whole does, but for annotations of others and rules about nothing that is listed.
    #[test]
    fn what_is_left_reads_like_the_whole() {
        let container = json!({"name": "cart", "image": "cart:1", "resources": {"limits": {}},
            "livenessProbe": {"exec": {"command": ["a"]}}, "securityContext": {"readOnlyRootFilesystem": true}, "env": [{"name": "A", "value": "1"}], "volumeMounts": [{"name": "a", "mountPath": "/a"}]});
        let object = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "cart"},
            "spec": {"serviceName": "cart", "replicas": 3, "template": {
                "metadata": {"labels": {"app": "cart"}, "annotations": {"other": "stays"}},
                "spec": {"containers": [container], "initContainers": [container], "volumes": [{}], "subdomain": "cart"}}}});
        let read = |object: &Json| format!("{:?}", Object::read(&Node::of_json(object), "", &[]).unwrap());
        let less = pruned(&object, "StatefulSet");
        assert_eq!(read(&less), read(&object));
        for gone in ["resources", "volumes"] {
            assert!(object.to_string().contains(gone) && !less.to_string().contains(gone), "{gone}");
        }
    }
}
