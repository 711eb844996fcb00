//! # name-only-in-wrapper (BG114)
//!
//! The container's command makes the node's name and exports it. Probes, hooks and `kubectl exec` are started by the kubelet, with
//! the environment of the container's spec: they do not see what the command has exported, and look for a node of another name.
//!
//! ## At run time
//!
//! `--rpc-eval : RPC failed with reason :nodedown`, or `Can't set long node name! Please check your configuration`, from the probe
//! or the hook.
//!
//! ## Example
//!
//! ```yaml
//! command: ["/bin/sh", "-c", "export RELEASE_NODE=cart@$MY_POD_IP; exec /app/bin/cart start"]
//! readinessProbe:
//!   exec:
//!     command: ["/app/bin/cart", "rpc", ":ok"]
//! ```
//!
//! ## Fix
//!
//! Give the name in the environment, where `$(VAR)` can say it:
//!
//! ```yaml
//! env:
//!   - name: RELEASE_NODE
//!     value: cart@$(MY_POD_IP)
//! ```
//!
//! or in `rel/env.sh`, which every command of the release reads. Nothing is said where only people ask: `kubectl exec` with
//! `bin/cart remote` fails in the same way.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `rpc` and its like need RELEASE_NODE in an environment of their own.

use crate::fix::change::Change;
use crate::name::boot::{Naming, Setting};
use crate::name::env::Lookup;
use crate::name::launcher::talks_to_a_node;
use crate::name::spelling;
use crate::place::Loc;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::exec::Exec;

pub(super) static RULE: Rule = Rule {
    code: 114,
    slug: "name-only-in-wrapper",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "probes and hooks do not see the name that the command exports",
    source: include_str!("name_only_in_wrapper.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs what a script makes of the environment"),
};

const NODE: &str = "RELEASE_NODE";
const DISTRIBUTION: &str = "RELEASE_DISTRIBUTION";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(naming), Some(container)) = (&trace.naming, trace.container) else { return };
    let Some(exported) = exported_name(trace, naming) else { return };
    let asks = |exec: &&Exec| talks_to_a_node(&exec.command) && !exec.says(NODE);
    let Some(exec) = container.execs.iter().find(asks) else { return };
    let what = exec.occasion.name();
    let finding =
        found.suspect(&RULE, format!("the `{what}` command does not see the name that the container's own exports"));
    if exec.occasion.must_succeed() {
        finding.effect(Effect::Breaks);
    }
    finding
        .label(exec.at.clone().of(trace.object.id), "looks for a node of another name")
        .label(exported.clone(), "exported here, for what this script starts")
        .symptom(Symptom::NodeDown)
        .note("unless the image's `rel/env.sh` gives the name, too")
        .fix(Safety::Unsafe, "give the name in the environment")
        .changes(in_the_environment(trace, naming));
}

/// Where the command's script says a name with a host which the environment does not.
fn exported_name<'t>(trace: &Trace<'_>, naming: &'t Naming) -> Option<&'t Loc> {
    let script = naming.launch.script.as_ref()?;
    let Setting::Set(node) = &naming.node else { return None };
    let is_in_the_script = node.at.object == script.at.object && node.at.pointer == script.at.pointer;
    let is_elsewhere = !matches!(trace.env.lookup(NODE), Lookup::Unset) || naming.declared.is_some();
    (is_in_the_script && !is_elsewhere && node.value.contains('@')).then_some(&node.at)
}

/// The name, and beside it that it is a long one.
fn in_the_environment(trace: &Trace<'_>, naming: &Naming) -> Vec<Change> {
    let (Setting::Set(node), Some(list)) = (&naming.node, EnvList::of(trace)) else { return Vec::new() };
    let Some(spelled) = spelling::spell(&node.value, &trace.env, None) else { return Vec::new() };
    let mut changes = list.spell(NODE, &spelled);
    if let (Some(Change::Insert { index, .. }), Lookup::Unset) = (changes.last(), trace.env.lookup(DISTRIBUTION)) {
        changes.push(list.insert(*index, env::variable(DISTRIBUTION, "name")));
    }
    changes
}
