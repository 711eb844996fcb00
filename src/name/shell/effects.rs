//! What a part of a script may do, read off without running it: for loops, whose rounds nobody counts.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::syntax::{AndOr, BitKind, Kind, Node, Op, Redirect, Span, Word, is_name};

/// What running some commands any number of times may do.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) assigns: Vec<(String, Span)>,
    /// First words of commands, of which some may be functions.
    pub(super) calls: Vec<String>,
    /// It may set anything.
    pub(super) anything: bool,
    /// Functions that it defines.
    pub(super) defines: Vec<String>,
    /// It may define any function.
    pub(super) strangers: bool,
    pub(super) returns: bool,
    pub(super) execs: bool,
}

/// Builtins whose further words are names of variables.
const NAMING: [&str; 11] =
    ["export", "readonly", "local", "read", "unset", "getopts", "declare", "typeset", "mapfile", "readarray", "let"];

/// Builtins after which nothing is certain.
const SWEEPING: [&str; 7] = ["eval", ".", "source", "set", "alias", "unalias", "shift"];

/// Whether this builtin may define functions that are not in sight.
pub(super) fn brings_functions(name: &str) -> bool {
    matches!(name, "eval" | "." | "source" | "alias")
}

/// Whether a builtin of this name may change variables, or what is known of the script.
pub(super) fn is_effective(name: &str) -> bool {
    NAMING.contains(&name) || SWEEPING.contains(&name) || matches!(name, "exec" | "exit" | "return" | "printf")
}

impl Effects {
    pub(super) fn list(&mut self, list: &[AndOr]) {
        for item in list {
            let pipelines = std::iter::once(&item.first).chain(item.rest.iter().map(|(_, pipeline)| pipeline));
            for node in pipelines.flat_map(|pipeline| &pipeline.commands) {
                self.node(node);
            }
        }
    }

    /// Adds what the functions do that are called.
    pub(super) fn follow(&mut self, functions: &BTreeMap<String, Option<Rc<Node>>>) {
        let returns = self.returns;
        let mut next = 0;
        while let Some(name) = self.calls.get(next).cloned() {
            next += 1;
            if self.calls[..next - 1].contains(&name) {
                continue;
            }
            self.anything |= self.defines.contains(&name);
            match functions.get(&name) {
                Some(Some(body)) => self.node(body),
                Some(None) => self.anything = true,
                None => {}
            }
        }
        // They return to the loop.
        self.returns = returns;
    }

    fn redirect(&mut self, redirect: &Redirect) {
        match redirect {
            Redirect::Out(word) | Redirect::In(word) | Redirect::Other(word) => self.word(word),
            Redirect::Here => {}
        }
    }

    pub(super) fn node(&mut self, node: &Node) {
        node.redirects.iter().for_each(|redirect| self.redirect(redirect));
        match &node.kind {
            Kind::Simple { assigns, words } => {
                for assign in assigns {
                    self.word(&assign.value);
                    self.assigns.push((assign.name.clone(), assign.span.clone()));
                }
                self.command(words);
            }
            Kind::Group(list) | Kind::Subshell(list) => self.list(list),
            Kind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.list(condition);
                    self.list(body);
                }
                self.list(otherwise.as_deref().unwrap_or_default());
            }
            Kind::Case { subject, arms } => {
                self.word(subject);
                for (patterns, body) in arms {
                    patterns.iter().for_each(|pattern| self.word(pattern));
                    self.list(body);
                }
            }
            Kind::For { name, body } => {
                self.assigns.push((name.clone(), node.span.clone()));
                self.list(body);
            }
            Kind::While { condition, body } => {
                self.list(condition);
                self.list(body);
            }
            Kind::Function { name, .. } => self.defines.push(name.clone()),
            Kind::Conditional => {}
        }
    }

    fn command(&mut self, words: &[Word]) {
        words.iter().for_each(|word| self.word(word));
        let Some(first) = words.first() else { return };
        // A command that is itself a value is a program: nobody keeps `export` in a variable.
        let Some(name) = first.literal() else { return };
        self.returns |= name == "return";
        self.execs |= name == "exec";
        self.anything |= SWEEPING.contains(&name.as_str());
        self.strangers |= brings_functions(&name);
        if matches!(name.as_str(), "command" | "builtin") {
            self.anything |= words.get(1).and_then(Word::literal).is_none_or(|name| is_effective(&name));
        }
        if NAMING.contains(&name.as_str()) {
            words[1..].iter().for_each(|word| self.names(word));
        }
        // `printf -v X` where the shell is bash.
        if name == "printf" && words.get(1).and_then(Word::literal).as_deref() == Some("-v") {
            words[2..].iter().for_each(|word| self.names(word));
        }
        if let Some(name) = name.split_once("+=").map(|(name, _)| name) {
            self.assigns.push((name.to_owned(), first.span.clone()));
        }
        self.calls.push(name);
    }

    fn names(&mut self, word: &Word) {
        let name = word.assigns().map(str::to_owned).or_else(|| word.literal());
        match name {
            Some(name) if is_name(&name) => self.assigns.push((name, word.span.clone())),
            Some(option) if option.starts_with('-') => {}
            _ => self.anything = true,
        }
    }

    /// `${X:=…}` in a word.
    pub(super) fn word(&mut self, word: &Word) {
        for bit in &word.bits {
            if let BitKind::Param { name, op: Some((op, inner)) } = &bit.kind {
                self.word(inner);
                if matches!(op, Op::Assign { .. }) {
                    self.assigns.push((name.clone(), bit.span.clone()));
                }
            }
        }
    }
}
