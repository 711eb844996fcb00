//! The cases of `tests/network/cases.toml`: policies, and which connections they let through.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// Policies, and what is expected of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) title: String,
    /// One or more, as YAML.
    pub(crate) policies: String,
    pub(crate) connections: Vec<Connection>,
}

/// One pod connects to another, or to an address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connection {
    /// `namespace/name`.
    pub(crate) from: String,
    /// `namespace/name`, or an address.
    pub(crate) to: String,
    pub(crate) port: u16,
    #[serde(default)]
    pub(crate) protocol: Protocol,
    pub(crate) allowed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Protocol {
    #[default]
    Tcp,
    Udp,
}

/// All of them. In each, something is blocked.
pub(crate) fn all() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Cases {
        case: Vec<Case>,
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/network/cases.toml");
    let cases: Cases = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let unsure = cases.case.iter().find(|case| case.connections.iter().all(|connection| connection.allowed));
    assert!(unsure.is_none(), "it would pass without its policies: {}", unsure.unwrap().title);
    cases.case
}
