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
//! If there is no such Service beside the pods either, add it.
//!
//! Addresses that clustering does not hang on, such as those of other teams' Services, are not looked at.
//!
//! ## Facts
//!
//! Seen in five of sixty public projects. dns_cluster 0.2.0, `lib/dns_cluster.ex`: errors become an empty list.

use super::service_missing::{headless_service, is_a_dangling_address, missing};
use crate::discovery::ServiceRef;
use crate::fix::change::Change;
use crate::name::env::Var;
use crate::name::spelling::Spelled;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
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
    check: Check::Ways(check),
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
    finding.symptom(trace.nothing_found(asked));
    fix(trace, asked, variable, finding);
}

/// What is called so beside the pods is what was meant. Else another Service of theirs is, or there is none yet.
fn fix(trace: &Trace<'_>, asked: &ServiceRef, variable: &Var, finding: &mut Finding) {
    let own = trace.object.namespace.as_deref();
    let from_the_pod = |name: &str| {
        let (env, (namespace, missing)) = EnvList::of(trace).zip(env::namespace(trace, variable.index))?;
        let text = format!("{name}.{namespace}.svc.{}", asked.cluster_domain);
        Some(env.spell(&variable.name, &Spelled { text, missing }))
    };
    if !trace.world.services_named(trace.object, own, &asked.name).is_empty() {
        finding.fix(Safety::Unsafe, "take the namespace from the pod");
        finding.changes(from_the_pod(&asked.name).unwrap_or_default());
        return;
    }
    if let [service] = trace.headless_services().as_slice() {
        finding.label(service.at(&["metadata", "name"]), "this one selects these pods");
        finding.fix(Safety::Unsafe, format!("ask for Service `{}`, which selects these pods", service.name));
        finding.changes(from_the_pod(&service.name).unwrap_or_default());
        return;
    }
    let object = headless_service(trace, &asked.name, own, &[]);
    let service = Change::Create { beside: trace.object.id, object };
    match own.is_some() && own == asked.namespace.as_deref() {
        true => finding.fix(Safety::Unsafe, "add the headless Service").changes([service]),
        false => finding
            .fix(Safety::Unsafe, "add the headless Service beside the pods, and take its namespace from them")
            .changes(from_the_pod(&asked.name).unwrap_or_default().into_iter().chain([service])),
    };
}
