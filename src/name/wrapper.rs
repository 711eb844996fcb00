//! Programs that only start another one: init processes, user switchers, `env`, `nohup`.
//!
//! Which of their options take a value: tini 0.19 (`src/tini.c`, `OPT_STRING`), dumb-init 1.2.5 (`dumb-init.c`,
//! `parse_command`), GNU coreutils 9.1, util-linux 2.38, runit 2.1 (`chpst`), s6 2.11 and sudo 1.9 by their manuals.
//! `with-contenv` of s6-overlay 3 empties the environment and fills it with what the image's first process had.

use super::su::Su;
use super::template::{Template, Why};

/// What stands before the program that a command line is about.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// How many words that is.
    pub(super) start: usize,
    /// What `env` sets for it.
    pub(super) assigned: Vec<(String, Template)>,
}

/// What stands before the program that a command line is about.
///
/// # Errors
/// A wrapper gives it another environment than its own, and which one nobody can say.
pub(super) fn behind(words: &[Template]) -> Result<Behind, Why> {
    let mut behind = Behind::default();
    loop {
        let rest = words.get(behind.start..).unwrap_or_default();
        let (more, mut assigned) = of_one(rest)?;
        if more == 0 || more >= rest.len() {
            return Ok(behind);
        }
        behind.start += more;
        behind.assigned.append(&mut assigned);
    }
}

/// How many words stand before the program that a command line is about.
///
/// # Errors
/// A wrapper gives it another environment than its own.
pub(super) fn skipped(words: &[Template]) -> Result<usize, Why> {
    let behind = behind(words)?;
    match behind.assigned.first() {
        Some((name, _)) => Err(Why::Program(format!("env {name}="))),
        None => Ok(behind.start),
    }
}

/// The words of a wrapper, and what it assigns.
type One = (usize, Vec<(String, Template)>);

/// The words of the wrapper at the front, with its options; none if the first is no wrapper.
fn of_one(words: &[Template]) -> Result<One, Why> {
    let Some(path) = words.first().and_then(Template::literal) else { return Ok((0, Vec::new())) };
    let program = path.rsplit('/').next().unwrap_or_default();
    let count = match program {
        "tini" | "tini-static" | "docker-init" => options(words, "pe"),
        "dumb-init" => options(words, "r"),
        "catatonit" | "setsid" | "nohup" | "catchsegv" => options(words, ""),
        "exec" => options(words, "a"),
        "nice" => options(words, "n"),
        "ionice" => options(words, "cnpPu"),
        "stdbuf" => options(words, "ioe"),
        "timeout" => options(words, "ks").map(|count| count + 1),
        "chpst" => options(words, "uUb/eCnlLmdopfcrt"),
        "setpriv" => options(words, ""),
        "prlimit" => options(words, "p"),
        "taskset" => options(words, "").map(|count| count + 1),
        "time" => options(words, "fo"),
        "s6-applyuidgid" => options(words, "ugG"),
        "su-exec" | "gosu" | "setuidgid" | "s6-setuidgid" | "s6-envuidgid" => {
            options(words, "D").map(|count| count + 1)
        }
        "sudo" => options(words, SUDO_VALUED),
        "runuser" | "su" => return of_su(program, words),
        "with-contenv" | "envdir" | "s6-envdir" | "doas" => return Err(Why::Program(program.to_owned())),
        "env" => return of_env(words),
        _ => Some(0),
    };
    let count = count.ok_or_else(|| Why::Program(program.to_owned()))?;
    let given = words.get(1..count.min(words.len())).unwrap_or_default();
    if program == "sudo" && !keeps_everything(given, words.get(count)) {
        return Err(Why::Program(program.to_owned()));
    }
    match given.iter().filter_map(Template::literal).find(|option| is_of_the_environment(program, option)) {
        Some(option) => Err(Why::Program(format!("{program} {option}"))),
        None => Ok((count, Vec::new())),
    }
}

/// Whether an option empties the environment, or fills it out of files.
fn is_of_the_environment(program: &str, option: &str) -> bool {
    match (program, option.strip_prefix('-')) {
        ("setpriv", Some(option)) => option.starts_with("-res") && "-reset-env".starts_with(option),
        ("exec", Some(letters)) => letters.contains('c'),
        ("chpst", Some(letters)) => letters.contains('e'),
        _ => false,
    }
}

