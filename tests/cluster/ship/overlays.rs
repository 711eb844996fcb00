//! Each overlay for itself, as it is; and what is particular about it.

use super::install;
use super::uninstall::ours;
use super::works::{self, Fault, elsewhere, works};
use crate::admission::{labelled_pod, try_out};
use crate::app::{App, Kind, Strategy};
use crate::cluster::{succeed, until};
use crate::parts::Seen;
use crate::replicas;

pub(super) const HEAD: &str = "\
## The overlays

";

pub(super) fn play(seen: &mut Seen) {
    seen.rows += works::HEAD;
    for (name, fault) in [("self-managed", Fault::Denied), ("lint-only", Fault::Warned), ("fail-closed", Fault::Denied)]
    {
        let said = install::overlay(name);
        seen.expect(!said.contains("Warning"), format!("{name}: kubectl apply says: {said}"));
        works(&format!("`kubectl apply -k deploy/kustomize/overlays/{name}`"), &install::rendered(name), fault, seen);
    }
    seen.rows += "\nWhile no replica of `fail-closed` answers:\n\n| what is done | seen |\n|---|---|\n";
    fails_closed(seen);
    goes(seen);
}

/// The last overlay is still there.
fn fails_closed(seen: &mut Seen) {
    replicas::scale(0);
    let mut app = App::new(Strategy::Dns, Kind::Deployment);
    let workload = elsewhere(app.workload());
    let service = elsewhere(app.find("Service").unwrap());
    let mut unlabelled = workload.clone();
    unlabelled["spec"]["template"]["metadata"]["labels"].as_object_mut().unwrap().remove("beamgate.dev/strategy");
    let mut pod = labelled_pod("default");
    pod["metadata"]["labels"].as_object_mut().unwrap().remove("beamgate.dev/strategy");
    for (title, object, refused) in [
        ("a workload that declares a strategy", workload, true),
        ("a workload that declares none", unlabelled, false),
        ("a pod that declares none", pod, false),
        ("a Service", service, false),
    ] {
        let answer = try_out(&object).map(|_| ());
        let by_us = |why: &String| why.contains("failed calling webhook") && why.contains("beamgate.dev");
        let holds = if refused { answer.as_ref().is_err_and(by_us) } else { answer.is_ok() };
        seen.expect(holds, format!("no replica of fail-closed, {title}: {answer:?}"));
        seen.row([title, if refused { "refused" } else { "admitted" }]);
    }
}

/// It was the last overlay, and its webhook is dead.
fn goes(seen: &mut Seen) {
    seen.expect(!ours().is_empty(), "nothing of ours is found where an overlay is installed");
    let overlay = install::deployed("kustomize/overlays/fail-closed");
    succeed(&["delete", "-k", &overlay, "--timeout=60s"]);
    until("nothing of ours remains", || ours().is_empty());
    seen.row([
        "`kubectl delete -k` of it",
        "it ends; of all kinds that can be listed, nothing of ours remains but Events",
    ]);
}
