//! `Cluster.Strategy.Kubernetes.DNSSRV`: the SRV targets of one headless Service (libcluster 3.5.0,
//! `lib/strategy/kubernetes_dns_srv.ex`).

use super::{
    Answer, Discovery, Needs, Options, Query, Record, ServiceRef, at_sign, known, namespace_of, service_query,
};
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
    let mut service = options.service_name(service.as_ref());
    // `System.get_env("CLUSTER_DOMAIN", "cluster.local.")` is the zone here, and here alone.
    match (&mut service, options.variable("CLUSTER_DOMAIN").map(|domain| known(&domain.value))) {
        (Ok(Some(service)), Some(Ok(domain))) => service.cluster_domain = domain.trim_matches('.').to_owned(),
        (Ok(Some(_)), Some(Err(why))) => service = Err(why),
        _ => {}
    }
    Box::new(KubernetesDnsSrv { basename: options.basename("application_name"), service, at: options.at() })
}

impl Discovery for KubernetesDnsSrv {
    fn query(&self) -> Query {
        service_query(&self.service, Record::Srv)
    }

    /// The target as it stands. CoreDNS answers with the address's host name, else with the dashed address
    /// (`plugin/kubernetes`, `endpointHostname`), and for a Service that is not headless with its own name.
    fn dials(&self, answer: &Answer) -> Template {
        let mut name = at_sign(&self.basename, &self.at);
        let service = match &self.service {
            Ok(Some(service)) => service,
            Ok(None) => return with_unknown_host(name, Why::Image, &self.at),
            Err(why) => return with_unknown_host(name, why.clone(), &self.at),
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

fn with_unknown_host(mut name: Template, why: Why, at: &Loc) -> Template {
    name.append(&Template::opaque(why, at));
    name
}
