//! What a container starts, as far as `command` and `args` say it.

use super::env::{Env, Scope};
use super::flags::valued;
use super::mounted;
use super::room::Room;
use super::su;
use super::template::{Template, Why};
use super::wrapper;
use crate::place::Loc;
use crate::world::pod::Container;

/// A program that makes a node, or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// No command: the image's own entry point, presumed to end in a release's `start`.
    Image,
    /// A release's start script (`mix release`), with its verb.
    Release(Verb),
    /// `erl`, `elixir`, `iex`, `mix`: the flags that it gives to the VM name the node, or nothing does.
    Vm(Vec<Template>),
    /// Something that is presumed to hand its environment on to a release.
    Wrapper(String),
    /// A release of relx or Distillery, told so in a word that only their start scripts know: what is run.
    Relx(String),
    /// Something that names nodes in a way that is not known here.
    Foreign(Why),
}

/// What a release's start script is asked to do (`lib/mix/lib/mix/tasks/release.init.ex`, Elixir 1.14 to 1.21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `start`, `start_iex`, `daemon`, `daemon_iex`: a node of its own.
    Start,
    /// `eval`: no distribution, whatever the environment says.
    Eval,
    /// `rpc`, `remote`, `stop`, `restart`, `pid`: RELEASE_NODE is another node's name.
    Talk,
    /// `version` and the like.
    Other,
}

/// What a container starts.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub program: Program,
    /// The script that it runs, where it can be read: `sh -c`'s, or one out of a ConfigMap.
    pub script: Option<Script>,
    /// The name of a release's start script, which is the release's own, where one is run by its name.
    pub start_script: Option<String>,
    /// Whether the start script of Elixir may hand the VM what is in `ELIXIR_ERL_OPTIONS`: `erl` does not read it, nor does relx.
    pub by_elixir: bool,
    /// What its `env` sets for it, and where.
    pub assigned: Vec<(String, Template, Loc)>,
    /// The place of the command.
    pub at: Loc,
}

/// A script on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its text, `$(VAR)` already expanded by the kubelet.
    pub text: Template,
    /// The place of the word that holds it.
    pub at: Loc,
    /// What it is called in messages: its path, or what reads it.
    pub name: String,
    /// What reads it: `sh`, `bash`.
    pub shell: String,
    /// Whether that is the first process of the container, which the kernel ends by no signal that it does not handle.
    pub is_first: bool,
    /// `$1`, `$2`, … of a script that is a file; `sh -c` has its text on the command line instead.
    pub arguments: Option<Vec<Template>>,
}

/// A word of the command line and its place.
type Word = (Template, Loc);

impl Launch {
    /// Reads `command` and `args`.
    pub fn of(scope: Scope<'_>, container: &Container, env: &Env) -> Self {
        let words = words(scope, container, env);
        let at = words.first().map_or_else(|| container.at.key("image").of(scope.object.id), |word| word.1.clone());
        let has_command = !container.command.is_empty();
        let all: Vec<Template> = words.iter().map(|(word, _)| word.clone()).collect();
        let behind = match wrapper::behind(&all) {
            Ok(behind) => behind,
            Err(why) => {
                let program = Program::Foreign(why);
                return Self { program, script: None, start_script: None, by_elixir: true, assigned: Vec::new(), at };
            }
        };
        let assigned = behind.assigned.into_iter().map(|(name, value)| {
            let at = value.pieces().first().map_or_else(|| at.clone(), |piece| piece.at.clone());
            (name, value, at)
        });
        let assigned = assigned.collect();
        let (rest, words_of_rest) = (&words[behind.start..], &all[behind.start..]);
        // `su` hands the signals on.
        let is_su = words_of_rest.first().and_then(Template::literal).is_some_and(|path| su::is_one(&path));
        let is_first = has_command && rest.len() == words.len() && !is_su;
        let at_word = |index: usize| Some(rest.get(index)?.1.clone());
        let script = shell_script(words_of_rest, at_word).or_else(|| mounted::script(scope, container, words_of_rest));
        if let Some(script) = script.map(|script| Script { is_first, ..script }) {
            let program = Program::Wrapper("sh -c".to_owned());
            return Self { program, script: Some(script), start_script: None, by_elixir: true, assigned, at };
        }
        let program = if has_command { Program::of(words_of_rest) } else { Program::of_arguments(words_of_rest) };
        let by_elixir = !is_erl(words_of_rest);
        Self { program, script: None, start_script: start_script(words_of_rest), by_elixir, assigned, at }
    }

    /// The environment of what it starts, in the container's.
    pub(super) fn environment(&self, env: &Env) -> Env {
        let mut env = env.clone();
        for (name, value, at) in &self.assigned {
            env.set(name, value.clone(), at.clone());
        }
        env
    }
}

