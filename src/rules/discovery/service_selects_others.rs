//! # service-selects-others (BG206)
//!
//! The Service in which the peers are looked for does not select these pods, so they are not among its endpoints and
//! nobody finds them. Its selector must name labels that the pod template carries, and it sees the pods of its own
//! namespace only.
//!
//! ## At run time
//!
//! `lookup against cart failed: :nxdomain`, as if the Service did not exist: without endpoints its name is not in DNS.
//! The `Kubernetes` strategy gets an empty list and logs nothing at all.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   clusterIP: None
//!   selector:
//!     app: cart
//! ---
//! kind: Deployment
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         app.kubernetes.io/name: cart
//! ```
//!
//! ## Fix
//!
//! Select labels that the pods carry. Other pods that a Service selects besides do no harm.
//!
//! ## What it is silent about
//!
//! Workers that ask for the nodes of another BEAM workload of the same basename: distribution is transitive, so they
//! form one cluster with them. Labels that controllers add to pods (`pod-template-hash`) may be selected as well.
//!
//! At `kubectl apply`, it is denied only where the Service is evidently these pods' own: it is called as the workload is,
//! or it is the governing Service of the pods. Otherwise the workload whose nodes they join may be applied later.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/endpoint/endpoints_controller.go`; the silence of the `Kubernetes` strategy was
//! measured with libcluster 3.5.0. A Service found by label may have a better sibling that is not
//! in the input, so that is a warning.

use crate::discovery::{LabelQuery, Resource, ServiceRef};
use crate::fix::change::{Change, Tree};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::facts::Kinds;
use crate::world::object::{Object, show_pairs};
use crate::world::service::Service;
use crate::world::{SameNamespace, same_namespace};

pub(super) static RULE: Rule = Rule {
    code: 206,
    slug: "service-selects-others",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the Service does not select these pods",
    source: include_str!("service_selects_others.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the Service that is asked for"),
};

/// How the Services were found.
#[derive(Clone, Copy)]
enum By<'t> {
    Name(&'t ServiceRef),
    Label(&'t LabelQuery),
}

fn check(trace: &Trace<'_>, found: &mut Findings) {
    // One that is not headless is BG202's, one of another namespace BG203's if that is not asked for.
    if found.has(&[203]) {
        return;
    }
    if let Some(query) = trace.label_query().filter(|query| query.on == Resource::Endpoints) {
        let mut services = trace.searched_services();
        // Endpoints written by hand are BG210's.
        services.retain(|object| object.service().is_some_and(|service| !service.selector.is_empty()));
        check_services(trace, By::Label(query), &services, found);
    }
    if let Some(asked) = trace.asked_service().filter(|asked| asked.is_asked_in_full() && !found.has(&[206])) {
        let mut services = trace.services(asked);
        services.retain(|object| trace.label_query().is_some() || object.service().is_some_and(Service::is_headless));
        check_services(trace, By::Name(asked), &services, found);
    }
}

fn check_services(trace: &Trace<'_>, by: By<'_>, services: &[&Object], found: &mut Findings) {
    let shows_us = services.iter().any(|service| trace.is_selected_by(service));
    if shows_us || services.iter().any(|service| leads_to_peers(trace, service)) {
        return;
    }
    let Some((object, service)) = services.first().and_then(|object| Some((*object, object.service()?))) else {
        return;
    };
    let name = object.full_name();
    let finding = if service.selector.is_empty() {
        if service.is_alias() || has_endpoints(trace, object) {
            return;
        }
        found.suspect(
            &RULE,
            format!("`{name}` has no selector, so no pod is in it unless somebody writes its endpoints"),
        )
    } else if same_namespace(object.namespace.as_deref(), trace.object.namespace.as_deref()) == SameNamespace::No {
        found.suspect(&RULE, format!("`{name}` selects pods of its own namespace; these are in another"))
    } else {
        let selected = show_pairs(&service.selector);
        let message = format!("`{name}` selects `{selected}`; these pods are `{}`", trace.pod_labels());
        let finding = found.missing(&RULE, is_certain(trace, by, object), message);
        // The nodes of another workload, which this one is to join, may not be there yet.
        if !is_its_own(trace, object) { finding.mendable() } else { finding }
    };
    explain(trace, by, object, service, finding);
}

/// Without endpoints the name does not exist; with those of others, they are dialled.
fn symptom(trace: &Trace<'_>, asked: &ServiceRef, object: &Object, service: &Service) -> Symptom {
    let mut others = trace.world.workloads_selected(object, service);
    match (others.next(), trace.first_dialled()) {
        (Some(other), Some(dialled)) if !trace.is_silent_about_peers() && trace.label_query().is_none() => {
            let base = dialled.split('@').next().unwrap_or_default();
            Symptom::UnableToConnect(format!("{base}@<address of {}>", other.name))
        }
        _ => trace.nothing_found(asked),
    }
}

/// Whether what a Service selects are nodes of another workload that these pods form a cluster with.
fn leads_to_peers(trace: &Trace<'_>, object: &Object) -> bool {
    let Some(service) = object.service() else { return false };
    trace.world.workloads_selected(object, service).any(|other| trace.joins(other))
}

/// Whether somebody else writes the endpoints of a Service without a selector.
fn has_endpoints(trace: &Trace<'_>, service: &Object) -> bool {
    !trace.world.endpoints_named(service, service.namespace.as_deref(), &service.name).is_empty()
}

/// Whether a Service is evidently meant for these pods, and not for others that they join.
fn is_its_own(trace: &Trace<'_>, service: &Object) -> bool {
    service.name == trace.object.name || trace.workload.subdomain() == Some(service.name.as_str())
}

/// By name there is one Service; by label there may be more of them than the input shows.
fn is_certain(trace: &Trace<'_>, by: By<'_>, service: &Object) -> bool {
    matches!(by, By::Name(_)) || trace.world.is_complete(Kinds::SERVICES, service.namespace.as_deref())
}

fn explain(trace: &Trace<'_>, by: By<'_>, object: &Object, service: &Service, finding: &mut Finding) {
    let selects = match service.selector.as_slice() {
        [] => "no `selector:` in this spec".to_owned(),
        pairs => format!("selects {}", show_pairs(pairs)),
    };
    finding.label(object.at(&["spec", "selector"]), selects).label(trace.at_labels(), "the labels of these pods");
    match by {
        By::Name(asked) => {
            finding.label(asked.at.clone(), "asks for it").symptom(symptom(trace, asked, object, service))
        }
        By::Label(query) => finding.label(query.at.clone(), "finds it").symptom(Symptom::Silence),
    };
    let selector = Tree::pairs(trace.workload.selector.iter().cloned());
    finding
        .fix(Safety::Unsafe, "select labels that these pods carry")
        .changes([Change::set(object.at(&["spec", "selector"]), selector)]);
}
