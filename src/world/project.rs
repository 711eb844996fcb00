//! The releases of an app, as its repository has them: what goes into an image beside the code.

use std::collections::BTreeSet;
use std::fmt;
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
    /// What stands for whichever of them runs, where its `mix.exs` could not be read and there are templates beside it.
    pub unread: Option<Arc<Release>>,
}

/// A release of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Its name: that of its start script, and of its nodes where nothing says otherwise.
    pub name: String,
    /// Its `env.sh.eex`.
    pub env_sh: Option<Script>,
    /// Its `vm.args.eex`.
    pub vm_args: Option<VmArgs>,
    /// The cookie that `mix.exs` fixes.
    pub cookie: Option<FixedCookie>,
    /// What decides as its `env.sh.eex` does, is there, and could not be read.
    pub unread_env_sh: Option<Unread>,
    /// Its `vm.args.eex`, likewise.
    pub unread_vm_args: Option<Unread>,
}

/// A cookie that every build of a release has.
#[derive(Clone, PartialEq, Eq)]
pub struct FixedCookie {
    /// Where it is.
    pub at: Loc,
    /// What it is, where it is written out.
    pub text: Option<String>,
}

/// A cookie that is written down is not shown.
impl fmt::Debug for FixedCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedCookie").field("at", &self.at).finish_non_exhaustive()
    }
}

/// A file that is there and could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
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
    /// Somebody said so: of this workload by its name, or of whichever runs the app.
    Said {
        /// Whether by its name.
        by_name: bool,
    },
    /// It lies above the manifests of these.
    Above {
        /// Their objects.
        of: BTreeSet<ObjectId>,
    },
}

impl Project {
    /// Whether any of its releases has something to say.
    pub fn says_something(&self) -> bool {
        self.unread.is_some() || self.releases.iter().any(|release| release.says_something())
    }
}

impl Release {
    fn says_something(&self) -> bool {
        let is_unread = self.unread_env_sh.is_some() || self.unread_vm_args.is_some();
        is_unread || self.env_sh.is_some() || self.vm_args.is_some() || self.cookie.is_some()
    }
}

impl Sourced {
    /// Whether a workload may run one of its releases.
    pub fn may_be_of(&self, object: ObjectId) -> bool {
        match &self.ground {
            Ground::Said { .. } => true,
            Ground::Above { of } => of.contains(&object),
        }
    }

    /// Whether somebody said so of a workload by its name.
    pub fn is_said_by_name(&self) -> bool {
        matches!(self.ground, Ground::Said { by_name: true })
    }

    /// Whether somebody said so.
    pub fn is_said(&self) -> bool {
        matches!(self.ground, Ground::Said { .. })
    }
}
