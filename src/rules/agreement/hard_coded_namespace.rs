//! # hard-coded-namespace (BG302)
//!
//! The namespace is a part of the names that are dialled in `dns` and `hostname` mode and by `DNSSRV`. A name that spells it
//! out is right in that one namespace and wrong in every other: the manifest cannot be deployed twice.
//!
//! ## At run time
//!
//! Nothing, until somebody deploys it to a second namespace: there `unable to connect to` every peer, and `Node.list()` stays
//! empty.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_NAME).cart.shop.svc.cluster.local
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   - name: MY_POD_NAMESPACE
//!     valueFrom:
//!       fieldRef:
//!         fieldPath: metadata.namespace
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local
//! ```
//!
//! ## Facts
//!
//! The formulas of libcluster 3.5.0, `lib/strategy/kubernetes.ex`, `format_node/5`: the namespace is that of the pod that was
//! found.
//!
//! Not proven here: It forms in the namespace that it is written for, and its proof is played there.

use crate::name::boot::Boot;
use crate::name::template::{Part, Template};
use crate::place::Loc;
use crate::rules::env;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 302,
    slug: "hard-coded-namespace",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "the namespace is written into the name",
    source: include_str!("hard_coded_namespace.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the name solver, to tell it from BG301"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(Boot::Named(name)) = trace.boot() else { return };
    if found.has(&[301]) || trace.naming.as_ref().is_some_and(|naming| naming.declared.is_some()) {
        return; // a declared name is a description of the image, not a template of its own
    }
    let Some((namespace, at)) = spelled_out(name) else { return };
    let finding = found
        .refute(&RULE, format!("namespace `{namespace}` is written into the name: it works only there"))
        .label(at, "a namespace");
    let title = "take the namespace from `metadata.namespace`";
    if let Some(changes) = env::name_node(trace, name) {
        finding.fix(Safety::Safe, title).changes(changes);
    } else if !env::export_name(trace, name, "let the name take the namespace from the pod", finding) {
        finding.fix(Safety::Safe, title).snippet(NAMESPACE);
    }
}

const NAMESPACE: &str = "- name: MY_POD_NAMESPACE\n  valueFrom:\n    fieldRef:\n      fieldPath: metadata.namespace";

/// The label before `.svc.` or `.pod.`, where it is literal.
fn spelled_out(name: &Template) -> Option<(String, Loc)> {
    name.pieces().iter().find_map(|piece| {
        let Part::Lit(text) = &piece.part else { return None };
        let end = [".svc.", ".pod."].iter().find_map(|zone| text.find(zone))?;
        let namespace = text[..end].rsplit_once('.')?.1;
        (!namespace.is_empty()).then(|| (namespace.to_owned(), piece.at.clone()))
    })
}
