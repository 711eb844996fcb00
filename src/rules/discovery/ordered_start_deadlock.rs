//! # ordered-start-deadlock (BG215)
//!
//! A StatefulSet makes its pods one after the other: the second when the first is ready. Where a pod is ready when it sees a peer,
//! there is never a second one.
//!
//! ## At run time
//!
//! `cart-0` runs and is never ready, and `cart-1` is never made. Nothing is logged.
//!
//! ## Example
//!
//! ```yaml
//! kind: StatefulSet
//! spec:
//!   replicas: 3
//!   template:
//!     spec:
//!       containers:
//!         - name: cart
//!           readinessProbe:
//!             exec:
//!               command: ["/app/bin/cart", "rpc", "if Node.list() == [], do: exit(:alone)"]
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! kind: StatefulSet
//! spec:
//!   podManagementPolicy: Parallel
//! ```
//!
//! The field cannot be changed: the StatefulSet is made anew (`kubectl delete --cascade=orphan` keeps the pods). Or let the probe
//! ask for something that a node can have by itself.
//!
//! Only a command that asks for the nodes (`Node.list`, `nodes()`) is known to need peers.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/statefulset/stateful_set_control.go`: `OrderedReady`, the default, waits for each pod to be
//! running and ready.

use super::{again, asks_for_peers};
use crate::fix::change::{Among, Change};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 215,
    slug: "ordered-start-deadlock",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Recreate),
    summary: "the second pod waits for the first, which waits for a peer",
    source: include_str!("ordered_start_deadlock.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("no variable of the policies holds a probe's command"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(probe) = asks_for_peers(trace).filter(|_| trace.workload.ordered) else { return };
    let first = format!("{}-{}", trace.object.name, trace.workload.first_ordinal);
    let policy = trace.object.at(&["spec", "podManagementPolicy"]);
    found
        .suspect(&RULE, format!("`{first}` is ready when it sees a peer, and there is none before it is ready"))
        .label(policy.clone(), "`OrderedReady` makes one pod after the other")
        .label(probe.at.clone().of(trace.object.id), format!("the `{}` needs peers", probe.occasion.name()))
        .symptom(Symptom::Seen(format!("`{first}` runs and is never ready, and no other pod is ever made")))
        .fix(Safety::Recreate, "make all pods at once")
        .besides(again(trace))
        .changes([Change::Set { at: policy, value: "Parallel".into(), among: Among::Behind("serviceName".into()) }]);
}
