//! # node-name-missing (BG104)
//!
//! With long names a node needs a host in its name. If `RELEASE_NODE` gives none, the VM asks the resolver for the pod's
//! full name, and a pod has one only if it has a subdomain, as a StatefulSet's pods do. Otherwise it does not boot.
//!
//! ## At run time
//!
//! `Can't set long node name! Please check your configuration`, and the pod restarts for ever.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! # ...
//!         env:
//!           - name: RELEASE_DISTRIBUTION
//!             value: name
//! ```
//!
//! ## Fix
//!
//! ```yaml
//!           - name: MY_POD_IP
//!             valueFrom:
//!               fieldRef:
//!                 fieldPath: status.podIP
//!           - name: RELEASE_NODE
//!             value: cart@$(MY_POD_IP)
//! ```
//!
//! Where `RELEASE_NODE` is missing, the image's `rel/env.sh` may export it; then this is a warning, until `env-sh` in
//! `beamgate.toml` shows the script or `beamgate.dev/node-name` declares the name.
//!
//! The same happens where the image makes the name of a variable that the pod does not set; `beamgate.dev/inputs` says which
//! variables it reads.
//!
//! ## Facts
//!
//! OTP 25.2.3, `net_kernel.erl`; the kubelet writes the FQDN into /etc/hosts only for pods with a subdomain
//! (`kubelet_pods.go`, `managedHostsFileContent`).

use crate::name::boot::{Boot, Crash, Setting};
use crate::name::inputs::Input;
use crate::name::launcher::Program;
use crate::name::template::Sym;
use crate::rules::env::{self, EnvList};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 104,
    slug: "node-name-missing",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "long names are on, but nothing gives the node a host",
    source: include_str!("node_name_missing.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.distribution == 'name' && variables.name.matches('^[A-Za-z0-9_-]+@?$') &&
                    variables.subdomain == '' &&
                    !variables.onHost",
        certain: true,
        says: "long names are on, but RELEASE_NODE `{variables.releaseNode}` has no host, and the pod has no \
                   full name of its own; at run time: `Can't set long node name!`, and the pod restarts for ever; \
                   fix: set RELEASE_NODE to <basename>@$(MY_POD_IP), below a MY_POD_IP that is bound to status.podIP",
    }],
    "inputs of the image that the pod does not set; where RELEASE_NODE is not set, there is no warning",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(naming) = &trace.naming else { return };
    for input in &naming.missing_inputs {
        missing_input(trace, input, found);
    }
    if trace.pod.hostname_override.is_some() && trace.workload.subdomain().is_some() {
        return; // BG115 says what took the full name away
    }
    let left_to_the_image = matches!(naming.boot, Boot::Opaque(_))
        && !matches!(naming.launch.program, Program::Foreign(_) | Program::Relx(_))
        && naming.node == Setting::Unset
        && naming.distribution.literal().as_deref() == Some("name");
    let finding = if naming.boot == Boot::Crash(Crash::LongName) {
        found.refute(
            &RULE,
            "long names are on, but nothing gives the node a host, and the pod has no full name of its own",
        )
    } else if left_to_the_image && trace.workload.subdomain().is_none() {
        let finding = found
            .suspect(&RULE, "long names are on, but RELEASE_NODE is not set, and the pod has no full name of its own");
        finding.note("unless the image's `rel/env.sh` exports RELEASE_NODE")
    } else {
        return;
    };
    if let Some(at) = naming.node.at() {
        finding.label(at.clone(), "a name without a host");
    } else if let Some(container) = trace.container {
        finding.label(container.at.key("env").of(trace.object.id).at_key(), "no RELEASE_NODE here");
    }
    if let Some(at) = naming.distribution.at() {
        finding.label(at.clone(), "long names");
    }
    finding.symptom(Symptom::CantSetLongName).fix(Safety::Safe, "name the node");
    match env::name_findable(trace) {
        Some(changes) => drop(finding.changes(changes)),
        None if trace.findable().is_some_and(|name| env::export_name(trace, &name, "name the node", finding)) => {}
        None => drop(finding.snippet(BY_ADDRESS)),
    }
}

const BY_ADDRESS: &str = "- name: MY_POD_IP\n  valueFrom:\n    fieldRef:\n      fieldPath: status.podIP\n- name: RELEASE_NODE\n  value: <basename>@$(MY_POD_IP)";

/// The image's script leaves an empty host where its variable is not set.
fn missing_input(trace: &Trace<'_>, input: &Input, found: &mut Findings) {
    let field = match input.sym {
        Sym::Namespace => "metadata.namespace",
        Sym::PodName => "metadata.name",
        Sym::NodeName => "spec.nodeName",
        Sym::HostIp => "status.hostIP",
        Sym::PodIps => "status.podIPs",
        _ => "status.podIP",
    };
    let name = &input.name;
    let finding =
        found.refute(&RULE, format!("the image makes the node's name of `{name}`, and the pod does not set it"));
    if let Some(container) = trace.container {
        finding.label(container.at.key("env").of(trace.object.id).at_key(), format!("no {name} here"));
    }
    finding.label(input.at.clone(), "says that the image reads it").symptom(Symptom::CantSetLongName);
    let env = EnvList::of(trace);
    finding.fix(Safety::Safe, format!("set `{name}`")).changes(env.map(|env| env.define(name, field, None)));
}
