//! # name-not-unique (BG109)
//!
//! All replicas of a workload start from one template. If nothing in the node's name differs from pod to pod, every replica
//! takes its peers for itself.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@10.42.1.7"`, every five seconds, where peers are dialled by names of their own, which none of
//! them has. Where all are dialled by the one name, nothing is logged: a node never dials itself. `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! spec:
//!   replicas: 3
//!   # ...
//!         env:
//!           - name: RELEASE_NODE
//!             value: cart@cart.shop.svc.cluster.local
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_IP)
//! ```
//!
//! With one replica a fixed name is fine, and this rule is silent. The replica count of an autoscaler is its maximum.
//!
//! ## Facts
//!
//! libcluster drops the name that is its own (`lib/strategy/strategy.ex`).

use crate::discovery::Dialled;
use crate::name::boot::Boot;
use crate::name::template::{Part, Template};
use crate::rules::env;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 109,
    slug: "name-not-unique",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "every replica claims the same name",
    source: include_str!("name_not_unique.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: r"(variables.kind == 'DaemonSet' || variables.replicas > 1) &&
                    variables.distribution in ['', 'name'] &&
                    variables.name.matches(r'^[A-Za-z0-9_-]+@[A-Za-z0-9_-]+(\.([A-Za-z0-9_-]+|\{namespace\}))+$') &&
                    !variables.releaseNode.matches(r'@\.|\.\.|\.$')",
        certain: true,
        says: "all replicas claim the name `{variables.releaseNode}`; at run time each takes its peers for itself, \
               and Node.list() stays empty; fix: make the name differ from pod to pod, as $(MY_POD_IP) does",
    }],
    "replicas that an autoscaler adds, and names that the pod's own host name completes",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(Boot::Named(name)) = trace.boot() else { return };
    if found.has(&[108]) || !is_settled(name) || trace.identity.differs_between_pods(name) {
        return;
    }
    let replicas = match trace.replicas() {
        Some(0 | 1) => return,
        Some(count) => format!("all {count} replicas claim"),
        None => "the pods of all machines claim".to_owned(),
    };
    let name = trace.identity.show(name);
    let finding = found.refute(&RULE, format!("{replicas} the name `{name}`"));
    if let Some((_, at)) = trace.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "the same in every pod");
    }
    if trace.pod.hostname.is_some() && !trace.workload.has_stable_hostnames() {
        finding.label(trace.at_pod_spec(&["hostname"]), "one host name for all pods");
    }
    let peers = trace.dials.first().filter(|dial| trace.identity.differs_between_pods(&dial.name));
    finding.symptom(match peers {
        Some(_) if trace.is_silent_about_peers() => Symptom::Silence,
        Some(dial) => Symptom::UnableToConnect(trace.identity.example(&dial.name)),
        None => Symptom::OnlyItself,
    });
    let title = match trace.dialled() {
        Dialled::Made => "name each node as it is dialled",
        _ => "name each node by its address",
    };
    match env::name_findable(trace) {
        Some(changes) => drop(finding.fix(Safety::Unsafe, title).changes(changes)),
        None if trace.findable().is_some_and(|name| env::export_name(trace, &name, title, finding)) => {}
        None => drop(finding.fix(Safety::Unsafe, "make the name differ from pod to pod, as `$(MY_POD_IP)` does")),
    }
}

/// Whether the name is what somebody meant: a reference that was never expanded is another rule's.
fn is_settled(name: &Template) -> bool {
    name.pieces().iter().all(|piece| match &piece.part {
        Part::Lit(text) => !text.contains(['$', '`']),
        Part::Sym(_) => true,
        Part::Unexpanded(..) | Part::Opaque(_) => false,
    })
}
