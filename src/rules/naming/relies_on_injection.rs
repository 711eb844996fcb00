//! # relies-on-injection (BG116)
//!
//! The manifest does not say what the node is called, or not all of it: the admission webhook puts that into each pod. So it
//! should be where the webhook runs, and what is checked here is the pod as the webhook leaves it (`injection = "webhook"` in
//! `beamgate.toml`). The same manifest on a cluster without the webhook gives nodes that nobody dials.
//!
//! ## At run time
//!
//! Nothing, as long as the webhook is there: it is asked with `failurePolicy: Fail`, so no pod is made without its name. On a
//! cluster without it a node without RELEASE_NODE boots as `cart@cart-6c7d9f8b5-x2x7p`, with its short host name, and
//! `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! metadata:
//!   labels:
//!     beamgate.dev/strategy: Kubernetes.DNS
//!   annotations:
//!     beamgate.dev/basename: cart
//!     beamgate.dev/service: cart
//! spec:
//!   containers:
//!     - name: cart
//!       image: cart:1
//! ```
//!
//! ## Fix
//!
//! None is needed. To run it on other clusters too, write into it what would be injected; `beamgate inject` shows it:
//!
//! ```yaml
//!       env:
//!         - name: MY_POD_IP
//!           valueFrom:
//!             fieldRef:
//!               fieldPath: status.podIP
//!         - name: RELEASE_DISTRIBUTION
//!           value: name
//!         - name: RELEASE_NODE
//!           value: cart@$(MY_POD_IP)
//! ```
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`: `RELEASE_NODE:-$RELEASE_NAME` and `RELEASE_DISTRIBUTION:-sname`.
//!
//! Not proven here: The proofs of the rules run on a cluster without the webhook, and this is about one that has it.

use crate::fix::change::Change;
use crate::name::boot::Boot;
use crate::name::inputs;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::pod::{Container, EnvSource, EnvVar};

pub(super) static RULE: Rule = Rule {
    code: 116,
    slug: "relies-on-injection",
    severity: Severity::Info,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Safe),
    summary: "the name exists only because the webhook injects it",
    source: include_str!("relies_on_injection.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it is about the webhook"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(container), Some(Boot::Named(_))) = (trace.container, trace.boot()) else { return };
    let vars = container.env.iter().enumerate().filter(|(_, var)| matters(trace, container, var));
    let (added, moved): (Vec<_>, Vec<_>) = vars
        .filter(|(index, var)| var.written.is_none_or(|written| is_moved(container, *index, written)))
        .partition(|(_, var)| var.written.is_none());
    let added: Vec<&EnvVar> = added.into_iter().map(|(_, var)| var).collect();
    let injects = names(added.iter().copied()).map(|all| format!("injects {all}"));
    let up = names(moved.iter().map(|(_, var)| *var));
    let moves = up.as_ref().map(|all| format!("moves {all} up"));
    let done = [injects, moves].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let Some(last) = added.last().or_else(|| moved.last().map(|(_, var)| var)) else { return };
    let finding = found.refute(&RULE, format!("the node has its name only where the webhook {done}"));
    if !added.is_empty() {
        let what = if added.iter().any(|var| var.name == "RELEASE_NODE") { "RELEASE_NODE" } else { &last.name };
        finding.label(container.at.key("env").of(trace.object.id).at_key(), format!("no {what} here"));
    }
    for (index, _) in &moved {
        finding.label(container.at_env_key(*index, &["name"]).of(trace.object.id), "stands below its user");
    }
    finding.symptom(Symptom::Seen(
        "where the webhook does not run, the node boots under another name, or not at all".to_owned(),
    ));
    let Some(changes) = changes(trace, container) else { return };
    let write = (!added.is_empty()).then(|| "write it into the manifest".to_owned());
    let moving = up.map(|all| format!("move {all} above its user"));
    let what = [write, moving].into_iter().flatten().collect::<Vec<_>>().join(", and ");
    finding.fix(Safety::Safe, format!("to run it without the webhook too, {what}")).changes(changes);
}

/// `A, B and C`; nothing of nothing.
fn names<'v>(vars: impl Iterator<Item = &'v EnvVar>) -> Option<String> {
    let names: Vec<&str> = vars.map(|var| var.name.as_str()).collect();
    let (last, before) = names.split_last()?;
    Some(if before.is_empty() { (*last).to_owned() } else { format!("{} and {last}", before.join(", ")) })
}

/// Whether a variable that was written stands above some that were written above it.
fn is_moved(container: &Container, index: usize, written: u32) -> bool {
    container.env[index..].iter().filter_map(|later| later.written).any(|later| later < written)
}

/// Whether the name is made of a variable: others are there for whoever asks.
fn matters(trace: &Trace<'_>, container: &Container, var: &EnvVar) -> bool {
    let reference = format!("$({})", var.name);
    let values = container.env.iter().filter_map(|other| match &other.source {
        EnvSource::Value(text) => Some(text),
        _ => None,
    });
    let mut texts = values.chain(&container.command).chain(&container.args);
    let is_declared = || {
        let inputs = inputs::declared(&trace.keys);
        inputs.is_ok_and(|inputs| inputs.iter().any(|input| input.name == var.name))
    };
    var.name.starts_with("RELEASE_") || texts.any(|text| text.contains(&reference)) || is_declared()
}

/// What makes the list as it is written the one with which the node boots; a file that an init container writes cannot be.
fn changes(trace: &Trace<'_>, container: &Container) -> Option<Vec<Change>> {
    let list = EnvList::of(trace)?;
    let wanted = container.env.iter().filter(|var| var.written.is_some() || matters(trace, container, var));
    let mut now: Vec<Option<u32>> = container.env.iter().map(|var| var.written).filter(Option::is_some).collect();
    now.sort_unstable();
    let mut changes = Vec::new();
    for (index, var) in wanted.enumerate() {
        let Some(written) = var.written else {
            changes.push(list.insert(index, env::entry(&var.name, &var.source)?));
            now.insert(index, None);
            continue;
        };
        let from = now.iter().position(|place| *place == Some(written)).filter(|from| *from != index);
        if let Some(from) = from {
            changes.push(Change::Move { list: list.list(), from, to: index });
            let moved = now.remove(from);
            now.insert(index, moved);
        }
    }
    Some(changes)
}
