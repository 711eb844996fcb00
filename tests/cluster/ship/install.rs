//! The ways in which beamgate is installed, and how it is taken away whichever it was.

use std::process::{Command, Output};

use serde_json::json;

use crate::cluster::{self, kubectl, succeed};
use crate::replicas::{self, NAMESPACE};

/// What the chart's release is called, and so all its objects.
pub(super) const RELEASE: &str = "beamgate";

/// What is not in a namespace.
pub(super) const CLUSTER_WIDE: &str =
    "mutatingwebhookconfigurations,validatingwebhookconfigurations,clusterroles,clusterrolebindings";

/// What is installed is gone with this, unless it is to be kept.
pub(super) struct Guest {
    keep: bool,
}

impl Guest {
    /// Has the image of the tests bear the name that `deploy/` gives it, so that everything is installed as it is.
    pub(super) fn new(keep: bool) -> Self {
        let rendered = succeed(&["kustomize", &deployed("kustomize/base")]);
        let image = rendered.lines().find_map(|line| line.trim().strip_prefix("image: ")).unwrap();
        let names = ["docker.io/library/beamgate:test".to_owned(), format!("docker.io/library/{image}")];
        let mut containerd = Command::new("ctr");
        containerd.args(["--address=/run/cluster/containerd.sock", "--namespace=k8s.io", "images", "tag", "--force"]);
        let tagged = cluster::feed(containerd.args(&names), "");
        assert!(tagged.status.success(), "ctr images tag: {}", String::from_utf8_lossy(&tagged.stderr));
        Self { keep }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if !self.keep {
            nothing();
        }
    }
}

/// Takes away whatever is there, however it came, and quickly. The registrations go first: with them there, others wait.
pub(super) fn nothing() {
    succeed(&["delete", CLUSTER_WIDE, "-l", "app.kubernetes.io/name=beamgate"]);
    let in_namespace = ["--namespace", NAMESPACE, "--ignore-not-found"];
    kubectl(&[&["delete", "deployments", "--all", "--wait=false"], &in_namespace[..]].concat(), "");
    kubectl(&[&["delete", "pods", "--all", "--force", "--grace-period=0"], &in_namespace[..]].concat(), "");
    succeed(&["delete", "namespace", NAMESPACE, "--ignore-not-found"]);
}

/// Makes the namespace, where nothing was.
pub(super) fn namespace() {
    nothing();
    let levels =
        json!({"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": levels}});
    cluster::prepare(&namespace.to_string());
}

/// Has the chart's release with these values, whether it is there or not; what helm says.
pub(super) fn upgrade(values: &[&str]) -> String {
    let chart = deployed("helm");
    helm(&[&["upgrade", RELEASE, &chart, "--install", "--reset-values", "--wait", "--timeout=90s"], values].concat())
}

/// Has the chart's release with its defaults, and ready.
pub(super) fn default_release() {
    if try_helm(&["status", RELEASE]).status.success() {
        upgrade(&[]);
        replicas::rolled_out();
    } else {
        namespace();
        upgrade(&[]);
    }
}

/// Installs an overlay where nothing was; what `kubectl` says.
pub(super) fn overlay(name: &str) -> String {
    nothing();
    let said = succeed(&["apply", "-k", &deployed(&format!("kustomize/overlays/{name}"))]);
    replicas::rolled_out();
    said
}

/// What the release says.
pub(super) fn released() -> String {
    helm(&["get", "manifest", RELEASE])
}

/// What an overlay says.
pub(super) fn rendered(overlay: &str) -> String {
    succeed(&["kustomize", &deployed(&format!("kustomize/overlays/{overlay}"))])
}

/// A folder of `deploy/`.
pub(super) fn deployed(folder: &str) -> String {
    cluster::root().join("deploy").join(folder).to_str().unwrap().to_owned()
}

/// Runs `helm`, which has to succeed; all that it says.
pub(super) fn helm(arguments: &[&str]) -> String {
    let output = try_helm(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "helm {}: {complaint}", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned() + &complaint
}

fn try_helm(arguments: &[&str]) -> Output {
    cluster::feed(Command::new("helm").args(arguments).args(["--namespace", NAMESPACE]), "")
}
