//! Variables: where their values come from, and how they get new ones.

use super::Variable;
use super::effects::Effects;
use super::eval::Eval;
use super::script::shell;
use super::state::{Status, Var, is_too_long};
use super::syntax::{Span, Word};
use crate::name::template::Template;
use crate::place::Loc;

/// Variables that shells, or the runtime of the container, set by themselves.
const OF_THE_SHELL: [&str; 25] = [
    "PWD", "OLDPWD", "IFS", "OPTIND", "OPTARG", "OPTERR", "PPID", "PATH", "PS1", "PS2", "PS4", "HOME", "SHELL",
    "SHLVL", "USER", "LOGNAME", "TERM", "RANDOM", "SECONDS", "LINENO", "UID", "EUID", "_", "HOSTTYPE", "OSTYPE",
];

/// Variables behind those of one command or of one function.
pub(super) type Hidden = Vec<(String, Option<Var>)>;

impl Eval<'_> {
    pub(super) fn variable(&self, name: &str) -> Variable {
        match (self.state.vars.get(name), &self.state.foreign) {
            (Some(Var { value: Some(value), .. }), _) => Variable::Set(value.clone()),
            (Some(_), _) => Variable::Unset,
            (None, Some(why)) => Variable::Unknown(why.clone()),
            (None, None) => self.outer(name),
        }
    }

    /// A variable as it was before the script.
    fn outer(&self, name: &str) -> Variable {
        match (self.from.get)(name) {
            // A shell sets these itself, whatever it was given.
            Variable::Set(_) if ["PWD", "OLDPWD", "IFS", "OPTIND", "PPID", "_"].contains(&name) => {
                Variable::Unknown(shell(&format!("${name}")))
            }
            // The container runtime sets it, whatever the manifest says.
            Variable::Unset if name == "HOSTNAME" => Variable::Set(self.from.hostname.clone()),
            Variable::Unset if OF_THE_SHELL.contains(&name) || name.starts_with("BASH") => {
                Variable::Unknown(shell(&format!("${name}")))
            }
            known => known,
        }
    }

    pub(super) fn outer_var(&self, name: &str, at: &Loc) -> Var {
        let outer = self.outer(name);
        let exported = matches!(outer, Variable::Set(_));
        let value = match outer {
            Variable::Set(value) => Some(value),
            Variable::Unset => None,
            Variable::Unknown(why) => Some(Template::opaque(why, at)),
        };
        Var { value, exported, readonly: Status::Failure, at: 0..0 }
    }

    pub(super) fn assign(&mut self, name: &str, value: Option<Template>, export: bool, at: &Span) {
        self.stop_if(self.var(name, at).readonly, at, "a read-only variable is set");
        if self.state.alive {
            self.put(name, value, export, at);
        }
    }

    pub(super) fn assign_unknown(&mut self, name: &str, at: &Span, why: &Span) {
        self.assign(name, Some(self.opaque(why)), false, at);
    }

    /// The variable may be assigned, by something that may not run.
    pub(super) fn perhaps_assign(&mut self, name: &str, at: &Span, why: &Span) {
        if self.var(name, at).readonly != Status::Success {
            self.put(name, Some(self.opaque(why)), false, at);
        }
    }

    /// The word may be expanded.
    pub(super) fn perhaps_expand(&mut self, word: &Word) {
        let mut effects = Effects::default();
        effects.word(word);
        for (name, at) in &effects.assigns {
            self.perhaps_assign(name, at, at);
        }
    }

    /// Gives variables back what they were for a while.
    pub(super) fn put_back(&mut self, hidden: Hidden) {
        for (name, var) in hidden.into_iter().rev() {
            match var {
                Some(var) => self.state.vars.insert(name, var),
                None => self.state.vars.remove(&name),
            };
        }
    }

    /// `export` and `readonly` of a variable that keeps its value.
    pub(super) fn mark(&mut self, name: &str, export: bool, at: &Span) {
        let mut var = self.var(name, at);
        var.exported |= export;
        if !export {
            var.readonly = Status::Success;
        }
        if var.at.is_empty() {
            var.at = at.clone();
        }
        self.state.vars.insert(name.to_owned(), var);
    }

    /// A variable that the script is about to touch.
    fn var(&self, name: &str, at: &Span) -> Var {
        let known = self.state.vars.get(name).cloned();
        known.unwrap_or_else(|| self.outer_var(name, &(self.place)(at.clone())))
    }

    fn put(&mut self, name: &str, value: Option<Template>, export: bool, at: &Span) {
        let old = self.var(name, at);
        let unknown = old.readonly == Status::Unknown || value.as_ref().is_some_and(is_too_long);
        let value = if unknown { Some(self.opaque(at)) } else { value };
        // `unset` takes the export along.
        let exported = value.is_some() && (old.exported || export || self.state.export_all);
        self.state.vars.insert(name.to_owned(), Var { value, exported, readonly: old.readonly, at: at.clone() });
    }
}