impl Program {
    /// Which program a command line starts.
    pub fn of(words: &[Template]) -> Self {
        let Some(first) = words.first() else { return Self::Image };
        let Some(path) = first.literal() else { return Self::Wrapper(first.to_string()) };
        let file = path.rsplit('/').next().unwrap_or(&path);
        let verb = words.get(1).and_then(Template::literal);
        match file {
            "erl" => Self::Vm(words[1..].to_vec()),
            "elixir" | "iex" => Self::Vm(flags_of_elixir(&words[1..])),
            // A script of `elixir`: what stands behind it is its own.
            "mix" => Self::Vm(Vec::new()),
            // What `mix phx.gen.release` writes: `bin/server` starts, `bin/migrate` evaluates.
            "server" => Self::Release(Verb::Start),
            "migrate" => Self::Release(Verb::Eval),
            _ => match verb.as_deref() {
                Some(verb) if is_verb_of_relx(verb) => Self::Relx(format!("{path} {verb}")),
                Some(verb) if path.contains("bin/") || Verb::named(verb).is_some() => {
                    Verb::named(verb).map_or_else(|| Self::Wrapper(path.clone()), Self::Release)
                }
                _ => Self::Wrapper(path),
            },
        }
    }

    /// With `args` alone the image's entry point is followed by them: often the verb of a release.
    fn of_arguments(words: &[Template]) -> Self {
        let verb = words.first().and_then(Template::literal);
        match verb.as_deref() {
            Some(verb) if is_verb_of_relx(verb) => Self::Relx(verb.to_owned()),
            Some(word) => match Verb::named(word) {
                Some(verb) => Self::Release(verb),
                None if word.contains('/') => Self::of(words),
                None => Self::Image,
            },
            None => Self::Image,
        }
    }

    /// Whether it is told in words that only the start scripts of relx and Distillery know.
    pub fn is_of_relx(&self) -> bool {
        matches!(self, Self::Relx(_))
    }

    /// Whether a release's start script may run, with its `rel/env.sh`.
    pub fn may_be_a_release(&self) -> bool {
        matches!(self, Self::Image | Self::Release(Verb::Start) | Self::Wrapper(_))
    }

    /// Whether it starts a node that stays, as far as one can tell.
    pub fn may_start_a_node(&self) -> bool {
        !matches!(self, Self::Release(Verb::Eval | Verb::Talk | Verb::Other))
    }
}

fn is_verb_of_relx(word: &str) -> bool {
    matches!(word, "foreground" | "console" | "console_clean" | "console_boot")
}

impl Verb {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "start" | "start_iex" | "daemon" | "daemon_iex" => Self::Start,
            "eval" => Self::Eval,
            "rpc" | "remote" | "stop" | "restart" | "pid" => Self::Talk,
            "version" => Self::Other,
            _ => return None,
        })
    }
}

fn words(scope: Scope<'_>, container: &Container, env: &Env) -> Vec<Word> {
    let lists = [("command", &container.command), ("args", &container.args)];
    let all =
        lists.into_iter().flat_map(|(key, list)| list.iter().enumerate().map(move |(index, text)| (key, index, text)));
    let mut room = Room::of_a_container();
    all.map(|(key, index, text)| {
        let at = container.at.key(key).index(index).of(scope.object.id);
        (env.expand_word(text, &at, scope, &mut room), at)
    })
    .collect()
}

/// Whether a program reads scripts that can be read here.
pub(super) fn is_shell(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash" | "busybox"))
}

/// What a shell's command line has it read.
pub(super) enum Runs {
    /// This word: `-c`.
    Text(usize),
    /// The file that this word names.
    File(usize),
}

impl Runs {
    /// What stands where the options of a shell end (`-ec`, `-e -c`, `-o pipefail -c`); none with `-s`, or nothing.
    pub(super) fn of(words: &[Template]) -> Option<Self> {
        let is_busybox = words.first()?.literal()?.ends_with("busybox");
        let (mut index, mut is_text, mut is_input) = (1, false, false);
        while let Some(word) = words.get(index)?.literal() {
            index += match word.as_str() {
                // BusyBox is told which of its programs it is.
                "sh" | "ash" if is_busybox && index == 1 => 1,
                "--rcfile" | "--init-file" => 2,
                "--" | "-" => {
                    index += 1;
                    break;
                }
                option if option.starts_with("--") => 1,
                option if option.starts_with(['-', '+']) => {
                    is_text |= option.starts_with('-') && option.contains('c');
                    is_input |= option.starts_with('-') && option.contains('s');
                    // Each takes the name of an option.
                    1 + option.matches(['o', 'O']).count()
                }
                _ => break,
            };
        }
        words.get(index)?;
        match (is_text, is_input) {
            (true, _) => Some(Self::Text(index)),
            (false, true) => None,
            (false, false) => Some(Self::File(index)),
        }
    }
}

