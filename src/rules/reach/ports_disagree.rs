//! # ports-disagree (BG507)
//!
//! A port that is called `epmd`, of the container or of a Service, has another number than the one at which the nodes look for
//! epmd: 4369, or what `ERL_EPMD_PORT` says. Kubernetes opens and closes no port by what is declared, so the nodes still meet. Who
//! reads the manifests, and every policy or mesh that goes by this name, is misled.
//!
//! ## At run time
//!
//! All works; `epmd -names` answers at the other port.
//!
//! ## Example
//!
//! ```yaml
//! ports:
//!   - name: epmd
//!     containerPort: 4369
//! env:
//!   - name: ERL_EPMD_PORT
//!     value: "4370"
//! ```
//!
//! ## Fix
//!
//! Declare the port that is used:
//!
//! ```yaml
//! ports:
//!   - name: epmd
//!     containerPort: 4370
//! ```
//!
//! ## Facts
//!
//! OTP 25, `epmd` and `erl_epmd.erl`: `ERL_EPMD_PORT`. Container ports are informational (`core/v1`, `ContainerPort`).

use crate::fix::change::Change;
use crate::place::{Loc, Pointer};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::trace::listening::{EPMD_PORT, Listening};
use crate::world::service::TargetPort;

pub(super) static RULE: Rule = Rule {
    code: 507,
    slug: "ports-disagree",
    severity: Severity::Warning,
    effect: Effect::Hygiene,
    mends: Mends::Program(Safety::Safe),
    summary: "a port called `epmd` is not the one where the nodes look for epmd",
    source: include_str!("ports_disagree.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it misleads people and breaks nothing"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let listening = Some(trace).filter(|trace| trace.is_opted_in() && trace.starts_a_node());
    let Some(epmd) = listening.and_then(Listening::of).and_then(|listening| listening.epmd) else { return };
    for (at, declared) in container_ports(trace).into_iter().chain(service_ports(trace)) {
        if declared == u32::from(epmd) {
            continue;
        }
        let finding =
            found.refute(&RULE, format!("the port called `epmd` is {declared}; the nodes look for epmd at {epmd}"));
        finding.label(at.clone(), format!("not {epmd}"));
        if let Some(set) = trace.env.get(EPMD_PORT) {
            finding.label(set.at.clone(), "decides where epmd is");
        }
        finding.fix(Safety::Safe, "declare the port that is used").changes([Change::set(at, u32::from(epmd))]);
    }
}

/// The ports of the node's container that are called `epmd`.
fn container_ports(trace: &Trace<'_>) -> Vec<(Loc, u32)> {
    let Some(container) = trace.container else { return Vec::new() };
    let ports = container.ports.iter().enumerate().filter(|(_, port)| port.name.as_deref() == Some("epmd"));
    let at = |index| container.at.key("ports").index(index).key("containerPort").of(trace.object.id);
    ports.filter_map(|(index, port)| Some((at(index), port.number?))).collect()
}

/// The same of the Services that select these pods and no others, whose nodes may look elsewhere. Where one leads by name, the
/// container decides.
fn service_ports(trace: &Trace<'_>) -> Vec<(Loc, u32)> {
    let mut found = Vec::new();
    for object in trace.headless_services() {
        let Some(service) =
            object.service().filter(|service| trace.world.workloads_selected(object, service).count() == 1)
        else {
            continue;
        };
        for (index, port) in service.ports.iter().enumerate().filter(|(_, port)| port.name.as_deref() == Some("epmd")) {
            let (key, number) = match port.target {
                TargetPort::Same => ("port", port.port),
                TargetPort::Number(number) => ("targetPort", Some(number)),
                TargetPort::Name(_) => continue,
            };
            let at = Pointer::keys(&["spec", "ports"]).index(index).key(key).of(object.id);
            found.extend(number.map(|number| (at, number)));
        }
    }
    found
}
