//! Naming (1xx): what the node calls itself.

use super::Rule;

mod bad_basename;
mod bad_host;
mod long_name_needs_name;
mod name_not_unique;
mod node_name_missing;
mod not_distributed;

pub(super) static RULES: &[&Rule] = &[
    &long_name_needs_name::RULE,
    &not_distributed::RULE,
    &node_name_missing::RULE,
    &bad_basename::RULE,
    &bad_host::RULE,
    &name_not_unique::RULE,
];
