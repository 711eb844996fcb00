//! # name-too-long (BG110)
//!
//! A node's name is an atom, and an atom has 255 characters at most. Kubernetes has limits of its own, and the names of a
//! StatefulSet's pods meet them first: each pod carries its own name and the name of its revision in labels of 63 characters.
//!
//! ## At run time
//!
//! The VM: `{system_limit,[{erlang,list_to_atom`, and the pod restarts for ever.
//!
//! The StatefulSet is taken, and no pod is ever made; `kubectl describe` shows the event `Create Pod ... failed error: Pod ... is
//! invalid: metadata.labels: Invalid value: ... must be no more than 63`.
//!
//! ## Example
//!
//! ```yaml
//! kind: StatefulSet
//! metadata:
//!   name: checkout-service-shopping-cart-with-recommendations-eu-central-1
//! ```
//!
//! ## Fix
//!
//! A shorter name. A StatefulSet cannot be renamed: it is made anew, and so are its volumes unless somebody moves them.
//!
//! Of 52 characters and less no name is ever refused. With 53 to 61 it depends on the revision's hash, of up to ten digits, which
//! is another one after every change of the template: that is a warning. Pods of a Deployment have names that are cut to fit.
//!
//! A label of 63 characters, or a DNS name of 253, is reached by no pod that Kubernetes makes otherwise. What `setHostnameAsFQDN`
//! makes too long is BG115's.
//!
//! ## Facts
//!
//! OTP 25.2.3: `list_to_atom/1`, seen with 256 characters, and 255 boot. Kubernetes 1.35: StatefulSets of 53, 60, 61, 62 and 63
//! characters were given pods by nobody, one of 52 was; one of 70 is refused itself.

use super::longest_pod_name;
use crate::name::boot::Boot;
use crate::name::template::{Part, Sym, Template};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::workload::WorkloadKind;

pub(super) static RULE: Rule = Rule {
    code: 110,
    slug: "name-too-long",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("a shorter name"),
    summary: "the node, or the StatefulSet, has a longer name than is allowed",
    source: include_str!("name_too_long.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("a name never changes, so it could speak once, when a StatefulSet is made"),
};

/// How long an atom may be, in characters.
const ATOM: usize = 255;

/// How long the value of a label may be.
const LABEL: usize = 63;

/// How many digits the hash of a revision may have; there are always some.
const HASH: usize = 10;

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if trace.workload.kind == WorkloadKind::StatefulSet {
        stateful_set(trace, found);
    }
    let Some(Boot::Named(name)) = trace.boot() else { return };
    let length = least(trace, name);
    if length <= ATOM {
        return;
    }
    let message = format!("the node's name has {length} characters, and an atom {ATOM} at most");
    let finding = found.refute(&RULE, message);
    if let Some((_, at)) = trace.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "too long");
    }
    finding.symptom(Symptom::SystemLimit).fix(Safety::Unsafe, "make the part before `@` shorter");
}

fn stateful_set(trace: &Trace<'_>, found: &mut Findings) {
    let (name, pod) = (&trace.object.name, longest_pod_name(trace));
    let with_hash = name.len() + 1 + HASH;
    let finding = if pod.len() > LABEL {
        let length = pod.len();
        found.refute(&RULE, format!("the pod `{pod}` carries its name, of {length} characters, in a label of {LABEL}"))
    } else if with_hash > LABEL {
        let message = format!(
            "the pods carry `{name}-` and the hash of their revision, together up to {with_hash} characters, in a label of {LABEL}"
        );
        found.suspect(&RULE, message)
    } else {
        return;
    };
    let length = name.len();
    finding
        .label(
            trace.object.at(&["metadata", "name"]),
            format!("{length} characters; {} are never too many", LABEL - 1 - HASH),
        )
        .symptom(Symptom::Seen(format!(
            "no pod is made: `Create Pod {pod} ... is invalid: metadata.labels: ... must be no more than {LABEL}`"
        )))
        .fix(Safety::Recreate, "give the StatefulSet a shorter name");
}

/// How many characters a name has at least, in the pod with the longest name.
fn least(trace: &Trace<'_>, name: &Template) -> usize {
    let of = |part: &Part| match part {
        Part::Lit(text) | Part::Unexpanded(text, _) => text.chars().count(),
        Part::Sym(sym) => least_of(trace, *sym),
        Part::Opaque(_) => 0,
    };
    name.pieces().iter().map(|piece| of(&piece.part)).sum()
}

fn least_of(trace: &Trace<'_>, sym: Sym) -> usize {
    match sym {
        Sym::PodName => longest_pod_name(trace).len(),
        Sym::Hostname if !trace.identity.odd_hostname && !trace.pod.host_network => {
            trace.workload.hostname().map_or_else(|| longest_pod_name(trace).len(), str::len).min(LABEL)
        }
        // `1.2.3.4`, with dots or dashes.
        Sym::PodIp | Sym::PodIpDashed | Sym::PodIps | Sym::HostIp => 7,
        Sym::Namespace => trace.object.namespace.as_ref().map_or(1, String::len),
        Sym::ClusterDomain => trace.identity.cluster_domain.len(),
        Sym::Uid => 36,
        Sym::Hostname | Sym::NodeName => 1,
    }
}
