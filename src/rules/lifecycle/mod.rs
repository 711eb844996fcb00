//! Lifecycle (7xx): what comes and goes.

use super::Rule;

mod job_joins_cluster;
mod rename_mid_rollout;
mod service_in_use;
mod sigterm_lost;

pub(super) static RULES: &[&Rule] =
    &[&job_joins_cluster::RULE, &sigterm_lost::RULE, &rename_mid_rollout::RULE, &service_in_use::RULE];
