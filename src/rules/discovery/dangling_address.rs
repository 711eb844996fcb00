//! # dangling-address (BG220)
//!
//! A variable that clustering is fed from holds the address of a Service in a certain namespace, and no such Service is
//! in the input: usually the namespace or the Service was renamed elsewhere, and the address was forgotten.
//!
//! ## At run time
//!
//! The name does not exist in DNS. `DNSCluster` and `DNSPoll` log nothing, `Kubernetes.DNS` says `lookup against
//! cart.store.svc.cluster.local failed: :nxdomain`; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! metadata:
//!   namespace: shop
//! # …
//!             - name: DNS_CLUSTER_QUERY
//!               value: cart.store.svc.cluster.local
//! ```
//!
//! ## Fix
//!
//! Take the namespace from the pod, so that it cannot go stale, or write the Service's name alone where the lookup uses
//! the search list:
//!
//! ```yaml
//!             - name: MY_POD_NAMESPACE
//!               valueFrom:
//!                 fieldRef:
//!                   fieldPath: metadata.namespace
//!             - name: DNS_CLUSTER_QUERY
//!               value: cart.$(MY_POD_NAMESPACE).svc.cluster.local
//! ```
//!
//! Addresses that clustering does not hang on, such as those of other teams' Services, are not looked at.
//!
//! ## Facts
//!
//! Seen in five of sixty public projects. dns_cluster 0.2.0, `lib/dns_cluster.ex`: errors become an empty list.

use super::service_missing::{is_a_dangling_address, missing};
use crate::name::spelling::Spelled;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::world::facts::Kinds;

pub(super) static RULE: Rule = Rule {
    code: 220,
    slug: "dangling-address",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "a variable names a Service in a namespace where there is none",
    source: include_str!("dangling_address.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on Services"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(asked) = missing(trace).filter(|asked| is_a_dangling_address(asked)) else { return };
    let Some(variable) = asked.variable.as_ref().and_then(|name| trace.env.get(name)) else { return };
    let complete = trace.world.is_complete(Kinds::SERVICES, asked.namespace.as_deref());
    let source = trace.world.facts.source;
    let message = format!("`{}` names Service `{asked}`, which is not {source}", variable.name);
    let finding = found.missing(&RULE, complete, message);
    finding.lacks(Kinds::SERVICES);
    finding.label(variable.at.clone(), format!("asks for {}", asked.fqdn()));
    for service in trace.world.services_called(&asked.name) {
        finding.label(service.at(&["metadata", "namespace"]), "called so, in this namespace");
    }
    finding.symptom(trace.nothing_found(asked)).fix(Safety::Unsafe, "take the namespace from the pod");
    if let Some((env, (namespace, missing))) = EnvList::of(trace).zip(env::namespace(trace, variable.index)) {
        let text = format!("{}.{namespace}.svc.{}", asked.name, asked.cluster_domain);
        finding.changes(env.spell(&variable.name, &Spelled { text, missing }));
    }
}
