//! Discovery (2xx): what the peers' query returns.

use super::Rule;
pub(crate) use service_missing::headless_service;
pub(crate) use wrong_governing_service::govern;

mod dangling_address;
mod dns_policy;
mod named_port_undeclared;
mod no_stable_hostname;
mod query_not_qualified;
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
    &service_selects_others::RULE,
    &named_port_undeclared::RULE,
    &selector_misses_service::RULE,
    &selector_misses_pod::RULE,
    &selector_too_wide::RULE,
    &no_stable_hostname::RULE,
    &wrong_governing_service::RULE,
    &dns_policy::RULE,
    &dangling_address::RULE,
];
