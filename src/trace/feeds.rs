//! Which variables clustering depends on: whatever stands in any other is the app's own business.

use super::Trace;
use crate::name::boot::{FLAGS, LIVEBOOK_NODE};
use crate::name::launcher::Program;
use crate::name::template::{Part, Piece, Template};
use crate::place::{Loc, Step};
use crate::world::declared::Key;

/// What a value decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeds {
    /// The node's name.
    Name,
    /// Whether names are long.
    Distribution,
    /// Flags of the VM other than the name.
    Flags,
    /// The cookie.
    Cookie,
    /// What the strategy asks.
    Query,
}

/// A value on which clustering depends.
#[derive(Debug, Clone)]
pub struct Fed<'t> {
    /// What it is called: `RELEASE_NODE`.
    pub what: String,
    /// What it decides.
    pub feeds: Feeds,
    /// The value with which the node boots.
    pub value: &'t Template,
}

impl<'w> Trace<'w> {
    /// The values on which clustering depends, as the node finds them when it boots.
    pub fn feeding(&self) -> Vec<Fed<'_>> {
        let Some(naming) = self.naming.as_ref().filter(|_| self.starts_a_node()) else { return Vec::new() };
        let is_release = naming.launch.program.may_be_a_release();
        let mut fed: Vec<Fed<'_>> = self.name_as_written().into_iter().collect();
        let mut add = |name: &str, feeds| {
            if let Some(var) = naming.env.get(name) {
                fed.push(Fed { what: name.to_owned(), feeds, value: &var.value });
            }
        };
        if is_release {
            add("RELEASE_DISTRIBUTION", Feeds::Distribution);
            add("RELEASE_COOKIE", Feeds::Cookie);
        }
        for name in FLAGS {
            add(name, Feeds::Flags);
        }
        for name in self.asked_through() {
            add(&name, Feeds::Query);
        }
        fed
    }

    /// The name as it was written, and in what.
    fn name_as_written(&self) -> Option<Fed<'_>> {
        let naming = self.naming.as_ref()?;
        let (value, _) = naming.written()?;
        let what = match (&naming.declared, &naming.flag, &naming.launch.program) {
            (Some(_), ..) => Key::NodeName.annotation(),
            (None, Some(flag), _) if naming.is_in_vm_args(&flag.at) => "`vm.args`".to_owned(),
            (None, Some(flag), Program::Vm(_)) if flag.at == naming.launch.at => "the command".to_owned(),
            (None, Some(_), _) if naming.is_livebook() => LIVEBOOK_NODE.to_owned(),
            (None, Some(_), _) => "the VM's flags".to_owned(),
            (None, None, program) if program.may_be_a_release() => "RELEASE_NODE".to_owned(),
            _ => return None,
        };
        Some(Fed { what, feeds: Feeds::Name, value })
    }

    /// The variables that say what the strategy asks: its own, and those that the declaration points at.
    fn asked_through(&self) -> Vec<String> {
        let strategy = self.declared.as_ref().map(|declared| declared.strategy.value.as_str());
        let mut names: Vec<String> = match strategy {
            None => vec!["DNS_CLUSTER_QUERY".to_owned()],
            Some(name) if name.ends_with("DNSCluster") => vec!["DNS_CLUSTER_QUERY".to_owned()],
            Some(name) if name.ends_with("DNSSRV") || name.ends_with("Kubernetes") => vec!["CLUSTER_DOMAIN".to_owned()],
            Some(_) => Vec::new(),
        };
        for (_, written) in &self.keys {
            for reference in written.value.split("$(").skip(1) {
                names.extend(reference.split_once(')').map(|(name, _)| name.to_owned()));
            }
        }
        names.dedup();
        names
    }

    /// The place where a part of a value was written first: the variable that others may have taken it from.
    pub fn origin(&self, part: &Part) -> Option<&Loc> {
        let is_it = |piece: &&Piece| piece.part == *part;
        self.env.vars().iter().find_map(|var| var.value.pieces().iter().find(is_it)).map(|piece| &piece.at)
    }

    /// Whether a place is in a value of `env` or `envFrom`, or in a command that no shell reads.
    pub fn is_out_of_reach_of_a_shell(&self, at: &Loc) -> bool {
        let is_env = |step: &Step| matches!(step, Step::Key(key) if key == "env" || key == "envFrom");
        let no_script = self.naming.as_ref().is_some_and(|naming| naming.launch.script.is_none());
        at.object == self.object.id && (no_script || at.pointer.steps().iter().any(is_env))
    }
}
