//! Which files of the app's project decided about a workload.

use super::Trace;
use crate::name::boot::{Flags, VM_ARGS};
use crate::place::ObjectId;
use crate::world::declared::{env_sh_of, vm_args_of};
use crate::world::project::Unread;

/// The files of a release that were found for a workload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectRead {
    /// Those that were read, and decided; not what somebody gave.
    pub read: Vec<ObjectId>,
    /// Those that would have, and could not be read.
    pub unread: Vec<Unread>,
}

impl Trace<'_> {
    /// The files of its release that decided about the workload.
    pub fn project_read(&self) -> ProjectRead {
        let found = self.naming.as_ref().and_then(|naming| Some((naming, naming.release.as_ref()?)));
        let Some((naming, release)) = found else { return ProjectRead::default() };
        let facts = &self.world.facts;
        let sourced = naming.env_sh.as_ref().map(|script| script.at.object);
        let env_sh = release.env_sh.as_ref().map(|script| script.id).filter(|id| sourced == Some(*id));
        // What replaces it, the release reads instead.
        let is_used = |id: &ObjectId| naming.flags.iter().any(|flags| is_of(flags, *id));
        let vm_args = release.vm_args.as_ref().map(|file| file.script.id).filter(is_used);
        let read = [
            env_sh.filter(|_| env_sh_of(self.object, facts).is_none()),
            vm_args.filter(|_| vm_args_of(self.object, facts).is_none()),
            self.fixed_cookie().map(|cookie| cookie.at.object),
        ];
        let unread = [&release.unread_env_sh, &release.unread_vm_args];
        ProjectRead {
            read: read.into_iter().flatten().collect(),
            unread: unread.into_iter().flatten().cloned().collect(),
        }
    }
}

fn is_of(flags: &Flags, file: ObjectId) -> bool {
    flags.variable == VM_ARGS && flags.at.object == file
}
