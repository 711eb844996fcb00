//! # mesh-captures-distribution (BG505)
//!
//! A service mesh puts a proxy into these pods, which takes every connection of theirs, those between Erlang nodes too. The nodes dial
//! pods, not Services, and speak a protocol that no proxy knows: Istio has no route for such a port unless a headless Service
//! declares it, and Linkerd waits for bytes from the client to tell the protocol, though here the server may speak first.
//!
//! ## At run time
//!
//! Peers that cannot be connected to, or only after ten seconds each; epmd that answers nothing.
//!
//! ## Example
//!
//! ```yaml
//! metadata:
//!   annotations:
//!     linkerd.io/inject: enabled
//! ```
//!
//! ## Fix
//!
//! Keep epmd and the ports of the distribution, which have to be pinned for it, away from the proxy. With Linkerd:
//!
//! ```yaml
//!   annotations:
//!     config.linkerd.io/skip-inbound-ports: 4369,9100-9110
//!     config.linkerd.io/skip-outbound-ports: 4369,9100-9110
//! ```
//!
//! With Istio (ranges are not known there):
//!
//! ```yaml
//!   annotations:
//!     traffic.sidecar.istio.io/excludeInboundPorts: "4369,9100,9101"
//!     traffic.sidecar.istio.io/excludeOutboundPorts: "4369,9100,9101"
//! ```
//!
//! or, for encryption by Istio, declare the ports in a headless Service that selects the pods, by names that begin with `tcp-`.
//! `config.linkerd.io/opaque-ports` does the same for Linkerd. Nothing is said where any of this is done for epmd's port.
//!
//! Not proven here: the test cluster has no service mesh. What is said comes from the documentation of both, and from what people
//! reported: istio/istio 5989, 6828, rabbitmq/cluster-operator 216; linkerd.io, "Protocol detection".

use super::peers;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::trace::Trace;
use crate::world::object::{Pairs, value_of};

pub(super) static RULE: Rule = Rule {
    code: 505,
    slug: "mesh-captures-distribution",
    severity: Severity::Warning,
    effect: Effect::Risks,
    mends: Mends::Person("whether the mesh is to carry the distribution is a decision"),
    summary: "a service mesh takes the connections between the nodes",
    source: include_str!("mesh_captures_distribution.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the namespace and on Services"),
};

/// A mesh, and the annotations that keep a port from its proxy: each group has to hold it throughout.
struct Mesh {
    name: &'static str,
    kept: &'static [&'static [&'static str]],
    /// What makes everything else a guess.
    narrowed: &'static [&'static str],
}

const ISTIO: Mesh = Mesh {
    name: "Istio",
    kept: &[&["traffic.sidecar.istio.io/excludeInboundPorts", "traffic.sidecar.istio.io/excludeOutboundPorts"]],
    narrowed: &["traffic.sidecar.istio.io/includeInboundPorts", "traffic.sidecar.istio.io/includeOutboundIPRanges"],
};

const LINKERD: Mesh = Mesh {
    name: "Linkerd",
    kept: &[
        &["config.linkerd.io/skip-inbound-ports", "config.linkerd.io/skip-outbound-ports"],
        &["config.linkerd.io/opaque-ports"],
    ],
    narrowed: &[],
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(epmd) = peers(trace).and_then(|listening| listening.epmd) else { return };
    let Some((mesh, key)) = mesh(trace) else { return };
    let annotations = &trace.pod.annotations;
    let is_kept = mesh
        .kept
        .iter()
        .any(|group| group.iter().all(|key| value_of(annotations, key).is_some_and(|ports| holds(ports, epmd))));
    let is_narrowed = mesh.narrowed.iter().any(|key| value_of(annotations, key).is_some());
    if is_kept || is_narrowed || (mesh.name == ISTIO.name && is_declared(trace, epmd)) {
        return;
    }
    let message = format!("{}'s proxy takes the connections between the nodes, epmd's ({epmd}) among them", mesh.name);
    found
        .suspect(&RULE, message)
        .label(trace.at_labels(), format!("`{key}` puts a proxy into these pods"))
        .fix(Safety::Unsafe, "keep epmd and the ports of the distribution away from the proxy")
        .snippet(snippet(&mesh, epmd));
}

fn snippet(mesh: &Mesh, epmd: u16) -> String {
    let keys = mesh.kept.first().copied().unwrap_or_default();
    let lines = keys.iter().map(|key| format!("\n  {key}: \"{epmd},9100\""));
    lines.fold("annotations:".to_owned(), |all, line| all + &line)
}

/// The mesh whose proxy the pods get, and the key that says so: the pod's own word counts more than its namespace's.
fn mesh(trace: &Trace<'_>) -> Option<(Mesh, &'static str)> {
    const SIDECAR: &str = "sidecar.istio.io/inject";
    const INJECT: &str = "linkerd.io/inject";
    let (labels, annotations) = (&trace.pod.labels, &trace.pod.annotations);
    let namespace = trace.object.namespace.as_deref().and_then(|name| trace.world.namespace(name));
    let of = |pairs: fn(&crate::world::object::Object) -> &Pairs, key| {
        namespace.and_then(|found| value_of(pairs(found), key))
    };
    match value_of(labels, SIDECAR).or_else(|| value_of(annotations, SIDECAR)) {
        Some("true") => return Some((ISTIO, SIDECAR)),
        Some(_) => {}
        None if of(|object| &object.labels, "istio-injection") == Some("enabled") => {
            return Some((ISTIO, "istio-injection"));
        }
        None => {}
    }
    match value_of(annotations, INJECT).or_else(|| of(|object| &object.annotations, INJECT)) {
        Some("enabled" | "ingress") => Some((LINKERD, INJECT)),
        _ => None,
    }
}

/// Whether a list such as `4369,9100-9110` holds a port.
fn holds(ports: &str, port: u16) -> bool {
    ports.split(',').map(str::trim).any(|item| {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let bound = |text: &str| text.trim().parse::<u16>().ok();
        item == "*" || bound(first).zip(bound(last)).is_some_and(|(first, last)| (first..=last).contains(&port))
    })
}

/// Whether a headless Service that selects the pods declares a port.
fn is_declared(trace: &Trace<'_>, port: u16) -> bool {
    let services = trace.headless_services().into_iter().filter_map(|object| object.service());
    services.flat_map(|service| &service.ports).any(|known| known.port == Some(u32::from(port)))
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn lists_of_ports_hold_numbers_and_ranges() {
        for (list, held) in [
            ("4369", true),
            ("80, 4369", true),
            ("4000-5000", true),
            ("*", true),
            ("4370", false),
            ("", false),
            ("4369-", false),
        ] {
            assert_eq!(holds(list, 4369), held, "{list}");
        }
    }
}
