//! # service-in-use (BG704)
//!
//! This edit or removal of a Service takes from running nodes what they find each other by. Connections that stand are
//! not spared: libcluster disconnects every node that its query no longer returns.
//!
//! ## At run time
//!
//! `lookup against cart failed: :nxdomain`, every five seconds, and `Node.list()` is empty after the first of them. The
//! `Kubernetes` strategy gets an empty list, disconnects all nodes and logs nothing.
//!
//! ## Example
//!
//! ```console
//! $ kubectl delete service cart -n shop
//! Warning: BG704: 1 workload loses its peers without Service shop/cart: Deployment shop/cart (BG201)
//! ```
//!
//! ## Fix
//!
//! Let the app ask for another Service first, and roll that out; then remove the old one. This is a warning, never more:
//! the label is the workload's consent, not the Service's. Only the admission webhook gives it: a file shows no change.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes_dns.ex` and `kubernetes.ex`, `load/1`: an error gives an empty list, and
//! `Cluster.Strategy.disconnect_nodes/4` is called with all that is not in it.
//!
//! Not proven here: It is about a change; that the app forms no cluster without the Service is proven with BG201 and BG206.

use crate::rules::change::{Affected, Change, Edit};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};

pub(super) static RULE: Rule = Rule {
    code: 704,
    slug: "service-in-use",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Person("in which order the changes are applied"),
    summary: "an edit or removal of a Service takes their peers from running nodes",
    source: include_str!("service_in_use.rs"),
    check: Check::Change(check),
    cel: Cel::Not("it depends on the workloads that ask for a Service"),
};

/// How many workloads are named.
const NAMED: usize = 3;

fn check(change: &Change<'_>, found: &mut Findings) {
    if change.object.service().is_none() {
        return;
    }
    let broken = change.affected.iter().map(|affected| (affected, affected.breaks()));
    let broken: Vec<_> = broken.filter_map(|(affected, new)| Some((affected, new.into_iter().next()?))).collect();
    let Some((_, first)) = broken.first() else { return };
    let symptom = first.symptom.clone();
    let finding = found.refute(&RULE, message(change, &broken));
    finding.label(change.object.at(&["metadata", "name"]), "they find each other by it");
    for (affected, _) in broken.iter().take(NAMED) {
        let trace = change.shown(affected);
        let asks = trace.asked_service().map(|asked| &asked.at).or(trace.label_query().map(|query| &query.at));
        if let Some(at) = asks {
            finding.label(at.clone(), "asks for it");
        }
    }
    if let Some(symptom) = symptom {
        finding.symptom(symptom);
    }
    finding.fix(Safety::Unsafe, "change the workloads first, and roll that out");
}

/// `2 workloads lose their peers without Service shop/cart: Deployment shop/cart (BG201), …`.
fn message(change: &Change<'_>, broken: &[(&Affected<'_>, Finding)]) -> String {
    let service = change.object.title();
    let how = match change.edit {
        Edit::Remove => format!("without {service}"),
        Edit::Make => format!("with {service}"),
        Edit::Alter => format!("with this {service}"),
    };
    let what = match (broken.len(), change.edit) {
        (1, Edit::Make) => "1 workload finds no peers".to_owned(),
        (1, _) => "1 workload loses its peers".to_owned(),
        (count, Edit::Make) => format!("{count} workloads find no peers"),
        (count, _) => format!("{count} workloads lose their peers"),
    };
    let what = if change.cut { format!("at least {what}") } else { what };
    let named = broken
        .iter()
        .take(NAMED)
        .map(|(affected, finding)| format!("{} ({})", affected.after.object.title(), finding.rule.id()));
    let named: Vec<String> = named.collect();
    let more = if broken.len() > NAMED { ", …" } else { "" };
    format!("{what} {how}: {}{more}", named.join(", "))
}
