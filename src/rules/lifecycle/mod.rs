//! Lifecycle (7xx): what comes and goes.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
