//! Programs that only start another one: init processes, user switchers, `env`, `nohup`.
//!
//! Which of their options take a value: tini 0.19 (`src/tini.c`, `OPT_STRING`), dumb-init 1.2.5 (`dumb-init.c`,
//! `parse_command`), GNU coreutils 9.1, util-linux 2.38 and runit 2.1 (`chpst`) by their manuals.

use super::template::{Template, Why};

/// How many words of a command line stand before the program that it is about.
///
/// # Errors
/// A wrapper gives it another environment than its own.
pub(super) fn skipped(words: &[Template]) -> Result<usize, Why> {
    let mut start = 0;
    loop {
        let rest = words.get(start..).unwrap_or_default();
        let more = of_one(rest)?;
        if more == 0 || more >= rest.len() {
            return Ok(start);
        }
        start += more;
    }
}

/// The words of the wrapper at the front, with its options; none if the first is no wrapper.
fn of_one(words: &[Template]) -> Result<usize, Why> {
    let Some(path) = words.first().and_then(Template::literal) else { return Ok(0) };
    Ok(match path.rsplit('/').next().unwrap_or_default() {
        "tini" | "tini-static" => options(words, "pe"),
        "dumb-init" => options(words, "r"),
        "catatonit" | "setsid" | "nohup" => options(words, ""),
        "exec" => options(words, "a"),
        "nice" => options(words, "n"),
        "ionice" => options(words, "cnpPu"),
        "stdbuf" => options(words, "ioe"),
        "timeout" => options(words, "ks") + 1,
        "chpst" => options(words, "uUb/eCnlLmdopfcrt"),
        "setpriv" => options(words, ""),
        "su-exec" | "gosu" | "setuidgid" | "s6-setuidgid" => 2,
        "env" => of_env(words)?,
        _ => 0,
    })
}

/// What `env` sets besides, as long as that has no part in the node's name.
fn of_env(words: &[Template]) -> Result<usize, Why> {
    let mut count = 1;
    while let Some(word) = words.get(count) {
        let text = word.literal().unwrap_or_else(|| word.to_string());
        let name = text.split_once('=').map(|(name, _)| name);
        match name {
            _ if text == "--" => return Ok(count + 1),
            _ if text.starts_with('-') => return Err(Why::Program(format!("env {text}"))),
            Some(name) if ["RELEASE_", "ERL_", "ELIXIR_", "RELX_"].iter().any(|known| name.starts_with(known)) => {
                return Err(Why::Program(format!("env {name}=")));
            }
            Some(_) => count += 1,
            None => break,
        }
    }
    Ok(count)
}

/// The program and its options, of which those in `valued` take a value.
fn options(words: &[Template], valued: &str) -> usize {
    let mut count = 1;
    while let Some(word) = words.get(count).and_then(Template::literal) {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        count += match letters.strip_prefix('-') {
            Some("") => return count + 1,
            Some(long) => 1 + usize::from(LONG_WITH_VALUE.contains(&long)),
            // The value is the rest of the word, or the next.
            None => match letters.find(|letter| valued.contains(letter)) {
                Some(at) if at + 1 == letters.len() => 2,
                _ => 1,
            },
        };
    }
    count
}

/// Options whose value is the next word, unless they have a `=`.
const LONG_WITH_VALUE: [&str; 12] = [
    "rewrite",
    "signal",
    "kill-after",
    "adjustment",
    "reuid",
    "regid",
    "groups",
    "ruid",
    "euid",
    "rgid",
    "egid",
    "pdeathsig",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    fn program(line: &str) -> String {
        let at = Pointer::root().of(ObjectId(0));
        let words: Vec<&str> = line.split(' ').collect();
        let templates: Vec<Template> = words.iter().map(|word| Template::lit(*word, &at)).collect();
        skipped(&templates).map_or_else(|why| why.to_string(), |start| words[start..].join(" "))
    }

    #[test]
    fn what_a_wrapper_starts_is_found_behind_its_options() {
        for line in [
            "bin/cart start",
            "tini bin/cart start",
            "/usr/bin/tini -g -p SIGTERM -e 143 -- bin/cart start",
            "tini -vvgpSIGTERM bin/cart start",
            "dumb-init -c --rewrite 15:3 -r 1:2 -- bin/cart start",
            "dumb-init --rewrite=15:3 bin/cart start",
            "exec -a cart bin/cart start",
            "nice -n 5 nohup bin/cart start",
            "timeout -k 5 --signal=TERM 3600 bin/cart start",
            "gosu app tini -- bin/cart start",
            "chpst -u app -P bin/cart start",
            "setpriv --reuid 1000 --regid=1000 --clear-groups bin/cart start",
            "env LANG=C.UTF-8 MIX_ENV=prod bin/cart start",
            "env -- bin/cart start",
        ] {
            assert_eq!(program(line), "bin/cart start", "{line}");
        }
        assert_eq!(program("tini --"), "tini --", "there is no more");
        assert_eq!(program("bin/cart start -- tini x"), "bin/cart start -- tini x");
    }

    #[test]
    fn a_wrapper_that_changes_the_environment_is_not_looked_through() {
        assert_eq!(program("env -i bin/cart start"), "`env -i` decides it");
        assert_eq!(program("env RELEASE_NODE=a@b bin/cart start"), "`env RELEASE_NODE=` decides it");
        assert_eq!(program("tini -- env -u RELEASE_NODE bin/cart start"), "`env -u` decides it");
    }
}
