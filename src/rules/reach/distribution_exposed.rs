//! # distribution-exposed (BG506)
//!
//! A Service of type LoadBalancer or NodePort leads to epmd or to the distribution of a node. Whoever reaches it and knows the
//! cookie runs code in the pods; distribution is neither encrypted nor made for strangers. epmd tells everybody the names and ports
//! of the nodes.
//!
//! ## At run time
//!
//! All works. From outside, `beamgate probe` of the address answers with the node's name.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! spec:
//!   type: LoadBalancer
//!   selector:
//!     app: cart
//!   ports:
//!     - name: epmd
//!       port: 4369
//! ```
//!
//! ## Fix
//!
//! Nodes need no Service to reach each other's ports: take the port out of the one that is open to the outside. For discovery, make a
//! headless Service beside it.
//!
//! ## Facts
//!
//! The security working group of the Erlang Ecosystem Foundation, "Erlang distribution and EPMD": both are to be reached from inside
//! only.

use crate::fix::change::Change;
use crate::place::Pointer;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::listening::{Distribution, Listening};
use crate::world::pod::PodTemplate;
use crate::world::service::{ServicePort, TargetPort};

pub(super) static RULE: Rule = Rule {
    code: 506,
    slug: "distribution-exposed",
    severity: Severity::Warning,
    effect: Effect::Hygiene,
    mends: Mends::Program(Safety::Unsafe),
    summary: "epmd or the distribution is reached from outside of the cluster",
    source: include_str!("distribution_exposed.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the Services that select the pods"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let listening = Some(trace).filter(|trace| trace.is_opted_in() && trace.starts_a_node());
    let Some(listening) = listening.and_then(Listening::of) else { return };
    for object in trace.world.services_selecting(trace.object, trace.workload) {
        let Some(service) = object.service().filter(|service| is_open(service.type_name())) else { continue };
        for (index, port) in service.ports.iter().enumerate() {
            let Some(what) = what(port, trace.pod, &listening) else { continue };
            let at = Pointer::keys(&["spec", "ports"]).index(index).of(object.id);
            let finding =
                found.refute(&RULE, format!("{} leads to {what} from outside of the cluster", object.title()));
            finding
                .label(at.clone(), format!("leads to {what}"))
                .label(object.at(&["spec", "type"]), "reached from outside")
                .label(trace.at_labels(), "selected by it")
                .symptom(Symptom::Seen("whoever reaches it and knows the cookie runs code in the pods".to_owned()))
                .fix(Safety::Unsafe, "take the port out of this Service");
            if service.ports.len() > 1 {
                finding.changes([Change::Remove { at }]);
            }
        }
    }
}

fn is_open(kind: &str) -> bool {
    matches!(kind, "LoadBalancer" | "NodePort")
}

/// What of a node a port leads to.
fn what(port: &ServicePort, pod: &PodTemplate, listening: &Listening) -> Option<&'static str> {
    let number = match &port.target {
        TargetPort::Same => port.port,
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => pod.ports_named(name).next(),
    };
    let number = u16::try_from(number?).ok()?;
    match listening.distribution {
        _ if listening.epmd == Some(number) => Some("epmd"),
        Distribution::Pinned(first, last, _) if (first..=last).contains(&number) => Some("the distribution"),
        _ => None,
    }
}
