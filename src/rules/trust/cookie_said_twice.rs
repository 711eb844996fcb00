//! # cookie-said-twice (BG607)
//!
//! The VM is given `-setcookie` twice: by the start script of a mix release, which always says `RELEASE_COOKIE` or the cookie of the
//! build, and once more in `ERL_FLAGS` and its like or in `vm.args`. Of two it takes neither, though they be the same: it reads
//! `~/.erlang.cookie`, and where that is not there it makes one up, in every container another.
//!
//! ## At run time
//!
//! `** Connection attempt from node ... rejected. Invalid challenge reply. **`, from every peer, and `Node.list()` stays empty.
//! `bin/cart remote` and `rpc` are refused, too: they say the cookie once.
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
//! Whether the image has a `~/.erlang.cookie` that is the same in all containers: so this is a warning, and nothing is said where a
//! file is mounted that is called so.
//!
//! ## Facts
//!
//! OTP, `lib/kernel/src/auth.erl`, `init_cookie/0`: before OTP 25 and since, any number of cookies but one counts as none. Elixir
//! 1.14, `bin/<release>`: `start` has `--cookie "$RELEASE_COOKIE"` whatever else is set. Measured on Kubernetes with OTP 25.

use super::is_mix_release;
use crate::fix::change::Change;
use crate::name::boot::Boot;
use crate::place::Loc;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::cookie::COOKIE;
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

const FLAGS: [&str; 2] = ["-setcookie", "--cookie"];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let is_node = trace.is_opted_in() && trace.starts_a_node() && !matches!(trace.boot(), Some(Boot::Undistributed(_)));
    let sayings = sayings(trace);
    let ([(first, _), .., (last, _)], true) = (sayings.as_slice(), is_node) else { return };
    if has_file(trace) {
        return;
    }
    let finding = found.suspect(&RULE, format!("the VM is given a cookie by {first} and by {last}, and takes neither"));
    for (what, at) in &sayings {
        finding.label(at.clone(), format!("a cookie by {what}"));
    }
    finding
        .symptom(Symptom::CookieRejected)
        .note("unless the image has a `~/.erlang.cookie`, which is read then")
        .fix(Safety::Unsafe, format!("say it once: as {COOKIE}, where a release starts"))
        .changes(once(trace));
}

/// Everything that gives the VM a cookie, and where; the start script of a mix release does in any case.
fn sayings(trace: &Trace<'_>) -> Vec<(String, Loc)> {
    let by_script = is_mix_release(trace).then(|| {
        let variable = trace.naming.as_ref().and_then(|naming| naming.env.get(COOKIE));
        match variable {
            Some(variable) => (COOKIE.to_owned(), variable.at.clone()),
            None => ("the release's start script".to_owned(), trace.at_env()),
        }
    });
    let by_flags = trace.cookie_flags().into_iter().map(|(what, _, at)| (what, at));
    by_flags.chain(by_script).collect()
}

/// Whether something is mounted that may be the file which is read then.
fn has_file(trace: &Trace<'_>) -> bool {
    trace.container.is_some_and(|container| container.volume_mounts.iter().any(|mount| mount.path.contains("cookie")))
}

/// The flag taken out of the variables that have it, where the release has the cookie of a variable.
fn once(trace: &Trace<'_>) -> Vec<Change> {
    let is_said = trace.env.get(COOKIE).is_some_and(|var| !var.value.is_empty()) && is_mix_release(trace);
    let (Some(env), Some(container), true) = (EnvList::of(trace), trace.container, is_said) else { return Vec::new() };
    let changes = trace.cookie_flags().into_iter().map(|(name, ..)| {
        let index = trace.env.get(&name)?.index?;
        let EnvSource::Value(text) = &container.env.get(index)?.source else { return None };
        let rest = without_cookie(text)?;
        Some(if rest.is_empty() { env.remove(index).into_iter().collect() } else { env.set(&name, &rest) })
    });
    // What stands in a file is for somebody to take out.
    changes.collect::<Option<Vec<Vec<Change>>>>().unwrap_or_default().concat()
}

/// The words without the flag and its value, where it is there once.
fn without_cookie(text: &str) -> Option<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| FLAGS.contains(word))?;
    words.drain(at..words.len().min(at + 2));
    (!words.iter().any(|word| FLAGS.contains(word))).then(|| words.join(" "))
}
