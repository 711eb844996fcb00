//! What `deploy/` has, put on the cluster and taken away the way people do it: with helm, kustomize and cert-manager.
//!
//! Each part is a file. What it sees goes into a table of `docs/deploy-proofs.md`, without what differs from run to run.

mod cert_manager;
mod chart;
mod drift;
mod exposure;
mod install;
mod overlays;
mod renders;
mod secret;
mod uninstall;
mod upgrade;
mod works;

use crate::parts::{Part, Suite};

const SUITE: Suite = Suite {
    name: "ship",
    page: "deploy-proofs.md",
    head: "\
# What is shipped, on a real cluster

The chart and the overlays of `deploy/` on a real Kubernetes cluster, as they are. helm and cert-manager's controllers are built from
[their own modules](../tests/cluster/tools/go.mod), kustomize is that of `kubectl`. The namespace enforces the *restricted* Pod Security
level.

*Applied once more* is `kubectl diff`, and then `kubectl apply --server-side` and `kubectl diff --server-side` as `argocd-controller` and
as `kustomize-controller`, the field managers of Argo CD and Flux: nothing conflicts, and the certificates and `caBundle` stay.
",
    parts: &[
        Part { name: "renders", head: renders::HEAD, play: renders::play },
        Part { name: "chart", head: chart::HEAD, play: chart::play },
        Part { name: "upgrade", head: upgrade::HEAD, play: upgrade::play },
        Part { name: "exposure", head: exposure::HEAD, play: exposure::play },
        Part { name: "uninstall", head: uninstall::HEAD, play: uninstall::play },
        Part { name: "secret", head: secret::HEAD, play: secret::play },
        Part { name: "cert-manager", head: cert_manager::HEAD, play: cert_manager::play },
        Part { name: "overlays", head: overlays::HEAD, play: overlays::play },
    ],
};

/// Plays the parts of these names, or all. `--keep` leaves on the cluster what the last of them has installed.
pub(crate) fn run(arguments: &[String]) -> Vec<String> {
    let parts = SUITE.choose(arguments);
    let _guest = install::Guest::new(arguments.iter().any(|argument| argument == "--keep"));
    SUITE.play(&parts)
}

/// Plays the part that takes no cluster.
pub(crate) fn renders() -> Vec<String> {
    SUITE.play(&SUITE.choose(&["renders".to_owned()]))
}
