//! `Cluster.Strategy.Kubernetes.DNSSRV`: the SRV targets of one headless Service (libcluster 3.5.0,
//! `lib/strategy/kubernetes_dns_srv.ex`).

use super::{Answer, Discovery, Needs, Options, Query, Record, ServiceRef, at_sign, namespace_of, service_query};
use crate::name::template::{Sym, Template, Why};
use crate::place::Loc;
use crate::world::declared::Key;

#[derive(Debug)]
struct KubernetesDnsSrv {
    basename: Template,
    service: Result<Option<ServiceRef>, Why>,
    at: Loc,
}

pub(super) fn read(options: &mut Options<'_>) -> Box<dyn Discovery> {
    let service = options.require(Key::Service, "service");
    Box::new(KubernetesDnsSrv {
        basename: options.basename("application_name"),
        service: options.service(service.as_ref(), false),
        at: options.at(),
    })
}

impl Discovery for KubernetesDnsSrv {
    fn query(&self) -> Query {
        service_query(&self.service, Record::Srv)
    }

    /// The target as it stands. CoreDNS answers with the address's host name, else with the dashed address
    /// (`plugin/kubernetes`, `endpointHostname`), and for a Service that is not headless with its own name.
    fn dials(&self, answer: &Answer) -> Template {
        let mut name = at_sign(&self.basename, &self.at);
        let Ok(Some(service)) = &self.service else {
            name.append(&Template::opaque(Why::Image, &self.at));
            return name;
        };
        match &answer.hostname {
            _ if answer.virtual_ip => {}
            Some(hostname) => name.append(hostname),
            None => name.push_sym(Sym::PodIpDashed, &self.at),
        }
        if !answer.virtual_ip {
            name.push_lit(".", &self.at);
        }
        name.push_lit(&format!("{}.", service.name), &self.at);
        name.append(&namespace_of(service.namespace.as_ref(), &self.at));
        name.push_lit(&format!(".svc.{}", service.cluster_domain), &self.at);
        name
    }

    fn needs(&self) -> Needs {
        Needs { headless: true, ports: true, hostname: true, ..Needs::default() }
    }
}
