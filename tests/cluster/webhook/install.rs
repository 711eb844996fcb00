//! Puts the webhook on the cluster, as `deploy/` has it, and takes it away.

use serde_json::{Value, json};

use crate::admission::{labelled_pod, try_out};
use crate::cluster::{self, feed_kubectl, kubectl, succeed, until};
use crate::replicas::{NAMESPACE, begin_again, rolled_out, scale};

const CERTIFICATES: &str = "beamgate-certificates";

const REGISTRATIONS: &str = "mutatingwebhookconfiguration,validatingwebhookconfiguration";

/// Applies the manifests, and waits until all replicas are as they say.
pub(super) fn apply() {
    succeed(&["apply", "-k", &manifests()]);
    rolled_out();
}

/// The folder that says what is applied: `deploy/` with the image of the tests.
pub(super) fn manifests() -> String {
    cluster::root().join("tests/cluster/webhook/manifests").to_str().unwrap().to_owned()
}

/// The webhook on the cluster: gone with this, unless it is to be kept.
pub(super) struct Installed {
    keep: bool,
}

impl Installed {
    /// Puts it there, and waits until the API server gets answers.
    pub(super) fn new(keep: bool) -> Self {
        let installed = Self { keep };
        apply();
        until("the injector answers", || try_out(&labelled_pod("default")).is_ok());
        installed
    }
}

impl Drop for Installed {
    /// Takes away what others would notice. The namespace stays: to delete one takes long.
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        kubectl(&["delete", REGISTRATIONS, "beamgate", "--ignore-not-found"], "");
        for object in ["deployment/beamgate", "secret/beamgate-certificates"] {
            kubectl(&["delete", "--namespace", NAMESPACE, object, "--ignore-not-found"], "");
        }
    }
}

/// Begins anew, with these arguments more: without certificates, and so with a new authority.
pub(super) fn begin_anew(arguments: &[&str]) {
    scale(0);
    put_certificates(&Value::Null);
    set_arguments(arguments);
    scale(2);
}

/// What is kept of the certificates.
pub(super) fn certificates() -> Value {
    cluster::get(&["secret", CERTIFICATES, "--namespace", NAMESPACE])[0]["data"].take()
}

/// Writes something over the certificates that are kept.
pub(super) fn put_certificates(data: &Value) {
    for data in [&Value::Null, data] {
        let patch = json!({"data": data}).to_string();
        succeed(&["patch", "secret", CERTIFICATES, "--namespace", NAMESPACE, "--type=merge", "--patch", &patch]);
    }
}

/// Gives it these arguments beside those of the manifests, and waits until the replicas that have them are alone.
pub(super) fn set_arguments(arguments: &[&str]) {
    let deployment = objects().into_iter().find(|object| object["kind"] == "Deployment").unwrap();
    let written = deployment.pointer("/spec/template/spec/containers/0/args").unwrap().as_array().unwrap();
    let all: Vec<Value> = written.iter().cloned().chain(arguments.iter().map(|argument| json!(argument))).collect();
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": all}]).to_string();
    succeed(&["patch", "deployment", "beamgate", "--namespace", NAMESPACE, "--type=json", "--patch", &patch]);
    rolled_out();
}

/// The objects that the manifests say.
pub(super) fn objects() -> Vec<Value> {
    let rendered = succeed(&["kustomize", &manifests()]);
    let list = feed_kubectl(&["create", "--dry-run=client", "--output=json", "-f", "-"], &rendered);
    // One object after the other, without a list around them.
    serde_json::Deserializer::from_str(&list).into_iter().map(Result::unwrap).collect()
}

/// Gives it these lines below `[webhook]`, and none else.
pub(super) fn configure(lines: &str) {
    let file = format!("injection = \"webhook\"\n[webhook]\n{lines}\n");
    let patch = json!({"data": {"beamgate.toml": file}}).to_string();
    succeed(&["patch", "configmap", &configuration(), "--namespace", NAMESPACE, "--patch", &patch]);
    begin_again();
}

/// The ConfigMap that the pods mount: a part of its name is made of what the manifests say in it.
fn configuration() -> String {
    let query = "--output=jsonpath={.spec.template.spec.volumes[?(@.name=='config')].configMap.name}";
    succeed(&["get", "deployment", "beamgate", "--namespace", NAMESPACE, query])
}
