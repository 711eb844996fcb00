//! Whom a request is about, and who made it.

use crate::policy::decide::Subject;
use crate::webhook::review::{Operation, Request};
use crate::webhook::settings::Settings;
use crate::world::declared::STRATEGY;
use crate::world::json::Keep;
use crate::world::node::Node;
use crate::world::object::Object;
use crate::world::workload::WorkloadPath;

/// Kinds that are judged by what controls them, where something does.
const MADE_BY_CONTROLLERS: [&str; 4] = ["Pod", "ReplicaSet", "ReplicationController", "Job"];

/// What shows whether a workload is opted in, the labels of its pods, and whether it is judged at all.
const SIGNS: Keep = Keep::Only(&[
    (
        "metadata",
        Keep::Only(&[
            ("labels", STRATEGY_LABEL),
            ("ownerReferences", Keep::Each(&Keep::Only(&[("controller", Keep::All)]))),
            ("deletionTimestamp", Keep::All),
        ]),
    ),
    (
        "spec",
        Keep::Only(&[
            ("template", TEMPLATE),
            ("jobTemplate", Keep::Only(&[("spec", Keep::Only(&[("template", TEMPLATE)]))])),
        ]),
    ),
]);

const TEMPLATE: Keep = Keep::Only(&[("metadata", Keep::Only(&[("labels", STRATEGY_LABEL)]))]);

const STRATEGY_LABEL: Keep = Keep::Only(&[(STRATEGY, Keep::All)]);

/// Whether it is worth being read as a whole, which costs many times its text: a Service, or what is opted in before or after,
/// and neither made by a controller nor on its way out. Where `beamgate.toml` opts in what has no label, or names kinds of its own,
/// that is seen only in the whole.
pub(super) fn may_be_ours(request: &Request<'_>, settings: &Settings) -> bool {
    let kind = request.kind.kind.0.as_ref();
    if kind == "Service" || !settings.facts.apps.is_empty() {
        return true;
    }
    let Some(path) = WorkloadPath::of(kind, &[]) else {
        return WorkloadPath::of(kind, &settings.policy.paths).is_some();
    };
    let keys: Vec<&str> = path.template.iter().map(String::as_str).chain(["metadata", "labels", STRATEGY]).collect();
    let shows = |node: &Node<'_>| node.path(&keys).is_some();
    match (request.before_only(SIGNS), request.after_only(SIGNS)) {
        (Ok(before), Ok(Some(after))) => {
            is_judged(request, &after) && (shows(&after) || before.is_some_and(|before| shows(&before)))
        }
        (Ok(_), Ok(None)) => false,
        // What cannot be read is said later.
        (Err(_), _) | (_, Err(_)) => true,
    }
}

/// Whether it is judged for itself, rather than by what controls it, or for the last time.
pub(super) fn is_judged(request: &Request<'_>, object: &Node<'_>) -> bool {
    request.operation != Operation::Delete && of(request, object) != Subject::Controlled && !is_terminating(object)
}

/// What the object is.
pub(super) fn of(request: &Request<'_>, object: &Node<'_>) -> Subject {
    let kind = request.kind.kind.0.as_ref();
    if MADE_BY_CONTROLLERS.contains(&kind) && is_controlled(object) {
        return Subject::Controlled;
    }
    match kind {
        "Pod" if is_runner(request) => Subject::Runner,
        "Pod" => Subject::Pod,
        _ => Subject::Template,
    }
}

/// Whether it is on its way out: finalizers are taken off it, and nothing else.
fn is_terminating(object: &Node<'_>) -> bool {
    object.path(&["metadata", "deletionTimestamp"]).is_some()
}

/// Reads a workload. Its namespace is that of the request: the object may leave it out.
pub(super) fn read(object: &Node<'_>, request: &Request<'_>, paths: &[WorkloadPath]) -> Option<Object> {
    let mut object = Object::read(object, "", paths).ok()?;
    object.namespace = request.namespace().map(str::to_owned);
    Some(object)
}

fn is_controlled(object: &Node<'_>) -> bool {
    let owners = object.get("metadata").map_or(&[] as &[_], |metadata| metadata.list("ownerReferences"));
    owners.iter().any(|owner| owner.flag("controller") == Some(true))
}

/// Apps that start pods of their own do it with a ServiceAccount of their namespace.
fn is_runner(request: &Request<'_>) -> bool {
    let account = request.user().strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
    account.is_some_and(|(namespace, _)| Some(namespace) == request.namespace())
}
