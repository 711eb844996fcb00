//! # lopsided-policy (BG503)
//!
//! A network policy lets peers connect that carry a label of their version. During a rollout the old pods and the new ones
//! have different ones: the two halves do not see each other.
//!
//! ## At run time
//!
//! During a rollout, `unable to connect to :"cart@10.42.1.7"`, and two clusters until it is done; all is well afterwards.
//!
//! ## Example
//!
//! ```yaml
//!   ingress:
//!     - from:
//!         - podSelector:
//!             matchLabels:
//!               app: cart
//!               app.kubernetes.io/version: 1.4.2
//! ```
//!
//! ## Fix
//!
//! Select peers by labels that stay: those of the workload's own selector.
//!
//! ```yaml
//!   ingress:
//!     - from:
//!         - podSelector:
//!             matchLabels:
//!               app: cart
//! ```
//!
//! A Deployment with `strategy: Recreate` never runs both, and nothing is said about it.
//!
//! ## Facts
//!
//! The specification of `networking.k8s.io/v1`: peers are selected by the labels that they have.

use super::{key, not_connected, peers, titles};
use crate::reach::{Direction, Far, Near, passage};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::world::pod::PodTemplate;
use crate::world::selector::Selected;

pub(super) static RULE: Rule = Rule {
    code: 503,
    slug: "lopsided-policy",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("which labels stay is for whoever writes the policy to say"),
    summary: "a policy lets only peers of the same version connect",
    source: include_str!("lopsided_policy.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on network policies"),
};

/// Labels that a new version of an app has otherwise.
const OF_A_VERSION: [&str; 4] = ["app.kubernetes.io/version", "version", "helm.sh/chart", "app.kubernetes.io/revision"];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(listening) = peers(trace).filter(|_| !trace.workload.recreates) else { return };
    let Some(next) = next_version(trace.pod) else { return };
    let far = Far::Pod(Near { object: trace.object, pod: &next });
    for direction in [Direction::Ingress, Direction::Egress] {
        let halved = listening.wanted().into_iter().find_map(|(_, wanted)| {
            let meets = trace.between_peers(direction, wanted).passes == Selected::Yes;
            let passage = passage(trace.world, trace.near(), direction, far, wanted);
            (meets && passage.passes == Selected::No).then_some(passage)
        });
        let Some(passage) = halved else { continue };
        let message = format!("{} lets only peers of the same version connect", titles(&passage));
        let finding = found.suspect(&RULE, message);
        for policy in &passage.policies {
            finding.label(policy.at(&["spec", key(direction)]), "asks peers for a label of their version");
        }
        finding.label(trace.at_labels(), "a rollout changes it");
        finding
            .symptom(not_connected(trace))
            .note("during a rollout only: old and new nodes are two clusters until it is done")
            .fix(Safety::Unsafe, "select peers by labels that stay");
        return;
    }
}

/// The pod as the next version has it.
fn next_version(pod: &PodTemplate) -> Option<PodTemplate> {
    let mut next = pod.clone();
    let changed = next.labels.iter_mut().filter(|(key, _)| OF_A_VERSION.contains(&key.as_str()));
    let count = changed.map(|(_, value)| value.push_str("-next")).count();
    (count > 0).then_some(next)
}
