//! # declaration-contradicts-code (BG008)
//!
//! The label or an annotation says one thing, and the app's own code another. The declaration is a copy, so it is the copy that
//! is wrong, and everything that was checked was checked of an app that does not exist.
//!
//! It is found only where the code is shown: with `--app DIR`, or with `app-source` under `[[app]]` in `beamgate.toml`.
//!
//! ## At run time
//!
//! Whatever the code says, not what is declared: a cluster that was judged to form may not.
//!
//! ## Example
//!
//! ```elixir
//! # config/runtime.exs
//! config :libcluster,
//!   topologies: [
//!     cart: [
//!       strategy: Cluster.Strategy.Kubernetes.DNS,
//!       config: [application_name: "cart", service: "cart-headless"]
//!     ]
//!   ]
//! ```
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.DNS
//! annotations:
//!   beamgate.dev/basename: cart
//!   beamgate.dev/service: cart
//! ```
//!
//! ## Fix
//!
//! ```yaml
//! annotations:
//!   beamgate.dev/service: cart-headless
//! ```
//!
//! Or change the code, if the declaration is what was meant.
//!
//! ## What is an error
//!
//! An error takes certainty: both sides are written out, the code is seen to start libcluster with just these topologies, and
//! everything that could change them was read. Where a side comes out of a variable of the container, or goes without saying (the
//! part before `@`, the namespace), or `lib/` does not show where libcluster is started, it is a warning. What was not evaluated is
//! compared with nothing. Names of one Service of different length (`cart`, `cart.shop.svc.cluster.local`) are the same.
//!
//! ## Facts
//!
//! Elixir's `Config` and `Config.Reader`: how settings are merged. The reader of configurations is held against Elixir 1.14
//! itself (`tests/elixir`). libcluster 3.5.0, `lib/strategy/`: the options and their defaults.
//!
//! Not proven here: It is about what is declared of an app, and the app of the proofs does what is declared.

use crate::discovery::{canonical, configured};
use crate::fix::change::Change;
use crate::name::template::Template;
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::trace::coded::pasted;
use crate::world::code::{Code, Coded, Way};
use crate::world::declared::{Declared, Key, STRATEGY};
use crate::world::selector::Selector;

pub(super) static RULE: Rule = Rule {
    code: 8,
    slug: "declaration-contradicts-code",
    severity: Severity::Error,
    effect: Effect::Risks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the declaration says one thing, the app's code another",
    source: include_str!("contradicts_code.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("the app's code is in no object"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(declared), Some(code)) = (&trace.declared, trace.code()) else { return };
    let ways = trace.coded_ways();
    let is_known = trace.strategy.as_ref().is_some_and(|strategy| strategy.discovery.is_some());
    if !is_known || !trace.starts_a_node() || ways.is_empty() {
        return;
    }
    let name = canonical(declared.strategy.value.trim());
    let meant: Vec<&Way> = ways.iter().copied().filter(|way| way.strategy.value == name).collect();
    if meant.is_empty() {
        return strategy(trace, declared, code, &ways, found);
    }
    // Of several topologies of one strategy, one may be meant that says just this.
    let faults = meant.into_iter().map(|way| contradictions(trace, declared, way));
    for fault in faults.min_by_key(Vec::len).into_iter().flatten() {
        report(trace, declared, code, &fault, found);
    }
}

/// A strategy of libcluster that the app does not start.
fn strategy(trace: &Trace<'_>, declared: &Declared, code: &Code, ways: &[&Way], found: &mut Findings) {
    let name = canonical(declared.strategy.value.trim());
    // How the others are started is not always to be seen.
    let is_libclusters = !matches!(name, "DNSCluster" | "Peerage" | "Announced");
    if !is_libclusters || !code.settled {
        return;
    }
    let configured: Vec<String> = ways.iter().map(|way| format!("`{}`", way.strategy.value)).collect();
    let message = format!("`{STRATEGY}: {name}` is declared, and the app finds its peers by {}", configured.join(", "));
    let finding = found.refute(&RULE, message);
    finding.label(declared.strategy.at.clone(), "not what the app does");
    for way in ways {
        finding.label(way.strategy.at.clone(), "what it does");
    }
    finding.fix(Safety::Unsafe, "declare what the code says");
    if let [way] = ways
        && is_annotated(declared)
    {
        let lines = trace.lines_of(way);
        finding.snippet(pasted(&lines)).changes(lines.into_iter().map(|line| {
            let at = match line.key {
                None => declared.strategy.at.clone(),
                Some(key) => at_annotation(trace, key),
            };
            Change::set(at, line.text)
        }));
    }
}

/// An option of which the two say different things.
struct Contradiction<'w> {
    key: Key,
    called: &'static str,
    declared: Said,
    coded: Said,
    way: &'w Way,
}

/// What one side says, and where.
struct Said {
    text: String,
    at: Loc,
    /// It stands there in so many words.
    is_literal: bool,
    /// It is not there at all, and this is what is meant then.
    is_default: bool,
}

