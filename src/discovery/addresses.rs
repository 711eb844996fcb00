//! Strategies that ask DNS for addresses: `Cluster.Strategy.Kubernetes.DNS` (libcluster 3.5.0,
//! `lib/strategy/kubernetes_dns.ex`), `Cluster.Strategy.DNSPoll` (`lib/strategy/dns_poll.ex`), `DNSCluster` (dns_cluster 0.2.0,
//! `lib/dns_cluster.ex`) and `Peerage` (1.0.3, `lib/peerage/via/dns.ex`). They differ in the names of their options and in
//! whether the resolver's search list completes the query.

use super::{Answer, Discovery, Needs, Options, Query, Record, ServiceRef, at_sign, service_query};
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::Key;

#[derive(Debug)]
struct Addresses {
    basename: Template,
    service: Result<Option<ServiceRef>, Why>,
    /// Whether a CNAME before the addresses is an error: `{:hostent, _, [], :inet, _, addresses}` is the only clause.
    no_alias: bool,
    /// Whether it asks for A records alone; the others ask for AAAA records, too.
    ipv4: bool,
    at: Loc,
}

/// What Phoenix reads its query from.
const QUERY: &str = "DNS_CLUSTER_QUERY";

/// `inet_res:getbyname` completes a name without dots from the resolver's search list.
pub(super) fn read_kubernetes(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let service = options.require(Key::Service, "service");
    let basename = options.basename("application_name");
    let service = options.service(service.as_ref(), true);
    Box::new(Addresses { basename, service, no_alias: true, ipv4: true, at: options.at() })
}

pub(super) fn read_poll(options: &mut Options<'_>) -> Box<dyn Discovery> {
    read_lookup(options, "query", "node_basename", false)
}

/// `Peerage.Via.Dns` asks in the same way.
pub(super) fn read_peerage(options: &mut Options<'_>) -> Box<dyn Discovery> {
    read_lookup(options, "dns_name", "app_name", true)
}

/// `inet_res:lookup` uses no search list, so only a full name is found.
fn read_lookup(
    options: &mut Options<'_>,
    query: &'static str,
    basename: &'static str,
    ipv4: bool,
) -> Box<dyn Discovery> {
    let service = options.require(Key::Service, query);
    let basename = options.basename(basename);
    let service = options.service(service.as_ref(), false);
    Box::new(Addresses { basename, service, no_alias: false, ipv4, at: options.at() })
}

/// The basename is the node's own. The query usually comes out of `DNS_CLUSTER_QUERY` (Phoenix 1.7.8's `runtime.exs`).
pub(super) fn read_cluster(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let declared = options.get(Key::Service);
    let variable = options.variable(QUERY).filter(|_| declared.is_none());
    let mut service = options.service(declared.as_ref().or(variable.as_ref()), true);
    if let (Ok(Some(service)), Some(_)) = (&mut service, variable) {
        service.variable = Some(QUERY.to_owned());
    }
    let basename = options.own_or_declared_basename();
    Box::new(Addresses { basename, service, no_alias: false, ipv4: false, at: options.at() })
}

impl Discovery for Addresses {
    fn query(&self) -> Query {
        service_query(&self.service, Record::A)
    }

    fn dials(&self, _: &Answer) -> Template {
        let mut name = at_sign(&self.basename, &self.at);
        name.push_sym(Sym::PodIp, &self.at);
        name
    }

    fn needs(&self) -> Needs {
        Needs { headless: true, no_alias: self.no_alias, ipv4: self.ipv4, ..Needs::default() }
    }
}
