//! Discovery (2xx): what the peers' query returns.

use super::{Rule, in_namespace, word};
use crate::name::launcher::talks_to_a_node;
use crate::trace::Trace;
use crate::world::exec::Exec;
pub(crate) use service_missing::headless_service;
pub(crate) use wrong_governing_service::govern;

mod dangling_address;
mod dns_extension;
mod dns_policy;
mod list_limits;
mod local_strategy_replicas;
mod multicast;
mod named_port_undeclared;
mod no_stable_hostname;
mod ordered_start_deadlock;
mod peers_hidden_until_ready;
mod query_not_qualified;
mod query_variable_unset;
mod selector_catches_jobs;
mod selector_misses_pod;
mod selector_misses_service;
mod selector_too_wide;
mod service_missing;
mod service_not_headless;
mod service_selects_others;
mod service_without_ports;
mod wrong_governing_service;

pub(super) static RULES: &[&Rule] = &[
    &service_missing::RULE,
    &service_not_headless::RULE,
    &query_not_qualified::RULE,
    &service_without_ports::RULE,
    &dns_extension::RULE,
    &service_selects_others::RULE,
    &named_port_undeclared::RULE,
    &selector_misses_service::RULE,
    &selector_misses_pod::RULE,
    &selector_too_wide::RULE,
    &selector_catches_jobs::RULE,
    &no_stable_hostname::RULE,
    &wrong_governing_service::RULE,
    &peers_hidden_until_ready::RULE,
    &ordered_start_deadlock::RULE,
    &query_variable_unset::RULE,
    &dns_policy::RULE,
    &multicast::RULE,
    &list_limits::RULE,
    &dangling_address::RULE,
    &local_strategy_replicas::RULE,
];

/// The probe for which a pod is not ready before it sees a peer, where there are to be several pods.
fn asks_for_peers<'w>(trace: &Trace<'w>) -> Option<&'w Exec> {
    let needs_peers = |exec: &&Exec| {
        let asks = exec.says("Node.list") || exec.says("nodes()");
        asks && exec.occasion.delays_readiness() && talks_to_a_node(&exec.command)
    };
    trace.container.filter(|_| trace.has_peers())?.execs.iter().find(needs_peers)
}

/// How a StatefulSet is made anew, beside its pods, which have what it had when they were made.
fn again(trace: &Trace<'_>) -> String {
    let (name, namespace) = (word(&trace.object.name), in_namespace(trace.object));
    format!(
        "kubectl delete statefulset {name}{namespace} --cascade=orphan; apply it; kubectl rollout restart statefulset {name}{namespace}"
    )
}
