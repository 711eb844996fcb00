//! # dns-policy (BG217)
//!
//! The pods do not ask the cluster's DNS server. With `dnsPolicy: Default` they use the node's resolver, which knows no
//! Services; with `hostNetwork`, the usual `ClusterFirst` means the same. The DNS strategies find no Service, and the
//! `Kubernetes` strategy does not even find the API server.
//!
//! ## At run time
//!
//! `lookup against cart failed: :nxdomain`, or `request to kubernetes failed!: {:failed_connect, …
//! {'kubernetes.default.svc.cluster.local', 443} … :nxdomain`; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//!     spec:
//!       hostNetwork: true
//!       containers:
//! ```
//!
//! ## Fix
//!
//! Leave `dnsPolicy` out; on the host's network write:
//!
//! ```yaml
//!       hostNetwork: true
//!       dnsPolicy: ClusterFirstWithHostNet
//! ```
//!
//! Where `dnsConfig.nameservers` names any server, it may well be the cluster's, and this rule is silent.
//!
//! ## Facts
//!
//! Kubernetes 1.35, `pkg/kubelet/network/dns/dns.go` (`getPodDNSType`) and `ValidatePodSpec` (`None` needs a name
//! server). That a node's own resolver knows the cluster's names is possible, and nobody was seen
//! to do it.

use crate::fix::change::Change;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Condition, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 217,
    slug: "dns-policy",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "the pods do not ask the cluster's DNS server",
    source: include_str!("dns_policy.rs"),
    check: Check::Trace(check),
    cel: CEL,
};

/// The same in CEL.
const CEL: Cel = Cel::Exported(
    &[Condition {
        holds: r"(variables.lists ||
                    variables.strategy == 'Kubernetes.DNSSRV' && variables.service.matches('^[a-z0-9-]+$') &&
                    !('CLUSTER_DOMAIN' in variables.names) && !variables.hasEnvFrom ||
                    variables.strategy in ['Kubernetes.DNS', 'DNSPoll', 'DNSCluster', 'Peerage'] &&
                    variables.service.matches(r'^[a-z0-9-]+(\.[a-z0-9-]+(\.svc(\.[a-z0-9.-]+)?)?)?$')) &&
                    variables.askedNamespace.matches('^[a-z0-9-]*$') && !variables.hasNameservers &&
                    has(variables.spec.dnsPolicy) &&
                    (variables.spec.dnsPolicy == 'Default' ||
                    variables.spec.dnsPolicy == 'ClusterFirst' && variables.onHost)",
        certain: true,
        says: "with dnsPolicy {variables.spec.dnsPolicy} the pods ask the node's resolver, which knows no names \
                   of the cluster; at run time: `:nxdomain`; fix: set dnsPolicy to ClusterFirst, or with hostNetwork \
                   to ClusterFirstWithHostNet",
    }],
    "Services whose name comes out of a variable; of Kubernetes.DNSSRV, where CLUSTER_DOMAIN or any `envFrom` is set",
);

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(wanted) = wanted(trace).filter(|_| !trace.pod.own_nameservers) else { return };
    let on_host = trace.pod.host_network;
    let policy = trace.pod.dns_policy.as_deref();
    let (message, symptom) = match policy {
        Some("None") => {
            let reason = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            ("`dnsPolicy: None` needs a name server".to_owned(), Symptom::Refused(reason.to_owned()))
        }
        Some("Default") => (
            format!("`dnsPolicy: Default` asks the node's resolver, which cannot resolve `{wanted}`"),
            failure(trace, &wanted),
        ),
        Some("ClusterFirst") | None if on_host => (
            format!("with `hostNetwork` the pods ask the node's resolver, which cannot resolve `{wanted}`"),
            failure(trace, &wanted),
        ),
        _ => return,
    };
    let finding = found.refute(&RULE, message);
    if policy.is_some() {
        finding.label(trace.at_pod_spec(&["dnsPolicy"]), "not the cluster's DNS server");
    }
    if on_host {
        finding.label(trace.at_pod_spec(&["hostNetwork"]), "turns `ClusterFirst` into `Default`");
    }
    if let Some(asked) = trace.asked_service() {
        finding.label(asked.at.clone(), format!("asks for {}", asked.fqdn()));
    }
    let at = trace.at_pod_spec(&["dnsPolicy"]);
    finding.symptom(symptom);
    match on_host {
        true => finding
            .fix(Safety::Safe, "ask the cluster's DNS server")
            .changes([Change::set(at, "ClusterFirstWithHostNet")]),
        false => finding
            .fix(Safety::Safe, "remove `dnsPolicy`: pods ask the cluster's DNS server by themselves")
            .changes([Change::Remove { at }]),
    };
}

/// The name that must resolve: the Service's, or the API server's.
fn wanted(trace: &Trace<'_>) -> Option<String> {
    let needs = trace.discovery()?.needs();
    if needs.list.is_some() {
        return Some(format!("kubernetes.default.svc.{}", trace.world.facts.cluster_domain));
    }
    trace.asked_service().map(crate::discovery::ServiceRef::fqdn)
}

fn failure(trace: &Trace<'_>, wanted: &str) -> Symptom {
    match trace.asked_service() {
        Some(asked) if trace.label_query().is_none() => trace.nothing_found(asked),
        _ => Symptom::ApiHostUnresolved(wanted.to_owned()),
    }
}
