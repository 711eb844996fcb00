//! # service-not-headless (BG202)
//!
//! The app asks DNS for the pods behind a Service, and the Service is not headless: DNS answers with one virtual
//! address (or, for `type: ExternalName`, with another name), and each node takes that for its only peer.
//!
//! ## At run time
//!
//! `Kubernetes.DNS`: `unable to connect to :"cart@10.96.7.20"`, every five seconds. `Kubernetes.DNSSRV` dials the
//! Service itself, `cart@cart.shop.svc.cluster.local`. With an ExternalName, `Kubernetes.DNS` dies of a
//! `CaseClauseError`. `DNSCluster` logs nothing.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: cart
//! spec:
//!   selector:
//!     app: cart
//!   ports:
//!     - port: 4000
//! ```
//!
//! ## Fix
//!
//! `clusterIP` is immutable: delete the Service and make it again with `clusterIP: None`, or leave it to the traffic
//! and add a headless one for clustering, which the app then asks for.
//!
//! ## What is milder
//!
//! In `hostname` mode this is a warning. CoreDNS answers the names of pods for a ClusterIP Service too, and such a
//! cluster forms; the DNS specification promises those names for headless Services only. Lookups of endpoints do not
//! ask DNS, and this rule is silent about them. `DNSPoll` and `DNSCluster` follow an ExternalName, and what
//! `Kubernetes.DNSSRV` gets for one was not tried, so it is a warning there.
//!
//! ## Facts
//!
//! Measured on Kubernetes 1.35 with CoreDNS. That an alias is no clause of `Kubernetes.DNS`: libcluster 3.5.0,
//! `lib/strategy/kubernetes_dns.ex`. It asks for the first time while it starts, so the app does not start either, however many
//! topologies it has beside this one.

use crate::discovery::{Needs, ServiceRef};
use crate::fix::change::{Among, Change};
use crate::rules::finding::{Effect, Finding, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule, in_namespace, word};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::object::Object;
use crate::world::service::{Service, ServicePort};

pub(super) static RULE: Rule = Rule {
    code: 202,
    slug: "service-not-headless",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Recreate),
    summary: "DNS answers with one virtual address, not with the pods",
    source: include_str!("service_not_headless.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on the Service that is asked for"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(needs) = trace.discovery().map(|discovery| discovery.needs()) else { return };
    let Some((asked, object, service)) = trace.every_service(|service| !service.is_headless()) else { return };
    if service.is_alias() {
        alias(trace, needs, (asked, object, service), found);
    } else {
        virtual_address(trace, needs, (asked, object, service), found);
    }
}

type Asked<'t> = (&'t ServiceRef, &'t Object, &'t Service);

fn virtual_address(trace: &Trace<'_>, needs: Needs, (asked, object, service): Asked<'_>, found: &mut Findings) {
    let kind = service.type_name();
    if needs.headless {
        let message = format!("`{asked}` is a {kind} Service: DNS answers with one virtual address, not with the pods");
        let finding = found.refute(&RULE, message);
        label(finding, asked, object, service);
        finding.symptom(as_peer(trace, needs));
    } else {
        let message = format!("`{asked}` is a {kind} Service: only CoreDNS knows the names of pods behind one");
        let finding = found.refute(&RULE, message);
        label(finding, asked, object, service);
        finding.effect(Effect::Risks).at_most(Severity::Warning).symptom(Symptom::Seen(
            "it forms with CoreDNS; with another DNS server the names do not resolve".to_owned(),
        ));
    }
}

fn alias(trace: &Trace<'_>, needs: Needs, (asked, object, service): Asked<'_>, found: &mut Findings) {
    let target = service.external_name.as_deref().unwrap_or("<externalName>");
    let message = format!("`{asked}` is an ExternalName: DNS answers with a CNAME to `{target}`, not with the pods");
    let certain = needs.no_alias || needs.list.is_some();
    let finding = if certain { found.refute(&RULE, message) } else { found.suspect(&RULE, message) };
    label(finding, asked, object, service);
    if needs.no_alias {
        finding.symptom(Symptom::CaseClauseError);
    } else if needs.list.is_some() {
        finding.symptom(trace.nothing_found(asked));
    }
}

fn label(finding: &mut Finding, asked: &ServiceRef, object: &Object, service: &Service) {
    match service.kind.as_deref() {
        Some(kind) if kind != "ClusterIP" => finding.label(object.at(&["spec", "type"]), "not headless"),
        _ => finding.label(object.at(&["spec", "clusterIP"]), "not `None`, so not headless"),
    };
    finding
        .label(asked.at.clone(), format!("asks for {}", asked.fqdn()))
        .fix(Safety::Recreate, "make the Service again as a headless one, or add a headless one for clustering")
        .snippet("spec:\n  clusterIP: None");
    if is_for_clustering(service) {
        let (at, value) = (object.at(&["spec", "clusterIP"]), "None".into());
        let delete = format!("kubectl delete service {}{}", word(&object.name), in_namespace(object));
        finding.changes([Change::Set { at, value, among: Among::First }]).besides(delete);
    }
}

/// Whether a Service serves nothing but discovery: traffic goes on needing an address.
fn is_for_clustering(service: &Service) -> bool {
    let is_epmd = |port: &ServicePort| port.port == Some(4369) || port.name.as_deref() == Some("epmd");
    service.type_name() == "ClusterIP" && service.ports.iter().all(is_epmd)
}

/// The virtual address, or for SRV the Service's own name, as it is dialled.
fn as_peer(trace: &Trace<'_>, needs: Needs) -> Symptom {
    match trace.first_dialled() {
        Some(dialled) if needs.ports => Symptom::UnableToConnect(dialled),
        Some(_) if trace.is_silent_about_peers() => Symptom::Silence,
        _ => Symptom::UnableToConnect(format!("{}@<cluster IP>", basename(trace))),
    }
}

fn basename(trace: &Trace<'_>) -> String {
    let dialled = trace.first_dialled().unwrap_or_default();
    dialled.split('@').next().unwrap_or_default().to_owned()
}
