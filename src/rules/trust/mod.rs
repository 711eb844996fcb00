//! Trust (6xx): whether the peers accept each other.

use super::{Rule, in_namespace, word};
use crate::fix::change::Tree;
use crate::name::boot::{Flags, VM_ARGS};
use crate::name::env::Lookup;
use crate::name::launcher::{Program, Verb};
use crate::name::template::{Part, Template};
use crate::name::vm_args;
use crate::place::Loc;
use crate::trace::Trace;
use crate::world::declared::env_sh_of;

mod cookie_literal;
mod cookie_missing;
mod cookie_unread;
mod cookie_well_known;

pub(crate) use cookie_unread::OTHERS as UNREAD_COOKIES;
pub(crate) use cookie_well_known::WELL_KNOWN as WELL_KNOWN_COOKIES;

pub(super) static RULES: &[&Rule] =
    &[&cookie_literal::RULE, &cookie_missing::RULE, &cookie_well_known::RULE, &cookie_unread::RULE];

/// The variable that the start script of a mix release reads.
const COOKIE: &str = "RELEASE_COOKIE";

/// A cookie that somebody wrote down.
struct Written {
    /// `RELEASE_COOKIE`, or the variable or command that has `-setcookie`.
    what: String,
    /// The cookie, which is never shown.
    text: String,
    at: Loc,
}

/// The cookies that can be read in the files.
fn written(trace: &Trace<'_>) -> Vec<Written> {
    let Some(naming) = trace.naming.as_ref().filter(|_| trace.is_opted_in() && trace.starts_a_node()) else {
        return Vec::new();
    };
    let variable = naming.env.get(COOKIE).filter(|_| naming.launch.program.may_be_a_release());
    let variable = variable.map(|var| (COOKIE.to_owned(), var.value.clone(), var.at.clone()));
    let literal = |(what, value, at): (String, Template, Loc)| {
        let is_text = value.pieces().iter().all(|piece| matches!(piece.part, Part::Lit(_)));
        let text = value.literal().filter(|text| is_text && !text.is_empty())?;
        Some(Written { what, text, at })
    };
    variable.into_iter().chain(flags(trace)).filter_map(literal).collect()
}

/// The cookies in the VM's flags: `-setcookie X`, `--cookie X`.
fn flags(trace: &Trace<'_>) -> Vec<(String, Template, Loc)> {
    let Some(naming) = &trace.naming else { return Vec::new() };
    let mut found = Vec::new();
    let mut add = |what: &str, words: &[Template], at: &Loc| {
        let is_flag = |word: &Template| word.literal().is_some_and(|word| word == "-setcookie" || word == "--cookie");
        for pair in words.windows(2).filter(|pair| is_flag(&pair[0])) {
            // In a file, the word itself; of a variable, its value.
            let own = pair[1].pieces().first().map(|piece| &piece.at).filter(|at| at.object.as_text().is_some());
            found.push((what.to_owned(), pair[1].clone(), own.unwrap_or(at).clone()));
        }
    };
    // Which of two cookies counts, the one in a mix release's file or the one that its start script gives, was not seen.
    let is_read = |flags: &&Flags| flags.variable != VM_ARGS || matches!(naming.launch.program, Program::Vm(_));
    for flags in naming.flags.iter().filter(is_read) {
        add(flags.variable, &flags.words, &flags.at);
    }
    // What a `vm.args` gives to relx is among the flags already.
    if let Program::Vm(words) = &naming.launch.program
        && naming.launch.at.object.as_text().is_none()
    {
        add("the command", words, &naming.launch.at);
    }
    found
}

/// A key of a Secret called after the workload.
fn secret(trace: &Trace<'_>) -> Tree {
    Tree::pairs([("name", format!("{}-cookie", trace.object.name)), ("key", "cookie".to_owned())])
}

/// The command that makes it.
fn make_secret(trace: &Trace<'_>) -> String {
    let name = format!("{}-cookie", trace.object.name);
    let name = word(&name);
    let namespace = in_namespace(trace.object);
    format!("kubectl create secret generic {name}{namespace} --from-literal=cookie=\"$(openssl rand -hex 32)\"")
}

/// Whether nothing that can be read gives the node a cookie, and nothing unread is likely to.
fn is_left_to_the_image(trace: &Trace<'_>) -> bool {
    let (Some(naming), Some(container)) = (&trace.naming, trace.container) else { return false };
    let is_set = match naming.env.lookup(COOKIE) {
        Lookup::Set(var) => !var.value.is_empty(),
        Lookup::Unset => false,
        Lookup::Open(_) => true,
    };
    let says_cookie = |text: &str| text.to_lowercase().contains("cookie");
    let in_a_script = naming.launch.script.as_ref().is_some_and(|script| says_cookie(&script.text.to_string()))
        || env_sh_of(trace.object, &trace.world.facts).is_some_and(|script| says_cookie(&script.text));
    let in_a_file = container.mounts.iter().any(|mount| says_cookie(mount));
    let in_the_flags =
        !flags(trace).is_empty() || container.args.iter().chain(&container.command).any(|word| says_cookie(word));
    trace.is_opted_in() && trace.starts_a_node() && !is_set && !in_a_script && !in_a_file && !in_the_flags
}

/// Whether something shows that a mix release starts here, and not one of relx, which reads none of its variables.
fn is_mix_release(trace: &Trace<'_>) -> bool {
    let Some(naming) = &trace.naming else { return false };
    let own = ["RELEASE_NODE", "RELEASE_DISTRIBUTION", "RELEASE_MODE", "RELEASE_TMP", "RELEASE_VM_ARGS"];
    let starts = matches!(naming.launch.program, Program::Release(Verb::Start));
    let is_set = |names: &[&str]| names.iter().any(|name| trace.env.get(name).is_some());
    naming.launch.program.may_be_a_release() && !is_relx(trace) && (starts || is_set(&own))
}

/// Whether a variable shows that a release of relx or Distillery starts here: their cookie is in `vm.args`.
fn is_relx(trace: &Trace<'_>) -> bool {
    vm_args::is_relx(&trace.env)
}
