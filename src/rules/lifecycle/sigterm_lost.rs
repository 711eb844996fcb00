//! # sigterm-lost (BG702)
//!
//! The container's first process is a shell that waits for the release. When the pod is to end, the shell gets the signal, and as
//! the first process it is not ended by a signal that it does not handle. The node never hears of it: nothing is handed over, and
//! after the grace period everything is killed.
//!
//! ## At run time
//!
//! Every pod takes `terminationGracePeriodSeconds` (30) to end, and the node does not log `SIGTERM received - shutting down`. Its
//! peers see it go down with its connections.
//!
//! ## Example
//!
//! ```yaml
//! command: ["/bin/sh", "-c", "/app/bin/cart eval 'Cart.Release.migrate()' && /app/bin/cart start"]
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! command: ["/bin/sh", "-c", "/app/bin/cart eval 'Cart.Release.migrate()' && exec /app/bin/cart start"]
//! ```
//!
//! Some shells replace themselves by the last command of a script, so whether it happens depends on the image: dash (Debian,
//! Ubuntu) never does, BusyBox (Alpine) does unless a line ends behind it, and bash does. Of a script for `bash`, and one of a
//! single line for `ash`, nothing is said; nor where `tini` or its like is the first process.
//!
//! ## Facts
//!
//! dash 0.5.12, BusyBox 1.35.0 and bash 5.2.15, tried with twenty scripts. On Kubernetes 1.35 with dash: the pod was killed at the
//! end of its grace period, and with `exec` it ended by itself after a second.
//!
//! Not proven here: The app forms. How its pods end is not among what the proofs look at; it was tried by hand.

use crate::fix::change::Change;
use crate::name::launcher::{Program, Script, Verb};
use crate::place::{Focus, Loc};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 702,
    slug: "sigterm-lost",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "a shell keeps the signal to end for itself",
    source: include_str!("sigterm_lost.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs a reader of shell scripts"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    let (Some(script), Some(child)) = (&naming.launch.script, &naming.child) else { return };
    let starts = naming.launch.program == Program::Release(Verb::Start);
    if !starts || !script.is_first || replaces_itself(script) {
        return;
    }
    let message =
        format!("`{}` may stay the container's first process, and does not hand on the signal to end", script.shell);
    let finding = found.suspect(&RULE, message);
    finding
        .label(child.clone(), "started without `exec`")
        .symptom(Symptom::Seen(
            "the node never hears that it is to end, and is killed after the grace period".to_owned(),
        ))
        .fix(Safety::Safe, "start it with `exec`");
    if script.shell == "sh" && script.arguments.is_none() {
        finding.note("unless `sh` is bash, or BusyBox with a script of one line");
    }
    finding.changes(with_exec(script, child));
}

/// Whether the shell is one that replaces itself by the last command of such a script.
fn replaces_itself(script: &Script) -> bool {
    // With a script in a file none of them does.
    if script.arguments.is_some() {
        return false;
    }
    let has_lines = script.text.contains('\n');
    match script.shell.as_str() {
        "bash" => true,
        "ash" | "busybox" => !has_lines,
        _ => false,
    }
}

/// `exec` before the command, where it stands in the manifest as it is, and nothing is assigned for it alone.
fn with_exec(script: &Script, child: &Loc) -> Option<Change> {
    let Focus::Within(from, to) = child.focus else { return None };
    let text = script.text.literal()?;
    let command = text.get(from as usize..to as usize)?;
    let assigns = command.split_whitespace().next().is_some_and(|word| word.contains('='));
    (!assigns).then(|| Change::Substitute { at: child.clone(), text: format!("exec {command}") })
}
