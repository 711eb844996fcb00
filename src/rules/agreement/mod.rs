//! Agreement (3xx): what the peers dial is what the node is called.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
