//! # hostname-override (BG115)
//!
//! A node whose name is made of the pod's host name depends on what the kubelet makes of that. `hostnameOverride` gives every
//! replica the same host name and takes the domain away; `setHostnameAsFQDN` makes the whole FQDN the host name, and the
//! kernel allows it 64 characters.
//!
//! ## At run time
//!
//! Where the VM completes the name: `Can't set long node name! Please check your configuration`, and the pod restarts for
//! ever. With too long a name the pod stays in ContainerCreating: `failed to construct FQDN from pod hostname and cluster
//! domain`.
//!
//! ## Example
//!
//! ```yaml
//! kind: StatefulSet
//! spec:
//!   template:
//!     spec:
//!       hostnameOverride: cart
//!       containers:
//!         - name: cart
//!           env:
//!             - name: RELEASE_NODE
//!               value: cart
//! ```
//!
//! ## Fix
//!
//! Remove the field, or make the name of `metadata.name` instead, which it does not change:
//!
//! ```yaml
//!             - name: RELEASE_NODE
//!               value: cart@$(MY_POD_NAME).cart.$(MY_POD_NAMESPACE).svc.cluster.local
//! ```
//!
//! The `hostname` of a StatefulSet's template does nothing: the controller overwrites it. That of any other workload is the
//! same in every pod; BG109 judges the names that come of it.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/kubelet/kubelet_pods.go`, `GeneratePodHostNameAndDomain`; `hostnameOverride` needs the feature of that
//! name. Not seen on a cluster: the 64 characters.

use super::longest_pod_name;
use crate::fix::change::Change;
use crate::name::boot::{Boot, Crash};
use crate::name::template::Sym;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 115,
    slug: "hostname-override",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the pod's host name is not what the node's name is made of",
    source: include_str!("hostname_override.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[
        Condition {
            holds: "has(variables.spec.hostnameOverride) && variables.distribution == 'name' &&
                    variables.subdomain != '' &&
                    variables.name.matches('^[A-Za-z0-9_-]+@?$') && !variables.onHost",
            certain: true,
            says: "hostnameOverride takes the pod's domain away, and RELEASE_NODE `{variables.releaseNode}` has no \
                   host; at run time: `Can't set long node name!`, and the pod restarts for ever; fix: remove \
                   hostnameOverride",
        },
        Condition {
            holds: "variables.kind == 'StatefulSet' && !has(variables.spec.hostnameOverride) && variables.named &&
                    variables.subdomain != '' &&
                    has(variables.spec.setHostnameAsFQDN) && variables.spec.setHostnameAsFQDN &&
                    variables.lastName.size() + variables.subdomain.size() + request.namespace.size() + variables.clusterDomain.size() + 7 > 64 &&
                    variables.lastName.size() <= 63",
            certain: true,
            says: "with setHostnameAsFQDN the host name would be \
                   {variables.lastName}.{variables.subdomain}.{request.namespace}.svc.{variables.clusterDomain}, and \
                   the kernel allows 64 characters; at run time the pod stays in ContainerCreating; fix: remove \
                   setHostnameAsFQDN",
        },
    ],
    "a long host name of another workload than a StatefulSet, and images that name the node after the host",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if trace.pod.hostname_override.is_some() {
        overridden(trace, found);
    } else if trace.pod.hostname_as_fqdn && trace.starts_a_node() {
        too_long(trace, found);
    }
}

fn overridden(trace: &Trace<'_>, found: &mut Findings) {
    let (message, symptom) = match trace.boot() {
        // Without a subdomain there was no domain to begin with, and BG104 says so.
        Some(Boot::Crash(Crash::LongName)) if trace.workload.subdomain().is_some() => (
            "`hostnameOverride` takes the pod's domain away: the VM cannot complete the node's name".to_owned(),
            Symptom::CantSetLongName,
        ),
        Some(Boot::Named(name)) if name.syms().any(|sym| sym == Sym::Hostname) => {
            let host = trace.pod.hostname_override.as_deref().unwrap_or_default();
            let dialled = trace.dials.first().map_or_else(|| "...".to_owned(), |dial| trace.identity.show(&dial.name));
            let message = format!("`hostnameOverride` makes the host name in `{name}` `{host}` in every pod");
            (message, Symptom::UnableToConnect(dialled))
        }
        _ => return,
    };
    let finding = found.refute(&RULE, message);
    finding.label(trace.at_pod_spec(&["hostnameOverride"]), "one host name for all pods, and no domain");
    if let Some((_, at)) = trace.naming.as_ref().and_then(|naming| naming.written()) {
        finding.label(at, "needs the pod's own host name");
    }
    finding.symptom(symptom).fix(Safety::Safe, "remove `hostnameOverride`");
    finding.changes([Change::Remove { at: trace.at_pod_spec(&["hostnameOverride"]) }]);
}

/// How long a host name the kernel takes.
const LONGEST: usize = 64;

fn too_long(trace: &Trace<'_>, found: &mut Findings) {
    let Some(fqdn) = longest_fqdn(trace).filter(|fqdn| fqdn.len() > LONGEST) else { return };
    let length = fqdn.len();
    found
        .refute(&RULE, format!("`{fqdn}` would be the host name: {length} characters, and the kernel allows {LONGEST}"))
        .label(trace.at_pod_spec(&["setHostnameAsFQDN"]), "makes the whole FQDN the host name")
        .symptom(Symptom::ContainerCreating("failed to construct FQDN from pod hostname and cluster domain".to_owned()))
        .fix(Safety::Safe, "remove `setHostnameAsFQDN`")
        .changes([Change::Remove { at: trace.at_pod_spec(&["setHostnameAsFQDN"]) }]);
}

/// The FQDN of the pod with the longest name, as far as it is certain.
fn longest_fqdn(trace: &Trace<'_>) -> Option<String> {
    let (subdomain, namespace) = (trace.workload.subdomain()?, trace.object.namespace.as_ref()?);
    let hostname = trace.workload.hostname().map_or_else(|| longest_pod_name(trace), str::to_owned);
    let hostname: String = hostname.chars().take(63).collect();
    Some(format!("{hostname}.{subdomain}.{namespace}.svc.{}", trace.world.facts.cluster_domain))
}
