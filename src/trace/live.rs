//! What there is to ask of a live cluster, and the names that peers dial of the addresses that they are given there.

use super::Trace;
use crate::discovery::{Address, Answer, Query, Record};
use crate::name::template::{Sym, Template};
use crate::world::facts::Dns;

impl Trace<'_> {
    /// The namespaces in which something is looked for: its own, and those that the strategy asks in.
    pub fn namespaces(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.object.namespace.as_deref().into_iter().collect();
        for way in self.ways() {
            all.extend(way.asked_service().and_then(|asked| asked.namespace.as_deref()));
            all.extend(way.label_query().and_then(|query| query.namespace.as_deref()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The name that peers make of an address; none where a part of it is not known from here.
    pub fn dialled_at(&self, address: &Address, virtual_ip: bool) -> Option<String> {
        let at = self.object.at(&["spec"]);
        let srv = matches!(self.query, Query::Service(_, Record::Srv));
        // What a DNS server calls a pod without a host name is its own affair.
        let unnamed = srv && !virtual_ip && address.hostname.is_none();
        let hostname = match self.world.facts.dns {
            Dns::EndpointPodNames if unnamed => Some(address.pod.as_deref()?),
            Dns::Other if unnamed => return None,
            _ => address.hostname.as_deref(),
        };
        let hostname = hostname.map(|name| Template::lit(name, &at));
        let service = address.service.clone();
        let name = self.discovery()?.dials(&Answer { hostname, service, virtual_ip, at: at.clone() });
        let filled = name.replace(|sym| {
            let text = match sym {
                Sym::PodIp | Sym::PodIps => address.ip.clone(),
                // `String.replace(ip, ".", "-")`: libcluster leaves colons as they are, CoreDNS does not.
                Sym::PodIpDashed if srv => address.ip.replace(['.', ':'], "-"),
                Sym::PodIpDashed => address.ip.replace('.', "-"),
                _ => return None,
            };
            Some(Template::lit(text, &at))
        });
        // What is left of symbols stands between braces, as no name does.
        Some(self.identity.show(&filled)).filter(|name| !name.contains('{'))
    }
}
