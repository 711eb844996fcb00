//! Naming (1xx): what the node calls itself.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
