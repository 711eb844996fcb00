//! # list-limits (BG219)
//!
//! The app lists endpoints, and an Endpoints object holds a thousand addresses. Of more pods than that, those beyond are found by
//! nobody.
//!
//! ## At run time
//!
//! Nothing is logged. The Endpoints carry the annotation `endpoints.kubernetes.io/over-capacity: truncated`.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! spec:
//!   replicas: 1500
//! # ...
//!         beamgate.dev/strategy: Kubernetes
//! ```
//!
//! ## Fix
//!
//! Let the app list `pods`, or ask DNS, both of which know them all:
//!
//! ```yaml
//!         beamgate.dev/lookup: pods
//! ```
//!
//! The replica count of an autoscaler is its maximum. How often the app asks, and whether it asks for cached results, is not written
//! here; 1,500 nodes that list every five seconds are 300 requests a second.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/endpoint/endpoints_controller.go`, `maxCapacity`. The kind is deprecated since 1.33, and still
//! made.
//!
//! Not proven here: The test's cluster has no room for a thousand pods.

use crate::discovery::Resource;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 219,
    slug: "list-limits",
    severity: Severity::Info,
    effect: Effect::Risks,
    mends: Mends::Person("whether the app lists pods, or asks DNS"),
    summary: "there may be more pods than an Endpoints object holds",
    source: include_str!("list_limits.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.lists && variables.lookup != 'pods' && variables.replicas > 1000",
        certain: false,
        says: "an Endpoints object holds 1000 addresses, and there are to be {variables.replicas} pods: those beyond are \
               found by nobody; fix: let the app list pods",
    }],
    "replicas that an autoscaler adds",
);

/// How many addresses an Endpoints object holds.
const MOST: u32 = 1000;

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(query), Some(replicas)) = (trace.label_query(), trace.replicas()) else { return };
    if query.on != Resource::Endpoints || replicas <= MOST {
        return;
    }
    found
        .suspect(
            &RULE,
            format!("{replicas} pods, and an Endpoints object holds {MOST}: those beyond are found by nobody"),
        )
        .label(query.at.clone(), "lists endpoints")
        .label(trace.object.at(&["spec", "replicas"]), "more than are listed")
        .symptom(Symptom::Seen("nothing is logged; some nodes are in nobody's `Node.list()`".to_owned()))
        .fix(Safety::Unsafe, "let the app list `pods`, or ask DNS");
}
