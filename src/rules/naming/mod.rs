//! Naming (1xx): what the node calls itself.

pub(crate) use shell_in_env_value::PROGRAMS;

use super::Rule;
use crate::trace::Trace;
use crate::world::workload::WorkloadKind;

mod bad_basename;
mod bad_host;
mod basename_per_release;
mod hostname_override;
mod image_overrides_name;
mod long_name_needs_name;
mod name_not_unique;
mod name_only_in_wrapper;
mod name_source_conflict;
mod name_too_long;
mod node_name_missing;
mod not_distributed;
mod read_only_root;
mod reference_never_expands;
mod relies_on_injection;
mod sed_eats_everything;
mod service_link_clobbers;
mod shared_epmd;
mod shell_in_env_value;
mod single_port_range;

pub(super) static RULES: &[&Rule] = &[
    &long_name_needs_name::RULE,
    &not_distributed::RULE,
    &name_source_conflict::RULE,
    &node_name_missing::RULE,
    &reference_never_expands::RULE,
    &shell_in_env_value::RULE,
    &bad_basename::RULE,
    &bad_host::RULE,
    &name_not_unique::RULE,
    &name_too_long::RULE,
    &basename_per_release::RULE,
    &sed_eats_everything::RULE,
    &image_overrides_name::RULE,
    &name_only_in_wrapper::RULE,
    &hostname_override::RULE,
    &relies_on_injection::RULE,
    &service_link_clobbers::RULE,
    &shared_epmd::RULE,
    &single_port_range::RULE,
    &read_only_root::RULE,
];

/// The longest name that one of a workload's pods certainly has. Those of a Deployment end in a hash of at least one character
/// and five more, and what is made of a longer name is cut to 63 (`names.SimpleNameGenerator`).
fn longest_pod_name(trace: &Trace<'_>) -> String {
    let name = &trace.object.name;
    let cut = |name: String| name.chars().take(63).collect();
    match trace.workload.kind {
        WorkloadKind::StatefulSet => {
            let last = trace.workload.first_ordinal + trace.replicas().unwrap_or(1).saturating_sub(1);
            format!("{name}-{last}")
        }
        WorkloadKind::Pod => name.clone(),
        WorkloadKind::Replicas => cut(format!("{name}-x-xxxxx")),
        WorkloadKind::DaemonSet | WorkloadKind::Job => cut(format!("{name}-xxxxx")),
    }
}
