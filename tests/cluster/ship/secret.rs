//! A certificate that somebody else has made, for the chart.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::install;
use super::works::{Fault, works};
use crate::cluster::{self, succeed};
use crate::parts::Seen;
use crate::replicas::{self, NAMESPACE};

pub(super) const HEAD: &str = "\
## A Secret that is given

The certificate is made with `beamgate certs`, and put into a Secret with `kubectl create secret tls`.

| installed with | the replicas | an app without a name | one with a fault | it may write | applied once more |
|---|---|---|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("given");
    let _ = fs::remove_dir_all(&folder);
    let name = format!("beamgate.{NAMESPACE}.svc");
    let mut certs = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    let made = cluster::feed(certs.args(["certs", "--dns", &name, "--out"]).arg(&folder), "");
    assert!(made.status.success(), "beamgate certs: {}", String::from_utf8_lossy(&made.stderr));
    let file = |option: &str, name: &str| format!("{option}={}", folder.join(name).display());
    install::namespace();
    let pair = [file("--cert", "tls.crt"), file("--key", "tls.key")];
    succeed(&["create", "secret", "tls", "given", &pair[0], &pair[1], "--namespace", NAMESPACE]);
    let trusted = file("--set-file=certificates.secret.caBundle", "ca.crt");
    install::upgrade(&["--set=certificates.mode=secret", "--set=certificates.secret.name=given", &trusted]);
    replicas::rolled_out();
    works("`helm install --set certificates.mode=secret`", &install::released(), Fault::Denied, seen);
}
