//! Agreement (3xx): what the peers dial is what the node is called.

use super::Rule;

mod address_family;
mod hard_coded_namespace;
mod name_mismatch;
mod name_unprovable;
mod wrong_cluster_domain;

pub(super) static RULES: &[&Rule] = &[
    &name_mismatch::RULE,
    &hard_coded_namespace::RULE,
    &wrong_cluster_domain::RULE,
    &address_family::RULE,
    &name_unprovable::RULE,
];
