//! # service-without-ports (BG204)
//!
//! A headless Service that declares no ports has no SRV records, and `Cluster.Strategy.Kubernetes.DNSSRV` asks for nothing
//! else. The A records are there, so `dig` and `nslookup` show nothing wrong.
//!
//! ## At run time
//!
//! `'cart.shop.svc.cluster.local.' : lookup against cart failed: :nxdomain`, every five seconds; `Node.list()` stays empty.
//!
//! ## Example
//!
//! ```yaml
//! apiVersion: v1
//! kind: Service
//! metadata:
//!   name: cart
//! spec:
//!   clusterIP: None
//!   selector:
//!     app: cart
//! ```
//!
//! ## Fix
//!
//! Declare a port; any port will do, and its name appears in the records:
//!
//! ```yaml
//!   ports:
//!     - name: epmd
//!       port: 4369
//! ```
//!
//! `Kubernetes.DNS` and the `hostname` mode of `Kubernetes` need no ports, and this rule is silent about them.
//!
//! ## Facts
//!
//! CoreDNS skips the SRV rows of endpoints without ports (`plugin/kubernetes`, `object/endpoint.go`); libcluster 3.5.0,
//! `lib/strategy/kubernetes_dns_srv.ex`.

use crate::fix::change::{Change, Tree};
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;

pub(super) static RULE: Rule = Rule {
    code: 204,
    slug: "service-without-ports",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "no ports, so no SRV records",
    source: include_str!("service_without_ports.rs"),
    check: Check::Ways(check),
    cel: Cel::Not("it depends on the Service that is asked for"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    if !trace.discovery().is_some_and(|discovery| discovery.needs().ports) {
        return;
    }
    // An absent Service is BG201's, one that is not headless BG202's.
    let Some((asked, object, _)) = trace.every_service(|service| service.is_headless() && service.ports.is_empty())
    else {
        return;
    };
    let port = Tree::map([("name", "epmd".into()), ("port", Tree::from(4369))]);
    found
        .refute(&RULE, format!("an SRV query for `{asked}` returns nothing: the Service has no ports"))
        .label(object.at(&["spec"]), "headless, but no `ports:` in this spec")
        .label(asked.at.clone(), format!("asks for SRV {}", asked.fqdn()))
        .symptom(Symptom::LookupFailed(asked.name.clone()))
        .fix(Safety::Safe, "declare a port")
        .changes([Change::set(object.at(&["spec", "ports"]), Tree::list([port]))]);
}
