//! The Service that a strategy asks for by name, and the one whose endpoints it lists: there, or yet to be made.

use super::Candidate;
use crate::discovery::Resource;
use crate::trace::Trace;
use crate::world::World;
use crate::world::declared::STRATEGY;
use crate::world::object::{Object, Pairs, value_of};

/// The Service that is asked for by name.
pub(super) struct Service<'w> {
    pub(super) name: String,
    /// The object, if it is there.
    pub(super) object: Option<&'w Object>,
}

impl<'w> Service<'w> {
    /// One that answers with the pods, and with their host names where those are dialled.
    pub(super) fn of(trace: &Trace<'w>, candidate: Candidate) -> Option<Self> {
        if candidate.lists().is_some() && !candidate.dials_hostnames() {
            return None;
        }
        if let Some(name) = trace.workload.subdomain().filter(|name| !name.is_empty()) {
            let found = named(trace, name);
            let serving = found.iter().copied().find(|object| serves(trace, object));
            if found.is_empty() || serving.is_some() {
                return Some(Self { name: name.to_owned(), object: serving });
            }
        }
        // Those of a StatefulSet's host names are under the governing Service and no other, which has to become another one.
        let governed = candidate.dials_hostnames() && trace.workload.has_stable_hostnames();
        let headless = trace.headless_services();
        match headless.first().filter(|_| !governed) {
            Some(object) => Some(Self { name: object.name.clone(), object: Some(object) }),
            None => Some(beside(trace)),
        }
    }
}

/// A headless Service beside the one for traffic.
fn beside<'w>(trace: &Trace<'w>) -> Service<'w> {
    let name = trace.object.name.trim_end_matches(['*', '-']).replace('.', "-");
    let others = (2..).map(|number| format!("{name}-headless-{number}"));
    let mut names = std::iter::once(format!("{name}-headless")).chain(others);
    let found = names.find_map(|name| {
        let found = named(trace, &name);
        let serving = found.iter().copied().find(|object| serves(trace, object));
        (found.is_empty() || serving.is_some()).then_some(Service { name, object: serving })
    });
    // There are more numbers than Services.
    found.unwrap_or(Service { name, object: None })
}

fn named<'w>(trace: &Trace<'w>, name: &str) -> Vec<&'w Object> {
    trace.world.services_named(trace.object, trace.object.namespace.as_deref(), name)
}

/// Whether a Service answers with the workload's pods.
fn serves(trace: &Trace<'_>, object: &Object) -> bool {
    object.service().is_some_and(|service| service.is_headless()) && World::may_select(object, trace.object)
}

/// What carries the labels that are asked for.
pub(super) struct Carrier<'w> {
    /// The labels.
    pub(super) selector: Pairs,
    /// The Service whose endpoints are listed, if it is there; none where pods are.
    pub(super) object: Option<&'w Object>,
    /// Those of them that it has yet to get.
    pub(super) labels_missing: Pairs,
    /// What to call a Service that has to be made for this alone.
    pub(super) new: Option<String>,
}

impl<'w> Carrier<'w> {
    pub(super) fn of(trace: &Trace<'w>, candidate: Candidate, service: Option<&Service<'w>>) -> Option<Self> {
        let own = own_labels(trace);
        if candidate.lists()? == Resource::Pods {
            return Some(Self { selector: own, object: None, labels_missing: Vec::new(), new: None });
        }
        let object = match service {
            Some(service) => service.object,
            None => best(trace),
        };
        let Some(object) = object else {
            let new = service.is_none().then(|| beside(trace).name);
            return Some(Self { selector: own.clone(), object: None, labels_missing: own, new });
        };
        let shared: Pairs = object.labels.iter().filter(|pair| trace.pod.labels.contains(pair)).cloned().collect();
        if !shared.is_empty() {
            return Some(Self { selector: shared, object: Some(object), labels_missing: Vec::new(), new: None });
        }
        // What another label says, others may go by.
        let mut missing = own;
        missing.retain(|(key, _)| value_of(&object.labels, key).is_none());
        let selector = if missing.is_empty() { object.labels.clone() } else { missing.clone() };
        Some(Self { selector, object: Some(object), labels_missing: missing, new: None })
    }
}

/// The Service of these pods that has labels in common with them, else any.
fn best<'w>(trace: &Trace<'w>) -> Option<&'w Object> {
    let services = trace.world.services_selecting(trace.object, trace.workload);
    let listed =
        || services.iter().copied().filter(|object| !object.service().is_some_and(|service| service.is_alias()));
    let in_common = |object: &&Object| object.labels.iter().any(|pair| trace.pod.labels.contains(pair));
    listed().find(in_common).or_else(|| listed().next())
}

/// The workload's own selector, which nobody changes; without one, the labels of its pods.
fn own_labels(trace: &Trace<'_>) -> Pairs {
    let own = if trace.workload.selector.is_empty() { &trace.pod.labels } else { &trace.workload.selector };
    own.iter().filter(|(key, _)| key != STRATEGY).cloned().collect()
}
