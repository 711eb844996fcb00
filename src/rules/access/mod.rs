//! Access (4xx): whether the query may be asked.

use super::Rule;

mod list_not_granted;
mod token_not_mounted;

pub(super) static RULES: &[&Rule] = &[&list_not_granted::RULE, &token_not_mounted::RULE];