/// The script of `sh -c SCRIPT` or `su app -c SCRIPT`, given the places of the words.
pub(super) fn shell_script(words: &[Template], at: impl Fn(usize) -> Option<Loc>) -> Option<Script> {
    let path = words.first()?.literal()?;
    let shell = path.rsplit('/').next()?.to_owned();
    let index = match su::text(words) {
        Some(index) => index,
        None => match Runs::of(words).filter(|_| is_shell(&path))? {
            Runs::Text(index) => index,
            Runs::File(_) => return None,
        },
    };
    let (text, at) = (words.get(index)?.clone(), at(index)?);
    Some(Script { text, at, name: format!("{shell} -c"), shell, is_first: false, arguments: None })
}

/// Whether a word of a command line is a release's start script: it lies in a `bin` of its own and has no extension. The programs of
/// the system do not, nor does Keycloak's `bin/kc.sh`.
pub fn is_start_script(word: &str) -> bool {
    word.rsplit_once("bin/").is_some_and(|(before, file)| {
        !before.starts_with("/usr/") && !matches!(before, "/" | "/s") && !file.contains('.') && file != "node"
    })
}

/// Whether a command line is that of the VM itself.
pub(super) fn is_erl(words: &[Template]) -> bool {
    let path = words.first().and_then(Template::literal);
    path.is_some_and(|path| path.rsplit('/').next() == Some("erl"))
}

/// The name of the start script that a command line runs. `bin/server` and `bin/migrate` of `mix phx.gen.release` run another.
pub(super) fn start_script(words: &[Template]) -> Option<String> {
    let path = words.first()?.literal().filter(|path| is_start_script(path))?;
    Verb::named(&words.get(1)?.literal()?)?;
    let file = path.rsplit('/').next()?;
    (!matches!(file, "server" | "migrate")).then(|| file.to_owned())
}

/// Whether a command line, or a script in it, has a release's start script talk to the node: `/app/bin/cart rpc ":ok"`.
pub fn talks_to_a_node(command: &[String]) -> bool {
    let text = command.join(" ");
    let words = text.split(|c: char| c.is_whitespace() || "'\"();|&`$".contains(c)).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    words.windows(2).any(|pair| is_start_script(pair[0]) && Verb::named(pair[1]) == Some(Verb::Talk))
}

/// What `elixir` and `iex` give to the VM (`bin/elixir` of Elixir 1.14.5 and 1.21): their own options up to the first word that is
/// none, and `--erl` before all others.
fn flags_of_elixir(words: &[Template]) -> Vec<Template> {
    let (mut first, mut flags) = (Vec::new(), Vec::new());
    let mut rest = words;
    while let Some(word) = rest.first() {
        let value = |index: usize| rest.get(index).cloned();
        let flag = |name: &str| {
            let at = word.pieces().first().map(|piece| piece.at.clone())?;
            Some([Template::lit(name, &at), value(1)?])
        };
        let length = match word.literal().as_deref() {
            Some("--name") => add(&mut flags, flag("-name")),
            Some("--sname") => add(&mut flags, flag("-sname")),
            Some("--cookie") => add(&mut flags, flag("-setcookie")),
            Some("--vm-args") => add(&mut flags, flag("-args_file")),
            Some("--erl-config") => add(&mut flags, flag("-config")),
            Some("--boot") => add(&mut flags, flag("-boot")),
            Some("--erl") => {
                first.extend(value(1).iter().flat_map(Template::words));
                2
            }
            Some("+elixirc" | "+iex" | "-v" | "--no-halt" | "--no-pry" | "--color" | "--no-color" | "--hidden") => 1,
            Some("-e" | "-r" | "-pr" | "-pa" | "-pz" | "--app" | "--eval" | "--remsh" | "--dot-iex" | "--dbg") => 2,
            Some("--logger-otp-reports" | "--logger-sasl-reports") => 2,
            Some("--rpc-eval" | "--boot-var" | "--pipe-to") => 3,
            Some(_) => break,
            // Nobody knows what it is.
            None => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    first.append(&mut flags);
    first
}

fn add(flags: &mut Vec<Template>, flag: Option<[Template; 2]>) -> usize {
    flags.extend(flag.into_iter().flatten());
    2
}

/// The names in the flags of a VM: `-name X`, `-sname X`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFlag {
    /// `-name`, not `-sname`.
    pub long: bool,
    /// The name.
    pub name: Template,
}

/// The name flag among some words that beats the others there: the first `-sname`, else the first `-name`.
pub fn name_flag(words: &[Template]) -> Option<NameFlag> {
    let mut flags = Vec::new();
    for (flag, value) in valued(words) {
        let long = |long| Some(NameFlag { long, name: value.clone() });
        flags.extend(match flag.as_str() {
            "-name" => long(true),
            "-sname" => long(false),
            "-args_file" => Some(in_a_file(value)),
            _ => None,
        });
    }
    flags.iter().find(|flag| !flag.long).or(flags.first()).cloned()
}

/// Flags in a file may hold the name, too, and then it stands at their place.
fn in_a_file(path: &Template) -> NameFlag {
    let at = path.pieces().first().map(|piece| piece.at.clone());
    let why = Why::Program(format!("-args_file {path}"));
    NameFlag { long: true, name: at.map_or_else(Template::empty, |at| Template::opaque(why, &at)) }
}