fn contradictions<'w>(trace: &Trace<'_>, declared: &Declared, way: &'w Way) -> Vec<Contradiction<'w>> {
    let strategy = way.strategy.value.as_str();
    let compare = |(called, key): &(&'static str, Key)| {
        let (declared, coded) = (said(trace, declared, strategy, *key)?, coded(trace, way, *key)?);
        let both_absent = declared.is_default && coded.is_default;
        let differ = !both_absent && !is_same(*key, &declared.text, &coded.text);
        differ.then_some(Contradiction { key: *key, called, declared, coded, way })
    };
    configured::options(strategy).iter().filter(|(_, key)| matters(trace, *key)).filter_map(compare).collect()
}

/// Whether the strategy looks at an option, as it is declared.
fn matters(trace: &Trace<'_>, key: Key) -> bool {
    let needs_domain = || trace.discovery().is_some_and(|discovery| discovery.needs().local_domain);
    trace.strategy.as_ref().is_some_and(|strategy| strategy.used.contains(&key))
        && (key != Key::ClusterDomain || needs_domain())
}

/// What is declared, or meant if nothing is.
fn said(trace: &Trace<'_>, declared: &Declared, strategy: &str, key: Key) -> Option<Said> {
    if let Some(option) = trace.option(key).filter(|option| !option.value.is_empty()) {
        let is_literal = declared.get(key).is_some_and(|written| !written.value.contains("$("));
        return Some(Said { text: option.value.literal()?, at: option.at, is_literal, is_default: false });
    }
    let (text, is_literal) = match key {
        Key::Mode | Key::Lookup => (configured::default(strategy, key)?.to_owned(), true),
        Key::Basename => (trace.own_base().and_then(|base: Template| base.literal())?, false),
        Key::Namespace => (trace.object.namespace.clone()?, false),
        Key::ClusterDomain => (trace.world.facts.cluster_domain.clone(), false),
        // BG003 says that it is missing.
        _ => return None,
    };
    Some(Said { text, at: declared.strategy.at.clone(), is_literal, is_default: true })
}

/// What the code says, or means if it says nothing.
fn coded(trace: &Trace<'_>, way: &Way, key: Key) -> Option<Said> {
    let strategy = way.strategy.value.as_str();
    let Some(option) = way.option(key) else {
        let own_namespace = || trace.object.namespace.clone().filter(|_| key == Key::Namespace);
        let text = configured::default(strategy, key).map(str::to_owned).or_else(own_namespace);
        let text = text.filter(|_| way.closed)?;
        let is_literal = key != Key::Namespace;
        return Some(Said { text, at: way.strategy.at.clone(), is_literal, is_default: true });
    };
    let written: &Coded = option.value.as_ref()?;
    let (text, defaults) = trace.spell(written);
    // What the image may set as well is not known.
    let value = trace.env.expand_argument(&text, &option.at, trace.scope()).with_references_open().literal();
    let text = value.filter(|_| defaults.is_empty())?;
    Some(Said { text, at: option.at.clone(), is_literal: written.literal().is_some(), is_default: false })
}

fn is_same(key: Key, one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    match key {
        Key::Mode | Key::Lookup => one.trim_start_matches(':') == other.trim_start_matches(':'),
        Key::Selector => match (Selector::parse(one), Selector::parse(other)) {
            (Ok(one), Ok(other)) => one.asks_the_same(&other),
            // BG002 says so.
            _ => true,
        },
        Key::Service => {
            let labels = |name: &str| name.trim_end_matches('.').split('.').map(str::to_owned).collect::<Vec<_>>();
            let (one, other) = (labels(one), labels(other));
            one.iter().zip(&other).all(|(one, other)| one == other)
        }
        Key::ClusterDomain => one.trim_matches('.') == other.trim_matches('.'),
        _ => one == other,
    }
}

fn report(trace: &Trace<'_>, declared: &Declared, code: &Code, fault: &Contradiction<'_>, found: &mut Findings) {
    let (annotation, called) = (fault.key.annotation(), fault.called);
    let ours = match fault.declared.is_default {
        true => format!("without `{annotation}`, `{}` is meant", fault.declared.text),
        false => format!("`{annotation}: {}` is declared", fault.declared.text),
    };
    let theirs = match fault.coded.is_default {
        true => format!("the app has no `{called}`, which means `{}`", fault.coded.text),
        false => format!("the app's `{called}` is `{}`", fault.coded.text),
    };
    let finding = found.refute(&RULE, format!("{ours}, and {theirs}"));
    let at_default = if fault.coded.is_default { format!("no `{called}` here") } else { "what it does".to_owned() };
    finding
        .label(fault.declared.at.clone(), "not what the app does")
        .label(fault.coded.at.clone(), at_default)
        .fix(Safety::Unsafe, "declare what the code says, or change the code");
    if !(fault.declared.is_literal && fault.coded.is_literal && code.settled) {
        finding.at_most(Severity::Warning);
    }
    if is_annotated(declared) {
        let written = fault.way.option(fault.key).and_then(|option| option.value.as_ref());
        let text = written.map_or_else(|| fault.coded.text.clone(), |written| trace.spell(written).0);
        finding.changes([Change::set(at_annotation(trace, fault.key), text)]);
    }
}

/// Whether the declaration stands on the pods, where it can be corrected.
fn is_annotated(declared: &Declared) -> bool {
    declared.strategy.at.object.as_text().is_none()
}

fn at_annotation(trace: &Trace<'_>, key: Key) -> Loc {
    trace.pod.at_annotation(&key.annotation()).of(trace.object.id)
}
