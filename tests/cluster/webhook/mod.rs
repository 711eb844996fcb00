//! The webhook on the cluster: what it injects forms, what it denies is wrong, and nobody waits for it in vain.
//!
//! Each part is a file. What it sees goes into a table of `docs/webhook-proofs.md`, without what differs from run to run.

mod conditions;
mod cuts;
mod denies;
mod faults;
mod forms;
mod install;
mod manifests;
mod passes;

use crate::parts::{Part, Suite};

const SUITE: Suite = Suite {
    name: "webhook",
    page: "webhook-proofs.md",
    head: "\
# What the webhook does on a real cluster

Two replicas of `deploy/kustomize/base` on a real Kubernetes cluster, and what `kubectl` and the API server's own metrics say.
",
    parts: &[
        Part { name: "manifests", head: manifests::HEAD, play: manifests::play },
        Part { name: "forms", head: forms::HEAD, play: forms::play },
        Part { name: "denies", head: denies::HEAD, play: denies::play },
        Part { name: "passes", head: passes::HEAD, play: passes::play },
        Part { name: "conditions", head: conditions::HEAD, play: conditions::play },
        Part { name: "faults", head: faults::HEAD, play: faults::play },
        Part { name: "cuts", head: cuts::HEAD, play: cuts::play },
    ],
};

/// Plays the parts of these names, or all. `--keep` leaves the webhook where it is.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let parts = SUITE.choose(arguments);
    let _installed = install::Installed::new(arguments.iter().any(|argument| argument == "--keep"));
    SUITE.play(&parts)
}
