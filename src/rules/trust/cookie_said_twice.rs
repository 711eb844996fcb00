//! # cookie-said-twice (BG607)
//!
//! The VM is given `-setcookie` twice: by the start script of a mix release, which always says `RELEASE_COOKIE` or the cookie of the
//! build, and once more in `ERL_FLAGS` and its like or in `vm.args`. Of two it takes neither, though they be the same: it reads
//! `~/.erlang.cookie`, and where that is not there it makes one up, in every container another.
//!
//! ## At run time
//!
//! `** Connection attempt from node ... rejected. Invalid challenge reply. **`, from every peer, and `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: ERL_FLAGS
//!     value: -setcookie $(COOKIE)
//! ```
//!
//! ## Fix
//!
//! Say it once, where the release reads it:
//!
//! ```yaml
//! env:
//!   - name: RELEASE_COOKIE
//!     value: $(COOKIE)
//! ```
//!
//! and take `-setcookie` out of `rel/vm.args.eex`, if it is there.
//!
//! ## What is not known
//!
//! Whether the image has a `~/.erlang.cookie` that is the same in all containers: so this is a warning, and nothing is said where
//! something is mounted at a path with `cookie` in it. A `-setcookie` of two words, a node and its cookie, is another thing and not
//! counted.
//!
//! ## Facts
//!
//! OTP, `lib/kernel/src/auth.erl`, `init_cookie/0`: of the cookies that are given for the node itself, any number but one counts as
//! none, in OTP 25 and in later ones. Elixir 1.14, `bin/<release>`: `start` has `--cookie "$RELEASE_COOKIE"` whatever else is set.
//! Measured on Kubernetes with OTP 25.

use super::is_mix_release;
use crate::fix::change::Change;
use crate::name::boot::Boot;
use crate::place::Loc;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::cookie::{COOKIE, SETCOOKIE};
use crate::world::pod::EnvSource;

pub(super) static RULE: Rule = Rule {
    code: 607,
    slug: "cookie-said-twice",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "of two cookies the VM takes neither",
    source: include_str!("cookie_said_twice.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the words of the VM's flags"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let is_node = trace.is_opted_in() && trace.starts_a_node() && !matches!(trace.boot(), Some(Boot::Undistributed(_)));
    let sayings = sayings(trace);
    let ([(first, _), .., (last, _)], true) = (sayings.as_slice(), is_node) else { return };
    if may_have_a_file(trace) {
        return;
    }
    let by = if first == last { format!("twice by {first}") } else { format!("by {first} and by {last}") };
    let finding = found.suspect(&RULE, format!("the VM is given a cookie {by}, and takes neither"));
    for (what, at) in &sayings {
        finding.label(at.clone(), format!("a cookie by {what}"));
    }
    let fix = match is_mix_release(trace) {
        true => format!("say it once, as {COOKIE}"),
        false => "say it once".to_owned(),
    };
    finding
        .symptom(Symptom::CookieRejected)
        .note("unless the image has a `~/.erlang.cookie`, which is read then")
        .fix(Safety::Unsafe, fix)
        .changes(once(trace));
}

/// Everything that gives the VM a cookie of its own, and where; the start script of a mix release does in any case.
fn sayings(trace: &Trace<'_>) -> Vec<(String, Loc)> {
    let Some(naming) = trace.naming.as_ref().filter(|naming| !naming.is_livebook()) else { return Vec::new() };
    let mut all: Vec<(String, Loc)> = trace.cookies_of_the_vm().into_iter().map(|(what, _, at)| (what, at)).collect();
    if is_mix_release(trace) {
        all.push(match naming.env.get(COOKIE) {
            Some(variable) => (COOKIE.to_owned(), variable.at.clone()),
            None => ("the release's start script".to_owned(), trace.at_env()),
        });
    }
    all
}

/// Whether something is mounted that may be the file which is read then.
fn may_have_a_file(trace: &Trace<'_>) -> bool {
    trace.container.is_some_and(|container| container.volume_mounts.iter().any(|mount| mount.path.contains("cookie")))
}

/// The flag taken out of the variables that have it, where the release has the cookie of a variable.
fn once(trace: &Trace<'_>) -> Vec<Change> {
    let is_said = trace.env.get(COOKIE).is_some_and(|var| !var.value.is_empty()) && is_mix_release(trace);
    let (Some(env), Some(container), true) = (EnvList::of(trace), trace.container, is_said) else { return Vec::new() };
    let named = sayings(trace).into_iter().map(|(name, _)| name).filter(|name| name != COOKIE);
    let changes = named.map(|name| {
        let index = trace.env.get(&name)?.index?;
        let EnvSource::Value(text) = &container.env.get(index)?.source else { return None };
        let rest = without_cookie(text)?;
        Some(if rest.is_empty() { env.remove(index).into_iter().collect() } else { env.set(&name, &rest) })
    });
    // What stands in a file is for somebody to take out.
    changes.collect::<Option<Vec<Vec<Change>>>>().unwrap_or_default().concat()
}

/// The words without the flag and its value, where it is there once, with one value, and nothing is quoted.
fn without_cookie(text: &str) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| *word == SETCOOKIE)?;
    let is_alone = words.get(at + 2).is_none_or(|next| next.starts_with(['-', '+']));
    words.drain(at..words.len().min(at + 2));
    let is_plain = !words.contains(&SETCOOKIE) && !text.contains(['"', '\'', '\\']);
    (is_alone && is_plain).then(|| words.join(" "))
}
