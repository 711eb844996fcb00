//! Changes of a container's `env` that several rules make.

use crate::fix::change::{Change, Tree};
use crate::name::boot::Naming;
use crate::name::spelling::{self, Spelled};
use crate::name::template::{Sym, Template};
use crate::place::{Focus, Loc, Pointer};
use crate::rules::finding::{Finding, Safety};
use crate::trace::Trace;
use crate::world::pod::{Container, EnvSource};

/// Whether the webhook gives the node this variable: nobody has written it.
pub(super) fn is_injected(trace: &Trace<'_>, name: &str) -> bool {
    let index = trace.env.get(name).and_then(|var| var.index);
    let var = index.and_then(|index| trace.container?.env.get(index));
    var.is_some_and(|var| var.written.is_none())
}

/// The `env` of the node's container as it is written: what the webhook would inject is not in it.
pub(super) struct EnvList<'t, 'w> {
    trace: &'t Trace<'w>,
    container: &'w Container,
}

impl<'t, 'w> EnvList<'t, 'w> {
    pub(super) fn of(trace: &'t Trace<'w>) -> Option<Self> {
        Some(Self { trace, container: trace.container? })
    }

    /// Binds a variable to a field of the downward API, above the variable at an index.
    pub(super) fn define(&self, name: &str, field: &str, above: Option<usize>) -> Change {
        self.insert(self.place(above), definition(name, field))
    }

    /// Adds a variable with a value, above the one at an index.
    pub(super) fn add(&self, name: &str, value: &str, above: Option<usize>) -> Change {
        self.insert(self.place(above), variable(name, value))
    }

    /// Adds a variable that comes out of a Secret, below all others.
    pub(super) fn add_secret(&self, name: &str, secret: Tree) -> Change {
        let from = Tree::map([("secretKeyRef", secret)]);
        self.insert(self.place(None), Tree::map([("name", name.into()), ("valueFrom", from)]))
    }

    /// Sets a variable to a value, be it there or not.
    pub(super) fn set(&self, name: &str, value: &str) -> Vec<Change> {
        let spelled = Spelled { text: value.to_owned(), missing: Vec::new() };
        self.spell(name, &spelled)
    }

    /// Sets a variable to a value that refers to others, of which some are not there.
    pub(super) fn spell(&self, name: &str, spelled: &Spelled) -> Vec<Change> {
        let index = self.trace.env.get(name).and_then(|var| var.index);
        let written = index.and_then(|index| self.container.env.get(index)?.written);
        let place = match (index, written) {
            (Some(_), Some(written)) => written as usize,
            (index, _) => {
                index.map_or_else(|| self.behind_what_it_needs(&spelled.text), |index| self.place(Some(index)))
            }
        };
        let fields = spelled.missing.iter().filter_map(|(name, sym)| Some((name, spelling::field(*sym)?)));
        let mut changes: Vec<Change> =
            (place..).zip(fields).map(|(place, (name, field))| self.insert(place, definition(name, field))).collect();
        let place = place + changes.len();
        changes.push(match index.and_then(|index| self.container.env.get(index)).filter(|_| written.is_some()) {
            Some(var) => self.overwrite(name, place, &var.source, &spelled.text),
            None => self.insert(place, variable(name, &spelled.text)),
        });
        changes
    }

    /// Writes a value over one that is there, wherever it came from.
    fn overwrite(&self, name: &str, place: usize, source: &EnvSource, value: &str) -> Change {
        let at = |key| self.container.at.item_keys("env", name, place, &[key]).of(self.trace.object.id);
        match source {
            EnvSource::Value(_) | EnvSource::NotString { .. } => Change::set(at("value"), value),
            _ => Change::Swap { at: at("valueFrom"), key: "value".into(), value: Some(value.into()) },
        }
    }

    /// The variable that holds a place, with a reference there, as lines; none where they would have to be quoted.
    pub(super) fn with_reference(&self, at: &Loc, reference: &str) -> Option<String> {
        let var = self.container.env.get(self.index_of(at)?)?;
        let (EnvSource::Value(value), Focus::Within(start, end)) = (&var.source, &at.focus) else { return None };
        let range = *start as usize..*end as usize;
        let value = format!("{}{reference}{}", value.get(..range.start)?, value.get(range.end..)?);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "$()._-@/".contains(c);
        value.chars().all(is_plain).then(|| format!("- name: {}\n  value: {value}", var.name))
    }

    /// Removes a variable.
    pub(super) fn remove(&self, index: usize) -> Option<Change> {
        self.container.env.get(index)?.written?;
        Some(Change::Remove { at: self.container.at_env(index).of(self.trace.object.id) })
    }

