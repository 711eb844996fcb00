//! # misplaced-declaration (BG004)
//!
//! A declaration is read from the *pod template*: the strategy from a label, everything else from annotations beside it. What
//! stands elsewhere, under a misspelt key, or in an option that the strategy does not have, is not read, though it looks as
//! if it were. The strategy label has no place in selectors either: they are immutable, and the label is to be changed.
//!
//! ## At run time
//!
//! Nothing, until the strategy changes: with the label in `matchLabels` the API server answers `field is immutable`.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! metadata:
//!   annotations:
//!     beamgate.dev/mode: dns        # not the template's
//! spec:
//!   template:
//!     metadata:
//!       labels:
//!         beamgate.dev/strategy: Kubernetes
//!       annotations:
//!         beamgate.dev/basname: cart  # not a key
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!   template:
//!     metadata:
//!       labels:
//!         beamgate.dev/strategy: Kubernetes
//!       annotations:
//!         beamgate.dev/mode: dns
//!         beamgate.dev/basename: cart
//! ```
//!
//! `beamgate.dev/ignore` may stand on the workload as well as on its template, and a copy of what the template says does no
//! harm anywhere.
//!
//! ## Facts
//!
//! `spec.selector` of `apps/v1` is immutable (`pkg/apis/apps/validation`).
//!
//! Not proven here: It is about what is declared of an app, and the app of the proofs does what is declared.

use super::{did_you_mean, meant};
use crate::fix::change::Change;
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule, in_namespace, word};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::{INJECTED, Key, PREFIX, STRATEGY};
use crate::world::object::value_of;
use crate::world::workload::WorkloadKind;

pub(super) static RULE: Rule = Rule {
    code: 4,
    slug: "misplaced-declaration",
    severity: Severity::Warning,
    effect: Effect::Hygiene,
    mends: Mends::Program(Safety::Safe),
    summary: "a part of the declaration stands where nothing reads it",
    source: include_str!("misplaced_declaration.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.annotations.exists(key, key.startsWith('beamgate.dev/') && !(key in variables.knownKeys))",
        certain: true,
        says: "{variables.annotations.filter(key, key.startsWith('beamgate.dev/') && !(key in \
               variables.knownKeys)).join(', ')}: there is no such annotation of a pod template, so nothing reads \
               it; fix: correct or remove it",
    }],
    "keys in the wrong place, options that the strategy does not have, and selectors that hold the strategy",
);

/// Options that are not the strategy's own: they are read whatever it is.
const OF_NO_STRATEGY: [Key; 6] =
    [Key::Basename, Key::Topologies, Key::NodeName, Key::Inputs, Key::Container, Key::Ignore];

/// The label of namespaces.
const ENFORCE: &str = "enforce";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    // Of a declaration that stands elsewhere as a whole, every key has the same fault.
    let mut faults: Vec<(Fault, Vec<Written<'_>>)> = Vec::new();
    for written in keys(trace) {
        let Some(fault) = fault(trace, &written) else { continue };
        match faults.iter_mut().find(|(known, _)| *known == fault) {
            Some((_, group)) => group.push(written),
            None => faults.push((fault, vec![written])),
        }
    }
    for (fault, group) in faults {
        let names: Vec<String> = group.iter().map(|written| format!("`{}`", written.name)).collect();
        let finding = found.refute(&RULE, format!("{}: {}", names.join(", "), fault.what));
        finding.fix(Safety::Safe, fault.fix.clone());
        for written in group {
            finding.label(written.at(trace), "not read").changes(mend(trace, &written, &fault.mend));
        }
    }
    unused(trace, found);
    selectors(trace, found);
}

/// A key of ours, wherever it stands.
struct Written<'w> {
    /// With the prefix.
    name: &'w str,
    value: &'w str,
    /// On the template, not on the workload's own metadata.
    on_template: bool,
    /// A label, not an annotation.
    is_label: bool,
}

impl Written<'_> {
    /// What follows the prefix.
    fn key(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(self.name)
    }

    fn at(&self, trace: &Trace<'_>) -> Loc {
        let (object, pod) = (trace.object, trace.pod);
        let at = match (self.on_template, self.is_label) {
            (true, true) => pod.at_label(self.name).of(object.id),
            (true, false) => pod.at_annotation(self.name).of(object.id),
            (false, true) => object.at_label(self.name),
            (false, false) => object.at_annotation(self.name),
        };
        at.at_key()
    }
}

#[derive(PartialEq, Eq)]
struct Fault {
    what: String,
    fix: String,
    mend: Mend,
}

/// What mends a fault.
#[derive(PartialEq, Eq)]
enum Mend {
    Nothing,
    Remove,
    Rename(String),
    /// It belongs on the template, in its labels or its annotations.
    Move,
}

fn mend(trace: &Trace<'_>, written: &Written<'_>, mend: &Mend) -> Vec<Change> {
    let at = written.at(trace);
    match mend {
        Mend::Nothing => Vec::new(),
        Mend::Remove => vec![Change::Remove { at }],
        Mend::Rename(key) => vec![Change::Swap { at, key: key.clone().into(), value: None }],
        Mend::Move => {
            let pod = trace.pod;
            let is_strategy = written.name == STRATEGY;
            let to = if is_strategy { pod.at_label(written.name) } else { pod.at_annotation(written.name) };
            vec![Change::set(to.of(trace.object.id), written.value), Change::Remove { at }]
        }
    }
}

