//! Which connections between pods policies let through: one case after the other.

use super::case::{self, Case, Connection, Protocol};
use super::world::{Answer, World};
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## What is let through

The policies of `tests/network/cases.toml`, each with the [pods](../tests/network/pods.yaml) that listen on every port of the table.
What is *blocked* is not answered at all.

| policies | from | to | port | seen |
|---|---|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let world = World::new();
    for case in case::all() {
        println!("network cases: {}", case.title);
        world.govern(&case.policies);
        for (connection, answer) in case.connections.iter().zip(settled(&world, &case)) {
            let Connection { from, to, port, .. } = connection;
            let port = if connection.protocol == Protocol::Udp { format!("{port} (UDP)") } else { port.to_string() };
            let otherwise = format!("{}: {from} to {to}:{port} is {answer}", case.title);
            seen.expect(is_expected(connection, answer), otherwise);
            seen.row([&case.title, from, to, &port, &answer.to_string()]);
        }
    }
}

/// What becomes of the connections of a case. A policy holds a moment after it is there: what is not as expected is tried once more.
fn settled(world: &World, case: &Case) -> Vec<Answer> {
    let answers = world.try_all(&case.connections);
    if case.connections.iter().zip(&answers).all(|(connection, answer)| is_expected(connection, *answer)) {
        return answers;
    }
    world.try_all(&case.connections)
}

fn is_expected(connection: &Connection, answer: Answer) -> bool {
    answer == if connection.allowed { Answer::Allowed } else { Answer::Blocked }
}
