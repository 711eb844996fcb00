//! Trust (6xx): whether the peers accept each other.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
