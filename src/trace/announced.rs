//! Names that nodes announce, or that peers have from elsewhere, instead of making them: what is dialled is what the node is
//! called. Left is whether the host in that name leads to the node.

use std::net::IpAddr;

use super::{Agreement, Dial, Trace};
use crate::discovery::{Answer, Dialled, Discovery, canonical};
use crate::name::boot::Boot;
use crate::name::same::Same;
use crate::name::template::{Part, Piece, Sym, Template};
use crate::world::declared::Declared;
use crate::world::facts::Dns;
use crate::world::object::Object;
use crate::world::workload::{Workload, WorkloadKind};
use crate::world::{SameNamespace, same_namespace};

/// What is in the way to a host that a node announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Astray {
    /// Whoever dials it comes to itself.
    Own,
    /// It is the bare name of a pod, which DNS does not know.
    PodName,
    /// Nothing that is known of; but it is not known to lead to the node either, and why.
    Perhaps(String),
}

impl Trace<'_> {
    /// Whose names the peers dial.
    pub fn dialled(&self) -> Dialled {
        self.discovery().map_or(Dialled::Made, Discovery::dialled)
    }

    /// The node's own name, where nobody makes another.
    pub(super) fn announced(&self) -> Vec<Dial> {
        let (Some(Boot::Named(own)), Dialled::Announced | Dialled::Local) = (self.boot(), self.dialled()) else {
            return Vec::new();
        };
        let at = self.object.at(&["spec"]);
        vec![Dial { name: own.clone(), answer: Answer { hostname: None, service: None, virtual_ip: false, at } }]
    }

    /// What the names say where peers make none.
    pub(super) fn agreement_as_announced(&self) -> Agreement<'_> {
        match (self.boot(), self.dialled()) {
            (Some(Boot::Opaque(why)), _) => Agreement::Open(why.clone()),
            (Some(Boot::Named(_)), Dialled::Listed(why)) => Agreement::Open(why),
            (Some(Boot::Named(_)), _) => Agreement::Same,
            _ => Agreement::Nothing,
        }
    }

    /// The name that the node may take so that its peers find it: the one that they dial, or one that would do.
    pub fn findable(&self) -> Option<Template> {
        match self.dialled() {
            Dialled::Made => self.dials.first().map(|dial| dial.name.clone()),
            _ => {
                let at = self.object.at(&["spec"]);
                let name = self.discovery()?.dials(&Answer { hostname: None, service: None, virtual_ip: false, at });
                Some(name).filter(|name| name.unknown().is_none())
            }
        }
    }

    /// What is in the way to the node, if its peers dial the name that it announces.
    pub fn astray(&self) -> Option<Astray> {
        if self.dialled() != Dialled::Announced {
            return None;
        }
        let fault = self.fault_of_the_host()?;
        if self.has_peers() {
            return Some(fault);
        }
        let other = self.announces_beside()?;
        Some(Astray::Perhaps(format!(
            "{} announces names, too, and whether the host of this one leads here is not known",
            other.title()
        )))
    }

    /// Another workload that announces its names in the same way, and may hear those of this one.
    pub(super) fn announces_beside(&self) -> Option<&Object> {
        let own = &self.strategy.as_ref()?.name;
        if self.dialled() != Dialled::Announced || !self.starts_a_node() || self.replicas() == Some(0) {
            return None;
        }
        let is_near = |other: &Object| {
            let namespaces = (other.namespace.as_deref(), self.object.namespace.as_deref());
            other.id != self.object.id && same_namespace(namespaces.0, namespaces.1) != SameNamespace::No
        };
        let announces = |other: &Object, workload: &Workload| {
            Declared::of(other, workload, &self.world.facts)
                .is_some_and(|declared| canonical(declared.strategy.value.trim()) == own)
        };
        let mut others = self.world.workloads();
        others.find(|(other, workload)| is_near(other) && announces(other, workload)).map(|(other, _)| other)
    }

    fn fault_of_the_host(&self) -> Option<Astray> {
        let Some(Boot::Named(own)) = self.boot() else { return None };
        let (_, host) = own.split_once('@')?;
        let perhaps = || Some(Astray::Perhaps(self.unknown_host(&host)));
        match &host {
            // Two nodes of one machine reach each other so.
            host if is_loopback(host) && self.pod.host_network => perhaps(),
            host if is_loopback(host) => Some(Astray::Own),
            host if is_only(host, &[Sym::PodName, Sym::Hostname]) => Some(self.astray_by_its_pod_name()),
            host if self.is_own_address(host) || self.resolves(host) => None,
            _ => perhaps(),
        }
    }

    /// A pod of a StatefulSet may have a Service of its own name, and a search list may complete it.
    fn astray_by_its_pod_name(&self) -> Astray {
        let asks_as_usual = !self.pod.own_searches && !self.pod.own_nameservers && self.pod.dns_policy.is_none();
        let is_random = matches!(self.workload.kind, WorkloadKind::Replicas | WorkloadKind::DaemonSet);
        match is_random && asks_as_usual && !self.pod.host_network && self.pod.hostname.is_none() {
            true => Astray::PodName,
            false => Astray::Perhaps("whether DNS knows the bare names of these pods is not known".to_owned()),
        }
    }

    fn unknown_host(&self, host: &Template) -> String {
        match host.unknown() {
            Some(why) => why.to_string(),
            None => format!("whether the host `{}` leads to the node is not known", self.identity.show(host)),
        }
    }

    /// On the network of the machine its address is the pod's.
    fn is_own_address(&self, host: &Template) -> bool {
        self.identity.same(&Template::sym(Sym::PodIp, &self.object.at(&["spec"])), host) == Same::Yes
    }

    /// Whether the peers ask the cluster's DNS, and that leads from this host to the pod: by its address, or in a headless
    /// Service that selects it.
    fn resolves(&self, host: &Template) -> bool {
        if !self.pod.asks_cluster_dns() {
            return false;
        }
        let dashed = Template::sym(Sym::PodIpDashed, &self.object.at(&["spec"]));
        let dns = self.world.facts.dns;
        let is = |name: &Template| self.identity.same(name, host) == Same::Yes;
        let of_service = |service: &&Object| {
            let hostname = self.published_hostname(&service.name);
            let by_default = || Some(dashed.clone()).filter(|_| dns == Dns::CoreDns);
            hostname.or_else(by_default).is_some_and(|first| is(&self.in_zone(&first, Some(&service.name), "svc")))
        };
        dns != Dns::Other && is(&self.in_zone(&dashed, None, "pod")) || self.headless_services().iter().any(of_service)
    }

    /// `<first>.<service>.<namespace>.<zone>.<domain>`.
    fn in_zone(&self, first: &Template, service: Option<&str>, zone: &str) -> Template {
        let at = self.object.at(&["spec"]);
        let mut name = first.clone();
        name.push_lit(".", &at);
        if let Some(service) = service {
            name.push_lit(&format!("{service}."), &at);
        }
        name.push_sym(Sym::Namespace, &at);
        name.push_lit(&format!(".{zone}."), &at);
        name.push_sym(Sym::ClusterDomain, &at);
        name
    }
}

/// Whether a host is nothing but one of these symbols.
fn is_only(host: &Template, symbols: &[Sym]) -> bool {
    matches!(host.pieces(), [Piece { part: Part::Sym(sym), .. }] if symbols.contains(sym))
}

/// Whether a host is the one that asks.
fn is_loopback(host: &Template) -> bool {
    let text = host.literal().unwrap_or_default();
    text == "localhost" || text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
