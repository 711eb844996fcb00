//! The shell itself: its variables, its frames, and how simple commands run.

use std::ops::Range;

use super::effects::Effects;
use super::expand::Chunk;
use super::script::shell;
use super::state::{Last, State, Status, Var, is_too_long, merge};
use super::syntax::{Assign, Node, Redirect, Span, Word};
use super::{Assigned, Running, Surroundings, Variable};
use crate::name::template::{Template, Why};
use crate::place::Loc;

/// Steps that a script may take. Nothing that sets up a node needs a hundredth of them.
const STEPS: usize = 20_000;

/// Variables that shells, or the runtime of the container, set by themselves.
const OF_THE_SHELL: [&str; 25] = [
    "PWD", "OLDPWD", "IFS", "OPTIND", "OPTARG", "OPTERR", "PPID", "PATH", "PS1", "PS2", "PS4", "HOME", "SHELL",
    "SHLVL", "USER", "LOGNAME", "TERM", "RANDOM", "SECONDS", "LINENO", "UID", "EUID", "_", "HOSTTYPE", "OSTYPE",
];

/// What `return` and `exit` leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    Script,
    Subshell,
    Function,
}

pub(super) struct Open {
    kind: Frame,
    /// States in which it was left on purpose, and states in which the shell exited.
    ends: Vec<State>,
    exits: Vec<State>,
}

pub(super) struct Eval<'a> {
    pub(super) text: &'a str,
    pub(super) place: &'a dyn Fn(Range<usize>) -> Loc,
    pub(super) from: &'a Surroundings<'a>,
    pub(super) state: State,
    frames: Vec<Open>,
    pub(super) stops: Option<(Span, String)>,
    pub(super) unread: Vec<(Span, String)>,
    pub(super) sed_eats_everything: Vec<Span>,
    pub(super) stdin: Option<Template>,
    /// Inside how many conditions this runs, where `set -e` does not stop.
    pub(super) tested: usize,
    pub(super) calls: usize,
    /// What the `local` variables of the running function hide.
    pub(super) locals: Vec<(String, Option<Var>)>,
    /// How the last command substitution ended.
    pub(super) substituted: Option<Status>,
    steps: usize,
}

impl<'a> Eval<'a> {
    pub(super) fn new(text: &'a str, place: &'a dyn Fn(Range<usize>) -> Loc, from: &'a Surroundings<'a>) -> Self {
        Self {
            text,
            place,
            from,
            state: State::new(from.arguments.clone()),
            frames: vec![Open { kind: Frame::Script, ends: Vec::new(), exits: Vec::new() }],
            stops: None,
            unread: Vec::new(),
            sed_eats_everything: Vec::new(),
            stdin: None,
            tested: 0,
            calls: 0,
            locals: Vec::new(),
            substituted: None,
            steps: STEPS,
        }
    }

    /// Takes steps; `false` once there are none left.
    pub(super) fn step(&mut self, count: usize) -> bool {
        self.steps = self.steps.saturating_sub(count);
        self.steps > 0
    }

    pub(super) fn exhausted(&self) -> bool {
        self.steps == 0
    }

