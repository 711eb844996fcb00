//! `/mutate`: injects what a pod's name needs.

use super::review::{Answer, Operation, Request};
use super::settings::Settings;
use crate::inject::Sent;
use crate::world::node::Node;
use crate::world::object::{Body, Object};
use crate::world::pod;
use crate::world::workload::Workload;

/// The key of the audit log under which it is said what was injected, or why nothing was.
const INJECTED: &str = "injected";

/// Answers a question about a pod that is to be made. It asks nobody: a pod never waits for anything but this program.
pub fn mutate(request: &Request<'_>, settings: &Settings) -> Answer {
    if request.operation != Operation::Create || !is_about_a_pod(request) {
        return Answer::default();
    }
    let root = match request.after_only(pod::INJECTED) {
        Ok(Some(root)) => root,
        Ok(None) => return Answer::default(),
        Err(error) => return unread(&error.to_string()),
    };
    let Ok(mut object) = Object::read(&root, "", &[]) else { return Answer::default() };
    object.namespace = request.namespace().map(str::to_owned).or(object.namespace);
    match &object.body {
        Body::Workload(pod) if !is_going(&root) => answer(&root, &object, pod, settings),
        _ => Answer::default(),
    }
}

fn is_about_a_pod(request: &Request<'_>) -> bool {
    request.kind.group.0.is_empty() && request.kind.kind.0 == "Pod" && !request.is_about_a_part()
}

fn is_going(root: &Node<'_>) -> bool {
    root.path(&["metadata", "deletionTimestamp"]).is_some()
}

fn answer(root: &Node<'_>, object: &Object, pod: &Workload, settings: &Settings) -> Answer {
    let Sent { plan, patch } = Sent::of(root, object, pod, &settings.facts);
    let audit = vec![(INJECTED, plan.describe())];
    Answer { patch, warnings: plan.warnings, audit, ..Answer::default() }
}

/// What cannot be read the API server will refuse itself.
fn unread(error: &str) -> Answer {
    Answer { audit: vec![(INJECTED, format!("nothing: {error}"))], ..Answer::default() }
}
