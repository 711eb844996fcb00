//! # not-distributed (BG102)
//!
//! `RELEASE_DISTRIBUTION` knows three values: `name`, `sname` and `none`. With `none`, and with any other word, the node
//! boots without distribution: it serves requests, and nobody can connect to it.
//!
//! ## At run time
//!
//! For a misspelt value one line, `ERROR: Expected sname, name, or none in RELEASE_DISTRIBUTION, got: longnames`, and the
//! boot goes on; then, as with `none`, libcluster says of each peer that it is `not part of network`. With `Gossip` it says nothing:
//! all nodes announce the one name `nonode@nohost`.
//!
//! ## Example
//!
//! ```yaml
//! env:
//!   - name: RELEASE_DISTRIBUTION
//!     value: longnames
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   - name: RELEASE_DISTRIBUTION
//!     value: name
//! ```
//!
//! A container that runs `eval` (a migration) needs no distribution, and this rule is silent about it. `none` in a script of the image,
//! and a command that starts `elixir`, `iex` or `mix` without a name, leave it open: the program may start its distribution itself,
//! as Livebook does.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: the `exit 1` behind the message leaves only a subshell.

use crate::discovery::Dialled;
use crate::fix::change::Change;
use crate::name::boot::{Boot, Naming, Undistributed};
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 102,
    slug: "not-distributed",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the node boots undistributed",
    source: include_str!("not_distributed.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.named && variables.distribution.matches('^[A-Za-z_-]+$') &&
                    !(variables.distribution in ['name', 'sname', 'none'])",
        certain: true,
        says: "RELEASE_DISTRIBUTION is `{variables.distribution}`, not name, sname or none; at run time: `ERROR: \
               Expected sname, name, or none`, and the node boots undistributed; fix: set it to name",
    }],
    "the warnings about `none`, and about a VM that is started without a name",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    let Boot::Undistributed(why) = &naming.boot else { return };
    match why {
        Undistributed::Misspelt(value) => {
            let message =
                format!("RELEASE_DISTRIBUTION is `{value}`, not name, sname or none: the node boots undistributed");
            let finding = found.refute(&RULE, message).symptom(Symptom::BadDistribution(value.clone()));
            finding.fix(Safety::Safe, "set it to `name`").changes(long_names(trace, naming));
            if let Some(at) = naming.distribution.at() {
                finding.label(at.clone(), "no such distribution");
            }
        }
        // Whoever has not opted in may well want a node by itself.
        Undistributed::None if trace.is_opted_in() => {
            let message = "RELEASE_DISTRIBUTION is `none`: the node boots undistributed";
            let finding = none(trace, naming, message, found).symptom(unconnected(trace));
            if let Some(at) = naming.distribution.at() {
                finding.label(at.clone(), "no distribution");
            }
        }
        Undistributed::NoName if trace.is_opted_in() => {
            let finding = found.suspect(&RULE, "the command starts a VM without a name: it is not distributed");
            finding.label(naming.launch.at.clone(), "no `--name` among its arguments");
            finding.symptom(unconnected(trace));
            finding
                .note("unless the program itself calls `Node.start/2`")
                .fix(Safety::Unsafe, "give it a name with `--name`");
        }
        _ => {}
    }
}

/// Whoever says it in the pod, beside a strategy, contradicts himself. A script of the image may belong to a program that starts its
/// distribution by itself, as Livebook does.
fn none<'f>(trace: &Trace<'_>, naming: &Naming, message: &str, found: &'f mut Findings) -> &'f mut Finding {
    if is_the_pods(trace, naming) {
        let finding = found.refute(&RULE, message).at_most(Severity::Warning);
        return finding.fix(Safety::Safe, "set it to `name`").changes(long_names(trace, naming));
    }
    let finding = found.suspect(&RULE, message).note("unless the program itself calls `Node.start/2`");
    finding.fix(Safety::Unsafe, "set it to `name`")
}

/// Whether the pod says it, not a script.
fn is_the_pods(trace: &Trace<'_>, naming: &Naming) -> bool {
    trace.env.get("RELEASE_DISTRIBUTION").is_some_and(|var| naming.distribution.at() == Some(&var.at))
}

fn long_names(trace: &Trace<'_>, naming: &Naming) -> Vec<Change> {
    let env = EnvList::of(trace).filter(|_| is_the_pods(trace, naming));
    env.map_or_else(Vec::new, |env| env.set("RELEASE_DISTRIBUTION", "name"))
}

fn unconnected(trace: &Trace<'_>) -> Symptom {
    match trace.dialled() {
        // All of them say `nonode@nohost`, and each takes its peers for itself.
        Dialled::Announced => Symptom::Silence,
        // Nothing has started an epmd.
        Dialled::Local => {
            let error = "** (MatchError) no match of right hand side value: {:error, :address}";
            Symptom::Seen(format!("`{error}`, and the application does not start"))
        }
        Dialled::Made | Dialled::Listed(_) => {
            Symptom::NotPartOfNetwork(trace.first_dialled().unwrap_or_else(|| "...".to_owned()))
        }
    }
}
