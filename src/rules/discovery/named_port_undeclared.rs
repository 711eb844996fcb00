//! # named-port-undeclared (BG207)
//!
//! Every port of the Service aims at a named port, and no container declares a port of that name. The endpoints
//! controller then leaves the pod out, though it is Ready and selected; in an SRV lookup it has no port, so no record.
//!
//! ## At run time
//!
//! Nothing is logged: the list of endpoints is empty. `Kubernetes.DNSSRV` says `lookup against cart failed: :nxdomain`.
//! `kubectl get endpoints` shows `<none>` beside pods that are all Ready.
//!
//! ## Example
//!
//! ```yaml
//!   ports:
//!     - name: epmd
//!       port: 4369
//!       targetPort: epmd
//! # …
//!           ports:
//!             - name: erlang
//!               containerPort: 4369
//! ```
//!
//! ## Fix
//!
//! Declare the port in the container under that name, or aim at the number.
//!
//! Where one port of the Service resolves, the pod is in the endpoints, and this rule is silent; so it is about A
//! records, which need no port.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/controller/endpoint/endpoints_controller.go` (`FindPort` fails, `continue`) and the
//! endpointslice controller; CoreDNS, `plugin/backend_lookup.go`. Not measured on a cluster yet.

use crate::discovery::{Query, Resource};
use crate::fix::change::{Change, Tree};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::object::Object;
use crate::world::pod::PodTemplate;
use crate::world::service::{ServicePort, TargetPort};

pub(super) static RULE: Rule = Rule {
    code: 207,
    slug: "named-port-undeclared",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "no port of the Service exists in the pod, which is left out",
    source: include_str!("named_port_undeclared.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the Service that is asked for"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if !counts_ports(trace) || found.has(&[202]) {
        return;
    }
    let services: Vec<_> =
        trace.searched_services().into_iter().filter(|service| trace.is_selected_by(service)).collect();
    let names: Option<Vec<_>> = services.iter().map(|service| dangling(service, trace.pod)).collect();
    let (Some(names), Some(service)) = (names, services.first()) else { return };
    let Some(name) = names.first() else { return };
    let message =
        format!("targetPort `{name}` is no port of these pods: they are left out of `{}`", service.full_name());
    let finding = found.refute(&RULE, message);
    let at = crate::place::Pointer::keys(&["spec", "ports"]).index(0).key("targetPort").of(service.id);
    finding.label(at, "aims at a port by this name");
    if let Some(container) = trace.container {
        finding.label(container.at.key("ports").of(trace.object.id), format!("no port called `{name}`"));
    }
    finding.symptom(match &trace.query {
        Query::Service(asked, _) => Symptom::LookupFailed(asked.written()),
        _ => Symptom::Silence,
    });
    fix(trace, name, finding);
}

/// Another name for a port that no Service aims at by the one that it has; something else may. Or else one more port.
fn fix(trace: &Trace<'_>, name: &str, finding: &mut Finding) {
    let Some(container) = trace.container else {
        finding.fix(Safety::Safe, "declare the port under that name");
        return;
    };
    let ports = container.at.key("ports");
    let is_aimed_at = |known: &str| {
        let services = trace.world.objects().iter().filter_map(Object::service);
        services.flat_map(|service| &service.ports).any(|port| port.target == TargetPort::Name(known.to_owned()))
    };
    let found = container.ports.iter().enumerate().find(|(_, port)| port.number == Some(4369));
    let at = match found.map(|(index, port)| (index, port.name.as_deref())) {
        Some((index, Some(known))) if !is_aimed_at(known) => {
            finding.fix(Safety::Unsafe, format!("call the port `{name}`"));
            ports.item("name", known, index)
        }
        Some((index, None)) => {
            finding.fix(Safety::Safe, format!("call the port `{name}`"));
            ports.index(index)
        }
        _ => {
            let item = Tree::map([("name", name.into()), ("containerPort", Tree::from(4369))]);
            let list = ports.of(trace.object.id);
            let declare = Change::Insert { list, index: container.ports.len(), item };
            finding.fix(Safety::Safe, "declare the port under that name").changes([declare]);
            return;
        }
    };
    finding.changes([Change::set(at.key("name").of(trace.object.id), name)]);
}

/// Endpoints and SRV records need a port; A records do not.
fn counts_ports(trace: &Trace<'_>) -> bool {
    let lists = trace.label_query().is_some_and(|query| query.on == Resource::Endpoints);
    lists || trace.discovery().is_some_and(|discovery| discovery.needs().ports)
}

/// The name at which the first port of a Service aims, if none of its ports is one of the pod.
fn dangling(service: &Object, pod: &PodTemplate) -> Option<String> {
    let undeclared = |port: &ServicePort| match &port.target {
        TargetPort::Name(name) if !declares(pod, name) => Some(name.clone()),
        _ => None,
    };
    let names: Vec<String> = service.service()?.ports.iter().map(undeclared).collect::<Option<_>>()?;
    names.into_iter().next()
}

/// The ports of containers that stay (`podutil.FindPort`).
fn declares(pod: &PodTemplate, name: &str) -> bool {
    let mut ports = pod.containers.iter().filter(|container| !container.init).flat_map(|container| &container.ports);
    ports.any(|port| port.name.as_deref() == Some(name))
}
