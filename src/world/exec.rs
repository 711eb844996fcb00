//! The commands that the kubelet runs in a container beside its own: of probes and of hooks.
//!
//! They see the environment of the container's spec, and nothing of what its own command has made of that.

use super::node::Node;
use crate::place::Pointer;

/// A command of a probe or a hook; `httpGet` and its like have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// When the kubelet runs it.
    pub occasion: Occasion,
    /// `exec.command`.
    pub command: Vec<String>,
    /// Where the command is in the workload's object.
    pub at: Pointer,
}

/// When the kubelet runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Until it succeeds once; before that the container is not ready.
    Startup,
    /// For as long as it fails, the container is not ready.
    Readiness,
    /// When it fails, the container is started again.
    Liveness,
    /// When the container has started; if it fails, the container is started again.
    PostStart,
    /// Before the container is told to end.
    PreStop,
}

impl Occasion {
    const ALL: [Self; 5] = [Self::Startup, Self::Readiness, Self::Liveness, Self::PostStart, Self::PreStop];

    /// Its key: `readinessProbe`, `preStop`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "startupProbe",
            Self::Readiness => "readinessProbe",
            Self::Liveness => "livenessProbe",
            Self::PostStart => "postStart",
            Self::PreStop => "preStop",
        }
    }

    /// Whether a container is not ready, or does not stay, where the command fails.
    pub fn must_succeed(self) -> bool {
        self != Self::PreStop
    }

    /// Whether a container is not ready until the command succeeds.
    pub fn delays_readiness(self) -> bool {
        matches!(self, Self::Startup | Self::Readiness)
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::PostStart => &["lifecycle", "postStart", "exec", "command"],
            Self::PreStop => &["lifecycle", "preStop", "exec", "command"],
            Self::Startup => &["startupProbe", "exec", "command"],
            Self::Readiness => &["readinessProbe", "exec", "command"],
            Self::Liveness => &["livenessProbe", "exec", "command"],
        }
    }
}

impl Exec {
    /// Those of a container.
    pub(super) fn read(container: &Node<'_>, at: &Pointer) -> Vec<Self> {
        let read = |occasion: Occasion| {
            let words = container.path(occasion.keys())?.items();
            Some(Self {
                occasion,
                command: words.iter().filter_map(Node::scalar).map(str::to_owned).collect(),
                at: occasion.keys().iter().fold(at.clone(), |at, key| at.key(*key)),
            })
        };
        Occasion::ALL.into_iter().filter_map(read).collect()
    }

    /// Whether a word stands in it.
    pub fn says(&self, word: &str) -> bool {
        self.command.iter().any(|part| part.contains(word))
    }
}
