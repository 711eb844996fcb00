//! What the VM is given besides its name: variables and files with flags, and which of the names among them counts.

use super::args_file::VM_ARGS;
use super::env::Env;
use super::launcher::{Launch, NameFlag, Program, name_flag};
use super::template::Template;
use crate::place::Loc;
use crate::world::declared::Sourced;

/// The variable whose words the start script of `elixir`, and so that of a mix release, puts before all that it writes itself.
pub const ELIXIR_ERL_OPTIONS: &str = "ELIXIR_ERL_OPTIONS";

/// The variables whose words the VM takes for flags, in the order in which it has them. The command line stands in the middle.
pub const FLAGS: [&str; 4] = ["ERL_AFLAGS", ELIXIR_ERL_OPTIONS, "ERL_FLAGS", "ERL_ZFLAGS"];

/// Those of them that stand before the command line.
pub(super) const BEFORE: [&str; 2] = ["ERL_AFLAGS", ELIXIR_ERL_OPTIONS];

/// The variable in which Livebook is told its name.
pub const LIVEBOOK_NODE: &str = "LIVEBOOK_NODE";

/// That with its cookie.
pub const LIVEBOOK_COOKIE: &str = "LIVEBOOK_COOKIE";

/// Each word that is known, with the one behind it: its value, where it is a flag that takes one.
pub fn valued(words: &[Template]) -> impl Iterator<Item = (String, &Template)> {
    words.windows(2).filter_map(|pair| Some((pair[0].literal()?, &pair[1])))
}

/// The values of a flag, in their order: `-proto_dist inet6_tcp`.
pub fn values<'w>(words: &'w [Template], flag: &str) -> impl Iterator<Item = &'w Template> {
    valued(words).filter(move |(word, _)| word == flag).map(|(_, value)| value)
}

/// The values of a flag that stands with one value, as far as the VM reads flags: `-extra` ends them.
pub fn single_values<'w>(words: &'w [Template], flag: &'w str) -> impl Iterator<Item = &'w Template> {
    let literal = |word: &Template| word.literal();
    let end = words.iter().position(|word| literal(word).as_deref() == Some("-extra")).unwrap_or(words.len());
    let words = words.get(..end).unwrap_or_default();
    let begins_a_flag = move |word: &Template| literal(word).is_some_and(|word| word.starts_with(['-', '+']));
    let is_flag = move |word: &Template| literal(word).as_deref() == Some(flag);
    let stands_alone = move |at: &usize| words.get(at + 2).is_none_or(begins_a_flag);
    (0..words.len()).filter(move |at| is_flag(&words[*at])).filter(stands_alone).filter_map(|at| words.get(at + 1))
}

/// A variable, or a file, whose words the VM takes for flags.
#[derive(Debug, Clone)]
pub struct Flags {
    /// Its name.
    pub variable: &'static str,
    /// Its words.
    pub words: Vec<Template>,
    /// Where it is set.
    pub at: Loc,
}

impl Flags {
    /// Whether it is the name that a Livebook is told.
    pub(super) fn is_livebook(&self) -> bool {
        self.variable == LIVEBOOK_NODE
    }

    pub(super) fn of(env: &Env) -> Vec<Self> {
        let set = FLAGS.into_iter().filter_map(|variable| Some((variable, env.get(variable)?)));
        set.map(|(variable, var)| Self { variable, words: var.value.words(), at: var.at.clone() }).collect()
    }
}

/// The name that a release's start script gives on the command line.
pub(super) enum ByScript {
    /// A short one, which only an earlier short one beats.
    Short,
    /// A long one, or one of which nobody knows what it is.
    Long,
    /// None.
    None,
}

/// The name in the VM's flags that beats the others. Any `-sname` beats every `-name` (`erl_distribution.erl` tries it
/// first); of several of a kind the first counts. `ERL_AFLAGS` and `ELIXIR_ERL_OPTIONS` stand before the command line's (the latter in
/// Elixir's `bin/elixir`, 1.14), `ERL_FLAGS` and `ERL_ZFLAGS` behind it, and the release's start script gives a name of its own
/// there unless it is told `none`.
pub(super) fn flag_of(flags: &[Flags], launch: &Launch, script: &ByScript) -> Option<Sourced<NameFlag>> {
    let of = |name: &str| {
        let flags = flags.iter().find(|flags| flags.variable == name)?;
        Some(Sourced { value: name_flag(&flags.words)?, at: flags.at.clone() })
    };
    let command = match &launch.program {
        Program::Vm(words) => name_flag(words).map(|value| Sourced { value, at: launch.at.clone() }),
        _ => None,
    };
    let is_short = |flag: &&Sourced<NameFlag>| !flag.value.long;
    // Of relx it is the command.
    let is_behind = |variable: &&str| *variable != VM_ARGS || !matches!(launch.program, Program::Vm(_));
    let behind = [LIVEBOOK_NODE, VM_ARGS, "ERL_FLAGS", "ERL_ZFLAGS"];
    let before: Vec<_> = BEFORE.into_iter().filter_map(of).collect();
    let behind: Vec<_> = command.into_iter().chain(behind.into_iter().filter(is_behind).filter_map(of)).collect();
    let short = before.iter().chain(&behind).find(is_short);
    let is_alone = matches!(launch.program, Program::Vm(_)) || matches!(script, ByScript::None);
    match script {
        _ if is_alone => short.or(before.iter().chain(&behind).next()),
        ByScript::Short => before.iter().find(is_short),
        ByScript::Long | ByScript::None => short.or(before.first()),
    }
    .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    #[test]
    fn only_a_flag_with_one_value_counts_and_nothing_behind_extra() {
        let at = Pointer::root().of(ObjectId(0));
        for (text, values) in [
            ("-setcookie x", vec!["x"]),
            ("+P 5 -setcookie x -name a -setcookie y", vec!["x", "y"]),
            ("-setcookie peer@host x", vec![]),
            ("-setcookie", vec![]),
            ("-setcookie x -extra -setcookie y", vec!["x"]),
        ] {
            let words: Vec<Template> = text.split(' ').map(|word| Template::lit(word, &at)).collect();
            let found: Vec<String> = single_values(&words, "-setcookie").filter_map(Template::literal).collect();
            assert_eq!(found, values, "{text}");
        }
    }
}
