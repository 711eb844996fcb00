//! Whoever compares what was applied with what is there finds no difference, and may apply it again.

use serde_json::{Value, json};

use super::install::CLUSTER_WIDE;
use crate::cluster::{self, kubectl};
use crate::replicas::NAMESPACE;

/// Who applies manifests on the server's side: Argo CD and Flux, by the names of their field managers.
const ENGINES: [&str; 2] = ["argocd-controller", "kustomize-controller"];

/// Applies a manifest once more, as others do it; what is different then, or refused.
pub(super) fn drift(manifest: &str) -> Vec<String> {
    let before = written();
    let mut wrong: Vec<String> = run(&["diff"], manifest).err().into_iter().collect();
    if !has_certificates(&before) {
        wrong.push(format!("some webhook has no `caBundle`, or nothing is kept: {before}"));
    }
    for engine in ENGINES {
        let manager = format!("--field-manager={engine}");
        wrong.extend(run(&["apply", "--server-side", &manager], manifest).err());
        wrong.extend(run(&["diff", "--server-side", &manager], manifest).err());
        if written() != before {
            wrong.push(format!("{engine} changes the certificates, or whom the API server trusts"));
        }
    }
    wrong
}

/// `diff` ends with 1 where there is a difference.
fn run(arguments: &[&str], manifest: &str) -> Result<(), String> {
    let output = kubectl(&[arguments, &["-f", "-"]].concat(), manifest);
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("`kubectl {}` shows {}", arguments.join(" "), String::from_utf8_lossy(&said)))
}

/// What others than the installer have written: what the Secrets keep, and whom each webhook trusts.
pub(super) fn written() -> Value {
    let registrations = cluster::get(&[CLUSTER_WIDE, "-l", "app.kubernetes.io/name=beamgate"]);
    let webhooks = registrations.iter().filter_map(|one| one["webhooks"].as_array()).flatten();
    let bundles: Vec<&Value> = webhooks.map(|webhook| &webhook["clientConfig"]["caBundle"]).collect();
    let secrets = cluster::get(&["secrets", "--namespace", NAMESPACE]);
    // A release of Helm is a Secret too.
    let secrets = secrets.iter().filter(|secret| secret["type"] != "helm.sh/release.v1");
    let kept: Vec<&Value> = secrets.map(|secret| &secret["data"]).collect();
    json!({"bundles": bundles, "kept": kept})
}

fn has_certificates(written: &Value) -> bool {
    let all_there = |list: &Value| list.as_array().is_some_and(|all| !all.is_empty() && !all.contains(&Value::Null));
    all_there(&written["bundles"]) && all_there(&written["kept"])
}
