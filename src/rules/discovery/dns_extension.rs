//! # dns-extension (BG205)
//!
//! `Kubernetes.DNSSRV` asks for the SRV records of a Service without naming a port, and the `dns` mode of `Kubernetes` dials names that
//! are made of addresses. CoreDNS answers both. The specification of DNS in Kubernetes has neither, and the configuration says that
//! something else serves DNS here.
//!
//! ## At run time
//!
//! Where it has no such records: `lookup against cart failed: :nxdomain`, or `unable to connect to` each peer, every five seconds;
//! `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```toml
//! # beamgate.toml
//! dns = "other"
//! ```
//!
//! ```yaml
//!         beamgate.dev/strategy: Kubernetes.DNSSRV
//! ```
//!
//! ## Fix
//!
//! Use what every DNS server of Kubernetes has: `Kubernetes.DNS`, `DNSPoll` or `DNSCluster` with a headless Service, or `Kubernetes` in
//! `ip` mode. If yours answers such names, ignore this with a reason.
//!
//! Without that line in the configuration CoreDNS is presumed, and nothing is said. It answers names made of addresses only with `pods
//! insecure` or `pods verified` in its Corefile, as kubeadm and most distributions have it; the Corefile is not read.
//!
//! ## Facts
//!
//! DNS-based service discovery 1.1.0, sections 2.3 and 2.4: SRV records are those of named ports. CoreDNS 1.14,
//! `plugin/kubernetes`: an empty port matches all, and `pods` is `disabled` unless it is set.
//!
//! Not proven here: The test's cluster runs CoreDNS.

use crate::discovery::{Query, Record};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::declared::Key;
use crate::world::facts::Dns;

pub(super) static RULE: Rule = Rule {
    code: 205,
    slug: "dns-extension",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Person("which strategy the app uses, or what its DNS server answers"),
    summary: "the app asks for records that only CoreDNS is known to have",
    source: include_str!("dns_extension.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("the policies presume CoreDNS"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(declared) = trace.declared.as_ref().filter(|_| trace.world.facts.dns == Dns::Other) else { return };
    if !trace.starts_a_node() {
        return;
    }
    let dialled = trace.first_dialled().unwrap_or_default();
    let makes_names =
        trace.discovery().is_some_and(|discovery| discovery.needs().list.is_some() && discovery.needs().ipv4);
    let (message, at, symptom) = match &trace.query {
        Query::Service(asked, Record::Srv) => (
            format!("SRV records of `{asked}` without a port are no part of Kubernetes' DNS, only of CoreDNS"),
            &declared.strategy.at,
            trace.nothing_found(asked),
        ),
        Query::Labels(_) if makes_names => (
            format!("names made of addresses, like `{dialled}`, are no part of Kubernetes' DNS, only of CoreDNS"),
            trace.key(Key::Mode).map_or(&declared.strategy.at, |mode| &mode.at),
            Symptom::UnableToConnect(dialled),
        ),
        _ => return,
    };
    found
        .suspect(&RULE, message)
        .label(at.clone(), "asks for them")
        .symptom(symptom)
        .note("`beamgate.toml` says that something else serves DNS")
        .fix(Safety::Unsafe, "use a strategy that asks for addresses, if your DNS server does not answer this");
}
