//! The webhook on the cluster: what it injects forms, what it denies is wrong, and nobody waits for it in vain.
//!
//! Each part is a file. What it sees goes into a table of `docs/webhook-proofs.md`, without what differs from run to run.

mod calls;
mod conditions;
mod cuts;
mod denies;
mod faults;
mod forms;
mod install;
mod manifests;
mod passes;
mod seen;

use std::fs;

use crate::cluster;
use seen::Seen;

/// A chapter of the proofs.
struct Part {
    name: &'static str,
    /// What its table is about, and its first two lines.
    head: &'static str,
    play: fn(&mut Seen),
}

const PARTS: [Part; 7] = [
    Part { name: "manifests", head: manifests::HEAD, play: manifests::play },
    Part { name: "forms", head: forms::HEAD, play: forms::play },
    Part { name: "denies", head: denies::HEAD, play: denies::play },
    Part { name: "passes", head: passes::HEAD, play: passes::play },
    Part { name: "conditions", head: conditions::HEAD, play: conditions::play },
    Part { name: "faults", head: faults::HEAD, play: faults::play },
    Part { name: "cuts", head: cuts::HEAD, play: cuts::play },
];

/// Plays the parts of these names; all of them, and writes the table, without any. `--keep` leaves the webhook where it is.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let unknown = wanted.iter().find(|name| PARTS.iter().all(|part| part.name != ***name));
    assert!(unknown.is_none(), "{} is no part of the webhook's proofs", unknown.unwrap());
    let is_wanted = |part: &&Part| wanted.is_empty() || wanted.iter().any(|name| *name == part.name);
    let _installed = install::Installed::new(arguments.iter().any(|argument| argument == "--keep"));
    let mut wrong = Vec::new();
    let mut table = HEAD.to_owned();
    for part in PARTS.iter().filter(is_wanted) {
        println!("webhook {}", part.name);
        let mut seen = Seen::default();
        (part.play)(&mut seen);
        table += &format!("\n{}{}", part.head, seen.rows);
        wrong.extend(seen.wrong.into_iter().map(|what| format!("{}: {what}", part.name)));
    }
    if wanted.is_empty() {
        fs::write(cluster::root().join("docs/webhook-proofs.md"), table).unwrap();
    }
    wrong
}

const HEAD: &str = "\
<!-- Written by `cargo test --test cluster -- webhook`. -->
# What the webhook does on a real cluster

Two replicas of `deploy/kustomize/base` on a real Kubernetes cluster, and what `kubectl` and the API server's own metrics say.
";
