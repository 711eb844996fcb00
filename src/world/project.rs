//! The releases of an app, as its repository has them: what goes into an image beside the code.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::declared::{Script, VmArgs};
use crate::place::{Loc, ObjectId};

/// A mix project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The path of its `mix.exs`.
    pub name: String,
    /// The name of its app; an umbrella has none.
    pub app: Option<String>,
    /// Its releases, as far as they are known.
    pub releases: Vec<Arc<Release>>,
}

/// A release of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name: that of its start script, and of its nodes where nothing says otherwise.
    pub name: String,
    /// Its `env.sh.eex`.
    pub env_sh: Option<Script>,
    /// Its `vm.args.eex`.
    pub vm_args: Option<VmArgs>,
    /// Where its cookie is fixed.
    pub cookie: Option<Loc>,
}

/// A project, and of which workloads it is the source.
#[derive(Debug, Clone)]
pub struct Sourced {
    /// The project.
    pub project: Arc<Project>,
    /// Why it is taken for theirs.
    pub ground: Ground,
}

/// Why workloads are taken to run a project's releases.
#[derive(Debug, Clone)]
pub enum Ground {
    /// Somebody said so.
    Said,
    /// It lies above the manifests of these.
    Above {
        /// Their objects.
        of: BTreeSet<ObjectId>,
        /// Whether the only workload of the input that declares a strategy is among them.
        alone: bool,
    },
}

impl Project {
    /// Whether any of its releases has something to say.
    pub fn says_something(&self) -> bool {
        self.releases
            .iter()
            .any(|release| release.env_sh.is_some() || release.vm_args.is_some() || release.cookie.is_some())
    }
}

impl Sourced {
    /// Whether a workload may run one of its releases.
    pub fn may_be_of(&self, object: ObjectId) -> bool {
        match &self.ground {
            Ground::Said => true,
            Ground::Above { of, .. } => of.contains(&object),
        }
    }

    /// Whether somebody said so.
    pub fn is_said(&self) -> bool {
        matches!(self.ground, Ground::Said)
    }
}
