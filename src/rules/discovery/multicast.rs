//! # multicast (BG218)
//!
//! With `Gossip` each node says its name by multicast (or, with `broadcast_only: true`, by broadcast), and connects to whomever
//! it hears. Most networks between pods route packets for one address at a time and drop all others: then nobody hears anybody.
//!
//! ## At run time
//!
//! Nothing is logged; `Node.list()` stays empty. With `config :libcluster, debug: true` each node logs its own `heartbeat`, and
//! never `received heartbeat from` another.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Gossip
//! ```
//!
//! ## Fix
//!
//! Ask DNS, which takes a headless Service and nothing else:
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.DNS
//! annotations:
//!   beamgate.dev/basename: cart
//!   beamgate.dev/service: cart-headless
//! ```
//!
//! `beamgate advise` says what it takes, for this strategy and the others. The app's own configuration has to say the same.
//!
//! Where the network carries multicast, as that of one machine may, this is for you to know: `beamgate.dev/ignore: BG218: …`
//! silences it, and the workload stays open. With one replica nobody has to be heard, and this rule is silent.
//!
//! ## What it forms
//!
//! Whoever hears it, with the same cookie, is a member: nodes of other apps and namespaces too, unless `secret` or `port` differs.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/gossip.ex`: UDP, port 45892, 233.252.1.32, and a time to live of 1, which no router passes on.
//! Kubernetes asks of a network that pods reach each other's addresses, and nothing of multicast. The network of the cluster on which
//! this was seen gives each pod a link of its own to the machine (the CNI plugin `ptp`), which passes none on.

use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 218,
    slug: "multicast",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("how the nodes are to find each other"),
    summary: "`Gossip` needs multicast between pods, and most networks drop it",
    source: include_str!("multicast.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.strategy == 'Gossip' && variables.startsRelease &&
                    (variables.kind == 'DaemonSet' || variables.replicas > 1)",
        certain: false,
        says: "with Gossip the nodes find each other by multicast, which most networks between pods drop; at run time \
               nothing is logged; fix: use a strategy that asks DNS or the API server",
    }],
    "replicas that an autoscaler adds, and containers that run something else than a release's start script",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if !trace.is_strategy(&["Gossip"]) || !trace.has_peers() || trace.replicas() == Some(0) {
        return;
    }
    let Some(declared) = &trace.declared else { return };
    found
        .suspect(&RULE, "`Gossip` needs multicast between the pods, and most networks drop it")
        .label(declared.strategy.at.clone(), "each node says its name to UDP port 45892 of a multicast address")
        .symptom(Symptom::Silence)
        .note("unless the network between the pods carries multicast, which no manifest says")
        .fix(Safety::Unsafe, "use a strategy that asks DNS or the API server");
}
