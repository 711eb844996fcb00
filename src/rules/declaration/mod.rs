//! Declaration (0xx): what people say of the app.

use super::Rule;

pub(super) static RULES: &[&Rule] = &[];
