//! # selector-misses-service (BG208)
//!
//! The app lists endpoints by label, and no Service carries these labels. Endpoints have the labels of their *Service*,
//! from its own `metadata.labels`; the labels of the pods and the Service's selector do not count.
//!
//! ## At run time
//!
//! Nothing at all: the API server answers 200 with an empty list, and libcluster logs nothing. `Node.list()` stays
//! empty. `kubectl get endpoints -l app.kubernetes.io/name=cart` shows the same empty list.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: cart
//! spec:
//!   selector:
//!     app.kubernetes.io/name: cart
//! # …
//!         beamgate.dev/selector: app.kubernetes.io/name=cart
//! ```
//!
//! ## Fix
//!
//! Label the Service, or list pods (`kubernetes_ip_lookup_mode: :pods`, which needs the right to list pods):
//!
//! ```yaml
//! metadata:
//!   name: cart
//!   labels:
//!     app.kubernetes.io/name: cart
//! ```
//!
//! Another Service may be applied from elsewhere, so this is a warning, and an error where all Services are declared to
//! be in the input.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/endpoint/endpoints_controller.go`: the labels of Endpoints are copied from the
//! Service. Measured with libcluster 3.5.0.

use super::service_missing::label_refused;
use crate::discovery::{LabelQuery, Resource};
use crate::fix::change::Change;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::facts::Kinds;
use crate::world::object::Object;
use crate::world::{SameNamespace, same_namespace};

pub(super) static RULE: Rule = Rule {
    code: 208,
    slug: "selector-misses-service",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "no Service carries the labels that are asked for",
    source: include_str!("selector_misses_service.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on Services"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(query) = trace.label_query().filter(|query| query.on == Resource::Endpoints) else { return };
    let namespace = query.namespace.as_deref();
    // Endpoints written by hand are BG210's.
    if !trace.answers.is_empty() || !trace.world.endpoints_labelled(namespace, &query.selector).is_empty() {
        return;
    }
    let complete = trace.world.is_complete(Kinds::SERVICES, namespace);
    let message = format!("no Service carries `{}`: endpoints have the labels of their Service", query.selector);
    let finding = found.missing(&RULE, complete, message);
    finding.lacks(Kinds::SERVICES);
    let candidates = candidates(trace, query);
    match candidates.first() {
        Some(service) => finding.label(service.at(&["metadata", "labels"]), "these labels count, not the selector"),
        None => finding.label(query.at.clone(), "asks for it"),
    };
    if !candidates.is_empty() {
        finding.label(query.at.clone(), "asks for it");
    }
    label_refused(trace, finding, |service| query.selector.matches(&service.labels));
    finding.symptom(Symptom::Silence);
    fix(query, &candidates, finding);
}

/// The Services that would show these pods, had they the labels.
fn candidates<'w>(trace: &Trace<'w>, query: &LabelQuery) -> Vec<&'w Object> {
    let mut services = trace.world.services_selecting(trace.object, trace.workload);
    services.retain(|service| {
        same_namespace(service.namespace.as_deref(), query.namespace.as_deref()) != SameNamespace::No
    });
    services
}

fn fix(query: &LabelQuery, candidates: &[&Object], finding: &mut Finding) {
    let pairs = query.selector.pairs();
    if let [service] = candidates {
        let labels = service.at(&["metadata", "labels"]).pointer;
        let label = |(key, value): (&str, &str)| Change::set(labels.key(key.to_owned()).of(service.id), value);
        let title = format!("label Service `{}`", service.full_name());
        finding.fix(Safety::Unsafe, title);
        // What another label says, others may go by.
        if !query.selector.contradicts(&service.labels) {
            finding.changes(pairs.map(label));
        }
        return;
    }
    finding.fix(Safety::Unsafe, "label the Service of these pods, or list pods instead");
    let pairs: String = pairs.map(|(key, value)| format!("\n    {key}: {value}")).collect();
    if !pairs.is_empty() {
        finding.snippet(format!("metadata:\n  labels:{pairs}"));
    }
}
