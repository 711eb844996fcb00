//! # wrong-cluster-domain (BG303)
//!
//! In `dns` and `hostname` mode `Cluster.Strategy.Kubernetes` dials names that end in `.<kubernetes_cluster_name>.local`: the
//! `.local` is written into its source. On a cluster whose domain ends otherwise no such name resolves. The variable
//! `CLUSTER_DOMAIN` does not help: this strategy uses it only for the address of the API server.
//!
//! ## At run time
//!
//! `unable to connect to :"cart@cart-0.cart.shop.svc.cluster.local"`, every five seconds; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes
//! annotations:
//!   beamgate.dev/mode: hostname
//!   beamgate.dev/cluster-domain: example.org
//! ```
//!
//! ## Fix
//!
//! Use `mode: ip`, `Kubernetes.DNS`, or `Kubernetes.DNSSRV` with `CLUSTER_DOMAIN` set: these know no `.local`.
//!
//! A domain such as `prod.local` is fine: it is `kubernetes_cluster_name: "prod"`.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes.ex`, lines 375 and 514-530. Played on a cluster whose DNS server answers for both
//! domains, not on one of another domain.

use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;

pub(super) static RULE: Rule = Rule {
    code: 303,
    slug: "wrong-cluster-domain",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("which mode the app is to use"),
    summary: "the mode always dials names in `.local`, and the cluster's domain is another",
    source: include_str!("wrong_cluster_domain.rs"),
    check: Check::Ways(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: r"variables.strategy == 'Kubernetes' && variables.mode.matches('^:*(dns|hostname)$') &&
                    variables.domain.matches('^[a-z0-9.-]*$') && !variables.domain.matches(r'\.local\.*$')",
        certain: true,
        says: "mode {variables.mode} always dials names in .local; the cluster's domain is `{variables.domain}`; at \
               run time: `unable to connect to` each peer, every five seconds; fix: use mode: ip, which needs no \
               domain",
    }],
    "a mode that comes out of a variable",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(domain), Some(declared)) = (domain(trace), &trace.declared) else { return };
    let mode = trace.key(Key::Mode);
    let named = mode.map_or("this mode", |mode| mode.value.as_str());
    let finding =
        found.refute(&RULE, format!("`{named}` always dials names in `.local`; the cluster's domain is `{domain}`"));
    finding.label(mode.map_or(&declared.strategy, |mode| mode).at.clone(), "dials `.local`");
    if let Some(said) = trace.key(Key::ClusterDomain) {
        finding.label(said.at.clone(), "the cluster's domain");
    }
    let dialled = trace.dials.first().map(|dial| trace.identity.example(&dial.name)).unwrap_or_default();
    finding.symptom(Symptom::UnableToConnect(dialled)).fix(Safety::Unsafe, "use `mode: ip`, which needs no domain");
}

/// The cluster's domain, if the strategy cannot dial names in it.
pub(super) fn domain(trace: &Trace<'_>) -> Option<String> {
    if !trace.discovery()?.needs().local_domain {
        return None;
    }
    let declared = trace.key(Key::ClusterDomain).map(|declared| declared.value.trim_matches('.').to_owned());
    let domain = declared.unwrap_or_else(|| trace.world.facts.cluster_domain.clone());
    (!domain.ends_with(".local")).then_some(domain)
}
