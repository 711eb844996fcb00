//! # bad-declaration (BG002)
//!
//! The label or an annotation of `beamgate.dev/…` says something that does not exist: an unknown strategy, mode or lookup, a
//! selector that the API server would refuse, a placeholder or field that nobody fills in, a container that the pod has not, a
//! further topology that is not `STRATEGY option=value …`.
//! Nothing that depends on it can be checked, so every other mistake would pass unseen.
//!
//! ## At run time
//!
//! Nothing, if only the declaration is misspelt. Where the app's own configuration says the same, libcluster crashes: an
//! unknown `mode` is a `FunctionClauseError`, an unknown `kubernetes_ip_lookup_mode` a `CaseClauseError`, and a selector that
//! is none is answered with 400 by the API server.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.Dns
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.DNS
//! ```
//!
//! The strategies have libcluster's own names; `Cluster.Strategy.` may stand before them. A strategy that exists but is
//! not checked (`Rancher`) is fine, and so is every value with a placeholder of a template engine in it.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`: `format_node/5` and `get_nodes/1` have clauses for these values only.
//!
//! Not proven here: It is about what is declared of an app, and the app of the proofs does what is declared.

use super::{did_you_mean, meant};
use crate::discovery::{Problem, Strategy};
use crate::fix::change::Change;
use crate::name::inputs::{self, BadInput, Fault as InputFault};
use crate::name::template::{Sym, Template};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::trace::Trace;
use crate::world::declared::{Key, STRATEGY, Sourced};
use crate::world::selector::{BadSelector, Selector};
use crate::world::topologies::{self, Fault};

pub(super) static RULE: Rule = Rule {
    code: 2,
    slug: "bad-declaration",
    severity: Severity::Error,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the declaration says something that does not exist",
    source: include_str!("bad_declaration.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: "variables.strategy != '?' && !(variables.strategy in variables.knownStrategies)",
            certain: true,
            says: "`{variables.strategy}` is no strategy; known are {variables.knownStrategies.join(', ')}; fix: say \
                   it as the app's configuration does",
        },
        Condition {
            holds: "variables.strategy == 'Kubernetes' && variables.mode.matches('^[a-z]+$') &&
                    !(variables.mode in ['ip', 'dns', 'hostname'])",
            certain: true,
            says: "`beamgate.dev/mode: {variables.mode}` is not one of ip, dns, hostname; at run time libcluster \
                   crashes with a FunctionClauseError",
        },
        Condition {
            holds: "variables.strategy == 'Kubernetes' && variables.lookup.matches('^[a-z]+$') &&
                    !(variables.lookup in ['endpoints', 'pods'])",
            certain: true,
            says: "`beamgate.dev/lookup: {variables.lookup}` is not one of endpoints, pods; at run time libcluster \
                   crashes with a CaseClauseError",
        },
        Condition {
            holds: r#"variables.strategy == 'Kubernetes' && !variables.selector.matches('[<>{}$]') &&
                    variables.selector.matches(r'[";:@#*?|]|^[A-Za-z0-9_./-]+ +[A-Za-z0-9_./ -]*[A-Za-z0-9_./-]$')"#,
            certain: true,
            says: "`beamgate.dev/selector` is no label selector; at run time the API server answers 400; fix: write \
                   it as app=cart,tier=web",
        },
        Condition {
            holds: "variables.declaredContainer.matches('^[a-z0-9-]+$') &&
                    !(variables.declaredContainer in variables.candidates.map(c, c.name))",
            certain: true,
            says: "`beamgate.dev/container: {variables.declaredContainer}` is not one of the containers \
                   {variables.candidates.map(c, c.name).join(', ')}",
        },
        Condition {
            holds: r"!variables.nodeName.matches(r'\$\{|\{\{|<%') &&
                    variables.nodeName.findAll(r'\{[^}]*\}?').exists(p,
                    !variables.placeholders.exists(known, p == '{' + known + '}'))",
            certain: true,
            says: "`beamgate.dev/node-name` has a placeholder that nobody fills in; known are \
                   {variables.placeholders.join(\', \')}",
        },
        Condition {
            holds: r"!variables.annotatedInputs.matches(r'\$\{|\{\{|<%') && variables.inputs.exists(word,
                    !(word.matches('^[A-Za-z_][A-Za-z0-9_]*=[^=]*$') && word.split('=')[1] in variables.inputFields))",
            certain: true,
            says: "`beamgate.dev/inputs` has a word that is not VARIABLE=field; the fields are \
                   {variables.inputFields.join(\', \')}",
        },
    ],
    "values that come out of a variable; inputs that are reserved or bound twice; most ways to misspell a selector",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    for problem in trace.strategy.as_ref().map_or(&[] as &[_], |strategy| &strategy.problems) {
        match problem {
            Problem::UnknownStrategy(meant) => strategy(trace, *meant, found),
            Problem::BadValue { key, value, allowed } => {
                let meant = meant(&value.value, allowed.iter().copied());
                say(
                    trace,
                    *key,
                    value,
                    &format!("is not one of {}", list(allowed)),
                    meant.map(|meant| (&*value.value, meant)),
                    found,
                );
            }
            Problem::Unchecked(_) | Problem::Missing(..) => {}
        }
    }
    selector(trace, found);
    node_name(trace, found);
    bound_inputs(trace, found);
    container(trace, found);
    further_topologies(trace, found);
}

