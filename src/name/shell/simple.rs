//! Simple commands: their assignments, words and redirections.

use super::eval::Eval;
use super::expand::Chunk;
use super::script::shell;
use super::state::Status;
use super::syntax::{Assign, Node, Redirect, Word};
use super::vars::Hidden;
use super::{Assigned, Running, tools};
use crate::name::template::Template;

impl Eval<'_> {
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
        let before: Hidden =
            assigns.iter().map(|assign| (assign.name.clone(), self.state.vars.get(&assign.name).cloned())).collect();
        self.assign_all(assigns, true);
        let with = self.only_for_this(assigns);
        let command = Running { words: fields, exec: false, with, at: node.span.clone() };
        let (status, kept) = self.dispatch(command, certain, words);
        self.put_back(before);
        // Shells differ on whether an assignment before a builtin or a function outlives it, and on what `${X:=…}` in front
        // of a command leaves behind.
        for assign in assigns {
            if kept {
                self.assign_unknown(&assign.name, &node.span, &node.span);
            }
            self.perhaps_expand(&assign.value);
        }
        status
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
            Some(_) => self.print(&Template::opaque(shell(">"), &(self.place)(0..0))),
        }
        status
    }

    /// The content of a file that is redirected to standard input.
    fn file(&mut self, word: &Word) -> Template {
        let name = self.value(word);
        tools::file(&name, &self.from.hostname, &(self.place)(word.span.clone()))
    }

    pub(super) fn value(&mut self, word: &Word) -> Template {
        let chunks = self.expand(word);
        Chunk::join(&chunks)
    }
}
