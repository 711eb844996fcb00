//! # local-strategy-replicas (BG221)
//!
//! `LocalEpmd` asks the epmd of its own host for the nodes there. Each pod is a host of its own, with an epmd of its own that
//! knows the one node: every replica finds itself, and nobody else.
//!
//! ## At run time
//!
//! Nothing is logged: a node does not dial itself. `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! spec:
//!   replicas: 3
//!   template:
//!     metadata:
//!       labels:
//!         beamgate.dev/strategy: LocalEpmd
//! ```
//!
//! ## Fix
//!
//! Ask DNS, which takes a headless Service and nothing else:
//!
//! ```yaml
//!       labels:
//!         beamgate.dev/strategy: Kubernetes.DNS
//!       annotations:
//!         beamgate.dev/basename: cart
//!         beamgate.dev/service: cart-headless
//! ```
//!
//! `beamgate advise` says what it takes, for this strategy and the others. The app's own configuration has to say the same.
//!
//! With one replica this rule is silent, and so it is about `ErlangHosts`, whose file of hosts is in the image. On the network of
//! the host (`hostNetwork`) the nodes of one machine find each other, if they have different names, and so do those of several
//! containers in one pod: that is a warning. Of a node that is not distributed BG102 speaks.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/local_epmd.ex`; `erl_epmd:names/0` (OTP 25.2.3) asks the address of the pod's own host name.

use crate::name::boot::Boot;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::container::stands_beside_an_app;
use crate::world::pod::Container;

pub(super) static RULE: Rule = Rule {
    code: 221,
    slug: "local-strategy-replicas",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("how the nodes are to find each other"),
    summary: "`LocalEpmd` with several replicas: each finds only itself",
    source: include_str!("local_strategy_replicas.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.strategy == 'LocalEpmd' && variables.startsRelease && !variables.onHost &&
                    variables.candidates.size() == 1 && variables.distribution in ['', 'name', 'sname'] &&
                    (variables.kind == 'DaemonSet' || variables.replicas > 1)",
        certain: true,
        says: "with LocalEpmd each node asks the epmd of its own pod, and finds only itself; at run time nothing is \
               logged; fix: use a strategy that asks DNS or the API server",
    }],
    "replicas that an autoscaler adds, containers that run something else than a release's start script, pods on the network of their host, and pods with several containers",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if !trace.is_strategy(&["LocalEpmd"]) || !trace.has_peers() {
        return;
    }
    // BG102 says that there is no node to find.
    if matches!(trace.boot(), Some(Boot::Undistributed(_))) {
        return;
    }
    let whose = match trace.replicas() {
        Some(0) => return,
        Some(count) => format!("each of {count} replicas"),
        None => "the pod of each machine".to_owned(),
    };
    let Some(declared) = &trace.declared else { return };
    let on_host = trace.pod.host_network;
    let finding = match (on_host, other_node(trace)) {
        (true, _) => found.suspect(&RULE, format!("{whose} finds only the nodes of its own machine")),
        (false, Some(_)) => found.suspect(&RULE, format!("{whose} finds only the nodes of its own pod")),
        (false, None) => found.refute(&RULE, format!("{whose} finds only itself")).symptom(Symptom::Silence),
    };
    finding.label(declared.strategy.at.clone(), "asks the epmd of its own host alone");
    match other_node(trace) {
        _ if on_host => drop(finding.label(trace.at_pod_spec(&["hostNetwork"]), "its own host is the machine")),
        Some(other) => drop(finding.label(trace.at_container(other), "may run a node of the same host")),
        None => {}
    }
    finding.fix(Safety::Unsafe, "use a strategy that asks DNS or the API server");
}

/// Another container of the pod that may run a node: all of them share one host, and one epmd.
fn other_node<'w>(trace: &Trace<'w>) -> Option<&'w Container> {
    let own = trace.container.map(|container| container.name.as_str());
    let mut others = trace.pod.containers.iter().filter(|container| Some(container.name.as_str()) != own);
    others.find(|container| !container.init && !stands_beside_an_app(container))
}
