//! Lifecycle (7xx): what comes and goes.

use super::Rule;

mod job_joins_cluster;

pub(super) static RULES: &[&Rule] = &[&job_joins_cluster::RULE];
