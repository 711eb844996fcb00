//! The chart with its defaults: what helm installs, GitOps engines find as they would have written it themselves.

use serde_json::Value;

use super::install::{self, RELEASE, helm, written};
use super::works::{self, Fault, works};
use crate::cluster::kubectl;
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## The chart

| what is done | seen |
|---|---|
";

/// Who applies manifests on the server's side: Argo CD and Flux, by the names of their field managers.
const ENGINES: [&str; 2] = ["argocd-controller", "kustomize-controller"];

pub(super) fn play(seen: &mut Seen) {
    install::namespace();
    let said = install::upgrade(&[]);
    seen.expect(!said.contains("Warning"), format!("helm install says: {said}"));
    seen.row(["`helm install`", "no warning"]);
    let manifest = helm(&["get", "manifest", RELEASE]);
    let before = written();
    is_written(&before, seen);
    no_difference("after `helm install`", &["diff"], &manifest, seen);
    seen.row(["`kubectl diff` of what it says", "no difference"]);
    for engine in ENGINES {
        let manager = format!("--field-manager={engine}");
        let applied = kubectl(&["apply", "--server-side", &manager, "-f", "-"], &manifest);
        let complaint = String::from_utf8_lossy(&applied.stderr);
        seen.expect(applied.status.success(), format!("{engine} is refused: {complaint}"));
        no_difference(engine, &["diff", "--server-side", &manager], &manifest, seen);
        seen.expect(written() == before, format!("{engine} changes the certificates, or whom the API server trusts"));
        let title = format!("`kubectl apply --server-side` as `{engine}`, and `diff`");
        seen.row([&title, "no conflict, no difference; the certificates and `caBundle` stay"]);
    }
    install::upgrade(&[]);
    seen.expect(written() == before, "helm upgrade changes the certificates, or whom the API server trusts");
    seen.row(["`helm upgrade`", "the certificates and `caBundle` stay"]);
    seen.rows += &format!("\n{}", works::HEAD);
    works("`helm install`", Fault::Denied, seen);
}

/// What is compared later is there.
fn is_written(written: &Value, seen: &mut Seen) {
    let all = |list: &Value| list.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| !one.is_null()));
    seen.expect(all(&written["bundles"]), "some webhook has no `caBundle`");
    seen.expect(all(&written["kept"]), "no certificates are kept");
}

/// It ends with 1 where there is a difference.
fn no_difference(when: &str, arguments: &[&str], manifest: &str, seen: &mut Seen) {
    let output = kubectl(&[arguments, &["-f", "-"]].concat(), manifest);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    seen.expect(output.status.success(), format!("{when}, `kubectl {}` shows {shown}", arguments.join(" ")));
}