    /// Moves a variable above another.
    pub(super) fn move_above(&self, from: usize, to: usize) -> Option<Change> {
        let written = |index: usize| self.container.env.get(index)?.written.map(|place| place as usize);
        Some(Change::Move { list: self.list(), from: written(from)?, to: written(to)? })
    }

    /// The variable whose entry holds a place.
    pub(super) fn index_of(&self, at: &Loc) -> Option<usize> {
        let holds = |entry: &Pointer| at.pointer.steps().starts_with(entry.steps());
        let is_it = |index: &usize| at.object == self.trace.object.id && holds(&self.container.at_env(*index));
        (0..self.container.env.len()).filter(|index| self.container.env[*index].written.is_some()).find(is_it)
    }

    /// An item of the list as it is written.
    pub(super) fn insert(&self, index: usize, item: Tree) -> Change {
        Change::Insert { list: self.list(), index, item }
    }

    pub(super) fn list(&self) -> Loc {
        self.container.at.key("env").of(self.trace.object.id)
    }

    /// The index among what is written of what stands above a variable; without one, behind the end.
    pub(super) fn place(&self, above: Option<usize>) -> usize {
        let below = |index: usize| self.container.env.get(index..)?.iter().find_map(|var| var.written);
        above.and_then(below).map_or_else(|| self.len(), |written| written as usize)
    }

    fn len(&self) -> usize {
        self.container.env.iter().filter(|var| var.written.is_some()).count()
    }

    /// Behind the variables that a value refers to, and beside the other that makes a node's name.
    fn behind_what_it_needs(&self, value: &str) -> usize {
        let needed = |name: &str| name == "RELEASE_DISTRIBUTION" || value.contains(&format!("$({name})"));
        let places = self.container.env.iter().filter(|var| needed(&var.name)).filter_map(|var| var.written);
        places.max().map_or_else(|| self.len(), |last| last as usize + 1)
    }
}

/// What gives the node a name under which its peers find it.
pub(super) fn name_findable(trace: &Trace<'_>) -> Option<Vec<Change>> {
    name_node(trace, &trace.findable()?)
}

/// What gives the node the name that peers dial, where RELEASE_NODE decides it and can say that.
pub(super) fn name_node(trace: &Trace<'_>, dialled: &Template) -> Option<Vec<Change>> {
    let name = trace.nameable(dialled)?;
    let index = trace.env.get("RELEASE_NODE").and_then(|var| var.index);
    let spelled = spelling::spell(&name, &trace.env, index)?;
    Some(EnvList::of(trace)?.spell("RELEASE_NODE", &spelled))
}

/// Says what the script is to export that has the last word on the node's name: a variable of the pod would change nothing.
pub(super) fn export_name(trace: &Trace<'_>, name: &Template, title: &str, finding: &mut Finding) -> bool {
    if trace.script_that_names().is_none() {
        return false;
    }
    let is_by_env_sh = trace.naming.as_ref().is_some_and(Naming::is_by_env_sh);
    let who = if is_by_env_sh { "`rel/env.sh`" } else { "the command's script" };
    finding
        .fix(Safety::Unsafe, format!("{title} where {who} exports it"))
        .unwritten("a script has the last word on it");
    let name = trace.identity.with_own_namespace(name);
    let Some(spelled) = spelling::in_shell(&name, &trace.env) else { return true };
    let bound =
        |(name, sym): &(String, Sym)| Some(format!("\n# with {name} bound to {} in the pod", spelling::field(*sym)?));
    let bound: String = spelled.missing.iter().filter_map(bound).collect();
    finding.snippet(format!("export RELEASE_NODE=\"{}\"{bound}", spelled.text));
    true
}

/// The variable that holds the pod's namespace above an index, and what defines it if nothing does.
pub(super) fn namespace(trace: &Trace<'_>, above: Option<usize>) -> Option<(String, Vec<(String, Sym)>)> {
    let at = trace.object.at(&["metadata", "namespace"]);
    let spelled = spelling::spell(&Template::sym(Sym::Namespace, &at), &trace.env, above)?;
    Some((spelled.text, spelled.missing))
}

/// A variable that is bound to a field.
fn definition(name: &str, field: &str) -> Tree {
    Tree::variable(name, &EnvSource::Field(field.to_owned())).unwrap_or(Tree::Null)
}

/// A variable with a value.
pub(super) fn variable(name: &str, value: &str) -> Tree {
    Tree::pairs([("name", name), ("value", value)])
}

/// What an entry that nobody wrote says, where a manifest can say it: a file of an init container it cannot.
pub(super) fn entry(name: &str, source: &EnvSource) -> Option<Tree> {
    Tree::variable(name, source).filter(|_| !matches!(source, EnvSource::File(_)))
}
