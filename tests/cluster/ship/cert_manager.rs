//! Certificates by cert-manager's own controllers, renewals included.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Child, Command};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::install;
use super::works::{Fault, works};
use crate::cluster::{self, succeed, until};
use crate::load::{Failed, under_load};
use crate::parts::Seen;
use crate::replicas::NAMESPACE;

pub(super) const HEAD: &str = "\
## cert-manager

Its own controllers for Certificates, their requests and issuers, and its cainjector, without its admission webhook.

| installed with | the replicas | an app without a name | one with a fault | it may write | applied once more |
|---|---|---|---|---|---|
";

/// The table that follows.
const RENEWALS: &str = "
Renewed as `cmctl renew` does it, under the load of the upgrades:

| what happens | failed calls | labelled pods without a name | requests for unlabelled pods that fail |
|---|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let _controllers = CertManager::start();
    install::overlay("cert-manager");
    works(
        "`kubectl apply -k deploy/kustomize/overlays/cert-manager`",
        &install::rendered("cert-manager"),
        Fault::Denied,
        seen,
    );
    install::namespace();
    install::upgrade(&["--set=certificates.mode=certManager"]);
    works("`helm install --set certificates.mode=certManager`", &install::released(), Fault::Denied, seen);
    seen.rows += RENEWALS;
    let told = under_load(|| renewed("beamgate", "beamgate-tls"));
    told.judge("the certificate is renewed, and served", Failed::None, seen);
    let told = under_load(|| {
        renewed("beamgate-ca", "beamgate-ca");
        renewed("beamgate", "beamgate-tls");
    });
    told.judge("the authority is renewed, and then the certificate", Failed::None, seen);
    // The controllers would make them again.
    install::nothing();
}

/// Has a certificate made anew before its time, and waits until all the replicas serve it, if they do.
fn renewed(certificate: &str, secret: &str) {
    let before = (signed(secret), expiries());
    let condition = json!({
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "It is to be renewed",
        "lastTransitionTime": Timestamp::now().to_string(),
    });
    let patch = json!([{"op": "add", "path": "/status/conditions/-", "value": condition}]).to_string();
    let patch = ["--subresource=status", "--type=json", "--patch", &patch, "--namespace", NAMESPACE];
    succeed(&[&["patch", "certificate", certificate], &patch[..]].concat());
    until("it is made anew", || signed(secret) != before.0);
    if secret == "beamgate-tls" {
        look_again();
        until("the replicas serve it", || expiries().is_disjoint(&before.1));
    }
}

/// The kubelet looks at a pod's Secrets when it looks at the pod: within a minute and a half, or when the pod is changed.
fn look_again() {
    let noted = format!("ship/looked-at={}", Timestamp::now().as_nanosecond());
    succeed(&["annotate", "pods", "--all", "--overwrite", &noted, "--namespace", NAMESPACE]);
}

fn signed(secret: &str) -> Value {
    cluster::get(&["secret", secret, "--namespace", NAMESPACE])[0]["data"]["tls.crt"].take()
}

/// When the certificates expire that the replicas serve, by their own account.
fn expiries() -> BTreeSet<String> {
    let pods = cluster::get(&["pods", "--namespace", NAMESPACE]);
    let names = pods.iter().filter_map(|pod| pod["metadata"]["name"].as_str());
    names.map(|name| expiry(&succeed(&["get", "--raw", &metrics(name)]))).collect()
}

fn metrics(pod: &str) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}:8080/proxy/metrics")
}

fn expiry(metrics: &str) -> String {
    let found = metrics.lines().find_map(|line| line.strip_prefix("beamgate_certificate_expiry_seconds "));
    found.unwrap_or_else(|| panic!("no replica says when its certificate expires:\n{metrics}")).to_owned()
}

/// The controllers, which are gone with this, and what they look after.
struct CertManager(Child);

impl CertManager {
    fn start() -> Self {
        succeed(&["apply", "--server-side", "-f", &definitions()]);
        succeed(&["wait", "--for=condition=Established", "-f", &definitions(), "--timeout=60s"]);
        let log = File::create(cluster::logs().join("../cert-manager.log")).unwrap();
        Self(Command::new("cert-manager").stderr(log).spawn().unwrap())
    }
}

impl Drop for CertManager {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        cluster::kubectl(&["delete", "-f", &definitions()], "");
    }
}

/// The folder with its kinds, which come with the module.
fn definitions() -> String {
    let mut list = Command::new("go");
    list.args(["list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager"]);
    let said = cluster::feed(list.current_dir(cluster::root().join("tests/cluster/tools")), "");
    assert!(said.status.success(), "go list: {}", String::from_utf8_lossy(&said.stderr));
    format!("{}/deploy/crds", String::from_utf8_lossy(&said.stdout).trim())
}