/// Whether `sudo` hands on the whole environment: it keeps little of it unless it is told to, or `/etc/sudoers` says otherwise.
fn keeps_everything(given: &[Template], next: Option<&Template>) -> bool {
    let options: Option<Vec<String>> = given.iter().map(Template::literal).collect();
    let options = options.unwrap_or_default();
    let has = |letters: &[char]| {
        let short = options.iter().filter_map(|option| option.strip_prefix('-').filter(|it| !it.starts_with('-')));
        // Behind a letter that takes a value stands the value.
        let read = |option: &str| option.split(|letter| SUDO_VALUED.contains(letter)).next().map(str::to_owned);
        short.filter_map(read).any(|option| option.contains(letters))
    };
    let is_long = |names: &[&str]| options.iter().any(|option| names.contains(&option.as_str()));
    let keeps = has(&['E']) || is_long(&["--preserve-env"]);
    let is_shell = has(&['i', 's']) || is_long(&["--login", "--shell"]);
    keeps && !is_shell && next.is_none_or(|word| word.split_once('=').is_none())
}

/// `su` keeps the environment but for a few variables of the user, unless it is to be as at a login.
fn of_su(program: &str, words: &[Template]) -> Result<One, Why> {
    match Su::of(words) {
        None => Err(Why::Program(program.to_owned())),
        Some(Su { logs_in: true, .. }) => Err(Why::Program(format!("{program} --login"))),
        // The shell of the user's account, which nobody has read.
        Some(Su { text: Some(_), says_shell: false, .. }) => Err(Why::Program(program.to_owned())),
        Some(su) => Ok((su.program.unwrap_or(0), Vec::new())),
    }
}

/// What `env` sets besides.
fn of_env(words: &[Template]) -> Result<One, Why> {
    let (mut count, mut assigned) = (1, Vec::new());
    let mut may_be_option = true;
    while let Some(word) = words.get(count) {
        let literal = word.literal();
        match (literal.as_deref(), word.split_once('=')) {
            (Some("--"), _) if may_be_option => may_be_option = false,
            (Some(option), _) if may_be_option && option.starts_with('-') => {
                return Err(Why::Program(format!("env {option}")));
            }
            (_, Some((name, value))) => {
                let name = name.literal().ok_or_else(|| Why::Program(format!("env {word}")))?;
                assigned.push((name, value));
            }
            (Some(_), None) => break,
            // It may be anything, an assignment too.
            (None, None) => return Err(Why::Program(format!("env {word}"))),
        }
        count += 1;
    }
    Ok((count, assigned))
}

/// The program and its options, of which those in `valued` take a value; none where a long one is not known, of which nobody can say
/// whether the next word is its value.
fn options(words: &[Template], valued: &str) -> Option<usize> {
    let mut count = 1;
    while let Some(word) = words.get(count).and_then(Template::literal) {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        count += match letters.strip_prefix('-') {
            Some("") => return Some(count + 1),
            Some(long) if long.contains('=') || LONG_ALONE.contains(&long) => 1,
            Some(long) => LONG_WITH_VALUE.contains(&long).then_some(2)?,
            // The value is the rest of the word, or the next.
            None => match letters.find(|letter| valued.contains(letter)) {
                Some(at) if at + 1 == letters.len() => 2,
                _ => 1,
            },
        };
    }
    Some(count)
}

/// The options of `sudo` with a value.
const SUDO_VALUED: &str = "ughpCTUDRrtac";

/// Options without a value.
const LONG_ALONE: [&str; 28] = [
    "all-tasks",
    "background",
    "clear-groups",
    "cpu-list",
    "ctty",
    "foreground",
    "fork",
    "help",
    "ignore",
    "init-groups",
    "keep-groups",
    "login",
    "nnp",
    "no-new-privs",
    "non-interactive",
    "preserve-env",
    "preserve-groups",
    "preserve-status",
    "quiet",
    "reset-env",
    "reset-timestamp",
    "set-home",
    "shell",
    "single-child",
    "stdin",
    "verbose",
    "version",
    "wait",
];

