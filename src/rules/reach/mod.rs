//! Reach (5xx): whether the packets arrive.

use super::Rule;
use crate::reach::{Direction, Passage, Wanted};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::listening::Listening;
use crate::world::network::Protocol;

mod distribution_exposed;
mod lookup_blocked;
mod lopsided_policy;
mod mesh_captures_distribution;
mod peers_blocked;
mod port_not_pinned;
mod ports_disagree;

pub(super) static RULES: &[&Rule] = &[
    &peers_blocked::RULE,
    &port_not_pinned::RULE,
    &lopsided_policy::RULE,
    &lookup_blocked::RULE,
    &mesh_captures_distribution::RULE,
    &distribution_exposed::RULE,
    &ports_disagree::RULE,
];

/// Where a node gets its port where nothing says which (`net.ipv4.ip_local_port_range` of Linux, unless somebody changes it).
const EPHEMERAL: Wanted = Wanted { protocol: Protocol::Tcp, first: 32768, last: 60999 };

/// Where the nodes of a workload listen, if they are ours to judge and there are several.
fn peers(trace: &Trace<'_>) -> Option<Listening> {
    trace.has_peers_to_reach().then(|| Listening::of(trace)).flatten()
}

/// What is seen where peers cannot connect.
fn not_connected(trace: &Trace<'_>) -> Symptom {
    match trace.first_dialled() {
        Some(dialled) if !trace.is_silent_about_peers() => Symptom::UnableToConnect(dialled),
        _ => Symptom::Silence,
    }
}

/// `NetworkPolicy shop/cart and NetworkPolicy shop/default-deny`.
fn titles(passage: &Passage<'_>) -> String {
    let titles: Vec<String> = passage.policies.iter().map(|policy| policy.title()).collect();
    titles.join(" and ")
}

/// The key of `spec` that holds what a policy lets pass.
fn key(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}
