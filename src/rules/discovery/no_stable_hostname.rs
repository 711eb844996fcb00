//! # no-stable-hostname (BG212)
//!
//! The `hostname` mode dials each pod by the host name that the API shows for it, and only the pods of a StatefulSet
//! have one by themselves. Any other pod has none unless its template sets both `hostname` and `subdomain`, and then
//! all replicas have the same.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@.cart.shop.svc.cluster.local"`, every five seconds: the host name is missing between
//! `@` and the dot.
//!
//! ## Example
//!
//! ```yaml
//! kind: Deployment
//! # …
//!         beamgate.dev/strategy: Kubernetes
//!       annotations:
//!         beamgate.dev/mode: hostname
//! ```
//!
//! ## Fix
//!
//! Make it a StatefulSet whose `serviceName` is that Service, or let the app use `mode: :ip`, which needs no host
//! names.
//!
//! `Kubernetes.DNSSRV` dials whatever DNS answers, for a Deployment the dashed address; whether the nodes are called so
//! is BG301's.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `staging/src/k8s.io/endpointslice/util/controller_utils.go` (`ShouldSetHostname`); libcluster
//! 3.5.0, `lib/strategy/kubernetes.ex`: `address["hostname"]`, `spec["hostname"]`.

use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 212,
    slug: "no-stable-hostname",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("whether it becomes a StatefulSet, or the app uses another mode"),
    summary: "`hostname` mode needs pods with host names, which a StatefulSet has",
    source: include_str!("no_stable_hostname.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: "variables.lists && variables.mode.matches('^:*hostname$') && variables.kind != 'StatefulSet' &&
                    !(has(variables.spec.hostname) && has(variables.spec.subdomain))",
        certain: true,
        says: "mode hostname needs a StatefulSet: the pods of a {variables.kind} have no host name in DNS; at run \
               time: `unable to connect to` each peer, every five seconds; fix: make it a StatefulSet, or let the \
               app use mode: :ip",
    }],
    "a mode that comes out of a variable",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(needs) = trace.discovery().map(|discovery| discovery.needs()) else { return };
    let dials_hostnames = needs.hostname && needs.list.is_some();
    let lacks = match (&trace.pod.hostname, &trace.pod.subdomain) {
        _ if !dials_hostnames || trace.workload.has_stable_hostnames() => return,
        (Some(_), Some(_)) => return,
        (None, None) => "`hostname` and `subdomain`",
        (None, Some(_)) => "`hostname`",
        (Some(_), None) => "`subdomain`",
    };
    let kind = &trace.object.kind;
    let finding = found
        .refute(&RULE, format!("`hostname` mode needs a StatefulSet: the pods of a {kind} have no host name in DNS"));
    finding.label(trace.object.at(&["kind"]), "makes pods without host names");
    if let Some(mode) = trace.key(Key::Mode) {
        finding.label(mode.at.clone(), "dials host names");
    }
    finding
        .note(format!("the template leaves {lacks} out"))
        .symptom(Symptom::UnableToConnect(trace.dialled_without_hostname().unwrap_or_default()))
        .fix(Safety::Unsafe, "make it a StatefulSet, or let the app use `mode: :ip`");
}
