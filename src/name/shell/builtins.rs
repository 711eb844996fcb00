//! Builtins of the shell, and who else a command may be.

use super::effects::{brings_functions, is_effective};
use super::eval::Eval;
use super::state::{Last, Status, is_empty, same};
use super::syntax::{Assign, Node, Span, Word, is_name};
use super::vars::Hidden;
use super::{Running, command, tools};
use crate::name::template::Template;

/// Builtins whose `NAME=value` words are assignments, in every shell or in some.
const DECLARING: [&str; 5] = ["export", "readonly", "local", "declare", "typeset"];

impl Eval<'_> {
    /// `export NAME=value …` and its like; `None` if it is another command.
    pub(super) fn declaration(&mut self, node: &Node, assigns: &[Assign], words: &[Word]) -> Option<Status> {
        let builtin = words.first()?.literal().filter(|name| DECLARING.contains(&name.as_str()))?;
        for assign in assigns {
            self.assign_unknown(&assign.name, &assign.span, &node.span);
        }
        self.substituted = None;
        for word in &words[1..] {
            if !self.state.alive {
                break;
            }
            match command::declared(word) {
                Some(assign) => {
                    let value = self.value(&assign.value);
                    if self.state.alive {
                        self.declare(&builtin, &assign.name, Some(value), &word.span);
                    }
                }
                None => self.declare_names(&builtin, word),
            }
        }
        Some(self.substituted.take().unwrap_or(Status::Success))
    }

    fn declare(&mut self, builtin: &str, name: &str, value: Option<Template>, at: &Span) {
        // What `declare -i` or `-u` make of a value is up to the shell, if it has them at all. Some keep the outer value of
        // a `local` without one, some do not.
        let unknown = matches!((builtin, &value), ("declare" | "typeset", _) | ("local", None));
        let value = if unknown { Some(self.opaque(at)) } else { value };
        if builtin == "local" {
            self.locals.push((name.to_owned(), self.state.vars.get(name).cloned()));
        }
        let export = builtin == "export";
        if let Some(value) = value {
            self.assign(name, Some(value), export, at);
        } else {
            self.mark(name, export, at);
        }
        if builtin == "readonly" && self.state.alive {
            self.mark(name, false, at);
        }
    }

    fn declare_names(&mut self, builtin: &str, word: &Word) {
        let (names, certain) = self.fields(std::slice::from_ref(word));
        for name in names {
            match name.literal() {
                Some(option) if option.starts_with('-') => {
                    if !matches!(option.as_str(), "-p" | "--") {
                        self.lose(word.span.clone(), "an option that not every shell has");
                    }
                }
                Some(name) if is_name(&name) && certain => self.declare(builtin, &name, None, &word.span),
                // `export $(cat .env)`.
                _ => self.lose(word.span.clone(), "names that are not known"),
            }
        }
    }

    pub(super) fn restore(&mut self, outer: Hidden) {
        let locals = std::mem::replace(&mut self.locals, outer);
        self.put_back(locals);
    }

    /// Runs a command. The second answer: whether assignments in front of it may outlive it.
    pub(super) fn dispatch(&mut self, command: Running, certain: bool, words: &[Word]) -> (Status, bool) {
        let name = command.words.first().and_then(Template::literal).unwrap_or_default();
        if self.state.functions.contains_key(&name) {
            self.state.last = Last::Unclear;
            let arguments = certain.then(|| command.arguments().to_vec());
            return (self.call(&name, arguments, &command.at), true);
        }
        if let Some(status) = self.special(&name, &command, certain, words) {
            return (status, true);
        }
        if let Some(status) = self.regular(&name, &command, certain) {
            return (status, false);
        }
        (self.program(&name, command, certain), false)
    }

    fn special(&mut self, name: &str, command: &Running, certain: bool, words: &[Word]) -> Option<Status> {
        let span = &command.at;
        let arguments = command.arguments();
        match name {
            ":" | "trap" | "times" | "break" | "continue" => {}
            "exit" => self.stop(span.clone(), "`exit`"),
            "return" => self.leave(),
            "unset" => self.unset(arguments, certain, span),
            "set" => self.options(arguments, certain, span),
            "shift" => self.shift(arguments, span),
            "exec" if arguments.is_empty() => self.skip(span.clone(), "redirections of the whole script"),
            "exec" => {
                let option = arguments[0].literal().filter(|word| word.starts_with('-'));
                if option.as_ref().is_some_and(|option| option.contains('c')) {
                    self.lose(span.clone(), "`exec -c`, which empties the environment");
                }
                let option = option.is_some();
                let running = Running { words: arguments.to_vec(), exec: true, ..command.clone() };
                self.replace(if option { Last::Unclear } else { Last::Command(running) }, span);
            }
            "eval" | "." | "source" | "alias" | "unalias" => {
                let at = words.last().map_or(span.end, |word| word.span.end).max(span.end);
                self.lose(span.start..at, "something that may set any variable");
                self.state.strangers |= brings_functions(name);
                return Some(Status::Unknown);
            }
            _ => return None,
        }
        Some(Status::Success)
    }

    fn shift(&mut self, arguments: &[Template], span: &Span) {
        let known = self.state.arguments.take().filter(|_| arguments.is_empty());
        // A shift of nothing ends some shells.
        if known.as_ref().is_some_and(Vec::is_empty) {
            return self.lose(span.clone(), "a shift of nothing");
        }
        self.state.arguments = known.map(|all| all[1..].to_vec());
    }

    fn unset(&mut self, names: &[Template], certain: bool, span: &Span) {
        let functions = names.first().and_then(Template::literal).as_deref() == Some("-f");
        for name in names {
            match name.literal() {
                Some(name) if functions => drop(self.state.functions.remove(&name)),
                Some(name) if name.starts_with('-') => {}
                Some(name) if certain && is_name(&name) => self.assign(&name, None, false, span),
                _ => self.lose(span.clone(), "names that are not known"),
            }
        }
    }

    fn options(&mut self, arguments: &[Template], certain: bool, span: &Span) {
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument.unknown().is_some() {
                return self.lose(span.clone(), "options that are not known");
            }
            let text = argument.literal().unwrap_or_default();
            if text == "--" || !text.starts_with(['-', '+']) {
                let first = (text != "--").then(|| argument.clone());
                let all = first.into_iter().chain(rest.cloned()).collect();
                self.state.arguments = if certain { Some(all) } else { None };
                return;
            }
            let on = text.starts_with('-');
            for letter in text[1..].chars() {
                match letter {
                    'a' => self.state.export_all = on,
                    'e' => self.state.stop_on_failure = Status::of(on),
                    'u' => self.state.stop_on_unset = Status::of(on),
                    'n' => self.lose(span.clone(), "a script that is not run"),
                    'f' => self.skip(span.clone(), "`set -f`"),
                    'o' => match rest.next().and_then(Template::literal).as_deref() {
                        Some("allexport") => self.state.export_all = on,
                        Some("errexit") => self.state.stop_on_failure = Status::of(on),
                        Some("nounset") => self.state.stop_on_unset = Status::of(on),
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
    }

    /// Builtins that behave like programs.
    fn regular(&mut self, name: &str, command: &Running, certain: bool) -> Option<Status> {
        let span = &command.at;
        let arguments = command.arguments();
        Some(match name {
            "true" => Status::Success,
            "false" => Status::Failure,
            "[" | "test" => self.test(name, arguments, certain),
            "cd" | "umask" | "ulimit" | "hash" | "chdir" => {
                self.state.vars.remove("PWD");
                self.state.vars.remove("OLDPWD");
                Status::Unknown
            }
            "wait" => {
                self.state.last = Last::Unclear;
                Status::Unknown
            }
            "read" | "getopts" | "mapfile" | "readarray" | "let" => {
                for name in arguments.iter().filter_map(Template::literal).filter(|name| is_name(name)) {
                    self.assign_unknown(&name, span, span);
                }
                if !certain || name == "let" {
                    self.lose(span.clone(), "names that are not known");
                }
                Status::Unknown
            }
            "printf" if arguments.first().and_then(Template::literal).as_deref() == Some("-v") => {
                self.lose(span.clone(), "`printf -v`");
                Status::Unknown
            }
            "command" | "type" | "builtin" => self.behind(name, arguments, span),
            _ => return None,
        })
    }

    /// `command -v nc`, `command cd /app`.
    fn behind(&mut self, name: &str, arguments: &[Template], span: &Span) -> Status {
        let behind = arguments.first().and_then(Template::literal);
        if name != "type" && behind.is_none_or(|behind| is_effective(&behind)) {
            self.lose(span.clone(), "a builtin behind another");
        }
        let unknown = self.opaque(span);
        self.print(&unknown);
        Status::Unknown
    }

    fn program(&mut self, name: &str, command: Running, certain: bool) -> Status {
        // `X+=more` appends in some shells and is a command that is not found in others.
        if let Some((variable, _)) = name.split_once("+=").filter(|(variable, _)| is_name(variable)) {
            self.skip(command.at.clone(), "`+=` is not known to every shell");
            self.assign_unknown(variable, &command.at, &command.at);
            return Status::Unknown;
        }
        let at = (self.place)(command.at.clone());
        let mut run = tools::Run {
            arguments: command.arguments(),
            certain,
            stdin: self.stdin.as_ref(),
            from: self.from,
            at: &at,
            ate_everything: false,
        };
        let printed = run.program(name);
        if run.ate_everything {
            self.sed_eats_everything.push(command.at.clone());
        }
        let status = if printed.is_some() { Status::Success } else { Status::Unknown };
        if printed.is_none() && self.state.strangers && !name.contains('/') {
            self.lose(command.at.clone(), "what may be a function of a file that was not read");
        }
        let printed = printed.unwrap_or_else(|| Template::opaque(self.why(&command.at), &at));
        self.state.last = Last::Command(command);
        self.print(&printed);
        status
    }

    fn test(&mut self, name: &str, arguments: &[Template], certain: bool) -> Status {
        let closed = arguments.last().and_then(Template::literal).as_deref() == Some("]");
        if !certain || (name == "[" && !closed) {
            return Status::Unknown;
        }
        let arguments = &arguments[..arguments.len() - usize::from(name == "[")];
        let operators: Vec<Option<String>> = arguments.iter().map(Template::literal).collect();
        let operators: Vec<Option<&str>> = operators.iter().map(Option::as_deref).collect();
        evaluate(arguments, &operators)
    }
}

fn evaluate(arguments: &[Template], operators: &[Option<&str>]) -> Status {
    let empty = |value: &Template| is_empty(value).map_or(Status::Unknown, Status::of);
    match (arguments, operators) {
        ([], _) => Status::Failure,
        ([one], _) => empty(one).not(),
        ([_, rest @ ..], [Some("!"), operators @ ..]) if rest.len() != 2 || operators[0] != Some("=") => {
            evaluate(rest, operators).not()
        }
        ([_, value], [Some("-z"), _]) => empty(value),
        ([_, value], [Some("-n"), _]) => empty(value).not(),
        ([a, _, b], [_, Some("="), _]) => equal(a, b),
        ([a, _, b], [_, Some("!="), _]) => equal(a, b).not(),
        _ => Status::Unknown,
    }
}

fn equal(a: &Template, b: &Template) -> Status {
    if let (Some(a), Some(b)) = (a.literal(), b.literal()) {
        return Status::of(a == b);
    }
    let known = a.unknown().is_none() && b.unknown().is_none();
    match (is_empty(a), is_empty(b)) {
        _ if known && same(a, b) => Status::Success,
        (Some(one), Some(other)) if one != other => Status::Failure,
        _ => Status::Unknown,
    }
}
