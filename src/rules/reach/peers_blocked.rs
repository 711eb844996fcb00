//! # peers-blocked (BG501)
//!
//! A NetworkPolicy selects the pods, and no policy that does lets them connect to each other: to epmd, which says the port, or
//! to the port of the distribution. Both are needed, out of the one pod and into the other. A policy that denies everything by
//! default is the usual reason.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@10.42.1.7"`, every five seconds; `Node.list()` stays empty. Discovery works: that is
//! the API server or DNS, which other rules of a policy let pass.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: networking.k8s.io/v1
//! kind: NetworkPolicy
//! metadata:
//!   name: cart
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app: cart
//!   ingress:
//!     - ports:
//!         - port: 4000
//! ```
//!
//! ## Fix
//!
//! Let the nodes connect to each other. Policies add up, so another one beside it will do:
//!
//! ```yaml
//! apiVersion: networking.k8s.io/v1
//! kind: NetworkPolicy
//! metadata:
//!   name: cart-peers
//! spec:
//!   podSelector:
//!     matchLabels:
//!       app: cart
//!   ingress:
//!     - from:
//!         - podSelector:
//!             matchLabels:
//!               app: cart
//! ```
//!
//! To allow certain ports only, pin that of the distribution: `port-not-pinned` (BG502).
//!
//! ## When it is said
//!
//! Another policy, which is not in the input, could let them: so this is a warning, and an error where all policies are declared to
//! be in the input. It is said of connections between pods of one workload. Of a peer that is an address (`ipBlock`), of namespaces
//! whose labels are not in the input and of pods on the host's network nothing is known, and nothing is said. Whether a policy is
//! enforced at all depends on the cluster's network plugin. Policies of other kinds (Cilium's, Calico's) are not read.
//!
//! ## Facts
//!
//! The specification of `networking.k8s.io/v1`; OTP 25, `erl_epmd.erl` and `inet_tcp_dist.erl`.

use super::{key, not_connected, peers, titles};
use crate::fix::change::{Change, Tree};
use crate::reach::{Direction, Passage};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::trace::listening::{Distribution, Listening};
use crate::world::facts::Kinds;
use crate::world::selector::Selected;

pub(super) static RULE: Rule = Rule {
    code: 501,
    slug: "peers-blocked",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "network policies do not let the nodes connect to each other",
    source: include_str!("peers_blocked.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on network policies"),
};

/// A direction in which the policies let nodes connect to none of these ports.
struct Blocked<'t> {
    direction: Direction,
    passage: Passage<'t>,
    ports: Vec<String>,
}

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(listening) = peers(trace) else { return };
    let directions = [Direction::Ingress, Direction::Egress];
    let blocked: Vec<Blocked<'_>> =
        directions.into_iter().filter_map(|direction| blocked(trace, &listening, direction)).collect();
    let Some(first) = blocked.first() else { return };
    let ports = first.ports.join(" and ");
    let message = match first.direction {
        Direction::Ingress => format!("{} lets no peer connect to {ports}", titles(&first.passage)),
        Direction::Egress => format!("{} lets the nodes connect to {ports} of no peer", titles(&first.passage)),
    };
    let complete = trace.world.is_complete(Kinds::NETWORK, trace.object.namespace.as_deref());
    let finding = found.missing(&RULE, complete, message);
    finding.lacks(Kinds::NETWORK);
    for Blocked { direction, passage, ports } in &blocked {
        for policy in &passage.policies {
            let says = format!("lets nothing pass to {}", ports.join(" and "));
            finding.label(policy.at(&["spec", key(*direction)]), says);
        }
    }
    finding
        .label(trace.at_labels(), "selected by it")
        .symptom(not_connected(trace))
        .fix(Safety::Unsafe, "let the nodes connect to each other")
        .changes(allow(trace, &listening, &blocked));
}

fn blocked<'t>(trace: &'t Trace<'_>, listening: &Listening, direction: Direction) -> Option<Blocked<'t>> {
    let closed = listening.wanted().into_iter().filter_map(|(what, wanted)| {
        let passage = trace.between_peers(direction, wanted);
        (passage.passes == Selected::No).then_some((what, passage))
    });
    let (ports, mut passages): (Vec<_>, Vec<_>) = closed.unzip();
    passages.pop().map(|passage| Blocked { direction, passage, ports })
}

/// Another policy, which isolates the pods in no further direction.
fn allow(trace: &Trace<'_>, listening: &Listening, blocked: &[Blocked<'_>]) -> Option<Change> {
    let pods = &trace.near().object.workload()?.selector;
    if pods.is_empty() {
        return None;
    }
    let labels = || Tree::map([("matchLabels", Tree::pairs(pods.iter().cloned()))]);
    let peer = || Tree::list([Tree::map([("podSelector", labels())])]);
    let item = |direction| {
        let peers = if direction == Direction::Ingress { "from" } else { "to" };
        let ports = port_list(listening).map(|ports| ("ports", ports));
        Tree::list([Tree::map([(peers, peer())].into_iter().chain(ports))])
    };
    let types = blocked.iter().map(|one| if one.direction == Direction::Ingress { "Ingress" } else { "Egress" });
    let mut spec = vec![("podSelector", labels()), ("policyTypes", Tree::list(types.map(Tree::from)))];
    spec.extend(blocked.iter().map(|one| (key(one.direction), item(one.direction))));
    let namespace = trace.object.namespace.as_deref().map(|namespace| ("namespace", Tree::from(namespace)));
    let name = [("name", Tree::from(format!("{}-peers", trace.object.name)))];
    let object = Tree::map([
        ("apiVersion", "networking.k8s.io/v1".into()),
        ("kind", "NetworkPolicy".into()),
        ("metadata", Tree::map(name.into_iter().chain(namespace))),
        ("spec", Tree::map(spec)),
    ]);
    Some(Change::Create { beside: trace.object.id, object })
}

/// The ports to let pass; all of them, where nothing says which the distribution takes.
fn port_list(listening: &Listening) -> Option<Tree> {
    let Distribution::Pinned(first, last, _) = listening.distribution else { return None };
    let number = |port: u16| Tree::from(u32::from(port));
    let last = (first < last).then(|| ("endPort", number(last)));
    let distribution = Tree::map([("port", number(first))].into_iter().chain(last));
    let epmd = listening.epmd.map(|port| Tree::map([("port", number(port))]));
    Some(Tree::list(epmd.into_iter().chain([distribution])))
}