/// Options whose value is the next word, unless they have a `=`.
const LONG_WITH_VALUE: [&str; 33] = [
    "user",
    "group",
    "host",
    "prompt",
    "chdir",
    "chroot",
    "role",
    "type",
    "other-user",
    "command-timeout",
    "close-from",
    "class",
    "classdata",
    "output",
    "format",
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
    "inh-caps",
    "ambient-caps",
    "bounding-set",
    "securebits",
    "selinux-label",
    "apparmor-profile",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{ObjectId, Pointer};

    fn program(line: &str) -> String {
        let at = Pointer::root().of(ObjectId(0));
        let words: Vec<&str> = line.split(' ').collect();
        let templates: Vec<Template> = words.iter().map(|word| Template::lit(*word, &at)).collect();
        let behind = behind(&templates).map_err(|why| why.to_string());
        behind.map_or_else(|why| why, |behind| words[behind.start..].join(" "))
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
            "setpriv --reuid 1000 --regid=1000 --clear-groups --inh-caps -all bin/cart start",
            "env LANG=C.UTF-8 MIX_ENV=prod bin/cart start",
            "env -- bin/cart start",
            "sudo -E -u app bin/cart start",
            "sudo -nEu app -- bin/cart start",
            "sudo --preserve-env --user=app bin/cart start",
            "runuser -u app -- bin/cart start",
            "runuser -p -u app bin/cart start",
            "s6-setuidgid app bin/cart start",
            "taskset -c 0-3 prlimit --nofile=1024 bin/cart start",
            "docker-init -- su-exec app:app setpriv --nnp bin/cart start",
            "sudo -E --user app bin/cart start",
            "ionice --class 2 bin/cart start",
        ] {
            assert_eq!(program(line), "bin/cart start", "{line}");
        }
        assert_eq!(program("tini --"), "tini --", "there is no more");
        assert_eq!(program("bin/cart start -- tini x"), "bin/cart start -- tini x");
    }

    #[test]
    fn a_wrapper_that_changes_the_environment_is_not_looked_through() {
        assert_eq!(program("env -i bin/cart start"), "`env -i` decides it");
        assert_eq!(program("tini -- env -u RELEASE_NODE bin/cart start"), "`env -u` decides it");
        assert_eq!(program("chpst -Pe /env bin/cart start"), "`chpst -Pe` decides it");
        assert_eq!(program("setpriv --reuid=1 --reset-env bin/cart start"), "`setpriv --reset-env` decides it");
        assert_eq!(program("exec -cl bin/cart start"), "`exec -cl` decides it");
        assert_eq!(program("chpst -u e bin/cart start"), "bin/cart start");
        for (line, who) in [
            ("sudo -u app bin/cart start", "sudo"),
            ("sudo --preserve-env=PATH -u app bin/cart start", "sudo"),
            ("sudo -E RELEASE_NODE=a bin/cart start", "sudo"),
            ("sudo -Ei bin/cart start", "sudo"),
            ("tini -- with-contenv bin/cart start", "with-contenv"),
            ("s6-envdir /env bin/cart start", "s6-envdir"),
            ("setpriv --reset bin/cart start", "setpriv"),
            ("su - app -c x", "su --login"),
            ("su app -ls /bin/sh", "su --login"),
            ("su app --any", "su"),
            ("su app -c x", "su"),
            ("sudo -uEva bin/cart start", "sudo"),
            ("ionice --any 2 bin/cart start", "ionice"),
        ] {
            assert_eq!(program(line), format!("`{who}` decides it"), "{line}");
        }
    }

    #[test]
    fn what_env_sets_is_known() {
        let at = Pointer::root().of(ObjectId(0));
        let lit = |word: &&str| Template::lit(*word, &at);
        let words: Vec<Template> =
            ["tini", "--", "env", "A=", "RELEASE_NODE=a@b=c", "bin/cart"].iter().map(lit).collect();
        let found = behind(&words).unwrap_or_default();
        let assigned: Vec<String> = found.assigned.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!((found.start, assigned), (5, vec!["A ".to_owned(), "RELEASE_NODE a@b=c".to_owned()]));
        let unknown = [lit(&"env"), Template::opaque(Why::Image, &at), lit(&"bin/cart")];
        assert!(behind(&unknown).is_err());
    }
}
