//! Access (4xx): whether the query may be asked.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
