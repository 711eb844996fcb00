//! Which connections between pods policies let through: `tests/network/cases.toml`, one after the other.

use std::fs;

use serde::Deserialize;

use super::world::World;
use crate::cluster;
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## What is let through

The policies of `tests/network/cases.toml`, each with the [pods](../tests/network/pods.yaml) that listen on every port of the table.
What is *blocked* is not answered at all.

| policies | from | to | port | seen |
|---|---|---|---|---|
";

/// Policies, and which connections they let through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    title: String,
    /// One or more, as YAML.
    policies: String,
    pub(super) connections: Vec<Connection>,
}

/// One pod connects to another, or to an address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    /// `namespace/name`.
    pub(super) from: String,
    /// `namespace/name`, or an address.
    pub(super) to: String,
    pub(super) port: u16,
    #[serde(default)]
    pub(super) protocol: Protocol,
    allowed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Protocol {
    #[default]
    Tcp,
    Udp,
}

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Allowed,
    /// Nobody answers.
    Blocked,
    /// Somebody says no: a closed port, no route.
    Refused,
}

impl Connection {
    fn is_as_expected(&self, answer: Answer) -> bool {
        answer == if self.allowed { Answer::Allowed } else { Answer::Blocked }
    }
}

pub(super) fn play(seen: &mut Seen) {
    let world = World::new();
    for case in cases() {
        println!("network cases: {}", case.title);
        world.govern(&case.policies);
        let answers = settled(&world, &case);
        for (connection, answer) in case.connections.iter().zip(answers) {
            let Connection { from, to, port, .. } = connection;
            let port = if connection.protocol == Protocol::Udp { format!("{port} (UDP)") } else { port.to_string() };
            let is = if answer == Answer::Refused {
                "refused"
            } else if answer == Answer::Allowed {
                "allowed"
            } else {
                "blocked"
            };
            seen.expect(connection.is_as_expected(answer), format!("{}: {from} to {to}:{port} is {is}", case.title));
            seen.row([&case.title, from, to, &port, is]);
        }
    }
}

fn cases() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Cases {
        case: Vec<Case>,
    }
    let text = fs::read_to_string(cluster::root().join("tests/network/cases.toml")).unwrap();
    let cases: Cases = toml::from_str(&text).unwrap();
    let unsure = cases.case.iter().find(|case| case.connections.iter().all(|connection| connection.allowed));
    assert!(unsure.is_none(), "it would pass without its policies: {}", unsure.unwrap().title);
    cases.case
}

/// What becomes of the connections of a case. A policy holds a moment after it is there: what is not as expected is tried once more.
fn settled(world: &World, case: &Case) -> Vec<Answer> {
    let answers = world.try_all(&case.connections);
    if case.connections.iter().zip(&answers).all(|(connection, answer)| connection.is_as_expected(*answer)) {
        return answers;
    }
    world.try_all(&case.connections)
}
