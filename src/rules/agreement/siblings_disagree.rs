//! # siblings-disagree (BG305)
//!
//! Two workloads find each other's nodes, as they do where one Service selects both, and can never connect: each forms a
//! cluster of its own. They differ in the basename, in the strategy or its mode, in epmd's port or in the protocol of the
//! distribution.
//!
//! ## At run time
//!
//! `unable to connect to` the names of the other workload, every five seconds, beside a cluster that forms. `Node.list()` shows
//! the nodes of one workload only, however long one waits. `DNSCluster` logs nothing.
//!
//! ## Example
//!
//! One Service selects the pods of both:
//!
//! ```yaml
//! # Deployment web
//!         beamgate.dev/basename: web
//!         beamgate.dev/service: shop
//! # Deployment worker
//!         beamgate.dev/basename: worker
//!         beamgate.dev/service: shop
//! ```
//!
//! ## Fix
//!
//! If they are to be one cluster, give both the same basename, in the node's name too:
//!
//! ```yaml
//!           - name: RELEASE_NODE
//!             value: shop@$(MY_POD_IP)
//! ```
//!
//! If not, let each find its own pods alone, through a Service or a label of its own.
//!
//! ## What it is silent about
//!
//! A workload that finds another's nodes without being found by them: nothing says that it was meant to, unless a line of
//! `beamgate.dev/topologies` does. And workloads whose
//! own nodes do not agree: BG301 is said of each. `beamgate trace --clusters` shows who finds whom.
//!
//! ## Facts
//!
//! A strategy makes the names of all that it finds with its own basename and mode (libcluster 3.5.0). The VM asks for epmd at
//! `ERL_EPMD_PORT` of its own environment, on whatever host (OTP 25.2.3, `erl_epmd.erl`, `get_epmd_port/0`); where one workload
//! sets it, or `-proto_dist`, and the other does not, the image still may.

use super::decides_dialled;
use crate::membership::link::Difference;
use crate::membership::{Sibling, Split};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule, so_it_is_with};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};

pub(super) static RULE: Rule = Rule {
    code: 305,
    slug: "siblings-disagree",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("whether they are to be one cluster"),
    summary: "two workloads find each other and can never connect",
    source: include_str!("siblings_disagree.rs"),
    check: Check::Siblings(check),
    cel: Cel::Not("it depends on other workloads"),
};

/// A basename that changes with each release says why two of them disagree.
const SAID_BY: [u16; 1] = [111];

fn check(trace: &Trace<'_>, siblings: &[Sibling<'_>], found: &mut Findings) {
    if found.has(&SAID_BY) {
        return;
    }
    let mut disagreeing = siblings.iter().filter_map(|sibling| Some((sibling, disagreement(trace, sibling)?)));
    let Some((sibling, split)) = disagreeing.next() else { return };
    let (us, them) = (trace.object.title(), sibling.trace.object.title());
    let message = format!("{us} finds the nodes of {them} and never connects: {}", split.between(&sibling.trace));
    let finding = if is_certain(split) { found.refute(&RULE, message) } else { found.suspect(&RULE, message) };
    label(trace, sibling, split, finding);
    let fix = match sibling.link.meant {
        true => "let this topology dial the names that those nodes have, in the app and in the line that repeats it",
        false => "give both the same, if they are to be one cluster; else let each find its own pods alone",
    };
    finding.symptom(symptom(trace, sibling)).fix(Safety::Unsafe, fix);
    so_it_is_with(disagreeing.map(|(sibling, _)| sibling), finding);
}

/// What keeps them from connecting in either direction. Names may differ on purpose, unless they find each other.
fn disagreement<'s>(trace: &Trace<'_>, sibling: &'s Sibling<'_>) -> Option<&'s Split> {
    let is_ours = |split: &&Split| matches!(split, Split::Names { .. } | Split::EpmdPort(_) | Split::Protocol(_));
    let split = sibling.link.split().filter(is_ours)?;
    let back = match &sibling.back {
        Some(back) => Some(back.split().filter(is_ours)?),
        None => None,
    };
    let agrees = |trace: &Trace<'_>| matches!(trace.agreement(), Agreement::Same);
    let is_meant = back.is_some() && agrees(trace) && agrees(&sibling.trace);
    let is_meant = is_meant || sibling.link.meant;
    (is_meant || !matches!(split, Split::Names { .. })).then_some(split)
}

/// What is not set in the manifest, the image may set.
fn is_certain(split: &Split) -> bool {
    match split {
        Split::EpmdPort(difference) | Split::Protocol(difference) => {
            difference.from.at.is_some() && difference.to.at.is_some()
        }
        _ => true,
    }
}

fn label(trace: &Trace<'_>, sibling: &Sibling<'_>, split: &Split, finding: &mut Finding) {
    let way = trace.way(sibling.link.way);
    match split {
        Split::Names { dialled, own } => {
            if let Some((at, text)) = decides_dialled(way, dialled, own) {
                finding.label(at, text);
            }
            if let Some((_, at)) = sibling.trace.naming.as_ref().and_then(|naming| naming.written()) {
                finding.label(at, "the name of those that are found");
            }
        }
        Split::EpmdPort(Difference { from, to }) | Split::Protocol(Difference { from, to }) => {
            for (trace, setting) in [(trace, from), (&sibling.trace, to)] {
                match &setting.at {
                    Some(at) => finding.label(at.clone(), "set here"),
                    None => finding.label(trace.at_env(), "not set here"),
                };
            }
        }
        Split::Nameless | Split::Cookies => {}
    }
    if let Some(at) = way.at_query() {
        finding.label(at.clone(), if sibling.link.meant { "finds them" } else { "finds both" });
    }
}

fn symptom(trace: &Trace<'_>, sibling: &Sibling<'_>) -> Symptom {
    let apart = "`Node.list()` shows the nodes of one workload only";
    let dialled = sibling.link.dials.first().map(|name| sibling.trace.identity.example(name)).unwrap_or_default();
    Symptom::Seen(match trace.way(sibling.link.way).is_silent_about_peers() {
        true => format!("nothing is logged; {apart}"),
        false => format!("`unable to connect to :\"{dialled}\"`, every five seconds; {apart}"),
    })
}
