//! What the API server makes of an object when it has asked its webhooks, and what it counts of that.

use serde_json::{Value, json};

use crate::cluster::{kubectl, succeed};

/// A pod with the label and what the name needs, and no name.
pub(crate) fn labelled_pod(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "cart",
            "namespace": namespace,
            "labels": {"beamgate.dev/strategy": "Kubernetes.DNS"},
            "annotations": {"beamgate.dev/basename": "cart", "beamgate.dev/service": "cart"},
        },
        "spec": {"containers": [{"name": "cart", "image": "cluster-demo:1"}]},
    })
}

/// What the API server makes of an object, and what it says to that.
pub(crate) struct Given {
    pub(crate) object: Value,
    pub(crate) warnings: Vec<String>,
}

/// What the API server would make of an object.
///
/// # Errors
/// What it says if it refuses it.
pub(crate) fn try_out(object: &Value) -> Result<Given, String> {
    let output = kubectl(&["create", "--dry-run=server", "-o", "json", "-f", "-"], &object.to_string());
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(said);
    }
    let warnings = said.lines().filter_map(|line| line.strip_prefix("Warning: ")).map(str::to_owned).collect();
    Ok(Given { object: serde_json::from_slice(&output.stdout).unwrap(), warnings })
}

/// Calls since the API server began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calls {
    /// All of them.
    pub(crate) all: u64,
    /// Those without an answer where the object was let pass.
    pub(crate) failed_open: u64,
    /// Those without an answer, or without one that can be used, where the object was refused.
    pub(crate) failed: u64,
}

impl Calls {
    /// Up to now.
    pub(crate) fn now() -> Self {
        let text = succeed(&["get", "--raw", "/metrics"]);
        let ours = |metric: &str| {
            let start = format!("{metric}{{");
            let lines = text.lines().filter(|line| line.contains(".beamgate.dev\""));
            lines.filter(|line| line.starts_with(&start)).map(str::to_owned).collect::<Vec<_>>()
        };
        let failed = ours("apiserver_admission_webhook_rejection_count");
        Self {
            all: sum(ours("apiserver_admission_webhook_request_total").iter()),
            failed_open: sum(ours("apiserver_admission_webhook_fail_open_count").iter()),
            failed: sum(failed.iter().filter(|line| !line.contains("error_type=\"no_error\""))),
        }
    }

    /// Those from then on.
    pub(crate) fn since(then: Self) -> Self {
        let now = Self::now();
        Self {
            all: now.all - then.all,
            failed_open: now.failed_open - then.failed_open,
            failed: now.failed - then.failed,
        }
    }

    pub(crate) fn failures(self) -> u64 {
        self.failed + self.failed_open
    }
}

fn sum<'l>(lines: impl Iterator<Item = &'l String>) -> u64 {
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}