    pub(super) fn source(&self, span: &Span) -> &'a str {
        self.text.get(span.clone()).unwrap_or("")
    }

    pub(super) fn why(&self, span: &Span) -> Why {
        shell(self.source(span))
    }

    pub(super) fn opaque(&self, span: &Span) -> Template {
        Template::opaque(self.why(span), &(self.place)(span.clone()))
    }

    /// Notes what was not followed.
    pub(super) fn skip(&mut self, span: Span, what: &str) {
        self.unread.push((span, what.to_owned()));
    }

    /// Notes what was not followed and may have set anything.
    pub(super) fn lose(&mut self, span: Span, what: &str) {
        let (why, at) = (self.why(&span), (self.place)(span.clone()));
        self.state.lose(&why, &at);
        self.skip(span, what);
    }

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
            // The container runtime sets it, whatever the manifest says.
            Variable::Unset if name == "HOSTNAME" => Variable::Set(self.from.hostname.clone()),
            Variable::Unset if OF_THE_SHELL.contains(&name) || name.starts_with("BASH") => {
                Variable::Unknown(shell(&format!("${name}")))
            }
            known => known,
        }
    }

    fn outer_var(&self, name: &str, at: &Loc) -> Var {
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

    /// `export` and `readonly` of a variable that keeps its value.
    pub(super) fn mark(&mut self, name: &str, export: bool, at: &Span) {
        let mut var = self.var(name, at);
        var.exported |= export && var.value.is_some();
        if !export {
            var.readonly = Status::Success;
        }
        if var.at.is_empty() {
            var.at = at.clone();
        }
        self.state.vars.insert(name.to_owned(), var);
    }

    pub(super) fn assign_unknown(&mut self, name: &str, at: &Span, why: &Span) {
        self.assign(name, Some(self.opaque(why)), false, at);
    }

    /// The script, or the subshell, ends here.
    pub(super) fn stop(&mut self, span: Span, what: &str) {
        if self.frames.iter().all(|open| open.kind != Frame::Subshell) {
            self.stops = Some((span, what.to_owned()));
        }
        self.exit();
    }

    /// The script, or the subshell, may end here. What a script comes to is said for when it does not, but what a subshell
    /// printed depends on it.
    pub(super) fn stop_if(&mut self, stops: Status, span: &Span, what: &str) {
        let open = self.frames.iter_mut().rev().find(|open| open.kind != Frame::Function);
        match (stops, open) {
            (Status::Success, _) => self.stop(span.clone(), what),
            (Status::Unknown, Some(open)) if open.kind == Frame::Subshell => open.exits.push(self.state.clone()),
            _ => {}
        }
    }

    fn exit(&mut self) {
        let state = self.state.clone();
        if let Some(shell) = self.frames.iter_mut().rev().find(|open| open.kind != Frame::Function) {
            shell.exits.push(state);
        }
        self.state.alive = false;
    }

    pub(super) fn leave(&mut self) {
        let state = self.state.clone();
        if let Some(open) = self.frames.last_mut() {
            let left = if open.kind == Frame::Subshell { &mut open.exits } else { &mut open.ends };
            left.push(state);
        }
        self.state.alive = false;
    }

    /// Another program takes the place of the shell.
    pub(super) fn replace(&mut self, last: Last, span: &Span) {
        if self.frames.iter().any(|open| open.kind == Frame::Subshell) {
            let printed = self.opaque(span);
            self.state.out.append(&printed);
            self.state.last = Last::Unclear;
            return self.exit();
        }
        self.state.last = last;
        self.end_script_here();
    }

    /// The script may end in this state.
    pub(super) fn end_script_here(&mut self) {
        let state = self.state.clone();
        if let Some(script) = self.frames.first_mut() {
            script.ends.push(state);
        }
        self.state.alive = false;
    }

    /// In how many states the script may have ended so far.
    pub(super) fn endings(&self) -> usize {
        self.frames.first().map_or(0, |script| script.ends.len())
    }

    /// The last command of the script where it ended since there were `before` endings.
    pub(super) fn ended_since(&self, before: usize) -> Option<&Last> {
        self.frames.first()?.ends.get(before..)?.last().map(|state| &state.last)
    }

    /// Runs something in a frame of its own and continues in what all its ends have in common.
    pub(super) fn framed(&mut self, kind: Frame, span: &Span, run: impl FnOnce(&mut Self) -> Status) -> Status {
        self.frames.push(Open { kind, ends: Vec::new(), exits: Vec::new() });
        let status = run(self);
        let before = self.frames.last().map_or(0, |open| open.ends.len() + open.exits.len());
        self.state = self.close(span);
        if before == 0 { status } else { Status::Unknown }
    }

    fn close(&mut self, span: &Span) -> State {
        let Some(open) = self.frames.pop() else { return self.state.clone() };
        let mut states = open.ends;
        if self.state.alive {
            states.push(self.state.clone());
        }
        let exited = states.is_empty() && open.kind == Frame::Script;
        if open.kind == Frame::Subshell || exited {
            states.extend(open.exits);
        }
        let mut merged = self.merge_all(states, span).unwrap_or_else(|| self.state.clone());
        merged.alive &= !exited;
        merged
    }

    pub(super) fn end_of_script(&mut self) -> State {
        self.close(&(0..self.text.len()))
    }

    /// What all of these have in common; alive if there are any.
    pub(super) fn merge_all(&mut self, states: Vec<State>, span: &Span) -> Option<State> {
        let (why, at) = (self.why(span), (self.place)(span.clone()));
        let mut all = states.into_iter();
        let mut merged = State { alive: true, ..all.next()? };
        for state in all {
            self.step(state.vars.len());
            merged = merge(merged, state, &why, &at, &|name| self.outer_var(name, &at));
        }
        Some(merged)
    }

    /// Runs in a copy of the shell; gives back what it printed.
    pub(super) fn subshell(
        &mut self,
        stdin: Option<Template>,
        span: &Span,
        run: impl FnOnce(&mut Self) -> Status,
    ) -> (Status, Template, Last) {
        self.step(self.state.vars.len());
        let outer = self.state.clone();
        let outer_stdin = std::mem::replace(&mut self.stdin, stdin);
        self.state.out = Template::empty();
        let status = self.framed(Frame::Subshell, span, run);
        self.stdin = outer_stdin;
        let inner = std::mem::replace(&mut self.state, outer);
        let out = if is_too_long(&inner.out) { self.opaque(span) } else { inner.out };
        (status, out, inner.last)
    }

    pub(super) fn print(&mut self, text: &Template) {
        self.state.out.append(text);
        if is_too_long(&self.state.out) {
            self.state.out = Template::opaque(shell("a long output"), &(self.place)(0..0));
        }
    }

    /// `NAME=value …` without a command.
    pub(super) fn assign_all(&mut self, assigns: &[Assign], export: bool) -> Status {
        self.substituted = None;
        for assign in assigns {
            let value = self.value(&assign.value);
            if !self.state.alive {
                return Status::Failure;
            }
            self.assign(&assign.name, Some(value), export, &assign.span);
        }
        self.substituted.take().unwrap_or(Status::Success)
    }

    pub(super) fn simple(&mut self, node: &Node, assigns: &[Assign], words: &[Word]) -> Status {
        if words.is_empty() {
            return self.assign_all(assigns, false);
        }
        if let Some(status) = self.declaration(node, assigns, words) {
            return status;
        }
        self.substituted = None;
        let (fields, certain) = self.fields(words);
        if !self.state.alive {
            return Status::Failure;
        }
        if fields.is_empty() && certain {
            let status = self.substituted.unwrap_or(Status::Success);
            self.assign_all(assigns, false);
            return status;
        }
        let before: Vec<(String, Option<Var>)> =
            assigns.iter().map(|assign| (assign.name.clone(), self.state.vars.get(&assign.name).cloned())).collect();
        self.assign_all(assigns, true);
        let with = self.only_for_this(assigns);
        let command = Running { words: fields, exec: false, with, at: node.span.clone() };
        let (status, kept) = self.dispatch(command, certain, words);
        for (name, old) in before.into_iter().rev() {
            match old {
                Some(old) => self.state.vars.insert(name.clone(), old),
                None => self.state.vars.remove(&name),
            };
            // Shells differ on whether an assignment before a builtin or a function outlives it.
            if kept {
                self.assign_unknown(&name, &node.span, &node.span);
            }
        }
        // Nor do they agree on what `${X:=…}` in front of a command leaves behind.
        assigns.iter().for_each(|assign| self.perhaps_expand(&assign.value));
        status
    }

    fn only_for_this(&self, assigns: &[Assign]) -> Vec<(String, Assigned)> {
        let find = |assign: &Assign| {
            let var = self.state.vars.get(&assign.name)?;
            let at = assign.span.clone();
            Some((assign.name.clone(), Assigned { value: var.value.clone(), exported: true, at }))
        };
        assigns.iter().filter_map(find).collect()
    }

    /// Runs something whose output may go elsewhere and whose input may come from elsewhere.
    pub(super) fn redirected(&mut self, redirects: &[Redirect], run: impl FnOnce(&mut Self) -> Status) -> Status {
        if redirects.is_empty() {
            return run(self);
        }
        let outer_stdin = self.stdin.clone();
        let mut elsewhere = None;
        for redirect in redirects {
            match redirect {
                Redirect::Out(word) => elsewhere = Some(self.value(word)),
                Redirect::In(word) => self.stdin = Some(self.file(word)),
                Redirect::Here => self.stdin = Some(Template::opaque(shell("<<"), &(self.place)(0..0))),
                Redirect::Other(word) => drop(self.value(word)),
            }
        }
        let printed = std::mem::take(&mut self.state.out);
        let status = run(self);
        self.stdin = outer_stdin;
        let inner = std::mem::replace(&mut self.state.out, printed);
        match elsewhere.map(|target| target.literal()) {
            None => self.print(&inner),
            Some(Some(target)) if target != "1" && !target.starts_with("/dev/std") && !target.contains("/fd/") => {}
            Some(_) => self.state.out.append(&Template::opaque(shell(">"), &(self.place)(0..0))),
        }
        status
    }

    /// The content of a file that is redirected to standard input.
    fn file(&mut self, word: &Word) -> Template {
        let name = self.value(word);
        super::tools::file(&name, &self.from.hostname, &(self.place)(word.span.clone()))
    }

    pub(super) fn value(&mut self, word: &Word) -> Template {
        let chunks = self.expand(word);
        Chunk::join(&chunks)
    }
}
