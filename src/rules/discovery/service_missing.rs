//! # service-missing (BG201)
//!
//! The Service that the app asks for by name is not among the manifests. Without it the name does not exist in DNS, and
//! no node finds another. It may well be applied from elsewhere, so this is a warning, and an error only where the
//! input is declared to hold all Services (`--complete=services`).
//!
//! ## At run time
//!
//! `lookup against cart-headless failed: :nxdomain`, every five seconds; `Node.list()` stays empty. `DNSPoll` and
//! `DNSCluster` log nothing; in `hostname` mode it is `unable to connect to
//! :"cart@cart-0.cart-headless.shop.svc.cluster.local"`. Of a [further topology](../annotate.md#one-app-several-ways) it is
//! `lookup against worker failed: :nxdomain`, beside a cluster that forms.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: cart
//! # …
//!       annotations:
//!         beamgate.dev/service: cart-headless
//! ```
//!
//! ## Fix
//!
//! Add the Service, or correct the name: the annotation says what was compiled into the app, so correct the app as
//! well.
//!
//! A full name in an environment variable that leads nowhere is BG220's; a name that DNS cannot complete is BG203's.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes_dns.ex` and `kubernetes_dns_srv.ex` and
//! <https://github.com/bitwalker/libcluster/issues/178>. That a Service cannot have a dot in its name: Kubernetes,
//! `ValidateServiceName` (a DNS label).

use crate::discovery::{Form, ServiceRef};
use crate::fix::change::{Change, Tree};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::world::facts::Kinds;
use crate::world::object::Object;

pub(super) static RULE: Rule = Rule {
    code: 201,
    slug: "service-missing",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "the Service that is asked for is not in the input",
    source: include_str!("service_missing.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on Services"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(asked) = missing(trace) else { return };
    if asked.form == Form::Composed && asked.name.contains('.') {
        refute_dots(trace, asked, found);
        return;
    }
    if is_a_dangling_address(asked) || another_governs(trace, asked) {
        return;
    }
    let complete = trace.world.is_complete(Kinds::SERVICES, asked.namespace.as_deref());
    let finding = found.missing(&RULE, complete, format!("Service `{asked}` is not {}", trace.world.facts.source));
    finding.lacks(Kinds::SERVICES);
    finding.label(asked.at.clone(), format!("asks for {}", asked.fqdn()));
    label_candidates(trace, asked, finding);
    finding
        .symptom(trace.nothing_found(asked))
        .fix(Safety::Unsafe, "add the headless Service, or ask for the one that is there")
        .changes([Change::Create { beside: trace.object.id, object: a_service(trace, asked) }]);
}

/// The Service that is asked for, if nothing in the input is called so.
pub(super) fn missing<'t>(trace: &'t Trace<'_>) -> Option<&'t ServiceRef> {
    trace.asked_service().filter(|asked| asked.is_asked_in_full() && trace.services(asked).is_empty())
}

/// BG220: a variable holds an address with a namespace.
pub(super) fn is_a_dangling_address(asked: &ServiceRef) -> bool {
    asked.variable.is_some() && asked.says_namespace()
}

/// BG213: the pods have their names from another Service, which is there.
fn another_governs(trace: &Trace<'_>, asked: &ServiceRef) -> bool {
    let needs_it = trace.discovery().is_some_and(|discovery| discovery.needs().hostname);
    let governing = trace.workload.subdomain().filter(|name| *name != asked.name);
    let is_there =
        |name: &str| !trace.world.services_named(trace.object, trace.object.namespace.as_deref(), name).is_empty();
    needs_it && governing.is_some_and(is_there)
}

fn refute_dots(trace: &Trace<'_>, asked: &ServiceRef, found: &mut Findings) {
    let name = asked.name.split('.').next().unwrap_or_default();
    let message =
        format!("`{}` is no Service's name: the strategy adds the namespace and the domain itself", asked.name);
    found
        .refute(&RULE, message)
        .label(asked.at.clone(), format!("asks for {}", asked.fqdn()))
        .symptom(trace.nothing_found(asked))
        .fix(Safety::Unsafe, format!("let the app ask for `{name}`"));
}

/// Points at Services that might have answered, had they ports.
pub(super) fn label_refused(trace: &Trace<'_>, finding: &mut Finding, is_meant: impl Fn(&Object) -> bool) {
    for service in trace.world.refused_services().filter(|service| is_meant(service)) {
        finding.label(service.at(&["spec"]), "neither headless nor with ports: the API server refuses it");
    }
}

/// Points at what may have been meant: a Service of these pods, or one of the same name elsewhere.
fn label_candidates(trace: &Trace<'_>, asked: &ServiceRef, finding: &mut Finding) {
    // A further topology may look for the pods of others.
    let own = trace.world.services_selecting(trace.object, trace.workload);
    for service in own.into_iter().filter(|_| !trace.is_further()) {
        finding.label(service.at(&["metadata", "name"]), "this one selects these pods");
    }
    label_refused(trace, finding, |service| service.name == asked.name);
    for service in trace.world.services_called(&asked.name) {
        finding.label(service.at(&["metadata", "namespace"]), "called so, in another namespace");
    }
}

fn a_service(trace: &Trace<'_>, asked: &ServiceRef) -> Tree {
    headless_service(trace, &asked.name, asked.namespace.as_deref(), &[])
}

/// A headless Service of a workload's pods, which has SRV records too: for clustering, and for nothing else.
pub(crate) fn headless_service(
    trace: &Trace<'_>,
    name: &str,
    namespace: Option<&str>,
    labels: &[(String, String)],
) -> Tree {
    let namespace = namespace.map(|namespace| ("namespace", namespace.into()));
    let labels = (!labels.is_empty()).then(|| ("labels", Tree::pairs(labels.iter().cloned())));
    let metadata = std::iter::once(("name", Tree::from(name))).chain(namespace).chain(labels);
    let port = Tree::map([("name", "epmd".into()), ("port", Tree::from(4369))]);
    let spec = [
        ("clusterIP", "None".into()),
        ("selector", Tree::pairs(trace.workload.selector.iter().cloned())),
        ("ports", Tree::list([port])),
    ];
    Tree::map([
        ("apiVersion", "v1".into()),
        ("kind", "Service".into()),
        ("metadata", Tree::map(metadata)),
        ("spec", Tree::map(spec)),
    ])
}