fn further_topologies(trace: &Trace<'_>, found: &mut Findings) {
    let Some(written) = trace.key(Key::Topologies).filter(|written| !is_filled_in_later(&written.value)) else {
        return;
    };
    let Some(bad) = topologies::read(written).err() else { return };
    let meant = match bad.fault {
        Fault::UnknownOption => meant(&bad.word, topologies::OPTIONS.map(Key::name)),
        _ => None,
    };
    let message = format!("`{}` {bad}{}", Key::Topologies.annotation(), did_you_mean(meant));
    let finding = found.refute(&RULE, message);
    finding
        .label(bad.at, "not understood")
        .note("no further topology was checked")
        .fix(Safety::Unsafe, "write one a line: `Kubernetes.DNS basename=worker service=worker`");
}

fn strategy(trace: &Trace<'_>, meant: Option<&str>, found: &mut Findings) {
    let Some(declared) = trace.declared.as_ref().filter(|declared| !is_filled_in_later(&declared.strategy.value))
    else {
        return;
    };
    let name = &declared.strategy.value;
    let said = if declared.is_further { name.clone() } else { format!("{STRATEGY}: {name}") };
    let message = format!("`{said}` is no strategy{}", did_you_mean(meant));
    let finding = found.refute(&RULE, message);
    finding
        .label(declared.strategy.at.clone(), "no strategy is called so")
        .note(format!("known are {}", list(&Strategy::names().collect::<Vec<_>>())))
        .note(match declared.is_further {
            true => "nothing else of this topology was checked",
            false => "nothing else of this workload's clustering was checked",
        })
        .fix(Safety::Unsafe, "say the strategy's name as the app's configuration does");
    finding.changes(meant.map(|meant| Change::set(declared.strategy.at.clone(), meant)));
}

fn selector(trace: &Trace<'_>, found: &mut Findings) {
    let used = trace.strategy.as_ref().is_some_and(|strategy| strategy.used.contains(&Key::Selector));
    let Some(written) = trace
        .key(Key::Selector)
        .filter(|written| used && !is_filled_in_later(&written.value) && !written.value.contains("$("))
    else {
        return;
    };
    // `key>1` and `key<1` are selectors, too.
    let Some(BadSelector(part)) = Selector::parse(&written.value).err().filter(|bad| !bad.0.contains(['<', '>']))
    else {
        return;
    };
    say(trace, Key::Selector, written, &format!("is no label selector: `{part}` is not understood"), None, found);
}