/// Every key of ours on the workload and its template. A bare pod is its own template.
fn keys<'w>(trace: &Trace<'w>) -> Vec<Written<'w>> {
    let (object, pod) = (trace.object, trace.pod);
    let own = trace.workload.kind != WorkloadKind::Pod;
    let mut written = Vec::new();
    for (is_label, on_template, pairs) in [
        (true, true, &pod.labels),
        (false, true, &pod.annotations),
        (true, false, &object.labels),
        (false, false, &object.annotations),
    ] {
        let ours =
            pairs.iter().filter(|(name, _)| (on_template || own) && name.starts_with(PREFIX) && name != INJECTED);
        written.extend(ours.map(|(name, value)| Written { name, value, on_template, is_label }));
    }
    written
}

/// What keeps a key from being read.
fn fault(trace: &Trace<'_>, written: &Written<'_>) -> Option<Fault> {
    let is_strategy = written.name == STRATEGY;
    if written.key() == ENFORCE {
        let what = "is a label of namespaces".to_owned();
        return Some(Fault { what, fix: "move it to the Namespace".to_owned(), mend: Mend::Nothing });
    }
    if !is_strategy && Key::named(written.key()).is_none() {
        let known = Key::ALL.map(Key::name).into_iter().chain(["strategy", ENFORCE]);
        let meant = meant(written.key(), known);
        let fix = meant.map_or_else(|| "remove it".to_owned(), |meant| format!("call it `{PREFIX}{meant}`"));
        let mend = meant.map_or(Mend::Remove, |meant| Mend::Rename(format!("{PREFIX}{meant}")));
        return Some(Fault { what: format!("there is no such key{}", did_you_mean(meant)), fix, mend });
    }
    if written.on_template && written.is_label == is_strategy {
        return None;
    }
    let place = if is_strategy { &trace.pod.labels } else { &trace.pod.annotations };
    let is_copy = value_of(place, written.name) == Some(written.value);
    let may_stand_here = written.key() == Key::Ignore.name() && !written.is_label;
    if is_copy || may_stand_here {
        return None;
    }
    if !written.on_template {
        let fix = "move it to the metadata of the pod template".to_owned();
        return Some(Fault { what: "belongs on the pod template".to_owned(), fix, mend: Mend::Move });
    }
    let list = if is_strategy { "labels" } else { "annotations" };
    Some(Fault { what: format!("belongs in the {list}"), fix: format!("move it to the {list}"), mend: Mend::Move })
}

/// Options that the strategy does not have.
fn unused(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(declared), Some(strategy)) = (&trace.declared, &trace.strategy) else { return };
    let mode_is_open = trace.option(Key::Mode).is_some_and(|mode| mode.value.unknown().is_some());
    if strategy.discovery.is_none() || found.has(&[2]) || mode_is_open {
        return; // what is not understood may read it
    }
    for (key, written) in &trace.keys {
        if OF_NO_STRATEGY.contains(key) || strategy.used.contains(key) {
            continue;
        }
        let mode = trace.key(Key::Mode).filter(|_| strategy.used.contains(&Key::Mode));
        let reader = match (key, mode) {
            (Key::Service, Some(mode)) => format!("`{}` in mode `{}`", declared.strategy.value, mode.value),
            _ => format!("`{}`", declared.strategy.value),
        };
        found
            .refute(&RULE, format!("`{}`: {reader} has no such option", key.annotation()))
            .label(written.at.clone(), "not read")
            .label(declared.strategy.at.clone(), "has no such option")
            .fix(Safety::Safe, "remove it")
            .changes([Change::Remove { at: written.at.clone() }]);
    }
}

/// Selectors that hold the strategy.
fn selectors(trace: &Trace<'_>, found: &mut Findings) {
    let key = |pairs: &[(String, String)]| {
        pairs.iter().find(|(name, _)| name.starts_with(PREFIX)).map(|(name, _)| name.clone())
    };
    if let Some(name) = key(&trace.workload.selector) {
        let at = trace.object.at(&["spec", "selector", "matchLabels"]);
        let at = at.pointer.key(name.clone()).of(trace.object.id);
        found
            .refute(
                &RULE,
                format!("`{name}` is in the selector of {}, which can never be changed", trace.object.title()),
            )
            .label(at.clone().at_key(), "immutable")
            .symptom(Symptom::Refused("field is immutable".to_owned()))
            .note("on the day on which the strategy changes")
            .fix(Safety::Recreate, "leave it out of `matchLabels`")
            .besides(format!(
                "kubectl delete {} {}{} --cascade=orphan",
                trace.object.kind.to_lowercase(),
                word(&trace.object.name),
                in_namespace(trace.object)
            ))
            .changes([Change::Remove { at }]);
    }
    for service in trace.world.services_selecting(trace.object, trace.workload) {
        let Some(name) = service.service().and_then(|found| key(&found.selector)) else { continue };
        let at = service.at(&["spec", "selector"]).pointer.key(name.clone()).of(service.id);
        let finding = found.refute(&RULE, format!("`{name}` is in the selector of {}", service.title()));
        finding
            .label(at.clone().at_key(), "a rollout to another strategy takes the old pods out of the Service")
            .fix(Safety::Unsafe, "leave it out of the selector");
        // Without a selector a Service has no endpoints at all.
        if service.service().is_some_and(|service| service.selector.len() > 1) {
            finding.changes([Change::Remove { at }]);
        }
    }
}

/// Whether a strategy is declared after all, where nothing reads it.
pub(super) fn strategy_elsewhere(trace: &Trace<'_>) -> bool {
    keys(trace).iter().any(|written| written.name == STRATEGY || meant(written.key(), ["strategy"]).is_some())
}
