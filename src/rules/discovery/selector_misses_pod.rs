//! # selector-misses-pod (BG209)
//!
//! The app lists pods by label, and its own pods do not carry these labels: no node finds another of its kind.
//!
//! ## At run time
//!
//! Nothing at all: the API server answers 200 with an empty list, and libcluster logs nothing. `Node.list()` stays
//! empty.
//!
//! ## Example
//!
//! ```yaml
//!       labels:
//!         app.kubernetes.io/name: cart
//!       annotations:
//!         beamgate.dev/lookup: pods
//!         beamgate.dev/selector: app=cart
//! ```
//!
//! ## Fix
//!
//! Add the label to the pod template, or ask for one that the pods carry.
//!
//! ## What is milder
//!
//! Where the labels lead to nodes of another workload of the same basename, the pods form one cluster with those, and
//! nothing is said. Such a workload may also be outside the input, so this is a warning, and an error where all
//! workloads are declared to be in it.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`, `parse_response/2` for `:pods`.

use crate::discovery::Resource;
use crate::fix::change::{Among, Change};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::PREFIX;
use crate::world::facts::Kinds;

pub(super) static RULE: Rule = Rule {
    code: 209,
    slug: "selector-misses-pod",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "these pods do not carry the labels that are asked for",
    source: include_str!("selector_misses_pod.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("other workloads may be the ones that are asked for"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(query) = trace.label_query().filter(|query| query.on == Resource::Pods) else { return };
    let shows_us = trace.answers.iter().any(|member| member.shows_us);
    if shows_us || trace.answers.iter().any(|member| trace.joins(member.object)) {
        return;
    }
    let complete = trace.world.is_complete(Kinds::WORKLOADS, query.namespace.as_deref());
    let message = match &query.namespace {
        Some(asked) if trace.object.namespace.as_ref().is_some_and(|own| own != asked) => {
            format!("`:pods` asks for `{}` in `{asked}`; these pods are in another namespace", query.selector)
        }
        _ => format!("`:pods` asks for `{}`; these pods are `{}`", query.selector, trace.pod_labels()),
    };
    let finding = found.missing(&RULE, complete, message);
    finding
        .label(trace.at_labels(), "the labels of these pods")
        .label(query.at.clone(), "asks for others")
        .symptom(Symptom::Silence)
        .fix(Safety::Unsafe, "add the label to the pod template");
    let labels = trace.at_labels().pointer;
    // Before what is said to us, which comes last.
    let last = trace.pod.labels.iter().rfind(|(key, _)| !key.starts_with(PREFIX));
    let among = last.map_or(Among::First, |(key, _)| Among::Behind(key.clone().into()));
    let label = |(key, value): (&str, &str)| Change::Set {
        at: labels.key(key.to_owned()).of(trace.object.id),
        value: value.into(),
        among: among.clone(),
    };
    // What another label says, others may go by: the workload's own selector, to begin with.
    if !query.selector.contradicts(&trace.pod.labels) {
        finding.changes(query.selector.pairs().map(label));
    }
}