fn node_name(trace: &Trace<'_>, found: &mut Findings) {
    let Some(written) = trace.key(Key::NodeName) else { return };
    let Some(placeholder) = Template::parse(&written.value, &written.at).err() else { return };
    if is_filled_in_later(&written.value) {
        return;
    }
    let known = Sym::PLACEHOLDERS.map(|(name, _)| name);
    let near = meant(placeholder.trim_matches(['{', '}']), known).map(|name| format!("{{{name}}}"));
    let known = known.map(|name| format!("{{{name}}}"));
    let what = format!("has `{placeholder}`, which is none of {}", list(&known.each_ref().map(String::as_str)));
    say(trace, Key::NodeName, written, &what, near.as_deref().map(|near| (&*placeholder, near)), found);
}

fn bound_inputs(trace: &Trace<'_>, found: &mut Findings) {
    let Some(written) = trace.key(Key::Inputs) else { return };
    if is_filled_in_later(&written.value) {
        return;
    }
    let Some(BadInput { word, fault }) = inputs::declared(&trace.keys).err() else { return };
    match word.split_once('=').filter(|_| fault == InputFault::Field) {
        Some((name, field)) => {
            let fields = inputs::FIELDS.map(|(field, _)| field);
            let what = format!("binds {name} to `{field}`, which is none of {}", list(&fields));
            say(trace, Key::Inputs, written, &what, meant_field(field).map(|meant| (field, meant)), found);
        }
        None => say(trace, Key::Inputs, written, &format!("has `{word}`, which {fault}"), None, found),
    }
}

/// `status.podIP` and its like are what stands in a `fieldRef`.
fn meant_field(field: &str) -> Option<&'static str> {
    match field {
        "metadata.name" => Some("podName"),
        "metadata.namespace" => Some("namespace"),
        _ => meant(field.rsplit('.').next().unwrap_or(field), inputs::FIELDS.map(|(field, _)| field)),
    }
}

fn container(trace: &Trace<'_>, found: &mut Findings) {
    let Some(written) = trace.key(Key::Container) else { return };
    let names: Vec<&str> =
        trace.pod.containers.iter().filter(|container| !container.init).map(|container| &*container.name).collect();
    if !is_filled_in_later(&written.value) && !names.contains(&&*written.value) {
        let what = format!("is not one of the containers {}", list(&names));
        let meant = meant(&written.value, names.iter().copied());
        say(trace, Key::Container, written, &what, meant.map(|meant| (&*written.value, meant)), found);
    }
}

/// `near` is a part of the value, and what was probably meant by it.
fn say(
    trace: &Trace<'_>,
    key: Key,
    written: &Sourced<String>,
    what: &str,
    near: Option<(&str, &str)>,
    found: &mut Findings,
) {
    let meant = near.map(|(_, meant)| meant);
    let said = match &trace.declared {
        Some(declared) if declared.is_further => format!("{}={}", key.name(), written.value),
        _ => format!("{}: {}", key.annotation(), written.value),
    };
    let message = format!("`{said}` {what}{}", did_you_mean(meant));
    let corrected = near.map(|(part, meant)| written.value.replacen(part, meant, 1));
    found
        .refute(&RULE, message)
        .label(written.at.clone(), meant.map_or_else(|| "not understood".to_owned(), |meant| format!("`{meant}`?")))
        .note("nothing that depends on it was checked")
        .fix(Safety::Unsafe, meant.map_or_else(|| "correct it".to_owned(), |meant| format!("write `{meant}`")))
        .changes(corrected.map(|value| Change::set(written.at.clone(), value)));
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A file that a template engine has not been over yet.
fn is_filled_in_later(value: &str) -> bool {
    ["${", "{{", "<%"].iter().any(|open| value.contains(open))
}
