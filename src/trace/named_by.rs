//! Whether the pod has a say in its node's name.

use super::Trace;
use crate::name::boot::Naming;
use crate::name::same::Same;
use crate::name::template::Template;
use crate::place::Loc;

/// The variable that the release takes its node's name from.
const RELEASE_NODE: &str = "RELEASE_NODE";

impl Trace<'_> {
    /// The name which peers dial, as the node's own variable would say it, where RELEASE_NODE decides it.
    pub fn nameable(&self, dialled: &Template) -> Option<Template> {
        let naming = self.naming_by_variable()?;
        let differs = self.identity.differs_between_pods(dialled) || self.replicas() == Some(1);
        let can_say_it = differs && naming.launch.program.may_be_a_release() && self.obeys_the_pod(dialled);
        can_say_it.then(|| self.identity.with_own_namespace(dialled))
    }

    /// How the node is named, where neither a declaration nor a flag does it.
    fn naming_by_variable(&self) -> Option<&Naming> {
        self.naming.as_ref().filter(|naming| naming.declared.is_none() && naming.flag.is_none())
    }

    /// Whether a RELEASE_NODE of the pod would be the node's: a script may have the last word on it.
    fn obeys_the_pod(&self, name: &Template) -> bool {
        let Some(container) = self.container else { return true };
        let mut env = self.env.clone();
        env.set(RELEASE_NODE, name.clone(), self.at_env());
        let naming = Naming::of(self.scope(), self.workload, container, &env, &self.keys);
        naming.node.value().is_none_or(|node| !matches!(self.identity.same(node, name), Same::No { .. }))
    }

    /// Where a script sets the node's name, in `rel/env.sh` or in the command.
    pub fn script_that_names(&self) -> Option<&Loc> {
        let at = self.naming_by_variable()?.node.at()?;
        self.env.get(RELEASE_NODE).is_none_or(|var| var.at != *at).then_some(at)
    }
}
