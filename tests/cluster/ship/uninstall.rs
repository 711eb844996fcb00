//! The webhook is dead already when it is uninstalled: nobody waits for it, and nothing of it stays.

use serde_json::Value;

use super::install::{self, RELEASE, helm};
use super::works::{elsewhere, misnamed};
use crate::admission::{labelled_pod, try_out};
use crate::app::{App, Kind, Strategy};
use crate::cluster::{self, succeed, until};
use crate::parts::Seen;
use crate::replicas;

pub(super) const HEAD: &str = "\
## Uninstall

The pods are gone first: `kubectl scale --replicas=0`. Then, in this order:

| what is done | seen |
|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    install::default_release();
    replicas::scale(0);
    let waits = try_out(&labelled_pod("default")).is_err_and(|why| why.contains("failed calling webhook"));
    seen.expect(waits, "without its replicas, a pod that lacks its name is admitted");
    seen.row(["a pod that lacks its name", "refused"]);
    seen.expect(!ours().is_empty(), "nothing of ours is found where it is installed");
    helm(&["uninstall", RELEASE, "--wait", "--timeout=60s"]);
    seen.row(["`helm uninstall`", "it ends"]);
    let service = elsewhere(App::new(Strategy::Dns, Kind::Deployment).find("Service").unwrap());
    for (title, object) in [
        ("a pod that lacks its name", labelled_pod("default")),
        ("a workload with a fault", misnamed()),
        ("a Service", service),
    ] {
        let is_as_written = |object: &Value| !object.to_string().contains("beamgate.dev/injected");
        let holds = try_out(&object).is_ok_and(|given| given.warnings.is_empty() && is_as_written(&given.object));
        seen.expect(holds, format!("after the uninstallation, {title} is not admitted as it is"));
        seen.row([title, "admitted as it is"]);
    }
    until("nothing of ours remains", || ours().is_empty());
    seen.row([
        "every kind that can be listed",
        "nothing of ours, but the namespace, which helm does not delete, and Events",
    ]);
}

/// All that has our name or label, of whatever kind but Event. A namespace outlives a release of Helm.
pub(super) fn ours() -> Vec<String> {
    let kinds = succeed(&["api-resources", "--verbs=list", "--output=name"]);
    let left_out = ["events", "events.events.k8s.io", "namespaces"];
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !left_out.contains(kind)).collect();
    let objects = cluster::get(&[&kinds.join(","), "--all-namespaces"]);
    objects.iter().filter(|object| is_ours(&object["metadata"])).map(describe).collect()
}

fn is_ours(metadata: &Value) -> bool {
    let labels = &metadata["labels"];
    let labelled = ["name", "instance"].iter().any(|key| labels[format!("app.kubernetes.io/{key}")] == "beamgate");
    labelled || metadata["name"].as_str().is_some_and(|name| name.contains("beamgate"))
}

fn describe(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}
