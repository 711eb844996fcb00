//! `vm.args`: the flags in it, and what replaces variables in them.
//!
//! The VM takes the file apart by itself (`erlexec.c`, `-args_file`; OTP 25): words between white space, `#` to the end of the line
//! wherever it is not quoted, quotes of either kind with no escapes in them, a backslash before any character outside of them.
//! `tests/vm_args` holds that against the VM.

use super::env::Env;
use super::room::Room;
use super::script::variable;
use super::shell::Variable;
use super::template::{Part, Piece, Sym, Template, Why};
use crate::place::{Loc, Pointer};
use crate::world::declared;

fn is_set(env: &Env, name: &str) -> bool {
    env.get(name).is_some_and(|var| !var.value.is_empty())
}

/// Whether variables are replaced by Distillery's script; that of relx is told so by a variable of its own.
pub(super) fn is_distillery(env: &Env) -> bool {
    is_set(env, "REPLACE_OS_VARS") && !is_set(env, "RELX_REPLACE_OS_VARS")
}

/// Where a `vm.args` names the node, if it does.
pub(super) fn names(file: &declared::VmArgs) -> Option<Loc> {
    let root = Pointer::root().of(file.script.id);
    place_of_name(&words_of_template(&file.script.text, &root, &Replaces::Unknown))
}

pub(super) fn place_of_name(words: &[Template]) -> Option<Loc> {
    let flag = words.iter().position(is_name_flag)?;
    Some(words.get(flag + 1)?.pieces().first()?.at.clone())
}

fn is_name_flag(word: &Template) -> bool {
    matches!(word.literal().as_deref(), Some("-name" | "-sname"))
}

/// What becomes of `${X}` in the file before the VM sees it.
pub enum Replaces<'e> {
    /// Nothing: it stays.
    Nothing,
    /// Nobody can say.
    Unknown,
    /// It is replaced by the variable of this environment, `${X:-default}` too (relx, `replace_os_vars`).
    From(&'e Env),
}

/// The words of a `vm.args`, each part with its place in the text.
pub fn words(text: &str, root: &Loc, replaces: &Replaces<'_>) -> Vec<Template> {
    Reader::of(text, root, replaces, false).read()
}

/// Those of a `vm.args.eex`, whose tags the release's build fills in.
pub fn words_of_template(text: &str, root: &Loc, replaces: &Replaces<'_>) -> Vec<Template> {
    Reader::of(text, root, replaces, true).read()
}

/// No `vm.args` beside a manifest is longer; a ConfigMap may hold a megabyte.
const LONGEST: usize = 1 << 16;

/// Whether a text is longer than any `vm.args`.
pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > LONGEST
}

struct Reader<'r> {
    text: &'r str,
    root: &'r Loc,
    replaces: &'r Replaces<'r>,
    at: usize,
    words: Vec<Template>,
    /// The word at hand, be it empty.
    word: Option<Template>,
    /// What is still filled in: not what nothing closes any more.
    specials: Vec<(&'static str, &'static str)>,
    /// For the copies of variables.
    room: Room,
}

const TAG: (&str, &str) = ("<%", "%>");
const VARIABLE: (&str, &str) = ("${", "}");

impl<'r> Reader<'r> {
    fn of(text: &'r str, root: &'r Loc, replaces: &'r Replaces<'r>, is_template: bool) -> Self {
        let variables = !matches!(replaces, Replaces::Nothing);
        let specials = [(TAG, is_template), (VARIABLE, variables)].into_iter().filter(|(_, is_there)| *is_there);
        let specials = specials.map(|(special, _)| special).collect();
        let room = Room::of_a_container();
        Self { text, root, replaces, at: 0, words: Vec::new(), word: None, specials, room }
    }

    fn read(mut self) -> Vec<Template> {
        self.run();
        self.words
    }

    fn run(&mut self) {
        let mut quote = None;
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            if self.special() {
                continue;
            }
            self.at += c.len_utf8();
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => self.push(c, start),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    self.word.get_or_insert_default();
                }
                (None, '#') => {
                    self.end();
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                (None, '\\') => {
                    if let Some(escaped) = self.rest().chars().next() {
                        self.at += escaped.len_utf8();
                        self.push(escaped, start);
                    }
                }
                (None, c) if c.is_ascii_whitespace() || c == '\x0b' => self.end(),
                (None, c) => self.push(c, start),
            }
        }
        self.end();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What is filled in before the VM reads the file, at the release's build or at its start.
    fn special(&mut self) -> bool {
        let Some(found) = self.specials.iter().position(|(open, _)| self.rest().starts_with(open)) else {
            return false;
        };
        let (open, close) = self.specials[found];
        let Some(length) = self.rest().find(close).map(|found| found + close.len()) else {
            // Nor does one follow further down, where nobody needs to look for it.
            self.specials.remove(found);
            return false;
        };
        let tag = self.rest()[..length].to_owned();
        let place = self.root.clone().within(self.at..self.at + length);
        self.at += length;
        let value = match self.replaces {
            _ if tag.starts_with("<%#") => return true,
            _ if open == TAG.0 => Template::opaque(Why::Placeholder(tag), &place),
            Replaces::From(env) => filled(&tag[open.len()..length - close.len()], env, &place, &mut self.room),
            _ => Template::opaque(Why::Image, &place),
        };
        self.word.get_or_insert_default().append(&value);
        true
    }

    fn push(&mut self, c: char, start: usize) {
        let at = self.root.clone().within(start..self.at);
        self.word.get_or_insert_default().push(Piece { part: Part::Lit(c.to_string()), at });
    }

    fn end(&mut self) {
        self.words.extend(self.word.take());
    }
}

/// `X` and `X:-default`, where an empty value counts as none. Distillery (2.1.1, `_replace_os_vars`) knows no defaults, and looks for
/// a variable of that whole name.
fn filled(inside: &str, env: &Env, at: &Loc, room: &mut Room) -> Template {
    let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
    if default.is_some() && is_distillery(env) {
        return Template::opaque(Why::Image, at);
    }
    room.begin();
    // Each `${X}` is a copy, and a file has room for thousands.
    if env.get(name).is_some_and(|var| !room.take_copy(&var.value)) {
        return Template::opaque(Why::TooLong, at);
    }
    match (variable(env, name), default) {
        (Variable::Set(value), Some(default)) if value.is_empty() => Template::lit(default, at),
        (Variable::Set(value), _) => value,
        (Variable::Unset, _) if name == "HOSTNAME" => Template::sym(Sym::Hostname, at),
        (Variable::Unset, _) => Template::opaque(Why::Image, at),
        (Variable::Unknown(why), _) => Template::opaque(why, at),
    }
}
