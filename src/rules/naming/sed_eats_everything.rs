//! # sed-eats-everything (BG112)
//!
//! In `sed` a dot stands for any character: `s/./-/g` turns the whole address into dashes, and every node gets a name such as
//! `cart@---------.shop.pod.cluster.local`. The recipe comes from libcluster's own documentation, which shows it without
//! the backslash.
//!
//! ## At run time
//!
//! The node boots, for dashes are allowed in a host. Its peers dial `cart@10-42-1-7.shop.pod.cluster.local`:
//! `unable to connect to`, every five seconds; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```sh
//! export RELEASE_NODE=cart@$(echo $MY_POD_IP | sed 's/./-/g').$MY_POD_NAMESPACE.pod.cluster.local
//! ```
//!
//! ## Fix
//!
//! ```sh
//! export RELEASE_NODE=cart@$(echo $MY_POD_IP | sed 's/\./-/g').$MY_POD_NAMESPACE.pod.cluster.local
//! ```
//!
//! or `tr . -`, which knows no patterns. In double quotes YAML makes one backslash of two.
//!
//! ## Facts
//!
//! libcluster 3.3.3 to 3.5.0, the documentation of `lib/strategy/kubernetes.ex`: a heredoc that eats the backslash.

use crate::fix::change::Change;
use crate::name::boot::Boot;
use crate::name::template::Why;
use crate::place::{Focus, Loc};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 112,
    slug: "sed-eats-everything",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "`s/./-/g` turns every character into a dash",
    source: include_str!("sed_eats_everything.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the reader of shell scripts"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    // What a script does to other variables is its own business.
    let is_in_the_name = naming.written().is_some_and(|(name, _)| matches!(name.unknown(), Some(Why::Shell(_))));
    let Some(at) = naming.dashes_everything.as_ref().filter(|_| is_in_the_name) else { return };
    let finding = found.refute(&RULE, "`s/./-/g` turns every character of the address into a dash, not only the dots");
    finding.label(at.clone(), "here a dot stands for any character");
    if let (Some(Boot::Named(_)), Some(dial)) = (trace.boot(), trace.dials.first()) {
        finding.symptom(Symptom::UnableToConnect(trace.identity.example(&dial.name)));
    }
    finding.fix(Safety::Safe, "escape the dot").snippet("sed 's/\\./-/g'").changes(escaped(trace, at));
}

/// The command with the dot escaped, where a script stands in the manifest as the shell reads it.
fn escaped(trace: &Trace<'_>, at: &Loc) -> Option<Change> {
    let Focus::Within(start, end) = at.focus else { return None };
    let script = trace.naming.as_ref()?.launch.script.as_ref()?.text.literal()?;
    let container = trace.container?;
    let is_as_written = container.command.iter().chain(&container.args).any(|word| *word == script);
    let command = script.get(start as usize..end as usize).filter(|_| is_as_written)?;
    let escaped = command.replacen("/./", "/\\./", 1);
    (escaped != command).then(|| Change::Substitute { at: at.clone(), text: escaped })
}
