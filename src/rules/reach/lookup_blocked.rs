//! # lookup-blocked (BG504)
//!
//! A network policy says what the pods may connect to, and neither it nor another lets them ask for their peers: DNS (UDP port 53),
//! or the API server. Also where the API server is asked, its name is looked up first.
//!
//! ## At run time
//!
//! `lookup against cart failed: :timeout`, or `request to kubernetes failed!: {:failed_connect,`, every five seconds; `Node.list()` stays
//! empty. A network plugin that refuses, instead of dropping, gives another reason than a timeout.
//!
//! ## Example
//!
//! ```yaml
//!   policyTypes: [Egress]
//!   egress:
//!     - to:
//!         - podSelector:
//!             matchLabels:
//!               app: cart
//! ```
//!
//! ## Fix
//!
//! Let the pods ask DNS; where the strategy is `Kubernetes`, the API server as well:
//!
//! ```yaml
//!   egress:
//!     - to:
//!         - namespaceSelector:
//!             matchLabels:
//!               kubernetes.io/metadata.name: kube-system
//!       ports:
//!         - port: 53
//!           protocol: UDP
//!         - port: 53
//!     - ports:
//!         - port: 443
//!         - port: 6443
//! ```
//!
//! What the API server's address is differs from cluster to cluster, and so does whether its port is seen as that of the Service
//! (443) or its own (often 6443). So this is never more than a warning, and nothing is said where some rule lets these ports pass to
//! addresses (`ipBlock`) or to namespaces whose labels are not in the input. Whether a policy is enforced depends on the cluster's
//! network plugin.
//!
//! ## Facts
//!
//! The specification of `networking.k8s.io/v1`; libcluster 3.5.0, `lib/strategy/kubernetes.ex`: the API server is asked for as
//! `kubernetes.default.svc.cluster.local`.

use super::{peers, titles};
use crate::discovery::Query;
use crate::reach::{Direction, Far, Passage, Wanted, passage};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::network::Protocol;
use crate::world::selector::Selected;

pub(super) static RULE: Rule = Rule {
    code: 504,
    slug: "lookup-blocked",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Person("where DNS and the API server are is for whoever runs the cluster to say"),
    summary: "network policies do not let the nodes ask for their peers",
    source: include_str!("lookup_blocked.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it depends on network policies"),
};

/// Where API servers listen, or their Service.
const API: [u16; 5] = [443, 6443, 8443, 16443, 7443];

/// Where the DNS server of a cluster runs.
const DNS_NAMESPACE: &str = "kube-system";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if peers(trace).is_none() || !matches!(trace.query, Query::Labels(_) | Query::Service(..)) {
        return;
    }
    let egress = |far, wanted| passage(trace.world, trace.near(), Direction::Egress, far, wanted);
    let dns = egress(Far::PodOf(DNS_NAMESPACE), Wanted { protocol: Protocol::Udp, first: 53, last: 53 });
    if dns.passes == Selected::No {
        report(trace, &dns, "DNS (UDP port 53)", found);
        return;
    }
    let api = API.map(|port| egress(Far::Address, Wanted::tcp(port)));
    if trace.label_query().is_some() && api.iter().all(|passage| passage.passes == Selected::No) {
        report(trace, &api[0], "the API server", found);
    }
}

fn report(trace: &Trace<'_>, passage: &Passage<'_>, what: &str, found: &mut Findings) {
    let finding = found.suspect(&RULE, format!("{} does not let the nodes ask {what}", titles(passage)));
    for policy in &passage.policies {
        finding.label(policy.at(&["spec", "egress"]), format!("lets nothing pass to {what}"));
    }
    finding
        .label(trace.at_labels(), "selected by it")
        .symptom(seen(trace))
        .fix(Safety::Unsafe, format!("let the pods ask {what}"));
}

/// What is seen where no lookup is answered.
fn seen(trace: &Trace<'_>) -> Symptom {
    match &trace.query {
        Query::Labels(_) => Symptom::ApiUnreachable,
        Query::Service(asked, _) if trace.is_loud_about_lookups() => Symptom::LookupTimedOut(asked.written()),
        _ => Symptom::Silence,
    }
}
