//! # service-link-clobbers (BG117)
//!
//! For every Service of the namespace that has an address the kubelet sets variables in every pod: `<NAME>_PORT` is
//! `tcp://10.96.0.1:4369`. A Service called `erl-epmd` so sets `ERL_EPMD_PORT`, which the VM reads as the number of epmd's port.
//!
//! ## At run time
//!
//! `register/listen error: {{badarg,[{erlang,list_to_integer,["tcp://..."]`, and the pod restarts for ever. It
//! hits every BEAM pod of the namespace that starts after the Service was made.
//!
//! ## Example
//!
//! ```yaml
//! kind: Service
//! metadata:
//!   name: erl-epmd
//! spec:
//!   ports:
//!     - port: 4369
//! ```
//!
//! ## Fix
//!
//! Nobody needs these variables:
//!
//! ```yaml
//! kind: Deployment
//! spec:
//!   template:
//!     spec:
//!       enableServiceLinks: false
//! ```
//!
//! or call the Service otherwise. A headless Service gives no variables, and one that the container sets itself wins.
//! `erl-dist` does the same to `ERL_DIST_PORT`, which only releases of relx read: a warning.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/kubelet/kubelet_pods.go`, `getServiceEnvVarMap`, and `pkg/kubelet/envvars`.

use crate::fix::change::{Among, Change};
use crate::name::env::Lookup;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::trace::listening::EPMD_PORT;
use crate::world::object::Object;
use crate::world::service::Answers;
use crate::world::{SameNamespace, same_namespace};

pub(super) static RULE: Rule = Rule {
    code: 117,
    slug: "service-link-clobbers",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Unsafe),
    summary: "a Service makes the kubelet set a variable that the VM reads",
    source: include_str!("service_link_clobbers.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on the Services of the namespace"),
};

/// Services by name, the variable that each sets, and whether every VM reads it.
const LINKS: [(&str, &str, bool); 2] = [("erl-epmd", EPMD_PORT, true), ("erl-dist", "ERL_DIST_PORT", false)];

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(container) = trace.container.filter(|_| trace.pod.service_links && trace.starts_a_node()) else { return };
    for (name, variable, read_by_all) in LINKS {
        let is_set = !matches!(trace.env.lookup(variable), Lookup::Unset);
        let services = trace.world.services_named(trace.object, trace.object.namespace.as_deref(), name);
        let Some(service) = services.into_iter().find(|service| has_address(service)).filter(|_| !is_set) else {
            continue;
        };
        let message = format!("{} makes the kubelet set {variable}=tcp://...", service.title());
        let here = same_namespace(service.namespace.as_deref(), trace.object.namespace.as_deref());
        let finding = match read_by_all && here == SameNamespace::Yes {
            true => found.refute(&RULE, message),
            false => found.suspect(&RULE, message),
        };
        finding
            .label(service.at(&["metadata", "name"]), format!("becomes {variable}"))
            .label(trace.at_container(container), "gets the variables of all Services of its namespace")
            .fix(Safety::Unsafe, "set `enableServiceLinks: false` in the pod")
            .changes([Change::Set {
                at: trace.at_pod_spec(&["enableServiceLinks"]),
                value: false.into(),
                among: Among::First,
            }]);
        // It is not a Service that the workload asks for: whoever has it may take it away, and no deploy is stopped for its sake.
        finding.mendable();
        match read_by_all {
            true => finding.symptom(Symptom::EpmdPort),
            false => finding.note("if it is a release of relx; others do not read it"),
        };
    }
}

/// Whether the kubelet makes variables of a Service: only one with an address of its own.
fn has_address(object: &Object) -> bool {
    object.service().is_some_and(|service| service.answers() == Answers::VirtualIp)
}
