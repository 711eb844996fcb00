//! NetworkPolicies on a real cluster: which connections they let through, and what that does to apps.
//!
//! Each part is a file. What it sees goes into a table of `docs/network-proofs.md`, without what differs from run to run.

mod case;
mod cases;
mod first;
mod forms;
mod world;

use crate::parts::{Part, Suite};

const SUITE: Suite = Suite {
    name: "network",
    page: "network-proofs.md",
    head: "\
# NetworkPolicies on a real cluster

They are enforced by SIG Network's kube-network-policies, which drops what is not allowed. [Where other network plugins may
differ](../tests/cluster/README.md#networkpolicies) is said there.
",
    parts: &[
        Part { name: "cases", head: cases::HEAD, play: cases::play },
        Part { name: "first", head: first::HEAD, play: first::play },
        Part { name: "forms", head: forms::HEAD, play: forms::play },
    ],
};

/// Plays the parts of these names, or all.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    SUITE.play(&SUITE.choose(arguments))
}
