//! Naming (1xx): what the node calls itself.

pub(crate) use shell_in_env_value::PROGRAMS;

use super::Rule;

mod bad_basename;
mod bad_host;
mod hostname_override;
mod image_overrides_name;
mod long_name_needs_name;
mod name_not_unique;
mod node_name_missing;
mod not_distributed;
mod reference_never_expands;
mod relies_on_injection;
mod sed_eats_everything;
mod service_link_clobbers;
mod shell_in_env_value;

pub(super) static RULES: &[&Rule] = &[
    &long_name_needs_name::RULE,
    &not_distributed::RULE,
    &node_name_missing::RULE,
    &reference_never_expands::RULE,
    &shell_in_env_value::RULE,
    &bad_basename::RULE,
    &bad_host::RULE,
    &name_not_unique::RULE,
    &sed_eats_everything::RULE,
    &image_overrides_name::RULE,
    &hostname_override::RULE,
    &relies_on_injection::RULE,
    &service_link_clobbers::RULE,
];
