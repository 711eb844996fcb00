//! # wrong-governing-service (BG213)
//!
//! The pods of a StatefulSet have their DNS names under the Service that `serviceName` names, and nowhere else. Peers
//! that dial them under another Service's name find nothing, though that Service exists and selects the pods.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@cart-1.cart.shop.svc.cluster.local"`, every five seconds; that name does not exist.
//! When endpoints are listed, their `hostname` is missing: `unable to connect to :"cart@.cart.shop.svc.cluster.local"`.
//!
//! ## Example
//!
//! ```yaml
//! kind: StatefulSet
//! spec:
//!   serviceName: cart-headless
//! # …
//!         beamgate.dev/mode: hostname
//!         beamgate.dev/service: cart
//! ```
//!
//! ## Fix
//!
//! `serviceName` is immutable: delete the StatefulSet (`--cascade=orphan` keeps the pods) and make it again. Pods that were kept have
//! their old names until they are restarted. Or let the app ask for the Service that governs it.
//!
//! Where nodes are named by address, `serviceName` does not matter, and this rule is silent.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/statefulset/stateful_set_utils.go` (`initIdentity`: the subdomain is `serviceName`)
//! and `ShouldSetHostname`. CoreDNS with `endpoint_pod_names` answers those names all
//! the same.

use super::again;
use crate::fix::change::{Among, Change};
use crate::name::boot::Boot;
use crate::name::template::Sym;
use crate::place::Loc;
use crate::rules::finding::{Effect, Findings, Fix, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::{Agreement, Trace};

pub(super) static RULE: Rule = Rule {
    code: 213,
    slug: "wrong-governing-service",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Recreate),
    summary: "the pods have their names under another Service than the one that peers dial through",
    source: include_str!("wrong_governing_service.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.lists && variables.mode.matches('^:*hostname$') &&
                    variables.service.matches('^[a-z0-9-]+$') &&
                    variables.kind == 'StatefulSet' && variables.subdomain != variables.service &&
                    variables.askedNamespace.matches('^[a-z0-9-]*$')",
        certain: true,
        says: "serviceName is `{variables.subdomain}`; peers dial through `{variables.service}`; at run time: \
                   `unable to connect to` each peer, every five seconds; fix: make the StatefulSet again with \
                   serviceName: {variables.service}",
    }],
    "Kubernetes.DNSSRV, and pods of other workloads with host names",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(asked) = trace.asked_service() else { return };
    let subdomain = trace.workload.subdomain();
    let has_hostnames = trace.workload.has_stable_hostnames() || (trace.pod.hostname.is_some() && subdomain.is_some());
    // A name with dots is no Service's: BG201.
    if !has_hostnames
        || asked.name.contains('.')
        || subdomain == Some(asked.name.as_str())
        || !dials_through(trace)
        || found.explains(&[202])
    {
        return;
    }
    let (field, at) = governing_field(trace);
    let said = subdomain.map_or("unset".to_owned(), |name| format!("`{name}`"));
    let finding = found.refute(&RULE, format!("{field} is {said}; peers dial through `{}`", asked.name));
    finding
        .label(at.clone(), "gives the pods their names in DNS")
        .label(asked.at.clone(), "peers dial through this one");
    finding.symptom(Symptom::UnableToConnect(trace.first_dialled().unwrap_or_default()));
    finding.fix = Some(govern(trace, &asked.name));
}

/// Gives the pods their names under this Service.
pub(crate) fn govern(trace: &Trace<'_>, service: &str) -> Fix {
    let (_, at) = governing_field(trace);
    let stateful = trace.workload.has_stable_hostnames();
    let (safety, title) = match stateful {
        true => (Safety::Recreate, format!("make the StatefulSet again with `serviceName: {service}`")),
        false => (Safety::Unsafe, format!("set `subdomain: {service}`")),
    };
    let changes = vec![Change::Set { at, value: service.into(), among: Among::Behind("replicas".into()) }];
    Fix { safety, title, snippet: None, changes, unwritten: None, besides: stateful.then(|| again(trace)) }
}

fn governing_field(trace: &Trace<'_>) -> (&'static str, Loc) {
    if trace.workload.has_stable_hostnames() {
        ("serviceName", trace.object.at(&["spec", "serviceName"]))
    } else {
        ("subdomain", trace.at_pod_spec(&["subdomain"]))
    }
}

/// Whether names under the Service are dialled. What an SRV record gives need not be one; a node called so shows it.
fn dials_through(trace: &Trace<'_>) -> bool {
    let Some(needs) = trace.discovery().map(|discovery| discovery.needs()) else { return false };
    if needs.list.is_some() {
        return needs.hostname;
    }
    needs.hostname && matches!(trace.agreement(), Agreement::Differs(..)) && is_called_by_hostname(trace)
}

fn is_called_by_hostname(trace: &Trace<'_>) -> bool {
    let by_hostname = |sym| matches!(sym, Sym::Hostname | Sym::PodName);
    matches!(trace.boot(), Some(Boot::Named(own)) if own.syms().any(by_hostname))
}
