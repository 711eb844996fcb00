//! # address-family (BG304)
//!
//! A VM connects over one family of addresses: IPv4, or with `-proto_dist inet6_tcp` IPv6. What the strategy finds has to be of
//! that family. `Kubernetes.DNS` and `Peerage` ask for A records alone, and the `dns` mode of `Kubernetes` makes its names of the
//! dots of an address: these three never find an IPv6 address.
//!
//! ## At run time
//!
//! `unable to connect to` each peer, every five seconds; `Node.list()` stays empty. Where the Service has IPv6 addresses alone,
//! `Kubernetes.DNS` says `lookup against cart failed: :nxdomain`, and `Peerage` nothing.
//!
//! ## Example
//!
//! ```yaml
//! labels:
//!   beamgate.dev/strategy: Kubernetes.DNS
//! # ...
//!         env:
//!           - name: ERL_AFLAGS
//!             value: -proto_dist inet6_tcp
//! ```
//!
//! ## Fix
//!
//! Where the pods have IPv4 addresses, leave `inet6_tcp` out. Where they have IPv6 addresses alone, use `DNSPoll`, `DNSCluster`, or
//! `Kubernetes` in `ip` mode, and have the VM connect over IPv6.
//!
//! A Service with IPv6 addresses, and nothing that tells the VM to connect to them, is a warning: the image's `vm.args` may do so.
//!
//! ## Facts
//!
//! libcluster 3.5.0, `lib/strategy/kubernetes_dns.ex` (`getbyname(..., :a)`) and `lib/strategy/kubernetes.ex` (`format_node/5`);
//! Peerage 1.0.3, `lib/peerage/via/dns.ex`. OTP 25.2.3 on IPv4: with `inet6_tcp` the nodes boot, and
//! `inet:getaddr("10.244.0.3", inet6)` is `nxdomain`. Not seen on a cluster: one with IPv6 addresses.

use crate::discovery::Resource;
use crate::name::boot::Flags;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::object::Object;
use crate::world::service::Service;

pub(super) static RULE: Rule = Rule {
    code: 304,
    slug: "address-family",
    severity: Severity::Error,
    effect: Effect::Breaks,
    mends: Mends::Person("which addresses the pods have"),
    summary: "the VM connects over one family of addresses, and the peers are found by another",
    source: include_str!("address_family.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs the VM's flags, word for word, and Services"),
};

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let Some(needs) = trace.discovery().map(|discovery| discovery.needs()) else { return };
    if !trace.starts_a_node() {
        return;
    }
    let in_ip_mode = needs.list == Some(Resource::Endpoints) && !needs.local_domain;
    match trace.told_to_speak_ipv6() {
        Some(told) if needs.ipv4 => ipv4_strategy(trace, told, found),
        Some(told) if in_ip_mode => {
            if let Some(object) = every_answer(trace, is_ipv4_first) {
                ipv4_service(trace, told, object, found);
            }
        }
        Some(_) => {}
        None if needs.ipv4 && needs.list.is_none() => {
            if let Some(object) = every_answer(trace, has_no_ipv4) {
                no_address(trace, object, found);
            }
        }
        None if needs.list == Some(Resource::Endpoints) => {
            if let Some(object) = every_answer(trace, is_ipv6_first) {
                unheard_of(needs.ipv4, object, found);
            }
        }
        None => {}
    }
}

/// The first Service in which the peers look for these pods, if all of them are such.
fn every_answer<'w>(trace: &Trace<'w>, is_such: fn(&Service) -> bool) -> Option<&'w Object> {
    let services = trace.searched_services();
    services.iter().all(|object| object.service().is_some_and(is_such)).then(|| services.first().copied())?
}

fn is_ipv4_first(service: &Service) -> bool {
    service.ip_families.first().is_some_and(|family| family == "IPv4")
}

fn is_ipv6_first(service: &Service) -> bool {
    service.ip_families.first().is_some_and(|family| family == "IPv6")
}

/// A second family may be added to a Service that does not rule it out.
fn has_no_ipv4(service: &Service) -> bool {
    service.ip_families == ["IPv6"] && !service.is_dual_stack
}

fn ipv4_strategy(trace: &Trace<'_>, told: &Flags, found: &mut Findings) {
    let Some(declared) = &trace.declared else { return };
    let strategy = &declared.strategy;
    let message =
        format!("{} has the VM connect over IPv6, and `{}` finds IPv4 addresses alone", told.variable, strategy.value);
    found
        .refute(&RULE, message)
        .label(told.at.clone(), "IPv6")
        .label(strategy.at.clone(), "IPv4")
        .symptom(Symptom::UnableToConnect(trace.first_dialled().unwrap_or_default()))
        .fix(Safety::Unsafe, "leave `inet6_tcp` out, or use a strategy that finds IPv6 addresses");
}

fn ipv4_service(trace: &Trace<'_>, told: &Flags, object: &Object, found: &mut Findings) {
    let message = format!("{} has the VM connect over IPv6, and {} has IPv4 addresses", told.variable, object.title());
    found
        .refute(&RULE, message)
        .label(told.at.clone(), "IPv6")
        .label(object.at(&["spec", "ipFamilies"]), "endpoints are of the first family")
        .symptom(Symptom::UnableToConnect(trace.first_dialled().unwrap_or_default()))
        .fix(Safety::Unsafe, "leave `inet6_tcp` out, or have the Service's addresses be IPv6");
}

fn no_address(trace: &Trace<'_>, object: &Object, found: &mut Findings) {
    let (Some(asked), Some(declared)) = (trace.asked_service(), &trace.declared) else { return };
    let strategy = &declared.strategy;
    let message = format!("{} has IPv6 addresses alone, and `{}` asks for A records", object.title(), strategy.value);
    found
        .refute(&RULE, message)
        .label(object.at(&["spec", "ipFamilies"]), "no A records")
        .label(strategy.at.clone(), "asks for nothing else")
        .symptom(trace.nothing_found(asked))
        .fix(Safety::Unsafe, "use `DNSPoll` or `DNSCluster`, which ask for AAAA records, too");
}

/// `ip` and `hostname` mode can use IPv6 addresses, if the VM can.
fn unheard_of(needs_ipv4: bool, object: &Object, found: &mut Findings) {
    let title = object.title();
    let finding = match needs_ipv4 {
        true => found.refute(&RULE, format!("{title} has IPv6 addresses, and `dns` mode makes no names of them")),
        false => found.suspect(&RULE, format!("{title} has IPv6 addresses, and nothing has the VM connect to them")),
    };
    finding.label(object.at(&["spec", "ipFamilies"]), "endpoints are of the first family").symptom(Symptom::Seen(
        "`unable to connect to` each peer, every five seconds; `Node.list()` stays empty".to_owned(),
    ));
    match needs_ipv4 {
        true => finding.fix(Safety::Unsafe, "use `mode: :ip`, and have the VM connect over IPv6"),
        false => finding
            .note("unless the image's `vm.args` has `-proto_dist inet6_tcp`")
            .fix(Safety::Unsafe, "have the VM connect over IPv6: `-proto_dist inet6_tcp`"),
    };
}
