//! # selector-too-wide (BG210)
//!
//! The app lists endpoints by label, and the labels catch more than the clustering Service. In `hostname` mode only the
//! pods' own subdomain gives them host names, so the endpoints of every other Service give names without one. Endpoints
//! that were written by hand have no `targetRef`, and libcluster dies over them.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@.cart.shop.svc.cluster.local"`, every five seconds, beside a cluster that forms. With
//! endpoints written by hand: `FunctionClauseError` in `Cluster.Strategy.Kubernetes.parse_response/2`; the strategy
//! restarts until the application stops.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! metadata:
//!   name: cart-http
//!   labels:
//!     app.kubernetes.io/name: cart
//! # …
//!         beamgate.dev/mode: hostname
//!         beamgate.dev/selector: app.kubernetes.io/name=cart
//!         beamgate.dev/service: cart
//! ```
//!
//! ## Fix
//!
//! Give the clustering Service a label of its own and ask for that, or take the label off the others.
//!
//! In `ip` mode another Service of the same pods gives the same addresses, and this rule is silent.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`: `parse_response/2` has no clause for an address without `targetRef`,
//! and `format_node/5` puts an absent host name in as nothing. Kubernetes 1.35, `ShouldSetHostname`. An error
//! only where such Endpoints are in the input.

use crate::discovery::{LabelQuery, Resource};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::object::{Body, Object};

pub(super) static RULE: Rule = Rule {
    code: 210,
    slug: "selector-too-wide",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("which of the Services the app is to find"),
    summary: "the labels also catch endpoints that are no peers",
    source: include_str!("selector_too_wide.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on Services and other workloads"),
};

const REMEDY: &str = "take the label off, or ask for a label that the clustering Service has alone";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(query) = trace.label_query().filter(|query| query.on == Resource::Endpoints) else { return };
    by_hand(trace, query, found);
    without_selector(trace, query, found);
    without_hostnames(trace, query, found);
}

/// Endpoints with an address that libcluster cannot read.
fn by_hand(trace: &Trace<'_>, query: &LabelQuery, found: &mut Findings) {
    for object in trace.world.endpoints_labelled(query.namespace.as_deref(), &query.selector) {
        if !is_unreadable(object) {
            continue;
        }
        let message =
            format!("`{}` also matches Endpoints `{}`, which have no targetRef", query.selector, object.full_name());
        found
            .refute(&RULE, message)
            .label(object.at(&["subsets"]), "an address without `targetRef`")
            .label(query.at.clone(), "finds it")
            .symptom(Symptom::FunctionClauseError)
            .fix(Safety::Unsafe, REMEDY);
    }
}

/// Somebody writes the endpoints of a Service without a selector; where they are in the input, they can be judged.
fn without_selector(trace: &Trace<'_>, query: &LabelQuery, found: &mut Findings) {
    for object in trace.answers.iter().map(|member| member.object) {
        let has_selector = object.service().is_some_and(|service| !service.selector.is_empty());
        let written = trace.world.endpoints_named(object, object.namespace.as_deref(), &object.name);
        if has_selector || !written.is_empty() {
            continue;
        }
        let name = object.full_name();
        let message = format!("`{}` also matches Service `{name}`, which has no selector", query.selector);
        found
            .suspect(&RULE, message)
            .effect(Effect::Risks)
            .label(object.at(&["spec", "selector"]), "no `selector:`: its endpoints are written by hand")
            .label(query.at.clone(), "finds it")
            .symptom(Symptom::FunctionClauseError)
            .fix(Safety::Unsafe, REMEDY);
    }
}

/// In `hostname` mode, Services beside the one that peers dial through.
fn without_hostnames(trace: &Trace<'_>, query: &LabelQuery, found: &mut Findings) {
    let Some(asked) = trace.asked_service() else { return };
    if !trace.answers.iter().any(|member| member.shows_us && member.object.name == asked.name) {
        // The right one is not found at all: BG206, BG208, BG212 or BG213.
        return;
    }
    let nobody = trace.dialled_without_hostname().unwrap_or_default();
    let gives_endpoints = |object: &&Object| object.service().is_some_and(|service| !service.selector.is_empty());
    let others = trace.answers.iter().map(|member| member.object).filter(|object| object.name != asked.name);
    for object in others.filter(gives_endpoints) {
        let name = object.full_name();
        let message =
            format!("`{}` also matches Service `{name}`; peers dial through `{}`", query.selector, asked.name);
        found
            .refute(&RULE, message)
            .effect(Effect::Risks)
            .at_most(Severity::Warning)
            .label(object.at(&["metadata", "labels"]), "carries the label too, and gives no host names")
            .label(asked.at.clone(), "the Service that peers dial through")
            .label(query.at.clone(), "finds both")
            .symptom(Symptom::Seen(format!(
                "`unable to connect to :\"{nobody}\"`, every five seconds, for the endpoints of `{name}`"
            )))
            .fix(Safety::Unsafe, REMEDY);
    }
}

fn is_unreadable(object: &Object) -> bool {
    matches!(&object.body, Body::Endpoints(endpoints) if endpoints.without_target)
}
